//! What the path to one receiver bears, and when which packet of its pictures may go out: congestion control, as a value.
//!
//! The estimate is Google Congestion Control as browsers have it ([draft-ietf-rmcat-gcc-02][1] and what came of it), by `goog_cc`:
//! `controller` is the one place that calls it. When packets go out is decided here: `pacer` spreads what comes in heaps,
//! `probes` tries for a moment whether there is room for more, `history` knows what was sent until feedback (`twcc`) tells of it.
//!
//! Nothing here costs a timer while nothing waits to be sent: what `goog_cc` wants to do every 25 ms is done when something is sent
//! or reported anyway.
//!
//! [1]: https://datatracker.ietf.org/doc/html/draft-ietf-rmcat-gcc-02

mod at_work;
mod controller;
mod history;
mod pacer;
mod probes;
mod round_trip;

use std::time::{Duration, Instant};

use crate::twcc::Feedback;
use controller::Controller;
use history::{History, Sent};
use pacer::Pacer;
use probes::{Probes, Step};
use round_trip::RoundTrip;

/// A path that looked congested is not filled up with padding for so long.
const PADDING_PAUSE: Duration = Duration::from_secs(2);
/// Nor is it probed by us.
const PROBING_PAUSE: Duration = Duration::from_secs(4);
/// An estimate that falls to this much of what it was says that the path is congested, in percent.
const CONGESTED_PERCENT: u64 = 97;
/// Nor in the first moments, when what is known comes from what `goog_cc` tries itself.
const PROBING_WAIT: Duration = Duration::from_secs(1);
/// Without feedback for so long after packets that nobody told of, nothing is sent only to learn something.
const HEARD_WAIT: Duration = Duration::from_secs(1);
/// As long as no feedback ever came, losses that a receiver reports otherwise count from here on.
const MUTE_WAIT: Duration = Duration::from_secs(2);
/// And never let what is believed of the path fall lower, bits per second.
const MUTE_LOWEST_BPS: u64 = 150_000;

/// What the sender of a transport's pictures is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The next packet in the queue goes out.
    Send,
    /// About so many bytes of padding go out at once, in packets of any size.
    Pad { bytes: usize },
    /// Nothing before then. [`Bandwidth::poll_timeout`] says the same.
    Wait(Instant),
    /// Nothing until there is a packet, feedback or a wish.
    Idle,
}

/// What a datagram is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Media,
    Resend,
    Padding,
}

/// What is wanted of a path, bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    next: u64,
    desired: u64,
}

/// What holds for all turns of one moment.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Instant,
    may_learn: bool,
    padding_bps: u64,
}

/// What the path to a receiver bears, from its transport-wide feedback, and when what may go out.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    initial_bps: u64,
    estimate_bps: u64,
    wish: Wish,
    controller: Controller,
    history: History,
    pacer: Pacer,
    probes: Probes,
    round_trip: RoundTrip,
    /// Time does not run backwards here.
    now: Instant,
    /// The first packet of a picture went out then.
    began: Option<Instant>,
    /// Feedback came last.
    heard: Option<Instant>,
    /// Packets are under way of which nobody told since.
    waits_since: Option<Instant>,
    sent_at: Option<Instant>,
    congested_at: Option<Instant>,
    moment: Option<Moment>,
    /// What the last turn said.
    wake_at: Option<Instant>,
}

impl Bandwidth {
    /// Begins with an estimate, bits per second, that holds until feedback comes. As long as none ever does, it is neither raised nor
    /// lowered by it.
    pub(crate) fn new(now: Instant, initial_bps: u64) -> Self {
        let controller = Controller::new(now, initial_bps);
        Self {
            initial_bps: controller.estimate_bps(),
            estimate_bps: controller.estimate_bps(),
            // Nothing was asked for yet, and something will be.
            wish: Wish { next: 0, desired: controller.estimate_bps().saturating_mul(2) },
            controller,
            history: History::default(),
            pacer: Pacer::new(now),
            probes: Probes::default(),
            round_trip: RoundTrip::default(),
            now,
            began: None,
            heard: None,
            waits_since: None,
            sent_at: None,
            congested_at: None,
            moment: None,
            wake_at: None,
        }
    }

    /// The path is another one (ICE restarted, another address): what was learned of the last one is forgotten. Numbers go on, and what
    /// was asked for still holds.
    pub(crate) fn restart(&mut self, now: Instant) {
        let now = self.pass(now);
        let mut anew = Self::new(now, self.initial_bps);
        anew.wish = self.wish;
        anew.history.go_on_after(&self.history);
        *self = anew;
    }

    /// What may be done now; to be asked again after each packet until it says to wait. `next_bytes` is the size of the next packet in the
    /// queue, none where it is empty, and `queued_bytes` that of the whole queue.
    pub(crate) fn turn(&mut self, now: Instant, next_bytes: Option<usize>, queued_bytes: usize) -> Turn {
        let now = self.pass(now);
        let moment = self.moment.filter(|moment| moment.at == now).unwrap_or_else(|| {
            self.process(now);
            let padding_bps = self.padding_bps(now);
            *self.moment.insert(Moment { at: now, may_learn: self.may_learn(now), padding_bps })
        });
        let turn = self.decide(moment, next_bytes, queued_bytes);
        self.wake_at = match turn {
            Turn::Wait(at) => Some(at),
            Turn::Send | Turn::Pad { .. } => Some(now),
            Turn::Idle => None,
        };
        turn
    }

    fn decide(&mut self, moment: Moment, next_bytes: Option<usize>, queued_bytes: usize) -> Turn {
        let now = moment.at;
        self.pacer.pass(now, self.estimate_bps, queued_bytes, moment.padding_bps);
        // What is first sent is a picture, and is not measured yet.
        if self.began.is_none() {
            return if next_bytes.is_some() { Turn::Send } else { Turn::Idle };
        }
        if moment.may_learn {
            match self.probes.step(now) {
                Step::None => {}
                Step::Send { .. } if next_bytes.is_some() => return Turn::Send,
                Step::Send { bytes } => return Turn::Pad { bytes },
                Step::Wait(at) => return Turn::Wait(at),
            }
        }
        if next_bytes.is_some() {
            return self.pacer.media(now).map_or(Turn::Send, Turn::Wait);
        }
        match self.pacer.padding(now) {
            None => Turn::Idle,
            Some(Ok(bytes)) => Turn::Pad { bytes },
            Some(Err(at)) => Turn::Wait(at),
        }
    }

    /// A datagram of so many bytes goes out. Says by which transport-wide number; it belongs to the probe under way, if there is one.
    pub(crate) fn on_sent(&mut self, now: Instant, bytes: usize, purpose: Purpose) -> u16 {
        let now = self.pass(now);
        let bytes = bytes.clamp(1, usize::from(u16::MAX));
        self.pacer.on_sent(bytes);
        let probe = self.probes.on_sent(bytes);
        if self.began.is_none() && purpose == Purpose::Media {
            self.began = Some(now);
            let told = self.controller.begin(now);
            self.follow(now, told);
        }
        // After a pause it is this packet that waits to be told of.
        if self.sent_at.is_none_or(|sent| now.saturating_duration_since(sent) > HEARD_WAIT) {
            self.waits_since = None;
        }
        self.waits_since.get_or_insert(now);
        self.sent_at = Some(now);
        self.controller.on_sent(now, bytes);
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.history.add(Sent { at: now, bytes, probe, is_lost: false })
    }

    /// The body of a packet of feedback. Returns how many packets are known to have come, and to be lost, of which it was not
    /// known before; one that was taken for lost may still come.
    pub(crate) fn on_feedback(&mut self, now: Instant, feedback: &[u8]) -> (u64, u64) {
        let now = self.pass(now);
        let Some(feedback) = Feedback::read(feedback) else { return (0, 0) };
        self.moment = None;
        let tells_of_last = feedback.base.wrapping_add(feedback.count.wrapping_sub(1)) == self.history.last();
        let (mut newest, mut was_probe) = (None, false);
        let (came, lost) = self.history.learn(now, &feedback, |number, sent, arrived_us| {
            if arrived_us.is_some() {
                newest = newest.max(Some(sent.at));
                was_probe |= sent.probe.is_some();
            }
            self.controller.learn(number, sent, arrived_us);
        });
        if came == 0 && lost == 0 {
            return (0, 0);
        }
        self.heard = Some(now);
        self.waits_since = if tells_of_last { None } else { Some(now) };
        if let Some(newest) = newest {
            self.round_trip.on_sample(now, now.saturating_duration_since(newest));
        }
        let told = self.controller.on_feedback(now);
        let before_bps = self.estimate_bps;
        self.follow(now, told);
        // By jitter alone a probe may come slower than it went. That is no reason not to try again.
        let is_full = !was_probe || self.round_trip.has_queue();
        if is_full && self.estimate_bps < before_bps.saturating_mul(CONGESTED_PERCENT) / 100 {
            self.congested_at = Some(now);
            self.probes.give_up();
        }
        (came, lost)
    }

    /// Losses as a receiver reports them otherwise (RFC 3550, section 6.4), newly known. They count only where feedback never comes.
    pub(crate) fn on_loss(&mut self, now: Instant, came: u64, lost: u64) {
        let now = self.pass(now);
        let is_mute = self.began.is_some_and(|began| now.saturating_duration_since(began) >= MUTE_WAIT)
            && self.heard.is_none();
        let Some(percent) = lost.saturating_mul(100).checked_div(came.saturating_add(lost)) else { return };
        if !is_mute {
            return;
        }
        // As GCC does it by losses alone (section 6 of the draft), and no further than where it began.
        let bps = match percent {
            0..2 => self.estimate_bps.saturating_mul(105) / 100,
            2..=10 => self.estimate_bps,
            _ => self.estimate_bps.saturating_mul(200_u64.saturating_sub(percent)) / 200,
        };
        self.estimate_bps = bps.max(MUTE_LOWEST_BPS).min(self.initial_bps);
    }

    /// What is wanted, bits per second: what could be used at once if the path bears it (0: nothing more; else padding fills up to it,
    /// so that the estimate can grow), and what would be enough for everything, beyond which nothing is tried out.
    pub(crate) fn ask_for(&mut self, now: Instant, next_bps: u64, desired_bps: u64) {
        let now = self.pass(now);
        self.wish = Wish { next: next_bps, desired: desired_bps.max(next_bps) };
        self.moment = None;
        let Some(began) = self.began else { return };
        let is_early = now.saturating_duration_since(began) < PROBING_WAIT;
        if !is_early && self.may_try(now, PROBING_PAUSE) {
            self.probes.wish(now, self.estimate_bps, self.wish.next, self.wish.desired);
        }
        // Who waits for nothing, or for the pacer, asks for a turn.
        if self.probes.waits() || (self.wake_at.is_none() && self.padding_bps(now) > 0) {
            self.wake_at = Some(now);
        }
    }

    /// To be called when [`Self::poll_timeout`] says so; then it is somebody's turn.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let now = self.pass(now);
        self.process(now);
        self.wake_at = self.wake_at.filter(|at| *at > now);
    }

    /// When a turn is to be asked for, if nothing else happens before.
    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        self.wake_at
    }

    /// What the path is believed to bear, bits per second.
    pub(crate) const fn estimate_bps(&self) -> u64 {
        self.estimate_bps
    }

    fn pass(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    /// What `goog_cc` does from time to time. Before the first feedback that would only lower the estimate, and so it would by the first
    /// packet after a silence, which it takes for the first that was not answered in all that time.
    fn process(&mut self, now: Instant) {
        let Some(heard) = self.heard else { return };
        let is_silent = self.sent_at.is_none_or(|sent| sent < heard);
        let waits = self.waits_since.map(|since| now.saturating_duration_since(since));
        let unheard = self.sent_at.map(|sent| sent.saturating_duration_since(heard));
        let is_after_silence =
            unheard >= Some(controller::UNHEARD_MAX) && waits < Some(controller::UNHEARD_MAX);
        if is_silent || is_after_silence {
            return;
        }
        if let Some(told) = self.controller.process(now) {
            self.follow(now, told);
        }
    }

    /// Goes by what `goog_cc` says.
    fn follow(&mut self, now: Instant, told: controller::Told) {
        if self.heard.is_some() {
            self.estimate_bps = told.estimate_bps;
        }
        for probe in told.probes {
            self.probes.add(now, probe, self.estimate_bps, self.wish.desired);
        }
        if self.probes.waits() {
            self.wake_at = Some(now);
        }
    }

    /// Whether what is sent only to learn something may be told of.
    fn may_learn(&self, now: Instant) -> bool {
        let is_old =
            self.sent_at.is_none_or(|at| now.saturating_duration_since(at) > crate::limits::SENT_AGE);
        is_old || self.waits_since.is_none_or(|since| now.saturating_duration_since(since) < HEARD_WAIT)
    }

    /// Whether more may be sent than there is: to a receiver who reports, and so long after the path was last full.
    fn may_try(&self, now: Instant, pause: Duration) -> bool {
        let is_congested = self.congested_at.is_some_and(|at| now.saturating_duration_since(at) < pause);
        self.heard.is_some() && self.may_learn(now) && !is_congested && !self.round_trip.has_queue()
    }

    fn padding_bps(&self, now: Instant) -> u64 {
        if self.may_try(now, PADDING_PAUSE) { self.wish.next.min(self.estimate_bps) } else { 0 }
    }
}

#[cfg(test)]
mod tests;
