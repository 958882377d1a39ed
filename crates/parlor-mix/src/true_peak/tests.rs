//! The interpolating filter: how level it is, and that the short cut around it changes nothing.

use std::f64::consts::TAU;

use super::{Interpolator, TAPS, TruePeak};
use crate::db_from_gain;

/// The gain of the places between samples for a sine, in dB: least and most.
fn response_db(cycles_per_sample: f64) -> (f64, f64) {
    let gains = Interpolator::new().taps.map(|taps| {
        let part = |wave: fn(f64) -> f64| -> f64 {
            taps.iter()
                .enumerate()
                .map(|(n, tap)| f64::from(*tap) * wave(TAU * cycles_per_sample * n as f64))
                .sum()
        };
        db_from_gain(part(f64::cos).hypot(part(f64::sin)))
    });
    (gains.into_iter().fold(f64::INFINITY, f64::min), gains.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

#[test]
fn au_03_the_filter_is_level_up_to_20_khz() {
    for hz in (0..=20_000).step_by(50) {
        let (least, most) = response_db(f64::from(hz) / 48_000.0);
        assert!(least > -0.05 && most < 0.05, "{hz} Hz: {least} to {most} dB");
    }
}

#[test]
fn a_single_sample_is_no_higher_than_itself_and_silence_has_no_peak() {
    let mut peak = TruePeak::new();
    peak.add(&[0.0; 300]);
    assert_eq!(peak.highest(), 0.0);
    peak.add(&[0.0, 0.5, 0.0]);
    peak.add(&[0.0; 300]);
    assert_eq!(peak.highest(), 0.5);
}

#[test]
fn the_short_cut_misses_no_peak() {
    let noise: Vec<f32> = (0..20_000_u32)
        .map(|n| {
            let loudness = if n < 10_000 { 0.2 } else { 0.8 };
            loudness * ((n.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0)
        })
        .collect();
    for cut in [1, 7, 128, 129, 20_000] {
        let mut peak = TruePeak::new();
        noise.chunks(cut).for_each(|block| peak.add(block));
        let filter = Interpolator::new();
        let between = noise.windows(TAPS).flat_map(|window| {
            filter.taps.map(|taps| taps.iter().zip(window).map(|(t, s)| t * s).sum::<f32>())
        });
        let all_between = between.fold(0.0_f32, |high, value| high.max(value.abs()));
        let samples = noise.iter().fold(0.0_f32, |high, sample| high.max(sample.abs()));
        let (wanted, got) = (all_between.max(samples), peak.highest());
        assert!(wanted > samples, "the noise rises between its samples");
        assert!((got - wanted).abs() < 1e-6, "{got}, not {wanted}, in blocks of {cut}");
    }
}
