//! What the registry has ordered of a hub and its thread has not taken yet: of each participant the newest offer and the newest
//! wishes, as many bytes as are sensible.

use std::collections::VecDeque;

use parlor_room::{HubOrder, HubSeat};

use crate::limits::{HUB_MAIL_BYTES_MAX, HUB_ORDERS_PER_TURN};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Mail {
    orders: VecDeque<HubOrder>,
    bytes: usize,
}

impl Mail {
    /// Puts an order to the others; one of the same kind by the same participant gives way. Handed back if there is no place.
    pub(super) fn push(&mut self, order: HubOrder) -> Result<(), Box<HubOrder>> {
        // Candidates are most of what comes, and replace nothing.
        let is_newest_enough = !matches!(order, HubOrder::Candidate { .. });
        let same = is_newest_enough
            .then(|| self.orders.iter().position(|waiting| replaces(&order, waiting)))
            .flatten();
        if let Some(old) = same.and_then(|at| self.orders.remove(at)) {
            self.bytes = self.bytes.saturating_sub(bytes_of(&old));
        }
        let bytes = self.bytes.saturating_add(bytes_of(&order));
        if bytes > HUB_MAIL_BYTES_MAX {
            return Err(Box::new(order));
        }
        self.bytes = bytes;
        self.orders.push_back(order);
        Ok(())
    }

    /// As many as one turn works off, oldest first; whether there are more.
    pub(super) fn take(&mut self) -> (Vec<HubOrder>, bool) {
        let count = self.orders.len().min(HUB_ORDERS_PER_TURN);
        let taken: Vec<HubOrder> = self.orders.drain(..count).collect();
        self.bytes = self.bytes.saturating_sub(taken.iter().map(bytes_of).sum());
        (taken, !self.orders.is_empty())
    }

    /// Throws away what waits for somebody.
    pub(super) fn forget(&mut self, is_theirs: impl Fn(&HubSeat) -> bool) {
        self.orders.retain(|order| !order.seat().is_some_and(&is_theirs));
        self.bytes = self.orders.iter().map(bytes_of).sum();
    }
}

/// Whether one order makes another that still waits superfluous.
fn replaces(order: &HubOrder, waiting: &HubOrder) -> bool {
    std::mem::discriminant(order) == std::mem::discriminant(waiting) && order.seat() == waiting.seat()
}

fn bytes_of(order: &HubOrder) -> usize {
    let said = match order {
        HubOrder::Offer { sdp, .. } => sdp.len(),
        HubOrder::Candidate { candidate, .. } => candidate.candidate.len(),
        HubOrder::Receive { wishes, .. } => wishes
            .muted
            .len()
            .saturating_add(wishes.video.len())
            .saturating_mul(size_of::<parlor_proto::WantedVideo>()),
        HubOrder::Leave { .. } | HubOrder::RoomEnded { .. } => 0,
    };
    said.saturating_add(size_of::<HubOrder>())
}

#[cfg(test)]
mod tests {
    use parlor_proto::{Instance, RoomId, UserId};

    use super::*;

    fn seat(who: &str) -> HubSeat {
        HubSeat { room: 1, participant: UserId::parse(who).unwrap(), stay: 1 }
    }

    fn offer(who: &str, n: u32, bytes: usize) -> HubOrder {
        HubOrder::Offer {
            seat: seat(who),
            room_id: RoomId::parse("r").unwrap(),
            instance: Instance::parse("i").unwrap(),
            attempt: 1,
            n,
            sdp: "x".repeat(bytes),
            tracks: Vec::new(),
        }
    }

    #[test]
    fn the_newest_offer_of_each_waits_and_there_is_a_bound() {
        let mut mail = Mail::default();
        for n in 1..=1_000 {
            mail.push(offer("ann", n, 200_000)).unwrap();
        }
        mail.push(offer("bob", 1, 10)).unwrap();
        let refused = mail.push(offer("cat", 7, HUB_MAIL_BYTES_MAX)).unwrap_err();
        assert!(matches!(*refused, HubOrder::Offer { n: 7, .. }));
        let (taken, has_more) = mail.take();
        assert!(
            matches!(&taken[..], [HubOrder::Offer { n: 1_000, .. }, HubOrder::Offer { n: 1, .. }]),
            "{taken:?}"
        );
        assert!(!has_more);
        assert_eq!(mail.bytes, 0);
    }

    #[test]
    fn what_waits_for_somebody_who_leaves_is_thrown_away() {
        let mut mail = Mail::default();
        mail.push(offer("ann", 1, 10)).unwrap();
        mail.push(offer("bob", 1, 10)).unwrap();
        mail.forget(|waiting| *waiting == seat("ann"));
        let (taken, _) = mail.take();
        assert_eq!(taken, [offer("bob", 1, 10)]);
        assert_eq!(mail.bytes, 0);
    }
}
