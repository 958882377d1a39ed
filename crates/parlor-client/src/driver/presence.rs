//! The session: hello, resume, coming back, and being in the same rooms again (`docs/protocol.md`, Session).

use std::time::{Duration, Instant};

use parlor_connect::{Input, Manager, Media};
use parlor_proto::client::{Hello, Resume};
use parlor_proto::server::{RoomJoined, Welcome};
use parlor_proto::{ClientMessage, ErrorCode, LeaveReason, Refusal};
use tokio::time::timeout;

use super::{Driver, Wire, write};
use crate::error::Error;
use crate::event::{Departure, Event, SessionState};
use crate::frames::Frame;
use crate::limits;
use crate::outbox::{self, Waiting};
use crate::session::{COMING_BACK, DONE, Line, Lost, REPLACED};
use crate::socket::Socket;

impl Driver {
    /// Tries to reach the server.
    pub(super) fn open(&mut self) {
        let door = self.door.clone();
        self.wire = Wire::Opening(Box::pin(async move {
            let address = door.address.authority();
            let late = |_| Error::NoServer { address, reason: "it does not answer".to_owned() };
            timeout(limits::CONNECT, door.open()).await.map_err(late)?
        }));
    }

    pub(super) fn on_opened(&mut self, opened: Result<(Socket, bool), Error>) {
        match opened {
            Ok((socket, is_here)) => {
                self.connections.is_server_here = is_here;
                self.wire = Wire::Open(Box::new(Line::new(socket)));
                self.hello();
            }
            Err(error) => self.on_lost(&Lost { code: None, reason: error.to_string() }),
        }
    }

    /// Says who is here.
    pub(super) fn hello(&mut self) {
        let last_seq = self.last_seq;
        let hello = Hello {
            user_id: self.user_id.clone(),
            user_name: self.options.name.clone(),
            instance: Some(self.instance.clone()),
            token: self.options.token.clone(),
            resume: self.resume_token.clone().map(|token| Resume { token, last_seq }),
        };
        let mut text = outbox::encode(&ClientMessage::Hello(hello), None, None);
        text.pop();
        text.push_str(",\"id\":\"hello\"}");
        write(&self.wire, Some(text));
    }

    /// A frame of the server.
    pub(super) fn on_text(&mut self, text: &str) {
        let Some(frame) = Frame::parse(text) else {
            tracing::debug!("a frame could not be read");
            return;
        };
        if let Some(seq) = frame.seq {
            if seq <= self.last_seq {
                return;
            }
            self.last_seq = seq;
        }
        match &*frame.kind {
            "welcome" => {
                if let Some(welcome) = frame.read() {
                    self.on_welcome(welcome);
                }
            }
            "ok" => {
                if let Some(waiting) = request(&frame).and_then(|id| self.outbox.settle(id))
                    && let Waiting::Application(reply) = waiting
                {
                    // Whoever asked may have gone.
                    drop(reply.send(Ok(())));
                }
            }
            "error" => self.on_error(&frame),
            "room-joined" => {
                let joined = frame.read::<RoomJoined>();
                let news = joined.and_then(|joined| self.rooms.joined(Instant::now(), joined));
                self.on_roster(&frame, news);
            }
            "user-joined-room" => {
                let news = frame.read().and_then(|data| self.rooms.came(data));
                self.on_roster(&frame, news);
            }
            "user-left-room" => {
                let news = frame.read().and_then(|data| self.rooms.left(data));
                self.on_roster(&frame, news);
            }
            "user-updated" => {
                let news = frame.read().and_then(|data| self.rooms.updated(data));
                self.on_roster(&frame, news);
            }
            "room-updated" => {
                let news = frame.read().and_then(|data| self.rooms.room_updated(data));
                self.on_roster(&frame, news);
            }
            "recording" => {
                let news = frame.read().and_then(|data| self.rooms.recording(data));
                self.on_roster(&frame, news);
            }
            "slots" => {
                if let Some(slots) = frame.read() {
                    self.connections.on_slots(slots, &self.rooms, &mut self.events);
                }
            }
            _ => {
                if let Some(signal) = frame.signal() {
                    self.tell(Input::Signal(signal));
                } else {
                    self.on_talk(&frame);
                }
            }
        }
    }

    /// A frame about who is in a room. One that means nothing any more goes nowhere.
    fn on_roster(&mut self, frame: &Frame<'_>, news: Option<Vec<super::News>>) {
        let Some(news) = news else { return };
        if let Some(signal) = frame.signal() {
            self.tell(Input::Signal(signal));
        }
        self.on_news(news);
    }

    fn on_welcome(&mut self, welcome: Welcome) {
        let Welcome { user_id, user_name, resume_token, resumed, last_cseq, limits, .. } = welcome;
        if self.manager.is_none() {
            let (id, instance) = (user_id.clone(), self.instance.clone());
            let mut manager = Manager::new(id, instance, self.options.settings.clone(), fastrand::u64(..));
            // Tracks come and go by renegotiation; nothing waits for them.
            manager.handle_input(self.clock.now(), Input::Media(Media::None));
            self.manager = Some(manager);
        }
        self.user_id = Some(user_id);
        self.options.name.get_or_insert(user_name);
        self.resume_token = Some(resume_token);
        self.limits = limits;
        self.is_open = true;
        self.welcomed_at = Some(Instant::now());
        let texts = if resumed {
            self.outbox.resume(last_cseq)
        } else {
            self.last_seq = 0;
            let again = |request: parlor_proto::client::UserJoinedRoom| {
                let waiting = Waiting::Rejoin(Box::new(request.clone()));
                (ClientMessage::UserJoinedRoom(request), waiting)
            };
            let joins = self.rooms.session_lost().into_iter().map(again).collect();
            self.outbox.restart(joins)
        };
        for text in texts {
            write(&self.wire, Some(text));
        }
        // No TURN server is ever used: relayed paths are not asked for.
        self.tell(Input::TurnAvailable(false));
        self.tell(Input::SignalingUp);
        self.events.tell(Event::Session(SessionState::Open));
    }

    fn on_error(&mut self, frame: &Frame<'_>) {
        let refusal = frame.read::<Refusal>().unwrap_or_else(|| Refusal {
            code: ErrorCode::ServerError,
            message: "the server refused, in words that are not known here".to_owned(),
            kind: None,
            to: None,
            room_id: None,
            attempt: None,
        });
        if frame.re.as_ref().and_then(serde_json::Value::as_str) == Some("hello") {
            self.on_hello_refused(refusal);
            return;
        }
        match request(frame).and_then(|id| self.outbox.settle(id)) {
            Some(Waiting::Application(reply)) => {
                if let Some(room) = &refusal.room_id {
                    self.rooms.refused(room);
                }
                drop(reply.send(Err(outbox::refused(refusal))));
            }
            Some(Waiting::Rejoin(request)) => {
                if matches!(refusal.code, ErrorCode::ServerError | ErrorCode::RateLimited) {
                    self.rejoins.push((Instant::now() + limits::REJOIN, *request));
                } else if self.rooms.not_again(&request.room_id) {
                    self.forget_room(&request.room_id);
                    let reason = Departure::Refused(Box::new(refusal));
                    self.events.tell(Event::Out { room: request.room_id, reason, by: None });
                }
            }
            None => {
                // An offer to a hub that is refused is known by this alone.
                if let Some(signal) = frame.signal() {
                    self.tell(Input::Signal(signal));
                }
                self.events.tell(Event::Refused(refusal));
            }
        }
    }

    fn on_hello_refused(&mut self, refusal: Refusal) {
        let is_passing = matches!(
            refusal.code,
            ErrorCode::UnavailableId | ErrorCode::RateLimited | ErrorCode::ServerError
        );
        let reason = refusal.message.clone();
        if is_passing {
            self.on_lost(&Lost { code: None, reason });
        } else {
            self.events.tell(Event::Refused(refusal));
            self.end(DONE, &reason);
        }
    }

    /// The socket is gone: it is tried again, without end.
    pub(super) fn on_lost(&mut self, lost: &Lost) {
        if let Wire::Open(line) = std::mem::replace(&mut self.wire, Wire::Closed) {
            tokio::spawn(line.close(COMING_BACK, "reconnecting"));
        }
        let was_open = std::mem::take(&mut self.is_open);
        if lost.code == Some(REPLACED) {
            let reason = if lost.reason.is_empty() { "replaced by a newer session" } else { &lost.reason };
            self.over(reason, LeaveReason::Replaced);
            return;
        }
        if self.welcomed_at.take().is_some_and(|at| at.elapsed() >= limits::STABLE) {
            self.lost_times = 0;
        }
        self.lost_times = self.lost_times.saturating_add(1);
        let retry_in_ms = reconnect_delay_ms(self.lost_times);
        self.wire = Wire::Waiting(Instant::now() + Duration::from_millis(retry_in_ms));
        if was_open {
            self.tell(Input::SignalingDown);
        }
        let (attempt, reason) = (self.lost_times, lost.reason.clone());
        self.events.tell(Event::Session(SessionState::Reconnecting { attempt, retry_in_ms, reason }));
    }

    /// Leaves all rooms and ends the session.
    pub(super) fn end(&mut self, code: u16, reason: &str) {
        if let Wire::Open(line) = std::mem::replace(&mut self.wire, Wire::Closed) {
            self.last_line = Some(line);
            self.last_words = (code, reason.chars().take(100).collect());
        }
        self.over(reason, LeaveReason::Left);
    }

    fn over(&mut self, reason: &str, why: LeaveReason) {
        self.wire = Wire::Closed;
        self.is_open = false;
        self.outbox.close(reason);
        self.tell(Input::CloseAll);
        self.work();
        let news = self.rooms.clear(why);
        if why == LeaveReason::Replaced {
            self.on_news(news);
        }
        self.work();
        self.events.tell(Event::Session(SessionState::Closed { reason: reason.to_owned() }));
    }
}

/// The request that a frame answers.
fn request(frame: &Frame<'_>) -> Option<u64> {
    frame.re.as_ref()?.as_u64()
}

/// 500 ms, 1 s, 2 s, … up to 10 s, each ± 20 %: never the same for all, or a restarted server would meet them all at
/// once.
fn reconnect_delay_ms(attempt: u32) -> u64 {
    let doublings = attempt.saturating_sub(1).min(10);
    let delay_ms = (limits::RECONNECT_MS << doublings).min(limits::RECONNECT_MS_MAX);
    fastrand::u64(delay_ms * 8 / 10..=delay_ms * 12 / 10)
}
