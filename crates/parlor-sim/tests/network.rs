//! Two to ten participants over a seeded network, a thousand worlds in all (see `parlor_sim::world`).
#![allow(clippy::print_stdout, reason = "tests")]

use parlor_sim::plan::Plan;
use parlor_sim::world::{Outcome, World};

const SEEDS: u64 = 500;

/// Runs a world for each seed, and lets `check` look at what came of it.
fn run_all(plan_of: impl Fn(u64) -> Plan, check: impl Fn(&Plan, &Outcome) -> Vec<String>) {
    let mut failed = Vec::new();
    let mut events = 0;
    for seed in 0..SEEDS {
        let plan = plan_of(seed);
        let mut outcome = World::new(seed, &plan).run(&plan);
        events += outcome.events;
        outcome.faults.extend(check(&plan, &outcome));
        if !outcome.faults.is_empty() {
            failed.push(format!("seed {seed}, {plan:?}:\n  {}", outcome.faults.join("\n  ")));
        }
    }
    println!("{SEEDS} worlds, {events} events, {} with faults", failed.len());
    let first: Vec<&str> = failed.iter().take(3).map(String::as_str).collect();
    assert!(failed.is_empty(), "{} seeds, the first of them:\n{}", failed.len(), first.join("\n"));
}

#[test]
fn cm_14_all_who_join_at_once_connect_once_and_without_a_retry() {
    run_all(Plan::calm, |plan, outcome| {
        let wrong = outcome.opened.iter().filter(|(_, opened)| **opened != plan.participants - 1);
        wrong.map(|(id, opened)| format!("{id} opened {opened} connections")).collect()
    });
}

#[test]
fn cm_09_whatever_happens_everyone_there_is_connected_with_everyone_else_and_with_nobody_more() {
    run_all(Plan::stormy, |_, _| Vec::new());
}
