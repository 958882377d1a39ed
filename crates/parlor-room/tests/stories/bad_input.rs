//! Bad input: an error for its sender, nothing lost for others, and a close only where the contract says so.

use parlor_room::{Config, Input};
use serde_json::{Value, json};

use crate::world::{World, types};

/// Texts that are each one `bad-message`.
const BAD: [&str; 14] = [
    "",
    "not json",
    "[]",
    "null",
    "{}",
    r#"{"type":"fly"}"#,
    r#"{"type":7}"#,
    r#"{"type":"chat","data":[]}"#,
    r#"{"type":"chat","data":{"roomId":"den"}}"#,
    r#"{"type":"user-joined-room","data":{"roomId":"a b"}}"#,
    r#"{"type":"user-joined-room","data":{"roomId":"den","userName":"\u0007"}}"#,
    r#"{"type":"room-created","data":{"name":"x","capacity":0}}"#,
    r#"{"type":"room-created","data":{"name":"x","capacity":16,"topology":"mesh"}}"#,
    r#"{"type":"hello","data":{"resume":{"token":"x"}}}"#,
];

#[test]
fn a_bad_frame_costs_its_sender_an_error_and_nothing_else() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let deep = format!(r#"{{"type":"ping","data":{{"t":{}{}}}}}"#, "[".repeat(200), "]".repeat(200));
    let long = json!({"type": "hello", "data": {"userName": "x".repeat(65)}}).to_string();
    for text in BAD.iter().copied().chain([deep.as_str(), long.as_str()]) {
        world.text(bob, text);
        let frames = world.take(bob);
        assert_eq!(types(&frames), ["error"], "{text}");
        assert_eq!(frames[0]["data"]["code"], "bad-message", "{text}");
        assert!(!frames[0]["data"]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(world.take(ada), [] as [Value; 0]);
    assert_eq!(world.shown(), ["den: ada* bob"]);
    world.say(bob, "chat", json!({"roomId": "den", "text": "still here"}));
    assert_eq!(types(&world.take(ada)), ["chat"]);
}

#[test]
fn markup_is_a_name_like_any_other() {
    let mut world = World::new();
    let conn = world.open();
    let frames = world.answer(conn, "hello", json!({"userName": "<img onerror=alert(1)>"}));
    assert_eq!(frames[0]["data"]["userName"], "<img onerror=alert(1)>");
}

#[test]
fn an_error_repeats_the_request() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.text(ada, r#"{"type":"offer","id":"x","data":{"to":"bob","roomId":"den","attempt":4}}"#);
    let frames = world.take(ada);
    let error = &frames[0]["data"];
    assert_eq!((&frames[0]["re"], &error["type"]), (&json!("x"), &json!("offer")));
    assert_eq!(
        (&error["to"], &error["roomId"], &error["attempt"]),
        (&json!("bob"), &json!("den"), &json!(4))
    );
}

#[test]
fn twenty_bad_messages_in_a_minute_close_the_socket_and_the_session_may_come_back() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.open();
    world.say(bob, "hello", json!({"userId": "bob"}));
    let token = world.take(bob)[0]["data"]["resumeToken"].clone();
    world.enter(bob, "den");
    for n in 1..=19 {
        world.text(bob, "nonsense");
        assert_eq!(world.closed_with(bob), None, "{n}");
    }
    world.text(bob, "nonsense");
    assert_eq!(world.closed_with(bob), Some(1008));
    assert_eq!(world.take(bob).len(), 20, "each was answered");
    assert_eq!(world.take(ada)[0]["data"]["participant"]["suspect"], true);
    let again = world.open();
    let data = json!({"userId": "bob", "resume": {"token": token, "lastSeq": world.last_seq(bob)}});
    assert_eq!(world.answer(again, "hello", data)[0]["data"]["resumed"], true);
    world.text(again, "nonsense");
    assert_eq!(world.closed_with(again), None, "the count began anew");
}

#[test]
fn nineteen_a_minute_go_on_for_ever() {
    let mut world = World::new();
    let bob = world.join_as("bob");
    for _ in 0..100 {
        world.text(bob, "nonsense");
        world.pass(3_200);
    }
    assert_eq!(world.closed_with(bob), None);
}

#[test]
fn refusals_never_close() {
    let mut world = World::new();
    let bob = world.join_as("bob");
    for _ in 0..500 {
        world.say(bob, "user-joined-room", json!({"roomId": "nowhere"}));
    }
    assert_eq!(world.closed_with(bob), None);
    assert_eq!(world.take(bob).len(), 500);
    assert_eq!(world.gauges().errors_total.iter().sum::<u64>(), 500);
}

#[test]
fn a_frame_too_large_closes_with_1009_and_a_binary_one_with_1003() {
    for (is_large, code, error) in [(true, 1009, "too-large"), (false, 1003, "bad-message")] {
        let mut world = World::new();
        let ada = world.in_room("ada", "den");
        let bob = world.in_room("bob", "den");
        let anonymous = world.open();
        for conn in [bob, anonymous] {
            world.input(if is_large { Input::OversizedFrame { conn } } else { Input::BinaryFrame { conn } });
            assert_eq!(world.closed_with(conn), Some(code));
            assert_eq!(world.take(conn)[0]["data"]["code"], error);
        }
        assert_eq!(world.take(ada)[0]["data"]["participant"]["suspect"], true);
        assert_eq!(world.gauges().sessions, 2, "an anonymous one has nothing to come back to");
    }
}

#[test]
fn a_thousand_frames_at_once_are_fine_and_more_are_refused_at_100_a_second() {
    let mut world = World::new();
    let bob = world.open();
    for _ in 0..1_000 {
        world.say(bob, "ping", json!({}));
    }
    assert_eq!(world.take(bob).iter().filter(|f| f["type"] == "pong").count(), 1_000);
    assert_eq!(world.refused(bob, "ping", json!({})), "rate-limited");
    let frames = world.answer(bob, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(
        (&frames[0]["data"]["code"], &frames[0]["data"]["roomId"]),
        (&json!("rate-limited"), &json!("den"))
    );
    world.text(bob, "nonsense");
    assert_eq!(world.take(bob)[0]["data"]["code"], "rate-limited", "whatever it is");
    world.pass(1_000);
    for _ in 0..100 {
        world.say(bob, "ping", json!({}));
    }
    assert_eq!(world.take(bob).iter().filter(|f| f["type"] == "pong").count(), 100);
    assert_eq!(world.refused(bob, "ping", json!({})), "rate-limited");
    assert_eq!(world.closed_with(bob), None, "refusals never close");
    // The rate is the session's own: others have theirs.
    let ada = world.open();
    assert_eq!(types(&world.answer(ada, "ping", json!({}))), ["pong", "ok"]);
}

#[test]
fn the_rate_is_a_setting() {
    let mut world = World::with(Config { frames_per_second: 1, frames_burst: 2, ..Config::default() });
    let bob = world.open();
    assert_eq!(types(&world.answer(bob, "ping", json!({}))), ["pong", "ok"]);
    assert_eq!(types(&world.answer(bob, "ping", json!({}))), ["pong", "ok"]);
    world.pass(999);
    assert_eq!(world.refused(bob, "ping", json!({})), "rate-limited");
    world.pass(1);
    assert_eq!(types(&world.answer(bob, "ping", json!({}))), ["pong", "ok"]);
}
