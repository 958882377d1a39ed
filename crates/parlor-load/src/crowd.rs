//! A plan carried out: guests come one after the other, each with a WebSocket and a UDP socket, and once all are there it is counted what
//! flows.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use mio::{Interest, Token};
use parlor_proto::{Instance, Kind, RoomId, UserId};

use crate::address::AddressError;
use crate::end::{End, Kit, State};
use crate::ends::Ends;
use crate::guest::{Guest, GuestError, Invitation, Standing};
use crate::limits;
use crate::payload::Stamp;
use crate::plan::{Plan, PlanError, Sends, Slots};
use crate::report::{self, Report};
use crate::wire::{News, Way, Wire};

/// Why a crowd can't even begin.
#[derive(Debug, thiserror::Error)]
pub enum CrowdError {
    /// The plan is not sound.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The server can't be found.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// No key pair for DTLS.
    #[error("the system's cryptography makes no certificate for media")]
    Certificate,
    /// The system can't wait.
    #[error("the system can't wait for sockets: {0}")]
    System(#[from] io::Error),
    /// Called off before anything was counted.
    #[error("stopped before anything was counted; everybody has left")]
    Stopped,
    /// Nobody got in.
    #[error("nobody gets in at {address}: {reason}")]
    Nobody {
        /// Where.
        address: String,
        /// Why.
        reason: GuestError,
    },
}

/// How far a crowd has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Guests come.
    Arriving,
    /// All are there or have failed; not every track has begun.
    Waiting,
    /// What flows is counted.
    Counting,
}

/// One guest with everything around it.
struct Seat {
    guest: Guest,
    /// None once it is over.
    wire: Option<Wire>,
    is_leaving: bool,
    is_publisher: bool,
    /// What should come.
    expected: Slots,
    begun: Instant,
}

/// Where everybody is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How far it has come.
    pub stage: Stage,
    /// Since when it is there.
    pub since: Duration,
    /// Guests that are connected.
    pub connected: usize,
    /// Guests that failed.
    pub failed: usize,
    /// Guests that are to come, in all.
    pub wanted: usize,
    /// Packets that came since counting began.
    pub packets: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Packets that are missing.
    pub lost: u64,
}

/// Everybody.
pub struct Crowd {
    plan: Plan,
    way: Way,
    kit: Kit,
    rooms: Vec<RoomId>,
    run: u64,
    ends: Ends,
    seats: Vec<Seat>,
    stage: Stage,
    stage_since: Instant,
    counting_since: Instant,
    busy_before: Duration,
    ready: Vec<Token>,
    news: Vec<News>,
    /// When everybody is looked at next.
    look_at: Instant,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crowd").field("plan", &self.plan).field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl Crowd {
    /// Looks whether the plan is sound and where the server is; nobody comes before the first [`Self::turn`].
    ///
    /// # Errors
    /// [`CrowdError`].
    pub fn new(plan: Plan) -> Result<Self, CrowdError> {
        plan.check()?;
        let rooms = plan.room_ids()?;
        let target = plan.address.resolve()?;
        let way = Way::new(plan.address.clone(), target, plan.is_trusting).map_err(CrowdError::Tls)?;
        let now = Instant::now();
        let kit = Kit::generate(now).ok_or(CrowdError::Certificate)?;
        Ok(Self {
            seats: Vec::with_capacity(plan.guests()),
            plan,
            way,
            kit,
            rooms,
            run: fastrand::u64(..),
            ends: Ends::new()?,
            stage: Stage::Arriving,
            stage_since: now,
            counting_since: now,
            busy_before: Duration::ZERO,
            ready: Vec::new(),
            news: Vec::new(),
            look_at: now,
        })
    }

    /// Carries out a plan from beginning to end, or until it is stopped; `on_progress` is called about once a second. Everybody has left
    /// when it returns.
    ///
    /// # Errors
    /// [`CrowdError`] when nobody gets in, or when it is stopped before anything was counted.
    pub fn run(
        plan: Plan,
        is_stopped: impl Fn() -> bool,
        mut on_progress: impl FnMut(&Progress),
    ) -> Result<Report, CrowdError> {
        let duration = plan.duration;
        let mut crowd = Self::new(plan)?;
        let mut told_at = Instant::now();
        while crowd.stage != Stage::Counting
            || (crowd.counting_since.elapsed() < duration && crowd.is_anybody_here())
        {
            if is_stopped() {
                break;
            }
            let before = crowd.stage;
            if let Err(error) = crowd.turn() {
                crowd.leave();
                return Err(error);
            }
            if crowd.stage != before || told_at.elapsed() >= Duration::from_secs(1) {
                told_at = Instant::now();
                on_progress(&crowd.progress());
            }
        }
        let report = (crowd.stage == Stage::Counting).then(|| crowd.report());
        crowd.leave();
        report.ok_or(CrowdError::Stopped)
    }

    /// One step: a millisecond at most is waited.
    ///
    /// # Errors
    /// [`CrowdError`] when the first guest does not get in: with it, nobody would; or nobody is left before anything was counted.
    pub fn turn(&mut self) -> Result<(), CrowdError> {
        self.hear()?;
        // To look at hundreds of ends costs more than to read a datagram.
        let now = Instant::now();
        if now < self.look_at {
            return Ok(());
        }
        self.look_at = now + limits::LOOK;
        if self.stage == Stage::Arriving {
            self.let_in();
        }
        self.watch()
    }

    /// Reads and writes what can be.
    fn hear(&mut self) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.ends.turn(&mut ready)?;
        for Token(token) in ready.drain(..) {
            self.on_wire(token / 2);
        }
        self.ready = ready;
        Ok(())
    }

    /// How far it has come.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Counts anew from here.
    pub fn restart(&mut self) {
        for end in self.ends.iter_mut() {
            end.tally_mut().restart();
        }
        self.counting_since = Instant::now();
        self.busy_before = self.ends.busy();
    }

    /// Packets that came since counting began.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.ends.iter().map(|end| end.tally().packets_received()).sum()
    }

    /// Those come who are due: the first one alone, so that what keeps everybody out is said once.
    fn let_in(&mut self) {
        let come = self.seats.len();
        if come >= self.plan.guests() || (come == 1 && !self.is_settled(0)) {
            return;
        }
        if come == 1 && self.stage_since <= self.kit.epoch() {
            // The ramp begins here.
            self.stage_since = Instant::now();
        }
        let due = match come {
            0 => 1,
            _ => {
                let passed = self.stage_since.elapsed().as_secs_f64() * f64::from(self.plan.ramp_per_second);
                // As many as a person would mean; saturates.
                2 + passed as usize
            }
        };
        for number in come..due.min(self.plan.guests()) {
            self.invite(number);
        }
    }

    fn invite(&mut self, number: usize) {
        let per_room = self.plan.per_room();
        let (room, place) = (number / per_room, number % per_room);
        let is_publisher = place < self.plan.publishers;
        let (sends, slots) = match is_publisher {
            true => (self.plan.sends(place), Slots::default()),
            false => (Sends::default(), self.plan.useful_slots()),
        };
        let expected = match is_publisher {
            true => Slots::default(),
            false => Slots { audio: self.plan.audible(), video: self.plan.visible() },
        };
        let Some(room_id) = self.rooms.get(room).cloned() else { return };
        let name = format!("load-{:08x}-{number}", self.run as u32);
        let (Ok(user_id), Ok(instance)) = (UserId::parse(&name), Instance::parse(&name)) else { return };
        let guest = Guest::new(Invitation {
            user_id,
            instance,
            room_id,
            room_name: Plan::room_name(),
            capacity: self.plan.capacity(),
            password: self.plan.password.clone(),
            sends,
            slots,
        });
        let begun = Instant::now();
        let mut seat = Seat { guest, wire: None, is_leaving: false, is_publisher, expected, begun };
        match self.open(number, begun) {
            Ok(wire) => seat.wire = Some(wire),
            Err(reason) => seat.guest.fail(GuestError::Local(reason)),
        }
        self.seats.push(seat);
    }

    fn open(&mut self, number: usize, now: Instant) -> Result<Wire, String> {
        let said = |error: io::Error| error.to_string();
        let (wire, local) = Wire::connect(self.way.target, |stream| {
            let token = Token(number.saturating_mul(2).saturating_add(1));
            self.ends.registry().register(stream, token, Interest::READABLE | Interest::WRITABLE)
        })
        .map_err(said)?;
        let (socket, address) = Ends::bind(local.ip()).map_err(said)?;
        let end = End::new(&self.kit, now, address).map_err(|error| error.to_string())?;
        match self.ends.add(end, socket) {
            Ok(at) if at == number => Ok(wire),
            // An earlier one found no place, and from then on no later one does: numbers have to agree.
            Ok(_) => Err("too many open files".to_owned()),
            Err(error) => Err(said(error)),
        }
    }

    fn on_wire(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        let Some(wire) = &mut seat.wire else { return };
        wire.on_ready(&self.way, &mut self.news);
        let Some(end) = self.ends.end_mut(number) else { return };
        for news in self.news.drain(..) {
            match news {
                News::Opened => seat.guest.on_open(),
                News::Text(text) => seat.guest.on_frame(Instant::now(), &text, end),
                News::Closed(reason) => seat.guest.fail(GuestError::Socket(reason)),
            }
        }
        while let Some(frame) = seat.guest.poll_frame() {
            wire.send(frame);
        }
        if wire.is_over() {
            seat.wire = None;
        }
        self.ends.flush(number);
    }

    /// Whether not all of them are lost.
    fn is_anybody_here(&self) -> bool {
        self.seats.iter().any(|seat| seat.guest.failure().is_none())
    }

    /// Whether nothing more is to be waited for before one is in or out.
    fn is_settled(&self, number: usize) -> bool {
        let is_connected = self.ends.end(number).is_some_and(|end| end.connected_at().is_some());
        self.seats.get(number).is_some_and(|seat| {
            seat.guest.failure().is_some() || (seat.guest.standing() == Standing::Answered && is_connected)
        })
    }

    /// Looks who is late or lost, and whether the next stage begins.
    fn watch(&mut self) -> Result<(), CrowdError> {
        for (number, seat) in self.seats.iter_mut().enumerate() {
            let end = self.ends.end(number);
            let state = end.map_or(State::Closed, End::state);
            if seat.guest.failure().is_none() {
                if end.is_some_and(|end| end.connected_at().is_none())
                    && seat.begun.elapsed() > limits::SETUP_WAIT
                {
                    seat.guest.fail(late(seat.guest.standing(), limits::SETUP_WAIT.as_secs()));
                } else if state == State::Closed {
                    seat.guest.fail(GuestError::Lost);
                }
            }
            if seat.guest.failure().is_some() {
                seat.leave(number, &mut self.ends);
            }
        }
        let is_over = self.seats.len() == self.plan.guests() && !self.is_anybody_here();
        let first = self.seats.first().and_then(|seat| seat.guest.failure());
        let reason = match first {
            // What was counted until then is worth more than a reason.
            _ if self.stage == Stage::Counting => return Ok(()),
            Some(reason) if self.seats.len() == 1 || is_over => reason.clone(),
            _ => {
                self.advance();
                return Ok(());
            }
        };
        Err(CrowdError::Nobody { address: self.way.address.to_string(), reason })
    }

    fn advance(&mut self) {
        match self.stage {
            Stage::Arriving => {
                let all = self.seats.len() == self.plan.guests();
                if all && (0..self.seats.len()).all(|number| self.is_settled(number)) {
                    (self.stage, self.stage_since) = (Stage::Waiting, Instant::now());
                }
            }
            Stage::Waiting => {
                let is_complete = self.seats.iter().enumerate().all(|(number, seat)| {
                    let tally = self.ends.end(number).map(End::tally);
                    let tracks = |kind| tally.map_or(0, |tally| tally.flowing(kind, 0));
                    seat.guest.failure().is_some()
                        || (tracks(Kind::Audio) >= seat.expected.audio
                            && tracks(Kind::Video) >= seat.expected.video)
                });
                if is_complete || self.stage_since.elapsed() > limits::MEDIA_WAIT {
                    (self.stage, self.stage_since) = (Stage::Counting, Instant::now());
                    self.restart();
                }
            }
            Stage::Counting => {}
        }
    }

    /// Where everybody is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = Progress {
            stage: self.stage,
            since: self.stage_since.elapsed(),
            connected: 0,
            failed: 0,
            wanted: self.plan.guests(),
            packets: 0,
            bytes: 0,
            lost: 0,
        };
        for (number, seat) in self.seats.iter().enumerate() {
            let Some(end) = self.ends.end(number) else { continue };
            progress.failed += usize::from(seat.guest.failure().is_some());
            progress.connected += usize::from(seat.guest.failure().is_none() && end.connected_at().is_some());
            for kind in [Kind::Audio, Kind::Video] {
                let received = end.tally().received(kind);
                progress.packets = progress.packets.saturating_add(received.packets);
                progress.bytes = progress.bytes.saturating_add(received.bytes);
                progress.lost = progress.lost.saturating_add(received.lost);
            }
        }
        progress
    }

    /// How it went since counting began.
    #[must_use]
    pub fn report(&self) -> Report {
        let counted = self.counting_since.elapsed();
        let now_us = Stamp::of(self.kit.epoch(), Instant::now()).us;
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        let mut report = report::Builder::new(counted, self.rooms.len(), now_us);
        for (number, seat) in self.seats.iter().enumerate() {
            if let Some(failure) = seat.guest.failure() {
                let count = failures.entry(failure.to_string()).or_default();
                *count = count.saturating_add(1);
            }
            let end = self.ends.end(number);
            let is_here = seat.guest.failure().is_none();
            report.add(seat.is_publisher, seat.expected, seat.begun, is_here, end);
        }
        let busy = self.ends.busy().saturating_sub(self.busy_before);
        report.finish(&self.plan, failures, busy)
    }

    /// Everybody goes, and it is waited until the server has taken note of it, for [`limits::LEAVE_WAIT`] at most.
    pub fn leave(&mut self) {
        for (number, seat) in self.seats.iter_mut().enumerate() {
            seat.leave(number, &mut self.ends);
        }
        let begun = Instant::now();
        while self.seats.iter().any(|seat| seat.wire.is_some()) && begun.elapsed() < limits::LEAVE_WAIT {
            if self.hear().is_err() {
                return;
            }
        }
    }
}

impl Seat {
    /// Goes, once.
    fn leave(&mut self, number: usize, ends: &mut Ends) {
        if std::mem::replace(&mut self.is_leaving, true) {
            return;
        }
        self.wire = self.wire.take().and_then(|mut wire| {
            wire.close();
            (!wire.is_over()).then_some(wire)
        });
        if let Some(end) = ends.end_mut(number) {
            end.close(Instant::now());
        }
        ends.flush(number);
    }
}

/// Why somebody is still not connected after so many seconds.
fn late(standing: Standing, seconds: u64) -> GuestError {
    match standing {
        Standing::Outside => GuestError::Unanswered(seconds),
        Standing::Offered => GuestError::NoAnswer(seconds),
        Standing::Answered => GuestError::Late(seconds),
    }
}
