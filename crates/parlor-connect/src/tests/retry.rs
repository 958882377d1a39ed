//! CM-6, CM-7, CM-16: how attempts fail, when they are tried again, and when that ends.

use proptest::prelude::*;

use super::story::{Story, id, orders, punctual, states};
use crate::{Input, Media, Settings, Status};

/// Fails attempt after attempt with `ada` and notes the delay before each retry; the lines of the last failure.
fn delays(story: &mut Story, fail: impl Fn(&mut Story, u32) -> Vec<String>) -> (Vec<u64>, Vec<String>) {
    let mut delays = Vec::new();
    for attempt in 1.. {
        let lines = fail(story, attempt);
        if story.status("ada") == Status::FailedPermanent {
            return (delays, lines);
        }
        assert_eq!(story.status("ada"), Status::Failed, "{lines:?}");
        let at = story.alarm_ms().unwrap();
        delays.push(at - story.now_ms());
        let next = attempt + 1;
        let lines = story.until(at);
        assert_eq!(
            orders(&lines),
            [format!("{at} open ada#{next}"), format!("{at} create-offer ada#{next}")]
        );
    }
    unreachable!("attempts end");
}

fn ice_fails(story: &mut Story, attempt: u32) -> Vec<String> {
    let _ = story.local_set("ada", attempt, "mo");
    story.ice_fails("ada", attempt)
}

fn seeded(settings: Settings, seed: u64) -> Story {
    let mut story = Story::with(settings, seed);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let _ = story.joined("r", &["ada"]);
    story
}

#[test]
fn cm_06_three_retries_after_2_4_and_8_s_then_cm_07_it_is_given_up_with_a_sentence() {
    let mut story = Story::among(&["ada"]);
    let (delays, lines) = delays(&mut story, ice_fails);
    assert_eq!(delays, [2_000, 4_000, 8_000]);
    assert_eq!(
        lines,
        [
            "close ada#4",
            "gave up ada: Max retries exceeded: no network path was found",
            "state ada failed-permanent retry-3"
        ]
    );
    story.silence(3_600_000);
}

#[test]
fn cm_06_the_state_counts_the_retries_and_names_the_wait() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    assert_eq!(story.ice_fails("ada", 1), ["close ada#1", "state ada failed 2000"]);
    story.silence(1_999);
    assert_eq!(
        story.until(2_000),
        ["2000 open ada#2", "2000 create-offer ada#2", "2000 state ada connecting retry-1 making-offer"]
    );
    let _ = story.local_set("ada", 2, "mo-2");
    assert_eq!(story.ice_fails("ada", 2), ["close ada#2", "state ada failed 4000 retry-1"]);
}

#[test]
fn cm_06_what_worked_in_between_starts_the_count_anew() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    let _ = story.until(2_000);
    let lines = story.connect("ada", 2);
    assert_eq!(lines.last().map(String::as_str), Some("state ada connected"));
    assert_eq!(story.remote_failed("ada", 2), ["close ada#2", "state ada failed 2000"]);
}

#[test]
fn cm_06_the_figures_are_settings() {
    let settings = Settings {
        retry_delay_ms: 100,
        retry_delay_max_ms: 350,
        retries_max: 5,
        stagger_ms: 0,
        ..punctual()
    };
    let mut story = seeded(settings, 7);
    let (delays, _) = delays(&mut story, ice_fails);
    assert_eq!(delays, [100, 200, 350, 350, 350]);
}

#[test]
fn cm_06_jitter_is_of_the_seed_and_of_the_peer_and_is_at_most_a_fifth() {
    let of_seed = |seed| delays(&mut seeded(Settings::default(), seed), ice_fails).0;
    let mut different = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let delays = of_seed(seed);
        assert_eq!(delays, of_seed(seed), "the same seed, the same delays");
        for (delay, middle) in delays.iter().zip([2_000, 4_000, 8_000]) {
            assert!((middle * 4 / 5..=middle * 6 / 5).contains(delay), "seed {seed}: {delays:?}");
        }
        different.insert(delays);
    }
    assert!(different.len() > 190, "{} different of 200", different.len());

    let mut story = Story::with(Settings::default(), 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let _ = story.joined("r", &["ada", "bea"]);
    let _ = story.until(200);
    let _ = story.ice_fails("ada", 1);
    let _ = story.ice_fails("bea", 1);
    let wait = |name| story.manager.connection_state(&id(name).into()).retry_timeout.unwrap();
    assert_ne!(wait("ada"), wait("bea"), "two peers are not retried in lockstep");
}

proptest! {
    #![proptest_config(super::arbitrary::config(256))]

    #[test]
    fn cm_06_jitter_stays_within_a_fifth_and_within_the_cap(
        seed: u64,
        first in 1_u64..20_000,
        cap in 1_u64..20_000,
        percent in 0_u64..=20,
    ) {
        let settings = Settings {
            retry_delay_ms: first,
            retry_delay_max_ms: cap,
            jitter_percent: percent,
            stagger_ms: 0,
            ..Settings::default()
        };
        let (delays, _) = delays(&mut seeded(settings, seed), ice_fails);
        for (retry, delay) in delays.iter().enumerate() {
            let middle = (first << retry).min(cap);
            let span = middle * percent / 100;
            prop_assert!((middle - span..=middle + span).contains(delay), "{retry}: {delay} of {middle}");
        }
    }
}

#[test]
fn cm_06_an_offer_without_an_answer_fails_10_s_after_it_was_sent() {
    let mut story = Story::among(&["ada"]);
    story.silence(700);
    let _ = story.local_set("ada", 1, "mo-1");
    assert_eq!(story.until(10_700), ["10700 close ada#1", "10700 state ada failed 2000"]);
    let fail = |story: &mut Story, attempt| {
        let _ = story.local_set("ada", attempt, "mo");
        let at = story.alarm_ms().unwrap();
        story.until(at)
    };
    let _ = story.until(12_700);
    let mut last = fail(&mut story, 2);
    for attempt in 3..=4 {
        let at = story.alarm_ms().unwrap();
        let _ = story.until(at);
        last = fail(&mut story, attempt);
    }
    assert!(last[1].ends_with("gave up ada: Max retries exceeded: the offer was not answered"), "{last:?}");
}

#[test]
fn cm_06_a_stack_that_never_makes_the_offer_fails_too() {
    let mut story = Story::among(&["ada"]);
    assert_eq!(story.until(10_000), ["10000 close ada#1", "10000 state ada failed 2000"]);
}

#[test]
fn cm_06_15_s_of_waiting_fail_and_the_polite_side_offers_then() {
    let mut story = Story::among(&["zoe"]);
    assert_eq!(story.until(15_000), ["15000 state zoe failed 2000"]);
    assert_eq!(
        story.until(17_000),
        ["17000 open zoe#1", "17000 create-offer zoe#1", "17000 state zoe connecting retry-1 making-offer"]
    );
}

#[test]
fn cm_06_an_answered_offer_that_does_not_connect_fails_10_s_after_it_was_sent_by_way_of_an_ice_restart() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    story.silence(4_000);
    let _ = story.answer("ada", 1, 1, "ada-1");
    let _ = story.remote_set("ada", 1);
    assert_eq!(
        story.until(10_000),
        ["10000 create-offer ada#1 restart", "10000 state ada connecting making-offer"]
    );
    let _ = story.local_set("ada", 1, "mo-2");
    assert_eq!(story.until(20_000), ["20000 close ada#1", "20000 state ada failed 2000"]);
}

#[test]
fn cm_06_a_description_that_can_not_be_applied_fails_at_once() {
    let mut story = Story::among(&["ada", "zoe"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.answer("ada", 1, 1, "ada-1");
    assert_eq!(story.remote_failed("ada", 1), ["close ada#1", "state ada failed 2000"]);
    let _ = story.offer("zoe", 1, 1, "zoe-1");
    assert_eq!(story.remote_failed("zoe", 1), ["close zoe#1", "state zoe failed 2000"]);
    let _ = story.offer("zoe", 2, 1, "zoe-2");
    let _ = story.remote_set("zoe", 2);
    let failed =
        |attempt| Input::LocalDescriptionFailed { peer: id("zoe").into(), attempt, reason: "no".to_owned() };
    assert_eq!(story.tell(failed(2)), ["close zoe#2", "state zoe failed 2000"]);
}

#[test]
fn cm_06_a_rollback_that_fails_fails_the_attempt() {
    let mut story = Story::connected_with("zoe");
    let _ = story.negotiation_needed("zoe", 1);
    let _ = story.local_set("zoe", 1, "mo-x");
    assert_eq!(story.offer("zoe", 1, 2, "zoe-1"), ["rollback zoe#1"]);
    let failed = Input::RollbackFailed { peer: id("zoe").into(), attempt: 1, reason: "no".to_owned() };
    assert_eq!(story.tell(failed), ["close zoe#1", "state zoe failed 2000"]);
}

#[test]
fn cm_07_the_sentence_says_why_a_description_was_refused() {
    let mut story = Story::among(&["ada"]);
    let (waits, lines) = delays(&mut story, |story, attempt| {
        let _ = story.local_set("ada", attempt, "mo");
        let _ = story.answer("ada", attempt, 1, "ada");
        story.remote_failed("ada", attempt)
    });
    assert_eq!(waits.len(), 3);
    assert_eq!(
        lines[1],
        "gave up ada: Max retries exceeded: a session description could not be applied (bad m-line)"
    );
}

#[test]
fn cm_16_a_failed_handshake_waits_4_8_and_8_s() {
    let mut story = Story::among(&["ada"]);
    let (delays, lines) = delays(&mut story, |story, attempt| {
        let _ = story.local_set("ada", attempt, "mo");
        let _ = story.answer("ada", attempt, 1, "ada");
        let _ = story.remote_set("ada", attempt);
        story.dtls_fails("ada", attempt)
    });
    assert_eq!(delays, [4_000, 8_000, 8_000]);
    assert_eq!(lines[1], "gave up ada: Max retries exceeded: the secure handshake failed");
}

#[test]
fn cm_06_either_side_may_retry_and_the_higher_attempt_of_the_other_counts() {
    let mut story = Story::among(&["ada"]);
    let _ = story.local_set("ada", 1, "mo-1");
    let _ = story.ice_fails("ada", 1);
    story.silence(1_000);
    assert_eq!(
        story.offer("ada", 2, 1, "ada-2"),
        ["open ada#2", "set-offer ada#2 ada-2", "state ada connecting"]
    );
    assert_eq!(story.remote_set("ada", 2), ["create-answer ada#2"]);
    let _ = story.local_set("ada", 2, "mo-2");
    assert_eq!(story.works("ada", 2), ["state ada connected"]);
    story.silence(60_000);
}

#[test]
fn cm_07_a_person_starts_it_again_by_hand_with_all_retries() {
    let mut story = Story::among(&["ada"]);
    let _ = delays(&mut story, ice_fails);
    story.silence(60_000);
    assert_eq!(
        story.tell(Input::Retry { peer: id("ada").into() }),
        ["open ada#5", "create-offer ada#5", "state ada connecting making-offer"]
    );
    let _ = story.local_set("ada", 5, "mo-5");
    assert_eq!(story.ice_fails("ada", 5), ["close ada#5", "state ada failed 2000"]);
    story.silence(200);
    assert_eq!(
        story.tell(Input::Retry { peer: id("ada").into() }),
        ["open ada#6", "create-offer ada#6", "state ada connecting making-offer"],
        "by hand, nobody waits for the delay"
    );
    assert_eq!(
        story.tell(Input::Retry { peer: id("ada").into() }),
        [""; 0],
        "what is under way is left alone"
    );
}

#[test]
fn cm_07_who_was_given_up_is_taken_back_when_they_try_again() {
    let mut story = Story::among(&["ada"]);
    let _ = delays(&mut story, ice_fails);
    let lines = story.offer("ada", 5, 1, "ada-5");
    assert_eq!(orders(&lines), ["open ada#5", "set-offer ada#5 ada-5"]);
    assert_eq!(states(&lines), ["ada connecting retry-3"]);
}
