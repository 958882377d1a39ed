//! What was sent lately of a stream of pictures, so that it can be sent again (RFC 4588): by an SSRC of its own, with numbers of its
//! own, since under one key no two packets may share SSRC and number.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::limits::{
    RESEND_AGE, RESEND_CREDIT_BYTES_MAX, RESEND_OVERHEAD_BYTES, RESEND_PACKETS_MAX, RESEND_SHARE,
};
use crate::rewrite::Patch;
use crate::stream::Head;

/// A packet of a picture as it goes out to one receiver. The payload is shared with all others who receive it.
#[derive(Clone, Debug)]
pub(crate) struct VideoPacket {
    pub(crate) head: Head,
    pub(crate) payload: Arc<[u8]>,
    pub(crate) patch: Option<Patch>,
    /// The payload type under which it goes out again, where the receiver has one.
    pub(crate) resend_pt: Option<u8>,
}

impl VideoPacket {
    /// Appends what it carries.
    pub(crate) fn write_payload(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&self.payload);
        if let (Some(patch), Some(written)) = (self.patch, out.get_mut(at..)) {
            patch.apply(written);
        }
    }
}

#[derive(Debug)]
struct Kept {
    packet: VideoPacket,
    sent_at: Instant,
    again_at: Option<Instant>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Resend {
    pub(crate) ssrc: u32,
    last_seq: u64,
    /// In the order of sending.
    kept: VecDeque<Kept>,
    /// So many bytes may be sent again now.
    credit_bytes: usize,
}

impl Resend {
    pub(crate) const fn new(ssrc: u32) -> Self {
        Self { ssrc, last_seq: 0, kept: VecDeque::new(), credit_bytes: RESEND_CREDIT_BYTES_MAX }
    }

    /// A packet goes out for the first time.
    pub(crate) fn keep(&mut self, now: Instant, packet: VideoPacket) {
        let earned = packet.payload.len() / RESEND_SHARE;
        self.credit_bytes = self.credit_bytes.saturating_add(earned).min(RESEND_CREDIT_BYTES_MAX);
        if packet.resend_pt.is_none() {
            return;
        }
        let is_old = |kept: &Kept| now.saturating_duration_since(kept.sent_at) > RESEND_AGE;
        while self.kept.len() >= RESEND_PACKETS_MAX || self.kept.front().is_some_and(is_old) {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept { packet, sent_at: now, again_at: None });
    }

    /// A receiver misses a packet, of whose number 16 bits are known: the whole number and the bytes, if it is to be sent again. One that
    /// was sent again a moment ago may still be on its way.
    pub(crate) fn on_missing(&mut self, now: Instant, seq: u16, pause: Duration) -> Option<(u64, usize)> {
        let kept = self.kept.iter_mut().rev().find(|kept| kept.packet.head.seq as u16 == seq)?;
        let is_on_its_way = kept.again_at.is_some_and(|at| now.saturating_duration_since(at) < pause);
        if is_on_its_way || now.saturating_duration_since(kept.sent_at) > RESEND_AGE {
            return None;
        }
        let bytes = kept.packet.payload.len().saturating_add(RESEND_OVERHEAD_BYTES);
        self.credit_bytes = self.credit_bytes.checked_sub(bytes)?;
        kept.again_at = Some(now);
        Some((kept.packet.head.seq, bytes))
    }

    /// What to fill up with: when the last packet was sent, and the number of the largest of the last few.
    pub(crate) fn filler(&self) -> Option<(Instant, u64)> {
        /// About the packets of one picture.
        const LATELY: usize = 8;
        let sent_at = self.kept.back()?.sent_at;
        let largest = self.kept.iter().rev().take(LATELY).max_by_key(|kept| kept.packet.payload.len())?;
        Some((sent_at, largest.packet.head.seq))
    }

    /// Whether anything was sent again.
    pub(crate) const fn has_begun(&self) -> bool {
        self.last_seq > 0
    }

    /// The header of a packet that goes out once more, its payload written; none if it is not there any more.
    pub(crate) fn write_again(&mut self, seq: u64, payload: &mut Vec<u8>) -> Option<Head> {
        let kept = self.kept.iter().rev().find(|kept| kept.packet.head.seq == seq)?;
        let pt = kept.packet.resend_pt?;
        self.last_seq = self.last_seq.saturating_add(1);
        payload.clear();
        payload.extend_from_slice(&(seq as u16).to_be_bytes());
        kept.packet.write_payload(payload);
        Some(Head { pt, seq: self.last_seq, ..kept.packet.head })
    }
}

#[cfg(test)]
mod tests;
