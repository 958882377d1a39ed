//! A server, a relay that can be cut, and clients whose events are waited for.

use std::net::SocketAddr;
use std::time::Duration;

use parlor_client::{
    Client, Event, Events, Join, Name, Options, Packet, Publish, RemoteTrack, Room, RoomId, Source, Status,
    Topology, UserId,
};
use parlor_server::{Config, Listeners, Media, RoomConfig, run};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

/// No wait that ends well takes as long, on any machine.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Waits for something that has to come.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, event).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// A running server. Dropping it ends it with the test's runtime.
pub struct Server {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Server {
    pub async fn start(room: RoomConfig) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), room).await
    }

    pub async fn at(addr: SocketAddr, room: RoomConfig) -> Self {
        let media = Media { threads: 1, ..Config::default().media };
        // Nobody is suspect who is only served late on a machine with other work.
        let room = RoomConfig { suspect_ms: 600_000, ..room };
        let config = Config { listen: vec![addr], room, media, ..Config::default() };
        let listeners = Listeners::bind(&config.listen).unwrap();
        let addr = listeners.addresses()[0];
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            run(config, listeners, async { drop(stopped.await) }).await.unwrap();
        });
        Self { addr, stop: Some(stop), running }
    }

    pub async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        soon("the server to stop", self.running).await.unwrap();
    }

    pub async fn guest(&self, id: &str) -> Guest {
        Guest::connect(&self.addr.to_string(), id).await
    }

    /// A client in the room `tea`, which is made if need be.
    pub async fn in_tea(&self, id: &str) -> Guest {
        let mut guest = self.guest(id).await;
        guest.join().await;
        guest
    }
}

/// Takes connections to the server, and cuts them when it is told.
pub struct Relay {
    pub addr: SocketAddr,
    cut: watch::Sender<u32>,
}

impl Relay {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (cut, is_cut) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut is_cut = is_cut.clone();
                is_cut.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = is_cut.changed() => {}
                    }
                });
            }
        });
        Self { addr, cut }
    }

    /// All connections are gone at once, without a word.
    pub fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }
}

/// A client with its events, of which those that were passed over are kept.
pub struct Guest {
    pub client: Client,
    pub events: Events,
    pub room: Option<Room>,
    pub passed: Vec<Event>,
}

pub fn tea() -> RoomId {
    RoomId::parse("tea").unwrap()
}

pub fn id(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

impl Guest {
    pub async fn connect(address: &str, name: &str) -> Self {
        let options = Options::named(Name::parse(name).unwrap()).user_id(id(name));
        let (client, events) = Client::connect(address, options).await.unwrap();
        Self { client, events, room: None, passed: Vec::new() }
    }

    pub async fn join(&mut self) {
        let join = Join::room(tea()).or_create(Name::parse("Tea").unwrap());
        self.room = Some(self.client.join(join).await.unwrap());
    }

    pub fn room(&self) -> &Room {
        self.room.as_ref().unwrap()
    }

    /// Enters the room `tea` as a star, which is made if need be.
    pub async fn join_star(&mut self) {
        let join = Join::room(tea()).or_create(Name::parse("Tea").unwrap()).topology(Topology::Sfu);
        self.room = Some(self.client.join(join).await.unwrap());
    }

    /// Sends numbered packets, one each 20 ms, for as long as the test runs.
    pub async fn speak(&self) -> JoinHandle<()> {
        let track = self.client.publish(Publish::audio(Source::Microphone)).await.unwrap();
        tokio::spawn(async move {
            let mut ticks = every(20);
            for at in 0.. {
                ticks.tick().await;
                track.send(u64::from(at) * 960, opus(at));
            }
        })
    }

    /// Who is in the room, by id.
    pub async fn roster(&self) -> Vec<String> {
        let participants = self.room().participants().await.unwrap();
        participants.into_iter().map(|participant| participant.id.to_string()).collect()
    }

    /// The first event, passed over before or to come, of which something can be made.
    pub async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(&mut Event) -> Option<T>) -> T {
        let found = self.passed.iter_mut().enumerate().find_map(|(at, event)| Some((at, pick(event)?)));
        if let Some((at, found)) = found {
            self.passed.remove(at);
            return found;
        }
        let passed = &mut self.passed;
        let events = &mut self.events;
        let search = async {
            loop {
                let mut event = events.next().await.expect("the client is closed");
                if let Some(found) = pick(&mut event) {
                    return found;
                }
                passed.push(event);
            }
        };
        match tokio::time::timeout(DEADLINE, search).await {
            Ok(found) => found,
            Err(_) => panic!("waited {DEADLINE:?} for {what}; there was {:#?}", self.passed),
        }
    }

    /// Waits until the connection with somebody works.
    pub async fn connected(&mut self, with: &str) {
        let with = parlor_client::Remote::User(id(with));
        self.wait("a connection", |event| match event {
            Event::Connection { remote, state } if *remote == with && state.status == Status::Connected => {
                Some(())
            }
            _ => None,
        })
        .await;
    }

    /// Waits for a track of somebody.
    pub async fn track(&mut self, of: &str) -> RemoteTrack {
        let of = id(of);
        let found = self
            .wait("a track", |event| match event {
                Event::Track(track) if track.user == of => Some(std::mem::replace(event, Event::Missed(0))),
                _ => None,
            })
            .await;
        match found {
            Event::Track(track) => track,
            _ => unreachable!(),
        }
    }

    pub async fn chat(&mut self) -> (String, String) {
        self.wait("a line", |event| match event {
            Event::Chat(line) => Some((line.user_id.to_string(), line.text.clone())),
            _ => None,
        })
        .await
    }

    pub async fn left(&mut self, who: &str) -> parlor_client::LeaveReason {
        let who = id(who);
        self.wait("a departure", |event| match event {
            Event::Left { user, reason, .. } if *user == who => Some(*reason),
            _ => None,
        })
        .await
    }
}

/// Ticks with so many milliseconds between them. After a pause of the machine they go on as before: nobody's microphone catches up.
pub fn every(ms: u64) -> Interval {
    let mut ticks = tokio::time::interval(Duration::from_millis(ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The next packet of a track.
pub async fn packet(track: &mut RemoteTrack) -> Packet {
    soon("a packet", track.packet()).await.expect("the track goes on")
}

/// An Opus packet of 20 ms with made-up content, in which a number can be read again.
pub fn opus(number: u32) -> Vec<u8> {
    let mut packet = vec![31 << 3];
    packet.extend(number.to_le_bytes());
    packet.extend(std::iter::repeat_n(u8::try_from(number % 251).unwrap(), 40 + (number as usize % 60)));
    packet
}

/// The number in such a packet.
pub fn number(packet: &[u8]) -> u32 {
    u32::from_le_bytes(packet[1..5].try_into().unwrap())
}
