//! What the server sends, and how it becomes text: once, however many receive it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::frame::RequestId;
use crate::id::{ChatId, RoomId, UserId};
use crate::limits;
use crate::name::Name;
use crate::negotiation::{AnswerFrom, IceCandidateFrom, OfferFrom, OfferWanted, Slots, TopologyChange};
use crate::raw::RawJson;
use crate::room::{LeaveReason, Mix, Mode, Participant, RoomDetails, RoomSummary};
use crate::time::Timestamp;

macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $text:literal),+ $(,)?) => {
        /// What the server says.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(tag = "type", content = "data")]
        pub enum ServerMessage {
            $($(#[$doc])* #[serde(rename = $text)] $variant($data)),+
        }

        impl ServerMessage {
            /// Every type the server may send, besides `ok` and `error`.
            pub const TYPES: &'static [&'static str] = &[$($text),+];

            /// Its type on the wire.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $text),+ }
            }
        }
    };
}

messages! {
    /// The session begins, or goes on.
    Welcome(Box<Welcome>) = "welcome",
    /// I am here.
    Pong(Pong) = "pong",
    /// Fresh ICE servers: take these from now on.
    IceServers(IceServers) = "ice-servers",
    /// All rooms.
    ServerRoomList(ServerRoomList) = "server-room-list",
    /// What changed in the list.
    RoomListDelta(RoomListDelta) = "room-list-delta",
    /// What the list should look like.
    RoomListDigest(RoomListDigest) = "room-list-digest",
    /// You are in.
    RoomJoined(Box<RoomJoined>) = "room-joined",
    /// Someone came.
    UserJoinedRoom(Box<UserJoined>) = "user-joined-room",
    /// Someone went.
    UserLeftRoom(Box<UserLeft>) = "user-left-room",
    /// Someone changed.
    UserUpdated(Box<UserUpdated>) = "user-updated",
    /// The room's settings changed.
    RoomUpdated(Box<RoomUpdated>) = "room-updated",
    /// Someone began or ended a recording.
    Recording(RecordingNow) = "recording",
    /// A host asks you to mute.
    MuteRequest(MuteRequestFrom) = "mute-request",
    /// An offer of a participant.
    Offer(Box<OfferFrom>) = "offer",
    /// An answer of a participant.
    Answer(Box<AnswerFrom>) = "answer",
    /// A candidate of a participant.
    IceCandidate(Box<IceCandidateFrom>) = "ice-candidate",
    /// Who is in which of your receive slots.
    Slots(Slots) = "slots",
    /// The hub needs a new negotiation.
    OfferWanted(OfferWanted) = "offer-wanted",
    /// The room moves between mesh and hub.
    Topology(TopologyChange) = "topology",
    /// A line of a participant.
    Chat(ChatFrom) = "chat",
    /// Data of a participant.
    Message(MessageFrom) = "message",
}

/// `welcome`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The identity.
    pub user_id: UserId,
    /// The name.
    pub user_name: Name,
    /// Names this session in logs.
    pub session_id: String,
    /// Lets this session be resumed.
    pub resume_token: String,
    /// Whether an earlier session goes on.
    pub resumed: bool,
    /// The last `cseq` that arrived.
    #[cfg_attr(test, ts(type = "number"))]
    pub last_cseq: u64,
    /// Version of the contract: 1.
    pub protocol: u32,
    /// `RTCIceServer`s for the RTCPeerConnections.
    pub ice_servers: Vec<IceServer>,
    /// What this server allows.
    pub limits: Limits,
}

/// `RTCIceServer` (W3C WebRTC, section 4.2.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IceServer {
    /// `stun:` and `turn:` addresses.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub credential: Option<String>,
}

/// `ice-servers`: as in `welcome`, with credentials that are good for longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IceServers {
    /// `RTCIceServer`s for the RTCPeerConnections.
    pub ice_servers: Vec<IceServer>,
}

/// What a server allows, as it tells its clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Bytes of a frame.
    pub frame_bytes: u32,
    /// Frames a second.
    pub frames_per_second: u32,
    /// Frames at once.
    pub frames_burst: u32,
    /// Bytes of a `message`'s payload.
    pub payload_bytes: u32,
    /// Characters of a `chat`'s text.
    pub chat_characters: u32,
    /// Characters of a name.
    pub name_characters: u32,
    /// Rooms at once.
    pub rooms_per_session: u32,
    /// Participants of a room.
    pub capacity: u32,
    /// Milliseconds that a lost session may take to come back.
    pub grace_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            frame_bytes: number(limits::FRAME_BYTES_MAX),
            frames_per_second: limits::FRAMES_PER_SECOND,
            frames_burst: limits::FRAMES_BURST,
            payload_bytes: number(limits::PAYLOAD_BYTES_MAX),
            chat_characters: number(limits::CHAT_CHARS_MAX),
            name_characters: number(limits::NAME_CHARS_MAX),
            rooms_per_session: number(limits::ROOMS_PER_SESSION_MAX),
            capacity: limits::CAPACITY_MAX.into(),
            grace_ms: u32::try_from(limits::GRACE_MS).unwrap_or(u32::MAX),
        }
    }
}

/// `pong`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pong {
    /// What the `ping` brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub t: Option<RawJson>,
}

/// `server-room-list`: the whole truth; replace what was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ServerRoomList {
    /// Grows with each change of the list.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: u64,
    /// All listed rooms, in order of making.
    pub rooms: Vec<RoomSummary>,
}

/// `room-list-delta`: what differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RoomListDelta {
    /// The version it leads to.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: u64,
    /// The version it starts from.
    #[cfg_attr(test, ts(type = "number"))]
    pub from: u64,
    /// Rooms that are new or other than before.
    pub changed: Vec<RoomSummary>,
    /// Rooms that are gone.
    pub removed: Vec<RoomId>,
}

/// `room-list-digest`: by which a watcher of differences sees that it missed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RoomListDigest {
    /// The list's version.
    #[cfg_attr(test, ts(type = "number"))]
    pub version: u64,
    /// How many rooms it has.
    pub count: u32,
}

/// `room-joined`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RoomJoined {
    /// The room.
    pub room: RoomDetails,
    /// One's own participant.
    pub you: Participant,
    /// Everyone, oneself included, in order of joining.
    pub participants: Vec<Participant>,
    /// The mode in force.
    pub topology: Mode,
    /// Who mixes.
    pub mix: Mix,
    /// Who records.
    pub recording: Vec<UserId>,
    /// Grows when another server process takes the room over.
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
}

/// `user-joined-room`, to the others in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UserJoined {
    /// Which room.
    pub room_id: RoomId,
    /// Who came.
    pub user_id: UserId,
    /// Their name.
    pub user_name: Name,
    /// All of them.
    pub participant: Participant,
    /// Everyone now in the room, in order of joining.
    pub participants: Vec<Participant>,
    /// See [`RoomJoined::epoch`].
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
}

/// `user-left-room`, to those who remain and to whoever left without asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UserLeft {
    /// Which room.
    pub room_id: RoomId,
    /// Who went.
    pub user_id: UserId,
    /// Their name.
    pub user_name: Name,
    /// Why.
    pub reason: LeaveReason,
    /// By whose hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub by: Option<UserId>,
    /// Everyone now in the room, in order of joining.
    pub participants: Vec<Participant>,
    /// See [`RoomJoined::epoch`].
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
}

/// `user-updated`: role, name, tracks, suspect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UserUpdated {
    /// Which room.
    pub room_id: RoomId,
    /// The participant as they are now.
    pub participant: Participant,
    /// See [`RoomJoined::epoch`].
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
}

/// `room-updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RoomUpdated {
    /// Which room.
    pub room_id: RoomId,
    /// The room as it is now.
    pub room: RoomDetails,
    /// See [`RoomJoined::epoch`].
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
}

/// `recording`, to everybody in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecordingNow {
    /// In which room.
    pub room_id: RoomId,
    /// Everybody who records now, in order of joining.
    pub recording: Vec<UserId>,
    /// See [`RoomJoined::epoch`].
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
}

/// `mute-request`, to the one who is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MuteRequestFrom {
    /// In which room.
    pub room_id: RoomId,
    /// Who asks.
    pub from: UserId,
}

/// `chat`, to the others in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChatFrom {
    /// In which room.
    pub room_id: RoomId,
    /// Who wrote it.
    pub user_id: UserId,
    /// What they wrote.
    pub text: String,
    /// Tells copies of it.
    pub chat_id: ChatId,
    /// When it reached the server.
    pub sent_at: Timestamp,
}

/// `message`, to one participant or to all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MessageFrom {
    /// In which room.
    pub room_id: RoomId,
    /// Who sent it.
    pub from: UserId,
    /// For whom, if not for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<UserId>,
    /// Unchanged.
    pub payload: RawJson,
}

/// A message as text, encoded once. What differs between its receivers is only the number at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded(Arc<str>);

impl Encoded {
    /// The text for receivers that do not count it.
    #[must_use]
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The text with a top-level `seq`.
    #[must_use]
    pub fn numbered(&self, seq: u64) -> Arc<str> {
        const NUMBER_BYTES_MAX: usize = 28;
        let open = self.0.strip_suffix('}').unwrap_or(&self.0);
        // Room for all of it at once: this is done for each receiver of each frame.
        let mut text = String::with_capacity(open.len().saturating_add(NUMBER_BYTES_MAX));
        text.push_str(open);
        text.push_str(",\"seq\":");
        text.push_str(&seq.to_string());
        text.push('}');
        text.into()
    }
}

impl ServerMessage {
    /// The message as one frame's text.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        encode(self)
    }
}

/// The `ok` that answers a request.
#[must_use]
pub fn encode_ok(re: &RequestId) -> Encoded {
    #[derive(Serialize)]
    struct Empty {}
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        re: &'a RequestId,
        data: Empty,
    }
    encode(&Frame { r#type: "ok", re, data: Empty {} })
}

/// The `error` that answers a request, or comes without one.
#[must_use]
pub fn encode_error(re: Option<&RequestId>, refusal: &Refusal) -> Encoded {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<&'a RequestId>,
        data: &'a Refusal,
    }
    encode(&Frame { r#type: "error", re, data: refusal })
}

fn encode<T: Serialize>(frame: &T) -> Encoded {
    /// Most frames fit, so that the text need not grow while it is written; it is copied to its size afterwards.
    const USUAL_BYTES: usize = 1024;
    let mut text = Vec::with_capacity(USUAL_BYTES);
    // Only maps with keys that are no strings, or failing writers, can fail; the frames above have neither.
    let written = serde_json::to_writer(&mut text, frame);
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    Encoded(text.as_deref().unwrap_or("{}").into())
}
