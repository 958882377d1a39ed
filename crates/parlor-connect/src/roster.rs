//! Who is in which room with this participant, as the server says.
//!
//! A handful of rooms of a handful of people: kept in vectors, which also keeps the page's core small.

use parlor_proto::{RoomId, Time, UserId};

use crate::input::Present;

/// One room this participant is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Room {
    id: RoomId,
    epoch: u64,
    members: Vec<UserId>,
    /// Those of them who publish something that is on, as they say in this room.
    sending: Vec<UserId>,
    /// Who was here before a reconnect and is not in the new list, with the time until which they are kept.
    missing: Vec<(UserId, Time)>,
}

impl Room {
    fn replace_members(&mut self, me: &UserId, participants: &[Present]) {
        self.members = participants.iter().map(|p| &p.id).filter(|id| *id != me).cloned().collect();
        self.sending.clear();
        for participant in participants {
            self.replace_sending(participant);
        }
        let members = &self.members;
        self.missing.retain(|(id, _)| !members.contains(id));
    }

    fn replace_sending(&mut self, participant: &Present) {
        self.sending.retain(|id| *id != participant.id);
        if participant.is_sending {
            self.sending.push(participant.id.clone());
        }
    }
}

/// All rooms this participant is in, and the others in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Roster {
    rooms: Vec<Room>,
}

impl Roster {
    /// This participant is in a room with these. Who was there before and is not now stays until `missing_until`.
    /// True when the room was known already: the session is a new one, and frames may have been lost.
    pub(crate) fn joined(
        &mut self,
        me: &UserId,
        id: &RoomId,
        epoch: u64,
        participants: &[Present],
        missing_until: Time,
    ) -> bool {
        let Some(room) = self.rooms.iter_mut().find(|room| room.id == *id) else {
            let mut room =
                Room { id: id.clone(), epoch, members: Vec::new(), sending: Vec::new(), missing: Vec::new() };
            room.replace_members(me, participants);
            self.rooms.push(room);
            return false;
        };
        for member in std::mem::take(&mut room.members) {
            if !room.missing.iter().any(|(id, _)| *id == member) {
                room.missing.push((member, missing_until));
            }
        }
        room.replace_members(me, participants);
        room.epoch = epoch;
        true
    }

    /// Everyone now in a room, as a later frame says. False: the frame is of an older epoch, or of a room this
    /// participant is not in, and counts for nothing.
    pub(crate) fn updated(&mut self, me: &UserId, id: &RoomId, epoch: u64, participants: &[Present]) -> bool {
        let current = self.rooms.iter_mut().find(|room| room.id == *id && room.epoch <= epoch);
        let Some(room) = current else { return false };
        room.replace_members(me, participants);
        true
    }

    /// Someone in a room changed.
    pub(crate) fn changed(&mut self, id: &RoomId, participant: &Present) {
        if let Some(room) = self.rooms.iter_mut().find(|room| room.id == *id) {
            room.replace_sending(participant);
        }
    }

    /// Whether someone publishes something that is on, in any common room.
    pub(crate) fn is_sending(&self, who: &UserId) -> bool {
        self.rooms.iter().any(|room| room.sending.contains(who))
    }

    /// Someone left, and is not waited for.
    pub(crate) fn left(&mut self, id: &RoomId, who: &UserId) {
        if let Some(room) = self.rooms.iter_mut().find(|room| room.id == *id) {
            room.members.retain(|member| member != who);
            room.sending.retain(|sender| sender != who);
            room.missing.retain(|(member, _)| member != who);
        }
    }

    /// Whether a frame about a room counts.
    pub(crate) fn is_current(&self, id: &RoomId, epoch: u64) -> bool {
        self.rooms.iter().any(|room| room.id == *id && room.epoch <= epoch)
    }

    /// This participant is in that room no more.
    pub(crate) fn forget_room(&mut self, id: &RoomId) {
        self.rooms.retain(|room| room.id != *id);
    }

    /// Whether this participant is in no room.
    pub(crate) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// This participant leaves all rooms.
    pub(crate) fn clear(&mut self) {
        self.rooms.clear();
    }

    /// Whether someone is in a common room, or missing from one for not too long.
    pub(crate) fn has(&self, who: &UserId) -> bool {
        self.has_member(who) || self.rooms.iter().any(|room| room.missing.iter().any(|(id, _)| id == who))
    }

    /// Whether someone is only known from before a reconnect.
    pub(crate) fn is_missing(&self, who: &UserId) -> bool {
        self.has(who) && !self.has_member(who)
    }

    fn has_member(&self, who: &UserId) -> bool {
        self.rooms.iter().any(|room| room.members.contains(who))
    }

    /// Gives up those who have been missing for too long.
    pub(crate) fn expire(&mut self, now: Time) {
        for room in &mut self.rooms {
            room.missing.retain(|(_, until)| *until > now);
        }
    }

    /// When [`Self::expire`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Time> {
        self.rooms.iter().flat_map(|room| &room.missing).map(|(_, until)| *until).min()
    }
}
