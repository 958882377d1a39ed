//! The look-ahead limiter (AU-2): nothing leaves it above its ceiling, and what stays below is let through as it is, only
//! later. How the gain is found lives in `gain.rs`; here is how it meets the sound.
//!
//! The ceiling holds for samples. Between two samples the wave may rise higher: by up to 3 dB for a full-scale sine at a
//! quarter of the sample rate, by tenths of a dB for voices. A ceiling of −1 dBFS leaves room for that.

use std::ops::Range;

use crate::decibels::gain_from_db;
use crate::delay::Delay;
use crate::limits::{CEILING_DB, between, sound};
use crate::sample_rate::SampleRate;

mod gain;

use gain::GainFinder;

/// How far ahead it looks, and by how much it delays: short enough to stay unheard in a conversation, long enough that
/// the gain's way down is no click.
const LOOK_AHEAD_US: u32 = 1_500;

/// Time constant of the way back up. Much faster and the gain follows the waves of a low voice; much slower and a shout
/// leaves a hole.
const RELEASE_US: u32 = 100_000;

/// Blocks are worked on in pieces of this many frames, so that the gains of one piece need no heap. It is also
/// the block of an AudioWorklet.
const PIECE_FRAMES: usize = 128;

/// A limiter for some channels that are turned down together, so that what is in the middle stays there.
#[derive(Clone, Debug)]
pub struct Limiter {
    ceiling: f32,
    delays: Box<[Delay]>,
    gain: GainFinder,
}

impl Limiter {
    /// `ceiling_db` in dBFS, brought into [`CEILING_DB`]; not a number counts as 0.
    #[must_use]
    pub fn new(rate: SampleRate, channels: usize, ceiling_db: f32) -> Self {
        let ceiling_db = if ceiling_db.is_nan() { 0.0 } else { ceiling_db };
        let ceiling =
            gain_from_db(f64::from(between(*CEILING_DB.start(), ceiling_db, *CEILING_DB.end()))) as f32;
        let gain = GainFinder::new(ceiling, rate.samples(LOOK_AHEAD_US), rate.samples(RELEASE_US));
        let delays = vec![Delay::new(gain.look_ahead_samples()); channels].into_boxed_slice();
        Self { ceiling, delays, gain }
    }

    /// By how many samples the sound leaves later than it came.
    #[must_use]
    pub fn latency_samples(&self) -> usize {
        self.gain.look_ahead_samples()
    }

    /// Limits a block in place. Channels beyond those it was made for are left as they are.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let frames = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        for from in (0..frames).step_by(PIECE_FRAMES) {
            let to = frames.min(from + PIECE_FRAMES);
            self.process_piece(channels, from..to);
        }
    }

    /// By how much it turned down at most since this was last asked, in dB; 0 when it did nothing.
    pub fn take_reduction_db(&mut self) -> f32 {
        self.gain.take_reduction_db()
    }

    fn process_piece(&mut self, channels: &mut [&mut [f32]], range: Range<usize>) {
        let mut peaks = [0.0_f32; PIECE_FRAMES];
        let mut highest = 0.0_f32;
        for (channel, delay) in channels.iter_mut().zip(&mut self.delays) {
            let Some(piece) = channel.get_mut(range.clone()) else { continue };
            for (sample, peak) in piece.iter_mut().zip(&mut peaks) {
                *sample = sound(*sample);
                let size = sample.abs();
                *peak = if size > *peak { size } else { *peak };
                highest = if size > highest { size } else { highest };
            }
            delay.process(piece);
        }
        if highest <= self.ceiling && self.gain.is_at_rest() {
            return;
        }
        let mut gains = peaks;
        for gain in gains.iter_mut().take(range.len()) {
            *gain = self.gain.next(*gain);
        }
        for channel in channels.iter_mut().take(self.delays.len()) {
            for (sample, gain) in channel.get_mut(range.clone()).into_iter().flatten().zip(&gains) {
                // Rounding may leave the product a hair above.
                *sample = between(-self.ceiling, *sample * gain, self.ceiling);
            }
        }
    }
}

#[cfg(test)]
mod tests;
