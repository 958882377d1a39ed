//! A TURN server (RFC 8656, with STUN as in RFC 8489) as a value: datagrams, frames of streams and the time go in; datagrams,
//! frames and orders to open or close relay sockets come out. Nothing else happens here: sockets, the clock and the key
//! are the caller's.
//!
//! ```text
//! server.handle_input(now, Input::FromClient { client, bytes });
//! while let Some(output) = server.poll_output() { carry_out(output) }
//! sleep_until(server.poll_timeout());
//! ```
//!
//! What is written and read of STUN is `stun-types` and `turn-types`; whom to believe, what to relay where and for how long is
//! decided here. Clients come by UDP, TCP or TLS; relays are UDP. Not here: TCP relays (RFC 6062), mobility
//! (RFC 8016), DTLS, reserved ports, DONT-FRAGMENT.

mod allocation;
mod auth;
mod bucket;
mod credentials;
mod frame;
mod hash;
mod io;
mod ledger;
mod limits;
mod nonce;
mod outbox;
mod policy;
mod relay;
mod requests;
mod server;
mod settings;

pub use credentials::{Credentials, credentials};
pub use frame::{FRAME_HEAD_BYTES, frame_bytes, is_frame_start};
pub use io::{Client, Event, Family, Input, Output, RelayId, Transport};
pub use ledger::{Ledger, Totals};
pub use limits::{
    ALLOCATIONS_MAX, ALLOCATIONS_PER_ADDRESS_MAX, ALLOCATIONS_PER_IDENTITY_MAX, CHANNELS_MAX,
    DATAGRAM_BYTES_MAX, LIFETIME_MS_DEFAULT, LIFETIME_MS_MAX, NONCE_MS, PERMISSIONS_MAX,
};
pub use policy::{Forbidden, Network, NetworkError, Policy};
pub use server::Server;
pub use settings::Settings;
