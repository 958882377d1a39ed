//! The hub's core: a selective forwarding unit (RFC 7667, section 3.7), as a value.
//!
//! Offers, wishes, datagrams and the time go in ([`Hub::handle_input`], [`Hub::handle_timeout`]); answers, datagrams, slots and
//! what to log come out ([`Hub::poll_output`]). No sockets, threads, clock or files live here, and no rooms by name: a hub is
//! given numbers of rooms, and forwards within one. Sections of `docs/protocol.md`: The hub, Negotiation.
//!
//! ```no_run
//! # fn all(settings: parlor_sfu::Settings, now: std::time::Instant, input: parlor_sfu::Input<'_>) {
//! let mut hub = parlor_sfu::Hub::new(settings, now);
//! hub.handle_input(now, input); // as many as there are: what they cause goes out together
//! while let Some(output) = hub.poll_output() { /* carry it out */ }
//! let wake_me_at = hub.poll_timeout();
//! # }
//! ```
//!
//! str0m does ICE, DTLS, SCTP and what comes in; `transport` is the one place that calls it, and stops what
//! panics below from reaching further. Sound and pictures go out beside it, under the keys of its DTLS (`keys`). str0m also reads entropy, and the certificate is made with it: a hub gives the same decisions
//! for the same inputs, not the same bytes.
//!
//! By whose state it is: `transport` (one path), `producer`, `slot` with its consumer, `room`, `demux`, `rewrite`
//! (numbers of one outgoing stream), `stream` and `resend` (what goes out in it), `egress` (what goes out to one receiver, with `srtp`, `rtcp`
//! and `bandwidth`), `loudness`, `grade` (how well a path works). By what happens: `offer`, `forward`, `assign` (who is in which slot), `layers`
//! (which layer, for which bandwidth), `data`, `leave` (the one way out).

#[cfg(test)]
extern crate self as parlor_sfu;

mod assign;
mod bandwidth;
mod bucket;
mod clock;
mod codec;
mod data;
mod demux;
mod egress;
#[cfg(feature = "faults")]
pub mod faults;
mod forward;
mod grade;
mod hub;
mod io;
mod keys;
mod layers;
mod leave;
mod ledger;
pub mod limits;
mod loudness;
mod offer;
mod packet;
mod producer;
mod resend;
mod rewrite;
mod room;
mod rtcp;
mod sections;
mod settings;
mod slot;
mod sources;
mod srtp;
mod stream;
mod transport;
mod transports;
mod twcc;

pub use hub::Hub;
pub use io::{
    EndReason, Event, Freed, Input, Offer, Output, RoomKey, Seat, SlotState, Step, Via, VideoWish,
    WantedReason, Wishes,
};
pub use ledger::{Ledger, Totals};
pub use offer::OfferError;
pub use settings::{Certificate, Settings};

#[cfg(test)]
mod tests;
