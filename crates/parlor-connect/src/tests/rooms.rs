//! Rooms as connections see them: several with the same people, epochs, and who is missing after a reconnect.

use parlor_proto::LeaveReason;

use super::story::{Story, orders, present, room};
use crate::{Input, Status};

fn reconnect(story: &mut Story, others: &[&str]) -> Vec<String> {
    let mut lines = story.tell(Input::SignalingDown);
    story.silence(1_000);
    lines.extend(story.tell(Input::SignalingUp));
    lines.extend(story.joined("r", others));
    lines
}

#[test]
fn cm_09_two_shared_rooms_are_one_connection_and_it_lasts_as_long_as_either() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.joined("s", &["ada"]), [""; 0]);
    assert_eq!(story.left("r", "ada", LeaveReason::Left, &[]), [""; 0]);
    assert_eq!(story.status("ada"), Status::Connected);
    assert_eq!(
        story.left("s", "ada", LeaveReason::Left, &[]),
        ["close ada#1", "state ada disconnected", "removed ada"]
    );
}

#[test]
fn cm_09_leaving_one_room_keeps_who_is_in_the_other() {
    let mut story = Story::among(&["ada", "bea"]);
    let _ = story.until(200);
    let _ = story.joined("s", &["ada"]);
    assert_eq!(orders(&story.tell(Input::LeaveRoom { room_id: room("r") })), ["close bea#1", "removed bea"]);
    assert_eq!(story.status("ada"), Status::Connecting);
}

#[test]
fn cm_09_frames_of_a_lower_epoch_are_dropped() {
    let mut story = Story::new();
    let _ = story.joined_as("r", &[present("ada")], 5);
    assert_eq!(story.left("r", "ada", LeaveReason::Left, &[]), [""; 0], "epoch 1");
    assert_eq!(story.came("r", &[present("ada"), present("zoe")], 4), [""; 0]);
    assert_eq!(story.came("r", &[present("ada"), present("zoe")], 5), ["state zoe waiting"]);
    // `room-joined` sets it, whatever it was.
    let _ = story.joined_as("r", &[present("ada"), present("zoe")], 1);
    let lines = story.left("r", "zoe", LeaveReason::Left, &["ada"]);
    assert_eq!(lines, ["state zoe disconnected", "removed zoe"]);
}

#[test]
fn cm_09_frames_of_a_room_one_is_not_in_count_for_nothing() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.came("elsewhere", &[present("zoe")], 1), [""; 0]);
    assert_eq!(story.left("elsewhere", "ada", LeaveReason::Left, &[]), [""; 0]);
    assert_eq!(story.left("elsewhere", "mo", LeaveReason::Kicked, &[]), [""; 0]);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_09_who_is_missing_after_a_reconnect_is_kept_for_10_s() {
    let mut story = Story::connected_with("ada");
    assert_eq!(reconnect(&mut story, &[]), [""; 0]);
    assert_eq!(story.now_ms(), 1_000);
    story.silence(9_999);
    assert_eq!(
        story.until(11_000),
        ["11000 close ada#1", "11000 state ada disconnected", "11000 removed ada"]
    );
    assert_eq!(story.alarm_ms(), None);
}

#[test]
fn cm_09_who_comes_back_within_the_10_s_keeps_the_media() {
    let mut story = Story::connected_with("ada");
    let _ = reconnect(&mut story, &[]);
    story.silence(5_000);
    assert_eq!(story.came("r", &[present("ada")], 1), [""; 0]);
    story.silence(60_000);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_09_a_second_reconnect_gives_no_second_10_s() {
    let mut story = Story::connected_with("ada");
    let _ = reconnect(&mut story, &[]);
    story.silence(5_000);
    let _ = reconnect(&mut story, &[]);
    let lines = story.until(11_000);
    assert_eq!(lines.last().map(String::as_str), Some("11000 removed ada"));
}

#[test]
fn cm_09_who_is_missing_but_said_to_have_left_is_closed_at_once() {
    let mut story = Story::connected_with("ada");
    let _ = reconnect(&mut story, &[]);
    assert_eq!(
        story.left("r", "ada", LeaveReason::Timeout, &[]),
        ["close ada#1", "state ada disconnected", "removed ada"]
    );
}

#[test]
fn cm_09_nobody_missing_is_offered_to() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    let _ = reconnect(&mut story, &[]);
    let lines = story.until(10_999);
    assert_eq!(orders(&lines), [""; 0], "{lines:?}");
    assert_eq!(orders(&story.came("r", &[present("ada")], 1)), ["open ada#2", "create-offer ada#2"]);
}

#[test]
fn cm_09_who_is_missing_in_one_room_and_there_in_another_is_there() {
    let mut story = Story::connected_with("ada");
    let _ = story.joined("s", &["ada"]);
    let _ = reconnect(&mut story, &[]);
    story.silence(60_000);
    assert_eq!(story.status("ada"), Status::Connected);
}
