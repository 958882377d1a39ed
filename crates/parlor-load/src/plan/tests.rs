//! Plans that can be carried out, and those that can't.

use super::*;

fn plan() -> Plan {
    Plan {
        address: Address::parse("http://127.0.0.1:8080").unwrap(),
        is_trusting: false,
        room: RoomId::parse("show").unwrap(),
        rooms: 1,
        password: None,
        publishers: 4,
        subscribers: 10,
        audio: true,
        video: None,
        speaking: 3,
        slots: Slots { audio: 6, video: 9 },
        ramp_per_second: 20,
        duration: Duration::from_secs(1),
    }
}

#[test]
fn a_subscriber_offers_no_more_sections_than_can_be_filled() {
    let plan = plan();
    assert_eq!(plan.useful_slots(), Slots { audio: 4, video: 0 });
    assert_eq!((plan.audible(), plan.visible()), (3, 0));
    let few = Plan { slots: Slots { audio: 2, video: 1 }, ..plan.clone() };
    assert_eq!((few.useful_slots().audio, few.audible()), (2, 2));
    // Somebody else may speak.
    let alone = Plan { publishers: 0, speaking: 0, ..plan };
    assert_eq!((alone.useful_slots(), alone.audible()), (Slots { audio: 6, video: 0 }, 0));
}

#[test]
fn those_who_speak_come_first() {
    let voices: Vec<_> = (0..4).map(|publisher| plan().sends(publisher).audio.unwrap()).collect();
    assert_eq!(voices, [Voice::Speaks, Voice::Speaks, Voice::Speaks, Voice::Silent]);
}

#[test]
fn several_rooms_have_numbers() {
    let plan = Plan { rooms: 2, ..plan() };
    let ids: Vec<String> = plan.room_ids().unwrap().iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(ids, ["show-1", "show-2"]);
    assert_eq!(plan.guests(), 28);
}

#[test]
fn what_cannot_be_carried_out_is_refused() {
    use PlanError::*;
    let no_slots = Slots { audio: 0, video: 9 };
    let long = RoomId::parse(&"a".repeat(64)).unwrap();
    for (plan, wrong) in [
        (Plan { publishers: 0, subscribers: 0, ..plan() }, Nobody),
        (Plan { audio: false, ..plan() }, NothingToSend),
        (Plan { slots: no_slots, ..plan() }, NothingToReceive),
        (Plan { subscribers: 997, ..plan() }, RoomTooSmall(1_001)),
        (Plan { rooms: 1_000, ..plan() }, TooMany(14_000)),
        (Plan { slots: Slots { audio: 60, video: 5 }, ..plan() }, TooManySlots(65)),
        (Plan { ramp_per_second: 0, ..plan() }, NoRamp),
        (Plan { room: long, rooms: 2, ..plan() }, RoomName(2)),
    ] {
        assert_eq!(plan.check(), Err(wrong));
    }
    assert_eq!(plan().check(), Ok(()));
}
