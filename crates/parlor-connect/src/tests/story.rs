//! How a story is told: one manager, `mo`, what it is told, and what came out of it as lines. `ada` is smaller than `mo`,
//! so `mo` offers to her; `zoe` is larger, so `mo` waits for hers (CM-1).
//!
//! A line is the order or event, the peer with the attempt, and what else matters: `open ada#1`, `create-offer ada#1`,
//! `send offer ada#1 n1 mo-1` (the description's ICE fragment), `add zoe#1 z1` (the candidate's fragment),
//! `state ada failed 2000 retry-1`. Lines of time passing begin with the milliseconds since the beginning.

use std::fmt::Write as _;

use parlor_proto::{
    IceCandidateFrom, IceCandidateInit, Instance, LeaveReason, Mix, Mode, OfferFrom, Role, RoomId, Sdp, Time,
    Topology, UserId,
};

use crate::{
    ConnectionState, DescriptionType, IceState, Input, JoinedRoom, Manager, Media, Output, PeerState,
    Present, Remote, RoomJoined, RoomSettings, Send, Sends, Settings, Signal, Status, UserJoined, UserLeft,
    UserUpdated,
};

/// Some day in 2026: a story's 0.
const BEGINNING: Time = Time::from_ms(1_790_000_000_000);

pub(super) fn id(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(super) fn instance(name: &str) -> Instance {
    Instance::parse(name).unwrap()
}

pub(super) fn room(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

/// A description with nothing but an ICE fragment.
pub(super) fn sdp(ufrag: &str) -> Sdp {
    Sdp::from_text(&format!("v=0\r\na=ice-ufrag:{ufrag}\r\n"))
}

/// Someone in their first document, a caller, with a session that is fine.
pub(super) fn present(name: &str) -> Present {
    let instance = instance(&format!("{name}-1"));
    Present { id: id(name), instance, role: Role::Caller, suspect: false, grade: None, sends: Sends::Nothing }
}

/// A room that stays a mesh.
pub(super) fn pinned() -> RoomSettings {
    RoomSettings { topology: Topology::Mesh, mix: Mix::Direct }
}

/// No jitter, so that delays are round, and nobody looks at figures.
pub(super) fn punctual() -> Settings {
    Settings { jitter_percent: 0, sample_ms: 0, ..Settings::default() }
}

pub(super) struct Story {
    pub(super) manager: Manager,
    pub(super) now: Time,
}

impl Story {
    /// `mo` with these settings, told nothing yet.
    pub(super) fn with(settings: Settings, seed: u64) -> Self {
        let manager = Manager::new(id("mo"), instance("mo-1"), settings, seed);
        Self { manager, now: BEGINNING }
    }

    /// `mo`, whose session and media are there.
    pub(super) fn new() -> Self {
        let mut story = Self::with(punctual(), 7);
        story.quietly(Input::SignalingUp);
        story.quietly(Input::Media(Media::Ready));
        story
    }

    /// The same in room `r` with these others.
    pub(super) fn among(others: &[&str]) -> Self {
        let mut story = Self::new();
        let _ = story.joined("r", others);
        story
    }

    /// `mo` connected with this one, by attempt 1.
    pub(super) fn connected_with(other: &str) -> Self {
        let mut story = Self::among(&[other]);
        let _ = story.connect(other, 1);
        story
    }

    /// Exchanges descriptions with someone whose attempt this is or will be (`theirs-<attempt>` and `mo-<attempt>`), and
    /// lets ICE work.
    pub(super) fn connect(&mut self, other: &str, attempt: u32) -> Vec<String> {
        let theirs = format!("{other}-{attempt}");
        let mine = format!("mo-{attempt}");
        let mut lines = if other > "mo" {
            let mut lines = self.offer(other, attempt, 1, &theirs);
            lines.extend(self.remote_set(other, attempt));
            lines.extend(self.local_set(other, attempt, &mine));
            lines
        } else {
            let mut lines = self.local_set(other, attempt, &mine);
            lines.extend(self.answer(other, attempt, 1, &theirs));
            lines.extend(self.remote_set(other, attempt));
            lines
        };
        lines.extend(self.works(other, attempt));
        lines
    }

    fn quietly(&mut self, input: Input) {
        assert_eq!(self.tell(input), [""; 0]);
    }

    /// Tells the manager something, now.
    pub(super) fn tell(&mut self, input: Input) -> Vec<String> {
        self.manager.handle_input(self.now, input);
        self.lines()
    }

    fn lines(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.manager.poll_output()).map(|output| line(&output)).collect()
    }

    /// Milliseconds since the beginning.
    pub(super) fn now_ms(&self) -> u64 {
        self.now.ms_since(BEGINNING)
    }

    /// When the manager wants to be woken, in milliseconds since the beginning.
    pub(super) fn alarm_ms(&self) -> Option<u64> {
        self.manager.poll_timeout().map(|at| at.ms_since(BEGINNING))
    }

    /// Lets time pass to `ms` since the beginning; what came out, with the time in front.
    pub(super) fn until(&mut self, ms: u64) -> Vec<String> {
        let end = BEGINNING + ms;
        assert!(end >= self.now, "time goes on");
        let mut lines = Vec::new();
        let mut wakes = 0;
        while let Some(at) = self.manager.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.manager.handle_timeout(self.now);
            let at_ms = self.now_ms();
            lines.extend(self.lines().into_iter().map(|line| format!("{at_ms} {line}")));
            wakes += 1;
            assert!(wakes < 1_000, "woken {wakes} times by {at_ms}: it spins");
        }
        self.now = end;
        lines
    }

    /// Lets that many milliseconds pass, in which nothing is to come out.
    pub(super) fn silence(&mut self, ms: u64) {
        let end = self.now_ms() + ms;
        assert_eq!(self.until(end), [""; 0]);
    }

    // What the server says.

    pub(super) fn signal(&mut self, signal: Signal) -> Vec<String> {
        self.tell(Input::Signal(signal))
    }

    /// `room-joined` with `mo` and these others.
    pub(super) fn joined(&mut self, name: &str, others: &[&str]) -> Vec<String> {
        let others: Vec<Present> = others.iter().copied().map(present).collect();
        self.joined_as(name, &others, 1)
    }

    pub(super) fn joined_as(&mut self, name: &str, others: &[Present], epoch: u64) -> Vec<String> {
        let participants = with_mo(others);
        self.signal(Signal::RoomJoined(RoomJoined {
            room: JoinedRoom { id: room(name), settings: pinned() },
            participants,
            topology: Mode::Mesh,
            epoch,
        }))
    }

    /// `user-joined-room`: now these others are there.
    pub(super) fn came(&mut self, name: &str, others: &[Present], epoch: u64) -> Vec<String> {
        let participants = with_mo(others);
        self.signal(Signal::UserJoinedRoom(UserJoined { room_id: room(name), participants, epoch }))
    }

    /// `user-left-room` of someone; these others remain.
    pub(super) fn left(
        &mut self,
        name: &str,
        who: &str,
        reason: LeaveReason,
        others: &[&str],
    ) -> Vec<String> {
        let others: Vec<Present> = others.iter().copied().map(present).collect();
        self.signal(Signal::UserLeftRoom(UserLeft {
            room_id: room(name),
            user_id: id(who),
            reason,
            participants: with_mo(&others),
            epoch: 1,
        }))
    }

    /// `user-updated`.
    pub(super) fn updated(&mut self, participant: Present) -> Vec<String> {
        self.signal(Signal::UserUpdated(UserUpdated { room_id: room("r"), participant, epoch: 1 }))
    }

    pub(super) fn suspect(&mut self, who: &str, suspect: bool) -> Vec<String> {
        self.updated(Present { suspect, ..present(who) })
    }

    pub(super) fn offer(&mut self, from: &str, attempt: u32, n: u32, ufrag: &str) -> Vec<String> {
        self.signal(Signal::Offer(description(from, attempt, n, ufrag)))
    }

    pub(super) fn answer(&mut self, from: &str, attempt: u32, n: u32, ufrag: &str) -> Vec<String> {
        self.signal(Signal::Answer(description(from, attempt, n, ufrag)))
    }

    /// A candidate of this fragment.
    pub(super) fn candidate(&mut self, from: &str, attempt: u32, ufrag: &str) -> Vec<String> {
        self.candidate_as(from, attempt, Some(candidate(Some(ufrag))))
    }

    pub(super) fn candidate_as(
        &mut self,
        from: &str,
        attempt: u32,
        candidate: Option<IceCandidateInit>,
    ) -> Vec<String> {
        let instance = instance(&format!("{from}-1"));
        let from = id(from);
        self.signal(Signal::IceCandidate(IceCandidateFrom {
            from,
            instance,
            room_id: None,
            candidate,
            attempt,
        }))
    }

    // What the stack says.

    pub(super) fn local_set(&mut self, peer: &str, attempt: u32, ufrag: &str) -> Vec<String> {
        self.tell(Input::LocalDescriptionSet {
            peer: Remote::parse(peer).unwrap(),
            attempt,
            sdp: sdp(ufrag),
            tracks: None,
        })
    }

    pub(super) fn remote_set(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.tell(Input::RemoteDescriptionSet { peer: Remote::parse(peer).unwrap(), attempt })
    }

    pub(super) fn remote_failed(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.tell(Input::RemoteDescriptionFailed {
            peer: Remote::parse(peer).unwrap(),
            attempt,
            reason: "bad m-line".to_owned(),
        })
    }

    pub(super) fn rolled_back(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.tell(Input::RolledBack { peer: Remote::parse(peer).unwrap(), attempt })
    }

    pub(super) fn negotiation_needed(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.tell(Input::NegotiationNeeded { peer: Remote::parse(peer).unwrap(), attempt })
    }

    pub(super) fn state(
        &mut self,
        peer: &str,
        attempt: u32,
        ice: IceState,
        connection: ConnectionState,
    ) -> Vec<String> {
        self.tell(Input::StateChanged { peer: Remote::parse(peer).unwrap(), attempt, ice, connection })
    }

    /// ICE and DTLS work.
    pub(super) fn works(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.state(peer, attempt, IceState::Connected, ConnectionState::Connected)
    }

    pub(super) fn ice_fails(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.state(peer, attempt, IceState::Failed, ConnectionState::Failed)
    }

    pub(super) fn dtls_fails(&mut self, peer: &str, attempt: u32) -> Vec<String> {
        self.state(peer, attempt, IceState::Connected, ConnectionState::Failed)
    }

    /// How far the connection with someone is.
    pub(super) fn status(&self, peer: &str) -> Status {
        self.manager.connection_state(&Remote::parse(peer).unwrap()).status
    }
}

pub(super) fn with_mo(others: &[Present]) -> Vec<Present> {
    let mut participants = vec![present("mo")];
    participants.extend_from_slice(others);
    participants
}

/// A description of someone's first instance.
pub(super) fn description(from: &str, attempt: u32, n: u32, ufrag: &str) -> OfferFrom {
    let instance = instance(&format!("{from}-1"));
    OfferFrom { from: id(from), instance, room_id: None, sdp: sdp(ufrag), attempt, n, tracks: None }
}

pub(super) fn candidate(ufrag: Option<&str>) -> IceCandidateInit {
    IceCandidateInit {
        candidate: format!("candidate:{}", ufrag.unwrap_or("unnamed")),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: ufrag.map(str::to_owned),
    }
}

/// Only the lines about one peer's state.
pub(super) fn states(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.split_once("state ").map(|(_, rest)| rest)).collect()
}

/// All but the lines about states and figures.
pub(super) fn orders(lines: &[String]) -> Vec<&str> {
    let is_order = |line: &&String| !line.contains("state ") && !line.contains("quality ");
    lines.iter().filter(is_order).map(String::as_str).collect()
}

fn line(output: &Output) -> String {
    let at = |peer: &dyn std::fmt::Display, attempt: &u32| format!("{peer}#{attempt}");
    let ufrag = |sdp: &Sdp| sdp.ice_ufrag().unwrap_or_else(|| "none".to_owned());
    let name = |candidate: &Option<IceCandidateInit>| match candidate {
        Some(candidate) => candidate.candidate.trim_start_matches("candidate:").to_owned(),
        None => "end".to_owned(),
    };
    match output {
        Output::Send(Send::Offer(m)) => {
            format!("send offer {} n{} {}", at(&m.to, &m.attempt), m.n, ufrag(&m.sdp))
        }
        Output::Send(Send::Answer(m)) => {
            format!("send answer {} n{} {}", at(&m.to, &m.attempt), m.n, ufrag(&m.sdp))
        }
        Output::Send(Send::IceCandidate(m)) => {
            format!("send candidate {} {}", at(&m.to, &m.attempt), name(&m.candidate))
        }
        Output::Open { peer, attempt, relay_only } => {
            format!("open {}{}", at(peer, attempt), if *relay_only { " relay" } else { "" })
        }
        Output::CreateOffer { peer, attempt, restart_ice } => {
            format!("create-offer {}{}", at(peer, attempt), if *restart_ice { " restart" } else { "" })
        }
        Output::CreateAnswer { peer, attempt } => format!("create-answer {}", at(peer, attempt)),
        Output::Rollback { peer, attempt } => format!("rollback {}", at(peer, attempt)),
        Output::SetRemoteDescription { peer, attempt, r#type, sdp, .. } => {
            let kind = match r#type {
                DescriptionType::Offer => "offer",
                DescriptionType::Answer => "answer",
            };
            format!("set-{kind} {} {}", at(peer, attempt), ufrag(sdp))
        }
        Output::AddCandidate { peer, attempt, candidate } => {
            format!("add {} {}", at(peer, attempt), name(candidate))
        }
        Output::SampleStats { peer, attempt } => format!("sample {}", at(peer, attempt)),
        Output::QualityChanged { remote_peer_id, quality } => {
            format!("quality {remote_peer_id} {:?}", quality.grade).to_lowercase()
        }
        Output::Close { peer, attempt } => format!("close {}", at(peer, attempt)),
        Output::ConnectionStateChanged { remote_peer_id, state } => {
            format!("state {remote_peer_id} {}", state_line(state))
        }
        Output::ConnectionFailed { remote_peer_id, reason } => format!("gave up {remote_peer_id}: {reason}"),
        Output::Send(Send::TopologyReady(m)) => format!("send ready {} {}", m.room_id, m.change),
        Output::PathChanged { room_id, plays, sends_to_hub } => {
            format!("path {room_id} {plays}{}", if *sends_to_hub { ", hub is sent to" } else { "" })
        }
        Output::PeerRemoved { peer } => format!("removed {peer}"),
        Output::Warning { message } => format!("warning: {message}"),
    }
}

fn state_line(state: &PeerState) -> String {
    let mut line = match state.status {
        Status::Disconnected => "disconnected",
        Status::Waiting => "waiting",
        Status::Connecting => "connecting",
        Status::Connected => "connected",
        Status::Failed => "failed",
        Status::FailedPermanent => "failed-permanent",
    }
    .to_owned();
    if let Some(ms) = state.retry_timeout {
        let _ = write!(line, " {ms}");
    }
    if state.retry_count > 0 {
        let _ = write!(line, " retry-{}", state.retry_count);
    }
    for (is_so, word) in [(state.making_offer, " making-offer"), (state.ignore_offer, " ignoring")] {
        if is_so {
            line.push_str(word);
        }
    }
    line
}
