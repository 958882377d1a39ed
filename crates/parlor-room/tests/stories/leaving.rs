//! The ways out of rooms and of the server.

use parlor_room::{CloseCause, Input};
use serde_json::{Value, json};

use crate::world::{World, types};

#[test]
fn rr_03_who_leaves_gets_ok_and_the_others_are_told() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    assert_eq!(
        world.answer(bob, "user-left-room", json!({"roomId": "den"})),
        [json!({"type": "ok", "re": "q", "data": {}})]
    );
    for conn in [ada, cat] {
        let told = world.take(conn);
        assert_eq!(types(&told), ["user-left-room"]);
        let data = &told[0]["data"];
        assert_eq!(
            (&data["userId"], &data["userName"], &data["reason"]),
            (&json!("bob"), &json!("Bob"), &json!("left"))
        );
        assert_eq!((data.get("by"), &data["epoch"]), (None, &json!(1)));
        let remain: Vec<_> = data["participants"].as_array().unwrap().iter().map(|p| &p["id"]).collect();
        assert_eq!(remain, ["ada", "cat"]);
    }
}

#[test]
fn leaving_where_one_is_not_is_refused() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.join_as("bob");
    assert_eq!(world.refused(bob, "user-left-room", json!({"roomId": "den"})), "not-in-room");
    assert_eq!(world.refused(bob, "user-left-room", json!({"roomId": "nowhere"})), "not-in-room");
    assert_eq!(world.take(ada), [] as [Value; 0]);
}

#[test]
fn vc_06_a_closed_tab_is_gone_for_the_others_at_once() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.close_tab(bob);
    assert_eq!(types(&world.take(ada)), ["user-left-room"], "in the same moment");
}

#[test]
fn vc_04_closing_in_no_room_is_without_noise() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.join_as("bob");
    world.clear();
    world.close_tab(bob);
    assert_eq!(world.take(ada), [] as [Value; 0]);
    // Inputs about sockets that are gone touch nothing.
    for input in [
        Input::Closed { conn: bob, cause: CloseCause::Lost },
        Input::Pong { conn: bob },
        Input::Overflowed { conn: bob },
        Input::OversizedFrame { conn: bob },
        Input::BinaryFrame { conn: bob },
    ] {
        world.input(input);
    }
    world.say(bob, "ping", json!({}));
    world.text(bob, "nonsense");
    assert_eq!(world.gauges().sessions, 1);
}

#[test]
fn everyone_who_leaves_is_told_exactly_once_for_each_reason() {
    // reason, what happens to bob, whether bob is told, what bob's socket is closed with
    type Act = fn(&mut World, parlor_room::ConnId, parlor_room::ConnId);
    let cases: [(&str, Act, bool, Option<u16>); 6] = [
        ("left", |world, _, bob| world.say(bob, "user-left-room", json!({"roomId": "den"})), false, None),
        ("disconnected", |world, _, bob| world.close_tab(bob), false, None),
        (
            "timeout",
            |world, _, bob| {
                world.silence(bob);
                world.pass(15_000)
            },
            true,
            Some(4002),
        ),
        (
            "timeout",
            |world, _, bob| {
                world.lose(bob);
                world.pass(10_000)
            },
            false,
            None,
        ),
        (
            "kicked",
            |world, ada, _| world.say(ada, "remove-user", json!({"roomId": "den", "userId": "bob"})),
            true,
            None,
        ),
        ("room-ended", |world, ada, _| world.say(ada, "end-room", json!({"roomId": "den"})), true, None),
    ];
    for (reason, act, is_told, closed) in cases {
        let mut world = World::new();
        let ada = world.in_room("ada", "den");
        let bob = world.in_room("bob", "den");
        act(&mut world, ada, bob);
        let about_bob = |frames: Vec<Value>| {
            let is_about = |f: &Value| f["type"] == "user-left-room" && f["data"]["userId"] == "bob";
            frames.into_iter().filter(is_about).map(|f| f["data"]["reason"].clone()).collect::<Vec<_>>()
        };
        let others = about_bob(world.take(ada));
        if reason == "room-ended" {
            assert!(others.is_empty(), "nobody remains to be told of others");
        } else {
            assert_eq!(others, [reason]);
        }
        let own: Vec<Value> = if is_told { vec![json!(reason)] } else { vec![] };
        assert_eq!(about_bob(world.take(bob)), own, "{reason}");
        assert_eq!(world.closed_with(bob), closed, "{reason}");
    }
}

#[test]
fn a_server_that_stops_tells_each_of_oneself_and_closes() {
    let mut world = World::new();
    let anonymous = world.open();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.enter(bob, "attic");
    let idle = world.join_as("idle");
    let lost = world.in_room("lost", "den");
    world.lose(lost);
    world.clear();
    world.input(Input::Drain);
    let left = |frames: &[Value]| -> Vec<String> {
        let of = |f: &Value| {
            format!("{} {} {}", f["data"]["roomId"], f["data"]["userId"], f["data"]["reason"])
                .replace('"', "")
        };
        frames.iter().map(of).collect()
    };
    assert_eq!(left(&world.take(ada)), ["den ada server-stopping"]);
    assert_eq!(left(&world.take(bob)), ["den bob server-stopping", "attic bob server-stopping"]);
    assert_eq!(world.take(idle), [] as [Value; 0]);
    for conn in [anonymous, ada, bob, idle] {
        assert_eq!(world.closed_with(conn), Some(1012));
    }
    world.assert_empty();

    let late = world.open();
    assert_eq!(
        world.refused(late, "user-joined-room", json!({"roomId": "den", "create": {"name": "Den"}})),
        "server-error"
    );
    assert_eq!(world.refused(late, "room-created", json!({"name": "Den"})), "server-error");
    assert_eq!(world.gauges().rooms, 0);
}

#[test]
fn vc_05_after_everyone_has_left_nothing_is_left() {
    let mut world = World::new();
    let mut conns = Vec::new();
    for n in 0..20 {
        let conn = world.in_room(&format!("p{n:02}"), &format!("room-{}", n % 3));
        world.say(conn, "chat", json!({"roomId": format!("room-{}", n % 3), "text": "hi"}));
        conns.push(conn);
    }
    let first = world.gauges();
    assert_eq!((first.sessions, first.participants, first.rooms, first.watchers), (20, 20, 3, 20));
    assert!(first.frames_kept > 0 && first.bytes_kept > 0 && first.timers >= 20);
    for (n, conn) in conns.into_iter().enumerate() {
        match n % 4 {
            0 => world.close_tab(conn),
            1 => world.lose(conn),
            2 => world.silence(conn),
            _ => world.input(Input::Overflowed { conn }),
        }
    }
    world.pass(100_000);
    world.assert_empty();
}
