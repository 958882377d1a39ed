//! Who records, and who is told of it.

use serde_json::{Value, json};

use crate::world::{World, types};

fn recording(who: &[&str]) -> Value {
    json!({"type": "recording", "data": {"roomId": "den", "recording": who, "epoch": 1}})
}

fn say(world: &mut World, conn: parlor_room::ConnId, active: bool) -> Vec<Value> {
    world.answer(conn, "recording", json!({"roomId": "den", "active": active}))
}

#[test]
fn au_02_everybody_in_the_room_is_told_who_records_and_so_is_who_joins() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let out = world.in_room("out", "attic");
    world.clear();
    assert_eq!(types(&say(&mut world, bob, true)), ["recording", "ok"]);
    assert_eq!(world.take(ada), [recording(&["bob"])]);
    assert_eq!(types(&say(&mut world, ada, true)), ["recording", "ok"]);
    assert_eq!(world.take(bob), [recording(&["ada", "bob"])], "in order of joining");
    assert_eq!(world.take(out), [] as [Value; 0]);
    let cat = world.join_as("cat");
    let frames = world.answer(cat, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(frames[0]["data"]["recording"], json!(["ada", "bob"]));
    world.clear();
    assert_eq!(types(&say(&mut world, bob, false)), ["recording", "ok"]);
    assert_eq!(world.take(cat), [recording(&["ada"])]);
}

#[test]
fn saying_it_again_tells_nobody() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    assert_eq!(types(&say(&mut world, ada, false)), ["ok"], "no recording ran");
    say(&mut world, ada, true);
    world.clear();
    assert_eq!(types(&say(&mut world, ada, true)), ["ok"]);
    assert_eq!(world.take(bob), [] as [Value; 0]);
}

#[test]
fn it_ends_with_the_recorder_being_there_and_goes_on_through_a_resume() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    say(&mut world, bob, true);
    say(&mut world, cat, true);
    world.clear();
    world.close_tab(bob);
    assert_eq!(types(&world.take(ada)), ["user-left-room", "recording"]);
    // A lost session may come back: until the grace ends, its recording is taken to go on.
    world.lose(cat);
    assert_eq!(types(&world.take(ada)), ["user-updated"]);
    world.pass(11_000);
    let told = world.take(ada);
    assert_eq!(types(&told), ["user-left-room", "recording"]);
    assert_eq!(told[1], recording(&[]));
    let back = world.join_as("bob");
    let frames = world.answer(back, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(frames[0]["data"]["recording"], json!([]), "who comes back has to say it again");
}

#[test]
fn who_is_not_in_the_room_is_refused() {
    let mut world = World::new();
    world.in_room("ada", "den");
    let out = world.join_as("out");
    assert_eq!(world.refused(out, "recording", json!({"roomId": "den", "active": true})), "not-in-room");
    assert_eq!(world.refused(out, "recording", json!({"roomId": "den"})), "bad-message");
}
