//! The time as the connection manager wants it: one that never goes back.

use std::time::{Duration, Instant, SystemTime};

use parlor_proto::Time;

/// See above.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    begun: Instant,
    begun_ms: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { begun: Instant::now(), begun_ms: u64::try_from(since.as_millis()).unwrap_or_default() }
    }

    pub(crate) fn now(self) -> Time {
        let passed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Time::from_ms(self.begun_ms.saturating_add(passed))
    }

    /// When it will be so late; now, if it is.
    pub(crate) fn at(self, time: Time) -> Instant {
        let wait_ms = time.ms_since(self.now());
        Instant::now() + Duration::from_millis(wait_ms)
    }
}
