//! Frames however their bytes are cut on the way, in and out.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::support::{Client, Server, config, talk};

/// A frame as a client sends it.
fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 77, 177, 250];
    let header = FrameHeader { is_final, opcode, mask: Some(mask), ..FrameHeader::default() };
    let mut bytes = Vec::new();
    header.format(payload.len() as u64, &mut bytes).unwrap();
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn text(value: &serde_json::Value) -> Vec<u8> {
    frame(OpCode::Data(Data::Text), true, value.to_string().as_bytes())
}

fn message(n: usize, filler: &str) -> serde_json::Value {
    json!({"type": "message", "data": {"roomId": "show", "payload": {"n": n, "filler": filler}}})
}

async fn write(client: &mut Client, bytes: &[u8]) {
    let tcp = client.socket.get_mut();
    tcp.write_all(bytes).await.unwrap();
    tcp.flush().await.unwrap();
}

#[tokio::test]
async fn frames_arrive_whole_and_in_order_however_they_are_cut() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    ada.socket.get_ref().set_nodelay(true).unwrap();

    // Many in one piece, more than are looked at in one turn.
    let together: Vec<u8> = (0..60).flat_map(|n| text(&message(n, "grüße"))).collect();
    write(&mut ada, &together).await;
    // In pieces that end anywhere.
    let apart: Vec<u8> = (60..70).flat_map(|n| text(&message(n, &"ä".repeat(n)))).collect();
    for piece in apart.chunks(37) {
        write(&mut ada, piece).await;
        tokio::task::yield_now().await;
    }
    // In fragments that cut a character in two, with a ping between.
    let whole = message(70, "größer").to_string().into_bytes();
    let (first, rest) = whole.split_at(whole.iter().position(|byte| *byte >= 0x80).unwrap() + 1);
    write(&mut ada, &frame(OpCode::Data(Data::Text), false, first)).await;
    write(&mut ada, &frame(OpCode::Control(Control::Ping), true, b"there?")).await;
    write(&mut ada, &frame(OpCode::Data(Data::Continue), false, b"")).await;
    write(&mut ada, &frame(OpCode::Data(Data::Continue), true, rest)).await;
    // One that is larger than what is read at once, and one right behind it.
    let large = message(71, "large").to_string() + &" ".repeat(100_000);
    let large = frame(OpCode::Data(Data::Text), true, large.as_bytes());
    write(&mut ada, &[large, text(&message(72, "last"))].concat()).await;

    for n in 0..73 {
        let payload = bob.expect("message").await["data"]["payload"].clone();
        assert_eq!(payload["n"], n);
        if n == 70 {
            assert_eq!(payload["filler"], "größer");
        }
    }
    talk("show", &mut bob, &mut ada, "undisturbed").await;
}

#[tokio::test]
async fn what_waits_for_one_who_pauses_in_the_midst_of_a_frame_comes_whole_and_in_order() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let tcp = socket.connect(server.addr).await.unwrap();
    let mut slow = Client::from_stream(tcp, server.addr).await;
    slow.hello(json!({"userId": "slow"})).await;
    slow.join("show").await;

    // The kernel takes some of them for one who does not read, and stops in the midst of one.
    let filler = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap()).to_string().repeat(15_000);
    let mut sent = 0;
    while server.metric("parlor_queued_frames").await < 3 {
        let data = message(sent, &filler(sent))["data"].clone();
        assert_eq!(ada.request("message", data).await["type"], "ok");
        sent += 1;
        assert!(sent < 100, "the kernel takes all of it");
    }
    for n in 0..sent {
        let payload = slow.expect("message").await["data"]["payload"].clone();
        assert_eq!(payload["n"], n);
        assert_eq!(payload["filler"], filler(n));
    }
    server.metric_becomes("parlor_queued_bytes", 0).await;
    talk("show", &mut ada, &mut slow, "undisturbed").await;
}
