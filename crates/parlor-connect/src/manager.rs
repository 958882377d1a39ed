//! The connection manager's one entry: hands each input to whom it concerns, and lets queued attempts begin.

use std::collections::VecDeque;

use parlor_proto::{Instance, LeaveReason, Time, UserId};

use crate::input::{Input, Media, Present, RoomJoined, Signal, UserJoined, UserLeft};
use crate::output::{Output, PeerState, Quality, RemotePeer, Status};
use crate::peer::{Attempts, Context, Peer};
use crate::roster::Roster;
use crate::settings::Settings;

/// How many who left are remembered, so that attempts with the same two instances go on counting.
const DEPARTED_MAX: usize = 256;

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
    /// In order of ids.
    peers: Vec<Peer>,
    /// Who left, the latest last.
    departed: VecDeque<(UserId, Instance, Attempts)>,
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

    /// The state of the connection with someone (CM-8); `disconnected` for strangers.
    #[must_use]
    pub fn connection_state(&self, id: &UserId) -> PeerState {
        self.find(id).map_or_else(
            || PeerState {
                status: Status::Disconnected,
                retry_count: 0,
                retry_timeout: None,
                is_polite: self.is_polite(id),
                making_offer: false,
                ignore_offer: false,
            },
            Peer::state,
        )
    }

    /// How well the connection with someone works (CM-17); none while it does not, or before the first look.
    #[must_use]
    pub fn quality(&self, id: &UserId) -> Option<&Quality> {
        self.find(id).and_then(Peer::quality)
    }

    /// The states of all connections (CM-8), in order of ids.
    #[must_use]
    pub fn connections(&self) -> Vec<RemotePeer> {
        let named = |peer: &Peer| RemotePeer { remote_peer_id: peer.id().clone(), state: peer.state() };
        self.peers.iter().map(named).collect()
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
        let queue = self.may_start().then_some(self.next_start);
        [peers, media, missing, queue].into_iter().flatten().min()
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
        self.roster.expire(now);
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
            Input::Retry { peer } => self.peer(now, &peer, Peer::retry),
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
                if self.roster.is_current(&updated.room_id, updated.epoch) {
                    self.roster.changed(&updated.room_id, &updated.participant);
                    self.on_present(now, &updated.participant);
                }
            }
            Signal::Offer(offer) => {
                let (from, instance) = (offer.from.clone(), offer.instance.clone());
                self.with_instance(now, &from, &instance, |peer, ctx| peer.on_offer(offer, ctx));
            }
            Signal::Answer(answer) => {
                let (from, instance) = (answer.from.clone(), answer.instance.clone());
                self.with_instance(now, &from, &instance, |peer, ctx| peer.on_answer(answer, ctx));
            }
            Signal::IceCandidate(candidate) => {
                let (from, instance) = (candidate.from.clone(), candidate.instance.clone());
                self.with_instance(now, &from, &instance, |peer, ctx| peer.on_candidate(candidate, ctx));
            }
        }
    }

    fn on_room_joined(&mut self, now: Time, joined: &RoomJoined) {
        let missing_until = now + self.settings.missing_ms;
        let room = &joined.room.id;
        let was_known = self.roster.joined(&self.id, room, joined.epoch, &joined.participants, missing_until);
        self.await_media(now);
        if was_known && std::mem::take(&mut self.was_interrupted) {
            self.each_peer(now, Peer::on_signalling_renewed);
        }
        for participant in &joined.participants {
            self.on_present(now, participant);
        }
        self.reconcile(now, false);
    }

    fn on_user_joined(&mut self, now: Time, joined: &UserJoined) {
        if self.roster.updated(&self.id, &joined.room_id, joined.epoch, &joined.participants) {
            for participant in &joined.participants {
                self.on_present(now, participant);
            }
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

    /// A participant as the server sees them now.
    fn on_present(&mut self, now: Time, participant: &Present) {
        let id = &participant.id;
        if *id == self.id || !self.roster.has(id) {
            return;
        }
        if let Err(place) = self.place(id) {
            let attempts = self.recall(id, &participant.instance);
            let is_polite = self.is_polite(id);
            let peer =
                Peer::new(id.clone(), participant.instance.clone(), participant.role, is_polite, attempts);
            self.peers.insert(place, peer);
            self.peer(now, id, Peer::start);
        }
        let is_away = participant.suspect || self.roster.is_missing(id);
        let is_sending = self.roster.is_sending(id);
        self.with_instance(now, id, &participant.instance, |peer, _| {
            peer.set_role(participant.role);
            peer.set_away(is_away);
            peer.set_sending(is_sending);
        });
    }

    /// What is remembered of earlier encounters with someone who is back.
    fn recall(&mut self, id: &UserId, instance: &Instance) -> Attempts {
        let place = self.departed.iter().position(|(departed, _, _)| departed == id);
        match place.and_then(|place| self.departed.remove(place)) {
            Some((_, remembered, attempts)) if remembered == *instance => attempts,
            _ => Attempts::default(),
        }
    }

    /// Closes the connections with those who are in no common room any more (CM-9). `is_unaware`: they may not know it,
    /// and hold their ends for live.
    fn reconcile(&mut self, now: Time, is_unaware: bool) {
        if self.roster.is_empty() {
            self.media_until = None;
        }
        let ids: Vec<UserId> = self.peers.iter().map(Peer::id).cloned().collect();
        for id in ids {
            if self.roster.is_missing(&id) {
                self.peer(now, &id, |peer, _| peer.set_away(true));
            } else if !self.roster.has(&id) {
                self.peer(now, &id, Peer::close);
                self.forget(id, is_unaware);
            } else {
                let is_sending = self.roster.is_sending(&id);
                self.peer(now, &id, |peer, _| peer.set_sending(is_sending));
            }
        }
    }

    fn forget(&mut self, id: UserId, is_unaware: bool) {
        let Ok(place) = self.place(&id) else { return };
        let peer = self.peers.remove(place);
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.pop_front();
        }
        self.departed.push_back((id.clone(), peer.instance().clone(), peer.attempts_when_left(is_unaware)));
        self.outputs.push_back(Output::PeerRemoved { peer: id });
    }

    fn settle_media(&mut self, now: Time) {
        self.each_peer(now, Peer::on_media_settled);
    }

    /// Whether someone in the queue could begin, but for the time.
    fn may_start(&self) -> bool {
        let can_signal = self.is_signalling_up && self.media != Media::Pending;
        let attempting = self.peers.iter().filter(|peer| peer.is_attempting()).count();
        can_signal && attempting < self.settings.attempts_at_once && self.peers.iter().any(Peer::is_startable)
    }

    /// What follows every step: attempts whose turn has come begin, and the application is told what changed.
    fn finish(&mut self, now: Time) {
        self.each_peer(now, Peer::refresh);
        while self.next_start <= now && self.may_start() {
            let first =
                self.peers.iter().filter_map(|peer| Some((peer.place_in_queue()?, peer.id().clone()))).min();
            let Some((_, id)) = first else { break };
            self.next_start = now + self.settings.stagger_ms;
            self.peer(now, &id, Peer::begin_attempt);
        }
        self.each_peer(now, Peer::show);
    }

    /// CM-1: of two participants the one with the smaller id is polite, by bytes; the hub is never offered to by
    /// itself (CM-2).
    fn is_polite(&self, other: &UserId) -> bool {
        self.id < *other && !other.is_hub()
    }

    /// Where someone is among the peers, or would be.
    fn place(&self, id: &UserId) -> Result<usize, usize> {
        self.peers.binary_search_by(|peer| peer.id().cmp(id))
    }

    fn find(&self, id: &UserId) -> Option<&Peer> {
        self.peers.get(self.place(id).ok()?)
    }

    /// A message of a participant's instance; a new instance replaces the old one first (CM-11).
    fn with_instance(
        &mut self,
        now: Time,
        id: &UserId,
        instance: &Instance,
        step: impl FnOnce(&mut Peer, &mut Context<'_>),
    ) {
        self.peer(now, id, |peer, ctx| {
            if peer.instance() != instance {
                peer.replace_instance(instance.clone(), ctx);
            }
            step(peer, ctx);
        });
    }

    fn each_peer(&mut self, now: Time, mut step: impl FnMut(&mut Peer, &mut Context<'_>)) {
        let ids: Vec<UserId> = self.peers.iter().map(Peer::id).cloned().collect();
        for id in ids {
            self.peer(now, &id, &mut step);
        }
    }

    /// Lets one remote participant take a step; strangers take none.
    fn peer(&mut self, now: Time, id: &UserId, step: impl FnOnce(&mut Peer, &mut Context<'_>)) {
        let Some(peer) = self.place(id).ok().and_then(|place| self.peers.get_mut(place)) else { return };
        let mut ctx = Context {
            now,
            settings: &self.settings,
            seed: self.seed,
            is_signalling_up: self.is_signalling_up,
            is_media_settled: self.media != Media::Pending,
            has_turn: self.has_turn,
            order: &mut self.order,
            outputs: &mut self.outputs,
        };
        step(peer, &mut ctx);
    }
}
