//! Who a peer says that it is: the query of its WebSocket, read at the door.

use std::sync::Arc;

use parlor_proto::limits::ID_BYTES_MAX;
use parlor_proto::{Name, RoomId, UserId};

/// Bytes of a token. The client's own has a dozen, an issued one some more.
const TOKEN_BYTES_MAX: usize = 1_024;

/// A peer's id, by the rule of the `peerjs` client: `^[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*$`, 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerId {
    text: Arc<str>,
    user_id: UserId,
}

impl PeerId {
    /// Reads an id; none if the client would not take it either, or if it is longer than 64 characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if text.len() > ID_BYTES_MAX || !text.split([' ', '_', '-']).all(is_word) {
            return None;
        }
        let user_id = UserId::parse(&text.replace(' ', ".")).ok()?;
        Some(Self { text: text.into(), user_id })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id as that of a participant. User ids have no spaces, and peers' ids no dots: a dot stands for a space.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// The id as it is kept by whoever looks peers up.
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// What is shown of somebody who has no other name.
    pub(crate) fn name(&self) -> Name {
        Name::parse(&self.text).unwrap_or_else(|_| Name::guest())
    }

    /// The text of the id of a peer whose user id this would be.
    pub(crate) fn text_of(user_id: &UserId) -> String {
        user_id.as_str().replace('.', " ")
    }
}

/// What the query of a WebSocket says.
#[derive(Clone, PartialEq, Eq)]
pub struct Hail {
    pub(crate) id: PeerId,
    pub(crate) token: Box<str>,
    pub(crate) key: RoomId,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HailError {
    /// One of the three is missing, or empty.
    Missing,
    /// No room can have that key as its id.
    Key,
    /// That is no peer's id.
    Id,
    /// The token is longer than any may be.
    Token,
}

impl Hail {
    /// Reads what stands in the query under `id`, `token` and `key`.
    ///
    /// # Errors
    /// [`HailError`] with the first thing that is wrong.
    pub fn parse(id: Option<&str>, token: Option<&str>, key: Option<&str>) -> Result<Self, HailError> {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (Some(id), Some(token), Some(key)) = (given(id), given(token), given(key)) else {
            return Err(HailError::Missing);
        };
        let key = RoomId::parse(&key).map_err(|_| HailError::Key)?;
        let id = PeerId::parse(&id).ok_or(HailError::Id)?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(HailError::Token);
        }
        Ok(Self { id, token: token.into(), key })
    }

    /// The peer's id.
    #[must_use]
    pub fn id(&self) -> &PeerId {
        &self.id
    }
}

impl std::fmt::Debug for Hail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hail({:?} in {:?}, token secret)", self.id.as_str(), self.key)
    }
}
