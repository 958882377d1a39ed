//! Who is in which room with this participant, as the server says, and by which path each room is connected.
//!
//! A handful of rooms of a handful of people: kept in vectors, which also keeps the page's core small.

use parlor_proto::{Grade, Mix, Mode, Phase, RoomId, Time, Topology, UserId};

use crate::input::{Present, RoomJoined, RoomSettings, TopologyMoved};

/// A path that others are still heard by is kept for so many times as long as one that nobody needs.
const OLD_PATH_TIMES_MAX: u64 = 10;

/// One room this participant is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    epoch: u64,
    members: Vec<Present>,
    /// Who was here before a reconnect and is not in the new list, with the time until which they are kept.
    missing: Vec<(UserId, Time)>,
    /// By which path what is heard comes.
    pub(crate) plays: Mode,
    pub(crate) moving: Option<Move>,
    /// The last move that was heard of.
    change: u32,
    /// The path that was played before the last move, while it is kept.
    old_path: Option<OldPath>,
    /// May become a star without anybody asking.
    is_auto: bool,
    /// The path to the hub is kept ready although nothing is played from it.
    is_warm: bool,
}

/// A path that is not played any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct OldPath {
    /// Closed at this time, if the new one brings everybody by then.
    until: Time,
    /// Closed at this time, whatever the new one brings.
    at_last: Time,
}

/// A room on its way from one path to the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Move {
    pub(crate) change: u32,
    pub(crate) to: Mode,
    /// Since when the new path works.
    pub(crate) works_since: Option<Time>,
    /// The server was told that it does.
    pub(crate) is_ready: bool,
}

impl Room {
    fn new(id: RoomId) -> Self {
        Self {
            id,
            epoch: 0,
            members: Vec::new(),
            missing: Vec::new(),
            plays: Mode::Mesh,
            moving: None,
            change: 0,
            old_path: None,
            is_auto: false,
            is_warm: false,
        }
    }

    fn replace_members(&mut self, me: &UserId, participants: &[Present]) {
        self.members = participants.iter().filter(|p| p.id != *me).cloned().collect();
        let members = &self.members;
        self.missing.retain(|(id, _)| !members.iter().any(|member| member.id == *id));
    }

    fn set(&mut self, settings: &RoomSettings) {
        self.is_auto = settings.topology == Topology::Auto && settings.mix == Mix::Direct;
        self.is_warm &= self.is_auto;
    }

    /// Whether both paths are wanted: while the room moves, and shortly after.
    fn has_both(&self) -> bool {
        self.moving.is_some() || self.old_path.is_some()
    }

    pub(crate) fn wants_mesh(&self) -> bool {
        self.plays == Mode::Mesh || self.has_both()
    }

    pub(crate) fn wants_hub(&self) -> bool {
        self.sends_to_hub() || self.is_warm
    }

    /// Whether the hub is sent anything.
    pub(crate) fn sends_to_hub(&self) -> bool {
        self.plays == Mode::Sfu || self.has_both()
    }

    /// Whether the hub would have sound for this participant.
    pub(crate) fn has_sound_by_hub(&self) -> bool {
        let is_heard = |member: &Present| {
            member.sends.is_sound() && !member.suspect && member.grade != Some(Grade::Lost)
        };
        self.plays == Mode::Sfu && self.members.iter().any(is_heard)
    }

    pub(crate) fn member(&self, who: &UserId) -> Option<&Present> {
        self.members.iter().find(|member| member.id == *who)
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Present> {
        self.members.iter()
    }

    fn is_missing(&self, who: &UserId) -> bool {
        self.missing.iter().any(|(id, _)| id == who)
    }
}

/// All rooms this participant is in, and the others in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Roster {
    pub(crate) rooms: Vec<Room>,
}

impl Roster {
    /// This participant is in a room with these. Who was there before and is not now stays until `missing_until`.
    /// True when the room was known already: the session is a new one, and frames may have been lost.
    pub(crate) fn joined(&mut self, me: &UserId, joined: &RoomJoined, missing_until: Time) -> bool {
        let known = self.rooms.iter().position(|room| room.id == joined.room.id);
        if known.is_none() {
            self.rooms.push(Room::new(joined.room.id.clone()));
        }
        let Some(room) = self.room_mut(&joined.room.id) else { return false };
        for member in std::mem::take(&mut room.members) {
            if !room.is_missing(&member.id) {
                room.missing.push((member.id, missing_until));
            }
        }
        room.replace_members(me, &joined.participants);
        room.epoch = joined.epoch;
        room.set(&joined.room.settings);
        // What was under way is told anew.
        (room.plays, room.moving, room.change) = (joined.topology, None, 0);
        known.is_some()
    }

    /// Everyone now in a room, as a later frame says. False: the frame is of an older epoch, or of a room this
    /// participant is not in, and counts for nothing.
    pub(crate) fn updated(&mut self, me: &UserId, id: &RoomId, epoch: u64, participants: &[Present]) -> bool {
        let Some(room) = self.current(id, epoch) else { return false };
        room.replace_members(me, participants);
        true
    }

    /// Someone in a room changed. False: see [`Self::updated`].
    pub(crate) fn changed(&mut self, id: &RoomId, epoch: u64, participant: &Present) -> bool {
        let Some(room) = self.current(id, epoch) else { return false };
        if let Some(member) = room.members.iter_mut().find(|member| member.id == participant.id) {
            member.clone_from(participant);
        }
        true
    }

    /// A room's settings changed.
    pub(crate) fn set(&mut self, id: &RoomId, epoch: u64, settings: &RoomSettings) {
        if let Some(room) = self.current(id, epoch) {
            room.set(settings);
        }
    }

    /// A room moves, or has moved: then the path from before is kept for `old_path_ms`. False: nothing is new.
    pub(crate) fn moved(&mut self, now: Time, moved: &TopologyMoved, old_path_ms: u64) -> bool {
        let Some(room) = self.room_mut(&moved.room_id).filter(|room| moved.change >= room.change) else {
            return false;
        };
        room.change = moved.change;
        let (change, to) = (moved.change, moved.mode);
        match moved.phase {
            Phase::Prepare => room.moving = Some(Move { change, to, works_since: None, is_ready: false }),
            Phase::Commit => {
                room.moving = None;
                room.plays = to;
                // Whatever the hub said of anybody was about another path.
                for member in &mut room.members {
                    member.grade = None;
                }
                let at_last = now + old_path_ms.saturating_mul(OLD_PATH_TIMES_MAX);
                room.old_path = Some(OldPath { until: now + old_path_ms, at_last });
            }
        }
        true
    }

    /// Rooms that may become stars and have so many people, oneself among them, keep the path to their hub ready from now on.
    pub(crate) fn warm_up(&mut self, from: usize) {
        for room in &mut self.rooms {
            room.is_warm |= room.is_auto && from > 0 && room.members.len() >= from.saturating_sub(1);
        }
    }

    /// Whether someone publishes something that is on, in any common room.
    pub(crate) fn is_sending(&self, who: &UserId) -> bool {
        let mut seen = self.rooms.iter().filter_map(|room| room.member(who));
        seen.any(|member| member.sends.is_anything())
    }

    /// Someone left, and is not waited for.
    pub(crate) fn left(&mut self, id: &RoomId, who: &UserId) {
        if let Some(room) = self.room_mut(id) {
            room.members.retain(|member| member.id != *who);
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

    /// Everyone in a common room, once each, in order of ids; who is missing from one for not too long among them.
    pub(crate) fn everyone(&self) -> Vec<UserId> {
        let mut everyone: Vec<UserId> = Vec::new();
        for room in &self.rooms {
            let members = room.members.iter().map(|member| &member.id);
            for id in members.chain(room.missing.iter().map(|(id, _)| id)) {
                // A sort would be a fortieth of the page's core.
                if let Err(place) = everyone.binary_search(id) {
                    everyone.insert(place, id.clone());
                }
            }
        }
        everyone
    }

    /// Whether someone is to be connected directly.
    pub(crate) fn wants_direct(&self, who: &UserId) -> bool {
        let has = |room: &Room| room.member(who).is_some() || room.is_missing(who);
        self.rooms.iter().any(|room| room.wants_mesh() && has(room))
    }

    /// By which hub someone is heard; none if they are, or will be, heard directly.
    pub(crate) fn hub_for(&self, who: &UserId) -> Option<&Room> {
        let has = |room: &&Room| room.member(who).is_some() || room.is_missing(who);
        let mut shared = self.rooms.iter().filter(has);
        let first = shared.next()?;
        let is_star = |room: &Room| room.plays == Mode::Sfu;
        (is_star(first) && shared.all(is_star)).then_some(first)
    }

    /// Someone as the server last said; none if they are only known from before a reconnect.
    pub(crate) fn present(&self, who: &UserId) -> Option<&Present> {
        self.rooms.iter().find_map(|room| room.member(who))
    }

    pub(crate) fn room(&self, id: &RoomId) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == *id)
    }

    fn room_mut(&mut self, id: &RoomId) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.id == *id)
    }

    fn current(&mut self, id: &RoomId, epoch: u64) -> Option<&mut Room> {
        self.room_mut(id).filter(|room| room.epoch <= epoch)
    }

    /// Gives up those who have been missing for too long, and paths that were kept for long enough; of those, each for as
    /// long again whose room is named by `unfinished`: somebody in it is not reached by the new one yet.
    pub(crate) fn expire(&mut self, now: Time, unfinished: &[RoomId], old_path_ms: u64) {
        for room in &mut self.rooms {
            room.missing.retain(|(_, until)| *until > now);
            if let Some(old) = &mut room.old_path
                && old.until <= now
                && unfinished.contains(&room.id)
            {
                old.until = old.at_last.min(now + old_path_ms);
            }
            room.old_path = room.old_path.filter(|old| old.until > now);
        }
    }

    /// When [`Self::expire`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Time> {
        let missing = self.rooms.iter().flat_map(|room| &room.missing).map(|(_, until)| *until);
        missing.chain(self.rooms.iter().filter_map(|room| Some(room.old_path?.until))).min()
    }
}
