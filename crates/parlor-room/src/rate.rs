//! How much a session may send: a bucket of tokens for frames, a window for bad messages.

use std::collections::VecDeque;

use parlor_proto::Time;

/// Thousandths of a token, so that a millisecond at 1 token a second counts.
const MILLI: u64 = 1_000;

/// A bucket that holds `burst` tokens and gains `per_second`.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    millitokens: u64,
    millitokens_max: u64,
    per_second: u64,
    filled_at: Time,
}

impl TokenBucket {
    pub(crate) fn new(per_second: u32, burst: u32, now: Time) -> Self {
        let millitokens_max = u64::from(burst).saturating_mul(MILLI);
        Self { millitokens: millitokens_max, millitokens_max, per_second: per_second.into(), filled_at: now }
    }

    /// Takes a token. False if there was none.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        // Tokens per second are thousandths of a token per millisecond.
        let gained = now.ms_since(self.filled_at).saturating_mul(self.per_second);
        self.millitokens = self.millitokens.saturating_add(gained).min(self.millitokens_max);
        self.filled_at = now;
        match self.millitokens.checked_sub(MILLI) {
            Some(rest) => {
                self.millitokens = rest;
                true
            }
            None => false,
        }
    }
}

/// When the last bad messages came.
#[derive(Clone, Debug, Default)]
pub(crate) struct BadMessages(VecDeque<Time>);

impl BadMessages {
    /// Counts one. True if it is the one too many: then the count begins anew.
    pub(crate) fn count(&mut self, now: Time, max: usize, window_ms: u64) -> bool {
        while self.0.front().is_some_and(|at| now.ms_since(*at) >= window_ms) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        let too_many = self.0.len() >= max;
        if too_many {
            self.0.clear();
        }
        too_many
    }
}
