//! The one entry: takes inputs and time, finds the session, hands the message to the verb that knows it, and answers.
//! Nothing is decided here but who is asked.

use parlor_proto::server::{Pong, encode_error, encode_ok};
use parlor_proto::{
    ClientFrame, ClientMessage, CloseCode, ErrorCode, FrameError, Instance, Mode, Refusal, RequestId, RoomId,
    ServerMessage, Time,
};

use crate::broker::{Ended, Parked, PeerCounters, Peers};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::gauges::Gauges;
use crate::hub::HubError;
use crate::io::{ConnId, FrameKind, Input, Output};
use crate::list::RoomList;
use crate::log::{Entry, Event, RoomEvent};
use crate::outbound::Outbound;
use crate::refusal::{Fault, NotInRoom};
use crate::room::RoomKey;
use crate::rooms::Rooms;
use crate::session::{Session, SessionKey, Watch};
use crate::sessions::Sessions;
use crate::timers::{Timer, Timers};
use crate::token::TokenKey;
use crate::watch::Watchers;

/// Sessions, rooms, participants and the room list of one server.
#[derive(Debug)]
pub struct Registry {
    pub(crate) config: Config,
    pub(crate) now: Time,
    pub(crate) entropy: Entropy,
    pub(crate) sessions: Sessions,
    pub(crate) rooms: Rooms,
    pub(crate) list: RoomList,
    pub(crate) watchers: Watchers,
    pub(crate) timers: Timers,
    pub(crate) outbound: Outbound,
    pub(crate) peers: Peers,
    pub(crate) parked: Parked,
    pub(crate) ended: Ended,
    pub(crate) peer_counters: PeerCounters,
    /// Stays in rooms, counted.
    pub(crate) last_stay: u64,
    /// What the hub goes by, so that nobody takes that of a restarted server for the one before; none if there is none.
    pub(crate) hub_instance: Option<Instance>,
    /// What tokens are signed with.
    pub(crate) token_key: Option<TokenKey>,
    /// The server stops: nobody joins any more.
    pub(crate) is_draining: bool,
}

impl Registry {
    /// An empty registry. Ids, tokens and the keys of hashes are drawn from `seed`, which must be secret and random.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        let hash_key = entropy.hash_key();
        let hub_instance = config.has_hub.then(|| entropy.instance());
        let token_key = config.token_key.clone();
        let token_key = token_key.or_else(|| TokenKey::new(&Entropy::token_secret(seed)).ok());
        Self {
            config,
            now: Time::default(),
            entropy,
            sessions: Sessions::new(&hash_key),
            rooms: Rooms::new(&hash_key),
            list: RoomList::new(),
            watchers: Watchers::default(),
            timers: Timers::default(),
            outbound: Outbound::default(),
            peers: Peers::new(&hash_key),
            parked: Parked::new(&hash_key),
            ended: Ended::default(),
            peer_counters: PeerCounters::default(),
            last_stay: 0,
            hub_instance,
            token_key,
            is_draining: false,
        }
    }

    /// Something happened outside. `now` never goes back.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        self.advance(now);
        match input {
            Input::Opened { conn } => self.on_opened(conn),
            Input::Frame { conn, frame } => self.on_frame(conn, frame),
            Input::BadFrame { conn, error } => self.on_bad_frame(conn, *error),
            Input::OversizedFrame { conn } => self.on_oversized_frame(conn),
            Input::BinaryFrame { conn } => self.on_binary_frame(conn),
            Input::PeerOpened { conn, hail } => self.on_peer_opened(conn, hail),
            Input::PeerFrame { conn, frame } => self.on_peer_frame(conn, frame),
            Input::PeerBadFrame { conn } => self.on_peer_bad_frame(conn),
            Input::Pong { conn } => match self.sessions.with_conn(conn) {
                Some(key) => self.on_heard(key),
                None => self.on_peer_heard(conn),
            },
            Input::Closed { conn, cause } => self.on_closed(conn, cause),
            Input::Overflowed { conn } => self.on_overflowed(conn),
            Input::Hub(report) => self.on_hub_report(report),
            Input::Drain => self.on_drain(),
        }
        self.finish();
    }

    /// Time has passed. Call it at [`Self::poll_timeout`]; earlier is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        self.finish();
    }

    /// The next thing to do outside. Call it until there is none, after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbound.pop()
    }

    /// When to call [`Self::handle_timeout`] at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let list_at = self.watchers.wake_at(&self.list, &self.config);
        [self.timers.next_at(), list_at].into_iter().flatten().min()
    }

    /// The last entries of a room's log, oldest first; none for a room that does not exist.
    pub fn room_log(&self, room: &RoomId) -> impl Iterator<Item = &Entry> {
        let room = self.rooms.with_id(room).and_then(|key| self.rooms.at(key));
        room.into_iter().flat_map(|room| room.log.entries())
    }

    /// The figures for metrics. Looks at every session and room: for a scrape, not for each frame.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let counters = &self.outbound.counters;
        let mut gauges = Gauges {
            watchers: self.watchers.len(),
            timers: self.timers.len(),
            list_rooms: self.list.len(),
            list_bytes: self.list.bytes(),
            joins_total: counters.joins,
            leaves_total: counters.leaves,
            rooms_made_total: counters.rooms_made,
            moves_up_total: counters.moves_up,
            moves_down_total: counters.moves_down,
            moves_overdue_total: counters.moves_overdue,
            signals_relayed_total: counters.signals_relayed,
            lists_encoded_total: self.list.lists_encoded,
            deltas_encoded_total: self.list.deltas_encoded,
            errors_total: counters.errors,
            peer_sockets: self.peers.len(),
            peers: self.peers.ids(),
            peer_queues: self.parked.queues(),
            peer_frames_parked: self.parked.total.frames,
            peer_bytes_parked: self.parked.total.bytes,
            peer_totals: self.peer_counters.clone(),
            ..Gauges::default()
        };
        for (_, session) in self.sessions.iter() {
            gauges.sessions += 1;
            gauges.sockets += usize::from(session.link.conn().is_some());
            gauges.sessions_anonymous += usize::from(session.identity.is_none());
            gauges.sessions_suspect += usize::from(session.link.is_suspect());
            gauges.frames_kept += session.outbox.frames();
            gauges.bytes_kept += session.outbox.bytes();
        }
        for (_, room) in self.rooms.iter() {
            gauges.rooms += 1;
            gauges.rooms_empty += usize::from(room.is_empty());
            gauges.rooms_sfu += usize::from(room.mode() == Mode::Sfu);
            gauges.rooms_moving += usize::from(room.footing.is_moving());
            gauges.participants += room.members().len();
        }
        gauges
    }

    /// Sends a frame that must not be lost to one session.
    pub(crate) fn send(&mut self, to: SessionKey, message: &ServerMessage) {
        self.sessions.send(to, &message.encode(), &mut self.outbound);
    }

    /// Sends a frame that must not be lost to everyone in a room but one.
    pub(crate) fn send_to_room(
        &mut self,
        room: RoomKey,
        except: Option<SessionKey>,
        message: &ServerMessage,
    ) {
        if let Some(room) = self.rooms.at(room) {
            self.sessions.send_to_room(room, except, &message.encode(), &mut self.outbound);
        }
    }

    /// Closes a session's socket; what becomes of the session is the caller's.
    pub(crate) fn close(&mut self, conn: ConnId, code: CloseCode, reason: &str) {
        self.outbound.push(Output::Close { conn, code, reason: reason.to_owned() });
    }

    /// Writes into a room's log, from which the list and the metrics are made.
    pub(crate) fn record(&mut self, key: RoomKey, event: RoomEvent) {
        let Some(room) = self.rooms.at_mut(key) else { return };
        let entry = room.log.write(self.now, event);
        self.list.on_change(key);
        self.outbound.log(Event::Room { room: room.id.clone(), entry });
    }

    /// The room, if the session is in it.
    pub(crate) fn room_of(&self, key: SessionKey, room_id: &RoomId) -> Result<RoomKey, NotInRoom> {
        let is_in =
            |room: &RoomKey| self.sessions.at(key).is_some_and(|session| session.rooms.contains(room));
        self.rooms.with_id(room_id).filter(is_in).ok_or_else(|| NotInRoom(room_id.clone()))
    }

    /// Sets a session's timer to when something is to be done about it. A timer that is early enough stays.
    pub(crate) fn arm_session(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.at_mut(key) else { return };
        let wake_at = session.wake_at(&self.config);
        if session.armed.is_none() || wake_at < session.armed {
            self.timers.set(Timer::Session(key), &mut session.armed, wake_at);
        }
    }

    pub(crate) fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Session(key) => self.on_session_timer(key),
                Timer::Room(key) => self.on_room_timer(key),
                Timer::Peer(conn) => self.on_peer_timer(conn),
                Timer::Parked(key) => self.on_parked_timer(key),
            }
        }
    }

    /// What waits for the end of an input: sessions that missed too much, and the room list.
    pub(crate) fn finish(&mut self) {
        while let Some(key) = self.outbound.take_doomed() {
            self.on_missed_too_much(key);
        }
        let Self { watchers, list, rooms, sessions, outbound, config, now, .. } = self;
        watchers.on_time(list, rooms, sessions, outbound, config, *now);
    }

    fn on_opened(&mut self, conn: ConnId) {
        if self.sessions.with_conn(conn).is_none() {
            let key = self.sessions.insert(conn, Session::new(conn, &self.config, self.now));
            self.arm_session(key);
        }
    }

    fn on_frame(&mut self, conn: ConnId, frame: ClientFrame) {
        let ClientFrame { id, cseq, message } = frame;
        // A `hello` is not numbered: it is what tells the number.
        let cseq = if matches!(message, ClientMessage::Hello(_)) { None } else { cseq };
        let result = match self.accept(conn, cseq) {
            None => return,
            Some(Err(fault)) => Err(fault),
            Some(Ok(key)) => self.on_message(key, conn, &message),
        };
        match (result, id) {
            (Ok(()), None) => {}
            (Ok(()), Some(id)) => {
                if let Some(key) = self.sessions.with_conn(conn) {
                    self.sessions.send(key, &encode_ok(&id), &mut self.outbound);
                }
            }
            (Err(Fault { code, sentence }), id) => {
                self.refuse(conn, id.as_ref(), &message.refusal(code, sentence));
            }
        }
    }

    fn on_bad_frame(&mut self, conn: ConnId, error: FrameError) {
        let FrameError { id, cseq, mut refusal } = error;
        match self.accept(conn, cseq) {
            None => return,
            Some(Ok(_)) => {}
            Some(Err(Fault { code, sentence })) => {
                refusal.code = code;
                refusal.message = sentence;
            }
        }
        self.refuse(conn, id.as_ref(), &refusal);
    }

    fn on_oversized_frame(&mut self, conn: ConnId) {
        if self.peers.at(conn).is_some() {
            return self.close_peer(conn, CloseCode::TooLarge, "a frame has at most 256 KiB");
        }
        self.refuse(conn, None, &bare(ErrorCode::TooLarge, "a frame has at most 256 KiB"));
        self.close_for_frame(conn, CloseCode::TooLarge, "a frame has at most 256 KiB");
    }

    fn on_binary_frame(&mut self, conn: ConnId) {
        if self.peers.at(conn).is_some() {
            return self.on_peer_bad_frame(conn);
        }
        self.refuse(conn, None, &bare(ErrorCode::BadMessage, "frames are text"));
        self.close_for_frame(conn, CloseCode::Unsupported, "frames are text");
    }

    /// Whose frame it is, if it is one to look at: not of an unknown socket, not a repeated one. A frame above the
    /// rate is a fault.
    fn accept(&mut self, conn: ConnId, cseq: Option<u64>) -> Option<Result<SessionKey, Fault>> {
        let key = self.sessions.with_conn(conn)?;
        self.on_heard(key);
        let now = self.now;
        let session = self.sessions.at_mut(key)?;
        let is_within_rate = session.rate.take(now);
        if cseq.is_some_and(|cseq| !session.on_cseq(cseq)) {
            return None;
        }
        if is_within_rate {
            return Some(Ok(key));
        }
        let sentence = format!("more than {} frames a second, wait a little", self.config.frames_per_second);
        Some(Err(Fault { code: ErrorCode::RateLimited, sentence }))
    }

    fn on_message(&mut self, key: SessionKey, conn: ConnId, message: &ClientMessage) -> Result<(), Fault> {
        match message {
            ClientMessage::Hello(m) => self.on_hello(key, m)?,
            ClientMessage::Ping(m) => {
                let pong = ServerMessage::Pong(Pong { t: m.t.clone() }).encode();
                self.outbound.send(conn, pong.text(), FrameKind::Pong);
            }
            ClientMessage::IceServers(_) => self.on_ice_servers(key),
            ClientMessage::RoomListRequest(m) => self.on_room_list_request(key, m.deltas),
            ClientMessage::RoomCreated(m) => self.on_room_created(key, m)?,
            ClientMessage::UserJoinedRoom(m) => self.on_user_joined_room(key, m)?,
            ClientMessage::UserLeftRoom(m) => self.on_user_left_room(key, m)?,
            ClientMessage::SetRole(m) => self.on_set_role(key, m)?,
            ClientMessage::RemoveUser(m) => self.on_remove_user(key, m)?,
            ClientMessage::MuteRequest(m) => self.on_mute_request(key, m)?,
            ClientMessage::UpdateRoom(m) => self.on_update_room(key, m)?,
            ClientMessage::EndRoom(m) => self.on_end_room(key, m)?,
            ClientMessage::Offer(m) if m.to.is_hub() => self.on_hub_offer(key, m)?,
            ClientMessage::Offer(m) => self.on_offer(key, m)?,
            ClientMessage::Answer(m) if m.to.is_hub() => return Err(HubError::NothingOffered.into()),
            ClientMessage::Answer(m) => self.on_answer(key, m)?,
            ClientMessage::IceCandidate(m) if m.to.is_hub() => self.on_hub_candidate(key, m)?,
            ClientMessage::IceCandidate(m) => self.on_ice_candidate(key, m)?,
            ClientMessage::Receive(m) => self.on_receive(key, m)?,
            ClientMessage::TopologyReady(m) => self.on_topology_ready(key, m)?,
            ClientMessage::TrackState(m) => self.on_track_state(key, m)?,
            ClientMessage::Recording(m) => self.on_recording(key, m)?,
            ClientMessage::Chat(m) => self.on_chat(key, m)?,
            ClientMessage::Message(m) => self.on_direct_message(key, m)?,
        }
        Ok(())
    }

    fn on_room_list_request(&mut self, key: SessionKey, wants_deltas: bool) {
        let Some(session) = self.sessions.at_mut(key) else { return };
        self.watchers.insert(key, session, &self.config, self.now);
        session.watch = if wants_deltas { Watch::Deltas { seen: 0 } } else { Watch::Lists { seen: 0 } };
        self.answer_list(key);
    }

    /// Sends the list to one who watches it, at once.
    pub(crate) fn answer_list(&mut self, key: SessionKey) {
        let Self { list, rooms, sessions, outbound, config, now, .. } = self;
        Watchers::answer(key, list, rooms, sessions, outbound, config, *now);
    }

    /// Sends an error that comes without a request, and is nobody's fault who is at that socket now.
    pub(crate) fn tell_refusal(&mut self, to: SessionKey, refusal: &Refusal) {
        self.outbound.count_error(refusal.code);
        self.sessions.send(to, &encode_error(None, refusal), &mut self.outbound);
    }

    /// Sends an error. Too many of them that are `bad-message` close the socket.
    fn refuse(&mut self, conn: ConnId, re: Option<&RequestId>, refusal: &Refusal) {
        let Some(key) = self.sessions.with_conn(conn) else { return };
        self.outbound.count_error(refusal.code);
        self.sessions.send(key, &encode_error(re, refusal), &mut self.outbound);
        let Config { bad_messages_max, bad_message_window_ms, .. } = self.config;
        let Some(session) = self.sessions.at_mut(key) else { return };
        if refusal.code == ErrorCode::BadMessage
            && session.bad_messages.count(self.now, bad_messages_max, bad_message_window_ms)
        {
            self.close_for_frame(conn, CloseCode::PolicyViolation, "too many bad messages");
        }
    }
}

fn bare(code: ErrorCode, message: &str) -> Refusal {
    Refusal { code, message: message.to_owned(), kind: None, to: None, room_id: None, attempt: None }
}
