//! CM-3, CM-4: an offer that meets one of one's own, in each phase that one's own can be in.

use super::story::{Story, id};
use crate::Input;

/// Polite towards zoe, connected, and an offer of one's own is being made.
fn polite_and_making() -> Story {
    let mut story = Story::connected_with("zoe");
    let lines = story.negotiation_needed("zoe", 1);
    assert_eq!(lines, ["create-offer zoe#1", "state zoe connected making-offer"]);
    story
}

/// Impolite towards ada, and the first offer is being made.
fn impolite_and_making() -> Story {
    Story::among(&["ada"])
}

fn sent(mut story: Story, peer: &str) -> Story {
    let _ = story.local_set(peer, 1, "mo-x");
    story
}

#[test]
fn cm_03_the_polite_side_gives_up_an_offer_that_is_being_made_and_never_sends_it() {
    let mut story = polite_and_making();
    assert_eq!(story.offer("zoe", 1, 2, "zoe-1"), ["state zoe connected"]);
    assert_eq!(story.local_set("zoe", 1, "mo-x"), ["rollback zoe#1"], "it is void: not sent");
    assert_eq!(story.rolled_back("zoe", 1), ["set-offer zoe#1 zoe-1"]);
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n2 mo-1"]);
}

#[test]
fn cm_03_a_void_offer_that_could_not_be_made_needs_no_rollback() {
    let mut story = polite_and_making();
    let _ = story.offer("zoe", 1, 2, "zoe-1");
    let failed = Input::LocalDescriptionFailed {
        peer: id("zoe").into(),
        attempt: 1,
        reason: "InvalidState".to_owned(),
    };
    assert_eq!(story.tell(failed), ["set-offer zoe#1 zoe-1"]);
}

#[test]
fn cm_03_of_two_offers_that_meet_a_void_one_the_newest_is_answered() {
    let mut story = polite_and_making();
    let _ = story.offer("zoe", 1, 2, "zoe-1");
    assert_eq!(story.offer("zoe", 1, 3, "zoe-2"), [""; 0]);
    assert_eq!(story.local_set("zoe", 1, "mo-x"), ["rollback zoe#1"]);
    assert_eq!(story.rolled_back("zoe", 1), ["set-offer zoe#1 zoe-2"]);
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n3 mo-1"]);
}

#[test]
fn cm_03_the_polite_side_rolls_back_an_offer_that_is_out() {
    let mut story = sent(polite_and_making(), "zoe");
    assert_eq!(story.offer("zoe", 1, 2, "zoe-1"), ["rollback zoe#1"]);
    assert_eq!(story.answer("zoe", 1, 1, "zoe-1"), [""; 0], "the offer it answers is being taken back");
    assert_eq!(story.rolled_back("zoe", 1), ["set-offer zoe#1 zoe-1"]);
    assert_eq!(story.remote_set("zoe", 1), ["create-answer zoe#1"]);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n2 mo-1"]);
    assert_eq!(story.answer("zoe", 1, 1, "zoe-1"), [""; 0], "no offer is out");
}

#[test]
fn cm_03_an_offer_while_rolling_back_replaces_the_one_that_is_held() {
    let mut story = sent(polite_and_making(), "zoe");
    let _ = story.offer("zoe", 1, 2, "zoe-1");
    assert_eq!(story.offer("zoe", 1, 3, "zoe-2"), [""; 0], "one rollback for one collision");
    assert_eq!(story.rolled_back("zoe", 1), ["set-offer zoe#1 zoe-2"]);
}

#[test]
fn cm_03_what_is_still_wanted_after_a_rollback_is_offered_then() {
    let mut story = sent(polite_and_making(), "zoe");
    let _ = story.offer("zoe", 1, 2, "zoe-1");
    let _ = story.rolled_back("zoe", 1);
    let _ = story.remote_set("zoe", 1);
    let _ = story.local_set("zoe", 1, "mo-1");
    assert_eq!(
        story.negotiation_needed("zoe", 1),
        ["create-offer zoe#1", "state zoe connected making-offer"]
    );
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send offer zoe#1 n2 mo-1", "state zoe connected"]);
}

#[test]
fn cm_03_the_impolite_side_ignores_an_offer_while_it_makes_one() {
    let mut story = impolite_and_making();
    assert_eq!(story.offer("ada", 1, 1, "ada-x"), ["state ada connecting making-offer ignoring"]);
    assert_eq!(
        story.local_set("ada", 1, "mo-1"),
        ["send offer ada#1 n1 mo-1", "state ada connecting ignoring"]
    );
}

#[test]
fn cm_03_the_impolite_side_ignores_an_offer_while_its_own_is_out() {
    let mut story = sent(impolite_and_making(), "ada");
    assert_eq!(story.offer("ada", 1, 1, "ada-x"), ["state ada connecting ignoring"]);
}

#[test]
fn cm_04_an_ignored_offer_never_blocks_the_answer_and_is_forgotten_with_it() {
    let mut story = sent(impolite_and_making(), "ada");
    let _ = story.offer("ada", 1, 1, "ada-x");
    assert_eq!(story.answer("ada", 1, 1, "ada-1"), ["set-answer ada#1 ada-1"]);
    assert_eq!(story.remote_set("ada", 1), ["state ada connecting"], "ignoreOffer is false again");
    assert_eq!(
        story.offer("ada", 1, 2, "ada-1"),
        ["set-offer ada#1 ada-1"],
        "the next offer meets a stable connection"
    );
}

#[test]
fn cm_03_an_offer_while_the_answer_is_being_applied_is_no_collision() {
    // The other side was stable when it sent both: neither side may ignore, neither may roll back.
    for peer in ["ada", "zoe"] {
        let mut story = Story::connected_with(peer);
        let _ = story.negotiation_needed(peer, 1);
        let n = if peer == "ada" { 2 } else { 1 };
        let _ = story.local_set(peer, 1, "mo-1");
        assert_eq!(story.answer(peer, 1, n, "theirs"), [format!("set-answer {peer}#1 theirs")]);
        assert_eq!(story.offer(peer, 1, 9, "theirs"), [""; 0], "{peer}: held until the answer is applied");
        assert_eq!(story.remote_set(peer, 1), [format!("set-offer {peer}#1 theirs")]);
        assert_eq!(story.remote_set(peer, 1), [format!("create-answer {peer}#1")]);
        assert_eq!(story.local_set(peer, 1, "mo-1"), [format!("send answer {peer}#1 n9 mo-1")]);
    }
}

#[test]
fn cm_03_an_offer_wanted_while_answering_waits_for_the_stack_to_say_so_again() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    assert_eq!(story.negotiation_needed("zoe", 1), [""; 0], "one operation at a time");
    let _ = story.remote_set("zoe", 1);
    assert_eq!(story.local_set("zoe", 1, "mo-1"), ["send answer zoe#1 n1 mo-1"]);
    assert_eq!(
        story.negotiation_needed("zoe", 1),
        ["create-offer zoe#1", "state zoe connecting making-offer"]
    );
}

#[test]
fn cm_04_an_answer_with_another_number_is_dropped() {
    let mut story = sent(impolite_and_making(), "ada");
    for n in [0, 2, u32::MAX] {
        assert_eq!(story.answer("ada", 1, n, "ada-x"), [""; 0]);
    }
    assert_eq!(story.answer("ada", 1, 1, "ada-1"), ["set-answer ada#1 ada-1"]);
    assert_eq!(story.answer("ada", 1, 1, "ada-1"), [""; 0], "a repeat of it is, too");
}
