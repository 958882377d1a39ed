//! Who is in which room with this participant, as the server says.

use std::collections::{BTreeMap, BTreeSet};

use parlor_proto::{Participant, RoomId, Time, UserId};

/// One room this participant is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Room {
    epoch: u64,
    members: BTreeSet<UserId>,
    /// Who was here before a reconnect and is not in the new list; kept until then.
    missing: BTreeMap<UserId, Time>,
}

/// All rooms this participant is in, and the others in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Roster {
    rooms: BTreeMap<RoomId, Room>,
}

impl Roster {
    /// This participant is in a room with these. Who was there before and is not now stays until `missing_until`.
    /// True when the room was known already: the session is a new one, and frames may have been lost.
    pub(crate) fn joined(
        &mut self,
        me: &UserId,
        room: &RoomId,
        epoch: u64,
        participants: &[Participant],
        missing_until: Time,
    ) -> bool {
        let known = self.rooms.contains_key(room);
        let room = self.rooms.entry(room.clone()).or_default();
        let members: BTreeSet<UserId> = others(me, participants);
        for gone in room.members.difference(&members) {
            room.missing.entry(gone.clone()).or_insert(missing_until);
        }
        room.missing.retain(|id, _| !members.contains(id));
        room.members = members;
        room.epoch = epoch;
        known
    }

    /// Everyone now in a room, as a later frame says. False: the frame is of an older epoch, or of a room this
    /// participant is not in, and counts for nothing.
    pub(crate) fn updated(&mut self, me: &UserId, room: &RoomId, epoch: u64, participants: &[Participant]) -> bool {
        let Some(room) = self.rooms.get_mut(room).filter(|room| room.epoch <= epoch) else { return false };
        room.members = others(me, participants);
        let members = &room.members;
        room.missing.retain(|id, _| !members.contains(id));
        true
    }

    /// Someone left, and is not waited for.
    pub(crate) fn left(&mut self, room: &RoomId, id: &UserId) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.members.remove(id);
            room.missing.remove(id);
        }
    }

    /// Whether a frame about a room counts.
    pub(crate) fn is_current(&self, room: &RoomId, epoch: u64) -> bool {
        self.rooms.get(room).is_some_and(|room| room.epoch <= epoch)
    }

    /// This participant is in that room no more.
    pub(crate) fn forget_room(&mut self, room: &RoomId) {
        self.rooms.remove(room);
    }

    /// This participant is in no room.
    pub(crate) fn clear(&mut self) {
        self.rooms.clear();
    }

    /// Whether someone is in a common room, or missing from one for not too long.
    pub(crate) fn has(&self, id: &UserId) -> bool {
        self.rooms.values().any(|room| room.members.contains(id) || room.missing.contains_key(id))
    }

    /// Whether someone is only known from before a reconnect.
    pub(crate) fn is_missing(&self, id: &UserId) -> bool {
        !self.rooms.values().any(|room| room.members.contains(id))
            && self.rooms.values().any(|room| room.missing.contains_key(id))
    }

    /// Gives up those who have been missing for too long.
    pub(crate) fn expire(&mut self, now: Time) {
        for room in self.rooms.values_mut() {
            room.missing.retain(|_, until| *until > now);
        }
    }

    /// When [`Self::expire`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Time> {
        self.rooms.values().flat_map(|room| room.missing.values()).min().copied()
    }
}

fn others(me: &UserId, participants: &[Participant]) -> BTreeSet<UserId> {
    participants.iter().map(|p| &p.id).filter(|id| *id != me).cloned().collect()
}
