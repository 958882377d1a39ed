//! A real server on a free port of loopback, and clients with real sockets. Everything waits for events, with a
//! deadline that only a fault reaches.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlor_server::{Config, Listeners, RoomConfig, run};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};

/// No wait that ends well takes as long, on any machine.
pub const DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks at what nothing tells of.
const LOOK: Duration = Duration::from_millis(20);

/// Waits for something that has to come.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, event).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// Asks for more than that something comes: for something of the time it took. A fault shows each time; a machine that has other
/// work does not, so the best of a few tries counts.
pub async fn at_best<T: Debug>(what: &str, attempt: impl AsyncFn() -> T, is_well: impl Fn(&T) -> bool) {
    const TRIES: usize = 5;
    let mut seen = Vec::new();
    while seen.len() < TRIES {
        let result = attempt().await;
        if is_well(&result) {
            return;
        }
        seen.push(result);
    }
    panic!("{what}: in none of {TRIES} tries: {seen:?}");
}

/// Settings for loopback and a free port, with the contract's own times.
pub fn contract() -> Config {
    Config { listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))], ..Config::default() }
}

/// Settings for loopback and a free port. Nobody is suspect who is only served late on a machine with other work.
pub fn config() -> Config {
    Config { room: RoomConfig { suspect_ms: 600_000, ..RoomConfig::default() }, ..contract() }
}

/// Silence after which a client is suspect with [`hasty`] settings: several seconds, for the reason of [`config`].
pub const HASTY_SUSPECT: Duration = Duration::from_secs(5);

/// Settings under which a silent client is suspect after [`HASTY_SUSPECT`] and gone 0.4 s later.
pub fn hasty() -> Config {
    let room = RoomConfig {
        ping_in_room_ms: 200,
        ping_idle_ms: 200,
        suspect_ms: HASTY_SUSPECT.as_millis() as u64,
        grace_ms: 400,
        empty_room_ms: 300,
        ..RoomConfig::default()
    };
    Config { room, ..config() }
}

/// A running server. Dropping it ends it with the test's runtime.
pub struct Server {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Server {
    pub async fn start(config: Config) -> Self {
        let listeners = Listeners::bind(&config.listen).unwrap();
        let addr = listeners.addresses()[0];
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            run(config, listeners, async { drop(stopped.await) }).await.unwrap();
        });
        Self { addr, stop: Some(stop), running }
    }

    /// Asks it to stop.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has stopped.
    pub async fn stopped(self) {
        soon("the server to stop", self.running).await.unwrap();
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.addr).await
    }

    /// A client with an identity.
    pub async fn user(&self, id: &str) -> Client {
        let mut client = self.client().await;
        client.hello(json!({"userId": id, "userName": id, "instance": format!("i-{id}")})).await;
        client
    }

    /// A client with an identity, in a room that is made if need be.
    pub async fn in_room(&self, id: &str, room: &str) -> Client {
        let mut client = self.user(id).await;
        client.join(room).await;
        client
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.addr))
            .await
    }

    /// Sends a request as it is and reads all of the answer; the request should close the connection.
    pub async fn request(&self, request: &str) -> Answer {
        let mut tcp = TcpStream::connect(self.addr).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        soon("an HTTP answer", tcp.read_to_end(&mut bytes)).await.unwrap();
        Answer::parse(&bytes)
    }

    /// The status of the answer to a request, which may keep the connection open.
    pub async fn head(&self, request: &str) -> u16 {
        let mut tcp = TcpStream::connect(self.addr).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            assert_ne!(soon("a head", tcp.read_buf(&mut bytes)).await.unwrap(), 0, "the head is not whole");
        }
        Answer::parse(&bytes).status
    }

    /// The value of a line of `/metrics`.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text();
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Waits until a metric has a value.
    pub async fn metric_becomes(&self, name: &str, value: u64) {
        self.metric_until(name, |now| now == value).await;
    }

    /// Waits until something is so of a metric. It is asked for again and again: nothing tells of it.
    pub async fn metric_until(&self, name: &str, is_so: impl Fn(u64) -> bool) {
        let asking = async {
            while !is_so(self.metric(name).await) {
                tokio::time::sleep(LOOK).await;
            }
        };
        soon(name, asking).await;
    }
}

/// An HTTP answer.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One WebSocket and what was said over it.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    requests: u64,
    pub resume_token: String,
    pub last_seq: u64,
}

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::from_stream(TcpStream::connect(addr).await.unwrap(), addr).await
    }

    pub async fn from_stream(tcp: TcpStream, addr: SocketAddr) -> Self {
        Self::at(tcp, &format!("ws://{addr}/ws")).await.unwrap()
    }

    /// A WebSocket at any address, or what the server has against it.
    pub async fn at(tcp: TcpStream, url: &str) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let limits = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let handshake = tokio_tungstenite::client_async_with_config(url, tcp, Some(limits));
        let (socket, _) = soon("a handshake", handshake).await?;
        Ok(Self { socket, requests: 0, resume_token: String::new(), last_seq: 0 })
    }

    pub async fn text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn send(&mut self, kind: &str, data: Value) {
        self.text(json!({"type": kind, "data": data}).to_string()).await;
    }

    /// The next frame. Panics at a close.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(close) => panic!("closed with {close:?}"),
        }
    }

    /// The next frame, or how the socket ended.
    pub async fn next_or_close(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if let Some(seq) = frame["seq"].as_u64() {
                        assert_eq!(seq, self.last_seq + 1, "frames are numbered without gaps: {frame}");
                        self.last_seq = seq;
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(close))) => return Err(close),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next frame of a type; others are passed over.
    pub async fn expect(&mut self, kind: &str) -> Value {
        soon(kind, async {
            loop {
                let frame = self.next().await;
                if frame["type"] == kind {
                    return frame;
                }
            }
        })
        .await
    }

    /// The code with which the server closes; frames before that are passed over.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            if let Err(close) = self.next_or_close().await {
                return close.map(|close| (close.code.into(), close.reason.to_string()));
            }
        }
    }

    /// Asks and gives back the answer, `ok` or `error`; frames before it are passed over.
    pub async fn request(&mut self, kind: &str, data: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.text(json!({"type": kind, "data": data, "id": id}).to_string()).await;
        soon(kind, async {
            loop {
                let frame = self.next().await;
                if frame["re"] == id {
                    return frame;
                }
            }
        })
        .await
    }

    pub async fn hello(&mut self, data: Value) -> Value {
        self.send("hello", data).await;
        let welcome = self.expect("welcome").await;
        self.resume_token = welcome["data"]["resumeToken"].as_str().unwrap().to_owned();
        if welcome["data"]["resumed"] == false {
            self.last_seq = 0;
        }
        welcome
    }

    pub async fn join(&mut self, room: &str) -> Value {
        self.send("user-joined-room", json!({"roomId": room, "create": {"name": room}})).await;
        self.expect("room-joined").await
    }

    pub async fn close_with(&mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        self.socket.close(Some(frame)).await.unwrap();
    }
}

/// The ids in a list of participants.
pub fn ids(participants: &Value) -> Vec<&str> {
    participants.as_array().unwrap().iter().map(|participant| participant["id"].as_str().unwrap()).collect()
}

/// Shows that a room works: each of two participants gets what the other sends.
pub async fn talk(room: &str, one: &mut Client, other: &mut Client, text: &str) {
    for _ in 0..2 {
        let payload = json!({"text": text});
        one.send("message", json!({"roomId": room, "payload": payload})).await;
        let frame = soon("a message", async {
            loop {
                let frame = other.expect("message").await;
                if frame["data"]["payload"] == payload {
                    return frame;
                }
            }
        })
        .await;
        assert_eq!(frame["data"]["roomId"], room);
        std::mem::swap(one, other);
    }
}
