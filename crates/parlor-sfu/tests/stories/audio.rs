//! Sound through the hub: everyone hears everyone, or the loudest, and nobody hears themselves.

use crate::common::{Plan, Send, World, id};
use parlor_sfu::Wishes;

const TALKS: Plan = Plan { sends: Send::Audio, audio_slots: 6, video_slots: 0, data: false, red: false };

fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("p{index}")).collect()
}

fn room_of(count: usize, plan: Plan) -> World {
    let mut world = World::new();
    for name in names(count) {
        world.join(&name, plan);
    }
    world.connect_all();
    world
}

#[test]
fn vc_01_two_and_five_hear_all_others_and_never_themselves() {
    for count in [2, 5] {
        let mut world = room_of(count, TALKS);
        world.run(1_000);
        for client in &world.clients {
            let others: Vec<String> = names(count).into_iter().filter(|name| *name != client.name).collect();
            assert_eq!(client.heard(), others, "{} of {count}", client.name);
            assert_eq!(client.in_slots(), others);
        }
        assert_eq!(world.hub.ledger().consumers, count * (count - 1));
        assert_eq!(
            world.hub.ledger().totals.packets_in,
            world.hub.ledger().totals.packets_forwarded / (count as u64 - 1)
        );
    }
}

#[test]
fn vc_01_nothing_is_lost_and_the_sender_is_known_by_csrc() {
    let mut world = room_of(2, TALKS);
    world.run(2_000);
    let bob = world.client("p1");
    let from_ann = bob.csrc_of("p0").expect("told");
    assert!(bob.got.iter().all(|got| got.csrc == Some(from_ann)));
    let seqs: Vec<u64> = bob.got.iter().map(|got| got.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "from 1 on, without a gap");
    assert!(
        seqs.len() as u64 + 5 > world.client("p0").sent_audio,
        "{} of {}",
        seqs.len(),
        world.client("p0").sent_audio
    );
    assert!(bob.got.windows(2).all(|two| two[1].timestamp == two[0].timestamp + 960));
}

#[test]
fn vc_01_of_ten_the_loudest_are_in_the_slots_and_change_with_who_speaks() {
    let mut world = World::new();
    let plan = Plan { audio_slots: 3, ..TALKS };
    for name in names(10) {
        world.join(&name, plan);
    }
    for client in &mut world.clients {
        client.level = Some(-80);
    }
    world.connect_all();
    let speak = |world: &mut World, who: &[&str]| {
        for client in &mut world.clients {
            client.level = Some(if who.contains(&client.name.as_str()) { -20 } else { -80 });
        }
    };
    speak(&mut world, &["p1", "p2", "p3"]);
    world.run(2_500);
    assert_eq!(world.client("p9").in_slots(), ["p1", "p2", "p3"]);
    assert_eq!(world.client("p1").in_slots().len(), 3, "one of the quiet ones fills the slot that is left");
    assert!(!world.client("p1").in_slots().contains(&"p1".to_owned()));

    let told = world.client("p9").slot_frames;
    speak(&mut world, &["p2", "p3", "p7"]);
    let began = world.now;
    world.run_until(3_000, "p7 is heard", |world| world.client("p9").in_slots() == ["p2", "p3", "p7"]);
    assert!((world.now - began).as_millis() < 2_500);
    assert_eq!(world.client("p9").slot_frames, told + 1, "one change, told once");
    world.run(1_000);
    let nine = world.client("p9");
    let csrc = nine.csrc_of("p7").unwrap();
    let first = nine.got.iter().find(|got| got.csrc == Some(csrc)).unwrap();
    let before = nine.got.iter().rfind(|got| got.ssrc == first.ssrc && got.csrc != Some(csrc)).unwrap();
    assert_eq!(first.seq, before.seq + 1, "the stream goes on over the change");
    let ticks = first.timestamp.wrapping_sub(before.timestamp);
    assert!((480..4_800).contains(&ticks), "and so does its time: {ticks}");

    // A pause for breath costs nobody a slot.
    let changes = world.hub.ledger().totals.slot_changes;
    speak(&mut world, &[]);
    world.run(300);
    assert_eq!(world.hub.ledger().totals.slot_changes, changes);
    assert!(
        world.speakers.contains(&Some(id("p1")))
            || world.speakers.contains(&Some(id("p2")))
            || world.speakers.contains(&Some(id("p3")))
    );
}

#[test]
fn vc_01_the_dominant_speaker_is_told_when_it_changes_and_when_they_leave() {
    let mut world = room_of(3, TALKS);
    for client in &mut world.clients {
        client.level = Some(-90);
    }
    world.run(3_000);
    world.speakers.clear();
    world.client_mut("p1").level = Some(-15);
    world.run(1_500);
    assert_eq!(world.speakers, [Some(id("p1"))]);
    world.client_mut("p1").level = Some(-90);
    world.run(1_000);
    assert_eq!(world.speakers.len(), 1, "silence is nobody's turn");
    world.leave("p1");
    assert_eq!(world.speakers.last(), Some(&None));
}

#[test]
fn vc_01_who_sends_no_levels_counts_as_speaking() {
    let mut world = World::new();
    for name in names(5) {
        world.join(&name, Plan { audio_slots: 1, ..TALKS });
    }
    for client in &mut world.clients {
        client.level = Some(-40);
    }
    world.client_mut("p3").level = None;
    world.connect_all();
    world.run(2_500);
    assert_eq!(world.client("p0").in_slots(), ["p3"]);
}

#[test]
fn vc_01_what_is_muted_is_not_forwarded_and_comes_back() {
    let mut world = room_of(3, TALKS);
    world.run(300);
    world.wish("p0", Wishes { muted: vec![id("p1")], video: Vec::new() });
    world.run(50);
    world.client_mut("p0").got.clear();
    world.run(500);
    assert_eq!(world.client("p0").heard(), ["p2"]);
    assert_eq!(world.client("p2").in_slots(), ["p0", "p1"], "only for who asked");
    world.wish("p0", Wishes::default());
    world.run(300);
    assert_eq!(world.client("p0").heard(), ["p1", "p2"]);
}

#[test]
fn vc_01_who_stops_sending_gives_the_slot_free() {
    let mut world = room_of(3, TALKS);
    world.run(300);
    world.client_mut("p1").is_sending = false;
    world.run(5_300);
    assert_eq!(world.client("p0").in_slots(), ["p2"]);
    world.client_mut("p1").is_sending = true;
    world.run(100);
    assert_eq!(world.client("p0").in_slots(), ["p1", "p2"]);
}

#[test]
fn vc_01_red_is_passed_on_and_taken_off_for_who_does_not_know_it() {
    let mut world = World::new();
    world.join("ann", Plan { red: true, ..TALKS });
    world.join("bob", Plan { red: true, ..TALKS });
    world.join("old", TALKS);
    world.connect_all();
    world.run(1_000);
    let said = |name: &str| format!("{name:<80}").into_bytes();
    let of_ann = |name: &str| -> Vec<usize> {
        let audio = world.client(name).audio();
        audio.into_iter().filter(|(bytes, _)| *bytes == said("ann")).map(|(_, blocks)| blocks).collect()
    };
    assert!(of_ann("bob").len() > 40 && of_ann("bob").iter().all(|blocks| *blocks == 2));
    assert!(of_ann("old").len() > 40 && of_ann("old").iter().all(|blocks| *blocks == 0), "what is inside");
    assert_eq!(
        world.client("bob").audio().iter().filter(|(bytes, _)| *bytes == said("old")).count() as u64 / 40,
        1
    );
}
