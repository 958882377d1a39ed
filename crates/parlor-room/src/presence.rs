//! Whether a session is still there: pings and silences, sockets that close, the grace, queues that overflow.

use parlor_proto::server::UserUpdated;
use parlor_proto::{CloseCode, LeaveReason, ServerMessage, Time};

use crate::io::{CloseCause, ConnId, Output};
use crate::log::{Event, SuspectCause};
use crate::registry::Registry;
use crate::session::{Link, SessionKey};

impl Registry {
    /// A frame or a pong came.
    pub(crate) fn on_heard(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.at_mut(key) else { return };
        session.on_heard(self.now);
        if let Link::Silent { conn, .. } = session.link {
            self.sessions.relink(key, Link::Live(conn));
            self.arm_session(key);
            if let Some(identity) = self.sessions.identity(key) {
                self.outbound.log(Event::SessionHeard {
                    session: identity.session_id.clone(),
                    participant: identity.user_id.clone(),
                });
            }
            self.show_suspect(key, false);
        }
    }

    /// A ping, a silence or a grace may be due; if none is, the session was heard since the timer was set.
    pub(crate) fn on_session_timer(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.at_mut(key) else { return };
        session.armed = None;
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= self.now);
        if is_due(session.given_up_at(&self.config)) {
            let close = Some((CloseCode::TimedOut, "nothing was heard for too long"));
            self.end_session(key, LeaveReason::Timeout, close);
            return;
        }
        let is_silent = is_due(session.silent_at(&self.config));
        if is_due(session.ping_at(&self.config)) {
            session.on_pinged(self.now);
            if let Some(conn) = session.link.conn() {
                self.outbound.push(Output::Ping { conn });
            }
        }
        if let (true, Some(conn)) = (is_silent, session.link.conn()) {
            self.suspect(key, Link::Silent { conn, since: self.now }, SuspectCause::Silent);
        }
        self.arm_session(key);
    }

    /// A socket has come to its end.
    pub(crate) fn on_closed(&mut self, conn: ConnId, cause: CloseCause) {
        let Some(key) = self.sessions.with_conn(conn) else { return self.on_peer_closed(conn, cause) };
        let suspect_cause = match cause {
            CloseCause::Frame(code) if parlor_proto::close::is_leave(code) => {
                self.sessions.relink(key, Link::Away { since: self.now });
                self.end_session(key, LeaveReason::Disconnected, None);
                return;
            }
            CloseCause::Frame(code) => code.map_or(SuspectCause::Lost, SuspectCause::Closed),
            CloseCause::Lost => SuspectCause::Lost,
        };
        self.on_socket_gone(key, suspect_cause);
    }

    /// The server closes a socket for what came through it; the session may come back.
    pub(crate) fn close_for_frame(&mut self, conn: ConnId, code: CloseCode, reason: &str) {
        let Some(key) = self.sessions.with_conn(conn) else { return };
        self.close(conn, code, reason);
        self.on_socket_gone(key, SuspectCause::Refused(code.code()));
    }

    /// More waits to be written than may: what follows would be lost, so the session ends.
    pub(crate) fn on_overflowed(&mut self, conn: ConnId) {
        let Some(key) = self.sessions.with_conn(conn) else {
            return self.close_peer(conn, CloseCode::TryAgainLater, "read too slowly");
        };
        // Taken off first: nothing more is written to a socket that does not read.
        self.close(conn, CloseCode::TryAgainLater, "read too slowly");
        self.sessions.relink(key, Link::Away { since: self.now });
        self.end_session(key, LeaveReason::Timeout, None);
    }

    /// More was missed without a socket than is kept: the session could not go on without a loss.
    pub(crate) fn on_missed_too_much(&mut self, key: SessionKey) {
        self.end_session(key, LeaveReason::Timeout, None);
    }

    /// Shows those who share a room with a session whether it is suspect.
    pub(crate) fn show_suspect(&mut self, key: SessionKey, suspect: bool) {
        let rooms = self.sessions.at(key).map(|session| session.rooms.clone()).unwrap_or_default();
        for room_key in rooms {
            let Some(room) = self.rooms.at_mut(room_key) else { continue };
            let room_id = room.id.clone();
            let Some(participant) = room.participant_mut(key) else { continue };
            participant.suspect = suspect;
            let participant = participant.clone();
            let message = UserUpdated { room_id, participant, epoch: self.config.epoch };
            self.send_to_room(room_key, Some(key), &ServerMessage::UserUpdated(Box::new(message)));
            self.review(room_key);
        }
    }

    fn on_socket_gone(&mut self, key: SessionKey, cause: SuspectCause) {
        let Some(session) = self.sessions.at(key) else { return };
        if session.identity.is_none() {
            // Nobody can name it any more.
            self.forget_session(key);
            return;
        }
        let since = session.link.suspect_since().unwrap_or(self.now);
        self.suspect(key, Link::Away { since }, cause);
        self.arm_session(key);
    }

    fn suspect(&mut self, key: SessionKey, link: Link, cause: SuspectCause) {
        let was_suspect = self.sessions.at(key).is_some_and(|session| session.link.is_suspect());
        self.sessions.relink(key, link);
        if let Some(identity) = self.sessions.identity(key) {
            self.outbound.log(Event::SessionSuspect {
                session: identity.session_id.clone(),
                participant: identity.user_id.clone(),
                cause,
            });
        }
        if !was_suspect {
            self.show_suspect(key, true);
        }
    }
}
