//! `hello`, identity and anonymous sessions.

use serde_json::json;

use crate::world::{World, types};

#[test]
fn hello_is_answered_by_welcome_and_then_ok() {
    let mut world = World::new();
    let conn = world.open();
    world.ask(conn, json!(1), "hello", json!({"userId": "ada", "userName": " Ada ", "instance": "doc-1"}));
    let frames = world.take_all(conn);
    let token = frames[0]["data"]["resumeToken"].as_str().unwrap();
    let session = frames[0]["data"]["sessionId"].as_str().unwrap();
    assert!(token.len() >= 22, "nobody guesses a token: {token}");
    assert_ne!(token, session);
    assert_eq!(
        frames,
        [
            json!({"type": "welcome", "data": {
                "userId": "ada", "userName": "Ada", "sessionId": session, "resumeToken": token, "resumed": false,
                "lastCseq": 0, "protocol": 1, "iceServers": [],
                "limits": {
                    "frameBytes": 262_144, "framesPerSecond": 100, "framesBurst": 1000, "payloadBytes": 16_384,
                    "chatCharacters": 4000, "nameCharacters": 64, "roomsPerSession": 8, "capacity": 1000,
                    "graceMs": 10_000
                }
            }}),
            json!({"type": "ok", "re": 1, "data": {}, "seq": 1}),
        ]
    );
}

#[test]
fn a_hello_that_names_nobody_gets_an_identity_and_a_name() {
    let mut world = World::new();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let conn = world.open();
        world.say(conn, "hello", json!({}));
        let frames = world.take_all(conn);
        assert_eq!(types(&frames), ["welcome"]);
        assert_eq!(frames[0]["data"]["userName"], "Guest");
        let id = frames[0]["data"]["userId"].as_str().unwrap().to_owned();
        assert!(id.starts_with("u-"), "{id}");
        assert!(ids.insert(id), "each gets another");
    }
}

#[test]
fn ids_and_tokens_are_the_seeds() {
    let welcome = |seed| {
        let mut world = World::new();
        world.registry = parlor_room::Registry::new(parlor_room::Config::default(), [seed; 32]);
        let conn = world.open();
        world.say(conn, "hello", json!({}));
        world.take_all(conn)
    };
    assert_eq!(welcome(1), welcome(1));
    assert_ne!(welcome(1), welcome(2));
}

#[test]
fn without_hello_one_may_ping_and_list_and_nothing_is_numbered() {
    let mut world = World::new();
    let conn = world.open();
    world.ask(conn, json!("p"), "ping", json!({"t": [1, {"x": null}]}));
    world.ask(conn, json!("l"), "room-list-request", json!({}));
    assert_eq!(
        world.take_all(conn),
        [
            json!({"type": "pong", "data": {"t": [1, {"x": null}]}}),
            json!({"type": "ok", "re": "p", "data": {}}),
            json!({"type": "server-room-list", "data": {"version": 1, "rooms": []}}),
            json!({"type": "ok", "re": "l", "data": {}}),
        ]
    );
    world.say(conn, "ping", json!({}));
    assert_eq!(world.take_all(conn), [json!({"type": "pong", "data": {}})]);
    assert_eq!(world.refused(conn, "chat", json!({"roomId": "r", "text": "hi"})), "not-in-room");
    assert_eq!(world.refused(conn, "user-left-room", json!({"roomId": "r"})), "not-in-room");
    assert_eq!(
        world.refused(conn, "offer", json!({"to": "ada", "sdp": "", "attempt": 1, "n": 1})),
        "peer-unavailable"
    );
    assert_eq!(world.gauges().sessions_anonymous, 1);
}

#[test]
fn the_first_room_created_is_a_hello() {
    let mut world = World::new();
    let conn = world.open();
    let data = json!({"id": "den", "name": "Den", "host": "Ada L.", "hostId": "ada"});
    world.text(conn, &json!({"type": "room-created", "data": data, "id": "x", "cseq": 1}).to_string());
    let frames = world.take(conn);
    assert_eq!(types(&frames), ["welcome", "room-joined", "ok"]);
    assert_eq!(frames[0]["data"]["userId"], "ada");
    assert_eq!(frames[0]["data"]["userName"], "Ada L.");
    assert_eq!(frames[0]["data"]["lastCseq"], 1);
    assert_eq!(frames[1]["data"]["you"]["name"], "Ada L.");
    assert!(frames[1]["data"]["you"]["instance"].as_str().unwrap().starts_with("i-"));
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn the_first_join_is_a_hello_also_for_nobody_in_particular() {
    let mut world = World::new();
    world.in_room("ada", "den");
    let conn = world.open();
    world.ask(conn, json!(1), "user-joined-room", json!({"roomId": "den"}));
    let frames = world.take(conn);
    assert_eq!(types(&frames), ["welcome", "room-joined", "ok"]);
    assert_eq!(frames[0]["data"]["userId"], frames[1]["data"]["you"]["id"]);
    // A join that fails has said hello all the same.
    let conn = world.open();
    world.ask(conn, json!(1), "user-joined-room", json!({"roomId": "nowhere", "userId": "bob"}));
    let frames = world.take(conn);
    assert_eq!(types(&frames), ["welcome", "error"]);
    assert_eq!(frames[1]["data"]["code"], "room-not-found");
}

#[test]
fn a_second_hello_is_a_bad_message() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    assert_eq!(world.refused(ada, "hello", json!({"userId": "bob"})), "bad-message");
    let implied = world.open();
    world.say(
        implied,
        "user-joined-room",
        json!({"roomId": "den", "userId": "bob", "create": {"name": "Den"}}),
    );
    assert_eq!(world.refused(implied, "hello", json!({"userId": "bob"})), "bad-message");
}

#[test]
fn naming_another_than_oneself_is_forbidden() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    assert_eq!(
        world.refused(ada, "room-created", json!({"id": "x", "name": "X", "hostId": "bob"})),
        "forbidden"
    );
    assert_eq!(
        world.refused(ada, "user-joined-room", json!({"roomId": "den", "userId": "bob"})),
        "forbidden"
    );
    assert_eq!(world.refused(ada, "user-left-room", json!({"roomId": "den", "userId": "bob"})), "forbidden");
    assert_eq!(world.shown(), ["den: ada*"]);
    // Naming oneself is not.
    assert_eq!(
        types(&world.answer(ada, "user-left-room", json!({"roomId": "den", "userId": "ada"}))),
        ["ok"]
    );
}

#[test]
fn an_identity_is_unavailable_while_it_is_live_or_in_its_grace() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    let other = world.open();
    assert_eq!(world.refused(other, "hello", json!({"userId": "ada"})), "unavailable-id");
    assert_eq!(
        world.refused(other, "user-joined-room", json!({"roomId": "r", "userId": "ada"})),
        "unavailable-id"
    );
    assert_eq!(world.refused(other, "room-created", json!({"name": "R", "hostId": "ada"})), "unavailable-id");
    world.lose(ada);
    world.pass(9_999);
    assert_eq!(world.refused(other, "hello", json!({"userId": "ada"})), "unavailable-id");
    world.pass(1);
    // Still anonymous, so it may try again.
    assert_eq!(types(&world.answer(other, "hello", json!({"userId": "ada"}))), ["welcome", "ok"]);
}

#[test]
fn a_closed_tab_frees_its_identity_at_once() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.close_tab(ada);
    world.join_as("ada");
}

#[test]
fn hub_is_nobodys_identity() {
    let mut world = World::new();
    let conn = world.open();
    assert_eq!(world.refused(conn, "hello", json!({"userId": "hub"})), "unavailable-id");
    assert_eq!(
        world.refused(conn, "user-joined-room", json!({"roomId": "r", "userId": "hub"})),
        "unavailable-id"
    );
}

#[test]
fn frames_repeated_by_number_are_ignored() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let chat = |text: &str, cseq: u64| {
        json!({"type": "chat", "data": {"roomId": "den", "text": text}, "id": cseq, "cseq": cseq}).to_string()
    };
    for (text, cseq) in [("one", 1), ("two", 2), ("one", 1), ("two", 2), ("three", 3)] {
        world.text(ada, &chat(text, cseq));
    }
    let texts: Vec<_> = world.take(bob).iter().map(|frame| frame["data"]["text"].clone()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert_eq!(types(&world.take(ada)), ["ok", "ok", "ok"]);
    // A bad one counts too: it arrived, and was answered.
    world.text(ada, r#"{"type":"nonsense","cseq":4}"#);
    world.text(ada, r#"{"type":"nonsense","cseq":4}"#);
    assert_eq!(types(&world.take(ada)), ["error"]);
}
