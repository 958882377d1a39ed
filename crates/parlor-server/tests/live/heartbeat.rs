//! Clients that are there by the kernel's word only: half-open, stopped in mid-frame, silent.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, HASTY_SUSPECT, Server, hasty, soon};

/// A client by hand: it has said `hello` and joined, and from then on answers nothing, not even pings.
async fn mute_client(server: &Server, id: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(server.addr).await.unwrap();
    let handshake = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.addr
    );
    tcp.write_all(handshake.as_bytes()).await.unwrap();
    let hello = json!({"type": "hello", "data": {"userId": id, "instance": "i"}}).to_string();
    let join = json!({"type": "user-joined-room", "data": {"roomId": "show"}}).to_string();
    tcp.write_all(&masked_text(hello.as_bytes())).await.unwrap();
    tcp.write_all(&masked_text(join.as_bytes())).await.unwrap();
    tcp
}

/// A text frame as a client sends it (RFC 6455, section 5.2), with a mask of zeros.
fn masked_text(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(len) if len < 126 => frame.push(0x80 | len),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    frame
}

async fn is_suspect_then_gone(ada: &mut Client, id: &str) {
    let suspect = ada.expect("user-updated").await;
    assert_eq!(suspect["data"]["participant"]["id"], id);
    assert_eq!(suspect["data"]["participant"]["suspect"], true);
    let left = ada.expect("user-left-room").await;
    assert_eq!(left["data"]["userId"], id);
    assert_eq!(left["data"]["reason"], "timeout");
}

#[tokio::test]
async fn vc_06_a_client_that_answers_no_ping_is_suspect_then_gone_and_its_connection_ends() {
    let server = Server::start(hasty()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut mute = mute_client(&server, "mute").await;
    ada.expect("user-joined-room").await;
    is_suspect_then_gone(&mut ada, "mute").await;
    let mut bytes = Vec::new();
    soon("the end of the connection", mute.read_to_end(&mut bytes)).await.unwrap();
    server.metric_becomes("parlor_sockets", 1).await;
}

#[tokio::test]
async fn bad_input_a_client_that_stops_mid_frame_is_found_by_the_heartbeat() {
    let server = Server::start(hasty()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut stopped = mute_client(&server, "stopped").await;
    ada.expect("user-joined-room").await;
    let frame = masked_text(&[b'x'; 1000]);
    stopped.write_all(&frame[..500]).await.unwrap();
    is_suspect_then_gone(&mut ada, "stopped").await;
    let mut bytes = Vec::new();
    soon("the end of the connection", stopped.read_to_end(&mut bytes)).await.unwrap();
}

#[tokio::test]
async fn a_client_that_only_answers_pings_stays() {
    let server = Server::start(hasty()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    ada.expect("user-joined-room").await;
    // Both read, which answers pings, for more than twice the time after which silence is suspect.
    let patience = HASTY_SUSPECT * 2 + HASTY_SUSPECT / 5;
    let (one, other) = tokio::join!(
        tokio::time::timeout(patience, ada.expect("user-updated")),
        tokio::time::timeout(patience, bob.expect("user-updated")),
    );
    assert!(one.is_err() && other.is_err(), "somebody was taken for silent");
}
