//! Every bound and time of the server.

/// Allocations at once, unless the operator says otherwise. Each is a UDP port and a socket.
pub const ALLOCATIONS_MAX: usize = 2_000;
/// Of these of one identity: a participant with 14 others, each connection gathering over UDP, TCP and TLS, and again
/// after a failure.
pub const ALLOCATIONS_PER_IDENTITY_MAX: usize = 100;
/// Of these of one address, whatever identities come from there: it may be that of a whole house.
pub const ALLOCATIONS_PER_ADDRESS_MAX: usize = 300;
/// Addresses that one allocation may have permissions for.
pub const PERMISSIONS_MAX: usize = 128;
/// Channels of one allocation.
pub const CHANNELS_MAX: usize = 128;
/// How long an allocation lives without a refresh, unless the client asks for longer (RFC 8656, section 7.2).
pub const LIFETIME_MS_DEFAULT: u64 = 600_000;
/// The longest that it can ask for.
pub const LIFETIME_MS_MAX: u64 = 3_600_000;
/// How long a permission lives (section 9).
pub(crate) const PERMISSION_MS: u64 = 300_000;
/// How long a channel lives (section 12).
pub(crate) const CHANNEL_MS: u64 = 600_000;
/// How long a nonce is good for (RFC 8489, section 9.2.4, leaves it open).
pub const NONCE_MS: u64 = 600_000;
/// Bytes of a datagram or frame that is taken in either direction: above any datagram of a browser and jumbo frames.
pub const DATAGRAM_BYTES_MAX: usize = 16 * 1024;
/// A waiting socket has to be there after so long, or the allocation is given up.
pub(crate) const OPENING_MS: u64 = 5_000;
/// How much of a second's rate may be sent at once.
pub(crate) const BURST_MS: u64 = 500;
