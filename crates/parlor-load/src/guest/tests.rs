//! What a guest says, and what it makes of what it is told.

use std::net::SocketAddr;

use parlor_proto::ClientFrame;
use serde_json::{Value, json};

use super::*;
use crate::end::Kit;
use crate::plan::Voice;

struct Scene {
    now: Instant,
    kit: Kit,
    guest: Guest,
    end: End,
}

fn scene(sends: Sends, slots: Slots) -> Scene {
    let now = Instant::now();
    let kit = Kit::generate(now).unwrap();
    let end = End::new(&kit, now, SocketAddr::from(([10, 0, 0, 1], 5_000))).unwrap();
    let mut guest = Guest::new(Invitation {
        user_id: UserId::parse("load-1").unwrap(),
        instance: Instance::parse("i-1").unwrap(),
        room_id: RoomId::parse("show").unwrap(),
        room_name: Name::parse("Load test").ok(),
        capacity: 60,
        password: None,
        sends,
        slots,
    });
    guest.on_open();
    Scene { now, kit, guest, end }
}

impl Scene {
    fn tell(&mut self, kind: &str, data: Value) {
        let frame = json!({"type": kind, "data": data}).to_string();
        self.guest.on_frame(self.now, &frame, &mut self.end);
    }

    /// What it said; a server reads each.
    fn said(&mut self) -> Vec<Value> {
        let mut said = Vec::new();
        while let Some(text) = self.guest.poll_frame() {
            ClientFrame::parse(&text).unwrap();
            said.push(serde_json::from_str(&text).unwrap());
        }
        said
    }
}

const SPEAKS: Sends = Sends { audio: Some(Voice::Speaks), video: None };
const HEARS: Slots = Slots { audio: 2, video: 1 };

#[test]
fn it_enters_a_star_offers_to_the_hub_and_takes_the_answer() {
    let mut scene = scene(SPEAKS, Slots::default());
    let said = scene.said();
    assert_eq!((&said[0]["type"], &said[0]["data"]["userId"]), (&json!("hello"), &json!("load-1")));
    let create = &said[1]["data"]["create"];
    assert_eq!(
        (&said[1]["data"]["role"], &create["topology"], &create["capacity"]),
        (&json!("caller"), &json!("sfu"), &json!(60))
    );
    scene.tell("room-joined", json!({"topology": "sfu"}));
    let offer = &scene.said()[0]["data"];
    assert_eq!(
        (&offer["to"], &offer["roomId"], &offer["tracks"][0]["source"]),
        (&json!("hub"), &json!("show"), &json!("microphone"))
    );
    let mut hub = End::new(&scene.kit, scene.now, SocketAddr::from(([10, 0, 0, 2], 5_000))).unwrap();
    let sdp = hub.answer(scene.now, offer["sdp"].as_str().unwrap()).unwrap();
    let answer = json!({"from": "hub", "instance": "h", "roomId": "show", "sdp": sdp, "attempt": 1, "n": 1});
    scene.tell("answer", answer);
    assert_eq!((scene.guest.standing(), scene.guest.failure()), (Standing::Answered, None));
}

#[test]
fn a_subscriber_listens_with_as_many_sections_as_it_has_slots() {
    let mut scene = scene(Sends::default(), HEARS);
    assert_eq!(scene.said()[1]["data"]["role"], "listener");
    scene.tell("room-joined", json!({"topology": "sfu"}));
    let offer = scene.said().remove(0);
    let sdp = offer["data"]["sdp"].as_str().unwrap();
    assert_eq!((sdp.matches("m=audio").count(), sdp.matches("m=video").count()), (2, 1));
    assert_eq!(sdp.matches("a=recvonly").count(), 3);
}

#[test]
fn what_goes_wrong_is_said_in_words() {
    let full = json!({"code": "room-full", "message": "show is full: 10 of 10", "type": "user-joined-room"});
    let refused = "the server refused user-joined-room: show is full: 10 of 10 (room-full)";
    let left = json!({"roomId": "show", "userId": "load-1", "userName": "Guest", "reason": "kicked", "participants": [], "epoch": 1});
    let other = json!({"roomId": "show", "userId": "load-2", "userName": "Guest", "reason": "left", "participants": [], "epoch": 1});
    for (kind, data, words) in [
        ("error", full, Some(refused)),
        (
            "room-joined",
            json!({"topology": "mesh"}),
            Some("show is a mesh, not a star around the hub: choose another --room"),
        ),
        ("user-left-room", left, Some("out of the room: kicked")),
        (
            "offer-wanted",
            json!({"roomId": "show", "reason": "path-lost"}),
            Some("the hub asks for a new connection: path-lost"),
        ),
        ("user-left-room", other, None),
        ("no-such-type", json!({}), None),
    ] {
        let mut scene = scene(SPEAKS, HEARS);
        scene.tell(kind, data);
        assert_eq!(scene.guest.failure().map(ToString::to_string).as_deref(), words, "{kind}");
    }
}

#[test]
fn an_answer_that_fits_nothing_is_a_failure_and_no_panic() {
    let mut scene = scene(SPEAKS, Slots::default());
    scene.tell("room-joined", json!({"topology": "sfu"}));
    let answer =
        json!({"from": "hub", "instance": "h", "roomId": "show", "sdp": "nonsense", "attempt": 1, "n": 1});
    scene.tell("answer", answer);
    assert!(matches!(scene.guest.failure(), Some(GuestError::Description(_))));
    scene.guest.on_frame(scene.now, "{", &mut scene.end);
    scene.guest.on_frame(scene.now, "[]", &mut scene.end);
}
