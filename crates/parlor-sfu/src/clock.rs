//! The time of day, as far as reports about streams need it: told once, and then counted on by the time that inputs bring.

use std::time::{Duration, Instant, SystemTime};

/// From the beginning of NTP's time (1900) to that of Unix.
const NTP_TO_UNIX: Duration = Duration::from_secs(2_208_988_800);

/// A moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    at: Instant,
    since_1900: Duration,
}

impl WallClock {
    pub(crate) fn new(at: Instant, time_of_day: SystemTime) -> Self {
        let since_1970 = time_of_day.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { at, since_1900: NTP_TO_UNIX.saturating_add(since_1970) }
    }

    /// NTP's timestamp (RFC 3550, section 4): seconds since 1900 in the upper 32 bits, which wrap, and their fraction.
    pub(crate) fn ntp(&self, at: Instant) -> u64 {
        let since_1900 = match at.checked_duration_since(self.at) {
            Some(passed) => self.since_1900.saturating_add(passed),
            None => self.since_1900.saturating_sub(self.at.saturating_duration_since(at)),
        };
        let fraction = (u64::from(since_1900.subsec_nanos()) << 32) / 1_000_000_000;
        (since_1900.as_secs() << 32) | fraction
    }
}

/// The middle 32 bits of such a timestamp, as reports carry it: seconds of 16 bits and their fraction.
pub(crate) const fn compact(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}
