//! How much longer packets are under way than the path would take them: what waits in its queues.

use std::time::{Duration, Instant};

/// The shortest time there and back is that of so long, or of up to twice that.
const WINDOW: Duration = Duration::from_secs(10);
/// Beyond the shortest by so much, there is a queue that has to go first. Feedback alone waits up to 100 ms.
const QUEUE: Duration = Duration::from_millis(150);

/// Times there and back, by feedback.
#[derive(Debug, Default)]
pub(crate) struct RoundTrip {
    last: Option<Duration>,
    shortest: Option<Duration>,
    /// That of the window before, which ended then.
    before: Option<Duration>,
    turned_at: Option<Instant>,
}

impl RoundTrip {
    /// So long it took from a packet to the feedback that told first of it.
    pub(crate) fn on_sample(&mut self, now: Instant, took: Duration) {
        let turned_at = *self.turned_at.get_or_insert(now);
        if now.saturating_duration_since(turned_at) >= WINDOW {
            self.turned_at = Some(now);
            self.before = self.shortest.take();
        }
        self.last = Some(took);
        self.shortest = Some(self.shortest.map_or(took, |shortest| shortest.min(took)));
    }

    /// Whether packets wait for each other on the path.
    pub(crate) fn has_queue(&self) -> bool {
        let shortest = [self.shortest, self.before].into_iter().flatten().min();
        self.last.zip(shortest).is_some_and(|(last, shortest)| last > shortest.saturating_add(QUEUE))
    }
}
