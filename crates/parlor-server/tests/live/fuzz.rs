//! Fixed-seed fuzzing: bytes and damaged frames into the parser, and into live sockets.

use futures_util::SinkExt;
use parlor_proto::ClientFrame;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{Server, config, soon, talk};

/// One valid frame of each kind, to be damaged.
const VALID: &[&str] = &[
    r#"{"type":"hello","data":{"userId":"eve","userName":"Eve","instance":"i1","resume":{"token":"t","lastSeq":3}},"id":1}"#,
    r#"{"type":"ping","data":{"t":{"a":[1,2.5,-3e7,"x",null,true]}},"id":"p","cseq":4}"#,
    r#"{"type":"room-created","data":{"id":"r","name":"Room","capacity":5,"topology":"mesh","mix":"host","listed":false,"password":"p"}}"#,
    r#"{"type":"user-joined-room","data":{"roomId":"show","userId":"eve","role":"host","create":{"name":"Show","capacity":3}},"id":7}"#,
    r#"{"type":"user-left-room","data":{"roomId":"r"},"cseq":5}"#,
    r#"{"type":"room-list-request","data":{"deltas":true}}"#,
    r#"{"type":"set-role","data":{"roomId":"r","userId":"eve","role":"listener"}}"#,
    r#"{"type":"remove-user","data":{"roomId":"r","userId":"nobody"}}"#,
    r#"{"type":"mute-request","data":{"roomId":"r","userId":"nobody"}}"#,
    r#"{"type":"recording","data":{"roomId":"r","active":true}}"#,
    r#"{"type":"update-room","data":{"roomId":"r","name":"New","capacity":9,"locked":true}}"#,
    r#"{"type":"end-room","data":{"roomId":"r"}}"#,
    r#"{"type":"offer","data":{"to":"x","sdp":"v=0\r\na=ice-ufrag:abcd\r\n","attempt":1,"n":1,"tracks":[{"mid":"0","source":"microphone"}]}}"#,
    r#"{"type":"answer","data":{"to":"x","sdp":"v=0\r\n","attempt":1,"n":1}}"#,
    r#"{"type":"ice-candidate","data":{"to":"x","candidate":{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"abcd"},"attempt":1}}"#,
    r#"{"type":"track-state","data":{"roomId":"r","audioEnabled":true,"videoEnabled":false,"tracks":[{"source":"camera","kind":"video","enabled":true}]}}"#,
    r#"{"type":"chat","data":{"roomId":"r","text":"hi \ud83d\ude00","chatId":"c1"}}"#,
    r#"{"type":"message","data":{"roomId":"r","to":"x","payload":[{"deep":[[[]]]}]}}"#,
];

/// Bytes that mean something to a JSON parser, or nothing to anybody.
const INTERESTING: &[u8] = b"{}[]\",:\\0-eE \x00\x7f";

fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(bound.max(1)).unwrap()).unwrap()
}

/// A valid frame with some of its bytes changed, doubled, dropped, or crossed with another frame's.
fn damaged(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = VALID[below(rng, VALID.len())].as_bytes().to_vec();
    for _ in 0..=below(rng, 4) {
        let at = below(rng, bytes.len());
        match below(rng, 7) {
            0 => bytes[at] = rng.next_u32().to_le_bytes()[0],
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, INTERESTING[below(rng, INTERESTING.len())]),
            3 => bytes.truncate(at),
            4 => {
                let end = at + below(rng, bytes.len() - at);
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            5 => {
                let other = VALID[below(rng, VALID.len())].as_bytes();
                bytes.truncate(at);
                bytes.extend(&other[below(rng, other.len())..]);
            }
            _ => bytes.splice(at..at, b"\\ud800\"".iter().copied()).for_each(drop),
        }
        if bytes.is_empty() {
            bytes.push(b' ');
        }
    }
    bytes
}

#[test]
fn fuzz_the_parser_reads_or_refuses_whatever_comes() {
    for frame in VALID {
        ClientFrame::parse(frame).unwrap();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut read, mut refused) = (0, 0);
    for round in 0..60_000 {
        let bytes = if round % 4 == 0 {
            let mut bytes = vec![0; below(&mut rng, 200)];
            rng.fill_bytes(&mut bytes);
            bytes
        } else {
            damaged(&mut rng)
        };
        match ClientFrame::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(_) => read += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.refusal.message.is_empty());
                serde_json::to_string(&error.refusal).unwrap();
            }
        }
    }
    assert!(read > 1_000 && refused > 10_000, "both happen: {read} read, {refused} refused");
}

#[tokio::test]
async fn fuzz_a_live_session_survives_damaged_frames() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for round in 0..60 {
        let mut eve = server.client().await;
        if round % 2 == 0 {
            eve.text(VALID[0]).await;
            eve.text(VALID[3]).await;
        }
        for _ in 0..30 {
            let bytes = damaged(&mut rng);
            let frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
            // After its last strike the server closes; whatever else goes wrong shows below.
            if eve.socket.send(Message::Frame(frame)).await.is_err() {
                break;
            }
        }
        drop(eve);
    }
    talk("show", &mut ada, &mut bob, "undisturbed").await;
    assert_eq!(server.metric("parlor_registry_panics_total").await, 0);
}

#[tokio::test]
async fn fuzz_a_live_socket_survives_bytes_that_are_no_frames() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for round in 0..60 {
        let mut tcp = TcpStream::connect(server.addr).await.unwrap();
        if round % 3 != 0 {
            let handshake = format!(
                "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                server.addr
            );
            tcp.write_all(handshake.as_bytes()).await.unwrap();
        }
        let mut bytes = vec![0; 1 + below(&mut rng, 3_000)];
        rng.fill_bytes(&mut bytes);
        // Bytes behind which nothing comes: the server answers, closes, or waits for more; then this side ends.
        drop(tcp.write_all(&bytes).await);
        drop(tcp.shutdown().await);
        let mut answer = Vec::new();
        drop(soon("the end of a connection", tcp.read_to_end(&mut answer)).await);
    }
    talk("show", &mut ada, &mut bob, "undisturbed").await;
    assert_eq!(server.metric("parlor_registry_panics_total").await, 0);
    server.metric_becomes("parlor_sockets", 2).await;
}
