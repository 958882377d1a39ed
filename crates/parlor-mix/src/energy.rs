//! K-weighted energy of all channels, averaged over blocks of equal length: what every loudness is made of.

use crate::sample_rate::SampleRate;
use crate::weighting::KWeighting;

/// Turns sound into mean squares, one for each block.
#[derive(Clone, Debug)]
pub(crate) struct BlockEnergies {
    channels: Box<[(f64, KWeighting)]>,
    block_samples: usize,
    filled: usize,
    sum: f64,
}

impl BlockEnergies {
    /// `weights`: how much each channel counts (ITU-R BS.1770-5, table 3).
    pub(crate) fn new(rate: SampleRate, weights: &[f64], block_us: u32) -> Self {
        let channels = weights.iter().map(|weight| (*weight, KWeighting::new(rate))).collect();
        Self { channels, block_samples: rate.samples(block_us), filled: 0, sum: 0.0 }
    }

    pub(crate) fn clear(&mut self) {
        self.channels.iter_mut().for_each(|(_, weighting)| weighting.clear());
        self.filled = 0;
        self.sum = 0.0;
    }

    /// Adds sound, and gives the mean square of each block that it completes.
    pub(crate) fn add(&mut self, channels: &[&[f32]], mut on_block: impl FnMut(f64)) {
        let frames = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + self.block_samples - self.filled);
            for (channel, (weight, weighting)) in channels.iter().zip(&mut self.channels) {
                self.sum += *weight * channel.get(from..to).map_or(0.0, |piece| weighting.energy(piece));
            }
            self.filled += to - from;
            from = to;
            if self.filled == self.block_samples {
                on_block(self.sum / self.block_samples as f64);
                self.channels.iter_mut().for_each(|(_, weighting)| weighting.settle());
                self.filled = 0;
                self.sum = 0.0;
            }
        }
    }
}

/// The newest so many energies. Those before the first are silence.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    energies: Box<[f64]>,
    oldest: usize,
}

impl Window {
    pub(crate) fn new(length: usize) -> Self {
        Self { energies: vec![0.0; length].into_boxed_slice(), oldest: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.energies.fill(0.0);
        self.oldest = 0;
    }

    pub(crate) fn push(&mut self, energy: f64) {
        if let Some(oldest) = self.energies.get_mut(self.oldest) {
            *oldest = energy;
        }
        self.oldest = if self.oldest + 1 == self.energies.len() { 0 } else { self.oldest + 1 };
    }

    /// Their mean. Summed afresh: a running sum would keep the rounding of the loudest for ever.
    pub(crate) fn mean(&self) -> f64 {
        self.energies.iter().sum::<f64>() / self.energies.len() as f64
    }
}
