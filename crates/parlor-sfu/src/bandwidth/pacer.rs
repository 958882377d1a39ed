//! Spreads what comes in heaps: as libwebrtc's `PacingController` does it, by debts that are paid off at the rate of sending.

use std::time::{Duration, Instant};

/// Of the estimate, so fast pictures go out, in percent: a picture that is larger than others is there sooner than the next.
const PACED_PERCENT: u64 = 250;
/// What may go out at once, as time at that rate: then what comes together goes together. libwebrtc's burst.
const BURST_US: u64 = 40_000;
/// Once more than that went out, so much of it is waited for, so that packets still go in rows.
const STEP_US: u64 = 10_000;
/// A queue that would take longer goes out faster: pictures are live. (libwebrtc lets it take 2 s.)
const QUEUE_US: u64 = 250_000;
/// Debts beyond this are forgiven.
const DEBT_US: u64 = 500_000;
/// Padding goes out in heaps of so much time.
const PADDING_STEP_US: u64 = 10_000;
/// The smallest heap of padding, bytes: about one packet of it.
const PADDING_BYTES: u64 = 280;

/// A millionth of a bit, which is what one bit per second is in a microsecond.
const MICROBITS_PER_BYTE: u64 = 8_000_000;

/// Debts in millionths of bits.
#[derive(Debug)]
pub(crate) struct Pacer {
    at: Instant,
    media_bps: u64,
    padding_bps: u64,
    /// So fast a queue goes out, until it is empty, in time for all that was in it.
    queue_bps: u64,
    media_debt: u64,
    /// More went out than may at once, and is waited for.
    is_full: bool,
    /// All that goes out counts as padding.
    padding_debt: u64,
}

impl Pacer {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            at: now,
            media_bps: 1,
            padding_bps: 0,
            queue_bps: 0,
            media_debt: 0,
            is_full: false,
            padding_debt: 0,
        }
    }

    /// Time passes, at rates in bits per second. `padding_bps` is what all together is filled up to, 0 where nothing is.
    pub(crate) fn pass(&mut self, now: Instant, estimate_bps: u64, queued_bytes: usize, padding_bps: u64) {
        let queue_bps = microbits(queued_bytes) / QUEUE_US;
        self.queue_bps = if queued_bytes == 0 { 0 } else { self.queue_bps.max(queue_bps) };
        self.media_bps = (estimate_bps.saturating_mul(PACED_PERCENT) / 100).max(self.queue_bps).max(1);
        self.padding_bps = padding_bps;
        let passed = now.saturating_duration_since(self.at);
        if passed.is_zero() {
            return;
        }
        self.at = now;
        let passed_us = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        let paid = |debt: u64, bps: u64| {
            debt.min(bps.saturating_mul(DEBT_US)).saturating_sub(bps.saturating_mul(passed_us))
        };
        self.media_debt = paid(self.media_debt, self.media_bps);
        self.padding_debt = paid(self.padding_debt, self.padding_bps);
    }

    pub(crate) fn on_sent(&mut self, bytes: usize) {
        self.media_debt = self.media_debt.saturating_add(microbits(bytes));
        self.padding_debt = self.padding_debt.saturating_add(microbits(bytes));
    }

    /// Until when the next packet of a picture has to wait, none where it need not.
    pub(crate) fn media(&mut self, now: Instant) -> Option<Instant> {
        let owed_us = (self.media_debt / self.media_bps).min(DEBT_US);
        let most_us = if self.is_full { BURST_US.saturating_sub(STEP_US) } else { BURST_US };
        self.is_full = owed_us >= most_us;
        self.is_full.then(|| after(now, owed_us.saturating_sub(BURST_US.saturating_sub(STEP_US))))
    }

    /// How many bytes of padding may go out, or when some may; none where there is to be none.
    pub(crate) fn padding(&self, now: Instant) -> Option<Result<usize, Instant>> {
        if self.padding_bps == 0 {
            return None;
        }
        let owed_us =
            (self.media_debt / self.media_bps).max(self.padding_debt / self.padding_bps).min(DEBT_US);
        if owed_us > 0 {
            return Some(Err(after(now, owed_us)));
        }
        let bytes =
            (self.padding_bps.saturating_mul(PADDING_STEP_US) / MICROBITS_PER_BYTE).max(PADDING_BYTES);
        Some(Ok(usize::try_from(bytes).unwrap_or(usize::MAX)))
    }
}

fn microbits(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(MICROBITS_PER_BYTE)
}

/// At least a microsecond later.
pub(crate) fn after(now: Instant, us: u64) -> Instant {
    now.checked_add(Duration::from_micros(us.max(1))).unwrap_or(now)
}
