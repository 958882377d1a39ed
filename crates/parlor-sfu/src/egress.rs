//! The way out to one receiver. The hub writes sound and pictures itself: str0m's cost for each packet of a receiver is flat, and it lets
//! go of pictures one by one
//! ([sound](../../../docs/decisions/0020-the-hub-writes-sound-itself.md), [pictures](../../../docs/decisions/0022-the-hub-writes-pictures-itself.md)).
//!
//! Here live what waits, the way that it takes, and what receivers report back. Encryption is in `srtp`, headers and reports are the
//! `stream`'s, when a picture may go out says `bandwidth`, and which packets go out, and their numbers, are the slot's.
//!
//! Each stream has an SSRC that str0m sends nothing by: under one key no two packets may share SSRC and number. str0m's own
//! streams of those sections are taken from it, and whatever it sends is looked at: see [`sender_of`].

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::crypto::CryptoProvider;
use str0m::media::Mid;

use crate::bandwidth::{Bandwidth, Purpose, Turn};
use crate::clock::{WallClock, compact};
use crate::io::Via;
use crate::keys::Place;
use crate::limits::{
    ADDRESSES_PER_TRANSPORT_MAX, ARRIVALS_PER_DATAGRAM_MAX, INITIAL_ESTIMATE_BPS, MISSING_PER_DATAGRAM_MAX,
    PACED_PACKETS_MAX, PACKETS_TO_FOLLOW, PADDING_PACKETS_MAX, REPORTS_BYTES_MAX, RESEND_PACKETS_MAX,
    RESEND_PAUSE_MAX, RESEND_PAUSE_MIN, STREAMS_FOLLOWED_MAX,
};
use crate::resend::VideoPacket;
use crate::rtcp::{self, Block, Feedback};
use crate::slot::Slot;
use crate::srtp::Srtp;
use crate::stream::{Head, Stream};

/// Where to: by which way, from which address of the hub, to which of the participant.
pub(crate) type Way = (Via, SocketAddr, SocketAddr);

/// What a datagram of reports comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Packets that came at the receiver, and those that did not, since it last told.
    pub(crate) came: u64,
    pub(crate) lost: u64,
    /// Sections whose picture needs a key frame.
    pub(crate) key_frames: Vec<Mid>,
    /// There is more in it than what this end has to know.
    pub(crate) has_more: bool,
    /// Something may go out now that waited.
    pub(crate) has_waiting: bool,
}

/// A packet of a picture that waits for its turn.
#[derive(Debug)]
struct Waiting {
    /// The place of its slot, and the SSRC of the stream that it had then.
    slot: usize,
    ssrc: u32,
    bytes: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    New(VideoPacket),
    /// The packet of that number once more.
    Again(u64),
}

/// What a transport's media needs to go out: keys, a way, and what waits.
pub(crate) struct Egress {
    provider: Arc<CryptoProvider>,
    place: Option<Place>,
    clock: WallClock,
    srtp: Option<Srtp>,
    /// By which way things go: str0m's, or the one that the other end's media has gone over to since.
    way: Option<Way>,
    /// By which way str0m last sent.
    told: Option<Way>,
    /// Another way by which the other end's last packets came, and how many.
    coming: Option<(Way, u32)>,
    /// The highest number of each of the other end's streams.
    newest: Vec<(u32, u64)>,
    /// Other ways by which something came, since this one is known: whether str0m sends by one of them now, it says only with what
    /// it sends next.
    others: Vec<Way>,
    is_doubted: bool,
    /// The path is another one than the one that was estimated.
    is_path_new: bool,
    round_trip: Option<Duration>,
    new_round_trip: Option<Duration>,
    /// What the path bears, where the receiver lets that be known.
    bandwidth: Option<Bandwidth>,
    again: VecDeque<Waiting>,
    fresh: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Sealed datagrams of sound and reports.
    sound: Vec<Vec<u8>>,
    /// The same of pictures, in their order.
    pictures: Vec<Vec<u8>>,
    header: Vec<u8>,
    body: Vec<u8>,
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("way", &self.way).field("waiting", &self.waiting_bytes).finish()
    }
}

impl Egress {
    pub(crate) fn new(provider: Arc<CryptoProvider>, place: Option<Place>, clock: WallClock) -> Self {
        Self {
            provider,
            place,
            clock,
            srtp: None,
            way: None,
            told: None,
            coming: None,
            newest: Vec::new(),
            others: Vec::new(),
            is_doubted: false,
            is_path_new: false,
            round_trip: None,
            new_round_trip: None,
            bandwidth: None,
            again: VecDeque::new(),
            fresh: VecDeque::new(),
            waiting_bytes: 0,
            sound: Vec::new(),
            pictures: Vec::new(),
            header: Vec::new(),
            body: Vec::new(),
        }
    }

    fn srtp(&mut self) -> Option<&mut Srtp> {
        if self.srtp.is_none() {
            self.srtp = Srtp::new(self.place.as_ref()?.get()?, &self.provider);
        }
        self.srtp.as_mut()
    }

    /// What the path bears is estimated from now on, or no more.
    pub(crate) fn estimate(&mut self, now: Instant, is_wanted: bool) {
        self.bandwidth = match self.bandwidth.take() {
            _ if !is_wanted => None,
            Some(bandwidth) => Some(bandwidth),
            None => Some(Bandwidth::new(now, INITIAL_ESTIMATE_BPS)),
        };
    }

    /// What the path bears, bits per second; none where it is not estimated.
    pub(crate) fn estimate_bps(&self) -> Option<u64> {
        self.bandwidth.as_ref().map(Bandwidth::estimate_bps)
    }

    /// Says what could be sent at once if the path bore it, and what would be enough for everything, bits per second. Up to the former
    /// it is filled up: the estimate only grows by what is sent.
    /// True if something may go out now for that.
    pub(crate) fn ask_for(&mut self, now: Instant, next_bps: u64, desired_bps: u64) -> bool {
        let Some(bandwidth) = &mut self.bandwidth else { return false };
        bandwidth.ask_for(now, next_bps, desired_bps);
        bandwidth.poll_timeout().is_some_and(|at| at <= now)
    }

    /// Writes a packet of sound; false if there are no keys and no way yet, or if its number is not new to the stream.
    pub(crate) fn write_sound(&mut self, stream: &mut Stream, head: &Head, payload: &[u8]) -> bool {
        if self.way.is_none() || !stream.is_new(head.seq) || self.srtp().is_none() {
            return false;
        }
        let Self { srtp: Some(srtp), header, .. } = self else { return false };
        stream.write_header(stream.ssrc, head, None, header);
        let Some(sealed) = srtp.seal_packet(stream.ssrc, head.seq, header, payload) else {
            return false;
        };
        self.sound.push(sealed);
        stream.note_sent(head, payload.len());
        true
    }

    /// Lets a packet of a picture wait for its turn; false if there are no keys and no way yet, or too much waits.
    pub(crate) fn push_picture(&mut self, slot: usize, ssrc: u32, packet: VideoPacket) -> bool {
        if self.way.is_none() || self.fresh.len() >= PACED_PACKETS_MAX || self.srtp().is_none() {
            return false;
        }
        let bytes = packet.payload.len();
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        self.fresh.push_back(Waiting { slot, ssrc, bytes, what: What::New(packet) });
        true
    }

    /// Lets go of what has its turn; returns when to come again.
    pub(crate) fn pace(&mut self, now: Instant, slots: &mut [Slot]) -> Option<Instant> {
        if let Some(bandwidth) = &mut self.bandwidth {
            if std::mem::take(&mut self.is_path_new) {
                bandwidth.restart(now);
            }
            if bandwidth.poll_timeout().is_some_and(|at| at <= now) {
                bandwidth.handle_timeout(now);
            }
        }
        loop {
            let next_bytes = self.again.front().or_else(|| self.fresh.front()).map(|waiting| waiting.bytes);
            let turn = match (&mut self.bandwidth, next_bytes) {
                (Some(bandwidth), next_bytes) => bandwidth.turn(now, next_bytes, self.waiting_bytes),
                (None, Some(_)) => Turn::Send,
                (None, None) => Turn::Idle,
            };
            match turn {
                Turn::Send => {
                    let Some(waiting) = self.again.pop_front().or_else(|| self.fresh.pop_front()) else {
                        return self.timeout();
                    };
                    self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting.bytes);
                    let slot = slots.get_mut(waiting.slot).filter(|slot| slot.stream.ssrc == waiting.ssrc);
                    match (slot, waiting.what) {
                        (Some(slot), What::New(packet)) => self.send(now, slot, packet),
                        (Some(slot), What::Again(seq)) => {
                            self.send_again(now, slot, seq, Purpose::Resend);
                        }
                        (None, _) => {}
                    }
                }
                Turn::Pad { bytes } => {
                    // Without anything to fill up with the next picture brings another turn.
                    if !self.pad(now, slots, bytes) {
                        return None;
                    }
                }
                Turn::Wait(at) => return self.timeout().map_or(Some(at), |timeout| Some(timeout.min(at))),
                Turn::Idle => return self.timeout(),
            }
        }
    }

    fn timeout(&self) -> Option<Instant> {
        self.bandwidth.as_ref().and_then(Bandwidth::poll_timeout)
    }

    /// Sends a packet of a picture for the first time.
    fn send(&mut self, now: Instant, slot: &mut Slot, packet: VideoPacket) {
        let stream = &mut slot.stream;
        if !stream.is_new(packet.head.seq) {
            return;
        }
        self.body.clear();
        packet.write_payload(&mut self.body);
        let bytes = self.seal(now, stream, stream.ssrc, &packet.head, Purpose::Media);
        if bytes.is_some() {
            stream.note_sent(&packet.head, packet.payload.len());
            if let Some(resend) = &mut slot.resend {
                resend.keep(now, packet);
            }
        }
    }

    /// Sends one once more (RFC 4588, section 4); says how many bytes that is, none if it is not there any more.
    fn send_again(&mut self, now: Instant, slot: &mut Slot, seq: u64, purpose: Purpose) -> Option<usize> {
        let resend = slot.resend.as_mut()?;
        let head = resend.write_again(seq, &mut self.body)?;
        let ssrc = resend.ssrc;
        self.seal(now, &slot.stream, ssrc, &head, purpose)
    }

    /// Fills up with what was sent lately, of the picture that was sent last: a receiver has it already and drops it. False if there is
    /// nothing of that kind that the receiver would tell of.
    fn pad(&mut self, now: Instant, slots: &mut [Slot], bytes: usize) -> bool {
        let candidates = slots.iter_mut().filter(|slot| slot.is_estimated() && slot.consumer.is_some());
        let candidates = candidates.filter_map(|slot| {
            let (at, seq) = slot.resend.as_ref()?.filler()?;
            Some((at, seq, slot))
        });
        let Some((_, seq, slot)) = candidates.max_by_key(|(at, _, _)| *at) else { return false };
        let mut left = bytes;
        for _ in 0..PADDING_PACKETS_MAX {
            let Some(sent) = self.send_again(now, slot, seq, Purpose::Padding) else { return false };
            left = left.saturating_sub(sent);
            if left == 0 {
                break;
            }
        }
        true
    }

    /// Seals header and body of a packet of a picture.
    fn seal(
        &mut self,
        now: Instant,
        stream: &Stream,
        ssrc: u32,
        head: &Head,
        purpose: Purpose,
    ) -> Option<usize> {
        /// A header with what it usually has, and what the cipher adds.
        const OVERHEAD_BYTES: usize = 40;
        self.srtp()?;
        let Self { srtp: Some(srtp), header, body, bandwidth, .. } = self else { return None };
        let bytes = body.len().saturating_add(OVERHEAD_BYTES);
        let counting = bandwidth.as_mut().filter(|_| stream.has_transport_sequence());
        let transport_sequence = counting.map(|bandwidth| bandwidth.on_sent(now, bytes, purpose));
        stream.write_header(ssrc, head, transport_sequence, header);
        let sealed = srtp.seal_packet(ssrc, head.seq, header, body)?;
        let bytes = sealed.len();
        self.pictures.push(sealed);
        Some(bytes)
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
    pub(crate) fn say_goodbye<'a>(&mut self, slots: impl Iterator<Item = &'a Slot>) {
        let begun = slots.filter(|slot| slot.stream.has_begun());
        let ssrcs = begun.flat_map(|slot| {
            let resend = slot.resend.as_ref().filter(|resend| resend.has_begun());
            [slot.stream.ssrc].into_iter().chain(resend.map(|resend| resend.ssrc))
        });
        let ssrcs: Vec<u32> = ssrcs.collect();
        if let Some(goodbye) = rtcp::goodbye(&ssrcs) {
            self.put(&goodbye);
        }
    }

    fn put(&mut self, reports: &[u8]) {
        if let Some(sealed) = self.srtp().and_then(|srtp| srtp.seal_reports(reports)) {
            self.sound.push(sealed);
        }
    }

    /// Reads what a receiver reports, if a datagram has that; none of any other.
    pub(crate) fn on_datagram(&mut self, now: Instant, slots: &mut [Slot], datagram: &[u8]) -> Option<Heard> {
        if !is_rtcp(datagram) {
            return None;
        }
        // Nobody has so much to report: no path takes it in one datagram.
        if datagram.len() > REPORTS_BYTES_MAX {
            return Some(Heard::default());
        }
        let reports = self.srtp().and_then(|srtp| srtp.open_reports(datagram))?;
        let mut heard = Heard::default();
        let mut missing_left = MISSING_PER_DATAGRAM_MAX;
        let mut arrivals_left = ARRIVALS_PER_DATAGRAM_MAX;
        for packet in rtcp::packets(&reports) {
            heard.has_more |= !packet.is_about_receiving();
            for block in packet.blocks() {
                self.on_block(now, slots, &block, &mut heard);
            }
            match packet.feedback() {
                Some(Feedback::Arrivals(body)) => {
                    if let Some(bandwidth) = self.bandwidth.as_mut().filter(|_| arrivals_left > 0) {
                        arrivals_left = arrivals_left.saturating_sub(1);
                        bandwidth.on_feedback(now, body);
                        heard.has_waiting = true;
                    }
                }
                Some(Feedback::Missing { ssrc, seqs }) => {
                    for seq in seqs.into_iter().take(missing_left) {
                        missing_left = missing_left.saturating_sub(1);
                        self.on_missing(now, slots, ssrc, seq);
                    }
                }
                Some(Feedback::KeyFrame { ssrcs }) => {
                    for slot in slots.iter().filter(|slot| ssrcs.contains(&slot.stream.ssrc)) {
                        if !heard.key_frames.contains(&slot.mid) {
                            heard.key_frames.push(slot.mid);
                        }
                    }
                }
                None => {}
            }
        }
        heard.has_waiting |= !self.again.is_empty();
        Some(heard)
    }

    fn on_block(&mut self, now: Instant, slots: &mut [Slot], block: &Block, heard: &mut Heard) {
        let Some(slot) = slots.iter_mut().find(|slot| slot.stream.ssrc == block.ssrc) else { return };
        let (came, lost) = slot.stream.count(block);
        heard.came = heard.came.saturating_add(came);
        heard.lost = heard.lost.saturating_add(lost);
        let round_trip = round_trip(block, compact(self.clock.ntp(now)));
        self.new_round_trip = round_trip.or(self.new_round_trip);
        self.round_trip = round_trip.or(self.round_trip);
        if let Some(bandwidth) = self.bandwidth.as_mut().filter(|_| slot.resend.is_some()) {
            bandwidth.on_loss(now, came, lost);
        }
    }

    fn on_missing(&mut self, now: Instant, slots: &mut [Slot], ssrc: u32, seq: u16) {
        let pause = self.round_trip.unwrap_or_default().clamp(RESEND_PAUSE_MIN, RESEND_PAUSE_MAX);
        let found = slots.iter_mut().enumerate().find(|(_, slot)| slot.stream.ssrc == ssrc);
        let Some((slot, resend)) = found.and_then(|(place, slot)| Some((place, slot.resend.as_mut()?)))
        else {
            return;
        };
        if self.again.len() < RESEND_PACKETS_MAX
            && let Some((seq, bytes)) = resend.on_missing(now, seq, pause)
        {
            self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
            self.again.push_back(Waiting { slot, ssrc, bytes, what: What::Again(seq) });
        }
    }

    /// The newest round trip that a receiver's reports have shown since this was last asked.
    pub(crate) const fn take_round_trip(&mut self) -> Option<Duration> {
        self.new_round_trip.take()
    }

    /// This is how str0m sends. Where the other end's media has gone over to another way, that counts until str0m has another one, too.
    pub(crate) fn take_way(&mut self, way: Way) {
        if self.told.replace(way) != Some(way) {
            self.go_by(way);
        }
    }

    /// Something new of the other end's came, of which it is certain that it is theirs: `number` is that of a packet, none that of a data
    /// channel's. Some in a row by another way mean that they send by that one now, as behind a NAT that has forgotten them. str0m
    /// would go on by the old one until its checks there have failed for 20 s: who controls does not nominate anew what is the
    /// same way to them, and of what was nominated the best counts (RFC 8445, section 8.1.1), not the newest.
    ///
    /// What is overtaken counts for nothing: it may have come late by the way of before (RFC 9000, section 9.3, has it so).
    pub(crate) fn on_packet(&mut self, way: Way, number: Option<(u32, u64)>) {
        if !number.is_none_or(|(ssrc, seq)| self.is_newest(ssrc, seq)) {
            return;
        }
        if self.way.is_none_or(|own| own == way) {
            self.coming = None;
            return;
        }
        let count =
            self.coming.filter(|(other, _)| *other == way).map_or(0, |(_, count)| count).saturating_add(1);
        self.coming = Some((way, count));
        if count >= PACKETS_TO_FOLLOW {
            self.go_by(way);
        }
    }

    fn is_newest(&mut self, ssrc: u32, seq: u64) -> bool {
        if let Some((_, newest)) = self.newest.iter_mut().find(|(known, _)| *known == ssrc) {
            let is_newer = seq > *newest;
            *newest = seq.max(*newest);
            return is_newer;
        }
        if self.newest.len() == STREAMS_FOLLOWED_MAX {
            self.newest.remove(0);
        }
        self.newest.push((ssrc, seq));
        true
    }

    /// ICE begins anew: what str0m says next counts in any case.
    pub(crate) fn forget_told(&mut self) {
        self.told = None;
        self.coming = None;
    }

    fn go_by(&mut self, way: Way) {
        self.coming = None;
        let old = self.way.replace(way);
        if old != Some(way) {
            self.others.clear();
            self.is_path_new = old.is_some();
        }
    }

    /// By which way things go now.
    pub(crate) const fn way(&self) -> Option<Way> {
        self.way
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
    pub(crate) fn has_waiting(&self) -> bool {
        !self.sound.is_empty() || self.waiting_bytes > 0
    }

    /// Bytes that are to go out.
    pub(crate) fn waiting_bytes(&self) -> usize {
        let sealed = self.sound.iter().chain(&self.pictures).map(Vec::len).sum::<usize>();
        sealed.saturating_add(self.waiting_bytes)
    }

    /// What is to go out, and how. Datagrams of sound of one size stand together, the larger ones first, so that the system can send several
    /// of them at once; pictures keep their order.
    pub(crate) fn take_sealed(&mut self) -> Option<(Way, impl Iterator<Item = Vec<u8>> + '_)> {
        let way = self.way?;
        self.sound.sort_by_key(|datagram| std::cmp::Reverse(datagram.len()));
        Some((way, self.sound.drain(..).chain(self.pictures.drain(..))))
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
