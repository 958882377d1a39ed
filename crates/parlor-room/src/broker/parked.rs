//! What waits for peers who are not there, and who is to be told when they don't come.
//!
//! Each absent id has one queue, in order of arrival. Each sender in it has one moment, 5.0 s after the first thing that it
//! sent: then what it sent is dropped, and it is told (`EXPIRE`). Everything has a bound: what is above is dropped, and its
//! sender is told all the same.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parlor_proto::{RoomId, Time};

use super::config::PeerConfig;
use super::hail::PeerId;
use crate::hash::{KeyedMap, KeyedState};
use crate::timers::{Timer, Timers};

/// A queue, for as long as the server runs; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueKey(u64);

/// Frames, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn take(&mut self, bytes: usize) {
        self.frames = self.frames.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn has_place(self, bytes: usize, max: Self) -> bool {
        self.frames < max.frames && self.bytes.saturating_add(bytes) <= max.bytes
    }
}

/// What becomes of something for a peer who is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parking {
    /// It waits.
    Kept,
    /// There is no place for it. Its sender is told at its moment.
    Dropped,
    /// There is no place even to remember its sender, who is to be told now.
    Refused,
}

/// A queue whose moment has come.
#[derive(Debug)]
pub(crate) struct Expired {
    pub(crate) room: RoomId,
    pub(crate) absent: Box<str>,
    /// Who is to be told.
    pub(crate) senders: Vec<PeerId>,
}

/// When something is to wait, by which rules, and who wakes us.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) config: &'a PeerConfig,
    pub(crate) now: Time,
    pub(crate) timers: &'a mut Timers,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Parked {
    queues: BTreeMap<QueueKey, Queue>,
    by_absent: KeyedMap<(RoomId, Box<str>), QueueKey>,
    by_sender: KeyedMap<Arc<str>, Load>,
    pub(crate) total: Load,
    /// Moments of senders, over all queues.
    moments: usize,
    last_key: u64,
}

#[derive(Debug)]
struct Queue {
    room: RoomId,
    absent: Box<str>,
    waiting: VecDeque<Waiting>,
    load: Load,
    senders: Vec<Sender>,
    armed: Option<Time>,
}

#[derive(Debug)]
struct Waiting {
    from: Arc<str>,
    text: Arc<str>,
}

#[derive(Debug)]
struct Sender {
    id: PeerId,
    expires_at: Time,
}

impl Parked {
    pub(crate) fn new(hash_key: &KeyedState) -> Self {
        Self {
            queues: BTreeMap::new(),
            by_absent: KeyedMap::with_hasher(hash_key.clone()),
            by_sender: KeyedMap::with_hasher(hash_key.clone()),
            total: Load::default(),
            moments: 0,
            last_key: 0,
        }
    }

    /// How many ids something or somebody waits for.
    pub(crate) fn queues(&self) -> usize {
        self.queues.len()
    }

    /// Sees to it that `from` is told if `absent` is not heard of in time. False if there is no place for that.
    pub(crate) fn expect(
        &mut self,
        room: &RoomId,
        absent: &str,
        from: &PeerId,
        moment: &mut Moment<'_>,
    ) -> bool {
        let config = moment.config;
        let name = (room.clone(), Box::<str>::from(absent));
        let found = self.by_absent.get(&name).copied();
        if let Some(queue) = found.and_then(|key| self.queues.get(&key))
            && queue.senders.iter().any(|sender| sender.id == *from)
        {
            return true;
        }
        let senders = found.and_then(|key| self.queues.get(&key)).map_or(0, |queue| queue.senders.len());
        if senders >= config.parked_frames_per_id_max || self.moments >= config.parked_frames_max {
            return false;
        }
        let key = found.unwrap_or_else(|| {
            self.last_key = self.last_key.saturating_add(1);
            let key = QueueKey(self.last_key);
            self.by_absent.insert(name, key);
            key
        });
        let queue = self.queues.entry(key).or_insert_with(|| Queue {
            room: room.clone(),
            absent: absent.into(),
            waiting: VecDeque::new(),
            load: Load::default(),
            senders: Vec::new(),
            armed: None,
        });
        queue.senders.push(Sender { id: from.clone(), expires_at: moment.now + config.expire_ms });
        self.moments = self.moments.saturating_add(1);
        queue.arm(key, moment.timers);
        true
    }

    /// Takes something in for a peer who is not there.
    pub(crate) fn park(
        &mut self,
        room: &RoomId,
        absent: &str,
        from: &PeerId,
        text: Arc<str>,
        moment: &mut Moment<'_>,
    ) -> Parking {
        if !self.expect(room, absent, from, moment) {
            return Parking::Refused;
        }
        let key = self.by_absent.get(&(room.clone(), Box::<str>::from(absent))).copied();
        let Some(queue) = key.and_then(|key| self.queues.get_mut(&key)) else { return Parking::Refused };
        let of_sender = self.by_sender.get(from.as_str()).copied().unwrap_or_default();
        let (config, bytes) = (moment.config, text.len());
        let has_place = queue.load.has_place(bytes, config.parked_per_id())
            && of_sender.has_place(bytes, config.parked_per_sender())
            && self.total.has_place(bytes, config.parked_in_all());
        if !has_place {
            return Parking::Dropped;
        }
        queue.load.add(bytes);
        queue.waiting.push_back(Waiting { from: from.text(), text });
        self.by_sender.entry(from.text()).or_default().add(bytes);
        self.total.add(bytes);
        Parking::Kept
    }

    /// A peer is there: what waited for it, in order. Nobody is told anything any more.
    pub(crate) fn take(&mut self, room: &RoomId, id: &str, timers: &mut Timers) -> Vec<Arc<str>> {
        let Some(key) = self.by_absent.remove(&(room.clone(), Box::<str>::from(id))) else {
            return Vec::new();
        };
        let Some(mut queue) = self.queues.remove(&key) else { return Vec::new() };
        timers.set(Timer::Parked(key), &mut queue.armed, None);
        self.moments = self.moments.saturating_sub(queue.senders.len());
        queue
            .waiting
            .into_iter()
            .map(|waiting| {
                self.forget(&waiting);
                waiting.text
            })
            .collect()
    }

    /// The moment of some senders of a queue has come.
    pub(crate) fn on_timer(&mut self, key: QueueKey, now: Time, timers: &mut Timers) -> Option<Expired> {
        let queue = self.queues.get_mut(&key)?;
        queue.armed = None;
        let (late, in_time): (Vec<Sender>, Vec<Sender>) =
            queue.senders.drain(..).partition(|sender| sender.expires_at <= now);
        queue.senders = in_time;
        self.moments = self.moments.saturating_sub(late.len());
        let is_late = |waiting: &Waiting| late.iter().any(|sender| sender.id.as_str() == &*waiting.from);
        let (dropped, kept): (VecDeque<Waiting>, VecDeque<Waiting>) =
            queue.waiting.drain(..).partition(is_late);
        queue.waiting = kept;
        for waiting in &dropped {
            queue.load.take(waiting.text.len());
        }
        queue.arm(key, timers);
        let (room, absent) = (queue.room.clone(), queue.absent.clone());
        if queue.senders.is_empty() {
            self.queues.remove(&key);
            self.by_absent.remove(&(room.clone(), absent.clone()));
        }
        for waiting in &dropped {
            self.forget(waiting);
        }
        Some(Expired { room, absent, senders: late.into_iter().map(|sender| sender.id).collect() })
    }

    /// Something waits no longer.
    fn forget(&mut self, waiting: &Waiting) {
        let bytes = waiting.text.len();
        self.total.take(bytes);
        if let Some(load) = self.by_sender.get_mut(&waiting.from) {
            load.take(bytes);
            if load.frames == 0 {
                self.by_sender.remove(&waiting.from);
            }
        }
    }
}

impl Queue {
    fn arm(&mut self, key: QueueKey, timers: &mut Timers) {
        let at = self.senders.iter().map(|sender| sender.expires_at).min();
        timers.set(Timer::Parked(key), &mut self.armed, at);
    }
}
