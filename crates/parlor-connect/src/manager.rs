//! The connection manager's one entry: hands each input to whom it concerns, and lets queued attempts begin.

use std::collections::VecDeque;

use parlor_proto::{Grade, Instance, LeaveReason, Mode, Phase, RoomId, Time, TopologyReady, UserId};

use crate::input::{Input, Media, RoomJoined, Signal, TopologyMoved, UserJoined, UserLeft};
use crate::output::{Output, PeerState, Quality, RemotePeer, Send, Status};
use crate::peer::{Attempts, Context, Peer, Rank};
use crate::remote::Remote;
use crate::roster::{Move, Room, Roster};
use crate::settings::Settings;

/// How many who left are remembered, so that attempts with the same two instances go on counting.
const DEPARTED_MAX: usize = 256;

/// What of a room is played, and whether its hub is sent anything.
type Path = (Mode, bool);

/// A mesh without a hub.
const PLAIN: Path = (Mode::Mesh, false);

/// All connections of one participant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Manager {
    id: UserId,
    instance: Instance,
    settings: Settings,
    seed: u64,
    is_signalling_up: bool,
    /// Signalling was lost since the rooms were joined: what comes next may be a new session.
    was_interrupted: bool,
    media: Media,
    /// When pending media is given up.
    media_until: Option<Time>,
    has_turn: bool,
    roster: Roster,
    /// In order of their names.
    peers: Vec<Peer>,
    /// Who left, the latest last.
    departed: VecDeque<(Remote, Instance, Attempts)>,
    /// The paths that the application was told last, those of a mesh without a hub aside.
    paths: Vec<(RoomId, Path)>,
    /// The states that the application was told last, in order of names.
    shown: Vec<(Remote, PeerState)>,
    order: u64,
    next_start: Time,
    outputs: VecDeque<Output>,
}

impl Manager {
    /// The manager of participant `id` in document `instance`, in no room yet. The same `seed` gives the same jitter.
    #[must_use]
    pub fn new(id: UserId, instance: Instance, settings: Settings, seed: u64) -> Self {
        Self {
            id,
            instance,
            settings,
            seed,
            is_signalling_up: false,
            was_interrupted: false,
            media: Media::Pending,
            media_until: None,
            has_turn: false,
            roster: Roster::default(),
            peers: Vec::new(),
            departed: VecDeque::new(),
            paths: Vec::new(),
            shown: Vec::new(),
            order: 0,
            next_start: Time::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The document this manager works in.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The state of the connection with someone (CM-8); `disconnected` for strangers. In a star it is that of the connection
    /// with the hub, unless the hub can't reach them (AU-6).
    #[must_use]
    pub fn connection_state(&self, remote: &Remote) -> PeerState {
        let (end, grade) = self.way_to(remote);
        let mut state = self.find(&end).map_or_else(
            || PeerState {
                status: Status::Disconnected,
                retry_count: 0,
                retry_timeout: None,
                is_polite: self.is_polite(&end),
                making_offer: false,
                ignore_offer: false,
            },
            Peer::state,
        );
        if state.status == Status::Connected && grade == Some(Grade::Lost) {
            state.status = Status::Connecting;
        }
        state
    }

    /// How well the connection with someone works (CM-17); none while it does not, or before the first look. In a star
    /// the grade is the worse one of the two paths to the hub.
    #[must_use]
    pub fn quality(&self, remote: &Remote) -> Option<Quality> {
        let (end, grade) = self.way_to(remote);
        let mut quality = self.find(&end)?.quality()?.clone();
        quality.grade = grade.map_or(quality.grade, |grade| grade.max(quality.grade));
        Some(quality)
    }

    /// The states of the connections with everyone, and with the hubs that are in use (CM-8), in order of ids.
    #[must_use]
    pub fn connections(&self) -> Vec<RemotePeer> {
        let hubs = self.roster.rooms.iter().filter(|room| room.sends_to_hub());
        let hubs = hubs.map(|room| Remote::Hub(room.id.clone()));
        let all = self.roster.everyone().into_iter().map(Remote::User).chain(hubs);
        all.map(|remote| RemotePeer { state: self.connection_state(&remote), remote_peer_id: remote })
            .collect()
    }

    /// Over which connection someone is heard, and what the hub says of their end if it is one with a hub.
    fn way_to(&self, remote: &Remote) -> (Remote, Option<Grade>) {
        if let Remote::User(id) = remote
            && let Some(room) = self.roster.hub_for(id)
        {
            let grade = room.member(id).and_then(|member| member.grade);
            return (Remote::Hub(room.id.clone()), grade);
        }
        (remote.clone(), None)
    }

    /// The next thing to do or to tell.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let peers = self.peers.iter().filter_map(Peer::timeout).min();
        let media = self.media_until;
        let missing = self.roster.timeout();
        let queue = self.next_to_start().map(|_| self.next_start);
        let moves = self.roster.rooms.iter().filter_map(|room| self.settled_at(room.moving.as_ref()?)).min();
        [peers, media, missing, queue, moves].into_iter().flatten().min()
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.media_until.is_some_and(|until| until <= now) {
            self.media_until = None;
            self.media = Media::None;
            let message = "local media is not ready 10 s after joining; going on without it".to_owned();
            self.outputs.push_back(Output::Warning { message });
            self.settle_media(now);
        }
        // Both ends of a connection that is not there yet keep the hub, and hear each other by it.
        let is_unfinished = |room: &&Room| room.plays == Mode::Mesh && !self.reaches_all_directly(room);
        let unfinished = self.roster.rooms.iter().filter(is_unfinished).map(|room| room.id.clone());
        let unfinished: Vec<RoomId> = unfinished.collect();
        self.roster.expire(now, &unfinished, self.settings.old_path_ms);
        self.reconcile(now, true);
        self.each_peer(now, Peer::on_timeout);
        self.finish(now);
    }

    /// Something happened.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        match input {
            Input::SignalingUp => self.is_signalling_up = true,
            Input::SignalingDown => {
                self.is_signalling_up = false;
                self.was_interrupted = true;
            }
            Input::Signal(signal) => self.on_signal(now, signal),
            Input::Media(media) => self.on_media(now, media),
            Input::TurnAvailable(has_turn) => self.has_turn = has_turn,
            Input::LeaveRoom { room_id } => {
                self.roster.forget_room(&room_id);
                self.reconcile(now, false);
            }
            Input::Retry { peer } => {
                let (end, _) = self.way_to(&peer);
                self.peer(now, &end, Peer::retry);
            }
            Input::ClosePeer { peer } => self.peer(now, &peer, Peer::close),
            Input::CloseAll => {
                self.roster.clear();
                self.reconcile(now, false);
            }
            Input::NegotiationNeeded { peer, attempt } => {
                self.peer(now, &peer, |peer, ctx| peer.on_negotiation_needed(attempt, ctx));
            }
            Input::LocalDescriptionSet { peer, attempt, sdp, tracks } => {
                self.peer(now, &peer, |peer, ctx| peer.on_local_set(attempt, sdp, tracks, ctx));
            }
            Input::LocalDescriptionFailed { peer, attempt, reason } => {
                self.peer(now, &peer, |peer, ctx| peer.on_local_failed(attempt, reason, ctx));
            }
            Input::RolledBack { peer, attempt } => {
                self.peer(now, &peer, |peer, ctx| peer.on_rolled_back(attempt, ctx));
            }
            Input::RemoteDescriptionSet { peer, attempt } => {
                self.peer(now, &peer, |peer, ctx| peer.on_remote_set(attempt, ctx));
            }
            Input::RollbackFailed { peer, attempt, reason }
            | Input::RemoteDescriptionFailed { peer, attempt, reason } => {
                self.peer(now, &peer, |peer, ctx| peer.on_description_failed(attempt, reason, ctx));
            }
            Input::LocalCandidate { peer, attempt, candidate } => {
                self.peer(now, &peer, |peer, ctx| peer.on_local_candidate(attempt, candidate, ctx));
            }
            Input::StateChanged { peer, attempt, ice, connection } => {
                self.peer(now, &peer, |peer, ctx| peer.on_state_changed(attempt, ice, connection, ctx));
            }
            Input::StatsSampled { peer, attempt, sample } => {
                self.peer(now, &peer, |peer, ctx| peer.on_sample(attempt, sample, ctx));
            }
        }
        self.finish(now);
    }

    fn on_media(&mut self, now: Time, media: Media) {
        self.media = media;
        if media == Media::Pending {
            self.await_media(now);
        } else {
            self.media_until = None;
            self.settle_media(now);
        }
    }

    /// Pending media holds the connections of a room up for so long and no longer (CM-5).
    fn await_media(&mut self, now: Time) {
        if self.media == Media::Pending && self.media_until.is_none() && !self.roster.is_empty() {
            self.media_until = Some(now + self.settings.media_wait_ms);
        }
    }

    fn on_signal(&mut self, now: Time, signal: Signal) {
        match signal {
            Signal::RoomJoined(joined) => self.on_room_joined(now, &joined),
            Signal::UserJoinedRoom(joined) => self.on_user_joined(now, &joined),
            Signal::UserLeftRoom(left) => self.on_user_left(now, &left),
            Signal::UserUpdated(updated) => {
                if self.roster.changed(&updated.room_id, updated.epoch, &updated.participant) {
                    self.meet(now, &updated.participant.id);
                    self.look_at_hubs(now);
                }
            }
            Signal::RoomUpdated(updated) => {
                self.roster.set(&updated.room_id, updated.epoch, &updated.room);
                self.reconcile(now, false);
            }
            Signal::Topology(moved) => self.on_topology(now, &moved),
            Signal::OfferWanted(asked) => {
                let is_restart = asked.reason == "path-lost";
                let hub = Remote::Hub(asked.room_id);
                self.peer(now, &hub, |peer, ctx| peer.on_offer_wanted(is_restart, ctx));
            }
            Signal::Error(refused) => {
                if let (Some(to), Some(attempt)) = (&refused.to, refused.attempt)
                    && to.is_hub()
                    && let Some(hub) = Remote::sender(to, refused.room_id.as_ref())
                {
                    let (code, message) = (refused.code, refused.message);
                    self.peer(now, &hub, |peer, ctx| peer.on_refused(attempt, code, message, ctx));
                }
            }
            // The hub never offers.
            Signal::Offer(offer) if offer.from.is_hub() => {}
            Signal::Offer(offer) => {
                let (from, instance) = (Remote::User(offer.from.clone()), offer.instance.clone());
                self.with_instance(now, &from, &instance, |peer, ctx| peer.on_offer(offer, ctx));
            }
            Signal::Answer(answer) => {
                if let Some(from) = Remote::sender(&answer.from, answer.room_id.as_ref()) {
                    let instance = answer.instance.clone();
                    self.with_instance(now, &from, &instance, |peer, ctx| peer.on_answer(answer, ctx));
                }
            }
            Signal::IceCandidate(candidate) => {
                if let Some(from) = Remote::sender(&candidate.from, candidate.room_id.as_ref()) {
                    let instance = candidate.instance.clone();
                    self.with_instance(now, &from, &instance, |peer, ctx| peer.on_candidate(candidate, ctx));
                }
            }
        }
    }

    fn on_room_joined(&mut self, now: Time, joined: &RoomJoined) {
        let missing_until = now + self.settings.missing_ms;
        let was_known = self.roster.joined(&self.id, joined, missing_until);
        self.await_media(now);
        if was_known && std::mem::take(&mut self.was_interrupted) {
            self.each_peer(now, Peer::on_signalling_renewed);
        }
        self.reconcile(now, false);
        if joined.topology == Mode::Sfu {
            self.need_hub(now, &joined.room.id);
        }
    }

    /// A hub that was given up while nobody needed it is tried again.
    fn need_hub(&mut self, now: Time, room_id: &RoomId) {
        self.peer(now, &Remote::Hub(room_id.clone()), Peer::retry);
    }

    /// The room moves between mesh and hub, or has moved.
    fn on_topology(&mut self, now: Time, moved: &TopologyMoved) {
        if !self.roster.moved(now, moved, self.settings.old_path_ms) {
            return;
        }
        self.reconcile(now, false);
        if moved.phase == Phase::Prepare && moved.mode == Mode::Sfu {
            self.need_hub(now, &moved.room_id);
        }
    }

    fn on_user_joined(&mut self, now: Time, joined: &UserJoined) {
        if self.roster.updated(&self.id, &joined.room_id, joined.epoch, &joined.participants) {
            self.reconcile(now, false);
        }
    }

    fn on_user_left(&mut self, now: Time, left: &UserLeft) {
        // Whom a stopping server takes out of the room comes back to the next one; the media goes on meanwhile.
        let is_over = left.reason != LeaveReason::ServerStopping;
        if !is_over || !self.roster.is_current(&left.room_id, left.epoch) {
            return;
        }
        if left.user_id != self.id {
            self.roster.updated(&self.id, &left.room_id, left.epoch, &left.participants);
            self.roster.left(&left.room_id, &left.user_id);
        } else {
            self.roster.forget_room(&left.room_id);
        }
        let is_unaware = matches!(left.reason, LeaveReason::Timeout | LeaveReason::Replaced);
        self.reconcile(now, is_unaware);
    }

    /// A participant as the server sees them now: if they are to be connected directly, they are, or will be.
    fn meet(&mut self, now: Time, id: &UserId) {
        if !self.roster.wants_direct(id) {
            return;
        }
        let remote = Remote::User(id.clone());
        let is_sending = self.roster.is_sending(id);
        let Some(present) = self.roster.present(id).cloned() else {
            // Known from before a reconnect.
            self.peer(now, &remote, |peer, _| peer.set_away(true));
            return;
        };
        let rank = Rank::from(present.role);
        self.add(now, &remote, &present.instance, rank);
        self.with_instance(now, &remote, &present.instance, |peer, _| {
            peer.set_rank(rank);
            peer.set_away(present.suspect);
            peer.set_sending(is_sending);
        });
    }

    /// The hubs of the rooms that want one are, or will be, connected.
    fn look_at_hubs(&mut self, now: Time) {
        self.roster.warm_up(self.settings.warm_from);
        let wanted = self.roster.rooms.iter().filter(|room| room.wants_hub());
        let hub = |room: &Room| {
            let rank = if room.sends_to_hub() { Rank::First } else { Rank::Last };
            (room.id.clone(), rank, room.has_sound_by_hub() && self.settings.hub_voices > 0)
        };
        let wanted: Vec<(RoomId, Rank, bool)> = wanted.map(hub).collect();
        for (room_id, rank, is_sending) in wanted {
            let remote = Remote::Hub(room_id);
            // A hub is not told apart by it: what one held for an earlier session is gone with that.
            let instance = self.instance.clone();
            self.add(now, &remote, &instance, rank);
            self.peer(now, &remote, |peer, _| {
                peer.set_rank(rank);
                peer.set_sending(is_sending);
            });
        }
    }

    /// Someone new to be connected with.
    fn add(&mut self, now: Time, remote: &Remote, instance: &Instance, rank: Rank) {
        if let Err(place) = self.place(remote) {
            let attempts = self.recall(remote, instance);
            let is_polite = self.is_polite(remote);
            let peer = Peer::new(remote.clone(), instance.clone(), rank, is_polite, attempts);
            self.peers.insert(place, peer);
            self.peer(now, remote, Peer::start);
        }
    }

    /// What is remembered of earlier encounters with someone who is back.
    fn recall(&mut self, remote: &Remote, instance: &Instance) -> Attempts {
        let place = self.departed.iter().position(|(departed, _, _)| departed == remote);
        match place.and_then(|place| self.departed.remove(place)) {
            Some((_, remembered, attempts)) if remembered == *instance => attempts,
            _ => Attempts::default(),
        }
    }

    /// Connects with those who are to be connected, and closes the connections with those who are not, or not any more
    /// (CM-9). `is_unaware`: those who are in no common room may not know it, and hold their ends for live.
    fn reconcile(&mut self, now: Time, is_unaware: bool) {
        if self.roster.is_empty() {
            self.media_until = None;
        }
        let everyone = self.roster.everyone();
        for id in &everyone {
            self.meet(now, id);
        }
        self.look_at_hubs(now);
        let is_wanted = |remote: &Remote| match remote {
            Remote::User(id) => self.roster.wants_direct(id),
            Remote::Hub(room) => self.roster.room(room).is_some_and(Room::wants_hub),
        };
        let ends = self.peers.iter().map(Peer::id).filter(|end| !is_wanted(end));
        let unwanted: Vec<Remote> = ends.cloned().collect();
        for end in &unwanted {
            // Who is still there closes their end for the same reason.
            let is_gone = !matches!(end, Remote::User(id) if everyone.binary_search(id).is_ok());
            self.peer(now, end, Peer::close);
            self.forget(end, is_unaware && is_gone);
        }
        self.show_gone(&everyone);
    }

    fn forget(&mut self, remote: &Remote, is_unaware: bool) {
        let Ok(place) = self.place(remote) else { return };
        let peer = self.peers.remove(place);
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.pop_front();
        }
        let attempts = peer.attempts_when_left(is_unaware);
        self.departed.push_back((remote.clone(), peer.instance().clone(), attempts));
    }

    /// Tells of those who are in no common room any more, and of hubs that are not needed any more.
    fn show_gone(&mut self, everyone: &[UserId]) {
        for (remote, mut state) in std::mem::take(&mut self.shown) {
            let is_here = match &remote {
                Remote::User(id) => everyone.binary_search(id).is_ok(),
                Remote::Hub(_) => self.place(&remote).is_ok(),
            };
            if is_here {
                self.shown.push((remote, state));
                continue;
            }
            if state.status != Status::Disconnected {
                let status = Status::Disconnected;
                state = PeerState {
                    status,
                    retry_timeout: None,
                    making_offer: false,
                    ignore_offer: false,
                    ..state
                };
                self.outputs
                    .push_back(Output::ConnectionStateChanged { remote_peer_id: remote.clone(), state });
            }
            if let Remote::User(peer) = remote {
                self.outputs.push_back(Output::PeerRemoved { peer });
            }
        }
    }

    fn show_paths(&mut self) {
        let path = |room: &Room| (room.id.clone(), (room.plays, room.sends_to_hub()));
        let now: Vec<(RoomId, Path)> =
            self.roster.rooms.iter().map(path).filter(|(_, path)| *path != PLAIN).collect();
        let before = std::mem::replace(&mut self.paths, now);
        let is_left = |(id, _): &&(RoomId, Path)| !self.paths.iter().any(|(other, _)| other == id);
        let plain = before.iter().filter(is_left).map(|(id, _)| (id.clone(), PLAIN));
        let changed = self.paths.iter().filter(|path| !before.contains(path)).cloned();
        for (room_id, (plays, sends_to_hub)) in plain.chain(changed) {
            self.outputs.push_back(Output::PathChanged { room_id, plays, sends_to_hub });
        }
    }

    /// Tells the application which states are others than it was told last, and of which paths.
    fn show(&mut self) {
        self.show_paths();
        let hubs = self.peers.iter().map(Peer::id).filter(|end| end.hub_of().is_some()).cloned();
        let all: Vec<Remote> = self.roster.everyone().into_iter().map(Remote::User).chain(hubs).collect();
        for remote in all {
            let state = self.connection_state(&remote);
            match self.shown.binary_search_by(|(shown, _)| shown.cmp(&remote)) {
                Ok(place) => match self.shown.get_mut(place) {
                    Some((_, shown)) if *shown != state => *shown = state.clone(),
                    _ => continue,
                },
                Err(place) => self.shown.insert(place, (remote.clone(), state.clone())),
            }
            self.outputs.push_back(Output::ConnectionStateChanged { remote_peer_id: remote, state });
        }
    }

    /// When a path that works will have done so for long enough.
    fn settled_at(&self, moving: &Move) -> Option<Time> {
        let since = moving.works_since.filter(|_| !moving.is_ready && self.is_signalling_up)?;
        Some(since + self.settings.settle_ms)
    }

    /// Looks at whether the paths work that rooms are to move to, and tells the server once they have for a while.
    fn check_moves(&mut self, now: Time) {
        let works = |room: &Room| match room.moving.as_ref().map(|moving| moving.to) {
            Some(Mode::Sfu) => self.find(&Remote::Hub(room.id.clone())).is_some_and(Peer::is_working),
            Some(Mode::Mesh) => self.reaches_all_directly(room),
            None => false,
        };
        let works: Vec<bool> = self.roster.rooms.iter().map(works).collect();
        let settle_ms = self.settings.settle_ms;
        for (room, works) in self.roster.rooms.iter_mut().zip(works) {
            let Some(moving) = room.moving.as_mut().filter(|moving| !moving.is_ready) else { continue };
            moving.works_since = works.then(|| moving.works_since.unwrap_or(now));
            if moving.works_since.is_some_and(|since| now.ms_since(since) >= settle_ms)
                && self.is_signalling_up
            {
                moving.is_ready = true;
                let ready = TopologyReady { room_id: room.id.clone(), change: moving.change };
                self.outputs.push_back(Output::Send(Send::TopologyReady(ready)));
            }
        }
    }

    /// Whether everybody of a room has a direct connection that works, or is not hoped for.
    fn reaches_all_directly(&self, room: &Room) -> bool {
        let decided = |remote: Remote| self.find(&remote).is_some_and(Peer::is_decided);
        room.members().all(|member| decided(Remote::User(member.id.clone())))
    }

    fn settle_media(&mut self, now: Time) {
        self.each_peer(now, Peer::on_media_settled);
    }

    /// Who in the queue could begin, but for the time.
    fn next_to_start(&self) -> Option<Remote> {
        let can_signal = self.is_signalling_up && self.media != Media::Pending;
        let attempting = self.peers.iter().filter(|peer| peer.is_attempting()).count();
        if !can_signal || attempting >= self.settings.attempts_at_once {
            return None;
        }
        let queued = self.peers.iter().filter_map(|peer| Some((peer.place_in_queue()?, peer)));
        let (_, first) = queued.min_by_key(|(place, _)| *place)?;
        let must_wait = first.rank() == Rank::Last && self.peers.iter().any(Peer::is_under_way);
        (!must_wait).then(|| first.id().clone())
    }

    /// What follows every step: attempts whose turn has come begin, and the application is told what changed.
    fn finish(&mut self, now: Time) {
        self.each_peer(now, Peer::refresh);
        while self.next_start <= now
            && let Some(next) = self.next_to_start()
        {
            self.next_start = now + self.settings.stagger_ms;
            self.peer(now, &next, Peer::begin_attempt);
        }
        self.check_moves(now);
        self.show();
    }

    /// CM-1: of two participants the one with the smaller id is polite, by bytes; to a hub the participant always offers
    /// (CM-2).
    fn is_polite(&self, other: &Remote) -> bool {
        matches!(other, Remote::User(id) if self.id < *id && !id.is_hub())
    }

    /// Where someone is among the peers, or would be.
    fn place(&self, remote: &Remote) -> Result<usize, usize> {
        self.peers.binary_search_by(|peer| peer.id().cmp(remote))
    }

    fn find(&self, remote: &Remote) -> Option<&Peer> {
        self.peers.get(self.place(remote).ok()?)
    }

    /// A message of a participant's instance; a new instance replaces the old one first (CM-11).
    fn with_instance(
        &mut self,
        now: Time,
        remote: &Remote,
        instance: &Instance,
        step: impl FnOnce(&mut Peer, &mut Context<'_>),
    ) {
        self.peer(now, remote, |peer, ctx| {
            if peer.instance() != instance && peer.id().hub_of().is_none() {
                peer.replace_instance(instance.clone(), ctx);
            }
            step(peer, ctx);
        });
    }

    fn each_peer(&mut self, now: Time, mut step: impl FnMut(&mut Peer, &mut Context<'_>)) {
        let ends: Vec<Remote> = self.peers.iter().map(Peer::id).cloned().collect();
        for end in &ends {
            self.peer(now, end, &mut step);
        }
    }

    /// Lets one remote end take a step; strangers take none.
    fn peer(&mut self, now: Time, remote: &Remote, step: impl FnOnce(&mut Peer, &mut Context<'_>)) {
        if let Some((peer, mut ctx)) = self.at(now, remote) {
            step(peer, &mut ctx);
        }
    }

    /// A remote end, with what it needs for a step.
    #[inline(never)]
    fn at(&mut self, now: Time, remote: &Remote) -> Option<(&mut Peer, Context<'_>)> {
        let place = self.place(remote).ok()?;
        let ctx = Context {
            now,
            settings: &self.settings,
            seed: self.seed,
            is_signalling_up: self.is_signalling_up,
            is_media_settled: self.media != Media::Pending,
            has_turn: self.has_turn,
            order: &mut self.order,
            outputs: &mut self.outputs,
        };
        Some((self.peers.get_mut(place)?, ctx))
    }
}
