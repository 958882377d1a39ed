//! A sample rate that can be worked with.

use crate::limits::{SAMPLE_RATE_MAX_HZ, SAMPLE_RATE_MIN_HZ};

/// Samples a second and channel, within [`crate::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleRate(u32);

impl SampleRate {
    /// The rate of Opus and of most browsers: 48,000 Hz.
    pub const OPUS: Self = Self(48_000);

    /// `None` outside [`SAMPLE_RATE_MIN_HZ`] to [`SAMPLE_RATE_MAX_HZ`].
    #[must_use]
    pub const fn new(hz: u32) -> Option<Self> {
        if hz < SAMPLE_RATE_MIN_HZ || hz > SAMPLE_RATE_MAX_HZ { None } else { Some(Self(hz)) }
    }

    /// In Hz.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// How many samples that many microseconds are, rounded; at least one.
    pub(crate) fn samples(self, us: u32) -> usize {
        let samples = (u64::from(self.0) * u64::from(us) + 500_000) / 1_000_000;
        usize::try_from(samples.max(1)).unwrap_or(1)
    }
}
