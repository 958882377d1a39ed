//! Counting: what came, what is missing, how long it took.

use std::time::Duration;

use hdrhistogram::Histogram;
use parlor_proto::Kind;

use crate::limits;

/// A distribution of delays, in microseconds to two digits, in bounded memory; none as long as there is nothing.
#[derive(Clone, Debug, Default)]
pub struct Delays(Option<Histogram<u64>>);

impl Delays {
    /// Takes one in.
    pub fn add_us(&mut self, us: u64) {
        if self.0.is_none() {
            // These bounds are sound, so there is one.
            self.0 = Histogram::new_with_bounds(1, limits::DELAY_US_MAX, 2).ok();
        }
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(us.max(1));
        }
    }

    /// Takes one in.
    pub fn add(&mut self, delay: Duration) {
        self.add_us(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX));
    }

    /// Takes in all of another one.
    pub fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            // Both have the same bounds.
            (Some(mine), Some(other)) => drop(mine.add(other)),
            (mine @ None, Some(other)) => *mine = Some(other.clone()),
            (_, None) => {}
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What this part of all (0 to 1) stayed at or below, in milliseconds; none if there is nothing.
    #[must_use]
    pub fn quantile_ms(&self, part: f64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.value_at_quantile(part) as f64 / 1e3)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        if let Some(histogram) = &mut self.0 {
            histogram.reset();
        }
    }
}

const WORDS: usize = (limits::WINDOW_PACKETS / 64) as usize;

/// The sequence numbers of one track that came.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) ssrc: u32,
    pub(crate) kind: Kind,
    first: u64,
    highest: u64,
    /// Different ones.
    came: u64,
    /// When the last one came, in microseconds since the crowd began.
    last_us: u64,
    seen: [u64; WORDS],
}

impl Track {
    pub(crate) fn new(ssrc: u32, kind: Kind, seq: u64, at_us: u64) -> Self {
        let mut track =
            Self { ssrc, kind, first: seq, highest: seq, came: 1, last_us: at_us, seen: [0; WORDS] };
        track.mark(seq);
        track
    }

    /// Takes in a number; false if it came before, or nobody can tell any more.
    pub(crate) fn on_packet(&mut self, seq: u64) -> bool {
        let oldest = self.highest.saturating_sub(limits::WINDOW_PACKETS.saturating_sub(1));
        if seq > self.highest {
            // What was seen under the numbers that come into the window is over.
            let from = self.highest.saturating_add(1).max(seq.saturating_sub(limits::WINDOW_PACKETS));
            for number in from..=seq {
                self.clear(number);
            }
            self.highest = seq;
        } else if seq < oldest || self.is_marked(seq) {
            return false;
        }
        self.first = self.first.min(seq);
        self.mark(seq);
        self.came = self.came.saturating_add(1);
        true
    }

    /// How many came, and how many are missing between the first and the last.
    pub(crate) fn came_and_lost(&self) -> (u64, u64) {
        let expected = self.highest.saturating_sub(self.first).saturating_add(1);
        (self.came, expected.saturating_sub(self.came))
    }

    fn place(seq: u64) -> (usize, u64) {
        let at = seq % limits::WINDOW_PACKETS;
        (usize::try_from(at / 64).unwrap_or(0), 1 << (at % 64))
    }

    fn mark(&mut self, seq: u64) {
        let (word, bit) = Self::place(seq);
        if let Some(word) = self.seen.get_mut(word) {
            *word |= bit;
        }
    }

    fn clear(&mut self, seq: u64) {
        let (word, bit) = Self::place(seq);
        if let Some(word) = self.seen.get_mut(word) {
            *word &= !bit;
        }
    }

    fn is_marked(&self, seq: u64) -> bool {
        let (word, bit) = Self::place(seq);
        self.seen.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// What came of one kind.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Tracks of which something came.
    pub tracks: usize,
    /// Packets, each once.
    pub packets: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Packets that are missing between the first and the last of each track.
    pub lost: u64,
    /// From sending to receiving.
    pub latency: Delays,
}

/// What was sent of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Packets.
    pub packets: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Key frames that were asked for.
    pub key_frames_asked: u64,
}

/// What one end has sent and received.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    audio: Side,
    video: Side,
    pub(crate) tracks: Vec<Track>,
    /// How much later than planned it sent.
    pub late: Delays,
}

#[derive(Clone, Debug, Default)]
struct Side {
    sent: Sent,
    packets: u64,
    bytes: u64,
    latency: Delays,
    /// What was counted as lost when counting began anew.
    lost_before: u64,
}

impl Tally {
    fn side(&self, kind: Kind) -> &Side {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    fn side_mut(&mut self, kind: Kind) -> &mut Side {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    pub(crate) fn on_sent(&mut self, kind: Kind, bytes: usize) {
        let sent = &mut self.side_mut(kind).sent;
        sent.packets = sent.packets.saturating_add(1);
        sent.bytes = sent.bytes.saturating_add(u64::try_from(bytes).unwrap_or(0));
    }

    pub(crate) fn on_key_frame_request(&mut self) {
        let sent = &mut self.video.sent;
        sent.key_frames_asked = sent.key_frames_asked.saturating_add(1);
    }

    /// Takes in a packet of the track at this place in `tracks`.
    pub(crate) fn on_packet(
        &mut self,
        track: usize,
        at_us: u64,
        seq: u64,
        bytes: usize,
        latency_us: Option<u64>,
    ) {
        let Some(track) = self.tracks.get_mut(track) else { return };
        track.last_us = at_us;
        let (kind, is_new) = (track.kind, track.on_packet(seq));
        if is_new {
            self.count(kind, bytes, latency_us);
        }
    }

    /// Takes in the first packet of a track.
    pub(crate) fn on_track(&mut self, track: Track, bytes: usize, latency_us: Option<u64>) {
        let kind = track.kind;
        self.tracks.push(track);
        self.count(kind, bytes, latency_us);
    }

    fn count(&mut self, kind: Kind, bytes: usize, latency_us: Option<u64>) {
        let side = self.side_mut(kind);
        side.packets = side.packets.saturating_add(1);
        side.bytes = side.bytes.saturating_add(u64::try_from(bytes).unwrap_or(0));
        if let Some(us) = latency_us {
            side.latency.add_us(us);
        }
    }

    fn lost(&self, kind: Kind) -> u64 {
        self.tracks.iter().filter(|track| track.kind == kind).map(|track| track.came_and_lost().1).sum()
    }

    /// What came of a kind.
    #[must_use]
    pub fn received(&self, kind: Kind) -> Received {
        let side = self.side(kind);
        Received {
            tracks: self.tracks.iter().filter(|track| track.kind == kind).count(),
            packets: side.packets,
            bytes: side.bytes,
            lost: self.lost(kind).saturating_sub(side.lost_before),
            latency: side.latency.clone(),
        }
    }

    /// Tracks of a kind of which something came since then, in microseconds since the crowd began.
    #[must_use]
    pub fn flowing(&self, kind: Kind, since_us: u64) -> usize {
        self.tracks.iter().filter(|track| track.kind == kind && track.last_us >= since_us).count()
    }

    /// Packets that came, of both kinds.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.audio.packets.saturating_add(self.video.packets)
    }

    /// What was sent of a kind.
    #[must_use]
    pub fn sent(&self, kind: Kind) -> Sent {
        self.side(kind).sent
    }

    /// Counts anew from here; tracks that are known stay so.
    pub fn restart(&mut self) {
        for kind in [Kind::Audio, Kind::Video] {
            let lost_before = self.lost(kind);
            let side = self.side_mut(kind);
            side.sent = Sent::default();
            (side.packets, side.bytes, side.lost_before) = (0, 0, lost_before);
            side.latency.clear();
        }
        self.late.clear();
    }
}

#[cfg(test)]
mod tests;
