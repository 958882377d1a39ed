//! Rooms that move between mesh and hub: when (RR-12), how far, and who is told what.

use parlor_room::{Config, ConnId, HubOrder, MoveCause, RoomEvent};
use serde_json::{Value, json};

use crate::world::{World, types};

const CAMERA: &str = r#"[{"source": "camera", "kind": "video", "enabled": true}]"#;
const SCREEN: &str = r#"[{"source": "screen", "kind": "video", "enabled": true}]"#;
const CAMERA_OFF: &str = r#"[{"source": "camera", "kind": "video", "enabled": false}]"#;
const MICROPHONE: &str = r#"[{"source": "microphone", "kind": "audio", "enabled": true}]"#;
const MUTED: &str = r#"[{"source": "microphone", "kind": "audio", "enabled": false}]"#;
const NOTHING: &str = "[]";

fn world() -> World {
    World::with(Config { has_hub: true, ..Config::default() })
}

fn id(n: usize) -> String {
    format!("p-{n:02}")
}

/// So many in the room `den`, whose maker sets it so. What came of it is taken.
fn den(world: &mut World, count: usize, settings: Value) -> Vec<ConnId> {
    let mut create = json!({"name": "Den", "capacity": 30});
    create.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let mut conns = Vec::new();
    for n in 0..count {
        let conn = world.join_as(&id(n));
        world.say(conn, "user-joined-room", json!({"roomId": "den", "create": create}));
        conns.push(conn);
    }
    world.clear();
    conns
}

fn publish(world: &mut World, conn: ConnId, tracks: &str) {
    let tracks: Value = serde_json::from_str(tracks).unwrap();
    let data = json!({"roomId": "den", "audioEnabled": false, "videoEnabled": false, "tracks": tracks});
    world.say(conn, "track-state", data);
}

/// The `topology` frames that came, as `prepare sfu 1`; the rest goes.
fn told(world: &mut World, conn: ConnId) -> Vec<String> {
    let of = |frame: &Value| {
        let data = &frame["data"];
        assert_eq!(data["roomId"], "den");
        format!("{} {} {}", data["phase"].as_str().unwrap(), data["mode"].as_str().unwrap(), data["change"])
    };
    world.take(conn).iter().filter(|frame| frame["type"] == "topology").map(of).collect()
}

fn ready(world: &mut World, conn: ConnId, change: u32) {
    world.say(conn, "topology-ready", json!({"roomId": "den", "change": change}));
}

fn all_ready(world: &mut World, conns: &[ConnId], change: u32) {
    for conn in conns {
        ready(world, *conn, change);
    }
}

fn leave(world: &mut World, conn: ConnId) {
    world.say(conn, "user-left-room", json!({"roomId": "den"}));
}

/// One more comes in, and what they are told first.
fn come(world: &mut World, n: usize) -> (ConnId, Value) {
    let conn = world.join_as(&id(n));
    world.say(conn, "user-joined-room", json!({"roomId": "den"}));
    let joined = world.peek(conn).into_iter().find(|frame| frame["type"] == "room-joined").expect("in");
    (conn, joined["data"].clone())
}

/// An `auto` room of so many around the hub.
fn star(world: &mut World, count: usize, tracks: &str) -> Vec<ConnId> {
    let conns = den(world, count, json!({"topology": "sfu"}));
    publish(world, conns[0], tracks);
    world.say(conns[0], "update-room", json!({"roomId": "den", "topology": "auto"}));
    world.clear();
    conns
}

fn set(world: &mut World, conn: ConnId, settings: Value) -> Vec<String> {
    let mut data = json!({"roomId": "den"});
    data.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let frames = world.answer(conn, "update-room", data);
    let mut types: Vec<String> = types(&frames).into_iter().map(str::to_owned).collect();
    types.retain(|kind| kind != "room-updated");
    types
}

#[test]
fn rr_12_a_room_with_a_camera_or_screen_goes_up_with_the_fifth() {
    for tracks in [CAMERA, SCREEN] {
        let mut world = world();
        let conns = den(&mut world, 4, json!({}));
        publish(&mut world, conns[1], tracks);
        assert_eq!(told(&mut world, conns[0]), [] as [&str; 0], "four stay");
        let (fifth, joined) = come(&mut world, 4);
        assert_eq!(joined["topology"], "mesh", "the mode still in force");
        assert_eq!(told(&mut world, fifth), ["prepare sfu 1"]);
        assert_eq!(told(&mut world, conns[0]), ["prepare sfu 1"]);
    }
}

#[test]
fn rr_12_a_camera_that_comes_on_takes_five_up_and_one_that_is_off_does_not() {
    let mut world = world();
    let conns = den(&mut world, 5, json!({}));
    publish(&mut world, conns[4], CAMERA_OFF);
    publish(&mut world, conns[3], MICROPHONE);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
    publish(&mut world, conns[4], CAMERA);
    assert_eq!(told(&mut world, conns[0]), ["prepare sfu 1"]);
    assert_eq!(told(&mut world, conns[4]), ["prepare sfu 1"]);
}

#[test]
fn rr_12_a_room_with_sound_goes_up_with_the_ninth_also_if_all_are_muted() {
    for tracks in [MICROPHONE, MUTED] {
        let mut world = world();
        let conns = den(&mut world, 8, json!({}));
        for conn in &conns {
            publish(&mut world, *conn, tracks);
        }
        assert_eq!(told(&mut world, conns[0]), [] as [&str; 0], "eight stay");
        let (ninth, _) = come(&mut world, 8);
        assert_eq!(told(&mut world, ninth), ["prepare sfu 1"]);
    }
}

#[test]
fn rr_12_a_room_where_nobody_publishes_media_stays_a_mesh_with_a_hub_too() {
    let mut world = world();
    let conns = den(&mut world, 30, json!({}));
    publish(&mut world, conns[0], NOTHING);
    publish(&mut world, conns[1], CAMERA_OFF);
    world.pass(60_000);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
    assert_eq!(world.gauges().rooms_sfu, 0);
}

#[test]
fn rr_12_few_come_back_after_30_s() {
    for (tracks, few) in [(CAMERA, 3), (MICROPHONE, 6), (NOTHING, 6)] {
        let mut world = world();
        let conns = star(&mut world, few + 1, tracks);
        world.pass(120_000);
        assert_eq!(told(&mut world, conns[0]), [] as [&str; 0], "one too many: they stay for ever");
        leave(&mut world, conns[few]);
        world.pass(29_999);
        assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
        world.pass(1);
        assert_eq!(told(&mut world, conns[0]), ["prepare mesh 1"], "{tracks} {few}");
        assert_eq!(told(&mut world, conns[few]), [] as [&str; 0], "who has left is not told");
    }
}

#[test]
fn rr_12_the_30_s_begin_anew_when_it_was_too_many_in_between() {
    let mut world = world();
    let conns = star(&mut world, 3, CAMERA);
    world.pass(29_000);
    let (fourth, joined) = come(&mut world, 3);
    assert_eq!(joined["topology"], "sfu");
    world.pass(500);
    leave(&mut world, fourth);
    world.pass(29_999);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
    world.pass(1);
    assert_eq!(told(&mut world, conns[0]), ["prepare mesh 1"]);
}

#[test]
fn rr_12_a_camera_that_comes_on_or_goes_off_counts_for_the_30_s() {
    let mut world = world();
    let conns = star(&mut world, 5, CAMERA_OFF);
    world.pass(20_000);
    publish(&mut world, conns[1], CAMERA);
    world.pass(60_000);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0], "five with video are too many to come back");
    publish(&mut world, conns[1], CAMERA_OFF);
    world.pass(29_999);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
    world.pass(1);
    assert_eq!(told(&mut world, conns[0]), ["prepare mesh 1"]);
}

#[test]
fn rr_12_between_the_bounds_nothing_changes() {
    // Four with video are too few to go up and too many to come back; so are seven and eight with sound.
    for (tracks, counts) in [(CAMERA, 4..=4), (MICROPHONE, 7..=8)] {
        for count in counts {
            let mut world = world();
            let conns = den(&mut world, count, json!({}));
            publish(&mut world, conns[0], tracks);
            world.pass(60_000);
            assert_eq!(told(&mut world, conns[0]), [] as [&str; 0], "a mesh stays one");
            let mut world = self::world();
            let conns = star(&mut world, count, tracks);
            world.pass(60_000);
            assert_eq!(told(&mut world, conns[0]), [] as [&str; 0], "a star stays one");
        }
    }
}

#[test]
fn when_all_are_ready_the_room_has_moved_at_once() {
    let mut world = world();
    let conns = den(&mut world, 5, json!({}));
    publish(&mut world, conns[0], CAMERA);
    world.pass(700);
    all_ready(&mut world, &conns[1..], 1);
    ready(&mut world, conns[1], 1); // twice is no more than once
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1"]);
    assert_eq!((world.gauges().rooms_sfu, world.gauges().rooms_moving), (0, 1));
    ready(&mut world, conns[0], 1);
    for conn in &conns[1..] {
        assert_eq!(told(&mut world, *conn).last().unwrap(), "commit sfu 1");
    }
    let frames = world.take(conns[0]);
    let data = json!({"roomId": "den", "mode": "sfu", "change": 1, "phase": "commit"});
    assert_eq!(frames.last().unwrap(), &json!({"type": "topology", "data": data}));
    let (late, joined) = come(&mut world, 5);
    assert_eq!((&joined["topology"], &joined["room"]["topology"]), (&json!("sfu"), &json!("auto")));
    assert_eq!(told(&mut world, late), [] as [&str; 0], "no move, no frame");
    let now = world.gauges();
    assert_eq!((now.rooms_sfu, now.rooms_moving, now.moves_up_total, now.moves_overdue_total), (1, 0, 1, 0));
}

#[test]
fn one_who_says_nothing_is_waited_for_5_s() {
    let mut world = world();
    let conns = den(&mut world, 5, json!({}));
    publish(&mut world, conns[0], CAMERA);
    all_ready(&mut world, &conns[..4], 1);
    world.pass(4_999);
    assert_eq!(told(&mut world, conns[4]), ["prepare sfu 1"]);
    world.pass(1);
    assert_eq!(told(&mut world, conns[4]), ["commit sfu 1"]);
    assert_eq!(world.gauges().moves_overdue_total, 1);
    // Too late is not wrong.
    assert_eq!(
        types(&world.answer(conns[4], "topology-ready", json!({"roomId": "den", "change": 1}))),
        ["ok"]
    );
    world.pass(10_000);
    assert_eq!(told(&mut world, conns[0]), ["prepare sfu 1", "commit sfu 1"]);
}

#[test]
fn ready_for_another_move_counts_for_nothing() {
    let mut world = world();
    let conns = den(&mut world, 2, json!({"capacity": 15}));
    // Of no move, and not of this room.
    ready(&mut world, conns[0], 1);
    let eve = world.join_as("eve");
    assert_eq!(world.refused(eve, "topology-ready", json!({"roomId": "den", "change": 1})), "not-in-room");
    assert_eq!(
        world.refused(conns[0], "topology-ready", json!({"roomId": "no", "change": 1})),
        "not-in-room"
    );
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    ready(&mut world, conns[1], 1);
    ready(&mut world, conns[0], 2);
    ready(&mut world, conns[0], 0);
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1"], "what came before the move began is not of it");
    ready(&mut world, conns[0], 1);
    assert_eq!(told(&mut world, conns[1]), ["commit sfu 1"]);
    set(&mut world, conns[0], json!({"topology": "mesh"}));
    all_ready(&mut world, &conns, 1);
    assert_eq!(told(&mut world, conns[1]), ["prepare mesh 2"]);
    all_ready(&mut world, &conns, 2);
    assert_eq!(told(&mut world, conns[1]), ["commit mesh 2"]);
}

#[test]
fn vc_01_whoever_leaves_or_is_suspect_during_a_move_is_not_waited_for() {
    type Way = fn(&mut World, ConnId);
    let ways: [(&str, Way); 4] = [
        ("leaves", leave),
        ("closes the tab", |world, conn| world.close_tab(conn)),
        ("is lost", |world, conn| world.lose(conn)),
        ("falls silent", |world, conn| {
            world.silence(conn);
            world.pass(4_000);
        }),
    ];
    for (way, go) in ways {
        let mut world = world();
        let conns = den(&mut world, 3, json!({}));
        set(&mut world, conns[0], json!({"topology": "sfu"}));
        all_ready(&mut world, &conns[..2], 1);
        assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1"]);
        go(&mut world, conns[2]);
        assert_eq!(told(&mut world, conns[1]), ["commit sfu 1"], "the third {way}");
    }
}

#[test]
fn one_who_comes_back_during_a_move_is_waited_for_again() {
    let mut world = world();
    let conns = den(&mut world, 3, json!({}));
    world.silence(conns[2]);
    world.pass(6_000);
    world.clear();
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    ready(&mut world, conns[0], 1);
    world.say(conns[2], "ping", json!({}));
    ready(&mut world, conns[1], 1);
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1"]);
    ready(&mut world, conns[2], 1);
    assert_eq!(told(&mut world, conns[1]), ["commit sfu 1"]);
}

#[test]
fn vc_01_whoever_comes_during_a_move_hears_of_it_and_is_waited_for() {
    let mut world = world();
    let conns = den(&mut world, 2, json!({}));
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    world.pass(2_000);
    let (third, joined) = come(&mut world, 2);
    assert_eq!((&joined["topology"], &joined["room"]["topology"]), (&json!("mesh"), &json!("sfu")));
    let frames = world.take(third);
    assert_eq!(types(&frames), ["room-joined", "topology"], "the move follows at once");
    all_ready(&mut world, &conns, 1);
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1"]);
    // A page that asks again is told again.
    world.say(third, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(types(&world.take(third)), ["room-joined", "topology"]);
    // The 5 s are those of the move.
    world.pass(3_000);
    assert_eq!(told(&mut world, third), ["commit sfu 1"]);
    leave(&mut world, third);
    let joined = world.answer(third, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!((types(&joined), &joined[0]["data"]["topology"]), (vec!["room-joined", "ok"], &json!("sfu")));
}

#[test]
fn vc_03_whoever_resumes_gets_the_frames_of_a_move_that_were_missed() {
    let mut world = world();
    let conns = den(&mut world, 2, json!({}));
    let lost = world.open();
    world.say(lost, "hello", json!({"userId": "lou", "instance": "lou-1"}));
    let token = world.take(lost)[0]["data"]["resumeToken"].as_str().unwrap().to_owned();
    world.say(lost, "user-joined-room", json!({"roomId": "den"}));
    let seq = world.last_seq(lost);
    world.lose(lost);
    world.clear();
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    all_ready(&mut world, &conns, 1);
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1", "commit sfu 1"]);
    let back = world.open();
    let resume = json!({"token": token, "lastSeq": seq});
    world.say(back, "hello", json!({"userId": "lou", "instance": "lou-1", "resume": resume}));
    assert_eq!(told(&mut world, back), ["prepare sfu 1", "commit sfu 1"]);
}

#[test]
fn vc_05_a_room_that_ends_during_a_move_leaves_nothing() {
    let mut world = world();
    let conns = den(&mut world, 2, json!({}));
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    world.clear();
    world.say(conns[0], "end-room", json!({"roomId": "den"}));
    assert_eq!(types(&world.take(conns[1])), ["user-left-room"]);
    world.pass(10_000);
    assert_eq!(world.take(conns[1]), [] as [Value; 0]);
    assert_eq!(world.gauges().rooms_moving, 0);
    // Another room of that id begins anew.
    world.say(conns[0], "user-joined-room", json!({"roomId": "den", "create": {"name": "Den"}}));
    assert_eq!(world.take(conns[0]).last().unwrap()["data"]["topology"], "mesh");
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    world.say(conns[1], "user-joined-room", json!({"roomId": "den"}));
    world.clear();
    set(&mut world, conns[0], json!({"topology": "mesh"}));
    assert_eq!(told(&mut world, conns[1]), ["prepare mesh 2"]);
    for conn in conns {
        world.close_tab(conn);
    }
    world.pass(120_000);
    world.assert_empty();
}

#[test]
fn a_host_moves_the_room_there_and_back() {
    let mut world = world();
    let conns = den(&mut world, 3, json!({"capacity": 15}));
    assert_eq!(
        world.refused(conns[1], "update-room", json!({"roomId": "den", "topology": "sfu"})),
        "forbidden"
    );
    for (settings, mode, change) in [
        (json!({"topology": "sfu"}), "sfu", 1),
        (json!({"topology": "mesh"}), "mesh", 2),
        (json!({"topology": "sfu"}), "sfu", 3),
        (json!({"mix": "host"}), "mesh", 4),
        (json!({"mix": "direct"}), "sfu", 5),
    ] {
        assert_eq!(set(&mut world, conns[0], settings.clone()), ["topology", "ok"], "{settings}");
        assert_eq!(told(&mut world, conns[1]), [format!("prepare {mode} {change}")]);
        all_ready(&mut world, &conns, change);
        assert_eq!(told(&mut world, conns[1]), [format!("commit {mode} {change}")]);
        world.clear();
    }
    // What does not change the mode moves nobody.
    assert_eq!(set(&mut world, conns[0], json!({"name": "Lair", "topology": "auto"})), ["ok"]);
    assert_eq!(world.gauges().moves_up_total, 3);
    assert_eq!(world.gauges().moves_down_total, 2);
}

#[test]
fn a_room_that_a_host_makes_auto_is_looked_at_anew() {
    let mut world = world();
    let conns = den(&mut world, 5, json!({"topology": "mesh", "capacity": 15}));
    publish(&mut world, conns[0], CAMERA);
    assert_eq!(told(&mut world, conns[1]), [] as [&str; 0], "fixed");
    assert_eq!(set(&mut world, conns[0], json!({"topology": "auto"})), ["topology", "ok"]);
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1"]);
}

#[test]
fn mix_host_holds_a_room_in_a_mesh() {
    let mut world = world();
    let conns = den(&mut world, 9, json!({"mix": "host"}));
    for conn in &conns {
        publish(&mut world, *conn, CAMERA);
    }
    world.pass(10_000);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
    assert_eq!(
        set(&mut world, conns[0], json!({"topology": "sfu"})),
        ["ok"],
        "kept, and without an effect yet"
    );
    assert_eq!(set(&mut world, conns[0], json!({"mix": "direct"})), ["topology", "ok"]);
}

#[test]
fn a_room_pinned_to_where_it_came_from_turns_round_at_once() {
    for (from, to, pin) in [
        ("mesh", "sfu", json!({"topology": "mesh", "capacity": 15})),
        ("mesh", "sfu", json!({"mix": "host"})),
        ("sfu", "mesh", json!({"topology": "sfu"})),
    ] {
        let mut world = world();
        let conns = den(&mut world, 2, json!({"topology": from, "capacity": 15}));
        set(&mut world, conns[0], json!({"topology": to}));
        ready(&mut world, conns[0], 1);
        world.pass(3_000);
        set(&mut world, conns[0], pin.clone());
        assert_eq!(told(&mut world, conns[1]), [format!("prepare {to} 1"), format!("prepare {from} 2")]);
        ready(&mut world, conns[1], 1);
        world.pass(4_999);
        assert_eq!(told(&mut world, conns[1]), [] as [&str; 0], "it has 5 s of its own");
        world.pass(1);
        assert_eq!(told(&mut world, conns[1]), [format!("commit {from} 2")], "{pin}");
    }
}

#[test]
fn a_move_that_is_no_longer_wanted_goes_on_to_its_end() {
    let mut world = world();
    let conns = den(&mut world, 5, json!({}));
    publish(&mut world, conns[0], CAMERA);
    leave(&mut world, conns[4]);
    leave(&mut world, conns[3]);
    set(&mut world, conns[0], json!({"name": "Lair"}));
    all_ready(&mut world, &conns[..3], 1);
    assert_eq!(told(&mut world, conns[1]), ["prepare sfu 1", "commit sfu 1"]);
    // They have been few since they arrived.
    world.pass(29_999);
    assert_eq!(told(&mut world, conns[1]), [] as [&str; 0]);
    world.pass(1);
    assert_eq!(told(&mut world, conns[1]), ["prepare mesh 2"]);
    // And too many again before they are down: first down, then up.
    for conn in &conns[3..] {
        world.say(*conn, "user-joined-room", json!({"roomId": "den"}));
    }
    world.pass(5_000);
    assert_eq!(told(&mut world, conns[1]), ["commit mesh 2", "prepare sfu 3"]);
}

#[test]
fn one_who_is_alone_and_an_empty_room_move_at_once() {
    let mut world = world();
    let conns = den(&mut world, 1, json!({}));
    assert_eq!(set(&mut world, conns[0], json!({"topology": "sfu"})), ["topology", "topology", "ok"]);
    assert_eq!(world.gauges().rooms_sfu, 1);
    assert_eq!(world.gauges().moves_overdue_total, 0);
    set(&mut world, conns[0], json!({"topology": "auto"}));
    world.clear();
    leave(&mut world, conns[0]);
    world.pass(30_000);
    let (_, joined) = come(&mut world, 1);
    assert_eq!(joined["topology"], "mesh");
    // The other one leaves in the middle.
    let mut world = self::world();
    let conns = den(&mut world, 2, json!({}));
    set(&mut world, conns[0], json!({"topology": "sfu"}));
    leave(&mut world, conns[1]);
    assert_eq!(world.gauges().rooms_sfu, 1);
}

#[test]
fn an_empty_room_ends_when_it_should_also_if_it_moved_meanwhile() {
    let mut world = world();
    let conns = star(&mut world, 2, CAMERA);
    world.pass(10_000);
    leave(&mut world, conns[0]);
    leave(&mut world, conns[1]);
    world.pass(59_999);
    assert_eq!(world.gauges().rooms, 1);
    world.pass(1);
    assert_eq!(world.gauges().rooms, 0);
    assert_eq!(world.gauges().moves_down_total, 1);
}

#[test]
fn without_a_hub_nothing_goes_up() {
    let mut world = World::new();
    let conns = den(&mut world, 12, json!({}));
    for conn in &conns {
        publish(&mut world, *conn, CAMERA);
    }
    world.pass(60_000);
    assert_eq!(told(&mut world, conns[0]), [] as [&str; 0]);
    assert_eq!(
        world.refused(conns[0], "update-room", json!({"roomId": "den", "topology": "sfu"})),
        "forbidden"
    );
    assert_eq!(
        types(&world.answer(conns[0], "topology-ready", json!({"roomId": "den", "change": 1}))),
        ["ok"]
    );
}

#[test]
fn cm_12_more_than_15_around_the_hub_are_not_made_a_mesh() {
    let mut world = world();
    let conns = den(&mut world, 16, json!({"topology": "sfu"}));
    for settings in [json!({"mix": "host"}), json!({"topology": "mesh", "capacity": 15})] {
        let mut data = settings.clone();
        data["roomId"] = json!("den");
        assert_eq!(world.refused(conns[0], "update-room", data), "bad-message", "{settings}");
    }
    leave(&mut world, conns[15]);
    assert_eq!(set(&mut world, conns[0], json!({"mix": "host"})), ["topology", "ok"]);
}

/// What the hub was told of departures since the last time.
fn freed(world: &mut World) -> Vec<String> {
    let orders = std::mem::take(&mut world.hub);
    let of = |order: &HubOrder| match order {
        HubOrder::Leave { seat } => Some(seat.participant.to_string()),
        _ => None,
    };
    orders.iter().filter_map(of).collect()
}

fn offer(world: &mut World, conn: ConnId) -> Vec<Value> {
    let data = json!({"to": "hub", "roomId": "den", "sdp": "v=0\r\n", "attempt": 1, "n": 1, "tracks": []});
    world.answer(conn, "offer", data)
}

#[test]
fn vc_05_who_came_back_to_a_mesh_for_good_is_freed_at_the_hub() {
    let mut world = world();
    let conns = den(&mut world, 3, json!({"topology": "sfu", "capacity": 15}));
    for conn in &conns[..2] {
        assert_eq!(types(&offer(&mut world, *conn)), ["ok"]);
    }
    world.hub.clear();
    set(&mut world, conns[0], json!({"topology": "mesh"}));
    assert_eq!(types(&offer(&mut world, conns[1])), ["ok"], "the old path is mended as long as it plays");
    all_ready(&mut world, &conns, 1);
    assert_eq!(
        world.refused(
            conns[2],
            "offer",
            json!({"to": "hub", "roomId": "den", "sdp": "v=0\r\n", "attempt": 1, "n": 1})
        ),
        "forbidden"
    );
    world.pass(10_999);
    assert_eq!(freed(&mut world), [] as [&str; 0], "they close it themselves, after 10 s at last");
    world.pass(1);
    assert_eq!(freed(&mut world), ["p-00", "p-01"]);
    // What is freed is not freed again.
    leave(&mut world, conns[0]);
    world.pass(60_000);
    assert_eq!(freed(&mut world), [] as [&str; 0]);
}

#[test]
fn an_auto_room_that_is_a_mesh_again_keeps_its_path_to_the_hub_until_it_is_pinned() {
    let mut world = world();
    let conns = star(&mut world, 2, MICROPHONE);
    for conn in &conns {
        let _ = offer(&mut world, *conn);
    }
    world.hub.clear();
    world.pass(30_000);
    all_ready(&mut world, &conns, 1);
    assert_eq!(told(&mut world, conns[1]), ["prepare mesh 1", "commit mesh 1"]);
    world.pass(60_000);
    assert_eq!(freed(&mut world), [] as [&str; 0]);
    assert_eq!(types(&offer(&mut world, conns[1])), ["ok"]);
    world.hub.clear();
    set(&mut world, conns[0], json!({"mix": "host"}));
    world.pass(1_000);
    set(&mut world, conns[0], json!({"mix": "direct"}));
    world.pass(10_000);
    assert_eq!(freed(&mut world), [] as [&str; 0], "it was needed again");
    set(&mut world, conns[0], json!({"mix": "host"}));
    world.pass(11_000);
    assert_eq!(freed(&mut world), ["p-00", "p-01"]);
    assert_eq!(told(&mut world, conns[1]), [] as [&str; 0], "nobody moved");
}

#[test]
fn vc_07_moves_are_in_the_rooms_log() {
    let mut world = world();
    let conns = den(&mut world, 5, json!({"capacity": 15}));
    publish(&mut world, conns[0], CAMERA);
    world.pass(1_200);
    all_ready(&mut world, &conns, 1);
    set(&mut world, conns[0], json!({"topology": "mesh"}));
    world.pass(5_000);
    let room = parlor_proto::RoomId::parse("den").unwrap();
    let is_move = |event: &RoomEvent| matches!(event, RoomEvent::MoveBegan { .. } | RoomEvent::Moved { .. });
    let moves: Vec<RoomEvent> =
        world.registry.room_log(&room).map(|entry| entry.event.clone()).filter(is_move).collect();
    let (up, down) = (parlor_proto::Mode::Sfu, parlor_proto::Mode::Mesh);
    assert_eq!(
        moves,
        [
            RoomEvent::MoveBegan { to: up, change: 1, cause: MoveCause::Video, present: 5 },
            RoomEvent::Moved { to: up, change: 1, took_ms: 1_200, missing: 0 },
            RoomEvent::MoveBegan { to: down, change: 2, cause: MoveCause::Settings, present: 5 },
            RoomEvent::Moved { to: down, change: 2, took_ms: 5_000, missing: 5 },
        ]
    );
}
