//! The other end of a connection.

use std::fmt;

use parlor_proto::{IdError, RoomId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a room's hub is called where an end is one word; no user id has a slash in it.
const HUB: &str = "hub/";

/// With whom a connection is: a participant, or the hub of one room. As text the participant's id, or `hub/` and the
/// room's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remote {
    /// A participant, whatever rooms they share.
    User(UserId),
    /// The hub, for one room.
    Hub(RoomId),
}

impl Remote {
    /// Reads an end.
    ///
    /// # Errors
    /// [`IdError`] when there is no id where one is to be.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match text.strip_prefix(HUB) {
            Some(room) => RoomId::parse(room).map(Self::Hub),
            None => UserId::parse(text).map(Self::User),
        }
    }

    /// Who sent a frame: the hub speaks for a room.
    #[must_use]
    pub fn sender(from: &UserId, room_id: Option<&RoomId>) -> Option<Self> {
        if from.is_hub() { room_id.cloned().map(Self::Hub) } else { Some(Self::User(from.clone())) }
    }

    /// To whom a frame for it is addressed.
    #[must_use]
    pub fn address(&self) -> UserId {
        match self {
            Self::User(id) => id.clone(),
            Self::Hub(_) => UserId::hub(),
        }
    }

    /// Of which room it is the hub.
    #[must_use]
    pub const fn hub_of(&self) -> Option<&RoomId> {
        match self {
            Self::User(_) => None,
            Self::Hub(room) => Some(room),
        }
    }
}

impl From<UserId> for Remote {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl PartialEq<UserId> for Remote {
    fn eq(&self, id: &UserId) -> bool {
        matches!(self, Self::User(user) if user == id)
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => f.write_str(id.as_str()),
            Self::Hub(room) => {
                f.write_str(HUB)?;
                f.write_str(room.as_str())
            }
        }
    }
}

impl Serialize for Remote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Remote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
