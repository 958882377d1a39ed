//! CM-4: candidates and the descriptions they belong to.

use super::story::{Story, candidate};

/// Lets the offer that zoe sent be answered.
fn answered(story: &mut Story) -> Vec<String> {
    let lines = story.remote_set("zoe", 1);
    let _ = story.local_set("zoe", 1, "mo-1");
    lines
}

#[test]
fn cm_04_candidates_wait_until_their_offer_is_set_and_keep_their_order() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0]);
    assert_eq!(story.candidate_as("zoe", 1, Some(candidate(None))), [""; 0]);
    assert_eq!(story.candidate_as("zoe", 1, None), [""; 0]);
    assert_eq!(
        answered(&mut story),
        ["add zoe#1 zoe-1", "add zoe#1 unnamed", "add zoe#1 end", "create-answer zoe#1"]
    );
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), ["add zoe#1 zoe-1"], "and later ones go in at once");
}

#[test]
fn cm_04_candidates_that_come_before_their_offer_wait_for_it() {
    let mut story = Story::among(&["zoe"]);
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0]);
    assert_eq!(story.candidate_as("zoe", 1, Some(candidate(None))), [""; 0]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    assert_eq!(answered(&mut story), ["add zoe#1 zoe-1", "add zoe#1 unnamed", "create-answer zoe#1"]);
}

#[test]
fn cm_04_candidates_of_a_higher_attempt_wait_for_its_offer_and_leave_the_live_one_alone() {
    let mut story = Story::connected_with("zoe");
    assert_eq!(story.candidate("zoe", 2, "zoe-2"), [""; 0]);
    let lines = story.offer("zoe", 2, 1, "zoe-2");
    assert_eq!(lines, ["close zoe#1", "open zoe#2", "set-offer zoe#2 zoe-2", "state zoe connecting"]);
    assert_eq!(story.remote_set("zoe", 2), ["add zoe#2 zoe-2", "create-answer zoe#2"]);
}

#[test]
fn cm_04_candidates_of_the_answer_wait_for_the_answer() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    assert_eq!(story.candidate("ada", 1, "ada-1"), [""; 0]);
    assert_eq!(story.candidate_as("ada", 1, Some(candidate(None))), [""; 0]);
    let _ = story.answer("ada", 1, 1, "ada-1");
    assert_eq!(story.remote_set("ada", 1), ["add ada#1 ada-1", "add ada#1 unnamed"]);
}

#[test]
fn cm_04_candidates_of_an_ignored_offer_are_dropped_in_silence() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.offer("ada", 1, 1, "ada-x");
    assert_eq!(story.candidate("ada", 1, "ada-x"), [""; 0]);
    assert_eq!(story.candidate_as("ada", 1, Some(candidate(None))), [""; 0]);
    let _ = story.answer("ada", 1, 1, "ada-1");
    assert_eq!(story.candidate("ada", 1, "ada-1"), [""; 0]);
    assert_eq!(story.remote_set("ada", 1), ["add ada#1 ada-1", "state ada connecting"]);
    assert_eq!(story.candidate("ada", 1, "ada-x"), [""; 0], "also when they come late");
}

#[test]
fn cm_04_candidates_of_an_ignored_offer_do_not_turn_up_with_a_later_one() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.offer("ada", 1, 1, "ada-x");
    assert_eq!(story.candidate("ada", 1, "ada-x"), [""; 0]);
    let _ = story.answer("ada", 1, 1, "ada-1");
    let _ = story.remote_set("ada", 1);
    let _ = story.offer("ada", 1, 2, "ada-x");
    assert_eq!(story.remote_set("ada", 1), ["create-answer ada#1"]);
}

#[test]
fn cm_04_candidates_of_an_ignored_offer_that_the_answer_shares_are_kept() {
    // A rolled-back offer and the answer after it can have the same credentials.
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.offer("ada", 1, 1, "ada-1");
    assert_eq!(story.candidate("ada", 1, "ada-1"), [""; 0]);
    let _ = story.answer("ada", 1, 1, "ada-1");
    assert_eq!(story.remote_set("ada", 1), ["add ada#1 ada-1", "state ada connecting"]);
}

#[test]
fn cm_04_after_an_ice_restart_old_and_new_candidates_are_told_apart() {
    let mut story = Story::connected_with("zoe");
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), ["add zoe#1 zoe-1"]);
    assert_eq!(story.candidate("zoe", 1, "zoe-2"), [""; 0], "ahead of its description");
    let _ = story.offer("zoe", 1, 2, "zoe-2");
    assert_eq!(answered(&mut story), ["add zoe#1 zoe-2", "create-answer zoe#1"]);
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0], "of credentials that are gone");
    assert_eq!(story.candidate("zoe", 1, "zoe-2"), ["add zoe#1 zoe-2"]);
}

#[test]
fn cm_04_candidates_that_wait_are_bounded_and_the_newest_are_kept() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    for _ in 0..10_000 {
        assert_eq!(story.candidate("zoe", 1, "other"), [""; 0]);
    }
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0]);
    assert_eq!(answered(&mut story), ["add zoe#1 zoe-1", "create-answer zoe#1"]);
    let _ = story.offer("zoe", 1, 2, "other");
    let lines = answered(&mut story);
    assert_eq!(lines.iter().filter(|line| line.starts_with("add ")).count(), 255);
}

#[test]
fn cm_04_candidates_without_an_offer_are_bounded_too() {
    let mut story = Story::among(&["zoe"]);
    for _ in 0..10_000 {
        assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0]);
    }
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    let lines = answered(&mut story);
    assert_eq!(lines.iter().filter(|line| line.starts_with("add ")).count(), 256);
}
