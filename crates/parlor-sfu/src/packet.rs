//! One packet on its way from a producer to its consumers.

use std::sync::Arc;
use std::time::Instant;

use parlor_proto::Kind;
use str0m::rtp::VideoOrientation;

use crate::codec::{Codec, Picture};
use crate::slot::ProducerId;

/// A packet as all consumers of its producer get to see it. The payload is shared.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) producer: ProducerId,
    pub(crate) kind: Kind,
    pub(crate) layer: usize,
    pub(crate) codec: Codec,
    /// Extended by its rollovers.
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) received_at: Instant,
    pub(crate) payload: Arc<[u8]>,
    pub(crate) picture: Picture,
    pub(crate) audio_level: Option<i8>,
    pub(crate) voice_activity: Option<bool>,
    pub(crate) video_orientation: Option<VideoOrientation>,
}
