//! Stories about the registry: these inputs at these times, these outputs. They see only the crate's surface.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bad_input;
mod grades;
mod host;
mod hub;
mod ice;
mod leaving;
mod list;
mod log;
mod model;
mod moves;
mod operator;
mod page;
mod parked;
mod peers;
mod presence;
mod properties;
mod recording;
mod relay;
mod resume;
mod rooms;
mod scale;
mod session;
mod world;
