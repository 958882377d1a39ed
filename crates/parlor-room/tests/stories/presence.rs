//! Whether a session is still there: pings, silence, closes, the grace.

use parlor_room::{CloseCause, Input};
use serde_json::{Value, json};

use crate::world::{World, participant, types};

#[test]
fn sessions_in_a_room_are_pinged_every_2_s_and_others_every_20_s() {
    let mut world = World::new();
    let anonymous = world.open();
    let idle = world.join_as("ada");
    let start = world.now;
    world.pass(61_000);
    assert_eq!(world.take_pings(anonymous, start), [20_000, 40_000, 60_000]);
    assert_eq!(world.take_pings(idle, start), [20_000, 40_000, 60_000]);
    let busy = world.join_as("bob");
    let start = world.now;
    world.say(busy, "room-created", json!({"name": "Den"}));
    world.pass(7_000);
    assert_eq!(world.take_pings(busy, start), [2_000, 4_000, 6_000]);
    assert_eq!(world.gauges().sessions_suspect, 0, "who answers is there");
}

#[test]
fn vc_06_4_s_of_silence_are_suspect_and_10_s_later_gone() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let joined_at = world.registry.room_log(&parlor_proto::RoomId::parse("den").unwrap()).last().unwrap().at;
    world.pass(1_000);
    world.say(bob, "ping", json!({})); // heard last
    world.silence(bob);
    world.clear();
    world.pass(3_999);
    assert_eq!(world.take(ada), [] as [Value; 0]);
    world.pass(1);
    let mut suspect = participant("bob", "caller", joined_at);
    suspect["suspect"] = json!(true);
    assert_eq!(
        world.take(ada),
        [json!({"type": "user-updated", "data": {"roomId": "den", "participant": suspect, "epoch": 1}})]
    );
    world.pass(9_999);
    assert_eq!(world.take(ada), [] as [Value; 0]);
    assert_eq!(world.shown(), ["den: ada* bob"]);
    world.pass(1);
    let told = world.take(ada);
    assert_eq!(types(&told), ["user-left-room"]);
    assert_eq!(told[0]["data"]["reason"], "timeout");
    // The one who is given up is told as well, should they ever read it.
    assert_eq!(types(&world.take(bob)), ["user-left-room"]);
    assert_eq!(world.closed_with(bob), Some(4002));
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn a_frame_or_a_pong_is_enough_to_be_heard_again() {
    for pong in [true, false] {
        let mut world = World::new();
        let ada = world.in_room("ada", "den");
        let bob = world.in_room("bob", "den");
        world.silence(bob);
        world.pass(8_000);
        assert_eq!(world.take(ada)[0]["data"]["participant"]["suspect"], true);
        assert!(!world.take_pings(bob, world.now).is_empty());
        world.pass(2_000);
        assert!(!world.take_pings(bob, world.now).is_empty(), "pings go on while there is hope");
        if pong {
            world.input(Input::Pong { conn: bob });
        } else {
            world.say(bob, "chat", json!({"roomId": "den", "text": "here"}));
        }
        let told = world.take(ada);
        assert_eq!(
            (&told[0]["type"], &told[0]["data"]["participant"]["suspect"]),
            (&json!("user-updated"), &json!(false))
        );
        world.pass(3_900);
        assert_eq!(world.gauges().sessions_suspect, 0);
        world.pass(14_000);
        assert_eq!(world.shown(), ["den: ada*"], "and silent again, the clock begins anew");
    }
}

#[test]
fn outside_rooms_it_is_4_s_after_a_ping() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    let anonymous = world.open();
    world.silence(ada);
    world.silence(anonymous);
    world.pass(23_999);
    assert_eq!(world.gauges().sessions_suspect, 0);
    world.pass(1);
    assert_eq!(world.gauges().sessions_suspect, 2);
    world.pass(10_000);
    assert_eq!((world.closed_with(ada), world.closed_with(anonymous)), (Some(4002), Some(4002)));
    world.assert_empty();
}

#[test]
fn how_a_socket_closes_decides_between_a_leave_and_a_suspicion() {
    let leaves = [None, Some(1000), Some(1001)];
    let suspicions = [Some(4000), Some(1002), Some(1009), Some(1011), Some(3000), Some(4999)];
    for code in leaves {
        let mut world = World::new();
        let ada = world.in_room("ada", "den");
        let bob = world.in_room("bob", "den");
        world.close(bob, CloseCause::Frame(code));
        let told = world.take(ada);
        assert_eq!(types(&told), ["user-left-room"], "{code:?}");
        assert_eq!(told[0]["data"]["reason"], "disconnected");
        assert_eq!(world.shown(), ["den: ada*"]);
    }
    for cause in suspicions.map(CloseCause::Frame).into_iter().chain([CloseCause::Lost]) {
        let mut world = World::new();
        let ada = world.in_room("ada", "den");
        let bob = world.in_room("bob", "den");
        world.close(bob, cause);
        let told = world.take(ada);
        assert_eq!(types(&told), ["user-updated"], "{cause:?}");
        assert_eq!(told[0]["data"]["participant"]["suspect"], true);
        world.pass(9_999);
        assert_eq!(world.shown(), ["den: ada* bob"], "{cause:?}");
        world.pass(1);
        assert_eq!(world.take(ada)[0]["data"]["reason"], "timeout");
        assert_eq!(world.shown(), ["den: ada*"]);
    }
}

#[test]
fn the_grace_counts_from_the_first_suspicion() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.silence(bob);
    world.say(bob, "ping", json!({}));
    world.pass(4_000);
    assert_eq!(world.take(ada)[0]["data"]["participant"]["suspect"], true);
    world.pass(6_000);
    world.lose(bob);
    assert_eq!(world.take(ada), [] as [Value; 0], "they know");
    world.pass(4_000);
    assert_eq!(world.take(ada)[0]["data"]["reason"], "timeout");
}

#[test]
fn suspicion_shows_in_every_room_and_to_newcomers() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    world.enter(bob, "attic");
    let cat = world.in_room("cat", "attic");
    world.lose(bob);
    assert_eq!(world.take(ada)[0]["data"]["roomId"], "den");
    assert_eq!(world.take(cat)[0]["data"]["roomId"], "attic");
    let dan = world.join_as("dan");
    let joined = world.answer(dan, "user-joined-room", json!({"roomId": "den"}));
    let suspects: Vec<_> =
        joined[0]["data"]["participants"].as_array().unwrap().iter().map(|p| &p["suspect"]).collect();
    assert_eq!(suspects, [&json!(false), &json!(true), &json!(false)]);
}

#[test]
fn an_anonymous_socket_that_ends_leaves_nothing() {
    for cause in [CloseCause::Lost, CloseCause::Frame(Some(4000)), CloseCause::Frame(None)] {
        let mut world = World::new();
        let conn = world.open();
        world.say(conn, "room-list-request", json!({}));
        world.close(conn, cause);
        world.assert_empty();
    }
}
