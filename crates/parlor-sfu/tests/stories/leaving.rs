//! Leaving: whoever goes, for whatever reason, leaves nothing behind.

use crate::common::{Plan, ROOM, Send, World, seat};
use parlor_sfu::{EndReason, Event, Freed, Input, RoomKey, Seat};

const ALL: Plan = Plan { sends: Send::Both, audio_slots: 3, video_slots: 2, data: true, red: false };

fn room_of(count: usize) -> World {
    let mut world = World::new();
    for index in 0..count {
        world.join(&format!("p{index}"), ALL);
    }
    world.connect_all();
    world.run(1_000);
    world
}

#[test]
fn vc_02_vc_05_each_who_leaves_frees_what_is_theirs_and_the_last_leaves_nothing() {
    let mut world = room_of(4);
    assert_eq!(world.hub.ledger().consumers, 4 * 3 + 4 * 2);
    for left in 1..=4_usize {
        let name = format!("p{}", left - 1);
        world.leave(&name);
        let others = 4 - left;
        let ledger = world.hub.ledger();
        assert_eq!(ledger.transports, others);
        assert_eq!(ledger.producers, 2 * others);
        assert_eq!(ledger.slots, 5 * others);
        let each = others.saturating_sub(1);
        assert_eq!(ledger.consumers, others * (each.min(3) + each.min(2)));
        assert!(
            world.clients.iter().skip(left).all(|client| !client.in_slots().contains(&name)),
            "the others are told"
        );
        world.run(200);
    }
    assert!(world.hub.ledger().is_empty(), "{:?}", world.hub.ledger());
    assert_eq!(world.hub.poll_timeout(), None);
    assert!(world.clients.iter().all(|client| client.is_closed), "each was told goodbye");
}

#[test]
fn vc_05_people_who_come_and_go_all_the_time_leave_nothing() {
    let mut world = World::new();
    for round in 0..60 {
        world.clients.clear();
        for place in 0..3 {
            world.join(&format!("p{place}"), ALL);
        }
        world.run(if round % 20 == 0 { 400 } else { 30 });
        if round % 2 == 0 {
            world.input(Input::RoomEnded { room: ROOM });
        } else {
            for place in 0..3 {
                world.leave(&format!("p{place}"));
            }
        }
        assert!(world.hub.ledger().is_empty(), "{round}: {:?}", world.hub.ledger());
    }
}

#[test]
fn vc_02_the_end_of_a_room_is_the_end_of_all_in_it_and_of_no_other() {
    let mut world = room_of(3);
    let other = RoomKey(8);
    let index = world.clients.len();
    world.clients.push(crate::common::Client::new("p9", index, world.now, ALL));
    world.clients[index].seat = Seat { room: other, ..seat("p9") };
    world.offer(index);
    world.connect_all();
    world.input(Input::RoomEnded { room: ROOM });
    let ended = |event: &Event| matches!(event, Event::Gone { reason: EndReason::RoomEnded, .. });
    assert_eq!(world.events.iter().filter(|(_, event)| ended(event)).count(), 3);
    assert_eq!((world.hub.ledger().rooms, world.hub.ledger().transports), (1, 1));
}

#[test]
fn vc_01_rooms_hear_nothing_of_each_other() {
    let mut world = World::new();
    for (index, room) in [(0, 1), (1, 1), (2, 2), (3, 2)] {
        world.clients.push(crate::common::Client::new(&format!("p{index}"), index, world.now, ALL));
        world.clients[index].seat.room = RoomKey(room);
        world.offer(index);
    }
    world.connect_all();
    world.run(1_000);
    assert_eq!(world.client("p0").heard(), ["p1"]);
    assert_eq!(world.client("p3").heard(), ["p2"]);
}

#[test]
fn vc_05_who_closes_the_connection_is_gone_at_once() {
    let mut world = room_of(2);
    world.client_mut("p0").rtc.close().unwrap();
    world.run(100);
    let freed = Freed { consumers: 2, producers: 2, slots: 5 };
    assert!(world.happened("p0", &Event::Gone { reason: EndReason::Closed, freed }), "{:?}", world.events);
    assert_eq!(world.hub.ledger().transports, 1);
}

#[test]
fn vc_04_leaving_twice_or_from_nowhere_is_without_noise() {
    let mut world = room_of(1);
    world.leave("nobody");
    world.leave("p0");
    let count = world.events.len();
    world.leave("p0");
    world.input(Input::RoomEnded { room: RoomKey(99) });
    assert_eq!(world.events.len(), count);
}
