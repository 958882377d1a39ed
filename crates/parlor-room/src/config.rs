//! The registry's settings. Their defaults are the contract's figures, which live in `parlor_proto::limits`.

use parlor_proto::limits;
use parlor_proto::server::IceServer;

use crate::broker::PeerConfig;
use crate::ice::TurnGrant;
use crate::token::TokenKey;

/// Rooms at once. A bound against floods of empty rooms, ten times what the room list was designed for.
const ROOMS_MAX: usize = 100_000;
/// What the hub holds for those who have come back to a mesh: they close it themselves once they are reached directly by everybody, or
/// after 10 s; who does not is freed all the same.
const HUB_KEPT_MS: u64 = 11_000;
/// Some fifty peers.
const LIST_PEERS_BYTES_LARGE: usize = 4 * 1024;
/// Entries of a room's log.
const ROOM_LOG_ENTRIES_MAX: usize = 64;

/// What an operator can set, and a test can shorten. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long a lost session may take to come back.
    pub grace_ms: u64,
    /// How long an empty room waits for someone (RR-8).
    pub empty_room_ms: u64,
    /// How long an identity keeps its role in a room after leaving.
    pub role_kept_ms: u64,
    /// How long candidates to someone who left are dropped silently.
    pub stale_candidate_ms: u64,
    /// How often a session in a room is pinged.
    pub ping_in_room_ms: u64,
    /// How often a session in no room is pinged.
    pub ping_idle_ms: u64,
    /// Silence after which a session is suspect.
    pub suspect_ms: u64,
    /// With a camera or screen on, an `auto` room with more participants goes up to the hub.
    pub mesh_with_video_max: u16,
    /// With anybody publishing audio, an `auto` room with more participants goes up to the hub.
    pub mesh_with_audio_max: u16,
    /// With a camera or screen on, an `auto` room with at most so many comes back to a mesh.
    pub back_with_video_max: u16,
    /// Without one, an `auto` room with at most so many comes back to a mesh.
    pub back_without_video_max: u16,
    /// How long they have to be as few before the room comes back.
    pub back_after_ms: u64,
    /// How long a move between mesh and hub waits for those who are not ready.
    pub move_ms: u64,
    /// How long the hub keeps what it holds for a room that is pinned to a mesh by now.
    pub hub_kept_ms: u64,
    /// Shortest time between two room lists.
    pub list_merge_ms: u64,
    /// The room list is sent again this often.
    pub list_repeat_ms: u64,
    /// A room list above this many bytes is sent only if changed, and no more often than `list_repeat_ms`.
    pub list_bytes_large: usize,
    /// A room of which the list has more bytes than this is shown no more often than `list_repeat_ms` with peers who came or went.
    pub list_peers_bytes_large: usize,
    /// Numbered frames kept for a session that may come back.
    pub replay_frames_max: usize,
    /// Bytes of these.
    pub replay_bytes_max: usize,
    /// Frames a second that a session may send for long.
    pub frames_per_second: u32,
    /// Frames that a session may send at once.
    pub frames_burst: u32,
    /// `bad-message` errors within `bad_message_window_ms` that close a socket.
    pub bad_messages_max: usize,
    /// See `bad_messages_max`.
    pub bad_message_window_ms: u64,
    /// Rooms that one session may be in.
    pub rooms_per_session_max: usize,
    /// Rooms that the server holds.
    pub rooms_max: usize,
    /// Entries that a room's log keeps; older ones go.
    pub room_log_entries_max: usize,
    /// Whether a hub carries out what [`Output::Hub`](crate::Output::Hub) orders.
    pub has_hub: bool,
    /// The broker for PeerJS.
    pub peers: PeerConfig,
    /// What tokens are signed with; none: a random secret, so that those of an earlier server count no more.
    pub token_key: Option<TokenKey>,
    /// Told in `welcome`, for the clients' RTCPeerConnections.
    pub ice_servers: Vec<IceServer>,
    /// A TURN server, for which each session is given credentials of its own.
    pub turn: Option<TurnGrant>,
    /// The `epoch` of all rooms: grows when another server process takes them over.
    pub epoch: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            grace_ms: limits::GRACE_MS,
            empty_room_ms: limits::EMPTY_ROOM_MS,
            role_kept_ms: limits::ROLE_KEPT_MS,
            stale_candidate_ms: limits::STALE_CANDIDATE_MS,
            ping_in_room_ms: limits::PING_IN_ROOM_MS,
            ping_idle_ms: limits::PING_IDLE_MS,
            suspect_ms: limits::SUSPECT_MS,
            mesh_with_video_max: limits::MESH_WITH_VIDEO_MAX,
            mesh_with_audio_max: limits::MESH_WITH_AUDIO_MAX,
            back_with_video_max: limits::BACK_WITH_VIDEO_MAX,
            back_without_video_max: limits::BACK_WITHOUT_VIDEO_MAX,
            back_after_ms: limits::BACK_AFTER_MS,
            move_ms: limits::MOVE_MS,
            hub_kept_ms: HUB_KEPT_MS,
            list_merge_ms: limits::LIST_MERGE_MS,
            list_repeat_ms: limits::LIST_REPEAT_MS,
            list_bytes_large: limits::LIST_BYTES_LARGE,
            list_peers_bytes_large: LIST_PEERS_BYTES_LARGE,
            replay_frames_max: limits::REPLAY_FRAMES_MAX,
            replay_bytes_max: limits::REPLAY_BYTES_MAX,
            frames_per_second: limits::FRAMES_PER_SECOND,
            frames_burst: limits::FRAMES_BURST,
            bad_messages_max: limits::BAD_MESSAGES_MAX,
            bad_message_window_ms: limits::BAD_MESSAGE_WINDOW_MS,
            rooms_per_session_max: limits::ROOMS_PER_SESSION_MAX,
            rooms_max: ROOMS_MAX,
            room_log_entries_max: ROOM_LOG_ENTRIES_MAX,
            has_hub: false,
            peers: PeerConfig::default(),
            token_key: None,
            ice_servers: Vec::new(),
            turn: None,
            epoch: 1,
        }
    }
}
