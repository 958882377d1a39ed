//! All sessions, and the ways to find one: by socket, by identity, by resume token. Also how a frame reaches one.

use std::collections::BTreeMap;

use parlor_proto::{Encoded, UserId};

use crate::hash::{KeyedMap, KeyedState};
use crate::io::{ConnId, FrameKind};
use crate::outbound::Outbound;
use crate::room::Room;
use crate::session::{Identity, Link, Session, SessionKey};

/// The sessions of the server.
#[derive(Debug)]
pub(crate) struct Sessions {
    by_key: BTreeMap<SessionKey, Box<Session>>,
    by_conn: BTreeMap<ConnId, SessionKey>,
    by_user: KeyedMap<UserId, SessionKey>,
    by_token: KeyedMap<Box<str>, SessionKey>,
    last_key: SessionKey,
}

impl Sessions {
    pub(crate) fn new(hash_key: &KeyedState) -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_conn: BTreeMap::new(),
            by_user: KeyedMap::with_hasher(hash_key.clone()),
            by_token: KeyedMap::with_hasher(hash_key.clone()),
            last_key: SessionKey(0),
        }
    }

    pub(crate) fn at(&self, key: SessionKey) -> Option<&Session> {
        self.by_key.get(&key).map(Box::as_ref)
    }

    pub(crate) fn at_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.by_key.get_mut(&key).map(Box::as_mut)
    }

    pub(crate) fn with_conn(&self, conn: ConnId) -> Option<SessionKey> {
        self.by_conn.get(&conn).copied()
    }

    pub(crate) fn with_user(&self, user_id: &UserId) -> Option<SessionKey> {
        self.by_user.get(user_id).copied()
    }

    pub(crate) fn with_token(&self, token: &str) -> Option<SessionKey> {
        self.by_token.get(token).copied()
    }

    pub(crate) fn identity(&self, key: SessionKey) -> Option<&Identity> {
        self.at(key)?.identity.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SessionKey, &Session)> {
        self.by_key.iter().map(|(key, session)| (*key, session.as_ref()))
    }

    /// A new session at a new socket.
    pub(crate) fn insert(&mut self, conn: ConnId, session: Session) -> SessionKey {
        self.last_key = SessionKey(self.last_key.0.saturating_add(1));
        self.by_key.insert(self.last_key, Box::new(session));
        self.by_conn.insert(conn, self.last_key);
        self.last_key
    }

    /// An anonymous session becomes someone. The identity is free.
    pub(crate) fn identify(&mut self, key: SessionKey, identity: Identity) {
        if let Some(session) = self.by_key.get_mut(&key) {
            self.by_user.insert(identity.user_id.clone(), key);
            self.by_token.insert(identity.resume_token.clone(), key);
            session.identity = Some(identity);
        }
    }

    /// Puts a session on another footing: a socket, none, a silent one.
    pub(crate) fn relink(&mut self, key: SessionKey, link: Link) {
        let Some(session) = self.by_key.get_mut(&key) else { return };
        if let Some(old) = session.link.conn() {
            self.by_conn.remove(&old);
        }
        match link.conn() {
            Some(conn) => {
                self.by_conn.insert(conn, key);
                session.outbox.on_back();
            }
            None => session.outbox.on_away(),
        }
        session.link = link;
    }

    /// Forgets a session.
    pub(crate) fn remove(&mut self, key: SessionKey) -> Option<Session> {
        let session = self.by_key.remove(&key)?;
        if let Some(conn) = session.link.conn() {
            self.by_conn.remove(&conn);
        }
        if let Some(identity) = &session.identity {
            self.by_user.remove(&identity.user_id);
            self.by_token.remove(&identity.resume_token);
        }
        Some(*session)
    }

    /// Sends a frame that must not be lost: numbered and kept, but for a session without an identity.
    pub(crate) fn send(&mut self, key: SessionKey, message: &Encoded, outbound: &mut Outbound) {
        let Some(session) = self.by_key.get_mut(&key) else { return };
        let text = match session.identity {
            Some(_) => session.outbox.push(message),
            None => message.text(),
        };
        match session.link.conn() {
            Some(conn) => outbound.send(conn, text, FrameKind::Kept),
            None if session.outbox.has_overflowed() => outbound.doom(key),
            None => {}
        }
    }

    /// Sends a frame to everyone in a room but one.
    pub(crate) fn send_to_room(
        &mut self,
        room: &Room,
        except: Option<SessionKey>,
        message: &Encoded,
        outbound: &mut Outbound,
    ) {
        for member in room.members() {
            if Some(member.session) != except {
                self.send(member.session, message, outbound);
            }
        }
    }
}
