//! True peak: how high the wave rises between the samples (ITU-R BS.1770-5, Annex 2).
//!
//! The signal is looked at four times as densely, through an interpolating filter of 24 taps for each place between two
//! samples. The 12 taps that the standard gives as an example misjudge sines by −0.2 to +0.2 dB, and by −1 dB at 21 kHz;
//! these stay within 0.05 dB up to 20 kHz. (A sine whose top lies between two of the places looked at can still read up to 0.69 dB low
//! near half the sample rate, 0.17 dB at a quarter: that is the price of four times.)

use std::f64::consts::PI;

use crate::limits::sound;

const PLACES: usize = 3;
const TAPS: usize = 24;
/// Shape of the Kaiser window.
const KAISER_BETA: f64 = 5.0;
const PIECE_SAMPLES: usize = 128;

/// The highest peak of one channel.
#[derive(Clone, Debug)]
pub(crate) struct TruePeak {
    filter: Box<Interpolator>,
    /// What the filter has still to see, and room for what comes.
    samples: [f32; TAPS - 1 + PIECE_SAMPLES],
    highest: f32,
}

impl TruePeak {
    pub(crate) fn new() -> Self {
        Self { filter: Box::new(Interpolator::new()), samples: [0.0; TAPS - 1 + PIECE_SAMPLES], highest: 0.0 }
    }

    pub(crate) fn clear(&mut self) {
        self.samples.fill(0.0);
        self.highest = 0.0;
    }

    /// An amplitude, since the beginning.
    pub(crate) fn highest(&self) -> f32 {
        self.highest
    }

    pub(crate) fn add(&mut self, block: &[f32]) {
        for piece in block.chunks(PIECE_SAMPLES) {
            for (room, sample) in self.samples.iter_mut().skip(TAPS - 1).zip(piece) {
                *room = sound(*sample);
            }
            let seen = self.samples.get(..TAPS - 1 + piece.len()).unwrap_or_default();
            let highest = seen
                .iter()
                .fold(0.0_f32, |high, sample| if sample.abs() > high { sample.abs() } else { high });
            self.highest = self.highest.max(highest);
            // No place between them can lie higher than this, so most pieces need no filter.
            if highest * self.filter.gain_max > self.highest {
                self.highest = self.highest.max(self.filter.highest(seen));
            }
            self.samples.copy_within(piece.len()..TAPS - 1 + piece.len(), 0);
        }
    }
}

/// The filters for the three places between two samples.
#[derive(Clone, Debug)]
struct Interpolator {
    taps: [[f32; TAPS]; PLACES],
    /// What the worst of all signals of amplitude 1 would give.
    gain_max: f32,
}

impl Interpolator {
    /// Windowed sinc, each place with unity gain for constants.
    fn new() -> Self {
        let middle = (TAPS / 2) as f64;
        let taps: [[f64; TAPS]; PLACES] = std::array::from_fn(|place| {
            let between = (place + 1) as f64 / (PLACES + 1) as f64;
            let taps: [f64; TAPS] = std::array::from_fn(|tap| {
                let x = tap as f64 - (middle - 1.0) - between;
                let window = bessel(KAISER_BETA * (1.0 - (x / middle).powi(2)).max(0.0).sqrt());
                (PI * x).sin() / (PI * x) * window
            });
            let sum: f64 = taps.iter().sum();
            taps.map(|tap| tap / sum)
        });
        let gain_max = taps.iter().map(|taps| taps.iter().map(|tap| tap.abs()).sum()).fold(0.0, f64::max);
        Self { taps: taps.map(|taps| taps.map(|tap| tap as f32)), gain_max: gain_max as f32 * 1.000_1 }
    }

    /// The highest of all places between the samples of a piece with what was before it.
    fn highest(&self, samples: &[f32]) -> f32 {
        let places = (samples.len() + 1).saturating_sub(TAPS);
        let mut highest = 0.0_f32;
        for taps in &self.taps {
            // Tap by tap over all places, not place by place over all taps: that order the compiler can turn into vectors.
            let mut values = [0.0_f32; PIECE_SAMPLES];
            for (shift, tap) in taps.iter().enumerate() {
                let shifted = samples.get(shift..shift + places).unwrap_or_default();
                for (value, sample) in values.iter_mut().zip(shifted) {
                    *value += sample * tap;
                }
            }
            for value in values {
                highest = if value.abs() > highest { value.abs() } else { highest };
            }
        }
        highest
    }
}

/// The modified Bessel function of the first kind, order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-12 {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests;
