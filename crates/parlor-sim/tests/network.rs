//! Two to ten participants over a seeded network, twelve hundred worlds in all (see `parlor_sim::world`).
#![allow(clippy::print_stdout, reason = "tests")]

use parlor_sim::plan::Plan;
use parlor_sim::world::{Outcome, World};

const SEEDS: u64 = 500;
/// Each of these costs more: connections are looked at once a second.
const FREEZING_SEEDS: u64 = 200;

/// Runs a world for each seed, and lets `check` look at what came of it. How often a connection was found over which
/// nothing comes.
fn run_all(
    seeds: u64,
    plan_of: impl Fn(u64) -> Plan,
    check: impl Fn(&Plan, &Outcome) -> Vec<String>,
) -> usize {
    let mut failed = Vec::new();
    let (mut events, mut found_frozen) = (0, 0);
    for seed in 0..seeds {
        let plan = plan_of(seed);
        let mut outcome = World::new(seed, &plan).run(&plan);
        events += outcome.events;
        found_frozen += outcome.found_frozen;
        outcome.faults.extend(check(&plan, &outcome));
        if !outcome.faults.is_empty() {
            failed.push(format!("seed {seed}, {plan:?}:\n  {}", outcome.faults.join("\n  ")));
        }
    }
    println!("{seeds} worlds, {events} events, {found_frozen} found frozen, {} with faults", failed.len());
    let first: Vec<&str> = failed.iter().take(3).map(String::as_str).collect();
    assert!(failed.is_empty(), "{} seeds, the first of them:\n{}", failed.len(), first.join("\n"));
    found_frozen
}

#[test]
fn cm_14_all_who_join_at_once_connect_once_and_without_a_retry() {
    run_all(SEEDS, Plan::calm, |plan, outcome| {
        let wrong = outcome.opened.iter().filter(|(_, opened)| **opened != plan.participants - 1);
        wrong.map(|(id, opened)| format!("{id} opened {opened} connections")).collect()
    });
}

#[test]
fn cm_09_whatever_happens_everyone_there_is_connected_with_everyone_else_and_with_nobody_more() {
    run_all(SEEDS, Plan::stormy, |_, _| Vec::new());
}

#[test]
fn cm_15_media_that_stops_on_a_path_that_works_is_found_and_flows_again_in_any_storm() {
    let found = run_all(FREEZING_SEEDS, Plan::freezing, |_, _| Vec::new());
    assert!(
        found > 20,
        "only {found} connections were found frozen: the storm is too weak to prove anything"
    );
}
