//! Who gets an id, and into which room: the one place where that is decided ([`Registry::judge`]), and how it is carried
//! out.

use parlor_proto::client::RoomSettings;
use parlor_proto::{CloseCode, LeaveReason, Name, Timestamp, Topology, Via};

use super::PeerCounters;
use super::frame;
use super::hail::{Hail, HailError};
use super::peers::{Peer, Place};
use crate::io::{ConnId, FrameKind, Output};
use crate::log::{Event, PeerEvent, PeerGone, RoomEvent};
use crate::rate::TokenBucket;
use crate::refusal::Refusable;
use crate::registry::Registry;
use crate::room::{Guest, Room, RoomKey};
use crate::roster::AdmissionError;
use crate::session::SessionKey;

/// How a peer gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entrance {
    /// Nobody holds the id.
    Free,
    /// It is the same client, or one with a token that was issued for the id, from whose older socket the id goes over.
    TakeOver(ConnId),
    /// A session holds the id, and this is one with a token that was issued for it.
    TakeSession(SessionKey),
    /// Somebody else holds the id, and is asked whether they are still there.
    Contest(ConnId),
}

/// Why a peer does not get in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerRefusal {
    /// The id is somebody else's.
    #[error("ID is taken")]
    Taken,
    /// The query lacks something. In PeerServer's words, as are the next two.
    #[error("No id, token, or key supplied to websocket server")]
    Missing,
    /// The key is not accepted here, or its room takes nobody in.
    #[error("Invalid key provided")]
    Key,
    /// There is no place.
    #[error("Server has reached its concurrent user limit")]
    Full,
    /// That is no peer's id.
    #[error("Invalid id provided")]
    Id,
    /// The token is no token.
    #[error("Invalid token provided")]
    Token,
    /// The room of the key has a roster.
    #[error("{code}: {0}", code = .0.code().as_str())]
    NotAdmitted(#[from] AdmissionError),
    /// The room of the key was ended a short time ago.
    #[error("room-ended: this room was ended, it can be made anew in a minute")]
    Ended,
    /// The server stops.
    #[error("The server is stopping")]
    Stopping,
}

impl From<HailError> for PeerRefusal {
    fn from(error: HailError) -> Self {
        match error {
            HailError::Missing => Self::Missing,
            HailError::Key => Self::Key,
            HailError::Id => Self::Id,
            HailError::Token => Self::Token,
        }
    }
}

impl Registry {
    /// A peer is at the door.
    pub(crate) fn on_peer_opened(&mut self, conn: ConnId, hail: Result<Hail, HailError>) {
        let judged = hail.map_err(PeerRefusal::from).and_then(|hail| Ok((self.judge(&hail)?, hail)));
        match judged {
            Err(refusal) => self.refuse_peer(conn, refusal),
            Ok((Entrance::Free, hail)) => self.seat_peer(conn, hail),
            Ok((Entrance::TakeOver(old), hail)) => self.take_over(conn, old, hail),
            Ok((Entrance::TakeSession(holder), hail)) => {
                let close = Some((CloseCode::Replaced, "somebody came with a token for this id"));
                self.end_session(holder, LeaveReason::Replaced, close);
                self.seat_if_free(conn, hail);
            }
            Ok((Entrance::Contest(holder), hail)) => self.contest(conn, holder, hail),
        }
    }

    /// Whether a peer gets in, by its id, its token and its key. What else is to be asked before somebody gets into a key's
    /// room belongs here.
    fn judge(&self, hail: &Hail) -> Result<Entrance, PeerRefusal> {
        if self.is_draining {
            return Err(PeerRefusal::Stopping);
        }
        let user_id = hail.id.user_id();
        let is_issued = || self.read_token(Some(user_id.as_str()), Some(&hail.token)).is_ok();
        let session = self.sessions.with_user(user_id);
        if user_id.is_hub() || (session.is_some() && !is_issued()) {
            return Err(PeerRefusal::Taken);
        }
        let room = self.rooms.with_id(&hail.key).and_then(|key| self.rooms.at(key));
        // An operator who says who may be in a room means its peers, too.
        if !self.config.peers.keys.accept(&hail.key) && room.is_none_or(|room| room.roster.is_none()) {
            return Err(PeerRefusal::Key);
        }
        self.check_admission(user_id.as_str(), Some(&hail.token), &hail.key)?;
        if room.is_none() && self.ended.has(&hail.key, self.now) {
            return Err(PeerRefusal::Ended);
        }
        if let Some(session) = session {
            return Ok(Entrance::TakeSession(session));
        }
        let holder = self.peers.with_id(hail.id.as_str()).and_then(|conn| Some((conn, self.peers.at(conn)?)));
        let is_in = |holder: &Peer| holder.key == hail.key && matches!(holder.place, Place::In { .. });
        let is_own = |holder: &Peer| holder.token == hail.token || is_issued();
        // Whoever is in already stays, whatever the room is now.
        let goes_on = holder.filter(|(_, holder)| is_in(holder) && is_own(holder));
        if let Some((conn, _)) = goes_on {
            return Ok(Entrance::TakeOver(conn));
        }
        // PeerServer's protocol has no place for a password.
        if room.is_some_and(|room| room.is_locked || room.password.is_some()) {
            return Err(PeerRefusal::Key);
        }
        let is_full = match room {
            Some(room) => room.is_full(),
            None => self.rooms.len() >= self.config.rooms_max,
        };
        if let Some((conn, holder)) = holder {
            if is_own(holder) {
                return if is_full { Err(PeerRefusal::Full) } else { Ok(Entrance::TakeOver(conn)) };
            }
            // One is asked for already, and gets it if the holder is gone.
            return if holder.contested_by.is_none() {
                Ok(Entrance::Contest(conn))
            } else {
                Err(PeerRefusal::Taken)
            };
        }
        if is_full { Err(PeerRefusal::Full) } else { Ok(Entrance::Free) }
    }

    /// A peer that was at the door gets in: whoever held the id is gone, or shows no life.
    pub(super) fn let_in(&mut self, conn: ConnId) {
        let Some(peer) = self.peers.remove(conn) else { return };
        let Peer { id, token, key, mut armed, .. } = peer;
        self.timers.set(crate::timers::Timer::Peer(conn), &mut armed, None);
        let hail = Hail { id, token, key };
        if let Some(holder) = self.peers.with_id(hail.id.as_str()) {
            if let Some(holder) = self.peers.at_mut(holder) {
                holder.contested_by = None;
            }
            PeerCounters::inc(&mut self.peer_counters.lost);
            let close = Some((CloseCode::Replaced, "somebody else has the id, and this one did not answer"));
            self.dismiss_peer(holder, PeerGone::Silent, close);
        }
        self.seat_if_free(conn, hail);
    }

    /// Judges anew, now that nobody holds the id: the world may be another than when the peer knocked.
    fn seat_if_free(&mut self, conn: ConnId, hail: Hail) {
        match self.judge(&hail) {
            Ok(Entrance::Free) => self.seat_peer(conn, hail),
            Ok(Entrance::TakeOver(_) | Entrance::TakeSession(_) | Entrance::Contest(_)) => {
                self.refuse_peer(conn, PeerRefusal::Taken)
            }
            Err(refusal) => self.refuse_peer(conn, refusal),
        }
    }

    /// The holder of the id that a peer at the door wants is there.
    pub(super) fn refuse_id(&mut self, conn: ConnId) {
        if let Some(mut peer) = self.peers.remove(conn) {
            self.timers.set(crate::timers::Timer::Peer(conn), &mut peer.armed, None);
            self.refuse_peer(conn, PeerRefusal::Taken);
        }
    }

    fn refuse_peer(&mut self, conn: ConnId, refusal: PeerRefusal) {
        let sentence = refusal.to_string();
        let text = if refusal == PeerRefusal::Taken {
            PeerCounters::inc(&mut self.peer_counters.ids_taken);
            frame::id_taken()
        } else {
            PeerCounters::inc(&mut self.peer_counters.refused);
            frame::error(&sentence)
        };
        self.outbound.send(conn, text, FrameKind::Kept);
        self.close(conn, CloseCode::PolicyViolation, &sentence);
    }

    /// A peer gets its id and its seat, and what waited for it.
    fn seat_peer(&mut self, conn: ConnId, hail: Hail) {
        let room_key = self.room_for(&hail);
        self.last_stay = self.last_stay.saturating_add(1);
        let stay = self.last_stay;
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        let (id, name) = (hail.id.user_id().clone(), hail.id.name());
        room.seat(stay, Guest { id, name, joined_at: Timestamp(self.now) });
        let was_ending = room.ends_at.take().is_some();
        if was_ending {
            self.review(room_key);
        }
        self.list.on_peers(room_key);
        PeerCounters::inc(&mut self.peer_counters.opened);
        self.log_peer(&hail, PeerEvent::Opened);
        self.welcome_peer(conn, hail, Place::In { room: room_key, stay });
    }

    /// The same client at a newer socket: the older one is closed, nobody is told.
    fn take_over(&mut self, conn: ConnId, old: ConnId, hail: Hail) {
        let is_same_key = self.peers.at(old).is_some_and(|peer| peer.key == hail.key);
        if let Some(newcomer) = self.peers.at_mut(old).and_then(|peer| peer.contested_by.take()) {
            self.refuse_id(newcomer);
        }
        let (code, reason) = (CloseCode::Replaced, "the id goes on at another socket");
        PeerCounters::inc(&mut self.peer_counters.taken_over);
        if !is_same_key {
            self.dismiss_peer(old, PeerGone::TakenOver, Some((code, reason)));
            self.seat_peer(conn, hail);
            return;
        }
        let Some(mut peer) = self.peers.remove(old) else { return };
        self.timers.set(crate::timers::Timer::Peer(old), &mut peer.armed, None);
        self.close(old, code, reason);
        self.log_peer(&hail, PeerEvent::TakenOver);
        self.welcome_peer(conn, hail, peer.place);
    }

    /// Somebody else holds the id: they have a moment to show that they are there.
    fn contest(&mut self, conn: ConnId, holder: ConnId, hail: Hail) {
        if let Some(peer) = self.peers.at_mut(holder) {
            peer.contested_by = Some(conn);
            peer.awaits_pong = true;
            peer.pinged_at = self.now;
            self.outbound.push(Output::Ping { conn: holder });
        }
        let until = self.now + self.config.peers.contest_ms;
        let rate = TokenBucket::new(self.config.frames_per_second, self.config.frames_burst, self.now);
        self.peers.insert(conn, Peer::new(hail, Place::AtDoor { until }, rate, self.now));
        self.arm_peer(conn);
        self.arm_peer(holder);
    }

    fn welcome_peer(&mut self, conn: ConnId, hail: Hail, place: Place) {
        let rate = TokenBucket::new(self.config.frames_per_second, self.config.frames_burst, self.now);
        self.outbound.send(conn, frame::open(), FrameKind::Kept);
        for text in self.parked.take(&hail.key, hail.id.as_str(), &mut self.timers) {
            PeerCounters::inc(&mut self.peer_counters.relayed);
            self.outbound.send(conn, text, FrameKind::Kept);
        }
        self.peers.insert(conn, Peer::new(hail, place, rate, self.now));
        self.arm_peer(conn);
    }

    /// The room of a key. The first peer makes it.
    fn room_for(&mut self, hail: &Hail) -> RoomKey {
        if let Some(room) = self.rooms.with_id(&hail.key) {
            return room;
        }
        let settings = RoomSettings {
            capacity: Some(self.config.peers.per_room_max),
            topology: Some(Topology::Mesh),
            ..RoomSettings::default()
        };
        let by = hail.id.user_id().clone();
        // A key is short and of few characters: it is a name.
        let name = Name::parse(hail.key.as_str()).unwrap_or_else(|_| Name::guest());
        let host = (by.clone(), hail.id.name());
        let mut room = Room::new(hail.key.clone(), name.clone(), host, &settings, &self.config, self.now);
        room.via = Some(Via::Peerjs);
        let room = self.rooms.insert(room);
        self.record(room, RoomEvent::Made { name, by: Some(by) });
        room
    }

    fn log_peer(&mut self, hail: &Hail, event: PeerEvent) {
        let (room, participant) = (hail.key.clone(), hail.id.user_id().clone());
        self.outbound.log(Event::Peer { room, participant, event });
    }
}
