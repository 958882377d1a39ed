//! Very many who come and go, with media: nothing of them stays, neither by the gauges nor in the process's memory.

use parlor_server::{Config, RoomConfig};
use serde_json::json;

use crate::star::{Guest, TALKS, all_until, assert_nothing_held};
use crate::support::{Server, config};

/// Rooms in which people come and go at the same time.
const ROOMS: usize = 4;
/// Rounds of the whole from which its memory says something: before, buffers still grow to their size.
const ROUNDS_TO_JUDGE: usize = 400;

/// Resident memory of this process, the participants' ends included, in KiB.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Five come, talk, and go in five ways.
async fn come_and_go(server: &Server, place: usize, round: usize) {
    let room = format!("star-{place}");
    let named = |who: &str| format!("{who}-{place}-{round}");
    let mut guests = Vec::new();
    for (index, who) in ["host", "closes", "leaves", "is-killed", "is-kicked"].into_iter().enumerate() {
        guests.push(Guest::join_room(server, &room, &named(who), index, TALKS).await);
    }
    // Three slots for four others.
    all_until(&mut guests, "all to be heard", |guest| guest.participant.heard().len() >= 3).await;
    let [mut host, mut closes, mut leaves, is_killed, mut is_kicked] =
        <[Guest; 5]>::try_from(guests).ok().unwrap();
    closes.client.close_with(1001).await;
    leaves.client.send("user-left-room", json!({"roomId": room})).await;
    drop(is_killed);
    host.client.send("remove-user", json!({"roomId": room, "userId": named("is-kicked")})).await;
    is_kicked.client.expect("user-left-room").await;
    let has_seen_go = |guest: &Guest, count: usize| {
        guest.told.iter().filter(|frame| frame["type"] == "user-left-room").count() == count
    };
    host.until("all others to be gone", |guest| has_seen_go(guest, 4)).await;
    host.client.send("end-room", json!({"roomId": room})).await;
    host.until("the end", |guest| has_seen_go(guest, 5)).await;
}

async fn many_come_and_go(server: &Server, rounds: std::ops::Range<usize>) {
    let in_room = |place: usize| {
        let rounds = rounds.clone();
        // Each is large without optimisation, and a test's thread has little stack.
        Box::pin(async move {
            for round in rounds.skip(place).step_by(ROOMS) {
                come_and_go(server, place, round).await;
            }
        })
    };
    tokio::join!(in_room(0), in_room(1), in_room(2), in_room(3));
    assert_nothing_held(server).await;
    for name in ["sessions", "sockets", "rooms", "participants", "replay_frames", "queued_frames"] {
        server.metric_becomes(&format!("parlor_{name}"), 0).await;
    }
}

/// `PARLOR_CHURN=2000` makes it 10,000 joins and leaves with media.
#[tokio::test]
async fn vc_05_whoever_comes_and_goes_however_leaves_nothing() {
    let rounds: usize =
        std::env::var("PARLOR_CHURN").map_or(12, |rounds| rounds.parse().expect("a number of rounds"));
    // A killed participant is gone soon.
    let room = RoomConfig { grace_ms: 400, empty_room_ms: 300, ..config().room };
    let server = Server::start(Config { room, ..config() }).await;
    let begun = std::time::Instant::now();
    let mut resident = Vec::new();
    for quarter in 0..4 {
        many_come_and_go(&server, rounds * quarter / 4..rounds * (quarter + 1) / 4).await;
        resident.push(resident_kib());
    }
    assert_eq!(server.metric("parlor_hub_transport_panics_total").await, 0);
    assert_eq!(server.metric("parlor_hub_panics_total").await, 0);
    assert_eq!(server.metric("parlor_joins_total").await, u64::try_from(rounds * 5).unwrap());
    assert_eq!(server.metric("parlor_leaves_total").await, u64::try_from(rounds * 5).unwrap());
    println!(
        "{} joins and leaves in {:.0?}; resident KiB after each quarter: {resident:?}",
        rounds * 5,
        begun.elapsed()
    );
    // A hundredth is what the allocator's own order of things makes of it.
    let (half, whole) = (resident[1], resident[3]);
    assert!(rounds < ROUNDS_TO_JUDGE || whole <= half + half / 100, "memory grows: {resident:?} KiB");
}
