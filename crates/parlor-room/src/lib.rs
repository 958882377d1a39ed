//! The registry: sessions, rooms, participants and the room list, as a pure state machine.
//!
//! Frames, lost sockets and the time go in ([`Registry::handle_input`], [`Registry::handle_timeout`]); frames to send,
//! sockets to close and what to log come out ([`Registry::poll_output`]). No I/O, no clock and no entropy live here:
//! the shell (`parlor-server`) owns the sockets, reads the clock and brings the seed. What the messages look like is in
//! `parlor-proto`; what they mean is written in `docs/protocol.md`, sections Session, Rooms, Negotiation and Errors.
//!
//! By whose state it is: `session`, `outbox` and `rate` (one client), `room` and `log` (one room), `list` and `watch`
//! (the room list), `timers`, `outbound`. By what happens: `hello`, `join`, `leave`, `presence`, `rule`, `recording`,
//! `relay`, `hub`, `moves` (between mesh and hub, as `mode` judges), `broker` (PeerJS); from outside all rooms: `operator`, `roster`,
//! with the tokens of `token`.

mod broker;
mod config;
mod entropy;
mod gauges;
mod hash;
mod hello;
mod hub;
mod ice;
mod io;
mod join;
mod leave;
mod list;
mod log;
mod mode;
mod moves;
mod operator;
mod outbound;
mod outbox;
mod password;
mod presence;
mod rate;
mod recording;
mod refusal;
mod registry;
mod relay;
mod room;
mod rooms;
mod roster;
mod rule;
mod session;
mod sessions;
mod timers;
mod token;
mod watch;

pub use broker::{Hail, HailError, PeerConfig, PeerCounters, PeerFrame, PeerId, PeerKeys, Signal};
pub use config::Config;
pub use gauges::Gauges;
pub use hub::{HubOrder, HubReport, HubSeat};
pub use ice::TurnGrant;
pub use io::{CloseCause, ConnId, FrameKind, Input, Outgoing, Output};
pub use log::{
    EndReason, Entry, Event, Freed, MoveCause, PeerEvent, PeerGone, RoomEvent, SessionId, SuspectCause,
};
pub use operator::{NewRoom, Operator, OperatorError, RoomView};
pub use registry::Registry;
pub use room::{Guest, Present};
pub use roster::{ROSTER_WAITING_MAX, Roster};
pub use token::{
    Grant, ShortSecret, TOKEN_SECRET_BYTES_MIN, TOKEN_TTL_S_DEFAULT, TOKEN_TTL_S_MAX, TokenError, TokenKey,
};
