//! The crowd: publishers and subscribers that are real WebRTC ends, hundreds of them on one thread, in rooms of a parlor
//! server. They send made-up sound and pictures, receive what the hub forwards, and count: packets, loss, setup times, latency.
//!
//! * [`End`] is one WebRTC end as a value: datagrams and the time go in, datagrams come out, [`Tally`] is what came.
//! * [`Guest`] is the signalling of one participant as a value: frames go in, frames come out.
//! * [`Ends`] moves datagrams between ends and UDP sockets, [`Crowd`] gives each a guest and a WebSocket, and a plan.
//! * [`Report`] says how it went, in a table or as JSON.
//!
//! Latency is one-way: the time of sending is in the payload, and sender and receiver share the process's clock.

// The loops below are doors: they look at the clock and own sockets. `End`, `Guest` and the counting are given the time.
#![allow(clippy::disallowed_methods, reason = "the loops look at the clock")]

mod address;
mod crowd;
mod end;
mod ends;
mod guest;
pub mod limits;
mod payload;
mod plan;
mod report;
mod tally;
mod wire;

pub use address::{Address, AddressError};
pub use crowd::{Crowd, CrowdError, Progress, Stage};
pub use end::{End, EndError, Kit, Offer, State};
pub use ends::Ends;
pub use guest::{Guest, GuestError, Standing};
pub use payload::{Stamp, layers};
pub use plan::{Camera, Plan, PlanError, Sends, Slots, Voice};
pub use report::{Group, Quantiles, Report};
pub use tally::{Delays, Received, Sent, Tally};
