//! The rooms one is in, with everyone in them, as the server's frames tell; and what to say to be in them again after the server
//! lost the session. Knows no socket.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use parlor_proto::client::{CreateRoom, RoomSettings, TrackState, UserJoinedRoom};
use parlor_proto::server::{RecordingNow, RoomJoined, RoomUpdated, UserJoined, UserLeft, UserUpdated};
use parlor_proto::{Kind, LeaveReason, Participant, RoomId, Source, Track, UserId};

use crate::limits;

/// What became known of a room.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// One is in it; `again` if one was before, in this process.
    Entered { room: RoomId, again: bool },
    /// Somebody came.
    Came { room: RoomId, participant: Participant },
    /// Somebody is not in the roster any more.
    Went { room: RoomId, user: UserId, reason: LeaveReason },
    /// Somebody is other than before.
    Changed { room: RoomId, before: Participant, participant: Participant },
    /// Who records is other than before.
    Recording { room: RoomId, recording: Vec<UserId> },
    /// The room's settings or its host are other than before.
    Settings { room: RoomId },
    /// One is out.
    Out { room: RoomId, reason: LeaveReason, by: Option<UserId> },
}

pub(crate) struct Membership {
    pub(crate) joined: RoomJoined,
    /// Whether the present session is in it.
    is_confirmed: bool,
    password: Option<String>,
    /// Who was there before a reconnect and is not yet again.
    missing: Vec<(Participant, Instant)>,
}

impl Membership {
    /// Everyone, oneself included, in order of joining; those who are not back yet as suspect.
    pub(crate) fn roster(&self) -> Vec<Participant> {
        let away =
            self.missing.iter().map(|(participant, _)| Participant { suspect: true, ..participant.clone() });
        self.joined.participants.iter().cloned().chain(away).collect()
    }
}

/// See above.
#[derive(Default)]
pub(crate) struct Memberships {
    rooms: BTreeMap<RoomId, Membership>,
    /// Of joins without an answer yet.
    passwords: BTreeMap<RoomId, Option<String>>,
    left: VecDeque<RoomId>,
}

impl Memberships {
    pub(crate) fn ids(&self) -> Vec<RoomId> {
        self.rooms.keys().cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    pub(crate) fn room(&self, id: &RoomId) -> Option<&Membership> {
        self.rooms.get(id)
    }

    pub(crate) fn has(&self, room: &RoomId, user: &UserId) -> bool {
        self.rooms.get(room).is_some_and(|membership| {
            membership.joined.participants.iter().any(|one| one.id == *user)
                || membership.missing.iter().any(|(one, _)| one.id == *user)
        })
    }

    /// The rooms shared with somebody.
    pub(crate) fn shared(&self, user: &UserId) -> Vec<RoomId> {
        self.rooms.keys().filter(|room| self.has(room, user)).cloned().collect()
    }

    /// A join was asked for.
    pub(crate) fn asked(&mut self, request: &UserJoinedRoom) {
        self.left.retain(|left| *left != request.room_id);
        let of_room = request.create.as_ref().and_then(|create| create.settings.password.clone());
        self.passwords.insert(request.room_id.clone(), request.password.clone().or(of_room));
    }

    /// A join was refused.
    pub(crate) fn refused(&mut self, room: &RoomId) {
        self.passwords.remove(room);
    }

    /// A leave was asked for; whether one was in it.
    pub(crate) fn leave(&mut self, room: &RoomId) -> bool {
        if self.left.len() >= limits::LEFT_ROOMS_MAX {
            self.left.pop_front();
        }
        self.left.push_back(room.clone());
        self.passwords.remove(room);
        self.rooms.remove(room).is_some()
    }

    /// The server does not let one in again; whether one is out by that.
    pub(crate) fn not_again(&mut self, room: &RoomId) -> bool {
        let is_out = self.rooms.get(room).is_some_and(|membership| !membership.is_confirmed);
        if is_out {
            self.rooms.remove(room);
        }
        is_out
    }

    /// Whether one still wants to be in a room that the present session is not in.
    pub(crate) fn wants(&self, room: &RoomId) -> bool {
        self.rooms.get(room).is_some_and(|membership| !membership.is_confirmed)
    }

    /// The server knows nothing of the old session: what to say to be in the same rooms again, making them if they are
    /// gone.
    pub(crate) fn session_lost(&mut self) -> Vec<UserJoinedRoom> {
        let again = |membership: &mut Membership| {
            membership.is_confirmed = false;
            let RoomJoined { room, you, .. } = &membership.joined;
            let settings = RoomSettings {
                capacity: Some(room.summary.capacity),
                topology: Some(room.summary.topology),
                mix: Some(room.mix),
                listed: Some(room.listed),
                password: membership.password.clone(),
            };
            UserJoinedRoom {
                room_id: room.summary.id.clone(),
                user_id: None,
                user_name: Some(you.name.clone()),
                role: Some(you.role),
                password: membership.password.clone(),
                create: Some(CreateRoom { name: room.summary.name.clone(), settings }),
            }
        };
        self.rooms.values_mut().map(again).collect()
    }

    /// `room-joined`; none if one has left that room since.
    pub(crate) fn joined(&mut self, now: Instant, joined: RoomJoined) -> Option<Vec<News>> {
        let room = joined.room.summary.id.clone();
        if self.left.contains(&room) {
            return None;
        }
        let before = self.rooms.remove(&room);
        let old = before.as_ref().map(Membership::roster).unwrap_or_default();
        let asked = self.passwords.remove(&room).flatten();
        let mut membership = Membership { joined, is_confirmed: true, password: asked, missing: Vec::new() };
        let again = before.is_some();
        if let Some(before) = before {
            membership.password = membership.password.or(before.password);
            membership.missing = before.missing;
            if !before.is_confirmed {
                let until = now + limits::MISSING;
                membership.missing = old.iter().map(|one| (one.clone(), until)).collect();
            }
        }
        let recording = membership.joined.recording.clone();
        self.rooms.insert(room.clone(), membership);
        let mut news = vec![News::Entered { room: room.clone(), again }];
        news.extend(self.settle(&room, &old, LeaveReason::Timeout));
        if again || !recording.is_empty() {
            news.push(News::Recording { room, recording });
        }
        Some(news)
    }

    /// `user-joined-room`; none if it is of an older epoch or of a room one is not in.
    pub(crate) fn came(&mut self, joined: UserJoined) -> Option<Vec<News>> {
        self.replace(&joined.room_id, joined.epoch, LeaveReason::Left, |_| joined.participants)
    }

    /// `user-updated`.
    pub(crate) fn updated(&mut self, updated: UserUpdated) -> Option<Vec<News>> {
        let participant = updated.participant;
        self.replace(&updated.room_id, updated.epoch, LeaveReason::Left, |old| {
            let one = |one: Participant| if one.id == participant.id { participant.clone() } else { one };
            old.into_iter().map(one).collect()
        })
    }

    /// `user-left-room`.
    pub(crate) fn left(&mut self, left: UserLeft) -> Option<Vec<News>> {
        let UserLeft { room_id, user_id, reason, by, participants, epoch, .. } = left;
        let membership = self.current(&room_id, epoch)?;
        if membership.joined.you.id != user_id {
            let old = membership.roster();
            membership.missing.retain(|(one, _)| one.id != user_id);
            membership.joined.participants = participants;
            return Some(self.settle(&room_id, &old, reason));
        }
        // A server that stops takes nobody's room away: its successor is asked for it.
        if reason == LeaveReason::ServerStopping {
            membership.is_confirmed = false;
            return Some(Vec::new());
        }
        self.rooms.remove(&room_id);
        Some(vec![News::Out { room: room_id, reason, by }])
    }

    /// `room-updated`.
    pub(crate) fn room_updated(&mut self, updated: RoomUpdated) -> Option<Vec<News>> {
        let membership = self.current(&updated.room_id, updated.epoch)?;
        membership.joined.mix = updated.room.mix;
        membership.joined.room = updated.room;
        Some(vec![News::Settings { room: updated.room_id }])
    }

    /// `recording`.
    pub(crate) fn recording(&mut self, now: RecordingNow) -> Option<Vec<News>> {
        let membership = self.current(&now.room_id, now.epoch)?;
        membership.joined.recording.clone_from(&now.recording);
        Some(vec![News::Recording { room: now.room_id, recording: now.recording }])
    }

    /// Somebody's track states, which came directly: the roster shows them at once.
    pub(crate) fn track_state(&mut self, user: &UserId, state: TrackState) -> Option<Vec<News>> {
        let epoch = self.rooms.get(&state.room_id)?.joined.epoch;
        let tracks = state.tracks.unwrap_or_else(|| plain_tracks(state.audio_enabled, state.video_enabled));
        self.replace(&state.room_id, epoch, LeaveReason::Left, |mut old| {
            if let Some(one) = old.iter_mut().find(|one| one.id == *user) {
                one.tracks = tracks;
            }
            old
        })
    }

    /// Time passed: who is missing for too long is gone.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        for (room, membership) in &mut self.rooms {
            let (gone, missing): (Vec<_>, Vec<_>) =
                std::mem::take(&mut membership.missing).into_iter().partition(|(_, until)| *until <= now);
            membership.missing = missing;
            let went = |(one, _): (Participant, Instant)| News::Went {
                room: room.clone(),
                user: one.id,
                reason: LeaveReason::Timeout,
            };
            news.extend(gone.into_iter().map(went));
        }
        news
    }

    /// When [`Self::sweep`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        self.rooms.values().flat_map(|membership| &membership.missing).map(|(_, until)| *until).min()
    }

    /// The end of all of them.
    pub(crate) fn clear(&mut self, reason: LeaveReason) -> Vec<News> {
        self.passwords.clear();
        self.left.clear();
        let rooms = std::mem::take(&mut self.rooms);
        rooms.into_keys().map(|room| News::Out { room, reason, by: None }).collect()
    }

    fn current(&mut self, room: &RoomId, epoch: u64) -> Option<&mut Membership> {
        self.rooms.get_mut(room).filter(|membership| epoch >= membership.joined.epoch)
    }

    fn replace(
        &mut self,
        room: &RoomId,
        epoch: u64,
        reason: LeaveReason,
        change: impl FnOnce(Vec<Participant>) -> Vec<Participant>,
    ) -> Option<Vec<News>> {
        let membership = self.current(room, epoch)?;
        let old = membership.roster();
        let participants = std::mem::take(&mut membership.joined.participants);
        membership.joined.participants = change(participants);
        Some(self.settle(room, &old, reason))
    }

    /// Those who are back are missing no longer. What is other than `old` is news.
    fn settle(&mut self, room: &RoomId, old: &[Participant], reason: LeaveReason) -> Vec<News> {
        let Some(membership) = self.rooms.get_mut(room) else { return Vec::new() };
        let present = &membership.joined.participants;
        membership.missing.retain(|(missing, _)| present.iter().all(|one| one.id != missing.id));
        let you = membership.joined.you.id.clone();
        if let Some(present) = present.iter().find(|one| one.id == you) {
            membership.joined.you = present.clone();
        }
        let new = membership.roster();
        let mut news = Vec::new();
        for gone in old.iter().filter(|before| new.iter().all(|one| one.id != before.id)) {
            news.push(News::Went { room: room.clone(), user: gone.id.clone(), reason });
        }
        for participant in new.into_iter().filter(|one| one.id != you) {
            match old.iter().find(|before| before.id == participant.id) {
                None => news.push(News::Came { room: room.clone(), participant }),
                Some(before) if *before != participant => {
                    news.push(News::Changed { room: room.clone(), before: before.clone(), participant });
                }
                Some(_) => {}
            }
        }
        news
    }
}

/// What `track-state` means without `tracks`: a microphone and a camera.
fn plain_tracks(audio: bool, video: bool) -> Vec<Track> {
    vec![
        Track { source: Source::Microphone, kind: Kind::Audio, enabled: audio },
        Track { source: Source::Camera, kind: Kind::Video, enabled: video },
    ]
}
