//! Stories about the TURN server: what clients and peers send, what comes out, at which times.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod malformed;
mod relay;
mod requests;
mod vectors;
mod world;
