//! A gain that never jumps: steps in a gain are clicks.

/// A gain on its way, in a straight line, to where it should be.
#[derive(Clone, Copy, Debug)]
pub struct Glide {
    now: f32,
    target: f32,
    step: f32,
    samples_left: usize,
    samples: usize,
}

impl Glide {
    /// At rest at `gain`; each change will take `samples`.
    #[must_use]
    pub fn new(gain: f32, samples: usize) -> Self {
        Self { now: gain, target: gain, step: 0.0, samples_left: 0, samples: samples.max(1) }
    }

    /// Sets out for another gain; what is not finite changes nothing.
    pub fn set(&mut self, gain: f32) {
        if !gain.is_finite() || gain == self.target {
            return;
        }
        self.target = gain;
        self.step = (gain - self.now) / self.samples as f32;
        self.samples_left = self.samples;
    }

    /// The gain of the sample that comes next.
    #[must_use]
    pub fn now(&self) -> f32 {
        self.now
    }

    /// Multiplies each channel by the same gliding gain.
    pub fn apply<'a>(&mut self, channels: impl Iterator<Item = &'a mut [f32]>) {
        let start = *self;
        for channel in channels {
            *self = start;
            self.apply_one(channel);
        }
    }

    /// Multiplies a block by the gain, sample by sample on the way and at once where it rests.
    pub fn apply_one(&mut self, block: &mut [f32]) {
        let (moving, resting) = block.split_at_mut(self.samples_left.min(block.len()));
        for sample in &mut *moving {
            self.now += self.step;
            *sample *= self.now;
        }
        self.samples_left -= moving.len();
        if self.samples_left > 0 {
            return;
        }
        self.now = self.target;
        if self.now != 1.0 {
            for sample in resting {
                *sample *= self.now;
            }
        }
    }
}
