//! All peers, and the ways to find one: by socket, by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use parlor_proto::{RoomId, Time, UserId};

use super::config::PeerConfig;
use super::hail::{Hail, PeerId};
use crate::hash::{KeyedMap, KeyedState};
use crate::io::ConnId;
use crate::rate::TokenBucket;
use crate::room::RoomKey;

/// One peer at one socket.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) token: Box<str>,
    pub(crate) key: RoomId,
    pub(crate) place: Place,
    /// Who wants the id as well: it is theirs if nothing is heard of this one.
    pub(crate) contested_by: Option<ConnId>,
    /// Somebody waits for a sign of life.
    pub(crate) is_doubted: bool,
    pub(crate) rate: TokenBucket,
    /// When its token was looked at.
    pub(crate) came_at: Time,
    pub(crate) heard_at: Time,
    pub(crate) pinged_at: Time,
    pub(crate) awaits_pong: bool,
    /// Where its timer stands.
    pub(crate) armed: Option<Time>,
}

/// Where a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In its key's room; the id is its own.
    In {
        /// Which room.
        room: RoomKey,
        /// No other stay in any room has this number.
        stay: u64,
    },
    /// At the door: somebody else holds the id, until then.
    AtDoor {
        /// When the wait is over.
        until: Time,
    },
    /// It gave its id back, and the socket is still there.
    Left,
}

impl Peer {
    pub(crate) fn new(hail: Hail, place: Place, rate: TokenBucket, now: Time) -> Self {
        let Hail { id, token, key } = hail;
        Self {
            id,
            token,
            key,
            place,
            contested_by: None,
            is_doubted: false,
            rate,
            came_at: now,
            heard_at: now,
            pinged_at: now,
            awaits_pong: false,
            armed: None,
        }
    }

    /// When the next ping is due.
    pub(crate) fn ping_at(&self, config: &PeerConfig) -> Time {
        self.heard_at.max(self.pinged_at) + config.ping_ms
    }

    /// From when on its silence means that it is gone; never while nothing was asked of it.
    pub(crate) fn gone_at(&self, config: &PeerConfig) -> Option<Time> {
        self.awaits_pong.then(|| self.heard_at + config.gone_ms)
    }

    /// When something is to be done about it.
    pub(crate) fn wake_at(&self, config: &PeerConfig) -> Time {
        match self.place {
            Place::AtDoor { until } => until,
            Place::In { .. } | Place::Left => {
                let ping_at = self.ping_at(config);
                self.gone_at(config).map_or(ping_at, |gone_at| gone_at.min(ping_at))
            }
        }
    }
}

/// The peers of the server.
#[derive(Debug)]
pub(crate) struct Peers {
    by_conn: BTreeMap<ConnId, Box<Peer>>,
    by_id: KeyedMap<Arc<str>, ConnId>,
}

impl Peers {
    pub(crate) fn new(hash_key: &KeyedState) -> Self {
        Self { by_conn: BTreeMap::new(), by_id: KeyedMap::with_hasher(hash_key.clone()) }
    }

    pub(crate) fn at(&self, conn: ConnId) -> Option<&Peer> {
        self.by_conn.get(&conn).map(Box::as_ref)
    }

    pub(crate) fn at_mut(&mut self, conn: ConnId) -> Option<&mut Peer> {
        self.by_conn.get_mut(&conn).map(Box::as_mut)
    }

    /// Who holds an id.
    pub(crate) fn with_id(&self, id: &str) -> Option<ConnId> {
        self.by_id.get(id).copied()
    }

    /// Whether a peer holds the id that this user id stands for.
    pub(crate) fn has_user(&self, user_id: &UserId) -> bool {
        let text = user_id.as_str();
        if text.contains('.') {
            self.by_id.contains_key(&*PeerId::text_of(user_id))
        } else {
            self.by_id.contains_key(text)
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnId, &Peer)> {
        self.by_conn.iter().map(|(conn, peer)| (*conn, peer.as_ref()))
    }

    /// How many sockets there are.
    pub(crate) fn len(&self) -> usize {
        self.by_conn.len()
    }

    /// How many of them hold an id.
    pub(crate) fn ids(&self) -> usize {
        self.by_id.len()
    }

    /// A peer at a new socket. If it is in a room the id is its own from now on.
    pub(crate) fn insert(&mut self, conn: ConnId, peer: Peer) {
        if matches!(peer.place, Place::In { .. }) {
            self.by_id.insert(peer.id.text(), conn);
        }
        self.by_conn.insert(conn, Box::new(peer));
    }

    /// The id is free, if it was this peer's.
    pub(crate) fn give_back(&mut self, conn: ConnId) {
        let Some(peer) = self.by_conn.get_mut(&conn) else { return };
        peer.place = Place::Left;
        if self.by_id.get(peer.id.as_str()) == Some(&conn) {
            self.by_id.remove(peer.id.as_str());
        }
    }

    /// A socket is gone, and its id free.
    pub(crate) fn remove(&mut self, conn: ConnId) -> Option<Peer> {
        let peer = self.by_conn.remove(&conn)?;
        if self.by_id.get(peer.id.as_str()) == Some(&conn) {
            self.by_id.remove(peer.id.as_str());
        }
        Some(*peer)
    }
}
