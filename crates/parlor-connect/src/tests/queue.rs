//! CM-18, CM-19: four attempts at once, hosts first, 200 ms apart.

use parlor_proto::Role;

use super::story::{Story, orders, present, punctual};
use crate::{Input, Media, Present, Settings};

fn host(name: &str) -> Present {
    Present { role: Role::Host, ..present(name) }
}

fn opened(lines: &[String]) -> Vec<String> {
    orders(lines).into_iter().filter(|line| line.contains("open ")).map(str::to_owned).collect()
}

#[test]
fn cm_19_hosts_come_first_then_the_others_in_order_200_ms_apart() {
    let mut story = Story::new();
    let lines = story.joined_as("r", &[present("a"), host("b"), present("c"), host("d")], 1);
    assert_eq!(opened(&lines), ["open b#1"]);
    assert_eq!(opened(&story.until(600)), ["200 open d#1", "400 open a#1", "600 open c#1"]);
}

#[test]
fn cm_18_the_fifth_waits_until_one_of_four_is_through_or_has_failed() {
    let mut story = Story::new();
    let _ = story.joined("r", &["a", "b", "c", "d", "e", "f"]);
    assert_eq!(opened(&story.until(5_000)), ["200 open b#1", "400 open c#1", "600 open d#1"]);
    assert_eq!(story.alarm_ms(), Some(10_000), "nothing can start: no alarm before the first time-out");
    let lines = story.connect("c", 1);
    assert_eq!(opened(&lines), ["open e#1"]);
    let _ = story.until(5_100);
    let _ = story.local_set("a", 1, "mo");
    assert_eq!(opened(&story.ice_fails("a", 1)), [""; 0], "within 200 ms of the last start");
    assert_eq!(opened(&story.until(5_200)), ["5200 open f#1"]);
}

#[test]
fn cm_18_who_waits_for_an_offer_and_who_answers_one_takes_no_place() {
    let mut story = Story::new();
    let _ = story.joined("r", &["a", "b", "c", "d", "v", "w", "x", "y", "z"]);
    let _ = story.until(600);
    for name in ["v", "w", "x", "y", "z"] {
        let lines = story.offer(name, 1, 1, "theirs");
        assert_eq!(opened(&lines), [format!("open {name}#1")]);
    }
}

#[test]
fn cm_18_the_number_is_a_setting_and_so_is_the_distance() {
    let settings = Settings { attempts_at_once: 2, stagger_ms: 0, ..punctual() };
    let mut story = Story::with(settings, 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    assert_eq!(opened(&story.joined("r", &["a", "b", "c"])), ["open a#1", "open b#1"]);
    assert_eq!(opened(&story.until(10_000)), ["10000 open c#1"]);
}

#[test]
fn cm_19_a_retry_goes_to_the_end_of_the_queue() {
    let mut story = Story::new();
    let _ = story.joined("r", &["a", "b", "c", "d", "e"]);
    let _ = story.until(600);
    assert_eq!(opened(&story.ice_fails("a", 1)), [""; 0], "200 ms after the last start at the earliest");
    assert_eq!(opened(&story.until(2_600)), ["800 open e#1"], "a's turn comes when a place is free");
    assert_eq!(opened(&story.connect("b", 1)), ["open a#2"]);
}

#[test]
fn cm_19_who_becomes_host_while_queued_comes_first() {
    let mut story = Story::new();
    let _ = story.joined("r", &["a", "b", "c"]);
    let _ = story.updated(host("c"));
    assert_eq!(opened(&story.until(400)), ["200 open c#1", "400 open b#1"]);
}

#[test]
fn cm_18_who_leaves_frees_their_place() {
    let mut story = Story::new();
    let _ = story.joined("r", &["a", "b", "c", "d", "e"]);
    let _ = story.until(1_000);
    let lines = story.left("r", "a", parlor_proto::LeaveReason::Left, &["b", "c", "d", "e"]);
    assert_eq!(opened(&lines), ["open e#1"]);
}
