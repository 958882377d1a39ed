//! Factors as decibels and back, and energies as loudness.

/// The factor of an amplitude: 0 dB is 1.
#[must_use]
pub fn gain_from_db(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

/// A factor of an amplitude in dB; `-inf` for zero.
#[must_use]
pub fn db_from_gain(gain: f64) -> f64 {
    20.0 * gain.log10()
}

/// The loudness of a K-weighted mean square, summed over the channels (ITU-R BS.1770-5, Annex 1, equation 2), in LUFS;
/// `-inf` for silence.
pub(crate) fn lufs_from_energy(energy: f64) -> f64 {
    if energy > 0.0 { 10.0 * energy.log10() - 0.691 } else { f64::NEG_INFINITY }
}

/// The inverse of [`lufs_from_energy`].
pub(crate) fn energy_from_lufs(lufs: f64) -> f64 {
    10_f64.powf((lufs + 0.691) / 10.0)
}
