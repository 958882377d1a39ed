//! CM-9, CM-16: what the loss of signalling, one's own or the other's, does in each phase: deadlines stop, media stays,
//! and when messages arrive again everything goes on at once.

use super::story::{Story, orders};
use crate::{Input, Status};

fn down(story: &mut Story) {
    assert_eq!(story.tell(Input::SignalingDown), [""; 0]);
}

/// Down for an hour, in which nothing is to happen.
fn an_hour_without(story: &mut Story) -> Vec<String> {
    down(story);
    story.silence(3_600_000);
    story.tell(Input::SignalingUp)
}

#[test]
fn cm_16_a_live_connection_outlasts_it() {
    let mut story = Story::connected_with("ada");
    assert_eq!(an_hour_without(&mut story), [""; 0]);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_16_while_waiting_the_15_s_begin_anew() {
    let mut story = Story::among(&["zoe"]);
    story.silence(14_000);
    assert_eq!(an_hour_without(&mut story), [""; 0]);
    story.silence(14_999);
    let at = story.now_ms() + 1;
    assert_eq!(story.until(at), [format!("{at} state zoe failed 2000")]);
}

#[test]
fn cm_16_while_an_answer_is_awaited_the_10_s_begin_anew() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    assert_eq!(an_hour_without(&mut story), [""; 0]);
    story.silence(9_999);
    let at = story.now_ms() + 1;
    assert_eq!(story.until(at), [format!("{at} close ada#1"), format!("{at} state ada failed 2000")]);
}

#[test]
fn cm_16_in_the_queue_it_begins_the_moment_signalling_is_back() {
    let mut story = Story::new();
    down(&mut story);
    assert_eq!(story.joined("r", &["ada"]), ["state ada connecting"]);
    story.silence(60_000);
    assert_eq!(
        story.tell(Input::SignalingUp),
        ["open ada#1", "create-offer ada#1", "state ada connecting making-offer"]
    );
}

#[test]
fn cm_16_a_retry_that_fell_due_meanwhile_begins_at_once() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    down(&mut story);
    assert_eq!(story.until(60_000), ["2000 state ada failed"], "no time is known any more");
    assert_eq!(
        story.tell(Input::SignalingUp),
        ["open ada#2", "create-offer ada#2", "state ada connecting retry-1 making-offer"]
    );
}

#[test]
fn cm_16_a_path_that_breaks_meanwhile_is_restarted_when_signalling_is_back() {
    let mut story = Story::connected_with("ada");
    down(&mut story);
    assert_eq!(story.ice_fails("ada", 1), ["state ada connecting"], "nobody could hear an offer");
    story.silence(60_000);
    assert_eq!(
        story.tell(Input::SignalingUp),
        ["create-offer ada#1 restart", "state ada connecting making-offer"]
    );
    let _ = story.local_set("ada", 1, "mo-2");
    story.silence(9_999);
}

#[test]
fn cm_16_a_renegotiation_wanted_meanwhile_is_offered_when_signalling_is_back() {
    let mut story = Story::connected_with("ada");
    down(&mut story);
    assert_eq!(story.negotiation_needed("ada", 1), [""; 0]);
    story.silence(60_000);
    assert_eq!(story.tell(Input::SignalingUp), ["create-offer ada#1", "state ada connected making-offer"]);
}

#[test]
fn cm_16_an_answer_still_goes_out_for_the_session_to_keep() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    let _ = story.remote_set("zoe", 1);
    down(&mut story);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n1 mo-1"]);
    assert_eq!(story.works("zoe", 1), ["state zoe connected"]);
}

#[test]
fn cm_09_a_suspect_keeps_the_media_and_is_not_offered_to() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.suspect("ada", true), [""; 0]);
    assert_eq!(story.negotiation_needed("ada", 1), [""; 0]);
    story.silence(60_000);
    assert_eq!(story.suspect("ada", false), ["create-offer ada#1", "state ada connected making-offer"]);
}

#[test]
fn cm_09_who_joins_as_a_suspect_is_connected_when_they_are_back() {
    let mut story = Story::new();
    let suspect = crate::Present { suspect: true, ..super::story::present("ada") };
    assert_eq!(story.joined_as("r", &[suspect], 1), ["state ada connecting"]);
    story.silence(60_000);
    assert_eq!(orders(&story.suspect("ada", false)), ["open ada#1", "create-offer ada#1"]);
}

#[test]
fn cm_16_deadlines_of_a_suspect_stop_and_begin_anew() {
    let mut story = Story::among(&["ada", "zoe"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.suspect("ada", true);
    let _ = story.suspect("zoe", true);
    story.silence(60_000);
    let _ = story.suspect("ada", false);
    let _ = story.suspect("zoe", false);
    assert_eq!(story.until(70_000), ["70000 close ada#1", "70000 state ada failed 2000"]);
    let lines = story.until(75_000);
    assert!(lines.contains(&"75000 state zoe failed 2000".to_owned()), "{lines:?}");
}

#[test]
fn cm_09_after_a_new_session_a_half_done_attempt_begins_anew_at_once() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    down(&mut story);
    story.silence(3_000);
    assert_eq!(story.tell(Input::SignalingUp), [""; 0], "a resumed session lost nothing");
    assert_eq!(
        story.joined("r", &["ada"]),
        ["close ada#1", "open ada#2", "create-offer ada#2", "state ada connecting making-offer"],
        "a new one may have lost the offer"
    );
}

#[test]
fn cm_09_after_a_new_session_what_works_is_kept_and_an_open_offer_is_sent_again() {
    let mut story = Story::connected_with("ada");
    let _ = story.negotiation_needed("ada", 1);
    let _ = story.local_set("ada", 1, "mo-1");
    down(&mut story);
    let _ = story.tell(Input::SignalingUp);
    assert_eq!(story.joined("r", &["ada"]), ["send offer ada#1 n3 mo-1"]);
    assert_eq!(story.answer("ada", 1, 2, "ada-1"), [""; 0], "an answer to the former");
    assert_eq!(story.answer("ada", 1, 3, "ada-1"), ["set-answer ada#1 ada-1"]);
}
