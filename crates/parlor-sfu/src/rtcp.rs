//! RTCP (RFC 3550, section 6) for the streams that the hub sends beside str0m: reports and goodbyes written, report blocks
//! read. Nothing here is encrypted; that is `srtp`.

const VERSION: u8 = 2 << 6;
const COUNT_MASK: u8 = 0x1f;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const CNAME: u8 = 1;
const WORD_BYTES: usize = 4;

/// What a sender says of a stream (section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderInfo {
    pub(crate) ssrc: u32,
    /// The time of the report, as NTP counts it.
    pub(crate) ntp: u64,
    /// The same moment as the stream counts it.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    /// Of payload.
    pub(crate) bytes: u32,
}

/// What a receiver says of a stream (section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) ssrc: u32,
    /// Since the beginning; packets that came twice count against it.
    pub(crate) lost: i32,
    /// The highest sequence number that came, with its rollovers.
    pub(crate) highest: u32,
    /// The middle of the NTP timestamp in the last sender report, 0 before one came.
    pub(crate) last_report: u32,
    /// How long ago that was, in 65,536ths of a second.
    pub(crate) since_report: u32,
}

/// Appends a packet; what follows its header is as long as it says, in words.
fn put(out: &mut Vec<u8>, count: u8, kind: u8, body: &[u8]) {
    let words = u16::try_from(body.len().div_ceil(WORD_BYTES)).unwrap_or(u16::MAX);
    out.extend_from_slice(&[VERSION | (count & COUNT_MASK), kind]);
    out.extend_from_slice(&words.to_be_bytes());
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(WORD_BYTES), 0);
}

/// A report on one stream, and whose it is (section 6.5): `cname` as the session description says it.
pub(crate) fn sender_report(info: &SenderInfo, cname: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(64);
    body.extend_from_slice(&info.ssrc.to_be_bytes());
    body.extend_from_slice(&info.ntp.to_be_bytes());
    for word in [info.timestamp, info.packets, info.bytes] {
        body.extend_from_slice(&word.to_be_bytes());
    }
    let mut out = Vec::with_capacity(96);
    put(&mut out, 0, SENDER_REPORT, &body);
    body.clear();
    body.extend_from_slice(&info.ssrc.to_be_bytes());
    let cname = cname.as_bytes().get(..cname.len().min(usize::from(u8::MAX))).unwrap_or_default();
    body.extend_from_slice(&[CNAME, u8::try_from(cname.len()).unwrap_or(u8::MAX)]);
    body.extend_from_slice(cname);
    // A zero ends the items.
    body.push(0);
    put(&mut out, 1, SOURCE_DESCRIPTION, &body);
    out
}

/// Streams end (section 6.6), at most 31 of them in one packet. None where there is none.
pub(crate) fn goodbye(ssrcs: &[u32]) -> Option<Vec<u8>> {
    let first = ssrcs.first()?;
    let mut out = Vec::new();
    // Each datagram begins with a report (section 6.1).
    put(&mut out, 0, RECEIVER_REPORT, &first.to_be_bytes());
    for some in ssrcs.chunks(usize::from(COUNT_MASK)) {
        let body: Vec<u8> = some.iter().flat_map(|ssrc| ssrc.to_be_bytes()).collect();
        put(&mut out, u8::try_from(some.len()).unwrap_or(COUNT_MASK), GOODBYE, &body);
    }
    Some(out)
}

/// One of the packets in a datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    /// How many of something there are in it, or which kind of feedback it is.
    count: u8,
    kind: u8,
    body: &'a [u8],
}

/// What a receiver says beside its reports (RFC 4585, section 6).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Feedback<'a> {
    /// Packets of a stream did not come (section 6.2.1).
    Missing { ssrc: u32, seqs: Vec<u16> },
    /// Pictures can't be shown without a key frame (section 6.3.1; RFC 5104, section 4.3.1).
    KeyFrame { ssrcs: Vec<u32> },
    /// When packets came (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1): all behind the first word.
    Arrivals(&'a [u8]),
}

/// The packets of one datagram. What can't be read ends it.
pub(crate) fn packets(mut bytes: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    std::iter::from_fn(move || {
        let ([first, kind, high, low], behind) = bytes.split_first_chunk::<WORD_BYTES>()?;
        let words = usize::from(u16::from_be_bytes([*high, *low]));
        let (body, next) = behind.split_at_checked(words.saturating_mul(WORD_BYTES))?;
        bytes = next;
        Some(Packet { count: first & COUNT_MASK, kind: *kind, body })
    })
}

impl<'a> Packet<'a> {
    /// Whether it is only about what its sender receives.
    pub(crate) const fn is_about_receiving(&self) -> bool {
        matches!(self.kind, RECEIVER_REPORT | SOURCE_DESCRIPTION | TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK)
    }

    /// The report blocks in it.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block> + use<'a> {
        // The sender's SSRC, and what a sender says of its own stream.
        let before = match self.kind {
            SENDER_REPORT => Some(WORD_BYTES.saturating_mul(6)),
            RECEIVER_REPORT => Some(WORD_BYTES),
            _ => None,
        };
        let reported = before.and_then(|before| self.body.get(before..)).unwrap_or_default();
        reported.as_chunks::<BLOCK_BYTES>().0.iter().take(usize::from(self.count)).map(block)
    }

    /// What it says of streams that its sender receives.
    pub(crate) fn feedback(&self) -> Option<Feedback<'a>> {
        const MISSING: u8 = 1;
        const ARRIVALS: u8 = 15;
        const PICTURE_LOSS: u8 = 1;
        const FULL_INTRA_REQUEST: u8 = 4;
        let (words, _) = self.body.as_chunks::<WORD_BYTES>();
        let word = |bytes: &[u8; WORD_BYTES]| u32::from_be_bytes(*bytes);
        let ssrc = word(words.get(1)?);
        let items = words.get(2..)?;
        match (self.kind, self.count) {
            (TRANSPORT_FEEDBACK, MISSING) => {
                let seqs = items.iter().flat_map(|[high, low, more_high, more_low]| {
                    let first = u16::from_be_bytes([*high, *low]);
                    let more = u16::from_be_bytes([*more_high, *more_low]);
                    let others = (0..16_u16).filter(move |bit| more & (1 << bit) != 0);
                    std::iter::once(first).chain(others.map(move |bit| first.wrapping_add(bit + 1)))
                });
                Some(Feedback::Missing { ssrc, seqs: seqs.collect() })
            }
            (TRANSPORT_FEEDBACK, ARRIVALS) => Some(Feedback::Arrivals(self.body)),
            (PAYLOAD_FEEDBACK, PICTURE_LOSS) => Some(Feedback::KeyFrame { ssrcs: vec![ssrc] }),
            (PAYLOAD_FEEDBACK, FULL_INTRA_REQUEST) => {
                Some(Feedback::KeyFrame { ssrcs: items.iter().step_by(2).map(word).collect() })
            }
            _ => None,
        }
    }
}

const BLOCK_BYTES: usize = 24;

fn block(bytes: &[u8; BLOCK_BYTES]) -> Block {
    let (words, _) = bytes.as_chunks::<WORD_BYTES>();
    let word = |at: usize| words.get(at).map_or(0, |word| u32::from_be_bytes(*word));
    Block {
        ssrc: word(0),
        // Behind the share lost lately, of 8 bits; its own sign is in the upper of 24.
        lost: (word(1) << 8).cast_signed() >> 8,
        highest: word(2),
        last_report: word(4),
        since_report: word(5),
    }
}

#[cfg(test)]
mod tests;
