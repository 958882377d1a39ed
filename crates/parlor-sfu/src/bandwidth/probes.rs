//! Probes: for a moment packets go out faster than the path is believed to bear, and how they come tells whether it bears that. As
//! libwebrtc's `BitrateProber` does it. `goog_cc` orders some of them, in the beginning and when congestion was over soon; of those
//! for what somebody would like to use its own timing reads a clock, so they are ordered here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pacer::after;
use crate::limits::PROBES_MAX;

/// A probe's packets go out in rows of so much time, microseconds.
const ROW_US: u64 = 2_000;
/// A probe that can't go on for so long measures nothing, nor does one that waited for so long.
const LATE: Duration = Duration::from_millis(20);
const WAIT: Duration = Duration::from_secs(1);
/// Probes for a wish: how long each takes, and how many packets it has at least. Longer than libwebrtc's 15 ms, since arrivals
/// that jitter by 20 ms say nothing of such a short one.
const WISHED_US: u64 = 40_000;
const WISHED_PACKETS: u32 = 5;
/// How much more than the estimate is tried at once, and how much more than what is wished for, in percent.
const GROWTH_PERCENT: u64 = 200;
const WISH_PERCENT: u64 = 115;
/// From one to the next, at first; twice as long after each that changed nothing.
const PAUSE: Duration = Duration::from_millis(800);
const PAUSE_MAX: Duration = Duration::from_secs(12);
/// An estimate that is so much higher than at the last one, in percent, says that it was of use.
const USE_PERCENT: u64 = 110;
/// The first of those that are ordered here. `goog_cc` counts its own from 1.
const FIRST_WISHED: i32 = 1 << 30;

/// One probe, as its packets carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) id: i32,
    pub(crate) bps: u64,
    pub(crate) packets: u32,
    pub(crate) bytes: u32,
}

impl Probe {
    pub(crate) fn new(id: i32, bps: u64, us: u64, packets: u32) -> Self {
        let bytes = u32::try_from(bps.saturating_mul(us) / 8_000_000).unwrap_or(u32::MAX);
        Self { id, bps: bps.max(1), packets: packets.max(1), bytes: bytes.max(1) }
    }
}

/// What is to be sent for a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    None,
    Send { bytes: usize },
    Wait(Instant),
}

/// How the packets of one probe for a wish came.
#[derive(Debug)]
pub(crate) struct Measured {
    probe: Probe,
    /// Of all but the first.
    bytes: u64,
    sent: (Instant, Instant),
    came_us: (i64, i64),
}

impl Measured {
    /// A packet that belongs to a probe came. Those that `goog_cc` ordered are its own business.
    pub(crate) fn add(measured: &mut Option<Self>, probe: Probe, sent: Instant, bytes: u16, came_us: i64) {
        if probe.id < FIRST_WISHED {
            return;
        }
        match measured.as_mut().filter(|measured| measured.probe.id == probe.id) {
            Some(measured) => {
                measured.bytes = measured.bytes.saturating_add(u64::from(bytes));
                measured.sent = (measured.sent.0.min(sent), measured.sent.1.max(sent));
                measured.came_us = (measured.came_us.0.min(came_us), measured.came_us.1.max(came_us));
            }
            None => {
                *measured = Some(Self { probe, bytes: 0, sent: (sent, sent), came_us: (came_us, came_us) })
            }
        }
    }

    /// The probe, if it says less than what is believed already. A heap of packets that jitter kept apart is no reason to believe
    /// less; a path that is full is noticed by its queue. (`goog_cc` would take the word of a probe for it.)
    pub(crate) fn says_less(&self, estimate_bps: u64) -> Option<i32> {
        let sent_us = self.sent.1.saturating_duration_since(self.sent.0).as_micros();
        let sent_us = u64::try_from(sent_us).unwrap_or(u64::MAX);
        let came_us = self.came_us.1.saturating_sub(self.came_us.0).unsigned_abs();
        let bps = self.bytes.saturating_mul(8_000_000) / sent_us.max(came_us).max(1);
        // `goog_cc` takes it for said with four fifths of all its bytes, which is later.
        let is_said = self.bytes.saturating_mul(5) >= u64::from(self.probe.bytes).saturating_mul(3);
        (is_said && bps < estimate_bps).then_some(self.probe.id)
    }
}

#[derive(Debug)]
struct UnderWay {
    probe: Probe,
    began: Instant,
    packets: u32,
    bytes: u32,
}

/// The probes of a path: those that wait, the one that goes on, and when the next is due for what is wished for.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    waiting: VecDeque<(Instant, Probe)>,
    under_way: Option<UnderWay>,
    wished: u32,
    /// The last one for a wish: when, what the estimate was, and what was wished for.
    last: Option<(Instant, u64, u64)>,
    pause: Duration,
}

impl Probes {
    /// Whether anything is to be sent for one.
    pub(crate) fn waits(&self) -> bool {
        self.under_way.is_some() || !self.waiting.is_empty()
    }

    /// Orders one, unless it would tell nothing: no more is tried than would be enough for everything.
    pub(crate) fn add(&mut self, now: Instant, probe: Probe, estimate_bps: u64, desired_bps: u64) {
        let bps = probe.bps.min(desired_bps);
        let us = u64::from(probe.bytes).saturating_mul(8_000_000).checked_div(probe.bps).unwrap_or(0);
        let probe = Probe::new(probe.id, bps, us, probe.packets);
        let is_more = |than: u64| bps > than.saturating_mul(105) / 100;
        if is_more(estimate_bps) && self.waiting.back().is_none_or(|(_, last)| is_more(last.bps)) {
            self.waiting.push_back((now, probe));
            self.waiting.truncate(PROBES_MAX);
        }
    }

    /// Something more is wished for than the path is known to bear; called often.
    pub(crate) fn wish(&mut self, now: Instant, estimate_bps: u64, next_bps: u64, desired_bps: u64) {
        if next_bps <= estimate_bps || self.waits() {
            return;
        }
        if let Some((at, before_bps, wished_bps)) = self.last {
            let is_of_use = estimate_bps > before_bps.saturating_mul(USE_PERCENT) / 100;
            let is_new = next_bps > wished_bps.saturating_mul(USE_PERCENT) / 100;
            let pause = if is_of_use || is_new { PAUSE } else { self.pause };
            if now.saturating_duration_since(at) < pause {
                return;
            }
            self.pause = pause.saturating_mul(2).min(PAUSE_MAX);
        } else {
            self.pause = PAUSE;
        }
        self.last = Some((now, estimate_bps, next_bps));
        self.wished = self.wished.wrapping_add(1) % (1 << 29);
        let id = FIRST_WISHED.saturating_add(i32::try_from(self.wished).unwrap_or(0));
        let enough_bps = next_bps.saturating_mul(WISH_PERCENT) / 100;
        let bps = (estimate_bps.saturating_mul(GROWTH_PERCENT) / 100).min(enough_bps);
        self.add(
            now,
            Probe::new(id, bps, WISHED_US, WISHED_PACKETS),
            estimate_bps,
            desired_bps.max(enough_bps),
        );
    }

    /// The path is congested: nothing more is tried.
    pub(crate) fn give_up(&mut self) {
        self.waiting.clear();
        self.under_way = None;
    }

    /// What is due now.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if let Some(step) = self.under_way.as_ref().and_then(|under_way| under_way.step(now)) {
            return step;
        }
        self.under_way = None;
        while let Some((since, probe)) = self.waiting.pop_front() {
            if now.saturating_duration_since(since) < WAIT {
                let under_way = self.under_way.insert(UnderWay { probe, began: now, packets: 0, bytes: 0 });
                return under_way.step(now).unwrap_or(Step::None);
            }
        }
        Step::None
    }

    /// Something was sent. Says which probe it belongs to.
    pub(crate) fn on_sent(&mut self, bytes: usize) -> Option<Probe> {
        let under_way = self.under_way.as_mut()?;
        under_way.packets = under_way.packets.saturating_add(1);
        under_way.bytes = under_way.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        let probe = under_way.probe;
        if under_way.packets >= probe.packets && under_way.bytes >= probe.bytes {
            self.under_way = None;
        }
        Some(probe)
    }
}

impl UnderWay {
    /// None where it is over.
    fn step(&self, now: Instant) -> Option<Step> {
        let due_us = u64::from(self.bytes).saturating_mul(8_000_000) / self.probe.bps;
        let due = after(self.began, due_us);
        if now.saturating_duration_since(due) > LATE {
            return None;
        }
        let row = after(now, ROW_US);
        if due >= row {
            return Some(Step::Wait(due));
        }
        let bytes = self.probe.bps.saturating_mul(ROW_US) / 8_000_000;
        Some(Step::Send { bytes: usize::try_from(bytes).unwrap_or(usize::MAX).max(1) })
    }
}
