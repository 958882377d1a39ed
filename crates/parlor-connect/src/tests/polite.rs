//! CM-1, CM-2: who offers and who waits, and how an ordinary connection comes about.

use super::story::{Story, candidate, id, present};
use crate::{Input, Status};

#[test]
fn cm_01_of_two_ids_the_smaller_is_polite_by_bytes() {
    let story = Story::new();
    // Capitals come before small letters, digits before both, and a prefix before what it begins.
    for (other, is_polite) in [
        ("ada", false),
        ("zoe", true),
        ("Zoe", false),
        ("9", false),
        ("m", false),
        ("mo2", true),
        ("~", true),
    ] {
        let Ok(other_id) = parlor_proto::UserId::parse(other) else { continue };
        assert_eq!(
            story.manager.connection_state(&other_id.clone().into()).is_polite,
            is_polite,
            "mo with {other}"
        );
    }
    assert!(
        !story.manager.connection_state(&id("hub").into()).is_polite,
        "a participant always offers to the hub"
    );
}

#[test]
fn cm_02_the_impolite_newcomer_offers_to_who_is_there() {
    let mut story = Story::new();
    assert_eq!(
        story.joined("r", &["ada"]),
        ["open ada#1", "create-offer ada#1", "state ada connecting making-offer"]
    );
    assert_eq!(story.local_set("ada", 1, "mo-1"), ["send offer ada#1 n1 mo-1", "state ada connecting"]);
    assert_eq!(story.answer("ada", 1, 1, "ada-1"), ["set-answer ada#1 ada-1"]);
    assert_eq!(story.candidate("ada", 1, "ada-1"), [""; 0], "its description is not set yet");
    assert_eq!(story.remote_set("ada", 1), ["add ada#1 ada-1"]);
    assert_eq!(story.works("ada", 1), ["state ada connected"]);
    assert_eq!(story.alarm_ms(), None, "a connection that works needs no alarm");
}

#[test]
fn cm_02_the_polite_newcomer_waits_for_the_offer() {
    let mut story = Story::new();
    assert_eq!(story.joined("r", &["zoe"]), ["state zoe waiting"]);
    story.silence(14_999);
    assert_eq!(
        story.offer("zoe", 1, 1, "zoe-1"),
        ["open zoe#1", "set-offer zoe#1 zoe-1", "state zoe connecting"]
    );
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n1 mo-1"]);
    assert_eq!(story.works("zoe", 1), ["state zoe connected"]);
}

#[test]
fn cm_02_who_was_there_before_behaves_the_same() {
    let mut story = Story::among(&[]);
    assert_eq!(
        story.came("r", &[present("ada"), present("zoe")], 1),
        ["open ada#1", "create-offer ada#1", "state ada connecting making-offer", "state zoe waiting"]
    );
}

#[test]
fn cm_02_local_candidates_go_out_as_they_come_and_their_end_too() {
    let mut story = Story::among(&["ada"]);
    let found = |candidate| Input::LocalCandidate { peer: id("ada").into(), attempt: 1, candidate };
    let _ = story.local_set("ada", 1, "mo-1");
    assert_eq!(story.tell(found(Some(candidate(Some("mo-1"))))), ["send candidate ada#1 mo-1"]);
    assert_eq!(story.tell(found(None)), ["send candidate ada#1 end"]);
}

#[test]
fn cm_02_the_offer_that_comes_while_one_is_made_carries_what_was_wanted() {
    // Browsers fire `negotiationneeded` while the first offer is being made: no second offer follows from that.
    let mut story = Story::among(&["ada"]);
    assert_eq!(story.negotiation_needed("ada", 1), [""; 0]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.answer("ada", 1, 1, "ada-1");
    assert_eq!(story.remote_set("ada", 1), [""; 0]);
}

#[test]
fn cm_02_either_side_renegotiates_a_live_connection() {
    let mut story = Story::connected_with("zoe");
    assert_eq!(
        story.negotiation_needed("zoe", 1),
        ["create-offer zoe#1", "state zoe connected making-offer"]
    );
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send offer zoe#1 n1 mo-1", "state zoe connected"]);
    assert_eq!(story.answer("zoe", 1, 1, "zoe-1"), ["set-answer zoe#1 zoe-1"]);
    assert_eq!(story.remote_set("zoe", 1), [""; 0]);
    // The next one counts on.
    let _ = story.negotiation_needed("zoe", 1);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send offer zoe#1 n2 mo-1", "state zoe connected"]);
    assert_eq!(story.status("zoe"), Status::Connected);
}

#[test]
fn cm_02_two_offers_in_a_row_are_answered_by_their_numbers() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    assert_eq!(story.offer("zoe", 1, 2, "zoe-2"), [""; 0], "the first is being applied");
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n1 mo-1", "set-offer zoe#1 zoe-2"]);
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n2 mo-1"]);
}
