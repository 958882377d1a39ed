//! From a verb's error to the answer that its sender gets: a stable code and a sentence.

use parlor_proto::{ErrorCode, RoomId};

/// An error that is a participant's mistake, or bad luck.
pub(crate) trait Refusable: std::error::Error {
    /// What programs see.
    fn code(&self) -> ErrorCode;
}

/// What is answered; the sentence is the error's own.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: ErrorCode,
    pub(crate) sentence: String,
}

impl<E: Refusable> From<E> for Fault {
    fn from(error: E) -> Self {
        Self { code: error.code(), sentence: error.to_string() }
    }
}

/// Whoever acts in a room must be in it. A room that does not exist is answered alike: who is outside need not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("you are not in room {0}")]
pub(crate) struct NotInRoom(pub(crate) RoomId);

impl Refusable for NotInRoom {
    fn code(&self) -> ErrorCode {
        ErrorCode::NotInRoom
    }
}
