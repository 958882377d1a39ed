//! The test signals of EBU Tech 3341 (version 4, table 1), made here, and what the meter reads of them. Left out are 7 and 8,
//! which are recordings.

pub(crate) use parlor_mix::SampleRate;
use parlor_mix::{Layout, Loudness, LoudnessMeter, gain_from_db};

mod tones;
mod waves;

/// One line of the table.
pub(crate) struct Row {
    /// The number in the standard, with the letter of a variant where there are several.
    pub(crate) signal: String,
    /// What is fed.
    pub(crate) fed: &'static str,
    /// What is read, with its unit.
    pub(crate) read: &'static str,
    pub(crate) expected: f64,
    pub(crate) measured: f64,
    /// How far it may be off: below, above.
    pub(crate) tolerance: (f64, f64),
}

impl Row {
    pub(crate) fn is_right(&self) -> bool {
        let off = self.measured - self.expected;
        off >= -self.tolerance.0 && off <= self.tolerance.1
    }
}

/// All of them, at a sample rate.
pub(crate) fn rows(rate: SampleRate) -> Vec<Row> {
    let mut rows = tones::rows(rate);
    rows.extend(waves::rows(rate));
    rows
}

/// Feeds planar sound in blocks of an AudioWorklet, which no window is a multiple of, and looks at the meter after each.
fn hear(meter: &mut LoudnessMeter, channels: &[Vec<f32>], mut look: impl FnMut(Loudness)) {
    let frames = channels[0].len();
    for from in (0..frames).step_by(128) {
        let to = frames.min(from + 128);
        let pieces: Vec<&[f32]> = channels.iter().map(|channel| &channel[from..to]).collect();
        meter.add(&pieces);
        look(meter.loudness());
    }
}
