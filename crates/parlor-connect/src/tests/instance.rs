//! CM-11: messages of older attempts, and documents that are not there any more.

use super::story::{Story, candidate, description, id, instance, present, sdp};
use crate::{ConnectionState, IceState, Input, Present, Signal, Status};

fn reloaded(name: &str) -> Present {
    Present { instance: instance(&format!("{name}-2")), ..present(name) }
}

#[test]
fn cm_11_a_new_instance_in_the_roster_replaces_the_old_one_at_once() {
    let mut story = Story::connected_with("ada");
    story.silence(1_000);
    assert_eq!(
        story.updated(reloaded("ada")),
        ["close ada#1", "open ada#1", "create-offer ada#1", "state ada connecting making-offer"],
        "and counts from 1: it is another pair of instances"
    );
    let mut story = Story::connected_with("zoe");
    assert_eq!(story.came("r", &[reloaded("zoe")], 1), ["close zoe#1", "state zoe waiting"]);
}

#[test]
fn cm_11_a_new_instance_in_an_offer_is_known_at_once_too() {
    let mut story = Story::connected_with("zoe");
    let offer = parlor_proto::OfferFrom { instance: instance("zoe-2"), ..description("zoe", 1, 1, "zoe-2") };
    assert_eq!(
        story.signal(Signal::Offer(offer)),
        ["close zoe#1", "open zoe#1", "set-offer zoe#1 zoe-2", "state zoe connecting"]
    );
}

#[test]
fn cm_11_a_new_instance_begins_with_all_its_retries() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    let _ = story.until(2_000);
    let _ = story.updated(reloaded("ada"));
    let state = story.manager.connection_state(&id("ada").into());
    assert_eq!((state.retry_count, state.status), (0, Status::Connecting));
}

#[test]
fn cm_11_the_same_instance_coming_back_keeps_its_connections() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.suspect("ada", true), [""; 0]);
    assert_eq!(story.suspect("ada", false), [""; 0]);
    assert_eq!(story.came("r", &[present("ada")], 1), [""; 0]);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_11_lower_attempts_are_dropped_in_silence() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 3, 1, "zoe-3");
    let _ = story.remote_set("zoe", 3);
    let _ = story.local_set("zoe", 3, "mo-3");
    for attempt in [0, 1, 2] {
        assert_eq!(story.offer("zoe", attempt, 1, "old"), [""; 0]);
        assert_eq!(story.answer("zoe", attempt, 1, "old"), [""; 0]);
        assert_eq!(story.candidate("zoe", attempt, "zoe-3"), [""; 0], "whatever its fragment");
    }
    assert_eq!(story.candidate("zoe", 3, "zoe-3"), ["add zoe#3 zoe-3"]);
}

#[test]
fn cm_11_a_higher_attempt_replaces_the_connection_first_whoever_is_polite() {
    for peer in ["ada", "zoe"] {
        let mut story = Story::connected_with(peer);
        assert_eq!(
            story.offer(peer, 4, 1, "new"),
            [
                format!("close {peer}#1"),
                format!("open {peer}#4"),
                format!("set-offer {peer}#4 new"),
                format!("state {peer} connecting")
            ]
        );
    }
}

#[test]
fn cm_11_a_higher_attempt_replaces_ones_own_offer_even_of_the_impolite() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let lines = story.offer("ada", 2, 1, "ada-2");
    assert_eq!(lines, ["close ada#1", "open ada#2", "set-offer ada#2 ada-2"]);
}

#[test]
fn cm_11_an_equal_attempt_is_ordinary_glare() {
    let mut story = Story::among(&["ada"]);
    assert_eq!(story.offer("ada", 1, 1, "ada-x"), ["state ada connecting making-offer ignoring"]);
}

#[test]
fn cm_11_ones_own_next_attempt_is_the_highest_seen_and_one() {
    let mut story = Story::among(&["zoe"]);
    let _ = story.offer("zoe", 5, 1, "zoe-5");
    assert_eq!(story.remote_failed("zoe", 5), ["close zoe#5", "state zoe failed 2000"]);
    assert_eq!(story.until(2_000)[0], "2000 open zoe#6");
}

#[test]
fn cm_11_an_attempt_that_is_over_is_over_for_its_late_messages() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    assert_eq!(story.answer("ada", 1, 1, "ada-1"), [""; 0]);
    assert_eq!(story.offer("ada", 1, 1, "ada-1"), [""; 0]);
    assert_eq!(story.candidate("ada", 1, "ada-1"), [""; 0]);
    assert_eq!(story.status("ada"), Status::Failed);
}

#[test]
fn cm_11_what_the_stack_says_of_a_closed_connection_has_no_effect() {
    let mut story = Story::connected_with("zoe");
    let _ = story.offer("zoe", 2, 1, "zoe-2");
    let peer = || id("zoe");
    let late = [
        Input::NegotiationNeeded { peer: peer().into(), attempt: 1 },
        Input::LocalDescriptionSet { peer: peer().into(), attempt: 1, sdp: sdp("old"), tracks: None },
        Input::LocalDescriptionFailed { peer: peer().into(), attempt: 1, reason: "closed".to_owned() },
        Input::RolledBack { peer: peer().into(), attempt: 1 },
        Input::RollbackFailed { peer: peer().into(), attempt: 1, reason: "closed".to_owned() },
        Input::RemoteDescriptionSet { peer: peer().into(), attempt: 1 },
        Input::RemoteDescriptionFailed { peer: peer().into(), attempt: 1, reason: "closed".to_owned() },
        Input::LocalCandidate { peer: peer().into(), attempt: 1, candidate: Some(candidate(None)) },
        Input::StateChanged {
            peer: peer().into(),
            attempt: 1,
            ice: IceState::Failed,
            connection: ConnectionState::Failed,
        },
    ];
    for input in late {
        assert_eq!(story.tell(input.clone()), [""; 0], "{input:?}");
    }
    assert_eq!(story.remote_set("zoe", 2), ["create-answer zoe#2"], "the new one goes its way");
}

#[test]
fn cm_11_frames_of_strangers_have_no_effect() {
    let mut story = Story::connected_with("ada");
    assert_eq!(story.offer("eve", 1, 1, "eve-1"), [""; 0]);
    assert_eq!(story.answer("eve", 1, 1, "eve-1"), [""; 0]);
    assert_eq!(story.candidate("eve", 1, "eve-1"), [""; 0]);
    assert_eq!(story.updated(present("eve")), [""; 0]);
    assert_eq!(story.offer("mo", 1, 1, "mo-1"), [""; 0], "nor do one's own");
    assert_eq!(story.tell(Input::Retry { peer: id("eve").into() }), [""; 0]);
    assert_eq!(story.tell(Input::ClosePeer { peer: id("eve").into() }), [""; 0]);
    assert_eq!(story.manager.connections().len(), 1);
}
