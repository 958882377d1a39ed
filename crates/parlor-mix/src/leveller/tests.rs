//! The leveller: how far, how fast, and when not at all.

use super::Leveller;
use crate::{SampleRate, gain_from_db};

const TARGET_LUFS: f64 = -23.0;

/// A voice in both channels: a tone whose loudness in LUFS is its level in dBFS.
struct Voice {
    leveller: Leveller,
    samples: usize,
    left: Vec<f32>,
}

impl Voice {
    fn new() -> Self {
        let mut leveller = Leveller::new(SampleRate::OPUS, 2, TARGET_LUFS);
        leveller.set_on(true);
        Self { leveller, samples: 0, left: Vec::new() }
    }

    /// Speaks; returns the gain after it in dB.
    fn speaks(&mut self, lufs: f64, seconds: f64) -> f64 {
        let amplitude = gain_from_db(lufs) as f32;
        for _ in 0..(seconds * 375.0).round() as usize {
            let tone = |n: usize| amplitude * (std::f32::consts::TAU * (n % 48) as f32 / 48.0).sin();
            let mut left: Vec<f32> = (self.samples..self.samples + 128).map(tone).collect();
            let mut right = left.clone();
            self.samples += 128;
            self.leveller.process(&mut [&mut left, &mut right]);
            assert_eq!(left, right);
            self.left = left;
        }
        self.leveller.gain_db()
    }

    fn is_silent(&mut self, seconds: f64) -> f64 {
        self.speaks(f64::NEG_INFINITY, seconds)
    }
}

/// The ends of a voice, where it shares the 400 ms looked at with a pause, count as softer: a few tenths of a dB.
#[track_caller]
fn assert_near(gain_db: f64, wanted_db: f64) {
    assert!((gain_db - wanted_db).abs() < 0.5, "{gain_db} dB, not {wanted_db}");
}

#[test]
fn soft_and_loud_voices_come_to_the_target() {
    for (lufs, gain_db) in [(-30.0, 7.0), (-18.0, -5.0), (-23.0, 0.0)] {
        let mut voice = Voice::new();
        assert_near(voice.speaks(lufs, 10.0), gain_db);
        let peak = voice.left.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((f64::from(peak) - gain_from_db(TARGET_LUFS)).abs() < 0.002, "{peak}");
    }
}

#[test]
fn it_turns_no_further_than_12_db() {
    assert_near(Voice::new().speaks(-45.0, 20.0), 12.0);
    assert_near(Voice::new().speaks(-3.0, 20.0), -12.0);
}

#[test]
fn it_moves_slowly_and_without_a_step() {
    let mut voice = Voice::new();
    let early_db = voice.speaks(-33.0, 2.0);
    assert!(early_db > 1.0 && early_db <= 3.0, "up by at most 1.5 dB a second: {early_db}");
    let mut voice = Voice::new();
    let early_db = voice.speaks(-13.0, 2.0);
    assert!((-6.0..-2.0).contains(&early_db), "down by at most 3 dB a second: {early_db}");
    // The gain as a constant shows it.
    let mut leveller = Leveller::new(SampleRate::OPUS, 1, TARGET_LUFS);
    leveller.set_on(true);
    let mut tone: Vec<f32> =
        (0..96_000).map(|n| 0.02 * (std::f32::consts::TAU * (n % 48) as f32 / 48.0).sin()).collect();
    let before = tone.clone();
    tone.chunks_mut(128).for_each(|block| leveller.process(&mut [block]));
    let gains: Vec<f32> =
        before.iter().zip(&tone).filter(|(b, _)| b.abs() > 0.01).map(|(b, a)| a / b).collect();
    let step = gains.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(gains.last().unwrap() > &1.2 && step < 1e-3, "{step}");
}

#[test]
fn a_voice_that_became_much_softer_is_believed_though_it_pauses() {
    let mut voice = Voice::new();
    assert_near(voice.speaks(-20.0, 10.0), -3.0);
    for _ in 0..15 {
        voice.speaks(-33.0, 2.0);
        voice.is_silent(0.6);
    }
    assert_near(voice.speaks(-33.0, 2.0), 10.0);
}

#[test]
fn silence_and_room_noise_change_nothing() {
    let mut voice = Voice::new();
    assert_near(voice.is_silent(5.0), 0.0);
    assert_near(voice.speaks(-60.0, 20.0), 0.0);
    assert_near(voice.speaks(-28.0, 10.0), 5.0);
    assert_near(voice.is_silent(60.0), 5.0);
    assert_near(voice.speaks(-57.0, 60.0), 5.0);
    // Pauses with a fan in them: 15 LU below the voice, two seconds each.
    for _ in 0..10 {
        voice.speaks(-43.0, 2.0);
        assert_near(voice.speaks(-28.0, 2.0), 5.0);
    }
}

#[test]
fn a_voice_that_has_become_much_softer_is_believed_after_a_while() {
    let mut voice = Voice::new();
    assert_near(voice.speaks(-20.0, 10.0), -3.0);
    assert_near(voice.speaks(-33.0, 4.0), -3.0);
    assert_near(voice.speaks(-33.0, 20.0), 10.0);
}

#[test]
fn switched_off_it_is_exactly_unity() {
    let mut voice = Voice::new();
    voice.leveller.set_on(false);
    assert_eq!(voice.speaks(-33.0, 5.0), 0.0);
    let amplitude = gain_from_db(-33.0) as f32;
    let tone = |n: usize| amplitude * (std::f32::consts::TAU * (n % 48) as f32 / 48.0).sin();
    let expected: Vec<f32> = (voice.samples - 128..voice.samples).map(tone).collect();
    assert_eq!(voice.left, expected);
    // What it has heard meanwhile counts when it is switched on, and it goes back when it is switched off.
    voice.leveller.set_on(true);
    assert_near(voice.speaks(-33.0, 8.0), 10.0);
    voice.leveller.set_on(false);
    assert_eq!(voice.speaks(-33.0, 0.7), 0.0);
    let expected: Vec<f32> = (voice.samples - 128..voice.samples).map(tone).collect();
    assert_eq!(voice.left, expected);
}

#[test]
fn another_target_is_gone_to_and_nonsense_is_not() {
    let mut voice = Voice::new();
    voice.speaks(-23.0, 5.0);
    voice.leveller.set_target_lufs(-16.0);
    assert_near(voice.speaks(-23.0, 8.0), 7.0);
    voice.leveller.set_target_lufs(f64::NAN);
    assert_near(voice.speaks(-23.0, 2.0), 7.0);
    voice.leveller.set_target_lufs(40.0);
    assert_near(voice.speaks(-23.0, 8.0), 12.0);
}

#[test]
fn a_broken_sample_does_not_break_the_gain() {
    let mut voice = Voice::new();
    voice.speaks(-28.0, 10.0);
    let mut broken = [f32::NAN; 128];
    voice.leveller.process(&mut [&mut broken]);
    assert_near(voice.speaks(-28.0, 2.0), 5.0);
    assert!(voice.left.iter().all(|sample| sample.is_finite()));
}
