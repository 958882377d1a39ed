//! Signals 15 to 23: waves whose top lies between the samples.

use std::f64::consts::{PI, TAU};

use super::{Layout, LoudnessMeter, Row, SampleRate, gain_from_db, hear};

/// In samples.
const LENGTH: usize = 24_000;
/// A true peak may read so much too low, too high, in dB.
const WITHIN: (f64, f64) = (0.4, 0.2);

pub(super) fn rows(rate: SampleRate) -> Vec<Row> {
    let sines = [
        (15, 4.0, 0.0, gain_from_db(-6.0), -6.0, "fs/4, 0.50 FFS, 0°"),
        (16, 4.0, 45.0, gain_from_db(-6.0), -6.0, "fs/4, 0.50 FFS, 45°"),
        (17, 6.0, 60.0, gain_from_db(-6.0), -6.0, "fs/6, 0.50 FFS, 60°"),
        (18, 8.0, 67.5, gain_from_db(-6.0), -6.0, "fs/8, 0.50 FFS, 67.5°"),
        (19, 4.0, 45.0, gain_from_db(3.0), 3.0, "fs/4, 1.41 FFS, 45°"),
    ];
    let mut rows: Vec<Row> = sines
        .into_iter()
        .map(|(signal, period, degrees, amplitude, expected, fed)| {
            row(signal, fed, expected, true_peak(rate, &sine(period, degrees, amplitude)))
        })
        .collect();
    let bursts = [
        (20, "fs/6, a period of fs/4 in it, at 4 fs, sampled from 0"),
        (21, "the same from 1"),
        (22, "from 2"),
        (23, "from 3"),
    ];
    for (offset, (signal, fed)) in bursts.into_iter().enumerate() {
        rows.push(row(signal, fed, 0.0, true_peak(rate, &burst(offset))));
    }
    rows
}

fn row(signal: u32, fed: &'static str, expected: f64, measured: f64) -> Row {
    Row { signal: signal.to_string(), fed, read: "true peak, dBTP", expected, measured, tolerance: WITHIN }
}

fn true_peak(rate: SampleRate, wave: &[f32]) -> f64 {
    let mut meter = LoudnessMeter::new(rate, Layout::Stereo);
    hear(&mut meter, &[wave.to_vec(), wave.to_vec()], |_| {});
    meter.loudness().true_peak
}

/// `period` in samples. It fades in and out: a sudden beginning has a peak of its own.
fn sine(period: f64, degrees: f64, amplitude: f64) -> Vec<f32> {
    (0..LENGTH)
        .map(|n| (amplitude * fade(n) * (TAU * n as f64 / period + degrees.to_radians()).sin()) as f32)
        .collect()
}

fn fade(n: usize) -> f64 {
    (n.min(LENGTH - 1 - n) as f64 / 4_800.0).min(1.0)
}

/// Made at four times the sample rate: half a full-scale sine of fs/6, and in the middle of it, between two of its periods,
/// one period of a full-scale sine of fs/4. Freed of what lies above fs/2, and every fourth sample taken, from `offset` on.
fn burst(offset: usize) -> Vec<f32> {
    let middle = LENGTH as i64 / 2 / 6 * 6 * 4;
    let wave = |m: i64| match m - middle {
        before @ ..0 => 0.5 * (TAU * before as f64 / 24.0).sin(),
        within @ 0..16 => (TAU * within as f64 / 16.0).sin(),
        after => 0.5 * (TAU * (after - 16) as f64 / 24.0).sin(),
    };
    let half = 256_i64;
    let low_pass: Vec<f64> = (-half..=half)
        .map(|m| {
            let x = m as f64 / 4.0;
            let sinc = if m == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            let window = 0.42
                + 0.5 * (PI * m as f64 / half as f64).cos()
                + 0.08 * (TAU * m as f64 / half as f64).cos();
            sinc * window / 4.0
        })
        .collect();
    let sampled = |n: usize| -> f64 {
        let at = 4 * n as i64 + offset as i64;
        (-half..=half).zip(&low_pass).map(|(m, tap)| tap * wave(at + m)).sum()
    };
    (0..LENGTH).map(|n| (fade(n) * sampled(n)) as f32).collect()
}
