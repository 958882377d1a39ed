//! One's own frames until the server is known to have them: numbered with `cseq`, kept for sending again after a resume, and
//! the requests among them with who waits for their answer (`docs/protocol.md`, Nothing is lost).

use std::collections::{BTreeMap, VecDeque};

use parlor_proto::{ClientMessage, Refusal};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::limits;

/// Who waits for the answer to a request.
pub(crate) enum Waiting {
    /// The application.
    Application(oneshot::Sender<Result<(), Error>>),
    /// The client itself, which wants to be in a room again.
    Rejoin(Box<parlor_proto::client::UserJoinedRoom>),
}

impl Waiting {
    fn reject(self, error: Error) {
        if let Self::Application(reply) = self {
            // Whoever asked may have gone.
            drop(reply.send(Err(error)));
        }
    }
}

struct Request {
    waiting: Waiting,
    cseq: u64,
    is_leave: bool,
}

/// A frame that the server may not have yet.
struct Kept {
    cseq: u64,
    id: Option<u64>,
    message: ClientMessage,
    /// Whether it went into a socket of the present session.
    is_written: bool,
}

/// See above.
#[derive(Default)]
pub(crate) struct Outbox {
    last_cseq: u64,
    last_request: u64,
    kept: VecDeque<Kept>,
    waiting: BTreeMap<u64, Request>,
}

impl Outbox {
    /// Numbers a frame and keeps it; its text if it is to be written now. Beyond the bound the oldest one goes.
    pub(crate) fn add(
        &mut self,
        message: ClientMessage,
        waiting: Option<Waiting>,
        is_open: bool,
    ) -> Option<String> {
        self.last_cseq = self.last_cseq.saturating_add(1);
        let cseq = self.last_cseq;
        let is_leave = matches!(message, ClientMessage::UserLeftRoom(_));
        let id = waiting.map(|waiting| {
            self.last_request = self.last_request.saturating_add(1);
            self.waiting.insert(self.last_request, Request { waiting, cseq, is_leave });
            self.last_request
        });
        let text = is_open.then(|| encode(&message, id, Some(cseq)));
        self.kept.push_back(Kept { cseq, id, message, is_written: is_open });
        if self.kept.len() > limits::KEPT_FRAMES_MAX
            && let Some(oldest) = self.kept.pop_front()
            && let Some(request) = oldest.id.filter(|_| !oldest.is_written)
            && let Some(request) = self.waiting.remove(&request)
        {
            request.waiting.reject(Error::Overflow);
        }
        text
    }

    /// The answer to a request came: whatever was sent before it has arrived too.
    pub(crate) fn settle(&mut self, id: u64) -> Option<Waiting> {
        let request = self.waiting.remove(&id)?;
        self.forget_up_to(request.cseq);
        Some(request.waiting)
    }

    /// The session goes on, and the server has everything up to `last_cseq`: what to send again, in order.
    pub(crate) fn resume(&mut self, last_cseq: u64) -> Vec<String> {
        self.forget_up_to(last_cseq);
        self.texts()
    }

    /// A new session begins, which knows nothing of the old one: what to send, numbered from 1, `first` before all of
    /// it. What would mean nothing or another thing there is let go: negotiation and track states (said anew), and what went out
    /// already and may have arrived. Chat is sent again, since its id tells a second copy; so are requests that wait
    /// for their answer.
    pub(crate) fn restart(&mut self, first: Vec<(ClientMessage, Waiting)>) -> Vec<String> {
        let old = std::mem::take(&mut self.kept);
        self.last_cseq = 0;
        for (message, waiting) in first {
            self.add(message, Some(waiting), false);
        }
        for mut frame in old.into_iter().filter(outlives_session) {
            self.last_cseq = self.last_cseq.saturating_add(1);
            frame.cseq = self.last_cseq;
            if let Some(request) = frame.id.and_then(|id| self.waiting.get_mut(&id)) {
                request.cseq = frame.cseq;
            }
            self.kept.push_back(frame);
        }
        self.reject_orphans();
        self.texts()
    }

    /// Nothing will be sent any more.
    pub(crate) fn close(&mut self, reason: &str) {
        self.kept.clear();
        self.last_cseq = 0;
        for (_, request) in std::mem::take(&mut self.waiting) {
            request.waiting.reject(Error::Closed(reason.to_owned()));
        }
    }

    /// Requests whose frame is not kept get no answer in the new session. Leaving is done with the old session itself.
    fn reject_orphans(&mut self) {
        let kept: Vec<u64> = self.kept.iter().filter_map(|frame| frame.id).collect();
        for (id, request) in std::mem::take(&mut self.waiting) {
            if kept.contains(&id) {
                self.waiting.insert(id, request);
                continue;
            }
            match request.waiting {
                Waiting::Application(reply) if request.is_leave => drop(reply.send(Ok(()))),
                waiting => waiting.reject(Error::Closed("it was lost before the answer came".to_owned())),
            }
        }
    }

    fn forget_up_to(&mut self, cseq: u64) {
        while self.kept.front().is_some_and(|frame| frame.cseq <= cseq) {
            self.kept.pop_front();
        }
    }

    fn texts(&mut self) -> Vec<String> {
        self.kept
            .iter_mut()
            .map(|frame| {
                frame.is_written = true;
                encode(&frame.message, frame.id, Some(frame.cseq))
            })
            .collect()
    }
}

fn outlives_session(frame: &Kept) -> bool {
    match frame.message {
        ClientMessage::Offer(_)
        | ClientMessage::Answer(_)
        | ClientMessage::IceCandidate(_)
        | ClientMessage::TrackState(_)
        | ClientMessage::Receive(_)
        | ClientMessage::TopologyReady(_)
        | ClientMessage::Recording(_)
        | ClientMessage::Ping(_)
        // One is asked for each room anew.
        | ClientMessage::UserLeftRoom(_) => false,
        ClientMessage::Chat(_) => true,
        _ => frame.id.is_some() || !frame.is_written,
    }
}

/// A frame's text: the message, and behind it what numbers it.
pub(crate) fn encode(message: &ClientMessage, id: Option<u64>, cseq: Option<u64>) -> String {
    use std::fmt::Write as _;
    // Messages are maps with keys that are strings, which can be written.
    let mut text = serde_json::to_string(message).unwrap_or_default();
    text.pop();
    // A String takes all that is written to it.
    if let Some(id) = id {
        let _ = write!(text, ",\"id\":{id}");
    }
    if let Some(cseq) = cseq {
        let _ = write!(text, ",\"cseq\":{cseq}");
    }
    text.push('}');
    text
}

/// A refusal as the application gets it.
pub(crate) fn refused(refusal: Refusal) -> Error {
    Error::Refused(Box::new(refusal))
}

#[cfg(test)]
mod tests {
    use parlor_proto::client::{Chat, TrackState, UserLeftRoom};
    use parlor_proto::{ClientFrame, RoomId};

    use super::*;

    fn room() -> RoomId {
        RoomId::parse("tea").unwrap()
    }

    fn chat(text: &str) -> ClientMessage {
        ClientMessage::Chat(Chat { room_id: room(), text: text.to_owned(), chat_id: None })
    }

    fn tracks() -> ClientMessage {
        let (audio_enabled, video_enabled) = (true, false);
        ClientMessage::TrackState(TrackState { room_id: room(), audio_enabled, video_enabled, tracks: None })
    }

    fn leave() -> ClientMessage {
        ClientMessage::UserLeftRoom(UserLeftRoom { room_id: room(), user_id: None })
    }

    fn asked() -> (Option<Waiting>, oneshot::Receiver<Result<(), Error>>) {
        let (reply, answer) = oneshot::channel();
        (Some(Waiting::Application(reply)), answer)
    }

    fn numbers(texts: &[String]) -> Vec<(u64, String)> {
        let read = |text: &String| {
            let frame = ClientFrame::parse(text).unwrap();
            (frame.cseq.unwrap(), frame.message.type_name().to_owned())
        };
        texts.iter().map(read).collect()
    }

    #[test]
    fn a_resumed_session_gets_what_had_not_arrived() {
        let mut outbox = Outbox::default();
        for text in ["a", "b", "c"] {
            assert!(outbox.add(chat(text), None, true).is_some());
        }
        assert!(outbox.add(chat("d"), None, false).is_none(), "nothing is written while the socket is away");
        assert_eq!(numbers(&outbox.resume(2)), [(3, "chat".to_owned()), (4, "chat".to_owned())]);
    }

    #[test]
    fn a_new_session_gets_joins_first_and_no_old_negotiation() {
        let mut outbox = Outbox::default();
        outbox.add(tracks(), None, true);
        outbox.add(chat("a"), None, true);
        let (waiting, mut left) = asked();
        outbox.add(leave(), waiting, true);
        let join = parlor_proto::client::UserJoinedRoom {
            room_id: room(),
            user_id: None,
            user_name: None,
            role: None,
            password: None,
            create: None,
        };
        let first = vec![(ClientMessage::UserJoinedRoom(join.clone()), Waiting::Rejoin(Box::new(join)))];
        let texts = outbox.restart(first);
        assert_eq!(numbers(&texts), [(1, "user-joined-room".to_owned()), (2, "chat".to_owned())]);
        assert!(left.try_recv().unwrap().is_ok(), "a session that ended has left");
    }

    #[test]
    fn an_answer_says_that_what_was_sent_before_arrived() {
        let mut outbox = Outbox::default();
        outbox.add(chat("a"), None, true);
        let (waiting, _answer) = asked();
        let text = outbox.add(leave(), waiting, true).unwrap();
        assert!(text.contains("\"id\":1"), "{text}");
        assert!(outbox.settle(1).is_some());
        assert!(outbox.settle(1).is_none());
        assert!(outbox.resume(0).is_empty());
    }

    #[test]
    fn what_waits_is_bounded_and_whoever_waits_for_what_went_is_told() {
        let mut outbox = Outbox::default();
        let (waiting, mut answer) = asked();
        outbox.add(leave(), waiting, false);
        for _ in 0..limits::KEPT_FRAMES_MAX {
            outbox.add(chat("a"), None, false);
        }
        assert!(matches!(answer.try_recv(), Ok(Err(Error::Overflow))));
        assert_eq!(outbox.resume(0).len(), limits::KEPT_FRAMES_MAX);
        let (waiting, mut answer) = asked();
        outbox.add(leave(), waiting, true);
        outbox.close("bye");
        assert!(matches!(answer.try_recv(), Ok(Err(Error::Closed(_)))));
    }
}
