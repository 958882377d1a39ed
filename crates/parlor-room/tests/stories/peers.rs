//! Peers: ids and who gets them, what they tell each other, how they go. What waits for absent ones is in `parked.rs`.

use parlor_proto::RoomId;
use parlor_room::{
    CloseCause, Config, Event, Hail, HailError, Input, PeerConfig, PeerEvent, PeerGone, PeerKeys,
};
use serde_json::{Value, json};

use crate::world::World;

fn open() -> Vec<Value> {
    vec![json!({"type": "OPEN"})]
}

fn taken() -> Vec<Value> {
    vec![json!({"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}})]
}

fn error(sentence: &str) -> Vec<Value> {
    vec![json!({"type": "ERROR", "payload": {"msg": sentence}})]
}

pub(crate) fn with_keys(keys: PeerKeys) -> World {
    World::with(Config { peers: PeerConfig { keys, ..PeerConfig::default() }, ..Config::default() })
}

#[test]
fn gp_01_a_peer_gets_its_id_and_what_it_says_reaches_the_other_with_its_name_on_it() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob b");
    for kind in ["OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE"] {
        let said =
            json!({"type": kind, "src": "somebody", "dst": "bob b", "payload": {"a": [1, null]}, "more": 1});
        world.peer_says(ann, "ann", &said.to_string());
        let heard = json!({"type": kind, "src": "ann", "dst": "bob b", "payload": {"a": [1, null]}});
        assert_eq!(world.take(bob), [heard], "src is the server's, what is unknown is left out");
    }
    world.peer_says(bob, "bob b", r#"{"type":"LEAVE","dst":"ann"}"#);
    assert_eq!(
        world.take(ann),
        [json!({"type": "LEAVE", "src": "bob b", "dst": "ann"})],
        "without a payload"
    );
    world.peer_says(ann, "ann", r#"{"type":"OFFER","dst":"ann","payload":null}"#);
    let own = json!({"type": "OFFER", "src": "ann", "dst": "ann", "payload": null});
    assert_eq!(world.take(ann), [own], "PeerServer brings that back, too");
}

#[test]
fn gp_01_what_only_a_server_says_and_what_is_no_frame_costs_nobody_anything() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    for text in [
        r#"{"type":"OPEN","dst":"bob"}"#,
        r#"{"type":"ERROR","dst":"bob"}"#,
        r#"{"type":"ID-TAKEN","dst":"bob"}"#,
        r#"{"type":"INVALID-KEY","dst":"bob"}"#,
        r#"{"type":"NEWS","dst":"bob"}"#,
        r#"{"type":7,"dst":"bob"}"#,
        r#"{"type":"OFFER","dst":7}"#,
        r#"{"type":"OFFER"}"#,
        r#"{"dst":"bob"}"#,
        r#"{"type":"HEARTBEAT"}"#,
        "null",
        "[]",
        "[\"OFFER\"]",
        "7",
        "",
        "{",
        "not JSON",
        "\u{0}",
    ] {
        for _ in 0..30 {
            world.peer_says(ann, "ann", text);
        }
    }
    world.input(Input::BinaryFrame { conn: ann });
    assert_eq!((world.take(ann), world.take(bob)), (vec![], vec![]));
    assert_eq!(world.closed_with(ann), None);
    world.signal(ann, "ann", "OFFER", "bob", &json!(1));
    assert_eq!(world.take(bob).len(), 1, "and it goes on");
}

#[test]
fn gp_01_what_a_query_lacks_is_an_error_in_peerservers_words() {
    let mut world = with_keys(PeerKeys::Only(vec![RoomId::parse("game").unwrap()]));
    let missing = "No id, token, or key supplied to websocket server";
    for (id, token, key) in [("", "t", "game"), ("a", "", "game"), ("a", "t", "")] {
        let conn = world.knock(id, token, key);
        assert_eq!((world.take(conn), world.closed_with(conn)), (error(missing), Some(1008)));
    }
    for key in ["peerjs", "Game", "no key!", &"k".repeat(65)] {
        let conn = world.knock("a", "t", key);
        assert_eq!((world.take(conn), world.closed_with(conn)), (error("Invalid key provided"), Some(1008)));
    }
    for id in ["<script>", "-a", "a-", "a  b", "ä", "a.b", &"a".repeat(65), &"a".repeat(5000)] {
        let conn = world.knock(id, "t", "game");
        assert_eq!((world.take(conn), world.closed_with(conn)), (error("Invalid id provided"), Some(1008)));
    }
    let conn = world.knock("a", &"t".repeat(2000), "game");
    assert_eq!(world.take(conn), error("Invalid token provided"));
    assert_eq!(Hail::parse(None, Some("t"), Some("game")), Err(HailError::Missing));
    let longest = world.knock(&"a".repeat(64), "t", "game");
    assert_eq!(world.take(longest), open());
    world.close_tab(longest);
    world.assert_empty();
}

#[test]
fn gp_01_any_key_is_a_room_of_its_own_where_that_is_set() {
    let mut world = with_keys(PeerKeys::Any);
    let ann = world.knock("ann", "t", "red");
    let bob = world.knock("bob", "t", "blue");
    let cat = world.knock("cat", "t", "null");
    assert_eq!((world.take(ann), world.take(bob), world.take(cat)), (open(), open(), open()));
    world.signal(ann, "ann", "OFFER", "bob", &json!(1));
    assert_eq!(world.take(bob), [] as [Value; 0], "another key is another room");
    world.pass(5_000);
    assert_eq!(world.take(ann), [json!({"type": "EXPIRE", "src": "bob", "dst": "ann"})]);
    let ids = |key: &str| -> Vec<String> {
        world.registry.peer_ids(&RoomId::parse(key).unwrap()).iter().map(ToString::to_string).collect()
    };
    assert_eq!((ids("red"), ids("blue"), ids("green")), (vec!["ann".into()], vec!["bob".into()], vec![]));
}

#[test]
fn gp_02_an_id_is_one_persons_whichever_door_they_came_by() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    let dot = world.join_as("d.ot");
    for id in ["ada", "hub", "d ot"] {
        let conn = world.knock(id, "t", "peerjs");
        assert_eq!((world.take(conn), world.closed_with(conn)), (taken(), Some(1008)), "{id}");
    }
    let bob = world.peer("bob b");
    let conn = world.open();
    assert_eq!(world.refused(conn, "hello", json!({"userId": "bob.b"})), "unavailable-id");
    // In its grace it is taken as well.
    world.lose(ada);
    let conn = world.knock("ada", "t", "peerjs");
    assert_eq!(world.take(conn), taken());
    world.pass(20_000);
    world.peer("ada");
    world.close_tab(bob);
    world.join_as("bob.b");
    let _ = dot;
}

#[test]
fn gp_02_fresh_ids_are_uuids_and_nobodys() {
    let mut world = World::new();
    let one = world.registry.fresh_peer_id();
    let other = world.registry.fresh_peer_id();
    assert_ne!(one, other);
    for id in [one, other] {
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        world.peer(&id);
    }
}

#[test]
fn gp_02_the_same_client_gets_its_id_back_at_once_and_the_old_socket_counts_no_more() {
    let mut world = World::new();
    let bob = world.peer("bob");
    let old = world.peer("ann");
    world.silence(old);
    let new = world.knock("ann", "ann", "peerjs");
    assert_eq!(world.take(new), open(), "at once, though the old one is there");
    assert_eq!(world.closed_with(old), Some(4001));
    world.input(Input::PeerFrame {
        conn: old,
        frame: parlor_room::PeerFrame::parse(
            r#"{"type":"LEAVE"}"#,
            &parlor_room::PeerId::parse("ann").unwrap(),
        )
        .unwrap(),
    });
    world.input(Input::Closed { conn: old, cause: CloseCause::Lost });
    world.signal(bob, "bob", "OFFER", "ann", &json!(1));
    assert_eq!(world.take(new).len(), 1);
    assert_eq!(world.shown(), ["peerjs: bob* ann"], "nothing has moved");
    assert_eq!(world.take(bob), [] as [Value; 0], "and nobody was told");
}

#[test]
fn gp_02_a_second_peer_with_a_live_id_is_refused_as_soon_as_the_first_is_heard() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let other = world.knock("ann", "another", "peerjs");
    assert_eq!((world.take(other), world.closed_with(other)), (taken(), Some(1008)));
    assert_eq!(world.closed_with(ann), None);
    // A frame is as good as a pong.
    world.silence(ann);
    let other = world.knock("ann", "another", "peerjs");
    assert_eq!(world.take(other), [] as [Value; 0]);
    let third = world.knock("ann", "a third", "peerjs");
    assert_eq!(world.take(third), taken(), "one waits already");
    world.pass(1_000);
    world.peer_says(ann, "ann", r#"{"type":"HEARTBEAT"}"#);
    assert_eq!(world.take(other), taken());
    assert_eq!(world.take_pings(ann, world.now).len(), 2, "it was asked each time");
}

#[test]
fn gp_02_a_silent_holder_gives_way_in_two_seconds() {
    let mut world = World::new();
    let bob = world.peer("bob");
    let old = world.peer("ann");
    world.silence(old);
    let new = world.knock("ann", "after a reload", "peerjs");
    world.signal(new, "ann", "OFFER", "bob", &json!("too early"));
    world.pass(1_999);
    assert_eq!((world.take(new), world.take(bob)), (vec![], vec![]));
    world.pass(1);
    assert_eq!(world.take(new), open());
    assert_eq!(world.closed_with(old), Some(4001));
    world.signal(bob, "bob", "OFFER", "ann", &json!(1));
    assert_eq!(world.take(new).len(), 1);
    for conn in [bob, new] {
        world.close_tab(conn);
    }
    world.assert_empty();
}

#[test]
fn gp_02_who_waits_for_an_id_gets_it_when_the_holder_goes_and_may_go_away_meanwhile() {
    let mut world = World::new();
    let first = world.peer("ann");
    world.silence(first);
    let second = world.knock("ann", "2", "peerjs");
    world.close_tab(first);
    assert_eq!(world.take(second), open());
    world.silence(second);
    let third = world.knock("ann", "3", "peerjs");
    world.lose(third);
    let fourth = world.knock("ann", "4", "peerjs");
    world.pass(1_000);
    // The holder comes back at another socket: it is there.
    let again = world.knock("ann", "2", "peerjs");
    assert_eq!((world.take(again), world.take(fourth)), (open(), taken()));
    world.close_tab(again);
    world.assert_empty();
}

#[test]
fn gp_02_who_gives_an_id_back_keeps_the_socket_and_no_more() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    world.peer_says(ann, "ann", r#"{"type":"LEAVE"}"#);
    assert_eq!(world.closed_with(ann), None);
    assert_eq!(world.take(bob), [] as [Value; 0], "nobody is told");
    world.signal(ann, "ann", "OFFER", "bob", &json!(1));
    assert_eq!(world.take(bob), [] as [Value; 0]);
    let next = world.knock("ann", "another", "peerjs");
    assert_eq!(world.take(next), open());
    world.close_tab(ann);
    world.signal(bob, "bob", "OFFER", "ann", &json!(1));
    assert_eq!(world.take(next).len(), 1, "the id stays with who has it");
}

#[test]
fn gp_02_a_client_that_changes_the_key_changes_the_room() {
    let mut world = with_keys(PeerKeys::Any);
    let red = world.knock("ann", "t", "red");
    let blue = world.knock("ann", "t", "blue");
    assert_eq!((world.take(blue), world.closed_with(red)), (open(), Some(4001)));
    assert_eq!(world.shown(), ["blue: ann*"]);
}

#[test]
fn gp_01_a_dead_peer_is_noticed_in_seconds_and_a_slowed_one_is_kept() {
    let mut world = World::new();
    let start = world.now;
    let slowed = world.peer("slowed");
    let dead = world.peer("dead");
    world.silence(dead);
    world.pass(14_999);
    assert_eq!(world.closed_with(dead), None);
    world.pass(1);
    assert_eq!(world.closed_with(dead), Some(4002));
    world.pass(600_000);
    assert_eq!(world.closed_with(slowed), None, "no HEARTBEAT, but pongs");
    let pings = world.take_pings(slowed, start);
    assert_eq!((pings[0], pings[1]), (6_000, 12_000));
}

#[test]
fn gp_01_a_peer_that_says_heartbeat_is_not_pinged() {
    let mut world = World::new();
    let ann = world.peer("ann");
    for _ in 0..20 {
        world.pass(5_000);
        world.peer_says(ann, "ann", r#"{"type":"HEARTBEAT"}"#);
    }
    assert_eq!(world.take_pings(ann, world.now), [] as [u64; 0]);
}

#[test]
fn gp_01_a_socket_that_closes_frees_the_id_and_nobody_is_told() {
    let mut world = World::new();
    let bob = world.peer("bob");
    for cause in [CloseCause::Frame(None), CloseCause::Frame(Some(1006)), CloseCause::Lost] {
        let ann = world.peer("ann");
        world.close(ann, cause);
        assert_eq!(world.take(bob), [] as [Value; 0]);
    }
    world.close_tab(bob);
    world.assert_empty();
}

#[test]
fn gp_01_above_the_rate_frames_are_dropped_and_the_peer_stays() {
    let mut world = World::with(Config { frames_per_second: 10, frames_burst: 20, ..Config::default() });
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    for number in 0..100 {
        world.signal(ann, "ann", "CANDIDATE", "bob", &json!(number));
    }
    assert_eq!(world.take(bob).len(), 20);
    world.pass(1_000);
    for number in 0..100 {
        world.signal(ann, "ann", "CANDIDATE", "bob", &json!(number));
    }
    assert_eq!(world.take(bob).len(), 10);
    assert_eq!(world.closed_with(ann), None);
    assert_eq!(world.gauges().peer_totals.limited, 170);
}

#[test]
fn gp_01_what_is_too_large_or_read_too_slowly_ends_one_peer() {
    let mut world = World::new();
    let large = world.peer("large");
    let slow = world.peer("slow");
    let bob = world.peer("bob");
    world.input(Input::OversizedFrame { conn: large });
    world.input(Input::Overflowed { conn: slow });
    assert_eq!((world.closed_with(large), world.closed_with(slow)), (Some(1009), Some(1013)));
    assert_eq!(world.take(bob), [] as [Value; 0]);
    assert_eq!(world.shown(), ["peerjs: bob*"]);
}

#[test]
fn gp_01_peers_show_in_the_room_list_and_their_room_ends_with_the_last() {
    let mut world = World::new();
    let watcher = world.open();
    world.say(watcher, "room-list-request", json!({}));
    let ann = world.peer("ann");
    let bob = world.peer("bob b");
    world.pass(200);
    let list = world.take_lists(watcher).pop().unwrap();
    let room = &list["data"]["rooms"][0];
    assert_eq!(
        (&room["id"], &room["name"], &room["via"]),
        (&json!("peerjs"), &json!("peerjs"), &json!("peerjs"))
    );
    assert_eq!(
        (&room["host"], &room["hostId"], &room["topology"]),
        (&json!("ann"), &json!("ann"), &json!("mesh"))
    );
    assert_eq!(
        room["participants"],
        json!([
            {"id": "ann", "name": "ann", "role": "caller", "via": "peerjs"},
            {"id": "bob.b", "name": "bob b", "role": "caller", "via": "peerjs"},
        ])
    );
    world.close_tab(ann);
    world.pass(200);
    let list = world.take_lists(watcher).pop().unwrap();
    assert_eq!(list["data"]["rooms"][0]["hostId"], "bob.b");
    world.close_tab(bob);
    world.pass(200);
    assert_eq!(world.take_lists(watcher).pop().unwrap()["data"]["rooms"], json!([]));
    world.close_tab(watcher);
    world.assert_empty();
}

#[test]
fn gp_01_a_keys_room_is_for_peers_and_the_others_have_the_rest() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    // Accepted keys are kept for peers, also while there are none.
    assert_eq!(world.refused(ada, "room-created", json!({"id": "peerjs", "name": "Mine"})), "forbidden");
    let create = json!({"roomId": "peerjs", "create": {"name": "Mine"}});
    assert_eq!(world.refused(ada, "user-joined-room", create), "forbidden");
    let ann = world.peer("ann");
    assert_eq!(world.refused(ada, "user-joined-room", json!({"roomId": "peerjs"})), "forbidden");
    assert_eq!(world.refused(ada, "room-created", json!({"id": "peerjs", "name": "Mine"})), "room-exists");
    world.close_tab(ann);
    world.close_tab(ada);
    world.assert_empty();
}

#[test]
fn gp_01_in_a_room_of_participants_peers_are_guests_under_its_rules() {
    let mut world = with_keys(PeerKeys::Any);
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den", "capacity": 2}));
    let ann = world.knock("ann", "t", "den");
    assert_eq!(world.take(ann), open());
    assert_eq!(world.shown(), ["den: ada* ann"]);
    let bob = world.knock("bob", "t", "den");
    assert_eq!(world.take(bob), error("Server has reached its concurrent user limit"));
    let again = world.knock("ann", "t", "den");
    assert_eq!(world.take(again), open(), "who takes over takes no place");
    world.close_tab(again);
    world.say(ada, "update-room", json!({"roomId": "den", "locked": true}));
    let bob = world.knock("bob", "t", "den");
    assert_eq!(world.take(bob), error("Invalid key provided"));
    world.say(ada, "update-room", json!({"roomId": "den", "locked": false}));
    let bob = world.knock("bob", "t", "den");
    assert_eq!(world.take(bob), open());
    world.say(ada, "end-room", json!({"roomId": "den"}));
    assert_eq!(world.closed_with(bob), Some(1008), "the room is gone");
    world.close_tab(ada);
    world.pass(60_000);
    world.assert_empty();
}

#[test]
fn gp_01_a_full_server_says_so_in_peerservers_words() {
    let peers = PeerConfig { per_room_max: 2, ..PeerConfig::default() };
    let mut world = World::with(Config { peers, ..Config::default() });
    world.peer("ann");
    world.peer("bob");
    let cat = world.knock("cat", "t", "peerjs");
    assert_eq!(world.take(cat), error("Server has reached its concurrent user limit"));
}

#[test]
fn gp_01_a_server_that_stops_closes_peers_and_whoever_waits() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let left = world.peer("left");
    world.peer_says(left, "left", r#"{"type":"LEAVE"}"#);
    world.silence(ann);
    let waits = world.knock("ann", "other", "peerjs");
    world.signal(ann, "ann", "OFFER", "nobody", &json!(1));
    world.silence(ann);
    world.input(Input::Drain);
    assert_eq!(world.closed_with(ann), Some(1012));
    assert_eq!(world.closed_with(left), Some(1012));
    assert!(world.closed_with(waits).is_some());
    let late = world.knock("late", "t", "peerjs");
    assert_eq!(world.take(late), error("The server is stopping"));
    world.pass(10_000);
    world.assert_empty();
}

#[test]
fn vc_07_peers_that_come_and_go_are_logged() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let again = world.knock("ann", "ann", "peerjs");
    world.close_tab(again);
    let _ = ann;
    let logged: Vec<PeerEvent> = world
        .log
        .iter()
        .filter_map(|event| match event {
            Event::Peer { event, .. } => Some(*event),
            _ => None,
        })
        .collect();
    assert_eq!(logged, [PeerEvent::Opened, PeerEvent::TakenOver, PeerEvent::Gone(PeerGone::Closed)]);
}

#[test]
fn gp_01_an_id_that_goes_on_in_another_room_needs_a_place_there() {
    let mut world = with_keys(PeerKeys::Any);
    let host = world.join_as("host");
    world.say(host, "room-created", json!({"id": "den", "name": "Den", "capacity": 1}));
    let elsewhere = world.knock("ann", "t", "other");
    assert_eq!(world.take(elsewhere), open());
    let moved = world.knock("ann", "t", "den");
    assert_eq!(world.take(moved), error("Server has reached its concurrent user limit"));
    assert_eq!(world.closed_with(elsewhere), None, "the place that it has is not lost");
}

#[test]
fn gp_02_a_peer_comes_back_to_its_room_after_a_host_has_locked_it() {
    let mut world = with_keys(PeerKeys::Any);
    let host = world.join_as("host");
    world.say(host, "room-created", json!({"id": "den", "name": "Den"}));
    let ann = world.knock("ann", "t", "den");
    assert_eq!(world.take(ann), open());
    world.say(host, "update-room", json!({"roomId": "den", "locked": true}));
    let again = world.knock("ann", "t", "den");
    assert_eq!((world.take(again), world.closed_with(ann)), (open(), Some(4001)));
    let eve = world.knock("eve", "t", "den");
    assert_eq!(world.take(eve), error("Invalid key provided"));
}
