//! The room list: who gets it, when, and how little it costs.

use std::collections::BTreeMap;

use parlor_proto::Time;
use parlor_room::{Config, ConnId};
use serde_json::{Value, json};

use crate::world::{World, types};

fn watch(world: &mut World) -> ConnId {
    let conn = world.open();
    world.say(conn, "room-list-request", json!({}));
    assert_eq!(types(&world.take_all(conn)), ["server-room-list"]);
    conn
}

pub fn watch_deltas(world: &mut World) -> (ConnId, Mirror) {
    let conn = world.open();
    world.say(conn, "room-list-request", json!({"deltas": true}));
    let mut mirror = Mirror::default();
    let frames = world.take_all(conn);
    assert_eq!(types(&frames), ["server-room-list"]);
    mirror.apply(&frames);
    (conn, mirror)
}

/// What a watcher of differences knows.
#[derive(Default)]
pub struct Mirror {
    version: u64,
    rooms: BTreeMap<String, Value>,
}

impl Mirror {
    pub fn apply(&mut self, frames: &[Value]) {
        let id = |room: &Value| room["id"].as_str().unwrap().to_owned();
        for frame in frames {
            let data = &frame["data"];
            match frame["type"].as_str().unwrap() {
                "server-room-list" => {
                    self.rooms =
                        data["rooms"].as_array().unwrap().iter().map(|r| (id(r), r.clone())).collect();
                }
                "room-list-delta" => {
                    assert_eq!(data["from"], self.version, "it starts where this watcher is");
                    for gone in data["removed"].as_array().unwrap() {
                        self.rooms.remove(gone.as_str().unwrap());
                    }
                    self.rooms.extend(data["changed"].as_array().unwrap().iter().map(|r| (id(r), r.clone())));
                }
                "room-list-digest" => {
                    assert_eq!(
                        (&data["version"], &data["count"]),
                        (&json!(self.version), &json!(self.rooms.len()))
                    );
                }
                _ => continue,
            }
            self.version = data["version"].as_u64().unwrap();
        }
    }

    pub fn assert_true(&self, world: &mut World) {
        let truth: BTreeMap<String, Value> =
            world.list().into_iter().map(|room| (room["id"].as_str().unwrap().to_owned(), room)).collect();
        assert_eq!(self.rooms, truth);
    }
}

/// Someone who may be in more rooms than usual makes many.
fn fill(count: usize) -> (World, ConnId) {
    let burst = 100_000;
    let mut world =
        World::with(Config { rooms_per_session_max: count, frames_burst: burst, ..Config::default() });
    let conn = world.join_as("filler");
    for n in 0..count {
        world.say(
            conn,
            "room-created",
            json!({"id": format!("room-{n:04}"), "name": format!("Room number {n}")}),
        );
    }
    world.pass(200);
    world.clear();
    (world, conn)
}

#[test]
fn rr_04_every_change_reaches_everyone_who_watches() {
    let mut world = World::new();
    let watcher = watch(&mut world);
    let silent = world.open(); // never asked
    let ada = world.join_as("ada");
    type Act = fn(&mut World, ConnId);
    let changes: [(Act, &str); 5] = [
        (|world, ada| world.say(ada, "room-created", json!({"id": "den", "name": "Den"})), "made"),
        (|world, ada| world.say(ada, "update-room", json!({"roomId": "den", "name": "Lair"})), "renamed"),
        (
            |world, _| {
                let bob = world.join_as("bob");
                world.say(bob, "user-joined-room", json!({"roomId": "den"}))
            },
            "joined",
        ),
        (
            |world, ada| {
                world.say(ada, "set-role", json!({"roomId": "den", "userId": "bob", "role": "listener"}))
            },
            "role",
        ),
        (|world, ada| world.say(ada, "end-room", json!({"roomId": "den"})), "ended"),
    ];
    let mut version = 1;
    for (act, what) in changes {
        world.pass(200);
        world.take_all(watcher);
        act(&mut world, ada);
        let lists = world.take_lists(watcher);
        assert_eq!(lists.len(), 1, "{what}: at once");
        assert!(lists[0]["data"]["version"].as_u64().unwrap() > version, "{what}: a new version");
        version = lists[0]["data"]["version"].as_u64().unwrap();
        assert_eq!(lists[0]["data"]["rooms"], json!(world.list()), "{what}: the truth");
    }
    world.pass(10_000);
    assert_eq!(world.take_all(silent), [] as [Value; 0]);
}

#[test]
fn rr_04_the_list_is_sent_again_every_5_s() {
    let mut world = World::new();
    let watcher = watch(&mut world);
    let start = world.now;
    let mut at = Vec::new();
    for _ in 0..220 {
        world.pass(100);
        at.extend(world.take_lists(watcher).iter().map(|_| world.now.ms_since(start)));
    }
    assert_eq!(at, [5_000, 10_000, 15_000, 20_000]);
}

#[test]
fn rr_04_creating_and_joining_count_as_asking() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den", "listed": false}));
    let bob = world.join_as("bob");
    world.say(bob, "user-joined-room", json!({"roomId": "den"}));
    world.pass(100);
    assert_eq!(world.take_lists(ada).len(), 1);
    assert_eq!(world.take_lists(bob).len(), 1);
    world.in_room("cat", "attic");
    world.pass(5_000);
    assert!(!world.take_lists(bob).is_empty());
}

#[test]
fn rr_11_bursts_are_merged_to_ten_lists_a_second() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let watcher = watch(&mut world);
    let (deltas, mut mirror) = watch_deltas(&mut world);
    world.pass(1_000);
    world.clear();
    let before = world.gauges();
    for n in 0..200 {
        world.say(ada, "update-room", json!({"roomId": "den", "name": format!("Den {n}")}));
        world.pass(10);
    }
    let lists = world.take_lists(watcher);
    // 2 s: one at once, then one each 100 ms.
    assert!((19..=21).contains(&lists.len()), "{}", lists.len());
    assert!(lists.is_sorted_by_key(|list| list["data"]["version"].as_u64()));
    assert_eq!(lists.last().unwrap()["data"]["rooms"][0]["name"], "Den 199");
    let frames = world.take_lists(deltas);
    assert_eq!(frames.len(), lists.len());
    mirror.apply(&frames);
    mirror.assert_true(&mut world);
    let after = world.gauges();
    assert_eq!(after.lists_encoded_total - before.lists_encoded_total, lists.len() as u64);
    assert_eq!(after.deltas_encoded_total - before.deltas_encoded_total, lists.len() as u64);
}

#[test]
fn rr_11_a_change_is_encoded_once_however_many_watch() {
    let mut world = World::new();
    let watchers: Vec<ConnId> =
        (0..300).map(|n| if n % 2 == 0 { watch(&mut world) } else { watch_deltas(&mut world).0 }).collect();
    world.pass(1_000);
    world.clear();
    let before = world.gauges();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den"}));
    world.pass(100);
    let after = world.gauges();
    assert_eq!(after.lists_encoded_total - before.lists_encoded_total, 1);
    assert_eq!(after.deltas_encoded_total - before.deltas_encoded_total, 1);
    for conn in watchers {
        assert_eq!(world.take_lists(conn).len(), 1);
    }
}

#[test]
fn rr_11_deltas_lead_from_version_to_version() {
    let mut world = World::new();
    let (conn, mut mirror) = watch_deltas(&mut world);
    let ada = world.join_as("ada");
    let bob = world.join_as("bob");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den"}));
    let frames = world.take_lists(conn);
    assert_eq!(types(&frames), ["room-list-delta"]);
    assert_eq!(frames[0]["data"]["changed"], json!(world.list()));
    assert_eq!((&frames[0]["data"]["from"], &frames[0]["data"]["removed"]), (&json!(1), &json!([])));
    mirror.apply(&frames);
    world.pass(100);
    world.say(bob, "room-created", json!({"id": "attic", "name": "Attic"}));
    world.say(bob, "user-joined-room", json!({"roomId": "den"}));
    world.pass(100);
    mirror.apply(&world.take_lists(conn));
    mirror.assert_true(&mut world);
    world.say(ada, "end-room", json!({"roomId": "den"}));
    world.pass(100);
    let frames = world.take_lists(conn);
    assert_eq!(frames[0]["data"]["removed"], json!(["den"]));
    mirror.apply(&frames);
    mirror.assert_true(&mut world);
    // The same id again, in the same moment as its end.
    world.pass(100);
    world.say(bob, "end-room", json!({"roomId": "attic"}));
    world.say(ada, "room-created", json!({"id": "attic", "name": "New Attic"}));
    world.pass(100);
    mirror.apply(&world.take_lists(conn));
    mirror.assert_true(&mut world);
    let digests: Vec<Value> = {
        world.pass(5_000);
        world.take_lists(conn)
    };
    assert_eq!(types(&digests), ["room-list-digest"]);
    mirror.apply(&digests);
}

#[test]
fn rr_11_who_asks_in_between_does_not_confuse_the_others() {
    let mut world = World::new();
    let (first, mut first_mirror) = watch_deltas(&mut world);
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "one", "name": "One"})); // told at once
    world.say(ada, "room-created", json!({"id": "two", "name": "Two"})); // waits for the window
    let (second, mut second_mirror) = watch_deltas(&mut world);
    assert_eq!(second_mirror.rooms.len(), 2, "the truth at once");
    world.say(ada, "room-created", json!({"id": "three", "name": "Three"}));
    world.say(ada, "end-room", json!({"roomId": "one"}));
    let (third, mut third_mirror) = watch_deltas(&mut world);
    world.pass(100);
    for (conn, mirror) in
        [(first, &mut first_mirror), (second, &mut second_mirror), (third, &mut third_mirror)]
    {
        mirror.apply(&world.take_lists(conn));
        mirror.assert_true(&mut world);
    }
    assert_eq!(first_mirror.version, third_mirror.version);
}

#[test]
fn rr_11_a_large_list_goes_out_every_5_s_and_only_if_changed() {
    let (mut world, filler) = fill(200);
    assert!(world.gauges().list_bytes > 32 * 1024);
    let watcher = watch(&mut world);
    let (deltas, mut mirror) = watch_deltas(&mut world);
    world.pass(5_000);
    world.clear();
    let start = world.now;
    let mut at = Vec::new();
    for n in 0..150 {
        if n < 80 {
            let data = json!({"roomId": "room-0000", "name": format!("Name {n}")});
            world.say(filler, "update-room", data);
        }
        world.pass(100);
        at.extend(world.take_lists(watcher).iter().map(|_| world.now.ms_since(start)));
        mirror.apply(&world.take_lists(deltas));
    }
    // Changes for 8 s: two lists, at most every 5 s; then none.
    assert_eq!(at.len(), 2, "{at:?}");
    assert!(at[1] - at[0] >= 5_000, "{at:?}");
    mirror.assert_true(&mut world);
}

#[test]
fn rr_11_a_newcomer_need_not_wait_for_a_large_list() {
    let (mut world, _) = fill(200);
    let ada = world.join_as("ada");
    world.say(ada, "user-joined-room", json!({"roomId": "room-0007"}));
    world.pass(100);
    let lists = world.take_lists(ada);
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0]["data"]["rooms"][7]["participants"][1]["id"], "ada");
}

#[test]
fn rr_11_a_delta_stays_small_in_a_list_of_10_000_rooms() {
    let (mut world, filler) = fill(10_000);
    let (conn, _) = watch_deltas(&mut world);
    assert!(world.gauges().list_bytes > 1_000_000);
    world.say(filler, "update-room", json!({"roomId": "room-0024", "name": "Other"}));
    world.pass(100);
    let frames = world.take_lists(conn);
    assert_eq!(types(&frames), ["room-list-delta"]);
    assert_eq!(frames[0]["data"]["changed"].as_array().unwrap().len(), 1);
    assert!(frames[0].to_string().len() < 1_000);
}

#[test]
fn the_list_is_in_order_of_making_and_is_what_its_parts_say() {
    let mut world = World::new();
    let watcher = watch(&mut world);
    let ada = world.join_as("ada");
    for id in ["zebra", "ant", "m-1"] {
        let data = json!({"id": id, "name": "A \"quoted\" \u{1F600} <img onerror>"});
        world.say(ada, "room-created", data);
    }
    world.pass(100);
    let list = world.take_lists(watcher).pop().unwrap();
    let ids: Vec<_> = list["data"]["rooms"].as_array().unwrap().iter().map(|room| &room["id"]).collect();
    assert_eq!(ids, ["zebra", "ant", "m-1"]);
    // The text that is put together by hand is the one the message would have.
    let parsed: parlor_proto::server::ServerRoomList = serde_json::from_value(list["data"].clone()).unwrap();
    let encoded = parlor_proto::ServerMessage::ServerRoomList(parsed).encode();
    assert_eq!(serde_json::from_str::<Value>(&encoded.text()).unwrap(), list);
}

#[test]
fn what_the_list_does_not_show_changes_no_version() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let watcher = watch(&mut world);
    world.say(ada, "track-state", json!({"roomId": "den", "audioEnabled": true, "videoEnabled": false}));
    world.say(ada, "update-room", json!({"roomId": "den", "locked": true}));
    world.say(ada, "chat", json!({"roomId": "den", "text": "hi"}));
    world.lose(bob);
    world.pass(4_000);
    assert_eq!(world.take_lists(watcher), [] as [Value; 0]);
}

#[test]
fn who_changes_from_deltas_to_lists_gets_lists() {
    let mut world = World::new();
    let (conn, _) = watch_deltas(&mut world);
    world.say(conn, "room-list-request", json!({"deltas": false}));
    world.take_all(conn);
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"name": "Den"}));
    assert_eq!(types(&world.take_lists(conn)), ["server-room-list"]);
}

#[test]
fn nobody_watches_no_timer_runs() {
    let mut world = World::new();
    let watcher = watch(&mut world);
    assert!(world.registry.poll_timeout().is_some_and(|at| at > Time::default()));
    world.close_tab(watcher);
    world.assert_empty();
}

/// What a watcher of differences is sent while in a room of so many peers one comes and one goes in turn, each 100 ms for 12 s.
fn deltas_of_peers(count: usize) -> (usize, World, Mirror) {
    let mut world = World::new();
    let (watcher, mut mirror) = watch_deltas(&mut world);
    for n in 0..count {
        world.peer(&format!("player{n}"));
    }
    world.pass(10_000);
    mirror.apply(&world.take_lists(watcher));
    let mut sent = 0;
    for turn in 0..60 {
        let guest = world.peer(&format!("guest{turn}"));
        world.pass(100);
        world.close_tab(guest);
        world.pass(100);
        let frames = world.take_lists(watcher);
        sent += types(&frames).iter().filter(|kind| **kind == "room-list-delta").count();
        mirror.apply(&frames);
    }
    world.pass(5_000);
    mirror.apply(&world.take_lists(watcher));
    (sent, world, mirror)
}

/// Else each change would be all of them, to all who watch.
#[test]
fn rr_11_a_room_of_many_peers_is_shown_every_5_s_and_one_of_a_few_at_once() {
    let (sent, mut world, mirror) = deltas_of_peers(10);
    assert!(sent >= 110, "{sent}");
    mirror.assert_true(&mut world);
    let (sent, mut world, mirror) = deltas_of_peers(100);
    assert!((2..=3).contains(&sent), "{sent}");
    mirror.assert_true(&mut world);
    let room = world.list().remove(0);
    assert_eq!(room["participants"].as_array().unwrap().len(), 100, "and in the end it is as it is");
}

#[test]
fn rr_11_a_large_room_that_ends_is_gone_at_once_and_who_asks_first_sees_all_of_it() {
    let mut world = World::new();
    let peers: Vec<ConnId> = (0..100).map(|n| world.peer(&format!("player{n}"))).collect();
    world.pass(1_000);
    let (watcher, mut mirror) = watch_deltas(&mut world);
    assert_eq!(mirror.rooms["peerjs"]["participants"].as_array().unwrap().len(), 100);
    world.pass(200);
    for peer in peers {
        world.close_tab(peer);
    }
    world.pass(200);
    mirror.apply(&world.take_lists(watcher));
    assert!(mirror.rooms.is_empty(), "{:?}", mirror.rooms);
    world.close_tab(watcher);
    world.assert_empty();
}
