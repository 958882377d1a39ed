//! A slot: a media section that a participant offered once for receiving, and the consumer in it, if any. Which producer comes
//! into which slot is decided in `assign`, which of its layers in `layers`.

use std::borrow::Cow;
use std::time::Instant;

use parlor_proto::Kind;
use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpWrite, SeqNo, Ssrc};

use crate::codec::{Codec, red_for};
use crate::packet::Packet;
use crate::rewrite::{JUMP_MAX_SOUND, JUMP_MAX_VIDEO, PictureIds, Rewriter};
use crate::sound::Stream;

/// The number of a producer within its room, which is also the CSRC of its packets.
pub(crate) type ProducerId = u32;

/// One receive section.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) mid: Mid,
    /// The mid as the participant wrote it.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) ssrc: Ssrc,
    pub(crate) codecs: Vec<(u8, Codec)>,
    /// False once the participant wants nothing in it any more.
    pub(crate) is_open: bool,
    pub(crate) consumer: Option<Consumer>,
    /// What goes out, where that is sound.
    pub(crate) sound: Option<Stream>,
    rewriter: Rewriter,
    picture_ids: PictureIds,
}

/// A packet of sound as it goes out to one receiver.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) pt: u8,
    /// Extended by its rollovers.
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    /// Whose it is.
    pub(crate) csrc: ProducerId,
    /// dBov.
    pub(crate) level: Option<i8>,
    pub(crate) has_voice: bool,
    pub(crate) received_at: Instant,
    pub(crate) payload: Cow<'a, [u8]>,
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
    pub(crate) fn new(mid: Mid, name: String, kind: Kind, ssrc: Ssrc) -> Self {
        Self {
            mid,
            sound: (kind == Kind::Audio).then(|| Stream::new(*ssrc, name.clone())),
            name,
            kind,
            ssrc,
            codecs: Vec::new(),
            is_open: true,
            consumer: None,
            rewriter: Rewriter::new(match kind {
                Kind::Audio => JUMP_MAX_SOUND,
                Kind::Video => JUMP_MAX_VIDEO,
            }),
            picture_ids: PictureIds { last: None, offset: None },
        }
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
    pub(crate) fn sound_for<'a>(&mut self, packet: &'a Packet) -> Option<Outgoing<'a>> {
        let (pt, codec) = self.codec_for(packet.codec)?;
        let (seq, timestamp) = self.renumber(packet)?;
        let payload = if packet.codec == Codec::Red {
            let inner = self.codecs.iter().find(|(_, codec)| *codec == Codec::Opus)?.0;
            Cow::Owned(red_for(&packet.payload, inner, codec == Codec::Red)?)
        } else {
            Cow::Borrowed(&packet.payload[..])
        };
        Some(Outgoing {
            pt,
            seq,
            timestamp,
            marker: packet.marker,
            csrc: packet.producer,
            level: packet.audio_level,
            has_voice: packet.voice_activity.unwrap_or(false),
            received_at: packet.received_at,
            payload,
        })
    }

    /// What to write for a packet of video of the producer in it, if anything. A video begins, and changes its layer, with a key
    /// frame.
    pub(crate) fn video_for(&mut self, packet: &Packet) -> Option<RtpWrite> {
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
        let (seq, timestamp) = self.renumber(packet)?;
        let patch = packet.picture.vp8.and_then(|vp8| self.picture_ids.patch(&vp8, &packet.payload));
        let payload = std::sync::Arc::clone(&packet.payload);
        let write = RtpWrite::new(Pt::from(pt), SeqNo::from(seq), timestamp, packet.received_at, payload)
            .marker(packet.marker)
            .nackable(true)
            .csrc(&[packet.producer])
            .ext_vals(ExtensionValues {
                video_orientation: packet.video_orientation,
                ..ExtensionValues::default()
            });
        Some(match patch {
            Some(patch) => write.vp8_patch(patch),
            None => write,
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
