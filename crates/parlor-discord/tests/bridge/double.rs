//! A double of Discord's gateway, as its documentation says it behaves (discord.com/developers/docs/events/gateway): hello,
//! identify, heartbeat and its ack, dispatches with sequence numbers, resume with what was missed, reconnect, invalid session,
//! close codes. A guild with voice channels and people in them stands behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::soon;

pub const GUILD: u64 = 4_000;
pub const VOICE: u64 = 5_001;
pub const OTHER_VOICE: u64 = 5_002;
pub const TEXT: u64 = 5_003;
pub const BOT_TOKEN: &str = "a.bot.token";
/// GUILDS and GUILD_VOICE_STATES.
const INTENTS: u64 = 1 | 1 << 7;
/// How often the client is to say that it is alive.
const HEARTBEAT_MS: u64 = 1_000;

/// What a connection is told to do.
#[derive(Clone, Debug)]
enum Order {
    /// Send what was dispatched since.
    Look,
    /// Opcode 7.
    Reconnect,
    /// Opcode 9.
    Invalidate { can_resume: bool },
    /// Close with this code.
    Close(u16),
    /// Break off without a word.
    Cut,
    /// Leave heartbeats unanswered.
    Deafen,
}

/// What clients have done, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub identifies: u32,
    /// Resumes that succeeded.
    pub resumes: u32,
    /// Resumes of a session that is not known, or no longer.
    pub failed_resumes: u32,
    pub heartbeats: u32,
}

#[derive(Default)]
struct State {
    /// Who is in which channel.
    voice: BTreeMap<u64, u64>,
    bots: Vec<u64>,
    /// The session, if there is one, and what was dispatched in it.
    session: Option<String>,
    sessions: u32,
    dispatched: Vec<String>,
    /// Whether connections are let in.
    is_down: bool,
    /// Where the bot is.
    guilds: Vec<u64>,
}

#[derive(Clone)]
pub struct Discord {
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
    orders: broadcast::Sender<Order>,
    counts: watch::Sender<Counts>,
}

impl Discord {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = State { guilds: vec![GUILD], ..State::default() };
        let discord = Self {
            addr,
            state: Arc::new(Mutex::new(state)),
            orders: broadcast::channel(64).0,
            counts: watch::channel(Counts::default()).0,
        };
        let serving = discord.clone();
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                if !serving.lock().is_down {
                    tokio::spawn(serving.clone().serve(tcp));
                }
            }
        });
        discord
    }

    /// The bot is in no guild.
    pub fn uninvite(&self) {
        self.lock().guilds.clear();
    }

    pub fn add_bot(&self, user: u64) {
        self.lock().bots.push(user);
    }

    /// Somebody comes into a voice channel, changes it, or goes.
    pub fn moves(&self, user: u64, channel: impl Into<Option<u64>>) {
        let channel = channel.into();
        {
            let mut state = self.lock();
            match channel {
                Some(channel) => state.voice.insert(user, channel),
                None => state.voice.remove(&user),
            };
            let is_bot = state.bots.contains(&user);
            let mut voice = voice_state(user, channel);
            voice["guild_id"] = json!(GUILD.to_string());
            voice["member"] = member(user, is_bot);
            state.dispatch("VOICE_STATE_UPDATE", &voice);
        }
        self.order(Order::Look);
    }

    pub fn delete(&self, channel: u64) {
        let mut deleted = self::channel(channel, 2);
        deleted["guild_id"] = json!(GUILD.to_string());
        self.lock().dispatch("CHANNEL_DELETE", &deleted);
        self.order(Order::Look);
    }

    /// The guild can't be reached for a while: Discord says so as if it were gone.
    pub fn guild_outage(&self) {
        self.lock().dispatch("GUILD_DELETE", &json!({"id": GUILD.to_string(), "unavailable": true}));
        self.order(Order::Look);
    }

    /// And it is back.
    pub fn guild_back(&self) {
        {
            let mut state = self.lock();
            let guild = state.guild();
            state.dispatch("GUILD_CREATE", &guild);
        }
        self.order(Order::Look);
    }

    /// Connections break off.
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    pub fn reconnect(&self) {
        self.order(Order::Reconnect);
    }

    pub fn close(&self, code: u16) {
        self.order(Order::Close(code));
    }

    pub fn invalidate(&self, can_resume: bool) {
        if !can_resume {
            self.forget();
        }
        self.order(Order::Invalidate { can_resume });
    }

    /// Heartbeats get no answer on the connection that is open.
    pub fn deafen(&self) {
        self.order(Order::Deafen);
    }

    /// No session can be resumed any more, and what was dispatched is gone.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.session = None;
        state.dispatched.clear();
    }

    /// Whether connections are let in.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// Does something after which the client has to resume, and waits until it has.
    pub async fn resumed_after(&self, what: &str, does: impl FnOnce(&Self)) {
        let before = self.counts().resumes;
        does(self);
        self.until(what, |counts| counts.resumes > before).await;
    }

    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until clients have done this.
    pub async fn until(&self, what: &str, done: impl Fn(&Counts) -> bool) {
        let mut counts = self.counts.subscribe();
        soon(what, async { drop(counts.wait_for(done).await.unwrap()) }).await;
    }

    fn order(&self, order: Order) {
        // With nobody connected there is nobody to obey.
        drop(self.orders.send(order));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn serve(self, tcp: TcpStream) {
        #[allow(clippy::result_large_err, reason = "tungstenite's")]
        let check = |request: &Request, response: Response| {
            let query = request.uri().query().unwrap_or_default();
            assert!(query.contains("v=10") && query.contains("encoding=json"), "{query}");
            Ok(response)
        };
        let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(tcp, check).await else { return };
        let mut orders = self.orders.subscribe();
        let mut sent = None;
        let mut is_deaf = false;
        send(&mut socket, 10, &json!({"heartbeat_interval": HEARTBEAT_MS})).await;
        loop {
            let silence = tokio::time::sleep(Duration::from_millis(HEARTBEAT_MS * 10));
            tokio::select! {
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        if !self.heard(&mut socket, &frame, &mut sent, is_deaf).await {
                            return;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return,
                },
                order = orders.recv() => match order.unwrap() {
                    Order::Look => {}
                    Order::Reconnect => send(&mut socket, 7, &Value::Null).await,
                    Order::Invalidate { can_resume } => {
                        send(&mut socket, 9, &json!(can_resume)).await;
                        sent = None;
                    }
                    Order::Close(code) => {
                        let frame = CloseFrame { code: code.into(), reason: "as ordered".into() };
                        drop(socket.close(Some(frame)).await);
                        return;
                    }
                    Order::Cut => return,
                    Order::Deafen => is_deaf = true,
                },
                () = silence => {
                    let frame = CloseFrame { code: 4009.into(), reason: "Session timed out.".into() };
                    drop(socket.close(Some(frame)).await);
                    return;
                }
            }
            if let Some(sent) = &mut sent {
                self.send_missed(&mut socket, sent).await;
            }
        }
    }

    /// A frame of the client's. `sent` is how far this connection is, once it is in a session. False ends the connection.
    async fn heard(
        &self,
        socket: &mut WebSocketStream<TcpStream>,
        frame: &Value,
        sent: &mut Option<usize>,
        is_deaf: bool,
    ) -> bool {
        match frame["op"].as_u64().unwrap() {
            1 => {
                self.counts.send_modify(|counts| counts.heartbeats += 1);
                if let (Some(sent), Some(seq)) = (&sent, frame["d"].as_u64()) {
                    assert!(usize::try_from(seq).unwrap() <= *sent, "a heartbeat names what was dispatched");
                }
                if !is_deaf {
                    send(socket, 11, &Value::Null).await;
                }
            }
            2 => {
                let asked = &frame["d"];
                let code = if sent.is_some() {
                    Some(4005)
                } else if asked["token"] != format!("Bot {BOT_TOKEN}") && asked["token"] != BOT_TOKEN {
                    Some(4004)
                } else {
                    assert_eq!(asked["intents"], INTENTS, "no more than is needed");
                    assert!(asked["properties"]["os"].is_string());
                    None
                };
                if let Some(code) = code {
                    let reason =
                        if code == 4004 { "Authentication failed." } else { "Already authenticated." };
                    drop(socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await);
                    return false;
                }
                self.begin();
                *sent = Some(0);
                self.counts.send_modify(|counts| counts.identifies += 1);
            }
            6 => {
                let asked = &frame["d"];
                let is_known = self.lock().session.as_deref() == asked["session_id"].as_str();
                if !is_known {
                    self.counts.send_modify(|counts| counts.failed_resumes += 1);
                    send(socket, 9, &json!(false)).await;
                    return true;
                }
                let mut at = usize::try_from(asked["seq"].as_u64().unwrap()).unwrap();
                self.send_missed(socket, &mut at).await;
                self.lock().dispatch("RESUMED", &json!({}));
                *sent = Some(at);
                self.counts.send_modify(|counts| counts.resumes += 1);
            }
            other => panic!("a bot that follows voice states sends no opcode {other}"),
        }
        true
    }

    /// A session begins, with what each one begins with.
    fn begin(&self) {
        let mut state = self.lock();
        state.sessions += 1;
        let session = format!("session-{}", state.sessions);
        state.session = Some(session.clone());
        state.dispatched.clear();
        let guilds: Vec<Value> =
            state.guilds.iter().map(|id| json!({"id": id.to_string(), "unavailable": true})).collect();
        let ready = json!({
            "v": 10,
            "user": {
                "id": "9000", "username": "bridge", "discriminator": "0", "avatar": null, "bot": true,
                "mfa_enabled": false, "global_name": null, "flags": 0, "verified": true, "email": null
            },
            "guilds": guilds, "session_id": session, "session_type": "normal",
            "resume_gateway_url": format!("ws://{}", self.addr),
            "application": {"id": "9000", "flags": 0}, "shard": [0, 1], "private_channels": []
        });
        state.dispatch("READY", &ready);
        if !state.guilds.is_empty() {
            let guild = state.guild();
            state.dispatch("GUILD_CREATE", &guild);
        }
    }

    async fn send_missed(&self, socket: &mut WebSocketStream<TcpStream>, sent: &mut usize) {
        let missed: Vec<String> = self.lock().dispatched.iter().skip(*sent).cloned().collect();
        for text in missed {
            *sent += 1;
            drop(socket.send(Message::text(text)).await);
        }
    }
}

impl State {
    /// Numbers an event and keeps it for those who come back.
    fn dispatch(&mut self, kind: &str, data: &Value) {
        let seq = self.dispatched.len() + 1;
        // In Discord's order: twilight looks for the first of each name.
        self.dispatched.push(format!(r#"{{"t":"{kind}","s":{seq},"op":0,"d":{data}}}"#));
    }

    fn guild(&self) -> Value {
        let states: Vec<Value> =
            self.voice.iter().map(|(user, channel)| voice_state(*user, Some(*channel))).collect();
        let people = self.voice.keys().map(|user| member(*user, self.bots.contains(user)));
        json!({
            "id": GUILD.to_string(), "name": "Guild", "icon": null, "splash": null, "discovery_splash": null,
            "owner_id": "1", "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "roles": [], "emojis": [],
            "features": ["NEWS", "SOMETHING_NEW"], "mfa_level": 0, "application_id": null, "system_channel_id": null,
            "system_channel_flags": 0, "rules_channel_id": null, "vanity_url_code": null, "description": null,
            "banner": null, "premium_tier": 0, "preferred_locale": "en-US", "public_updates_channel_id": null,
            "nsfw_level": 0, "nsfw": false, "premium_progress_bar_enabled": false, "stickers": [],
            "stage_instances": [], "joined_at": "2026-01-01T00:00:00.000000+00:00", "large": false,
            "unavailable": false, "member_count": 3, "voice_states": states,
            "members": people.collect::<Vec<_>>(), "threads": [], "presences": [], "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "channels": [channel(VOICE, 2), channel(OTHER_VOICE, 13), channel(TEXT, 0)]
        })
    }
}

fn channel(id: u64, kind: u8) -> Value {
    json!({"id": id.to_string(), "type": kind, "name": "a channel", "position": 0, "permission_overwrites": []})
}

fn voice_state(user: u64, channel: Option<u64>) -> Value {
    json!({
        "channel_id": channel.map(|channel| channel.to_string()), "user_id": user.to_string(),
        "session_id": format!("voice-{user}"), "deaf": false, "mute": false, "self_deaf": false,
        "self_mute": false, "self_video": false, "suppress": false, "request_to_speak_timestamp": null
    })
}

fn member(user: u64, is_bot: bool) -> Value {
    json!({
        "user": {
            "id": user.to_string(), "username": format!("user{user}"), "discriminator": "0", "avatar": null,
            "global_name": null, "bot": is_bot, "accent_color": null, "avatar_decoration": null,
            "avatar_decoration_data": null, "banner": null
        },
        "nick": null, "roles": [], "joined_at": "2026-01-01T00:00:00.000000+00:00", "deaf": false, "mute": false,
        "flags": 0, "communication_disabled_until": null
    })
}

async fn send(socket: &mut WebSocketStream<TcpStream>, op: u8, data: &Value) {
    // A client that is gone is noticed by what is read.
    drop(socket.send(Message::text(format!(r#"{{"t":null,"s":null,"op":{op},"d":{data}}}"#))).await);
}
