//! The ways into a room: `room-created` and `user-joined-room`.

use parlor_proto::client::{RoomCreated, UserJoinedRoom};
use parlor_proto::server::{RoomJoined, RoomUpdated, UserJoined};
use parlor_proto::{
    ErrorCode, Name, Participant, Role, RoomId, ServerMessage, Timestamp, Topology, UserId, client,
};

use crate::hello::{Claim, HelloError};
use crate::log::RoomEvent;
use crate::refusal::Refusable;
use crate::registry::Registry;
use crate::room::{Member, Room, RoomKey};
use crate::roster::AdmissionError;
use crate::session::SessionKey;
use crate::token::TokenError;

/// Why someone does not get into a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JoinError {
    /// See the error inside.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// See the error inside.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The session speaks for someone else.
    #[error("this session is not {0}")]
    NotYou(UserId),
    /// The room is there already.
    #[error("room {0} exists")]
    Exists(RoomId),
    /// The room is not there.
    #[error("there is no room {0}")]
    NotFound(RoomId),
    /// The room is for those who come by PeerJS.
    #[error("room {0} is for PeerJS clients alone")]
    ForPeers(RoomId),
    /// The room has no place left.
    #[error("room {0} is full")]
    Full(RoomId),
    /// The room takes nobody in.
    #[error("room {0} is locked")]
    Locked(RoomId),
    /// The password is missing or another.
    #[error("that is not the password of room {0}")]
    WrongPassword(RoomId),
    /// The session is in as many rooms as it may be.
    #[error("you are in {0} rooms, leave one first")]
    TooManyRooms(usize),
    /// There is no hub here.
    #[error("this server has no hub: a room can be auto or mesh")]
    NoHub,
    /// The server holds as many rooms as it may.
    #[error("the server holds {0} rooms, which is all it can")]
    NoPlace(usize),
    /// The server stops.
    #[error("the server is stopping")]
    Stopping,
}

impl Refusable for JoinError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Hello(error) => error.code(),
            Self::Admission(error) => error.code(),
            Self::NotYou(_) | Self::Locked(_) | Self::ForPeers(_) | Self::TooManyRooms(_) | Self::NoHub => {
                ErrorCode::Forbidden
            }
            Self::Exists(_) => ErrorCode::RoomExists,
            Self::NotFound(_) => ErrorCode::RoomNotFound,
            Self::Full(_) => ErrorCode::RoomFull,
            Self::WrongPassword(_) => ErrorCode::WrongPassword,
            Self::NoPlace(_) | Self::Stopping => ErrorCode::ServerError,
        }
    }
}

/// Who comes in, as what.
struct Newcomer {
    user_name: Option<Name>,
    role: Role,
}

impl Registry {
    pub(crate) fn on_room_created(&mut self, key: SessionKey, m: &RoomCreated) -> Result<(), JoinError> {
        self.speak_for(key, m.host_id.as_ref(), m.host.as_ref())?;
        self.check_place_in_session(key)?;
        let room_id = match &m.id {
            Some(id) if self.rooms.with_id(id).is_some() => return Err(JoinError::Exists(id.clone())),
            Some(id) => id.clone(),
            None => self.free_room_id(),
        };
        let room = self.make_room(key, room_id, &m.name, m.host.as_ref(), &m.settings)?;
        self.enter(key, room, Newcomer { user_name: m.host.clone(), role: Role::Host });
        Ok(())
    }

    pub(crate) fn on_user_joined_room(
        &mut self,
        key: SessionKey,
        m: &UserJoinedRoom,
    ) -> Result<(), JoinError> {
        self.speak_for(key, m.user_id.as_ref(), m.user_name.as_ref())?;
        let found = self.rooms.with_id(&m.room_id);
        if let Some(room) = found
            && self.sessions.at(key).is_some_and(|session| session.rooms.contains(&room))
        {
            self.answer_joined(key, room);
            return Ok(());
        }
        let (room, role) = match (found, &m.create) {
            (Some(room), _) => (room, self.check_entrance(key, room, m)?),
            (None, Some(create)) => {
                self.check_place_in_session(key)?;
                let (id, name) = (m.room_id.clone(), m.user_name.as_ref());
                let room = self.make_room(key, id, &create.name, name, &create.settings)?;
                (room, m.role.unwrap_or(Role::Host))
            }
            (None, None) => return Err(JoinError::NotFound(m.room_id.clone())),
        };
        self.enter(key, room, Newcomer { user_name: m.user_name.clone(), role });
        Ok(())
    }

    /// Sees to it that the session speaks for whom the message names. The first join of an anonymous one is its hello.
    fn speak_for(
        &mut self,
        key: SessionKey,
        user_id: Option<&UserId>,
        user_name: Option<&Name>,
    ) -> Result<(), JoinError> {
        if self.is_draining {
            return Err(JoinError::Stopping);
        }
        match (self.sessions.identity(key), user_id) {
            (Some(identity), Some(named)) if identity.user_id != *named => {
                Err(JoinError::NotYou(named.clone()))
            }
            (Some(_), _) => Ok(()),
            (None, user_id) => {
                let claim = Claim {
                    user_id: user_id.cloned(),
                    user_name: user_name.cloned(),
                    instance: None,
                    proof: Err(TokenError::Missing),
                };
                Ok(self.identify(key, claim)?)
            }
        }
    }

    fn check_place_in_session(&self, key: SessionKey) -> Result<(), JoinError> {
        let rooms = self.sessions.at(key).map_or(0, |session| session.rooms.len());
        if rooms >= self.config.rooms_per_session_max {
            return Err(JoinError::TooManyRooms(rooms));
        }
        Ok(())
    }

    /// Whether someone gets into a room that exists, and as what.
    fn check_entrance(
        &self,
        key: SessionKey,
        room_key: RoomKey,
        m: &UserJoinedRoom,
    ) -> Result<Role, JoinError> {
        let (Some(room), Some(identity)) = (self.rooms.at(room_key), self.sessions.identity(key)) else {
            return Err(JoinError::NotFound(m.room_id.clone()));
        };
        self.check_proof(identity.user_id.as_str(), &identity.proof, room_key)?;
        let kept_role = room.kept_role(&identity.user_id, &self.config, self.now);
        if room.via.is_some() {
            return Err(JoinError::ForPeers(m.room_id.clone()));
        }
        if room.is_locked && kept_role != Some(Role::Host) {
            return Err(JoinError::Locked(m.room_id.clone()));
        }
        if room.password.as_ref().is_some_and(|password| !password.is(m.password.as_deref())) {
            return Err(JoinError::WrongPassword(m.room_id.clone()));
        }
        self.check_place_in_session(key)?;
        if room.is_full() {
            return Err(JoinError::Full(m.room_id.clone()));
        }
        let usual = if room.members().is_empty() { Role::Host } else { Role::Caller };
        Ok(m.role.or(kept_role).unwrap_or(usual))
    }

    pub(crate) fn free_room_id(&mut self) -> RoomId {
        loop {
            let id = self.entropy.room_id();
            if self.rooms.with_id(&id).is_none() {
                return id;
            }
        }
    }

    /// Whether the server can have one more room like that.
    pub(crate) fn check_new_room(&self, settings: &client::RoomSettings) -> Result<(), JoinError> {
        if settings.topology == Some(Topology::Sfu) && self.hub_instance.is_none() {
            return Err(JoinError::NoHub);
        }
        if self.rooms.len() >= self.config.rooms_max {
            return Err(JoinError::NoPlace(self.rooms.len()));
        }
        Ok(())
    }

    fn make_room(
        &mut self,
        key: SessionKey,
        id: RoomId,
        name: &Name,
        host_name: Option<&Name>,
        settings: &client::RoomSettings,
    ) -> Result<RoomKey, JoinError> {
        self.check_new_room(settings)?;
        if self.config.peers.keys.reserve(&id) {
            return Err(JoinError::ForPeers(id));
        }
        let Some(identity) = self.sessions.identity(key) else { return Err(JoinError::NotFound(id)) };
        let by = identity.user_id.clone();
        let host = (by.clone(), host_name.unwrap_or(&identity.user_name).clone());
        let room = Room::new(id, name.clone(), host, settings, &self.config, self.now);
        let name = room.name().clone();
        let room = self.rooms.insert(room);
        self.record(room, RoomEvent::Made { name, by: Some(by) });
        Ok(room)
    }

    /// Someone comes in. What could speak against it has been looked at.
    fn enter(&mut self, key: SessionKey, room_key: RoomKey, newcomer: Newcomer) {
        self.last_stay = self.last_stay.saturating_add(1);
        let Some(session) = self.sessions.at_mut(key) else { return };
        let Some(identity) = &session.identity else { return };
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        let participant = Participant {
            id: identity.user_id.clone(),
            name: newcomer.user_name.unwrap_or_else(|| identity.user_name.clone()),
            role: newcomer.role,
            instance: identity.instance.clone(),
            joined_at: Timestamp(self.now),
            suspect: false,
            grade: None,
            tracks: Vec::new(),
        };
        let joined = RoomEvent::Joined {
            session: identity.session_id.clone(),
            participant: participant.id.clone(),
            role: participant.role,
            present: room.members().len().saturating_add(1),
        };
        room.ends_at = None;
        let host_change = room.admit(Member {
            session: key,
            participant: participant.clone(),
            is_recording: false,
            is_at_hub: false,
            wishes: None,
            hub_grade: None,
            ready: 0,
            stay: self.last_stay,
        });
        let arrival = UserJoined {
            room_id: room.id.clone(),
            user_id: participant.id.clone(),
            user_name: participant.name.clone(),
            participant,
            participants: room.participants(),
            epoch: self.config.epoch,
        };
        session.rooms.push(room_key);
        self.arm_session(key);
        self.record(room_key, joined);
        self.answer_joined(key, room_key);
        self.send_to_room(room_key, Some(key), &ServerMessage::UserJoinedRoom(Box::new(arrival)));
        if let Some(change) = host_change {
            self.record(room_key, RoomEvent::HostChanged { from: change.from, to: change.to });
            self.tell_room_updated(room_key, Some(key));
        }
        self.review(room_key);
    }

    /// Tells one who is in a room all about it. Who is in a room watches the list.
    fn answer_joined(&mut self, key: SessionKey, room_key: RoomKey) {
        if let Some(session) = self.sessions.at_mut(key)
            && self.watchers.insert(key, session, &self.config, self.now)
        {
            self.watchers.want();
        }
        let Some(room) = self.rooms.at(room_key) else { return };
        let Some(member) = room.member(key) else { return };
        let joined = RoomJoined {
            room: room.details(),
            you: member.participant.clone(),
            participants: room.participants(),
            topology: room.mode(),
            mix: room.mix(),
            recording: room.recording(),
            epoch: self.config.epoch,
        };
        self.send(key, &ServerMessage::RoomJoined(Box::new(joined)));
        self.tell_of_move(key, room_key);
    }

    /// Tells those in a room how it is set now.
    pub(crate) fn tell_room_updated(&mut self, room_key: RoomKey, except: Option<SessionKey>) {
        let Some(room) = self.rooms.at(room_key) else { return };
        let update = RoomUpdated { room_id: room.id.clone(), room: room.details(), epoch: self.config.epoch };
        self.send_to_room(room_key, except, &ServerMessage::RoomUpdated(Box::new(update)));
    }
}
