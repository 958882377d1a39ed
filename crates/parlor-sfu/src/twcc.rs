//! Transport-wide feedback, read: which packets of a transport came, and when. It is a packet of RTCP
//! ([draft-holmer-rmcat-transport-wide-cc-extensions-01][1], section 3.1; RFC 4585, section 6.1). What follows from it is `bandwidth`'s.
//!
//! [1]: https://datatracker.ietf.org/doc/html/draft-holmer-rmcat-transport-wide-cc-extensions-01

use crate::limits::FEEDBACK_PACKETS_MAX;

/// What the reference time counts in, microseconds.
const REFERENCE_US: i64 = 64_000;
/// What the differences count in, microseconds.
const DELTA_US: i64 = 250;

/// One packet of feedback, known to add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feedback<'a> {
    /// The number of the first packet that it tells of.
    pub(crate) base: u16,
    /// How many it tells of.
    pub(crate) count: u16,
    /// The receiver's time that arrivals count from, in steps of 64 ms. It is a signed number of 24 bits, and wraps.
    reference: i32,
    /// What became of the packets, in chunks of two bytes.
    chunks: &'a [u8],
    /// When those came that came.
    deltas: &'a [u8],
}

impl<'a> Feedback<'a> {
    /// Reads the body of a packet of feedback: what is behind the common header. None if it does not add up, or tells of more packets
    /// than anybody would remember.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        // Whose it is and about whom are not looked at: there is one receiver behind each transport.
        let (_, behind) = body.split_first_chunk::<8>()?;
        let ([base_high, base_low, count_high, count_low], behind) = behind.split_first_chunk()?;
        // The last byte counts packets of feedback, for those who want to know which were lost.
        let ([high, middle, low, _], behind) = behind.split_first_chunk()?;
        let count = u16::from_be_bytes([*count_high, *count_low]);
        if count > FEEDBACK_PACKETS_MAX {
            return None;
        }
        let (mut left, mut chunk_bytes, mut delta_bytes) = (count, 0_usize, 0_usize);
        let (chunks, _) = behind.as_chunks::<2>();
        let mut chunks = chunks.iter();
        while left > 0 {
            let chunk = Chunk::read(*chunks.next()?);
            chunk_bytes = chunk_bytes.saturating_add(2);
            let taken = chunk.len().min(left);
            delta_bytes = delta_bytes.saturating_add(chunk.delta_bytes(taken)?);
            left = left.saturating_sub(taken);
        }
        let (chunks, behind) = behind.split_at_checked(chunk_bytes)?;
        Some(Self {
            base: u16::from_be_bytes([*base_high, *base_low]),
            count,
            reference: i32::from_be_bytes([*high, *middle, *low, 0]) >> 8,
            chunks,
            // What is behind them fills up a word.
            deltas: behind.get(..delta_bytes)?,
        })
    }

    /// In steps of 64 ms.
    pub(crate) const fn reference(&self) -> i32 {
        self.reference
    }

    /// From one feedback's reference time to this one's, in microseconds: the shorter way around.
    pub(crate) const fn since_us(&self, reference: i32) -> i64 {
        let steps = (self.reference.wrapping_sub(reference) << 8) >> 8;
        (steps as i64).saturating_mul(REFERENCE_US)
    }

    /// All packets that it tells of, with their numbers, and for those that came when they did: in microseconds since the reference
    /// time.
    pub(crate) fn packets(&self) -> impl Iterator<Item = (u16, Option<i64>)> + use<'a> {
        let (chunks, _) = self.chunks.as_chunks::<2>();
        let symbols = chunks.iter().flat_map(|chunk| {
            let chunk = Chunk::read(*chunk);
            (0..chunk.len()).map(move |place| chunk.symbol(place))
        });
        let (mut seq, mut deltas, mut at_us) = (self.base, self.deltas, 0_i64);
        symbols.take(usize::from(self.count)).map(move |symbol| {
            let this = seq;
            seq = seq.wrapping_add(1);
            let steps = match (symbol, deltas) {
                (Symbol::Small, [delta, behind @ ..]) => {
                    deltas = behind;
                    i64::from(*delta)
                }
                (Symbol::Large, [high, low, behind @ ..]) => {
                    deltas = behind;
                    i64::from(i16::from_be_bytes([*high, *low]))
                }
                _ => return (this, None),
            };
            at_us = at_us.saturating_add(steps.saturating_mul(DELTA_US));
            (this, Some(at_us))
        })
    }
}

/// What became of one packet (section 3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Lost,
    /// It came, and the difference to the one that came before is a byte.
    Small,
    /// The difference is two bytes, with a sign.
    Large,
    Reserved,
}

impl Symbol {
    const fn read(bits: u16) -> Self {
        match bits & 3 {
            0 => Self::Lost,
            1 => Self::Small,
            2 => Self::Large,
            _ => Self::Reserved,
        }
    }

    /// How many bytes of differences belong to it; none where nobody knows.
    const fn delta_bytes(self) -> Option<usize> {
        match self {
            Self::Lost => Some(0),
            Self::Small => Some(1),
            Self::Large => Some(2),
            Self::Reserved => None,
        }
    }
}

/// What became of some packets (sections 3.1.3 and 3.1.4).
#[derive(Clone, Copy, Debug)]
enum Chunk {
    /// The same of so many.
    Run { symbol: Symbol, length: u16 },
    /// Of 14, a bit each, the upper first.
    OneBit(u16),
    /// Of 7, two bits each.
    TwoBits(u16),
}

impl Chunk {
    const fn read(bytes: [u8; 2]) -> Self {
        let bits = u16::from_be_bytes(bytes);
        match bits >> 14 {
            0 | 1 => Self::Run { symbol: Symbol::read(bits >> 13), length: bits & 0x1fff },
            2 => Self::OneBit(bits),
            _ => Self::TwoBits(bits),
        }
    }

    const fn len(self) -> u16 {
        match self {
            Self::Run { length, .. } => length,
            Self::OneBit(_) => 14,
            Self::TwoBits(_) => 7,
        }
    }

    const fn symbol(self, place: u16) -> Symbol {
        match self {
            Self::Run { symbol, .. } => symbol,
            Self::OneBit(bits) => Symbol::read(bits >> 13_u16.saturating_sub(place) & 1),
            Self::TwoBits(bits) => Symbol::read(bits >> 12_u16.saturating_sub(place.saturating_mul(2))),
        }
    }

    /// How many bytes of differences belong to the first packets of it.
    fn delta_bytes(self, packets: u16) -> Option<usize> {
        match self {
            Self::Run { symbol, .. } => Some(symbol.delta_bytes()?.saturating_mul(usize::from(packets))),
            _ => (0..packets).try_fold(0_usize, |bytes, place| {
                Some(bytes.saturating_add(self.symbol(place).delta_bytes()?))
            }),
        }
    }
}

#[cfg(test)]
mod tests;
