//! The clock: the time as the cores want it, in milliseconds since the Unix epoch, never going back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parlor_proto::Time;

/// Reads the system's time once and goes on from there with the monotonic clock, so that setting the system's time
/// neither ends sessions nor keeps them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    epoch_ms: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), epoch_ms: whole_ms(since_epoch) }
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_ms(self.epoch_ms.saturating_add(whole_ms(self.started.elapsed())))
    }

    /// The moment at which [`Self::now`] reaches `time`.
    pub(crate) fn instant(&self, time: Time) -> Instant {
        let ms = time.as_ms().saturating_sub(self.epoch_ms);
        self.started.checked_add(Duration::from_millis(ms)).unwrap_or(self.started)
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
