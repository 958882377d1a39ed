//! The server over real sockets: a server on a free port of loopback, clients by tokio-tungstenite and by hand.
//!
//! What the registry decides is tested in `parlor-room`; here is what only shows with bytes: frames and close codes,
//! bounds, slow and broken clients, HTTP, TLS, the end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail by panicking, reads the clock to measure, and prints what it measured"
)]

mod api;
mod bad_input;
mod churn;
mod cut;
mod departures;
mod drain;
mod fuzz;
mod grades;
mod heartbeat;
mod http;
mod hub;
mod metrics;
mod moves;
mod peerjs;
mod session;
mod slow;
mod star;
mod support;
mod tcp;
mod tls;
mod turn;

/// The participants with which the hub's core is tested.
#[allow(unused_imports, reason = "the hub's tests use more of it")]
#[path = "../../../parlor-sfu/tests/common/mod.rs"]
mod participants;
