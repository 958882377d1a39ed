//! CM-16: after a direct path failed, relayed paths only, and after these all again; without a TURN server always all.

use super::story::{Story, orders};
use crate::Input;

/// The path fails for attempt `attempt` with `ada`; what is opened for the next.
fn next_after_failed_path(story: &mut Story, attempt: u32) -> String {
    let _ = story.local_set("ada", attempt, "mo");
    let lines = story.ice_fails("ada", attempt);
    assert_eq!(orders(&lines), [format!("close ada#{attempt}")]);
    let at = story.alarm_ms().unwrap();
    let lines = story.until(at);
    lines[0].split_once(' ').unwrap().1.to_owned()
}

#[test]
fn cm_16_relay_and_all_take_turns_after_each_failed_path() {
    let mut story = Story::new();
    assert_eq!(story.tell(Input::TurnAvailable(true)), [""; 0]);
    assert_eq!(orders(&story.joined("r", &["ada"])), ["open ada#1", "create-offer ada#1"]);
    assert_eq!(next_after_failed_path(&mut story, 1), "open ada#2 relay");
    assert_eq!(next_after_failed_path(&mut story, 2), "open ada#3");
    assert_eq!(next_after_failed_path(&mut story, 3), "open ada#4 relay");
}

#[test]
fn cm_16_without_a_turn_server_all_candidates_are_used_again() {
    let mut story = Story::among(&["ada"]);
    assert_eq!(next_after_failed_path(&mut story, 1), "open ada#2");
    assert_eq!(next_after_failed_path(&mut story, 2), "open ada#3");
}

#[test]
fn cm_16_what_is_not_the_paths_fault_changes_nothing_about_it() {
    let mut story = Story::new();
    let _ = story.tell(Input::TurnAvailable(true));
    let _ = story.joined("r", &["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.answer("ada", 1, 1, "ada-1");
    let _ = story.remote_failed("ada", 1);
    assert_eq!(story.until(2_000)[0], "2000 open ada#2");
    let _ = story.local_set("ada", 2, "mo-2");
    assert_eq!(story.until(12_000)[0], "12000 close ada#2", "not answered");
    assert_eq!(story.until(16_000)[0], "16000 open ada#3");
    let _ = story.dtls_fails("ada", 3);
    assert_eq!(story.until(24_000)[0], "24000 open ada#4");
}

#[test]
fn cm_16_an_attempt_of_the_other_side_uses_the_relay_as_well() {
    let mut story = Story::new();
    let _ = story.tell(Input::TurnAvailable(true));
    let _ = story.joined("r", &["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    assert_eq!(story.offer("ada", 2, 1, "ada-2")[0], "open ada#2 relay");
}

#[test]
fn cm_16_a_turn_server_that_went_away_is_not_used() {
    let mut story = Story::new();
    let _ = story.tell(Input::TurnAvailable(true));
    let _ = story.joined("r", &["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    let _ = story.tell(Input::TurnAvailable(false));
    assert_eq!(story.until(2_000)[0], "2000 open ada#2");
}
