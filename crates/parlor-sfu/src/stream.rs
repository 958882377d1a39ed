//! One outgoing stream: its packets' headers (RFC 3550, section 5.1; RFC 8285), the sender reports that say when they are to be
//! heard or seen, and what a receiver's reports say of it. Which packets go out, and their numbers, are the slot's.

use std::time::Instant;

use str0m::rtp::VideoOrientation;

use crate::clock::WallClock;
use crate::limits::SENDER_REPORT_INTERVAL;
use crate::rtcp::{self, Block, SenderInfo};
use crate::slot::ProducerId;

/// The numbers under which a receiver takes header extensions (RFC 8285), where it takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// RFC 8843, section 15.
    pub(crate) mid: Option<u8>,
    /// RFC 6464.
    pub(crate) level: Option<u8>,
    /// 3GPP TS 26.114, section 7.4.5.
    pub(crate) orientation: Option<u8>,
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01, section 2.
    pub(crate) transport_sequence: Option<u8>,
}

/// All of an outgoing packet but what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
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
    pub(crate) orientation: Option<VideoOrientation>,
    pub(crate) received_at: Instant,
}

/// One outgoing stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    mid: String,
    cname: String,
    extensions: Extensions,
    clock_rate_hz: u32,
    /// The receiver has reported on it, so it knows by the SSRC alone which section this is.
    is_known: bool,
    sent: Sent,
    /// Bytes of payload, as reports count them.
    bytes: u32,
    /// The last packet's time in the stream, and when it came.
    last: Option<(u32, Instant)>,
    /// When it was last reported on, and what was sent by then.
    reported: Option<(Instant, u64)>,
    /// At the last block that a receiver sent: its figures, and how many packets had been sent up to the one that it names.
    counted: Option<(Block, u64)>,
}

/// Which packets of a stream were sent. Sequence numbers have gaps where packets were lost before the hub, and those are no loss of
/// the receiver's path.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    packets: u64,
    highest: u64,
    /// Of each of the last numbers, by its remainder, whether it was sent.
    lately: [u64; Self::WORDS],
}

impl Sent {
    const WORDS: usize = 16;
    const LATELY: u64 = 64 * Self::WORDS as u64;

    fn place(seq: u64) -> (usize, u64) {
        let word = usize::try_from(seq % Self::LATELY / 64).unwrap_or(0);
        (word, 1 << (seq % 64))
    }

    fn has(&self, seq: u64) -> bool {
        let (word, bit) = Self::place(seq);
        self.lately.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Whether a packet was not sent yet, for certain: one sealed twice would give away what it hides.
    fn is_new(&self, seq: u64) -> bool {
        match self.highest.checked_sub(seq) {
            Some(behind) => behind < Self::LATELY && !self.has(seq),
            None => true,
        }
    }

    fn add(&mut self, seq: u64) {
        self.packets = self.packets.saturating_add(1);
        let skipped = seq.saturating_sub(self.highest).min(Self::LATELY);
        for ahead in 0..skipped {
            let (word, bit) = Self::place(seq.saturating_sub(ahead));
            if let Some(bits) = self.lately.get_mut(word) {
                *bits &= !bit;
            }
        }
        self.highest = self.highest.max(seq);
        let (word, bit) = Self::place(seq);
        if let Some(bits) = self.lately.get_mut(word) {
            *bits |= bit;
        }
    }

    /// How many were sent up to a sequence number, of which 32 bits are known; none if that is long ago, or was never sent.
    fn up_to(&self, seq: u32) -> Option<u64> {
        let behind = u64::from((self.highest as u32).wrapping_sub(seq));
        if behind >= Self::LATELY {
            return None;
        }
        let later = (0..behind).filter(|behind| self.has(self.highest.saturating_sub(*behind))).count();
        self.packets.checked_sub(u64::try_from(later).ok()?)
    }
}

impl Stream {
    pub(crate) const fn new(ssrc: u32, mid: String, clock_rate_hz: u32) -> Self {
        Self {
            ssrc,
            mid,
            cname: String::new(),
            extensions: Extensions { mid: None, level: None, orientation: None, transport_sequence: None },
            clock_rate_hz,
            is_known: false,
            sent: Sent { packets: 0, highest: 0, lately: [0; Sent::WORDS] },
            bytes: 0,
            last: None,
            reported: None,
            counted: None,
        }
    }

    /// What was agreed on may change with each offer.
    pub(crate) fn agree(&mut self, cname: String, extensions: Extensions) {
        (self.cname, self.extensions) = (cname, extensions);
    }

    /// Whether the receiver tells of each packet of the transport when it came.
    pub(crate) const fn has_transport_sequence(&self) -> bool {
        self.extensions.transport_sequence.is_some()
    }

    /// Whether anything was sent.
    pub(crate) const fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Whether a packet was not sent yet, for certain.
    pub(crate) fn is_new(&self, seq: u64) -> bool {
        self.sent.is_new(seq)
    }

    /// The header of a packet, extensions in their one-byte form (RFC 8285, section 4.2). `ssrc` is the stream's own, or that by which
    /// its packets are sent again.
    pub(crate) fn write_header(
        &self,
        ssrc: u32,
        head: &Head,
        transport_sequence: Option<u16>,
        header: &mut Vec<u8>,
    ) {
        const VERSION: u8 = 2 << 6;
        const HAS_EXTENSIONS: u8 = 1 << 4;
        const ONE_CONTRIBUTOR: u8 = 1;
        const MARKER: u8 = 1 << 7;
        const ONE_BYTE_FORM: [u8; 2] = [0xbe, 0xde];
        const FIXED_BYTES: usize = 16;
        let marker = if head.marker { MARKER } else { 0 };
        header.clear();
        header.extend_from_slice(&[VERSION | ONE_CONTRIBUTOR, marker | head.pt]);
        header.extend_from_slice(&(head.seq as u16).to_be_bytes());
        for word in [head.timestamp, ssrc, head.csrc] {
            header.extend_from_slice(&word.to_be_bytes());
        }
        header.extend_from_slice(&ONE_BYTE_FORM);
        header.extend_from_slice(&[0, 0]);
        let mut put = |id: Option<u8>, value: &[u8]| {
            if let (Some(id), Ok(length)) = (id, u8::try_from(value.len().saturating_sub(1))) {
                header.push((id << 4) | (length & 0x0f));
                header.extend_from_slice(value);
            }
        };
        if let Some(level) = head.level {
            let voice = if head.has_voice { 1 << 7 } else { 0 };
            put(self.extensions.level, &[voice | (level.unsigned_abs() & 0x7f)]);
        }
        if let Some(orientation) = head.orientation {
            put(self.extensions.orientation, &[orientation as u8]);
        }
        if let Some(number) = transport_sequence {
            put(self.extensions.transport_sequence, &number.to_be_bytes());
        }
        if !self.is_known {
            put(self.extensions.mid, self.mid.as_bytes());
        }
        let empty = FIXED_BYTES.saturating_add(ONE_BYTE_FORM.len()).saturating_add(2);
        if header.len() == empty {
            header.truncate(FIXED_BYTES);
            return;
        }
        header.resize(header.len().next_multiple_of(4), 0);
        let words = u16::try_from(header.len().saturating_sub(empty) / 4).unwrap_or(0).to_be_bytes();
        if let Some(place) = header.get_mut(FIXED_BYTES.saturating_add(ONE_BYTE_FORM.len())..empty) {
            place.copy_from_slice(&words);
        }
        if let Some(first) = header.first_mut() {
            *first |= HAS_EXTENSIONS;
        }
    }

    pub(crate) fn note_sent(&mut self, head: &Head, payload_bytes: usize) {
        self.sent.add(head.seq);
        self.bytes = self.bytes.wrapping_add(u32::try_from(payload_bytes).unwrap_or(0));
        // One that is late says nothing new.
        if self.sent.highest == head.seq {
            self.last = Some((head.timestamp, head.received_at));
        }
    }

    /// A report, when there is something to say and it is time. The relation between the stream's time and the time of day is what lets
    /// a receiver play sound together with its picture, whose stream says the same of the same clock.
    pub(crate) fn report(&mut self, now: Instant, clock: &WallClock) -> Option<Vec<u8>> {
        let (timestamp, at) = self.last?;
        let is_due = self.reported.is_none_or(|(reported_at, packets)| {
            packets != self.sent.packets
                && now.saturating_duration_since(reported_at) >= SENDER_REPORT_INTERVAL
        });
        if !is_due {
            return None;
        }
        self.reported = Some((now, self.sent.packets));
        let since = now.saturating_duration_since(at).as_micros();
        let ticks = since.saturating_mul(u128::from(self.clock_rate_hz)) / 1_000_000;
        let info = SenderInfo {
            ssrc: self.ssrc,
            ntp: clock.ntp(now),
            timestamp: timestamp.wrapping_add(ticks as u32),
            packets: self.sent.packets as u32,
            bytes: self.bytes,
        };
        Some(rtcp::sender_report(&info, &self.cname))
    }

    /// What a receiver's block says has come of it, and what has not, since the last one.
    pub(crate) fn count(&mut self, block: &Block) -> (u64, u64) {
        self.is_known = true;
        let Some(sent) = self.sent.up_to(block.highest) else { return (0, 0) };
        let Some((last, last_sent)) = self.counted.replace((*block, sent)) else { return (0, 0) };
        let (Some(sent), passed) = (sent.checked_sub(last_sent), block.highest.wrapping_sub(last.highest))
        else {
            return (0, 0);
        };
        let missing = i64::from(block.lost).saturating_sub(i64::from(last.lost));
        let came = u64::try_from(i64::from(passed).saturating_sub(missing)).unwrap_or(0).min(sent);
        (came, sent.saturating_sub(came))
    }
}

#[cfg(test)]
mod tests;
