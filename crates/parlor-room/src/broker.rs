//! The PeerJS broker: PeerServer's protocol for unmodified `peerjs` clients, among the same participants and rooms.
//!
//! A peer's id is its user id, a key is a room. What peers say is relayed to those of the same key, and waits a while for
//! those who are not there. Who gets in is decided in `broker/entrance.rs`, and nowhere else; who is there is in
//! `broker/peers.rs`, what waits in `broker/parked.rs`, what is said in `broker/frame.rs` and `broker/hail.rs`. The wire is
//! PeerServer's 1.0.2 (npm `peer`), with the differences that `docs/protocol.md` names in its section PeerJS.
//!
//! When a peer's socket closes nobody is told: what peers have between them outlives the broker.

mod config;
mod ended;
mod entrance;
mod frame;
mod hail;
mod parked;
mod peers;

use std::sync::Arc;

use parlor_proto::{CloseCode, RoomId, UserId};

pub use config::{PeerConfig, PeerKeys};
pub(crate) use ended::Ended;
pub use frame::{PeerFrame, Signal};
pub use hail::{Hail, HailError, PeerId};
pub(crate) use parked::{Parked, QueueKey};
pub(crate) use peers::{Peer, Peers, Place};

use crate::io::{CloseCause, ConnId, FrameKind, Output};
use crate::log::{EndReason, Event, PeerEvent, PeerGone};
use crate::registry::Registry;
use crate::room::RoomKey;
use crate::timers::Timer;
use frame::SignalKind;
use parked::{Moment, Parking};

/// What only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerCounters {
    /// Ids given to sockets.
    pub opened: u64,
    /// Sockets that took the id of an older one of the same client.
    pub taken_over: u64,
    /// Peers of whom nothing was heard for too long, or when somebody else wanted their id.
    pub lost: u64,
    /// Sockets refused because their id is somebody else's.
    pub ids_taken: u64,
    /// Sockets refused for another reason.
    pub refused: u64,
    /// Frames relayed from one peer to another.
    pub relayed: u64,
    /// Frames that waited for a peer who was not there.
    pub parked: u64,
    /// Frames for which there was no place.
    pub unparked: u64,
    /// Times that somebody was told that a peer is not there.
    pub expired: u64,
    /// Frames above the rate, dropped.
    pub limited: u64,
    /// Frames that could not be read.
    pub malformed: u64,
}

impl PeerCounters {
    fn inc(counter: &mut u64) {
        *counter = counter.saturating_add(1);
    }
}

impl Registry {
    /// The ids of all peers with a key, for those who know it.
    #[must_use]
    pub fn peer_ids(&self, key: &RoomId) -> Vec<Arc<str>> {
        let is_there = |peer: &&Peer| peer.key == *key && matches!(peer.place, Place::In { .. });
        self.peers.iter().map(|(_, peer)| peer).filter(is_there).map(|peer| peer.id.text()).collect()
    }

    /// An id that nobody has, for a peer that brings none: a random UUID (RFC 9562, version 4).
    pub fn fresh_peer_id(&mut self) -> String {
        loop {
            let id = self.entropy.uuid();
            let is_free = |user_id: &UserId| self.sessions.with_user(user_id).is_none();
            if self.peers.with_id(&id).is_none() && UserId::parse(&id).is_ok_and(|user_id| is_free(&user_id))
            {
                return id;
            }
        }
    }

    /// A peer said something.
    pub(crate) fn on_peer_frame(&mut self, conn: ConnId, frame: PeerFrame) {
        let Some(peer) = self.peers.at_mut(conn) else { return };
        if !peer.rate.take(self.now) {
            PeerCounters::inc(&mut self.peer_counters.limited);
            self.on_peer_heard(conn);
            return;
        }
        self.on_peer_heard(conn);
        match frame {
            PeerFrame::Heartbeat | PeerFrame::Other => {}
            PeerFrame::Leave => self.on_peer_leave(conn),
            PeerFrame::Signal(signal) => self.on_signal(conn, signal),
        }
    }

    /// A peer said something that can't be read. It costs nobody anything.
    pub(crate) fn on_peer_bad_frame(&mut self, conn: ConnId) {
        PeerCounters::inc(&mut self.peer_counters.malformed);
        self.on_peer_heard(conn);
    }

    /// A frame or a pong came: nobody else gets the id.
    pub(crate) fn on_peer_heard(&mut self, conn: ConnId) {
        let Some(peer) = self.peers.at_mut(conn) else { return };
        if matches!(peer.place, Place::AtDoor { .. }) {
            return;
        }
        peer.heard_at = self.now;
        peer.awaits_pong = false;
        if std::mem::take(&mut peer.is_doubted) {
            // There is nothing in it but those who asked for a sign of life.
            drop(self.parked.take(&peer.key, peer.id.as_str(), &mut self.timers));
        }
        if let Some(newcomer) = peer.contested_by.take() {
            self.refuse_id(newcomer);
        }
    }

    /// Something for another peer: to them, if they are there, else it waits.
    fn on_signal(&mut self, conn: ConnId, signal: Signal) {
        let Signal { kind, to, text } = signal;
        let Some(sender) = self.peers.at(conn) else { return };
        let Place::In { room, .. } = sender.place else { return };
        let is_there = |other: &&Peer| matches!(other.place, Place::In { room: other, .. } if other == room);
        let found = self.peers.with_id(&to).filter(|to| self.peers.at(*to).as_ref().is_some_and(is_there));
        if let Some(to_conn) = found {
            PeerCounters::inc(&mut self.peer_counters.relayed);
            if kind == SignalKind::Offer {
                self.doubt(to_conn, conn);
            }
            self.outbound.send(to_conn, text, FrameKind::Kept);
            return;
        }
        if !kind.waits() {
            return;
        }
        let Self { parked, config, timers, now, .. } = self;
        let mut moment = Moment { config: &config.peers, now: *now, timers };
        match parked.park(&sender.key, &to, &sender.id, text, &mut moment) {
            Parking::Kept => PeerCounters::inc(&mut self.peer_counters.parked),
            Parking::Dropped => PeerCounters::inc(&mut self.peer_counters.unparked),
            Parking::Refused => {
                PeerCounters::inc(&mut self.peer_counters.unparked);
                PeerCounters::inc(&mut self.peer_counters.expired);
                let text = frame::expire(&to, &sender.id);
                self.outbound.send(conn, text, FrameKind::Kept);
            }
        }
    }

    /// An offer goes to a peer that has been silent: if it stays so, whoever offers is told.
    fn doubt(&mut self, conn: ConnId, by: ConnId) {
        let Some(by) = self.peers.at(by).map(|sender| sender.id.clone()) else { return };
        let Some(peer) = self.peers.at_mut(conn) else { return };
        if self.now.ms_since(peer.heard_at) < self.config.peers.doubt_ms || peer.id == by {
            return;
        }
        peer.is_doubted = true;
        if !peer.awaits_pong {
            peer.awaits_pong = true;
            peer.pinged_at = self.now;
            self.outbound.push(Output::Ping { conn });
        }
        let Self { parked, config, timers, now, .. } = self;
        // Where there is no place to remember it, the caller waits as long as its own patience lasts.
        let mut moment = Moment { config: &config.peers, now: *now, timers };
        let _ = parked.expect(&peer.key, peer.id.as_str(), &by, &mut moment);
        self.arm_peer(conn);
    }

    /// Some have waited long enough for a peer.
    pub(crate) fn on_parked_timer(&mut self, key: QueueKey) {
        let Some(expired) = self.parked.on_timer(key, self.now, &mut self.timers) else { return };
        for sender in expired.senders {
            let Some(conn) = self.peers.with_id(sender.as_str()) else { continue };
            if self.peers.at(conn).is_some_and(|peer| peer.key == expired.room) {
                PeerCounters::inc(&mut self.peer_counters.expired);
                let text = frame::expire(&expired.absent, &sender);
                self.outbound.send(conn, text, FrameKind::Kept);
            }
        }
    }

    /// A wait at the door, a ping or a silence may be due; if none is, the peer was heard since the timer was set.
    pub(crate) fn on_peer_timer(&mut self, conn: ConnId) {
        let Some(peer) = self.peers.at_mut(conn) else { return };
        peer.armed = None;
        if let Place::AtDoor { until } = peer.place {
            if until <= self.now {
                self.let_in(conn);
            } else {
                self.arm_peer(conn);
            }
            return;
        }
        if peer.gone_at(&self.config.peers).is_some_and(|at| at <= self.now) {
            PeerCounters::inc(&mut self.peer_counters.lost);
            let close = Some((CloseCode::TimedOut, "nothing was heard for too long"));
            self.dismiss_peer(conn, PeerGone::Silent, close);
            return;
        }
        if peer.ping_at(&self.config.peers) <= self.now {
            peer.awaits_pong = true;
            peer.pinged_at = self.now;
            self.outbound.push(Output::Ping { conn });
        }
        self.arm_peer(conn);
    }

    /// A peer's socket has come to its end. Nobody is told.
    pub(crate) fn on_peer_closed(&mut self, conn: ConnId, cause: CloseCause) {
        let gone = match cause {
            CloseCause::Frame(_) => PeerGone::Closed,
            CloseCause::Lost => PeerGone::Lost,
        };
        self.dismiss_peer(conn, gone, None);
    }

    /// What came through a socket, or what waits for it, is more than may be.
    pub(crate) fn close_peer(&mut self, conn: ConnId, code: CloseCode, reason: &str) {
        self.dismiss_peer(conn, PeerGone::Refused, Some((code, reason)));
    }

    /// A room is ended by somebody: its peers are not to make it anew as soon as they are out.
    pub(crate) fn keep_ended(&mut self, room_key: RoomKey) {
        if let Some(room) = self.rooms.at(room_key).filter(|room| room.peers() > 0) {
            self.ended.insert(room.id.clone(), self.now + self.config.peers.ended_ms, self.now);
        }
    }

    /// A room ends, or the server: its peers go.
    pub(crate) fn dismiss_peers_of(&mut self, room_key: RoomKey, code: CloseCode, reason: &str) {
        if self.rooms.at(room_key).is_none_or(|room| room.peers() == 0) {
            return;
        }
        let of_room = |peer: &Peer| matches!(peer.place, Place::In { room, .. } if room == room_key);
        let conns: Vec<ConnId> =
            self.peers.iter().filter(|(_, peer)| of_room(peer)).map(|(conn, _)| conn).collect();
        for conn in conns {
            let Some(peer) = self.peers.at_mut(conn) else { continue };
            // Nobody is let into a room that ends.
            let newcomer = peer.contested_by.take();
            if let Place::In { stay, .. } = peer.place {
                let (room, participant) = (peer.key.clone(), peer.id.user_id().clone());
                let event = PeerEvent::Gone(PeerGone::RoomEnded);
                self.outbound.log(Event::Peer { room, participant, event });
                if let Some(room) = self.rooms.at_mut(room_key) {
                    room.unseat(stay);
                }
            }
            self.peers.give_back(conn);
            self.dismiss_peer(conn, PeerGone::RoomEnded, Some((code, reason)));
            if let Some(newcomer) = newcomer {
                self.refuse_id(newcomer);
            }
        }
    }

    /// Somebody came to the other door with a token for the id of a peer.
    pub(crate) fn replace_peer(&mut self, user_id: &UserId) {
        let Some(conn) = self.peers.with_id(&PeerId::text_of(user_id)) else { return };
        let newcomer = self.peers.at_mut(conn).and_then(|peer| peer.contested_by.take());
        let close = Some((CloseCode::Replaced, "somebody came with a token for this id"));
        self.dismiss_peer(conn, PeerGone::TakenOver, close);
        if let Some(newcomer) = newcomer {
            self.refuse_id(newcomer);
        }
    }

    /// Puts a peer out of its room, by an operator's word. False: it is not in it.
    pub(crate) fn put_out_peer(&mut self, room_key: RoomKey, user_id: &UserId) -> bool {
        let Some(conn) = self.peers.with_id(&PeerId::text_of(user_id)) else { return false };
        let is_in = |peer: &Peer| matches!(peer.place, Place::In { room, .. } if room == room_key);
        if !self.peers.at(conn).is_some_and(is_in) {
            return false;
        }
        let close = Some((CloseCode::PolicyViolation, "put out of the room by an operator"));
        self.dismiss_peer(conn, PeerGone::PutOut, close);
        true
    }

    /// The server stops: who is at the door, or has given the id back, goes as well.
    pub(crate) fn dismiss_all_peers(&mut self) {
        let conns: Vec<ConnId> = self.peers.iter().map(|(conn, _)| conn).collect();
        for conn in conns {
            let close = Some((CloseCode::ServiceRestart, "the server is stopping"));
            self.dismiss_peer(conn, PeerGone::RoomEnded, close);
        }
    }

    /// A peer gives its id back; its socket stays.
    fn on_peer_leave(&mut self, conn: ConnId) {
        let Some(peer) = self.peers.at(conn) else { return };
        let Place::In { room, stay } = peer.place else { return };
        let user_id = peer.id.user_id().clone();
        self.peers.give_back(conn);
        self.leave_peer_room(room, stay, user_id, PeerGone::Left);
    }

    /// The one way out for a peer: its socket, its id, its seat, whoever waited for the id. Closes the socket with `close` if
    /// the client did not close it.
    pub(crate) fn dismiss_peer(&mut self, conn: ConnId, gone: PeerGone, close: Option<(CloseCode, &str)>) {
        let Some(mut peer) = self.peers.remove(conn) else { return };
        self.timers.set(Timer::Peer(conn), &mut peer.armed, None);
        if let Some((code, reason)) = close {
            self.close(conn, code, reason);
        }
        match peer.place {
            Place::In { room, stay } => self.leave_peer_room(room, stay, peer.id.user_id().clone(), gone),
            Place::AtDoor { .. } => {
                let holder = self.peers.with_id(peer.id.as_str()).and_then(|conn| self.peers.at_mut(conn));
                if let Some(holder) = holder.filter(|holder| holder.contested_by == Some(conn)) {
                    holder.contested_by = None;
                }
            }
            Place::Left => {}
        }
        if let Some(newcomer) = peer.contested_by {
            self.let_in(newcomer);
        }
    }

    /// A seat is free. A room that none but peers made ends with the last of them, unless an operator keeps a roster for it.
    fn leave_peer_room(&mut self, room_key: RoomKey, stay: u64, peer: UserId, gone: PeerGone) {
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        room.unseat(stay);
        let (id, is_for_peers) = (room.id.clone(), room.via.is_some());
        let is_over = room.is_empty() && room.roster.is_none();
        if is_over {
            room.ends_at = Some(self.now + self.config.empty_room_ms);
        }
        self.list.on_peers(room_key);
        self.outbound.log(Event::Peer { room: id, participant: peer, event: PeerEvent::Gone(gone) });
        if is_over && is_for_peers {
            self.end_room(
                room_key,
                &crate::leave::Departure::of(parlor_proto::LeaveReason::RoomEnded),
                EndReason::Empty,
            );
        } else if is_over {
            self.review(room_key);
        }
    }

    /// Sets a peer's timer to when something is to be done about it. A timer that is early enough stays.
    fn arm_peer(&mut self, conn: ConnId) {
        let Some(peer) = self.peers.at_mut(conn) else { return };
        let wake_at = peer.wake_at(&self.config.peers);
        if peer.armed.is_none_or(|armed| wake_at < armed) {
            self.timers.set(Timer::Peer(conn), &mut peer.armed, Some(wake_at));
        }
    }
}
