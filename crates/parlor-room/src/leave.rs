//! The ways out, which are one: whoever leaves a room, for whatever reason, goes through [`Registry::take_out`], and
//! whoever leaves the server through [`Registry::end_session`].
//!
//! The order is always the same: media at the hub, roster, host, those who are told, the room if it is empty; and for
//! a session that ends: its rooms, its watch, its timer, its socket, its name. Relay allocations come before the
//! roster where there are any. Each step is written to the log.

use parlor_proto::client::UserLeftRoom;
use parlor_proto::server::{UserLeft, UserUpdated};
use parlor_proto::{CloseCode, ErrorCode, LeaveReason, ServerMessage, UserId};

use crate::hub::HubOrder;
use crate::io::Output;
use crate::log::{EndReason, Event, Freed, RoomEvent};
use crate::refusal::{NotInRoom, Refusable};
use crate::registry::Registry;
use crate::room::{Member, Room, RoomKey};
use crate::session::{Session, SessionKey};
use crate::timers::Timer;

/// Why someone can't leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LeaveError {
    /// See the error inside.
    #[error(transparent)]
    NotInRoom(#[from] NotInRoom),
    /// The session speaks for someone else.
    #[error("this session is not {0}")]
    NotYou(UserId),
}

impl Refusable for LeaveError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotInRoom(error) => error.code(),
            Self::NotYou(_) => ErrorCode::Forbidden,
        }
    }
}

/// Why someone leaves a room, and by whose hand if by another's.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    pub(crate) reason: LeaveReason,
    pub(crate) by: Option<UserId>,
}

impl Departure {
    pub(crate) const fn of(reason: LeaveReason) -> Self {
        Self { reason, by: None }
    }
}

impl Registry {
    pub(crate) fn on_user_left_room(&mut self, key: SessionKey, m: &UserLeftRoom) -> Result<(), LeaveError> {
        if let (Some(identity), Some(named)) = (self.sessions.identity(key), &m.user_id)
            && identity.user_id != *named
        {
            return Err(LeaveError::NotYou(named.clone()));
        }
        let room = self.room_of(key, &m.room_id)?;
        self.leave_room(key, room, &Departure::of(LeaveReason::Left));
        Ok(())
    }

    /// Someone leaves a room that goes on.
    pub(crate) fn leave_room(&mut self, key: SessionKey, room_key: RoomKey, departure: &Departure) {
        let Some(member) = self.take_out(key, room_key, departure) else { return };
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        let host_change = room.hand_over();
        let room_id = room.id.clone();
        let notice = notice(room, &member, departure, self.config.epoch);
        self.send_to_room(room_key, None, &notice);
        if departure.reason != LeaveReason::Left {
            self.send(key, &notice);
        }
        if member.is_recording {
            self.tell_recording(room_key);
        }
        if let Some(change) = host_change {
            self.record(room_key, RoomEvent::HostChanged { from: change.from, to: change.to });
            if let Some(participant) = change.promoted {
                let update = UserUpdated { room_id, participant, epoch: self.config.epoch };
                self.send_to_room(room_key, None, &ServerMessage::UserUpdated(Box::new(update)));
            }
            self.tell_room_updated(room_key, None);
        }
        // With a roster it stays for those who are on it: nobody else is to make one of that id.
        let is_over = |room: &&mut Room| room.is_empty() && room.roster.is_none();
        if let Some(room) = self.rooms.at_mut(room_key).filter(is_over) {
            room.ends_at = Some(self.now + self.config.empty_room_ms);
        }
        self.review(room_key);
    }

    /// A room ends with all who are in it: each is told of oneself, nobody of the others.
    pub(crate) fn end_room(&mut self, room_key: RoomKey, departure: &Departure, reason: EndReason) {
        let present: Vec<SessionKey> = match self.rooms.at(room_key) {
            Some(room) => room.members().iter().map(|member| member.session).collect(),
            None => return,
        };
        let mut members = Vec::with_capacity(present.len());
        for key in present {
            if let Some(member) = self.take_out(key, room_key, departure) {
                members.push(member);
            }
        }
        let close = match reason {
            EndReason::ServerStopping => CloseCode::ServiceRestart,
            EndReason::Empty => CloseCode::PolicyViolation,
            EndReason::By(_) | EndReason::Operator => {
                self.keep_ended(room_key);
                CloseCode::PolicyViolation
            }
        };
        self.dismiss_peers_of(room_key, close, "the room has ended");
        self.record(room_key, RoomEvent::Ended { reason });
        if self.rooms.at(room_key).is_some_and(|room| room.had_hub) {
            self.outbound.push(Output::Hub(HubOrder::RoomEnded { room: room_key.0 }));
        }
        let Some(mut room) = self.rooms.remove(room_key) else { return };
        self.timers.set(Timer::Room(room_key), &mut room.armed, None);
        for member in members {
            self.send(member.session, &notice(&room, &member, departure, self.config.epoch));
        }
    }

    /// Nobody came back into an empty room, or it moves.
    pub(crate) fn on_room_timer(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        room.armed = None;
        if room.ends_at.is_some_and(|at| at <= self.now) {
            self.end_room(room_key, &Departure::of(LeaveReason::RoomEnded), EndReason::Empty);
        } else {
            self.review(room_key);
        }
    }

    /// A session ends: it leaves its rooms, and what it held is free. A socket that it still has is closed, with
    /// `close` if the client did not close it.
    pub(crate) fn end_session(
        &mut self,
        key: SessionKey,
        reason: LeaveReason,
        close: Option<(CloseCode, &str)>,
    ) {
        let Some(session) = self.sessions.at(key) else { return };
        let rooms = session.rooms.clone();
        let names = session.identity.as_ref().map(|who| (who.session_id.clone(), who.user_id.clone()));
        if let Some((session, participant)) = names.clone() {
            self.outbound.log(Event::ClientGone { session, participant, reason });
        }
        for room in &rooms {
            self.leave_room(key, *room, &Departure::of(reason));
        }
        let Some(session) = self.forget_session(key) else { return };
        if let (Some(conn), Some((code, reason))) = (session.link.conn(), close) {
            self.close(conn, code, reason);
        }
        if let Some((id, participant)) = names {
            let freed =
                Freed { rooms: rooms.len(), frames: session.outbox.frames(), bytes: session.outbox.bytes() };
            self.outbound.log(Event::Freed { session: id, participant, freed });
        }
    }

    /// Takes a session that is in no room out of everything that knows it. Its socket is the caller's to close.
    pub(crate) fn forget_session(&mut self, key: SessionKey) -> Option<Session> {
        self.watchers.remove(key);
        let mut session = self.sessions.remove(key)?;
        self.timers.set(Timer::Session(key), &mut session.armed, None);
        Some(session)
    }

    /// The server stops: all rooms end, all sessions, all sockets are closed.
    pub(crate) fn on_drain(&mut self) {
        self.is_draining = true;
        let rooms: Vec<RoomKey> = self.rooms.iter().map(|(key, _)| key).collect();
        for room in rooms {
            let departure = Departure::of(LeaveReason::ServerStopping);
            self.end_room(room, &departure, EndReason::ServerStopping);
        }
        let sessions: Vec<SessionKey> = self.sessions.iter().map(|(key, _)| key).collect();
        for key in sessions {
            let close = Some((CloseCode::ServiceRestart, "the server is stopping"));
            self.end_session(key, LeaveReason::ServerStopping, close);
        }
        self.dismiss_all_peers();
    }

    /// The one way out of a room: the roster no longer has them, and their session no longer the room.
    fn take_out(&mut self, key: SessionKey, room_key: RoomKey, departure: &Departure) -> Option<Member> {
        self.leave_hub(key, room_key);
        let room = self.rooms.at_mut(room_key)?;
        let member = room.dismiss(key, departure.reason, &self.config, self.now)?;
        let remain = room.members().iter().map(|member| member.participant.id.clone()).collect();
        // From here on the roster no longer has them, and whatever is missing below, the others are told.
        let session_id = self.sessions.at_mut(key).and_then(|session| {
            session.on_left(room_key, self.now, &self.config);
            session.identity.as_ref().map(|identity| identity.session_id.clone())
        });
        if let Some(session) = session_id {
            let removed = RoomEvent::Removed {
                session,
                participant: member.participant.id.clone(),
                reason: departure.reason,
                by: departure.by.clone(),
                tracks: member.participant.tracks.len(),
                remain,
            };
            self.record(room_key, removed);
        }
        Some(member)
    }
}

fn notice(room: &Room, member: &Member, departure: &Departure, epoch: u64) -> ServerMessage {
    ServerMessage::UserLeftRoom(Box::new(UserLeft {
        room_id: room.id.clone(),
        user_id: member.participant.id.clone(),
        user_name: member.participant.name.clone(),
        reason: departure.reason,
        by: departure.by.clone(),
        participants: room.participants(),
        epoch,
    }))
}
