//! What a connection manager is told.

use parlor_proto::{
    AnswerFrom, ErrorCode, Grade, IceCandidateFrom, IceCandidateInit, Instance, Kind, LeaveReason, Mix, Mode,
    OfferFrom, Participant, Phase, Role, RoomId, Sdp, Topology, Track, TrackLabel, UserId,
};
use serde::{Deserialize, Serialize};

use crate::remote::Remote;

/// One thing that happened. `attempt` says to which RTCPeerConnection with `peer`; what is said of one that was
/// closed since has no effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Input {
    /// The signalling session began or goes on.
    SignalingUp,
    /// The socket is gone; it will be tried again.
    SignalingDown,
    /// A frame of the server.
    Signal(Signal),
    /// Whether there is local media to wait for (CM-5).
    Media(Media),
    /// Whether the server named a TURN server (CM-16).
    TurnAvailable(bool),
    /// This participant leaves a room.
    LeaveRoom {
        /// Which one.
        room_id: RoomId,
    },
    /// A person wants another try with someone who was given up (CM-7).
    Retry {
        /// With whom.
        peer: Remote,
    },
    /// The application wants no connection with someone.
    ClosePeer {
        /// With whom.
        peer: Remote,
    },
    /// The application wants no connections at all, and is in no room any more.
    CloseAll,
    /// `negotiationneeded` fired.
    NegotiationNeeded {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
    },
    /// The description asked for by `CreateOffer` or `CreateAnswer` was made and set.
    LocalDescriptionSet {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// The description.
        sdp: Sdp,
        /// What its media sections carry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracks: Option<Vec<TrackLabel>>,
    },
    /// It could not be made or set.
    LocalDescriptionFailed {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// What the stack says.
        reason: String,
    },
    /// The local offer was rolled back.
    RolledBack {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
    },
    /// It could not be rolled back.
    RollbackFailed {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// What the stack says.
        reason: String,
    },
    /// The remote description was set.
    RemoteDescriptionSet {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
    },
    /// It could not be set.
    RemoteDescriptionFailed {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// What the stack says.
        reason: String,
    },
    /// A local candidate was found; `None` ends them.
    LocalCandidate {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// The candidate.
        candidate: Option<IceCandidateInit>,
    },
    /// The state of ICE or of the connection changed; both are told.
    StateChanged {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// `iceConnectionState`.
        ice: IceState,
        /// `connectionState`.
        connection: ConnectionState,
    },
    /// What `SampleStats` asked for.
    StatsSampled {
        /// With whom.
        peer: Remote,
        /// In which attempt.
        attempt: u32,
        /// The figures.
        #[serde(flatten)]
        sample: StatsSample,
    },
}

/// The figures of one RTCPeerConnection, from `getStats` (W3C WebRTC Statistics): sums over all its tracks, counted
/// since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatsSample {
    /// `packetsReceived` of all `inbound-rtp`.
    pub packets_received: u64,
    /// `packetsLost` of all `inbound-rtp`, a negative one as 0.
    pub packets_lost: u64,
    /// `bytesReceived` of the transport, or of the candidate pair in use.
    pub bytes_received: u64,
    /// `bytesSent` of the transport, or of the candidate pair in use.
    pub bytes_sent: u64,
    /// `currentRoundTripTime` of the selected candidate pair, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// The largest `jitter` of all `inbound-rtp`, in milliseconds.
    pub jitter_ms: Option<u32>,
    /// `availableOutgoingBitrate` of the selected candidate pair, in kbit/s.
    pub available_out_kbps: Option<u32>,
}

/// The server's frames that matter to connections, and of these what matters: the page's core reads no more, which
/// keeps it small.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
pub enum Signal {
    /// This participant is in a room.
    RoomJoined(RoomJoined),
    /// Someone came.
    UserJoinedRoom(UserJoined),
    /// Someone went.
    UserLeftRoom(UserLeft),
    /// Someone changed.
    UserUpdated(UserUpdated),
    /// A room's settings changed.
    RoomUpdated(RoomUpdated),
    /// A room moves between mesh and hub.
    Topology(TopologyMoved),
    /// The hub asks for an offer.
    OfferWanted(OfferAsked),
    /// Something said to the hub was refused.
    Error(Refused),
    /// An offer.
    Offer(OfferFrom),
    /// An answer.
    Answer(AnswerFrom),
    /// A candidate.
    IceCandidate(IceCandidateFrom),
}

/// Someone in a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Present {
    /// Who.
    pub id: UserId,
    /// The document that owns their connections.
    pub instance: Instance,
    /// What they may do: hosts are connected first.
    pub role: Role,
    /// Whether their session was lost and may come back.
    pub suspect: bool,
    /// How well their path to the hub works, as the hub sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// What packets are to be expected of them (CM-15).
    #[serde(rename = "tracks", default, with = "sends")]
    pub sends: Sends,
}

/// What of someone's tracks is on. Ordered: who sends sound may send pictures, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sends {
    /// Nothing.
    #[default]
    Nothing,
    /// Pictures, which a hub forwards only to who asks for them.
    Pictures,
    /// Sound.
    Sound,
}

impl Sends {
    /// The one among tracks, of each its kind and whether it is on, that tells the most.
    pub fn of(tracks: impl Iterator<Item = (Kind, bool)>) -> Self {
        let one = |kind| if kind == Kind::Audio { Self::Sound } else { Self::Pictures };
        tracks.filter(|(_, is_on)| *is_on).map(|(kind, _)| one(kind)).max().unwrap_or_default()
    }

    pub(crate) fn is_anything(self) -> bool {
        self != Self::Nothing
    }

    pub(crate) fn is_sound(self) -> bool {
        self == Self::Sound
    }
}

/// Of the tracks on the wire no more is read than what of them is on.
mod sends {
    use parlor_proto::Kind;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Sends;

    #[derive(Serialize, Deserialize)]
    struct Track {
        kind: Kind,
        enabled: bool,
    }

    pub(super) fn serialize<S: Serializer>(sends: &Sends, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match sends {
            Sends::Nothing => None,
            Sends::Pictures => Some(Kind::Video),
            Sends::Sound => Some(Kind::Audio),
        };
        serializer.collect_seq(kind.map(|kind| Track { kind, enabled: true }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sends, D::Error> {
        let tracks = Vec::<Track>::deserialize(deserializer)?;
        Ok(Sends::of(tracks.iter().map(|track| (track.kind, track.enabled))))
    }
}

impl From<&Participant> for Present {
    fn from(participant: &Participant) -> Self {
        let Participant { id, instance, role, suspect, grade, tracks, .. } = participant;
        let sends = Sends::of(tracks.iter().map(|Track { kind, enabled, .. }| (*kind, *enabled)));
        let (id, instance) = (id.clone(), instance.clone());
        Self { id, instance, role: *role, suspect: *suspect, grade: *grade, sends }
    }
}

/// What of a room's settings matters to its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomSettings {
    /// How it is set to connect.
    pub topology: Topology,
    /// Who mixes.
    pub mix: Mix,
}

/// Which room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinedRoom {
    /// Its id.
    pub id: RoomId,
    /// Its settings.
    #[serde(flatten)]
    pub settings: RoomSettings,
}

/// `room-joined`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomJoined {
    /// The room.
    pub room: JoinedRoom,
    /// Everyone in it.
    pub participants: Vec<Present>,
    /// How it is connected now.
    pub topology: Mode,
    /// Grows when another server process takes the room over.
    pub epoch: u64,
}

/// `user-joined-room`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserJoined {
    /// Which room.
    pub room_id: RoomId,
    /// Everyone now in it.
    pub participants: Vec<Present>,
    /// See [`RoomJoined::epoch`].
    pub epoch: u64,
}

/// `user-left-room`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLeft {
    /// Which room.
    pub room_id: RoomId,
    /// Who went.
    pub user_id: UserId,
    /// Why.
    pub reason: LeaveReason,
    /// Everyone now in it.
    pub participants: Vec<Present>,
    /// See [`RoomJoined::epoch`].
    pub epoch: u64,
}

/// `user-updated`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserUpdated {
    /// Which room.
    pub room_id: RoomId,
    /// The participant as they are now.
    pub participant: Present,
    /// See [`RoomJoined::epoch`].
    pub epoch: u64,
}

/// `room-updated`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomUpdated {
    /// Which room.
    pub room_id: RoomId,
    /// Its settings now.
    pub room: RoomSettings,
    /// See [`RoomJoined::epoch`].
    pub epoch: u64,
}

/// `topology`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologyMoved {
    /// Which room.
    pub room_id: RoomId,
    /// To where.
    pub mode: Mode,
    /// Which move of this room.
    pub change: u32,
    /// How far it is.
    pub phase: Phase,
}

/// `offer-wanted`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferAsked {
    /// In which room.
    pub room_id: RoomId,
    /// `path-lost`: with new ICE credentials; else of a new RTCPeerConnection.
    pub reason: String,
}

/// `error`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// To whom the refused frame was addressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// The room it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// The attempt it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// What is known of local media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Media {
    /// Asked for; connections wait for it.
    Pending,
    /// There.
    Ready,
    /// This participant publishes nothing, or was refused.
    None,
}

/// `RTCIceConnectionState` (W3C WebRTC, section 5.6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IceState {
    /// Nothing happened yet.
    New,
    /// Candidate pairs are being checked.
    Checking,
    /// A pair works.
    Connected,
    /// A pair works and no other is sought.
    Completed,
    /// The pair stopped working, for now.
    Disconnected,
    /// No pair works.
    Failed,
    /// Over.
    Closed,
}

/// `RTCPeerConnectionState` (W3C WebRTC, section 4.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionState {
    /// Nothing happened yet.
    New,
    /// ICE or DTLS is being set up.
    Connecting,
    /// ICE and DTLS work.
    Connected,
    /// They stopped working, for now.
    Disconnected,
    /// They don't work.
    Failed,
    /// Over.
    Closed,
}
