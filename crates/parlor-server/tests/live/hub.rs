//! The hub over real sockets: participants that are real WebRTC ends, with a UDP socket and a WebSocket each. What the hub
//! decides is tested in `parlor-sfu`; here is that datagrams, orders and reports find their way, and that nothing stays.

use std::time::{Duration, Instant};

use parlor_server::{Config, Media};
use parlor_sfu::SlotState;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use crate::participants::client::{Client as Participant, Plan, Send};
use crate::support::{Client, DEADLINE, Server, config, hasty, ids, soon};

const TALKS: Plan = Plan { sends: Send::Audio, audio_slots: 3, video_slots: 0, data: true, red: false };
const SHOWS: Plan = Plan { sends: Send::Both, audio_slots: 2, video_slots: 2, data: false, red: false };

/// These are about the same guests.
#[path = "grades.rs"]
mod grades;

/// What a hub holds, by its metrics.
const HELD: [&str; 7] = [
    "parlor_hub_rooms",
    "parlor_hub_transports",
    "parlor_hub_producers",
    "parlor_hub_consumers",
    "parlor_hub_slots",
    "parlor_hub_routes",
    "parlor_hub_timers",
];

/// Someone in a room that is a star, with sockets of their own.
struct Guest {
    client: Client,
    socket: UdpSocket,
    participant: Participant,
    /// Frames that are no answer of the hub.
    told: Vec<Value>,
}

impl Guest {
    async fn join(server: &Server, name: &str, index: usize, plan: Plan) -> Self {
        let mut client = server.user(name).await;
        let create = json!({"name": "Star", "topology": "sfu"});
        client.send("user-joined-room", json!({"roomId": "star", "create": create})).await;
        assert_eq!(client.expect("room-joined").await["data"]["topology"], "sfu");
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let participant = Participant::at(address, name, index, Instant::now(), plan);
        let mut guest = Self { client, socket, participant, told: Vec::new() };
        guest.offer().await;
        guest
    }

    async fn offer(&mut self) {
        let (sdp, tracks) = self.participant.make_offer().expect("something to offer");
        let tracks: Vec<Value> =
            tracks.iter().map(|track| json!({"mid": track.mid, "source": track.source})).collect();
        let (attempt, n) = (self.participant.attempt, self.participant.n);
        let offer =
            json!({"to": "hub", "roomId": "star", "sdp": sdp, "attempt": attempt, "n": n, "tracks": tracks});
        self.client.send("offer", offer).await;
    }

    /// Goes on until something is so.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let mut datagram = vec![0; 2_048];
        let deadline = Instant::now() + DEADLINE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "{}: waited {DEADLINE:?} for {what}", self.participant.name);
            let now = Instant::now();
            if self.participant.next() <= now {
                self.participant.run(now);
            }
            for (to, bytes) in self.participant.outbox.split_off(0) {
                self.socket.send_to(&bytes, to).await.unwrap();
            }
            let wake = self.participant.next().max(now + Duration::from_millis(1));
            tokio::select! {
                received = self.socket.recv_from(&mut datagram) => {
                    // An error is the news that an earlier datagram reached nobody.
                    if let Ok((length, from)) = received {
                        self.participant.receive(Instant::now(), from, &datagram[..length]);
                    }
                }
                frame = self.client.next() => self.on_frame(frame),
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    fn on_frame(&mut self, frame: Value) {
        let data = &frame["data"];
        match frame["type"].as_str().unwrap() {
            "answer" => {
                assert_eq!((&data["from"], &data["roomId"]), (&json!("hub"), &json!("star")));
                let number = |name: &str| u32::try_from(data[name].as_u64().unwrap()).unwrap();
                self.participant.accept_answer(number("attempt"), number("n"), data["sdp"].as_str().unwrap());
            }
            "slots" => {
                let slots = data["slots"].as_array().unwrap().iter().map(|slot| SlotState {
                    mid: slot["mid"].as_str().unwrap().to_owned(),
                    participant: slot["userId"].as_str().map(crate::participants::id),
                    source: serde_json::from_value(slot["source"].clone()).unwrap(),
                    csrc: slot["csrc"].as_u64().map(|csrc| u32::try_from(csrc).unwrap()),
                });
                self.participant.on_slots(slots.collect());
            }
            _ => self.told.push(frame),
        }
    }

    fn was_told(&self, kind: &str) -> bool {
        self.told.iter().any(|frame| frame["type"] == kind)
    }
}

/// All go on until all are so.
async fn all_until(guests: &mut [Guest], what: &str, is_so: impl Fn(&Guest) -> bool + Copy) {
    // In turns, so that each is served while the others wait.
    let deadline = Instant::now() + DEADLINE;
    while !guests.iter().all(is_so) {
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} for {what}");
        for guest in &mut *guests {
            let end = Instant::now() + Duration::from_millis(5);
            guest.until("its turn", |_| Instant::now() >= end).await;
        }
    }
}

async fn assert_nothing_held(server: &Server) {
    for name in HELD {
        server.metric_becomes(name, 0).await;
    }
}

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

/// So many times four come, talk, and leave in four ways; `PARLOR_CHURN=2500` makes it 10,000 who come and go.
#[tokio::test]
async fn vc_05_whoever_comes_and_goes_however_leaves_nothing_at_the_hub() {
    let rounds: usize =
        std::env::var("PARLOR_CHURN").map_or(10, |rounds| rounds.parse().expect("a number of rounds"));
    let server = Server::start(hasty()).await;
    for round in 0..rounds {
        let mut guests = Vec::new();
        for (index, who) in ["host", "closes", "leaves", "is-killed", "is-kicked"].into_iter().enumerate() {
            guests.push(Guest::join(&server, &format!("{who}-{round}"), index, TALKS).await);
        }
        // Three slots for four others.
        all_until(&mut guests, "all to be heard", |guest| guest.participant.heard().len() >= 3).await;
        let [mut host, mut closes, mut leaves, is_killed, mut is_kicked] =
            <[Guest; 5]>::try_from(guests).ok().unwrap();
        closes.client.close_with(1001).await;
        leaves.client.send("user-left-room", json!({"roomId": "star"})).await;
        drop(is_killed);
        let kick = json!({"roomId": "star", "userId": format!("is-kicked-{round}")});
        host.client.send("remove-user", kick).await;
        is_kicked.client.expect("user-left-room").await;
        host.until("all others to be gone", |guest| {
            guest.told.iter().filter(|frame| frame["type"] == "user-left-room").count() == 4
        })
        .await;
        assert_eq!(server.metric("parlor_hub_transports").await, 1, "round {round}");
        host.client.send("end-room", json!({"roomId": "star"})).await;
        host.until("the end", |guest| {
            guest.told.iter().filter(|frame| frame["type"] == "user-left-room").count() == 5
        })
        .await;
        assert_eq!(server.metric("parlor_hub_transports").await, 0, "round {round}");
    }
    assert_nothing_held(&server).await;
    server.metric_becomes("parlor_sessions", 0).await;
    server.metric_becomes("parlor_rooms", 0).await;
    assert_eq!(server.metric("parlor_hub_transport_panics_total").await, 0);
}
