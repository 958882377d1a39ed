//! What the desk costs: CPU time for a block of an AudioWorklet (128 frames), and for a tick of a mixer in the server (20 ms at 48 kHz,
//! mono), with how many participants that makes for a core.
//!
//! `cargo bench -p parlor-mix`; without `--bench`, as under `cargo test`, each runs once and nothing is asserted but that
//! it does what it is there for.

// A program for the terminal that looks at the clock.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::indexing_slicing)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use parlor_mix::{Layout, Leveller, Limiter, LoudnessMeter, ProgramBus, SampleRate};

const BLOCK: usize = 128;
const TICK: usize = 960;
const TICK_US: f64 = 20_000.0;
/// Participants of one room.
const ROOM: usize = 8;

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let time = |name: &str, work: &mut dyn FnMut()| {
        let us = if is_bench { median_us(work) } else { once(work) };
        println!("{name:58} {us:9.3} µs");
        us
    };
    println!("a block of 128 frames, stereo (there are 2,667 µs for it at 48 kHz)");
    for (name, amplitude) in [("limiter, nothing to do", 0.5), ("limiter, limiting all the time", 4.0)] {
        let mut limiter = Limiter::new(SampleRate::OPUS, 2, -1.0);
        let sound = tone(amplitude, 4_800);
        let mut blocks = sound.chunks_exact(BLOCK).cycle();
        let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
        time(name, &mut || {
            let block = blocks.next().unwrap_or_default();
            left.copy_from_slice(block);
            right.copy_from_slice(block);
            limiter.process(&mut [&mut left, &mut right]);
            black_box(&left);
        });
        assert_eq!(limiter.take_reduction_db() > 0.0, amplitude > 1.0);
    }
    let block = tone(0.5, BLOCK);
    let mut meter = LoudnessMeter::new(SampleRate::OPUS, Layout::Stereo);
    time("loudness meter", &mut || meter.add(&[&block, &block]));
    time("loudness meter, a look at it (ten times a second)", &mut || {
        black_box(meter.loudness());
    });
    let mut meter = LoudnessMeter::new(SampleRate::OPUS, Layout::Stereo);
    time("loudness meter, true peak always filtered", &mut || {
        meter.reset();
        meter.add(&[&block, &block]);
    });
    let mut leveller = Leveller::new(SampleRate::OPUS, 2, -23.0);
    leveller.set_on(true);
    let (mut left, mut right) = (block.clone(), block.clone());
    time("leveller", &mut || {
        left.copy_from_slice(&block);
        right.copy_from_slice(&block);
        leveller.process(&mut [&mut left, &mut right]);
        black_box(&left);
    });

    println!(
        "\na tick of 20 ms, mono, for each participant of a room of {ROOM}: all in, everyone's mix-minus out"
    );
    let mut room = Room::new();
    let us = time("adding and subtracting", &mut || room.mix(false)) / ROOM as f64;
    per_core("adding and subtracting", us);
    let us = time("and a limiter for each return", &mut || room.mix(true)) / ROOM as f64;
    per_core("and a limiter for each return", us);
}

/// A room's bus, what comes in and what goes out.
struct Room {
    bus: ProgramBus,
    inputs: Vec<(parlor_mix::InputId, Vec<f32>, Limiter)>,
    out: Vec<f32>,
}

impl Room {
    fn new() -> Self {
        let mut bus = ProgramBus::new(TICK);
        let inputs = (0..ROOM).map(|k| {
            (bus.add_input(), tone(0.02 * (k + 1) as f32, TICK), Limiter::new(SampleRate::OPUS, 1, -1.0))
        });
        let inputs = inputs.collect();
        Self { bus, inputs, out: vec![0.0; TICK] }
    }

    fn mix(&mut self, is_limited: bool) {
        self.bus.begin();
        for (input, samples, _) in &self.inputs {
            self.bus.give(*input, samples);
        }
        for (input, _, limiter) in &mut self.inputs {
            self.bus.write_minus(*input, &mut self.out);
            if is_limited {
                limiter.process(&mut [&mut self.out]);
            }
            black_box(&self.out);
        }
    }
}

fn per_core(name: &str, us: f64) {
    println!("  {name}: {us:.3} µs each, {:.0} participants a core", TICK_US / us);
}

fn tone(amplitude: f32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| amplitude * (std::f32::consts::TAU * 440.0 * n as f32 / 48_000.0).sin()).collect()
}

fn once(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6
}

/// The median of runs of ten milliseconds each, for one call.
fn median_us(work: &mut dyn FnMut()) -> f64 {
    let mut runs: Vec<f64> = (0..51)
        .map(|_| {
            let start = Instant::now();
            let mut calls = 0_u32;
            while start.elapsed() < Duration::from_millis(10) {
                for _ in 0..20 {
                    work();
                }
                calls += 20;
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}
