//! A real parlor, the bridge as a process, and waiting with a deadline that only a fault reaches.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use parlor_server::{AdminToken, Config, Listeners, run};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::double::{BOT_TOKEN, Discord, GUILD, VOICE};

const DEADLINE: Duration = Duration::from_secs(120);
const ADMIN: &str = "an-admin-token-for-tests";

pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, event).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// A running server.
pub struct Parlor {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Parlor {
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub async fn start_at(addr: SocketAddr) -> Self {
        let admin_token = AdminToken::new(ADMIN).ok();
        let mut config = Config { listen: vec![addr], admin_token, ..Config::default() };
        config.media.threads = 0;
        let listeners = Listeners::bind(&config.listen).unwrap();
        let addr = listeners.addresses()[0];
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            run(config, listeners, async { drop(stopped.await) }).await.unwrap();
        });
        Self { addr, stop: Some(stop), running }
    }

    pub async fn stop(mut self) -> SocketAddr {
        self.stop.take().unwrap().send(()).unwrap();
        soon("the server to stop", self.running).await.unwrap();
        self.addr
    }

    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut tcp = TcpStream::connect(self.addr).await.unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {ADMIN}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.addr,
            body.len()
        );
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon("an answer", tcp.read_to_string(&mut answer)).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Waits until the room's roster is this. It is asked for again and again: nothing tells of it.
    pub async fn has(&self, members: &[u64], waiting: &[u64]) {
        let ids = |users: &[u64]| users.iter().map(u64::to_string).collect::<Vec<_>>();
        let wanted = json!({"members": ids(members), "waiting": ids(waiting)});
        let mut last = Value::Null;
        let becomes = async {
            loop {
                last = self.ask("GET", "/rooms/game/roster", &Value::Null).await.1;
                if last == wanted {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(DEADLINE, becomes).await.is_err() {
            panic!("the roster is {last}, and should be {wanted}");
        }
    }
}

/// The running bridge.
pub struct Bridge {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    pub seen: String,
}

impl Bridge {
    /// Between these two, for the voice channel and the room `game`.
    pub fn start(discord: &Discord, parlor: SocketAddr) -> Self {
        Self::start_with(discord, parlor, VOICE, &[])
    }

    pub fn start_with(discord: &Discord, parlor: SocketAddr, channel: u64, more: &[&str]) -> Self {
        let mut command = bridge();
        command
            .args(["--guild", &GUILD.to_string(), "--channel", &channel.to_string(), "--room", "game"])
            .args(["--gateway", &format!("ws://{}", discord.addr), "--url", &format!("http://{parlor}")])
            .args(["--refresh", "200ms"])
            .args(more)
            .env("DISCORD_TOKEN", BOT_TOKEN)
            .env("PARLOR_ADMIN_TOKEN", ADMIN);
        Self::of(command)
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, seen: String::new() }
    }

    /// The next line with this text.
    pub async fn line(&mut self, text: &str) -> String {
        let found = soon(text, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push_str(&line);
                self.seen.push('\n');
                if line.contains(text) {
                    return Some(line);
                }
            }
            None
        });
        match found.await {
            Some(line) => line,
            None => panic!("it ended without {text:?}:\n{}", self.seen),
        }
    }

    /// Waits for its end: exit code, and all that it said.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        soon("the bridge to end", async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push_str(&line);
                self.seen.push('\n');
            }
            let status = self.child.wait().await.unwrap();
            (status.code(), self.seen)
        })
        .await
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

/// The program, with no settings of whoever runs the tests.
pub fn bridge() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor-discord"));
    for (name, _) in std::env::vars() {
        if name.starts_with("PARLOR_") || name == "DISCORD_TOKEN" {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}
