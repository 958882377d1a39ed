//! A small world for tests and measurements: one hub, participants that are real str0m `Rtc`s, and a network between them that delays,
//! loses and limits, in made-up time.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test's tools; each test uses some of them"
)]

pub mod client;
pub mod net;
pub mod video;

use std::time::{Duration, Instant};

use parlor_proto::{Grade, Instance, UserId};
use parlor_sfu::{
    Certificate, Event, Hub, Input, Offer, OfferError, Output, RoomKey, Seat, Settings, Via, WantedReason,
    Wishes,
};

pub use self::client::{Client, Plan, Send};
pub use self::net::Net;

pub const ROOM: RoomKey = RoomKey(7);
/// Time goes on by at least this: bandwidth estimation sees what is coarser than the gaps between packets.
const STEP: Duration = Duration::from_micros(20);

pub struct World {
    pub now: Instant,
    pub begun: Instant,
    pub hub: Hub,
    pub clients: Vec<Client>,
    pub net: Net,
    pub events: Vec<(Seat, Event)>,
    pub wanted: Vec<(Seat, WantedReason)>,
    pub refused: Vec<(Seat, OfferError)>,
    pub speakers: Vec<Option<UserId>>,
    /// What was told of paths, and when.
    pub grades: Vec<(Seat, Grade, Instant)>,
    certificate: Certificate,
}

pub fn id(name: &str) -> UserId {
    UserId::parse(name).expect("an id")
}

pub fn seat(name: &str) -> Seat {
    Seat { room: ROOM, participant: id(name) }
}

impl World {
    pub fn new() -> Self {
        Self::with(true)
    }

    pub fn with(has_congestion_control: bool) -> Self {
        // str0m draws from this thread's generator: the same test draws the same. Keys are the system's, and differ.
        fastrand::seed(7);
        let now = Instant::now();
        let certificate = Certificate::generate(now, std::time::SystemTime::now()).expect("a certificate");
        let settings = Settings {
            local: vec![net::HUB],
            local_tcp: Vec::new(),
            has_congestion_control,
            certificate: certificate.clone(),
        };
        Self {
            now,
            begun: now,
            hub: Hub::new(settings, now),
            clients: Vec::new(),
            net: Net::new(7),
            events: Vec::new(),
            wanted: Vec::new(),
            refused: Vec::new(),
            speakers: Vec::new(),
            grades: Vec::new(),
            certificate,
        }
    }

    /// A participant comes, and offers.
    pub fn join(&mut self, name: &str, plan: Plan) -> usize {
        let index = self.clients.len();
        self.clients.push(Client::new(name, index, self.now, plan));
        self.offer(index);
        index
    }

    pub fn offer(&mut self, index: usize) {
        let Some((sdp, tracks)) = self.clients[index].make_offer() else { return };
        self.offer_text(index, sdp, tracks);
    }

    pub fn offer_text(&mut self, index: usize, sdp: String, tracks: Vec<parlor_proto::TrackLabel>) {
        let client = &mut self.clients[index];
        let offer = Offer {
            seat: client.seat.clone(),
            instance: Instance::parse(&client.instance).expect("an instance"),
            attempt: client.attempt,
            n: client.n,
            sdp,
            tracks,
        };
        self.hub.handle_input(self.now, Input::Offer(offer));
        self.carry_out();
    }

    pub fn input(&mut self, input: Input<'_>) {
        self.hub.handle_input(self.now, input);
        self.carry_out();
    }

    pub fn leave(&mut self, name: &str) {
        self.input(Input::Leave { seat: seat(name) });
    }

    pub fn wish(&mut self, name: &str, wishes: Wishes) {
        self.input(Input::Receive { seat: seat(name), wishes });
    }

    pub fn client(&self, name: &str) -> &Client {
        self.clients.iter().rfind(|client| client.name == name).expect("a participant")
    }

    pub fn client_mut(&mut self, name: &str) -> &mut Client {
        self.clients.iter_mut().rfind(|client| client.name == name).expect("a participant")
    }

    /// Lets time pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.now < end {
            self.now = self.next(end);
            self.step();
        }
    }

    /// When something happens next.
    fn next(&self, end: Instant) -> Instant {
        let clients = self.clients.iter().map(Client::next);
        let next = clients.chain(self.net.next()).chain(self.hub.poll_timeout()).min().unwrap_or(end);
        next.max(self.now + STEP).min(end)
    }

    /// Lets time pass until something holds.
    pub fn run_until(&mut self, ms_max: u64, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_millis(ms_max);
        while !holds(self) {
            assert!(self.now < end, "not within {ms_max} ms: {what}");
            self.now = self.next(end);
            self.step();
        }
    }

    pub fn connect_all(&mut self) {
        self.run_until(5_000, "all connected", |world| {
            world.clients.iter().all(|client| client.is_connected)
        });
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some(datagram) = self.net.take_due(now) {
            if datagram.to == net::HUB {
                self.hub.handle_input(
                    now,
                    Input::Datagram {
                        via: Via::Udp,
                        local: net::HUB,
                        remote: datagram.from,
                        bytes: &datagram.bytes,
                    },
                );
            } else if let Some(client) = self.clients.iter_mut().find(|client| client.address == datagram.to)
            {
                client.receive(now, datagram.from, &datagram.bytes);
            }
        }
        if self.hub.poll_timeout().is_some_and(|at| at <= now) {
            self.hub.handle_timeout(now);
        }
        self.carry_out();
        for client in &mut self.clients {
            client.run(now);
            for (to, bytes) in client.outbox.drain(..) {
                self.net.send(now, client.address, to, bytes);
            }
        }
    }

    /// Does what the hub wants.
    pub fn carry_out(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            self.carry_out_one(output);
        }
    }

    pub fn carry_out_one(&mut self, output: Output) {
        let of =
            |seat: &Seat, clients: &mut Vec<Client>| clients.iter().rposition(|client| client.seat == *seat);
        match output {
            Output::Transmit { local, remote, bytes, .. } => self.net.send(self.now, local, remote, bytes),
            Output::Answer { seat, attempt, n, sdp } => {
                if let Some(index) = of(&seat, &mut self.clients) {
                    self.clients[index].accept_answer(attempt, n, &sdp);
                }
            }
            Output::Slots { seat, slots } => {
                if let Some(index) = of(&seat, &mut self.clients) {
                    self.clients[index].on_slots(slots);
                }
            }
            Output::Refused { seat, reason, .. } => self.refused.push((seat, reason)),
            Output::OfferWanted { seat, reason } => self.wanted.push((seat, reason)),
            Output::HangUp { .. } => {}
            Output::Speaker { participant, .. } => self.speakers.push(participant),
            Output::Grade { seat, grade } => self.grades.push((seat, grade, self.now)),
            Output::Log { seat, event } => self.events.push((seat, event)),
        }
    }

    /// What was told of somebody's path.
    pub fn grades_of(&self, name: &str) -> Vec<Grade> {
        self.grades.iter().filter(|(who, ..)| *who == seat(name)).map(|(_, grade, _)| *grade).collect()
    }

    pub fn happened(&self, name: &str, event: &Event) -> bool {
        self.events.iter().any(|(who, what)| *who == seat(name) && what == event)
    }
}
