//! Every bound of the client, and its times.

use std::time::Duration;

/// Frames kept for the server until it has them; as many as the server keeps of its own.
pub(crate) const KEPT_FRAMES_MAX: usize = 256;
/// Requests of the application that wait for the client's task.
pub(crate) const COMMANDS_MAX: usize = 256;
/// Events that wait for the application. Beyond it they are counted ([`crate::Event::Missed`]).
pub(crate) const EVENTS_MAX: usize = 1_024;
/// Packets of one track that wait for the application: 10 s of sound. Beyond it the newest are dropped and counted.
pub(crate) const TRACK_PACKETS_MAX: usize = 512;
/// Orders that wait for one connection's task; a connection that has more waiting is given up.
pub(crate) const ORDERS_MAX: usize = 512;
/// Packets of one's own that wait for one connection's task; beyond it they are dropped.
pub(crate) const OUTGOING_MAX: usize = 128;
/// What connections have to tell the client's task; with more they wait, and the socket drops what comes meanwhile.
pub(crate) const REPORTS_MAX: usize = 2_048;
/// Local addresses that one connection binds a socket to.
pub(crate) const ADDRESSES_MAX: usize = 8;
/// Remote candidates taken for one description; browsers send a dozen.
pub(crate) const CANDIDATES_MAX: usize = 64;
/// Sends and events in a row after one input. More of them is a fault.
pub(crate) const POLLS_MAX: usize = 100_000;
/// Bytes of a datagram.
pub(crate) const DATAGRAM_BYTES_MAX: usize = 2_000;
/// Bytes of a frame on a data channel, as large as a frame of the server's socket.
pub(crate) const DATA_FRAME_BYTES_MAX: u32 = 256 * 1_024;
/// What waits in a data channel at most; with more, the server is the way.
pub(crate) const DATA_BUFFER_BYTES_MAX: usize = 1_024 * 1_024;
/// Ids of lines of chat by which a second copy is told.
pub(crate) const SEEN_MAX: usize = 1_024;
/// Direct lines of somebody whom the roster does not show yet.
pub(crate) const HELD_LINES_MAX: usize = 50;
/// Rooms left lately whose late `room-joined` must not bring them back.
pub(crate) const LEFT_ROOMS_MAX: usize = 64;
/// Packets of a receive section of the hub that nobody is named for yet.
pub(crate) const UNNAMED_PACKETS_MAX: usize = 64;

/// The first delay before a lost server is tried again; it doubles with each.
pub(crate) const RECONNECT_MS: u64 = 500;
/// No such delay is longer, jitter aside.
pub(crate) const RECONNECT_MS_MAX: u64 = 10_000;
/// A connection that lived as long was a good one: the next delay is the first again.
pub(crate) const STABLE: Duration = Duration::from_secs(5);
/// Reaching the server and hearing its `welcome` takes no longer.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// Between two tries to get into a room again that the server could not do just then.
pub(crate) const REJOIN: Duration = Duration::from_secs(1);
/// Someone missing after a reconnect may still be on the way back for this long (`docs/protocol.md`, Rooms).
pub(crate) const MISSING: Duration = Duration::from_secs(10);
/// How long a direct line waits for the roster.
pub(crate) const HELD_LINES: Duration = Duration::from_secs(5);
/// What is under way when a client closes gets this long to go out.
pub(crate) const CLOSE: Duration = Duration::from_secs(2);
/// Silence of the server's socket after which it counts as lost: the server pings a session in a room every 2 s, others every
/// 20 s.
pub(crate) const SILENCE: Duration = Duration::from_secs(45);
/// The same for a session in a room.
pub(crate) const SILENCE_IN_ROOM: Duration = Duration::from_secs(8);
/// Between two requests for a key frame on one track.
pub(crate) const KEY_FRAME: Duration = Duration::from_millis(500);
/// A track that ended at the other side is ended here so much later: its last packets may come after the word of it.
pub(crate) const LINGER: Duration = Duration::from_millis(500);
