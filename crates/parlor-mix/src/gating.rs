//! Integrated loudness: the mean of everything that counts as foreground (ITU-R BS.1770-5, Annex 1, equations 3 to 7).
//!
//! The second gate lies 10 LU below the mean of what passed the first, so it can move with every block, and all blocks have to
//! be kept. They are kept as a histogram: a tenth of an LU wide, each with the number and the exact sum of its energies.
//! So a year takes no more memory than a minute, and only blocks within a tenth of an LU of the gate can be on the wrong side.

use crate::decibels::{energy_from_lufs, lufs_from_energy};

/// The first gate, in LUFS.
const ABSOLUTE_LUFS: f64 = -70.0;
/// The second gate, below the mean of what passed the first, in LU.
const RELATIVE_LU: f64 = -10.0;
const BINS_PER_LU: f64 = 10.0;
/// From the first gate up to +10 LUFS; what is louder counts into the last.
const BINS: usize = 800;

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    blocks: u64,
    energy: f64,
}

impl Bin {
    fn mean(self) -> f64 {
        if self.blocks == 0 { 0.0 } else { self.energy / self.blocks as f64 }
    }

    fn and(self, other: Self) -> Self {
        Self { blocks: self.blocks + other.blocks, energy: self.energy + other.energy }
    }
}

/// The blocks so far.
#[derive(Clone, Debug)]
pub(crate) struct Gating {
    bins: Box<[Bin]>,
}

impl Gating {
    pub(crate) fn new() -> Self {
        Self { bins: vec![Bin::default(); BINS].into_boxed_slice() }
    }

    pub(crate) fn clear(&mut self) {
        self.bins.fill(Bin::default());
    }

    /// Adds the energy of a block of 400 ms; they overlap by three quarters.
    pub(crate) fn add(&mut self, energy: f64) {
        let above_gate = lufs_from_energy(energy) - ABSOLUTE_LUFS;
        // The standard's gate lets through what is above it.
        if above_gate > 0.0 {
            let bin = ((above_gate * BINS_PER_LU) as usize).min(BINS - 1);
            if let Some(bin) = self.bins.get_mut(bin) {
                *bin = bin.and(Bin { blocks: 1, energy });
            }
        }
    }

    /// In LUFS; `-inf` if nothing has passed the first gate.
    pub(crate) fn integrated(&self) -> f64 {
        let all = self.bins.iter().fold(Bin::default(), |sum, bin| sum.and(*bin));
        let gate = energy_from_lufs(lufs_from_energy(all.mean()) + RELATIVE_LU);
        let loud = self.bins.iter().filter(|bin| bin.mean() > gate);
        lufs_from_energy(loud.fold(Bin::default(), |sum, bin| sum.and(*bin)).mean())
    }
}
