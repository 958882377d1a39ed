//! Registry and connections in one seeded world. Only tests use this crate.
//!
//! * [`browser`]: what an RTCPeerConnection does to descriptions and candidates, as W3C WebRTC says, without media. It sets
//!   every offer at once; the page holds one on a connection that works back until its answer, which allows less.
//! * [`pair`]: two connection managers, every interleaving of them ([`explore`] walks through them all).
//! * [`world`]: the registry and up to ten [`participant`]s over a network that delays, loses sockets and repeats, as
//!   a [`plan`] drawn from the seed says; it can keep a [`trace`] of what each connection manager was told.

pub mod browser;
pub mod explore;
pub mod pair;
pub mod participant;
pub mod plan;
pub mod trace;
pub mod world;
