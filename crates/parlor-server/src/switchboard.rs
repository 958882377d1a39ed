//! The one lock: the registry, and the way from its outputs to the sockets.
//!
//! Sockets parse outside, then call in; the outputs go into the sockets' bounded outboxes before the lock is given
//! back; tasks are woken and lines logged after it. Nothing here waits for anything.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use parlor_proto::{RoomId, Time};
use parlor_room::{CloseCause, Config, ConnId, Event, Gauges, HubReport, Input, Operator, Output, Registry};

use crate::clock::Clock;
use crate::journal;
use crate::limits::STOPPING;
use crate::media::Media;
use crate::metrics::Counters;
use crate::outbox::{Load, Outbox, Pushed};
use crate::socket::Caller;

/// See the module.
#[derive(Debug)]
pub(crate) struct Switchboard {
    core: Mutex<Core>,
    /// Rings when the registry wants to be called earlier than was known.
    alarm: Notify,
    clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) media: Arc<Media>,
    /// One permit for each WebSocket, held until its connection is gone.
    places: Arc<Semaphore>,
    sockets_max: u32,
}

#[derive(Debug)]
struct Core {
    registry: Registry,
    outboxes: HashMap<ConnId, Arc<Outbox>>,
    last_conn: u64,
    /// When the timer will call next.
    armed: Option<Time>,
}

/// What a call had for consequences that wait until the lock is given back.
#[derive(Debug, Default)]
struct Consequences {
    wake: Vec<Waker>,
    events: Vec<Event>,
    pressed: bool,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Done,
    /// Done, and somebody has so much to read now that the caller should give way.
    Pressed,
    /// It broke an invariant. Whoever caused it is closed; everybody else goes on.
    Panicked,
}

/// A socket's place: from its opening until it is gone, with the registry told of both.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) conn: ConnId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) switchboard: Arc<Switchboard>,
    is_told: bool,
    _place: OwnedSemaphorePermit,
}

impl Switchboard {
    pub(crate) fn new(config: Config, seed: [u8; 32], sockets_max: usize, media: Arc<Media>) -> Arc<Self> {
        let sockets_max = sockets_max.min(Semaphore::MAX_PERMITS);
        let sockets_max = u32::try_from(sockets_max).unwrap_or(u32::MAX >> 3);
        Arc::new(Self {
            core: Mutex::new(Core {
                registry: Registry::new(config, seed),
                outboxes: HashMap::new(),
                last_conn: 0,
                armed: None,
            }),
            alarm: Notify::new(),
            clock: Clock::start(),
            counters: Counters::default(),
            media,
            places: Arc::new(Semaphore::new(usize::try_from(sockets_max).unwrap_or(0))),
            sockets_max,
        })
    }

    /// A place for one more WebSocket, if there is one.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Seats a socket.
    pub(crate) fn open(self: &Arc<Self>, place: OwnedSemaphorePermit, caller: Caller) -> Seat {
        let outbox = Arc::new(Outbox::default());
        let conn = {
            let mut core = self.lock();
            core.last_conn = core.last_conn.saturating_add(1);
            let conn = ConnId(core.last_conn);
            core.outboxes.insert(conn, Arc::clone(&outbox));
            conn
        };
        let opened = match caller {
            Caller::Participant => Input::Opened { conn },
            Caller::Peer(hail) => Input::PeerOpened { conn, hail },
        };
        self.input(None, opened);
        Seat { conn, outbox, switchboard: Arc::clone(self), is_told: false, _place: place }
    }

    /// Tells the registry what the hub said, all of it under one lock.
    pub(crate) fn hub_said(&self, reports: Vec<HubReport>) {
        if reports.is_empty() {
            return;
        }
        self.call(None, |registry, now| {
            for report in reports {
                registry.handle_input(now, Input::Hub(report));
            }
        });
    }

    /// Lets an operator ask. None if the registry panicked.
    pub(crate) fn operate<T>(&self, f: impl FnOnce(&mut Operator<'_>) -> T) -> Option<T> {
        let mut answer = None;
        self.call(None, |registry, now| answer = Some(f(&mut registry.operator(now))));
        answer
    }

    /// Tells the registry that the server stops.
    pub(crate) fn drain(&self) {
        self.input(None, Input::Drain);
    }

    /// Returns when every WebSocket is gone, or when there is no more time for that.
    pub(crate) async fn gone(&self) -> bool {
        tokio::time::timeout(STOPPING, self.places.acquire_many(self.sockets_max)).await.is_ok()
    }

    /// Whether TURN is to relay for the one whom a user name stands for.
    pub(crate) fn may_relay(&self, name: &str) -> bool {
        self.lock().registry.may_relay(name)
    }

    /// An id that no peer has.
    pub(crate) fn fresh_peer_id(&self) -> String {
        self.lock().registry.fresh_peer_id()
    }

    /// The ids of all peers with a key.
    pub(crate) fn peer_ids(&self, key: &RoomId) -> Vec<Arc<str>> {
        self.lock().registry.peer_ids(key)
    }

    /// Calls the registry when it wants to be called, for ever.
    pub(crate) async fn keep_time(&self) {
        loop {
            let armed = {
                let mut core = self.lock();
                core.armed = core.registry.poll_timeout();
                core.armed
            };
            let Some(at) = armed else {
                self.alarm.notified().await;
                continue;
            };
            tokio::select! {
                () = self.alarm.notified() => {}
                () = tokio::time::sleep_until(self.clock.instant(at).into()) => {
                    self.call(None, Registry::handle_timeout);
                }
            }
        }
    }

    /// The registry's figures.
    pub(crate) fn gauges(&self) -> Gauges {
        self.lock().registry.gauges()
    }

    /// What waits to be written, over all sockets, and at the one that has most.
    pub(crate) fn queued(&self) -> (Load, Load) {
        let outboxes: Vec<Arc<Outbox>> = self.lock().outboxes.values().cloned().collect();
        let mut sum = Load::default();
        let mut max = Load::default();
        for load in outboxes.iter().map(|outbox| outbox.load()) {
            sum.frames = sum.frames.saturating_add(load.frames);
            sum.bytes = sum.bytes.saturating_add(load.bytes);
            max.frames = max.frames.max(load.frames);
            max.bytes = max.bytes.max(load.bytes);
        }
        (sum, max)
    }

    fn input(&self, caller: Option<ConnId>, input: Input) -> Called {
        self.call(caller, |registry, now| registry.handle_input(now, input))
    }

    /// Calls the registry and carries out what it orders. `caller` is not woken: it looks by itself.
    fn call(&self, caller: Option<ConnId>, f: impl FnOnce(&mut Registry, Time)) -> Called {
        let mut consequences = Consequences::default();
        let outcome = {
            let mut core = self.lock();
            // Read under the lock, so that it never goes back for the registry.
            let now = self.clock.now();
            let outcome = catch_unwind(AssertUnwindSafe(|| f(&mut core.registry, now)));
            let carried = catch_unwind(AssertUnwindSafe(|| {
                core.carry_out(now, caller, &mut consequences, &self.counters, &self.media);
            }));
            let next = core.registry.poll_timeout();
            if next.is_some_and(|next| core.armed.is_none_or(|armed| next < armed)) {
                core.armed = next;
                self.alarm.notify_one();
            }
            outcome.and(carried)
        };
        for waker in consequences.wake {
            waker.wake();
        }
        for event in &consequences.events {
            journal::write(event);
        }
        match outcome {
            Ok(()) if consequences.pressed => Called::Pressed,
            Ok(()) => Called::Done,
            Err(panic) => {
                self.counters.panics.inc();
                let conn = caller.map(|conn| conn.0);
                tracing::error!(conn, panic = journal::panic_text(&*panic), "the registry panicked");
                Called::Panicked
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    fn carry_out(
        &mut self,
        now: Time,
        caller: Option<ConnId>,
        consequences: &mut Consequences,
        counters: &Counters,
        media: &Media,
    ) {
        while let Some(output) = self.registry.poll_output() {
            match output {
                Output::Send { conn, frame } => {
                    let Some(outbox) = self.outboxes.get(&conn) else { continue };
                    let wake = (caller != Some(conn)).then_some(&mut consequences.wake);
                    match outbox.push(frame, wake) {
                        Pushed::Queued => {}
                        Pushed::Pressed => consequences.pressed |= caller != Some(conn),
                        Pushed::Replaced => {
                            counters.lists_replaced.inc();
                        }
                        Pushed::Dropped => {
                            counters.frames_dropped.inc();
                        }
                        Pushed::Overflowed => {
                            counters.overflows.inc();
                            self.registry.handle_input(now, Input::Overflowed { conn });
                        }
                    }
                }
                Output::Ping { conn } => {
                    let Some(outbox) = self.outboxes.get(&conn) else { continue };
                    outbox.ping((caller != Some(conn)).then_some(&mut consequences.wake));
                }
                Output::Close { conn, code, reason } => {
                    // From here on the registry has nothing to say to it: its task finishes alone.
                    let Some(outbox) = self.outboxes.remove(&conn) else { continue };
                    counters.closed(code);
                    outbox.close(code, reason, (caller != Some(conn)).then_some(&mut consequences.wake));
                }
                Output::Hub(order) => {
                    if let Err(refused) = media.carry_out(order, counters) {
                        self.registry.handle_input(now, Input::Hub(refused));
                    }
                }
                Output::Log(event) => consequences.events.push(event),
            }
        }
    }
}

impl Seat {
    /// Tells the registry what came from this socket.
    pub(crate) fn input(&self, input: Input) -> Called {
        self.switchboard.input(Some(self.conn), input)
    }

    /// Tells the registry that the socket is gone. Only the first time counts.
    pub(crate) fn leave(&mut self, cause: CloseCause) {
        if !std::mem::replace(&mut self.is_told, true) {
            self.switchboard.lock().outboxes.remove(&self.conn);
            self.switchboard.input(None, Input::Closed { conn: self.conn, cause });
        }
    }
}

impl Drop for Seat {
    /// However its task ends, also by a panic, the registry hears of it.
    fn drop(&mut self) {
        self.leave(CloseCause::Lost);
    }
}

#[cfg(test)]
mod tests;
