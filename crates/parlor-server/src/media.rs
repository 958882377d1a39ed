//! The hub's shell: threads that move datagrams between a UDP socket and a hub, and the way from the registry to them. Connections of those
//! who reach the hub by TCP only are carried by tasks of the server's runtime.
//!
//! A room is pinned to one thread and its hub. What the registry orders waits in a bounded queue for that thread's next turn,
//! but for departures: those are carried out at once, by whoever holds the registry's lock, so that a participant's media
//! is gone before anybody is told that they are (VC-2). The order of locks is registry, hub, mail; a thread never
//! holds its hub while it tells the registry something, and holds it for a slice of its work at a time.

mod entrance;
mod mail;
mod socket;
mod streams;
mod thread;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use parlor_proto::{ErrorCode, Grade, RoomId, UserId};
use parlor_room::{HubOrder, HubReport, HubSeat};
use parlor_sfu::{
    Hub, Input, Ledger, OfferError, Output, RoomKey, Seat, Settings, Via, VideoWish, WantedReason, Wishes,
};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::config::Media as MediaConfig;
use crate::journal;
use crate::limits::{KNOCK_PAUSE, TCP_KNOCKS_MAX, TCP_LAST_FRAMES};
use crate::listener::accepted;
use crate::metrics::Counters;
use crate::switchboard::Switchboard;
use entrance::Entrance;
use mail::Mail;
use socket::{Datagram, Socket};
pub(crate) use streams::is_frame_start;
use thread::Worker;

/// Why there is no hub.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No key pair for DTLS.
    #[error("the system's cryptography makes no certificate for media")]
    Certificate,
    /// The socket can't be used.
    #[error(
        "can't take UDP {address} for media: {reason}; choose another with --media-listen, or --media-threads 0"
    )]
    Socket {
        /// Which address.
        address: SocketAddr,
        /// Why not.
        #[source]
        reason: std::io::Error,
    },
    /// Nobody could be told where media goes.
    #[error("no address of this machine can be offered for media on UDP {0}: name one with --public-ip")]
    NothingToOffer(SocketAddr),
    /// The ports above the first one are not enough.
    #[error("there are not {threads} UDP ports from {first} on, one for each media thread")]
    Ports {
        /// The first port.
        first: u16,
        /// How many are wanted.
        threads: usize,
    },
    /// The system starts no thread.
    #[error("a media thread can't be started: {0}")]
    Thread(#[source] std::io::Error),
}

/// All hubs of the server.
#[derive(Debug, Default)]
pub(crate) struct Media {
    desks: Vec<Arc<Desk>>,
    /// What a thread hands back writes what waits to connections.
    threads: Mutex<Vec<JoinHandle<JoinSet<()>>>>,
    /// Tasks that accept connections.
    accepting: Mutex<JoinSet<()>>,
}

/// One hub, and what reaches it from other threads.
#[derive(Debug)]
pub(crate) struct Desk {
    core: Mutex<Core>,
    /// What the registry has ordered and the thread has not taken yet.
    mail: Mutex<Mail>,
    /// The bell rings when there is something to be taken here, or datagrams wait to go out.
    waker: mio::Waker,
    /// It has rung, and the thread has not looked since.
    has_rung: AtomicBool,
    /// Departures that wait for the hub: a thread lets them go first.
    departing: AtomicUsize,
    /// TCP connections that have just come.
    knocks: Mutex<Vec<std::net::TcpStream>>,
    /// TCP connections that the thread has.
    connections: AtomicUsize,
    /// The port at which HTTP lets them in.
    shared_port: Option<u16>,
    is_ending: AtomicBool,
    /// The thread is no more: nothing is taken any longer.
    is_gone: AtomicBool,
}

#[derive(Debug)]
struct Core {
    hub: Hub,
    settings: Settings,
    /// The rooms' ids, for the log.
    rooms: HashMap<u64, RoomId>,
    /// Rooms that have ended, of which the log may still have something to say.
    ended: Vec<u64>,
    /// Who has offered, and in which stay.
    stays: HashMap<(u64, UserId), u64>,
    /// What is to be told without anybody having asked.
    news: Vec<HubReport>,
}

/// What came of a turn.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Datagrams to send: from which of the offered addresses, to where, what.
    pub(crate) datagrams: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// The same for TCP connections: to where, what.
    pub(crate) frames: Vec<(SocketAddr, Vec<u8>)>,
    /// Connections to end behind these.
    pub(crate) hang_ups: Vec<SocketAddr>,
    pub(crate) reports: Vec<HubReport>,
    pub(crate) wake_at: Option<Instant>,
    /// There is mail left for another turn.
    pub(crate) has_mail: bool,
}

impl Turn {
    /// Of who is in a participant's slots only the newest is told.
    fn tell(&mut self, report: HubReport) {
        if let HubReport::Slots { seat, .. } = &report {
            self.reports.retain(|told| !matches!(told, HubReport::Slots { seat: of, .. } if of == seat));
        }
        self.reports.push(report);
    }
}

/// Hubs whose sockets are open and whose threads do not run yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) media: Arc<Media>,
    at_work: Vec<(Worker, Vec<std::net::TcpListener>)>,
    offered: Vec<SocketAddr>,
}

impl Prepared {
    /// Opens the sockets: the configured address or the one that HTTP listens on, and for further threads the ports above it.
    /// `http_all` are all addresses that HTTP listens on.
    pub(crate) fn open(
        config: &MediaConfig,
        http: SocketAddr,
        http_all: &[SocketAddr],
        is_public: bool,
    ) -> Result<Self, MediaError> {
        let mut prepared = Self { media: Arc::default(), at_work: Vec::new(), offered: Vec::new() };
        if config.threads == 0 {
            tracing::info!("no media threads: there is no hub");
            return Ok(prepared);
        }
        let certificate = parlor_sfu::Certificate::generate(Instant::now(), SystemTime::now())
            .ok_or(MediaError::Certificate)?;
        let mut desks = Vec::new();
        for number in 0..config.threads {
            let socket = Socket::open(config, http, number, is_public)?;
            let (address, offered) = (socket.address(), socket.offered().to_vec());
            let entrance = Entrance::open(&socket, http_all);
            prepared.offered.extend(&offered);
            tracing::info!(%address, ?offered, tcp = ?entrance.offered, "media");
            let settings = Settings {
                local: offered,
                local_tcp: entrance.offered.clone(),
                has_congestion_control: true,
                certificate: certificate.clone(),
            };
            let Entrance { offered, listeners, shared_port } = entrance;
            let (worker, waker) = Worker::new(socket, offered).map_err(MediaError::Thread)?;
            desks.push(Arc::new(Desk::new(settings, shared_port, waker)));
            prepared.at_work.push((worker, listeners));
        }
        let (threads, accepting) = (Mutex::default(), Mutex::default());
        prepared.media = Arc::new(Media { desks, threads, accepting });
        Ok(prepared)
    }

    /// The UDP addresses that participants are offered.
    pub(crate) fn offered(&self) -> &[SocketAddr] {
        &self.offered
    }

    /// Starts the threads; they end by [`Media::stop`], or when the switchboard is gone. Within the server's runtime.
    pub(crate) fn start(self, switchboard: &Arc<Switchboard>) -> Result<(), MediaError> {
        let Self { media, at_work, .. } = self;
        for (number, (desk, (worker, listeners))) in media.desks.iter().zip(at_work).enumerate() {
            let mut accepting = media.accepting.lock().unwrap_or_else(PoisonError::into_inner);
            for listener in listeners {
                let listener = TcpListener::from_std(listener).map_err(MediaError::Thread)?;
                accepting.spawn(accept(Arc::clone(desk), listener));
            }
            drop(accepting);
            let (desk, switchboard) = (Arc::clone(desk), Arc::downgrade(switchboard));
            let runtime = Handle::current();
            let thread = std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || worker.run(&desk, runtime, &switchboard))
                .map_err(MediaError::Thread)?;
            media.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(())
    }
}

/// Takes connections for media.
async fn accept(desk: Arc<Desk>, listener: TcpListener) {
    loop {
        match accepted(&listener, "a TCP connection for media").await.into_std() {
            Ok(mut tcp) => {
                // The others wait in the system's queue meanwhile.
                while let Err(refused) = desk.welcome(tcp) {
                    tcp = refused;
                    tokio::time::sleep(KNOCK_PAUSE).await;
                }
            }
            Err(error) => tracing::debug!(%error, "a TCP connection for media broke off"),
        }
    }
}

impl Media {
    /// Carries out what the registry orders. What finds no place is handed back as refused.
    pub(crate) fn carry_out(&self, order: HubOrder, counters: &Counters) -> Result<(), HubReport> {
        let threads = u64::try_from(self.desks.len()).unwrap_or(u64::MAX);
        let number = order.room().checked_rem(threads).and_then(|number| usize::try_from(number).ok());
        match number.and_then(|number| self.desks.get(number)) {
            Some(desk) => desk.carry_out(order, counters),
            None => Ok(()),
        }
    }

    /// What all hubs hold and have done.
    pub(crate) fn ledgers(&self) -> Vec<Ledger> {
        self.desks.iter().map(|desk| desk.core().hub.ledger()).collect()
    }

    /// TCP connections for media.
    pub(crate) fn tcp_connections(&self) -> usize {
        self.desks.iter().map(|desk| desk.connections.load(Ordering::Relaxed)).sum()
    }

    /// Whether connections for media come to a port of HTTP.
    pub(crate) fn shares(&self, port: u16) -> bool {
        self.desks.iter().any(|desk| desk.shared_port == Some(port))
    }

    /// Takes a connection for media that came to such a port.
    pub(crate) fn welcome(&self, tcp: tokio::net::TcpStream, port: u16) {
        let desk = self.desks.iter().find(|desk| desk.shared_port == Some(port));
        match (desk, tcp.into_std()) {
            // Who finds no place is closed: HTTP's listener waits for nobody.
            (Some(desk), Ok(tcp)) => drop(desk.welcome(tcp)),
            (_, Err(error)) => tracing::debug!(%error, "a TCP connection for media broke off"),
            (None, Ok(_)) => {}
        }
    }

    /// Ends the threads, once what waits has gone out.
    pub(crate) async fn stop(&self) {
        let mut accepting =
            std::mem::take(&mut *self.accepting.lock().unwrap_or_else(PoisonError::into_inner));
        accepting.shutdown().await;
        self.end();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let mut writing = Vec::new();
        for thread in threads {
            match tokio::task::spawn_blocking(move || thread.join()).await {
                Ok(Ok(tasks)) => writing.push(tasks),
                _ => tracing::error!("a media thread ended badly"),
            }
        }
        let written = async {
            for tasks in &mut writing {
                while tasks.join_next().await.is_some() {}
            }
        };
        drop(tokio::time::timeout(TCP_LAST_FRAMES, written).await);
    }

    fn end(&self) {
        for desk in &self.desks {
            desk.is_ending.store(true, Ordering::Release);
            desk.ring();
        }
    }
}

impl Drop for Media {
    /// A server that was dropped leaves no threads.
    fn drop(&mut self) {
        self.end();
    }
}

impl Desk {
    fn new(settings: Settings, shared_port: Option<u16>, waker: mio::Waker) -> Self {
        let hub = Hub::new(settings.clone(), Instant::now());
        Self {
            core: Mutex::new(Core {
                hub,
                settings,
                rooms: HashMap::new(),
                ended: Vec::new(),
                stays: HashMap::new(),
                news: Vec::new(),
            }),
            mail: Mutex::default(),
            waker,
            has_rung: AtomicBool::new(false),
            departing: AtomicUsize::new(0),
            knocks: Mutex::default(),
            connections: AtomicUsize::new(0),
            shared_port,
            is_ending: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
        }
    }

    fn carry_out(&self, order: HubOrder, counters: &Counters) -> Result<(), HubReport> {
        match order {
            HubOrder::Leave { seat } => self.depart(|core| {
                self.mail().forget(|waiting| *waiting == seat);
                core.stays.remove(&(seat.room, seat.participant.clone()));
                core.guarded(counters, seat.room, Input::Leave { seat: in_hub(&seat) });
            }),
            HubOrder::RoomEnded { room } => self.depart(|core| {
                self.mail().forget(|waiting| waiting.room == room);
                core.stays.retain(|(of, _), _| *of != room);
                core.guarded(counters, room, Input::RoomEnded { room: RoomKey(room) });
                core.ended.push(room);
            }),
            order if self.is_gone.load(Ordering::Acquire) => return refused(order, "the hub has failed"),
            order => {
                if let Err(order) = self.mail().push(order) {
                    return refused(*order, "the hub has too much to do, try again");
                }
            }
        }
        self.ring();
        Ok(())
    }

    /// Has the thread look at what was put here before.
    fn ring(&self) {
        // Once is enough until it looks.
        if !self.has_rung.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            tracing::warn!(%error, "a media thread can't be woken");
        }
    }

    /// The thread is about to look.
    fn heed_bell(&self) {
        self.has_rung.swap(false, Ordering::AcqRel);
    }

    /// Takes a connection to the thread, or hands it back if too many wait there. Where the thread is no more it is closed.
    fn welcome(&self, tcp: std::net::TcpStream) -> Result<(), std::net::TcpStream> {
        let mut knocks = self.knocks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_gone.load(Ordering::Acquire) {
            return Ok(());
        }
        if knocks.len() >= TCP_KNOCKS_MAX {
            return Err(tcp);
        }
        knocks.push(tcp);
        drop(knocks);
        self.ring();
        Ok(())
    }

    /// The TCP connections that have come since this was last asked.
    fn take_knocks(&self) -> Vec<std::net::TcpStream> {
        std::mem::take(&mut *self.knocks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn depart(&self, free: impl FnOnce(&mut Core)) {
        self.departing.fetch_add(1, Ordering::AcqRel);
        free(&mut self.core());
        self.departing.fetch_sub(1, Ordering::AcqRel);
    }

    /// One slice of work: what came goes in, what is due is done, what is to be done outside comes out. Mail is taken under
    /// the hub's lock: an order that is taken out can't be overtaken by a departure.
    pub(crate) fn turn(&self, datagrams: &[Datagram<'_>], counters: &Counters) -> Turn {
        while self.departing.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
        let mut turn = Turn::default();
        let mut events = Vec::new();
        {
            let mut core = self.core();
            let (orders, has_mail) = self.mail().take();
            turn.has_mail = has_mail;
            let outcome =
                catch_unwind(AssertUnwindSafe(|| core.work(datagrams, orders, &mut turn, &mut events)));
            if let Err(panic) = outcome {
                core.renew(&*panic, counters);
            }
            turn.reports.append(&mut core.news);
            turn.wake_at = core.hub.poll_timeout();
            while let Some(room) = core.ended.pop() {
                core.rooms.remove(&room);
            }
        }
        for (room, participant, event) in &events {
            journal::hub(room.as_ref(), participant, event);
        }
        turn
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Events = Vec<(Option<RoomId>, UserId, parlor_sfu::Event)>;

impl Core {
    fn work(
        &mut self,
        datagrams: &[Datagram<'_>],
        orders: Vec<HubOrder>,
        turn: &mut Turn,
        events: &mut Events,
    ) {
        let now = Instant::now();
        for (via, local, remote, bytes) in datagrams {
            let (via, local, remote) = (*via, *local, *remote);
            self.hub.handle_input(now, Input::Datagram { via, local, remote, bytes });
        }
        for order in orders {
            self.obey(now, order);
        }
        if self.hub.poll_timeout().is_some_and(|at| at <= now) {
            self.hub.handle_timeout(now);
        }
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Transmit { via: Via::Udp, local, remote, bytes } => {
                    turn.datagrams.push((local, remote, bytes));
                }
                Output::Transmit { via: Via::Tcp, remote, bytes, .. } => turn.frames.push((remote, bytes)),
                Output::HangUp { remote } => turn.hang_ups.push(remote),
                Output::Log { seat, event } => {
                    let room = self.rooms.get(&seat.room.0).cloned();
                    events.push((room, seat.participant, event));
                }
                output => {
                    if let Some(report) = self.report(output) {
                        turn.tell(report);
                    }
                }
            }
        }
    }

    fn obey(&mut self, now: Instant, order: HubOrder) {
        match order {
            HubOrder::Offer { seat, room_id, instance, attempt, n, sdp, tracks } => {
                self.rooms.insert(seat.room, room_id);
                self.stays.insert((seat.room, seat.participant.clone()), seat.stay);
                let seat = in_hub(&seat);
                let offer = parlor_sfu::Offer { seat, instance, attempt, n, sdp, tracks };
                self.hub.handle_input(now, Input::Offer(offer));
            }
            HubOrder::Candidate { seat, attempt, candidate } => {
                self.hub.handle_input(now, Input::Candidate { seat: in_hub(&seat), attempt, candidate });
            }
            HubOrder::Receive { seat, wishes } => {
                let video = wishes.video.into_iter().map(|wish| VideoWish {
                    participant: wish.user_id,
                    source: wish.source,
                    max_height: wish.max_height,
                });
                let wishes = Wishes { muted: wishes.muted, video: video.collect() };
                self.hub.handle_input(now, Input::Receive { seat: in_hub(&seat), wishes });
            }
            // These do not wait: see `Desk::carry_out`.
            HubOrder::Leave { .. } | HubOrder::RoomEnded { .. } => {}
        }
    }

    /// Whatever goes wrong here, the roster is cleaned all the same (VC-3), and nothing of them is forwarded any more.
    fn guarded(&mut self, counters: &Counters, room: u64, input: Input<'_>) {
        let hub = &mut self.hub;
        let outcome = catch_unwind(AssertUnwindSafe(|| hub.handle_input(Instant::now(), input)));
        if let Err(panic) = outcome {
            let room = self.rooms.get(&room).map(RoomId::as_str);
            tracing::error!(room, "freeing media failed");
            self.renew(&*panic, counters);
        }
    }

    /// A hub that broke an invariant beyond one transport is not to be trusted: another takes its place, and everybody is asked for
    /// a new connection.
    fn renew(&mut self, panic: &(dyn std::any::Any + Send), counters: &Counters) {
        counters.hub_panics.inc();
        let transports = self.stays.len();
        tracing::error!(panic = journal::panic_text(panic), transports, "the hub panicked and is made anew");
        self.hub = Hub::new(self.settings.clone(), Instant::now());
        let seats = self.stays.drain().map(|((room, participant), stay)| HubSeat { room, participant, stay });
        let reason = WantedReason::TransportGone.as_str();
        self.news.extend(seats.flat_map(|seat| {
            let grade = HubReport::Grade { seat: seat.clone(), grade: Grade::Lost };
            [HubReport::OfferWanted { seat, reason }, grade]
        }));
    }

    fn report(&self, output: Output) -> Option<HubReport> {
        match output {
            Output::Answer { seat, attempt, n, sdp } => {
                Some(HubReport::Answer { seat: self.seat(seat)?, attempt, n, sdp })
            }
            Output::Refused { seat, attempt, n: _, reason } => Some(HubReport::Refused {
                seat: self.seat(seat)?,
                kind: "offer",
                attempt: Some(attempt),
                code: code_of(&reason),
                message: reason.to_string(),
            }),
            Output::Slots { seat, slots } => {
                let slots = slots.into_iter().map(|slot| parlor_proto::Slot {
                    mid: slot.mid,
                    user_id: slot.participant,
                    source: slot.source,
                    csrc: slot.csrc,
                });
                Some(HubReport::Slots { seat: self.seat(seat)?, slots: slots.collect() })
            }
            Output::Grade { seat, grade } => Some(HubReport::Grade { seat: self.seat(seat)?, grade }),
            Output::OfferWanted { seat, reason } => {
                Some(HubReport::OfferWanted { seat: self.seat(seat)?, reason: reason.as_str() })
            }
            // No frame of the contract tells of it; clients see it by their slots.
            Output::Speaker { .. } | Output::Transmit { .. } | Output::HangUp { .. } | Output::Log { .. } => {
                None
            }
        }
    }

    /// The seat as the registry knows it; none if they have left.
    fn seat(&self, seat: Seat) -> Option<HubSeat> {
        let stay = *self.stays.get(&(seat.room.0, seat.participant.clone()))?;
        Some(HubSeat { room: seat.room.0, participant: seat.participant, stay })
    }
}

fn refused(order: HubOrder, message: &str) -> Result<(), HubReport> {
    let (seat, kind, attempt) = match order {
        HubOrder::Offer { seat, attempt, .. } => (seat, "offer", Some(attempt)),
        HubOrder::Candidate { seat, attempt, .. } => (seat, "ice-candidate", Some(attempt)),
        HubOrder::Receive { seat, .. } => (seat, "receive", None),
        HubOrder::Leave { .. } | HubOrder::RoomEnded { .. } => return Ok(()),
    };
    Err(HubReport::Refused { seat, kind, attempt, code: ErrorCode::ServerError, message: message.to_owned() })
}

fn code_of(error: &OfferError) -> ErrorCode {
    match error {
        OfferError::TooLarge => ErrorCode::TooLarge,
        OfferError::BadMid(_)
        | OfferError::BadLabel(_)
        | OfferError::Unreadable(_)
        | OfferError::Unacceptable(_) => ErrorCode::BadMessage,
        OfferError::RoomFull => ErrorCode::RoomFull,
        OfferError::Failed => ErrorCode::ServerError,
    }
}

fn in_hub(seat: &HubSeat) -> Seat {
    Seat { room: RoomKey(seat.room), participant: seat.participant.clone() }
}

#[cfg(test)]
mod tests;
