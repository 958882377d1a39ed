//! Faults of the hub's own, planted.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Plan, Send, World, seat};

use crate::io::{EndReason, Event, Freed, Step, WantedReason};
use crate::stream::Extensions;

const ALL: Plan = Plan { sends: Send::Both, audio_slots: 3, video_slots: 1, data: true, red: false };
const NOTHING: Plan = Plan { sends: Send::Nothing, audio_slots: 0, video_slots: 0, data: true, red: false };

fn room_of_three() -> World {
    let mut world = World::new();
    for name in ["ann", "bob", "cat"] {
        world.join(name, ALL);
    }
    world.connect_all();
    world.run(500);
    world
}

#[test]
fn vc_04_a_panic_ends_one_transport_only_and_is_told() {
    let mut world = room_of_three();
    let key = world.hub.transport_of(&seat("bob")).unwrap();
    world.hub.transports.get_mut(key).unwrap().planted = true;
    world.run(100);
    assert!(world.happened("bob", &Event::Panicked { message: "planted".to_owned() }), "{:?}", world.events);
    let freed = Freed { consumers: 3, producers: 2, slots: 4 };
    assert!(world.happened("bob", &Event::Gone { reason: EndReason::Panicked, freed }));
    assert_eq!(world.wanted, [(seat("bob"), WantedReason::TransportGone)]);
    let ledger = world.hub.ledger();
    assert_eq!((ledger.transports, ledger.producers, ledger.totals.panics), (2, 4, 1));
    world.client_mut("cat").got.clear();
    world.run(500);
    assert_eq!(world.client("cat").heard(), ["ann"], "the others go on");
    world.leave("ann");
    world.leave("cat");
    assert!(world.hub.ledger().is_empty());
}

#[test]
fn vc_03_a_step_that_fails_is_told_and_the_next_ones_run() {
    for step in [Step::Consumers, Step::Producers, Step::Transport] {
        let mut world = room_of_three();
        world.hub.planted_steps = vec![step];
        world.leave("bob");
        world.hub.planted_steps.clear();
        assert!(
            world.happened("bob", &Event::StepFailed { step, message: "planted".to_owned() }),
            "{step:?}"
        );
        let freed = Freed { consumers: 3, producers: 2, slots: 4 };
        assert!(world.happened("bob", &Event::Gone { reason: EndReason::Left, freed }));
        let ledger = world.hub.ledger();
        assert_eq!((ledger.transports, ledger.producers, ledger.consumers), (2, 4, 4), "{step:?}");
        world.run(300);
        assert_eq!(world.client("cat").in_slots(), ["ann", "ann"]);
        world.leave("ann");
        world.leave("cat");
        assert!(world.hub.ledger().is_empty(), "{step:?}: {:?}", world.hub.ledger());
    }
}

#[test]
fn vc_02_consumers_go_before_producers_before_the_transport() {
    let mut world = room_of_three();
    // Each step that fails is told, so with all of them failing what is told is their order.
    world.hub.planted_steps = vec![Step::Transport, Step::Producers, Step::Consumers];
    let count = world.events.len();
    world.leave("bob");
    let told: Vec<Option<Step>> = world.events[count..]
        .iter()
        .map(|(_, event)| if let Event::StepFailed { step, .. } = event { Some(*step) } else { None })
        .collect();
    assert_eq!(told, [Some(Step::Consumers), Some(Step::Producers), Some(Step::Transport), None]);
    assert!(matches!(world.events.last(), Some((_, Event::Gone { .. }))));
    world.hub.planted_steps.clear();
    let ledger = world.hub.ledger();
    assert_eq!((ledger.transports, ledger.producers, ledger.consumers, ledger.slots), (2, 4, 4, 8));
}

#[test]
fn vc_04_nothing_goes_out_that_str0m_sends_by_an_ssrc_of_the_hubs_own() {
    for is_resend in [false, true] {
        let mut world = room_of_three();
        let key = world.hub.transport_of(&seat("bob")).unwrap();
        // As if str0m had drawn the same number of 32 bits for what it says by itself.
        let transport = world.hub.transports.get_mut(key).unwrap();
        let taken = *transport.asking_ssrc();
        let slot = transport.slots.iter_mut().find(|slot| slot.resend.is_some()).unwrap();
        match &mut slot.resend {
            Some(resend) if is_resend => resend.ssrc = taken,
            _ => slot.stream.ssrc = taken,
        }
        transport.ask_way().unwrap();
        world.hub.touch(key);
        world.net.sent.clear();
        let bob = world.client("bob").address;
        world.run(200);
        let by_it = |bytes: &[u8]| crate::egress::sender_of(bytes) == Some(taken);
        assert!(!world.net.sent.iter().any(|(to, bytes)| *to == bob && by_it(bytes)));
        assert!(world.happened("bob", &Event::Panicked { message: "one SSRC for two streams".to_owned() }));
        assert_eq!(world.hub.ledger().transports, 2);
    }
}

#[test]
fn vc_05_sections_that_take_each_others_places_leave_no_slots_behind() {
    const SECTIONS: usize = 6;
    let plan = Plan { sends: Send::Nothing, audio_slots: SECTIONS, video_slots: 0, data: true, red: false };
    let mut world = World::new();
    world.clients.push(common::Client::new("ann", 0, world.now, plan));
    let (sdp, _) = world.clients[0].make_offer().unwrap();
    world.clients[0].pending = None;
    let mids: Vec<String> = world.clients[0].audio_slot_mids.iter().map(ToString::to_string).collect();
    let group = sdp.lines().find_map(|line| line.strip_prefix("a=group:BUNDLE ")).unwrap();
    let data = group.split(' ').find(|mid| !mids.iter().any(|audio| audio == mid)).unwrap();
    for round in 0..10 {
        let names: Vec<String> = (0..SECTIONS).map(|section| format!("r{round}s{section}")).collect();
        let named = mids.iter().zip(&names).fold(sdp.clone(), |sdp, (old, new)| {
            sdp.replace(&format!("a=mid:{old}\r\n"), &format!("a=mid:{new}\r\n"))
        });
        let live = named.replace(group, &format!("{} {data}", names.join(" ")));
        let stopped = named.replace(group, data).replace("m=audio 9 ", "m=audio 0 ");
        for (text, open) in [(live, SECTIONS), (stopped, 0)] {
            world.clients[0].n += 1;
            world.offer_text(0, text, Vec::new());
            assert!(world.refused.is_empty(), "{:?}", world.refused);
            assert_eq!(world.hub.ledger().slots, open, "round {round}");
        }
    }
    let key = world.hub.transport_of(&seat("ann")).unwrap();
    assert_eq!(world.hub.transports.get_mut(key).unwrap().slots.len(), SECTIONS);
}

#[test]
fn vc_05_filling_up_ends_with_the_pictures_and_where_the_receiver_tells_of_it_no_more() {
    let layers = Plan { sends: Send::Simulcast, ..NOTHING };
    let watches = Plan { video_slots: 1, ..NOTHING };
    for leaves in [true, false] {
        let mut world = World::new();
        world.join("ann", layers);
        world.join("bob", watches);
        world.connect_all();
        world.run(3_000);
        let bob = world.client("bob").address;
        world.net.set_rate(bob, Some(800_000));
        world.run(8_000);
        let key = world.hub.transport_of(&seat("bob")).unwrap();
        if leaves {
            world.leave("ann");
        } else {
            // As after an offer without the extension.
            for slot in &mut world.hub.transports.get_mut(key).unwrap().slots {
                slot.stream.agree("parlor".to_owned(), Extensions::default());
            }
        }
        world.run(500);
        world.net.sent.clear();
        world.run(3_000);
        let large = world.net.sent.iter().filter(|(to, bytes)| *to == bob && bytes.len() > 400).count();
        assert!(if leaves { large == 0 } else { (1..2_000).contains(&large) }, "{leaves}: {large}");
    }
}
