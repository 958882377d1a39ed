//! What a connection manager wants done, and what it tells.

use parlor_proto::{
    Answer, Grade, IceCandidate, IceCandidateInit, Mode, Offer, RoomId, Sdp, TopologyReady, TrackLabel,
    UserId,
};
use serde::{Deserialize, Serialize};

use crate::remote::Remote;

/// One order or one event. Orders about an RTCPeerConnection name it by `peer` and `attempt`; of those that end in
/// an input (`CreateOffer`, `CreateAnswer`, `Rollback`, `SetRemoteDescription`) at most one runs at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Output {
    /// Send this to the server.
    Send(Send),
    /// Make an RTCPeerConnection, with the local tracks and the data channel.
    Open {
        /// With whom.
        peer: Remote,
        /// Which one.
        attempt: u32,
        /// Whether to use TURN candidates only.
        relay_only: bool,
    },
    /// Make an offer and set it.
    CreateOffer {
        /// With whom.
        peer: Remote,
        /// On which one.
        attempt: u32,
        /// Whether with new ICE credentials.
        restart_ice: bool,
    },
    /// Make an answer and set it.
    CreateAnswer {
        /// With whom.
        peer: Remote,
        /// On which one.
        attempt: u32,
    },
    /// Take the local offer back.
    Rollback {
        /// With whom.
        peer: Remote,
        /// On which one.
        attempt: u32,
    },
    /// Set a remote description.
    SetRemoteDescription {
        /// With whom.
        peer: Remote,
        /// On which one.
        attempt: u32,
        /// Which kind.
        r#type: DescriptionType,
        /// The description.
        sdp: Sdp,
        /// What its media sections carry.
        #[serde(skip_serializing_if = "Option::is_none")]
        tracks: Option<Vec<TrackLabel>>,
    },
    /// Add a remote candidate; the description it belongs to is set.
    AddCandidate {
        /// With whom.
        peer: Remote,
        /// On which one.
        attempt: u32,
        /// The candidate; `None` ends them.
        candidate: Option<IceCandidateInit>,
    },
    /// Read the figures of a connection and tell them by `StatsSampled`.
    SampleStats {
        /// With whom.
        peer: Remote,
        /// On which one.
        attempt: u32,
    },
    /// Close the RTCPeerConnection and free what hangs on it.
    Close {
        /// With whom.
        peer: Remote,
        /// Which one.
        attempt: u32,
    },
    /// The state of the connection with someone changed (CM-8).
    ConnectionStateChanged {
        /// With whom.
        remote_peer_id: Remote,
        /// The state now.
        state: PeerState,
    },
    /// How well a connection works is other than it was told last (CM-17).
    QualityChanged {
        /// With whom.
        remote_peer_id: Remote,
        /// The figures.
        quality: Quality,
    },
    /// Someone was given up (CM-7).
    ConnectionFailed {
        /// Who.
        remote_peer_id: Remote,
        /// Why, as a sentence.
        reason: String,
    },
    /// Someone is in no common room any more: free everything that was theirs.
    PeerRemoved {
        /// Who.
        peer: UserId,
    },
    /// By which path a room is heard from now on, and whether the hub is sent anything. A room is a mesh without a hub
    /// until this says otherwise; in a mesh the connection with the hub may stand, silent.
    PathChanged {
        /// Which room.
        room_id: RoomId,
        /// Whence what is heard comes.
        plays: Mode,
        /// Whether tracks go to the hub: while it is played, and while the room moves.
        sends_to_hub: bool,
    },
    /// Something a developer may want to know.
    Warning {
        /// One sentence.
        message: String,
    },
}

/// What a participant sends for the sake of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
pub enum Send {
    /// An offer.
    Offer(Offer),
    /// An answer.
    Answer(Answer),
    /// A candidate.
    IceCandidate(IceCandidate),
    /// The path that a move prepares flows.
    TopologyReady(TopologyReady),
}

/// `RTCSdpType`, as far as it comes from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DescriptionType {
    /// An offer.
    Offer,
    /// An answer.
    Answer,
}

/// How far the connection with someone is (CM-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// There is none, and none is wanted.
    Disconnected,
    /// The other's offer is awaited.
    Waiting,
    /// Negotiating, or about to.
    Connecting,
    /// ICE and the connection work.
    Connected,
    /// It failed and will be tried again.
    Failed,
    /// It failed and was given up.
    FailedPermanent,
}

/// How well a connection works (CM-17): the newest figures, loss over the last 8 s.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// In a word.
    pub grade: Grade,
    /// Round-trip time, in milliseconds; none while it is unknown.
    pub round_trip_ms: Option<u32>,
    /// Packets lost of those sent here, in thousandths.
    pub loss_permille: u32,
    /// Jitter of what arrives (RFC 3550, section 6.4.1), in milliseconds; none without media.
    pub jitter_ms: Option<u32>,
    /// Bit rate in, in kbit/s.
    pub in_kbps: u32,
    /// Bit rate out, in kbit/s.
    pub out_kbps: u32,
    /// What could go out, as congestion control believes, in kbit/s; none where the browser does not say.
    pub available_out_kbps: Option<u32>,
}

/// The state of the connection with someone (CM-8).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerState {
    /// How far it is.
    pub status: Status,
    /// Retries begun since it last worked.
    pub retry_count: u32,
    /// While `failed`: milliseconds from the failure to the retry; none when it waits for signalling.
    pub retry_timeout: Option<u64>,
    /// Whether this side gives way in a collision (CM-1).
    pub is_polite: bool,
    /// Whether an offer is being made.
    pub making_offer: bool,
    /// Whether the other's last offer was ignored.
    pub ignore_offer: bool,
}

/// [`PeerState`] with a name on it, as in `getConnectionsInfo()` (CM-10).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemotePeer {
    /// With whom.
    pub remote_peer_id: Remote,
    /// The state.
    #[serde(flatten)]
    pub state: PeerState,
}
