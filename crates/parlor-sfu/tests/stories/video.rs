//! Pictures through the hub: key frames, layers, bandwidth, loss.

use crate::common::client::Got;
use crate::common::{Plan, Send, World, id};
use parlor_proto::Source;
use parlor_sfu::{VideoWish, Wishes};

const SHOWS: Plan = Plan { sends: Send::Video, audio_slots: 0, video_slots: 0, data: false, red: false };
const WATCHES: Plan = Plan { sends: Send::Nothing, audio_slots: 0, video_slots: 1, data: false, red: false };
const LAYERS: Plan = Plan { sends: Send::Simulcast, ..SHOWS };

fn wish(name: &str, max_height: Option<u16>) -> Wishes {
    Wishes {
        muted: Vec::new(),
        video: vec![VideoWish { participant: id(name), source: Source::Camera, max_height }],
    }
}

/// The height that came in the last so many milliseconds, if only one did.
fn height(world: &World, name: &str, ms: u128) -> Option<u16> {
    let recent = |got: &&Got| got.height > 0 && (world.now - got.at).as_millis() <= ms;
    let mut heights: Vec<u16> = world.client(name).got.iter().filter(recent).map(|got| got.height).collect();
    heights.dedup();
    match heights.as_slice() {
        [height] => Some(*height),
        _ => None,
    }
}

/// Sequence numbers without a gap, pictures that follow each other and time that never goes back, over everything that came.
fn assert_seamless(got: &[Got]) {
    let mut sorted = got.to_vec();
    sorted.sort_by_key(|got| got.seq);
    for two in sorted.windows(2) {
        assert_eq!(two[1].seq, two[0].seq + 1);
        let step = two[1].picture.wrapping_sub(two[0].picture) & 0x7fff;
        assert!(step <= 1, "picture {} after {}", two[1].picture, two[0].picture);
        let ticks = two[1].timestamp.wrapping_sub(two[0].timestamp);
        assert!(ticks < 90_000, "{ticks} ticks");
        if two[1].height != two[0].height {
            assert!(two[1].is_key, "another layer begins with a key frame");
        }
    }
}

#[test]
fn vc_01_a_late_watcher_gets_a_key_frame_at_once_and_then_everything() {
    let mut world = World::new();
    world.join("ann", SHOWS);
    world.connect_all();
    world.run(3_000);
    let keys = world.client("ann").encoders[0].keys;
    let begun = world.now;
    world.join("bob", WATCHES);
    world.run_until(1_000, "a picture", |world| !world.client("bob").got.is_empty());
    let first = world.client("bob").got[0].clone();
    assert!(first.is_key && first.seq == 1, "begins with a key frame: {first:?}");
    assert!((first.at - begun).as_millis() < 300, "after {:?}", first.at - begun);
    assert_eq!(world.client("ann").encoders[0].keys, keys + 1, "asked for once");
    world.run(2_000);
    let bob = world.client("bob");
    assert_seamless(&bob.got);
    let bps = bob.got.iter().map(|got| got.bytes.len()).sum::<usize>() as u128 * 8_000
        / (world.now - first.at).as_millis();
    assert!(bps > 1_500_000, "{bps}");
    assert_eq!(bob.in_slots(), ["ann"]);
}

#[test]
fn vc_01_many_who_come_at_once_cost_the_sender_few_key_frames() {
    let mut world = World::new();
    world.join("ann", SHOWS);
    world.connect_all();
    world.run(2_000);
    let keys = world.client("ann").encoders[0].keys;
    for index in 0..12 {
        world.join(&format!("w{index}"), WATCHES);
        world.run(10);
    }
    world.run(2_000);
    assert!(world.clients.iter().skip(1).all(|client| client.got.first().is_some_and(|got| got.is_key)));
    let asked = world.client("ann").encoders[0].keys - keys;
    assert!((1..=3).contains(&asked), "{asked}");
}

#[test]
fn vc_01_layers_follow_what_is_shown() {
    let mut world = World::new();
    world.join("ann", LAYERS);
    world.join("bob", WATCHES);
    world.connect_all();
    world.run_until(15_000, "the largest", |world| height(world, "bob", 500) == Some(720));
    world.wish("bob", wish("ann", Some(200)));
    world.run_until(2_000, "360 for a tile of 200", |world| height(world, "bob", 300) == Some(360));
    world.wish("bob", wish("ann", Some(90)));
    world.run_until(2_000, "180 for a tile of 90", |world| height(world, "bob", 300) == Some(180));
    world.wish("bob", wish("ann", None));
    world.run_until(15_000, "the largest again", |world| height(world, "bob", 300) == Some(720));
    assert_seamless(&world.client("bob").got);
}

#[test]
fn vc_01_wishes_choose_whom_to_see_and_an_empty_wish_nobody() {
    let mut world = World::new();
    for name in ["ann", "ben", "cat"] {
        world.join(name, SHOWS);
    }
    world.join("dan", WATCHES);
    world.connect_all();
    world.run(500);
    assert_eq!(world.client("dan").in_slots(), ["ann"], "in order of joining");
    world.wish("dan", wish("cat", None));
    world.run(500);
    assert_eq!(world.client("dan").in_slots(), ["cat"]);
    assert_seamless(&world.client("dan").got);
    world.wish("dan", wish("nobody", None));
    world.run(50);
    let count = world.client("dan").got.len();
    world.run(500);
    assert_eq!(world.client("dan").got.len(), count);
    assert!(world.client("dan").in_slots().is_empty());
}

#[test]
fn vc_01_sound_stays_whole_in_300_kbit_and_the_picture_shrinks_and_grows_back() {
    let mut world = World::new();
    world.join("ann", LAYERS);
    world.join("mic", Plan { sends: Send::Audio, ..SHOWS });
    world.join("bob", Plan { audio_slots: 2, ..WATCHES });
    world.connect_all();
    world.run_until(15_000, "the largest", |world| height(world, "bob", 500) == Some(720));
    let address = world.client("bob").address;
    world.net.set_rate(address, Some(300_000));
    world.run_until(20_000, "the smallest", |world| height(world, "bob", 1_000) == Some(180));
    world.run(3_000);
    let sent = world.client("mic").sent_audio;
    world.client_mut("bob").got.clear();
    world.run(10_000);
    let sent = world.client("mic").sent_audio - sent;
    let bob = world.client("bob");
    let audio = bob.got.iter().filter(|got| bob.audio_slot_mids.contains(&got.mid)).count() as u64;
    assert!(audio * 100 >= sent * 99, "{audio} of {sent} packets of sound");
    assert!(bob.got.iter().any(|got| got.height == 180), "and a picture, if a small one");
    world.net.set_rate(address, None);
    world.run_until(60_000, "the largest again", |world| height(world, "bob", 500) == Some(720));
}

#[test]
fn vc_01_ten_percent_loss_is_made_good() {
    let mut world = World::new();
    world.join("ann", SHOWS);
    world.join("bob", WATCHES);
    world.connect_all();
    world.run(1_000);
    for name in ["ann", "bob"] {
        let address = world.client(name).address;
        world.net.set_loss(address, 10);
        world.net.set_delay(address, 25);
    }
    let (begun, lost) = (world.now, world.net.lost);
    world.run(10_000);
    assert!(world.net.lost > lost + 200, "the network did lose");
    let got: Vec<&Got> = world.client("bob").got.iter().filter(|got| got.at > begun).collect();
    let (low, high) = (got.iter().map(|g| g.seq).min().unwrap(), got.iter().map(|g| g.seq).max().unwrap());
    let mut seqs: Vec<u64> = got.iter().map(|got| got.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    // What is still under way at the end is not counted.
    let until = high - 100;
    let there = seqs.iter().filter(|seq| **seq <= until).count() as u64;
    let missing = until - low + 1 - there;
    assert!(missing * 1_000 <= (until - low) * 5, "{missing} of {} are missing", until - low);
    let longest = got.windows(2).map(|two| (two[1].at - two[0].at).as_millis()).max().unwrap();
    assert!(longest < 1_000, "{longest} ms without a packet");
}

#[test]
fn vc_01_ten_percent_loss_and_a_hundred_milliseconds_of_delay_stop_no_picture() {
    let mut world = World::new();
    world.join("ann", LAYERS);
    world.join("mic", Plan { sends: Send::Audio, ..SHOWS });
    world.join("bob", Plan { audio_slots: 2, ..WATCHES });
    world.connect_all();
    world.run(4_000);
    let address = world.client("bob").address;
    world.net.set_loss(address, 10);
    world.net.set_delay(address, 50);
    let begun = world.now;
    world.run(60_000);
    let bob = world.client("bob");
    let pictures: Vec<&Got> =
        bob.got.iter().filter(|got| got.at > begun && bob.video_slot_mids.contains(&got.mid)).collect();
    let longest = pictures.windows(2).map(|two| (two[1].at - two[0].at).as_millis()).max().unwrap();
    assert!(longest < 1_000, "{longest} ms without a packet");
}

#[test]
fn vc_01_without_congestion_control_the_height_alone_decides() {
    let mut world = World::with(false);
    world.join("ann", LAYERS);
    world.join("bob", WATCHES);
    world.connect_all();
    world.run_until(2_000, "the largest", |world| height(world, "bob", 500) == Some(720));
    world.wish("bob", wish("ann", Some(300)));
    world.run_until(2_000, "the middle", |world| height(world, "bob", 300) == Some(360));
    assert_seamless(&world.client("bob").got);
}

#[test]
fn a_picture_leaves_in_one_row_where_the_path_bears_it() {
    // The pacer lets a whole picture go, but hands its packets out one by one: with one for each step of a timer, a picture of eight
    // took eight steps and eight system calls, and no receiver could get more than one packet in a step.
    let mut world = World::with(true);
    world.join("ann", SHOWS);
    world.join("ben", WATCHES);
    world.connect_all();
    world.run(10_000);
    let since = world.now - std::time::Duration::from_secs(2);
    let mut pictures: std::collections::BTreeMap<u16, Vec<std::time::Instant>> =
        std::collections::BTreeMap::new();
    for got in world.client("ben").got.iter().filter(|got| got.height > 0 && got.at > since) {
        pictures.entry(got.picture).or_default().push(got.at);
    }
    let whole: Vec<_> = pictures.values().filter(|times| times.len() == 8).collect();
    assert!(whole.len() >= 45, "{} whole pictures of 50", whole.len());
    let at_once = whole.iter().filter(|times| times.iter().max() == times.iter().min()).count();
    assert!(at_once * 10 >= whole.len() * 9, "{at_once} of {} pictures came in one row", whole.len());
}
