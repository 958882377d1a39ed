//! Refusals: a stable code for programs and a sentence for people.

use serde::{Deserialize, Serialize};

use crate::id::{RoomId, UserId};

/// The codes of the contract's section "Errors".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// Not JSON, an unknown type, a missing or wrong field.
    BadMessage,
    /// The frame or a part of it is above its limit.
    TooLarge,
    /// More frames than the rate allows.
    RateLimited,
    /// A token is missing or wrong.
    Unauthorized,
    /// Understood, and not allowed.
    Forbidden,
    /// The id of the new room is taken.
    RoomExists,
    /// No such room.
    RoomNotFound,
    /// The room has no place left.
    RoomFull,
    /// The identity is live elsewhere.
    UnavailableId,
    /// The other participant is not there.
    PeerUnavailable,
    /// The sender is not in that room.
    NotInRoom,
    /// The room's password is missing or wrong.
    WrongPassword,
    /// The server can't do this now.
    ServerError,
}

impl ErrorCode {
    /// All codes, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::BadMessage,
        Self::TooLarge,
        Self::RateLimited,
        Self::Unauthorized,
        Self::Forbidden,
        Self::RoomExists,
        Self::RoomNotFound,
        Self::RoomFull,
        Self::UnavailableId,
        Self::PeerUnavailable,
        Self::NotInRoom,
        Self::WrongPassword,
        Self::ServerError,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadMessage => "bad-message",
            Self::TooLarge => "too-large",
            Self::RateLimited => "rate-limited",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RoomExists => "room-exists",
            Self::RoomNotFound => "room-not-found",
            Self::RoomFull => "room-full",
            Self::UnavailableId => "unavailable-id",
            Self::PeerUnavailable => "peer-unavailable",
            Self::NotInRoom => "not-in-room",
            Self::WrongPassword => "wrong-password",
            Self::ServerError => "server-error",
        }
    }
}

/// The data of an `error` frame: what was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// For programs.
    pub code: ErrorCode,
    /// For people: one sentence.
    pub message: String,
    /// The request's type.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<String>,
    /// To whom it was addressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<UserId>,
    /// The room it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<RoomId>,
    /// The attempt it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub attempt: Option<u32>,
}
