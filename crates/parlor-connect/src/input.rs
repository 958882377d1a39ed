//! What a connection manager is told.

use parlor_proto::{
    AnswerFrom, IceCandidateFrom, IceCandidateInit, Instance, LeaveReason, OfferFrom, Participant, Role,
    RoomId, Sdp, TrackLabel, UserId,
};
use serde::{Deserialize, Serialize};

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
        peer: UserId,
    },
    /// The application wants no connection with someone.
    ClosePeer {
        /// With whom.
        peer: UserId,
    },
    /// The application wants no connections at all, and is in no room any more.
    CloseAll,
    /// `negotiationneeded` fired.
    NegotiationNeeded {
        /// With whom.
        peer: UserId,
        /// In which attempt.
        attempt: u32,
    },
    /// The description asked for by `CreateOffer` or `CreateAnswer` was made and set.
    LocalDescriptionSet {
        /// With whom.
        peer: UserId,
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
        peer: UserId,
        /// In which attempt.
        attempt: u32,
        /// What the stack says.
        reason: String,
    },
    /// The local offer was rolled back.
    RolledBack {
        /// With whom.
        peer: UserId,
        /// In which attempt.
        attempt: u32,
    },
    /// It could not be rolled back.
    RollbackFailed {
        /// With whom.
        peer: UserId,
        /// In which attempt.
        attempt: u32,
        /// What the stack says.
        reason: String,
    },
    /// The remote description was set.
    RemoteDescriptionSet {
        /// With whom.
        peer: UserId,
        /// In which attempt.
        attempt: u32,
    },
    /// It could not be set.
    RemoteDescriptionFailed {
        /// With whom.
        peer: UserId,
        /// In which attempt.
        attempt: u32,
        /// What the stack says.
        reason: String,
    },
    /// A local candidate was found; `None` ends them.
    LocalCandidate {
        /// With whom.
        peer: UserId,
        /// In which attempt.
        attempt: u32,
        /// The candidate.
        candidate: Option<IceCandidateInit>,
    },
    /// The state of ICE or of the connection changed; both are told.
    StateChanged {
        /// With whom.
        peer: UserId,
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
        peer: UserId,
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
    /// Whether any of their tracks is on, so that packets are to be expected (CM-15).
    #[serde(rename = "tracks", default, with = "sending")]
    pub is_sending: bool,
}

/// Of the tracks on the wire no more is read than whether one is on.
mod sending {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Track {
        enabled: bool,
    }

    pub(super) fn serialize<S: Serializer>(is_sending: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(is_sending.then_some(Track { enabled: true }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        Vec::<Track>::deserialize(deserializer).map(|tracks| tracks.iter().any(|track| track.enabled))
    }
}

impl From<&Participant> for Present {
    fn from(participant: &Participant) -> Self {
        let Participant { id, instance, role, suspect, tracks, .. } = participant;
        let is_sending = tracks.iter().any(|track| track.enabled);
        Self { id: id.clone(), instance: instance.clone(), role: *role, suspect: *suspect, is_sending }
    }
}

/// Which room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinedRoom {
    /// Its id.
    pub id: RoomId,
}

/// `room-joined`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomJoined {
    /// The room.
    pub room: JoinedRoom,
    /// Everyone in it.
    pub participants: Vec<Present>,
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
