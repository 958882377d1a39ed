//! A slot: a media section that a participant offered once for receiving, and the consumer in it, if any. Which producer comes
//! into which slot is decided in `assign`, which of its layers in `layers`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use parlor_proto::Kind;
use str0m::media::Mid;

use crate::codec::{Codec, red_for};
use crate::packet::Packet;
use crate::resend::{Resend, VideoPacket};
use crate::rewrite::{JUMP_MAX_SOUND, JUMP_MAX_VIDEO, PictureIds, Rewriter};
use crate::stream::{Head, Stream};

/// The number of a producer within its room, which is also the CSRC of its packets.
pub(crate) type ProducerId = u32;

/// One receive section.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) mid: Mid,
    /// The mid as the participant wrote it.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) codecs: Vec<(u8, Codec)>,
    /// Payload types, and those under which their packets go out again.
    pub(crate) resend_pts: Vec<(u8, u8)>,
    /// False once the participant wants nothing in it any more.
    pub(crate) is_open: bool,
    pub(crate) consumer: Option<Consumer>,
    /// What goes out.
    pub(crate) stream: Stream,
    /// What can go out again, where those are pictures.
    pub(crate) resend: Option<Resend>,
    rewriter: Rewriter,
    picture_ids: PictureIds,
}

/// "Receives that producer".
#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    pub(crate) producer: ProducerId,
    pub(crate) since: Instant,
    /// What is shown is no higher than this, pixels.
    pub(crate) max_height: Option<u16>,
    /// The layer that goes out; none before its first key frame.
    pub(crate) layer: Option<usize>,
    /// The layer that should; none while there is no room for any.
    pub(crate) target: Option<usize>,
}

impl Slot {
    /// `resend_ssrc` is for what is sent again, none for sound.
    pub(crate) fn new(mid: Mid, name: String, kind: Kind, ssrc: u32, resend_ssrc: Option<u32>) -> Self {
        let clock_rate_hz = match kind {
            Kind::Audio => Codec::Opus.clock_rate_hz(),
            Kind::Video => Codec::Vp8.clock_rate_hz(),
        };
        Self {
            mid,
            stream: Stream::new(ssrc, name.clone(), clock_rate_hz),
            resend: resend_ssrc.map(Resend::new),
            name,
            kind,
            codecs: Vec::new(),
            resend_pts: Vec::new(),
            is_open: true,
            consumer: None,
            rewriter: Rewriter::new(match kind {
                Kind::Audio => JUMP_MAX_SOUND,
                Kind::Video => JUMP_MAX_VIDEO,
            }),
            picture_ids: PictureIds { last: None, offset: None },
        }
    }

    /// Whether it counts for what the path bears: the receiver tells of its packets when they came, and there is something to fill up with.
    pub(crate) fn is_estimated(&self) -> bool {
        self.is_open
            && self.resend.is_some()
            && self.stream.has_transport_sequence()
            && !self.resend_pts.is_empty()
    }

    pub(crate) fn producer(&self) -> Option<ProducerId> {
        self.consumer.as_ref().map(|consumer| consumer.producer)
    }

    /// Puts a producer into it.
    pub(crate) fn take(&mut self, now: Instant, producer: ProducerId, max_height: Option<u16>) {
        self.restart();
        self.consumer = Some(Consumer { producer, since: now, max_height, layer: None, target: Some(0) });
    }

    fn restart(&mut self) {
        self.rewriter.restart();
        self.picture_ids.restart();
    }

    /// What to send for a packet of sound of the producer in it, if anything.
    pub(crate) fn sound_for<'a>(&mut self, packet: &'a Packet) -> Option<(Head, Cow<'a, [u8]>)> {
        let (pt, codec) = self.codec_for(packet.codec)?;
        let head = self.head(pt, packet)?;
        let payload = if packet.codec == Codec::Red {
            let inner = self.codecs.iter().find(|(_, codec)| *codec == Codec::Opus)?.0;
            Cow::Owned(red_for(&packet.payload, inner, codec == Codec::Red)?)
        } else {
            Cow::Borrowed(&packet.payload[..])
        };
        Some((head, payload))
    }

    /// What to write for a packet of video of the producer in it, if anything. A video begins, and changes its layer, with a key
    /// frame.
    pub(crate) fn video_for(&mut self, packet: &Packet) -> Option<VideoPacket> {
        let (pt, _) = self.codec_for(packet.codec)?;
        let consumer = self.consumer.as_mut()?;
        let target = consumer.target?;
        if consumer.layer != Some(packet.layer) {
            let is_wanted = packet.layer == target || consumer.layer.is_none();
            if !is_wanted || !packet.picture.starts_key_frame {
                return None;
            }
            consumer.layer = Some(packet.layer);
            self.restart();
        }
        let head = self.head(pt, packet)?;
        let patch = packet.picture.vp8.and_then(|vp8| self.picture_ids.patch(&vp8, &packet.payload));
        let resend_pt =
            self.resend_pts.iter().find(|(of, _)| *of == pt).map(|(_, resend_pt)| *resend_pt & 0x7f);
        Some(VideoPacket { head, payload: Arc::clone(&packet.payload), patch, resend_pt })
    }

    fn head(&mut self, pt: u8, packet: &Packet) -> Option<Head> {
        let (seq, timestamp) = self.renumber(packet)?;
        Some(Head {
            pt,
            seq,
            timestamp,
            marker: packet.marker,
            csrc: packet.producer,
            level: packet.audio_level,
            has_voice: packet.voice_activity.unwrap_or(false),
            orientation: packet.video_orientation,
            received_at: packet.received_at,
        })
    }

    fn renumber(&mut self, packet: &Packet) -> Option<(u64, u32)> {
        let clock_rate_hz = packet.codec.clock_rate_hz();
        self.rewriter.rewrite(packet.received_at, clock_rate_hz, packet.seq, packet.timestamp)
    }

    /// The receiver's payload type for a codec; Opus where RED is not known.
    fn codec_for(&self, codec: Codec) -> Option<(u8, Codec)> {
        let find = |wanted: Codec| self.codecs.iter().find(|(_, codec)| *codec == wanted);
        let (pt, codec) =
            find(codec).or_else(|| if codec == Codec::Red { find(Codec::Opus) } else { None })?;
        Some((*pt & 0x7f, *codec))
    }
}
