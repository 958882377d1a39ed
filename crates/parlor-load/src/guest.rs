//! The signalling of one participant as a value: enters a room, offers to the hub, takes its answer. Frames go in and come out as
//! text; the WebRTC end beside it is told what concerns it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Instant;

use parlor_proto::client::{ClientMessage, CreateRoom, Hello, RoomSettings, UserJoinedRoom};
use parlor_proto::server::UserLeft;
use parlor_proto::{
    AnswerFrom, ErrorCode, Instance, LeaveReason, Mode, Name, OfferWanted, Refusal, Role, RoomId, Sdp,
    Topology, UserId,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::end::{End, EndError};
use crate::plan::{Sends, Slots};

/// The only RTCPeerConnection of a guest, and its only offer.
const ATTEMPT: u32 = 1;
const N: u32 = 1;

/// Who somebody is, and what for.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) user_id: UserId,
    pub(crate) instance: Instance,
    pub(crate) room_id: RoomId,
    pub(crate) room_name: Option<Name>,
    pub(crate) capacity: u16,
    pub(crate) password: Option<String>,
    pub(crate) sends: Sends,
    pub(crate) slots: Slots,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not in the room yet.
    Outside,
    /// In the room, and has offered.
    Offered,
    /// The hub has answered.
    Answered,
}

/// Why somebody is not there, or no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum GuestError {
    /// The server said no.
    #[error("the server refused {what}: {message} ({code})", code = code.as_str())]
    Refused {
        /// What was asked for.
        what: String,
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// The room connects its participants to each other.
    #[error("{0} is a mesh, not a star around the hub: choose another --room")]
    Mesh(RoomId),
    /// The descriptions do not go together.
    #[error("no connection with the hub: {0}")]
    Description(String),
    /// Put out of the room, or the server stopped.
    #[error("out of the room: {0}")]
    Out(LeaveReason),
    /// The hub lost the path, or failed.
    #[error("the hub asks for a new connection: {0}")]
    OfferWanted(String),
    /// The WebSocket.
    #[error("signalling: {0}")]
    Socket(String),
    /// The connection stands, and nothing that parlor says ever came over it.
    #[error("no word from the server in {0} s: is it parlor that listens there?")]
    Unanswered(u64),
    /// In the room, and the hub is silent.
    #[error("no answer from the hub in {0} s")]
    NoAnswer(u64),
    /// It took too long.
    #[error("not connected after {0} s: does UDP get through to the hub?")]
    Late(u64),
    /// It was there, and is no more.
    #[error("the connection with the hub was lost")]
    Lost,
    /// No socket or no end.
    #[error("no place for one more participant here: {0}")]
    Local(String),
}

impl From<EndError> for GuestError {
    fn from(error: EndError) -> Self {
        Self::Description(error.to_string())
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Of `room-joined` only what matters here: the roster grows with the crowd.
#[derive(Deserialize)]
struct Joined {
    topology: Mode,
}

/// One participant's signalling.
#[derive(Debug)]
pub struct Guest {
    invitation: Invitation,
    standing: Standing,
    frames: VecDeque<String>,
    failure: Option<GuestError>,
}

impl Guest {
    pub(crate) fn new(invitation: Invitation) -> Self {
        Self { invitation, standing: Standing::Outside, frames: VecDeque::new(), failure: None }
    }

    /// The WebSocket is open.
    pub fn on_open(&mut self) {
        let Invitation { user_id, instance, room_id, room_name, capacity, password, sends, .. } =
            self.invitation.clone();
        let hello = Hello { user_id: Some(user_id), instance: Some(instance), ..Hello::default() };
        let settings = RoomSettings {
            capacity: Some(capacity),
            topology: Some(Topology::Sfu),
            listed: Some(false),
            password: password.clone(),
            ..RoomSettings::default()
        };
        let is_publisher = sends.audio.is_some() || sends.video.is_some();
        let join = UserJoinedRoom {
            room_id,
            user_id: None,
            user_name: None,
            role: Some(if is_publisher { Role::Caller } else { Role::Listener }),
            password,
            create: room_name.map(|name| CreateRoom { name, settings }),
        };
        self.say(&ClientMessage::Hello(hello));
        self.say(&ClientMessage::UserJoinedRoom(join));
    }

    fn say(&mut self, message: &ClientMessage) {
        if let Ok(text) = serde_json::to_string(message) {
            self.frames.push_back(text);
        }
    }

    /// The next frame to send.
    pub fn poll_frame(&mut self) -> Option<String> {
        self.frames.pop_front()
    }

    /// How far it has come.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Why it is not there.
    #[must_use]
    pub fn failure(&self) -> Option<&GuestError> {
        self.failure.as_ref()
    }

    /// It failed, for a reason; the first one counts.
    pub fn fail(&mut self, error: GuestError) {
        self.failure.get_or_insert(error);
    }

    /// A frame came.
    pub fn on_frame(&mut self, now: Instant, text: &str, end: &mut End) {
        let Ok(Envelope { kind, data: Some(data) }) = serde_json::from_str(text) else { return };
        let outcome = match &*kind {
            "room-joined" if self.standing == Standing::Outside => self.on_joined(now, data.get(), end),
            "answer" if self.standing == Standing::Offered => self.on_answer(now, data.get(), end),
            "user-left-room" => match serde_json::from_str::<UserLeft>(data.get()) {
                Ok(left) if left.user_id == self.invitation.user_id => Err(GuestError::Out(left.reason)),
                _ => Ok(()),
            },
            "offer-wanted" => match serde_json::from_str::<OfferWanted>(data.get()) {
                Ok(wanted) => Err(GuestError::OfferWanted(wanted.reason)),
                Err(_) => Ok(()),
            },
            "error" => match serde_json::from_str::<Refusal>(data.get()) {
                Ok(Refusal { code, message, kind, .. }) => Err(GuestError::Refused {
                    what: kind.unwrap_or_else(|| "a frame".to_owned()),
                    code,
                    message,
                }),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            self.fail(error);
        }
    }

    fn on_joined(&mut self, now: Instant, data: &str, end: &mut End) -> Result<(), GuestError> {
        let joined: Joined =
            serde_json::from_str(data).map_err(|error| GuestError::Description(error.to_string()))?;
        if joined.topology != Mode::Sfu {
            return Err(GuestError::Mesh(self.invitation.room_id.clone()));
        }
        let offer = end.offer(now, self.invitation.sends, self.invitation.slots)?;
        let hub = UserId::parse("hub").map_err(|error| GuestError::Description(error.to_string()))?;
        self.standing = Standing::Offered;
        self.say(&ClientMessage::Offer(parlor_proto::Offer {
            to: hub,
            to_instance: None,
            room_id: Some(self.invitation.room_id.clone()),
            sdp: Sdp::from_text(&offer.sdp),
            attempt: ATTEMPT,
            n: N,
            tracks: Some(offer.tracks),
        }));
        Ok(())
    }

    fn on_answer(&mut self, now: Instant, data: &str, end: &mut End) -> Result<(), GuestError> {
        let answer: AnswerFrom =
            serde_json::from_str(data).map_err(|error| GuestError::Description(error.to_string()))?;
        if (answer.attempt, answer.n) == (ATTEMPT, N) {
            end.accept_answer(now, &answer.sdp.text())?;
            self.standing = Standing::Answered;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
