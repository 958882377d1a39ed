//! What hosts may do: roles, putting someone out, asking to mute, the room's settings and its end.

use parlor_proto::client::{EndRoom, SetRole, TargetUser, UpdateRoom};
use parlor_proto::server::{MuteRequestFrom, UserUpdated};
use parlor_proto::{ErrorCode, LeaveReason, Role, RoomId, ServerMessage, Topology, UserId, limits};

use crate::leave::Departure;
use crate::log::{EndReason, RoomEvent};
use crate::refusal::{NotInRoom, Refusable};
use crate::registry::Registry;
use crate::room::RoomKey;
use crate::session::SessionKey;

/// Why a host's word does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RuleError {
    /// See the error inside.
    #[error(transparent)]
    NotInRoom(#[from] NotInRoom),
    /// Only hosts may.
    #[error("only a host of room {0} can do this")]
    NotHost(RoomId),
    /// Who is in it is not theirs to say.
    #[error("who may be in room {0} is said by the server's operator, who also ends it")]
    Operated(RoomId),
    /// The one it is about is not there.
    #[error("{0} is not in room {1}")]
    NobodyThere(UserId, RoomId),
    /// There is no hub here.
    #[error("this server has no hub: a room can be auto or mesh")]
    NoHub,
    /// A mesh of that size can't work.
    #[error("a room fixed to a mesh takes at most {max}, not {0}", max = limits::CAPACITY_MESH_MAX)]
    TooLargeForMesh(usize),
}

impl Refusable for RuleError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotInRoom(error) => error.code(),
            Self::NotHost(_) | Self::NoHub | Self::Operated(_) => ErrorCode::Forbidden,
            Self::NobodyThere(..) => ErrorCode::PeerUnavailable,
            Self::TooLargeForMesh(_) => ErrorCode::BadMessage,
        }
    }
}

impl Registry {
    pub(crate) fn on_set_role(&mut self, key: SessionKey, m: &SetRole) -> Result<(), RuleError> {
        let (room_key, _) = self.ruled_room(key, &m.room_id)?;
        let target = self.session_in(room_key, &m.room_id, &m.user_id)?;
        let Some(room) = self.rooms.at_mut(room_key) else { return Ok(()) };
        let host_id = room.host_id().clone();
        let Some(participant) = room.participant_mut(target).filter(|other| other.role != m.role) else {
            return Ok(());
        };
        participant.role = m.role;
        let changed = participant.clone();
        // The host who steps down hands over as if they had left (RR-9); alone, they stay the host in name.
        let steps_down = changed.id == host_id && m.role != Role::Host;
        let host_change = if steps_down { room.hand_over_from(target) } else { None };
        self.record(room_key, RoomEvent::RoleChanged { participant: changed.id.clone(), role: m.role });
        let promoted = host_change.as_ref().and_then(|change| change.promoted.clone());
        for participant in [Some(changed), promoted].into_iter().flatten() {
            let update = UserUpdated { room_id: m.room_id.clone(), participant, epoch: self.config.epoch };
            self.send_to_room(room_key, None, &ServerMessage::UserUpdated(Box::new(update)));
        }
        if let Some(change) = host_change {
            self.record(room_key, RoomEvent::HostChanged { from: change.from, to: change.to });
            self.tell_room_updated(room_key, None);
        }
        Ok(())
    }

    pub(crate) fn on_remove_user(&mut self, key: SessionKey, m: &TargetUser) -> Result<(), RuleError> {
        let (room, host) = self.ruled_room(key, &m.room_id)?;
        let target = self.session_in(room, &m.room_id, &m.user_id)?;
        self.leave_room(target, room, &Departure { reason: LeaveReason::Kicked, by: Some(host) });
        Ok(())
    }

    pub(crate) fn on_mute_request(&mut self, key: SessionKey, m: &TargetUser) -> Result<(), RuleError> {
        let (room, host) = self.ruled_room(key, &m.room_id)?;
        let target = self.session_in(room, &m.room_id, &m.user_id)?;
        let request = MuteRequestFrom { room_id: m.room_id.clone(), from: host };
        self.send(target, &ServerMessage::MuteRequest(request));
        Ok(())
    }

    pub(crate) fn on_update_room(&mut self, key: SessionKey, m: &UpdateRoom) -> Result<(), RuleError> {
        let (room_key, by) = self.ruled_room(key, &m.room_id)?;
        let Some(room) = self.rooms.at_mut(room_key) else { return Ok(()) };
        if m.topology == Some(Topology::Sfu) && self.hub_instance.is_none() {
            return Err(RuleError::NoHub);
        }
        let (capacity, topology) = room.shape_after(m);
        if topology == Topology::Mesh && capacity > limits::CAPACITY_MESH_MAX {
            return Err(RuleError::TooLargeForMesh(usize::from(capacity)));
        }
        let present = room.members().len();
        if room.would_come_back(m) && present > usize::from(limits::CAPACITY_MESH_MAX) {
            return Err(RuleError::TooLargeForMesh(present));
        }
        if room.update(m) {
            self.record(room_key, RoomEvent::Updated { by });
            self.tell_room_updated(room_key, None);
            self.review(room_key);
        }
        Ok(())
    }

    pub(crate) fn on_end_room(&mut self, key: SessionKey, m: &EndRoom) -> Result<(), RuleError> {
        let (room, by) = self.ruled_room(key, &m.room_id)?;
        // Without the room its id would be free for one that everybody may enter.
        if self.rooms.at(room).is_some_and(|room| room.roster.is_some()) {
            return Err(RuleError::Operated(m.room_id.clone()));
        }
        let departure = Departure { reason: LeaveReason::RoomEnded, by: Some(by.clone()) };
        self.end_room(room, &departure, EndReason::By(by));
        Ok(())
    }

    /// The room, and who speaks, if they are a host of it.
    fn ruled_room(&self, key: SessionKey, room_id: &RoomId) -> Result<(RoomKey, UserId), RuleError> {
        let room_key = self.room_of(key, room_id)?;
        let member = self.rooms.at(room_key).and_then(|room| room.member(key));
        match member {
            Some(member) if member.participant.role == Role::Host => {
                Ok((room_key, member.participant.id.clone()))
            }
            _ => Err(RuleError::NotHost(room_id.clone())),
        }
    }

    /// The session of someone in a room.
    fn session_in(&self, room: RoomKey, room_id: &RoomId, user_id: &UserId) -> Result<SessionKey, RuleError> {
        self.sessions
            .with_user(user_id)
            .filter(|key| self.sessions.at(*key).is_some_and(|session| session.rooms.contains(&room)))
            .ok_or_else(|| RuleError::NobodyThere(user_id.clone(), room_id.clone()))
    }
}
