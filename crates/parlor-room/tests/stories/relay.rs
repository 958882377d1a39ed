//! What participants tell each other through the server.

use serde_json::{Value, json};

use crate::world::{World, stamp, types};

#[test]
fn offers_answers_and_candidates_reach_the_other_with_sender_and_instance() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    let candidate = json!({"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd"});
    let signals = [
        (
            "offer",
            json!({"sdp": "v=0\r\n", "attempt": 1, "n": 1, "tracks": [{"mid": "0", "source": "microphone"}]}),
        ),
        ("answer", json!({"sdp": "v=0\r\n\u{1F600}", "attempt": 2, "n": 3})),
        ("ice-candidate", json!({"candidate": candidate, "attempt": 2})),
        ("ice-candidate", json!({"candidate": null, "attempt": 2})),
    ];
    for (kind, data) in signals {
        let mut said = data.clone();
        said["to"] = json!("bob");
        said["from"] = json!("mallory"); // the server's to write
        said["instance"] = json!("mallory-1");
        assert_eq!(types(&world.answer(ada, kind, said)), ["ok"]);
        let mut heard = data;
        heard["from"] = json!("ada");
        heard["instance"] = json!("ada-1");
        assert_eq!(world.take(bob), [json!({"type": kind, "data": heard})]);
        assert_eq!(world.take(cat), [] as [Value; 0]);
    }
    assert_eq!(world.gauges().signals_relayed_total, 4);
}

#[test]
fn only_those_who_share_a_room_can_signal_each_other() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "attic");
    world.join_as("cat");
    for to in ["bob", "cat", "nobody", "ada"] {
        for (kind, mut data) in [
            ("offer", json!({"sdp": "", "attempt": 3, "n": 1})),
            ("answer", json!({"sdp": "", "attempt": 3, "n": 1})),
            ("ice-candidate", json!({"candidate": null, "attempt": 3})),
        ] {
            data["to"] = json!(to);
            let frames = world.answer(ada, kind, data);
            let error = &frames[0]["data"];
            assert_eq!((&error["code"], &error["type"]), (&json!("peer-unavailable"), &json!(kind)));
            assert_eq!((&error["to"], &error["attempt"]), (&json!(to), &json!(3)));
        }
    }
    assert_eq!(world.take(bob), [] as [Value; 0]);
    // A second room in common is enough.
    world.enter(bob, "den");
    assert_eq!(
        types(&world.answer(ada, "offer", json!({"to": "bob", "sdp": "", "attempt": 1, "n": 1}))),
        ["ok"]
    );
}

#[test]
fn candidates_to_someone_who_has_just_left_are_dropped_silently() {
    let candidate = |to: &str| json!({"to": to, "candidate": null, "attempt": 1});
    // By their own wish, by a closed tab, removed, and with the whole room.
    type Act = fn(&mut World, parlor_room::ConnId, parlor_room::ConnId);
    let ways: [Act; 4] = [
        |world, _, bob| world.say(bob, "user-left-room", json!({"roomId": "den"})),
        |world, _, bob| world.close_tab(bob),
        |world, ada, _| world.say(ada, "remove-user", json!({"roomId": "den", "userId": "bob"})),
        |world, ada, _| world.say(ada, "end-room", json!({"roomId": "den"})),
    ];
    for act in ways {
        let mut world = World::new();
        let ada = world.in_room("ada", "den");
        let bob = world.in_room("bob", "den");
        world.join_as("stranger");
        act(&mut world, ada, bob);
        world.clear();
        world.pass(9_999);
        world.take(ada);
        assert_eq!(types(&world.answer(ada, "ice-candidate", candidate("bob"))), ["ok"]);
        assert_eq!(world.refused(ada, "ice-candidate", candidate("stranger")), "peer-unavailable");
        let offer = json!({"to": "bob", "sdp": "", "attempt": 1, "n": 1});
        assert_eq!(world.refused(ada, "offer", offer), "peer-unavailable");
        world.pass(1);
        assert_eq!(world.refused(ada, "ice-candidate", candidate("bob")), "peer-unavailable");
    }
}

#[test]
fn there_is_no_hub_to_offer_to() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let data = json!({"to": "hub", "roomId": "den", "sdp": "", "attempt": 1, "n": 1});
    let frames = world.answer(ada, "offer", data);
    let error = &frames[0]["data"];
    assert_eq!(
        (&error["code"], &error["to"], &error["roomId"]),
        (&json!("forbidden"), &json!("hub"), &json!("den"))
    );
}

#[test]
fn track_states_are_shown_to_the_others() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let state = json!({"roomId": "den", "audioEnabled": true, "videoEnabled": false});
    assert_eq!(types(&world.answer(ada, "track-state", state.clone())), ["ok"], "not to oneself");
    let told = world.take(bob);
    assert_eq!(types(&told), ["user-updated"]);
    assert_eq!(
        told[0]["data"]["participant"]["tracks"],
        json!([
            {"source": "microphone", "kind": "audio", "enabled": true},
            {"source": "camera", "kind": "video", "enabled": false}
        ])
    );
    world.say(ada, "track-state", state);
    assert_eq!(world.take(bob), [] as [Value; 0], "what is so already is not told");
    let tracks = json!([{"source": "screen", "kind": "video", "enabled": true}]);
    world.say(
        ada,
        "track-state",
        json!({"roomId": "den", "audioEnabled": false, "videoEnabled": false, "tracks": tracks}),
    );
    assert_eq!(world.take(bob)[0]["data"]["participant"]["tracks"], tracks);
    let cat = world.join_as("cat");
    let joined = world.answer(cat, "user-joined-room", json!({"roomId": "den"}));
    assert_eq!(joined[0]["data"]["participants"][0]["tracks"], tracks);
    assert_eq!(joined[0]["data"]["participants"][1]["tracks"], json!([]), "none sent yet: no tracks");
}

#[test]
fn rr_10_chat_goes_to_all_others_with_sender_and_time() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    let other = world.in_room("dan", "attic");
    let text = "<b>hi</b> \u{202E}\u{1F600}";
    assert_eq!(
        types(&world.answer(ada, "chat", json!({"roomId": "den", "text": text, "chatId": "k1"}))),
        ["ok"]
    );
    let heard = json!({"type": "chat", "data": {
        "roomId": "den", "userId": "ada", "text": text, "chatId": "k1", "sentAt": stamp(world.now)
    }});
    assert_eq!((world.take(bob), world.take(cat)), (vec![heard.clone()], vec![heard]));
    assert_eq!(world.take(other), [] as [Value; 0]);
    world.say(ada, "chat", json!({"roomId": "den", "text": "again"}));
    let made = world.take(bob)[0]["data"]["chatId"].as_str().unwrap().to_owned();
    assert!(made.starts_with("c-"), "{made}");
    assert_eq!(world.take(cat)[0]["data"]["chatId"], made, "the same for all");
    assert_eq!(world.refused(other, "chat", json!({"roomId": "den", "text": "hi"})), "not-in-room");
}

#[test]
fn rr_12_data_goes_to_one_or_to_all_others_unchanged() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let cat = world.in_room("cat", "den");
    let dan = world.in_room("dan", "attic");
    let payload = json!({"op": "set", "value": [1.50, null, "\u{0}"]});
    world.say(ada, "message", json!({"roomId": "den", "payload": payload}));
    let heard = json!({"type": "message", "data": {"roomId": "den", "from": "ada", "payload": payload}});
    assert_eq!((world.take(bob), world.take(cat)), (vec![heard.clone()], vec![heard]));
    assert_eq!(
        types(&world.answer(ada, "message", json!({"roomId": "den", "to": "bob", "payload": 7}))),
        ["ok"]
    );
    let heard =
        json!({"type": "message", "data": {"roomId": "den", "from": "ada", "to": "bob", "payload": 7}});
    assert_eq!((world.take(bob), world.take(cat)), (vec![heard], vec![]));
    for to in ["dan", "ada", "nobody"] {
        let data = json!({"roomId": "den", "to": to, "payload": 7});
        assert_eq!(world.refused(ada, "message", data), "peer-unavailable");
    }
    assert_eq!(world.refused(dan, "message", json!({"roomId": "den", "payload": 7})), "not-in-room");
    assert_eq!(world.take(dan), [] as [Value; 0]);
}

#[test]
fn what_was_said_to_one_who_is_away_waits() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.open();
    world.say(bob, "hello", json!({"userId": "bob"}));
    let token = world.take(bob)[0]["data"]["resumeToken"].clone();
    world.enter(bob, "den");
    let last = world.last_seq(bob);
    world.lose(bob);
    assert_eq!(
        types(&world.answer(ada, "offer", json!({"to": "bob", "sdp": "x", "attempt": 1, "n": 1}))),
        ["ok"]
    );
    let again = world.open();
    world.say(again, "hello", json!({"userId": "bob", "resume": {"token": token, "lastSeq": last}}));
    assert_eq!(types(&world.take(again)), ["welcome", "offer"]);
}
