//! The bridge as it runs, between a double of Discord's gateway and a real parlor: who is in the voice channel is on the
//! room's roster, whatever happens to the connection in between (GP-7).

#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail by panicking, reads the clock, and its double has a lock"
)]

mod connections;
mod double;
mod people;
mod settings;
mod support;
