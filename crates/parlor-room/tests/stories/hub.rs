//! The hub as a peer: what participants say to it becomes orders, what it says reaches those who are still there, and it
//! is the first to hear of a departure.

use parlor_proto::{ErrorCode, Slot, Source, UserId};
use parlor_room::{Config, ConnId, HubOrder, HubReport, HubSeat, Input};
use serde_json::{Value, json};

use crate::world::{World, types};

fn world() -> World {
    World::with(Config { has_hub: true, ..Config::default() })
}

fn offer(room: &str, n: u32) -> Value {
    json!({"to": "hub", "roomId": room, "sdp": "v=0\r\n", "attempt": 1, "n": n, "tracks": [{"mid": "0", "source": "microphone"}]})
}

/// `ada` comes first in these stories, and `bob` second.
fn seat(room: u64, id: &str) -> HubSeat {
    HubSeat { room, participant: UserId::parse(id).unwrap(), stay: if id == "ada" { 1 } else { 2 } }
}

/// A room that is a star from the beginning.
fn star(world: &mut World, id: &str) -> ConnId {
    let conn = world.join_as(id);
    world.say(
        conn,
        "user-joined-room",
        json!({"roomId": "star", "create": {"name": "Star", "topology": "sfu"}}),
    );
    let frames = world.take(conn);
    assert_eq!(frames[0]["type"], "room-joined", "{frames:?}");
    assert_eq!(frames[0]["data"]["topology"], "sfu");
    world.clear();
    conn
}

/// `ada` and `bob` in a star, with what the hub was told of them; and that room's number.
fn both_at_the_hub() -> (World, ConnId, ConnId, u64) {
    let mut world = world();
    let ada = star(&mut world, "ada");
    let bob = star(&mut world, "bob");
    let _ = world.answer(ada, "offer", offer("star", 1));
    let _ = world.answer(bob, "offer", offer("star", 1));
    let room = room_of(&world);
    (world, ada, bob, room)
}

#[test]
fn vc_01_offers_candidates_and_wishes_become_orders_and_answers_come_back() {
    let mut world = world();
    let ada = star(&mut world, "ada");
    let bob = star(&mut world, "bob");
    assert_eq!(types(&world.answer(ada, "offer", offer("star", 1))), ["ok"]);
    let candidate = json!({"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd"});
    let to_hub =
        |candidate: Value| json!({"to": "hub", "roomId": "star", "attempt": 1, "candidate": candidate});
    assert_eq!(types(&world.answer(ada, "ice-candidate", to_hub(candidate))), ["ok"]);
    assert_eq!(types(&world.answer(ada, "ice-candidate", to_hub(Value::Null))), ["ok"]);
    let wishes = json!({"roomId": "star", "muted": ["bob"], "video": [{"userId": "bob", "source": "camera", "maxHeight": 180}]});
    assert_eq!(types(&world.answer(ada, "receive", wishes)), ["ok"]);

    let orders = std::mem::take(&mut world.hub);
    let [HubOrder::Offer { seat: from, room_id, instance, attempt: 1, n: 1, sdp, tracks }, second, third] =
        &orders[..]
    else {
        panic!("{orders:?}")
    };
    let room = from.room;
    assert_eq!((from, room_id.as_str(), instance.as_str()), (&seat(room, "ada"), "star", "ada-1"));
    assert_eq!((sdp.as_str(), tracks.len()), ("v=0\r\n", 1));
    assert!(matches!(second, HubOrder::Candidate { attempt: 1, .. }), "{second:?}");
    let HubOrder::Receive { wishes, .. } = third else { panic!("{third:?}") };
    assert_eq!((wishes.muted[0].as_str(), wishes.video[0].max_height), ("bob", Some(180)));

    let answer =
        HubReport::Answer { seat: seat(room, "ada"), attempt: 1, n: 1, sdp: "v=0\r\nanswer".to_owned() };
    world.input(Input::Hub(answer));
    let slot = Slot { mid: "1".to_owned(), user_id: None, source: None, csrc: None };
    world.input(Input::Hub(HubReport::Slots { seat: seat(room, "ada"), slots: vec![slot] }));
    world.input(Input::Hub(HubReport::OfferWanted { seat: seat(room, "ada"), reason: "path-lost" }));
    let frames = world.take(ada);
    assert_eq!(types(&frames), ["answer", "slots", "offer-wanted"]);
    let answer = &frames[0]["data"];
    assert_eq!(
        (&answer["from"], &answer["roomId"], &answer["attempt"], &answer["n"], &answer["sdp"]),
        (&json!("hub"), &json!("star"), &json!(1), &json!(1), &json!("v=0\r\nanswer"))
    );
    assert!(answer["instance"].is_string());
    let slots =
        json!({"roomId": "star", "slots": [{"mid": "1", "userId": null, "source": null, "csrc": null}]});
    assert_eq!(frames[1]["data"], slots);
    assert_eq!(frames[2]["data"], json!({"roomId": "star", "reason": "path-lost"}));
    assert_eq!(world.take(bob), [] as [Value; 0]);
}

#[test]
fn what_the_hub_refuses_reaches_the_one_who_offered() {
    let mut world = world();
    let ada = star(&mut world, "ada");
    let _ = world.answer(ada, "offer", offer("star", 1));
    let room = room_of(&world);
    let report = HubReport::Refused {
        seat: seat(room, "ada"),
        kind: "offer",
        attempt: Some(1),
        code: ErrorCode::BadMessage,
        message: "the description can't be read".to_owned(),
    };
    world.input(Input::Hub(report));
    let frames = world.take(ada);
    assert_eq!(types(&frames), ["error"]);
    let error = json!({"code": "bad-message", "message": "the description can't be read", "type": "offer", "to": "hub", "roomId": "star", "attempt": 1});
    assert_eq!(frames[0]["data"], error);
}

#[test]
fn the_hub_is_for_those_in_the_room_names_a_room_and_never_offers() {
    let mut world = world();
    let ada = star(&mut world, "ada");
    let eve = world.join_as("eve");
    assert_eq!(world.refused(eve, "offer", offer("star", 1)), "not-in-room");
    assert_eq!(world.refused(eve, "receive", json!({"roomId": "star"})), "not-in-room");
    let mut nowhere = offer("star", 1);
    nowhere.as_object_mut().unwrap().remove("roomId");
    assert_eq!(world.refused(ada, "offer", nowhere), "bad-message");
    assert_eq!(world.refused(ada, "answer", offer("star", 1)), "bad-message");
    let mut candidate = json!({"to": "hub", "attempt": 1, "candidate": null});
    assert_eq!(world.refused(ada, "ice-candidate", candidate.clone()), "bad-message");
    candidate["roomId"] = json!("elsewhere");
    assert_eq!(world.refused(ada, "ice-candidate", candidate), "not-in-room");
    assert_eq!(world.hub, []);
    // Meant for the hub of a server that is gone.
    let mut stale = offer("star", 1);
    stale["toInstance"] = json!("i-gone");
    assert_eq!(types(&world.answer(ada, "offer", stale)), ["ok"]);
    assert_eq!(world.hub, []);
}

#[test]
fn a_room_pinned_to_a_mesh_has_no_hub_and_an_auto_room_keeps_a_path_to_it() {
    let mut world = world();
    let ada = world.join_as("ada");
    for (room, topology) in [("auto", "auto"), ("mesh", "mesh")] {
        let create = json!({"name": room, "topology": topology});
        world.say(ada, "user-joined-room", json!({"roomId": room, "create": create}));
    }
    let modes: Vec<Value> = world.take(ada).iter().map(|frame| frame["data"]["topology"].clone()).collect();
    assert_eq!(modes, ["mesh", "mesh"]);
    assert_eq!(world.refused(ada, "offer", offer("mesh", 1)), "forbidden");
    assert_eq!(types(&world.answer(ada, "offer", offer("auto", 1))), ["ok"]);
    assert_eq!(world.hub.len(), 1);
}

#[test]
fn vc_02_the_hub_frees_what_it_holds_before_the_others_are_told() {
    let (mut world, ada, bob, room) = both_at_the_hub();
    world.hub.clear();
    world.clear();
    world.close_tab(bob);
    assert_eq!(world.order, ["hub: leave bob", "log: removed", "send: user-left-room"]);
    assert_eq!(world.hub, [HubOrder::Leave { seat: seat(room, "bob") }]);
    // What it says of someone who has left reaches nobody.
    world.input(Input::Hub(HubReport::OfferWanted { seat: seat(room, "bob"), reason: "path-lost" }));
    assert_eq!(types(&world.take(ada)), ["user-left-room"]);
}

#[test]
fn vc_05_what_was_said_to_or_of_somebody_who_left_reaches_no_later_stay() {
    let (mut world, ada, bob, room) = both_at_the_hub();
    world.say(bob, "user-left-room", json!({"roomId": "star"}));
    // The hub has spoken before it heard of it.
    let slot = |id: &str| Slot {
        mid: "1".to_owned(),
        user_id: UserId::parse(id).ok(),
        source: Some(Source::Microphone),
        csrc: Some(3),
    };
    world.clear();
    world.input(Input::Hub(HubReport::Slots {
        seat: seat(room, "ada"),
        slots: vec![slot("bob"), slot("ada")],
    }));
    let told = world.take(ada);
    let slots = told[0]["data"]["slots"].as_array().unwrap();
    assert_eq!(
        (&slots[0]["userId"], &slots[0]["csrc"], &slots[1]["userId"]),
        (&Value::Null, &Value::Null, &json!("ada"))
    );
    let _ = world.answer(bob, "user-joined-room", json!({"roomId": "star"}));
    let _ = world.answer(bob, "offer", offer("star", 1));
    world.clear();
    let late = HubReport::Answer { seat: seat(room, "bob"), attempt: 1, n: 1, sdp: "late".to_owned() };
    world.input(Input::Hub(late));
    assert_eq!(world.take(bob), [] as [Value; 0]);
}

#[test]
fn wishes_go_with_each_offer_also_those_from_before_the_first() {
    let mut world = world();
    let ada = star(&mut world, "ada");
    assert_eq!(types(&world.answer(ada, "receive", json!({"roomId": "star", "muted": ["bob"]}))), ["ok"]);
    world.hub.clear();
    let _ = world.answer(ada, "offer", offer("star", 1));
    assert!(
        matches!(&world.hub[..], [HubOrder::Offer { .. }, HubOrder::Receive { wishes, .. }] if wishes.muted.len() == 1)
    );
}

#[test]
fn vc_04_whoever_never_offered_is_no_news_to_the_hub() {
    let mut world = world();
    let ada = star(&mut world, "ada");
    let _ = star(&mut world, "bob");
    world.close_tab(ada);
    assert_eq!(world.hub, []);
}

#[test]
fn vc_05_each_way_out_of_a_room_tells_the_hub() {
    type Way = fn(&mut World, ConnId, ConnId);
    let ways: [(&str, Way); 5] = [
        ("leaves", |world, _, bob| world.say(bob, "user-left-room", json!({"roomId": "star"}))),
        ("is removed", |world, ada, _| {
            world.say(ada, "remove-user", json!({"roomId": "star", "userId": "bob"}))
        }),
        ("closes the tab", |world, _, bob| world.close_tab(bob)),
        ("is lost", |world, _, bob| {
            world.lose(bob);
            assert_eq!(world.hub, [], "they may come back");
            world.pass(10_000);
        }),
        ("falls silent", |world, _, bob| {
            world.silence(bob);
            world.pass(30_000);
        }),
    ];
    for (way, leave) in ways {
        let mut world = world();
        let ada = star(&mut world, "ada");
        let bob = star(&mut world, "bob");
        let _ = world.answer(bob, "offer", offer("star", 1));
        let room = room_of(&world);
        world.hub.clear();
        leave(&mut world, ada, bob);
        assert_eq!(world.hub, [HubOrder::Leave { seat: seat(room, "bob") }], "bob {way}");
    }
}

#[test]
fn vc_05_a_room_that_ends_ends_at_the_hub() {
    for stops in [false, true] {
        let mut world = world();
        let ada = star(&mut world, "ada");
        let _ = world.answer(ada, "offer", offer("star", 1));
        let room = room_of(&world);
        world.hub.clear();
        if stops {
            world.input(Input::Drain);
        } else {
            world.say(ada, "end-room", json!({"roomId": "star"}));
        }
        assert_eq!(world.hub, [HubOrder::Leave { seat: seat(room, "ada") }, HubOrder::RoomEnded { room }]);
    }
}

/// The number of the room of the first order.
fn room_of(world: &World) -> u64 {
    match world.hub.first() {
        Some(HubOrder::Offer { seat, .. }) => seat.room,
        other => panic!("no offer: {other:?}"),
    }
}
