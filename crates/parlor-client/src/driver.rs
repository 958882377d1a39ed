//! The client's task: it owns the session, the memberships, the connection manager and the connections, and brings what each of
//! them says to those whom it concerns. Decisions about connections are `parlor-connect`'s.

mod presence;
mod speech;

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Instant;

use parlor_connect::{Input, Manager, Output, Remote, Send as ToServer};
use parlor_proto::client::{Recording, TrackState, UserJoinedRoom, UserLeftRoom};
use parlor_proto::server::Limits;
use parlor_proto::{
    ClientMessage, Instance, Participant, Receive, Refusal, RoomId, Sdp, Source, Track, UserId,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::command::Command;
use crate::connections::Connections;
use crate::error::Error;
use crate::event::{Departure, Event};
use crate::frames::Frame;
use crate::limits;
use crate::link::Report;
use crate::memberships::{Membership, Memberships, News};
use crate::options::Options;
use crate::outbox::{self, Outbox, Waiting};
use crate::peer::{Described, Sending};
use crate::session::{DONE, Line, Lost};
use crate::socket::{Door, Socket};
use crate::talk::{self, Talk};
use crate::track::Publish;

/// Events on their way to the application, which may not take them.
pub(crate) struct Events {
    queue: mpsc::Sender<Event>,
    missed: u64,
}

impl Events {
    pub(crate) fn tell(&mut self, event: Event) {
        if self.missed > 0 {
            match self.queue.try_send(Event::Missed(self.missed)) {
                Ok(()) => self.missed = 0,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.missed = self.missed.saturating_add(1);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(event) {
            self.missed = self.missed.saturating_add(1);
        }
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<(Socket, bool), Error>> + Send>>;

/// Where the socket is in its life.
enum Wire {
    /// A socket is there; welcome or not.
    Open(Box<Line>),
    Opening(Opening),
    /// Until the next try.
    Waiting(Instant),
    /// For good.
    Closed,
}

/// What came, of all that is waited for.
enum Came {
    Command(Option<Command>),
    Report(Remote, u32, Report),
    Text(String),
    Lost(Lost),
    Opened(Box<Result<(Socket, bool), Error>>),
    Time,
}

/// A track that is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) sending: crate::peer::Sending,
    pub(crate) is_enabled: bool,
}

/// See above.
pub(crate) struct Driver {
    door: Door,
    options: Options,
    instance: Instance,
    clock: Clock,
    commands: mpsc::Receiver<Command>,
    reports: mpsc::Receiver<(Remote, u32, Report)>,
    events: Events,
    wire: Wire,
    /// Whether the server said welcome at this socket.
    is_open: bool,
    user_id: Option<UserId>,
    resume_token: Option<String>,
    last_seq: u64,
    limits: Limits,
    lost_times: u32,
    welcomed_at: Option<Instant>,
    outbox: Outbox,
    rooms: Memberships,
    /// Joins to be asked for again.
    rejoins: Vec<(Instant, UserJoinedRoom)>,
    manager: Option<Manager>,
    inputs: VecDeque<Input>,
    connections: Connections,
    tracks: Vec<Published>,
    has_published: bool,
    recording: Vec<RoomId>,
    wishes: Vec<Receive>,
    talk: Talk,
    closing: Option<oneshot::Sender<()>>,
    /// What is still to be said at the end, and where.
    last_line: Option<Box<Line>>,
    last_words: (u16, String),
}

impl Driver {
    pub(crate) fn new(
        door: Door,
        options: Options,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<Event>,
    ) -> Result<Self, Error> {
        let (report_sender, reports) = mpsc::channel(limits::REPORTS_MAX);
        let instance = Instance::parse(&random_id("i"))
            .map_err(|error| Error::Closed(format!("no instance could be made: {error}")))?;
        let (outlets, _) = watch::channel(Vec::new());
        let connections = Connections::new(report_sender, outlets, options.slots);
        Ok(Self {
            door,
            user_id: options.user_id.clone(),
            options,
            instance,
            clock: Clock::start(),
            commands,
            reports,
            events: Events { queue: events, missed: 0 },
            wire: Wire::Closed,
            is_open: false,
            resume_token: None,
            last_seq: 0,
            limits: Limits::default(),
            lost_times: 0,
            welcomed_at: None,
            outbox: Outbox::default(),
            rooms: Memberships::default(),
            rejoins: Vec::new(),
            manager: None,
            inputs: VecDeque::new(),
            connections,
            tracks: Vec::new(),
            has_published: false,
            recording: Vec::new(),
            wishes: Vec::new(),
            talk: Talk::default(),
            closing: None,
            last_line: None,
            last_words: (DONE, String::new()),
        })
    }

    /// Reaches the server for the first time; who one is there.
    ///
    /// # Errors
    /// When it can't be reached, or does not want one.
    pub(crate) async fn begin(&mut self) -> Result<UserId, Error> {
        let address = self.door.address.authority();
        let silent = || Error::NoServer { address: address.clone(), reason: "no welcome came".to_owned() };
        let begun = async {
            let (socket, is_here) = self.door.open().await?;
            Ok::<_, Error>((Line::new(socket), is_here))
        };
        let (line, is_here) = tokio::time::timeout(limits::CONNECT, begun).await.map_err(|_| silent())??;
        self.connections.is_server_here = is_here;
        self.wire = Wire::Open(Box::new(line));
        self.hello();
        loop {
            let Wire::Open(line) = &mut self.wire else { return Err(silent()) };
            let text = tokio::time::timeout(limits::CONNECT, line.next(limits::CONNECT)).await;
            let text = match text {
                Ok(Ok(text)) => text,
                Ok(Err(lost)) => return Err(Error::Closed(lost.reason)),
                Err(_) => return Err(silent()),
            };
            let Some(frame) = Frame::parse(&text) else { continue };
            match &*frame.kind {
                "error" => {
                    if let Some(refusal) = frame.read::<Refusal>() {
                        return Err(outbox::refused(refusal));
                    }
                }
                "welcome" => {
                    self.on_text(&text);
                    return self.user_id.clone().ok_or_else(silent);
                }
                _ => {}
            }
        }
    }

    /// Works until the client is closed, or the server does not want it any more.
    pub(crate) async fn run(mut self) {
        loop {
            self.work();
            if matches!(self.wire, Wire::Closed) {
                break;
            }
            match self.next().await {
                Came::Command(None) => self.end(DONE, "closed by this side"),
                Came::Command(Some(Command::Close { reply })) => {
                    self.closing = Some(reply);
                    self.end(DONE, "closed by this side");
                }
                Came::Command(Some(command)) => self.on_command(command),
                Came::Report(key, attempt, report) => self.on_report(&key, attempt, report),
                Came::Text(text) => self.on_text(&text),
                Came::Lost(lost) => self.on_lost(&lost),
                Came::Opened(opened) => self.on_opened(*opened),
                Came::Time => self.on_time(),
            }
        }
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            command.reject();
        }
        if let Some(line) = self.last_line.take() {
            line.close(self.last_words.0, &self.last_words.1).await;
        }
        if let Some(reply) = self.closing.take() {
            // Whoever closed it may not wait.
            let _ = reply.send(());
        }
    }

    async fn next(&mut self) -> Came {
        let silence = if self.rooms.is_empty() { limits::SILENCE } else { limits::SILENCE_IN_ROOM };
        let wake_at = self.wake_at();
        let wire = async {
            match &mut self.wire {
                Wire::Open(line) => match line.next(silence).await {
                    Ok(text) => Came::Text(text),
                    Err(lost) => Came::Lost(lost),
                },
                Wire::Opening(opening) => Came::Opened(Box::new(opening.await)),
                Wire::Waiting(_) | Wire::Closed => std::future::pending().await,
            }
        };
        let time = async {
            match wake_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = self.commands.recv() => Came::Command(command),
            // There is always a sender: the connections' own.
            Some((key, attempt, report)) = self.reports.recv() => Came::Report(key, attempt, report),
            came = wire => came,
            () = time => Came::Time,
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        let manager = self.manager.as_ref().and_then(Manager::poll_timeout).map(|time| self.clock.at(time));
        let retry = match self.wire {
            Wire::Waiting(at) => Some(at),
            _ => None,
        };
        let rejoin = self.rejoins.iter().map(|(at, _)| *at).min();
        [manager, retry, rejoin, self.rooms.timeout(), self.connections.timeout()].into_iter().flatten().min()
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if let Wire::Waiting(at) = self.wire
            && at <= now
        {
            self.open();
        }
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.rejoins).into_iter().partition(|(at, _)| *at <= now);
        self.rejoins = later;
        for (_, request) in due {
            if self.is_open && self.rooms.wants(&request.room_id) {
                let waiting = Waiting::Rejoin(Box::new(request.clone()));
                self.ask(ClientMessage::UserJoinedRoom(request), Some(waiting));
            }
        }
        self.connections.sweep(now);
        let news = self.rooms.sweep(now);
        self.on_news(news);
        let time = self.clock.now();
        if let Some(manager) = &mut self.manager
            && manager.poll_timeout().is_some_and(|at| at <= time)
        {
            manager.handle_timeout(time);
        }
    }

    /// Gives the connection manager what it has not heard yet, and carries out what it orders.
    fn work(&mut self) {
        let Some(manager) = &mut self.manager else { return };
        loop {
            while let Some(output) = manager.poll_output() {
                match output {
                    Output::Send(to_server) => {
                        let message = match to_server {
                            ToServer::Offer(offer) => ClientMessage::Offer(offer),
                            ToServer::Answer(answer) => ClientMessage::Answer(answer),
                            ToServer::IceCandidate(candidate) => ClientMessage::IceCandidate(candidate),
                            ToServer::TopologyReady(ready) => ClientMessage::TopologyReady(ready),
                        };
                        let text = self.outbox.add(message, None, self.is_open);
                        write(&self.wire, text);
                    }
                    Output::PathChanged { room_id: room, plays, sends_to_hub } => {
                        let is_new = sends_to_hub && !self.connections.uses_hub(&room);
                        self.connections.set_path(&room, plays, sends_to_hub);
                        let wish = self.wishes.iter().find(|wish| is_new && wish.room_id == room).cloned();
                        if let Some(wish) = wish {
                            let text = self.outbox.add(ClientMessage::Receive(wish), None, self.is_open);
                            write(&self.wire, text);
                        }
                        self.events.tell(Event::Path { room, plays });
                    }
                    output => self.inputs.extend(self.connections.carry_out(output, &mut self.events)),
                }
            }
            let Some(input) = self.inputs.pop_front() else { break };
            manager.handle_input(self.clock.now(), input);
        }
    }

    fn tell(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    /// Sends a frame now, or when the server is there again.
    fn ask(&mut self, message: ClientMessage, waiting: Option<Waiting>) {
        let text = self.outbox.add(message, waiting, self.is_open);
        write(&self.wire, text);
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Join { request, reply } => {
                self.rooms.asked(&request);
                self.ask(ClientMessage::UserJoinedRoom(*request), Some(Waiting::Application(reply)));
            }
            Command::Leave { room, reply } => {
                if self.rooms.leave(&room) {
                    self.forget_room(&room);
                    let leave = UserLeftRoom { room_id: room, user_id: None };
                    self.ask(ClientMessage::UserLeftRoom(leave), Some(Waiting::Application(reply)));
                } else {
                    drop(reply.send(Err(Error::NotInRoom(room))));
                }
            }
            Command::Publish { publish, reply } => {
                if self.tracks.iter().any(|track| track.sending.source == publish.source) {
                    drop(reply.send(Err(Error::Published(publish.source))));
                    return;
                }
                let Publish { source, codec, is_stereo } = publish;
                let sending = Sending { source, codec, is_stereo };
                self.tracks.push(Published { sending, is_enabled: true });
                self.has_published = true;
                self.on_tracks_changed();
                drop(reply.send(Ok(self.connections.outlets())));
            }
            Command::Unpublish { source } => {
                self.tracks.retain(|track| track.sending.source != source);
                self.on_tracks_changed();
            }
            Command::Enable { source, is_enabled } => {
                if let Some(track) = self.tracks.iter_mut().find(|track| track.sending.source == source) {
                    track.is_enabled = is_enabled;
                    self.on_tracks_changed();
                }
            }
            Command::Chat { room, text, reply } => drop(reply.send(self.chat(&room, text))),
            Command::Message { room, to, payload, reply } => {
                drop(reply.send(self.message(&room, to.as_ref(), &payload)));
            }
            Command::Recording { room, is_active } => {
                self.recording.retain(|one| *one != room);
                if is_active {
                    self.recording.push(room.clone());
                }
                self.ask(ClientMessage::Recording(Recording { room_id: room, active: is_active }), None);
            }
            Command::Receive(receive) => {
                self.wishes.retain(|one| one.room_id != receive.room_id);
                self.wishes.push(receive.clone());
                self.tell_wish(&receive.room_id);
            }
            Command::Participants { room, reply } => {
                let roster = self.rooms.room(&room).map(Membership::roster);
                drop(reply.send(roster.ok_or(Error::NotInRoom(room))));
            }
            Command::Retry { remote } => {
                self.tell(Input::Retry { peer: remote });
            }
            Command::KeyFrame { user, source } => self.connections.key_frame(&user, source),
            // Taken before.
            Command::Close { reply } => {
                let _ = reply.send(());
            }
        }
    }

    fn on_tracks_changed(&mut self) {
        self.connections.set_tracks(self.tracks.iter().map(|track| track.sending).collect());
        for room in self.rooms.ids() {
            self.tell_tracks_by_hub(&room);
            self.tell_tracks(room);
        }
        for user in self.connections.data_users() {
            self.tell_tracks_directly(&user);
        }
    }

    fn track_state(&self, room_id: RoomId) -> TrackState {
        let is_on =
            |source| self.tracks.iter().any(|track| track.sending.source == source && track.is_enabled);
        let states = self.tracks.iter().map(|track| Track {
            source: track.sending.source,
            kind: track.sending.codec.kind(),
            enabled: track.is_enabled,
        });
        TrackState {
            room_id,
            audio_enabled: is_on(Source::Microphone),
            video_enabled: is_on(Source::Camera),
            tracks: Some(states.collect()),
        }
    }

    /// The server knows what is published in a mesh only from this.
    fn tell_tracks(&mut self, room: RoomId) {
        if self.has_published {
            let state = self.track_state(room);
            self.ask(ClientMessage::TrackState(state), None);
        }
    }

    fn tell_tracks_directly(&mut self, user: &UserId) {
        if self.has_published {
            for room in self.rooms.shared(user) {
                let state = self.track_state(room);
                let to = Remote::User(user.clone());
                self.connections.send_data(&to, &talk::frame("track-state", &state));
            }
        }
    }

    fn tell_tracks_by_hub(&mut self, room: &RoomId) {
        if self.has_published {
            let state = self.track_state(room.clone());
            self.connections.send_data(&Remote::Hub(room.clone()), &talk::frame("track-state", &state));
        }
    }

    /// What is wanted of a room's hub, if there is one in use. The server keeps it for as long as one is in the room.
    fn tell_wish(&mut self, room: &RoomId) {
        let wish = self.wishes.iter().find(|wish| wish.room_id == *room).cloned();
        if let Some(wish) = wish.filter(|_| self.connections.uses_hub(room)) {
            self.ask(ClientMessage::Receive(wish), None);
        }
    }

    fn on_report(&mut self, key: &Remote, attempt: u32, report: Report) {
        if !self.connections.is_current(key, attempt) {
            return;
        }
        let peer = key.clone();
        match report {
            Report::LocalSet(Described { sdp, tracks }) => {
                let tracks = (!tracks.is_empty()).then_some(tracks);
                self.tell(Input::LocalDescriptionSet { peer, attempt, sdp: Sdp::from_text(&sdp), tracks });
            }
            Report::LocalFailed(reason) => {
                self.tell(Input::LocalDescriptionFailed { peer, attempt, reason });
            }
            Report::RolledBack => self.tell(Input::RolledBack { peer, attempt }),
            Report::RemoteSet => self.tell(Input::RemoteDescriptionSet { peer, attempt }),
            Report::RemoteFailed(reason) => {
                self.tell(Input::RemoteDescriptionFailed { peer, attempt, reason });
            }
            Report::Sampled(sample) => self.tell(Input::StatsSampled { peer, attempt, sample }),
            Report::State(ice, connection) => {
                self.tell(Input::StateChanged { peer, attempt, ice, connection });
            }
            Report::NegotiationNeeded => self.tell(Input::NegotiationNeeded { peer, attempt }),
            Report::CandidatesDone => {
                self.tell(Input::LocalCandidate { peer, attempt, candidate: None });
            }
            Report::DataOpen => {
                self.connections.data_opened(key);
                self.events.tell(Event::DataChannel { remote: key.clone(), is_open: true });
                match key {
                    Remote::User(user) => self.tell_tracks_directly(user),
                    Remote::Hub(room) => self.tell_tracks_by_hub(room),
                }
            }
            Report::DataClosed => {
                self.connections.data_closed(key);
                self.events.tell(Event::DataChannel { remote: key.clone(), is_open: false });
            }
            Report::Data(text) => self.on_data(key, &text),
            Report::Media { mid, source, codec, media } => {
                let which = (key, attempt, mid.as_str());
                self.connections.on_media(which, source, codec, &media, &self.rooms, &mut self.events);
            }
            Report::KeyFrameWanted(source) => self.events.tell(Event::KeyFrameWanted { source }),
        }
    }

    fn on_news(&mut self, news: Vec<News>) {
        for news in news {
            match news {
                News::Entered { room, again } => {
                    self.tell_tracks(room.clone());
                    if self.recording.contains(&room) {
                        let recording = Recording { room_id: room.clone(), active: true };
                        self.ask(ClientMessage::Recording(recording), None);
                    }
                    self.tell_wish(&room);
                    if again {
                        self.events.tell(Event::Again { room });
                    }
                }
                News::Came { room, participant } => {
                    let user = participant.id.clone();
                    self.events.tell(Event::Joined { room, participant });
                    for (from, frame) in self.talk.held_of(&user) {
                        self.on_direct(&from, &frame);
                    }
                }
                News::Went { room, user, reason } => {
                    if self.rooms.shared(&user).is_empty() {
                        self.connections.forget_tracks(&user);
                    }
                    self.events.tell(Event::Left { room, user, reason });
                }
                News::Changed { room, before, participant } => {
                    // Who is in the room anew has yet to say what they publish.
                    let is_anew = before.joined_at != participant.joined_at;
                    let has = |of: &Participant, source| of.tracks.iter().any(|track| track.source == source);
                    for track in before.tracks.iter().filter(|track| !has(&participant, track.source)) {
                        self.connections.set_ending(&participant.id, track.source, !is_anew);
                    }
                    for track in &participant.tracks {
                        self.connections.set_ending(&participant.id, track.source, false);
                    }
                    self.events.tell(Event::Updated { room, participant });
                }
                News::Recording { room, recording } => {
                    self.events.tell(Event::Recording { room, recording });
                }
                News::Settings { room } => self.events.tell(Event::RoomUpdated { room }),
                News::Out { room, reason, by } => {
                    self.forget_room(&room);
                    self.events.tell(Event::Out { room, reason: Departure::Reason(reason), by });
                }
            }
        }
    }

    /// One is no longer in a room.
    fn forget_room(&mut self, room: &RoomId) {
        self.recording.retain(|one| one != room);
        self.wishes.retain(|one| one.room_id != *room);
        self.rejoins.retain(|(_, request)| request.room_id != *room);
        self.connections.forget_room(room);
        self.tell(Input::LeaveRoom { room_id: room.clone() });
    }
}

/// Writes a text, if there is one and a socket. What finds no room there is sent again after a resume.
fn write(wire: &Wire, text: Option<String>) {
    if let (Wire::Open(line), Some(text)) = (wire, text)
        && !line.write(text)
    {
        tracing::debug!("the server's socket takes nothing any more");
    }
}

/// A random id. Nobody is kept from guessing it: it tells apart, and proves nothing.
pub(crate) fn random_id(prefix: &str) -> String {
    format!("{prefix}-{:016x}", fastrand::u64(..))
}
