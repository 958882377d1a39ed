//! CM-9, CM-10: who leaves is closed, never tried again, and removed exactly once.

use parlor_proto::LeaveReason;

use super::story::{Story, id, orders, room};
use crate::{Input, Status};

#[test]
fn cm_09_whoever_leaves_for_whatever_reason_is_closed_and_removed_once() {
    for reason in [
        LeaveReason::Left,
        LeaveReason::Disconnected,
        LeaveReason::Timeout,
        LeaveReason::Kicked,
        LeaveReason::Replaced,
        LeaveReason::RoomEnded,
    ] {
        let mut story = Story::connected_with("ada");
        assert_eq!(
            story.left("r", "ada", reason, &[]),
            ["close ada#1", "state ada disconnected", "removed ada"],
            "{reason:?}"
        );
        assert_eq!(story.left("r", "ada", reason, &[]), [""; 0], "said twice, done once");
        assert_eq!(story.alarm_ms(), None);
        assert_eq!(story.manager.connections(), []);
        assert_eq!(story.ice_fails("ada", 1), [""; 0]);
        assert_eq!(story.offer("ada", 2, 1, "ada-2"), [""; 0]);
    }
}

#[test]
fn cm_09_leaving_ends_an_attempt_and_a_retry_that_was_due() {
    let mut story = Story::among(&["ada", "zoe"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    assert_eq!(
        story.left("r", "ada", LeaveReason::Left, &["zoe"]),
        ["state ada disconnected", "removed ada"],
        "nothing is open any more"
    );
    let _ = story.left("r", "zoe", LeaveReason::Left, &[]);
    assert_eq!(story.alarm_ms(), None);
}

#[test]
fn cm_09_the_others_keep_their_connections() {
    let mut story = Story::among(&["ada", "zoe"]);
    let _ = story.connect("ada", 1);
    let _ = story.connect("zoe", 1);
    let lines = story.left("r", "zoe", LeaveReason::Disconnected, &["ada"]);
    assert_eq!(lines, ["close zoe#1", "state zoe disconnected", "removed zoe"]);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_09_who_is_missing_from_the_new_list_is_gone_too() {
    let mut story = Story::among(&["ada", "zoe"]);
    let _ = story.until(1_000);
    let lines = story.left("r", "zoe", LeaveReason::Left, &[]);
    assert!(lines.contains(&"removed ada".to_owned()), "{lines:?}");
}

#[test]
fn cm_09_the_server_that_stops_ends_no_connection() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.left("r", "mo", LeaveReason::ServerStopping, &[]), [""; 0]);
    assert_eq!(story.tell(Input::SignalingDown), [""; 0]);
    story.silence(600_000);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_09_nor_when_it_is_said_of_another() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.left("r", "ada", LeaveReason::ServerStopping, &[]), [""; 0]);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_09_who_is_kicked_closes_all_connections_of_that_room() {
    for reason in [LeaveReason::Kicked, LeaveReason::RoomEnded, LeaveReason::Replaced, LeaveReason::Timeout] {
        let mut story = Story::among(&["ada", "zoe"]);
        let _ = story.connect("ada", 1);
        let lines = story.left("r", "mo", reason, &["ada", "zoe"]);
        assert_eq!(
            lines,
            ["close ada#1", "state ada disconnected", "removed ada", "state zoe disconnected", "removed zoe"],
            "{reason:?}"
        );
        story.silence(60_000);
    }
}

#[test]
fn cm_09_leaving_on_purpose_closes_what_the_room_held() {
    let mut story = Story::connected_with("ada");
    assert_eq!(
        story.tell(Input::LeaveRoom { room_id: room("r") }),
        ["close ada#1", "state ada disconnected", "removed ada"]
    );
    assert_eq!(story.tell(Input::LeaveRoom { room_id: room("r") }), [""; 0]);
    assert_eq!(story.alarm_ms(), None);
}

#[test]
fn cm_10_close_all_closes_everyone_and_forgets_the_rooms() {
    let mut story = Story::among(&["ada", "zoe"]);
    let _ = story.joined("s", &["bea"]);
    let _ = story.connect("ada", 1);
    let lines = story.tell(Input::CloseAll);
    assert_eq!(orders(&lines), ["close ada#1", "removed ada", "removed bea", "removed zoe"]);
    assert_eq!(story.manager.connections(), []);
    assert_eq!(story.alarm_ms(), None);
    assert_eq!(
        story.came("r", &[super::story::present("ada")], 1),
        [""; 0],
        "a frame of a room that is left"
    );
}

#[test]
fn cm_10_close_connection_closes_one_for_good_but_not_the_participant() {
    let mut story = Story::connected_with("ada");
    assert_eq!(
        story.tell(Input::ClosePeer { peer: id("ada").into() }),
        ["close ada#1", "state ada disconnected"]
    );
    assert_eq!(story.offer("ada", 2, 1, "ada-2"), [""; 0], "not against one's will");
    assert_eq!(story.candidate("ada", 2, "ada-2"), [""; 0]);
    story.silence(600_000);
    assert_eq!(story.manager.connections().len(), 1);
    assert_eq!(
        story.tell(Input::Retry { peer: id("ada").into() }),
        ["open ada#2", "create-offer ada#2", "state ada connecting making-offer"]
    );
}

#[test]
fn cm_09_who_comes_back_in_the_same_document_goes_on_counting_attempts() {
    let mut story = Story::connected_with("ada");
    story.silence(1_000);
    let _ = story.left("r", "ada", LeaveReason::Left, &[]);
    let lines = story.came("r", &[super::story::present("ada")], 1);
    assert_eq!(orders(&lines), ["open ada#2", "create-offer ada#2"]);
}

#[test]
fn cm_09_who_timed_out_and_comes_back_may_not_know_so_even_the_polite_side_offers() {
    let mut story = Story::connected_with("zoe");
    let _ = story.left("r", "zoe", LeaveReason::Timeout, &[]);
    let lines = story.came("r", &[super::story::present("zoe")], 1);
    assert_eq!(orders(&lines), ["open zoe#2", "create-offer zoe#2"]);
}

#[test]
fn cm_09_of_those_who_left_only_so_many_are_remembered() {
    let mut story = Story::among(&[]);
    for number in 0..300 {
        let name = format!("a{number}");
        let _ = story.came("r", &[super::story::present(&name)], 1);
        let _ = story.left("r", &name, LeaveReason::Left, &[]);
        story.silence(200);
    }
    let back = |story: &mut Story, name: &str| {
        let lines = story.came("r", &[super::story::present(name)], 1);
        let _ = story.left("r", name, LeaveReason::Left, &[]);
        story.silence(200);
        orders(&lines)[0].to_owned()
    };
    assert_eq!(back(&mut story, "a299"), "open a299#2");
    assert_eq!(back(&mut story, "a0"), "open a0#1", "the longest gone is forgotten");
}
