//! The one way out of the hub, for whatever reason: [`Hub::end_transport`].
//!
//! The order is always the same: consumers, producers, transport. A step that fails is told ([`Event::StepFailed`]), and the
//! next one runs. What a later step needs it does not take from an earlier one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parlor_proto::Grade;

use crate::hub::{Hub, Timer, transmit_of};
use crate::io::{EndReason, Event, Freed, Output, RoomKey, Step, Via};
use crate::slot::ProducerId;
use crate::transport::{Fault, Found};
use crate::transports::TransportKey;

impl Hub {
    /// A room ends with all transports in it.
    pub(crate) fn end_room(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.get(&room_key) else { return };
        let keys: Vec<TransportKey> = room.seats.iter().map(|(_, key)| *key).collect();
        for key in keys {
            self.end_transport(key, EndReason::RoomEnded);
        }
        self.rooms.remove(&room_key);
    }

    /// Frees a transport and all that is in it.
    pub(crate) fn end_transport(&mut self, key: TransportKey, reason: EndReason) {
        let Some(transport) = self.transports.get(key) else { return };
        let seat = transport.seat.clone();
        // Whoever it was is still there, and has no path any more.
        let is_news = !transport.path.is_told(Grade::Lost)
            && !matches!(reason, EndReason::Left | EndReason::RoomEnded | EndReason::Replaced);
        let mut freed =
            Freed { slots: transport.slots.iter().filter(|slot| slot.is_open).count(), ..Freed::default() };
        let consumers: Vec<usize> = transport
            .slots
            .iter()
            .enumerate()
            .filter(|(_, s)| s.consumer.is_some())
            .map(|(at, _)| at)
            .collect();
        let producers: Vec<ProducerId> = transport.producers.iter().map(|own| own.id).collect();

        freed.consumers = consumers.len();
        self.step(key, Step::Consumers, |hub| {
            for slot in consumers {
                hub.empty_slot(key, slot);
            }
        });
        freed.producers = producers.len();
        self.step(key, Step::Producers, |hub| {
            for id in producers {
                hub.end_producer(seat.room, id);
            }
        });
        self.step(key, Step::Transport, |hub| hub.free_transport(key));

        // From here on nothing leads to it, whatever failed above.
        self.unlink(key);
        if is_news {
            self.outputs.push_back(Output::Grade { seat: seat.clone(), grade: Grade::Lost });
        }
        if reason == EndReason::NotConnected {
            self.totals.unreachable = self.totals.unreachable.saturating_add(1);
        }
        self.log(&seat, Event::Gone { reason, freed });
        self.forget_room_if_empty(seat.room);
        if let Some(room) = self.rooms.get_mut(&seat.room)
            && room.update_dominant(self.now)
        {
            let participant = room.dominant.clone();
            self.outputs.push_back(Output::Speaker { room: seat.room, participant });
        }
        self.assign_room(seat.room);
        self.ask_for_key_frames(seat.room);
    }

    fn step(&mut self, key: TransportKey, step: Step, run: impl FnOnce(&mut Self)) {
        #[cfg(test)]
        let is_planted = self.planted_steps.contains(&step);
        let result = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            assert!(!is_planted, "planted");
            run(self);
        }));
        if let Err(payload) = result {
            let message = payload.downcast_ref::<&str>().copied().unwrap_or("no message").to_owned();
            if let Some(seat) = self.transports.get(key).map(|transport| transport.seat.clone()) {
                self.log(&seat, Event::StepFailed { step, message });
            }
        }
    }

    /// A participant sends something no more.
    pub(crate) fn end_producer(&mut self, room_key: RoomKey, id: ProducerId) {
        let Some(producer) = self.rooms.get_mut(&room_key).and_then(|room| room.producers.remove(&id)) else {
            return;
        };
        for consumer in producer.consumers {
            self.empty_slot(consumer.transport, consumer.slot);
        }
    }

    /// Says goodbye on the wire.
    fn free_transport(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        let mut found = Found::default();
        // One that is broken says nothing any more; that was told when it broke.
        let _: Result<(), Fault> = transport.close(&mut found);
        self.outputs.extend(transport.take_sealed());
        for transmit in found.transmits {
            self.outputs.push_back(transmit_of(transmit));
        }
    }

    /// Takes a transport out of everything that knows it: seats, producers, consumers, demultiplexer, timers.
    fn unlink(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.remove(key) else { return };
        self.disarm(Timer::Below, key, transport.armed);
        self.disarm(Timer::Beside, key, transport.egress_armed);
        self.demux.forget(key, &transport.ufrag, &transport.addresses);
        for (via, remote) in &transport.addresses {
            if *via == Via::Tcp {
                self.outputs.push_back(Output::HangUp { remote: *remote });
            }
        }
        let seat = transport.seat.clone();
        let mut orphans = Vec::new();
        if let Some(room) = self.rooms.get_mut(&seat.room) {
            room.seats.retain(|(_, other)| *other != key);
            for (id, producer) in &mut room.producers {
                producer.consumers.retain(|consumer| consumer.transport != key);
                if producer.transport == key {
                    orphans.push(*id);
                }
            }
        }
        for id in orphans {
            self.end_producer(seat.room, id);
        }
        if let Err(Fault(message)) = transport.free() {
            self.log(&seat, Event::StepFailed { step: Step::Transport, message });
        }
    }

    pub(crate) fn forget_room_if_empty(&mut self, room_key: RoomKey) {
        if self.rooms.get(&room_key).is_some_and(|room| room.seats.is_empty()) {
            self.rooms.remove(&room_key);
        }
    }
}
