//! The loudness meter (AU-3): momentary, short-term and integrated loudness and true peak, as EBU Tech 3341 wants them
//! of an "EBU Mode" meter.

use crate::decibels::{db_from_gain, lufs_from_energy};
use crate::energy::{BlockEnergies, Window};
use crate::gating::Gating;
use crate::sample_rate::SampleRate;
use crate::true_peak::TruePeak;

/// Windows move in these steps: a tone of 400 ms is then read right wherever it begins.
const STEP_US: u32 = 10_000;
const MOMENTARY_STEPS: usize = 40;
const SHORT_TERM_STEPS: usize = 300;
/// Gating blocks begin every 100 ms (ITU-R BS.1770-5: 400 ms that overlap by 75 %).
const GATING_STEPS: usize = 10;

/// Which channels there are, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One channel.
    Mono,
    /// Left, right.
    Stereo,
    /// Left, right, centre, left surround, right surround.
    Surround5,
}

impl Layout {
    /// How much each channel counts (ITU-R BS.1770-5, table 3).
    const fn weights(self) -> &'static [f64] {
        match self {
            Self::Mono => &[1.0],
            Self::Stereo => &[1.0, 1.0],
            Self::Surround5 => &[1.0, 1.0, 1.0, 1.41, 1.41],
        }
    }
}

/// What the meter reads. Silence is `-inf`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Of the newest 400 ms, in LUFS; not gated.
    pub momentary: f64,
    /// Of the newest 3 s, in LUFS; not gated.
    pub short_term: f64,
    /// Of everything since the beginning, gated, in LUFS.
    pub integrated: f64,
    /// The highest since the beginning, in dBTP.
    pub true_peak: f64,
}

/// Measures a programme. Its memory does not grow with time.
#[derive(Clone, Debug)]
pub struct LoudnessMeter {
    energies: BlockEnergies,
    momentary: Window,
    short_term: Window,
    /// Steps so far, up to the first whole gating block; after that in circles of a gating block's distance.
    steps: usize,
    gating: Gating,
    true_peaks: Box<[TruePeak]>,
}

impl LoudnessMeter {
    /// A meter that has heard nothing.
    #[must_use]
    pub fn new(rate: SampleRate, layout: Layout) -> Self {
        Self {
            energies: BlockEnergies::new(rate, layout.weights(), STEP_US),
            momentary: Window::new(MOMENTARY_STEPS),
            short_term: Window::new(SHORT_TERM_STEPS),
            steps: 0,
            gating: Gating::new(),
            true_peaks: vec![TruePeak::new(); layout.weights().len()].into_boxed_slice(),
        }
    }

    /// Hears a block. Channels that are missing are silent, channels beyond the layout don't count.
    pub fn add(&mut self, channels: &[&[f32]]) {
        for (channel, true_peak) in channels.iter().zip(&mut self.true_peaks) {
            true_peak.add(channel);
        }
        let Self { energies, momentary, short_term, steps, gating, .. } = self;
        energies.add(channels, |energy| {
            momentary.push(energy);
            short_term.push(energy);
            *steps += 1;
            if *steps == MOMENTARY_STEPS {
                gating.add(momentary.mean());
                *steps -= GATING_STEPS;
            }
        });
    }

    /// What it reads now.
    #[must_use]
    pub fn loudness(&self) -> Loudness {
        let highest = self.true_peaks.iter().map(TruePeak::highest).fold(0.0, f32::max);
        Loudness {
            momentary: lufs_from_energy(self.momentary.mean()),
            short_term: lufs_from_energy(self.short_term.mean()),
            integrated: self.gating.integrated(),
            true_peak: db_from_gain(f64::from(highest)),
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.energies.clear();
        self.momentary.clear();
        self.short_term.clear();
        self.steps = 0;
        self.gating.clear();
        self.true_peaks.iter_mut().for_each(TruePeak::clear);
    }
}

#[cfg(test)]
mod tests;
