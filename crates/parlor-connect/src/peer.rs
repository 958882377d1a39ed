//! The life of the connection with one remote end, a participant or a hub: waited for, connected, shaken, retried, given up.

use std::collections::VecDeque;

use parlor_proto::{
    ErrorCode, IceCandidateFrom, IceCandidateInit, Instance, OfferFrom, Role, Sdp, Time, TrackLabel,
};

use crate::backoff;
use crate::cause::Cause;
use crate::connection::{Connection, Progress, Wire};
use crate::health::Health;
use crate::input::{ConnectionState, IceState, StatsSample};
use crate::output::{Output, PeerState, Quality, Status};
use crate::remote::Remote;
use crate::settings::Settings;

/// Messages that came early; a browser gathers a few dozen candidates.
const EARLY_MAX: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Closed by the application.
    Closed,
    /// Will be offered a connection when its turn comes.
    Queued { order: u64 },
    /// The other side's offer is awaited; no deadline while it could not arrive.
    Waiting { until: Option<Time> },
    /// Negotiating, or ICE is at work; no deadline while no message could arrive.
    Connecting { until: Option<Time>, is_own: bool },
    /// ICE and the connection work.
    Connected,
    /// They worked and are `disconnected`, which may pass.
    Shaken { restart_at: Time },
    /// Failed, to be tried again; without a time when signalling is back.
    Failed { retry_at: Option<Time>, delay_ms: u64 },
    /// Given up.
    FailedPermanent,
}

/// An offer that came before local media did, or a candidate that came before its offer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Early {
    Offer(OfferFrom),
    Candidate(IceCandidateFrom),
}

/// The RTCPeerConnections of one pair of instances (CM-11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Attempts {
    /// The highest that was used or seen.
    highest: u32,
    /// The highest that is over.
    closed: u32,
    /// The other side may hold for live what was closed here.
    is_unaware: bool,
}

/// Who is connected first (CM-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rank {
    /// Hosts, and the hub of a star.
    First,
    /// Everybody else.
    Ordinary,
    /// The hub of a mesh: once nothing else is under way.
    Last,
}

impl From<Role> for Rank {
    fn from(role: Role) -> Self {
        if role == Role::Host { Self::First } else { Self::Ordinary }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    id: Remote,
    instance: Instance,
    rank: Rank,
    is_polite: bool,
    /// Its session was lost, or it is known only from before a reconnect: no message reaches it for sure.
    is_away: bool,
    could_signal: bool,
    /// Signalling began anew since messages last went both ways: some may be lost.
    may_have_lost: bool,
    attempts: Attempts,
    phase: Phase,
    connection: Option<Connection>,
    early: Vec<Early>,
    restart_tried: bool,
    relay_only: bool,
    retry_count: u32,
    /// They publish something that is not muted.
    is_sending: bool,
    health: Health,
    repair: Repair,
}

/// What was done about media that does not come (CM-15), since it last did: ICE restarted, then the connection made
/// anew. If that does not help either, the other side may have nothing to send whatever it says: it is done again, but
/// more and more rarely.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Repair {
    #[default]
    None,
    Restarted {
        at: Time,
    },
    MadeAnew {
        at: Time,
        times: u32,
    },
}

/// What a peer needs of its manager for one step.
pub(crate) struct Context<'a> {
    pub(crate) now: Time,
    pub(crate) settings: &'a Settings,
    pub(crate) seed: u64,
    pub(crate) is_signalling_up: bool,
    pub(crate) is_media_settled: bool,
    pub(crate) has_turn: bool,
    pub(crate) order: &'a mut u64,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl Peer {
    /// Someone who came into a common room. `attempts` is what is remembered of earlier encounters of the same two
    /// instances.
    pub(crate) fn new(
        id: Remote,
        instance: Instance,
        rank: Rank,
        is_polite: bool,
        attempts: Attempts,
    ) -> Self {
        Self {
            id,
            instance,
            rank,
            is_polite,
            is_away: false,
            could_signal: false,
            may_have_lost: false,
            attempts,
            phase: Phase::Closed,
            connection: None,
            early: Vec::new(),
            restart_tried: false,
            relay_only: false,
            retry_count: 0,
            is_sending: false,
            health: Health::default(),
            repair: Repair::default(),
        }
    }

    pub(crate) fn id(&self) -> &Remote {
        &self.id
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// What to remember of the attempts when the participant left. `is_unaware`: they lost their session, and may come
    /// back without knowing that the connection was closed.
    pub(crate) fn attempts_when_left(&self, is_unaware: bool) -> Attempts {
        Attempts { is_unaware: is_unaware && self.attempts.closed > 0, ..self.attempts.clone() }
    }

    pub(crate) fn rank(&self) -> Rank {
        self.rank
    }

    pub(crate) fn set_rank(&mut self, rank: Rank) {
        self.rank = rank;
    }

    pub(crate) fn set_away(&mut self, is_away: bool) {
        self.is_away = is_away;
    }

    pub(crate) fn set_sending(&mut self, is_sending: bool) {
        self.is_sending = is_sending;
    }

    /// How well the connection works (CM-17), while it does.
    pub(crate) fn quality(&self) -> Option<&Quality> {
        if self.phase == Phase::Connected { self.health.quality() } else { None }
    }

    /// The state as the application sees it (CM-8).
    pub(crate) fn state(&self) -> PeerState {
        let (status, retry_timeout) = match self.phase {
            Phase::Closed => (Status::Disconnected, None),
            Phase::Waiting { .. } => (Status::Waiting, None),
            Phase::Queued { .. } | Phase::Connecting { .. } | Phase::Shaken { .. } => {
                (Status::Connecting, None)
            }
            Phase::Connected => (Status::Connected, None),
            Phase::Failed { retry_at, delay_ms } => (Status::Failed, retry_at.map(|_| delay_ms)),
            Phase::FailedPermanent => (Status::FailedPermanent, None),
        };
        PeerState {
            status,
            retry_count: self.retry_count,
            retry_timeout,
            is_polite: self.is_polite,
            making_offer: self.connection.as_ref().is_some_and(Connection::is_making_offer),
            ignore_offer: self.connection.as_ref().is_some_and(Connection::ignores_offer),
        }
    }

    /// CM-2: the impolite side initiates, the polite side waits; but not for someone who may believe that an earlier
    /// connection is still there.
    pub(crate) fn start(&mut self, ctx: &mut Context<'_>) {
        if self.is_polite && !std::mem::take(&mut self.attempts.is_unaware) {
            self.phase = Phase::Waiting { until: Some(ctx.now + ctx.settings.wait_timeout_ms) };
        } else {
            self.queue(ctx);
        }
    }

    /// The participant reloaded or restarted: everything of the earlier instance is gone (CM-11).
    pub(crate) fn replace_instance(&mut self, instance: Instance, ctx: &mut Context<'_>) {
        self.close_connection(ctx);
        self.instance = instance;
        self.attempts = Attempts::default();
        self.early.clear();
        self.retry_count = 0;
        self.relay_only = false;
        self.repair = Repair::None;
        self.start(ctx);
    }

    /// The participant left, or nobody is wanted any more: nothing is tried again (CM-9).
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>) {
        self.close_connection(ctx);
        self.early.clear();
        self.phase = Phase::Closed;
    }

    /// A person wants another try (CM-7).
    pub(crate) fn retry(&mut self, ctx: &mut Context<'_>) {
        if matches!(self.phase, Phase::Closed | Phase::Failed { .. } | Phase::FailedPermanent) {
            self.retry_count = 0;
            self.repair = Repair::None;
            self.queue(ctx);
        }
    }

    /// Where this peer stands in the queue, if it does and could be offered to now (CM-19).
    pub(crate) fn place_in_queue(&self) -> Option<(Rank, u64)> {
        match self.phase {
            Phase::Queued { order } if !self.is_away => Some((self.rank, order)),
            _ => None,
        }
    }

    /// Whether a connection is being made, by either side.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. } | Phase::Connecting { .. })
    }

    /// Whether it works and carries all that it is to carry.
    pub(crate) fn is_working(&self) -> bool {
        self.phase == Phase::Connected && self.connection.as_ref().is_some_and(Connection::is_settled)
    }

    /// Whether a path that is to take over can rely on this end: it works, or nobody hopes for it.
    pub(crate) fn is_decided(&self) -> bool {
        self.is_away || matches!(self.phase, Phase::Connected | Phase::Closed | Phase::FailedPermanent)
    }

    /// Whether an attempt of this side is under way (CM-18).
    pub(crate) fn is_attempting(&self) -> bool {
        matches!(self.phase, Phase::Connecting { is_own: true, .. })
    }

    /// Its turn has come: offer a connection.
    pub(crate) fn begin_attempt(&mut self, ctx: &mut Context<'_>) {
        let attempt = self.attempts.highest.saturating_add(1);
        self.open(attempt, ctx);
        self.phase = Phase::Connecting { until: Some(ctx.now + ctx.settings.offer_timeout_ms), is_own: true };
        self.with_connection(ctx, |connection, wire| connection.offer(wire));
    }

    pub(crate) fn on_offer(&mut self, offer: OfferFrom, ctx: &mut Context<'_>) {
        let attempt = offer.attempt;
        if self.phase == Phase::Closed || attempt <= self.attempts.closed {
            return;
        }
        let current = self.connection.as_ref().map(Connection::attempt);
        if current.is_some_and(|current| attempt < current) {
            return;
        }
        if current != Some(attempt) {
            if !ctx.is_media_settled {
                self.keep_early(Early::Offer(offer));
                return;
            }
            self.close_connection(ctx);
            self.open(attempt, ctx);
            self.await_connection(ctx);
        } else if matches!(self.phase, Phase::Shaken { .. }) {
            self.await_connection(ctx);
        }
        self.with_connection(ctx, |connection, wire| connection.on_offer(offer, wire));
    }

    pub(crate) fn on_answer(&mut self, answer: OfferFrom, ctx: &mut Context<'_>) {
        if self.connection.as_ref().map(Connection::attempt) == Some(answer.attempt) {
            self.with_connection(ctx, |connection, wire| connection.on_answer(answer, wire));
        }
    }

    pub(crate) fn on_candidate(&mut self, candidate: IceCandidateFrom, ctx: &mut Context<'_>) {
        if self.connection.as_ref().map(Connection::attempt) == Some(candidate.attempt) {
            self.with_connection(ctx, |connection, wire| connection.on_candidate(candidate.candidate, wire));
        } else if self.is_to_come(candidate.attempt) {
            self.keep_early(Early::Candidate(candidate));
        }
    }

    /// Whether that attempt may still be offered by the other side.
    fn is_to_come(&self, attempt: u32) -> bool {
        let current = self.connection.as_ref().map_or(0, Connection::attempt);
        self.phase != Phase::Closed && attempt > current.max(self.attempts.closed)
    }

    /// Local media is there, or is not waited for any more: what came early counts now (CM-5).
    pub(crate) fn on_media_settled(&mut self, ctx: &mut Context<'_>) {
        for early in std::mem::take(&mut self.early) {
            match early {
                Early::Offer(offer) => self.on_offer(offer, ctx),
                Early::Candidate(candidate) => self.on_candidate(candidate, ctx),
            }
        }
    }

    pub(crate) fn on_negotiation_needed(&mut self, attempt: u32, ctx: &mut Context<'_>) {
        self.of_attempt(attempt, ctx, |connection, wire| connection.offer(wire));
    }

    pub(crate) fn on_local_set(
        &mut self,
        attempt: u32,
        sdp: Sdp,
        tracks: Option<Vec<TrackLabel>>,
        ctx: &mut Context<'_>,
    ) {
        let progress =
            self.of_attempt(attempt, ctx, |connection, wire| connection.on_local_set(sdp, tracks, wire));
        self.on_progress(progress, ctx);
    }

    pub(crate) fn on_local_failed(&mut self, attempt: u32, reason: String, ctx: &mut Context<'_>) {
        let is_over = self.of_attempt(attempt, ctx, |connection, wire| connection.on_local_failed(wire));
        if is_over == Some(true) {
            self.fail(Cause::Description(reason), ctx);
        }
    }

    pub(crate) fn on_rolled_back(&mut self, attempt: u32, ctx: &mut Context<'_>) {
        self.of_attempt(attempt, ctx, |connection, wire| connection.on_rolled_back(wire));
    }

    pub(crate) fn on_remote_set(&mut self, attempt: u32, ctx: &mut Context<'_>) {
        let progress = self.of_attempt(attempt, ctx, |connection, wire| connection.on_remote_set(wire));
        self.on_progress(progress, ctx);
    }

    /// A description could not be applied, or an offer not be taken back.
    pub(crate) fn on_description_failed(&mut self, attempt: u32, reason: String, ctx: &mut Context<'_>) {
        if self.connection.as_ref().map(Connection::attempt) == Some(attempt) {
            self.fail(Cause::Description(reason), ctx);
        }
    }

    pub(crate) fn on_local_candidate(
        &mut self,
        attempt: u32,
        candidate: Option<IceCandidateInit>,
        ctx: &mut Context<'_>,
    ) {
        self.of_attempt(attempt, ctx, |connection, wire| connection.send_candidate(candidate, wire));
    }

    pub(crate) fn on_state_changed(
        &mut self,
        attempt: u32,
        ice: IceState,
        state: ConnectionState,
        ctx: &mut Context<'_>,
    ) {
        let Some(connection) = self.connection.as_mut().filter(|c| c.attempt() == attempt) else { return };
        let ice_works = matches!(ice, IceState::Connected | IceState::Completed);
        match (ice, state) {
            (_, ConnectionState::Connected) if ice_works => {
                connection.path_works();
                if self.phase != Phase::Connected {
                    self.health.begin(ctx.now, ctx.settings);
                }
                self.phase = Phase::Connected;
                self.retry_count = 0;
                self.restart_tried = false;
            }
            (IceState::Failed, _) => self.on_failed(Cause::Ice, ctx),
            (_, ConnectionState::Failed) => self.fail(Cause::Dtls, ctx),
            (IceState::Disconnected, _) | (_, ConnectionState::Disconnected)
                if self.phase == Phase::Connected =>
            {
                self.phase = Phase::Shaken { restart_at: ctx.now + ctx.settings.disconnected_ms };
            }
            _ => {}
        }
    }

    /// The figures of a connection were read (CM-17). If no media comes from who sends, the connection is restarted
    /// (CM-15).
    pub(crate) fn on_sample(&mut self, attempt: u32, sample: StatsSample, ctx: &mut Context<'_>) {
        let is_current = self.connection.as_ref().is_some_and(|c| c.attempt() == attempt);
        if !is_current || self.phase != Phase::Connected {
            return;
        }
        if self.health.on_sample(ctx.now, sample, self.is_sending, ctx.settings)
            && let Some(quality) = self.health.quality().cloned()
        {
            ctx.outputs.push_back(Output::QualityChanged { remote_peer_id: self.id.clone(), quality });
        }
        if self.health.is_well(ctx.now, ctx.settings) {
            self.repair = Repair::None;
        } else if self.health.is_frozen() && self.can_signal(ctx) {
            self.repair(ctx);
        }
    }

    /// Asks for the figures of the connection, if it is time.
    fn look(&mut self, ctx: &mut Context<'_>) {
        if let Some(connection) = &self.connection
            && self.health.is_due(ctx.now, ctx.settings)
        {
            let attempt = connection.attempt();
            ctx.outputs.push_back(Output::SampleStats { peer: self.id.clone(), attempt });
        }
    }

    fn repair(&mut self, ctx: &mut Context<'_>) {
        let (before, wait_ms, times) = match self.repair {
            Repair::None => {
                self.repair = Repair::Restarted { at: ctx.now };
                self.with_connection(ctx, |connection, wire| connection.restart_ice(wire));
                return;
            }
            Repair::Restarted { at } => (at, ctx.settings.frozen_ms, 0),
            Repair::MadeAnew { at, times } => {
                let doubled = 1_u64.checked_shl(times).unwrap_or(u64::MAX);
                (at, ctx.settings.still_frozen_ms.saturating_mul(doubled), times.saturating_add(1))
            }
        };
        if ctx.now.ms_since(before) >= wait_ms {
            self.repair = Repair::MadeAnew { at: ctx.now, times };
            self.fail(Cause::NoMedia, ctx);
        }
    }

    /// The signalling session is a new one: messages of the old one may be lost. What the hub held for the old one is.
    pub(crate) fn on_signalling_renewed(&mut self, ctx: &mut Context<'_>) {
        if self.id.hub_of().is_none() {
            self.may_have_lost = true;
        } else if !matches!(self.phase, Phase::Closed | Phase::FailedPermanent) {
            self.begin_anew(ctx);
        }
    }

    /// The hub asks for an offer. What is under way is one already.
    pub(crate) fn on_offer_wanted(&mut self, is_restart: bool, ctx: &mut Context<'_>) {
        if !self.connection.as_ref().is_some_and(Connection::is_settled) {
            return;
        }
        if is_restart && matches!(self.phase, Phase::Shaken { .. }) {
            // As it would be in a moment anyway.
            self.on_failed(Cause::Ice, ctx);
        } else if is_restart {
            self.with_connection(ctx, |connection, wire| connection.restart_ice(wire));
        } else {
            self.begin_anew(ctx);
        }
    }

    /// The server took no offer of this attempt.
    pub(crate) fn on_refused(
        &mut self,
        attempt: u32,
        code: ErrorCode,
        message: String,
        ctx: &mut Context<'_>,
    ) {
        let is_current = self.connection.as_ref().is_some_and(|c| c.attempt() == attempt);
        if !is_current {
            return;
        }
        if self.phase == Phase::Connected {
            // What works goes on without what the offer was to add.
            self.with_connection(ctx, |connection, wire| connection.take_back(wire));
            ctx.outputs.push_back(Output::Warning { message: format!("an offer was refused: {message}") });
            return;
        }
        if code == ErrorCode::Forbidden && self.rank == Rank::Last {
            // There is none, or it is not for this room: nobody needs it yet.
            self.close(ctx);
        } else if matches!(code, ErrorCode::Forbidden | ErrorCode::BadMessage | ErrorCode::TooLarge) {
            self.close_connection(ctx);
            self.give_up(&Cause::Refused(message), ctx);
        } else {
            self.fail(Cause::Refused(message), ctx);
        }
    }

    fn begin_anew(&mut self, ctx: &mut Context<'_>) {
        self.close_connection(ctx);
        self.retry_count = 0;
        self.queue(ctx);
    }

    /// Looks again at whether messages reach the other side; if they do now and did not before, goes on (CM-16).
    pub(crate) fn refresh(&mut self, ctx: &mut Context<'_>) {
        let can_signal = self.can_signal(ctx);
        if can_signal && std::mem::take(&mut self.may_have_lost) {
            self.make_good(ctx);
        }
        if can_signal && !self.could_signal {
            self.go_on(ctx);
        }
        self.could_signal = can_signal;
    }

    /// What was half done when messages were lost is begun again at once, by either side; what works is kept.
    fn make_good(&mut self, ctx: &mut Context<'_>) {
        let is_half_done = self.connection.as_ref().is_some_and(|c| !c.is_settled());
        match self.phase {
            Phase::Connected => self.with_connection(ctx, |connection, wire| connection.resend(wire)),
            Phase::Shaken { .. } if !is_half_done => {}
            Phase::Connecting { .. } | Phase::Shaken { .. } => {
                self.close_connection(ctx);
                self.queue(ctx);
            }
            Phase::Failed { .. } => self.queue(ctx),
            Phase::Closed | Phase::Queued { .. } | Phase::Waiting { .. } | Phase::FailedPermanent => {}
        }
    }

    /// Messages reach the other side again: deadlines run, and what waited for it goes on.
    fn go_on(&mut self, ctx: &mut Context<'_>) {
        match self.phase {
            Phase::Waiting { .. } => {
                self.phase = Phase::Waiting { until: Some(ctx.now + ctx.settings.wait_timeout_ms) };
            }
            Phase::Connecting { is_own, .. } => {
                let until = Some(ctx.now + ctx.settings.offer_timeout_ms);
                self.phase = Phase::Connecting { until, is_own };
            }
            Phase::Failed { retry_at: None, .. } => {
                self.retry_count = self.retry_count.saturating_add(1);
                self.queue(ctx);
            }
            _ => {}
        }
        self.with_connection(ctx, |connection, wire| connection.advance(wire));
    }

    /// When [`Self::on_timeout`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Time> {
        match self.phase {
            Phase::Waiting { until } | Phase::Connecting { until, .. } => until,
            Phase::Shaken { restart_at } => Some(restart_at),
            Phase::Failed { retry_at, .. } => retry_at,
            Phase::Connected => self.health.timeout(),
            Phase::Closed | Phase::Queued { .. } | Phase::FailedPermanent => None,
        }
    }

    /// Time passed.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<'_>) {
        if self.timeout().is_none_or(|at| at > ctx.now) {
            return;
        }
        let can_signal = self.can_signal(ctx);
        match self.phase {
            Phase::Waiting { .. } if !can_signal => self.phase = Phase::Waiting { until: None },
            Phase::Waiting { .. } => self.fail(Cause::NoOffer, ctx),
            Phase::Connecting { is_own, .. } if !can_signal => {
                self.phase = Phase::Connecting { until: None, is_own };
            }
            Phase::Connecting { .. } => {
                let awaits_answer = self.connection.as_ref().is_some_and(Connection::awaits_answer);
                self.on_failed(if awaits_answer { Cause::NoAnswer } else { Cause::NotConnected }, ctx);
            }
            Phase::Shaken { .. } => self.on_failed(Cause::Ice, ctx),
            Phase::Failed { delay_ms, .. } if !can_signal => {
                self.phase = Phase::Failed { retry_at: None, delay_ms };
            }
            Phase::Failed { .. } => {
                self.retry_count = self.retry_count.saturating_add(1);
                self.queue(ctx);
            }
            Phase::Connected => self.look(ctx),
            Phase::Closed | Phase::Queued { .. } | Phase::FailedPermanent => {}
        }
    }

    fn can_signal(&self, ctx: &Context<'_>) -> bool {
        ctx.is_signalling_up && !self.is_away
    }

    fn queue(&mut self, ctx: &mut Context<'_>) {
        *ctx.order = ctx.order.saturating_add(1);
        self.phase = Phase::Queued { order: *ctx.order };
    }

    fn keep_early(&mut self, early: Early) {
        if self.early.len() < EARLY_MAX {
            self.early.push(early);
        }
    }

    fn open(&mut self, attempt: u32, ctx: &mut Context<'_>) {
        self.attempts.highest = self.attempts.highest.max(attempt);
        self.restart_tried = false;
        self.health = Health::default();
        self.connection = Some(Connection::new(attempt, self.is_polite));
        let relay_only = self.relay_only && ctx.has_turn;
        ctx.outputs.push_back(Output::Open { peer: self.id.clone(), attempt, relay_only });
        // Those of this attempt wait in it for their description; those of later ones go on waiting here.
        for early in std::mem::take(&mut self.early) {
            match early {
                Early::Candidate(candidate) => self.on_candidate(candidate, ctx),
                Early::Offer(_) => self.keep_early(early),
            }
        }
    }

    fn close_connection(&mut self, ctx: &mut Context<'_>) {
        if let Some(connection) = self.connection.take() {
            let attempt = connection.attempt();
            self.attempts.closed = self.attempts.closed.max(attempt);
            ctx.outputs.push_back(Output::Close { peer: self.id.clone(), attempt });
        }
    }

    /// The other side's offer is there: give the connection as long as the offer would have been waited for.
    fn await_connection(&mut self, ctx: &Context<'_>) {
        self.phase = Phase::Connecting { until: Some(ctx.now + ctx.settings.wait_timeout_ms), is_own: false };
    }

    /// The path does not work (any more). Before the connection is torn down, ICE is restarted once (CM-6).
    fn on_failed(&mut self, cause: Cause, ctx: &mut Context<'_>) {
        let can_restart = self.connection.as_ref().is_some_and(Connection::is_settled);
        if !can_restart || self.restart_tried {
            if self.can_signal(ctx) || !can_restart {
                self.fail(cause, ctx);
            }
            return;
        }
        self.restart_tried = true;
        let until = self.can_signal(ctx).then(|| ctx.now + ctx.settings.offer_timeout_ms);
        self.phase = Phase::Connecting { until, is_own: false };
        self.with_connection(ctx, |connection, wire| connection.restart_ice(wire));
    }

    fn fail(&mut self, cause: Cause, ctx: &mut Context<'_>) {
        self.close_connection(ctx);
        if cause.is_path() {
            self.relay_only = ctx.has_turn && !self.relay_only;
        }
        if self.retry_count >= ctx.settings.retries_max {
            self.give_up(&cause, ctx);
            return;
        }
        let delay_ms = backoff::delay_ms(ctx.settings, &cause, ctx.seed, &self.id, self.retry_count);
        self.phase = Phase::Failed { retry_at: Some(ctx.now + delay_ms), delay_ms };
    }

    fn give_up(&mut self, cause: &Cause, ctx: &mut Context<'_>) {
        self.phase = Phase::FailedPermanent;
        let is_final = matches!(cause, Cause::Refused(_));
        let why = if is_final { "" } else { "Max retries exceeded: " };
        let reason = format!("{why}{}", cause.sentence());
        ctx.outputs.push_back(Output::ConnectionFailed { remote_peer_id: self.id.clone(), reason });
    }

    fn on_progress(&mut self, progress: Option<Progress>, ctx: &Context<'_>) {
        if progress != Some(Progress::OfferSent) {
            return;
        }
        if let Phase::Connecting { is_own, .. } = self.phase {
            let until = self.can_signal(ctx).then(|| ctx.now + ctx.settings.offer_timeout_ms);
            self.phase = Phase::Connecting { until, is_own };
        }
    }

    fn with_connection<R>(
        &mut self,
        ctx: &mut Context<'_>,
        step: impl FnOnce(&mut Connection, &mut Wire<'_>) -> R,
    ) -> R
    where
        R: Default,
    {
        let can_offer = self.can_signal(ctx);
        match &mut self.connection {
            Some(connection) => step(
                connection,
                &mut Wire { peer: &self.id, instance: &self.instance, outputs: ctx.outputs, can_offer },
            ),
            None => R::default(),
        }
    }

    /// The same for what the stack says of one RTCPeerConnection: nothing, if that one is over.
    fn of_attempt<R>(
        &mut self,
        attempt: u32,
        ctx: &mut Context<'_>,
        step: impl FnOnce(&mut Connection, &mut Wire<'_>) -> R,
    ) -> Option<R> {
        let can_offer = self.can_signal(ctx);
        let connection = self.connection.as_mut().filter(|c| c.attempt() == attempt)?;
        Some(step(
            connection,
            &mut Wire { peer: &self.id, instance: &self.instance, outputs: ctx.outputs, can_offer },
        ))
    }
}
