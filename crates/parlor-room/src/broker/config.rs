//! The broker's settings. Times in milliseconds.

use parlor_proto::RoomId;

use super::parked::Load;

/// Which keys are accepted. A key is the id of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerKeys {
    /// Any that can be a room's id.
    Any,
    /// These.
    Only(Vec<RoomId>),
}

impl PeerKeys {
    /// Whether peers may come with this key.
    #[must_use]
    pub fn accept(&self, key: &RoomId) -> bool {
        match self {
            Self::Any => true,
            Self::Only(keys) => keys.contains(key),
        }
    }

    /// Whether the room of that id is for peers alone.
    pub(crate) fn reserve(&self, id: &RoomId) -> bool {
        matches!(self, Self::Only(keys) if keys.contains(id))
    }
}

/// What an operator can set of the broker, and a test can shorten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerConfig {
    /// Which keys are accepted.
    pub keys: PeerKeys,
    /// Whether those who know a key may ask for the ids of all its peers.
    pub has_discovery: bool,
    /// Peers at once, in a room that none but peers made.
    pub per_room_max: u16,
    /// How long the key of a room that was ended with peers in it is refused, unless the room is made anew by another door.
    pub ended_ms: u64,
    /// How long something waits for a peer who is not there.
    pub expire_ms: u64,
    /// Silence after which a peer is pinged, and pinged again.
    pub ping_ms: u64,
    /// Silence after which a peer is gone, if a ping was among it.
    pub gone_ms: u64,
    /// How long whoever holds an id may take to answer a ping when somebody else wants it.
    pub contest_ms: u64,
    /// Silence after which an offer to a peer goes with a ping: no answer within `expire_ms`, and its sender is told.
    pub doubt_ms: u64,
    /// Frames that wait for one id.
    pub parked_frames_per_id_max: usize,
    /// Frames of one sender that wait.
    pub parked_frames_per_sender_max: usize,
    /// Bytes of either.
    pub parked_bytes_each_max: usize,
    /// Frames that wait, in all.
    pub parked_frames_max: usize,
    /// Bytes of these.
    pub parked_bytes_max: usize,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            keys: PeerKeys::Only(RoomId::parse("peerjs").into_iter().collect()),
            has_discovery: false,
            // As many as PeerServer takes.
            per_room_max: 5_000,
            ended_ms: 60_000,
            expire_ms: 5_000,
            // The client says HEARTBEAT every 5 s: it is pinged only where its timers are slowed down.
            ping_ms: 6_000,
            gone_ms: 15_000,
            contest_ms: 2_000,
            doubt_ms: 1_000,
            parked_frames_per_id_max: 64,
            // An offer and its candidates for each of a roster who are late.
            parked_frames_per_sender_max: 256,
            parked_bytes_each_max: 256 * 1024,
            parked_frames_max: 4_096,
            parked_bytes_max: 4 * 1024 * 1024,
        }
    }
}

impl PeerConfig {
    pub(crate) const fn parked_per_id(&self) -> Load {
        Load { frames: self.parked_frames_per_id_max, bytes: self.parked_bytes_each_max }
    }

    pub(crate) const fn parked_per_sender(&self) -> Load {
        Load { frames: self.parked_frames_per_sender_max, bytes: self.parked_bytes_each_max }
    }

    pub(crate) const fn parked_in_all(&self) -> Load {
        Load { frames: self.parked_frames_max, bytes: self.parked_bytes_max }
    }
}
