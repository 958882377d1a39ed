//! Whatever well-formed inputs come in whatever order: nothing panics, orders make sense to a stack that carries them
//! out, time-outs move on, and after the end nothing is left.

use std::collections::BTreeMap;

use parlor_proto::{
    ErrorCode, Grade, IceCandidateFrom, Instance, LeaveReason, Mix, Mode, OfferFrom, Phase, Role, RoomId,
    Time, Topology, UserId,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use super::story::{candidate, id, instance, room, sdp};
use crate::{
    ConnectionState, IceState, Input, JoinedRoom, Manager, Media, OfferAsked, Output, Present, Refused,
    Remote, RoomJoined, RoomSettings, RoomUpdated, Sends, Settings, Signal, StatsSample, Status,
    TopologyMoved, UserJoined, UserLeft, UserUpdated,
};

/// What the orders so far make of one RTCPeerConnection.
#[derive(Debug)]
struct Open {
    attempt: u32,
    /// An operation whose promise is open.
    operation: Option<Output>,
}

/// A stack that only keeps account.
#[derive(Debug, Default)]
struct Account {
    open: BTreeMap<Remote, Open>,
    /// The highest attempt opened, by peer, since their instance is what it is.
    known: BTreeMap<Remote, Status>,
    /// Rooms that ever had another path than a mesh's.
    paths: BTreeMap<RoomId, Mode>,
}

impl Account {
    fn carry_out(&mut self, output: Output) {
        match &output {
            Output::Open { peer, attempt, .. } => {
                let before = self.open.insert(peer.clone(), Open { attempt: *attempt, operation: None });
                assert!(before.is_none(), "{output:?} while {before:?} is open");
            }
            Output::Close { peer, attempt } => {
                let closed = self.open.remove(peer);
                assert_eq!(closed.map(|open| open.attempt), Some(*attempt), "{output:?}");
            }
            Output::CreateOffer { peer, attempt, .. }
            | Output::CreateAnswer { peer, attempt }
            | Output::Rollback { peer, attempt }
            | Output::SetRemoteDescription { peer, attempt, .. } => {
                let open = self.of(peer, *attempt);
                assert!(open.operation.is_none(), "{output:?} during {open:?}");
                open.operation = Some(output);
            }
            Output::AddCandidate { peer, attempt, .. } | Output::SampleStats { peer, attempt } => {
                let _ = self.of(peer, *attempt);
            }
            Output::ConnectionStateChanged { remote_peer_id, state } => {
                self.known.insert(remote_peer_id.clone(), state.status);
            }
            Output::PeerRemoved { peer } => {
                let peer = Remote::User(peer.clone());
                assert!(!self.open.contains_key(&peer), "{peer} removed before closed");
                let status = self.known.remove(&peer);
                assert_eq!(status, Some(Status::Disconnected), "{peer} removed");
            }
            Output::QualityChanged { remote_peer_id, .. } => {
                assert_eq!(self.known.get(remote_peer_id), Some(&Status::Connected), "{output:?}");
            }
            Output::PathChanged { room_id, plays, sends_to_hub } => {
                assert!(*plays == Mode::Mesh || *sends_to_hub, "{output:?}");
                self.paths.insert(room_id.clone(), *plays);
            }
            Output::Send(_) | Output::ConnectionFailed { .. } | Output::Warning { .. } => {}
        }
    }

    fn of(&mut self, peer: &Remote, attempt: u32) -> &mut Open {
        let open = self.open.get_mut(peer).unwrap_or_else(|| panic!("{peer}#{attempt} is not open"));
        assert_eq!(open.attempt, attempt);
        open
    }

    /// How an open operation ends, if there is one.
    fn completion(&mut self, pick: usize, succeeds: bool) -> Option<Input> {
        let count = self.open.values().filter(|open| open.operation.is_some()).count();
        let (peer, open) =
            self.open.iter_mut().filter(|(_, open)| open.operation.is_some()).nth(pick % count.max(1))?;
        let (peer, attempt, reason) = (peer.clone(), open.attempt, "no".to_owned());
        Some(match (open.operation.take()?, succeeds) {
            (Output::CreateOffer { .. } | Output::CreateAnswer { .. }, true) => {
                Input::LocalDescriptionSet { peer, attempt, sdp: sdp("mine"), tracks: None }
            }
            (Output::CreateOffer { .. } | Output::CreateAnswer { .. }, false) => {
                Input::LocalDescriptionFailed { peer, attempt, reason }
            }
            (Output::Rollback { .. }, true) => Input::RolledBack { peer, attempt },
            (Output::Rollback { .. }, false) => Input::RollbackFailed { peer, attempt, reason },
            (_, true) => Input::RemoteDescriptionSet { peer, attempt },
            (_, false) => Input::RemoteDescriptionFailed { peer, attempt, reason },
        })
    }
}

#[derive(Clone, Debug)]
enum Step {
    Tell(Input),
    Complete { pick: usize, succeeds: bool },
    Pass { ms: u64 },
    Wake,
}

fn peers() -> impl Strategy<Value = UserId> + Clone {
    select(vec!["ada", "bea", "cy", "zoe", "yan", "eve", "mo"]).prop_map(id)
}

fn ends() -> impl Strategy<Value = Remote> + Clone {
    let hubs = select(vec!["r", "s"]).prop_map(|name| Remote::Hub(room(name)));
    prop_oneof![5 => peers().prop_map(Remote::User), 2 => hubs]
}

/// Who signals, and the room that they name.
fn senders() -> impl Strategy<Value = (UserId, Option<RoomId>)> + Clone {
    ends().prop_map(|end| (end.address(), end.hub_of().cloned()))
}

fn settings() -> impl Strategy<Value = RoomSettings> + Clone {
    let topologies = select(vec![Topology::Auto, Topology::Auto, Topology::Mesh, Topology::Sfu]);
    let mixes = select(vec![Mix::Direct, Mix::Direct, Mix::Host]);
    (topologies, mixes).prop_map(|(topology, mix)| RoomSettings { topology, mix })
}

fn modes() -> impl Strategy<Value = Mode> + Clone {
    select(vec![Mode::Mesh, Mode::Sfu])
}

fn instances() -> impl Strategy<Value = Instance> + Clone {
    select(vec!["i1", "i1", "i1", "i2"]).prop_map(instance)
}

fn presents() -> impl Strategy<Value = Vec<Present>> {
    let roles = select(vec![Role::Host, Role::Caller, Role::Listener]);
    let sends = select(vec![Sends::Nothing, Sends::Pictures, Sends::Sound]);
    let grades = select(vec![None, Some(Grade::Good), Some(Grade::Lost)]);
    let one = (peers(), instances(), roles, prop::bool::weighted(0.2), sends, grades).prop_map(
        |(id, instance, role, suspect, sends, grade)| Present { id, instance, role, suspect, sends, grade },
    );
    prop::collection::vec(one, 0..6)
}

fn signals() -> impl Strategy<Value = Signal> {
    let rooms = || select(vec!["r", "r", "s"]).prop_map(room);
    let attempts = || select(vec![0, 1, 1, 2, 3, u32::MAX]);
    let ufrags = || select(vec!["u1", "u2"]);
    let reasons = select(vec![
        LeaveReason::Left,
        LeaveReason::Timeout,
        LeaveReason::Kicked,
        LeaveReason::ServerStopping,
    ]);
    let description = (senders(), instances(), attempts(), 0_u32..4, ufrags());
    let description = description.prop_map(|((from, room_id), instance, attempt, n, ufrag)| OfferFrom {
        from,
        instance,
        room_id,
        sdp: sdp(ufrag),
        attempt,
        n,
        tracks: None,
    });
    let codes = select(vec![ErrorCode::Forbidden, ErrorCode::RoomFull, ErrorCode::BadMessage]);
    prop_oneof![
        3 => (rooms(), settings(), presents(), modes(), 0_u64..3).prop_map(
            |(id, settings, participants, topology, epoch)| {
                Signal::RoomJoined(RoomJoined { room: JoinedRoom { id, settings }, participants, topology, epoch })
            }
        ),
        1 => (rooms(), settings(), 0_u64..3).prop_map(|(room_id, room, epoch)| {
            Signal::RoomUpdated(RoomUpdated { room_id, room, epoch })
        }),
        3 => (rooms(), modes(), 0_u32..4, select(vec![Phase::Prepare, Phase::Commit])).prop_map(
            |(room_id, mode, change, phase)| {
                Signal::Topology(TopologyMoved { room_id, mode, change, phase })
            }
        ),
        1 => (rooms(), select(vec!["path-lost", "transport-gone"])).prop_map(|(room_id, reason)| {
            Signal::OfferWanted(OfferAsked { room_id, reason: reason.to_owned() })
        }),
        1 => (senders(), codes, attempts()).prop_map(|((to, room_id), code, attempt)| {
            let (to, attempt) = (Some(to), Some(attempt));
            Signal::Error(Refused { code, message: "no".to_owned(), to, room_id, attempt })
        }),
        2 => (rooms(), presents(), 0_u64..3).prop_map(|(room_id, participants, epoch)| {
            Signal::UserJoinedRoom(UserJoined { room_id, participants, epoch })
        }),
        1 => (rooms(), peers(), reasons, presents(), 0_u64..3).prop_map(
            |(room_id, user_id, reason, participants, epoch)| {
                Signal::UserLeftRoom(UserLeft { room_id, user_id, reason, participants, epoch })
            }
        ),
        1 => (rooms(), presents(), 0_u64..3).prop_filter_map("someone", |(room_id, mut all, epoch)| {
            Some(Signal::UserUpdated(UserUpdated { room_id, participant: all.pop()?, epoch }))
        }),
        4 => description.clone().prop_map(Signal::Offer),
        4 => description.prop_map(Signal::Answer),
        2 => (senders(), instances(), prop::option::of(ufrags()), attempts()).prop_map(
            |((from, room_id), instance, ufrag, attempt)| {
                let candidate = Some(candidate(ufrag));
                Signal::IceCandidate(IceCandidateFrom { from, instance, room_id, candidate, attempt })
            }
        ),
    ]
}

fn inputs() -> impl Strategy<Value = Input> {
    let ice = select(vec![
        IceState::Checking,
        IceState::Connected,
        IceState::Completed,
        IceState::Disconnected,
        IceState::Failed,
    ]);
    let connection = select(vec![
        ConnectionState::Connecting,
        ConnectionState::Connected,
        ConnectionState::Disconnected,
        ConnectionState::Failed,
    ]);
    let attempts = || 1_u32..4;
    prop_oneof![
        2 => Just(Input::SignalingUp),
        1 => Just(Input::SignalingDown),
        12 => signals().prop_map(Input::Signal),
        2 => select(vec![Media::Pending, Media::Ready, Media::Ready, Media::None]).prop_map(Input::Media),
        1 => any::<bool>().prop_map(Input::TurnAvailable),
        1 => Just(Input::LeaveRoom { room_id: room("s") }),
        1 => ends().prop_map(|peer| Input::Retry { peer }),
        1 => ends().prop_map(|peer| Input::ClosePeer { peer }),
        2 => (ends(), attempts()).prop_map(|(peer, attempt)| Input::NegotiationNeeded { peer, attempt }),
        1 => (ends(), attempts()).prop_map(|(peer, attempt)| {
            Input::LocalCandidate { peer, attempt, candidate: Some(candidate(None)) }
        }),
        4 => (ends(), attempts(), ice, connection).prop_map(|(peer, attempt, ice, connection)| {
            Input::StateChanged { peer, attempt, ice, connection }
        }),
        3 => (ends(), attempts(), any::<u64>(), any::<u64>(), any::<u32>()).prop_map(|(peer, attempt, came, lost, ms)| {
            let packets = StatsSample { packets_received: came, packets_lost: lost, ..StatsSample::default() };
            let sample = StatsSample { bytes_sent: came, bytes_received: lost, jitter_ms: Some(ms), ..packets };
            Input::StatsSampled { peer, attempt, sample }
        }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => inputs().prop_map(Step::Tell),
        6 => (any::<usize>(), prop::bool::weighted(0.9)).prop_map(|(pick, succeeds)| Step::Complete { pick, succeeds }),
        2 => (0_u64..20_000).prop_map(|ms| Step::Pass { ms }),
        3 => Just(Step::Wake),
    ];
    prop::collection::vec(step, 1..120)
}

struct Run {
    manager: Manager,
    now: Time,
    account: Account,
}

impl Run {
    fn drain(&mut self) {
        while let Some(output) = self.manager.poll_output() {
            self.account.carry_out(output);
        }
        let shown = self.manager.connections().into_iter();
        let mut shown: BTreeMap<Remote, Status> = shown.map(|c| (c.remote_peer_id, c.state.status)).collect();
        // A hub that is only kept warm is no connection that anybody counts.
        let is_in_use = |end: &&Remote| end.hub_of().is_none() || shown.contains_key(*end);
        let known = self.account.known.iter().filter(|(end, _)| is_in_use(end));
        let known: BTreeMap<Remote, Status> = known.map(|(end, status)| (end.clone(), *status)).collect();
        shown.retain(|end, status| end.hub_of().is_none() || *status != Status::Disconnected);
        let told = known.into_iter();
        let told: BTreeMap<_, _> =
            told.filter(|(end, status)| end.hub_of().is_none() || *status != Status::Disconnected).collect();
        assert_eq!(shown, told, "every change of a status is told");
        let ends = self.account.open.keys();
        let making = ends.filter(|end| {
            (end.hub_of().is_some() || self.account.paths.is_empty())
                && self.manager.connection_state(end).making_offer
        });
        let making = making.count();
        let creating = self.account.open.values();
        let creating =
            creating.filter(|open| matches!(open.operation, Some(Output::CreateOffer { .. }))).count();
        assert!(making <= creating, "{making} say that they make an offer, {creating} do");
    }

    /// Wakes the manager when it wants to be woken; each time something must come of it.
    fn wake(&mut self) {
        let Some(at) = self.manager.poll_timeout() else { return };
        self.now = self.now.max(at);
        for _ in 0..100 {
            self.manager.handle_timeout(self.now);
            self.drain();
            if self.manager.poll_timeout().is_none_or(|next| next > self.now) {
                return;
            }
        }
        panic!("woken 100 times at {:?}, and again at {:?}", self.now, self.manager.poll_timeout());
    }

    fn tell(&mut self, input: Input) {
        self.manager.handle_input(self.now, input);
        self.drain();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Tell(input) => self.tell(input),
            Step::Complete { pick, succeeds } => {
                if let Some(input) = self.account.completion(pick, succeeds) {
                    self.tell(input);
                }
            }
            Step::Pass { ms } => {
                self.now = self.now + ms;
                self.manager.handle_timeout(self.now);
                self.drain();
                let next = self.manager.poll_timeout();
                assert!(next.is_none_or(|next| next > self.now), "{next:?} after {:?}", self.now);
            }
            Step::Wake => self.wake(),
        }
    }
}

/// The same cases each time, unless PROPTEST_RNG_SEED says otherwise; PROPTEST_CASES makes it look further.
pub(super) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(2026),
        fixed => fixed,
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn cm_06_cm_09_whatever_happens_orders_make_sense_and_close_all_leaves_nothing(
        steps in steps(),
        seed: u64,
        attempts_at_once in 1_usize..5,
        stagger_ms in select(vec![0_u64, 200]),
    ) {
        let settings = Settings { attempts_at_once, stagger_ms, ..Settings::default() };
        let manager = Manager::new(id("mo"), instance("mo-1"), settings, seed);
        let mut run = Run { manager, now: Time::from_ms(1_790_000_000_000), account: Account::default() };
        for step in steps {
            run.step(step);
        }
        run.tell(Input::CloseAll);
        prop_assert!(run.account.open.is_empty(), "{:?} still open", run.account.open);
        run.account.known.retain(|end, status| end.hub_of().is_none() || *status != Status::Disconnected);
        prop_assert!(run.account.known.is_empty(), "{:?} never removed", run.account.known);
        prop_assert_eq!(run.manager.connections(), vec![]);
        prop_assert_eq!(run.manager.poll_timeout(), None);
    }
}
