//! A producer: one track that a participant sends, with its layers. Where it goes is a list of consumers here; what a consumer
//! makes of it is in `slot`.

use std::time::{Duration, Instant};

use parlor_proto::{Kind, Source, UserId};
use str0m::media::{Mid, Rid};

use crate::limits::{KEY_FRAME_INTERVAL, LAYER_IDLE, PRODUCER_IDLE};
use crate::loudness::Loudness;
use crate::transports::TransportKey;

/// Which slot of which transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConsumerRef {
    pub(crate) transport: TransportKey,
    pub(crate) slot: usize,
}

/// One track that somebody sends.
#[derive(Debug)]
pub(crate) struct Producer {
    pub(crate) transport: TransportKey,
    pub(crate) participant: UserId,
    pub(crate) source: Source,
    pub(crate) kind: Kind,
    pub(crate) mid: Mid,
    /// In the order of the offer; one without a rid where there is no simulcast.
    pub(crate) layers: Vec<Layer>,
    pub(crate) consumers: Vec<ConsumerRef>,
    pub(crate) loudness: Loudness,
    heard_at: Option<Instant>,
}

/// One encoding of a track.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) rid: Option<Rid>,
    pub(crate) height: Option<u16>,
    rate: Rate,
    heard_at: Option<Instant>,
    key_frame_asked_at: Option<Instant>,
    is_key_frame_wanted: bool,
}

impl Producer {
    pub(crate) fn new(
        transport: TransportKey,
        participant: UserId,
        source: Source,
        kind: Kind,
        mid: Mid,
        rids: &[String],
    ) -> Self {
        let rids: Vec<Option<Rid>> = if rids.is_empty() {
            vec![None]
        } else {
            rids.iter().map(|rid| Some(Rid::from(rid.as_str()))).collect()
        };
        Self {
            transport,
            participant,
            source,
            kind,
            mid,
            layers: rids.into_iter().map(Layer::new).collect(),
            consumers: Vec::new(),
            loudness: Loudness::default(),
            heard_at: None,
        }
    }

    /// Whether anything has come of it lately.
    pub(crate) fn is_flowing(&self, now: Instant) -> bool {
        self.heard_at.is_some_and(|at| now.saturating_duration_since(at) <= PRODUCER_IDLE)
    }

    /// A packet came; true if none had come for long.
    pub(crate) fn on_packet(
        &mut self,
        now: Instant,
        layer: usize,
        bytes: usize,
        height: Option<u16>,
    ) -> bool {
        let has_begun = !self.is_flowing(now);
        self.heard_at = Some(now);
        if let Some(layer) = self.layers.get_mut(layer) {
            layer.heard_at = Some(now);
            layer.rate.add(now, bytes);
            layer.height = height.or(layer.height);
        }
        has_begun
    }

    pub(crate) fn layer_with(&self, rid: Option<Rid>) -> Option<usize> {
        self.layers.iter().position(|layer| layer.rid == rid)
    }

    /// Its layers that send, the smallest first: by height where both are known, else by bit rate.
    pub(crate) fn layers_by_size(&self, now: Instant) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.layers.len()).collect();
        order.retain(|index| self.layers.get(*index).is_some_and(|layer| layer.is_flowing(now)));
        order.sort_by_key(|index| {
            let layer = self.layers.get(*index);
            (layer.and_then(|layer| layer.height), layer.map(|layer| layer.rate_bps(now)))
        });
        order
    }

    /// Bits per second of one layer.
    pub(crate) fn rate_bps(&self, now: Instant, layer: usize) -> u64 {
        self.layers.get(layer).map_or(0, |layer| layer.rate_bps(now))
    }
}

impl Layer {
    fn new(rid: Option<Rid>) -> Self {
        Self {
            rid,
            height: None,
            rate: Rate::default(),
            heard_at: None,
            key_frame_asked_at: None,
            is_key_frame_wanted: false,
        }
    }

    pub(crate) fn is_flowing(&self, now: Instant) -> bool {
        self.heard_at.is_some_and(|at| now.saturating_duration_since(at) <= LAYER_IDLE)
    }

    fn rate_bps(&self, now: Instant) -> u64 {
        self.rate.bps(now)
    }

    /// Someone wants a key frame.
    pub(crate) const fn want_key_frame(&mut self) {
        self.is_key_frame_wanted = true;
    }

    /// A key frame came, whoever asked for it.
    pub(crate) const fn on_key_frame(&mut self) {
        self.is_key_frame_wanted = false;
    }

    /// Whether to ask for one now; says so no more often than every [`KEY_FRAME_INTERVAL`].
    pub(crate) fn take_key_frame_request(&mut self, now: Instant) -> bool {
        let may_ask =
            self.key_frame_asked_at.is_none_or(|at| now.saturating_duration_since(at) >= KEY_FRAME_INTERVAL);
        if !self.is_key_frame_wanted || !may_ask {
            return false;
        }
        self.is_key_frame_wanted = false;
        self.key_frame_asked_at = Some(now);
        true
    }
}

/// A bit rate over the last window that is complete.
#[derive(Debug, Default)]
struct Rate {
    window: Option<Instant>,
    bytes: u64,
    last_bps: u64,
}

impl Rate {
    const WINDOW: Duration = Duration::from_millis(500);

    fn add(&mut self, now: Instant, bytes: usize) {
        let begun = *self.window.get_or_insert(now);
        let passed = now.saturating_duration_since(begun);
        if passed >= Self::WINDOW {
            self.last_bps = per_second(self.bytes, passed);
            self.bytes = 0;
            self.window = Some(now);
        }
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    fn bps(&self, now: Instant) -> u64 {
        let passed = self.window.map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
        if self.last_bps == 0 && passed > Self::WINDOW / 5 {
            per_second(self.bytes, passed)
        } else {
            self.last_bps
        }
    }
}

fn per_second(bytes: u64, passed: Duration) -> u64 {
    let ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
    bytes.saturating_mul(8_000) / ms
}
