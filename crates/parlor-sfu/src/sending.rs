//! Who has sound and pictures that are to go out, and when they go. While much goes out it waits a little for what else there is for
//! the same receivers: several datagrams for one address cost the system hardly more than one.

use std::time::Instant;

use crate::limits::{GATHERING, RUSH_DATAGRAMS_PER_TICK};
use crate::transport::Transport;
use crate::transports::TransportKey;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    keys: Vec<TransportKey>,
    /// Until then more is gathered.
    until: Option<Instant>,
    is_rush: bool,
    /// Since the last tick.
    datagrams: usize,
}

impl Sending {
    /// A transport has something that is to go out.
    pub(crate) fn add(&mut self, now: Instant, key: TransportKey, transport: &mut Transport) {
        if std::mem::replace(&mut transport.is_sending, true) {
            return;
        }
        if self.keys.is_empty() && self.is_rush {
            self.until = Some(now + GATHERING);
        }
        self.keys.push(key);
    }

    /// When it goes out; none where nothing waits.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        (!self.keys.is_empty()).then(|| self.until.unwrap_or(now))
    }

    /// Those whose turn it is now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<TransportKey> {
        if self.until.is_some_and(|until| until > now) {
            return Vec::new();
        }
        self.until = None;
        std::mem::take(&mut self.keys)
    }

    /// So many datagrams have gone out.
    pub(crate) const fn count(&mut self, datagrams: usize) {
        self.datagrams = self.datagrams.saturating_add(datagrams);
    }

    /// Finds out whether much goes out.
    pub(crate) const fn on_tick(&mut self) {
        self.is_rush = std::mem::replace(&mut self.datagrams, 0) >= RUSH_DATAGRAMS_PER_TICK;
    }
}
