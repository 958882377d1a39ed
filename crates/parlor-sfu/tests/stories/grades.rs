//! What the hub tells of how well paths work (AU-6).

use std::time::Duration;

use crate::common::{Plan, Send, World};
use parlor_proto::Grade;

const TALKS: Plan = Plan { sends: Send::Audio, audio_slots: 2, video_slots: 0, data: true, red: false };
const SHOWS: Plan = Plan { sends: Send::Both, audio_slots: 2, video_slots: 2, data: true, red: false };

fn pair(plan: Plan) -> World {
    let mut world = World::new();
    world.join("ann", plan);
    world.join("bob", plan);
    world.connect_all();
    world.run(500);
    world
}

#[test]
fn au_6_who_is_connected_over_a_clean_path_is_good_and_nothing_else_is_told() {
    for plan in [TALKS, SHOWS] {
        let mut world = pair(plan);
        world.run(30_000);
        for name in ["ann", "bob"] {
            assert_eq!(world.grades_of(name), [Grade::Good], "{name}");
        }
    }
}

#[test]
fn au_6_a_path_that_is_lost_is_told_and_so_is_its_return() {
    let mut world = pair(TALKS);
    let address = world.client("ann").address;
    world.net.cut(address, true);
    world.run_until(30_000, "lost", |world| world.grades_of("ann").last() == Some(&Grade::Lost));
    world.net.cut(address, false);
    world.client_mut("ann").restart_ice();
    world.offer(0);
    world.run_until(5_000, "back", |world| world.grades_of("ann").last() == Some(&Grade::Good));
    world.run(20_000);
    assert_eq!(
        world.grades_of("ann"),
        [Grade::Good, Grade::Lost, Grade::Good],
        "what the cut cost does not count"
    );
    assert_eq!(world.grades_of("bob"), [Grade::Good], "who was not cut off");
}

#[test]
fn au_6_a_path_that_loses_packets_is_graded_down_and_up_again() {
    let mut world = pair(TALKS);
    let address = world.client("ann").address;
    world.net.set_loss(address, 20);
    world.run_until(15_000, "poor", |world| world.grades_of("ann").last() == Some(&Grade::Poor));
    assert_eq!(world.grades_of("bob"), [Grade::Good]);
    world.net.set_loss(address, 0);
    world.run_until(20_000, "good", |world| world.grades_of("ann").last() == Some(&Grade::Good));
}

#[test]
fn au_6_a_long_way_is_fair() {
    let mut world = pair(TALKS);
    let address = world.client("ann").address;
    world.net.set_delay(address, 150);
    world.run_until(60_000, "fair", |world| world.grades_of("ann").last() == Some(&Grade::Fair));
}

#[test]
fn au_6_no_more_than_one_grade_a_second_is_told_of_a_path_that_comes_and_goes() {
    let mut world = pair(TALKS);
    let address = world.client("ann").address;
    for round in 0..40 {
        world.net.cut(address, round % 2 == 0);
        world.net.set_loss(address, (round % 3) * 15);
        world.run(700);
    }
    let told: Vec<_> = world.grades.iter().filter(|(who, ..)| *who == crate::common::seat("ann")).collect();
    for two in told.windows(2) {
        assert_ne!(two[0].1, two[1].1, "only what is new");
        assert!(two[1].2 - two[0].2 >= Duration::from_secs(1), "{told:?}");
    }
}

#[test]
fn au_6_of_who_never_connects_it_is_told_when_that_is_certain_and_counted() {
    let mut world = World::new();
    world.join("ann", TALKS);
    let address = world.client("ann").address;
    world.net.cut(address, true);
    world.run(29_000);
    assert_eq!((world.grades_of("ann"), world.hub.ledger().totals.unreachable), (vec![], 0));
    world.run(2_000);
    assert_eq!((world.grades_of("ann"), world.hub.ledger().totals.unreachable), (vec![Grade::Lost], 1));
}

#[test]
fn au_6_of_who_leaves_nothing_is_told_and_of_who_breaks_off_that_it_is_lost() {
    let mut world = pair(TALKS);
    world.leave("bob");
    world.run(1_000);
    assert_eq!(world.grades_of("bob"), [Grade::Good]);
    assert_eq!(world.hub.ledger().totals.unreachable, 0);
    let address = world.client("ann").address;
    world.net.cut(address, true);
    world.run(60_000);
    assert!(world.hub.ledger().is_empty());
    assert_eq!(
        world.grades_of("ann"),
        [Grade::Good, Grade::Lost],
        "once, though the path was lost before its end"
    );
}
