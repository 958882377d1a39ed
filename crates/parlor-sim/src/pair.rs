//! Two connection managers with their browsers and a server between them: every interleaving of what can happen.
//!
//! The server here is the least that the contract promises: it keeps order between two participants, relays only between
//! those in the room, and tells who is there. (`parlor-room` whole is in `world`.) Time stands still; retries are set
//! to come at once, so that only orders are explored.

use std::collections::VecDeque;

use parlor_connect::{
    Input, JoinedRoom, Manager, Media, Output, Present, Remote, RoomJoined, RoomSettings, Send, Sends,
    Settings, Signal, Status, UserJoined, UserLeft,
};
use parlor_proto::{Instance, LeaveReason, Mix, Mode, Role, RoomId, Time, Topology, UserId};

use crate::browser::Browser;
use crate::explore::{Explorable, Step};

/// How often each disturbance may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Each side adds a track, which has to be negotiated.
    pub added_tracks: u8,
    /// ICE fails at one side.
    pub lost_paths: u8,
    /// The server restarts: all messages under way are lost, both sides come back.
    pub restarts: u8,
    /// A side loses its session and comes back with a new one; messages from and to it are lost.
    pub lost_sessions: u8,
    /// A side reloads its page.
    pub reloads: u8,
}

/// A fault planted between the manager and the world, to see that the check would find it in the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Planted {
    /// An answer is dropped while `ignoreOffer` is set, as the old system did.
    AnswerBlockedByIgnoreOffer,
    /// Both sides believe to be impolite: nobody gives way.
    NobodyIsPolite,
    /// Both sides believe to be polite: both take their offers back.
    EverybodyIsPolite,
    /// Remote candidates go to the browser as they come.
    CandidatesUnchecked,
    /// Answers go to the browser as they come, whatever it is doing.
    AnswersUnchecked,
    /// A new session is taken for a resumed one.
    LostFramesUnnoticed,
    /// `negotiationneeded` during a negotiation is forgotten.
    NeedForgotten,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Side {
    manager: Manager,
    browser: Browser,
    instance: u8,
    /// From the server, in order.
    inbox: VecDeque<Signal>,
    is_in_room: bool,
    /// Will come back with a new session.
    is_away: bool,
}

/// Two sides and what may still disturb them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    sides: [Side; 2],
    left: Budget,
    planted: Option<Planted>,
}

const NOW: Time = Time::from_ms(1_000_000);

impl Pair {
    /// `ada` (polite) and `bo`, none of them in the room yet.
    #[must_use]
    pub fn new(budget: Budget, planted: Option<Planted>) -> Self {
        let sides = [0, 1].map(|index| Side {
            manager: manager(index, 0, planted),
            browser: Browser::new(id(index), 1),
            instance: 0,
            inbox: VecDeque::new(),
            is_in_room: false,
            is_away: false,
        });
        Self { sides, left: budget, planted }
    }

    fn side(&self, index: usize) -> &Side {
        let [ada, bo] = &self.sides;
        if index == 0 { ada } else { bo }
    }

    fn side_mut(&mut self, index: usize) -> &mut Side {
        let [ada, bo] = &mut self.sides;
        if index == 0 { ada } else { bo }
    }

    fn participants(&self) -> Vec<Present> {
        let in_room = (0..2).filter(|index| self.side(*index).is_in_room);
        in_room.map(|index| present(index, self.side(index).instance)).collect()
    }

    fn room_joined(&self) -> Signal {
        let settings = RoomSettings { topology: Topology::Mesh, mix: Mix::Direct };
        let room = JoinedRoom { id: room(), settings };
        let (participants, topology) = (self.participants(), Mode::Mesh);
        Signal::RoomJoined(RoomJoined { room, participants, topology, epoch: 1 })
    }

    /// A side enters the room, or comes back to it.
    fn enter(&mut self, index: usize) {
        self.side_mut(index).is_in_room = true;
        let joined = self.room_joined();
        self.side_mut(index).inbox.push_back(joined);
        let participants = self.participants();
        let other = self.side_mut(1 - index);
        if other.is_in_room {
            let joined = UserJoined { room_id: room(), participants, epoch: 1 };
            other.inbox.push_back(Signal::UserJoinedRoom(joined));
        }
    }

    fn leave(&mut self, index: usize, reason: LeaveReason) {
        self.side_mut(index).is_in_room = false;
        let left = UserLeft {
            room_id: room(),
            user_id: id(index),
            reason,
            participants: self.participants(),
            epoch: 1,
        };
        let other = self.side_mut(1 - index);
        if other.is_in_room {
            other.inbox.push_back(Signal::UserLeftRoom(left));
        }
    }

    /// Hands a side an input and carries out what comes of it.
    fn tell(&mut self, index: usize, input: Input, sights: &mut Vec<&'static str>) {
        let planted = self.planted;
        let peer = remote(1 - index);
        let side = self.side_mut(index);
        let ignored_before = side.manager.connection_state(&peer).ignore_offer;
        match (&input, planted) {
            (Input::Signal(Signal::Answer(_)), Some(Planted::AnswerBlockedByIgnoreOffer))
                if ignored_before =>
            {
                return;
            }
            (Input::Signal(Signal::Answer(answer)), Some(Planted::AnswersUnchecked)) => {
                let attempt = answer.attempt;
                side.browser.carry_out(&Output::SetRemoteDescription {
                    peer,
                    attempt,
                    r#type: parlor_connect::DescriptionType::Answer,
                    sdp: answer.sdp.clone(),
                    tracks: None,
                });
            }
            (Input::Signal(Signal::IceCandidate(candidate)), Some(Planted::CandidatesUnchecked)) => {
                let (attempt, candidate) = (candidate.attempt, candidate.candidate.clone());
                side.browser.carry_out(&Output::AddCandidate { peer, attempt, candidate });
                return;
            }
            (Input::NegotiationNeeded { .. }, Some(Planted::NeedForgotten))
                if side.browser.connection(&peer).is_some_and(|c| c.carried_tracks() > 0) =>
            {
                return;
            }
            (Input::SignalingDown, Some(Planted::LostFramesUnnoticed)) => return,
            _ => {}
        }
        side.manager.handle_input(NOW, input);
        self.drain(index, sights);
        if !ignored_before && self.side(index).manager.connection_state(&remote(1 - index)).ignore_offer {
            sights.push("glare");
        }
    }

    fn drain(&mut self, index: usize, sights: &mut Vec<&'static str>) {
        while let Some(output) = self.side_mut(index).manager.poll_output() {
            match &output {
                Output::Send(message) => self.relay(index, message.clone()),
                Output::Rollback { .. } => {
                    sights.push("rollback");
                    if index == 1 && !matches!(self.planted, Some(Planted::EverybodyIsPolite)) {
                        self.side_mut(index)
                            .browser
                            .faults
                            .push("the impolite side takes its offer back".to_owned());
                    }
                }
                Output::CreateOffer { restart_ice: true, .. } => sights.push("ICE restart"),
                Output::ConnectionFailed { .. } => sights.push("given up"),
                _ => {}
            }
            self.side_mut(index).browser.carry_out(&output);
        }
    }

    /// The server hands a message on, if both are in the room and their sessions live.
    fn relay(&mut self, from: usize, message: Send) {
        let instance = instance(self.side(from).instance);
        let sender = self.side(from);
        let receiver = self.side(1 - from);
        if !sender.is_in_room || sender.is_away || !receiver.is_in_room || receiver.is_away {
            return;
        }
        let meant = match &message {
            Send::Offer(m) | Send::Answer(m) => &m.to_instance,
            Send::IceCandidate(m) => &m.to_instance,
            // Two never outgrow a mesh.
            Send::TopologyReady(_) => return,
        };
        if *meant != Some(self::instance(receiver.instance)) {
            return;
        }
        let signal = match message {
            Send::Offer(offer) => Signal::Offer(offer.relayed(id(from), instance)),
            Send::Answer(answer) => Signal::Answer(answer.relayed(id(from), instance)),
            Send::IceCandidate(candidate) => Signal::IceCandidate(candidate.relayed(id(from), instance)),
            Send::TopologyReady(_) => return,
        };
        self.side_mut(1 - from).inbox.push_back(signal);
    }

    fn step(
        &self,
        steps: &mut Vec<Step<Self>>,
        name: String,
        act: impl FnOnce(&mut Self, &mut Vec<&'static str>),
    ) {
        let mut state = self.clone();
        let mut sights = Vec::new();
        act(&mut state, &mut sights);
        steps.push(Step { name, state, sights });
    }

    /// What a side can do or meet by itself.
    fn own_steps(&self, index: usize, steps: &mut Vec<Step<Self>>) {
        let (me, side) = (remote(index), self.side(index));
        let peer = remote(1 - index);
        if !side.is_in_room && !side.is_away {
            self.step(steps, format!("{me} joins"), |pair, sights| {
                pair.tell(index, Input::SignalingUp, sights);
                pair.tell(index, Input::Media(Media::Ready), sights);
                pair.enter(index);
            });
        }
        if side.is_away {
            self.step(steps, format!("{me} comes back with a new session"), |pair, sights| {
                pair.side_mut(index).is_away = false;
                pair.enter(index);
                pair.tell(index, Input::SignalingUp, sights);
            });
        }
        if let Some(signal) = side.inbox.front() {
            self.step(steps, format!("{me} hears {}", describe(signal)), |pair, sights| {
                if let Some(signal) = pair.side_mut(index).inbox.pop_front() {
                    pair.tell(index, Input::Signal(signal), sights);
                }
            });
        }
        if side.manager.connection_state(&peer).status == Status::Failed {
            self.step(steps, format!("{me} tries again"), |pair, sights| {
                pair.side_mut(index).manager.handle_timeout(NOW);
                pair.drain(index, sights);
            });
        }
        let Some(connection) = side.browser.connection(&peer) else { return };
        let attempt = connection.attempt;
        if connection.is_busy() {
            self.step(steps, format!("{me}'s promise comes true"), |pair, sights| {
                if let Some(input) = pair.side_mut(index).browser.complete(&remote(1 - index), attempt) {
                    pair.tell(index, input, sights);
                }
            });
        }
        if connection.has_event() {
            self.step(steps, format!("{me}'s connection fires an event"), |pair, sights| {
                if let Some(input) = pair.side_mut(index).browser.fire(&remote(1 - index), attempt) {
                    pair.tell(index, input, sights);
                }
            });
        }
        let reaches =
            self.side(1 - index).browser.connection(&me).is_some_and(|other| connection.can_reach(other));
        if reaches && !connection.has_path() {
            self.step(steps, format!("{me} finds a path"), |pair, sights| {
                if let Some(input) = pair.side_mut(index).browser.path_found(&remote(1 - index), attempt) {
                    pair.tell(index, input, sights);
                }
            });
        }
        self.disturbances(index, steps);
    }

    fn disturbances(&self, index: usize, steps: &mut Vec<Step<Self>>) {
        let (me, side, left) = (id(index), self.side(index), self.left);
        let peer = remote(1 - index);
        let connection = side.browser.connection(&peer);
        if left.added_tracks > 0 && side.browser.tracks() == 1 {
            self.step(steps, format!("{me} adds a track"), |pair, _| {
                pair.left.added_tracks -= 1;
                pair.side_mut(index).browser.add_track();
            });
        }
        if left.lost_paths > 0 && connection.is_some_and(|c| c.has_path()) {
            let attempt = connection.map_or(0, |c| c.attempt);
            self.step(steps, format!("{me} loses its path"), |pair, sights| {
                pair.left.lost_paths -= 1;
                if let Some(input) = pair.side_mut(index).browser.path_lost(&remote(1 - index), attempt) {
                    pair.tell(index, input, sights);
                }
            });
        }
        if side.is_away || !side.is_in_room {
            return;
        }
        if left.lost_sessions > 0 {
            self.step(steps, format!("{me} loses its session"), |pair, sights| {
                pair.left.lost_sessions -= 1;
                pair.side_mut(index).inbox.clear();
                pair.leave(index, LeaveReason::Replaced);
                pair.side_mut(index).is_away = true;
                pair.tell(index, Input::SignalingDown, sights);
            });
        }
        if left.reloads > 0 {
            self.step(steps, format!("{me} reloads"), |pair, sights| {
                pair.left.reloads -= 1;
                pair.leave(index, LeaveReason::Disconnected);
                let (planted, tracks) = (pair.planted, pair.side(index).browser.tracks());
                let side = pair.side_mut(index);
                side.instance += 1;
                side.inbox.clear();
                side.manager = manager(index, side.instance, planted);
                side.browser = Browser::new(id(index), tracks);
                pair.tell(index, Input::SignalingUp, sights);
                pair.tell(index, Input::Media(Media::Ready), sights);
                pair.enter(index);
            });
        }
    }
}

impl Explorable for Pair {
    fn steps(&self) -> Vec<Step<Self>> {
        let mut steps = Vec::new();
        self.own_steps(0, &mut steps);
        self.own_steps(1, &mut steps);
        let both_here = self.sides.iter().all(|side| side.is_in_room && !side.is_away);
        if self.left.restarts > 0 && both_here {
            self.step(&mut steps, "the server restarts".to_owned(), |pair, sights| {
                pair.left.restarts -= 1;
                for index in 0..2 {
                    let side = pair.side_mut(index);
                    side.inbox.clear();
                    side.is_in_room = false;
                    side.is_away = true;
                    pair.tell(index, Input::SignalingDown, sights);
                }
            });
        }
        steps
    }

    fn always(&self) -> Result<(), String> {
        for side in &self.sides {
            if let Some(fault) = side.browser.faults.first() {
                return Err(fault.clone());
            }
            if let Some(connection) = side.browser.connections().iter().find(|c| c.rollbacks() > 1) {
                return Err(format!("{} rollbacks for one collision", connection.rollbacks()));
            }
        }
        Ok(())
    }

    fn at_the_end(&self) -> Result<(), String> {
        let [ada, bo] = &self.sides;
        let (Some(a), Some(b)) = (ada.browser.connection(&remote(1)), bo.browser.connection(&remote(0)))
        else {
            return Err("no connection at the end".to_owned());
        };
        if !a.is_stable() || !b.is_stable() {
            return Err(format!("not stable at the end: {a:?} {b:?}"));
        }
        if !a.agrees_with(b) {
            return Err(format!("other descriptions at the two ends: {a:?} {b:?}"));
        }
        for (side, connection, peer) in [(ada, a, remote(1)), (bo, b, remote(0))] {
            if connection.carried_tracks() != side.browser.tracks() {
                return Err(format!("a track was never negotiated: {connection:?}"));
            }
            let state = side.manager.connection_state(&peer);
            if state.status != Status::Connected || state.making_offer || state.ignore_offer {
                return Err(format!("not connected at the end: {state:?}"));
            }
        }
        Ok(())
    }
}

fn id(index: usize) -> UserId {
    word(if index == 0 { "ada" } else { "bo" }, UserId::parse)
}

fn room() -> RoomId {
    word("room", RoomId::parse)
}

fn instance(number: u8) -> Instance {
    word(&format!("load-{number}"), Instance::parse)
}

fn word<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> T {
    match parse(text) {
        Ok(id) => id,
        Err(_) => unreachable!("{text} is an id"),
    }
}

fn remote(index: usize) -> Remote {
    Remote::User(id(index))
}

fn present(index: usize, number: u8) -> Present {
    Present {
        id: id(index),
        instance: instance(number),
        role: Role::Caller,
        suspect: false,
        grade: None,
        sends: Sends::Nothing,
    }
}

fn describe(signal: &Signal) -> String {
    match signal {
        Signal::RoomJoined(_) => "room-joined".to_owned(),
        Signal::UserJoinedRoom(_) => "user-joined-room".to_owned(),
        Signal::UserLeftRoom(_) => "user-left-room".to_owned(),
        Signal::UserUpdated(_) => "user-updated".to_owned(),
        Signal::RoomUpdated(_) => "room-updated".to_owned(),
        Signal::Topology(_) => "topology".to_owned(),
        Signal::OfferWanted(_) => "offer-wanted".to_owned(),
        Signal::Error(_) => "error".to_owned(),
        Signal::Offer(offer) => format!("offer {}.{}", offer.attempt, offer.n),
        Signal::Answer(answer) => format!("answer {}.{}", answer.attempt, answer.n),
        Signal::IceCandidate(candidate) => format!("candidate of {}", candidate.attempt),
    }
}

fn manager(index: usize, number: u8, planted: Option<Planted>) -> Manager {
    let settings = Settings {
        stagger_ms: 0,
        retry_delay_ms: 0,
        retry_delay_max_ms: 0,
        sample_ms: 0,
        ..Settings::default()
    };
    // Who is polite follows from the ids; a manager with a wrong one of its own is wrong about it.
    let me = match planted {
        Some(Planted::NobodyIsPolite) => word("zoe", UserId::parse),
        Some(Planted::EverybodyIsPolite) => word("a", UserId::parse),
        _ => id(index),
    };
    Manager::new(me, instance(number), settings, 7)
}
