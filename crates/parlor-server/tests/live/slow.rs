//! Clients that do not read: closed in bounded time, and nobody else loses anything.

use serde_json::json;
use tokio::net::TcpSocket;

use crate::support::{Client, Server, config, soon, talk};

/// A client whose kernel takes as little as it can for it.
async fn narrow(server: &Server) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let tcp = socket.connect(server.addr).await.unwrap();
    Client::from_stream(tcp, server.addr).await
}

#[tokio::test]
async fn bad_input_a_client_that_never_reads_is_closed_with_1013_and_others_lose_nothing() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    let mut slow = narrow(&server).await;
    slow.hello(json!({"userId": "slow"})).await;
    slow.join("show").await;
    ada.expect("user-joined-room").await;
    ada.expect("user-joined-room").await;

    let filler = "x".repeat(8_000);
    let mut sent = 0;
    // Each message is answered before the next one goes, so ada stays within her rate and reads what comes.
    let left = soon("the slow one to be closed", async {
        loop {
            sent += 1;
            let id = format!("m{sent}");
            let data = json!({"roomId": "show", "payload": {"n": sent, "filler": filler}});
            ada.text(json!({"type": "message", "data": data, "id": id}).to_string()).await;
            loop {
                let frame = ada.next().await;
                if frame["type"] == "user-left-room" {
                    return frame;
                }
                if frame["re"] == id {
                    break;
                }
            }
        }
    })
    .await;
    assert_eq!(left["data"]["userId"], "slow");
    for n in 1..=sent {
        assert_eq!(bob.expect("message").await["data"]["payload"]["n"], n);
    }
    talk("show", &mut ada, &mut bob, "undisturbed").await;
    assert_eq!(server.metric("parlor_outbox_overflows_total").await, 1);

    // When it reads at last, it finds what had been on its way, and then why it was closed.
    let close = slow.closed().await.expect("a close frame");
    assert_eq!(close.0, 1013, "{close:?}");
    server.metric_becomes("parlor_sockets", 2).await;
}

#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_closed_in_bounded_time() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    let mut greedy = narrow(&server).await;
    greedy.hello(json!({"userId": "greedy"})).await;
    let filler = "x".repeat(60_000);
    // It asks for more and more, until its own socket is stuck, too.
    let asking = tokio::spawn(async move {
        loop {
            let ping = json!({"type": "ping", "data": {"t": filler}, "id": 1}).to_string();
            use futures_util::SinkExt;
            let message = tokio_tungstenite::tungstenite::Message::text(ping);
            if greedy.socket.send(message).await.is_err() {
                return;
            }
        }
    });
    soon("its connection to end", asking).await.unwrap();
    talk("show", &mut ada, &mut bob, "undisturbed").await;
    server.metric_becomes("parlor_queued_bytes", 0).await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_but_steadily_loses_nothing() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut slow = narrow(&server).await;
    slow.hello(json!({"userId": "slow"})).await;
    slow.join("show").await;
    let filler = "x".repeat(2_000);
    for n in 0..600 {
        let data = json!({"roomId": "show", "payload": {"n": n, "filler": filler}});
        assert_eq!(ada.request("message", data).await["type"], "ok");
        if n % 3 == 2 {
            for expected in n - 2..=n {
                assert_eq!(slow.expect("message").await["data"]["payload"]["n"], expected);
            }
        }
    }
}
