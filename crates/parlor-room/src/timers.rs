//! Who is to be woken when. Each session and each room has at most one entry; a session that is heard does not move
//! its own, but finds out when it fires that there is time left, so a frame costs nothing here.

use std::collections::BTreeSet;

use parlor_proto::Time;

use crate::broker::QueueKey;
use crate::io::ConnId;
use crate::room::RoomKey;
use crate::session::SessionKey;

/// Whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A ping, a silence or a grace of a session.
    Session(SessionKey),
    /// The end of an empty room, or a move between mesh and hub.
    Room(RoomKey),
    /// A ping, a silence or a wait at the door of a peer.
    Peer(ConnId),
    /// Somebody has waited long enough for a peer who is not there.
    Parked(QueueKey),
}

/// All timers, by time.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Time, Timer)>);

impl Timers {
    /// Moves a timer from where it was `armed`; the caller keeps `armed`.
    pub(crate) fn set(&mut self, timer: Timer, armed: &mut Option<Time>, at: Option<Time>) {
        if *armed == at {
            return;
        }
        if let Some(old) = armed.take() {
            self.0.remove(&(old, timer));
        }
        if let Some(at) = at {
            self.0.insert((at, timer));
        }
        *armed = at;
    }

    /// The earliest.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the earliest that is due.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        let (at, _) = self.0.first()?;
        if *at > now {
            return None;
        }
        self.0.pop_first().map(|(_, timer)| timer)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
