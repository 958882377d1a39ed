//! The hub's shell: threads that move datagrams between a UDP socket and a hub, and the way from the registry to them.
//!
//! A room is pinned to one thread and its hub. What the registry orders waits in a bounded queue until that thread's next turn,
//! but for departures: those are carried out at once, by whoever holds the registry's lock, so that a participant's media
//! is gone before anybody is told that they are (VC-2). The order of locks is registry, hub, mail; a thread never
//! holds its hub while it tells the registry something.

mod socket;
mod thread;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use parlor_proto::{ErrorCode, RoomId};
use parlor_room::{HubOrder, HubReport, HubSeat};
use parlor_sfu::{Hub, Input, Ledger, OfferError, Output, RoomKey, Seat, Settings, VideoWish, Wishes};
use tokio::sync::Notify;

use crate::config::Media as MediaConfig;
use crate::journal;
use crate::limits::HUB_MAIL_MAX;
use crate::switchboard::Switchboard;
use socket::Socket;

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
}

/// All hubs of the server.
#[derive(Debug, Default)]
pub(crate) struct Media {
    desks: Vec<Arc<Desk>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// One hub, and what reaches it from other threads.
#[derive(Debug)]
pub(crate) struct Desk {
    core: Mutex<Core>,
    /// What the registry has ordered and the thread has not taken yet.
    mail: Mutex<VecDeque<HubOrder>>,
    /// Rings when there is mail, or datagrams wait to go out.
    bell: Notify,
    is_ending: AtomicBool,
}

#[derive(Debug)]
struct Core {
    hub: Hub,
    /// The rooms' ids, for the log.
    rooms: HashMap<u64, RoomId>,
}

/// What came of a turn.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Datagrams to send: from which of the offered addresses, to where, what.
    pub(crate) datagrams: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    pub(crate) reports: Vec<HubReport>,
    pub(crate) wake_at: Option<Instant>,
}

/// Hubs whose sockets are open and whose threads do not run yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) media: Arc<Media>,
    sockets: Vec<Socket>,
}

impl Prepared {
    /// Opens the sockets: the configured address or the one that HTTP listens on, and for further threads the ports above it.
    pub(crate) fn open(config: &MediaConfig, http: SocketAddr) -> Result<Self, MediaError> {
        let mut prepared = Self { media: Arc::default(), sockets: Vec::new() };
        if config.threads == 0 {
            return Ok(prepared);
        }
        let certificate = parlor_sfu::Certificate::generate().ok_or(MediaError::Certificate)?;
        let mut desks = Vec::new();
        for number in 0..config.threads {
            let offset = u16::try_from(number).unwrap_or(u16::MAX);
            let socket = Socket::open(config, http, offset)?;
            let settings = Settings {
                local: socket.offered().to_vec(),
                has_congestion_control: true,
                certificate: certificate.clone(),
            };
            tracing::info!(address = %socket.address(), offered = ?socket.offered(), "media");
            desks.push(Arc::new(Desk {
                core: Mutex::new(Core { hub: Hub::new(settings, Instant::now()), rooms: HashMap::new() }),
                mail: Mutex::default(),
                bell: Notify::new(),
                is_ending: AtomicBool::new(false),
            }));
            prepared.sockets.push(socket);
        }
        prepared.media = Arc::new(Media { desks, threads: Mutex::default() });
        Ok(prepared)
    }

    /// Starts the threads; they end by [`Media::stop`].
    pub(crate) fn start(self, switchboard: &Arc<Switchboard>) -> Result<(), std::io::Error> {
        for (number, (desk, socket)) in self.media.desks.iter().zip(self.sockets).enumerate() {
            let (desk, switchboard) = (Arc::clone(desk), Arc::clone(switchboard));
            let thread = std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || thread::run(&desk, socket, &switchboard))?;
            self.media.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(())
    }
}

impl Media {
    /// Carries out what the registry orders. An offer that finds no place is handed back as refused.
    pub(crate) fn carry_out(&self, order: HubOrder) -> Result<(), HubReport> {
        let room = match &order {
            HubOrder::Offer { seat, .. }
            | HubOrder::Candidate { seat, .. }
            | HubOrder::Receive { seat, .. }
            | HubOrder::Leave { seat } => seat.room,
            HubOrder::RoomEnded { room } => *room,
        };
        let threads = u64::try_from(self.desks.len()).unwrap_or(u64::MAX);
        let number = room.checked_rem(threads).and_then(|number| usize::try_from(number).ok());
        match number.and_then(|number| self.desks.get(number)) {
            Some(desk) => desk.carry_out(order),
            None => Ok(()),
        }
    }

    /// What all hubs hold and have done.
    pub(crate) fn ledgers(&self) -> Vec<Ledger> {
        self.desks.iter().map(|desk| desk.core().hub.ledger()).collect()
    }

    /// Ends the threads, once what waits has gone out.
    pub(crate) fn stop(&self) {
        for desk in &self.desks {
            desk.is_ending.store(true, Ordering::Release);
            desk.bell.notify_one();
        }
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread ended badly");
            }
        }
    }
}

impl Desk {
    fn carry_out(&self, order: HubOrder) -> Result<(), HubReport> {
        match &order {
            HubOrder::Leave { seat } => {
                let mut core = self.core();
                self.mail().retain(|waiting| seat_of(waiting) != Some(seat));
                core.guarded("a departure", Input::Leave { seat: in_hub(seat) });
            }
            HubOrder::RoomEnded { room } => {
                let mut core = self.core();
                self.mail().retain(|waiting| seat_of(waiting).is_none_or(|seat| seat.room != *room));
                core.guarded("the end of a room", Input::RoomEnded { room: RoomKey(*room) });
                core.rooms.remove(room);
            }
            _ => {
                let mut mail = self.mail();
                if mail.len() >= HUB_MAIL_MAX {
                    return refused(order);
                }
                mail.push_back(order);
            }
        }
        self.bell.notify_one();
        Ok(())
    }

    /// One turn: what came goes in, what is due is done, what is to be done outside comes out.
    pub(crate) fn turn<'a>(
        &self,
        datagrams: impl Iterator<Item = (SocketAddr, SocketAddr, &'a [u8])>,
    ) -> Turn {
        let mut turn = Turn::default();
        let mut events = Vec::new();
        {
            let mut core = self.core();
            // Taken under the hub's lock: an order that is taken out can't be overtaken by a departure.
            let orders = std::mem::take(&mut *self.mail());
            let now = Instant::now();
            for (local, remote, bytes) in datagrams {
                core.hub.handle_input(now, Input::Datagram { local, remote, bytes });
            }
            for order in orders {
                core.obey(now, order);
            }
            if core.hub.poll_timeout().is_some_and(|at| at <= now) {
                core.hub.handle_timeout(now);
            }
            while let Some(output) = core.hub.poll_output() {
                match output {
                    Output::Transmit { local, remote, bytes } => turn.datagrams.push((local, remote, bytes)),
                    Output::Log { seat, event } => {
                        events.push((core.rooms.get(&seat.room.0).cloned(), seat.participant, event));
                    }
                    output => turn.reports.extend(report(output)),
                }
            }
            turn.wake_at = core.hub.poll_timeout();
        }
        for (room, participant, event) in &events {
            journal::hub(room.as_ref(), participant, event);
        }
        turn
    }

    fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mail(&self) -> MutexGuard<'_, VecDeque<HubOrder>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    fn obey(&mut self, now: Instant, order: HubOrder) {
        match order {
            HubOrder::Offer { seat, room_id, instance, attempt, n, sdp, tracks } => {
                self.rooms.insert(seat.room, room_id);
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

    /// Whatever goes wrong here, the roster is cleaned all the same (VC-3).
    fn guarded(&mut self, what: &str, input: Input<'_>) {
        let room = match &input {
            Input::Leave { seat } => seat.room,
            Input::RoomEnded { room } => *room,
            _ => return,
        };
        let hub = &mut self.hub;
        let outcome = catch_unwind(AssertUnwindSafe(|| hub.handle_input(Instant::now(), input)));
        if let Err(panic) = outcome {
            let room = self.rooms.get(&room.0).map(RoomId::as_str);
            tracing::error!(room, what, panic = journal::panic_text(&*panic), "the hub panicked");
        }
    }
}

/// An offer that found no place is answered; what else did not will be said again, or was of no weight.
fn refused(order: HubOrder) -> Result<(), HubReport> {
    match order {
        HubOrder::Offer { seat, attempt, .. } => Err(HubReport::Refused {
            seat,
            attempt,
            code: ErrorCode::ServerError,
            message: "the hub has too much to do, try again".to_owned(),
        }),
        order => {
            tracing::warn!(seat = ?seat_of(&order), "the hub has too much to do: an order was dropped");
            Ok(())
        }
    }
}

fn report(output: Output) -> Option<HubReport> {
    match output {
        Output::Answer { seat, attempt, n, sdp } => {
            Some(HubReport::Answer { seat: in_registry(seat), attempt, n, sdp })
        }
        Output::Refused { seat, attempt, n: _, reason } => Some(HubReport::Refused {
            seat: in_registry(seat),
            attempt,
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
            Some(HubReport::Slots { seat: in_registry(seat), slots: slots.collect() })
        }
        Output::OfferWanted { seat, reason } => {
            Some(HubReport::OfferWanted { seat: in_registry(seat), reason: reason.as_str() })
        }
        // No frame of the contract tells of it; clients see it by their slots.
        Output::Speaker { .. } | Output::Transmit { .. } | Output::Log { .. } => None,
    }
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

fn seat_of(order: &HubOrder) -> Option<&HubSeat> {
    match order {
        HubOrder::Offer { seat, .. }
        | HubOrder::Candidate { seat, .. }
        | HubOrder::Receive { seat, .. }
        | HubOrder::Leave { seat } => Some(seat),
        HubOrder::RoomEnded { .. } => None,
    }
}

fn in_hub(seat: &HubSeat) -> Seat {
    Seat { room: RoomKey(seat.room), participant: seat.participant.clone() }
}

fn in_registry(seat: Seat) -> HubSeat {
    HubSeat { room: seat.room.0, participant: seat.participant }
}

/// An address as a person writes it, whichever family the socket has.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// An address as a socket of this family takes it.
fn as_taken_by(is_ipv6: bool, ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if is_ipv6 => IpAddr::V6(ip.to_ipv6_mapped()),
        ip => ip,
    }
}
