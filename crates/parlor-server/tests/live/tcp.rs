//! Media over TCP (RFC 6544, RFC 4571), for networks without UDP: at the port of HTTP, and at one of its own.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parlor_server::{Config, Media};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::star::{Guest, SHOWS, TALKS, all_until, assert_nothing_held};
use crate::support::{Server, at_best, config, soon};

/// The addresses and priorities of an answer's candidates of a protocol.
fn candidates(answer: &str, protocol: &str) -> Vec<(SocketAddr, u32)> {
    let lines = answer.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
    let mut found: Vec<(SocketAddr, u32)> = lines
        .map(|line| line.split(' ').collect::<Vec<&str>>())
        .filter(|words| words[2].eq_ignore_ascii_case(protocol))
        .map(|words| {
            assert!(
                protocol == "udp" || words.windows(2).any(|pair| pair == ["tcptype", "passive"]),
                "{words:?}"
            );
            (SocketAddr::new(words[4].parse().unwrap(), words[5].parse().unwrap()), words[3].parse().unwrap())
        })
        .collect();
    found.dedup();
    found
}

/// Ann over UDP and bob, who has only TCP, see and hear each other; then bob goes, and the connection with him: so long after.
async fn talk_over_both(config: Config, shares: bool) -> Duration {
    let server = Server::start(config).await;
    let mut ann = Guest::join(&server, "ann", 0, SHOWS).await;
    ann.until("a path", |guest| guest.participant.is_connected).await;
    let (over_udp, over_tcp) =
        (candidates(&ann.participant.answer, "udp"), candidates(&ann.participant.answer, "tcp"));
    let [(udp, udp_priority), (tcp, tcp_priority)] = [over_udp[0], over_tcp[0]];
    assert_eq!((udp, tcp == server.addr), (tcp, shares));
    assert!(tcp_priority < udp_priority, "UDP where there is UDP");

    let tcp = TcpStream::connect(tcp).await.unwrap();
    let bob = Guest::join_over_tcp(&server, tcp, "bob", 1, SHOWS).await;
    let mut guests = [ann, bob];
    all_until(&mut guests, "each to hear and see the other", |guest| {
        let pictures = guest.participant.got.iter().filter(|got| got.height > 0).count();
        guest.participant.heard().len() == 1 && pictures > 20
    })
    .await;
    assert_eq!(server.metric("parlor_hub_tcp_connections").await, 1);
    assert_eq!(server.get("/healthz").await.status, 200);
    let [mut ann, mut bob] = guests;
    let since = Instant::now();
    bob.client.send("user-left-room", serde_json::json!({"roomId": "star"})).await;
    bob.until("the end of the connection", Guest::is_hung_up).await;
    let took = since.elapsed();
    assert!(bob.participant.is_closed, "after the hub's good-bye");
    server.metric_becomes("parlor_hub_tcp_connections", 0).await;
    ann.until("the news", |guest| guest.was_told("user-left-room")).await;
    ann.client.close_with(1001).await;
    assert_nothing_held(&server).await;
    assert_eq!(server.metric("parlor_hub_tcp_slow_total").await, 0);
    took
}

fn is_with_the_transport(took: &Duration) -> bool {
    *took < Duration::from_secs(1)
}

#[tokio::test]
async fn vc_01_vc_05_without_udp_media_comes_to_the_port_of_http() {
    let talk = async || Box::pin(talk_over_both(config(), true)).await;
    at_best("the end of the connection", talk, is_with_the_transport).await;
}

#[tokio::test]
async fn vc_01_vc_05_without_udp_media_comes_to_a_port_of_its_own() {
    let media = Media { listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))), ..Media::default() };
    let config = Config { media, ..config() };
    let talk = async || Box::pin(talk_over_both(config.clone(), false)).await;
    at_best("the end of the connection", talk, is_with_the_transport).await;
}

/// A check of ICE for a transport that nobody has, in a frame.
fn nobodys_check() -> Vec<u8> {
    let mut stun = vec![0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([7; 12]);
    stun.extend([0, 6, 0, 8]);
    stun.extend(b"nob:ody0");
    let mut frame = u16::try_from(stun.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(stun);
    frame
}

#[tokio::test]
async fn bad_input_connections_for_media_that_say_nothing_sensible_are_closed() {
    // Some are closed at once, others when nobody has answered them for long enough.
    let is_in_time = |took: &Vec<(&str, bool, Duration)>| {
        took.iter().all(|(_, is_at_once, took)| *took < Duration::from_secs(if *is_at_once { 2 } else { 8 }))
    };
    at_best("all to be closed", nonsense, is_in_time).await;
}

/// What was said, whether that is closed at once, and how long it took.
async fn nonsense() -> Vec<(&'static str, bool, Duration)> {
    let server = Server::start(config()).await;
    let long = [&[7, 0xff][..], &[0; 2_047]].concat();
    let too_long = [&nobodys_check()[..], &[0x20, 0x00], &[0; 64]].concat();
    let no_check = [0, 4, 0x80, 96, 0, 1].to_vec();
    let cases: [(&str, Vec<u8>, bool); 6] = [
        ("a frame that is no check of ICE", no_check, true),
        ("a long frame of zeros", long, true),
        ("a frame longer than any", too_long, true),
        ("a check for nobody", nobodys_check(), false),
        ("half a frame", nobodys_check()[..9].to_vec(), false),
        ("an empty frame and nothing more", vec![0, 0], true),
    ];
    let each = cases.into_iter().map(|(what, bytes, is_at_once)| {
        let addr = server.addr;
        async move {
            let mut tcp = TcpStream::connect(addr).await.unwrap();
            tcp.write_all(&bytes).await.unwrap();
            let since = Instant::now();
            let mut answer = Vec::new();
            drop(soon(what, tcp.read_to_end(&mut answer)).await);
            assert!(answer.is_empty(), "{what}: {answer:?}");
            (what, is_at_once, since.elapsed())
        }
    });
    let took = futures_util::future::join_all(each).await;
    server.metric_becomes("parlor_hub_tcp_connections", 0).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    took
}

#[tokio::test]
async fn bad_input_one_address_has_so_many_connections_for_media_and_no_more() {
    const MOST: u64 = 64;
    let server = Server::start(config()).await;
    let mut held = Vec::new();
    for _ in 0..MOST + 6 {
        let mut tcp = TcpStream::connect(server.addr).await.unwrap();
        tcp.write_all(&nobodys_check()).await.unwrap();
        held.push(tcp);
    }
    server.metric_becomes("parlor_hub_tcp_refused_total", 6).await;
    assert_eq!(server.metric("parlor_hub_tcp_connections").await, MOST);
    server.metric_becomes("parlor_hub_tcp_connections", 0).await;
}

#[tokio::test]
async fn vc_05_who_reads_media_too_slowly_loses_the_connection_and_nobody_else_does() {
    let server = Server::start(config()).await;
    let mut guests = vec![Guest::join(&server, "ann", 0, SHOWS).await];
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let tcp = socket.connect(server.addr).await.unwrap();
    guests.push(Guest::join_over_tcp(&server, tcp, "bob", 1, SHOWS).await);
    guests.push(Guest::join(&server, "cat", 2, TALKS).await);
    all_until(&mut guests, "all to hear all", |guest| guest.participant.heard().len() == 2).await;
    guests[1].does_not_read = true;
    let is_noticed = Cell::new(false);
    let asking = async {
        server.metric_until("parlor_hub_tcp_slow_total", |count| count > 0).await;
        is_noticed.set(true);
    };
    // They go on meanwhile.
    tokio::join!(asking, all_until(&mut guests, "somebody to notice", |_| is_noticed.get()));
    server.metric_becomes("parlor_hub_tcp_connections", 0).await;
    // Bob is still in the room, and the others hear each other.
    assert_eq!(server.metric("parlor_participants").await, 3);
    for guest in &mut guests {
        guest.participant.got.clear();
    }
    let mut others = [guests.remove(0), guests.remove(1)];
    all_until(&mut others, "each other", |guest| !guest.participant.heard().is_empty()).await;
}
