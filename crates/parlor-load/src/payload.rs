//! What packets carry: sizes as of Opus and VP8, and inside a stamp that says when they were sent.

use std::time::{Duration, Instant};

use crate::plan::Camera;

/// One frame of Opus.
pub(crate) const AUDIO_STEP: Duration = Duration::from_millis(20);
/// Samples of it at 48 kHz.
pub(crate) const AUDIO_SAMPLES: u32 = 960;
/// Bytes of one that speaks: 32 kbit/s.
pub(crate) const AUDIO_BYTES: usize = 80;
/// How often Opus says something in silence (DTX).
pub(crate) const SILENCE_STEP: Duration = Duration::from_millis(400);
/// What it says then: a frame without sound.
pub(crate) const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// Levels of RFC 6464, dBov.
pub(crate) const LEVEL_SPEAKING: i8 = -30;
/// The same in silence.
pub(crate) const LEVEL_SILENT: i8 = -127;
/// Between two pictures.
pub(crate) const VIDEO_STEP: Duration = Duration::from_millis(40);
/// Pictures a second.
const PICTURES_PER_SECOND: u64 = 25;
/// The same on the 90 kHz clock.
pub(crate) const VIDEO_TICKS: u32 = 3_600;
/// Bytes of a packet of a picture, at most.
const VIDEO_PACKET_BYTES: u64 = 1_100;
/// Descriptor and frame header, before the stamp.
const VIDEO_HEAD: usize = 16;

const MARK: [u8; 4] = *b"prlr";

/// When something was sent, by the clock of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since the crowd began.
    pub us: u64,
}

impl Stamp {
    /// The bytes of a stamp.
    pub const BYTES: usize = 12;

    /// Of a time, seen from the beginning of the crowd.
    #[must_use]
    pub fn of(epoch: Instant, at: Instant) -> Self {
        let us = at.saturating_duration_since(epoch).as_micros();
        Self { us: u64::try_from(us).unwrap_or(u64::MAX) }
    }

    fn write(self, payload: &mut Vec<u8>) {
        payload.extend(MARK);
        payload.extend(self.us.to_be_bytes());
    }

    /// Reads the stamp of an audio or video packet; none where none was put.
    #[must_use]
    pub fn read(payload: &[u8], is_video: bool) -> Option<Self> {
        let at = if is_video { VIDEO_HEAD } else { 0 };
        let bytes = payload.get(at..at.checked_add(Self::BYTES)?)?;
        let us = bytes.strip_prefix(&MARK)?;
        Some(Self { us: u64::from_be_bytes(us.try_into().ok()?) })
    }
}

/// A frame of somebody who speaks.
pub(crate) fn speech(stamp: Stamp) -> Vec<u8> {
    let mut payload = Vec::with_capacity(AUDIO_BYTES);
    stamp.write(&mut payload);
    payload.resize(AUDIO_BYTES, 0xaa);
    payload
}

/// The layers of a camera: name, height in pixels, bits a second.
#[must_use]
pub fn layers(camera: Camera) -> Vec<(Option<&'static str>, u16, u64)> {
    let Camera { bps, is_simulcast } = camera;
    if !is_simulcast {
        return vec![(None, 720, bps)];
    }
    // As browsers share a bit rate among three layers, a quarter of the pixels each time.
    let part = |percent: u64| bps.saturating_mul(percent) / 100;
    vec![(Some("q"), 180, part(7)), (Some("h"), 360, part(23)), (Some("f"), 720, part(70))]
}

/// One layer of pictures that look like VP8 from outside (RFC 7741): descriptor with picture id and TL0PICIDX, and the header of a
/// key frame where one is due.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    pub(crate) rid: Option<&'static str>,
    height: u16,
    bytes: u64,
    pub(crate) wants_key: bool,
    picture: u16,
    base: u8,
}

impl Pictures {
    pub(crate) fn new(rid: Option<&'static str>, height: u16, bps: u64) -> Self {
        let bytes = (bps / 8 / PICTURES_PER_SECOND).max(1);
        // Each begins elsewhere, as browsers do.
        Self { rid, height, bytes, wants_key: true, picture: height.wrapping_mul(77) & 0x7fff, base: 9 }
    }

    /// The packets of the next picture.
    pub(crate) fn next(&mut self, stamp: Stamp) -> Vec<Vec<u8>> {
        let is_key = std::mem::take(&mut self.wants_key);
        self.picture = self.picture.wrapping_add(1) & 0x7fff;
        self.base = self.base.wrapping_add(1);
        let count = self.bytes.div_ceil(VIDEO_PACKET_BYTES).max(1);
        let size = usize::try_from(self.bytes / count).unwrap_or(0);
        let packet = |index: u64| {
            let starts = if index == 0 { 0x10 } else { 0 };
            let [high, low] = self.picture.to_be_bytes();
            let mut payload = Vec::with_capacity(size.max(VIDEO_HEAD + Stamp::BYTES));
            payload.extend([0x80 | starts, 0xe0, 0x80 | high, low, self.base, 0x20]);
            let [low, high] = self.height.to_le_bytes();
            payload.extend([u8::from(!is_key), 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, low, high]);
            stamp.write(&mut payload);
            payload.resize(size.max(payload.len()), 0xaa);
            payload
        };
        (0..count).map(packet).collect()
    }
}

#[cfg(test)]
mod tests;
