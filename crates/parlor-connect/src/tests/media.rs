//! CM-5: nothing starts before local media is there, for 10 s at most.

use super::story::{Story, present, punctual};
use crate::{Input, Media};

const WARNING: &str = "10000 warning: local media is not ready 10 s after joining; going on without it";

/// `mo` with a session, whose media was asked for.
fn asked() -> Story {
    let mut story = Story::with(punctual(), 7);
    assert_eq!(story.tell(Input::SignalingUp), [""; 0]);
    story
}

#[test]
fn cm_05_connections_begin_the_moment_local_media_is_there() {
    let mut story = asked();
    assert_eq!(story.joined("r", &["ada"]), ["state ada connecting"]);
    story.silence(9_999);
    assert_eq!(
        story.tell(Input::Media(Media::Ready)),
        ["open ada#1", "create-offer ada#1", "state ada connecting making-offer"]
    );
}

#[test]
fn cm_05_after_10_s_without_media_it_warns_once_and_goes_on() {
    let mut story = asked();
    let _ = story.joined("r", &["ada"]);
    assert_eq!(
        story.until(12_000),
        [WARNING, "10000 open ada#1", "10000 create-offer ada#1", "10000 state ada connecting making-offer"]
    );
    assert_eq!(story.tell(Input::Media(Media::Ready)), [""; 0], "the tracks come by renegotiation");
}

#[test]
fn cm_05_who_publishes_nothing_waits_for_nothing() {
    let mut story = asked();
    assert_eq!(story.tell(Input::Media(Media::None)), [""; 0]);
    assert_eq!(
        story.joined("r", &["ada"]),
        ["open ada#1", "create-offer ada#1", "state ada connecting making-offer"]
    );
    assert!(story.until(60_000).iter().all(|line| !line.contains("warning")));
}

#[test]
fn cm_05_media_granted_later_joins_by_renegotiation() {
    let mut story = asked();
    let _ = story.tell(Input::Media(Media::None));
    let _ = story.joined("r", &["ada"]);
    let _ = story.connect("ada", 1);
    assert_eq!(story.tell(Input::Media(Media::Ready)), [""; 0]);
    assert_eq!(
        story.negotiation_needed("ada", 1),
        ["create-offer ada#1", "state ada connected making-offer"]
    );
    assert_eq!(story.local_set("ada", 1, "mo-1"), ["send offer ada#1 n2 mo-1", "state ada connected"]);
}

#[test]
fn cm_05_an_offer_that_comes_before_media_waits_with_its_candidates() {
    let mut story = asked();
    let _ = story.joined("r", &["zoe"]);
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0]);
    assert_eq!(story.offer("zoe", 1, 1, "zoe-1"), [""; 0]);
    assert_eq!(story.candidate("zoe", 1, "zoe-1"), [""; 0]);
    story.silence(3_000);
    assert_eq!(
        story.tell(Input::Media(Media::Ready)),
        ["open zoe#1", "set-offer zoe#1 zoe-1", "state zoe connecting"]
    );
    assert_eq!(story.remote_set("zoe", 1), ["add zoe#1 zoe-1", "add zoe#1 zoe-1", "create-answer zoe#1"]);
}

#[test]
fn cm_05_of_early_offers_only_the_highest_attempt_stays() {
    let mut story = asked();
    let _ = story.joined("r", &["zoe"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    let _ = story.candidate("zoe", 1, "zoe-1");
    let _ = story.offer("zoe", 2, 1, "zoe-2");
    let lines = story.tell(Input::Media(Media::Ready));
    assert_eq!(lines.last().map(String::as_str), Some("state zoe connecting"));
    assert!(lines.contains(&"set-offer zoe#2 zoe-2".to_owned()), "{lines:?}");
    assert_eq!(story.remote_set("zoe", 2), ["create-answer zoe#2"], "no candidate of the former");
}

#[test]
fn cm_05_the_10_s_count_from_joining_whatever_is_said_of_media_meanwhile() {
    let mut story = asked();
    story.silence(60_000);
    let _ = story.joined("r", &["ada"]);
    story.silence(5_000);
    assert_eq!(story.tell(Input::Media(Media::Pending)), [""; 0]);
    let lines = story.until(75_000);
    assert_eq!(
        lines.first().map(String::as_str),
        Some("70000 warning: local media is not ready 10 s after joining; going on without it")
    );
    assert!(lines.contains(&"70000 open ada#1".to_owned()), "{lines:?}");
}

#[test]
fn cm_05_media_asked_for_while_in_a_room_is_waited_for_10_s_too() {
    let mut story = Story::among(&[]);
    story.silence(30_000);
    let _ = story.tell(Input::Media(Media::Pending));
    story.silence(1_000);
    assert_eq!(story.came("r", &[present("ada")], 1), ["state ada connecting"]);
    let lines = story.until(41_000);
    assert!(lines.contains(&"40000 open ada#1".to_owned()), "{lines:?}");
}

#[test]
fn cm_05_a_room_that_is_left_before_media_is_there_is_no_reason_to_wait_or_to_warn() {
    let mut story = asked();
    let _ = story.joined("r", &["ada"]);
    story.silence(5_000);
    let _ = story.tell(Input::CloseAll);
    assert_eq!(story.alarm_ms(), None);
    story.silence(60_000);
    assert_eq!(story.joined("r", &["ada"]), ["state ada connecting"], "joined again: waits again");
    story.silence(9_999);
}
