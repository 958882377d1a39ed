//! What happened, as it is logged (VC-7).

use parlor_proto::{LeaveReason, RoomId, UserId};
use parlor_room::{Config, EndReason, Event, RoomEvent, Roster, SuspectCause};
use serde_json::json;

use crate::world::World;

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn room(id: &str) -> RoomId {
    RoomId::parse(id).unwrap()
}

/// The events of one room, without sessions' names.
fn told(world: &mut World) -> Vec<String> {
    let of = |event: Event| match event {
        Event::SessionStarted { participant, .. } => format!("started {participant}"),
        Event::SessionResumed { participant, replayed, .. } => format!("resumed {participant} {replayed}"),
        Event::SessionSuspect { participant, cause, .. } => format!("suspect {participant} {cause:?}"),
        Event::SessionHeard { participant, .. } => format!("heard {participant}"),
        Event::ClientGone { participant, reason, .. } => format!("gone {participant} {reason}"),
        Event::Freed { participant, freed, .. } => format!("freed {participant} rooms {}", freed.rooms),
        Event::Peer { room, participant, event } => format!("{room} peer {participant} {event:?}"),
        Event::Room { room, entry } => match entry.event {
            RoomEvent::Made { name, by } => {
                format!("{room} made {name} by {}", by.as_ref().map_or("the operator", UserId::as_str))
            }
            RoomEvent::Joined { participant, role, present, .. } => {
                format!("{room} joined {participant} {role} {present}")
            }
            RoomEvent::Removed { participant, reason, by, tracks, remain, .. } => {
                let by = by.map_or(String::new(), |by| format!(" by {by}"));
                format!("{room} removed {participant} {reason}{by} tracks {tracks} remain {remain:?}")
            }
            RoomEvent::HostChanged { from, to } => format!("{room} host {from} {to}"),
            RoomEvent::RoleChanged { participant, role } => format!("{room} role {participant} {role}"),
            RoomEvent::RecordingChanged { participant, is_recording } => {
                format!("{room} recording {participant} {is_recording}")
            }
            RoomEvent::Updated { by } => format!("{room} updated {by}"),
            RoomEvent::MoveBegan { to, change, cause, present } => {
                format!("{room} moves to {to} {change} {cause:?} {present}")
            }
            RoomEvent::Moved { to, change, took_ms, missing } => {
                format!("{room} moved to {to} {change} {took_ms} missing {missing}")
            }
            RoomEvent::RosterChanged { members, waiting } => {
                format!("{room} roster {members:?} waiting {waiting}")
            }
            RoomEvent::RosterGone => format!("{room} roster gone"),
            RoomEvent::Ended { reason } => format!("{room} ended {reason:?}"),
        },
    };
    std::mem::take(&mut world.log).into_iter().map(of).collect()
}

#[test]
fn vc_07_coming_and_going_is_logged_in_order() {
    let mut world = World::new();
    let ada = world.join_as("ada");
    world.say(ada, "room-created", json!({"id": "den", "name": "Den"}));
    let bob = world.join_as("bob");
    world.say(bob, "user-joined-room", json!({"roomId": "den"}));
    world.say(ada, "track-state", json!({"roomId": "den", "audioEnabled": true, "videoEnabled": true}));
    world.close_tab(ada);
    world.lose(bob);
    world.pass(70_000);
    assert_eq!(
        told(&mut world),
        [
            "started ada",
            "den made Den by ada",
            "den joined ada host 1",
            "started bob",
            "den joined bob caller 2",
            "gone ada disconnected",
            "den removed ada disconnected tracks 2 remain [\"bob\"]",
            "den host ada bob",
            "freed ada rooms 1",
            "suspect bob Lost",
            "gone bob timeout",
            "den removed bob timeout tracks 0 remain []",
            "freed bob rooms 1",
            "den ended Empty",
        ]
    );
}

#[test]
fn vc_07_what_hosts_do_is_logged() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    world.in_room("bob", "den");
    world.say(ada, "update-room", json!({"roomId": "den", "locked": true}));
    world.say(ada, "set-role", json!({"roomId": "den", "userId": "bob", "role": "listener"}));
    world.say(ada, "remove-user", json!({"roomId": "den", "userId": "bob"}));
    world.say(ada, "end-room", json!({"roomId": "den"}));
    assert_eq!(
        told(&mut world),
        [
            "den updated ada",
            "den role bob listener",
            "den removed bob kicked by ada tracks 0 remain [\"ada\"]",
            "den removed ada room-ended by ada tracks 0 remain []",
            "den ended By(\"ada\")",
        ]
    );
}

#[test]
fn vc_07_how_a_session_was_lost_is_logged() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    world.silence(ada);
    world.pass(6_000);
    world.say(ada, "ping", json!({}));
    world.input(parlor_room::Input::BinaryFrame { conn: ada });
    assert_eq!(told(&mut world), ["suspect ada Silent", "heard ada", "suspect ada Refused(1003)"]);
    assert_ne!(SuspectCause::Closed(4000), SuspectCause::Lost);
}

#[test]
fn each_room_keeps_its_last_events_numbered() {
    let mut world = World::with(Config { room_log_entries_max: 4, ..Config::default() });
    let ada = world.in_room("ada", "den");
    for n in 0..5 {
        world.say(ada, "update-room", json!({"roomId": "den", "name": format!("Den {n}")}));
    }
    let numbers: Vec<u64> = world.registry.room_log(&room("den")).map(|entry| entry.number).collect();
    assert_eq!(numbers, [4, 5, 6, 7]);
    assert_eq!(
        world.registry.room_log(&room("den")).last().unwrap().event,
        RoomEvent::Updated { by: user("ada") }
    );
    assert_eq!(world.registry.room_log(&room("other")).count(), 0);
    world.say(ada, "end-room", json!({"roomId": "den"}));
    assert_eq!(world.registry.room_log(&room("den")).count(), 0);
    let last = world.log.last().unwrap();
    let Event::Room { entry, .. } = last else { panic!("{last:?}") };
    assert_eq!((entry.number, &entry.event), (9, &RoomEvent::Ended { reason: EndReason::By(user("ada")) }));
    assert_eq!(LeaveReason::RoomEnded.as_str(), "room-ended");
}

#[test]
fn gp_07_what_an_operator_says_of_a_roster_is_logged() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    world.log.clear();
    let den = RoomId::parse("den").unwrap();
    let roster = Roster { members: vec![UserId::parse("bob").unwrap()], waiting: Vec::new() };
    world.registry.operator(world.now).set_roster(&den, roster).unwrap();
    world.pass(0);
    world.registry.operator(world.now).clear_roster(&den).unwrap();
    world.registry.operator(world.now).end_room(&den).unwrap();
    world.pass(0);
    assert_eq!(
        told(&mut world),
        [
            r#"den roster ["bob"] waiting 0"#,
            "den removed ada kicked tracks 0 remain []",
            "den roster gone",
            "den ended Operator",
        ]
    );
    world.close_tab(ada);
}
