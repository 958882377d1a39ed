//! CM-6: an ICE restart comes before a teardown, and does not count as a retry.

use super::story::{Story, orders};
use crate::{ConnectionState, IceState, Status};

const SHAKEN: (IceState, ConnectionState) = (IceState::Disconnected, ConnectionState::Disconnected);

fn shake(story: &mut Story, peer: &str) -> Vec<String> {
    story.state(peer, 1, SHAKEN.0, SHAKEN.1)
}

#[test]
fn cm_06_a_failed_path_is_restarted_at_once_and_that_is_no_retry() {
    let mut story = Story::connected_with("ada");
    assert_eq!(
        story.ice_fails("ada", 1),
        ["create-offer ada#1 restart", "state ada connecting making-offer"]
    );
    assert_eq!(story.local_set("ada", 1, "mo-2"), ["send offer ada#1 n2 mo-2", "state ada connecting"]);
    let _ = story.answer("ada", 1, 2, "ada-2");
    let _ = story.remote_set("ada", 1);
    assert_eq!(story.works("ada", 1), ["state ada connected"]);
    story.silence(60_000);
    // The next failure is restarted again.
    assert_eq!(orders(&story.ice_fails("ada", 1)), ["create-offer ada#1 restart"]);
}

#[test]
fn cm_06_a_restart_that_does_not_help_in_10_s_ends_in_a_teardown_with_all_retries_left() {
    let mut story = Story::connected_with("ada");
    let _ = story.ice_fails("ada", 1);
    let _ = story.local_set("ada", 1, "mo-2");
    let _ = story.answer("ada", 1, 2, "ada-2");
    let _ = story.remote_set("ada", 1);
    assert_eq!(story.until(10_000), ["10000 close ada#1", "10000 state ada failed 2000"]);
    assert_eq!(
        story.until(12_000),
        ["12000 open ada#2", "12000 create-offer ada#2", "12000 state ada connecting retry-1 making-offer"]
    );
}

#[test]
fn cm_06_a_path_that_fails_again_after_the_restart_is_torn_down_at_once() {
    let mut story = Story::connected_with("ada");
    let _ = story.ice_fails("ada", 1);
    let _ = story.local_set("ada", 1, "mo-2");
    let _ = story.answer("ada", 1, 2, "ada-2");
    let _ = story.remote_set("ada", 1);
    assert_eq!(story.ice_fails("ada", 1), ["close ada#1", "state ada failed 2000"]);
}

#[test]
fn cm_06_a_disconnected_path_has_3_s_to_come_back() {
    let mut story = Story::connected_with("ada");
    assert_eq!(shake(&mut story, "ada"), ["state ada connecting"]);
    story.silence(2_999);
    assert_eq!(story.works("ada", 1), ["state ada connected"]);
    story.silence(60_000);
    let _ = shake(&mut story, "ada");
    let at = story.now_ms() + 3_000;
    assert_eq!(
        story.until(at),
        [format!("{at} create-offer ada#1 restart"), format!("{at} state ada connecting making-offer")]
    );
}

#[test]
fn cm_06_the_polite_side_restarts_as_well_and_gives_way_when_both_do() {
    let mut story = Story::connected_with("zoe");
    assert_eq!(orders(&story.ice_fails("zoe", 1)), ["create-offer zoe#1 restart"]);
    let _ = story.local_set("zoe", 1, "mo-2");
    assert_eq!(story.offer("zoe", 1, 2, "zoe-2"), ["rollback zoe#1"]);
    assert_eq!(story.rolled_back("zoe", 1), ["set-offer zoe#1 zoe-2"]);
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(
        story.local_set("zoe", 1, "mo-3"),
        ["send answer zoe#1 n2 mo-3"],
        "theirs was a restart, so one's own is not wanted any more"
    );
    assert_eq!(story.works("zoe", 1), ["state zoe connected"]);
}

#[test]
fn cm_06_a_restart_that_met_an_ordinary_offer_follows_it() {
    let mut story = Story::connected_with("zoe");
    let _ = story.ice_fails("zoe", 1);
    let _ = story.local_set("zoe", 1, "mo-2");
    let _ = story.offer("zoe", 1, 2, "zoe-1");
    let _ = story.rolled_back("zoe", 1);
    let _ = story.remote_set("zoe", 1);
    assert_eq!(
        story.local_set("zoe", 1, "mo-1"),
        ["send answer zoe#1 n2 mo-1", "create-offer zoe#1 restart", "state zoe connecting making-offer"]
    );
}

#[test]
fn cm_06_the_others_restart_gives_a_shaken_path_its_time() {
    let mut story = Story::connected_with("zoe");
    let _ = shake(&mut story, "zoe");
    story.silence(1_000);
    assert_eq!(story.offer("zoe", 1, 2, "zoe-2"), ["set-offer zoe#1 zoe-2"]);
    let _ = story.remote_set("zoe", 1);
    let _ = story.local_set("zoe", 1, "mo-2");
    story.silence(14_999);
    assert_eq!(story.works("zoe", 1), ["state zoe connected"]);
}

#[test]
fn cm_06_a_first_path_that_fails_before_the_answer_is_torn_down() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    assert_eq!(story.ice_fails("ada", 1), ["close ada#1", "state ada failed 2000"]);
}

#[test]
fn cm_06_a_first_path_that_fails_after_the_answer_is_restarted() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.answer("ada", 1, 1, "ada-1");
    let _ = story.remote_set("ada", 1);
    assert_eq!(orders(&story.ice_fails("ada", 1)), ["create-offer ada#1 restart"]);
    assert_eq!(story.status("ada"), Status::Connecting);
}
