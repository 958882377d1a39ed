//! TURN over real sockets, with somebody else's clients: coturn's (Debian package `coturn`). They end with 0 whatever
//! becomes of their packets, so what they print is read.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use parlor_server::{Config, Network, Tls, Turn};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use crate::support::{Client, Server, config};

const SECRET: &str = "north-of-nowhere";

fn with_turn(allow_peers: Vec<Network>) -> Config {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        turn: Some(Turn { secret: Some(SECRET.to_owned()), allow_peers, ..Turn::at(listen) }),
        ..config()
    }
}

/// A peer that sends back what comes.
async fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = [0; 16_384];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            drop(socket.send_to(&bytes[..length], from).await);
        }
    });
    address
}

/// What one of coturn's programs prints. It is told to end if it does not.
async fn coturn(program: &'static str, args: Vec<String>) -> String {
    let run = tokio::task::spawn_blocking(move || {
        let output =
            Command::new("timeout").arg("300").arg(program).args(args).stdin(Stdio::null()).output().unwrap();
        assert_ne!(output.status.code(), Some(127), "{program} is not installed: apt-get install coturn");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    });
    tokio::time::timeout(Duration::from_secs(320), run).await.unwrap().unwrap()
}

/// 60 datagrams of two clients to the peer and back, and none lost.
async fn relays(port: u16, peer: SocketAddr, who: &[&str], flags: &str) {
    relays_so_many(30, port, peer, who, flags).await;
}

/// Datagrams of two clients to the peer and back, and none lost: no more than what each socket on the way holds (Linux: 208 KiB,
/// some hundreds of bytes of these for whatever is in it), so that none is lost either where somebody is served late.
async fn relays_so_many(each: u32, port: u16, peer: SocketAddr, who: &[&str], flags: &str) {
    let args = format!(
        "{flags} -p {port} -e 127.0.0.1 -r {} -n {each} -m 2 -z 5 -c {} 127.0.0.1",
        peer.port(),
        who.join(" ")
    );
    let printed = coturn("turnutils_uclient", args.split_whitespace().map(str::to_owned).collect()).await;
    let all = each * 2;
    assert!(printed.contains(&format!("tot_send_msgs={all}, tot_recv_msgs={all}")), "{args}: {printed}");
    assert!(printed.contains("Total lost packets 0 (0.000000%)"), "{args}: {printed}");
}

/// A session, and the TURN server that it is told of.
async fn granted(server: &Server) -> (Client, Value) {
    let mut client = server.client().await;
    let welcome = client.hello(json!({"userId": "ann", "userName": "Ann", "instance": "i-ann"})).await;
    let turn = welcome["data"]["iceServers"][0].clone();
    (client, turn)
}

/// Its credentials, for coturn's client.
fn credentials(turn: &Value) -> [&str; 4] {
    ["-u", turn["username"].as_str().unwrap(), "-w", turn["credential"].as_str().unwrap()]
}

fn port_of(server: &Value) -> u16 {
    let url = server["urls"][0].as_str().unwrap();
    url.split([':', '?']).nth(2).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cm_16_coturns_clients_reach_a_peer_by_udp_tcp_and_tls_with_nothing_lost() {
    let (plain, secure) = (
        with_turn(Network::LOOPBACK.to_vec()),
        Config { tls: Tls::SelfSigned, ..with_turn(Network::LOOPBACK.to_vec()) },
    );
    let (plain, secure, peer) = (Server::start(plain).await, Server::start(secure).await, echo().await);
    let (mut session, turn) = granted(&plain).await;
    session.join("tea").await;
    let (port, https) = (port_of(&turn), secure.addr.port());
    assert_eq!(turn["urls"][1], format!("turn:127.0.0.1:{port}?transport=tcp"));
    // With the credentials of `welcome`, and with some made of the secret elsewhere.
    let welcome = credentials(&turn);
    let made = ["-W", SECRET, "-u", "bob"];
    tokio::join!(
        relays(port, peer, &welcome, ""),
        relays(port, peer, &made, "-s"),
        relays(port, peer, &made, "-y"),
        relays(port, peer, &made, "-G"),
        relays(port, peer, &welcome, "-t"),
        relays(port, peer, &made, "-t -s"),
        relays(https, peer, &made, "-t -S"),
        relays(https, peer, &made, "-t -S -s"),
    );
    let stun =
        coturn("turnutils_stunclient", vec!["-p".to_owned(), port.to_string(), "127.0.0.1".to_owned()]).await;
    assert!(stun.contains("UDP reflexive addr: 127.0.0.1:"), "{stun}");
    plain.metric_until("parlor_turn_datagrams_total", |count| count >= 6 * 120).await;
    assert_eq!(plain.metric("parlor_turn_not_permitted_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_good_credentials_or_wants_a_forbidden_peer_gets_nothing() {
    let server = Server::start(with_turn(Vec::new())).await;
    let ((mut session, turn), peer) = (granted(&server).await, echo().await);
    session.join("tea").await;
    let args = |who: &str| -> Vec<String> {
        let words =
            format!("-p {} -e 127.0.0.1 -r {} -n 2 -m 1 -c {who} 127.0.0.1", port_of(&turn), peer.port());
        words.split_whitespace().map(str::to_owned).collect()
    };
    let good = credentials(&turn).join(" ");
    let (wrong, expired, forbidden) = tokio::join!(
        coturn("turnutils_uclient", args("-W south -u ann")),
        coturn("turnutils_uclient", args("-u 1000000000:ann -w x")),
        coturn("turnutils_uclient", args(&good)),
    );
    for printed in [wrong, expired] {
        assert!(printed.contains("Cannot complete Allocation"), "{printed}");
    }
    // Loopback is not allowed here, and the server's own address takes only what is a relay.
    assert!(forbidden.contains("error 403"), "{forbidden}");
    assert_eq!(server.metric("parlor_turn_datagrams_total").await, 0);
}

/// Whoever may open a socket has credentials from `welcome` on.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_gets_relays_only_while_it_is_in_a_room() {
    let server = Server::start(with_turn(Network::LOOPBACK.to_vec())).await;
    let ((mut session, turn), peer) = (granted(&server).await, echo().await);
    let (port, who) = (port_of(&turn), credentials(&turn));
    let args = format!("-p {port} -e 127.0.0.1 -r {} -n 2 -m 1 -c {} 127.0.0.1", peer.port(), who.join(" "));
    let args = || args.split_whitespace().map(str::to_owned).collect();
    let refused = coturn("turnutils_uclient", args()).await;
    assert!(refused.contains("error 403"), "{refused}");
    session.join("tea").await;
    relays(port, peer, &who, "").await;
    session.request("user-left-room", json!({"roomId": "tea"})).await;
    let refused = coturn("turnutils_uclient", args()).await;
    assert!(refused.contains("error 403"), "{refused}");
}

/// Set where loopback passes on 1,300 bytes at once.
const SMALL_MTU: &str = "PARLOR_TEST_SMALL_MTU";

/// In a network of its own, because loopback's MTU is above any datagram of TURN.
#[test]
fn a_datagram_above_the_mtu_is_relayed_in_fragments() {
    let script = "ip link set lo mtu 1300 up && exec \"$0\" --exact turn::where_the_mtu_is_small";
    let inside = Command::new("unshare")
        .args(["--map-root-user", "--net", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(SMALL_MTU, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&[inside.stdout, inside.stderr].concat()).into_owned();
    assert!(inside.status.success() && printed.contains("1 passed"), "{printed}");
}

/// What the one above does there.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_mtu_is_small() {
    if std::env::var_os(SMALL_MTU).is_none() {
        return;
    }
    let (server, peer) = (Server::start(with_turn(Network::LOOPBACK.to_vec())).await, echo().await);
    let (_session, turn) = granted(&server).await;
    let made = ["-W", SECRET, "-u", "bob"];
    for flags in ["-l 1200", "-l 3000", "-s -l 3000", "-t -l 3000", "-y -l 3000"] {
        // A datagram of 3,000 bytes is three fragments, 7 KB of the kernel.
        relays_so_many(10, port_of(&turn), peer, &made, flags).await;
    }
}
