//! What a client says. How a text frame becomes one of these, and what is answered to one that does not, is in
//! [`frame`](crate::frame).

use serde::{Deserialize, Serialize};

use crate::error::{ErrorCode, Refusal};
use crate::id::{ChatId, Instance, RoomId, UserId};
use crate::limits;
use crate::name::Name;
use crate::negotiation::{Answer, IceCandidate, Offer, Receive, TopologyReady};
use crate::raw::RawJson;
use crate::room::{Mix, Role, Topology, Track};

macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $text:literal),+ $(,)?) => {
        /// What a client says.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(tag = "type", content = "data")]
        pub enum ClientMessage {
            $($(#[$doc])* #[serde(rename = $text)] $variant($data)),+
        }

        impl ClientMessage {
            /// Every type a client may send.
            pub const TYPES: &'static [&'static str] = &[$($text),+];

            /// Its type on the wire.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $text),+ }
            }

            /// Reads the data of a message; `None` for a type that no client sends.
            pub(crate) fn parse(kind: &str, data: &str) -> Option<Result<Self, serde_json::Error>> {
                match kind {
                    $($text => Some(serde_json::from_str(data).map(Self::$variant)),)+
                    _ => None,
                }
            }
        }
    };
}

messages! {
    /// Who I am.
    Hello(Hello) = "hello",
    /// Are you there?
    Ping(Ping) = "ping",
    /// Give me fresh ICE servers.
    IceServers(IceServersRequest) = "ice-servers",
    /// Make a room, with me in it as its host.
    RoomCreated(RoomCreated) = "room-created",
    /// Let me into a room.
    UserJoinedRoom(UserJoinedRoom) = "user-joined-room",
    /// Let me out of a room.
    UserLeftRoom(UserLeftRoom) = "user-left-room",
    /// Send me the list, now and whenever it changes.
    RoomListRequest(RoomListRequest) = "room-list-request",
    /// Give a participant another role.
    SetRole(SetRole) = "set-role",
    /// Put a participant out.
    RemoveUser(TargetUser) = "remove-user",
    /// Ask a participant to mute.
    MuteRequest(TargetUser) = "mute-request",
    /// Change a room's settings.
    UpdateRoom(UpdateRoom) = "update-room",
    /// End a room for everybody.
    EndRoom(EndRoom) = "end-room",
    /// An offer for a participant.
    Offer(Offer) = "offer",
    /// An answer for a participant.
    Answer(Answer) = "answer",
    /// A candidate for a participant.
    IceCandidate(IceCandidate) = "ice-candidate",
    /// What I want to receive of the hub.
    Receive(Receive) = "receive",
    /// The path that a move of the room prepares flows.
    TopologyReady(TopologyReady) = "topology-ready",
    /// What I publish, and what of it is on.
    TrackState(TrackState) = "track-state",
    /// Whether I record what I hear.
    Recording(Recording) = "recording",
    /// A line for everyone in the room.
    Chat(Chat) = "chat",
    /// Data for one participant or all others of a room.
    Message(Message) = "message",
}

/// `hello`: who is at this socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct Hello {
    /// The identity; without it the server makes one.
    pub user_id: Option<UserId>,
    /// The name to show.
    pub user_name: Option<Name>,
    /// The document that owns the connections.
    pub instance: Option<Instance>,
    /// Issued for the identity by the server's operator.
    pub token: Option<String>,
    /// The session to go on with.
    pub resume: Option<Resume>,
}

/// Which session to go on with, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Resume {
    /// The `resumeToken` of its `welcome`.
    pub token: String,
    /// The last `seq` that arrived, 0 if none did.
    #[cfg_attr(test, ts(type = "number"))]
    pub last_seq: u64,
}

/// `ping`: anything, which comes back in `pong`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(default)]
pub struct Ping {
    /// Comes back unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t: Option<RawJson>,
}

/// `ice-servers`: nothing more is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IceServersRequest {}

/// `room-created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct RoomCreated {
    /// The room's id; without it the server makes one.
    pub id: Option<RoomId>,
    /// The room's name.
    pub name: Name,
    /// The creator's name, for a session that said no `hello`.
    pub host: Option<Name>,
    /// The creator's identity, for a session that said no `hello`.
    pub host_id: Option<UserId>,
    /// What else is asked of the room.
    #[serde(flatten)]
    #[cfg_attr(test, ts(flatten))]
    pub settings: RoomSettings,
}

/// What can be asked of a new room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(default)]
pub struct RoomSettings {
    /// 1 to 1,000, to 15 with `topology: mesh`; 10 unless said otherwise.
    pub capacity: Option<u16>,
    /// `auto` unless said otherwise.
    pub topology: Option<Topology>,
    /// `direct` unless said otherwise.
    pub mix: Option<Mix>,
    /// Whether the room list shows it; true unless said otherwise.
    pub listed: Option<bool>,
    /// Asked of everyone who joins.
    pub password: Option<String>,
}

/// `user-joined-room`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UserJoinedRoom {
    /// Which room.
    pub room_id: RoomId,
    /// The identity, for a session that said no `hello`.
    pub user_id: Option<UserId>,
    /// The name to show in this room.
    pub user_name: Option<Name>,
    /// The role asked for.
    pub role: Option<Role>,
    /// The room's password.
    pub password: Option<String>,
    /// Make the room if it is missing.
    pub create: Option<CreateRoom>,
}

/// The room that `user-joined-room` makes if it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct CreateRoom {
    /// The room's name.
    pub name: Name,
    /// What else is asked of the room.
    #[serde(flatten)]
    #[cfg_attr(test, ts(flatten))]
    pub settings: RoomSettings,
}

/// `user-left-room`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UserLeftRoom {
    /// Which room.
    pub room_id: RoomId,
    /// One's own identity, if given at all.
    pub user_id: Option<UserId>,
}

/// `room-list-request`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct RoomListRequest {
    /// Send differences from now on.
    #[cfg_attr(test, ts(optional, as = "Option<_>"))]
    pub deltas: bool,
}

/// `set-role`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SetRole {
    /// In which room.
    pub room_id: RoomId,
    /// Whose role.
    pub user_id: UserId,
    /// The new role.
    pub role: Role,
}

/// `remove-user` and `mute-request`: someone in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TargetUser {
    /// In which room.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
}

/// `update-room`: what is given changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UpdateRoom {
    /// Which room.
    pub room_id: RoomId,
    /// Its new name.
    pub name: Option<Name>,
    /// Its new capacity; who is in stays in.
    pub capacity: Option<u16>,
    /// Its new topology.
    pub topology: Option<Topology>,
    /// Its new mixer.
    pub mix: Option<Mix>,
    /// Whether it takes nobody in.
    pub locked: Option<bool>,
}

/// `end-room`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EndRoom {
    /// Which room.
    pub room_id: RoomId,
}

/// `track-state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TrackState {
    /// In which room.
    pub room_id: RoomId,
    /// Whether the microphone is on.
    pub audio_enabled: bool,
    /// Whether the camera is on.
    pub video_enabled: bool,
    /// All tracks; without it a microphone and a camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub tracks: Option<Vec<Track>>,
}

/// `recording`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// In which room.
    pub room_id: RoomId,
    /// Whether a recording runs.
    pub active: bool,
}

/// `chat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// In which room.
    pub room_id: RoomId,
    /// 1 to 4,000 characters.
    pub text: String,
    /// The sender's id of the message; without it the server makes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub chat_id: Option<ChatId>,
}

/// `message`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// In which room.
    pub room_id: RoomId,
    /// For whom; without it for all others of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<UserId>,
    /// Any JSON up to 16 KiB.
    pub payload: RawJson,
}

impl ClientMessage {
    /// What a refusal of this message repeats of it.
    #[must_use]
    pub fn refusal(&self, code: ErrorCode, message: String) -> Refusal {
        let (to, room_id, attempt) = match self {
            Self::Hello(_) | Self::Ping(_) | Self::IceServers(_) | Self::RoomListRequest(_) => {
                (None, None, None)
            }
            Self::RoomCreated(m) => (None, m.id.clone(), None),
            Self::UserJoinedRoom(m) => (None, Some(m.room_id.clone()), None),
            Self::UserLeftRoom(m) => (None, Some(m.room_id.clone()), None),
            Self::SetRole(m) => (None, Some(m.room_id.clone()), None),
            Self::RemoveUser(m) | Self::MuteRequest(m) => (None, Some(m.room_id.clone()), None),
            Self::UpdateRoom(m) => (None, Some(m.room_id.clone()), None),
            Self::EndRoom(m) => (None, Some(m.room_id.clone()), None),
            Self::Offer(m) | Self::Answer(m) => (Some(m.to.clone()), m.room_id.clone(), Some(m.attempt)),
            Self::IceCandidate(m) => (Some(m.to.clone()), m.room_id.clone(), Some(m.attempt)),
            Self::Receive(m) => (None, Some(m.room_id.clone()), None),
            Self::TopologyReady(m) => (None, Some(m.room_id.clone()), None),
            Self::TrackState(m) => (None, Some(m.room_id.clone()), None),
            Self::Recording(m) => (None, Some(m.room_id.clone()), None),
            Self::Chat(m) => (None, Some(m.room_id.clone()), None),
            Self::Message(m) => (m.to.clone(), Some(m.room_id.clone()), None),
        };
        Refusal { code, message, kind: Some(self.type_name().to_owned()), to, room_id, attempt }
    }

    /// What is wrong with values whose types are right.
    pub(crate) fn fault(&self) -> Option<(ErrorCode, String)> {
        use ErrorCode::{BadMessage, TooLarge};
        let bad = |reason: &str| Some((BadMessage, reason.to_owned()));
        let within = |capacity: Option<u16>, topology: Option<Topology>| {
            let max = if topology == Some(Topology::Mesh) {
                limits::CAPACITY_MESH_MAX
            } else {
                limits::CAPACITY_MAX
            };
            match capacity {
                Some(capacity) if capacity == 0 || capacity > max => {
                    Some((BadMessage, format!("capacity is 1 to {max}, not {capacity}")))
                }
                _ => None,
            }
        };
        let password = |password: &Option<String>| match password {
            Some(text) if text.chars().count() > limits::PASSWORD_CHARS_MAX => {
                Some((TooLarge, format!("password has at most {} characters", limits::PASSWORD_CHARS_MAX)))
            }
            _ => None,
        };
        match self {
            Self::RoomCreated(m) => {
                within(m.settings.capacity, m.settings.topology).or_else(|| password(&m.settings.password))
            }
            Self::UserJoinedRoom(m) => m.create.as_ref().and_then(|c| {
                within(c.settings.capacity, c.settings.topology).or_else(|| password(&c.settings.password))
            }),
            Self::UpdateRoom(m) => within(m.capacity, m.topology),
            Self::Offer(m) | Self::Answer(m) => {
                let tracks = m.tracks.as_ref().map_or(0, Vec::len);
                if m.attempt == 0 || m.n == 0 {
                    bad("attempt and n count from 1")
                } else if m.to.is_hub() && m.room_id.is_none() {
                    bad("roomId is missing: there is a connection with the hub for each room")
                } else if tracks > limits::TRACKS_MAX {
                    Some((BadMessage, format!("at most {} tracks", limits::TRACKS_MAX)))
                } else {
                    None
                }
            }
            Self::IceCandidate(m) if m.attempt == 0 => bad("attempt counts from 1"),
            Self::IceCandidate(m) if m.to.is_hub() && m.room_id.is_none() => {
                bad("roomId is missing: there is a connection with the hub for each room")
            }
            Self::Receive(m) if m.muted.len() > limits::WISHES_MAX || m.video.len() > limits::WISHES_MAX => {
                Some((BadMessage, format!("at most {} muted, and as many videos", limits::WISHES_MAX)))
            }
            Self::TrackState(m) if m.tracks.as_ref().map_or(0, Vec::len) > limits::TRACKS_MAX => {
                Some((BadMessage, format!("at most {} tracks", limits::TRACKS_MAX)))
            }
            Self::Chat(m) if m.text.is_empty() => bad("text has at least one character"),
            Self::Chat(m) if m.text.chars().count() > limits::CHAT_CHARS_MAX => {
                Some((TooLarge, format!("text has at most {} characters", limits::CHAT_CHARS_MAX)))
            }
            Self::Message(m) if m.payload.as_json().len() > limits::PAYLOAD_BYTES_MAX => {
                Some((TooLarge, format!("payload has at most {} bytes", limits::PAYLOAD_BYTES_MAX)))
            }
            _ => None,
        }
    }
}
