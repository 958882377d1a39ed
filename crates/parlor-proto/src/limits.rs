//! Every bound that the contract names. What is a setting of the server has its default here.

/// Bytes of an id.
pub const ID_BYTES_MAX: usize = 64;
/// Unicode scalar values of a name.
pub const NAME_CHARS_MAX: usize = 64;
/// Bytes of one WebSocket frame from a client; a longer one closes its socket with 1009.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;
/// How deep arrays and objects may nest in a frame. Far above any message of the contract, far below what overflows
/// a recursive parser at the other end of a relay.
pub const NESTING_MAX: usize = 64;
/// Bytes of the `payload` of a `message`.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024;
/// Characters of a chat message.
pub const CHAT_CHARS_MAX: usize = 4_000;
/// Characters of a room's password.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Tracks that one participant can name, in an offer or as its track states.
pub const TRACKS_MAX: usize = 64;
/// Participants that a receiver can have muted at the hub, and videos it can ask for.
pub const WISHES_MAX: usize = 1_000;
/// Bytes of a request's `id`.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Participants of a room unless its maker says otherwise.
pub const CAPACITY_DEFAULT: u16 = 10;
/// Participants of any room.
pub const CAPACITY_MAX: u16 = 1_000;
/// Participants of a room that is fixed to a mesh (CM-12).
pub const CAPACITY_MESH_MAX: u16 = 15;
/// Rooms that one session may be in.
pub const ROOMS_PER_SESSION_MAX: usize = 8;

/// Frames a second that a session may send for long.
pub const FRAMES_PER_SECOND: u32 = 100;
/// Frames that a session may send at once.
pub const FRAMES_BURST: u32 = 1_000;
/// `bad-message` errors within [`BAD_MESSAGE_WINDOW_MS`] that close a socket.
pub const BAD_MESSAGES_MAX: usize = 20;
/// See [`BAD_MESSAGES_MAX`].
pub const BAD_MESSAGE_WINDOW_MS: u64 = 60_000;

/// Numbered frames kept for a session that may come back, and at most as many not yet written.
pub const REPLAY_FRAMES_MAX: usize = 256;
/// Bytes of these.
pub const REPLAY_BYTES_MAX: usize = 1024 * 1024;

/// How long a lost session may take to come back.
pub const GRACE_MS: u64 = 10_000;
/// How long an empty room waits for someone (RR-8).
pub const EMPTY_ROOM_MS: u64 = 60_000;
/// How long an identity keeps its role in a room after leaving.
pub const ROLE_KEPT_MS: u64 = 60_000;
/// How long candidates to someone who left are dropped silently.
pub const STALE_CANDIDATE_MS: u64 = 10_000;
/// How often a session in a room is pinged.
pub const PING_IN_ROOM_MS: u64 = 2_000;
/// How often a session in no room is pinged.
pub const PING_IDLE_MS: u64 = 20_000;
/// Silence after which a session is suspect.
pub const SUSPECT_MS: u64 = 4_000;

/// With a camera or screen on, a room of `topology: auto` with more participants goes up to the hub.
pub const MESH_WITH_VIDEO_MAX: u16 = 4;
/// With anybody publishing audio, a room of `topology: auto` with more participants goes up to the hub.
pub const MESH_WITH_AUDIO_MAX: u16 = 8;
/// With a camera or screen on, a room of `topology: auto` with at most so many participants comes back to a mesh.
pub const BACK_WITH_VIDEO_MAX: u16 = 3;
/// Without one, a room of `topology: auto` with at most so many participants comes back to a mesh.
pub const BACK_WITHOUT_VIDEO_MAX: u16 = 6;
/// So long they have to be as few before the room comes back.
pub const BACK_AFTER_MS: u64 = 30_000;
/// A move between mesh and hub waits so long for those who are not ready.
pub const MOVE_MS: u64 = 5_000;

/// Shortest time between two room lists (RR-11: at most 10 a second).
pub const LIST_MERGE_MS: u64 = 100;
/// The room list is sent again this often.
pub const LIST_REPEAT_MS: u64 = 5_000;
/// A list above this many bytes is sent only if changed, and no more often than [`LIST_REPEAT_MS`].
pub const LIST_BYTES_LARGE: usize = 32 * 1024;
