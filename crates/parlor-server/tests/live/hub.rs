//! The hub over real sockets: participants that are real WebRTC ends. What the hub decides is tested in `parlor-sfu`; here is that
//! datagrams, orders and reports find their way, and that nothing stays. How people go is in `departures.rs`.

use parlor_server::{Config, Media};
use serde_json::{Value, json};

use crate::star::{Guest, SHOWS, TALKS, all_until, assert_nothing_held};
use crate::support::{Server, config, hasty, ids, soon};

#[tokio::test]
async fn vc_01_each_sends_once_and_hears_everyone_over_real_sockets() {
    let server = Server::start(config()).await;
    let mut guests = Vec::new();
    for (index, name) in ["ann", "bob", "cat"].into_iter().enumerate() {
        guests.push(Guest::join(&server, name, index, TALKS).await);
    }
    all_until(&mut guests, "everyone to hear both others", |guest| guest.participant.heard().len() == 2)
        .await;
    all_until(&mut guests, "everyone to know who is in which slot", |guest| {
        guest.participant.in_slots().len() == 2
    })
    .await;
    assert_eq!(guests[0].participant.heard(), ["bob", "cat"]);
    assert_eq!(server.metric("parlor_hub_transports").await, 3);
    assert_eq!(server.metric("parlor_hub_producers").await, 3);
    assert_eq!(server.metric("parlor_hub_consumers").await, 6);

    all_until(&mut guests, "data channels", |guest| guest.participant.has_channel).await;
    // Chat on a data channel reaches the others, in the writer's name.
    let said =
        json!({"type": "chat", "data": {"roomId": "star", "text": "hello", "chatId": "c1"}}).to_string();
    assert!(guests[0].participant.say(&said));
    let has_read = |guest: &Guest| guest.participant.name == "ann" || !guest.participant.frames.is_empty();
    all_until(&mut guests, "a line of chat", has_read).await;
    let line: Value = serde_json::from_str(&guests[1].participant.frames[0]).unwrap();
    assert_eq!((&line["data"]["userId"], &line["data"]["text"]), (&json!("ann"), &json!("hello")));
    assert!(guests[0].participant.frames.is_empty(), "one hears nothing of oneself");
}

#[tokio::test]
async fn vc_02_vc_05_whoever_leaves_is_free_before_the_others_are_told_and_nothing_stays() {
    let server = Server::start(config()).await;
    let mut guests = Vec::new();
    for (index, name) in ["ann", "bob", "cat"].into_iter().enumerate() {
        guests.push(Guest::join(&server, name, index, SHOWS).await);
    }
    all_until(&mut guests, "everyone to see and hear", |guest| {
        guest.participant.heard().len() == 2 && guest.participant.in_slots().len() == 4
    })
    .await;
    let mut bob = guests.remove(1);
    bob.client.close_with(1001).await;
    guests[0].until("the news", |guest| guest.was_told("user-left-room")).await;
    // Read after the news, without waiting: bob's media was gone before it was sent.
    assert_eq!(server.metric("parlor_hub_transports").await, 2);
    assert_eq!(server.metric("parlor_hub_producers").await, 4);
    assert_eq!(server.metric("parlor_hub_consumers").await, 4);
    let left = guests[0].told.iter().find(|frame| frame["type"] == "user-left-room").unwrap();
    assert_eq!(ids(&left["data"]["participants"]), ["ann", "cat"]);
    all_until(&mut guests, "slots without bob", |guest| guest.participant.in_slots().len() == 2).await;
    for guest in &mut guests {
        guest.client.close_with(1001).await;
    }
    assert_nothing_held(&server).await;
}

#[tokio::test]
async fn vc_06_a_lost_participant_keeps_its_media_for_the_grace_and_no_longer() {
    let server = Server::start(hasty()).await;
    let mut ann = Guest::join(&server, "ann", 0, TALKS).await;
    let mut bob = Guest::join(&server, "bob", 1, TALKS).await;
    ann.until("a path", |guest| guest.participant.is_connected).await;
    bob.until("a path", |guest| guest.participant.is_connected).await;
    // The process is killed: its sockets are gone without a word.
    drop(bob);
    let is_suspect = |frame: &Value| frame["data"]["participant"]["suspect"] == true;
    ann.until("suspicion", |guest| guest.told.iter().any(is_suspect)).await;
    assert_eq!(server.metric("parlor_hub_transports").await, 2);
    ann.until("the news", |guest| guest.was_told("user-left-room")).await;
    assert_eq!(server.metric("parlor_hub_transports").await, 1);
}

#[tokio::test]
async fn the_hub_says_what_is_wrong_with_an_offer() {
    let server = Server::start(config()).await;
    let mut ann = Guest::join(&server, "ann", 0, TALKS).await;
    let offer = json!({"to": "hub", "roomId": "star", "sdp": "nonsense", "attempt": 1, "n": 2});
    ann.client.send("offer", offer).await;
    ann.until("a refusal", |guest| guest.was_told("error")).await;
    let error = &ann.told.iter().find(|frame| frame["type"] == "error").unwrap()["data"];
    assert_eq!(
        (&error["code"], &error["type"], &error["to"], &error["roomId"], &error["attempt"]),
        (&json!("bad-message"), &json!("offer"), &json!("hub"), &json!("star"), &json!(1))
    );
    ann.until("a path all the same", |guest| guest.participant.is_connected).await;
}

#[tokio::test]
async fn rooms_are_spread_over_the_threads_and_a_server_without_any_has_no_hub() {
    let server = Server::start(Config { media: Media { threads: 2, ..Media::default() }, ..config() }).await;
    let mut guest = Guest::join(&server, "ann", 0, TALKS).await;
    guest.until("a path", |guest| guest.participant.is_connected).await;

    let server = Server::start(Config { media: Media { threads: 0, ..Media::default() }, ..config() }).await;
    let mut client = server.user("ann").await;
    let create = json!({"name": "Star", "topology": "sfu"});
    let answer = client.request("user-joined-room", json!({"roomId": "star", "create": create})).await;
    assert_eq!(answer["data"]["code"], "forbidden");
}

#[tokio::test]
async fn a_server_that_stops_frees_all_media() {
    let mut server = Server::start(config()).await;
    let mut ann = Guest::join(&server, "ann", 0, TALKS).await;
    ann.until("a path", |guest| guest.participant.is_connected).await;
    server.stop();
    // The hub says good-bye to the other end, as a peer that is closed does.
    soon("the end", async { while ann.client.next_or_close().await.is_ok() {} }).await;
    soon("the server", server.stopped()).await;
}
