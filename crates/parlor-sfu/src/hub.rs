//! The one entry: takes inputs and time, hands them to whom they concern, and collects what is to be done. Timers, and what waits
//! to go out, are kept here; decisions are not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parlor_proto::{Grade, IceCandidateInit, Kind};
use str0m::IceConnectionState;
use str0m::net::{Protocol, Transmit};

use crate::demux::{Demux, Owner, is_stun};
use crate::io::{EndReason, Event, Input, Output, RoomKey, Seat, SlotState, Via, WantedReason, Wishes};
use crate::ledger::{Ledger, Totals};
use crate::limits;
use crate::room::Room;
use crate::settings::Settings;
use crate::transport::{Fault, Found, Phase, Received};
use crate::transports::{TransportKey, Transports};

/// The forwarding server of some rooms. One thread drives it.
#[derive(Debug)]
pub struct Hub {
    pub(crate) settings: Settings,
    pub(crate) now: Instant,
    /// Timers are multiples of a step from here.
    base: Instant,
    pub(crate) rooms: BTreeMap<RoomKey, Room>,
    pub(crate) transports: Transports,
    pub(crate) demux: Demux,
    timers: BTreeSet<(Instant, TransportKey, Timer)>,
    next_tick: Instant,
    /// Transports into whose str0m something was written.
    pub(crate) dirty: Vec<TransportKey>,
    /// Transports with sound or pictures that are to go out.
    pub(crate) sending: Vec<TransportKey>,
    /// Transports that are to be told who is in their slots.
    pub(crate) untold: Vec<TransportKey>,
    /// Transports that have to end as soon as nobody looks at them.
    doomed: Vec<(TransportKey, EndReason)>,
    pub(crate) outputs: VecDeque<Output>,
    found: Found,
    pub(crate) totals: Totals,
    #[cfg(test)]
    pub(crate) planted_steps: Vec<crate::io::Step>,
}

/// Whose time comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// str0m's.
    Below,
    /// That of what goes out beside it.
    Beside,
}

impl Hub {
    /// A hub without rooms. `now` is any moment not later than the first input's.
    #[must_use]
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            settings,
            now,
            base: now,
            rooms: BTreeMap::new(),
            transports: Transports::default(),
            demux: Demux::default(),
            timers: BTreeSet::new(),
            next_tick: now,
            dirty: Vec::new(),
            sending: Vec::new(),
            untold: Vec::new(),
            doomed: Vec::new(),
            outputs: VecDeque::new(),
            found: Found::default(),
            totals: Totals::default(),
            #[cfg(test)]
            planted_steps: Vec::new(),
        }
    }

    /// Something happened outside. `now` never goes back. Several inputs may come before the outputs are polled: what they cause
    /// then goes out together, which costs less.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            Input::Offer(offer) => self.on_offer(&offer),
            Input::Candidate { seat, attempt, candidate } => self.on_candidate(&seat, attempt, &candidate),
            Input::Receive { seat, wishes } => self.on_receive(&seat, wishes),
            Input::Datagram { via, local, remote, bytes } => self.on_datagram(via, local, remote, bytes),
            Input::Leave { seat } => {
                if let Some(key) = self.transport_of(&seat) {
                    self.end_transport(key, EndReason::Left);
                }
            }
            Input::RoomEnded { room } => self.end_room(room),
        }
        self.end_doomed();
    }

    /// Time has passed. Call it at [`Self::poll_timeout`]; earlier is harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some((at, key, timer)) = self.timers.first().copied()
            && at <= self.now
        {
            self.timers.pop_first();
            let Some(transport) = self.transports.get_mut(key) else { continue };
            *transport.armed_mut(timer) = None;
            match timer {
                Timer::Below => self.touch(key),
                // It waited for long enough.
                Timer::Beside => self.send(key),
            }
        }
        if self.next_tick <= self.now && !self.rooms.is_empty() {
            self.next_tick = self.now + limits::TICK;
            self.on_tick();
        }
        self.end_doomed();
    }

    /// The next thing to do outside. Call it until there is none, after each input or after several.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            self.flush();
        }
        let output = self.outputs.pop_front()?;
        if let Output::Transmit { .. } = &output {
            self.totals.datagrams_out = self.totals.datagrams_out.saturating_add(1);
        }
        Some(output)
    }

    /// When to call [`Self::handle_timeout`] at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let tick = (!self.rooms.is_empty()).then_some(self.next_tick);
        let waiting = (!self.dirty.is_empty() || !self.sending.is_empty()).then_some(self.now);
        [self.timers.first().map(|(at, ..)| *at), tick, waiting].into_iter().flatten().min()
    }

    /// What there is and what there was. Looks at every room and transport: for a scrape, not for each packet.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let transmit_bytes = |output: &Output| match output {
            Output::Transmit { bytes, .. } => bytes.len(),
            _ => 0,
        };
        let slots = || self.transports.iter().flat_map(|transport| &transport.slots);
        Ledger {
            rooms: self.rooms.len(),
            transports: self.transports.iter().count(),
            producers: self.rooms.values().map(|room| room.producers.len()).sum(),
            consumers: slots().filter(|slot| slot.consumer.is_some()).count(),
            slots: slots().filter(|slot| slot.is_open).count(),
            routes: self.demux.len(),
            timers: self.timers.len(),
            buffered_bytes: self.outputs.iter().map(transmit_bytes).sum::<usize>()
                + self.transports.iter().map(|transport| transport.egress.waiting_bytes()).sum::<usize>(),
            totals: self.totals,
        }
    }

    pub(crate) fn transport_of(&self, seat: &Seat) -> Option<TransportKey> {
        self.rooms.get(&seat.room)?.transport_of(&seat.participant)
    }

    pub(crate) fn log(&mut self, seat: &Seat, event: Event) {
        self.outputs.push_back(Output::Log { seat: seat.clone(), event });
    }

    /// Something was written into a transport.
    pub(crate) fn touch(&mut self, key: TransportKey) {
        if let Some(transport) = self.transports.get_mut(key)
            && !transport.is_dirty
        {
            transport.is_dirty = true;
            self.dirty.push(key);
        }
    }

    /// Code below a transport gave up.
    pub(crate) fn doom(&mut self, key: TransportKey, fault: Fault) {
        let Some(seat) = self.transports.get(key).map(|transport| transport.seat.clone()) else { return };
        if self.doomed.iter().any(|(doomed, _)| *doomed == key) {
            return;
        }
        self.totals.panics = self.totals.panics.saturating_add(1);
        self.log(&seat, Event::Panicked { message: fault.0 });
        self.doomed.push((key, EndReason::Panicked));
    }

    fn end_doomed(&mut self) {
        while let Some((key, reason)) = self.doomed.pop() {
            let asks = matches!(reason, EndReason::Panicked | EndReason::PathLost | EndReason::NotConnected);
            if asks {
                self.want_offer(key, WantedReason::TransportGone);
            }
            self.end_transport(key, reason);
        }
    }

    /// Forgets a timer of a transport.
    pub(crate) fn disarm(&mut self, timer: Timer, key: TransportKey, armed: Option<Instant>) {
        if let Some(at) = armed {
            self.timers.remove(&(at, key, timer));
        }
    }

    fn on_candidate(&mut self, seat: &Seat, attempt: u32, candidate: &IceCandidateInit) {
        let Some(key) = self.transport_of(seat) else { return };
        let Some(transport) = self.transports.get_mut(key).filter(|transport| transport.attempt == attempt)
        else {
            return;
        };
        match transport.add_candidate(&candidate.candidate, candidate.username_fragment.as_deref()) {
            Ok(()) => self.touch(key),
            Err(fault) => self.doom(key, fault),
        }
    }

    fn on_receive(&mut self, seat: &Seat, mut wishes: Wishes) {
        let Some(key) = self.transport_of(seat) else { return };
        wishes.muted.truncate(limits::WISHES_MAX);
        wishes.video.truncate(limits::WISHES_MAX);
        if let Some(transport) = self.transports.get_mut(key) {
            transport.wishes = Some(wishes);
        }
        self.assign(key);
        self.choose_layers(key);
        self.ask_for_key_frames(seat.room);
    }

    fn on_datagram(&mut self, via: Via, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        self.totals.datagrams_in = self.totals.datagrams_in.saturating_add(1);
        let (key, is_sure) = match self.demux.owner((via, remote), bytes) {
            Owner::Known(key) => (key, true),
            Owner::Perhaps(key) => (key, false),
            Owner::Nobody => {
                self.totals.datagrams_unknown = self.totals.datagrams_unknown.saturating_add(1);
                return;
            }
        };
        let Some(transport) = self.transports.get_mut(key) else { return };
        match transport.receive(self.now, (via, local, remote), bytes, is_sure) {
            Ok(Received::Taken { heard, is_below }) => {
                // STUN proves an address only by what follows it.
                if !is_sure && !is_stun(bytes) {
                    self.demux.prove((via, remote), key, &mut transport.addresses);
                }
                if heard.has_waiting {
                    transport.queue(key, &mut self.sending);
                }
                self.on_key_frame_requests(key, &heard.key_frames);
                if is_below {
                    self.drain(key);
                }
            }
            Ok(Received::NotMine) => {
                self.totals.datagrams_unknown = self.totals.datagrams_unknown.saturating_add(1)
            }
            Ok(Received::Malformed) => {
                self.totals.datagrams_malformed = self.totals.datagrams_malformed.saturating_add(1);
                self.drain(key);
            }
            Err(fault) => self.doom(key, fault),
        }
    }

    /// Writes out what was written into transports. Sound and pictures go first, and what goes to one address goes together.
    fn flush(&mut self) {
        for key in std::mem::take(&mut self.sending) {
            self.send(key);
        }
        self.end_doomed();
        for _ in 0..limits::FLUSH_ROUNDS_MAX {
            if self.dirty.is_empty() {
                break;
            }
            for key in std::mem::take(&mut self.dirty) {
                self.write_out(key);
            }
            self.end_doomed();
        }
        self.tell_slots();
    }

    /// Sends the sound of a transport, and those of its pictures that have their turn.
    fn send(&mut self, key: TransportKey) {
        let now = self.now;
        let Some(transport) = self.transports.get_mut(key) else { return };
        transport.is_sending = false;
        match transport.pace(now) {
            Ok(again_at) => {
                self.outputs.extend(transport.take_sealed());
                self.arm(Timer::Beside, key, again_at);
            }
            Err(fault) => self.doom(key, fault),
        }
    }

    /// Writes out what was written into a transport's str0m.
    fn write_out(&mut self, key: TransportKey) {
        let now = self.now;
        let Some(transport) = self.transports.get_mut(key) else { return };
        match transport.handle_timeout(now) {
            Ok(()) => self.drain(key),
            Err(fault) => self.doom(key, fault),
        }
    }

    /// Takes out of a transport's str0m all there is, and sets its timer.
    fn drain(&mut self, key: TransportKey) {
        let mut found = std::mem::take(&mut self.found);
        let Some(transport) = self.transports.get_mut(key) else { return };
        let drained = transport.drain(&mut found);
        for transmit in found.transmits.drain(..) {
            let output = transmit_of(transmit);
            if let Output::Transmit { via, remote, bytes, .. } = &output
                && is_stun(bytes)
            {
                self.demux.hint((*via, *remote), key);
            }
            self.outputs.push_back(output);
        }
        for event in found.events.drain(..) {
            self.on_event(key, event);
        }
        self.found = found;
        match drained {
            Ok(at) => self.arm(Timer::Below, key, Some(at)),
            Err(fault) => self.doom(key, fault),
        }
    }

    /// Sets a timer of a transport, rounded up, so that what is due at about the same time goes out together.
    fn arm(&mut self, timer: Timer, key: TransportKey, at: Option<Instant>) {
        /// str0m says "never" with a moment far off.
        const NEVER: Duration = Duration::from_secs(3_600 * 24 * 365);
        let Some(transport) = self.transports.get_mut(key) else { return };
        let since = |at: Instant| at.saturating_duration_since(self.base);
        let wanted = at.filter(|at| since(*at) <= NEVER).and_then(|at| {
            let is_soon = at <= self.now + limits::TIMER_STEP;
            let step =
                if timer == Timer::Beside && is_soon { limits::PACER_STEP } else { limits::TIMER_STEP };
            let step_us = step.as_micros().max(1);
            let steps = (since(at.max(self.now)).as_micros() / step_us).saturating_add(1);
            let rounded_us = u64::try_from(steps.saturating_mul(step_us)).ok()?;
            self.base.checked_add(Duration::from_micros(rounded_us))
        });
        let armed = transport.armed_mut(timer);
        if *armed == wanted {
            return;
        }
        if let Some(old) = std::mem::replace(armed, wanted) {
            self.timers.remove(&(old, key, timer));
        }
        if let Some(wanted) = wanted {
            self.timers.insert((wanted, key, timer));
        }
    }

    fn on_event(&mut self, key: TransportKey, event: str0m::Event) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        match event {
            str0m::Event::RtpPacket(packet) => self.on_packet(key, packet),
            str0m::Event::Connected => {
                transport.phase = Phase::Connected;
                transport.trusts_estimate_at = Some(self.now + limits::ESTIMATE_WAIT);
                let seat = transport.seat.clone();
                self.log(&seat, Event::Connected);
                self.want_all_key_frames(key);
            }
            str0m::Event::IceConnectionStateChange(state) => self.on_ice_state(key, state),
            str0m::Event::ChannelOpen(channel, _) => transport.channel = Some(channel),
            str0m::Event::ChannelData(data) => self.on_data(key, &data.data),
            str0m::Event::ChannelClose(_) => transport.channel = None,
            str0m::Event::PeerStats(stats) => {
                let by_ice = stats.selected_candidate_pair.and_then(|pair| pair.current_round_trip_time);
                let by_reports = transport.egress.take_round_trip();
                // A busy end answers any of them late.
                let round_trip = by_ice.into_iter().chain(stats.rtt).chain(by_reports).min();
                transport.path.on_sample(round_trip, stats.egress_loss_fraction);
            }
            str0m::Event::Closed => self.doomed.push((key, EndReason::Closed)),
            _ => {}
        }
    }

    fn on_ice_state(&mut self, key: TransportKey, state: IceConnectionState) {
        let now = self.now;
        let Some(transport) = self.transports.get_mut(key) else { return };
        let seat = transport.seat.clone();
        let is_connected = matches!(state, IceConnectionState::Connected | IceConnectionState::Completed);
        match (transport.phase, state) {
            (Phase::Connected, IceConnectionState::Disconnected) => {
                transport.phase = Phase::PathLost { since: now };
                transport.path.on_lost();
                self.log(&seat, Event::PathLost);
                self.want_offer(key, WantedReason::PathLost);
            }
            (Phase::PathLost { .. }, _) if is_connected => {
                transport.phase = Phase::Connected;
                self.log(&seat, Event::PathBack);
                self.want_all_key_frames(key);
                self.ask_way(key);
            }
            // A restart of ICE while the path held.
            (Phase::Connected, _) if is_connected => self.ask_way(key),
            _ => {}
        }
    }

    /// Finds out by which way sound and pictures have to go now.
    fn ask_way(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        match transport.ask_way() {
            Ok(()) => self.touch(key),
            Err(fault) => self.doom(key, fault),
        }
    }

    fn on_tick(&mut self) {
        let now = self.now;
        let rooms: Vec<RoomKey> = self.rooms.keys().copied().collect();
        for key in rooms {
            let Some(room) = self.rooms.get_mut(&key) else { continue };
            for producer in room.producers.values_mut().filter(|producer| producer.kind == Kind::Audio) {
                producer.loudness.on_tick(now);
            }
            if room.update_dominant(now) {
                let participant = room.dominant.clone();
                self.outputs.push_back(Output::Speaker { room: key, participant });
            }
            let transports: Vec<TransportKey> = room.seats.iter().map(|(_, key)| *key).collect();
            self.assign_room(key);
            for transport in transports {
                self.on_transport_tick(transport);
            }
            self.ask_for_key_frames(key);
        }
    }

    fn on_transport_tick(&mut self, key: TransportKey) {
        let now = self.now;
        let Some(transport) = self.transports.get_mut(key) else { return };
        let grade = match transport.phase {
            Phase::Connecting { .. } => None,
            Phase::Connected => Some(transport.path.settled()),
            Phase::PathLost { .. } => Some(Grade::Lost),
        };
        if let Some(grade) = grade.filter(|grade| transport.path.take_news(now, *grade)) {
            self.outputs.push_back(Output::Grade { seat: transport.seat.clone(), grade });
        }
        let has_waited = |since: Instant, long: Duration| now.saturating_duration_since(since) >= long;
        match transport.phase {
            Phase::Connecting { since } if has_waited(since, limits::CONNECT_WAIT) => {
                self.doomed.push((key, EndReason::NotConnected));
            }
            Phase::PathLost { since } if has_waited(since, limits::PATH_GRACE) => {
                self.doomed.push((key, EndReason::PathLost));
            }
            _ => {
                self.tend_egress(key);
                self.choose_layers(key);
            }
        }
    }

    /// Reports on what a transport sends, and looks again which way it has to take.
    fn tend_egress(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.get_mut(key).filter(|t| t.phase == Phase::Connected) else {
            return;
        };
        if let Err(fault) = transport.report(self.now) {
            return self.doom(key, fault);
        }
        if transport.egress.has_waiting() {
            transport.queue(key, &mut self.sending);
        }
        if transport.egress.take_doubt() {
            self.ask_way(key);
        }
    }

    /// Tells those whose slots changed who is in them now.
    fn tell_slots(&mut self) {
        for key in std::mem::take(&mut self.untold) {
            let Some(transport) = self.transports.get_mut(key) else { continue };
            if !std::mem::take(&mut transport.are_slots_untold) {
                continue;
            }
            let room = self.rooms.get(&transport.seat.room);
            let state = |slot: &crate::slot::Slot| {
                let id = slot.producer();
                let producer = id.and_then(|id| room?.producers.get(&id));
                SlotState {
                    mid: slot.name.clone(),
                    participant: producer.map(|producer| producer.participant.clone()),
                    source: producer.map(|producer| producer.source),
                    csrc: id,
                }
            };
            let slots = transport.slots.iter().filter(|slot| slot.is_open).map(state).collect();
            self.outputs.push_back(Output::Slots { seat: transport.seat.clone(), slots });
        }
    }
}

/// By which way something goes or comes.
pub(crate) fn via_of(protocol: Protocol) -> Via {
    if protocol == Protocol::Udp { Via::Udp } else { Via::Tcp }
}

/// The same, as str0m says it.
pub(crate) const fn protocol_of(via: Via) -> Protocol {
    match via {
        Via::Udp => Protocol::Udp,
        Via::Tcp => Protocol::Tcp,
    }
}

/// A datagram to send, as the shell knows it.
pub(crate) fn transmit_of(transmit: Transmit) -> Output {
    let via = via_of(transmit.proto);
    let (local, remote) = (transmit.source, transmit.destination);
    Output::Transmit { via, local, remote, bytes: transmit.contents.into() }
}
