//! The limiter: its ceiling under every signal, and that nobody notices it below.

use proptest::prelude::*;

use super::Limiter;
use crate::{SampleRate, gain_from_db};

const CEILING_DB: f32 = -1.0;

fn ceiling() -> f32 {
    gain_from_db(f64::from(CEILING_DB)) as f32
}

fn limiter(channels: usize) -> Limiter {
    Limiter::new(SampleRate::OPUS, channels, CEILING_DB)
}

/// What a mono limiter makes of a signal, in blocks of an AudioWorklet.
fn limited(signal: &[f32]) -> Vec<f32> {
    let mut limiter = limiter(1);
    let mut out = signal.to_vec();
    out.chunks_mut(128).for_each(|block| limiter.process(&mut [block]));
    out
}

fn sine(amplitude: f32, hz: f32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| amplitude * (std::f32::consts::TAU * hz * n as f32 / 48_000.0).sin()).collect()
}

fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, sample| sample.abs().max(peak))
}

#[test]
fn au_02_below_the_ceiling_the_sound_is_the_same_only_later() {
    let signal = sine(0.89, 997.0, 10_000);
    let out = limited(&signal);
    let latency = limiter(1).latency_samples();
    assert_eq!(latency, 72, "1.5 ms at 48 kHz");
    assert_eq!(out[..latency], vec![0.0; latency]);
    assert_eq!(out[latency..], signal[..signal.len() - latency]);
}

#[test]
fn au_02_a_step_from_silence_to_24_db_too_much_stays_below() {
    for hz in [50.0, 440.0, 5_000.0, 11_999.0] {
        let mut signal = vec![0.0; 4_800];
        signal.extend(sine(16.0, hz, 48_000));
        let out = limited(&signal);
        assert!(peak(&out) <= ceiling(), "{hz} Hz: {}", peak(&out));
        // Not silent either: once it has settled, a sine comes close to the ceiling.
        assert!(peak(&out[24_000..]) > 0.95 * ceiling(), "{hz} Hz: {}", peak(&out[24_000..]));
    }
}

/// The gain as the other channel's silence shows it: a curve without a jump or a corner, there when the loud sound is.
#[test]
fn au_02_the_gain_goes_down_ahead_of_the_sound_and_without_a_click() {
    let mut limiter = limiter(2);
    let mut loud = vec![0.0; 480];
    loud.extend(sine(16.0, 440.0, 4_800));
    let mut gain = vec![0.5; loud.len()];
    limiter.process(&mut [&mut loud, &mut gain]);
    let latency = limiter.latency_samples();
    let gain: Vec<f32> = gain[latency..].iter().map(|sample| 2.0 * sample).collect();
    let steps: Vec<f32> = gain.windows(2).map(|w| w[1] - w[0]).collect();
    assert!(peak(&steps) < 1.0 / 36.0, "{}", peak(&steps));
    let corners: Vec<f32> = steps.windows(2).map(|w| w[1] - w[0]).collect();
    assert!(peak(&corners) < 1.0 / 36.0_f32.powi(2), "{}", peak(&corners));
    assert_eq!(gain[480 - latency], 1.0);
    assert!(gain[480] < 0.7);
}

#[test]
fn au_02_ramps_up_and_down_stay_below() {
    let ramp = |n: usize| gain_from_db((n as f64 / 48_000.0).mul_add(48.0, -24.0)) as f32;
    let up: Vec<f32> = sine(1.0, 300.0, 48_000).iter().enumerate().map(|(n, s)| s * ramp(n)).collect();
    let down: Vec<f32> = up.iter().rev().copied().collect();
    for signal in [up, down] {
        assert!(peak(&limited(&signal)) <= ceiling());
    }
}

#[test]
fn au_02_after_a_shout_the_gain_is_back_and_unity_again() {
    let mut signal = sine(8.0, 440.0, 4_800);
    signal.extend(sine(0.5, 440.0, 96_000));
    let out = limited(&signal);
    let latency = limiter(1).latency_samples();
    // Half a second after the shout less than 0.2 dB is missing, two seconds after it nothing at all.
    let after = 4_800 + 24_000;
    assert!(peak(&out[after..after + 480]) > 0.98 * 0.5);
    assert_eq!(out[after..].len(), signal[after..].len());
    assert_eq!(out[96_000..], signal[96_000 - latency..signal.len() - latency]);
}

#[test]
fn au_02_channels_are_turned_down_together() {
    let mut limiter = limiter(2);
    let (mut left, mut right) = (sine(4.0, 440.0, 48_000), sine(0.4, 440.0, 48_000));
    limiter.process(&mut [&mut left, &mut right]);
    for (left, right) in left.iter().zip(&right) {
        assert!((left - 10.0 * right).abs() < 1e-5, "{left} is not ten times {right}");
    }
    let reduction_db = limiter.take_reduction_db();
    assert!((reduction_db - 13.04).abs() < 0.01, "{reduction_db}");
    assert_eq!(Limiter::new(SampleRate::OPUS, 1, -1.0).take_reduction_db(), 0.0);
}

#[test]
fn au_02_what_is_no_sound_is_silence_and_leaves_no_trace() {
    let mut signal = sine(0.5, 440.0, 4_800);
    for (n, fault) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1_000.1].into_iter().enumerate()
    {
        signal[1_000 + n] = fault;
    }
    let out = limited(&signal);
    let latency = limiter(1).latency_samples();
    assert_eq!(out[1_000 + latency..1_005 + latency], [0.0; 5]);
    assert_eq!(out[1_005 + latency..], signal[1_005..signal.len() - latency]);
}

/// Said as it is: the ceiling is one of samples. How far a wave rises above it between samples, for a sine and for noise.
#[test]
fn au_02_between_samples_the_wave_rises_above_the_ceiling_by_no_more_than_it_does_anyway() {
    let over_db = |signal: &[f32]| {
        // A sudden beginning would rise by itself.
        let faded: Vec<f32> =
            signal.iter().enumerate().map(|(n, sample)| sample * (n as f32 / 4_800.0).min(1.0)).collect();
        let mut meter = crate::LoudnessMeter::new(SampleRate::OPUS, crate::Layout::Mono);
        meter.add(&[&limited(&faded)]);
        meter.loudness().true_peak - f64::from(CEILING_DB)
    };
    assert!(over_db(&sine(4.0, 440.0, 48_000)) < 0.05);
    assert!(over_db(&sine(4.0, 3_001.0, 48_000)) < 0.2);
    // The worst sine there is: 45° off at a quarter of the sample rate, where the samples never see the top.
    let worst: Vec<f32> =
        (0..48_000).map(|n| 4.0 * (std::f32::consts::TAU * (n as f32 / 4.0 + 0.125)).sin()).collect();
    let worst_db = over_db(&worst);
    assert!((2.9..3.1).contains(&worst_db), "{worst_db}");
}

#[test]
fn every_sample_rate_has_its_look_ahead() {
    for hz in [8_000, 44_100, 96_000, 192_000] {
        let mut limiter = Limiter::new(SampleRate::new(hz).unwrap(), 1, CEILING_DB);
        let latency_ms = 1_000.0 * limiter.latency_samples() as f64 / f64::from(hz);
        assert!((1.49..1.64).contains(&latency_ms), "{hz} Hz: {latency_ms}");
        let mut signal = sine(16.0, 440.0, 20_000);
        limiter.process(&mut [&mut signal]);
        assert!(peak(&signal) <= ceiling());
    }
    assert_eq!(SampleRate::new(7_999), None);
    assert_eq!(SampleRate::new(192_001), None);
}

#[test]
fn a_ceiling_that_makes_no_sense_is_brought_into_range() {
    for (wanted, got) in [(3.0, 1.0), (f32::NAN, 1.0), (-100.0, 0.01), (f32::INFINITY, 1.0)] {
        let mut limiter = Limiter::new(SampleRate::OPUS, 1, wanted);
        let mut signal = sine(100.0, 440.0, 4_800);
        limiter.process(&mut [&mut signal]);
        assert!((peak(&signal) - got).abs() < 0.01 * got, "{wanted} dB: {}", peak(&signal));
    }
}

/// Any sample at all, most of them sound: bits as they come, loud and soft levels, runs of the same.
fn samples() -> impl Strategy<Value = Vec<f32>> {
    let level = -60.0..60.0_f64;
    let run = (level, any::<bool>(), 1..400_usize).prop_map(|(db, is_down, length)| {
        let amplitude = gain_from_db(db) as f32;
        vec![if is_down { -amplitude } else { amplitude }; length]
    });
    let noise = (-60.0..60.0_f64, proptest::collection::vec(-1.0..1.0_f32, 1..400))
        .prop_map(|(db, noise)| noise.iter().map(|sample| sample * gain_from_db(db) as f32).collect());
    let bits = proptest::collection::vec(any::<u32>().prop_map(f32::from_bits), 1..50);
    proptest::collection::vec(prop_oneof![run, noise, bits], 1..20)
        .prop_map(|parts: Vec<Vec<f32>>| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn au_02_no_signal_leaves_it_above_its_ceiling(signal in samples(), ceiling_db in -40.0..0.0_f32) {
        let mut limiter = Limiter::new(SampleRate::OPUS, 1, ceiling_db);
        let ceiling = gain_from_db(f64::from(ceiling_db)) as f32;
        let mut out = signal;
        limiter.process(&mut [&mut out]);
        for sample in out {
            prop_assert!(sample.abs() <= ceiling, "{sample} with a ceiling of {ceiling}");
        }
    }

    /// The last step only takes off what rounding adds: the gain alone keeps the ceiling to a millionth.
    #[test]
    fn au_02_the_gain_alone_keeps_the_ceiling(signal in samples()) {
        let mut finder = super::GainFinder::new(ceiling(), 72, 4_800);
        let mut delay = crate::delay::Delay::new(finder.look_ahead_samples());
        let clean: Vec<f32> = signal.into_iter().map(crate::limits::sound).collect();
        let mut delayed = clean.clone();
        delay.process(&mut delayed);
        for (coming, leaving) in clean.iter().zip(delayed) {
            let size = (leaving * finder.next(coming.abs())).abs();
            prop_assert!(size <= ceiling() * 1.000_001, "{size}");
        }
    }

    #[test]
    fn however_it_is_cut_into_blocks_the_sound_is_the_same(signal in samples(), cut in 1..700_usize) {
        let (mut at_once, mut in_parts) = (limiter(1), limiter(1));
        let (mut whole, mut parts) = (signal.clone(), signal);
        at_once.process(&mut [&mut whole]);
        parts.chunks_mut(cut).for_each(|block| in_parts.process(&mut [block]));
        prop_assert_eq!(whole, parts);
    }
}
