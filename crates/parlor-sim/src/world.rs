//! A seeded world: the registry, up to ten participants, and a network that delays, loses sockets (noticed or half-open)
//! and repeats. Time is virtual; the same seed gives the same run to the last frame.

use std::collections::{BTreeMap, BTreeSet};

use parlor_connect::{ConnectionState, IceState, Input, Remote, Settings, StatsSample};
use parlor_proto::{ClientFrame, Grade, Role, Time, UserId};
use parlor_room::{
    CloseCause, Config, ConnId, Gauges, Input as ServerInput, Output as ServerOutput, Registry,
};

use crate::participant::Participant;
use crate::plan::{Act, Plan};
use crate::trace::Trace;

/// How long after the last disturbance everything has to be well again.
const SETTLE_MS: u64 = 60_000;
/// The same where packets stop now and then: right after a connection was made anew, it takes a minute until the next.
const THAW_MS: u64 = 150_000;
/// How often the media paths are looked at.
const MEDIA_CHECK_MS: u64 = 250;
/// A path without its other end is `disconnected` after this, and `failed` after that, as in browsers.
const DISCONNECTED_MS: u64 = 5_000;
const FAILED_MS: u64 = 15_000;

#[derive(Clone, Debug)]
enum Event {
    Act(usize, Act),
    RestartServer,
    Connect(usize),
    NoticeLoss(usize, ConnId),
    ToServer(ConnId, Arrival),
    ToClient(ConnId, Delivery),
    Browser(usize),
    MediaCheck,
    Sample(usize, Remote, u32),
}

/// What reaches the server from a socket.
#[derive(Clone, Debug)]
enum Arrival {
    Opened,
    Text(String),
    Pong,
    Closed(CloseCause),
}

/// What reaches a client from its socket.
#[derive(Clone, Debug)]
enum Delivery {
    Text(std::sync::Arc<str>),
    Ping,
    Closed,
}

/// One socket: whose it is, when its last frame arrives in each direction, and whether anything still does.
#[derive(Clone, Debug)]
struct Link {
    owner: usize,
    to_server: Time,
    to_client: Time,
    is_cut: bool,
}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What went wrong; empty if nothing did.
    pub faults: Vec<String>,
    /// Connections each participant opened in its last document, by id.
    pub opened: BTreeMap<UserId, usize>,
    /// Events that happened.
    pub events: usize,
    /// How often a connection was found over which nothing comes (CM-15).
    pub found_frozen: usize,
    /// What each connection manager was told, if [`World::recorded`].
    pub traces: Vec<Trace>,
}

/// The world.
pub struct World {
    now: Time,
    rng: fastrand::Rng,
    registry: Registry,
    participants: Vec<Participant>,
    links: BTreeMap<ConnId, Link>,
    last_conn: u64,
    queue: BTreeMap<(Time, u64), Event>,
    last_event: u64,
    has_browser_event: BTreeSet<usize>,
    /// Pairs of ICE fragments between which nothing passes any more.
    broken: BTreeSet<(String, String)>,
    /// Pairs of ICE fragments, the receiver's first, over which no packet comes though the path works.
    frozen: BTreeSet<(String, String)>,
    /// Connections over which no packet comes whatever the path: by participant, peer and attempt.
    deep_frozen: BTreeSet<(usize, Remote, u32)>,
    /// Packets that came, by participant, peer and attempt.
    packets: BTreeMap<(usize, Remote, u32), u64>,
    /// Since when a path has had no other end: by participant, peer and attempt.
    silent_since: BTreeMap<(usize, Remote, u32), Time>,
    faults: Vec<String>,
}

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(seed: u64, plan: &Plan) -> Self {
        let mut world = Self {
            now: Time::from_ms(1_700_000_000_000),
            rng: fastrand::Rng::with_seed(seed),
            registry: registry(seed),
            participants: Vec::new(),
            links: BTreeMap::new(),
            last_conn: 0,
            queue: BTreeMap::new(),
            last_event: 0,
            has_browser_event: BTreeSet::new(),
            broken: BTreeSet::new(),
            frozen: BTreeSet::new(),
            deep_frozen: BTreeSet::new(),
            packets: BTreeMap::new(),
            silent_since: BTreeMap::new(),
            faults: Vec::new(),
        };
        for index in 0..plan.participants {
            let role = if index < plan.hosts { Role::Host } else { Role::Caller };
            // Not in order of joining: who is polite has nothing to do with who comes first.
            let name = format!("p{}-{index}", world.rng.u32(0..1_000));
            let Ok(id) = UserId::parse(&name) else { continue };
            let sample_ms = if plan.is_sampled { 1_000 } else { 0 };
            // There is no hub in this world.
            let settings = Settings { sample_ms, warm_from: 0, ..Settings::default() };
            world.participants.push(Participant::new(id, role, settings, seed ^ index as u64));
        }
        for (at_ms, index, act) in &plan.acts {
            world.schedule(*at_ms, Event::Act(*index, *act));
        }
        for at_ms in &plan.restarts_ms {
            world.schedule(*at_ms, Event::RestartServer);
        }
        world.schedule(MEDIA_CHECK_MS, Event::MediaCheck);
        world
    }

    /// The same world, which keeps what each connection manager is told.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        for participant in &mut self.participants {
            participant.recorder.is_on = true;
        }
        self
    }

    /// Lets the plan happen and everything settle, looks at what came of it, and lets everybody leave.
    #[must_use]
    pub fn run(mut self, plan: &Plan) -> Outcome {
        let settle_ms = if plan.is_sampled { THAW_MS } else { SETTLE_MS };
        self.run_until(self.now + plan.end_ms() + settle_ms);
        self.check_settled();
        let opened = self.participants.iter().map(|p| (p.id.clone(), p.opened)).collect();
        self.everybody_leaves();
        for participant in &mut self.participants {
            self.faults.append(&mut participant.faults);
            self.faults.append(&mut participant.browser.faults);
            self.faults.append(&mut participant.given_up);
        }
        let found_frozen = self.participants.iter().map(|p| p.found_frozen).sum();
        let events = usize::try_from(self.last_event).unwrap_or(usize::MAX);
        let traces = self.participants.into_iter().flat_map(|p| p.recorder.traces).collect();
        Outcome { faults: self.faults, opened, events, found_frozen, traces }
    }

    fn schedule(&mut self, in_ms: u64, event: Event) {
        self.schedule_at(self.now + in_ms, event);
    }

    fn schedule_at(&mut self, at: Time, event: Event) {
        self.last_event += 1;
        self.queue.insert((at, self.last_event), event);
    }

    fn run_until(&mut self, end: Time) {
        loop {
            let event = self.queue.keys().next().map(|(at, _)| *at);
            let server = self.registry.poll_timeout();
            let running = self.participants.iter().filter(|p| p.is_running);
            let clients = running.filter_map(|p| p.manager.poll_timeout()).min();
            let Some(next) = [event, server, clients].into_iter().flatten().min() else { break };
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if event == Some(next) {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
            } else if server == Some(next) {
                self.registry.handle_timeout(self.now);
                self.drain_server();
            } else {
                self.wake_clients();
            }
        }
        self.now = self.now.max(end);
    }

    fn wake_clients(&mut self) {
        for index in 0..self.participants.len() {
            let now = self.now;
            self.client(index, |p| {
                if p.is_running && p.manager.poll_timeout().is_some_and(|at| at <= now) {
                    p.on_timeout(now);
                }
            });
        }
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Act(index, act) => self.act(index, act),
            Event::RestartServer => self.restart_server(),
            Event::Connect(index) => self.connect(index),
            Event::NoticeLoss(index, conn) => {
                let is_current = self.participants.get(index).is_some_and(|p| p.socket == Some(conn));
                if is_current {
                    self.client(index, |p| p.on_socket_lost(now));
                    let away_ms = self.rng.u64(100..8_000);
                    self.schedule(away_ms, Event::Connect(index));
                }
            }
            Event::ToServer(conn, arrival) => self.arrive(conn, arrival),
            Event::ToClient(conn, delivery) => self.deliver(conn, delivery),
            Event::Browser(index) => self.browser_step(index),
            Event::MediaCheck => {
                self.check_media();
                self.schedule(MEDIA_CHECK_MS, Event::MediaCheck);
            }
            Event::Sample(index, peer, attempt) => self.sample(index, peer, attempt),
        }
    }

    fn act(&mut self, index: usize, act: Act) {
        let now = self.now;
        let Some(participant) = self.participants.get_mut(index) else { return };
        match act {
            Act::Join if !participant.is_running => {
                self.client(index, |p| p.load(now));
                self.schedule(0, Event::Connect(index));
            }
            Act::Leave if participant.is_running => {
                self.client(index, |p| p.leave(now));
                self.close_page(index, Some(1000));
            }
            Act::Reload if participant.is_running => {
                self.close_page(index, Some(1001));
                self.client(index, |p| p.load(now));
                self.schedule(50, Event::Connect(index));
            }
            Act::Crash if participant.is_running => {
                if let Some(conn) = participant.socket {
                    self.cut(conn, true);
                }
                if let Some(participant) = self.participants.get_mut(index) {
                    participant.unload();
                }
            }
            Act::LoseSocket { is_noticed } => {
                if let Some(conn) = participant.socket {
                    self.cut(conn, is_noticed);
                    let after_ms = self.rng.u64(0..1_000);
                    self.schedule(after_ms, Event::NoticeLoss(index, conn));
                }
            }
            Act::LosePath => {
                let paths: Vec<_> =
                    participant.browser.connections().iter().filter_map(|c| c.path()).collect();
                if let Some((local, remote)) = self.rng.choice(paths) {
                    self.broken.insert((local.clone(), remote.clone()));
                    self.broken.insert((remote, local));
                }
            }
            Act::Freeze { is_deep } => {
                let paths = participant.browser.connections().iter();
                let paths: Vec<_> =
                    paths.filter_map(|c| Some((c.peer.clone(), c.attempt, c.path()?))).collect();
                if let Some((peer, attempt, path)) = self.rng.choice(paths) {
                    if is_deep {
                        self.deep_frozen.insert((index, peer, attempt));
                    } else {
                        self.frozen.insert(path);
                    }
                }
            }
            Act::AddTrack if participant.is_running => participant.browser.add_track(),
            Act::Join | Act::Leave | Act::Reload | Act::Crash | Act::AddTrack => {}
        }
        self.wake_browser(index);
    }

    /// The page is closed: the socket says so, and what is under way from it still arrives.
    fn close_page(&mut self, index: usize, code: Option<u16>) {
        let Some(participant) = self.participants.get_mut(index) else { return };
        let socket = participant.socket;
        participant.unload();
        if let Some(conn) = socket {
            self.send_to_server(conn, Arrival::Closed(CloseCause::Frame(code)));
        }
    }

    /// Nothing passes a socket any more; the server learns of it, or keeps it for open.
    fn cut(&mut self, conn: ConnId, is_noticed: bool) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.is_cut = true;
        }
        if is_noticed {
            let after_ms = self.rng.u64(0..500);
            self.schedule(after_ms, Event::ToServer(conn, Arrival::Closed(CloseCause::Lost)));
        }
    }

    fn restart_server(&mut self) {
        self.registry = registry(self.rng.u64(..));
        let open: Vec<(ConnId, usize)> = self.links.iter().map(|(conn, link)| (*conn, link.owner)).collect();
        self.links.clear();
        for (conn, owner) in open {
            let after_ms = self.rng.u64(0..1_000);
            self.schedule(after_ms, Event::NoticeLoss(owner, conn));
        }
    }

    fn connect(&mut self, index: usize) {
        if self.participants.get(index).is_none_or(|p| !p.is_running || p.socket.is_some()) {
            return;
        }
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        self.links
            .insert(conn, Link { owner: index, to_server: self.now, to_client: self.now, is_cut: false });
        self.send_to_server(conn, Arrival::Opened);
        self.client(index, |p| p.on_socket_open(conn));
    }

    /// Lets one participant take a step, writes what it wants written, and looks after a socket it gave up.
    fn client(&mut self, index: usize, step: impl FnOnce(&mut Participant)) {
        let Some(participant) = self.participants.get_mut(index) else { return };
        let before = participant.socket;
        step(participant);
        let frames = std::mem::take(&mut participant.outgoing);
        let samples = std::mem::take(&mut participant.samples);
        let (socket, is_running) = (participant.socket, participant.is_running);
        if let Some(conn) = socket {
            for text in frames {
                self.send_to_server(conn, Arrival::Text(text));
            }
        }
        for (peer, attempt) in samples {
            let in_ms = self.rng.u64(1..20);
            self.schedule(in_ms, Event::Sample(index, peer, attempt));
        }
        if let (Some(conn), None, true) = (before, socket, is_running) {
            // Gave the socket up by itself (the id was not free): tries again.
            self.send_to_server(conn, Arrival::Closed(CloseCause::Frame(Some(1000))));
            self.schedule(2_000, Event::Connect(index));
        }
        self.wake_browser(index);
    }

    fn wake_browser(&mut self, index: usize) {
        let Some(participant) = self.participants.get(index) else { return };
        let has_work = participant.browser.connections().iter().any(|c| c.is_busy() || c.has_event());
        if has_work && self.has_browser_event.insert(index) {
            let in_ms = self.rng.u64(1..8);
            self.schedule(in_ms, Event::Browser(index));
        }
    }

    /// One promise comes true or one event fires, on any of a participant's connections.
    fn browser_step(&mut self, index: usize) {
        self.has_browser_event.remove(&index);
        let now = self.now;
        let Some(participant) = self.participants.get_mut(index) else { return };
        let ready = participant.browser.connections().iter().filter(|c| c.is_busy() || c.has_event());
        let ready: Vec<(Remote, u32, bool)> =
            ready.map(|c| (c.peer.clone(), c.attempt, c.is_busy())).collect();
        let Some((peer, attempt, is_busy)) = self.rng.choice(ready) else { return };
        let browser = &mut participant.browser;
        let input = if is_busy { browser.complete(&peer, attempt) } else { browser.fire(&peer, attempt) };
        if let Some(input) = input {
            self.client(index, |p| p.tell(now, input));
        }
        self.wake_browser(index);
    }

    fn send_to_server(&mut self, conn: ConnId, arrival: Arrival) {
        let delay_ms = self.rng.u64(1..60);
        let Some(link) = self.links.get_mut(&conn).filter(|link| !link.is_cut) else { return };
        link.to_server = link.to_server.max(self.now + delay_ms);
        let at = link.to_server;
        self.schedule_at(at, Event::ToServer(conn, arrival));
    }

    fn arrive(&mut self, conn: ConnId, arrival: Arrival) {
        let Some(link) = self.links.get(&conn) else { return };
        let input = match arrival {
            Arrival::Closed(cause) => ServerInput::Closed { conn, cause },
            _ if link.is_cut => return,
            Arrival::Opened => ServerInput::Opened { conn },
            Arrival::Pong => ServerInput::Pong { conn },
            Arrival::Text(text) => match ClientFrame::parse(&text) {
                Ok(frame) => ServerInput::Frame { conn, frame },
                Err(error) => ServerInput::BadFrame { conn, error },
            },
        };
        self.registry.handle_input(self.now, input);
        self.drain_server();
    }

    fn drain_server(&mut self) {
        while let Some(output) = self.registry.poll_output() {
            let (conn, delivery) = match output {
                ServerOutput::Send { conn, frame } => (conn, Delivery::Text(frame.text)),
                ServerOutput::Ping { conn } => (conn, Delivery::Ping),
                ServerOutput::Close { conn, .. } => (conn, Delivery::Closed),
                ServerOutput::Log(_) | ServerOutput::Hub(_) => continue,
            };
            let delay_ms = self.rng.u64(1..60);
            let Some(link) = self.links.get_mut(&conn).filter(|link| !link.is_cut) else { continue };
            link.to_client = link.to_client.max(self.now + delay_ms);
            let at = link.to_client;
            self.schedule_at(at, Event::ToClient(conn, delivery));
        }
    }

    fn deliver(&mut self, conn: ConnId, delivery: Delivery) {
        let Some(link) = self.links.get(&conn).filter(|link| !link.is_cut) else { return };
        let index = link.owner;
        if self.participants.get(index).is_none_or(|p| p.socket != Some(conn)) {
            return;
        }
        let now = self.now;
        match delivery {
            Delivery::Ping => self.send_to_server(conn, Arrival::Pong),
            Delivery::Closed => self.happen(Event::NoticeLoss(index, conn)),
            Delivery::Text(text) => {
                let repeats = self.rng.usize(0..4);
                self.client(index, |p| p.on_frame(now, &text, repeats));
            }
        }
    }

    /// ICE at work: finds paths where both ends agree, and loses those whose other end is gone or cut off.
    fn check_media(&mut self) {
        for index in 0..self.participants.len() {
            let Some(participant) = self.participants.get(index).filter(|p| p.is_running) else { continue };
            let connections: Vec<(Remote, u32)> =
                participant.browser.connections().iter().map(|c| (c.peer.clone(), c.attempt)).collect();
            for (peer, attempt) in connections {
                self.check_path(index, peer, attempt);
            }
        }
    }

    fn check_path(&mut self, index: usize, peer: Remote, attempt: u32) {
        let now = self.now;
        let Some(participant) = self.participants.get(index) else { return };
        let Some(connection) = participant.browser.connection(&peer) else { return };
        let other = self.participants.iter().find(|p| peer == p.id && p.is_running);
        let other = other.and_then(|p| p.browser.connection(&participant.id.clone().into()));
        let passes = connection.fragments().is_some_and(|pair| !self.broken.contains(&pair));
        let reaches = passes && other.is_some_and(|other| connection.can_reach(other));
        let is_held = passes && other.is_some_and(|other| connection.shares_path_with(other));
        let (had_path, has_path) = (connection.path().is_some(), connection.has_path());
        let key = (index, peer.clone(), attempt);
        if reaches && (!has_path || self.silent_since.contains_key(&key)) {
            self.silent_since.remove(&key);
            self.tell_of_path(index, |browser| browser.path_found(&peer, attempt));
        } else if had_path && !is_held {
            let since = *self.silent_since.entry(key.clone()).or_insert(now);
            let silent_ms = now.ms_since(since);
            if silent_ms >= FAILED_MS {
                self.silent_since.remove(&key);
                self.tell_of_path(index, |browser| browser.path_lost(&peer, attempt));
            } else if (DISCONNECTED_MS..DISCONNECTED_MS + MEDIA_CHECK_MS).contains(&silent_ms) {
                let (ice, connection) = (IceState::Disconnected, ConnectionState::Disconnected);
                self.tell_of_path(index, |_| Some(Input::StateChanged { peer, attempt, ice, connection }));
            }
        }
    }

    /// The figures of a connection: packets came if the path works at both ends and nothing holds them up.
    fn sample(&mut self, index: usize, peer: Remote, attempt: u32) {
        let now = self.now;
        let Some(participant) = self.participants.get(index).filter(|p| p.is_running) else { return };
        let Some(connection) = participant.browser.connection(&peer).filter(|c| c.attempt == attempt) else {
            return;
        };
        let other = self.participants.iter().find(|p| peer == p.id && p.is_running);
        let other = other.and_then(|p| p.browser.connection(&participant.id.clone().into()));
        let is_held = other.is_some_and(|other| connection.shares_path_with(other));
        let passes = connection
            .path()
            .is_some_and(|path| !self.broken.contains(&path) && !self.frozen.contains(&path));
        let key = (index, peer.clone(), attempt);
        let is_flowing = is_held && passes && !self.deep_frozen.contains(&key);
        let packets = self.packets.entry(key).or_default();
        *packets += if is_flowing { 50 } else { 0 };
        let sample = StatsSample { packets_received: *packets, ..StatsSample::default() };
        self.client(index, |p| p.tell(now, Input::StatsSampled { peer, attempt, sample }));
    }

    fn tell_of_path(
        &mut self,
        index: usize,
        find: impl FnOnce(&mut crate::browser::Browser) -> Option<Input>,
    ) {
        let now = self.now;
        let Some(participant) = self.participants.get_mut(index) else { return };
        if let Some(input) = find(&mut participant.browser) {
            self.client(index, |p| p.tell(now, input));
        }
    }

    /// Long after the last disturbance: everyone who is there is connected with everyone else, and with nobody more.
    fn check_settled(&mut self) {
        let present: BTreeSet<UserId> =
            self.participants.iter().filter(|p| p.is_running).map(|p| p.id.clone()).collect();
        let mut faults = Vec::new();
        let Gauges { participants, sessions_suspect, .. } = self.registry.gauges();
        if participants != present.len() || sessions_suspect != 0 {
            faults.push(format!(
                "{} are there, the server has {participants} ({sessions_suspect} suspect)",
                present.len()
            ));
        }
        for participant in self.participants.iter().filter(|p| p.is_running) {
            let others: Vec<UserId> = present.iter().filter(|id| **id != participant.id).cloned().collect();
            let connected = participant.connected();
            if connected != others {
                let all = participant.manager.connections();
                faults.push(format!(
                    "{} is connected with {connected:?}, not {others:?}: {all:?}",
                    participant.id
                ));
            }
            for other in &others {
                if participant
                    .manager
                    .quality(&other.clone().into())
                    .is_some_and(|quality| quality.grade == Grade::Lost)
                {
                    faults.push(format!("{} hears nothing of {other}", participant.id));
                }
            }
            for connection in participant.browser.connections() {
                let other = self.participants.iter().find(|p| connection.peer == p.id);
                let other = other.and_then(|p| p.browser.connection(&participant.id.clone().into()));
                if !other.is_some_and(|other| connection.agrees_with(other) && other.is_stable()) {
                    faults
                        .push(format!("{} has {connection:?}, whose other end is {other:?}", participant.id));
                }
                if connection.carried_tracks() != participant.browser.tracks() {
                    faults.push(format!("{}: a track was never negotiated: {connection:?}", participant.id));
                }
            }
        }
        self.faults.append(&mut faults);
    }

    /// The last one out: nothing may be left in the registry but an empty room, and that not for long.
    fn everybody_leaves(&mut self) {
        for index in 0..self.participants.len() {
            self.act(index, Act::Leave);
        }
        self.run_until(self.now + SETTLE_MS + 2_000);
        let left = self.registry.gauges();
        let all = [left.sockets, left.sessions, left.rooms, left.participants, left.frames_kept, left.timers];
        if all.iter().any(|count| *count != 0) {
            self.faults.push(format!("left behind: {left:?}"));
        }
    }
}

fn registry(seed: u64) -> Registry {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *place = byte;
    }
    Registry::new(Config::default(), bytes)
}
