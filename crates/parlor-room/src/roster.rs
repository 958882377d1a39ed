//! Rosters from outside (GP-7): an operator says who may be in a room. There an id is taken only with its own token
//! (GP-2). Who is taken off is dropped by the way that all leave; how an operator says it is in `operator.rs`.

use parlor_proto::{CloseCode, ErrorCode, LeaveReason, RoomId, Time, UserId};

use crate::broker::{Peer, Place};
use crate::io::ConnId;
use crate::leave::Departure;
use crate::log::{PeerGone, RoomEvent};
use crate::refusal::Refusable;
use crate::registry::Registry;
use crate::room::RoomKey;
use crate::session::SessionKey;
use crate::token::{Grant, TokenError};

/// Participants that can wait for a place.
pub const ROSTER_WAITING_MAX: usize = 1_000;

/// Who may be in a room, by an operator's word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Those who may be in it, each once, as many as the room holds at most.
    pub members: Vec<UserId>,
    /// Those who would be members if there were places, each once; the next one first.
    pub waiting: Vec<UserId>,
}

/// Why someone does not get into a room with a roster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AdmissionError {
    /// In such a room an id is taken with its own token only.
    #[error("room {0} admits {1} with a token of their own only: {2}")]
    Token(RoomId, Box<str>, TokenError),
    /// They wait for a place.
    #[error("room {0} is full, you are on its waiting list")]
    Waiting(RoomId),
    /// They are not meant.
    #[error("you are not on the roster of room {0}")]
    NotOnRoster(RoomId),
}

impl Refusable for AdmissionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Token(..) => ErrorCode::Unauthorized,
            Self::Waiting(_) => ErrorCode::RoomFull,
            Self::NotOnRoster(_) => ErrorCode::Forbidden,
        }
    }
}

impl Registry {
    /// What a token says that was issued for `id`; with `id` none, for anybody.
    pub(crate) fn read_token(&self, id: Option<&str>, token: Option<&str>) -> Result<Grant, TokenError> {
        self.read_token_at(self.now, id, token)
    }

    fn read_token_at(&self, at: Time, id: Option<&str>, token: Option<&str>) -> Result<Grant, TokenError> {
        let token = token.ok_or(TokenError::Missing)?;
        let grant = self.token_key.as_ref().ok_or(TokenError::Forged)?.read(token, at)?;
        match id {
            Some(id) if grant.user_id.as_str() != id => Err(TokenError::OtherUser),
            _ => Ok(grant),
        }
    }

    /// The one question at every door: whether `id` may come into a room with the token that it brought. A room without a
    /// roster, or that is not there, has nothing against anybody. Whether there is a place is another question.
    pub(crate) fn check_admission(
        &self,
        id: &str,
        token: Option<&str>,
        room: &RoomId,
    ) -> Result<(), AdmissionError> {
        match self.rooms.with_id(room) {
            Some(room) => self.check_proof(id, &self.read_token(Some(id), token), room),
            None => Ok(()),
        }
    }

    /// The same for somebody whose token was read when they came.
    pub(crate) fn check_proof(
        &self,
        id: &str,
        proof: &Result<Grant, TokenError>,
        room: RoomKey,
    ) -> Result<(), AdmissionError> {
        let Some(room) = self.rooms.at(room) else { return Ok(()) };
        let Some(roster) = &room.roster else { return Ok(()) };
        let is_good = match proof {
            Err(error) => Err(*error),
            Ok(grant) if grant.expires_at <= self.now => Err(TokenError::Expired),
            Ok(grant) if !grant.counts_in(&room.id) => Err(TokenError::OtherRoom),
            Ok(_) => Ok(()),
        };
        // Before the roster: who has no token does not hear who is on it.
        is_good.map_err(|error| AdmissionError::Token(room.id.clone(), id.into(), error))?;
        if roster.waiting.iter().any(|waiting| waiting.as_str() == id) {
            return Err(AdmissionError::Waiting(room.id.clone()));
        }
        if !roster.members.iter().any(|member| member.as_str() == id) {
            return Err(AdmissionError::NotOnRoster(room.id.clone()));
        }
        Ok(())
    }

    /// Gives a room a roster, or takes it away, and drops whoever has no place on it, or none that is proved.
    pub(crate) fn replace_roster(&mut self, room_key: RoomKey, roster: Option<Roster>) {
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        if room.roster == roster {
            return;
        }
        let event = match &roster {
            Some(Roster { members, waiting }) => {
                RoomEvent::RosterChanged { members: members.clone(), waiting: waiting.len() }
            }
            None => RoomEvent::RosterGone,
        };
        room.roster = roster;
        room.ends_at = match (room.is_empty(), &room.roster) {
            (true, None) => Some(self.now + self.config.empty_room_ms),
            _ => None,
        };
        self.record(room_key, event);
        self.drop_unlisted(room_key);
        self.review(room_key);
    }

    fn drop_unlisted(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.at(room_key) else { return };
        let Some(roster) = &room.roster else { return };
        let is_in_place = |key: SessionKey| {
            self.sessions.identity(key).is_some_and(|identity| {
                // The token let them in; that its time is over since is no reason to go.
                roster.members.contains(&identity.user_id)
                    && identity.proof.as_ref().is_ok_and(|grant| grant.counts_in(&room.id))
            })
        };
        let members = room.members().iter().map(|member| member.session);
        let unlisted: Vec<SessionKey> = members.filter(|key| !is_in_place(*key)).collect();
        let is_unlisted_peer = |peer: &Peer| {
            let user_id = peer.id.user_id();
            let proof = self.read_token_at(peer.came_at, Some(user_id.as_str()), Some(&peer.token));
            let is_in_place =
                roster.members.contains(user_id) && proof.is_ok_and(|grant| grant.counts_in(&room.id));
            matches!(peer.place, Place::In { room, .. } if room == room_key) && !is_in_place
        };
        let unlisted_peers: Vec<ConnId> = match room.peers() {
            0 => Vec::new(),
            _ => self.peers.iter().filter(|(_, peer)| is_unlisted_peer(peer)).map(|(conn, _)| conn).collect(),
        };
        for key in unlisted {
            self.leave_room(key, room_key, &Departure::of(LeaveReason::Kicked));
        }
        for conn in unlisted_peers {
            let close = Some((CloseCode::PolicyViolation, "taken off the roster of the room"));
            self.dismiss_peer(conn, PeerGone::Unlisted, close);
        }
    }
}

impl Grant {
    /// Itself, if it was issued for that one.
    pub(crate) fn of(self, user_id: &UserId) -> Result<Self, TokenError> {
        if self.user_id == *user_id { Ok(self) } else { Err(TokenError::OtherUser) }
    }

    /// Whether it is of use in this room.
    pub(crate) fn counts_in(&self, room: &RoomId) -> bool {
        self.room.as_ref().is_none_or(|own| own == room)
    }
}

#[cfg(test)]
mod tests;
