//! What an operator asks of the registry from outside all rooms: looking at them, making and ending them, putting
//! somebody out, rosters, tokens. Unlike what comes from sockets, each request has its answer as the call's result; what
//! it causes for others comes out of [`Registry::poll_output`](crate::Registry::poll_output).

use parlor_proto::client::RoomSettings;
use parlor_proto::{ErrorCode, LeaveReason, Mode, Name, RoomDetails, RoomId, Time, Topology, UserId, limits};

use crate::join::JoinError;
use crate::leave::Departure;
use crate::log::{EndReason, RoomEvent};
use crate::refusal::Refusable;
use crate::registry::Registry;
use crate::room::{Present, Room, RoomKey};
use crate::roster::{ROSTER_WAITING_MAX, Roster};
use crate::token::{Grant, TOKEN_TTL_S_MAX};

/// Why an operator's request was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// There is no such room.
    #[error("there is no room {0}")]
    NoRoom(RoomId),
    /// There is such a room already.
    #[error("room {0} exists")]
    RoomExists(RoomId),
    /// That one is not there.
    #[error("{0} is not in room {1}")]
    NobodyThere(UserId, RoomId),
    /// The room is open to everybody.
    #[error("room {0} has no roster")]
    NoRoster(RoomId),
    /// More on the roster than the room holds.
    #[error("a roster of {members} does not fit into room {room}, which holds {capacity}")]
    AboveCapacity {
        /// Which room.
        room: RoomId,
        /// How many are on the roster.
        members: usize,
        /// How many the room holds.
        capacity: u16,
    },
    /// More on the waiting list than may wait.
    #[error("{0} can't wait for one room: at most {ROSTER_WAITING_MAX}")]
    TooManyWaiting(usize),
    /// `hub` is nobody's id.
    #[error("hub is the forwarding server's own id, nobody else can have it")]
    Reserved,
    /// No room holds so many, or no mesh.
    #[error(
        "a room holds 1 to {max}, and {mesh} if it is fixed to a mesh",
        max = limits::CAPACITY_MAX,
        mesh = limits::CAPACITY_MESH_MAX
    )]
    Capacity(u16),
    /// The password is too long.
    #[error("a password has at most {max} characters", max = limits::PASSWORD_CHARS_MAX)]
    Password,
    /// There is no hub here.
    #[error("this server has no hub: a room can be auto or mesh")]
    NoHub,
    /// A token can't be good for so long.
    #[error("a token is good for 1 to {TOKEN_TTL_S_MAX} seconds, not for {0}")]
    Ttl(u64),
    /// The server holds as many rooms as it may.
    #[error("the server holds {0} rooms, which is all it can")]
    NoPlace(usize),
    /// The server stops.
    #[error("the server is stopping")]
    Stopping,
}

impl OperatorError {
    /// What programs see: the codes of the signalling protocol.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoRoom(_) | Self::NoRoster(_) => ErrorCode::RoomNotFound,
            Self::RoomExists(_) => ErrorCode::RoomExists,
            Self::NobodyThere(..) => ErrorCode::PeerUnavailable,
            Self::AboveCapacity { .. } => ErrorCode::RoomFull,
            Self::TooManyWaiting(_) => ErrorCode::TooLarge,
            Self::Reserved => ErrorCode::UnavailableId,
            Self::Capacity(_) | Self::Password | Self::Ttl(_) => ErrorCode::BadMessage,
            Self::NoHub => ErrorCode::Forbidden,
            Self::NoPlace(_) | Self::Stopping => ErrorCode::ServerError,
        }
    }
}

/// A room as an operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomView {
    /// As those in it see it.
    pub details: RoomDetails,
    /// The mode in force.
    pub mode: Mode,
    /// Whether a password is asked for.
    pub has_password: bool,
    /// Whether an operator says who may be in it.
    pub has_roster: bool,
}

/// What is asked of a room that an operator makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// Its id; without it the server makes one.
    pub id: Option<RoomId>,
    /// Its name.
    pub name: Name,
    /// Who is named as host until somebody comes, with the name to show.
    pub host: (UserId, Name),
    /// What else is asked of it.
    pub settings: RoomSettings,
    /// Who may be in it; none: everybody.
    pub roster: Option<Roster>,
}

/// An operator at work, at one moment.
#[derive(Debug)]
pub struct Operator<'a>(&'a mut Registry);

impl Registry {
    /// Lets an operator ask. `now` never goes back.
    pub fn operator(&mut self, now: Time) -> Operator<'_> {
        self.advance(now);
        Operator(self)
    }
}

impl Operator<'_> {
    /// Rooms in order of making, also those that are not listed: at most `limit`, from behind `after` if that is given.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`] when `after` is no longer there.
    pub fn rooms(&self, after: Option<&RoomId>, limit: usize) -> Result<Vec<RoomView>, OperatorError> {
        let after = after.map(|after| self.key_of(after)).transpose()?;
        Ok(self.0.rooms.after(after).take(limit).map(view).collect())
    }

    /// One room.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`].
    pub fn room(&self, id: &RoomId) -> Result<RoomView, OperatorError> {
        self.at(id).map(view)
    }

    /// Who is in a room, by whichever door, in order of joining.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`].
    pub fn participants(&self, id: &RoomId) -> Result<Vec<Present>, OperatorError> {
        self.at(id).map(Room::present)
    }

    /// Makes a room with nobody in it. Without a roster it ends after a while unless somebody comes; with one it stays.
    ///
    /// # Errors
    /// [`OperatorError`] when what is asked can't be had.
    pub fn make_room(&mut self, new: NewRoom) -> Result<RoomView, OperatorError> {
        let registry = &mut *self.0;
        let NewRoom { id, name, host, settings, roster } = new;
        if registry.is_draining {
            return Err(OperatorError::Stopping);
        }
        if host.0.is_hub() {
            return Err(OperatorError::Reserved);
        }
        let capacity = settings.capacity.unwrap_or(limits::CAPACITY_DEFAULT);
        let is_mesh = settings.topology == Some(Topology::Mesh);
        let capacity_max = if is_mesh { limits::CAPACITY_MESH_MAX } else { limits::CAPACITY_MAX };
        if !(1..=capacity_max).contains(&capacity) {
            return Err(OperatorError::Capacity(capacity));
        }
        if settings.password.as_ref().is_some_and(|text| text.chars().count() > limits::PASSWORD_CHARS_MAX) {
            return Err(OperatorError::Password);
        }
        let id = match id {
            Some(id) if registry.rooms.with_id(&id).is_some() => return Err(OperatorError::RoomExists(id)),
            Some(id) => id,
            None => registry.free_room_id(),
        };
        let roster = roster.map(|roster| checked(&id, capacity, roster)).transpose()?;
        registry.check_new_room(&settings).map_err(|error| match error {
            JoinError::NoHub => OperatorError::NoHub,
            _ => OperatorError::NoPlace(registry.rooms.len()),
        })?;
        let mut room = Room::new(id.clone(), name.clone(), host, &settings, &registry.config, registry.now);
        room.ends_at = Some(registry.now + registry.config.empty_room_ms);
        let key = registry.rooms.insert(room);
        registry.record(key, RoomEvent::Made { name, by: None });
        if roster.is_some() {
            registry.replace_roster(key, roster);
        }
        registry.review(key);
        registry.finish();
        self.room(&id)
    }

    /// Ends a room for everybody in it.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`].
    pub fn end_room(&mut self, id: &RoomId) -> Result<(), OperatorError> {
        let room = self.key_of(id)?;
        self.0.end_room(room, &Departure::of(LeaveReason::RoomEnded), EndReason::Operator);
        self.0.finish();
        Ok(())
    }

    /// Puts somebody out of a room, as a host could.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`], [`OperatorError::NobodyThere`].
    pub fn remove(&mut self, id: &RoomId, user_id: &UserId) -> Result<(), OperatorError> {
        let room_key = self.key_of(id)?;
        let member = self.at(id)?.members().iter().find(|member| member.participant.id == *user_id);
        match member.map(|member| member.session) {
            Some(session) => self.0.leave_room(session, room_key, &Departure::of(LeaveReason::Kicked)),
            None if self.0.put_out_peer(room_key, user_id) => {}
            None => return Err(OperatorError::NobodyThere(user_id.clone(), id.clone())),
        }
        self.0.finish();
        Ok(())
    }

    /// Who may be in a room.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`]; [`OperatorError::NoRoster`] when it is open to everybody.
    pub fn roster(&self, id: &RoomId) -> Result<&Roster, OperatorError> {
        self.at(id)?.roster.as_ref().ok_or_else(|| OperatorError::NoRoster(id.clone()))
    }

    /// Says who may be in a room. Those added may join; who is in it and not on the roster, or did not come with a token
    /// of their own, is dropped (`kicked`). Ids that are named twice count once, members before those who wait.
    ///
    /// # Errors
    /// [`OperatorError`] when the room is not there or does not hold so many.
    pub fn set_roster(&mut self, id: &RoomId, roster: Roster) -> Result<&Roster, OperatorError> {
        let room_key = self.key_of(id)?;
        let roster = checked(id, self.at(id)?.capacity(), roster)?;
        self.0.replace_roster(room_key, Some(roster));
        self.0.finish();
        self.roster(id)
    }

    /// Opens a room to everybody again.
    ///
    /// # Errors
    /// [`OperatorError::NoRoom`]; [`OperatorError::NoRoster`] when it is open.
    pub fn clear_roster(&mut self, id: &RoomId) -> Result<(), OperatorError> {
        let room_key = self.key_of(id)?;
        self.roster(id)?;
        self.0.replace_roster(room_key, None);
        self.0.finish();
        Ok(())
    }

    /// Issues a token that is good for `ttl_s` seconds from now: its text, and what it says.
    ///
    /// # Errors
    /// [`OperatorError::Ttl`], [`OperatorError::Reserved`].
    pub fn issue_token(
        &self,
        user_id: UserId,
        room: Option<RoomId>,
        ttl_s: u64,
    ) -> Result<(String, Grant), OperatorError> {
        if user_id.is_hub() {
            return Err(OperatorError::Reserved);
        }
        let grant = Grant::new(user_id, room, ttl_s, self.0.now).ok_or(OperatorError::Ttl(ttl_s))?;
        let key = self.0.token_key.as_ref().ok_or(OperatorError::Stopping)?;
        Ok((key.issue(&grant), grant))
    }

    fn key_of(&self, id: &RoomId) -> Result<RoomKey, OperatorError> {
        self.0.rooms.with_id(id).ok_or_else(|| OperatorError::NoRoom(id.clone()))
    }

    fn at(&self, id: &RoomId) -> Result<&Room, OperatorError> {
        let room = self.0.rooms.with_id(id).and_then(|key| self.0.rooms.at(key));
        room.ok_or_else(|| OperatorError::NoRoom(id.clone()))
    }
}

impl Refusable for OperatorError {
    fn code(&self) -> ErrorCode {
        self.code()
    }
}

fn view(room: &Room) -> RoomView {
    RoomView {
        details: room.details(),
        mode: room.mode(),
        has_password: room.password.is_some(),
        has_roster: room.roster.is_some(),
    }
}

/// A roster for a room of that capacity, each id in it once.
fn checked(id: &RoomId, capacity: u16, roster: Roster) -> Result<Roster, OperatorError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut once = |ids: Vec<UserId>| -> Vec<UserId> {
        ids.into_iter().filter(|user_id| seen.insert(user_id.clone())).collect()
    };
    let (members, waiting) = (once(roster.members), once(roster.waiting));
    if members.iter().chain(&waiting).any(UserId::is_hub) {
        return Err(OperatorError::Reserved);
    }
    if members.len() > usize::from(capacity) {
        return Err(OperatorError::AboveCapacity { room: id.clone(), members: members.len(), capacity });
    }
    if waiting.len() > ROSTER_WAITING_MAX {
        return Err(OperatorError::TooManyWaiting(waiting.len()));
    }
    Ok(Roster { members, waiting })
}
