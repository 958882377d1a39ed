//! The shells around the cores: WebSocket sessions, HTTP, TLS, media threads, metrics and configuration.
//!
//! [`run`] is the whole server: bytes come in here, `parlor-proto` says what they mean, `parlor-room` decides, and
//! what it orders is carried out here. The only decisions in this crate are about bytes: how many may wait, for how
//! long, and who may knock. A socket's way through it:
//!
//! `listener` (accept, TLS, HTTP) → `guard` (Host, Origin) → `upgrade` → `socket` (one task: `wire` reads
//! with `intake` and writes frames, `outbox` holds what waits) → `switchboard` (the one lock around the registry) → `journal` and `metrics`. What the
//! registry orders of the hub goes to `media`, whose threads own the hubs and their UDP sockets. Relaying for others is `turn`'s, on
//! a thread of its own.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the shell: it reads the clock, draws the seed, and owns the one lock around the registry"
)]

mod api;
mod assets;
mod clock;
mod config;
mod guard;
mod headers;
mod http;
mod intake;
mod journal;
mod limits;
mod listener;
mod media;
mod metrics;
mod outbox;
mod peerjs;
mod socket;
mod stream;
mod switchboard;
mod tls;
mod turn;
mod udp;
mod upgrade;
mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

pub use api::{AdminToken, ShortAdminToken};
pub use config::{Config, ConfigError, Media, Peerjs, Tls, Turn};
pub use limits::SOCKETS_MAX;
pub use listener::{ListenError, Listeners};
pub use media::MediaError;
pub use parlor_room::{Config as RoomConfig, PeerConfig, PeerKeys};
pub use parlor_room::{Grant, ShortSecret, TOKEN_TTL_S_DEFAULT, TOKEN_TTL_S_MAX, TokenKey};
pub use parlor_turn::{Network, NetworkError};
pub use tls::TlsError;
pub use turn::TurnError;

use crate::http::App;
use crate::listener::Door;
use crate::switchboard::Switchboard;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its settings can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no hub.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// There is no TURN server.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// The system gives no random numbers, so no secret would be one.
    #[error("the system gives no random numbers: {0}")]
    Entropy(getrandom::Error),
    /// The sockets that listen can't be used.
    #[error("the sockets can't be used: {0}")]
    Sockets(#[source] std::io::Error),
}

/// Serves until `shutdown` is ready, then says good-bye to everyone and returns: everybody in a room is told that the
/// server stops, each WebSocket is closed with 1012, and all of it takes less than 10 s.
///
/// # Errors
/// [`RunError`] when the server can't start. Once it serves, nothing that comes from outside ends it.
pub async fn run(
    config: Config,
    listeners: Listeners,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    config.check()?;
    let tls = tls::acceptor(&config)?;
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(RunError::Entropy)?;

    let addresses = listeners.addresses().to_vec();
    let sockets = listeners.into_tokio().map_err(RunError::Sockets)?;
    // Where others reach the server, if anywhere.
    let beyond = addresses.iter().find(|address| !config::is_loopback(address.ip()));
    let http = beyond.or(addresses.first()).copied().ok_or(ConfigError::NoAddress)?;
    let is_public = config.is_public() || !config.public_hosts.is_empty();
    let media = media::Prepared::open(&config.media, http, &addresses, is_public)?;
    let turn = turn::Prepared::open(&config, &addresses, media.offered())?;
    let room =
        RoomConfig { has_hub: config.media.threads > 0, turn: turn.grant.clone(), ..config.room.clone() };
    let switchboard = Switchboard::new(room, seed, config.sockets_max, Arc::clone(&media.media));
    media.start(&switchboard)?;
    let turn = turn.start(&switchboard)?;
    let app = App::new(&config, Arc::clone(&switchboard), Arc::clone(&turn));
    let (stop, stopped) = watch::channel(false);
    let door = Door::new(app.router(), tls, Arc::clone(&switchboard.media), Arc::clone(&turn), stopped);
    let mut doors = JoinSet::new();
    for socket in sockets {
        doors.spawn(door.clone().accept(socket));
    }
    drop(door);
    let timer = tokio::spawn({
        let switchboard = Arc::clone(&switchboard);
        async move { switchboard.keep_time().await }
    });
    announce(&config, &addresses);

    shutdown.await;

    tracing::info!("stopping: everyone is told, nobody joins any more");
    app.stop();
    switchboard.drain();
    let all_gone = switchboard.gone().await;
    stop.send_replace(true);
    // From then on its ports are free for the next one.
    while doors.join_next().await.is_some() {}
    timer.abort();
    switchboard.media.stop().await;
    turn.stop();
    tracing::info!(all_gone, "stopped");
    Ok(())
}

/// Says where the page is, and what an operator should know about who can reach it.
fn announce(config: &Config, addresses: &[SocketAddr]) {
    let is_tls = config.tls != Tls::Off;
    for address in addresses {
        tracing::info!(%address, tls = is_tls, "listening");
    }
    for url in urls(config, addresses) {
        tracing::info!("open {url}");
    }
    if config.admin_token.is_some() {
        tracing::info!("the admin API is at /api/v1");
    }
    if !config.is_public() {
        return;
    }
    tracing::warn!(
        "--open: this server can be reached from other machines, and everyone who reaches it may join any room, \
         make rooms and take any role"
    );
    if !is_tls {
        tracing::warn!(
            "without TLS browsers on other machines refuse the microphone and the camera: use --tls-self-signed for \
             a first try, --tls-cert and --tls-key for more, or a proxy that speaks TLS"
        );
    }
}

/// The addresses that a person can open.
fn urls(config: &Config, addresses: &[SocketAddr]) -> Vec<String> {
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    let mut urls = Vec::new();
    for address in addresses {
        let only = Config { listen: vec![*address], ..config.clone() };
        let mut hosts: Vec<String> = Vec::new();
        for ip in tls::reachable_addresses(&only) {
            hosts.push(SocketAddr::new(ip, address.port()).to_string());
        }
        hosts.extend(config.public_hosts.iter().map(|host| format!("{host}:{}", address.port())));
        urls.extend(hosts.into_iter().map(|host| format!("{scheme}://{host}/")));
    }
    urls.sort_unstable();
    urls.dedup();
    urls
}
