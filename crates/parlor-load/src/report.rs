//! How it went: in figures, as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use parlor_proto::Kind;
use serde::Serialize;

use crate::end::End;
use crate::limits;
use crate::plan::{Plan, Slots};
use crate::tally::Delays;

/// A track counts as flowing if something came in the last so many seconds: in silence Opus sends every 400 ms.
const FLOWING: Duration = Duration::from_secs(2);

/// The middle and the tail of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half stayed below.
    pub p50_ms: f64,
    /// All but a hundredth stayed below.
    pub p99_ms: f64,
}

impl Quantiles {
    fn of(delays: &Delays) -> Option<Self> {
        Some(Self { p50_ms: delays.quantile_ms(0.5)?, p99_ms: delays.quantile_ms(0.99)? })
    }
}

/// One group: those who send, or receive, sound or pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// `publishers` or `subscribers`.
    pub who: &'static str,
    /// Sound or pictures.
    pub kind: Kind,
    /// Guests that were to come.
    pub wanted: usize,
    /// Guests that were there at the end.
    pub here: usize,
    /// Tracks that should have flowed.
    pub tracks_expected: usize,
    /// Tracks that flowed at the end.
    pub tracks: usize,
    /// Packets sent, or received.
    pub packets: u64,
    /// Megabits a second of payload, all guests together.
    pub mbps: f64,
    /// Packets that are missing.
    pub lost: u64,
    /// The same, in percent of those that should have come; only of subscribers.
    pub loss_percent: Option<f64>,
    /// From the first packet of TCP to ICE and DTLS connected.
    pub setup: Option<Quantiles>,
    /// From there to the first packet of media; only of subscribers.
    pub first_media: Option<Quantiles>,
    /// From sending to receiving, through the hub; only of subscribers.
    pub latency: Option<Quantiles>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How long was counted.
    pub seconds: f64,
    /// Rooms.
    pub rooms: usize,
    /// Those who sent and those who received, by kind.
    pub groups: Vec<Group>,
    /// Why guests are missing, and how many for that reason.
    pub failures: Vec<(String, usize)>,
    /// How much of a core the crowd took, in percent.
    pub crowd_percent: f64,
    /// How late the crowd itself sent, in milliseconds: above 10, the figures say more about it than about the server.
    pub crowd_late_p99_ms: f64,
}

#[derive(Default)]
struct Sum {
    wanted: usize,
    here: usize,
    tracks_expected: usize,
    tracks: usize,
    packets: u64,
    bytes: u64,
    lost: u64,
    setup: Delays,
    first_media: Delays,
    latency: Delays,
}

pub(crate) struct Builder {
    counted: Duration,
    rooms: usize,
    now_us: u64,
    /// Publishers' sound and pictures, subscribers' sound and pictures.
    sums: [Sum; 4],
    late: Delays,
}

impl Builder {
    pub(crate) fn new(counted: Duration, rooms: usize, now_us: u64) -> Self {
        Self { counted, rooms, now_us, sums: Default::default(), late: Delays::default() }
    }

    pub(crate) fn add(
        &mut self,
        is_publisher: bool,
        expected: Slots,
        begun: Instant,
        is_here: bool,
        end: Option<&End>,
    ) {
        let flowing_us = u64::try_from(FLOWING.as_micros()).unwrap_or(0);
        let since_us = self.now_us.saturating_sub(flowing_us.min(micros(self.counted)));
        let [publish_audio, publish_video, hear, see] = &mut self.sums;
        let (audio, video) = if is_publisher { (publish_audio, publish_video) } else { (hear, see) };
        for (sum, kind, expected) in
            [(audio, Kind::Audio, expected.audio), (video, Kind::Video, expected.video)]
        {
            sum.wanted = sum.wanted.saturating_add(1);
            sum.here = sum.here.saturating_add(usize::from(is_here));
            sum.tracks_expected = sum.tracks_expected.saturating_add(expected);
            let Some(end) = end else { continue };
            if let Some(at) = end.connected_at() {
                sum.setup.add(at.saturating_duration_since(begun));
                if let Some(first) = end.first_packet_at().filter(|_| !is_publisher) {
                    sum.first_media.add(first.saturating_duration_since(at));
                }
            }
            let (sent, received) = (end.tally().sent(kind), end.tally().received(kind));
            if is_publisher {
                let is_sending = sent.packets > 0;
                sum.tracks = sum.tracks.saturating_add(usize::from(is_sending));
                sum.packets = sum.packets.saturating_add(sent.packets);
                sum.bytes = sum.bytes.saturating_add(sent.bytes);
            } else {
                if is_here {
                    let flowing = end.tally().flowing(kind, since_us);
                    // Slots beyond those that should be filled are no merit.
                    sum.tracks = sum.tracks.saturating_add(flowing.min(expected));
                }
                sum.packets = sum.packets.saturating_add(received.packets);
                sum.bytes = sum.bytes.saturating_add(received.bytes);
                sum.lost = sum.lost.saturating_add(received.lost);
                sum.latency.merge(&received.latency);
            }
        }
        if let Some(end) = end {
            self.late.merge(&end.tally().late);
        }
    }

    pub(crate) fn finish(self, plan: &Plan, failures: BTreeMap<String, usize>, busy: Duration) -> Report {
        let seconds = self.counted.as_secs_f64().max(1e-9);
        let has = [
            plan.publishers > 0 && plan.audio,
            plan.publishers > 0 && plan.video.is_some(),
            plan.subscribers > 0 && plan.useful_slots().audio > 0,
            plan.subscribers > 0 && plan.useful_slots().video > 0,
        ];
        let names = [
            ("publishers", Kind::Audio),
            ("publishers", Kind::Video),
            ("subscribers", Kind::Audio),
            ("subscribers", Kind::Video),
        ];
        let publishers = plan.publishers.saturating_mul(self.rooms);
        let groups = self.sums.into_iter().zip(names).zip(has).filter(|(_, has)| *has);
        let groups = groups.map(|((sum, (who, kind)), _)| {
            let is_publisher = who == "publishers";
            let expected_packets = sum.packets.saturating_add(sum.lost);
            let loss = || sum.lost as f64 / expected_packets.max(1) as f64 * 100.0;
            Group {
                who,
                kind,
                wanted: sum.wanted,
                here: sum.here,
                tracks_expected: if is_publisher { publishers } else { sum.tracks_expected },
                tracks: sum.tracks,
                packets: sum.packets,
                mbps: sum.bytes as f64 * 8.0 / seconds / 1e6,
                lost: sum.lost,
                loss_percent: (!is_publisher).then(loss),
                setup: Quantiles::of(&sum.setup),
                first_media: Quantiles::of(&sum.first_media),
                latency: Quantiles::of(&sum.latency),
            }
        });
        Report {
            seconds,
            rooms: self.rooms,
            groups: groups.collect(),
            failures: failures.into_iter().collect(),
            crowd_percent: busy.as_secs_f64() / seconds * 100.0,
            crowd_late_p99_ms: self.late.quantile_ms(0.99).unwrap_or_default(),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Report {
    /// The group with the greatest loss has so many percent. A track that does not flow is lost altogether.
    #[must_use]
    pub fn worst_loss_percent(&self) -> f64 {
        let of = |group: &Group| {
            let loss = group.loss_percent?;
            let missing = group.tracks_expected.saturating_sub(group.tracks);
            let part = missing as f64 / group.tracks_expected.max(1) as f64;
            Some(loss + (100.0 - loss) * part)
        };
        self.groups.iter().filter_map(of).fold(0.0, f64::max)
    }

    /// Whether everybody who was to come was there to the end.
    #[must_use]
    pub fn is_everybody_here(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether there were subscribers and nothing came to any of them.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let mut subscribers = self.groups.iter().filter(|group| group.loss_percent.is_some()).peekable();
        subscribers.peek().is_some() && subscribers.all(|group| group.packets == 0)
    }

    /// Whether the crowd was too slow for its own plan.
    #[must_use]
    pub fn is_crowd_late(&self) -> bool {
        self.crowd_late_p99_ms > limits::LATE.as_secs_f64() * 1e3
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<19} {:>9} {:>9} {:>10} {:>8} {:>8}  {:>15} {:>15} {:>15}\n",
            "", "here", "tracks", "packets", "Mbit/s", "loss", "setup, ms", "first media, ms", "latency, ms"
        );
        for group in &self.groups {
            let who = format!("{}, {}", group.who, group.kind);
            let here = format!("{}/{}", group.here, group.wanted);
            let tracks = format!("{}/{}", group.tracks, group.tracks_expected);
            let loss = group.loss_percent.map_or_else(|| "–".to_owned(), |loss| format!("{loss:.2} %"));
            let pair = |quantiles: Option<Quantiles>| match quantiles {
                Some(Quantiles { p50_ms, p99_ms }) => format!("{p50_ms:.1} / {p99_ms:.1}"),
                None => "–".to_owned(),
            };
            let (setup, first, latency) = (pair(group.setup), pair(group.first_media), pair(group.latency));
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "{who:<19} {here:>9} {tracks:>9} {:>10} {:>8.2} {loss:>8}  {setup:>15} {first:>15} {latency:>15}",
                group.packets, group.mbps
            );
        }
        let _ = writeln!(text, "times: p50 / p99; counted for {:.1} s", self.seconds);
        let named = self.failures.iter().take(limits::FAILURES_NAMED_MAX);
        for (reason, count) in named {
            let _ = writeln!(text, "missing: {count}, {reason}");
        }
        let more = self.failures.len().saturating_sub(limits::FAILURES_NAMED_MAX);
        if more > 0 {
            let _ = writeln!(text, "missing for {more} other reasons, too");
        }
        if self.is_crowd_late() {
            let _ = writeln!(
                text,
                "this machine was too slow for the crowd: it sent {:.0} ms late (p99), so the figures say more about it than \
                 about the server",
                self.crowd_late_p99_ms
            );
        }
        text
    }
}

#[cfg(test)]
mod tests;
