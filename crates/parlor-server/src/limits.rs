//! Every bound of the shells: times, sizes, counts. What the contract names is in `parlor_proto::limits`.

use std::time::Duration;

use parlor_proto::limits;

/// WebSockets at once, unless the operator says otherwise.
pub const SOCKETS_MAX: usize = 10_000;
/// Connections that are no WebSockets (pages, probes, handshakes) at once.
pub(crate) const HTTP_CONNECTIONS_MAX: usize = 1_024;
/// Files that a process has open besides connections: its log, what it listens on, what its threads wait with.
pub(crate) const OTHER_FILES: usize = 64;
/// Connections that wait in the kernel to be accepted.
pub(crate) const BACKLOG: i32 = 4_096;
/// Bytes of the body of a request to the admin API: a roster of 1,000, and as many who wait.
pub(crate) const API_BODY_BYTES_MAX: usize = 256 * 1024;
/// How long such a body may take.
pub(crate) const API_BODY: Duration = Duration::from_secs(10);
/// Rooms in one answer of the admin API.
pub(crate) const API_ROOMS_MAX: usize = 1_000;
/// A TLS handshake takes at most this long.
pub(crate) const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// The head of an HTTP request takes at most this long; an idle connection is closed after it as well.
pub(crate) const REQUEST_HEAD: Duration = Duration::from_secs(30);
/// Bytes of the head of an HTTP request.
pub(crate) const REQUEST_HEAD_BYTES: usize = 16 * 1024;
/// How long accepting pauses after an error such as too many open files.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes read from a WebSocket at once, into a buffer of each thread: some frames of one who sends many.
pub(crate) const READ_BYTES: usize = 16 * 1024;
/// The kernel's send buffer of a WebSocket. Small, so that a client that does not read is noticed before the kernel
/// has swallowed megabytes for it. Linux doubles it.
pub(crate) const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// The kernel's send buffer of a WebSocket that is being closed: the place between the two lets the close frame
/// through to a client that has let the smaller one fill up.
pub(crate) const SEND_BUFFER_CLOSING_BYTES: usize = 192 * 1024;
/// Inputs that a socket hands to the registry before others get their turn.
pub(crate) const INPUTS_PER_TURN: usize = 16;
/// Frames taken from an outbox and written at once.
pub(crate) const FRAMES_PER_WRITE: usize = 16;

/// Kept frames that may wait for one socket: as many as a session that comes back may have missed, and those that
/// the registry says before and after them in the same breath (`welcome`, answers).
pub(crate) const KEPT_FRAMES_MAX: usize = limits::REPLAY_FRAMES_MAX + 16;
/// Bytes of these.
pub(crate) const KEPT_BYTES_MAX: usize = limits::REPLAY_BYTES_MAX + 64 * 1024;
/// Frames that may be dropped (differences, pongs) that wait for one socket.
pub(crate) const LOOSE_FRAMES_MAX: usize = 64;
/// Bytes of these.
pub(crate) const LOOSE_BYTES_MAX: usize = 512 * 1024;
/// Kept frames from which whoever causes more gives way to the writer.
pub(crate) const PRESSED_FRAMES: usize = limits::REPLAY_FRAMES_MAX / 4;
/// Frames not yet written from which a socket that can't be written to is not read from either.
pub(crate) const BLOCKED_FRAMES: usize = limits::REPLAY_FRAMES_MAX / 2;

/// A socket that takes nothing of what waits for it for this long reads too slowly.
pub(crate) const WRITE_STALLED: Duration = Duration::from_secs(10);
/// Bytes of offers and wishes that wait for one media thread: some thousand offers of a browser.
pub(crate) const HUB_MAIL_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Orders that a media thread works off before it lets others at its hub; an offer takes about a millisecond.
pub(crate) const HUB_ORDERS_PER_TURN: usize = 8;
/// Datagrams likewise.
pub(crate) const DATAGRAMS_PER_SLICE: usize = 128;
/// The kernel's buffers of the socket for media, each way: at 1 Gbit/s, 30 ms. The system may allow less.
pub(crate) const UDP_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// How long a media thread waits for the system to take what it has to send.
pub(crate) const UDP_SEND_PATIENCE: Duration = Duration::from_millis(5);
/// TCP connections for media at once, of one media thread.
pub(crate) const TCP_CONNECTIONS_MAX: usize = 2_048;
/// Of these with one address, which may be that of a whole house.
pub(crate) const TCP_CONNECTIONS_PER_ADDRESS_MAX: usize = 64;
/// Bytes of one frame (RFC 4571): more than any datagram of a browser has.
pub(crate) const TCP_FRAME_BYTES_MAX: usize = 2 * 1_024;
/// Frames of all connections that wait for a media thread; above, they wait in the kernel and at the other end.
pub(crate) const TCP_FRAMES_IN_MAX: usize = 256;
/// Frames that wait for one connection: a second of a video. Who reads more slowly is closed.
pub(crate) const TCP_FRAMES_OUT_MAX: usize = 256;
/// The kernel's send buffer of such a connection. Linux doubles it.
pub(crate) const TCP_SEND_BUFFER_BYTES: usize = 128 * 1024;
/// A connection to which the hub says nothing for so long after it was opened is nobody's.
pub(crate) const TCP_ANSWER_WAIT: Duration = Duration::from_secs(5);
/// One to which it says nothing for so long later is nobody's any more: checks of ICE are answered every few seconds.
pub(crate) const TCP_IDLE: Duration = Duration::from_secs(30);
/// A connection that takes nothing of what is written for so long is closed.
pub(crate) const TCP_WRITE_STALLED: Duration = Duration::from_secs(5);
/// How long the last frames may take when the server stops.
pub(crate) const TCP_LAST_FRAMES: Duration = Duration::from_millis(500);
/// TCP connections that have just come and wait for a media thread.
pub(crate) const TCP_KNOCKS_MAX: usize = 64;
/// How long accepting pauses while that many wait.
pub(crate) const KNOCK_PAUSE: Duration = Duration::from_millis(5);
/// Senders to addresses of this machine that are not offered, of which it is remembered to which; above, all are learnt anew.
pub(crate) const STRAYS_MAX: usize = 1_024;
/// How long TURN credentials are good for that clients are given; they are renewed before.
pub(crate) const TURN_CREDENTIALS_MS: u64 = 3_600_000;
/// UDP ports of relays, unless the operator says otherwise: the dynamic ones (RFC 6335, section 6).
pub(crate) const TURN_RELAY_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;
/// Ports that are tried for a relay before it is given up.
pub(crate) const TURN_PORT_TRIES: usize = 64;
/// The kernel's buffers of one relay, each way: at 100 Mbit/s, 80 ms. The system may allow less.
pub(crate) const TURN_RELAY_BUFFER_BYTES: usize = 1024 * 1024;
/// Characters of a secret for TURN. Everybody with credentials can try secrets at leisure.
pub(crate) const TURN_SECRET_CHARS_MIN: usize = 16;
/// TURN clients by TCP and TLS at once.
pub(crate) const TURN_STREAMS_MAX: usize = 2_048;
/// Of these with one address, which may be that of a whole house.
pub(crate) const TURN_STREAMS_PER_ADDRESS_MAX: usize = 256;
/// Frames of all of these that wait for the thread; above, they wait in the kernel and at the other end.
pub(crate) const TURN_MAIL_MAX: usize = 512;
/// Frames that wait for one of these; who reads more slowly loses what comes then, as on any slow path.
pub(crate) const TURN_FRAMES_OUT_MAX: usize = 256;
/// Bytes of them.
pub(crate) const TURN_BYTES_OUT_MAX: usize = 128 * 1024;
/// A connection that has no allocation for so long is closed.
pub(crate) const TURN_STREAM_IDLE: Duration = Duration::from_secs(20);
/// Media threads that an operator can ask for.
pub(crate) const MEDIA_THREADS_MAX: usize = 256;

/// From the order to close a socket to its end, whatever the client does.
pub(crate) const CLOSING: Duration = Duration::from_secs(1);
/// How long the end of the stream waits for the client's close frame (RFC 6455, section 7.1.1). Firefox forgets what it has
/// been sent, the frames before too, when the end comes with the first of it.
pub(crate) const CLOSE_REPLY: Duration = Duration::from_millis(500);
/// From the order to stop to the end of the server. The contract allows 10 s.
pub(crate) const STOPPING: Duration = Duration::from_secs(8);
/// How long requests that are being answered may take when the server stops.
pub(crate) const LAST_REQUESTS: Duration = Duration::from_secs(1);
