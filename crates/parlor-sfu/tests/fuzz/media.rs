//! A participant whose packets are rightly encrypted and nonsense inside: payloads, timestamps, sequence numbers, extensions, and frames on the data
//! channel.

use str0m::rtp::ExtensionValues;

use crate::game::{Game, play};
use crate::mutate;

const ROUNDS: usize = 2_500;

/// Frames of the data channel, to be damaged.
const FRAMES: [&str; 5] = [
    r#"{"type":"chat","data":{"roomId":"star","text":"hello","chatId":"c1"}}"#,
    r#"{"type":"message","data":{"roomId":"star","to":"cat","payload":{"deep":[[[{"x":1e400}]]]}}}"#,
    r#"{"type":"message","data":{"roomId":"star","userId":"ann","payload":null}}"#,
    r#"{"type":"track-state","data":{"roomId":"star","audioEnabled":true,"videoEnabled":false}}"#,
    r#"{"type":"recording","data":{"roomId":"star","active":true}}"#,
];

#[test]
fn vc_05_fuzz_media() {
    play("media", media);
}

fn media(game: &mut Game) {
    game.mallory_joins();
    let (mut audio_seq, mut video_seq) = (20_000_u64, 30_000_u64);
    for round in 0..ROUNDS {
        game.inputs += 1;
        let now = game.world.now;
        match game.rng.u8(..10) {
            0..4 => {
                let payload = sound(game);
                let values = ExtensionValues {
                    audio_level: Some(-(game.rng.i8(0..=127))),
                    voice_activity: Some(game.rng.bool()),
                    ..Default::default()
                };
                audio_seq += step(game);
                let (is_red, timestamp) = (game.rng.bool(), game.rng.u32(..));
                let mallory = game.world.client_mut("mallory");
                mallory.write(now, true, is_red, (audio_seq, timestamp), payload, values);
            }
            4..8 => {
                let payload = picture(game);
                video_seq += step(game);
                let timestamp = game.rng.u32(..);
                let mallory = game.world.client_mut("mallory");
                let values = ExtensionValues::default();
                mallory.write(now, false, false, (video_seq, timestamp), payload, values);
            }
            _ => {
                let frame = FRAMES[game.rng.usize(..FRAMES.len())];
                let other = FRAMES[game.rng.usize(..FRAMES.len())];
                let frame = mutate::bytes(&mut game.rng, frame.as_bytes(), other.as_bytes());
                let frame = String::from_utf8_lossy(&frame).into_owned();
                game.world.client_mut("mallory").say(&frame);
            }
        }
        game.world.run(2);
        if round % 100 == 0 {
            game.check();
        }
        if game.world.client("mallory").is_closed {
            game.mallory_joins();
        }
        if round % 1_000 == 0 {
            game.others_go_on();
        }
    }
    // What came of it went to somebody, or nothing was tried.
    let forwarded = game.world.hub.ledger().totals.packets_forwarded;
    assert!(forwarded > 1_000, "{forwarded} packets forwarded");
}

/// Mostly the next number, sometimes one far ahead.
fn step(game: &mut Game) -> u64 {
    match game.rng.u8(..40) {
        0 => game.rng.u64(1..40_000),
        1..4 => game.rng.u64(1..20),
        _ => 1,
    }
}

/// Opus is anything; RED (RFC 2198) has a head that can lie.
fn sound(game: &mut Game) -> Vec<u8> {
    let rng = &mut game.rng;
    let mut payload = Vec::new();
    for _ in 0..rng.usize(..5) {
        payload.extend([0x80 | rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..)]);
    }
    payload.extend((0..rng.usize(..120)).map(|_| rng.u8(..)));
    payload
}

/// VP8 descriptors (RFC 7741, section 4.2) with all flags, whole and cut.
fn picture(game: &mut Game) -> Vec<u8> {
    let rng = &mut game.rng;
    let mut payload = vec![rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..)];
    payload.extend([0, 0, 0, 0x9d, 0x01, 0x2a, rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..)]);
    payload.extend((0..rng.usize(..1_000)).map(|_| rng.u8(..)));
    let length = if rng.u8(..4) == 0 { rng.usize(..payload.len()) } else { payload.len() };
    payload.truncate(length);
    payload
}
