//! Fuzzing in stable Rust: seeded games in which whatever can come from outside comes to a hub in which others talk. Each body runs for a
//! few fixed seeds as a test; `cargo xtask fuzz` runs more. Keys are drawn from the system, so one seed makes the same choices,
//! not the same bytes.
//!
//! What must hold, whatever comes: nothing panics but at most code below the transport of who sent it; the ledger is what the
//! model says; what goes out is bounded; the others go on hearing each other.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

#[path = "../common/mod.rs"]
mod common;
mod datagrams;
mod game;
mod media;
mod mutate;
mod offers;
