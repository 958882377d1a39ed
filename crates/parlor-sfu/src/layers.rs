//! Which layer of a video a consumer gets: no higher than it is shown, and as much as the path bears. The sound
//! always goes out, and is not part of the estimate: what is estimated is what it leaves. Where there is no room for a video, it waits.

use std::time::Instant;

use parlor_proto::Kind;

use crate::hub::Hub;
use crate::producer::Producer;
use crate::slot::ProducerId;
use crate::transports::TransportKey;

/// Of what the path is believed to bear, this much is used, in percent.
const USED_PERCENT: u64 = 95;
/// A larger layer than the current one has to leave this much room, in percent of itself.
const UPGRADE_PERCENT: u64 = 110;
/// Of what would be enough for everything, this much is asked for, in percent.
const DESIRED_PERCENT: u64 = 125;
/// The smallest layer goes out although only this much of it fits, in percent: a picture that comes late now and then is better than
/// none, and the estimate grows only by what is sent.
const SMALLEST_KEPT_PERCENT: u64 = 50;
/// For one that does not go out to do so, this much has to fit.
const SMALLEST_TAKEN_PERCENT: u64 = 65;
/// The same of the picture that is wanted most: loss and jitter alone make the estimate fall far below what the path
/// bears, and somebody who stands still for seconds is worse than a path that is a little too full.
const MOST_WANTED_KEPT_PERCENT: u64 = 15;
const MOST_WANTED_TAKEN_PERCENT: u64 = 35;
/// Bits per second on top of what a video needs, for resending and headers, in percent.
const OVERHEAD_PERCENT: u64 = 108;

/// One video of a receiver, with what it could get, the smallest first.
struct Choice {
    slot: usize,
    current: Option<usize>,
    /// The estimate is not yet to be trusted.
    is_young: bool,
    is_most_wanted: bool,
    /// Layer and bits per second.
    layers: Vec<(usize, u64)>,
    /// The place in `layers`.
    chosen: Option<usize>,
}

impl Choice {
    fn cost(&self, place: Option<usize>) -> u64 {
        place.and_then(|place| self.layers.get(place)).map_or(0, |(_, bps)| *bps)
    }

    fn place_above(&self) -> usize {
        self.chosen.map_or(0, |place| place.saturating_add(1))
    }

    /// What would have to be borne for the next larger layer, or for the largest where it is chosen.
    fn next_bps(&self) -> u64 {
        let largest = self.layers.len().saturating_sub(1);
        self.cost(Some(self.place_above().min(largest))).saturating_mul(UPGRADE_PERCENT) / 100
    }

    /// The next larger layer, if it fits into what is left.
    fn upgrade(&self, left_bps: u64) -> Option<(usize, u64)> {
        let next = self.place_above();
        let (layer, bps) = *self.layers.get(next)?;
        let is_current_or_less = self.current.is_some_and(|current| {
            let place = self.layers.iter().position(|(layer, _)| *layer == current);
            place.is_some_and(|place| next <= place)
        });
        let more = bps.saturating_sub(self.cost(self.chosen));
        let needed = if self.chosen.is_none() {
            let percent = match self.current {
                _ if self.is_young => 0,
                Some(_) if self.is_most_wanted => MOST_WANTED_KEPT_PERCENT,
                None if self.is_most_wanted => MOST_WANTED_TAKEN_PERCENT,
                Some(_) => SMALLEST_KEPT_PERCENT,
                None => SMALLEST_TAKEN_PERCENT,
            };
            bps.saturating_mul(percent) / 100
        } else if is_current_or_less || self.current == Some(layer) {
            more
        } else {
            bps.saturating_mul(UPGRADE_PERCENT) / 100 - self.cost(self.chosen).min(bps)
        };
        (needed <= left_bps).then_some((next, more))
    }
}

impl Hub {
    /// Chooses the layers of all videos that a participant receives.
    pub(crate) fn choose_layers(&mut self, key: TransportKey) {
        let now = self.now;
        self.update_heights(key);
        let Some(transport) = self.transports.get(key) else { return };
        let Some(room) = self.rooms.get(&transport.seat.room) else { return };
        let is_young = transport.trusts_estimate_at.is_none_or(|at| now < at);
        let mut choices = Vec::new();
        for (index, slot) in transport.slots.iter().enumerate().filter(|(_, slot)| slot.kind == Kind::Video) {
            let Some(consumer) = &slot.consumer else { continue };
            let Some(producer) = room.producers.get(&consumer.producer) else { continue };
            let layers = useful_layers(producer, now, consumer.max_height);
            let (current, is_most_wanted) = (consumer.target, false);
            choices.push(Choice { slot: index, current, is_young, is_most_wanted, layers, chosen: None });
        }
        if choices.is_empty() {
            // Nothing is wished for any more.
            if let Some(transport) = self.transports.get_mut(key) {
                transport.egress.ask_for(now, 0, 0);
            }
            return;
        }
        self.sort_by_wish(key, &mut choices);
        if let Some(first) = choices.first_mut() {
            first.is_most_wanted = true;
        }
        let largest_bps: u64 = choices.iter().map(|c| c.cost(c.layers.len().checked_sub(1))).sum();
        let Some(transport) = self.transports.get_mut(key) else { return };
        let estimate_bps = transport.egress.estimate_bps();
        match estimate_bps {
            None => choices.iter_mut().for_each(|choice| choice.chosen = choice.layers.len().checked_sub(1)),
            Some(estimate_bps) => {
                spread(&mut choices, estimate_bps.saturating_mul(USED_PERCENT) / 100);
            }
        }
        let borne = |bps: u64| bps.saturating_mul(100) / USED_PERCENT;
        // The estimate does not grow beyond what is asked for, so a little more is.
        let desired_bps =
            borne(largest_bps.saturating_mul(UPGRADE_PERCENT) / 100).saturating_mul(DESIRED_PERCENT) / 100;
        let has_all = choices.iter().all(|choice| choice.place_above() >= choice.layers.len());
        let next_bps = borne(choices.iter().map(Choice::next_bps).sum());
        let next_bps = if has_all { 0 } else { next_bps };
        if transport.egress.ask_for(now, next_bps, desired_bps) {
            transport.queue(key, &mut self.sending);
        }
        for choice in choices {
            let target = choice.chosen.and_then(|place| choice.layers.get(place)).map(|(layer, _)| *layer);
            let slot = transport.slots.get_mut(choice.slot);
            let Some(consumer) = slot.and_then(|slot| slot.consumer.as_mut()) else { continue };
            // A producer of which no layer flows yet has nothing to choose from.
            if choice.layers.is_empty() || consumer.target == target {
                continue;
            }
            consumer.target = target;
            if target.is_none() {
                consumer.layer = None;
            }
            self.totals.layer_changes = self.totals.layer_changes.saturating_add(1);
        }
    }

    /// What the receiver shows may have another height by now.
    fn update_heights(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        let Some(room) = self.rooms.get(&transport.seat.room) else { return };
        let Some(wishes) = &transport.wishes else { return };
        for consumer in transport.slots.iter_mut().filter_map(|slot| slot.consumer.as_mut()) {
            let Some(producer) = room.producers.get(&consumer.producer) else { continue };
            let is_it = |p: &Producer, wish: &crate::io::VideoWish| {
                p.participant == wish.participant && p.source == wish.source
            };
            if let Some(wish) = wishes.video.iter().find(|wish| is_it(producer, wish)) {
                consumer.max_height = wish.max_height;
            }
        }
    }

    /// The most wanted first; without wishes in the order of the slots.
    fn sort_by_wish(&self, key: TransportKey, choices: &mut [Choice]) {
        let Some(transport) = self.transports.get(key) else { return };
        let (Some(room), Some(wishes)) = (self.rooms.get(&transport.seat.room), &transport.wishes) else {
            return;
        };
        let place = |id: Option<ProducerId>| {
            let producer = id.and_then(|id| room.producers.get(&id));
            let is_it = |wish: &crate::io::VideoWish| {
                producer.is_some_and(|p| p.participant == wish.participant && p.source == wish.source)
            };
            wishes.video.iter().position(is_it).unwrap_or(usize::MAX)
        };
        choices.sort_by_key(|choice| {
            place(transport.slots.get(choice.slot).and_then(crate::slot::Slot::producer))
        });
    }
}

/// First everyone gets the smallest layer, in their order, then they grow in turns.
fn spread(choices: &mut [Choice], mut left_bps: u64) {
    loop {
        let mut has_grown = false;
        for choice in &mut *choices {
            if let Some((place, more)) = choice.upgrade(left_bps) {
                choice.chosen = Some(place);
                left_bps = left_bps.saturating_sub(more);
                has_grown = true;
            }
        }
        if !has_grown {
            return;
        }
    }
}

/// The layers that are not higher than what is shown, or the first that is: with bits per second, the smallest first.
fn useful_layers(producer: &Producer, now: Instant, max_height: Option<u16>) -> Vec<(usize, u64)> {
    let mut order = producer.layers_by_size(now);
    if let Some(max_height) = max_height {
        let count = order.len();
        let is_enough = |(place, layer): (usize, &usize)| {
            let known = producer.layers.get(*layer).and_then(|layer| layer.height);
            known.unwrap_or_else(|| usual_height(place, count)) >= max_height
        };
        if let Some(place) = order.iter().enumerate().position(is_enough) {
            order.truncate(place.saturating_add(1));
        }
    }
    let cost = |layer: usize| producer.rate_bps(now, layer).saturating_mul(OVERHEAD_PERCENT) / 100;
    order.into_iter().map(|layer| (layer, cost(layer))).collect()
}

/// The height of a layer of which only its place among the others is known: halves of 720.
fn usual_height(place: usize, count: usize) -> u16 {
    let halvings = u32::try_from(count.saturating_sub(place).saturating_sub(1)).unwrap_or(u32::MAX);
    720_u16.checked_shr(halvings).unwrap_or(0)
}

#[cfg(test)]
mod tests;
