//! The program bus: sums, and sums without oneself.

use proptest::prelude::*;

use super::ProgramBus;
use crate::{db_from_gain, gain_from_db};

const TICK: usize = 960;

/// A pilot tone of 48 kHz, a whole number of periods in each tick.
fn pilot(k: usize) -> Vec<f32> {
    (0..TICK)
        .map(|n| 0.5 * (std::f32::consts::TAU * (10 * (k + 1) * n % TICK) as f32 / TICK as f32).sin())
        .collect()
}

/// The amplitude of pilot tone k in a signal.
fn amplitude(signal: &[f32], k: usize) -> f64 {
    let part = |wave: fn(f64) -> f64| -> f64 {
        let at = |n: usize| std::f64::consts::TAU * (10 * (k + 1) * n % TICK) as f64 / TICK as f64;
        signal.iter().enumerate().map(|(n, sample)| f64::from(*sample) * wave(at(n))).sum()
    };
    part(f64::cos).hypot(part(f64::sin)) / (TICK / 2) as f64
}

#[test]
fn au_04_each_gets_all_others_at_their_gain_and_oneself_not_at_all() {
    let mut bus = ProgramBus::new(TICK);
    let gains_db = [0.0, -6.0, 6.0, 0.0, -20.0, 3.0, 0.0, 0.0];
    let inputs: Vec<_> = gains_db.iter().map(|_| bus.add_input()).collect();
    for (input, db) in inputs.iter().zip(gains_db) {
        bus.set_gain(*input, gain_from_db(db) as f32);
    }
    let mut minus = vec![0.0; TICK];
    for _tick in 0..3 {
        bus.begin();
        for (k, input) in inputs.iter().enumerate() {
            bus.give(*input, &pilot(k));
        }
    }
    for (own, input) in inputs.iter().enumerate() {
        bus.write_minus(*input, &mut minus);
        for (k, db) in gains_db.into_iter().enumerate() {
            let heard_db = db_from_gain(amplitude(&minus, k) / 0.5);
            if k == own {
                assert!(heard_db < -110.0, "{own} hears itself at {heard_db} dB");
            } else {
                assert!((heard_db - db).abs() < 0.01, "{own} hears {k} at {heard_db} dB, not {db}");
            }
        }
    }
}

#[test]
fn who_gives_nothing_hears_everything_and_old_sounds_do_not_come_back() {
    let mut bus = ProgramBus::new(4);
    let (ann, bob) = (bus.add_input(), bus.add_input());
    bus.begin();
    bus.give(ann, &[0.1, 0.2]);
    bus.give(bob, &[0.0, 0.1, 0.2, 0.3]);
    let mut out = [9.0; 4];
    bus.write_minus(bob, &mut out);
    assert_eq!(out, [0.1, 0.3 - 0.1, 0.0, 0.0]);
    bus.begin();
    bus.give(bob, &[0.5; 4]);
    bus.give(bob, &[0.5; 4]);
    assert_eq!(bus.program(), [0.5; 4], "one gives once in a tick");
    bus.write_minus(ann, &mut out);
    assert_eq!(out, [0.5; 4]);
    bus.remove_input(bob);
    bus.begin();
    bus.give(bob, &[0.5; 4]);
    assert_eq!(bus.program(), [0.0; 4]);
    bus.write_minus(bob, &mut out);
    assert_eq!(out, [0.0; 4]);
}

#[test]
fn a_gain_glides_within_a_tick() {
    let mut bus = ProgramBus::new(100);
    let input = bus.add_input();
    bus.set_gain(input, 0.0);
    bus.set_gain(input, f32::NAN);
    bus.begin();
    bus.give(input, &[1.0; 100]);
    let steps: Vec<f32> = bus.program().windows(2).map(|w| w[0] - w[1]).collect();
    assert!(steps.iter().all(|step| (step - 0.01).abs() < 1e-4), "{steps:?}");
    bus.begin();
    bus.give(input, &[1.0; 100]);
    assert_eq!(bus.program(), [0.0; 100]);
}

#[test]
fn one_broken_input_breaks_nobody() {
    let mut bus = ProgramBus::new(3);
    let (ann, bob) = (bus.add_input(), bus.add_input());
    bus.begin();
    bus.give(ann, &[f32::NAN, f32::INFINITY, 0.25]);
    bus.give(bob, &[0.5; 3]);
    assert_eq!(bus.program(), [0.5, 0.5, 0.75]);
    let mut out = [0.0; 3];
    bus.write_minus(bob, &mut out);
    assert_eq!(out, [0.0, 0.0, 0.25]);
}

proptest! {
    /// Against the naive mixer: N sums of N − 1 inputs.
    #[test]
    fn au_04_the_difference_is_the_sum_of_the_others(
        inputs in proptest::collection::vec(proptest::collection::vec(-1.0..1.0_f32, 32), 1..12),
    ) {
        let mut bus = ProgramBus::new(32);
        let ids: Vec<_> = inputs.iter().map(|_| bus.add_input()).collect();
        bus.begin();
        for (id, samples) in ids.iter().zip(&inputs) {
            bus.give(*id, samples);
        }
        let mut minus = [0.0; 32];
        for (own, id) in ids.iter().enumerate() {
            bus.write_minus(*id, &mut minus);
            for (n, sample) in minus.iter().enumerate() {
                let others = inputs.iter().enumerate().filter(|(k, _)| *k != own);
                let sum: f64 = others.map(|(_, samples)| f64::from(samples[n])).sum();
                prop_assert!((f64::from(*sample) - sum).abs() < 1e-5);
            }
        }
    }
}
