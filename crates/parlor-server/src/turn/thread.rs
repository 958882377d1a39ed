//! The loop of the thread: what has come goes into the core, what the core orders is carried out.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use parlor_turn::{Client, Event, Input, Output, RelayId, Server, Settings, Transport};
use tokio::sync::mpsc;

use super::Desk;
use super::ports::Ports;
use super::sending::{Sending, Way};
use super::streams::{FramesOut, Mail};
use crate::clock::Clock;
use crate::journal;
use crate::limits::{TURN_MAIL_MAX, TURN_STREAM_IDLE, UDP_SEND_PATIENCE};
use crate::switchboard::Switchboard;
use crate::udp::{Batch, Udp};

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
/// The first token of relays.
const RELAYS: usize = 2;
/// Sockets that one look at the system can tell of.
const EVENTS: usize = 256;
/// How old figures may be.
const FIGURES_EVERY: Duration = Duration::from_millis(250);

/// All that the thread has.
#[derive(Debug)]
pub(super) struct Worker {
    poll: Poll,
    clock: Clock,
    settings: Settings,
    server: Server,
    listener: Udp,
    relays: HashMap<RelayId, Udp>,
    ports: Ports,
    mail: mpsc::Receiver<Mail>,
    streams: HashMap<u64, Stream>,
    batch: Batch,
    sending: Sending,
    dropped: u64,
}

/// A client's connection. Dropping it lets it end once what waits is written.
#[derive(Debug)]
struct Stream {
    client: Client,
    out: FramesOut,
    /// Since when it has no allocation.
    idle_since: Instant,
}

impl Worker {
    pub(super) fn new(
        settings: Settings,
        listener: Udp,
        ports: Ports,
        mail: mpsc::Receiver<Mail>,
    ) -> io::Result<(Self, mio::Waker)> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKER)?;
        let mut worker = Self {
            poll,
            clock: Clock::start(),
            server: Server::new(settings.clone()),
            settings,
            listener,
            relays: HashMap::new(),
            ports,
            mail,
            streams: HashMap::new(),
            batch: Batch::default(),
            sending: Sending::default(),
            dropped: 0,
        };
        worker.poll.registry().register(&mut worker.listener.socket, LISTENER, Interest::READABLE)?;
        Ok((worker, waker))
    }

    /// Works until it is told to end.
    pub(super) fn run(mut self, desk: &Desk, switchboard: &Switchboard) {
        let mut events = Events::with_capacity(EVENTS);
        // Sockets that may have more than was read of them.
        let mut ready: Vec<Token> = Vec::new();
        let mut has_mail = false;
        let (mut told_at, mut swept_at) = (Instant::now(), Instant::now());
        let mut is_told = false;
        while !desk.is_ending.load(Ordering::Acquire) {
            let now = Instant::now();
            let due =
                self.server.poll_timeout().map(|at| self.clock.instant(at).saturating_duration_since(now));
            let figures = (!is_told).then(|| FIGURES_EVERY.saturating_sub(now.duration_since(told_at)));
            let sweep = (!self.streams.is_empty()).then_some(TURN_STREAM_IDLE / 4);
            let wait = if ready.is_empty() && !has_mail {
                [due, figures, sweep].into_iter().flatten().min()
            } else {
                Some(Duration::ZERO)
            };
            // A millisecond more, for what is due within one.
            let wait = wait.map(|wait| if wait.is_zero() { wait } else { wait + Duration::from_millis(1) });
            match self.poll.poll(&mut events, wait) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return tracing::error!(%error, "TURN can't wait for its sockets and ends"),
            }
            for event in &events {
                match event.token() {
                    WAKER => has_mail = true,
                    token if !ready.contains(&token) => ready.push(token),
                    _ => {}
                }
            }
            is_told &= ready.is_empty() && !has_mail;
            let turn = catch_unwind(AssertUnwindSafe(|| {
                ready.retain(|token| self.read(*token, switchboard));
                has_mail = has_mail && self.take_mail(switchboard);
                self.server.handle_timeout(self.clock.now());
                self.carry_out(switchboard);
                self.flush();
            }));
            if let Err(panic) = turn {
                tracing::error!(panic = journal::panic_text(&*panic), "TURN panicked and is made anew");
                self.renew();
                ready.clear();
            }
            if swept_at.elapsed() >= TURN_STREAM_IDLE / 4 {
                swept_at = Instant::now();
                self.sweep();
            }
            if !is_told && told_at.elapsed() >= FIGURES_EVERY {
                (told_at, is_told) = (Instant::now(), true);
                *desk.ledger.lock().unwrap_or_else(PoisonError::into_inner) = self.server.ledger();
                desk.dropped.store(self.dropped, Ordering::Relaxed);
            }
        }
    }

    /// Reads a batch of one socket; true if there may be more.
    fn read(&mut self, token: Token, switchboard: &Switchboard) -> bool {
        let relay = token.0.checked_sub(RELAYS).and_then(|id| u64::try_from(id).ok()).map(RelayId);
        let udp = match relay {
            None => &self.listener,
            Some(relay) => match self.relays.get(&relay) {
                Some(udp) => udp,
                None => return false,
            },
        };
        let (count, has_more) = udp.read(&mut self.batch);
        let address = udp.address();
        let now = self.clock.now();
        for (to, from, bytes) in self.batch.datagrams(count) {
            let input = match relay {
                Some(relay) => Input::FromPeer { relay, peer: from, bytes },
                None => {
                    let mut local = address;
                    if let Some(to) = to.filter(|_| local.ip().is_unspecified()) {
                        local.set_ip(to);
                    }
                    let client = Client { transport: Transport::Udp, local, remote: from, stream: 0 };
                    Input::FromClient { client, bytes }
                }
            };
            self.server.handle_input(now, input);
        }
        self.carry_out(switchboard);
        self.flush();
        has_more
    }

    /// Takes what connections have brought; true if there is more.
    fn take_mail(&mut self, switchboard: &Switchboard) -> bool {
        let now = self.clock.now();
        for _ in 0..TURN_MAIL_MAX {
            match self.mail.try_recv() {
                Ok(Mail::Come { client, out }) => {
                    self.streams.insert(client.stream, Stream { client, out, idle_since: Instant::now() });
                }
                Ok(Mail::Frame { client, bytes }) => {
                    // What it was sent away for, it is not to begin again.
                    if self.streams.contains_key(&client.stream) {
                        self.server.handle_input(now, Input::FromClient { client, bytes: &bytes });
                        self.carry_out(switchboard);
                    }
                }
                Ok(Mail::Gone { client }) => {
                    self.streams.remove(&client.stream);
                    self.server.handle_input(now, Input::Gone { client });
                    self.carry_out(switchboard);
                }
                Err(_) => return false,
            }
        }
        true
    }

    fn carry_out(&mut self, switchboard: &Switchboard) {
        let Self { server, sending, listener, relays, poll, ports, streams, clock, dropped, .. } = self;
        while let Some(output) = server.poll_output() {
            match output {
                Output::ToClient { client, bytes } if client.transport.is_stream() => {
                    // Who does not read loses datagrams, as on any slow path.
                    if !streams.get(&client.stream).is_some_and(|stream| stream.out.push(bytes)) {
                        *dropped = dropped.saturating_add(1);
                    }
                }
                Output::ToClient { client, bytes } => {
                    let way = Way::ToClient(client);
                    if !sending.push(way, bytes, listener.together_max()) {
                        *dropped = dropped.saturating_add(send_all(sending, listener, relays));
                        sending.push(way, bytes, listener.together_max());
                    }
                }
                Output::ToPeer { relay, peer, bytes } => {
                    let Some(udp) = relays.get(&relay) else { continue };
                    let way = Way::ToPeer(relay, peer);
                    if !sending.push(way, bytes, udp.together_max()) {
                        let together_max = udp.together_max();
                        *dropped = dropped.saturating_add(send_all(sending, listener, relays));
                        sending.push(way, bytes, together_max);
                    }
                }
                Output::Open { relay, identity, .. } if !switchboard.may_relay(&identity) => {
                    server.handle_input(clock.now(), Input::NotAllowed { relay });
                }
                Output::Open { relay, client, family, is_even, identity: _ } => {
                    let opened = ports.open(&client, family, is_even).and_then(|(mut udp, address)| {
                        let id = usize::try_from(relay.0).map_err(io::Error::other)?;
                        let token = Token(id.saturating_add(RELAYS));
                        poll.registry().register(&mut udp.socket, token, Interest::READABLE)?;
                        relays.insert(relay, udp);
                        Ok(address)
                    });
                    let input = match opened {
                        Ok(address) => Input::Opened { relay, address },
                        Err(error) => {
                            tracing::warn!(%error, "no relay could be opened");
                            Input::NotOpened { relay }
                        }
                    };
                    server.handle_input(clock.now(), input);
                }
                Output::Close { relay } => {
                    // What it was to send first.
                    *dropped = dropped.saturating_add(send_all(sending, listener, relays));
                    relays.remove(&relay);
                }
                Output::Log(event) => log(&event),
            }
        }
    }

    fn flush(&mut self) {
        let lost = send_all(&mut self.sending, &self.listener, &self.relays);
        self.dropped = self.dropped.saturating_add(lost);
    }

    /// Lets connections go that have no allocation.
    fn sweep(&mut self) {
        let server = &self.server;
        self.streams.retain(|_, stream| {
            if server.has_allocation(&stream.client) {
                stream.idle_since = Instant::now();
            }
            stream.idle_since.elapsed() < TURN_STREAM_IDLE
        });
    }

    /// A core that broke an invariant is not to be trusted: another takes its place, and clients allocate anew.
    fn renew(&mut self) {
        self.server = Server::new(self.settings.clone());
        self.relays.clear();
        self.streams.clear();
        self.sending = Sending::default();
    }
}

/// Sends what is sorted; how many datagrams the system did not take.
fn send_all(sending: &mut Sending, listener: &Udp, relays: &HashMap<RelayId, Udp>) -> u64 {
    let mut lost = 0_u64;
    let mut patience = UDP_SEND_PATIENCE;
    for group in sending.take() {
        let (udp, from, to) = match group.way {
            Way::ToClient(client) => (Some(listener), client.local.ip(), client.remote),
            Way::ToPeer(relay, peer) => (relays.get(&relay), peer.ip(), peer),
        };
        let Some(udp) = udp else { continue };
        let mut send = |bytes: &[u8]| {
            udp.send(Some(from), to, bytes, group.size, &mut patience).inspect_err(|error| {
                tracing::debug!(%error, count = group.count, "datagrams of TURN could not be sent");
            })
        };
        if send(&group.bytes).is_ok() {
            continue;
        }
        // Datagrams that the system does not send together, over a path that it believes to be narrow, it may send one by one.
        let failed = match group.count {
            1 => 1,
            _ => group.bytes.chunks(group.size).filter(|one| send(one).is_err()).count(),
        };
        lost = lost.saturating_add(u64::try_from(failed).unwrap_or(u64::MAX));
    }
    lost
}

fn log(event: &Event) {
    match event {
        Event::Allocated { client, identity, address } => {
            tracing::info!(transport = ?client.transport, client = %client.remote, identity, relay = %address, "relay opened");
        }
        Event::Freed { client, address, datagrams, bytes } => {
            tracing::info!(client = %client.remote, relay = %address, datagrams, bytes, "relay closed");
        }
        Event::Refused { client, code, reason } => {
            tracing::debug!(client = %client.remote, code, reason, "TURN refused");
        }
    }
}
