//! Nonsense from outside, with fixed seeds: it is counted or refused, moves nothing and leaves nothing.

use fastrand::Rng;
use parlor_turn::{DATAGRAM_BYTES_MAX, FRAME_HEAD_BYTES, Input, Transport, frame_bytes};
use stun_types::message::BINDING;
use turn_types::attribute::{ChannelNumber, Data, Lifetime, RequestedTransport, XorPeerAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

use crate::world::{Out, Signs, World, address, client, in_channel, settings, write};

const ROUNDS: usize = 20_000;

/// One of each kind of message, signed as it has to be.
fn messages(world: &mut World, signs: &Signs) -> Vec<Vec<u8>> {
    let transaction = world.transaction();
    let peer = XorPeerAddress::new(address("1.2.3.4:5"), transaction);
    let mut messages = vec![
        signs.sign(write(ALLOCATE, transaction, &[&RequestedTransport::new(17), &Lifetime::new(600)])),
        signs.sign(write(REFRESH, transaction, &[&Lifetime::new(600)])),
        signs.sign(write(CREATE_PERMISSION, transaction, &[&peer])),
        signs.sign(write(CHANNEL_BIND, transaction, &[&ChannelNumber::new(0x4000), &peer])),
        signs.sign(write(SEND, transaction, &[&peer, &Data::new(b"data")])),
        in_channel(0x4000, b"data"),
    ];
    messages.push(world.plain(BINDING, &[]));
    messages
}

/// Whether all that is signed is as it was: what follows MESSAGE-INTEGRITY is ignored (RFC 8489, section 14.5), 8 bytes of
/// FINGERPRINT here.
fn is_signed_as_one_of(bytes: &[u8], messages: &[Vec<u8>]) -> bool {
    messages.iter().any(|message| {
        let signed = message.len() - 8;
        bytes.len() == message.len() && bytes[..signed] == message[..signed]
    })
}

fn assert_answers_only(outs: &[Out], what: &[u8]) {
    for out in outs {
        assert!(matches!(out, Out::ToClient(..) | Out::Log(_)), "{what:02x?} caused {out:?}");
    }
}

#[test]
fn random_bytes_open_nothing() {
    let mut world = World::new(settings());
    let mut rng = Rng::with_seed(1);
    for _ in 0..ROUNDS {
        let mut bytes = vec![0; rng.usize(..300)];
        rng.fill(&mut bytes);
        // Half of them look like STUN up to the magic cookie, with a length that is right.
        if rng.bool() && bytes.len() >= 20 {
            bytes[0] &= 3;
            let length = (bytes.len() - 20) & !3;
            bytes.truncate(20 + length);
            bytes[2..4].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        }
        let outs =
            world.input(Input::FromClient { client: client(Transport::Udp, rng.u16(1..)), bytes: &bytes });
        assert_answers_only(&outs, &bytes);
    }
    let ledger = world.server.ledger();
    assert!(ledger.is_empty(), "{ledger:?}");
    assert!(ledger.totals.malformed > 1_000, "{ledger:?}");
}

/// Whoever changes a signed message can't make the server do anything, and neither can who has none.
#[test]
fn messages_with_flipped_bits_cut_short_or_put_together_grant_nothing() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let signs = world.challenged(who, "ann");
    let messages = messages(&mut world, &signs);
    let mut rng = Rng::with_seed(2);
    for _ in 0..ROUNDS {
        let original = &messages[rng.usize(..messages.len())];
        let mut bytes = original.clone();
        match rng.u8(..4) {
            0 => {
                for _ in 0..rng.usize(1..4) {
                    let at = rng.usize(..bytes.len() * 8);
                    bytes[at / 8] ^= 1 << (at % 8);
                }
            }
            1 => bytes.truncate(rng.usize(..bytes.len())),
            2 => bytes.extend(&messages[rng.usize(..messages.len())]),
            _ => {
                let from = rng.usize(..bytes.len());
                let other = &messages[rng.usize(..messages.len())];
                bytes.truncate(from);
                bytes.extend(&other[from.min(other.len())..]);
            }
        }
        if is_signed_as_one_of(&bytes, &messages) {
            continue;
        }
        let outs = world.input(Input::FromClient { client: who, bytes: &bytes });
        assert_answers_only(&outs, &bytes);
    }
    assert!(world.server.ledger().is_empty(), "{:?}", world.server.ledger());
}

/// The same at an allocation: it stays as it is, with nothing permitted that was not.
#[test]
fn malformed_messages_at_an_allocation_change_nothing_of_it() {
    let mut world = World::new(settings());
    let who = client(Transport::Tcp, 1_000);
    let (signs, relay, _) = world.allocated(who, "ann");
    let messages = messages(&mut world, &signs);
    let mut rng = Rng::with_seed(3);
    for _ in 0..ROUNDS {
        let mut bytes = messages[rng.usize(..messages.len())].clone();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..bytes.len());
            bytes[at] = rng.u8(..);
        }
        if is_signed_as_one_of(&bytes, &messages) {
            continue;
        }
        let outs = world.input(Input::FromClient { client: who, bytes: &bytes });
        assert_answers_only(&outs, &bytes);
        let mut noise = vec![0; rng.usize(..200)];
        rng.fill(&mut noise);
        assert!(world.datagram_from(relay, address("1.2.3.4:5"), &noise).is_empty(), "nothing is permitted");
    }
    let ledger = world.server.ledger();
    assert_eq!((ledger.allocations, ledger.permissions, ledger.channels), (1, 0, 0), "{ledger:?}");
}

#[test]
fn what_is_too_large_is_not_relayed() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let (signs, relay, _) = world.allocated(who, "ann");
    let peer = address("1.2.3.4:5");
    assert_eq!(world.bind(&signs, 0x4000, peer), 0);
    assert_eq!(world.datagram_from(relay, peer, &vec![0; DATAGRAM_BYTES_MAX]).len(), 1);
    assert!(world.datagram_from(relay, peer, &vec![0; DATAGRAM_BYTES_MAX + 1]).is_empty());
    assert_eq!(world.channel_data(who, 0x4000, &vec![0; DATAGRAM_BYTES_MAX - 4]).len(), 1);
    assert!(world.channel_data(who, 0x4000, &vec![0; DATAGRAM_BYTES_MAX]).is_empty());
}

#[test]
fn each_head_of_a_frame_says_its_length_or_is_none() {
    let (mut frames, mut none) = (0, 0);
    for first in 0..=u16::MAX {
        for length in [0, 1, 3, 4, 5, 100, 16_380, 16_384, 65_535] {
            let mut head = [0; FRAME_HEAD_BYTES];
            head[..2].copy_from_slice(&first.to_be_bytes());
            head[2..].copy_from_slice(&u16::to_be_bytes(length));
            match frame_bytes(head) {
                Some(bytes) => {
                    assert!(
                        bytes >= usize::from(length) + 4
                            && bytes <= DATAGRAM_BYTES_MAX
                            && bytes.is_multiple_of(4)
                    );
                    assert!(first < 0x8000);
                    frames += 1;
                }
                None => none += 1,
            }
        }
    }
    assert!(frames > 0 && none > 0);
    assert_eq!(frame_bytes([0, 1, 0, 0]), Some(20));
    assert_eq!(frame_bytes([0x40, 0, 0, 5]), Some(12));
    assert_eq!(frame_bytes(*b"GET "), None, "HTTP: its length would be none");
}
