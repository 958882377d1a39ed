//! Tracks: packets of one source, in and out. A packet is what a codec makes at once: an Opus packet, or a VP8 frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parlor_proto::{Kind, Source, UserId};
use tokio::sync::{mpsc, watch};

use crate::command::Command;
use crate::limits;

/// What packets are encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Sound (RFC 6716), on a clock of 48 kHz whatever it was sampled with.
    Opus,
    /// Pictures (RFC 6386), on a clock of 90 kHz.
    Vp8,
}

impl Codec {
    /// Sound or picture.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            Self::Vp8 => Kind::Video,
        }
    }

    /// Ticks of its clock in a second.
    #[must_use]
    pub const fn clock_rate_hz(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 => 90_000,
        }
    }
}

/// A packet that came.
#[derive(Clone, Debug)]
pub struct Packet {
    /// In ticks of the codec's clock, from any beginning. Comparable within one `timeline`.
    pub time: u64,
    /// Changes when times begin anew: the connection was made anew, or the room is heard by another path.
    pub timeline: u64,
    /// When it came.
    pub received_at: Instant,
    /// Whether nothing is missing between the packet before and this one.
    pub is_contiguous: bool,
    /// Whether it can be decoded without those before: always so of sound.
    pub is_key_frame: bool,
    /// What the codec made.
    pub data: Arc<[u8]>,
}

/// A track that somebody sends, with its packets. Dropping it passes over what else comes.
#[derive(Debug)]
pub struct RemoteTrack {
    /// Whose.
    pub user: UserId,
    /// What it shows or tells.
    pub source: Source,
    /// How it is encoded.
    pub codec: Codec,
    pub(crate) packets: mpsc::Receiver<Packet>,
    pub(crate) dropped: Arc<AtomicU64>,
}

impl RemoteTrack {
    /// The next packet; none when the track is over: they left, or publish it no longer.
    pub async fn packet(&mut self) -> Option<Packet> {
        self.packets.recv().await
    }

    /// The same on a thread that may wait.
    ///
    /// # Panics
    /// Within an asynchronous task, as tokio's `blocking_recv` does.
    pub fn blocking_packet(&mut self) -> Option<Packet> {
        self.packets.blocking_recv()
    }

    /// How many packets were dropped because nobody took those before.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The client's end of a [`RemoteTrack`].
pub(crate) struct TrackEntrance {
    packets: mpsc::Sender<Packet>,
    dropped: Arc<AtomicU64>,
    pub(crate) codec: Codec,
}

impl TrackEntrance {
    pub(crate) fn new(user: UserId, source: Source, codec: Codec) -> (Self, RemoteTrack) {
        let (sender, packets) = mpsc::channel(limits::TRACK_PACKETS_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let track = RemoteTrack { user, source, codec, packets, dropped: Arc::clone(&dropped) };
        (Self { packets: sender, dropped, codec }, track)
    }

    pub(crate) fn put(&self, packet: Packet) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.packets.try_send(packet) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    pub(crate) source: Source,
    pub(crate) codec: Codec,
    pub(crate) is_stereo: bool,
}

impl Publish {
    /// Opus from this source: a microphone, mostly.
    #[must_use]
    pub fn audio(source: Source) -> Self {
        Self { source, codec: Codec::Opus, is_stereo: false }
    }

    /// VP8 from this source: a camera, mostly.
    #[must_use]
    pub fn video(source: Source) -> Self {
        Self { source, codec: Codec::Vp8, is_stereo: false }
    }

    /// Sound in stereo: receivers play it in mono unless they are told.
    #[must_use]
    pub fn stereo(mut self) -> Self {
        self.is_stereo = true;
        self
    }
}

/// A packet to send.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) source: Source,
    pub(crate) time: u64,
    pub(crate) data: Arc<[u8]>,
}

/// To where one's own packets go: the connections there are.
pub(crate) type Outlets = watch::Receiver<Vec<mpsc::Sender<Outgoing>>>;

/// A track that one publishes, to everybody in one's rooms. Dropping it ends it.
#[derive(Debug)]
pub struct LocalTrack {
    pub(crate) source: Source,
    pub(crate) codec: Codec,
    pub(crate) outlets: Outlets,
    pub(crate) is_enabled: Arc<AtomicBool>,
    pub(crate) commands: mpsc::Sender<Command>,
}

impl LocalTrack {
    /// What it shows or tells.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// How it is encoded.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Sends a packet to everybody who is connected, at once: whoever calls keeps the pace. `time` is in ticks of the codec's
    /// clock ([`Codec::clock_rate_hz`]) and never goes back. While the track is off nothing goes out. A connection that can't keep up loses the packet.
    pub fn send(&self, time: u64, data: impl Into<Arc<[u8]>>) {
        if !self.is_enabled.load(Ordering::Relaxed) {
            return;
        }
        let outgoing = Outgoing { source: self.source, time, data: data.into() };
        for outlet in self.outlets.borrow().iter() {
            // Full, or closed since.
            drop(outlet.try_send(outgoing.clone()));
        }
    }

    /// Mutes it (false) or opens it again, and lets the others know.
    pub async fn set_enabled(&self, is_enabled: bool) {
        self.is_enabled.store(is_enabled, Ordering::Relaxed);
        // A client that is closed has nobody to tell.
        drop(self.commands.send(Command::Enable { source: self.source, is_enabled }).await);
    }
}

impl Drop for LocalTrack {
    fn drop(&mut self) {
        let command = Command::Unpublish { source: self.source };
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(command) {
            let commands = self.commands.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { drop(commands.send(command).await) });
            }
        }
    }
}
