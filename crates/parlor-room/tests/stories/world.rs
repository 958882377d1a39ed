//! A registry with its surroundings: a clock, sockets that answer pings, and what came out, sorted by socket.
//!
//! What must hold for every story is checked on the way: nothing is sent to a socket that is not open, and each
//! session's numbers have no gap.

use std::collections::{BTreeMap, BTreeSet};

use parlor_proto::{ClientFrame, Time, Timestamp};
use parlor_room::{
    CloseCause, Config, ConnId, Event, FrameKind, Gauges, Hail, HubOrder, Input, Output, PeerFrame, PeerId,
    Registry, RoomEvent,
};
use serde_json::{Value, json};

/// 2026-11-21T10:00:00.000Z.
pub const START_MS: u64 = 1_795_255_200_000;

pub struct World {
    pub registry: Registry,
    pub now: Time,
    pub log: Vec<Event>,
    /// What the hub was told.
    pub hub: Vec<HubOrder>,
    /// Departures, step by step: what the hub was told, what was logged of it and sent.
    pub order: Vec<String>,
    next_conn: u64,
    sockets: BTreeMap<ConnId, Socket>,
    /// Sockets that answer no pings.
    mute: BTreeSet<ConnId>,
}

/// What came to one socket.
#[derive(Default)]
struct Socket {
    is_closed: bool,
    frames: Vec<(FrameKind, Value)>,
    pings: Vec<Time>,
    closed: Option<(u16, String)>,
    last_seq: Option<u64>,
}

impl World {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        Self {
            registry: Registry::new(config, [7; 32]),
            now: Time::from_ms(START_MS),
            log: Vec::new(),
            hub: Vec::new(),
            order: Vec::new(),
            next_conn: 0,
            sockets: BTreeMap::new(),
            mute: BTreeSet::new(),
        }
    }

    /// A new socket, not yet anyone's.
    pub fn open(&mut self) -> ConnId {
        self.next_conn += 1;
        let conn = ConnId(self.next_conn);
        self.sockets.insert(conn, Socket::default());
        self.input(Input::Opened { conn });
        conn
    }

    /// A new socket of a peer, with what its query says.
    pub fn knock(&mut self, id: &str, token: &str, key: &str) -> ConnId {
        self.next_conn += 1;
        let conn = ConnId(self.next_conn);
        self.sockets.insert(conn, Socket::default());
        let hail = Hail::parse(Some(id), Some(token), Some(key));
        self.input(Input::PeerOpened { conn, hail });
        conn
    }

    /// A peer that gets its id, with its id as token; the `OPEN` is taken.
    pub fn peer(&mut self, id: &str) -> ConnId {
        let conn = self.knock(id, id, "peerjs");
        assert_eq!(self.take(conn), [json!({"type": "OPEN"})]);
        conn
    }

    /// What a peer of that id says.
    pub fn peer_says(&mut self, conn: ConnId, id: &str, text: &str) {
        let from = PeerId::parse(id).unwrap();
        self.input(match PeerFrame::parse(text, &from) {
            Some(frame) => Input::PeerFrame { conn, frame },
            None => Input::PeerBadFrame { conn },
        });
    }

    /// A peer's frame to another peer.
    pub fn signal(&mut self, conn: ConnId, id: &str, kind: &str, to: &str, payload: &Value) {
        self.peer_says(conn, id, &json!({"type": kind, "dst": to, "payload": payload}).to_string());
    }

    /// A new socket that says `hello` as `id`, with instance `<id>-1`; its `welcome` is taken.
    pub fn join_as(&mut self, id: &str) -> ConnId {
        let conn = self.open();
        self.say(
            conn,
            "hello",
            json!({"userId": id, "userName": name_of(id), "instance": format!("{id}-1")}),
        );
        let welcome = self.take(conn);
        assert_eq!(types(&welcome), ["welcome"]);
        conn
    }

    /// `join_as`, and into a room that is made if it is missing; what comes of it is taken from everyone.
    pub fn in_room(&mut self, id: &str, room: &str) -> ConnId {
        let conn = self.join_as(id);
        self.enter(conn, room);
        conn
    }

    /// Into a room that is made if it is missing; what comes of it is taken from everyone.
    pub fn enter(&mut self, conn: ConnId, room: &str) {
        self.say(conn, "user-joined-room", json!({"roomId": room, "create": {"name": room}}));
        let frames = self.take(conn);
        assert_eq!(frames[0]["type"], "room-joined", "{frames:?}");
        self.pass(200);
        self.clear();
    }

    pub fn say(&mut self, conn: ConnId, kind: &str, data: Value) {
        self.text(conn, &json!({"type": kind, "data": data}).to_string());
    }

    /// A request: with an id, so that its `ok` shows.
    pub fn ask(&mut self, conn: ConnId, id: Value, kind: &str, data: Value) {
        self.text(conn, &json!({"type": kind, "data": data, "id": id}).to_string());
    }

    pub fn text(&mut self, conn: ConnId, text: &str) {
        match ClientFrame::parse(text) {
            Ok(frame) => self.input(Input::Frame { conn, frame }),
            Err(error) => self.input(Input::BadFrame { conn, error }),
        }
    }

    /// Asks, and takes what came to that socket for it.
    pub fn answer(&mut self, conn: ConnId, kind: &str, data: Value) -> Vec<Value> {
        self.take(conn);
        self.ask(conn, json!("q"), kind, data);
        self.take(conn)
    }

    /// Asks, and takes the code of the error that must be the answer.
    pub fn refused(&mut self, conn: ConnId, kind: &str, data: Value) -> String {
        let frames = self.answer(conn, kind, data);
        let last = frames.last().expect("an answer");
        assert_eq!((&last["type"], &last["re"]), (&json!("error"), &json!("q")), "{frames:?}");
        last["data"]["code"].as_str().unwrap().to_owned()
    }

    /// The socket ends from the other side.
    pub fn close(&mut self, conn: ConnId, cause: CloseCause) {
        self.pass(0); // what was due before
        self.sockets.get_mut(&conn).unwrap().is_closed = true;
        self.input(Input::Closed { conn, cause });
    }

    /// The tab is closed.
    pub fn close_tab(&mut self, conn: ConnId) {
        self.close(conn, CloseCause::Frame(Some(1001)));
    }

    /// The network is cut.
    pub fn lose(&mut self, conn: ConnId) {
        self.close(conn, CloseCause::Lost);
    }

    /// The socket answers no pings from now on.
    pub fn silence(&mut self, conn: ConnId) {
        self.mute.insert(conn);
    }

    /// It answers pings again, from the next one on.
    pub fn unsilence(&mut self, conn: ConnId) {
        self.mute.remove(&conn);
    }

    pub fn input(&mut self, input: Input) {
        self.registry.handle_input(self.now, input);
        self.drain();
    }

    /// Lets time pass, and calls the registry whenever it asked to be called.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.registry.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let before = self.registry.poll_timeout();
            self.registry.handle_timeout(self.now);
            self.drain();
            assert_ne!(self.registry.poll_timeout(), before, "a timer that fires without moving never ends");
        }
        self.now = end;
        self.registry.handle_timeout(end);
        self.drain();
    }

    fn drain(&mut self) {
        let mut pinged = Vec::new();
        while let Some(output) = self.registry.poll_output() {
            match output {
                Output::Log(event) => {
                    if let Event::Room { entry, .. } = &event
                        && matches!(entry.event, RoomEvent::Removed { .. })
                    {
                        self.order.push("log: removed".to_owned());
                    }
                    self.log.push(event);
                }
                Output::Hub(order) => {
                    if let HubOrder::Leave { seat } = &order {
                        self.order.push(format!("hub: leave {}", seat.participant));
                    }
                    self.hub.push(order);
                }
                Output::Send { conn, frame } => self.on_sent(conn, frame.kind, &frame.text),
                Output::Ping { conn } => {
                    let now = self.now;
                    self.open_socket(conn).pings.push(now);
                    pinged.push(conn);
                }
                Output::Close { conn, code, reason } => {
                    assert!(
                        (1..=123).contains(&reason.len()),
                        "every close has a reason that fits: {reason}"
                    );
                    let socket = self.open_socket(conn);
                    socket.is_closed = true;
                    socket.closed = Some((code.code(), reason));
                }
            }
        }
        for conn in pinged {
            if !self.mute.contains(&conn) && !self.sockets[&conn].is_closed {
                self.input(Input::Pong { conn });
            }
        }
    }

    fn on_sent(&mut self, conn: ConnId, kind: FrameKind, text: &str) {
        let value: Value = serde_json::from_str(text).expect("frames are JSON");
        if value["type"] == "user-left-room" {
            self.order.push("send: user-left-room".to_owned());
        }
        let socket = self.open_socket(conn);
        let seq = value["seq"].as_u64();
        let unnumbered = ["welcome", "pong", "server-room-list", "room-list-delta", "room-list-digest"];
        let name = value["type"].as_str().unwrap();
        if name == "welcome" {
            // Numbers begin at 1, or go on after the last one.
            socket.last_seq = if value["data"]["resumed"] == true { None } else { Some(0) };
        }
        let expected_kind = match name {
            "server-room-list" => FrameKind::List,
            "room-list-delta" | "room-list-digest" => FrameKind::Delta,
            "pong" => FrameKind::Pong,
            _ => FrameKind::Kept,
        };
        assert_eq!(kind, expected_kind, "{text}");
        if let Some(seq) = seq {
            assert!(!unnumbered.contains(&name), "{text}");
            if let Some(last) = socket.last_seq {
                assert_eq!(seq, last + 1, "numbers have no gap: {text}");
            }
            socket.last_seq = Some(seq);
        }
        socket.frames.push((kind, value));
    }

    fn open_socket(&mut self, conn: ConnId) -> &mut Socket {
        let socket = self.sockets.get_mut(&conn).expect("a socket that was opened");
        assert!(!socket.is_closed, "nothing is done to {conn:?}, which is closed");
        socket
    }

    /// The frames that came to a socket since the last time, without room lists and without numbers.
    pub fn take(&mut self, conn: ConnId) -> Vec<Value> {
        let frames = self.take_all(conn);
        let is_list = |value: &Value| value["type"].as_str().unwrap().contains("room-list");
        frames.into_iter().filter(|value| !is_list(value)).map(without_seq).collect()
    }

    /// The room lists, differences and digests that came to a socket since the last time; the rest goes too.
    pub fn take_lists(&mut self, conn: ConnId) -> Vec<Value> {
        let is_list = |value: &Value| value["type"].as_str().unwrap().contains("room-list");
        self.take_all(conn).into_iter().filter(is_list).collect()
    }

    /// All frames that came to a socket since the last time.
    pub fn take_all(&mut self, conn: ConnId) -> Vec<Value> {
        let frames = std::mem::take(&mut self.sockets.get_mut(&conn).unwrap().frames);
        frames.into_iter().map(|(_, value)| value).collect()
    }

    /// The first of the frames that came to a socket since the last time; the others stay.
    pub fn take_first(&mut self, conn: ConnId) -> Value {
        self.sockets.get_mut(&conn).unwrap().frames.remove(0).1
    }

    /// The frames that would be taken.
    pub fn peek(&self, conn: ConnId) -> Vec<Value> {
        self.sockets[&conn].frames.iter().map(|(_, value)| value.clone()).collect()
    }

    /// Takes everything from everyone.
    pub fn clear(&mut self) {
        for socket in self.sockets.values_mut() {
            socket.frames.clear();
            socket.pings.clear();
        }
        self.log.clear();
        self.order.clear();
    }

    /// When a socket was pinged since the last time, in ms since `since`.
    pub fn take_pings(&mut self, conn: ConnId, since: Time) -> Vec<u64> {
        let pings = std::mem::take(&mut self.sockets.get_mut(&conn).unwrap().pings);
        pings.into_iter().map(|at| at.ms_since(since)).collect()
    }

    /// The code with which the registry closed a socket.
    pub fn closed_with(&self, conn: ConnId) -> Option<u16> {
        self.sockets[&conn].closed.as_ref().map(|(code, _)| *code)
    }

    /// The highest number that came to a socket.
    pub fn last_seq(&self, conn: ConnId) -> u64 {
        self.sockets[&conn].last_seq.unwrap_or(0)
    }

    /// The room list, as one who asks now is told.
    pub fn list(&mut self) -> Vec<Value> {
        let conn = self.open();
        self.say(conn, "room-list-request", json!({}));
        let lists = self.take_lists(conn);
        self.close_tab(conn);
        lists[0]["data"]["rooms"].as_array().unwrap().clone()
    }

    /// Each room of the list as `id: participants, the host first marked`.
    pub fn shown(&mut self) -> Vec<String> {
        let names = |room: &Value| {
            let ids: Vec<String> = room["participants"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| {
                    let mark = if p["id"] == room["hostId"] { "*" } else { "" };
                    format!("{}{mark}", p["id"].as_str().unwrap())
                })
                .collect();
            format!("{}: {}", room["id"].as_str().unwrap(), ids.join(" "))
        };
        self.list().iter().map(names).collect()
    }

    pub fn gauges(&self) -> Gauges {
        self.registry.gauges()
    }

    /// Nothing is left of anyone: the ledger is back to zero.
    pub fn assert_empty(&mut self) {
        let now = self.gauges();
        let counted = Gauges {
            joins_total: now.joins_total,
            leaves_total: now.leaves_total,
            rooms_made_total: now.rooms_made_total,
            moves_up_total: now.moves_up_total,
            moves_down_total: now.moves_down_total,
            moves_overdue_total: now.moves_overdue_total,
            signals_relayed_total: now.signals_relayed_total,
            lists_encoded_total: now.lists_encoded_total,
            deltas_encoded_total: now.deltas_encoded_total,
            errors_total: now.errors_total,
            list_bytes: now.list_bytes,
            peer_totals: now.peer_totals.clone(),
            ..Gauges::default()
        };
        assert_eq!(now, counted);
        assert_eq!(now.joins_total, now.leaves_total);
        assert_eq!(self.registry.poll_timeout(), None);
    }
}

pub fn without_seq(mut value: Value) -> Value {
    value.as_object_mut().unwrap().remove("seq");
    value
}

pub fn types(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

/// `ada` is shown as `Ada`.
pub fn name_of(id: &str) -> String {
    id[..1].to_uppercase() + &id[1..]
}

pub fn stamp(time: Time) -> String {
    Timestamp(time).to_string()
}

/// A participant as frames show one whose id, name and instance are as in [`World::join_as`].
pub fn participant(id: &str, role: &str, joined_at: Time) -> Value {
    json!({
        "id": id, "name": name_of(id), "role": role, "instance": format!("{id}-1"),
        "joinedAt": stamp(joined_at), "suspect": false, "tracks": []
    })
}
