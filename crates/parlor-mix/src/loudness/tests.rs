//! The meter beyond the signals of EBU Tech 3341, which are in `tests/`.

use super::{Layout, LoudnessMeter};
use crate::SampleRate;

fn tone(amplitude: f32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| amplitude * (std::f32::consts::TAU * n as f32 / 48.0).sin()).collect()
}

fn meter(layout: Layout) -> LoudnessMeter {
    LoudnessMeter::new(SampleRate::OPUS, layout)
}

#[test]
fn au_03_silence_is_minus_infinity_and_what_is_below_the_gate_does_not_count() {
    let mut meter = meter(Layout::Mono);
    let nothing = meter.loudness();
    let silence = f64::NEG_INFINITY;
    assert_eq!([nothing.momentary, nothing.short_term, nothing.integrated, nothing.true_peak], [silence; 4]);
    meter.add(&[&[0.0; 48_000]]);
    assert_eq!(meter.loudness(), nothing);
    // -75 LUFS: heard, but below the first gate.
    meter.add(&[&tone(2.5e-4, 48_000)]);
    let faint = meter.loudness();
    assert!((faint.momentary + 75.0).abs() < 0.1, "{faint:?}");
    assert_eq!(faint.integrated, silence);
}

#[test]
fn au_03_integrated_loudness_begins_with_the_first_400_ms() {
    let mut meter = meter(Layout::Stereo);
    let tone = tone(0.1, 19_200);
    meter.add(&[&tone[..19_199], &tone[..19_199]]);
    assert_eq!(meter.loudness().integrated, f64::NEG_INFINITY);
    meter.add(&[&tone[19_199..], &tone[19_199..]]);
    assert!((meter.loudness().integrated + 20.0).abs() < 0.05, "{:?}", meter.loudness());
}

#[test]
fn two_channels_of_the_same_are_3_lu_louder_than_one() {
    let tone = tone(0.1, 48_000);
    let (mut mono, mut stereo) = (meter(Layout::Mono), meter(Layout::Stereo));
    mono.add(&[&tone]);
    stereo.add(&[&tone, &tone]);
    let more = stereo.loudness().integrated - mono.loudness().integrated;
    assert!((more - 3.01).abs() < 0.01, "{more}");
    let mut half = meter(Layout::Stereo);
    half.add(&[&tone]);
    assert_eq!(half.loudness(), mono.loudness(), "a missing channel is silent");
}

#[test]
fn a_reset_meter_is_as_new() {
    let tone = tone(0.7, 50_001);
    let (mut used, mut new) = (meter(Layout::Stereo), meter(Layout::Stereo));
    used.add(&[&tone, &tone]);
    used.reset();
    assert_eq!(used.loudness(), new.loudness());
    for meter in [&mut used, &mut new] {
        meter.add(&[&tone[..40_000], &tone[..40_000]]);
    }
    assert_eq!(used.loudness(), new.loudness());
}

#[test]
fn au_03_a_broken_sample_does_not_break_the_reading() {
    let mut tone = tone(0.1, 96_000);
    let mut clean = meter(Layout::Mono);
    clean.add(&[&tone]);
    tone[10_000] = f32::NAN;
    tone[20_000] = f32::INFINITY;
    let mut broken = meter(Layout::Mono);
    broken.add(&[&tone]);
    let (clean, broken) = (clean.loudness(), broken.loudness());
    assert!((clean.integrated - broken.integrated).abs() < 0.01, "{broken:?}");
    assert!(broken.true_peak.is_finite());
}

#[test]
fn au_03_the_second_gate_leaves_out_what_is_far_below_the_rest_and_bins_do_not_round() {
    let mut gating = crate::gating::Gating::new();
    let energy = crate::decibels::energy_from_lufs;
    for _ in 0..600 {
        gating.add(energy(-23.04));
        gating.add(energy(-40.0));
    }
    let integrated = gating.integrated();
    assert!((integrated + 23.04).abs() < 1e-9, "{integrated}");
    gating.clear();
    assert_eq!(gating.integrated(), f64::NEG_INFINITY);
}
