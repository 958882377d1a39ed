//! Sound on its way out. The hub writes its packets itself: str0m's cost for each packet of a receiver is flat, and for
//! sound, one small packet every 20 ms of everyone who speaks, it was nearly all there was
//! ([why so](../../../docs/decisions/0020-the-hub-writes-sound-itself.md)).
//!
//! Here live a packet's header (RFC 3550, section 5.1; RFC 8285), the sender reports that say when it is to be heard, what
//! receivers report back, and which way is taken. Encryption is in `srtp`; which packets go out, and their numbers, are the slot's.
//!
//! Each stream of sound has an SSRC that str0m sends nothing by: under one key no two packets may share SSRC and number. str0m's own
//! streams of those sections are taken from it, and whatever it sends is looked at: see [`sender_of`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::crypto::CryptoProvider;

use crate::clock::{WallClock, compact};
use crate::codec::Codec;
use crate::io::Via;
use crate::keys::Place;
use crate::limits::{ADDRESSES_PER_TRANSPORT_MAX, SENDER_REPORT_INTERVAL};
use crate::rtcp::{self, Block, SenderInfo};
use crate::slot::{Outgoing, Slot};
use crate::srtp::Srtp;

/// Where to: by which way, from which address of the hub, to which of the participant.
pub(crate) type Way = (Via, SocketAddr, SocketAddr);

/// The numbers under which a receiver takes header extensions (RFC 8285), where it takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// RFC 8843, section 15.
    pub(crate) mid: Option<u8>,
    /// RFC 6464.
    pub(crate) level: Option<u8>,
}

/// One outgoing stream of sound.
#[derive(Debug)]
pub(crate) struct Stream {
    ssrc: u32,
    mid: String,
    cname: String,
    extensions: Extensions,
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
    /// Bit n: the packet n before the highest.
    lately: u128,
}

impl Sent {
    /// Whether a packet was not sent yet, for certain: one sealed twice would give away what it hides.
    fn is_new(&self, seq: u64) -> bool {
        let Some(behind) = self.highest.checked_sub(seq) else { return true };
        let place = u32::try_from(behind).ok().and_then(|behind| 1_u128.checked_shl(behind));
        place.is_some_and(|place| self.lately & place == 0)
    }

    fn add(&mut self, seq: u64) {
        self.packets = self.packets.saturating_add(1);
        let shift = |by: u64| u32::try_from(by).unwrap_or(u32::MAX);
        if seq > self.highest {
            self.lately = self.lately.checked_shl(shift(seq.saturating_sub(self.highest))).unwrap_or(0) | 1;
            self.highest = seq;
        } else {
            self.lately |= 1_u128.checked_shl(shift(self.highest.saturating_sub(seq))).unwrap_or(0);
        }
    }

    /// How many were sent up to a sequence number, of which 32 bits are known; none if that is long ago, or was never sent.
    fn up_to(&self, seq: u32) -> Option<u64> {
        let behind = (self.highest as u32).wrapping_sub(seq);
        let later = self.lately & 1_u128.checked_shl(behind)?.wrapping_sub(1);
        self.packets.checked_sub(u64::from(later.count_ones()))
    }
}

impl Stream {
    pub(crate) const fn new(ssrc: u32, mid: String) -> Self {
        Self {
            ssrc,
            mid,
            cname: String::new(),
            extensions: Extensions { mid: None, level: None },
            is_known: false,
            sent: Sent { packets: 0, highest: 0, lately: 0 },
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

    /// The header of a packet, extensions in their one-byte form (RFC 8285, section 4.2).
    fn write_header(&self, packet: &Outgoing<'_>, header: &mut Vec<u8>) {
        const VERSION: u8 = 2 << 6;
        const HAS_EXTENSIONS: u8 = 1 << 4;
        const ONE_CONTRIBUTOR: u8 = 1;
        const MARKER: u8 = 1 << 7;
        const ONE_BYTE_FORM: [u8; 2] = [0xbe, 0xde];
        let level = self.extensions.level.zip(packet.level);
        let mid = self.extensions.mid.filter(|_| !self.is_known);
        let level_bytes = if level.is_some() { 2 } else { 0 };
        let mid_bytes = if mid.is_some() { self.mid.len().saturating_add(1) } else { 0 };
        let words = u8::try_from(usize::div_ceil(mid_bytes.saturating_add(level_bytes), 4)).unwrap_or(0);
        let has_extensions = if words > 0 { HAS_EXTENSIONS } else { 0 };
        let marker = if packet.marker { MARKER } else { 0 };
        header.clear();
        header.extend_from_slice(&[VERSION | has_extensions | ONE_CONTRIBUTOR, marker | packet.pt]);
        header.extend_from_slice(&(packet.seq as u16).to_be_bytes());
        for word in [packet.timestamp, self.ssrc, packet.csrc] {
            header.extend_from_slice(&word.to_be_bytes());
        }
        if words == 0 {
            return;
        }
        header.extend_from_slice(&ONE_BYTE_FORM);
        header.extend_from_slice(&u16::from(words).to_be_bytes());
        if let Some((id, level)) = level {
            let voice = if packet.has_voice { 1 << 7 } else { 0 };
            header.extend_from_slice(&[id << 4, voice | (level.unsigned_abs() & 0x7f)]);
        }
        if let Some(id) = mid {
            let length = u8::try_from(self.mid.len().saturating_sub(1)).unwrap_or(0);
            header.push((id << 4) | (length & 0x0f));
            header.extend_from_slice(self.mid.as_bytes());
        }
        header.resize(header.len().next_multiple_of(4), 0);
    }

    fn note_sent(&mut self, packet: &Outgoing<'_>) {
        self.sent.add(packet.seq);
        self.bytes = self.bytes.wrapping_add(u32::try_from(packet.payload.len()).unwrap_or(0));
        // One that is late says nothing new.
        if self.sent.highest == packet.seq {
            self.last = Some((packet.timestamp, packet.received_at));
        }
    }

    /// A report, when there is something to say and it is time. The relation between the stream's time and the time of day is what lets
    /// a receiver play it together with its picture, whose stream says the same of the same clock.
    fn report(&mut self, now: Instant, clock: &WallClock) -> Option<Vec<u8>> {
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
        let ticks = since.saturating_mul(u128::from(Codec::Opus.clock_rate_hz())) / 1_000_000;
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
    fn count(&mut self, block: &Block) -> (u64, u64) {
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

/// What a transport's sound needs: keys, a way, and what waits to go out.
pub(crate) struct Sound {
    provider: Arc<CryptoProvider>,
    place: Option<Place>,
    clock: WallClock,
    srtp: Option<Srtp>,
    way: Option<Way>,
    /// Other ways by which something came, since this one is known: whether str0m sends by one of them now, it says only with what
    /// it sends next.
    others: Vec<Way>,
    is_doubted: bool,
    waiting: Vec<Vec<u8>>,
    header: Vec<u8>,
    round_trip: Option<Duration>,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sound").field("way", &self.way).field("waiting", &self.waiting.len()).finish()
    }
}

impl Sound {
    pub(crate) fn new(provider: Arc<CryptoProvider>, place: Option<Place>, clock: WallClock) -> Self {
        Self {
            provider,
            place,
            clock,
            srtp: None,
            way: None,
            others: Vec::new(),
            is_doubted: false,
            waiting: Vec::new(),
            header: Vec::new(),
            round_trip: None,
        }
    }

    fn srtp(&mut self) -> Option<&mut Srtp> {
        if self.srtp.is_none() {
            self.srtp = Srtp::new(self.place.as_ref()?.get()?, &self.provider);
        }
        self.srtp.as_mut()
    }

    /// Writes a packet of a stream; false if there are no keys and no way yet, or if its number is not new to the stream.
    pub(crate) fn write(&mut self, stream: &mut Stream, packet: &Outgoing<'_>) -> bool {
        if self.way.is_none() || !stream.sent.is_new(packet.seq) || self.srtp().is_none() {
            return false;
        }
        let Self { srtp: Some(srtp), header, .. } = self else { return false };
        stream.write_header(packet, header);
        let Some(sealed) = srtp.seal_packet(stream.ssrc, packet.seq, header, &packet.payload) else {
            return false;
        };
        self.waiting.push(sealed);
        stream.note_sent(packet);
        true
    }

    /// Writes what reports are due.
    pub(crate) fn report<'a>(&mut self, now: Instant, streams: impl Iterator<Item = &'a mut Stream>) {
        for stream in streams {
            if let Some(report) = stream.report(now, &self.clock) {
                self.put(&report);
            }
        }
    }

    /// Says of all streams that they end.
    pub(crate) fn say_goodbye<'a>(&mut self, streams: impl Iterator<Item = &'a Stream>) {
        let begun: Vec<u32> =
            streams.filter(|stream| stream.last.is_some()).map(|stream| stream.ssrc).collect();
        if let Some(goodbye) = rtcp::goodbye(&begun) {
            self.put(&goodbye);
        }
    }

    fn put(&mut self, reports: &[u8]) {
        if let Some(sealed) = self.srtp().and_then(|srtp| srtp.seal_reports(reports)) {
            self.waiting.push(sealed);
        }
    }

    /// Reads what a receiver reports on streams of sound, if a datagram has that: how many packets came and how many did not, since it last
    /// told.
    pub(crate) fn on_datagram(&mut self, now: Instant, slots: &mut [Slot], datagram: &[u8]) -> (u64, u64) {
        let (mut came, mut lost) = (0_u64, 0_u64);
        if !is_rtcp(datagram) {
            return (came, lost);
        }
        let Some(reports) = self.srtp().and_then(|srtp| srtp.open_reports(datagram)) else {
            return (came, lost);
        };
        for block in rtcp::blocks(&reports) {
            let stream = slots.iter_mut().filter_map(|slot| slot.sound.as_mut());
            let Some(stream) = stream.into_iter().find(|stream| stream.ssrc == block.ssrc) else { continue };
            let (more_came, more_lost) = stream.count(&block);
            came = came.saturating_add(more_came);
            lost = lost.saturating_add(more_lost);
            self.round_trip = round_trip(&block, compact(self.clock.ntp(now))).or(self.round_trip);
        }
        (came, lost)
    }

    /// The newest round trip that a receiver's reports have shown since this was last asked.
    pub(crate) const fn take_round_trip(&mut self) -> Option<Duration> {
        self.round_trip.take()
    }

    /// This is how str0m sends.
    pub(crate) fn take_way(&mut self, way: Way) {
        if self.way.replace(way) != Some(way) {
            self.others.clear();
        }
    }

    /// Something came by a way: true if it is another one than str0m's, and new. Each is asked about once: checks of ICE come by all of them
    /// again and again, and the other end's media may well come by another way than what goes there.
    pub(crate) fn doubts(&mut self, way: Way) -> bool {
        let is_new = self.way.is_some_and(|own| own != way)
            && self.others.len() < ADDRESSES_PER_TRANSPORT_MAX
            && !self.others.contains(&way);
        if is_new {
            self.others.push(way);
            self.is_doubted = true;
        }
        is_new
    }

    /// Whether something came by another way since this was last asked.
    pub(crate) const fn take_doubt(&mut self) -> bool {
        std::mem::replace(&mut self.is_doubted, false)
    }

    /// Whether something is to go out.
    pub(crate) const fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Bytes that are to go out.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum()
    }

    /// What is to go out, and how.
    pub(crate) fn take_waiting(&mut self) -> Option<(Way, std::vec::Drain<'_, Vec<u8>>)> {
        let way = self.way?;
        Some((way, self.waiting.drain(..)))
    }
}

/// The round trip (RFC 3550, section 6.4.1, DLSR); none before the receiver has read a report, or if its figures can't be.
fn round_trip(block: &Block, now: u32) -> Option<Duration> {
    /// Beyond this the figures are wrong rather than the way long.
    const UNITS_MAX: u32 = 60 << 16;
    if block.last_report == 0 {
        return None;
    }
    let units = now.wrapping_sub(block.last_report).wrapping_sub(block.since_report);
    let nanos = u64::from(units).saturating_mul(1_000_000_000) >> 16;
    (units <= UNITS_MAX).then(|| Duration::from_nanos(nanos))
}

/// RTCP among what comes at one port (RFC 5761, section 4).
fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..192, 192..224, ..])
}

/// The SSRC by which a datagram is encrypted: an RTP packet's, or that of the first RTCP packet. None of all else.
pub(crate) fn sender_of(datagram: &[u8]) -> Option<u32> {
    if !matches!(datagram, [128..192, ..]) {
        return None;
    }
    let at = if is_rtcp(datagram) { 4 } else { 8 };
    Some(u32::from_be_bytes(*datagram.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
