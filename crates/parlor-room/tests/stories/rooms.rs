//! Making rooms and coming in.

use parlor_room::Config;
use serde_json::{Value, json};

use crate::world::{World, participant, stamp, types};

#[test]
fn rr_02_who_makes_a_room_is_in_it_at_once() {
    let mut world = World::new();
    let watcher = world.open();
    world.say(watcher, "room-list-request", json!({}));
    world.take_all(watcher);
    let ada = world.join_as("ada");
    let data = json!({"id": "den", "name": "The Den", "capacity": 4, "topology": "mesh", "mix": "host"});
    world.ask(ada, json!(7), "room-created", data);
    let you = participant("ada", "host", world.now);
    let summary = json!({
        "id": "den", "name": "The Den", "host": "Ada", "hostId": "ada", "createdAt": stamp(world.now), "capacity": 4,
        "topology": "mesh", "participants": [{"id": "ada", "name": "Ada", "role": "host"}]
    });
    let mut room = summary.clone();
    room.as_object_mut()
        .unwrap()
        .extend(json!({"mix": "host", "listed": true, "locked": false}).as_object().unwrap().clone());
    let list = json!({"type": "server-room-list", "data": {"version": 2, "rooms": [summary]}});
    assert_eq!(
        world.take_all(ada),
        [
            json!({"type": "room-joined", "seq": 1, "data": {
                "room": room, "you": you, "participants": [you], "topology": "mesh", "mix": "host", "recording": [],
                "epoch": 1
            }}),
            json!({"type": "ok", "re": 7, "data": {}, "seq": 2}),
            list.clone(),
        ]
    );
    // No list ever shows the room empty.
    assert_eq!(world.take_all(watcher), [list]);
}

#[test]
fn a_room_has_its_defaults() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    let frames = world.answer(ada, "room-created", json!({"name": "Den"}));
    let room = &frames[0]["data"]["room"];
    assert!(room["id"].as_str().unwrap().starts_with("r-"));
    assert_eq!(
        (&room["capacity"], &room["topology"], &room["mix"]),
        (&json!(10), &json!("auto"), &json!("direct"))
    );
    assert_eq!((&room["listed"], &room["locked"]), (&json!(true), &json!(false)));
}

#[test]
fn rr_06_a_joiner_sees_who_is_there_and_they_see_the_joiner() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den"}));
    let ada_at = world.now;
    world.pass(1_000);
    let bob = world.join_as("bob");
    world.say(bob, "user-joined-room", json!({"roomId": "den", "userName": "Bobby"}));
    let bob_at = world.now;
    world.pass(1_000);
    let cat = world.join_as("cat");
    world.clear();
    world.ask(cat, json!(1), "user-joined-room", json!({"roomId": "den", "role": "listener"}));

    let you = participant("cat", "listener", world.now);
    let mut bobby = participant("bob", "caller", bob_at);
    bobby["name"] = json!("Bobby");
    let everyone = json!([participant("ada", "host", ada_at), bobby, you]);
    let told = json!({"type": "user-joined-room", "data": {
        "roomId": "den", "userId": "cat", "userName": "Cat", "participant": you, "participants": everyone, "epoch": 1
    }});
    assert_eq!((world.take(ada), world.take(bob)), (vec![told.clone()], vec![told]));
    let frames = world.take(cat);
    assert_eq!(types(&frames), ["room-joined", "ok"]);
    assert_eq!(frames[0]["data"]["participants"], everyone);
    assert_eq!(frames[0]["data"]["you"], you);
    assert_eq!(frames[0]["data"]["room"]["capacity"], 10);
    assert_eq!(world.list()[0]["participants"].as_array().unwrap().len(), 3);
}

#[test]
fn joining_where_one_is_answers_again_and_tells_nobody() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let first = world.answer(bob, "user-joined-room", json!({"roomId": "den"}));
    let again =
        world.answer(bob, "user-joined-room", json!({"roomId": "den", "userName": "Other", "role": "host"}));
    assert_eq!(first, again);
    assert_eq!(types(&again), ["room-joined", "ok"]);
    assert_eq!(world.take(ada), [] as [Value; 0]);
    assert_eq!(world.shown(), ["den: ada* bob"]);
}

#[test]
fn rr_07_full_unknown_and_taken_rooms_refuse_and_nothing_changes() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den", "capacity": 2}));
    let bob = world.in_room("bob", "den");
    let cat = world.join_as("cat");
    world.pass(1_000);
    world.clear();
    let before = (world.list(), world.gauges().participants);
    assert_eq!(world.refused(cat, "user-joined-room", json!({"roomId": "den"})), "room-full");
    assert_eq!(
        world.refused(cat, "user-joined-room", json!({"roomId": "den", "create": {"name": "Den"}})),
        "room-full"
    );
    assert_eq!(world.refused(cat, "user-joined-room", json!({"roomId": "no"})), "room-not-found");
    assert_eq!(world.refused(cat, "room-created", json!({"id": "den", "name": "Mine"})), "room-exists");
    assert_eq!(world.refused(ada, "room-created", json!({"id": "den", "name": "Mine"})), "room-exists");
    world.pass(1_000);
    assert_eq!((world.list(), world.gauges().participants), before);
    assert_eq!((world.take(ada).len(), world.take(bob).len()), (0, 0));
    // A place that becomes free can be taken.
    world.close_tab(bob);
    assert_eq!(
        types(&world.answer(cat, "user-joined-room", json!({"roomId": "den"}))),
        ["room-joined", "ok"]
    );
}

#[test]
fn a_refusal_says_what_was_refused() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    assert_eq!(
        world.answer(ada, "user-joined-room", json!({"roomId": "no"})),
        [json!({"type": "error", "re": "q", "data": {
            "code": "room-not-found", "message": "there is no room no", "type": "user-joined-room", "roomId": "no"
        }})]
    );
    // Without an id there is no `ok`, and an error still comes.
    world.say(ada, "room-list-request", json!({}));
    world.say(ada, "user-joined-room", json!({"roomId": "no"}));
    let frames = world.take(ada);
    assert_eq!(types(&frames), ["error"]);
    assert_eq!(frames[0].get("re"), None);
}

#[test]
fn rr_01_a_session_may_be_in_several_rooms_but_not_in_nine() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    for n in 0..8 {
        world.enter(ada, &format!("room-{n}"));
    }
    let bob = world.in_room("bob", "other");
    assert_eq!(world.refused(ada, "room-created", json!({"name": "Ninth"})), "forbidden");
    assert_eq!(world.refused(ada, "user-joined-room", json!({"roomId": "other"})), "forbidden");
    let create = json!({"roomId": "new", "create": {"name": "New"}});
    assert_eq!(world.refused(ada, "user-joined-room", create), "forbidden");
    assert_eq!(world.gauges().rooms, 9);
    world.say(ada, "user-left-room", json!({"roomId": "room-3"}));
    assert_eq!(
        types(&world.answer(ada, "user-joined-room", json!({"roomId": "other"}))),
        ["room-joined", "ok"]
    );
    assert_eq!(world.take(bob)[0]["data"]["userId"], "ada");
    // Closing the tab leaves all of them.
    world.close_tab(ada);
    assert_eq!(world.gauges().participants, 1);
}

#[test]
fn with_create_a_missing_room_is_made() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    let create = json!({"name": "Den", "capacity": 3, "listed": false});
    let frames = world.answer(ada, "user-joined-room", json!({"roomId": "den", "create": create}));
    assert_eq!(frames[0]["data"]["you"]["role"], "host");
    assert_eq!(frames[0]["data"]["room"]["capacity"], 3);
    assert_eq!(frames[0]["data"]["room"]["listed"], false);
    // One that exists stays as it is.
    let bob = world.join_as("bob");
    let create = json!({"name": "Other", "capacity": 9});
    let frames = world.answer(bob, "user-joined-room", json!({"roomId": "den", "create": create}));
    assert_eq!(
        (&frames[0]["data"]["room"]["name"], &frames[0]["data"]["room"]["capacity"]),
        (&json!("Den"), &json!(3))
    );
    assert_eq!(frames[0]["data"]["you"]["role"], "caller");
    assert_eq!(world.list(), [] as [Value; 0], "an unlisted room is in no list");
}

#[test]
fn a_password_is_asked_of_everyone_who_joins() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    let frames = world.answer(ada, "room-created", json!({"id": "den", "name": "Den", "password": "sésame"}));
    assert!(!format!("{frames:?}").contains("sésame"), "never shown");
    assert!(!format!("{:?}", world.registry).contains("sésame"), "nor in a dump");
    let bob = world.join_as("bob");
    for wrong in [json!(null), json!(""), json!("sesame"), json!("sésam"), json!("sésame "), json!("s")] {
        let data = json!({"roomId": "den", "password": wrong});
        assert_eq!(world.refused(bob, "user-joined-room", data), "wrong-password");
    }
    let frames = world.answer(bob, "user-joined-room", json!({"roomId": "den", "password": "sésame"}));
    assert_eq!(types(&frames), ["room-joined", "ok"]);
    // An empty one is none.
    world.say(ada, "room-created", json!({"id": "open", "name": "Open", "password": ""}));
    assert_eq!(
        types(&world.answer(bob, "user-joined-room", json!({"roomId": "open"}))),
        ["room-joined", "ok"]
    );
}

#[test]
fn the_role_asked_for_is_granted() {
    let mut world = World::new();
    world.in_room("ada", "den");
    for role in ["host", "caller", "listener"] {
        let conn = world.join_as(role);
        let frames = world.answer(conn, "user-joined-room", json!({"roomId": "den", "role": role}));
        assert_eq!(frames[0]["data"]["you"]["role"], role);
    }
    assert_eq!(world.shown(), ["den: ada* host caller listener"], "the host stays the host");
}

#[test]
fn a_role_is_kept_for_60_s_after_leaving() {
    let mut world = World::new();
    world.in_room("ada", "den");
    let bob = world.join_as("bob");
    world.say(bob, "user-joined-room", json!({"roomId": "den", "role": "listener"}));
    world.say(bob, "user-left-room", json!({"roomId": "den"}));
    world.pass(59_999);
    let role = |world: &mut World, conn| {
        world.answer(conn, "user-joined-room", json!({"roomId": "den"}))[0]["data"]["you"]["role"].clone()
    };
    assert_eq!(role(&mut world, bob), "listener");
    world.close_tab(bob);
    let bob = world.join_as("bob");
    assert_eq!(role(&mut world, bob), "listener", "also for the next session of the same identity");
    world.say(bob, "user-left-room", json!({"roomId": "den"}));
    world.pass(60_000);
    assert_eq!(role(&mut world, bob), "caller");
    // What is asked for comes first.
    world.say(bob, "user-left-room", json!({"roomId": "den"}));
    let frames = world.answer(bob, "user-joined-room", json!({"roomId": "den", "role": "host"}));
    assert_eq!(frames[0]["data"]["you"]["role"], "host");
}

#[test]
fn rr_08_an_empty_room_waits_60_s() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    world.close_tab(ada);
    assert_eq!(world.shown(), ["den: "]);
    world.pass(59_999);
    assert_eq!(world.shown(), ["den: "]);
    let ada = world.in_room("ada", "den");
    world.pass(120_000);
    assert_eq!(world.shown(), ["den: ada*"]);
    world.say(ada, "user-left-room", json!({"roomId": "den"}));
    world.pass(60_000);
    assert_eq!(world.shown(), [] as [&str; 0]);
    world.close_tab(ada);
    world.assert_empty();
}

#[test]
fn rr_08_the_wait_of_an_empty_room_is_a_setting() {
    let mut world = World::with(Config { empty_room_ms: 500, ..Config::default() });
    let ada = world.in_room("ada", "den");
    world.close_tab(ada);
    world.pass(499);
    assert_eq!(world.gauges().rooms_empty, 1);
    world.pass(1);
    assert_eq!(world.gauges().rooms, 0);
}

#[test]
fn rr_08_a_reload_of_the_only_participant_keeps_room_and_role() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den", "capacity": 3}));
    world.close_tab(ada);
    world.pass(300);
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada", "userName": "Ada", "instance": "ada-2"}));
    let frames = world.answer(conn, "user-joined-room", json!({"roomId": "den"}));
    let joined = &frames[0]["data"];
    assert_eq!((&joined["room"]["capacity"], &joined["room"]["hostId"]), (&json!(3), &json!("ada")));
    assert_eq!((&joined["you"]["role"], &joined["you"]["instance"]), (&json!("host"), &json!("ada-2")));
}

#[test]
fn rr_12_a_room_of_people_without_media_stays_a_mesh_up_to_its_capacity() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "board", "name": "Board", "capacity": 30}));
    for n in 1..30 {
        let conn = world.join_as(&format!("dash-{n:02}"));
        let frames = world.answer(conn, "user-joined-room", json!({"roomId": "board"}));
        assert_eq!(frames[0]["data"]["topology"], "mesh");
        assert_eq!(frames[0]["data"]["participants"].as_array().unwrap().len(), n + 1);
        world.pass(50);
    }
    let conn = world.join_as("late");
    assert_eq!(world.refused(conn, "user-joined-room", json!({"roomId": "board"})), "room-full");
}

#[test]
fn there_is_no_hub_to_make_a_star_around() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    assert_eq!(world.refused(ada, "room-created", json!({"name": "Star", "topology": "sfu"})), "forbidden");
    let create = json!({"roomId": "star", "create": {"name": "Star", "topology": "sfu"}});
    assert_eq!(world.refused(ada, "user-joined-room", create), "forbidden");
    assert_eq!(world.gauges().rooms, 0);
}

#[test]
fn the_server_holds_a_bounded_number_of_rooms() {
    let mut world = World::with(Config { rooms_max: 2, ..Config::default() });
    let ada = world.in_room("ada", "one");
    world.enter(ada, "two");
    assert_eq!(world.refused(ada, "room-created", json!({"name": "Three"})), "server-error");
    world.say(ada, "end-room", json!({"roomId": "one"}));
    assert_eq!(types(&world.answer(ada, "room-created", json!({"name": "Three"}))), ["room-joined", "ok"]);
}
