//! A link in made-up time, with a receiver behind it that reports, and somebody who sends pictures over it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::super::*;

pub(super) const MS: Duration = Duration::from_millis(1);

pub(super) struct Link {
    pub(super) bps: u64,
    pub(super) delay_ms: u64,
    /// What would wait for longer is dropped.
    pub(super) queue_ms: u32,
    pub(super) loss_percent: u32,
    /// Around what the delay is.
    pub(super) jitter_ms: u64,
    pub(super) feedback_ms: u64,
    /// Feedback gets lost.
    pub(super) is_mute: bool,
}

impl Link {
    pub(super) const fn of(bps: u64) -> Self {
        Self {
            bps,
            delay_ms: 20,
            queue_ms: 1_000,
            loss_percent: 0,
            jitter_ms: 0,
            feedback_ms: 50,
            is_mute: false,
        }
    }
}

/// Somebody who sends pictures, 30 each second.
pub(super) struct Video {
    pub(super) bps: u64,
    /// At most so much of the estimate, in percent.
    pub(super) share: Option<u64>,
}

pub(super) struct World {
    pub(super) link: Link,
    pub(super) video: Video,
    /// What is asked for next where the estimate is below, and what would be enough.
    pub(super) wish: (u64, u64),
    pub(super) bandwidth: Bandwidth,
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) rng: fastrand::Rng,
    queue: VecDeque<usize>,
    busy_until: Instant,
    last_arrival: Instant,
    /// On the way, by when they arrive.
    arrivals: VecDeque<(Instant, u16)>,
    /// At the receiver since it last reported, by extended number.
    received: BTreeMap<u64, Instant>,
    reported: u64,
    highest: u64,
    feedback: VecDeque<(Instant, Vec<u8>)>,
    pub(super) wakes: u64,
    pub(super) sent_packets: u64,
    pub(super) came: u64,
    pub(super) lost: u64,
    pub(super) padded_bytes: u64,
    pub(super) sent_bytes: u64,
    /// The longest that the link's queue was, and the pacer's in bytes, since it was looked at.
    pub(super) queue_max: Duration,
    pub(super) paced_max: usize,
    /// The longest that the link's queue was when padding joined it.
    pub(super) padded_behind: Duration,
    /// Each 100 ms, kilobits per second.
    pub(super) estimates: Vec<u64>,
}

impl World {
    pub(super) fn new(link: Link, video: Video, wish: (u64, u64)) -> Self {
        let start = Instant::now();
        Self {
            link,
            video,
            wish,
            bandwidth: Bandwidth::new(start, 1_500_000),
            start,
            now: start,
            rng: fastrand::Rng::with_seed(7),
            queue: VecDeque::new(),
            busy_until: start,
            last_arrival: start,
            arrivals: VecDeque::new(),
            received: BTreeMap::new(),
            reported: 0,
            highest: 0,
            feedback: VecDeque::new(),
            wakes: 0,
            sent_packets: 0,
            came: 0,
            lost: 0,
            padded_bytes: 0,
            sent_bytes: 0,
            queue_max: Duration::ZERO,
            paced_max: 0,
            padded_behind: Duration::ZERO,
            estimates: Vec::new(),
        }
    }

    pub(super) fn kbps(&self) -> u64 {
        self.bandwidth.estimate_bps() / 1_000
    }

    pub(super) fn ms(&self) -> u64 {
        u64::try_from((self.now - self.start).as_millis()).unwrap()
    }

    /// Forgets the highest figures.
    pub(super) fn look(&mut self) {
        (self.queue_max, self.paced_max, self.padded_bytes, self.sent_bytes) = (Duration::ZERO, 0, 0, 0);
        (self.wakes, self.padded_behind) = (0, Duration::ZERO);
        self.estimates.clear();
    }

    pub(super) fn lowest(&self) -> u64 {
        *self.estimates.iter().min().unwrap()
    }

    pub(super) fn highest(&self) -> u64 {
        *self.estimates.iter().max().unwrap()
    }

    /// Runs until it is so, at most so long; says after how many milliseconds it was.
    pub(super) fn until(&mut self, ms: u64, mut is_so: impl FnMut(&Self) -> bool) -> Option<u64> {
        let begin = self.ms();
        while self.ms() < begin + ms {
            if is_so(self) {
                return Some(self.ms() - begin);
            }
            self.step();
        }
        None
    }

    pub(super) fn run(&mut self, ms: u64) {
        self.until(ms, |_| false);
    }

    fn step(&mut self) {
        self.now += MS;
        let ms = self.ms();
        let mut is_turn = false;
        if ms.is_multiple_of(33) && self.video.bps > 0 {
            let estimate = self.bandwidth.estimate_bps();
            let bps =
                self.video.share.map_or(self.video.bps, |share| self.video.bps.min(estimate * share / 100));
            self.give(usize::try_from(bps * 33 / 8_000).unwrap());
            is_turn = true;
        }
        if ms.is_multiple_of(100) {
            let next = if self.bandwidth.estimate_bps() < self.wish.0 { self.wish.0 } else { 0 };
            self.bandwidth.ask_for(self.now, next, self.wish.1);
            self.estimates.push(self.kbps());
        }
        while self.feedback.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, body) = self.feedback.pop_front().unwrap();
            let (came, lost) = self.bandwidth.on_feedback(self.now, &body);
            self.came += came;
            self.lost += lost;
        }
        if self.bandwidth.poll_timeout().is_some_and(|at| at <= self.now) {
            self.wakes += 1;
            self.bandwidth.handle_timeout(self.now);
            is_turn = true;
        }
        if is_turn {
            self.turns();
        }
        self.receive();
        if ms.is_multiple_of(self.link.feedback_ms) {
            self.report();
        }
        self.paced_max = self.paced_max.max(self.queue.iter().sum());
    }

    /// So many bytes of a picture wait to be sent.
    pub(super) fn give(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let packet = bytes.min(1_200);
            self.queue.push_back(packet);
            bytes -= packet;
        }
    }

    pub(super) fn turns(&mut self) {
        for round in 0.. {
            assert!(round < 2_000, "turns end");
            let queued: usize = self.queue.iter().sum();
            match self.bandwidth.turn(self.now, self.queue.front().copied(), queued) {
                Turn::Send => {
                    let bytes = self.queue.pop_front().unwrap();
                    self.send(bytes, Purpose::Media);
                }
                Turn::Pad { bytes } => {
                    assert!(bytes > 0 && self.queue.is_empty());
                    let queued = self.busy_until.saturating_duration_since(self.now);
                    self.padded_behind = self.padded_behind.max(queued);
                    for _ in 0..bytes.div_ceil(280) {
                        self.padded_bytes += 280;
                        self.send(280, Purpose::Padding);
                    }
                }
                Turn::Wait(at) => {
                    assert!(at > self.now, "a wait is in the future");
                    assert_eq!(self.bandwidth.poll_timeout(), Some(at));
                    return;
                }
                Turn::Idle => {
                    assert!(self.queue.is_empty());
                    assert_eq!(self.bandwidth.poll_timeout(), None);
                    return;
                }
            }
        }
    }

    fn send(&mut self, bytes: usize, purpose: Purpose) {
        let seq = self.bandwidth.on_sent(self.now, bytes, purpose);
        assert_eq!(seq, self.sent_packets as u16, "numbers have no gaps");
        self.sent_packets += 1;
        self.sent_bytes += bytes as u64;
        let begins = self.busy_until.max(self.now);
        let queued = begins - self.now;
        self.queue_max = self.queue_max.max(queued);
        if queued > MS * self.link.queue_ms {
            return;
        }
        self.busy_until = begins + Duration::from_micros(bytes as u64 * 8_000_000 / self.link.bps);
        if self.rng.u32(0..100) < self.link.loss_percent {
            return;
        }
        let jitter_us = self.rng.u64(0..=self.link.jitter_ms * 2_000);
        let arrives = self.busy_until + Duration::from_micros(self.link.delay_ms * 1_000 + jitter_us);
        // None overtakes another.
        self.last_arrival = self.last_arrival.max(arrives);
        self.arrivals.push_back((self.last_arrival, seq));
    }

    fn receive(&mut self) {
        while let Some((at, seq)) = self.arrivals.front().copied().filter(|(at, _)| *at <= self.now) {
            let ahead = seq.wrapping_sub(self.highest as u16).cast_signed();
            let extended = self.highest.checked_add_signed(i64::from(ahead)).unwrap();
            self.highest = self.highest.max(extended);
            self.received.insert(extended, at);
            self.arrivals.pop_front();
        }
    }

    fn report(&mut self) {
        let Some((first, _)) = self.received.first_key_value() else { return };
        let base = self.reported.min(*first);
        let us = |at: &Instant| u64::try_from((*at - self.start).as_micros()).unwrap();
        let told: Vec<Option<u64>> =
            (base..=self.highest).map(|seq| self.received.get(&seq).map(us)).collect();
        self.received.clear();
        self.reported = self.highest + 1;
        if !self.link.is_mute {
            let at = self.now + Duration::from_millis(self.link.delay_ms);
            self.feedback.push_back((at, encode(base as u16, &told)));
        }
    }
}

/// Feedback of vectors of two-bit symbols, with large differences only; arrivals in microseconds.
pub(super) fn encode(base: u16, told: &[Option<u64>]) -> Vec<u8> {
    let mut body = vec![0; 8];
    body.extend(base.to_be_bytes());
    body.extend(u16::try_from(told.len()).unwrap().to_be_bytes());
    let reference = told.iter().flatten().next().unwrap_or(&0) / 64_000;
    body.extend(&u32::try_from(reference % (1 << 24)).unwrap().to_be_bytes()[1..]);
    body.push(0);
    for some in told.chunks(7) {
        let bits = some.iter().enumerate().fold(3_u16 << 14, |bits, (place, at)| {
            bits | if at.is_some() { 2 << (12 - 2 * place) } else { 0 }
        });
        body.extend(bits.to_be_bytes());
    }
    let mut last = i64::try_from(reference * 256).unwrap();
    for at in told.iter().flatten() {
        let delta = i16::try_from(i64::try_from(at / 250).unwrap() - last).unwrap_or(i16::MAX);
        body.extend(delta.to_be_bytes());
        last += i64::from(delta);
    }
    body
}
