//! Who is host, and what hosts may do.

use serde_json::{Value, json};

use crate::world::{World, types};

#[test]
fn rr_09_the_longest_present_host_takes_over() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.join_as("cat");
    world.say(cat, "user-joined-room", json!({"roomId": "den", "role": "host"}));
    let dan = world.join_as("dan");
    world.say(dan, "user-joined-room", json!({"roomId": "den", "role": "host"}));
    world.clear();
    world.close_tab(ada);
    let told = world.take(bob);
    assert_eq!(types(&told), ["user-left-room", "room-updated"], "cat had the role already");
    assert_eq!(told[1]["data"]["room"]["hostId"], "cat");
    assert_eq!(told[1]["data"]["room"]["host"], "Cat");
    assert_eq!(world.shown(), ["den: bob cat* dan"]);
}

#[test]
fn rr_09_else_the_longest_present_participant_and_gets_the_role() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    world.close_tab(ada);
    for conn in [bob, cat] {
        let told = world.take(conn);
        assert_eq!(types(&told), ["user-left-room", "user-updated", "room-updated"]);
        assert_eq!(told[0]["data"]["participants"][0]["role"], "host");
        assert_eq!(
            (&told[1]["data"]["participant"]["id"], &told[1]["data"]["participant"]["role"]),
            (&json!("bob"), &json!("host"))
        );
        assert_eq!(told[2]["data"]["room"]["hostId"], "bob");
    }
    assert_eq!(world.list()[0]["participants"][0]["role"], "host");
    // Who was host and returns keeps the role, not the room.
    let ada = world.join_as("ada");
    let frames = world.answer(ada, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(frames[0]["data"]["you"]["role"], "host");
    assert_eq!(world.shown(), ["den: bob* cat ada"]);
}

#[test]
fn rr_09_nobody_takes_over_from_a_participant() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.close_tab(bob);
    assert_eq!(types(&world.take(ada)), ["user-left-room"]);
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn who_enters_an_empty_room_is_its_host() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    world.close_tab(ada);
    let bob = world.join_as("bob");
    let frames = world.answer(bob, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(frames[0]["data"]["you"]["role"], "host");
    assert_eq!(
        (&frames[0]["data"]["room"]["hostId"], &frames[0]["data"]["room"]["host"]),
        (&json!("bob"), &json!("Bob"))
    );
    world.close_tab(bob);
    // Also the one who made it, again.
    world.in_room("ada", "den");
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn a_host_who_comes_to_a_room_without_one_is_its_host() {
    let mut world = World::new();
    let kiosk = world.join_as("kiosk");
    let data = json!({"roomId": "den", "role": "listener", "create": {"name": "Den"}});
    world.say(kiosk, "user-joined-room", data);
    assert_eq!(world.shown(), ["den: kiosk*"]);
    let bob = world.in_room("bob", "den");
    assert_eq!(world.shown(), ["den: kiosk* bob"]);
    let ada = world.join_as("ada");
    world.clear();
    let frames = world.answer(ada, "user-joined-room", json!({"roomId": "den", "role": "host"}));
    assert_eq!(types(&frames), ["room-joined", "ok"]);
    assert_eq!(frames[0]["data"]["room"]["hostId"], "ada");
    for conn in [kiosk, bob] {
        let told = world.take(conn);
        assert_eq!(types(&told), ["user-joined-room", "room-updated"]);
        assert_eq!(told[1]["data"]["room"]["hostId"], "ada");
    }
}

#[test]
fn only_hosts_rule() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.join_as("cat");
    let requests = [
        ("set-role", json!({"roomId": "den", "userId": "ada", "role": "caller"})),
        ("remove-user", json!({"roomId": "den", "userId": "ada"})),
        ("mute-request", json!({"roomId": "den", "userId": "ada"})),
        ("update-room", json!({"roomId": "den", "name": "Mine"})),
        ("end-room", json!({"roomId": "den"})),
    ];
    let before = world.list();
    for (kind, data) in requests {
        assert_eq!(world.refused(bob, kind, data.clone()), "forbidden", "{kind}");
        assert_eq!(world.refused(cat, kind, data), "not-in-room", "{kind}");
    }
    assert_eq!(world.list(), before);
    assert_eq!(world.take(ada), [] as [Value; 0]);
    for kind in ["set-role", "remove-user", "mute-request"] {
        let data = json!({"roomId": "den", "userId": "cat", "role": "caller"});
        assert_eq!(world.refused(ada, kind, data), "peer-unavailable", "{kind}");
    }
}

#[test]
fn a_role_that_changes_is_told_to_everyone() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    world.ask(ada, json!(1), "set-role", json!({"roomId": "den", "userId": "bob", "role": "host"}));
    for conn in [ada, bob, cat] {
        let told = world.take(conn);
        assert_eq!(told[0]["type"], "user-updated");
        assert_eq!(
            (&told[0]["data"]["participant"]["id"], &told[0]["data"]["participant"]["role"]),
            (&json!("bob"), &json!("host"))
        );
    }
    assert_eq!(world.list()[0]["participants"][1]["role"], "host");
    // It counts at once.
    assert_eq!(
        types(&world.answer(bob, "update-room", json!({"roomId": "den", "locked": true}))),
        ["room-updated", "ok"]
    );
    world.clear();
    world.say(ada, "set-role", json!({"roomId": "den", "userId": "bob", "role": "host"}));
    assert_eq!(world.take(cat), [] as [Value; 0], "what is so already is not told");
}

#[test]
fn a_host_who_steps_down_hands_over() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.say(ada, "set-role", json!({"roomId": "den", "userId": "ada", "role": "caller"}));
    let told = world.take(bob);
    assert_eq!(types(&told), ["user-updated", "user-updated", "room-updated"]);
    assert_eq!(told[2]["data"]["room"]["hostId"], "bob");
    assert_eq!(world.refused(ada, "end-room", json!({"roomId": "den"})), "forbidden");
    assert_eq!(world.shown(), ["den: ada bob*"]);
    // Alone there is nobody to hand over to.
    world.close_tab(ada);
    world.say(bob, "set-role", json!({"roomId": "den", "userId": "bob", "role": "listener"}));
    assert_eq!(world.shown(), ["den: bob*"]);
}

#[test]
fn who_is_removed_is_told_by_whom_and_keeps_no_role() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.join_as("bob");
    world.say(bob, "user-joined-room", json!({"roomId": "den", "role": "listener"}));
    let cat = world.in_room("cat", "den");
    world.ask(ada, json!(1), "remove-user", json!({"roomId": "den", "userId": "bob"}));
    let frames = world.take(ada);
    assert_eq!(types(&frames), ["user-left-room", "ok"]);
    for conn in [bob, cat] {
        let told = world.take(conn);
        assert_eq!(told, [frames[0].clone()]);
        let data = &told[0]["data"];
        assert_eq!(
            (&data["userId"], &data["reason"], &data["by"]),
            (&json!("bob"), &json!("kicked"), &json!("ada"))
        );
        assert_eq!(data["participants"].as_array().unwrap().len(), 2);
    }
    assert_eq!(world.shown(), ["den: ada* cat"]);
    let frames = world.answer(bob, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(frames[0]["data"]["you"]["role"], "caller");
}

#[test]
fn a_request_to_mute_reaches_that_participant_alone() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    assert_eq!(types(&world.answer(ada, "mute-request", json!({"roomId": "den", "userId": "bob"}))), ["ok"]);
    assert_eq!(world.take(bob), [json!({"type": "mute-request", "data": {"roomId": "den", "from": "ada"}})]);
    assert_eq!(world.take(cat), [] as [Value; 0]);
}

#[test]
fn a_rooms_settings_change_for_all() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let data = json!({"roomId": "den", "name": "Lair", "capacity": 1, "topology": "mesh", "mix": "host", "locked": true});
    let frames = world.answer(ada, "update-room", data.clone());
    assert_eq!(types(&frames), ["room-updated", "ok"]);
    let room = &frames[0]["data"]["room"];
    for field in ["name", "capacity", "topology", "mix", "locked"] {
        assert_eq!(room[field], data[field]);
    }
    assert_eq!(room["participants"].as_array().unwrap().len(), 2, "who is in stays in");
    assert_eq!(frames[0]["data"]["epoch"], 1);
    assert_eq!(world.take(bob), [frames[0].clone()]);
    assert_eq!(world.list()[0]["name"], "Lair");
    // What is given and no other is not told.
    assert_eq!(types(&world.answer(ada, "update-room", data)), ["ok"]);
    assert_eq!(world.take(bob), [] as [Value; 0]);
}

#[test]
fn cm_12_a_room_fixed_to_a_mesh_takes_at_most_15() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let update = |data: Value| {
        let mut data = data;
        data["roomId"] = json!("den");
        data
    };
    assert_eq!(
        types(&world.answer(ada, "update-room", update(json!({"capacity": 16})))),
        ["room-updated", "ok"]
    );
    assert_eq!(world.refused(ada, "update-room", update(json!({"topology": "mesh"}))), "bad-message");
    assert_eq!(
        world.refused(ada, "update-room", update(json!({"topology": "mesh", "capacity": 16}))),
        "bad-message"
    );
    let frames = world.answer(ada, "update-room", update(json!({"topology": "mesh", "capacity": 15})));
    assert_eq!(types(&frames), ["room-updated", "ok"]);
    assert_eq!(world.refused(ada, "update-room", update(json!({"capacity": 16}))), "bad-message");
    assert_eq!(world.refused(ada, "update-room", update(json!({"topology": "sfu"}))), "forbidden");
    let room = &world.list()[0];
    assert_eq!((&room["capacity"], &room["topology"]), (&json!(15), &json!("mesh")));
}

#[test]
fn a_locked_room_takes_back_only_its_hosts() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.say(ada, "update-room", json!({"roomId": "den", "locked": true}));
    let cat = world.join_as("cat");
    assert_eq!(world.refused(cat, "user-joined-room", json!({"roomId": "den"})), "forbidden");
    assert_eq!(world.refused(cat, "user-joined-room", json!({"roomId": "den", "role": "host"})), "forbidden");
    world.say(bob, "user-left-room", json!({"roomId": "den"}));
    assert_eq!(world.refused(bob, "user-joined-room", json!({"roomId": "den"})), "forbidden");
    world.close_tab(ada);
    let ada = world.join_as("ada");
    let frames = world.answer(ada, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(types(&frames), ["room-joined", "ok"]);
    assert_eq!(frames[0]["data"]["room"]["locked"], true);
    world.say(ada, "update-room", json!({"roomId": "den", "locked": false}));
    assert_eq!(
        types(&world.answer(cat, "user-joined-room", json!({"roomId": "den"}))),
        ["room-joined", "ok"]
    );
}

#[test]
fn a_room_that_is_ended_ends_for_everybody() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.ask(ada, json!(1), "end-room", json!({"roomId": "den"}));
    let about = |id: &str, name: &str| {
        json!({"type": "user-left-room", "data": {
            "roomId": "den", "userId": id, "userName": name, "reason": "room-ended", "by": "ada", "participants": [],
            "epoch": 1
        }})
    };
    assert_eq!(world.take(bob), [about("bob", "Bob")], "one about oneself and none about others");
    assert_eq!(world.take(ada), [about("ada", "Ada"), json!({"type": "ok", "re": 1, "data": {}})]);
    assert_eq!(world.shown(), [] as [&str; 0]);
    // The id is free, and the session goes on.
    world.enter(bob, "den");
    assert_eq!(world.shown(), ["den: bob*"]);
    world.pass(120_000);
    assert_eq!(world.shown(), ["den: bob*"]);
}
