//! Rooms that were ended on purpose with peers in them. Peers come back by themselves, and each that comes to a key without a room makes
//! one: for a while such a key is refused, or nobody could end a room.

use std::collections::VecDeque;

use parlor_proto::{RoomId, Time};

/// Rooms that are remembered; of more, the oldest are forgotten.
const ENDED_MAX: usize = 1_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ended(VecDeque<(Time, RoomId)>);

impl Ended {
    /// A room was ended, and is refused until then.
    pub(crate) fn insert(&mut self, room: RoomId, until: Time, now: Time) {
        self.0.retain(|(until, other)| *until > now && *other != room);
        if self.0.len() >= ENDED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((until, room));
    }

    /// Whether it is refused still.
    pub(crate) fn has(&self, room: &RoomId, now: Time) -> bool {
        self.0.iter().any(|(until, ended)| *until > now && ended == room)
    }
}
