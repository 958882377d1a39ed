//! The messages with which two ends of an RTCPeerConnection come to terms. In a client's message the other end is
//! `to`, in the server's it is `from`.

use serde::{Deserialize, Serialize};

use crate::id::{Instance, RoomId, UserId};
use crate::raw::Sdp;
use crate::room::{Mode, Phase, Source};

/// Which track a media section of a description carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TrackLabel {
    /// The section's `mid` (RFC 5888).
    pub mid: String,
    /// What is in it.
    pub source: Source,
}

/// An offer or an answer (RFC 3264) on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The participant at the other end, or `hub`.
    pub to: UserId,
    /// For which instance of theirs this is meant; the server drops it in silence when they have another by now, as
    /// after a reload whose news crossed with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to_instance: Option<Instance>,
    /// Only to the peer `hub`: for which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<RoomId>,
    /// The session description.
    pub sdp: Sdp,
    /// Which RTCPeerConnection of this pair of instances, from 1.
    pub attempt: u32,
    /// Which offer of that RTCPeerConnection, from 1; an answer echoes it.
    pub n: u32,
    /// What the media sections carry; without it audio is the microphone and video the camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub tracks: Option<Vec<TrackLabel>>,
}

/// An offer or an answer as the server relays it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct OfferFrom {
    /// The participant at the other end, or `hub`; the server writes it.
    pub from: UserId,
    /// That participant's instance.
    pub instance: Instance,
    /// Only from the peer `hub`: for which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<RoomId>,
    /// The session description.
    pub sdp: Sdp,
    /// Which RTCPeerConnection of this pair of instances, from 1.
    pub attempt: u32,
    /// Which offer of that RTCPeerConnection, from 1; an answer echoes it.
    pub n: u32,
    /// What the media sections carry; without it audio is the microphone and video the camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub tracks: Option<Vec<TrackLabel>>,
}

impl Offer {
    /// The same description as its receiver gets it.
    #[must_use]
    pub fn relayed(self, from: UserId, instance: Instance) -> OfferFrom {
        let Self { to: _, to_instance: _, room_id: _, sdp, attempt, n, tracks } = self;
        OfferFrom { from, instance, room_id: None, sdp, attempt, n, tracks }
    }
}

/// An answer has the shape of an [`Offer`].
pub type Answer = Offer;
/// An answer has the shape of an [`OfferFrom`].
pub type AnswerFrom = OfferFrom;

/// A candidate (RFC 8838, trickle ICE) on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IceCandidate {
    /// The participant at the other end, or `hub`.
    pub to: UserId,
    /// For which instance of theirs this is meant; the server drops it in silence when they have another by now, as
    /// after a reload whose news crossed with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to_instance: Option<Instance>,
    /// Only to the peer `hub`: for which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<RoomId>,
    /// The candidate; `null` ends the candidates of this generation.
    pub candidate: Option<IceCandidateInit>,
    /// Which RTCPeerConnection of this pair of instances.
    pub attempt: u32,
}

/// A candidate as the server relays it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IceCandidateFrom {
    /// The participant at the other end, or `hub`; the server writes it.
    pub from: UserId,
    /// That participant's instance.
    pub instance: Instance,
    /// Only from the peer `hub`: for which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<RoomId>,
    /// The candidate; `null` ends the candidates of this generation.
    pub candidate: Option<IceCandidateInit>,
    /// Which RTCPeerConnection of this pair of instances.
    pub attempt: u32,
}

impl IceCandidate {
    /// The same candidate as its receiver gets it.
    #[must_use]
    pub fn relayed(self, from: UserId, instance: Instance) -> IceCandidateFrom {
        let Self { to: _, to_instance: _, room_id: _, candidate, attempt } = self;
        IceCandidateFrom { from, instance, room_id: None, candidate, attempt }
    }
}

/// `RTCIceCandidateInit` (W3C WebRTC, section 4.8.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IceCandidateInit {
    /// The candidate attribute; empty at the end of candidates.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<_>"))]
    pub candidate: String,
    /// The media section, by its identification tag.
    #[serde(default)]
    #[cfg_attr(test, ts(optional = nullable))]
    pub sdp_mid: Option<String>,
    /// The media section, by its index.
    #[serde(default)]
    #[cfg_attr(test, ts(rename = "sdpMLineIndex", optional = nullable))]
    #[serde(rename = "sdpMLineIndex")]
    pub sdp_m_line_index: Option<u16>,
    /// The ICE generation; without it, that of the newest description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional = nullable))]
    pub username_fragment: Option<String>,
}

/// `slots`: who is in which receive section of one's connection with the hub, all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Slots {
    /// In which room.
    pub room_id: RoomId,
    /// In the order of the sections.
    pub slots: Vec<Slot>,
}

/// One receive section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// Which section.
    pub mid: String,
    /// Whose track is in it, if anybody's.
    pub user_id: Option<UserId>,
    /// Which of their tracks.
    pub source: Option<Source>,
    /// The contributing source that its packets carry (RFC 3550, section 5.1).
    pub csrc: Option<u32>,
}

/// `offer-wanted`: the hub only answers, so it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct OfferWanted {
    /// In which room.
    pub room_id: RoomId,
    /// `path-lost`: an offer with new ICE credentials; `transport-gone`: an offer of a new RTCPeerConnection.
    pub reason: String,
}

/// `receive`: what the hub is to forward. It replaces what was said before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Receive {
    /// In which room.
    pub room_id: RoomId,
    /// Whose sound is not wanted.
    #[serde(default)]
    pub muted: Vec<UserId>,
    /// Which videos, the most wanted first.
    #[serde(default)]
    pub video: Vec<WantedVideo>,
}

/// One video that a receiver asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WantedVideo {
    /// Whose.
    pub user_id: UserId,
    /// Camera or screen.
    pub source: Source,
    /// How high it is shown, in pixels; more is not needed. Without it as high as it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub max_height: Option<u16>,
}

/// `topology` ←: the room moves between mesh and hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TopologyChange {
    /// Which room.
    pub room_id: RoomId,
    /// To where.
    pub mode: Mode,
    /// Which move of this room, from 1.
    pub change: u32,
    /// How far it is.
    pub phase: Phase,
}

/// `topology-ready` →: the path that a move prepares flows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TopologyReady {
    /// Which room.
    pub room_id: RoomId,
    /// Which move.
    pub change: u32,
}
