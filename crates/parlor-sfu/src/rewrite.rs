//! One outgoing stream made of many incoming ones: sequence numbers, timestamps and VP8 picture ids go on without a jump
//! when the source or the layer changes (RFC 3550, sections 5.1 and 7.1).

use std::time::Instant;

use str0m::rtp::Vp8Descriptor;

/// An outgoing stream begins here: below 65,536, since a receiver takes the rollover counter to be 0 (RFC 3711, section
/// 3.3.1).
const FIRST_SEQ: u64 = 1;
/// A source that jumps further ahead than this has begun anew. A receiver that misses packets loses count where they jump by 32,768 in
/// all (RFC 3711, appendix A), and then understands nothing of the stream any more, whoever speaks in it. Sound, of which nothing is sent
/// again, can miss a second; 128 numbers are 2.5 s of it.
pub(crate) const JUMP_MAX_SOUND: u64 = 128;
/// The same for pictures, of which a large one may be hundreds of packets.
pub(crate) const JUMP_MAX_VIDEO: u64 = 5_000;

/// Sequence numbers and timestamps of one outgoing stream.
#[derive(Clone, Debug)]
pub(crate) struct Rewriter {
    /// The highest number given out; none yet: 0.
    last_seq: u64,
    last_timestamp: u32,
    last_at: Option<Instant>,
    source: Option<Source>,
    jump_max: u64,
}

/// Where the current source began, on both sides.
#[derive(Clone, Copy, Debug)]
struct Source {
    incoming_seq: u64,
    outgoing_seq: u64,
    highest_seq: u64,
    timestamp_offset: u32,
}

impl Rewriter {
    pub(crate) const fn new(jump_max: u64) -> Self {
        Self { last_seq: FIRST_SEQ - 1, last_timestamp: 0, last_at: None, source: None, jump_max }
    }

    /// The next packet is of another source.
    pub(crate) const fn restart(&mut self) {
        self.source = None;
    }

    /// The outgoing sequence number and timestamp of a packet; none for one from before the current source began.
    /// `now` says how much time passed over a change.
    pub(crate) fn rewrite(
        &mut self,
        now: Instant,
        clock_rate_hz: u32,
        seq: u64,
        timestamp: u32,
    ) -> Option<(u64, u32)> {
        if self.source.is_some_and(|source| seq > source.highest_seq.saturating_add(self.jump_max)) {
            self.restart();
        }
        let source = self.source.get_or_insert_with(|| {
            let outgoing_timestamp = self.last_at.map_or(timestamp, |last_at| {
                let passed = now.saturating_duration_since(last_at).as_secs_f64() * f64::from(clock_rate_hz);
                // At least one tick: two pictures of the same time would be taken for one.
                self.last_timestamp.wrapping_add((passed as u32).max(1))
            });
            Source {
                incoming_seq: seq,
                outgoing_seq: self.last_seq.saturating_add(1),
                highest_seq: seq,
                timestamp_offset: outgoing_timestamp.wrapping_sub(timestamp),
            }
        });
        let outgoing_seq = seq.checked_sub(source.incoming_seq)?.checked_add(source.outgoing_seq)?;
        let outgoing_timestamp = timestamp.wrapping_add(source.timestamp_offset);
        source.highest_seq = source.highest_seq.max(seq);
        if outgoing_seq > self.last_seq {
            self.last_seq = outgoing_seq;
            self.last_timestamp = outgoing_timestamp;
            self.last_at = Some(now);
        }
        Some((outgoing_seq, outgoing_timestamp))
    }
}

/// Picture ids and base layer indices of one outgoing VP8 stream (RFC 7741, section 4.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct PictureIds {
    pub(crate) last: Option<(u16, u8)>,
    pub(crate) offset: Option<(u16, u8)>,
}

impl PictureIds {
    /// The next packet is of another source.
    pub(crate) const fn restart(&mut self) {
        self.offset = None;
    }

    /// What to write over a packet's descriptor; nothing if it goes out as it came.
    pub(crate) fn patch(&mut self, descriptor: &Vp8Descriptor, payload: &[u8]) -> Option<Patch> {
        let picture_id = descriptor.picture_id()?;
        let base_index = descriptor.tl0_pic_idx();
        let last = self.last;
        let (id_offset, base_offset) = *self.offset.get_or_insert_with(|| {
            last.map_or((0, 0), |(last_id, last_base)| {
                let id_offset = last_id.wrapping_add(1).wrapping_sub(picture_id);
                (id_offset, last_base.wrapping_add(1).wrapping_sub(base_index.unwrap_or(0)))
            })
        });
        // The id has 7 or 15 bits, and its first byte, behind the two flag bytes, says which.
        let is_long = payload.get(2).is_some_and(|byte| byte & 0x80 != 0);
        let outgoing_id = picture_id.wrapping_add(id_offset) & if is_long { 0x7fff } else { 0x7f };
        let outgoing_base = base_index.map(|index| index.wrapping_add(base_offset));
        let is_newer = self.last.is_none_or(|(last, _)| outgoing_id.wrapping_sub(last) & 0x7fff < 0x4000);
        if is_newer {
            self.last = Some((outgoing_id, outgoing_base.unwrap_or(0)));
        }
        if id_offset == 0 && base_offset == 0 {
            return None;
        }
        Some(Patch { picture_id: outgoing_id, is_long, base_index: outgoing_base })
    }
}

/// What stands in the payload descriptor of a VP8 packet on its way out instead of what came (RFC 7741, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    picture_id: u16,
    /// Whether the id has 15 bits.
    is_long: bool,
    base_index: Option<u8>,
}

impl Patch {
    /// Writes over a payload, whose descriptor has the same fields.
    pub(crate) fn apply(&self, payload: &mut [u8]) {
        /// The id follows the two bytes that say which fields there are.
        const ID_AT: usize = 2;
        const IS_LONG: u8 = 1 << 7;
        let [high, low] = self.picture_id.to_be_bytes();
        let (id, base) = if self.is_long {
            (&[high | IS_LONG, low][..], self.base_index)
        } else {
            (&[low & !IS_LONG][..], self.base_index)
        };
        for (byte, new) in payload.iter_mut().skip(ID_AT).zip(id.iter().copied().chain(base)) {
            *byte = new;
        }
    }
}

#[cfg(test)]
mod tests;
