//! The connection manager: negotiation with many remote peers, as a value.
//!
//! Everybody one is connected with is a [`Remote`]: a participant, or the hub of a room. A [`Manager`] is told what happens (a frame of the server, a promise of the WebRTC stack that came true, a command of
//! the application, the time) and says what to do ([`Output`]). It owns no socket, no RTCPeerConnection, no clock
//! and no entropy; the page drives it through `parlor-wasm`.
//!
//! ```
//! # use parlor_connect::{Input, Manager, Settings};
//! # use parlor_proto::{Instance, Time, UserId};
//! # let (id, instance) = (UserId::parse("ada").unwrap(), Instance::parse("i1").unwrap());
//! let mut manager = Manager::new(id, instance, Settings::default(), 7);
//! manager.handle_input(Time::from_ms(0), Input::SignalingUp);
//! while let Some(output) = manager.poll_output() { /* carry it out */ }
//! let wake_me_at = manager.poll_timeout();
//! ```
//!
//! Where things live: [`Manager`] knows who is in which room and who may start when; `peer` is the life of one remote
//! participant (waiting, connecting, retrying); `connection` is the negotiation of one RTCPeerConnection (perfect
//! negotiation, W3C WebRTC section 10.7, with one operation at a time); `roster` is who is in which room, and by which path
//! each room is connected: everybody directly, or the hub, or both while it moves; `candidates` keeps candidates until their
//! description is there; `health` grades a connection
//! that works; `backoff` says how long to wait before a retry.

mod backoff;
mod candidates;
mod cause;
mod connection;
mod health;
mod input;
mod manager;
mod output;
mod peer;
mod remote;
mod roster;
mod settings;

pub use input::{
    ConnectionState, IceState, Input, JoinedRoom, Media, OfferAsked, Present, Refused, RoomJoined,
    RoomSettings, RoomUpdated, Sends, Signal, StatsSample, TopologyMoved, UserJoined, UserLeft, UserUpdated,
};
pub use manager::Manager;
pub use output::{DescriptionType, Output, PeerState, Quality, RemotePeer, Send, Status};
pub use remote::Remote;
pub use settings::Settings;

#[cfg(test)]
mod tests;
