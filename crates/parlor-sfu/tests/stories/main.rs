//! Stories about the hub with real WebRTC ends in made-up time. They see only the crate's surface.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

mod audio;
#[path = "../common/mod.rs"]
mod common;
mod grades;
mod leaving;
mod malformed;
mod negotiation;
mod sound;
mod video;
