//! The limiter's gain, sample by sample: from how loud it will be, to how far to turn down now.
//!
//! Three steps, each of which can only keep or lower what the one before it asks for, so that the ceiling holds without
//! a proof by ear:
//! 1. the smallest gain that any sample within the look-ahead needs (a minimum over a sliding window);
//! 2. down at once, back up along an exponential curve;
//! 3. two moving averages in a row, which together are as long as the look-ahead: they turn the jump down into a curve
//!    that has arrived when the loud sample does.
//!
//! Gains are whole numbers (1 is 2^30): the averages' running sums then never drift, and unity is unity.

use std::collections::VecDeque;

use crate::decibels::db_from_gain;

const ONE: u32 = 1 << 30;
/// The release's fraction of the way is a whole number as well: 1 is 2^32.
const WHOLE: f64 = 4_294_967_296.0;

/// Finds the gain for sounds that are delayed by its look-ahead.
#[derive(Clone, Debug)]
pub(super) struct GainFinder {
    ceiling: f32,
    minimum: SlidingMinimum,
    released: u32,
    /// How much of the rest of the way up one sample goes.
    release: u64,
    averages: [MovingAverage; 2],
    lowest: u32,
}

impl GainFinder {
    /// `ceiling` is an amplitude; the look-ahead is rounded up to an even number of samples.
    pub(super) fn new(ceiling: f32, look_ahead_samples: usize, release_samples: usize) -> Self {
        let half = look_ahead_samples.div_ceil(2);
        let release = -(-1.0 / release_samples as f64).exp_m1();
        Self {
            ceiling,
            minimum: SlidingMinimum::new(2 * half + 1),
            released: ONE,
            release: (release * WHOLE) as u64,
            averages: [MovingAverage::new(half + 1), MovingAverage::new(half + 1)],
            lowest: ONE,
        }
    }

    pub(super) fn look_ahead_samples(&self) -> usize {
        self.minimum.length - 1
    }

    /// Whether the gain is 1 and stays so until something loud comes.
    pub(super) fn is_at_rest(&self) -> bool {
        // Whatever is still asked for is in the averages as well: they got it with the newest sample.
        self.averages.iter().all(MovingAverage::is_full)
    }

    /// Takes the size of the sample that comes in, and gives the gain for the one that goes out.
    pub(super) fn next(&mut self, size: f32) -> f32 {
        let needed = if size > self.ceiling { (self.ceiling / size * ONE as f32) as u32 } else { ONE };
        let held = self.minimum.next(needed);
        self.released = match held.checked_sub(self.released) {
            Some(way) => self.released + self.step_up(way),
            None => held,
        };
        let gain = self.averages.iter_mut().fold(self.released, |gain, average| average.next(gain));
        self.lowest = self.lowest.min(gain);
        gain as f32 / ONE as f32
    }

    pub(super) fn take_reduction_db(&mut self) -> f32 {
        let lowest = std::mem::replace(&mut self.lowest, ONE);
        if lowest == ONE { 0.0 } else { -db_from_gain(f64::from(lowest) / f64::from(ONE)) as f32 }
    }

    /// A part of what is left, but always something, so that the top is reached.
    fn step_up(&self, way: u32) -> u32 {
        let part = (u64::from(way) * self.release) >> 32;
        (part as u32).max(1).min(way)
    }
}

/// The smallest of the newest so many values. Only values below 1 are kept, and of those only the ones that no later one
/// undercuts: rising from the oldest, which is the answer, to the newest.
#[derive(Clone, Debug)]
struct SlidingMinimum {
    length: usize,
    now: u64,
    /// Value, and when it is too old. Never more than `length` of them.
    falls: VecDeque<(u32, u64)>,
}

impl SlidingMinimum {
    fn new(length: usize) -> Self {
        Self { length, now: 0, falls: VecDeque::with_capacity(length + 1) }
    }

    fn next(&mut self, value: u32) -> u32 {
        if value < ONE {
            while self.falls.back().is_some_and(|(kept, _)| *kept >= value) {
                self.falls.pop_back();
            }
            self.falls.push_back((value, self.now + self.length as u64));
        }
        if self.falls.front().is_some_and(|(_, end)| *end <= self.now) {
            self.falls.pop_front();
        }
        self.now += 1;
        self.falls.front().map_or(ONE, |(value, _)| *value)
    }
}

/// The mean of the newest so many values, rounded down.
#[derive(Clone, Debug)]
struct MovingAverage {
    values: Box<[u32]>,
    oldest: usize,
    sum: u64,
}

impl MovingAverage {
    fn new(length: usize) -> Self {
        let values = vec![ONE; length].into_boxed_slice();
        Self { sum: length as u64 * u64::from(ONE), values, oldest: 0 }
    }

    fn is_full(&self) -> bool {
        self.sum == self.values.len() as u64 * u64::from(ONE)
    }

    fn next(&mut self, value: u32) -> u32 {
        if let Some(oldest) = self.values.get_mut(self.oldest) {
            self.sum = self.sum - u64::from(*oldest) + u64::from(value);
            *oldest = value;
        }
        self.oldest = if self.oldest + 1 == self.values.len() { 0 } else { self.oldest + 1 };
        (self.sum / self.values.len() as u64) as u32
    }
}
