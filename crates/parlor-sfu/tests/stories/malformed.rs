//! What comes from outside and is not what it should be: it neither ends anything nor changes anything.

use crate::common::{Plan, Send, World, net};
use parlor_sfu::{Event, Input, Ledger, Via};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const ALL: Plan = Plan { sends: Send::Both, audio_slots: 2, video_slots: 1, data: true, red: false };

/// The same every time.
fn runner(cases: u32) -> TestRunner {
    TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, b"parlor-sfu: malformed datagrams "),
    )
}

fn held(ledger: &Ledger) -> [usize; 5] {
    [ledger.rooms, ledger.transports, ledger.producers, ledger.consumers, ledger.slots]
}

/// Bytes with the first ones of STUN, DTLS, RTP and RTCP.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![
        Just(vec![0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42]),
        Just(vec![1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]),
        Just(vec![22, 0xfe, 0xfd, 0, 0]),
        Just(vec![20, 0xfe, 0xfd, 0, 1]),
        Just(vec![21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0]),
        Just(vec![23, 0xfe, 0xfd, 0, 1]),
        Just(vec![0x90, 111]),
        Just(vec![0x80, 96]),
        Just(vec![0xbf, 0xff]),
        Just(vec![0x80, 200]),
        Just(vec![0x81, 201, 0, 7]),
        Just(vec![0x8f, 205]),
        Just(vec![0x81, 206]),
        Just(Vec::new()),
    ];
    (head, proptest::collection::vec(any::<u8>(), 0..120)).prop_map(|(mut head, tail)| {
        head.extend(tail);
        head
    })
}

#[test]
fn vc_05_malformed_datagrams_end_nothing_and_change_nothing() {
    let mut world = World::new();
    world.join("ann", ALL);
    world.join("bob", ALL);
    world.connect_all();
    world.run(500);
    let before = held(&world.hub.ledger());
    let known = world.client("ann").address;
    let strategy = (datagram(), any::<bool>());
    let world_cell = std::cell::RefCell::new(&mut world);
    runner(4_000)
        .run(&strategy, |(bytes, is_known)| {
            let mut world = world_cell.borrow_mut();
            let remote = if is_known { known } else { "203.0.113.9:9".parse().unwrap() };
            world.input(Input::Datagram { via: Via::Udp, local: net::HUB, remote, bytes: &bytes });
            prop_assert_eq!(held(&world.hub.ledger()), before);
            prop_assert_eq!(world.hub.ledger().totals.panics, 0);
            Ok(())
        })
        .unwrap();
    let told =
        world.events.iter().any(|(_, event)| matches!(event, Event::Gone { .. } | Event::Panicked { .. }));
    assert!(!told, "{:?}", world.events);
    let heard = world.client("bob").got.len();
    world.run(500);
    assert!(world.client("bob").got.len() > heard + 20, "and the sound goes on");
    assert!(world.hub.ledger().totals.datagrams_unknown > 1_000);
}

#[test]
fn vc_05_real_datagrams_with_flipped_bits_and_cut_short_end_nothing() {
    let mut world = World::new();
    world.net.copies = Some(Vec::new());
    world.join("ann", ALL);
    world.join("bob", ALL);
    world.connect_all();
    world.run(300);
    let copies = world.net.copies.take().unwrap();
    let before = held(&world.hub.ledger());
    // From the first check of ICE over the handshake to media and reports.
    let pick = (0..copies.len(), any::<u16>(), any::<u8>(), any::<bool>(), any::<bool>());
    let world_cell = std::cell::RefCell::new(&mut world);
    runner(4_000)
        .run(&pick, |(index, at, flip, is_cut, is_own)| {
            let mut world = world_cell.borrow_mut();
            let mut bytes = copies[index].bytes.clone();
            let at = usize::from(at) % bytes.len();
            if is_cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= flip | 1;
            }
            let other = copies[(index + 7) % copies.len()].from;
            let remote = if is_own { copies[index].from } else { other };
            world.input(Input::Datagram { via: Via::Udp, local: net::HUB, remote, bytes: &bytes });
            prop_assert_eq!(held(&world.hub.ledger()), before);
            prop_assert_eq!(world.hub.ledger().totals.panics, 0);
            Ok(())
        })
        .unwrap();
    let heard = world.client("bob").got.len();
    world.run(1_000);
    assert!(world.client("bob").got.len() > heard + 40, "the sound goes on");
}

#[test]
fn vc_05_descriptions_with_flipped_bytes_never_panic() {
    let mut world = World::new();
    world.clients.push(crate::common::Client::new("ann", 0, world.now, ALL));
    let (sdp, _) = world.clients[0].make_offer().unwrap();
    world.clients[0].pending = None;
    world.clients.clear();
    let pick = (any::<u32>(), any::<u8>(), 0..40_usize);
    let lines: Vec<&str> = sdp.lines().collect();
    let world_cell = std::cell::RefCell::new(&mut world);
    runner(600)
        .run(&pick, |(at, byte, line)| {
            let mut world = world_cell.borrow_mut();
            let mut lines = lines.clone();
            let (from, to) = (at as usize % lines.len(), (at as usize / 7 + line) % lines.len());
            match byte % 4 {
                0 => drop(lines.remove(from)),
                1 => lines.swap(from, to),
                2 => lines.insert(from, lines[to]),
                _ => {}
            }
            let mut bytes = lines.join("\r\n").into_bytes();
            let place = at as usize % bytes.len();
            bytes[place] = byte & 0x7f;
            let offer = parlor_sfu::Offer {
                seat: crate::common::seat("ann"),
                instance: parlor_proto::Instance::parse("i").unwrap(),
                attempt: 1,
                n: 1,
                sdp: String::from_utf8(bytes).unwrap(),
                tracks: Vec::new(),
            };
            world.input(Input::Offer(offer));
            prop_assert_eq!(world.hub.ledger().totals.panics, 0);
            world.leave("ann");
            prop_assert!(world.hub.ledger().is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn vc_05_a_forged_packet_takes_nobodys_stream_away() {
    let mut world = World::new();
    world.net.copies = Some(Vec::new());
    world.join("ann", ALL);
    world.join("bob", ALL);
    world.connect_all();
    world.run(300);
    // The first packets of ann's sound and of her picture say which sections they belong to; later ones leave that out.
    let ann = world.client("ann").address;
    let copies = world.net.copies.take().unwrap();
    let mut forged = Vec::new();
    for copy in copies.iter().filter(|copy| copy.from == ann && (128..192).contains(&copy.bytes[0])) {
        let (ssrc, is_rtcp) = (copy.bytes[8..12].to_vec(), (192..224).contains(&copy.bytes[1]));
        if !is_rtcp && !forged.iter().any(|bytes: &Vec<u8>| bytes[8..11] == ssrc[..3]) {
            let mut bytes = copy.bytes.clone();
            // Another SSRC: the packet is not authentic any more.
            bytes[11] ^= 1;
            forged.push(bytes);
        }
    }
    assert_eq!(forged.len(), 2, "sound and picture");
    world.run(10_000);
    for _ in 0..3 {
        for bytes in &forged {
            world.input(Input::Datagram { via: Via::Udp, local: net::HUB, remote: ann, bytes });
        }
        world.client_mut("bob").got.clear();
        world.run(1_000);
        let bob = world.client("bob");
        assert_eq!(bob.heard(), ["ann"]);
        assert!(bob.audio().len() >= 48, "{} packets of sound", bob.audio().len());
        assert!(bob.got.iter().filter(|got| got.height > 0).count() > 20, "and the picture goes on");
    }
}
