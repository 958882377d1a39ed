//! One simulated participant: a session as an SDK keeps it, a connection manager, a browser.
//!
//! The session follows `docs/protocol.md`: frames are numbered, kept until a resume says that they arrived, and sent
//! again if they did not; now and then one that did arrive is sent again as well, which the server must ignore.

use std::collections::VecDeque;

use parlor_connect::{Input, Manager, Media, Output, Remote, Settings, Signal, Status};
use parlor_proto::{Grade, Instance, Role, Time, UserId};
use parlor_room::ConnId;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::trace::Recorder;

/// The room everybody meets in.
pub const ROOM: &str = "room";

/// More frames than a session may miss.
const SENT_MAX: usize = 256;

/// Someone in the simulated world.
#[derive(Debug)]
pub struct Participant {
    /// The user id.
    pub id: UserId,
    /// The role asked for.
    pub role: Role,
    /// Of the document that is open now.
    pub instance: Instance,
    /// The connections' decisions.
    pub manager: Manager,
    /// The connections.
    pub browser: Browser,
    /// The socket, while there is one on this side.
    pub socket: Option<ConnId>,
    /// Whether this participant is there at all: false before joining, after leaving and after a crash.
    pub is_running: bool,
    is_welcome: bool,
    resume_token: Option<String>,
    last_seq: u64,
    cseq: u64,
    sent: VecDeque<(u64, String)>,
    /// Frames to write to the socket.
    pub outgoing: Vec<String>,
    /// Connections whose figures are asked for.
    pub samples: Vec<(Remote, u32)>,
    /// How often a connection was found over which nothing comes.
    pub found_frozen: usize,
    /// Connections given up for good.
    pub given_up: Vec<String>,
    /// Connections opened, over the whole life of this document.
    pub opened: usize,
    /// What went against the contract.
    pub faults: Vec<String>,
    pub(crate) recorder: Recorder,
    loads: u32,
    settings: Settings,
    seed: u64,
}

impl Participant {
    /// Someone who is not there yet.
    #[must_use]
    pub fn new(id: UserId, role: Role, settings: Settings, seed: u64) -> Self {
        let instance = instance_of(&id, 0);
        Self {
            manager: Manager::new(id.clone(), instance.clone(), settings.clone(), seed),
            browser: Browser::new(id.clone(), 1),
            id,
            role,
            instance,
            socket: None,
            is_running: false,
            is_welcome: false,
            resume_token: None,
            last_seq: 0,
            cseq: 0,
            sent: VecDeque::new(),
            outgoing: Vec::new(),
            samples: Vec::new(),
            found_frozen: 0,
            given_up: Vec::new(),
            opened: 0,
            faults: Vec::new(),
            recorder: Recorder::default(),
            loads: 0,
            settings,
            seed,
        }
    }

    /// Opens the page (again): everything of an earlier document is gone.
    pub fn load(&mut self, now: Time) {
        self.loads += 1;
        self.instance = instance_of(&self.id, self.loads);
        self.manager = Manager::new(self.id.clone(), self.instance.clone(), self.settings.clone(), self.seed);
        self.recorder.begin(&self.id, &self.instance, self.seed);
        self.browser = Browser::new(self.id.clone(), self.browser.tracks());
        self.resume_token = None;
        self.sent.clear();
        (self.last_seq, self.cseq, self.opened) = (0, 0, 0);
        self.is_running = true;
        self.tell(now, Input::Media(Media::Ready));
        self.send("user-joined-room", &self.join());
        self.publish();
    }

    /// Closes the page; what was open is gone.
    pub fn unload(&mut self) {
        self.is_running = false;
        self.is_welcome = false;
        self.socket = None;
        self.browser = Browser::new(self.id.clone(), self.browser.tracks());
    }

    /// The socket is open: who I am, and where I was.
    pub fn on_socket_open(&mut self, socket: ConnId) {
        self.socket = Some(socket);
        self.is_welcome = false;
        let mut hello = json!({"userId": self.id, "userName": self.id, "instance": self.instance});
        if let (Some(token), Some(fields)) = (&self.resume_token, hello.as_object_mut()) {
            fields.insert("resume".to_owned(), json!({"token": token, "lastSeq": self.last_seq}));
        }
        self.outgoing.push(json!({"type": "hello", "data": hello}).to_string());
    }

    /// The socket is gone.
    pub fn on_socket_lost(&mut self, now: Time) {
        self.socket = None;
        self.is_welcome = false;
        self.tell(now, Input::SignalingDown);
    }

    /// A frame of the server arrived. `repeats` is how many frames that arrived are sent again after a resume.
    pub fn on_frame(&mut self, now: Time, text: &str, repeats: usize) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            self.faults.push(format!("{}: no JSON: {text}", self.id));
            return;
        };
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        let data = frame.get("data").cloned().unwrap_or_default();
        if kind == "welcome" {
            self.on_welcome(now, &data, repeats);
            return;
        }
        if let Some(seq) = frame.get("seq").and_then(Value::as_u64) {
            if seq != self.last_seq + 1 {
                self.faults.push(format!("{}: frame {seq} after {}", self.id, self.last_seq));
            }
            self.last_seq = seq;
        }
        if kind == "error" {
            self.on_error(&data);
        } else if let Ok(signal) = serde_json::from_str::<Signal>(text) {
            self.tell(now, Input::Signal(signal));
        }
    }

    fn on_welcome(&mut self, now: Time, welcome: &Value, repeats: usize) {
        self.is_welcome = true;
        let text = |name: &str| welcome.get(name).and_then(Value::as_str).map(str::to_owned);
        let was_here = self.resume_token.is_some();
        self.resume_token = text("resumeToken");
        if welcome.get("resumed").and_then(Value::as_bool) == Some(true) {
            let arrived = welcome.get("lastCseq").and_then(Value::as_u64).unwrap_or_default();
            let first = arrived.saturating_sub(repeats as u64);
            let again = self.sent.iter().filter(|(cseq, _)| *cseq > first).map(|(_, text)| text.clone());
            self.outgoing.extend(again);
        } else {
            self.last_seq = 0;
            let waiting: Vec<String> = if was_here {
                vec![numbered(1, "user-joined-room", &self.join())]
            } else {
                self.sent.iter().map(|(_, text)| text.clone()).collect()
            };
            if was_here {
                self.cseq = 1;
                self.sent = waiting.iter().map(|text| (1, text.clone())).collect();
            }
            self.outgoing.extend(waiting);
            if was_here {
                self.publish();
            }
        }
        self.tell(now, Input::SignalingUp);
    }

    /// Refusals that a crossing of messages explains are no faults.
    fn on_error(&mut self, error: &Value) {
        let code = error.get("code").and_then(Value::as_str).unwrap_or_default();
        match code {
            "peer-unavailable" => {}
            "unavailable-id" => self.socket = None,
            _ => self.faults.push(format!("{}: {error}", self.id)),
        }
    }

    /// Time passed.
    pub fn on_timeout(&mut self, now: Time) {
        self.recorder.step(now, None);
        self.manager.handle_timeout(now);
        self.drain();
    }

    /// Hands the manager an input and carries out what comes of it.
    pub fn tell(&mut self, now: Time, input: Input) {
        self.recorder.step(now, Some(&input));
        self.manager.handle_input(now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.manager.poll_output() {
            match &output {
                Output::Send(message) => {
                    let message = serde_json::to_value(message).unwrap_or_default();
                    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
                    self.send(&kind, message.get("data").unwrap_or(&Value::Null));
                }
                Output::Open { .. } => self.opened += 1,
                Output::SampleStats { peer, attempt } => self.samples.push((peer.clone(), *attempt)),
                Output::QualityChanged { quality, .. } if quality.grade == Grade::Lost => {
                    self.found_frozen += 1;
                }
                Output::ConnectionFailed { remote_peer_id, reason } => {
                    self.given_up.push(format!("{} gave up {remote_peer_id}: {reason}", self.id));
                }
                _ => {}
            }
            self.browser.carry_out(&output);
        }
    }

    fn join(&self) -> Value {
        json!({"roomId": ROOM, "role": self.role, "create": {"name": ROOM, "capacity": 15}})
    }

    fn publish(&mut self) {
        let track = json!({"source": "microphone", "kind": "audio", "enabled": true});
        let state = json!({"roomId": ROOM, "audioEnabled": true, "videoEnabled": false, "tracks": [track]});
        self.send("track-state", &state);
    }

    fn send(&mut self, kind: &str, data: &Value) {
        self.cseq += 1;
        let text = numbered(self.cseq, kind, data);
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((self.cseq, text.clone()));
        if self.is_welcome {
            self.outgoing.push(text);
        }
    }

    /// Leaves the room on purpose.
    pub fn leave(&mut self, now: Time) {
        if let Ok(room_id) = parlor_proto::RoomId::parse(ROOM) {
            self.tell(now, Input::LeaveRoom { room_id });
        }
        self.send("user-left-room", &json!({"roomId": ROOM}));
    }

    /// With whom the manager believes to be connected.
    #[must_use]
    pub fn connected(&self) -> Vec<Remote> {
        let connections = self.manager.connections().into_iter();
        connections.filter(|c| c.state.status == Status::Connected).map(|c| c.remote_peer_id).collect()
    }
}

fn numbered(cseq: u64, kind: &str, data: &Value) -> String {
    json!({"type": kind, "data": data, "cseq": cseq}).to_string()
}

fn instance_of(id: &UserId, load: u32) -> Instance {
    Instance::parse(&format!("{id}-{load}")).unwrap_or_else(|_| unreachable!("a short id makes an instance"))
}
