//! What waits for the shell, what was counted on the way, and which sessions must end once the present input is done.

use std::collections::VecDeque;
use std::sync::Arc;

use parlor_proto::{ErrorCode, Mode};

use crate::io::{ConnId, FrameKind, Outgoing, Output};
use crate::log::{Event, RoomEvent};
use crate::session::SessionKey;

/// The way out for outputs.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    queue: VecDeque<Output>,
    /// Sessions that missed more than is kept. They can't end in the middle of a room's broadcast.
    doomed: Vec<SessionKey>,
    pub(crate) counters: Counters,
}

/// What only grows.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) joins: u64,
    pub(crate) leaves: u64,
    pub(crate) rooms_made: u64,
    pub(crate) moves_up: u64,
    pub(crate) moves_down: u64,
    pub(crate) moves_overdue: u64,
    pub(crate) signals_relayed: u64,
    pub(crate) errors: [u64; ErrorCode::ALL.len()],
}

impl Outbound {
    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn send(&mut self, conn: ConnId, text: Arc<str>, kind: FrameKind) {
        self.push(Output::Send { conn, frame: Outgoing { text, kind } });
    }

    /// Metrics are read from the log: what is not in it is not counted.
    pub(crate) fn log(&mut self, event: Event) {
        if let Event::Room { entry, .. } = &event {
            let counters = &mut self.counters;
            let counter = match entry.event {
                RoomEvent::Made { .. } => Some(&mut counters.rooms_made),
                RoomEvent::Joined { .. } => Some(&mut counters.joins),
                RoomEvent::Removed { .. } => Some(&mut counters.leaves),
                RoomEvent::Moved { to: Mode::Sfu, .. } => Some(&mut counters.moves_up),
                RoomEvent::Moved { to: Mode::Mesh, .. } => Some(&mut counters.moves_down),
                _ => None,
            };
            if let Some(counter) = counter {
                *counter = counter.saturating_add(1);
            }
            if matches!(entry.event, RoomEvent::Moved { missing: 1.., .. }) {
                counters.moves_overdue = counters.moves_overdue.saturating_add(1);
            }
        }
        self.push(Output::Log(event));
    }

    pub(crate) fn count_error(&mut self, code: ErrorCode) {
        let position = ErrorCode::ALL.iter().position(|other| *other == code);
        if let Some(counter) = position.and_then(|at| self.counters.errors.get_mut(at)) {
            *counter = counter.saturating_add(1);
        }
    }

    pub(crate) fn doom(&mut self, session: SessionKey) {
        self.doomed.push(session);
    }

    pub(crate) fn take_doomed(&mut self) -> Option<SessionKey> {
        self.doomed.pop()
    }
}
