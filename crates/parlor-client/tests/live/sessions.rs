//! Sockets that are lost, servers that come back, clients that are killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use parlor_client::{
    Client, Error, ErrorCode, Event, Join, LeaveReason, Options, Publish, SessionState, Source,
};
use parlor_server::RoomConfig;

use crate::support::{DEADLINE, Guest, Relay, Server, id, number, packet, soon, tea};

async fn open_again(guest: &mut Guest) {
    let is_lost =
        |event: &mut Event| matches!(event, Event::Session(SessionState::Reconnecting { .. })).then_some(());
    guest.wait("the loss", is_lost).await;
    guest.passed.retain(|event| !matches!(event, Event::Session(SessionState::Open)));
    let is_open = |event: &mut Event| matches!(event, Event::Session(SessionState::Open)).then_some(());
    guest.wait("the server", is_open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_socket_is_resumed_and_nobody_sees_a_leave() {
    let server = Server::start(RoomConfig::default()).await;
    let relay = Relay::to(server.addr).await;
    let mut ann = server.in_tea("ann").await;
    let mut bob = Guest::connect(&relay.addr.to_string(), "bob").await;
    bob.join().await;
    ann.speak().await;
    bob.connected("ann").await;
    ann.connected("bob").await;
    let mut track = bob.track("ann").await;
    let before = number(&packet(&mut track).await.data);
    relay.cut();
    // While the socket is away the sound goes on, and what is said meanwhile arrives.
    bob.room().chat("said in between").await.unwrap();
    open_again(&mut bob).await;
    assert_eq!(ann.chat().await, ("bob".to_owned(), "said in between".to_owned()));
    let mut last = before;
    for _ in 0..50 {
        let next = number(&packet(&mut track).await.data);
        assert_eq!(next, last + 1, "not one packet is missing");
        last = next;
    }
    assert!(!ann.passed.iter().any(|event| matches!(event, Event::Left { .. })), "{:#?}", ann.passed);
    assert_eq!(ann.roster().await, ["ann", "bob"]);
    assert_eq!(bob.roster().await, ["ann", "bob"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_the_server_everybody_is_in_the_room_again_and_the_sound_never_stopped() {
    let server = Server::start(RoomConfig::default()).await;
    let addr = server.addr;
    let mut ann = server.in_tea("ann").await;
    let mut bob = server.in_tea("bob").await;
    ann.speak().await;
    bob.connected("ann").await;
    let mut track = bob.track("ann").await;
    let mut last = number(&packet(&mut track).await.data);
    server.stop().await;
    let _server = Server::at(addr, RoomConfig::default()).await;
    for guest in [&mut ann, &mut bob] {
        guest.wait("the room again", |event| matches!(event, Event::Again { .. }).then_some(())).await;
    }
    for _ in 0..50 {
        let next = number(&packet(&mut track).await.data);
        assert_eq!(next, last + 1, "not one packet is missing");
        last = next;
    }
    // Both are there, and the new server knows who publishes what.
    soon("both to be told of each other", async {
        while ann.roster().await.len() < 2 || bob.roster().await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        loop {
            let participants = bob.room().participants().await.unwrap();
            let of_ann = participants.iter().find(|one| one.id == id("ann")).unwrap();
            if !of_ann.suspect && of_ann.tracks.iter().any(|track| track.enabled) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Where the server is, for the process that is killed.
const SERVER: &str = "PARLOR_TEST_SERVER";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_is_suspect_and_then_gone() {
    let server = Server::start(RoomConfig { grace_ms: 400, ..RoomConfig::default() }).await;
    let mut ann = server.in_tea("ann").await;
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sessions::the_client_that_is_killed"])
        .env(SERVER, server.addr.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    ann.connected("bob").await;
    other.kill().unwrap();
    other.wait().unwrap();
    let is_suspect = |event: &mut Event| match event {
        Event::Updated { participant, .. } if participant.id == id("bob") && participant.suspect => Some(()),
        _ => None,
    };
    ann.wait("bob to be suspect", is_suspect).await;
    assert_eq!(ann.left("bob").await, LeaveReason::Timeout);
}

/// The process that the one above starts.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_that_is_killed() {
    let Ok(server) = std::env::var(SERVER) else { return };
    let mut bob = Guest::connect(&server, "bob").await;
    bob.join().await;
    tokio::time::sleep(DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_an_error_with_its_code() {
    let server = Server::start(RoomConfig::default()).await;
    let ann = server.guest("ann").await;
    let missing = ann.client.join(Join::room(tea())).await.unwrap_err();
    assert_eq!(missing.code(), Some(ErrorCode::RoomNotFound));
    let options = Options::default().user_id(id("ann"));
    let taken = Client::connect(&server.addr.to_string(), options).await.unwrap_err();
    assert_eq!(taken.code(), Some(ErrorCode::UnavailableId));
    let _first = ann.client.publish(Publish::audio(Source::Microphone)).await.unwrap();
    let second = ann.client.publish(Publish::audio(Source::Microphone)).await.unwrap_err();
    assert!(matches!(second, Error::Published(Source::Microphone)), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_an_error_and_no_endless_wait() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let refused = Client::connect(&free.to_string(), Options::default()).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    let wrong = Client::connect("ftp://example.org", Options::default()).await.unwrap_err();
    assert!(matches!(wrong, Error::Address(_)), "{wrong}");
}
