//! Every bound and every wait of the hub. What browsers and servers agree on is in `parlor_proto::limits`.

use std::time::Duration;

/// Transports of one room. A room has at most as many participants.
pub const TRANSPORTS_PER_ROOM_MAX: usize = parlor_proto::limits::CAPACITY_MAX as usize;
/// Bytes of one session description.
pub const SDP_BYTES_MAX: usize = parlor_proto::limits::FRAME_BYTES_MAX;
/// Media sections of one session description.
pub const SECTIONS_MAX: usize = 64;
/// Remote candidates taken for one description.
pub const CANDIDATES_PER_OFFER_MAX: usize = 64;
/// Addresses that are remembered of one transport; the oldest gives way.
pub const ADDRESSES_PER_TRANSPORT_MAX: usize = 8;
/// So many packets in a row have to come by another way before what goes out takes it, too: one or two are overtaken when a path
/// changes.
pub const PACKETS_TO_FOLLOW: u32 = 3;
/// Streams of one participant whose newest packet is remembered for that; the oldest gives way.
pub const STREAMS_FOLLOWED_MAX: usize = 16;
/// Addresses of which it is only guessed whose they are; the oldest gives way.
pub const HINTS_MAX: usize = 4_096;
/// Participants that one receiver can have muted, and videos it can wish for.
pub const WISHES_MAX: usize = parlor_proto::limits::CAPACITY_MAX as usize;
/// Bytes of one frame on a data channel.
pub const DATA_FRAME_BYTES_MAX: u32 = 64 * 1024;
/// Bytes that wait for one slow receiver of data frames; what does not fit is dropped for that receiver.
pub const DATA_BUFFER_BYTES_MAX: usize = 256 * 1024;
/// Data frames a second that one participant may send for long.
pub const DATA_FRAMES_PER_SECOND: u32 = parlor_proto::limits::FRAMES_PER_SECOND;
/// Data frames that one participant may send at once.
pub const DATA_FRAMES_BURST: u32 = 200;
/// Video packets of all its videos that wait for one receiver: large pictures of twenty who show something. Whose packet is one too many waits
/// for its next key frame.
pub const PACED_PACKETS_MAX: usize = 2_000;
/// Video packets kept of each consumer to be sent again.
pub const RESEND_PACKETS_MAX: usize = 512;
/// Of the packets that one datagram says are missing, so many are looked for.
pub const MISSING_PER_DATAGRAM_MAX: usize = 256;
/// Of the reports in one datagram on when packets came, so many are read. Browsers send one.
pub const ARRIVALS_PER_DATAGRAM_MAX: usize = 4;
/// Bytes of a datagram of reports.
pub const REPORTS_BYTES_MAX: usize = 2_048;
/// Packets of padding at once.
pub const PADDING_PACKETS_MAX: usize = 64;
/// How long packets are kept of each consumer to be sent again. A picture that has stood for so long is mended by a key frame.
pub const RESEND_AGE: Duration = Duration::from_secs(1);
/// Of all bytes sent, one in so many may be sent again.
pub const RESEND_SHARE: usize = 3;
/// Bytes that may be sent again at once, however few were sent lately.
pub const RESEND_CREDIT_BYTES_MAX: usize = 128 * 1024;
/// What a packet that goes again counts above its payload: header, number and seal.
pub const RESEND_OVERHEAD_BYTES: usize = 60;
/// A packet that was sent again is so long taken to be on its way: the last round trip, but no less,
pub const RESEND_PAUSE_MIN: Duration = Duration::from_millis(10);
/// and no more than this.
pub const RESEND_PAUSE_MAX: Duration = Duration::from_millis(300);
/// Simulcast layers of one producer.
pub const LAYERS_MAX: usize = 3;
/// What a transport may put out for one input before it is given up as one that never ends.
pub const POLLS_PER_INPUT_MAX: usize = 20_000;
/// Rounds of writing out for one call; what is left is written in the next.
pub const FLUSH_ROUNDS_MAX: usize = 16;

/// Timers of transports are rounded up to a multiple of this, so that what is due together goes out together.
pub const TIMER_STEP: Duration = Duration::from_millis(5);
/// The same for pictures that wait for their turn.
pub const PACER_STEP: Duration = Duration::from_millis(1);
/// How often loudness, slots and layers are looked at.
pub const TICK: Duration = Duration::from_millis(100);
/// How often it is said of a stream when it is to be heard or seen; for the first time at once.
pub const SENDER_REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// How often a path is measured.
pub const GRADE_INTERVAL: Duration = Duration::from_secs(1);
/// A transport that is not connected for the first time by then ends.
pub const CONNECT_WAIT: Duration = Duration::from_secs(30);
/// A transport whose path was lost waits so long for an ICE restart.
pub const PATH_GRACE: Duration = Duration::from_secs(15);
/// No more key frame requests to one layer of a producer than one in this time.
pub const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(500);
/// A producer that sends nothing for so long gives its slots free. Opus in silence (DTX) sends every 400 ms.
pub const PRODUCER_IDLE: Duration = Duration::from_secs(5);
/// A layer that sends nothing for so long is not chosen.
pub const LAYER_IDLE: Duration = Duration::from_secs(2);
/// The bandwidth estimate that a transport begins with, bits per second.
pub const INITIAL_ESTIMATE_BPS: u64 = 1_500_000;
/// So long after connecting the smallest layer of each video goes out whatever the estimate: before there is something to measure
/// it falls far below what the path bears.
pub const ESTIMATE_WAIT: Duration = Duration::from_secs(4);

/// Packets that one feedback of a receiver may tell of; one that tells of more is not looked at.
pub const FEEDBACK_PACKETS_MAX: u16 = 4_096;
/// Packets that are remembered of each transport until feedback tells of them; the oldest are forgotten.
pub const SENT_PACKETS_MAX: usize = 4_096;
/// How long they are.
pub const SENT_AGE: Duration = Duration::from_secs(5);
/// Probes of a path that wait for their turn.
pub const PROBES_MAX: usize = 4;
