//! The program bus: the sum of all, and for each the sum without themselves (AU-4).
//!
//! Mix-minus is a subtraction, not a sum of its own: with N inputs a tick costs N additions and at most N subtractions,
//! where N sums would cost N². What is subtracted is what was added, behind its gain, so all that remains of one's own voice
//! is the rounding of the sum. Limiters come after this; one before it would leave the own voice in the difference.

use std::collections::BTreeMap;

use crate::glide::Glide;
use crate::limits::sound;

/// One input of a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputId(u64);

#[derive(Clone, Debug)]
struct Input {
    /// What it gave to the sum in this tick.
    given: Box<[f32]>,
    has_given: bool,
    gain: Glide,
}

/// Adds up inputs, tick by tick. A tick is a fixed number of samples; of several channels one bus each, or interleaved.
#[derive(Clone, Debug)]
pub struct ProgramBus {
    sum: Box<[f32]>,
    inputs: BTreeMap<InputId, Input>,
    last_id: u64,
}

impl ProgramBus {
    /// A bus without inputs.
    #[must_use]
    pub fn new(tick_samples: usize) -> Self {
        Self { sum: vec![0.0; tick_samples].into_boxed_slice(), inputs: BTreeMap::new(), last_id: 0 }
    }

    /// Adds an input of unity gain. (The only thing here that allocates.)
    pub fn add_input(&mut self) -> InputId {
        self.last_id += 1;
        let id = InputId(self.last_id);
        let given = vec![0.0; self.sum.len()].into_boxed_slice();
        let gain = Glide::new(1.0, self.sum.len());
        self.inputs.insert(id, Input { given, has_given: false, gain });
        id
    }

    /// Takes an input away. What it has given to the present tick stays in the sum.
    pub fn remove_input(&mut self, id: InputId) {
        self.inputs.remove(&id);
    }

    /// An input's gain as a factor; it glides there within a tick.
    pub fn set_gain(&mut self, id: InputId, gain: f32) {
        if let Some(input) = self.inputs.get_mut(&id) {
            input.gain.set(gain);
        }
    }

    /// Begins the next tick: silence, until inputs give something.
    pub fn begin(&mut self) {
        self.sum.fill(0.0);
        self.inputs.values_mut().for_each(|input| input.has_given = false);
    }

    /// Adds an input's samples of this tick to the sum; where they end early, silence follows. Of an input that has
    /// given already, or isn't there, nothing is taken.
    pub fn give(&mut self, id: InputId, samples: &[f32]) {
        let Some(input) = self.inputs.get_mut(&id).filter(|input| !input.has_given) else { return };
        input.has_given = true;
        let (filled, rest) = input.given.split_at_mut(samples.len().min(input.given.len()));
        for (given, sample) in filled.iter_mut().zip(samples) {
            *given = sound(*sample);
        }
        rest.fill(0.0);
        input.gain.apply_one(&mut input.given);
        for (sum, given) in self.sum.iter_mut().zip(&input.given) {
            *sum += given;
        }
    }

    /// The sum of this tick.
    #[must_use]
    pub fn program(&self) -> &[f32] {
        &self.sum
    }

    /// Writes the sum without what this input gave to it.
    pub fn write_minus(&self, id: InputId, out: &mut [f32]) {
        match self.inputs.get(&id).filter(|input| input.has_given) {
            Some(input) => {
                for ((out, sum), given) in out.iter_mut().zip(&self.sum).zip(&input.given) {
                    *out = sum - given;
                }
            }
            None => out.iter_mut().zip(&self.sum).for_each(|(out, sum)| *out = *sum),
        }
    }
}

#[cfg(test)]
mod tests;
