//! How many of something are allowed: so many a second, and some at once.

use std::time::Instant;

/// A token bucket, counted in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_second: u64,
    most: u64,
    tokens: u64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn new(now: Instant, per_second: u32, burst: u32) -> Self {
        let most = u64::from(burst) * 1_000;
        Self { per_second: u64::from(per_second), most, tokens: most, at: now }
    }

    /// Whether one more is allowed.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed_ms = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        if passed_ms > 0 {
            self.tokens =
                self.tokens.saturating_add(passed_ms.saturating_mul(self.per_second)).min(self.most);
            self.at = now;
        }
        match self.tokens.checked_sub(1_000) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}
