//! What `/metrics` says.

use futures_util::SinkExt;
use serde_json::json;

use crate::support::{Server, config};

#[tokio::test]
async fn vc_05_metrics_follow_what_is_there_and_go_back_to_zero() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    ada.expect("user-joined-room").await;
    for (name, value) in [
        ("parlor_sockets", 2),
        ("parlor_sessions", 2),
        ("parlor_rooms", 1),
        ("parlor_participants", 2),
        ("parlor_watchers", 2),
        ("parlor_joins_total", 2),
        ("parlor_rooms_made_total", 1),
        ("parlor_registry_panics_total", 0),
        ("parlor_queued_frames", 0),
    ] {
        assert_eq!(server.metric(name).await, value, "{name}");
    }
    bob.send("ice-candidate", json!({"to": "ada", "candidate": null, "attempt": 1})).await;
    ada.expect("ice-candidate").await;
    assert_eq!(server.metric("parlor_signals_relayed_total").await, 1);
    let refused = bob.request("user-joined-room", json!({"roomId": "nowhere"})).await;
    assert_eq!(refused["data"]["code"], "room-not-found");
    assert_eq!(server.metric("parlor_errors_total{code=\"room-not-found\"}").await, 1);
    assert_eq!(server.metric("parlor_errors_total{code=\"bad-message\"}").await, 0);
    bob.socket.send(tokio_tungstenite::tungstenite::Message::binary(vec![1])).await.unwrap();
    bob.closed().await;
    assert_eq!(server.metric("parlor_socket_closes_total{code=\"1003\"}").await, 1);

    let received = server.metric("parlor_frames_received_total").await;
    assert!(received >= 6, "{received}");
    assert!(server.metric("parlor_frames_sent_total").await >= 6);
    assert!(server.metric("parlor_bytes_received_total").await > received);

    let mut bob = server.client().await;
    assert_eq!(bob.request("ping", json!({"t": 0})).await["type"], "ok");
    bob.close_with(1000).await;
    ada.close_with(1000).await;
    for name in ["parlor_sockets", "parlor_queued_frames", "parlor_queued_bytes"] {
        server.metric_becomes(name, 0).await;
    }
}

#[tokio::test]
async fn the_text_is_one_that_prometheus_reads() {
    let server = Server::start(config()).await;
    let answer = server.get("/metrics").await;
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("parlor_"), "{line}");
        value.parse::<f64>().unwrap();
    }
}
