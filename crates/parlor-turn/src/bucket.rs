//! A token bucket: so many bytes a second, some of them at once.

use parlor_proto::Time;

use crate::limits::BURST_MS;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    bytes_per_second: u64,
    bytes: u64,
    filled_at: Time,
}

impl Bucket {
    pub(crate) fn new(bytes_per_second: u64, now: Time) -> Self {
        let mut bucket = Self { bytes_per_second, bytes: 0, filled_at: now };
        bucket.bytes = bucket.full();
        bucket
    }

    fn full(&self) -> u64 {
        self.bytes_per_second.saturating_mul(BURST_MS) / 1_000
    }

    /// Takes so many, if they are there.
    pub(crate) fn take(&mut self, now: Time, bytes: usize) -> bool {
        let come = now.ms_since(self.filled_at).saturating_mul(self.bytes_per_second) / 1_000;
        // Below a whole byte the time goes on counting.
        if come > 0 {
            self.bytes = self.bytes.saturating_add(come).min(self.full());
            self.filled_at = now;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let rest = self.bytes.checked_sub(bytes);
        self.bytes = rest.unwrap_or(self.bytes);
        rest.is_some()
    }
}
