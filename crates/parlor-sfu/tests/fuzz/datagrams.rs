//! Datagrams of all kinds, made up and made of real ones, from addresses that are known and from others.

use parlor_sfu::{Input, Via};

use crate::common::net::HUB;
use crate::game::{Game, play};
use crate::mutate;

const ROUNDS: usize = 3_000;

/// The first bytes of STUN, DTLS, RTP and RTCP (RFC 7983, section 7), and of what is none of them.
const HEADS: [&[u8]; 18] = [
    &[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42],
    &[1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42],
    &[0, 0x11, 0, 4, 0x21, 0x12, 0xa4, 0x42],
    &[1, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42],
    &[22, 0xfe, 0xfd, 0, 0],
    &[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 48],
    &[20, 0xfe, 0xfd, 0, 1],
    &[21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0],
    &[23, 0xfe, 0xfd, 0, 1],
    &[0x90, 111],
    &[0x80, 96],
    &[0xbf, 0xff],
    &[0x80, 200],
    &[0x81, 201, 0, 7],
    &[0x8f, 205],
    &[0x81, 206],
    &[0x40, 0],
    &[],
];

#[test]
fn vc_05_fuzz_datagrams() {
    play("datagrams", datagrams);
}

fn datagrams(game: &mut Game) {
    game.mallory_joins();
    for round in 0..ROUNDS {
        // What went to the hub from the first check of ICE over the handshakes to media and reports.
        let copies = game.world.net.copies.as_ref().unwrap();
        let original = &copies[game.rng.usize(..copies.len())];
        let other = &copies[game.rng.usize(..copies.len())];
        let remote = match game.rng.u8(..5) {
            0 => "203.0.113.9:9".parse().unwrap(),
            1 => std::net::SocketAddr::from(([198, 51, 100, game.rng.u8(..)], game.rng.u16(1..))),
            2 => other.from,
            _ => original.from,
        };
        let bytes = match game.rng.u8(..8) {
            0 => {
                let mut bytes = HEADS[game.rng.usize(..HEADS.len())].to_vec();
                bytes.extend((0..game.rng.usize(..200)).map(|_| game.rng.u8(..)));
                bytes
            }
            // As it was, again: from its own address, or from another's.
            1 => original.bytes.clone(),
            _ => mutate::bytes(&mut game.rng, &original.bytes, &other.bytes),
        };
        game.input(Input::Datagram { via: Via::Udp, local: HUB, remote, bytes: &bytes });
        if round % 100 == 0 {
            game.world.run(20);
            game.check();
        }
        if round % 1_000 == 0 {
            game.others_go_on();
        }
    }
}
