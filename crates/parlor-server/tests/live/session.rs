//! The contract's section Session over a real socket.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Server, at_best, config, hasty, ids, soon, talk};

#[tokio::test]
async fn rr_02_rr_06_hello_create_join_and_the_list_over_a_real_socket() {
    let server = Server::start(config()).await;
    let mut ada = server.client().await;
    let welcome = ada.hello(json!({"userId": "ada", "userName": "Ada", "instance": "i1"})).await;
    assert_eq!(welcome["data"]["userId"], "ada");
    assert_eq!(welcome["data"]["protocol"], 1);
    assert_eq!(welcome["data"]["resumed"], false);
    assert_eq!(welcome["data"]["limits"]["frameBytes"], 262_144);

    ada.text(r#"{"type":"room-created","data":{"id":"show","name":"The Show"},"id":"c1"}"#).await;
    let joined = ada.expect("room-joined").await;
    assert_eq!(joined["data"]["room"]["capacity"], 10);
    assert_eq!(ids(&joined["data"]["participants"]), ["ada"]);
    assert_eq!(ada.expect("ok").await["re"], "c1");

    let mut bob = server.user("bob").await;
    let answer = bob.request("user-joined-room", json!({"roomId": "show"})).await;
    assert_eq!(answer["type"], "ok");
    let told = ada.expect("user-joined-room").await;
    assert_eq!(told["data"]["userId"], "bob");
    assert_eq!(ids(&told["data"]["participants"]), ["ada", "bob"]);

    let mut watcher = server.client().await;
    watcher.send("room-list-request", json!({})).await;
    let list = watcher.expect("server-room-list").await;
    assert_eq!(list["data"]["rooms"][0]["name"], "The Show");
    assert_eq!(ids(&list["data"]["rooms"][0]["participants"]), ["ada", "bob"]);
    talk("show", &mut ada, &mut bob, "hello").await;
}

#[tokio::test]
async fn offers_answers_and_candidates_are_relayed_as_they_came() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    let sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n";
    ada.send("offer", json!({"to": "bob", "sdp": sdp, "attempt": 1, "n": 1})).await;
    let offer = bob.expect("offer").await;
    assert_eq!(offer["data"], json!({"from": "ada", "instance": "i-ada", "sdp": sdp, "attempt": 1, "n": 1}));
    bob.send("answer", json!({"to": "ada", "sdp": sdp, "attempt": 1, "n": 1})).await;
    assert_eq!(ada.expect("answer").await["data"]["from"], "bob");
    bob.send("ice-candidate", json!({"to": "ada", "candidate": null, "attempt": 1})).await;
    assert_eq!(ada.expect("ice-candidate").await["data"]["candidate"], json!(null));
}

#[tokio::test]
async fn a_dropped_connection_is_resumed_and_nothing_is_lost() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let bob = server.in_room("bob", "show").await;
    ada.expect("user-joined-room").await;

    let (token, last_seq) = (bob.resume_token.clone(), bob.last_seq);
    drop(bob);
    assert_eq!(ada.expect("user-updated").await["data"]["participant"]["suspect"], true);
    for n in 0..20 {
        ada.send("message", json!({"roomId": "show", "to": "bob", "payload": n})).await;
    }
    assert_eq!(ada.request("ping", json!({"t": 1})).await["type"], "ok");

    let mut bob = server.client().await;
    bob.last_seq = last_seq;
    let resume = json!({"token": token, "lastSeq": last_seq});
    let welcome = bob.hello(json!({"userId": "bob", "instance": "i-bob", "resume": resume})).await;
    assert_eq!(welcome["data"]["resumed"], true);
    for n in 0..20 {
        assert_eq!(bob.expect("message").await["data"]["payload"], n);
    }
    assert_eq!(ada.expect("user-updated").await["data"]["participant"]["suspect"], false);
    talk("show", &mut ada, &mut bob, "again").await;
}

#[tokio::test]
async fn a_resume_may_replay_as_much_as_is_kept() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let bob = server.in_room("bob", "show").await;
    ada.expect("user-joined-room").await;
    let (token, last_seq) = (bob.resume_token.clone(), bob.last_seq);
    drop(bob);
    ada.expect("user-updated").await;
    for n in 0..250 {
        ada.send("message", json!({"roomId": "show", "to": "bob", "payload": n})).await;
    }
    assert_eq!(ada.request("ping", json!({})).await["type"], "ok");
    let mut bob = server.client().await;
    bob.last_seq = last_seq;
    let resume = json!({"token": token, "lastSeq": last_seq});
    let welcome = bob.hello(json!({"userId": "bob", "instance": "i-bob", "resume": resume})).await;
    assert_eq!(welcome["data"]["resumed"], true);
    for n in 0..250 {
        assert_eq!(bob.expect("message").await["data"]["payload"], n);
    }
}

#[tokio::test]
async fn vc_06_a_closed_tab_is_gone_at_once() {
    for code in [1000, 1001] {
        let close = async || {
            let server = Server::start(config()).await;
            let mut ada = server.in_room("ada", "show").await;
            let mut bob = server.in_room("bob", "show").await;
            ada.expect("user-joined-room").await;
            let started = Instant::now();
            bob.close_with(code).await;
            let left = ada.expect("user-left-room").await;
            let took = started.elapsed();
            assert_eq!(left["data"]["userId"], "bob");
            assert_eq!(left["data"]["reason"], "disconnected");
            assert_eq!(ids(&left["data"]["participants"]), ["ada"]);
            took
        };
        at_best("at once", close, |took| *took < Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_close_without_a_code_is_a_leave_and_4000_is_not() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut bob = server.in_room("bob", "show").await;
    bob.socket.close(None).await.unwrap();
    assert_eq!(ada.expect("user-left-room").await["data"]["reason"], "disconnected");
    let mut eve = server.in_room("eve", "show").await;
    eve.close_with(4000).await;
    let updated = ada.expect("user-updated").await;
    assert_eq!(updated["data"]["participant"]["id"], "eve");
    assert_eq!(updated["data"]["participant"]["suspect"], true);
    // The close is answered with the code that came, and the connection ends.
    assert_eq!(bob.closed().await, None);
    assert_eq!(eve.closed().await.unwrap().0, 4000);
}

#[tokio::test]
async fn vc_06_a_lost_connection_is_suspect_at_once_and_gone_after_the_grace() {
    let server = Server::start(hasty()).await;
    let mut ada = server.in_room("ada", "show").await;
    let bob = server.in_room("bob", "show").await;
    drop(bob);
    assert_eq!(ada.expect("user-updated").await["data"]["participant"]["suspect"], true);
    let left = ada.expect("user-left-room").await;
    assert_eq!(left["data"]["reason"], "timeout");
    assert_eq!(left["data"]["userId"], "bob");
}

#[tokio::test]
async fn a_resume_takes_over_from_a_socket_believed_open() {
    let server = Server::start(config()).await;
    let mut ada = server.in_room("ada", "show").await;
    let mut old = server.in_room("bob", "show").await;
    ada.expect("user-joined-room").await;
    let mut new = server.client().await;
    new.last_seq = old.last_seq;
    let resume = json!({"token": old.resume_token, "lastSeq": old.last_seq});
    let welcome = new.hello(json!({"userId": "bob", "instance": "i-bob", "resume": resume})).await;
    assert_eq!(welcome["data"]["resumed"], true);
    assert_eq!(old.closed().await.unwrap().0, 4001);
    talk("show", &mut ada, &mut new, "from the new one").await;
}

#[tokio::test]
async fn an_identity_that_is_live_is_unavailable_elsewhere() {
    let server = Server::start(config()).await;
    let _ada = server.user("ada").await;
    let mut other = server.client().await;
    let answer = other.request("hello", json!({"userId": "ada"})).await;
    assert_eq!(answer["data"]["code"], "unavailable-id");
    other.hello(json!({"userId": "ada-2"})).await;
}

#[tokio::test]
async fn rr_08_an_empty_room_waits_and_then_ends() {
    let server = Server::start(hasty()).await;
    let mut ada = server.in_room("ada", "show").await;
    ada.close_with(1001).await;
    server.metric_becomes("parlor_rooms_empty", 1).await;
    server.metric_becomes("parlor_rooms", 0).await;
    server.metric_becomes("parlor_sockets", 0).await;
    server.metric_becomes("parlor_sessions", 0).await;
}

#[tokio::test]
async fn a_ping_of_the_websocket_is_answered() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let server = Server::start(config()).await;
    let mut ada = server.client().await;
    for n in 0..3_u8 {
        ada.socket.send(Message::Ping(vec![n].into())).await.unwrap();
        let pong = soon("a pong", ada.socket.next()).await.unwrap().unwrap();
        assert_eq!(pong, Message::Pong(vec![n].into()));
    }
}
