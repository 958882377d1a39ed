//! What was sent, until feedback tells what became of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::probes::Probe;
use crate::limits::{SENT_AGE, SENT_PACKETS_MAX};
use crate::twcc::Feedback;

/// What the receiver's clock may be off from ours until it counts as another clock, microseconds. Reference times wrap after 12 days.
const CLOCK_OFF_US: i64 = 3_600_000_000;

/// What feedback took for lost may still come, for so long: else one lost packet would keep all behind it.
const LOST_AGE: Duration = Duration::from_secs(1);

/// A packet that went out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) bytes: u16,
    /// The probe that it belongs to.
    pub(crate) probe: Option<Probe>,
    /// Feedback said that it did not come. It still may.
    pub(crate) is_lost: bool,
}

/// The packets of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Nothing where feedback told of it.
    pub(super) packets: VecDeque<Option<Sent>>,
    /// The number of the next packet.
    next: u64,
    clock: Option<Clock>,
}

/// The receiver's clock beside ours.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// The reference time of the last feedback, and what ours was when it was taken for the same moment, in microseconds since `began`.
    reference: i32,
    us: i64,
    began: Instant,
}

impl History {
    /// Takes up the numbers of another one.
    pub(crate) fn go_on_after(&mut self, last: &Self) {
        self.next = last.next;
    }

    /// The number of the packet that was sent last, as it is on the wire.
    pub(crate) const fn last(&self) -> u16 {
        self.next.wrapping_sub(1) as u16
    }

    /// Remembers a packet, and says its number.
    pub(crate) fn add(&mut self, sent: Sent) -> u16 {
        // Packets go out in heaps: nothing became older since the last one.
        let is_heap = self.packets.back().is_some_and(|last| last.is_some_and(|last| last.at == sent.at));
        let is_old = |oldest: &Option<Sent>| {
            oldest.is_none_or(|oldest| {
                let age = if oldest.is_lost { LOST_AGE } else { SENT_AGE };
                sent.at.saturating_duration_since(oldest.at) > age
            })
        };
        while self.packets.len() >= SENT_PACKETS_MAX || (!is_heap && self.packets.front().is_some_and(is_old))
        {
            self.packets.pop_front();
        }
        let number = self.next as u16;
        self.packets.push_back(Some(sent));
        self.next = self.next.wrapping_add(1);
        number
    }

    /// Goes through what feedback says that was not known: by number, what was sent, and for those that came when they did, in
    /// microseconds as if our clock had been there and the way had taken no time at first. Returns how many came and how many are lost.
    pub(crate) fn learn(
        &mut self,
        now: Instant,
        feedback: &Feedback<'_>,
        mut each: impl FnMut(u64, &Sent, Option<i64>),
    ) -> (u64, u64) {
        let (mut came, mut lost) = (0_u64, 0_u64);
        let Some(last) = self.next.checked_sub(1) else { return (0, 0) };
        let oldest = self.next.saturating_sub(self.packets.len() as u64);
        let mut reference_us = None;
        for (seq, arrived_us) in feedback.packets() {
            // What is not before the last one sent was before the numbers wrapped, and is forgotten.
            let Some(number) = last.checked_sub(u64::from((last as u16).wrapping_sub(seq))) else { continue };
            let Some(place) = number.checked_sub(oldest).and_then(|place| usize::try_from(place).ok()) else {
                continue;
            };
            let Some(entry) = self.packets.get_mut(place) else { continue };
            let Some(sent) = entry.as_mut() else { continue };
            if now.saturating_duration_since(sent.at) > SENT_AGE {
                continue;
            }
            let Some(arrived_us) = arrived_us else {
                if !sent.is_lost {
                    sent.is_lost = true;
                    lost = lost.saturating_add(1);
                    each(number, sent, None);
                }
                continue;
            };
            let reference_us =
                *reference_us.get_or_insert_with(|| Clock::set(&mut self.clock, now, feedback));
            came = came.saturating_add(1);
            each(number, sent, Some(arrived_us.saturating_add(reference_us)));
            *entry = None;
        }
        (came, lost)
    }
}

impl Clock {
    /// What a feedback's reference time is on our clock.
    fn set(clock: &mut Option<Self>, now: Instant, feedback: &Feedback<'_>) -> i64 {
        let set = clock.get_or_insert(Self { reference: feedback.reference(), us: 0, began: now });
        let ours_us = i64::try_from(now.saturating_duration_since(set.began).as_micros()).unwrap_or(i64::MAX);
        set.us = set.us.saturating_add(feedback.since_us(set.reference));
        set.reference = feedback.reference();
        if set.us.saturating_sub(ours_us).unsigned_abs() > CLOCK_OFF_US.unsigned_abs() {
            set.us = ours_us;
        }
        set.us
    }
}
