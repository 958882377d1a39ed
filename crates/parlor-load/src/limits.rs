//! Every bound and every wait of the crowd.

use std::time::Duration;

/// Participants of all rooms together: each has two sockets of this process.
pub const GUESTS_MAX: usize = 10_000;
/// Media sections of one description that the hub answers.
pub const SECTIONS_MAX: usize = 64;
/// Audio slots of a subscriber, unless the plan says otherwise or there are fewer publishers.
pub const AUDIO_SLOTS_DEFAULT: usize = 6;
/// Video slots likewise.
pub const VIDEO_SLOTS_DEFAULT: usize = 9;
/// From the first packet of TCP to ICE and DTLS connected; who is not there by then has failed.
pub const SETUP_WAIT: Duration = Duration::from_secs(20);
/// How long a subscriber may take from there to the first packet of every track, before the measurement begins without.
pub const MEDIA_WAIT: Duration = Duration::from_secs(10);
/// How long who has said goodbye waits until the server has closed, too.
pub const LEAVE_WAIT: Duration = Duration::from_secs(3);
/// Datagrams read from one socket before the others get their turn.
pub const READS_PER_TURN: usize = 64;
/// Bytes of one datagram.
pub const DATAGRAM_BYTES_MAX: usize = 2_048;
/// What an end may put out for one input before it is given up as one that never ends.
pub const POLLS_PER_INPUT_MAX: usize = 20_000;
/// How far behind its schedule an end sends what it has missed; what is older is left out.
pub const CATCH_UP: Duration = Duration::from_millis(200);
/// Timers are looked at in steps of this.
pub const STEP: Duration = Duration::from_millis(1);
/// Who is late, lost or due to come is looked at in steps of this.
pub const LOOK: Duration = Duration::from_millis(10);
/// Sequence numbers in which a late packet or one that came twice is told from a new one.
pub const WINDOW_PACKETS: u64 = 1_024;
/// Longest delay that is told apart, in microseconds; longer ones count as this.
pub const DELAY_US_MAX: u64 = 60_000_000;
/// Lateness of the crowd's own sending above which its figures say more about it than about the server.
pub const LATE: Duration = Duration::from_millis(10);
/// Kinds of failures that a report names; the others are counted.
pub const FAILURES_NAMED_MAX: usize = 5;
