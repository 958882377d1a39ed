//! Participants of a star over real sockets: each a real WebRTC end with a UDP socket and a WebSocket of its own.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use parlor_sfu::SlotState;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::participants::client::{Client as Participant, Plan, Send};
use crate::support::{Client, DEADLINE, Server};

pub const TALKS: Plan = Plan { sends: Send::Audio, audio_slots: 3, video_slots: 0, data: true, red: false };
pub const SHOWS: Plan = Plan { sends: Send::Both, audio_slots: 2, video_slots: 2, data: false, red: false };

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
pub struct Guest {
    pub client: Client,
    pub participant: Participant,
    /// Frames that are no answer of the hub.
    pub told: Vec<Value>,
    /// The network takes no media and brings none.
    pub is_cut: bool,
    /// What comes by the WebSocket is not read: pings stay without an answer.
    pub is_deaf: bool,
    /// What comes for media stays in the kernel.
    pub does_not_read: bool,
    /// The code with which the server closed the WebSocket; 1006 without one.
    pub closed: Option<u16>,
    /// When who was in the slots, as told.
    pub slots_at: Vec<(Instant, Vec<String>)>,
    /// When what came, as in `told`.
    told_at: Vec<Instant>,
    room: String,
    link: Link,
    index: usize,
    plan: Plan,
}

impl Guest {
    pub async fn join(server: &Server, name: &str, index: usize, plan: Plan) -> Self {
        Self::join_room(server, "star", name, index, plan).await
    }

    pub async fn join_room(server: &Server, room: &str, name: &str, index: usize, plan: Plan) -> Self {
        let mut client = server.user(name).await;
        let create = json!({"name": "Star", "topology": "sfu"});
        client.send("user-joined-room", json!({"roomId": room, "create": create})).await;
        assert_eq!(client.expect("room-joined").await["data"]["topology"], "sfu");
        let link = Link::Udp(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let participant = Participant::at(link.address(), name, index, Instant::now(), plan);
        Self::seat(client, link, participant, room, index, plan).await
    }

    /// Over a TCP connection for media that is open, and nothing else.
    pub async fn join_over_tcp(
        server: &Server,
        tcp: TcpStream,
        name: &str,
        index: usize,
        plan: Plan,
    ) -> Self {
        let mut client = server.user(name).await;
        client.send("user-joined-room", json!({"roomId": "star"})).await;
        client.expect("room-joined").await;
        let (address, from) = (tcp.local_addr().unwrap(), tcp.peer_addr().unwrap());
        let link = Link::Tcp { tcp, from, unread: Vec::new(), is_over: false };
        let participant = Participant::over_tcp(address, name, index, Instant::now(), plan);
        Self::seat(client, link, participant, "star", index, plan).await
    }

    async fn seat(
        client: Client,
        link: Link,
        participant: Participant,
        room: &str,
        index: usize,
        plan: Plan,
    ) -> Self {
        let mut guest = Self {
            client,
            participant,
            told: Vec::new(),
            is_cut: false,
            is_deaf: false,
            does_not_read: false,
            closed: None,
            slots_at: Vec::new(),
            told_at: Vec::new(),
            room: room.to_owned(),
            link,
            index,
            plan,
        };
        guest.offer().await;
        guest
    }

    pub async fn offer(&mut self) {
        let (sdp, tracks) = self.participant.make_offer().expect("something to offer");
        let tracks: Vec<Value> =
            tracks.iter().map(|track| json!({"mid": track.mid, "source": track.source})).collect();
        let (attempt, n) = (self.participant.attempt, self.participant.n);
        let room = &self.room;
        let offer =
            json!({"to": "hub", "roomId": room, "sdp": sdp, "attempt": attempt, "n": n, "tracks": tracks});
        self.client.send("offer", offer).await;
    }

    /// Another RTCPeerConnection, as a page makes it when it is asked to.
    pub async fn begin_anew(&mut self) {
        self.link = Link::Udp(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = self.link.address();
        let attempt = self.participant.attempt + 1;
        let name = self.participant.name.clone();
        self.participant = Participant::at(address, &name, self.index, Instant::now(), self.plan);
        self.participant.attempt = attempt;
        self.is_cut = false;
        self.offer().await;
    }

    /// Goes on until something is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        self.until_within(DEADLINE, what, is_so).await;
    }

    pub async fn until_within(&mut self, patience: Duration, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        while !is_so(self) {
            let (name, closed) = (&self.participant.name, self.closed);
            assert!(
                Instant::now() < deadline,
                "{name}: waited {patience:?} for {what}, socket closed: {closed:?}"
            );
            let now = Instant::now();
            if self.participant.next() <= now {
                self.participant.run(now);
            }
            for (to, bytes) in self.participant.outbox.split_off(0) {
                if !self.is_cut {
                    self.link.send(to, &bytes).await;
                }
            }
            let wake = self.participant.next().max(now + Duration::from_millis(1));
            tokio::select! {
                received = self.link.receive(), if !self.does_not_read => {
                    for (from, bytes) in received {
                        if !self.is_cut {
                            self.participant.receive(Instant::now(), from, &bytes);
                        }
                    }
                }
                frame = self.client.next_or_close(), if !self.is_deaf && self.closed.is_none() => match frame {
                    Ok(frame) => self.on_frame(frame),
                    Err(close) => self.closed = Some(close.map_or(1006, |close| close.code.into())),
                },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    /// Whether the connection for media was ended by the other side.
    pub fn is_hung_up(&self) -> bool {
        matches!(self.link, Link::Tcp { is_over: true, .. })
    }

    fn on_frame(&mut self, frame: Value) {
        let data = &frame["data"];
        match frame["type"].as_str().unwrap() {
            "answer" => {
                assert_eq!((&data["from"], &data["roomId"]), (&json!("hub"), &json!(self.room)));
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
                self.slots_at.push((Instant::now(), self.participant.in_slots()));
            }
            _ => {
                self.told.push(frame);
                self.told_at.push(Instant::now());
            }
        }
    }

    pub fn was_told(&self, kind: &str) -> bool {
        self.told.iter().any(|frame| frame["type"] == kind)
    }

    /// The first frame of which something is so, and when it came.
    pub fn first_told(&self, is_it: impl Fn(&Value) -> bool) -> Option<(Instant, &Value)> {
        let at = self.told.iter().position(is_it)?;
        Some((self.told_at[at], &self.told[at]))
    }
}

/// How media goes and comes.
enum Link {
    Udp(UdpSocket),
    Tcp { tcp: TcpStream, from: SocketAddr, unread: Vec<u8>, is_over: bool },
}

impl Link {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Udp(socket) => socket.local_addr().unwrap(),
            Self::Tcp { tcp, .. } => tcp.local_addr().unwrap(),
        }
    }

    async fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        match self {
            Self::Udp(socket) => drop(socket.send_to(datagram, to).await.unwrap()),
            Self::Tcp { tcp, .. } => {
                let mut frame = u16::try_from(datagram.len()).unwrap().to_be_bytes().to_vec();
                frame.extend(datagram);
                // That the other end takes no more does not end it: what it said before is still to be read.
                drop(tcp.write_all(&frame).await);
            }
        }
    }

    /// What has come. Nothing is lost if this is given up.
    async fn receive(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        match self {
            Self::Udp(socket) => {
                let mut datagram = vec![0; 2_048];
                // An error is the news that an earlier datagram reached nobody.
                let Ok((length, from)) = socket.recv_from(&mut datagram).await else { return Vec::new() };
                datagram.truncate(length);
                vec![(from, datagram)]
            }
            Self::Tcp { is_over: true, .. } => std::future::pending().await,
            Self::Tcp { tcp, from, unread, is_over } => {
                *is_over = !matches!(tcp.read_buf(unread).await, Ok(1..));
                let mut datagrams = Vec::new();
                while let Some(length) =
                    unread.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))
                    && unread.len() >= 2 + length
                {
                    datagrams.push((*from, unread[2..2 + length].to_vec()));
                    unread.drain(..2 + length);
                }
                datagrams
            }
        }
    }
}

/// Guests, and what each is to see.
pub type Watching<'a> = (&'a mut Guest, &'a dyn Fn(&Guest) -> bool);

/// All go on until each sees what it is to see: who has seen it speaks on for the others.
pub async fn together(patience: Duration, what: &str, watching: Vec<Watching<'_>>) {
    let waiting = Cell::new(watching.len());
    let each = watching.into_iter().map(|(guest, is_so)| {
        let (waiting, is_done) = (&waiting, Cell::new(false));
        async move {
            let ends = |guest: &Guest| {
                if !is_done.get() && is_so(guest) {
                    is_done.set(true);
                    waiting.set(waiting.get() - 1);
                }
                waiting.get() == 0
            };
            guest.until_within(patience, what, ends).await;
        }
    });
    join_all(each).await;
}

/// All go on until all are so.
pub async fn all_until(guests: &mut [Guest], what: &str, is_so: impl Fn(&Guest) -> bool) {
    together(DEADLINE, what, guests.iter_mut().map(|guest| (guest, &is_so as _)).collect()).await;
}

pub async fn assert_nothing_held(server: &Server) {
    for name in HELD {
        server.metric_becomes(name, 0).await;
    }
}
