//! The committed WebAssembly against the native core: both get the same sound, and have to make the same of it. The module
//! runs in node, as in a browser's audio thread.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use parlor_mix::{Layout, Leveller, Limiter, LoudnessMeter, SampleRate};

const BLOCK: usize = 128;
const MODULE_BYTES_MAX: u64 = 60_000;

fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/sdk/parlor_mix.wasm")
}

/// A voice that comes, goes and shouts, and noise; left and right differ; some samples are broken.
fn sound() -> [Vec<f32>; 2] {
    let mut noise = 1_u32;
    let mut sound = [Vec::new(), Vec::new()];
    for n in 0..BLOCK * 375 * 6 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let t = n as f32 / 48_000.0;
        let amplitude = [0.05, 0.3, 0.0, 3.0, 0.6, 0.02][n / (BLOCK * 375)];
        let voice = amplitude * (std::f32::consts::TAU * 220.0 * t).sin();
        let hiss = 0.01 * ((noise >> 8) as f32 / 8_388_608.0 - 1.0);
        sound[0].push(if n % 50_021 == 50_020 { f32::NAN } else { voice + hiss });
        sound[1].push(if n % 60_013 == 60_012 { f32::INFINITY } else { 0.5 * voice - hiss });
    }
    sound
}

/// What node makes of it with the committed module: sound and, at the end, readings.
fn by_module(node: &str, sound: &[Vec<f32>; 2]) -> Vec<f32> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same.mjs");
    let mut child = Command::new("node")
        .args([script.as_os_str(), module().as_os_str(), node.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let bytes: Vec<u8> = sound.iter().flatten().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// The constants of filters and gains come from functions whose last bit is the platform's.
#[track_caller]
fn assert_same(native: &[f32], module: &[f32]) {
    assert_eq!(native.len(), module.len());
    for (n, (native, module)) in native.iter().zip(module).enumerate() {
        let same = native == module || (native - module).abs() <= 1e-5 * native.abs().max(0.01);
        assert!(same, "value {n}: {native} natively, {module} by the module");
    }
}

fn in_blocks(sound: &[Vec<f32>; 2], mut process: impl FnMut(&mut [f32], &mut [f32])) -> Vec<f32> {
    let [mut left, mut right] = sound.clone();
    for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
        process(left, right);
    }
    left.extend(right);
    left
}

#[test]
fn au_02_the_page_s_limiter_is_this_limiter() {
    let sound = sound();
    let mut limiter = Limiter::new(SampleRate::OPUS, 2, -1.0);
    let mut native = in_blocks(&sound, |left, right| limiter.process(&mut [left, right]));
    native.push(limiter.take_reduction_db());
    assert!(native.last().unwrap() > &10.0, "there was something to limit");
    assert_same(&native, &by_module("limiter", &sound));
}

#[test]
fn au_03_the_page_s_loudness_meter_is_this_one() {
    let sound = sound();
    let mut meter = LoudnessMeter::new(SampleRate::OPUS, Layout::Stereo);
    let mut native = in_blocks(&sound, |left, right| meter.add(&[left, right]));
    let read = meter.loudness();
    let readings = [read.momentary, read.short_term, read.integrated, read.true_peak];
    native.extend(readings.map(|reading| reading as f32));
    // Meters only listen: what is no number is still none.
    let silent = |samples: Vec<f32>| {
        samples.into_iter().map(|s| if s.is_finite() { s } else { 9.0 }).collect::<Vec<_>>()
    };
    assert_same(&silent(native), &silent(by_module("loudness", &sound)));
}

#[test]
fn the_page_s_leveller_is_this_leveller() {
    let sound = sound().map(|channel| channel.iter().map(|s| if s.is_finite() { *s } else { 0.0 }).collect());
    let mut leveller = Leveller::new(SampleRate::OPUS, 2, -23.0);
    leveller.set_on(true);
    let mut native = in_blocks(&sound, |left, right| leveller.process(&mut [left, right]));
    native.push(leveller.gain_db() as f32);
    assert!(native.last().unwrap().abs() > 1.0, "there was something to level");
    assert_same(&native, &by_module("leveller", &sound));
}

#[test]
fn the_module_is_small() {
    let bytes = std::fs::metadata(module()).unwrap().len();
    assert!(bytes <= MODULE_BYTES_MAX, "{bytes} bytes");
}
