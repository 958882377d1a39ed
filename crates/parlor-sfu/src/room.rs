//! A room as the hub knows it: who has a transport in it, and what they send.

use std::collections::BTreeMap;
use std::time::Instant;

use parlor_proto::{Kind, UserId};

use crate::producer::Producer;
use crate::slot::ProducerId;
use crate::transports::TransportKey;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// In order of joining.
    pub(crate) seats: Vec<(UserId, TransportKey)>,
    pub(crate) producers: BTreeMap<ProducerId, Producer>,
    pub(crate) dominant: Option<UserId>,
    last_producer: ProducerId,
}

impl Room {
    pub(crate) fn transport_of(&self, participant: &UserId) -> Option<TransportKey> {
        self.seats.iter().find(|(id, _)| id == participant).map(|(_, key)| *key)
    }

    pub(crate) fn add_producer(&mut self, producer: Producer) -> ProducerId {
        // Numbers of a room are used again after four thousand million; 0 is none.
        self.last_producer = self.last_producer.checked_add(1).unwrap_or(1);
        self.producers.insert(self.last_producer, producer);
        self.last_producer
    }

    /// Those that send sound, the loudest first, as loud ones in the order of their numbers.
    pub(crate) fn by_loudness(&self, now: Instant) -> Vec<ProducerId> {
        let mut order: Vec<(&ProducerId, f32)> = self
            .producers
            .iter()
            .filter(|(_, producer)| producer.kind == Kind::Audio && producer.is_flowing(now))
            .map(|(id, producer)| (id, producer.loudness.score()))
            .collect();
        order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        order.into_iter().map(|(id, _)| *id).collect()
    }

    /// Those that send pictures, in the order in which their senders joined.
    pub(crate) fn videos(&self, now: Instant) -> Vec<ProducerId> {
        let mut order = Vec::new();
        for (_, key) in &self.seats {
            let is_theirs = |producer: &Producer| producer.transport == *key && producer.kind == Kind::Video;
            order.extend(
                self.producers.iter().filter(|(_, p)| is_theirs(p) && p.is_flowing(now)).map(|(id, _)| *id),
            );
        }
        order
    }

    /// Who speaks most now; true if that is somebody else than before. The one who did stays it in silence.
    pub(crate) fn update_dominant(&mut self, now: Instant) -> bool {
        let loudest = self.by_loudness(now).first().and_then(|id| self.producers.get(id));
        let current = self.dominant.as_ref();
        let is_here = current.is_some_and(|id| self.seats.iter().any(|(seat, _)| seat == id));
        let current_loudness = self
            .producers
            .values()
            .filter(|producer| Some(&producer.participant) == current && producer.kind == Kind::Audio)
            .map(|producer| producer.loudness)
            .max_by(|a, b| a.score().total_cmp(&b.score()))
            .unwrap_or_default();
        let next = match loudest {
            Some(loudest) if Some(&loudest.participant) == current => return false,
            Some(loudest) if loudest.loudness.beats(current_loudness) => Some(loudest.participant.clone()),
            _ if is_here || current.is_none() => return false,
            _ => None,
        };
        self.dominant = next;
        true
    }
}
