//! The broker for PeerJS at real sockets: each row of PeerServer's protocol, and what is better here.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use parlor_server::{Config, PeerConfig, PeerKeys, Peerjs, RoomConfig};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Client, Server, config, soon};

/// How long somebody who holds an id has for a sign of life with [`hasty`] settings. Who is only served late, on a machine with
/// other work, is not taken for silent.
const CONTEST_MS: u64 = 4_000;

/// Shorter waits of the broker, where nobody's answer has to come within them.
fn hasty() -> Config {
    let peers = PeerConfig {
        expire_ms: 500,
        ping_ms: 600,
        gone_ms: 6_000,
        contest_ms: CONTEST_MS,
        doubt_ms: 100,
        has_discovery: true,
        ..PeerConfig::default()
    };
    Config { room: RoomConfig { peers, ..config().room }, ..config() }
}

fn settings(peerjs: Peerjs, peers: PeerConfig) -> Config {
    Config { peerjs, room: RoomConfig { peers, ..config().room }, ..config() }
}

impl Server {
    async fn knock(&self, query: &str) -> Client {
        self.knock_at(&format!("/peerjs/peerjs?{query}")).await
    }

    async fn knock_at(&self, path: &str) -> Client {
        let tcp = TcpStream::connect(self.addr).await.unwrap();
        Client::at(tcp, &format!("ws://{}{path}", self.addr)).await.unwrap()
    }

    async fn peer(&self, id: &str) -> Client {
        let mut peer = self.knock(&format!("key=peerjs&id={id}&token=t-{id}&version=1.5.5")).await;
        assert_eq!(peer.next().await, json!({"type": "OPEN"}));
        peer
    }

    /// An HTTP request with headers; status, headers and body of the answer.
    async fn ask(&self, method: &str, path: &str, headers: &str) -> crate::support::Answer {
        let host = self.addr;
        self.request(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        ))
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_http_answers_as_peerserver_does() {
    let server = Server::start(config()).await;
    for path in ["/peerjs/", "/peerjs"] {
        let about = server.get(path).await;
        assert_eq!(about.status, 200);
        let about: Value = serde_json::from_str(&about.text()).unwrap();
        assert!(
            about["name"].is_string() && about["description"].is_string() && about["website"].is_string()
        );
    }
    let id = server.get("/peerjs/peerjs/id?ts=17&version=1.5.5").await;
    assert_eq!((id.status, id.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(id.text().len(), 36);
    assert_ne!(id.text(), server.get("/peerjs/peerjs/id").await.text());
    let peers = server.get("/peerjs/peerjs/peers").await;
    assert_eq!((peers.status, peers.text().as_str()), (401, "Unauthorized"));
    for what in ["id", "peers"] {
        assert_eq!(
            server.get(&format!("/peerjs/other/{what}")).await.status,
            401,
            "better: the key is looked at"
        );
    }
    for path in ["/peerjs/x", "/peerjs/peerjs/other", "/peerjs/peerjs", "/peerjs/a/b/c", "/peerjs/%ff/id2"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    assert_eq!(server.ask("POST", "/peerjs/peerjs/id", "Content-Length: 0\r\n").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_cors_reflects_any_origin_or_those_that_are_allowed() {
    let server = Server::start(config()).await;
    let asked = "Origin: https://game.example\r\nAccess-Control-Request-Headers: x-one, x-two\r\n";
    let preflight = server.ask("OPTIONS", "/peerjs/peerjs/id", asked).await;
    assert_eq!(preflight.status, 204);
    let header = |name| preflight.header(name);
    assert_eq!(header("access-control-allow-methods"), Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
    assert_eq!(header("access-control-allow-headers"), Some("x-one, x-two"));
    assert_eq!(header("access-control-allow-origin"), Some("https://game.example"));
    let id = server.ask("GET", "/peerjs/peerjs/id", "Origin: https://game.example\r\n").await;
    assert_eq!(id.header("access-control-allow-origin"), Some("https://game.example"));
    assert_eq!(id.header("vary"), Some("Origin"));
    // What is behind the broker keeps its own guard.
    assert_eq!(server.ask("GET", "/readyz", "Origin: https://game.example\r\n").await.status, 403);
    assert_eq!(
        server
            .request("GET /peerjs/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            .await
            .status,
        421
    );

    let allow_origins = vec!["https://a.example".to_owned(), "https://b.example".to_owned()];
    let server =
        Server::start(settings(Peerjs { allow_origins, ..Peerjs::default() }, PeerConfig::default())).await;
    for (origin, reflected) in
        [("https://a.example", true), ("https://b.example", true), ("https://c.example", false)]
    {
        let id = server.ask("GET", "/peerjs/peerjs/id", &format!("Origin: {origin}\r\n")).await;
        assert_eq!(id.status, 200, "also where it is not allowed");
        assert_eq!(id.header("access-control-allow-origin"), reflected.then_some(origin));
        let upgrade = format!(
            "Origin: {origin}\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        let host = server.addr;
        let head = format!(
            "GET /peerjs/peerjs?key=x HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n{upgrade}\r\n"
        );
        assert_eq!(server.head(&head).await, if reflected { 101 } else { 403 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_discovery_lists_the_peers_of_a_key() {
    let server = Server::start(hasty()).await;
    let _ann = server.peer("ann").await;
    let _bob = server.peer("bob%20b").await;
    let peers = server.get("/peerjs/peerjs/peers").await;
    assert_eq!((peers.status, peers.header("content-type")), (200, Some("application/json; charset=utf-8")));
    let mut ids: Vec<String> = serde_json::from_str(&peers.text()).unwrap();
    ids.sort();
    assert_eq!(ids, ["ann", "bob b"]);
    assert_eq!(server.metric("parlor_peers").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_a_socket_opens_where_the_client_looks_for_it_and_nowhere_else() {
    let server = Server::start(config()).await;
    for path in
        ["/peerjs/peerjs/?key=peerjs&id=a&token=t", "/peerjs/other", "/peerjs/", "/peerjs", "/peerjs/a/id"]
    {
        let tcp = TcpStream::connect(server.addr).await.unwrap();
        match Client::at(tcp, &format!("ws://{}{path}", server.addr)).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), 400, "{path}"),
            other => panic!("{path}: {:?}", other.map(|_| "a socket")),
        }
    }
    let missing =
        json!({"type": "ERROR", "payload": {"msg": "No id, token, or key supplied to websocket server"}});
    for query in ["", "id=a&token=t", "key=peerjs&token=t", "key=peerjs&id=a", "key=peerjs&id=&token=t"] {
        let mut peer = server.knock(query).await;
        assert_eq!(peer.next().await, missing, "{query}");
        assert_eq!(peer.closed().await.map(|close| close.0), Some(1008));
    }
    let mut peer = server.knock("key=wrong&id=a&token=t").await;
    assert_eq!(peer.next().await, json!({"type": "ERROR", "payload": {"msg": "Invalid key provided"}}));
    assert!(peer.closed().await.is_some());
    let mut peer = server.knock("id=no&key=wrong&token=t&key=peerjs&id=last%20one").await;
    assert_eq!(peer.next().await, json!({"type": "OPEN"}), "the last of two counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_path_and_keys_are_settings() {
    let peers = PeerConfig { keys: PeerKeys::Any, ..PeerConfig::default() };
    let root = Peerjs { path: Some("/".to_owned()), ..Peerjs::default() };
    let server = Server::start(settings(root, peers.clone())).await;
    assert_eq!(server.get("/null/id").await.text().len(), 36);
    assert_eq!(
        server.get("/").await.header("content-type"),
        Some("text/html; charset=utf-8"),
        "the page stays"
    );
    let mut peer = server.knock_at("/peerjs?key=null&id=a&token=t").await;
    assert_eq!(peer.next().await, json!({"type": "OPEN"}));

    let deep = Peerjs { path: Some("/games/chess/".to_owned()), ..Peerjs::default() };
    let server = Server::start(settings(deep, peers)).await;
    assert_eq!(server.get("/games/chess/any/id").await.text().len(), 36);
    assert_eq!(server.get("/games/chess").await.status, 200);
    let mut peer = server.knock_at("/games/chess/peerjs?key=any&id=a&token=t").await;
    assert_eq!(peer.next().await, json!({"type": "OPEN"}));

    let server =
        Server::start(settings(Peerjs { path: None, ..Peerjs::default() }, PeerConfig::default())).await;
    assert_eq!(server.get("/peerjs/peerjs/id").await.status, 404);
    for path in ["/ws/", "/api/", "peerjs", "/peerjs", "/a//b/", "/a b/", "/{x}/"] {
        let broker = Peerjs { path: Some(path.to_owned()), ..Peerjs::default() };
        assert!(settings(broker, PeerConfig::default()).check().is_err(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_peers_talk_and_what_is_malformed_kills_nothing() {
    let server = Server::start(config()).await;
    let mut ann = server.peer("ann").await;
    let mut bob = server.peer("bob").await;
    for text in ["null", "not JSON", "{", "[]", "7", "\"x\"", "{\"type\":7}", "{\"type\":\"OFFER\"}"] {
        for _ in 0..30 {
            ann.text(text).await;
        }
    }
    ann.socket.send(Message::binary(vec![0xff; 100])).await.unwrap();
    ann.socket.send(Message::Ping(Vec::new().into())).await.unwrap();
    for kind in ["OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE"] {
        let payload =
            json!({"sdp": {"type": "offer", "sdp": "v=0\r\n"}, "type": "data", "connectionId": "dc_1"});
        ann.text(json!({"type": kind, "payload": payload, "dst": "bob", "src": "eve", "x": 1}).to_string())
            .await;
        assert_eq!(bob.next().await, json!({"type": kind, "src": "ann", "dst": "bob", "payload": payload}));
    }
    assert_eq!(server.metric("parlor_peer_frames_malformed_total").await, 30 * 6 + 1);
    // A frame that is too large ends one socket.
    ann.text("x".repeat(300_000)).await;
    assert_eq!(ann.closed().await.map(|close| close.0), Some(1009));
    let mut ann = server.peer("ann").await;
    bob.text(r#"{"type":"OFFER","dst":"ann"}"#).await;
    assert_eq!(ann.next().await, json!({"type": "OFFER", "src": "bob", "dst": "ann"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_03_somebody_absent_expires_at_five_seconds_and_who_comes_before_gets_what_waits() {
    let server = Server::start(config()).await;
    let mut ann = server.peer("ann").await;
    let start = Instant::now();
    ann.text(r#"{"type":"OFFER","dst":"nobody","payload":1}"#).await;
    ann.text(r#"{"type":"OFFER","dst":"late","payload":2}"#).await;
    ann.text(r#"{"type":"CANDIDATE","dst":"late","payload":3}"#).await;
    server.metric_becomes("parlor_peer_frames_parked", 3).await;
    let mut late = server.peer("late").await;
    for (kind, payload) in [("OFFER", 2), ("CANDIDATE", 3)] {
        assert_eq!(late.next().await, json!({"type": kind, "src": "ann", "dst": "late", "payload": payload}));
    }
    assert_eq!(ann.next().await, json!({"type": "EXPIRE", "src": "nobody", "dst": "ann"}));
    // It may come later on a machine that is busy, never earlier; the timer itself is shown exactly elsewhere.
    assert!(start.elapsed() >= Duration::from_millis(4_990), "{:?}", start.elapsed());
    server.metric_becomes("parlor_peer_queues", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_02_the_same_token_takes_over_a_half_open_socket_and_another_one_waits_for_a_sign_of_life() {
    let server = Server::start(hasty()).await;
    let mut bob = server.peer("bob").await;
    // Nobody reads from it any more: no pong, no close frame.
    let mut old = server.peer("ann").await;
    let mut new = server.peer("ann").await;
    bob.text(r#"{"type":"OFFER","dst":"ann","payload":1}"#).await;
    assert_eq!(new.next().await["payload"], 1);
    assert_eq!(old.closed().await.map(|close| close.0), Some(4001), "and the old one is closed");

    let start = Instant::now();
    let mut reloaded = server.knock("key=peerjs&id=ann&token=another").await;
    assert_eq!(reloaded.next().await, json!({"type": "OPEN"}));
    let contest = Duration::from_millis(CONTEST_MS - 10);
    assert!(start.elapsed() >= contest, "the holder had its time: {:?}", start.elapsed());
    assert_eq!(new.closed().await.map(|close| close.0), Some(4001));

    // One that reads answers pings, and keeps its id.
    let reading = tokio::spawn(async move { reloaded.next_or_close().await.is_ok() });
    let mut thief = server.knock("key=peerjs&id=ann&token=third").await;
    assert_eq!(thief.next().await, json!({"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}));
    assert_eq!(thief.closed().await.map(|close| close.0), Some(1008));
    bob.text(r#"{"type":"OFFER","dst":"ann","payload":2}"#).await;
    assert!(soon("the offer", reading).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_a_peer_that_answers_pings_stays_and_one_that_does_not_is_gone() {
    let server = Server::start(hasty()).await;
    let mut quiet = server.peer("quiet").await;
    let quiet = tokio::spawn(async move { quiet.next_or_close().await });
    let _dead = server.peer("dead").await;
    server.metric_becomes("parlor_peers_lost_total", 1).await;
    assert_eq!(server.metric("parlor_peers").await, 1);
    assert!(!quiet.is_finished(), "no HEARTBEAT, but pongs");
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_02_ids_of_participants_and_of_peers_are_one_set_and_rooms_one_list() {
    let server = Server::start(config()).await;
    let mut ada = server.user("ada").await;
    let mut peer = server.knock("key=peerjs&id=ada&token=t").await;
    assert_eq!(peer.next().await["type"], "ID-TAKEN");
    let mut hub = server.knock("key=peerjs&id=hub&token=t").await;
    assert_eq!(hub.next().await["type"], "ID-TAKEN");
    let ann = server.peer("ann").await;
    let mut other = server.client().await;
    let refused = other.request("hello", json!({"userId": "ann"})).await;
    assert_eq!(refused["data"]["code"], "unavailable-id");
    ada.send("room-list-request", json!({})).await;
    let room = loop {
        let list = ada.expect("server-room-list").await;
        if let Some(room) = list["data"]["rooms"].get(0) {
            break room.clone();
        }
    };
    assert_eq!((&room["id"], &room["via"]), (&json!("peerjs"), &json!("peerjs")));
    assert_eq!(
        room["participants"],
        json!([{"id": "ann", "name": "ann", "role": "caller", "via": "peerjs"}])
    );
    let refused = ada.request("user-joined-room", json!({"roomId": "peerjs"})).await;
    assert_eq!(refused["data"]["code"], "forbidden");
    drop(ann);
    server.metric_becomes("parlor_peers", 0).await;
    server.metric_becomes("parlor_rooms", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gp_01_peers_that_fall_silent_or_come_and_go_leave_nothing() {
    let mut server = Server::start(hasty()).await;
    for round in 0..5 {
        let mut there = Vec::new();
        for number in 0..10 {
            let mut peer = server.peer(&format!("p{number}")).await;
            peer.text(json!({"type": "OFFER", "dst": format!("absent-{round}"), "payload": 1}).to_string())
                .await;
            there.push(peer);
        }
        for (number, mut peer) in there.into_iter().enumerate() {
            match number % 3 {
                0 => peer.close_with(1000).await,
                1 => peer.text(r#"{"type":"LEAVE"}"#).await,
                _ => {}
            }
        }
    }
    for gauge in [
        "parlor_peers",
        "parlor_peer_sockets",
        "parlor_peer_queues",
        "parlor_peer_bytes_parked",
        "parlor_rooms",
    ] {
        server.metric_becomes(gauge, 0).await;
    }
    let mut last = server.peer("last").await;
    server.stop();
    assert_eq!(last.closed().await.map(|close| close.0), Some(1012));
    server.stopped().await;
}
