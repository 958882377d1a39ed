//! How much of what there is, and how often what happened: the figures for metrics, read at one moment.

use parlor_proto::ErrorCode;

use crate::broker::PeerCounters;

/// The registry's figures. Gauges go back to 0 when everything is gone; counters (`*_total`) only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Sockets that are open.
    pub sockets: usize,
    /// Sessions, with and without an identity.
    pub sessions: usize,
    /// Sessions without an identity.
    pub sessions_anonymous: usize,
    /// Sessions that were lost and may come back.
    pub sessions_suspect: usize,
    /// Sessions that watch the room list.
    pub watchers: usize,
    /// Rooms, also empty and unlisted ones.
    pub rooms: usize,
    /// Rooms without participants.
    pub rooms_empty: usize,
    /// Rooms around the hub; the others are meshes.
    pub rooms_sfu: usize,
    /// Rooms that move between mesh and hub.
    pub rooms_moving: usize,
    /// Participants, summed over the rooms.
    pub participants: usize,
    /// Frames kept for sessions that may come back.
    pub frames_kept: usize,
    /// Bytes of these.
    pub bytes_kept: usize,
    /// Timers that are armed.
    pub timers: usize,
    /// Rooms of the list whose text is kept.
    pub list_rooms: usize,
    /// About how many bytes a whole room list has.
    pub list_bytes: usize,
    /// Joins.
    pub joins_total: u64,
    /// Leaves.
    pub leaves_total: u64,
    /// Rooms made.
    pub rooms_made_total: u64,
    /// Moves from mesh to hub.
    pub moves_up_total: u64,
    /// Moves from hub to mesh.
    pub moves_down_total: u64,
    /// Moves of either kind for which not all were ready in time.
    pub moves_overdue_total: u64,
    /// Offers, answers and candidates relayed.
    pub signals_relayed_total: u64,
    /// Whole room lists encoded.
    pub lists_encoded_total: u64,
    /// Room list differences and digests encoded.
    pub deltas_encoded_total: u64,
    /// Sockets of peers (PeerJS), also of those without an id.
    pub peer_sockets: usize,
    /// Peers that have their id.
    pub peers: usize,
    /// Ids that are not there, and for which something or somebody waits.
    pub peer_queues: usize,
    /// Frames that wait for these.
    pub peer_frames_parked: usize,
    /// Bytes of these.
    pub peer_bytes_parked: usize,
    /// What happened to peers.
    pub peer_totals: PeerCounters,
    /// Errors sent, by code, in the order of [`ErrorCode::ALL`].
    pub errors_total: [u64; ErrorCode::ALL.len()],
}
