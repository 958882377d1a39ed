//! Samples that wait: a delay line that is fed by the block.

/// A delay of a fixed number of samples.
#[derive(Clone, Debug)]
pub(crate) struct Delay {
    /// Oldest first.
    waiting: Box<[f32]>,
}

impl Delay {
    pub(crate) fn new(samples: usize) -> Self {
        Self { waiting: vec![0.0; samples].into_boxed_slice() }
    }

    /// Takes a block in and puts what is due in its place.
    pub(crate) fn process(&mut self, block: &mut [f32]) {
        let delay = self.waiting.len();
        if let Some(passing) = block.len().checked_sub(delay) {
            // The newest come to the front of the block, and there change places with those that waited.
            block.rotate_left(passing);
            if let Some(newest) = block.get_mut(..delay) {
                newest.swap_with_slice(&mut self.waiting);
            }
        } else {
            self.waiting.rotate_left(block.len());
            if let Some(due) = self.waiting.get_mut(delay - block.len()..) {
                due.swap_with_slice(block);
            }
        }
    }
}
