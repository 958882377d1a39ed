//! Nothing is lost: sessions that come back at another socket, and those that can't.

use parlor_room::{CloseCause, Config, ConnId, Input};
use serde_json::{Value, json};

use crate::world::{World, name_of, types};

/// Says `hello` as `id` with its usual instance; gives the socket and the resume token.
fn hello(world: &mut World, id: &str) -> (ConnId, String) {
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": id, "userName": name_of(id), "instance": format!("{id}-1")}));
    let token = world.take(conn)[0]["data"]["resumeToken"].as_str().unwrap().to_owned();
    (conn, token)
}

/// Comes back at a new socket with the usual instance; gives the socket and all that came.
fn resume(world: &mut World, id: &str, token: &str, last_seq: u64) -> (ConnId, Vec<Value>) {
    let conn = world.open();
    let resume = json!({"token": token, "lastSeq": last_seq});
    world.ask(
        conn,
        json!("back"),
        "hello",
        json!({"userId": id, "instance": format!("{id}-1"), "resume": resume}),
    );
    let frames = world.take_all(conn);
    (conn, frames)
}

/// Bob sends Ada numbered lines.
fn chat(world: &mut World, from: ConnId, texts: impl IntoIterator<Item = u64>) {
    for n in texts {
        world.say(from, "chat", json!({"roomId": "den", "text": n.to_string(), "chatId": format!("c{n}")}));
    }
}

fn texts(frames: &[Value]) -> Vec<u64> {
    let of = |frame: &Value| frame["data"]["text"].as_str().map(|text| text.parse().unwrap());
    frames.iter().filter_map(of).collect()
}

fn scene() -> (World, ConnId, String, ConnId) {
    let mut world = World::new();
    let (ada, token) = hello(&mut world, "ada");
    world.enter(ada, "den");
    let bob = world.in_room("bob", "den");
    (world, ada, token, bob)
}

#[test]
fn who_comes_back_within_the_grace_gets_each_missed_frame_once() {
    let (mut world, ada, token, bob) = scene();
    chat(&mut world, bob, 1..=3);
    let arrived = world.last_seq(ada);
    assert_eq!(texts(&world.take(ada)), [1, 2, 3]);
    chat(&mut world, bob, 4..=5); // written to a socket that is dead already
    world.lose(ada);
    world.pass(3_000);
    chat(&mut world, bob, 6..=8);
    world.take(bob);

    let (again, frames) = resume(&mut world, "ada", &token, arrived);
    let names = types(&frames);
    assert_eq!(names, ["welcome", "chat", "chat", "chat", "chat", "chat", "server-room-list", "ok"]);
    assert_eq!(frames[0]["data"]["resumed"], true);
    assert_eq!(frames[0]["data"]["userId"], "ada");
    assert_eq!(frames[0]["data"]["userName"], "Ada");
    assert_eq!(frames[0]["data"]["resumeToken"], token);
    assert_eq!(texts(&frames), [4, 5, 6, 7, 8]);
    let seqs: Vec<u64> = frames.iter().filter_map(|frame| frame["seq"].as_u64()).collect();
    assert_eq!(seqs, (arrived + 1..=arrived + 6).collect::<Vec<_>>(), "the numbers go on");

    // The others heard no leave and no join, only that Ada was suspect and no longer is.
    let told: Vec<_> = world
        .take(bob)
        .iter()
        .map(|f| (f["type"].clone(), f["data"]["participant"]["suspect"].clone()))
        .collect();
    assert_eq!(told, [(json!("user-updated"), json!(false))]);
    chat(&mut world, bob, 9..=9);
    assert_eq!(texts(&world.take(again)), [9]);
    assert_eq!(world.shown(), ["den: ada* bob"]);
    // And the grace is over: nothing happens when it would have ended.
    world.pass(20_000);
    assert_eq!(world.shown(), ["den: ada* bob"]);
}

#[test]
fn welcome_tells_which_of_ones_own_frames_arrived() {
    let (mut world, ada, token, bob) = scene();
    let frame = |cseq: u64| {
        json!({"type": "chat", "data": {"roomId": "den", "text": cseq.to_string()}, "cseq": cseq}).to_string()
    };
    world.text(ada, &frame(1));
    world.text(ada, &frame(2));
    world.lose(ada);
    let (again, frames) = resume(&mut world, "ada", &token, 0);
    assert_eq!(frames[0]["data"]["lastCseq"], 2);
    for cseq in [2, 3, 4] {
        world.text(again, &frame(cseq));
    }
    assert_eq!(texts(&world.take(bob)), [1, 2, 3, 4]);
}

#[test]
fn a_resume_takes_over_from_a_socket_that_seems_open_and_nobody_is_told() {
    let (mut world, ada, token, bob) = scene();
    let last = world.last_seq(ada);
    let (again, frames) = resume(&mut world, "ada", &token, last);
    assert_eq!(types(&frames), ["welcome", "server-room-list", "ok"]);
    assert_eq!(frames[0]["data"]["resumed"], true);
    assert_eq!(world.closed_with(ada), Some(4001));
    assert_eq!(world.take(bob), [] as [Value; 0]);
    // The old socket's end comes late and touches nothing.
    world.input(Input::Closed { conn: ada, cause: CloseCause::Frame(Some(1001)) });
    world.pass(500);
    assert_eq!(world.take(bob), [] as [Value; 0]);
    chat(&mut world, bob, 1..=1);
    assert_eq!(texts(&world.take(again)), [1]);
}

#[test]
fn a_silent_session_that_resumes_is_no_longer_suspect() {
    let (mut world, ada, token, bob) = scene();
    world.silence(ada);
    world.pass(6_000);
    assert_eq!(world.take(bob)[0]["data"]["participant"]["suspect"], true);
    let last = world.last_seq(ada);
    let (_, frames) = resume(&mut world, "ada", &token, last);
    assert_eq!(frames[0]["data"]["resumed"], true);
    assert_eq!(world.closed_with(ada), Some(4001));
    assert_eq!(world.take(bob)[0]["data"]["participant"]["suspect"], false);
}

#[test]
fn a_reload_ends_the_suspect_session_and_begins_anew() {
    let (mut world, ada, token, bob) = scene();
    world.lose(ada);
    world.take(bob);
    let conn = world.open();
    let data = json!({"userId": "ada", "instance": "ada-2", "resume": {"token": token, "lastSeq": 1}});
    let frames = world.answer(conn, "hello", data);
    assert_eq!(types(&frames), ["welcome", "ok"]);
    assert_eq!(frames[0]["data"]["resumed"], false);
    assert_ne!(frames[0]["data"]["resumeToken"], token);
    let left: Vec<_> = world.take(bob);
    assert_eq!(left[0]["data"]["reason"], "replaced");
    assert_eq!(left[0]["data"]["userId"], "ada");
    world.enter(conn, "den");
    assert_eq!(world.shown(), ["den: bob* ada"]);
    // The old token opens nothing any more.
    let late = world.open();
    let data = json!({"userId": "ada", "instance": "ada-1", "resume": {"token": token, "lastSeq": 1}});
    assert_eq!(world.refused(late, "hello", data), "unavailable-id");
}

#[test]
fn a_reload_that_names_nobody_is_who_the_token_says() {
    let (mut world, ada, token, _) = scene();
    world.lose(ada);
    let conn = world.open();
    let frames =
        world.answer(conn, "hello", json!({"instance": "new", "resume": {"token": token, "lastSeq": 0}}));
    assert_eq!(
        (&frames[0]["data"]["userId"], &frames[0]["data"]["userName"]),
        (&json!("ada"), &json!("Ada"))
    );
}

#[test]
fn another_instance_does_not_take_a_live_session() {
    let (mut world, ada, token, bob) = scene();
    let conn = world.open();
    let data = json!({"userId": "ada", "instance": "ada-2", "resume": {"token": token, "lastSeq": 1}});
    assert_eq!(world.refused(conn, "hello", data), "unavailable-id");
    assert_eq!(world.closed_with(ada), None);
    assert_eq!(world.take(bob), [] as [Value; 0]);
    // Without naming whom, it is simply a new one.
    let data = json!({"instance": "ada-2", "resume": {"token": token, "lastSeq": 1}});
    let frames = world.answer(conn, "hello", data);
    assert_eq!(frames[0]["data"]["resumed"], false);
    assert_ne!(frames[0]["data"]["userId"], "ada");
}

#[test]
fn a_token_does_not_make_one_another_than_its_owner() {
    let (mut world, ada, token, _) = scene();
    world.lose(ada);
    let conn = world.open();
    let data = json!({"userId": "eve", "instance": "ada-1", "resume": {"token": token, "lastSeq": 0}});
    let frames = world.answer(conn, "hello", data);
    assert_eq!((&frames[0]["data"]["userId"], &frames[0]["data"]["resumed"]), (&json!("eve"), &json!(false)));
    assert_eq!(world.shown(), ["den: ada* bob"]);
}

#[test]
fn an_unknown_token_counts_as_none() {
    let mut world = World::new();
    let (_, frames) = resume(&mut world, "ada", "nonsense", 3);
    assert_eq!(types(&frames), ["welcome", "ok"]);
    assert_eq!(frames[0]["data"]["resumed"], false);
    assert_eq!(frames[1]["seq"], 1);
}

#[test]
fn a_session_whose_instance_the_server_made_resumes_without_naming_it() {
    let mut world = World::new();
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "cat"}));
    let token = world.take(conn)[0]["data"]["resumeToken"].clone();
    world.lose(conn);
    let conn = world.open();
    let frames =
        world.answer(conn, "hello", json!({"userId": "cat", "resume": {"token": token, "lastSeq": 0}}));
    assert_eq!(frames[0]["data"]["resumed"], true);
    // One that named an instance must name it again.
    let (ada, token) = hello(&mut world, "ada");
    world.lose(ada);
    let conn = world.open();
    let frames =
        world.answer(conn, "hello", json!({"userId": "ada", "resume": {"token": token, "lastSeq": 0}}));
    assert_eq!(frames[0]["data"]["resumed"], false);
}

#[test]
fn a_number_that_is_no_longer_kept_begins_anew_and_ends_the_old_session() {
    let (mut world, ada, token, bob) = scene();
    chat(&mut world, bob, 1..=300);
    let last = world.last_seq(ada);
    world.pass(60_000); // so that the rate does not matter
    world.clear();
    // 256 are kept: after `last - 256` all of them come, after the one before not.
    let (again, frames) = resume(&mut world, "ada", &token, last - 256);
    assert_eq!(texts(&frames).len(), 256);
    let (newer, frames) = resume(&mut world, "ada", &token, last - 257);
    assert_eq!(frames[0]["data"]["resumed"], false);
    assert_eq!(world.closed_with(again), Some(4001));
    let told = world.take(again);
    assert_eq!(told.last().unwrap()["data"]["reason"], "replaced", "who left without asking is told");
    assert_eq!(world.take(bob)[0]["data"]["reason"], "replaced");
    assert_eq!(world.shown(), ["den: bob*"]);
    assert_eq!(world.closed_with(newer), None);
}

#[test]
fn a_number_that_was_never_sent_is_a_failed_resume() {
    let (mut world, ada, token, _) = scene();
    let never_sent = world.last_seq(ada) + 1;
    let (_, frames) = resume(&mut world, "ada", &token, never_sent);
    assert_eq!(types(&frames), ["error"]);
    assert_eq!(frames[0]["data"]["code"], "unavailable-id");
    assert_eq!(world.closed_with(ada), None);
}

#[test]
fn more_missed_than_is_kept_ends_the_session() {
    let (mut world, ada, token, bob) = scene();
    world.lose(ada);
    chat(&mut world, bob, 1..=256);
    world.take(bob);
    chat(&mut world, bob, 257..=257);
    let told = world.take(bob);
    assert_eq!(types(&told), ["user-left-room", "user-updated", "room-updated"]);
    assert_eq!(told[0]["data"]["reason"], "timeout");
    let (_, frames) = resume(&mut world, "ada", &token, 1);
    assert_eq!(frames[0]["data"]["resumed"], false);
}

#[test]
fn more_bytes_missed_than_are_kept_end_the_session() {
    let (mut world, ada, _, bob) = scene();
    world.lose(ada);
    world.take(bob);
    let payload = "x".repeat(16_000);
    for n in 0..66 {
        assert!(world.take(bob).is_empty(), "after {n}");
        world.say(bob, "message", json!({"roomId": "den", "payload": payload}));
    }
    assert_eq!(world.take(bob)[0]["data"]["reason"], "timeout");
    assert_eq!(world.gauges().bytes_kept, world.gauges().bytes_kept.min(1024 * 1024));
}

#[test]
fn a_socket_that_does_not_read_ends_its_session() {
    let (mut world, ada, token, bob) = scene();
    world.input(Input::Overflowed { conn: ada });
    assert_eq!(world.closed_with(ada), Some(1013));
    assert_eq!(world.take(ada), [] as [Value; 0], "nothing more is written to it");
    let told = world.take(bob);
    assert_eq!((&told[0]["type"], &told[0]["data"]["reason"]), (&json!("user-left-room"), &json!("timeout")));
    let (_, frames) = resume(&mut world, "ada", &token, 1);
    assert_eq!(frames[0]["data"]["resumed"], false);
}

#[test]
fn the_grace_is_a_setting() {
    let mut world = World::with(Config { grace_ms: 1_000, ..Config::default() });
    let (ada, token) = hello(&mut world, "ada");
    world.lose(ada);
    world.pass(999);
    let (again, frames) = resume(&mut world, "ada", &token, 0);
    assert_eq!(frames[0]["data"]["resumed"], true);
    assert_eq!(frames[0]["data"]["limits"]["graceMs"], 1_000);
    world.lose(again);
    world.pass(1_000);
    let (_, frames) = resume(&mut world, "ada", &token, 0);
    assert_eq!(frames[0]["data"]["resumed"], false);
}

#[test]
fn a_session_in_no_room_comes_back_too() {
    let mut world = World::new();
    let (ada, token) = hello(&mut world, "ada");
    world.close(ada, CloseCause::Frame(Some(4000)));
    world.pass(5_000);
    let (_, frames) = resume(&mut world, "ada", &token, 0);
    assert_eq!(types(&frames), ["welcome", "ok"]);
    assert_eq!(frames[0]["data"]["resumed"], true);
}

#[test]
fn what_the_new_socket_asked_for_before_its_hello_holds() {
    let mut world = World::new();
    let (ada, token) = hello(&mut world, "ada");
    world.lose(ada);
    let conn = world.open();
    world.say(conn, "room-list-request", json!({"deltas": true}));
    world.take_all(conn);
    let data = json!({"userId": "ada", "instance": "ada-1", "resume": {"token": token, "lastSeq": 0}});
    world.say(conn, "hello", data);
    assert_eq!(types(&world.take_all(conn)), ["welcome", "server-room-list"]);
    world.pass(200);
    world.in_room("bob", "den");
    let lists = world.take_lists(conn);
    assert!(lists.is_empty(), "cleared with the rest");
    world.pass(5_000);
    assert_eq!(world.take_lists(conn)[0]["type"], "room-list-digest");
}
