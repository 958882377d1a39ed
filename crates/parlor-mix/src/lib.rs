//! The audio desk as a core: what makes a broadcast out of voices. PCM goes in, PCM and readings come out; there is no
//! device, no codec, no clock and no thread here, and what is called for every block allocates nothing.
//!
//! - [`Limiter`]: never above its ceiling, whatever comes in; unity below it (AU-2)
//! - [`LoudnessMeter`]: momentary, short-term and integrated loudness, true peak (AU-3)
//! - [`Leveller`]: brings one voice slowly to a loudness
//! - [`ProgramBus`]: the sum of all, and for each the sum without themselves (AU-4)
//!
//! Samples are `f32`, full scale is ±1. Channels are planar: one slice each, all of the same length; where lengths
//! differ, the shortest counts. Levels are in dB relative to full scale, loudness in LUFS (ITU-R BS.1770-5).

mod bus;
mod decibels;
mod delay;
mod energy;
mod gating;
mod glide;
mod leveller;
mod limiter;
pub mod limits;
mod loudness;
mod sample_rate;
mod true_peak;
mod weighting;

pub use bus::{InputId, ProgramBus};
pub use decibels::{db_from_gain, gain_from_db};
pub use glide::Glide;
pub use leveller::Leveller;
pub use limiter::Limiter;
pub use loudness::{Layout, Loudness, LoudnessMeter};
pub use sample_rate::SampleRate;
