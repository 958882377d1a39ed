//! Descriptions made of real ones, of browsers too; candidates, wishes, attempts and numbers in any order; comings and goings.

use parlor_proto::{IceCandidateInit, Instance, Source, TrackLabel};
use parlor_sfu::{Input, Offer, VideoWish, Wishes};

use crate::common::{Client, Plan, Send, id, seat};
use crate::game::{ALL, Game, play};
use crate::mutate;

const ROUNDS: usize = 700;
const CHROMIUM: &str = include_str!("../../../../web/sdk/tests/sdp/chromium-offer.sdp");
const FIREFOX: &str = include_str!("../../../../web/sdk/tests/sdp/firefox-offer.sdp");
const CANDIDATES: [&str; 6] = [
    "candidate:1 1 udp 2130706431 10.0.1.9 5000 typ host",
    "candidate:2 1 tcp 1518280447 10.0.1.9 9 typ host tcptype active",
    "candidate:3 1 udp 1694498815 203.0.113.7 40000 typ srflx raddr 10.0.1.9 rport 5000",
    "candidate:4 1 udp 41885695 198.51.100.4 50000 typ relay raddr 203.0.113.7 rport 40000",
    "candidate:5 1 udp 2113937151 5fd3a7f4-1d33-4b3a-a0d1-1cbd6b2a5f6e.local 50001 typ host generation 0",
    "candidate:6 1 udp 2122262783 2001:db8::9 5000 typ host ufrag abcd network-id 2",
];
const SOURCES: [Source; 6] = [
    Source::Microphone,
    Source::Camera,
    Source::Screen,
    Source::ScreenAudio,
    Source::Program,
    Source::Return,
];

#[test]
fn vc_05_fuzz_offers() {
    play("offers", offers);
}

fn offers(game: &mut Game) {
    let simulcast = Plan { sends: Send::Simulcast, ..ALL };
    let made = [ALL, simulcast, Plan { sends: Send::Nothing, ..ALL }]
        .map(|plan| Client::new("mallory", 9, game.world.now, plan).make_offer().unwrap().0);
    let descriptions: Vec<&str> =
        made.iter().map(String::as_str).chain([CHROMIUM, FIREFOX, CHROMIUM, FIREFOX]).collect();
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let pick = |game: &mut Game| descriptions[game.rng.usize(..descriptions.len())];
        match game.rng.u8(..12) {
            0..7 => {
                let (original, other) = (pick(game), pick(game));
                let sdp = match game.rng.u8(..6) {
                    0 => original.to_owned(),
                    _ => mutate::description(&mut game.rng, original, other),
                };
                let offer = Offer {
                    seat: seat("mallory"),
                    instance: Instance::parse(&format!("i{}", game.rng.u8(..3))).unwrap(),
                    attempt: game.rng.u32(1..4),
                    n: game.rng.u32(1..6),
                    sdp,
                    tracks: labels(game),
                };
                let before = game.world.hub.ledger().transports;
                game.input(Input::Offer(offer));
                accepted += usize::from(game.world.hub.ledger().transports > before);
            }
            7..9 => {
                let text = CANDIDATES[game.rng.usize(..CANDIDATES.len())];
                let text = mutate::bytes(&mut game.rng, text.as_bytes(), b" udp tcp typ 0 -1 :: ");
                let candidate = IceCandidateInit {
                    candidate: String::from_utf8_lossy(&text).into_owned(),
                    sdp_mid: None,
                    sdp_m_line_index: None,
                    username_fragment: game.rng.bool().then(|| "abcd".to_owned()),
                };
                let attempt = game.rng.u32(1..4);
                game.input(Input::Candidate { seat: seat("mallory"), attempt, candidate });
            }
            9 => {
                let names = ["ann", "cat", "mallory", "nobody"];
                let wish = |game: &mut Game| VideoWish {
                    participant: id(names[game.rng.usize(..names.len())]),
                    source: SOURCES[game.rng.usize(..SOURCES.len())],
                    max_height: game.rng.bool().then(|| game.rng.u16(..)),
                };
                let video = (0..game.rng.usize(..300)).map(|_| wish(game)).collect();
                let muted =
                    (0..game.rng.usize(..3)).map(|_| id(names[game.rng.usize(..names.len())])).collect();
                game.input(Input::Receive { seat: seat("mallory"), wishes: Wishes { muted, video } });
            }
            10 => game.world.run(game.rng.u64(..50)),
            _ => game.input(Input::Leave { seat: seat("mallory") }),
        }
        if round % 20 == 0 {
            game.check();
        }
        if round % 300 == 0 {
            game.others_go_on();
        }
    }
    assert!(accepted > 20, "{accepted} transports came of {ROUNDS} rounds");
}

fn labels(game: &mut Game) -> Vec<TrackLabel> {
    let label = |game: &mut Game| TrackLabel {
        mid: game.rng.u8(..6).to_string(),
        source: SOURCES[game.rng.usize(..SOURCES.len())],
    };
    let count = if game.rng.u8(..4) == 0 { game.rng.usize(..4) } else { 0 };
    (0..count).map(|_| label(game)).collect()
}
