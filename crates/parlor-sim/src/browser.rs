//! A browser as the connection manager sees it: RTCPeerConnections that carry out one operation after the other.
//!
//! It follows W3C WebRTC (sections 4.3, 4.4.1.5 and 4.7.3: signalling state, setting descriptions, negotiation needed)
//! and RFC 8829, for descriptions that carry no more than a number of media sections and an ICE user fragment. What a
//! browser would reject is a [`Browser::faults`], because a connection manager never asks for it.

use parlor_connect::{ConnectionState, DescriptionType, IceState, Input, Output, Remote};
use parlor_proto::{IceCandidateInit, Sdp, UserId};

/// `RTCSignalingState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Signalling {
    Stable,
    HaveLocalOffer,
    HaveRemoteOffer,
}

/// An operation whose promise is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Operation {
    CreateOffer { restart_ice: bool },
    CreateAnswer,
    Rollback,
    SetOffer(Description),
    SetAnswer(Description),
}

/// What a description says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Description {
    /// Who made it.
    owner: String,
    /// Its ICE user fragment.
    ufrag: String,
    /// How many media sections it has.
    sections: u32,
    /// How many of its owner's tracks are in them.
    tracks: u32,
}

impl Description {
    fn text(&self) -> Sdp {
        let Self { owner, ufrag, sections, tracks } = self;
        Sdp::from_text(&format!("v=0\r\no={owner} {sections} {tracks}\r\na=ice-ufrag:{ufrag}\r\n"))
    }

    fn parse(sdp: &Sdp) -> Option<Self> {
        let text = sdp.text();
        let mut origin = text.lines().find_map(|line| line.strip_prefix("o="))?.split(' ');
        Some(Self {
            owner: origin.next()?.to_owned(),
            sections: origin.next()?.parse().ok()?,
            tracks: origin.next()?.parse().ok()?,
            ufrag: sdp.ice_ufrag()?,
        })
    }
}

/// One RTCPeerConnection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// With whom.
    pub peer: Remote,
    /// Which one.
    pub attempt: u32,
    signalling: Signalling,
    operation: Option<Operation>,
    local: Option<Description>,
    remote: Option<Description>,
    pending_local: Option<Description>,
    pending_remote: Option<Description>,
    credentials: u32,
    /// `negotiationneeded` is to fire.
    needs_negotiation: bool,
    /// Credentials for which a candidate is to be gathered.
    gathers: Option<String>,
    /// Fragments for which a remote candidate was added.
    remote_candidates: Vec<String>,
    /// The pair of fragments over which ICE works.
    path: Option<(String, String)>,
    /// Local offers taken back since the connection was stable of itself.
    rollbacks: u32,
}

/// All RTCPeerConnections of one participant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Browser {
    me: UserId,
    tracks: u32,
    connections: Vec<Connection>,
    /// What was asked for in a state in which a browser rejects it.
    pub faults: Vec<String>,
}

impl Browser {
    /// A browser with `tracks` local tracks and no connection.
    #[must_use]
    pub fn new(me: UserId, tracks: u32) -> Self {
        Self { me, tracks, connections: Vec::new(), faults: Vec::new() }
    }

    /// Its connections.
    #[must_use]
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The connection with someone, if there is one.
    #[must_use]
    pub fn connection(&self, peer: &Remote) -> Option<&Connection> {
        self.connections.iter().find(|c| c.peer == *peer)
    }

    /// How many local tracks there are.
    #[must_use]
    pub fn tracks(&self) -> u32 {
        self.tracks
    }

    /// A track more on every connection, which has to be negotiated.
    pub fn add_track(&mut self) {
        self.tracks += 1;
        for connection in &mut self.connections {
            connection.check_negotiation(self.tracks);
        }
    }

    /// Carries out an order of the connection manager, or begins to.
    pub fn carry_out(&mut self, order: &Output) {
        match order {
            Output::Open { peer, attempt, .. } => {
                if self.connection(peer).is_some() {
                    self.faults.push(format!("{}: a second connection with {peer}", self.me));
                }
                self.connections.push(Connection::new(peer.clone(), *attempt));
            }
            Output::Close { peer, attempt } => {
                self.connections.retain(|c| c.peer != *peer || c.attempt != *attempt);
            }
            Output::CreateOffer { peer, attempt, restart_ice } => {
                self.begin(peer, *attempt, Operation::CreateOffer { restart_ice: *restart_ice });
            }
            Output::CreateAnswer { peer, attempt } => self.begin(peer, *attempt, Operation::CreateAnswer),
            Output::Rollback { peer, attempt } => self.begin(peer, *attempt, Operation::Rollback),
            Output::SetRemoteDescription { peer, attempt, r#type, sdp, .. } => {
                let Some(description) = Description::parse(sdp) else {
                    self.faults.push(format!("{}: no description: {sdp:?}", self.me));
                    return;
                };
                let operation = match r#type {
                    DescriptionType::Offer => Operation::SetOffer(description),
                    DescriptionType::Answer => Operation::SetAnswer(description),
                };
                self.begin(peer, *attempt, operation);
            }
            Output::AddCandidate { peer, attempt, candidate } => {
                self.add_candidate(peer, *attempt, candidate.as_ref())
            }
            // This browser has no figures.
            Output::SampleStats { .. }
            | Output::Send(_)
            | Output::ConnectionStateChanged { .. }
            | Output::QualityChanged { .. }
            | Output::ConnectionFailed { .. }
            | Output::PeerRemoved { .. }
            | Output::PathChanged { .. }
            | Output::Warning { .. } => {}
        }
    }

    fn begin(&mut self, peer: &Remote, attempt: u32, operation: Operation) {
        let me = &self.me;
        let Some(connection) = self.connections.iter_mut().find(|c| c.peer == *peer && c.attempt == attempt)
        else {
            self.faults.push(format!("{me}: {operation:?} on no connection with {peer}"));
            return;
        };
        let allowed = match operation {
            Operation::CreateOffer { .. } | Operation::SetOffer(_) => Signalling::Stable,
            Operation::CreateAnswer => Signalling::HaveRemoteOffer,
            Operation::Rollback | Operation::SetAnswer(_) => Signalling::HaveLocalOffer,
        };
        if connection.operation.is_some() || connection.signalling != allowed {
            self.faults.push(format!(
                "{me}: {operation:?} while {:?} in {:?}",
                connection.operation, connection.signalling
            ));
        }
        connection.operation = Some(operation);
    }

    fn add_candidate(&mut self, peer: &Remote, attempt: u32, candidate: Option<&IceCandidateInit>) {
        let Some(connection) = self.connections.iter_mut().find(|c| c.peer == *peer && c.attempt == attempt)
        else {
            self.faults.push(format!("{}: a candidate on no connection with {peer}", self.me));
            return;
        };
        let Some(ufrag) = candidate.and_then(|c| c.username_fragment.clone()) else { return };
        let descriptions = [&connection.remote, &connection.pending_remote];
        if !descriptions.into_iter().flatten().any(|d| d.ufrag == ufrag) {
            self.faults.push(format!("{}: a candidate of {ufrag}, which no remote description has", self.me));
        }
        connection.remote_candidates.push(ufrag);
    }

    /// Completes the open operation of a connection, and says what to tell the connection manager.
    pub fn complete(&mut self, peer: &Remote, attempt: u32) -> Option<Input> {
        let me = self.me.clone();
        let tracks = self.tracks;
        let connection = self.connections.iter_mut().find(|c| c.peer == *peer && c.attempt == attempt)?;
        let operation = connection.operation.take()?;
        Some(connection.complete(&me, tracks, operation))
    }

    /// Fires what a connection has to tell by itself: a candidate first, else that it needs negotiation.
    pub fn fire(&mut self, peer: &Remote, attempt: u32) -> Option<Input> {
        let connection = self.connections.iter_mut().find(|c| c.peer == *peer && c.attempt == attempt)?;
        connection.fire()
    }

    /// ICE found a path for a connection: the fragments of both sides, one's own first.
    pub fn path_found(&mut self, peer: &Remote, attempt: u32) -> Option<Input> {
        let connection = self.connections.iter_mut().find(|c| c.peer == *peer && c.attempt == attempt)?;
        connection.path = connection.fragments();
        Some(connection.state(IceState::Connected, ConnectionState::Connected))
    }

    /// The path of a connection is lost for good.
    pub fn path_lost(&mut self, peer: &Remote, attempt: u32) -> Option<Input> {
        let connection = self.connections.iter_mut().find(|c| c.peer == *peer && c.attempt == attempt)?;
        connection.path = None;
        Some(connection.state(IceState::Failed, ConnectionState::Failed))
    }
}

impl Connection {
    fn new(peer: Remote, attempt: u32) -> Self {
        Self {
            peer,
            attempt,
            signalling: Signalling::Stable,
            operation: None,
            local: None,
            remote: None,
            pending_local: None,
            pending_remote: None,
            credentials: 0,
            needs_negotiation: true,
            gathers: None,
            remote_candidates: Vec::new(),
            path: None,
            rollbacks: 0,
        }
    }

    /// Whether an operation is open.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.operation.is_some()
    }

    /// Whether [`Browser::fire`] has something to tell now.
    #[must_use]
    pub fn has_event(&self) -> bool {
        self.gathers.is_some() || (self.needs_negotiation && self.is_stable())
    }

    /// Stable, and nothing under way.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.signalling == Signalling::Stable && self.operation.is_none()
    }

    /// Whether ICE works over the fragments that are negotiated.
    #[must_use]
    pub fn has_path(&self) -> bool {
        self.path.is_some() && self.path == self.fragments()
    }

    /// How often a local offer was taken back since the last negotiation ended.
    #[must_use]
    pub fn rollbacks(&self) -> u32 {
        self.rollbacks
    }

    /// Local tracks that are in the current descriptions.
    #[must_use]
    pub fn carried_tracks(&self) -> u32 {
        self.local.as_ref().map_or(0, |d| d.tracks)
    }

    /// Whether both ends hold the same two descriptions.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.local.is_some()
            && self.remote.is_some()
            && self.local == other.remote
            && self.remote == other.local
    }

    /// Whether ICE would find a path: the same descriptions, and a candidate of the other side for each.
    #[must_use]
    pub fn can_reach(&self, other: &Self) -> bool {
        let knows = |from: &Self, to: &Self| {
            to.local.as_ref().is_some_and(|d| from.remote_candidates.contains(&d.ufrag))
        };
        self.attempt == other.attempt && self.agrees_with(other) && knows(self, other) && knows(other, self)
    }

    /// The pair of fragments over which ICE works, one's own first.
    #[must_use]
    pub fn path(&self) -> Option<(String, String)> {
        self.path.clone()
    }

    /// Whether the other end still holds the descriptions of this end's path.
    #[must_use]
    pub fn shares_path_with(&self, other: &Self) -> bool {
        let turned = self.path.as_ref().map(|(local, remote)| (remote.clone(), local.clone()));
        turned.is_some() && (turned == other.path || turned == other.fragments())
    }

    /// The pair of fragments that is negotiated, one's own first.
    #[must_use]
    pub fn fragments(&self) -> Option<(String, String)> {
        Some((self.local.as_ref()?.ufrag.clone(), self.remote.as_ref()?.ufrag.clone()))
    }

    fn check_negotiation(&mut self, tracks: u32) {
        self.needs_negotiation = self.local.as_ref().is_none_or(|d| d.tracks < tracks);
    }

    fn new_ufrag(&mut self, me: &UserId) -> String {
        self.credentials += 1;
        let ufrag = format!("{me}{}x{}", self.attempt, self.credentials);
        self.gathers = Some(ufrag.clone());
        ufrag
    }

    fn complete(&mut self, me: &UserId, tracks: u32, operation: Operation) -> Input {
        let (peer, attempt) = (self.peer.clone(), self.attempt);
        match operation {
            Operation::CreateOffer { restart_ice } => {
                let ufrag = match &self.local {
                    Some(local) if !restart_ice => local.ufrag.clone(),
                    _ => self.new_ufrag(me),
                };
                let sections = self.remote.as_ref().map_or(0, |d| d.sections).max(tracks);
                let offer = Description { owner: me.to_string(), ufrag, sections, tracks };
                let sdp = offer.text();
                self.pending_local = Some(offer);
                self.signalling = Signalling::HaveLocalOffer;
                Input::LocalDescriptionSet { peer, attempt, sdp, tracks: None }
            }
            Operation::CreateAnswer => {
                let Some(offer) = self.pending_remote.take() else {
                    return Input::LocalDescriptionFailed { peer, attempt, reason: "no offer".to_owned() };
                };
                let is_restart = self.remote.as_ref().is_none_or(|remote| remote.ufrag != offer.ufrag);
                let ufrag = match &self.local {
                    Some(local) if !is_restart => local.ufrag.clone(),
                    _ => self.new_ufrag(me),
                };
                let sections = offer.sections;
                let answer =
                    Description { owner: me.to_string(), ufrag, sections, tracks: tracks.min(sections) };
                let sdp = answer.text();
                self.settle(answer, offer, tracks);
                Input::LocalDescriptionSet { peer, attempt, sdp, tracks: None }
            }
            Operation::Rollback => {
                self.pending_local = None;
                self.gathers = None;
                self.signalling = Signalling::Stable;
                self.rollbacks += 1;
                self.check_negotiation(tracks);
                Input::RolledBack { peer, attempt }
            }
            Operation::SetOffer(offer) => {
                self.pending_remote = Some(offer);
                self.signalling = Signalling::HaveRemoteOffer;
                Input::RemoteDescriptionSet { peer, attempt }
            }
            Operation::SetAnswer(answer) => {
                match self.pending_local.take() {
                    Some(offer) => self.settle(offer, answer, tracks),
                    None => {
                        let reason = "no offer".to_owned();
                        return Input::RemoteDescriptionFailed { peer, attempt, reason };
                    }
                }
                Input::RemoteDescriptionSet { peer, attempt }
            }
        }
    }

    fn settle(&mut self, local: Description, remote: Description, tracks: u32) {
        self.local = Some(local);
        self.remote = Some(remote);
        self.signalling = Signalling::Stable;
        self.rollbacks = 0;
        self.check_negotiation(tracks);
    }

    fn fire(&mut self) -> Option<Input> {
        let (peer, attempt) = (self.peer.clone(), self.attempt);
        if let Some(ufrag) = self.gathers.take() {
            let candidate = IceCandidateInit {
                candidate: format!("candidate:{ufrag}"),
                username_fragment: Some(ufrag),
                ..IceCandidateInit::default()
            };
            return Some(Input::LocalCandidate { peer, attempt, candidate: Some(candidate) });
        }
        if self.needs_negotiation && self.is_stable() {
            self.needs_negotiation = false;
            return Some(Input::NegotiationNeeded { peer, attempt });
        }
        None
    }

    fn state(&self, ice: IceState, connection: ConnectionState) -> Input {
        Input::StateChanged { peer: self.peer.clone(), attempt: self.attempt, ice, connection }
    }
}
