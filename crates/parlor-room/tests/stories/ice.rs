//! ICE servers: who is given which credentials, and when they are given new ones.

use parlor_proto::server::IceServer;
use parlor_room::{Config, TurnGrant};
use serde_json::{Value, json};

use crate::world::{World, types};

const HOUR_MS: u64 = 3_600_000;

fn world() -> World {
    let turn = TurnGrant::new(vec!["turn:parlor.test:3478".to_owned()], "north".to_owned(), HOUR_MS);
    let stun = IceServer { urls: vec!["stun:elsewhere.test".to_owned()], username: None, credential: None };
    World::with(Config { turn: Some(turn), ice_servers: vec![stun], ..Config::default() })
}

/// Until when the credentials in a frame are good, in seconds, and for whom.
fn grant(frame: &Value) -> (u64, String) {
    let servers = frame["data"]["iceServers"].as_array().unwrap();
    assert_eq!(servers[0], json!({"urls": ["stun:elsewhere.test"]}), "those of the settings come first");
    assert_eq!(servers[1]["urls"], json!(["turn:parlor.test:3478"]));
    assert_eq!(servers[1]["credential"].as_str().unwrap().len(), 28, "20 bytes in Base64");
    let (until, name) = servers[1]["username"].as_str().unwrap().split_once(':').unwrap();
    (until.parse().unwrap(), name.to_owned())
}

#[test]
fn cm_16_each_session_is_given_turn_credentials_of_its_own_and_new_ones_before_they_end() {
    let mut world = world();
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada"}));
    let welcome = world.take_all(conn).remove(0);
    let began_s = world.now.as_ms() / 1_000;
    let (until, name) = grant(&welcome);
    assert_eq!(name, "session/ada");
    assert!((began_s + 3_600..=began_s + 3_601).contains(&until), "{until}");

    world.pass(HOUR_MS / 4 * 3 - 1);
    assert!(!types(&world.take_all(conn)).contains(&"ice-servers"));
    world.pass(1);
    let frames = world.take_all(conn);
    let pushed = frames.iter().find(|frame| frame["type"] == "ice-servers").expect("new ones");
    assert_eq!(grant(pushed), (until + 2_700, "session/ada".to_owned()));
    assert!(pushed["seq"].is_u64(), "they are not lost");
    world.pass(HOUR_MS / 4 * 3);
    assert!(types(&world.take_all(conn)).contains(&"ice-servers"), "again and again");
}

#[test]
fn cm_16_who_asks_gets_new_ones_at_once_and_who_is_nobody_gets_none_for_turn() {
    let mut world = world();
    let conn = world.open();
    world.ask(conn, json!(1), "ice-servers", json!({}));
    let frames = world.take_all(conn);
    assert_eq!(types(&frames), ["ice-servers", "ok"]);
    assert_eq!(frames[0]["data"]["iceServers"], json!([{"urls": ["stun:elsewhere.test"]}]));
    world.say(conn, "hello", json!({"userId": "ada"}));
    let (until, _) = grant(&world.take_all(conn)[0]);
    world.pass(60_000);
    world.take_all(conn);
    world.ask(conn, json!(2), "ice-servers", json!({}));
    let frames = world.take_all(conn);
    assert_eq!(types(&frames), ["ice-servers", "ok"]);
    assert_eq!(grant(&frames[0]).0, until + 60);
    // The next renewal counts from here.
    world.pass(HOUR_MS / 4 * 3 - 1);
    assert!(!types(&world.take_all(conn)).contains(&"ice-servers"));
    world.pass(1);
    assert!(types(&world.take_all(conn)).contains(&"ice-servers"));
}

#[test]
fn cm_16_a_session_that_comes_back_has_new_ones_in_its_welcome() {
    let mut world = world();
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada", "instance": "doc"}));
    let welcome = world.take_all(conn).remove(0);
    let token = welcome["data"]["resumeToken"].as_str().unwrap().to_owned();
    world.pass(HOUR_MS / 4 * 3 - 2_000);
    let last_seq = world.take_all(conn).iter().filter_map(|frame| frame["seq"].as_u64()).max().unwrap_or(0);
    world.lose(conn);
    // They would have been renewed while there was nobody to be told.
    world.pass(4_000);
    let conn = world.open();
    world.say(conn, "hello", json!({"instance": "doc", "resume": {"token": token, "lastSeq": last_seq}}));
    let frames = world.take_all(conn);
    assert_eq!(types(&frames), ["welcome"]);
    assert_eq!(frames[0]["data"]["resumed"], true);
    assert!(grant(&frames[0]).0 >= grant(&welcome).0 + 2_700);
}

#[test]
fn cm_16_a_session_may_have_relays_while_it_is_in_a_room() {
    let mut world = world();
    assert!(!world.registry.may_relay("session/ada"), "nobody is there");
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada", "instance": "doc"}));
    let (_, name) = grant(&world.take_all(conn)[0]);
    assert!(!world.registry.may_relay(&name), "it may have opened a socket only for that");
    world.say(conn, "user-joined-room", json!({"roomId": "tea", "create": {"name": "Tea"}}));
    assert!(world.registry.may_relay(&name));
    world.lose(conn);
    world.pass(5_000);
    assert!(world.registry.may_relay(&name), "it may come back, and keeps its media");
    world.pass(20_000);
    assert!(!world.registry.may_relay(&name), "it is gone");

    let conn = world.open();
    world.say(conn, "user-joined-room", json!({"roomId": "tea", "userId": "ada"}));
    assert!(world.registry.may_relay(&name));
    world.say(conn, "user-left-room", json!({"roomId": "tea"}));
    assert!(!world.registry.may_relay(&name));
    // Made elsewhere with the secret.
    assert!(world.registry.may_relay("ada") && world.registry.may_relay(""));
    assert!(!world.registry.may_relay("session/") && !world.registry.may_relay("session/a b"));
}

#[test]
fn without_a_turn_server_nothing_is_renewed() {
    let mut world = World::new();
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada"}));
    assert_eq!(world.take_all(conn)[0]["data"]["iceServers"], json!([]));
    world.pass(HOUR_MS * 3);
    assert!(!types(&world.take_all(conn)).contains(&"ice-servers"));
}
