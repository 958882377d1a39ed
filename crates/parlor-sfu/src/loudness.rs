//! How loud one producer is, from the levels in its packets (RFC 6464), smoothed so that a cough is no turn to speak.

use std::time::{Duration, Instant};

/// The loudest and the quietest level are so many decibels apart.
const RANGE_DB: f32 = 127.0;
/// Louder than −50 dBov is speech.
const SPEECH: f32 = RANGE_DB - 50.0;
/// How much of the way to a louder level one packet goes: 90 % in seven packets, 140 ms.
const ATTACK: f32 = 0.3;
/// How much of the way to a quieter one: half in 35 packets, 0.7 s, so that a pause for breath keeps the slot.
const RELEASE: f32 = 0.02;
/// How much of the way to silence in a tick without packets (DTX).
const RELEASE_TICK: f32 = 0.1;
const SILENT_AFTER: Duration = Duration::from_millis(150);

/// Smoothed loudness, from 0 (silence) to 127.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loudness {
    score: f32,
    heard_at: Option<Instant>,
}

impl Loudness {
    /// A packet with a level in dBov, −127 to 0. One without counts as speech at full level.
    pub(crate) fn on_packet(&mut self, now: Instant, level_dbov: Option<i8>) {
        self.heard_at = Some(now);
        let level = level_dbov.map_or(RANGE_DB, |level| (RANGE_DB + f32::from(level)).clamp(0.0, RANGE_DB));
        let part = if level > self.score { ATTACK } else { RELEASE };
        self.score += (level - self.score) * part;
    }

    /// Time passed, one tick of it.
    pub(crate) fn on_tick(&mut self, now: Instant) {
        if self.heard_at.is_none_or(|at| now.saturating_duration_since(at) > SILENT_AFTER) {
            self.score -= self.score * RELEASE_TICK;
        }
    }

    pub(crate) const fn score(self) -> f32 {
        self.score
    }

    pub(crate) fn is_speech(self) -> bool {
        self.score > SPEECH
    }

    /// Whether this is clearly louder than another, so that it may take its place.
    pub(crate) fn beats(self, other: Self) -> bool {
        /// Two voices this close are as loud as each other.
        const MARGIN_DB: f32 = 8.0;
        self.is_speech() && self.score > other.score + MARGIN_DB
    }
}
