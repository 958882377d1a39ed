//! How well paths to the hub work, as everybody in a room is told (AU-6).

use parlor_proto::Grade;
use parlor_room::{ConnId, HubReport, Input};
use serde_json::{Value, json};

use crate::hub::{both_at_the_hub, offer, room_of, seat, world};
use crate::world::{World, types};

fn report(world: &mut World, room: u64, id: &str, grade: Grade) {
    world.input(Input::Hub(HubReport::Grade { seat: seat(room, id), grade }));
}

/// The grades that came, as `ada good`; nothing else did.
fn told(world: &mut World, conn: ConnId) -> Vec<String> {
    let of = |frame: &Value| {
        assert_eq!(frame["type"], "user-updated", "{frame}");
        let participant = &frame["data"]["participant"];
        let grade = participant.get("grade").map_or("none", |grade| grade.as_str().unwrap());
        format!("{} {grade}", participant["id"].as_str().unwrap())
    };
    world.take(conn).iter().map(of).collect()
}

/// The roster as one who joins now is shown it.
fn roster(world: &mut World, room: &str, id: &str) -> Vec<Value> {
    let conn = world.join_as(id);
    world.say(conn, "user-joined-room", json!({"roomId": room}));
    let joined = world.take(conn).remove(0);
    world.close_tab(conn);
    world.clear();
    let grade = |p: &Value| json!([p["id"], p.get("grade")]);
    joined["data"]["participants"].as_array().unwrap().iter().map(grade).collect()
}

#[test]
fn au_6_what_the_hub_says_of_a_path_is_told_to_the_room_when_it_changes() {
    let (mut world, ada, bob, room) = both_at_the_hub();
    world.clear();
    report(&mut world, room, "bob", Grade::Good);
    report(&mut world, room, "bob", Grade::Good);
    report(&mut world, room, "bob", Grade::Lost);
    assert_eq!(told(&mut world, ada), ["bob good", "bob lost"]);
    assert_eq!(told(&mut world, bob), ["bob good", "bob lost"]);
    // It stays with what else is told of them, and who comes later is told too.
    let tracks = json!({"roomId": "star", "audioEnabled": true, "videoEnabled": false});
    world.say(bob, "track-state", tracks);
    assert_eq!(told(&mut world, ada), ["bob lost"]);
    assert_eq!(
        roster(&mut world, "star", "cat"),
        [json!(["ada", null]), json!(["bob", "lost"]), json!(["cat", null])]
    );
}

#[test]
fn vc_05_a_grade_of_somebody_who_has_left_or_of_another_stay_reaches_nobody() {
    let (mut world, ada, bob, room) = both_at_the_hub();
    world.say(bob, "user-left-room", json!({"roomId": "star"}));
    world.clear();
    report(&mut world, room, "bob", Grade::Lost);
    let _ = world.answer(bob, "user-joined-room", json!({"roomId": "star"}));
    let _ = world.answer(bob, "offer", offer("star", 1));
    world.clear();
    report(&mut world, room, "bob", Grade::Lost);
    assert_eq!(told(&mut world, ada), [] as [&str; 0]);
    assert_eq!(roster(&mut world, "star", "cat")[1], json!(["bob", null]));
}

#[test]
fn au_6_in_a_mesh_there_are_no_grades_and_with_the_hub_they_are_back() {
    let mut world = world();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    // Warm paths.
    for conn in [ada, bob] {
        assert_eq!(types(&world.answer(conn, "offer", offer("den", 1))), ["ok"]);
    }
    let room = room_of(&world);
    world.clear();
    report(&mut world, room, "ada", Grade::Good);
    report(&mut world, room, "bob", Grade::Poor);
    assert_eq!(told(&mut world, ada), [] as [&str; 0], "not the path in force");
    assert_eq!(roster(&mut world, "den", "cat")[1], json!(["bob", null]));
    go(&mut world, ada, bob, "sfu", 1);
    assert_eq!(told(&mut world, bob), ["bob poor"], "after the commit, what is not good");
    assert_eq!(roster(&mut world, "den", "dan")[..2], [json!(["ada", "good"]), json!(["bob", "poor"])]);
    go(&mut world, ada, bob, "mesh", 2);
    assert_eq!(told(&mut world, bob), [] as [&str; 0], "with the commit they are gone");
    assert_eq!(roster(&mut world, "den", "eve")[1], json!(["bob", null]));
    // The hub has freed what it held: nothing it said before counts later.
    world.pass(11_000);
    report(&mut world, room, "bob", Grade::Fair);
    go(&mut world, ada, bob, "sfu", 3);
    assert_eq!(told(&mut world, bob), [] as [&str; 0]);
    assert_eq!(roster(&mut world, "den", "fay")[1], json!(["bob", null]));
}

/// Moves `den`, with all its frames taken but those after the last `commit`.
fn go(world: &mut World, host: ConnId, other: ConnId, topology: &str, change: u32) {
    world.say(host, "update-room", json!({"roomId": "den", "topology": topology}));
    let ready = json!({"roomId": "den", "change": change});
    world.say(host, "topology-ready", ready.clone());
    assert_eq!(types(&world.take(other)).last(), Some(&"topology"));
    world.say(other, "topology-ready", ready);
    let commit = world.take_first(other);
    assert_eq!((&commit["data"]["phase"], &commit["data"]["mode"]), (&json!("commit"), &json!(topology)));
}
