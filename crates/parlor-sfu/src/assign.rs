//! Who is in which slot: the loudest speakers in a receiver's audio slots, the videos it wished for in its video slots.
//! A producer that stays keeps its slot, so that no picture moves because another one came.

use std::time::{Duration, Instant};

use parlor_proto::Kind;

use crate::hub::Hub;
use crate::io::RoomKey;
use crate::producer::ConsumerRef;
use crate::room::Room;
use crate::slot::ProducerId;
use crate::transport::Transport;
use crate::transports::TransportKey;

/// A speaker keeps a slot at least so long.
const HOLD: Duration = Duration::from_millis(500);

/// A producer that is to come into a slot; none empties it.
type Move = (usize, Option<(ProducerId, Option<u16>)>);

impl Hub {
    /// Looks at all receivers of a room.
    pub(crate) fn assign_room(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.get(&room_key) else { return };
        let order = Order { loudest: room.by_loudness(self.now), videos: room.videos(self.now) };
        let keys: Vec<TransportKey> = room.seats.iter().map(|(_, key)| *key).collect();
        for key in keys {
            self.assign_by(key, &order);
        }
    }

    /// Looks at one receiver.
    pub(crate) fn assign(&mut self, key: TransportKey) {
        let Some(room) = self.transports.get(key).and_then(|transport| self.rooms.get(&transport.seat.room))
        else {
            return;
        };
        let order = Order { loudest: room.by_loudness(self.now), videos: room.videos(self.now) };
        self.assign_by(key, &order);
    }

    fn assign_by(&mut self, key: TransportKey, order: &Order) {
        let Some(transport) = self.transports.get(key) else { return };
        let Some(room) = self.rooms.get(&transport.seat.room) else { return };
        let receiver = Receiver { key, transport, room, now: self.now };
        let mut moves = receiver.audio_moves(&order.loudest);
        moves.extend(receiver.video_moves(&order.videos));
        if moves.is_empty() {
            return;
        }
        for (slot, next) in moves {
            self.empty_slot(key, slot);
            if let Some((producer, max_height)) = next {
                self.fill_slot(key, slot, producer, max_height);
            }
        }
        self.choose_layers(key);
    }

    fn fill_slot(
        &mut self,
        key: TransportKey,
        slot: usize,
        producer_id: ProducerId,
        max_height: Option<u16>,
    ) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        let room = self.rooms.get_mut(&transport.seat.room);
        let Some(producer) = room.and_then(|room| room.producers.get_mut(&producer_id)) else { return };
        let Some(taken) = transport.slots.get_mut(slot) else { return };
        taken.take(self.now, producer_id, max_height);
        producer.consumers.push(ConsumerRef { transport: key, slot });
        transport.are_slots_untold = true;
        self.untold.push(key);
        self.totals.slot_changes = self.totals.slot_changes.saturating_add(1);
    }

    /// Takes whoever is in a slot out of it.
    pub(crate) fn empty_slot(&mut self, key: TransportKey, slot: usize) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        let Some(consumer) = transport.slots.get_mut(slot).and_then(|slot| slot.consumer.take()) else {
            return;
        };
        transport.are_slots_untold = true;
        self.untold.push(key);
        let room = self.rooms.get_mut(&transport.seat.room);
        if let Some(producer) = room.and_then(|room| room.producers.get_mut(&consumer.producer)) {
            producer.consumers.retain(|reference| *reference != ConsumerRef { transport: key, slot });
        }
    }
}

/// What is the same for all receivers of a room.
struct Order {
    loudest: Vec<ProducerId>,
    videos: Vec<ProducerId>,
}

/// One receiver, looked at.
struct Receiver<'a> {
    key: TransportKey,
    transport: &'a Transport,
    room: &'a Room,
    now: Instant,
}

impl Receiver<'_> {
    /// The open slots of a kind, with who is in them.
    fn slots(&self, kind: Kind) -> Vec<(usize, Option<ProducerId>)> {
        let slots = self.transport.slots.iter().enumerate();
        slots
            .filter(|(_, slot)| slot.kind == kind && slot.is_open)
            .map(|(at, slot)| (at, slot.producer()))
            .collect()
    }

    fn is_audible(&self, id: ProducerId) -> bool {
        let is_muted =
            |participant| self.transport.wishes.as_ref().is_some_and(|w| w.muted.contains(participant));
        self.room.producers.get(&id).is_some_and(|p| p.transport != self.key && !is_muted(&p.participant))
    }

    fn audio_moves(&self, loudest: &[ProducerId]) -> Vec<Move> {
        let mut slots = self.slots(Kind::Audio);
        let before = slots.clone();
        if slots.is_empty() {
            return Vec::new();
        }
        // The loudest of all, one more than fit, is all that matters here; but those in slots are looked for everywhere.
        for (_, inside) in &mut slots {
            *inside = inside.filter(|id| loudest.contains(id) && self.is_audible(*id));
        }
        let mut outside = loudest
            .iter()
            .copied()
            .filter(|id| self.is_audible(*id) && !before.iter().any(|(_, i)| *i == Some(*id)));
        for (_, inside) in slots.iter_mut().filter(|(_, inside)| inside.is_none()) {
            *inside = outside.next();
        }
        let loudness = |id: ProducerId| self.room.producers.get(&id).map(|p| p.loudness).unwrap_or_default();
        for next in outside.take(slots.len()) {
            let held = |at: usize| {
                let since = self.transport.slots.get(at).and_then(|slot| Some(slot.consumer.as_ref()?.since));
                since.is_some_and(|since| self.now.saturating_duration_since(since) < HOLD)
            };
            let quietest = slots
                .iter_mut()
                .filter(|(at, _)| !held(*at))
                .filter_map(|(_, inside)| Some((loudness((*inside)?), inside)))
                .min_by(|(a, _), (b, _)| a.score().total_cmp(&b.score()));
            match quietest {
                Some((quietest, inside)) if loudness(next).beats(quietest) => *inside = Some(next),
                _ => break,
            }
        }
        let changed = slots.into_iter().zip(before).filter(|(after, before)| after != before);
        changed.map(|((at, inside), _)| (at, inside.map(|id| (id, None)))).collect()
    }

    fn video_moves(&self, videos: &[ProducerId]) -> Vec<Move> {
        let slots = self.slots(Kind::Video);
        let may_see = |id: &ProducerId| self.room.producers.get(id).is_some_and(|p| p.transport != self.key);
        let mut wanted: Vec<(ProducerId, Option<u16>)> = match &self.transport.wishes {
            None => videos.iter().copied().filter(may_see).map(|id| (id, None)).collect(),
            Some(wishes) => wishes
                .video
                .iter()
                .filter_map(|wish| {
                    let is_it = |id: &&ProducerId| {
                        let producer = self.room.producers.get(id);
                        producer.is_some_and(|p| p.participant == wish.participant && p.source == wish.source)
                    };
                    videos.iter().find(is_it).filter(|id| may_see(id)).map(|id| (*id, wish.max_height))
                })
                .collect(),
        };
        wanted.truncate(slots.len());
        let mut missing: Vec<(ProducerId, Option<u16>)> = wanted
            .iter()
            .copied()
            .filter(|(id, _)| !slots.iter().any(|(_, inside)| *inside == Some(*id)))
            .collect();
        missing.reverse();
        let mut moves = Vec::new();
        for (at, inside) in slots {
            let is_kept = inside.is_some_and(|id| wanted.iter().any(|(wanted, _)| *wanted == id));
            if !is_kept && (inside.is_some() || !missing.is_empty()) {
                moves.push((at, missing.pop()));
            }
        }
        moves
    }
}
