//! The leveller: brings one voice slowly to a loudness, as a hand on the fader would.
//!
//! It listens before its own gain, and only while there is something to hear: silence, breath and a fan neither count nor
//! are turned up. What it heard in the last few seconds of speech decides where the gain should be, and the gain goes
//! there at a pace that is not heard as movement.

use crate::decibels::{gain_from_db, lufs_from_energy};
use crate::energy::{BlockEnergies, Window};
use crate::glide::Glide;
use crate::limits::{LEVELLING_DB_MAX, TARGET_LUFS, between};
use crate::sample_rate::SampleRate;

/// It looks and decides this often.
const STEP_US: u32 = 100_000;
/// What is looked at, in steps: 400 ms, as momentary loudness is.
const MOMENTARY_STEPS: usize = 4;
/// Below this is nobody speaking, in LUFS.
const SILENCE_LUFS: f64 = -55.0;
/// So much below the voice is a pause in it, in LU.
const PAUSE_LU: f64 = 10.0;
/// A pause that goes on for so many steps (5 s) is no pause but a voice that has become softer.
const PAUSE_STEPS_MAX: u32 = 50;
/// The voice's loudness is its mean over about so many steps (5 s) of speech.
const VOICE_STEPS: u32 = 50;
/// A voice is believed after so many steps: words, not a cough.
const VOICE_STEPS_MIN: u32 = 5;
/// Pace upwards, downwards, and back to unity when switched off, in dB a step.
const UP_DB: f64 = 0.15;
const DOWN_DB: f64 = 0.3;
const OFF_DB: f64 = 2.4;

/// One participant's leveller. Off, it is exactly unity.
#[derive(Clone, Debug)]
pub struct Leveller {
    energies: BlockEnergies,
    recent: Window,
    voice: Voice,
    target_lufs: f64,
    is_on: bool,
    gain_db: f64,
    glide: Glide,
}

impl Leveller {
    /// Switched off. `channels` are measured as they are heard: two count for more than one.
    #[must_use]
    pub fn new(rate: SampleRate, channels: usize, target_lufs: f64) -> Self {
        let mut leveller = Self {
            energies: BlockEnergies::new(rate, &vec![1.0; channels], STEP_US),
            recent: Window::new(MOMENTARY_STEPS),
            voice: Voice::default(),
            target_lufs: *TARGET_LUFS.end(),
            is_on: false,
            gain_db: 0.0,
            glide: Glide::new(1.0, rate.samples(STEP_US)),
        };
        leveller.set_target_lufs(target_lufs);
        leveller
    }

    /// Where to bring the voice, brought into [`TARGET_LUFS`]; not a number changes nothing.
    pub fn set_target_lufs(&mut self, target_lufs: f64) {
        if !target_lufs.is_nan() {
            self.target_lufs = between(*TARGET_LUFS.start(), target_lufs, *TARGET_LUFS.end());
        }
    }

    /// Switched off it goes back to unity within half a second, and keeps listening.
    pub fn set_on(&mut self, is_on: bool) {
        self.is_on = is_on;
    }

    /// The gain it has now, or is on its way to within 100 ms, in dB.
    #[must_use]
    pub fn gain_db(&self) -> f64 {
        self.gain_db
    }

    /// Levels a block in place.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        // The gain changes at the end of a step; that a block may reach a few milliseconds beyond it is not heard.
        let Self { energies, recent, voice, .. } = self;
        let mut steps = 0;
        let heard: &[&[f32]] = match &*channels {
            [] => &[],
            [one] => &[&**one],
            [one, two, ..] => &[&**one, &**two],
        };
        energies.add(heard, |energy| {
            recent.push(energy);
            voice.hear(recent.mean());
            steps += 1;
        });
        for _ in 0..steps {
            self.step();
        }
        self.glide.apply(channels.iter_mut().map(|channel| &mut **channel));
    }

    fn step(&mut self) {
        let wanted_db = match self.voice.lufs() {
            _ if !self.is_on => 0.0,
            Some(lufs) => between(-LEVELLING_DB_MAX, self.target_lufs - lufs, LEVELLING_DB_MAX),
            None => self.gain_db,
        };
        let (down_db, up_db) = if self.is_on { (DOWN_DB, UP_DB) } else { (OFF_DB, OFF_DB) };
        let way_db = wanted_db - self.gain_db;
        self.gain_db += between(-down_db, way_db, up_db);
        self.glide.set(gain_from_db(self.gain_db) as f32);
    }
}

/// How loud somebody speaks, pauses left out.
#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    energy: f64,
    /// Steps of speech in it, up to [`VOICE_STEPS`].
    steps: u32,
    pause_steps: u32,
}

impl Voice {
    fn hear(&mut self, energy: f64) {
        let lufs = lufs_from_energy(energy);
        if lufs < SILENCE_LUFS {
            return;
        }
        if self.steps > 0 && lufs < lufs_from_energy(self.energy) - PAUSE_LU {
            self.pause_steps += 1;
            if self.pause_steps < PAUSE_STEPS_MAX {
                return;
            }
            self.steps = 0;
            self.energy = 0.0;
        }
        self.pause_steps = 0;
        self.steps = (self.steps + 1).min(VOICE_STEPS);
        self.energy += (energy - self.energy) / f64::from(self.steps);
    }

    /// `None` until enough has been heard.
    fn lufs(&self) -> Option<f64> {
        (self.steps >= VOICE_STEPS_MIN).then(|| lufs_from_energy(self.energy))
    }
}

#[cfg(test)]
mod tests;
