//! The words of parlor: ids, names, messages, error codes, limits and time, each of them once.
//!
//! What the words mean is written in `docs/protocol.md`; what to answer to them is decided in `parlor-room` (the
//! server's side) and `parlor-connect` (a participant's side). Nothing here does I/O, reads a clock or keeps state.
//!
//! * [`client`]: what a client says, [`frame`]: the door it comes through ([`ClientFrame::parse`]).
//! * [`server`]: what the server sends ([`ServerMessage::encode`]).
//! * [`room`]: the nouns inside both: participants, tracks, room summaries.
//! * [`json`]: what is passed on unread, and stepped over.
//! * [`limits`]: every bound that the contract names.

pub mod client;
pub mod close;
pub mod error;
pub mod frame;
pub mod id;
pub mod json;
pub mod limits;
pub mod name;
pub mod negotiation;
pub mod raw;
pub mod room;
pub mod server;
pub mod time;

pub use client::ClientMessage;
pub use close::CloseCode;
pub use error::{ErrorCode, Refusal};
pub use frame::{ClientFrame, FrameError, RequestId};
pub use id::{ChatId, IdError, Instance, RoomId, UserId};
pub use name::Name;
pub use negotiation::{
    Answer, AnswerFrom, IceCandidate, IceCandidateFrom, IceCandidateInit, Offer, OfferFrom, OfferWanted,
    Receive, Slot, Slots, TopologyChange, TopologyReady, TrackLabel, WantedVideo,
};
pub use raw::{RawJson, Sdp};
pub use room::{
    Grade, Kind, LeaveReason, Mix, Mode, Participant, Phase, Role, RoomDetails, RoomSummary, Source,
    SummaryParticipant, Topology, Track, Via,
};
pub use server::{Encoded, ServerMessage};
pub use time::{Time, Timestamp};

#[cfg(test)]
mod tests;
