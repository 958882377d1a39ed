//! Every bound of this crate, by name.

/// A sample beyond this (+60 dBFS), or not a number, is no sound but a fault upstream: silence takes its place, so that
/// it can't turn down or poison what everybody hears.
pub const SAMPLE_MAX: f32 = 1_000.0;

/// Lowest sample rate, in Hz.
pub const SAMPLE_RATE_MIN_HZ: u32 = 8_000;

/// Highest sample rate, in Hz.
pub const SAMPLE_RATE_MAX_HZ: u32 = 192_000;

/// A limiter's ceiling is between these, in dBFS.
pub const CEILING_DB: std::ops::RangeInclusive<f32> = -40.0..=0.0;

/// A leveller aims between these, in LUFS.
pub const TARGET_LUFS: std::ops::RangeInclusive<f64> = -50.0..=-5.0;

/// A leveller turns up or down by no more than this, in dB.
pub const LEVELLING_DB_MAX: f64 = 12.0;

/// The sample, or silence where it can be no sound.
pub(crate) fn sound(sample: f32) -> f32 {
    // False for NaN as well.
    if sample.abs() <= SAMPLE_MAX { sample } else { 0.0 }
}

/// `clamp`, which asserts that its bounds are in order and so brings the printing of numbers, 20 kB of it, into the page's
/// module.
pub(crate) fn between<T: PartialOrd>(low: T, value: T, high: T) -> T {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}
