//! K-weighting: the two filters of ITU-R BS.1770-5, Annex 1, for any sample rate.
//!
//! The standard gives coefficients for 48 kHz only. They are bilinear transforms of two analogue filters: a high shelf
//! (the head) and a high-pass (RLB). With the corner frequency, quality and gain of those, the same transform gives the
//! coefficients for every rate; a test holds the ones for 48 kHz against the standard's table.

use std::f64::consts::PI;

use crate::limits::sound;
use crate::sample_rate::SampleRate;

const SHELF_HZ: f64 = 1_681.974_450_955_533;
const SHELF_QUALITY: f64 = 0.707_175_236_955_419_6;
const SHELF_DB: f64 = 3.999_843_853_973_347;
/// The shelf's gain at its corner, as an exponent of its gain.
const SHELF_CORNER: f64 = 0.499_666_774_154_541_6;
const HIGH_PASS_HZ: f64 = 38.135_470_876_024_44;
const HIGH_PASS_QUALITY: f64 = 0.500_327_037_323_877_3;

/// Below this a filter's memory is set to zero: far under 24 bits, far above the numbers so small that processors
/// slow down.
const TINY: f64 = 1e-25;

/// Both filters for one channel.
#[derive(Clone, Debug)]
pub(crate) struct KWeighting {
    shelf: Biquad,
    high_pass: Biquad,
}

impl KWeighting {
    pub(crate) fn new(rate: SampleRate) -> Self {
        Self { shelf: Biquad::shelf(rate), high_pass: Biquad::high_pass(rate) }
    }

    pub(crate) fn clear(&mut self) {
        self.shelf.memory = [0.0; 2];
        self.high_pass.memory = [0.0; 2];
    }

    /// The sum of the squares of the weighted samples.
    pub(crate) fn energy(&mut self, samples: &[f32]) -> f64 {
        let mut energy = 0.0;
        for sample in samples {
            let weighted = self.high_pass.next(self.shelf.next(f64::from(sound(*sample))));
            energy += weighted * weighted;
        }
        energy
    }

    /// Lets what is left of a sound long gone be silence.
    pub(crate) fn settle(&mut self) {
        self.shelf.settle();
        self.high_pass.settle();
    }
}

/// A second-order filter, transposed direct form II.
#[derive(Clone, Debug)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    memory: [f64; 2],
}

impl Biquad {
    fn shelf(rate: SampleRate) -> Self {
        let k = (PI * SHELF_HZ / f64::from(rate.hz())).tan();
        let high = 10_f64.powf(SHELF_DB / 20.0);
        let corner = high.powf(SHELF_CORNER);
        let k_q = k / SHELF_QUALITY;
        let (high_k, corner_k) = (k * k + high, corner * k_q);
        Self::new([high_k + corner_k, 2.0 * (k * k - high), high_k - corner_k], k, k_q, 1.0 + k_q + k * k)
    }

    /// The standard leaves the numerator at 1, −2, 1 whatever the rate.
    fn high_pass(rate: SampleRate) -> Self {
        let k = (PI * HIGH_PASS_HZ / f64::from(rate.hz())).tan();
        let a0 = 1.0 + k / HIGH_PASS_QUALITY + k * k;
        Self::new([a0, -2.0 * a0, a0], k, k / HIGH_PASS_QUALITY, a0)
    }

    fn new(b: [f64; 3], k: f64, k_q: f64, a0: f64) -> Self {
        let a = [2.0 * (k * k - 1.0) / a0, (1.0 - k_q + k * k) / a0];
        Self { b: b.map(|factor| factor / a0), a, memory: [0.0; 2] }
    }

    fn next(&mut self, x: f64) -> f64 {
        let ([b0, b1, b2], [a1, a2], [m1, m2]) = (self.b, self.a, self.memory);
        let y = b0 * x + m1;
        self.memory = [b1 * x - a1 * y + m2, b2 * x - a2 * y];
        y
    }

    fn settle(&mut self) {
        if self.memory.iter().all(|value| value.abs() < TINY) {
            self.memory = [0.0; 2];
        }
    }
}

#[cfg(test)]
mod tests;
