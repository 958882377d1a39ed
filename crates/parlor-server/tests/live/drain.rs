//! The end: everyone is told in order, and it does not take long.

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use crate::support::{Server, at_best, config, soon};

#[tokio::test]
async fn a_stopping_server_tells_each_participant_once_and_closes_with_1012() {
    // The contract allows 10 s.
    at_best("the end", stop_with_five_in_rooms, |took| *took < Duration::from_secs(10)).await;
}

async fn stop_with_five_in_rooms() -> Duration {
    let mut server = Server::start(config()).await;
    let mut in_rooms = vec![server.in_room("p0", "show").await];
    in_rooms[0].join("second").await;
    for n in 1..5 {
        in_rooms.push(server.in_room(&format!("p{n}"), "show").await);
    }
    let mut idle = server.client().await;
    // All have heard of all joins before the end begins, so that what comes now belongs to it.
    for (n, client) in in_rooms.iter_mut().enumerate() {
        for _ in n + 1..5 {
            client.expect("user-joined-room").await;
        }
    }
    let started = Instant::now();
    server.stop();
    for (n, client) in in_rooms.iter_mut().enumerate() {
        let mut told = Vec::new();
        let close = loop {
            match client.next_or_close().await {
                Ok(frame) if frame["type"] == "user-left-room" => told.push(frame),
                Ok(frame) => assert_eq!(frame["type"], "server-room-list", "{frame}"),
                Err(close) => break close.expect("a close frame"),
            }
        };
        assert_eq!(u16::from(close.code), 1012);
        assert!(!close.reason.is_empty());
        assert_eq!(told.len(), if n == 0 { 2 } else { 1 }, "{told:?}");
        for left in told {
            assert_eq!(left["data"]["userId"], format!("p{n}"));
            assert_eq!(left["data"]["reason"], "server-stopping");
        }
    }
    assert_eq!(idle.closed().await.unwrap().0, 1012);
    server.stopped().await;
    started.elapsed()
}

#[tokio::test]
async fn while_it_stops_it_is_not_ready_and_takes_nobody_in() {
    // Stopping takes a second, in which everything has to be asked: on a machine that is busy not at the first try.
    let ask = async || tokio::spawn(ask_while_it_stops()).await.map_err(|panic| panic.to_string());
    at_best("answers while it stops", ask, Result::is_ok).await;
}

async fn ask_while_it_stops() {
    let mut server = Server::start(config()).await;
    let addr = server.addr;
    // A client that neither reads nor closes keeps the server for the bounded time that a good-bye takes.
    let stubborn = server.in_room("stubborn", "show").await;
    server.stop();
    let ends = async {
        while server.get("/readyz").await.status != 503 {
            tokio::task::yield_now().await;
        }
    };
    soon("readiness to end", ends).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    let url = format!("ws://{addr}/ws");
    let tcp = tokio::net::TcpStream::connect(addr).await.unwrap();
    match tokio_tungstenite::client_async(url, tcp).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 503),
        other => panic!("{other:?}"),
    }
    server.stopped().await;
    drop(stubborn);
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_the_end_up() {
    at_best("the end", stop_with_one_who_never_reads, |took| *took < Duration::from_secs(5)).await;
}

async fn stop_with_one_who_never_reads() -> Duration {
    let mut server = Server::start(config()).await;
    let stubborn = server.in_room("stubborn", "show").await;
    let started = Instant::now();
    server.stop();
    server.stopped().await;
    let took = started.elapsed();
    let (mut rest, mut close) = (stubborn.socket, None);
    while let Some(Ok(message)) = rest.next().await {
        if let tokio_tungstenite::tungstenite::Message::Close(frame) = message {
            close = frame;
        }
    }
    assert_eq!(close.map(|close| close.code.into()), Some(1012_u16));
    took
}
