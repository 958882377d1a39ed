//! Janus as a counterpart: its VideoRoom, asked over its HTTP API (https://janus.conf.meetecho.com/docs/rest.html, …/videoroom.html), with the
//! same ends that the crowd is made of. Publishers offer, subscribers answer one offer with everybody's track in it.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use parlor_load::{Delays, End, Ends, Kit, Sends, Slots, State, Voice};
use parlor_proto::Kind;
use serde_json::{Value, json};

use crate::forward::{Forwarded, Scene};
use crate::servers::{self, Server};
use crate::usage::{Cpu, resident_bytes};

const PLUGIN: &str = "janus.plugin.videoroom";
const ROOM: u64 = 1;
const PATIENCE: Duration = Duration::from_secs(20);

/// Settings for a Janus that has only what is needed here; all else as it comes.
pub(crate) fn configure(folder: &Path, http: SocketAddr) {
    let others = |kind: &str, keep: &str| -> String {
        let root = Path::new("/usr/lib");
        let mut names: Vec<String> = Vec::new();
        for arch in std::fs::read_dir(root).into_iter().flatten().flatten() {
            for file in
                std::fs::read_dir(arch.path().join("janus").join(kind)).into_iter().flatten().flatten()
            {
                let name = file.file_name().to_string_lossy().into_owned();
                if name.ends_with(".so") && !name.contains(keep) {
                    names.push(name);
                }
            }
        }
        names.join(",")
    };
    // A session that nobody polls must not end while its packets are counted.
    let general = "general: { debug_level = 2, session_timeout = 0 }\n";
    let main = format!(
        "{general}plugins: {{ disable = \"{}\" }}\ntransports: {{ disable = \"{}\" }}\n",
        others("plugins", "videoroom"),
        others("transports", "http")
    );
    let transport = format!(
        "general: {{ json = \"compact\", base_path = \"/janus\", http = true, port = {}, ip = \"{}\" }}\n\
         admin: {{ admin_http = false }}\n",
        http.port(),
        http.ip()
    );
    for (name, text) in [
        ("janus.jcfg", main.as_str()),
        ("janus.transport.http.jcfg", &transport),
        ("janus.plugin.videoroom.jcfg", "general: { }\n"),
    ] {
        std::fs::write(folder.join(name), text).expect("a folder for settings");
    }
}

/// The API of one session.
struct Api {
    address: SocketAddr,
    session: u64,
    transactions: u64,
}

impl Api {
    fn open(address: SocketAddr) -> Self {
        let created = request(address, "POST", "/janus", &json!({"janus": "create", "transaction": "0"}));
        Self { address, session: id(&created), transactions: 0 }
    }

    fn attach(&mut self) -> u64 {
        let transaction = self.next();
        let body = json!({"janus": "attach", "plugin": PLUGIN, "transaction": transaction});
        id(&request(self.address, "POST", &format!("/janus/{}", self.session), &body))
    }

    fn next(&mut self) -> String {
        self.transactions += 1;
        self.transactions.to_string()
    }

    /// Says something to the plugin, and gives its answer: what it says, and a description if there is one.
    fn tell(&mut self, handle: u64, body: &Value, jsep: Option<Value>) -> (Value, Option<String>) {
        let transaction = self.next();
        let mut message = json!({"janus": "message", "body": body, "transaction": transaction});
        if let (Some(fields), Some(jsep)) = (message.as_object_mut(), jsep) {
            fields.insert("jsep".to_owned(), jsep);
        }
        let path = format!("/janus/{}/{handle}", self.session);
        let mut answer = request(self.address, "POST", &path, &message);
        let start = Instant::now();
        // What takes longer is acknowledged first, and comes as an event.
        while answer["transaction"] != *transaction || answer["janus"] == "ack" {
            assert!(start.elapsed() < PATIENCE, "Janus does not answer {body}");
            answer = request(self.address, "GET", &format!("/janus/{}?maxev=1", self.session), &Value::Null);
        }
        let data = answer["plugindata"]["data"].clone();
        assert!(data["error"].is_null() && answer["janus"] != "error", "Janus refused {body}: {answer}");
        (data, answer["jsep"]["sdp"].as_str().map(str::to_owned))
    }
}

fn id(answer: &Value) -> u64 {
    answer["data"]["id"].as_u64().unwrap_or_else(|| panic!("Janus gave no id: {answer}"))
}

fn request(address: SocketAddr, method: &str, path: &str, body: &Value) -> Value {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(address).expect("Janus takes a connection");
    stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a time limit");
    // By HTTP/1.0 an answer comes in one piece.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{text}",
        text.len()
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("Janus answered {answer:?}: {error}"))
}

fn jsep(kind: &str, sdp: &str) -> Option<Value> {
    Some(json!({"type": kind, "sdp": sdp, "trickle": false}))
}

/// Ends, and what they need to be made.
struct Field {
    ends: Ends,
    kit: Kit,
    ip: IpAddr,
}

impl Field {
    fn add(&mut self, make: impl FnOnce(&mut End, Instant)) {
        let now = Instant::now();
        let (socket, address) = Ends::bind(self.ip).expect("a UDP socket");
        let mut end = End::new(&self.kit, now, address).expect("an end");
        make(&mut end, now);
        let number = self.ends.add(end, socket).expect("one more socket to watch");
        let start = Instant::now();
        while self.ends.end(number).is_some_and(|end| end.state() != State::Connected) {
            assert!(start.elapsed() < PATIENCE, "no connection with Janus");
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.ends.turn(&mut Vec::new()).expect("epoll");
    }

    fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn();
        }
    }
}

/// The same work as the crowd has for parlor.
pub(crate) fn forward(server: &Server, scene: Scene, settling: Duration, window: Duration) -> Forwarded {
    let mut api = Api::open(server.address);
    let begun = Instant::now();
    let kit = Kit::generate(begun).expect("a key pair");
    // Janus offers no loopback addresses.
    let mut field = Field { ends: Ends::new().expect("epoll"), kit, ip: servers::beyond_loopback() };

    let maker = api.attach();
    let is_audio = scene.kind == Kind::Audio;
    let create = json!({"request": "create", "room": ROOM, "publishers": scene.publishers, "audiocodec": "opus",
        "videocodec": "vp8", "notify_joining": false});
    api.tell(maker, &create, None);
    let mut feeds = Vec::new();
    for publisher in 0..scene.publishers {
        let handle = api.attach();
        let voice = if publisher < scene.speaking { Voice::Speaks } else { Voice::Silent };
        let sends = Sends { audio: is_audio.then_some(voice), video: scene.camera() };
        field.add(|end, now| {
            let offer = end.offer(now, sends, Slots::default()).expect("an offer");
            let join = json!({"request": "joinandconfigure", "room": ROOM, "ptype": "publisher",
                "display": format!("p{publisher}")});
            let (joined, answer) = api.tell(handle, &join, jsep("offer", &offer.sdp));
            feeds.push(joined["id"].as_u64().expect("a publisher's id"));
            end.accept_answer(now, &answer.expect("an answer")).expect("a fitting answer");
        });
    }
    for _ in 0..scene.subscribers {
        let handle = api.attach();
        let streams: Vec<Value> = feeds.iter().map(|feed| json!({"feed": feed})).collect();
        field.add(|end, now| {
            let join = json!({"request": "join", "room": ROOM, "ptype": "subscriber", "streams": streams});
            let (_, offer) = api.tell(handle, &join, None);
            let answer = end.answer(now, &offer.expect("an offer")).expect("something to answer");
            api.tell(handle, &json!({"request": "start", "room": ROOM}), jsep("answer", &answer));
        });
    }

    field.run(settling);
    for end in field.ends.iter_mut() {
        end.tally_mut().restart();
    }
    let before = Cpu::of(server.process);
    let start = Instant::now();
    field.run(window);
    let window = start.elapsed();
    let cpu = Cpu::of(server.process).since(before);
    let mut forwarded = Forwarded {
        cpu,
        window,
        packets: 0,
        memory_bytes: resident_bytes(server.process),
        loss_percent: 0.0,
        latency_p99_ms: 0.0,
        missing: field.ends.iter().filter(|end| end.state() != State::Connected).count(),
    };
    let (mut lost, mut latency, mut tracks) = (0, Delays::default(), 0);
    for end in field.ends.iter().skip(scene.publishers) {
        let received = end.tally().received(scene.kind);
        forwarded.packets += received.packets;
        lost += received.lost;
        tracks += received.tracks;
        latency.merge(&received.latency);
    }
    assert_eq!(tracks, scene.subscribers * scene.publishers, "Janus forwards everybody to everybody");
    forwarded.loss_percent = lost as f64 / (forwarded.packets + lost) as f64 * 100.0;
    forwarded.latency_p99_ms = latency.quantile_ms(0.99).expect("something was delivered");
    forwarded
}
