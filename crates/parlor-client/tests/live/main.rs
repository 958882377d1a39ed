//! Real clients at a real server on a free port of loopback. Everything waits for events, with a deadline that only a fault
//! reaches.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail by panicking, and reads the clock"
)]

mod files;
mod mesh;
mod sessions;
mod star;
mod support;
