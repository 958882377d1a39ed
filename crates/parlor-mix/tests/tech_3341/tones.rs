//! Signals 1 to 14: tones of 1 kHz that begin, end and change their level.

use super::{Layout, LoudnessMeter, Row, SampleRate, gain_from_db, hear};

/// Seconds of a tone at a level in dBFS (of its peak); silence is `-inf`.
type Part = (f64, f64);

const SILENCE_DB: f64 = f64::NEG_INFINITY;
const WITHIN: (f64, f64) = (0.1, 0.1);

pub(super) fn rows(rate: SampleRate) -> Vec<Row> {
    let mut rows = constant(rate);
    rows.extend(gated(rate));
    rows.extend(short_term(rate));
    rows.extend(momentary(rate));
    rows
}

/// A tone whose phase runs on through its parts.
fn tone(rate: SampleRate, parts: &[Part]) -> Vec<f32> {
    let hz = f64::from(rate.hz());
    let levels =
        parts.iter().flat_map(|(db, s)| std::iter::repeat_n(gain_from_db(*db), (s * hz).round() as usize));
    let wave = |n: usize| (std::f64::consts::TAU * 1_000.0 * n as f64 / hz).sin();
    levels.enumerate().map(|(n, level)| (level * wave(n)) as f32).collect()
}

fn stereo(rate: SampleRate, parts: &[Part]) -> [Vec<f32>; 2] {
    let tone = tone(rate, parts);
    [tone.clone(), tone]
}

fn row(signal: impl ToString, fed: &'static str, read: &'static str, expected: f64, measured: f64) -> Row {
    Row { signal: signal.to_string(), fed, read, expected, measured, tolerance: WITHIN }
}

fn constant(rate: SampleRate) -> Vec<Row> {
    let mut rows = Vec::new();
    for (signal, db, fed) in [(1, -23.0, "stereo, −23 dBFS, 20 s"), (2, -33.0, "stereo, −33 dBFS, 20 s")]
    {
        let mut meter = LoudnessMeter::new(rate, Layout::Stereo);
        hear(&mut meter, &stereo(rate, &[(db, 20.0)]), |_| {});
        let read = meter.loudness();
        rows.push(row(signal, fed, "M, LUFS", db, read.momentary));
        rows.push(row(signal, fed, "S, LUFS", db, read.short_term));
        rows.push(row(signal, fed, "I, LUFS", db, read.integrated));
    }
    rows
}

fn gated(rate: SampleRate) -> Vec<Row> {
    let programmes: [(_, &[Part], _); 3] = [
        (3, &[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], "stereo, −36, −23, −36 dBFS, 10, 60, 10 s"),
        (
            4,
            &[(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)],
            "as 3 between −72 dBFS, 10 s",
        ),
        (5, &[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], "stereo, −26, −20, −26 dBFS, 20, 20.1, 20 s"),
    ];
    let mut rows = Vec::new();
    for (signal, parts, fed) in programmes {
        let mut meter = LoudnessMeter::new(rate, Layout::Stereo);
        hear(&mut meter, &stereo(rate, parts), |_| {});
        rows.push(row(signal, fed, "I, LUFS", -23.0, meter.loudness().integrated));
    }
    let mut meter = LoudnessMeter::new(rate, Layout::Surround5);
    let channels = [-28.0, -28.0, -24.0, -30.0, -30.0].map(|db| tone(rate, &[(db, 20.0)]));
    hear(&mut meter, &channels, |_| {});
    let fed = "L, R −28, C −24, Ls, Rs −30 dBFS, 20 s";
    rows.push(row(6, fed, "I, LUFS", -23.0, meter.loudness().integrated));
    rows
}

fn short_term(rate: SampleRate) -> Vec<Row> {
    let fed = "stereo, −20, −30 dBFS, 1.34, 1.66 s, 5 times";
    let (least, most) =
        extremes(rate, &[(-20.0, 1.34), (-30.0, 1.66)].repeat(5), 3.0, |read| read.short_term);
    let mut rows = vec![row(9, fed, "S after 3 s: least, LUFS", -23.0, least)];
    rows.push(row(9, fed, "S after 3 s: most, LUFS", -23.0, most));
    let mut meter = LoudnessMeter::new(rate, Layout::Stereo);
    for i in 0..20 {
        let begin = f64::from(i) * 0.15;
        let (_, most) =
            extremes(rate, &[(SILENCE_DB, begin), (-23.0, 3.0), (SILENCE_DB, 1.0)], 0.0, |read| {
                read.short_term
            });
        let fed = "stereo, −23 dBFS, 3 s, begins after i × 150 ms";
        rows.push(row(format!("10, i = {i}"), fed, "greatest S, LUFS", -23.0, most));
        let db = -38.0 + f64::from(i);
        let most = most_of(
            &mut meter,
            &stereo(rate, &[(SILENCE_DB, begin), (db, 3.0), (SILENCE_DB, 1.0)]),
            |read| read.short_term,
        );
        let fed = "one after the other: after i × 150 ms, −38 + i dBFS, 3 s";
        rows.push(row(format!("11, i = {i}"), fed, "greatest S, LUFS", db, most));
    }
    rows
}

fn momentary(rate: SampleRate) -> Vec<Row> {
    let fed = "stereo, −20, −30 dBFS, 0.18, 0.22 s, 25 times";
    let (least, most) =
        extremes(rate, &[(-20.0, 0.18), (-30.0, 0.22)].repeat(25), 1.0, |read| read.momentary);
    let mut rows = vec![row(12, fed, "M after 1 s: least, LUFS", -23.0, least)];
    rows.push(row(12, fed, "M after 1 s: most, LUFS", -23.0, most));
    let mut meter = LoudnessMeter::new(rate, Layout::Stereo);
    for i in 0..20 {
        let begin = f64::from(i) * 0.02;
        let (_, most) =
            extremes(rate, &[(SILENCE_DB, begin), (-23.0, 0.4), (SILENCE_DB, 1.0)], 0.0, |read| {
                read.momentary
            });
        let fed = "stereo, −23 dBFS, 0.4 s, begins after i × 20 ms";
        rows.push(row(format!("13, i = {i}"), fed, "greatest M, LUFS", -23.0, most));
        let db = -38.0 + f64::from(i);
        let most = most_of(
            &mut meter,
            &stereo(rate, &[(SILENCE_DB, begin), (db, 0.4), (SILENCE_DB, 1.0)]),
            |read| read.momentary,
        );
        let fed = "one after the other: after i × 20 ms, −38 + i dBFS, 0.4 s";
        rows.push(row(format!("14, i = {i}"), fed, "greatest M, LUFS", db, most));
    }
    rows
}

/// The least and the most that is read from `after_s` on.
fn extremes(
    rate: SampleRate,
    parts: &[Part],
    after_s: f64,
    which: impl Fn(parlor_mix::Loudness) -> f64,
) -> (f64, f64) {
    let mut meter = LoudnessMeter::new(rate, Layout::Stereo);
    let channels = stereo(rate, parts);
    let (before, after) = channels[0].split_at((after_s * f64::from(rate.hz())) as usize);
    hear(&mut meter, &[before.to_vec(), before.to_vec()], |_| {});
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    hear(&mut meter, &[after.to_vec(), after.to_vec()], |read| {
        least = least.min(which(read));
        most = most.max(which(read));
    });
    (least, most)
}

/// The most that a meter reads that has heard other things before.
fn most_of(
    meter: &mut LoudnessMeter,
    channels: &[Vec<f32>],
    which: impl Fn(parlor_mix::Loudness) -> f64,
) -> f64 {
    let mut most = f64::NEG_INFINITY;
    hear(meter, channels, |read| most = most.max(which(read)));
    most
}
