//! Sound that goes out beside str0m: its numbers, its reports, its way.

use std::time::SystemTime;

use crate::common::net::HUB;
use crate::common::{Plan, Send, World};
use parlor_proto::Grade;
use parlor_sfu::{Event, Input, Via};
use str0m::rtp::ExtensionValues;

const TALKS: Plan = Plan { sends: Send::Audio, audio_slots: 2, video_slots: 0, data: false, red: false };
const LISTENS: Plan = Plan { sends: Send::Nothing, ..TALKS };

fn speaker_and_listener() -> World {
    let mut world = World::new();
    world.join("ann", TALKS);
    world.join("bob", LISTENS);
    world.connect_all();
    world.run(500);
    world
}

/// The SSRCs in an answer, in the order of its sections.
fn ssrcs(answer: &str) -> Vec<u32> {
    let mut all: Vec<u32> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next()?.parse().ok())
        .collect();
    all.dedup();
    all
}

#[test]
fn vc_01_sound_goes_on_when_its_numbers_roll_over() {
    const STEPS: u64 = 1_700;
    let mut world = speaker_and_listener();
    world.client_mut("ann").is_sending = false;
    world.run(100);
    world.client_mut("bob").got.clear();
    // As many numbers between as a stream may leave out: three rounds of 16 bits.
    for step in 1..=STEPS {
        let now = world.now;
        let (seq, timestamp) = (60_000 + step * 120, step as u32 * 960);
        world.client_mut("ann").write(
            now,
            true,
            false,
            (seq, timestamp),
            format!("{step}").into_bytes(),
            ExtensionValues::default(),
        );
        world.run(20);
    }
    world.run(100);
    let heard: Vec<String> = (1..=STEPS).map(|step| step.to_string()).collect();
    let got = &world.client("bob").got;
    assert_eq!(got.iter().map(|got| String::from_utf8_lossy(&got.bytes)).collect::<Vec<_>>(), heard);
    assert!(got.last().unwrap().seq > 3 << 16, "{}", got.last().unwrap().seq);
}

#[test]
fn vc_01_reports_say_of_sound_and_pictures_that_what_was_sent_together_belongs_together() {
    let mut world = World::new();
    world.join("ann", Plan { sends: Send::Both, audio_slots: 0, ..TALKS });
    world.join("bob", Plan { video_slots: 1, ..LISTENS });
    world.connect_all();
    world.run(12_000);
    let bob = world.client("bob");
    // When a packet was sent by the clock of reports, less when it came.
    let offset_ms = |is_audio: bool| -> f64 {
        let mids = if is_audio { &bob.audio_slot_mids } else { &bob.video_slot_mids };
        let rate = if is_audio { 48_000.0 } else { 90_000.0 };
        let reports: Vec<_> = bob.reports.iter().filter(|(mid, ..)| mids.contains(mid)).collect();
        assert!(reports.len() >= 2, "{} reports of sound: {is_audio}", reports.len());
        let offsets = reports.iter().map(|(_, ntp, timestamp)| {
            let ntp = ntp.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
            let got = bob.got.iter().rfind(|got| mids.contains(&got.mid)).unwrap();
            let ticks = f64::from(got.timestamp.wrapping_sub(*timestamp).cast_signed());
            let came = got.at.duration_since(world.begun).as_secs_f64();
            (ntp + ticks / rate - came) * 1_000.0
        });
        let offsets: Vec<f64> = offsets.collect();
        let (low, high) =
            offsets.iter().fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(*at), high.max(*at)));
        assert!(high - low < 2.0, "of each other: {offsets:?}");
        high
    };
    let apart = offset_ms(true) - offset_ms(false);
    assert!(apart.abs() < 5.0, "sound and picture are {apart} ms apart");
}

#[test]
fn vc_01_a_section_keeps_its_ssrc_over_offers_and_no_two_share_one() {
    let mut world = speaker_and_listener();
    let first = ssrcs(&world.client("bob").answer);
    assert_eq!(first.len(), 2);
    assert_ne!(first[0], first[1]);
    for _ in 0..3 {
        world.client_mut("bob").restart_ice();
        world.offer(1);
        world.run(1_000);
        assert_eq!(ssrcs(&world.client("bob").answer), first);
    }
    let got = &world.client("bob").got;
    assert!(got.iter().all(|got| *got.ssrc == first[0] || *got.ssrc == first[1]));
    assert!(got.windows(2).all(|two| two[1].seq == two[0].seq + 1), "nothing is lost in between");
}

#[test]
fn au_6_who_only_listens_is_graded_by_what_they_report() {
    let mut world = speaker_and_listener();
    world.run(10_000);
    assert_eq!(world.grades_of("bob"), [Grade::Good]);
    // What is lost before the hub is not lost on bob's path.
    let address = world.client("ann").address;
    world.net.set_loss(address, 20);
    world.run(20_000);
    assert_eq!(world.grades_of("bob"), [Grade::Good], "ann: {:?}", world.grades_of("ann"));
    world.net.set_loss(address, 0);
    let address = world.client("bob").address;
    world.net.set_loss(address, 20);
    world.run_until(25_000, "poor", |world| world.grades_of("bob").last() == Some(&Grade::Poor));
    world.net.set_loss(address, 0);
    world.run_until(25_000, "good", |world| world.grades_of("bob").last() == Some(&Grade::Good));
}

#[test]
fn vc_06_sound_follows_who_has_another_address() {
    let mut world = speaker_and_listener();
    let old = world.client("bob").address;
    let new = "10.9.9.9:7000".parse().unwrap();
    world.net.cut(old, true);
    world.client_mut("bob").move_to(new);
    world.client_mut("bob").restart_ice();
    world.offer(1);
    world.client_mut("bob").got.clear();
    world.run_until(5_000, "sound at the new address", |world| !world.client("bob").got.is_empty());
    world.run(300);
    world.net.sent.clear();
    world.run(1_000);
    // Checks of ICE may still be tried there.
    let to_old = world.net.sent.iter().filter(|(to, bytes)| *to == old && bytes[0] >= 20).count();
    assert_eq!(to_old, 0, "nothing goes where nobody is");
    let got = world.client("bob").got.len();
    assert!(got > 40, "{got}");
}

#[test]
fn vc_06_all_follows_whom_a_nat_gives_another_address_though_nobody_restarts_anything() {
    let mut world = World::new();
    world.join("ann", Plan { data: true, ..TALKS });
    world.join("bob", Plan { data: true, ..TALKS });
    world.connect_all();
    world.run(3_000);
    for (name, outside) in [("bob", "203.0.113.9:7000"), ("ann", "203.0.113.9:7001")] {
        let old = world.client(name).address;
        world.net.copies = Some(Vec::new());
        world.run(1_000);
        let recorded = world.net.copies.take().unwrap();
        world.net.rebind(old, outside.parse().unwrap());
        world.client_mut("ann").got.clear();
        world.client_mut("bob").got.clear();
        // Until then it has checked its path, by which the hub learns of the address: every few seconds.
        world.run_until(6_000, "both are heard again", |world| {
            ["ann", "bob"].iter().all(|who| world.client(who).got.len() > 50)
        });
        world.net.sent.clear();
        for (from, to) in [("ann", "bob"), ("bob", "ann")] {
            world.client_mut(to).frames.clear();
            world.client_mut(from).say(r#"{"type":"x","data":{}}"#);
            world.run_until(1_000, "data comes, too", |world| !world.client(to).frames.is_empty());
        }
        // Whoever has the old address now has heard it all, and makes something up besides.
        let own =
            recorded.iter().filter(|datagram| datagram.from == old).map(|datagram| datagram.bytes.clone());
        for bytes in own.chain((0..20).map(|_| [vec![0x80, 201], vec![7; 2_500]].concat())) {
            world.input(Input::Datagram { via: Via::Udp, local: HUB, remote: old, bytes: &bytes });
        }
        world.run(40_000);
        let to_old = world.net.sent.iter().filter(|(to, bytes)| *to == old && bytes[0] >= 20).count();
        assert_eq!(to_old, 0, "nothing goes where nobody is");
        assert!(!world.happened(name, &Event::PathLost));
        let heard = |world: &World| world.client(name).got.len();
        let before = heard(&world);
        world.run(1_000);
        assert!(heard(&world) > before + 40, "and so it stays");
    }
}

#[test]
fn vc_05_who_closes_is_told_goodbye_by_each_stream_and_nothing_waits() {
    let mut world = speaker_and_listener();
    let bob = world.client("bob").address;
    world.net.sent.clear();
    world.leave("bob");
    let reports = world.net.sent.iter().filter(|(to, bytes)| *to == bob && (192..224).contains(&bytes[1]));
    assert!(reports.count() >= 1);
    assert_eq!(world.hub.ledger().buffered_bytes, 0);
}

#[test]
fn vc_05_a_flood_of_forged_reports_costs_no_grade_and_no_way() {
    let mut world = speaker_and_listener();
    let bob = world.client("bob").address;
    for index in 0..2_000_u32 {
        let mut bytes = vec![0x81, 201, 0, 7];
        bytes.extend((0..60_u32).map(|at| (index.wrapping_mul(31) + at) as u8));
        let remote = if index % 2 == 0 { bob } else { "203.0.113.9:9".parse().unwrap() };
        world.input(Input::Datagram { via: Via::Udp, local: HUB, remote, bytes: &bytes });
    }
    world.client_mut("bob").got.clear();
    world.run(1_000);
    assert!(world.client("bob").got.len() > 40);
    assert_eq!(world.grades_of("bob"), [Grade::Good]);
}
