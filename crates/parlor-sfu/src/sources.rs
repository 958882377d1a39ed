//! Which of the other end's streams an SSRC is of, once an authentic packet has shown it.
//!
//! str0m believes an unknown SSRC what its header says (RFC 8843, section 9.2) before it has authenticated the packet, gives it the stream of
//! that mid, and never gives it back: one forged packet would silence a sender for good, as browsers soon leave
//! the mid out. So what is proved is kept here, and put right before the next packet of the real one is read.

use parlor_proto::Kind;
use str0m::Rtc;
use str0m::media::{Mid, Rid};
use str0m::rtp::Ssrc;

/// The streams of one transport.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    known: Vec<Source>,
    /// The SSRC of the datagram that is being read.
    on_wire: Option<Ssrc>,
}

/// One stream, proved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    ssrc: Ssrc,
    /// That of its retransmissions (RFC 4588), once one came.
    repair: Option<Ssrc>,
    mid: Mid,
    rid: Option<Rid>,
    /// A packet came since whose SSRC nobody knows: it may have taken the stream.
    is_disputed: bool,
}

impl Sources {
    /// A datagram is about to be read. Returns the stream that has to be put right before.
    pub(crate) fn on_datagram(&mut self, bytes: &[u8]) -> Option<Source> {
        self.on_wire = ssrc_of(bytes);
        let on_wire = self.on_wire?;
        let known =
            self.known.iter_mut().find(|source| source.ssrc == on_wire || source.repair == Some(on_wire));
        match known {
            Some(source) => std::mem::take(&mut source.is_disputed).then_some(*source),
            None => {
                self.known.iter_mut().for_each(|source| source.is_disputed = true);
                None
            }
        }
    }

    /// Where a stream belongs to, if that is known.
    pub(crate) fn route(&mut self, ssrc: Ssrc) -> Option<(Mid, Option<Rid>)> {
        let on_wire = self.on_wire.take();
        let source = self.known.iter_mut().find(|source| source.ssrc == ssrc)?;
        if on_wire.is_some_and(|on_wire| on_wire != ssrc) {
            source.repair = on_wire;
        }
        Some((source.mid, source.rid))
    }

    /// An authentic packet has shown whose a stream is.
    pub(crate) fn prove(&mut self, ssrc: Ssrc, mid: Mid, rid: Option<Rid>) {
        // A stream whose SSRC changed leaves its old one behind.
        self.known.retain(|source| (source.mid, source.rid) != (mid, rid));
        self.known.push(Source { ssrc, repair: None, mid, rid, is_disputed: false });
    }

    /// Another offer was agreed on: streams of sections that no longer send are nobody's.
    pub(crate) fn retain(&mut self, sends: impl Fn(Mid) -> bool) {
        self.known.retain(|source| sends(source.mid));
    }
}

impl Source {
    /// Its section.
    pub(crate) const fn mid(&self) -> Mid {
        self.mid
    }

    /// Gives it its stream back, if another has it.
    pub(crate) fn put_right(&self, rtc: &mut Rtc, kind: Kind) {
        let mut direct = rtc.direct_api();
        let is_right = |repair: Option<Ssrc>| self.repair.is_none() || repair == self.repair;
        if direct.stream_rx(&self.ssrc).is_some_and(|stream| is_right(stream.rtx())) {
            return;
        }
        let taken = direct.stream_rx_by_mid(self.mid, self.rid).map(|stream| (stream.ssrc(), stream.rtx()));
        let repair = self.repair.or(taken.and_then(|(_, repair)| repair));
        if let Some((ssrc, _)) = taken.filter(|(ssrc, _)| *ssrc != self.ssrc) {
            direct.remove_stream_rx(ssrc);
        }
        // What is lost of sound is not asked for again.
        direct.expect_stream_rx(self.ssrc, repair, self.mid, self.rid).suppress_nack(kind == Kind::Audio);
    }
}

/// The SSRC of an RTP packet (RFC 3550, section 5.1); none of RTCP and of all else (RFC 7983, section 7; RFC 5761, section 4).
fn ssrc_of(bytes: &[u8]) -> Option<Ssrc> {
    let [first, second, ..] = *bytes else { return None };
    if !(128..192).contains(&first) || (192..224).contains(&second) {
        return None;
    }
    let ssrc = bytes.get(8..12)?;
    Some(Ssrc::from(u32::from_be_bytes(ssrc.try_into().ok()?)))
}
