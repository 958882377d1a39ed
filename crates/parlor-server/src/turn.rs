//! The TURN server's shell: a UDP port of its own (on the hub's, browsers would take the hub's packets for TURN's), TCP on the same
//! port, and TLS at the port of HTTPS, where `listener` tells it apart; a socket for each relay. All of it is carried by one
//! thread, which owns the core of `parlor-turn` and every socket but those of connections.

mod ports;
mod sending;
mod streams;
mod thread;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use parlor_room::TurnGrant;
use parlor_turn::{Ledger, Policy, Settings, Transport};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;

use crate::config::{Config, Tls, Turn as TurnConfig};
use crate::limits::{TURN_MAIL_MAX, TURN_STREAMS_MAX, UDP_BUFFER_BYTES};
use crate::listener;
use crate::stream::Stream;
use crate::switchboard::Switchboard;
use crate::udp::{self, Oversize, Udp};
use ports::Ports;
use streams::{Mail, Streams};
use thread::Worker;

/// Bytes of a secret that is made at the start.
const SECRET_BYTES: usize = 32;

/// Why there is no TURN server.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The address can't be listened on.
    #[error("can't listen on {address} for TURN: {reason}; choose another with --turn-listen")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// Why not.
        #[source]
        reason: std::io::Error,
    },
    /// Relays would have no address.
    #[error("no address of this machine can be given to relays of TURN on {0}")]
    NoRelays(SocketAddr),
    /// The system gives no thread or no way to wait for sockets.
    #[error("the thread of TURN can't be started: {0}")]
    Thread(#[source] std::io::Error),
    /// No secret.
    #[error("the system gives no random numbers: {0}")]
    Entropy(getrandom::Error),
}

/// The TURN server, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    desk: Option<Arc<Desk>>,
    thread: Mutex<Option<(JoinHandle<()>, AbortHandle)>>,
}

/// What the thread shares with the rest of the server.
#[derive(Debug)]
pub(crate) struct Desk {
    /// What comes from connections.
    mail: mpsc::Sender<Mail>,
    waker: mio::Waker,
    streams: Arc<Streams>,
    ledger: Mutex<Ledger>,
    /// Datagrams that the system did not take, frames that found no place.
    dropped: std::sync::atomic::AtomicU64,
    is_ending: AtomicBool,
}

/// A TURN server whose sockets are open and whose thread does not run yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) turn: Turn,
    /// What clients are told of it.
    pub(crate) grant: Option<TurnGrant>,
    at_work: Option<(Worker, std::net::TcpListener)>,
}

impl Prepared {
    /// Opens the sockets. `http` are the addresses of HTTP; `hub` those of the hub, which may be relayed to.
    pub(crate) fn open(config: &Config, http: &[SocketAddr], hub: &[SocketAddr]) -> Result<Self, TurnError> {
        let none = || Self { turn: Turn::default(), grant: None, at_work: None };
        let Some(turn) = &config.turn else { return Ok(none()) };
        let address = turn.listen;
        let fail = |reason| TurnError::Listen { address, reason };
        let tcp = listener::bind(address).map_err(fail)?;
        // With port 0 the system has chosen one.
        let bound = tcp.local_addr().map_err(fail)?;
        let udp = Udp::bind(bound, UDP_BUFFER_BYTES, Oversize::Fragmented).map_err(fail)?;
        let listens = bound.ip().to_canonical();
        let own = udp::own_ips(bound);
        let public = &config.media.public_ips;
        if own.is_empty() {
            return Err(TurnError::NoRelays(bound));
        }
        let secret = match &turn.secret {
            Some(secret) => secret.clone(),
            None => random_secret()?,
        };
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(TurnError::Entropy)?;
        let settings = Settings {
            realm: "parlor".to_owned(),
            secret: secret.clone(),
            key,
            policy: policy(turn, bound.port(), &own, public, http, hub),
            allocations_max: turn.allocations_max,
            allocations_per_identity_max: turn.allocations_per_identity_max,
            bytes_per_second_max: turn.bytes_per_second_max,
            has_ipv4: own.iter().any(IpAddr::is_ipv4),
            has_ipv6: own.iter().any(IpAddr::is_ipv6),
        };
        let urls = urls(config, listens, bound.port(), &own, http);
        let (mail, incoming) = mpsc::channel(TURN_MAIL_MAX);
        let ports = Ports::new(turn.relay_ports.clone(), own, public.clone()).map_err(TurnError::Entropy)?;
        let (worker, waker) = Worker::new(settings, udp, ports, incoming).map_err(TurnError::Thread)?;
        let desk = Arc::new(Desk {
            mail,
            waker,
            streams: Arc::new(Streams::new(Arc::new(Semaphore::new(TURN_STREAMS_MAX)))),
            ledger: Mutex::default(),
            dropped: std::sync::atomic::AtomicU64::new(0),
            is_ending: AtomicBool::new(false),
        });
        tracing::info!(address = %bound, ?urls, secret = if turn.secret.is_some() { "given" } else { "made for this run" }, "TURN");
        Ok(Self {
            turn: Turn { desk: Some(desk), thread: Mutex::default() },
            grant: Some(TurnGrant::new(urls, secret, turn.credentials_ms)),
            at_work: Some((worker, tcp)),
        })
    }

    /// Starts the thread, which asks the switchboard who may have relays, and accepts connections. Within the server's runtime.
    pub(crate) fn start(self, switchboard: &Arc<Switchboard>) -> Result<Arc<Turn>, TurnError> {
        let turn = Arc::new(self.turn);
        if let (Some(desk), Some((worker, tcp))) = (&turn.desk, self.at_work) {
            let listener = tokio::net::TcpListener::from_std(tcp).map_err(TurnError::Thread)?;
            let accepting = tokio::spawn(streams::accept(Arc::clone(desk), listener)).abort_handle();
            let (desk, switchboard) = (Arc::clone(desk), Arc::clone(switchboard));
            let thread = std::thread::Builder::new()
                .name("turn".to_owned())
                .spawn(move || worker.run(&desk, &switchboard))
                .map_err(TurnError::Thread)?;
            *turn.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some((thread, accepting));
        }
        Ok(turn)
    }
}

impl Turn {
    /// Whether connections of TURN may come to the port of HTTPS.
    pub(crate) const fn is_on(&self) -> bool {
        self.desk.is_some()
    }

    /// Takes a connection that came there, its TLS done, and carries it until it ends.
    pub(crate) async fn serve_tls(&self, stream: Stream) {
        if let Some(desk) = &self.desk {
            streams::serve(desk, stream, Transport::Tls).await;
        }
    }

    /// What it holds and has done.
    pub(crate) fn ledger(&self) -> Ledger {
        let desk = self.desk.as_ref();
        desk.map(|desk| *desk.ledger.lock().unwrap_or_else(PoisonError::into_inner)).unwrap_or_default()
    }

    /// Connections of clients.
    pub(crate) fn streams(&self) -> usize {
        self.desk.as_ref().map_or(0, |desk| desk.streams.count())
    }

    /// Datagrams and frames that found no place.
    pub(crate) fn dropped(&self) -> u64 {
        self.desk.as_ref().map_or(0, |desk| desk.dropped.load(Ordering::Relaxed))
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.end();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((thread, accepting)) = thread {
            accepting.abort();
            if thread.join().is_err() {
                tracing::error!("the thread of TURN ended badly");
            }
        }
    }

    fn end(&self) {
        if let Some(desk) = &self.desk {
            desk.is_ending.store(true, Ordering::Release);
            desk.wake();
        }
    }
}

impl Drop for Turn {
    /// A server that was dropped leaves no threads.
    fn drop(&mut self) {
        self.end();
    }
}

impl Desk {
    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::warn!(%error, "the thread of TURN can't be woken");
        }
    }
}

fn random_secret() -> Result<String, TurnError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(TurnError::Entropy)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Where relays may send.
fn policy(
    turn: &TurnConfig,
    port: u16,
    own: &[IpAddr],
    public: &[IpAddr],
    http: &[SocketAddr],
    hub: &[SocketAddr],
) -> Policy {
    // Whatever socket a packet to one of them came from, the machine takes it for its own.
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let others = interfaces.iter().map(if_addrs::Interface::ip).filter(|ip| !ip.is_loopback());
    let own = own.iter().chain(public).copied().chain(others).collect();
    let closed_ports = http.iter().map(SocketAddr::port).chain([port]).collect();
    Policy { allow: turn.allow_peers.clone(), own, open: hub.to_vec(), closed_ports }
}

/// What clients are told: the name under which the server is reached, or an address.
fn urls(config: &Config, listens: IpAddr, port: u16, own: &[IpAddr], http: &[SocketAddr]) -> Vec<String> {
    let ip = config.media.public_ips.first().copied();
    let ip = ip.or((!listens.is_unspecified()).then_some(listens)).or_else(|| own.first().copied());
    let Some(host) = config.public_hosts.first().cloned().or_else(|| {
        ip.map(|ip| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        })
    }) else {
        return Vec::new();
    };
    let mut urls =
        vec![format!("turn:{host}:{port}?transport=udp"), format!("turn:{host}:{port}?transport=tcp")];
    if config.tls != Tls::Off {
        let is_reached = |address: &&SocketAddr| {
            let ip = address.ip().to_canonical();
            ip.is_unspecified() || ip == listens || listens.is_unspecified() && own.contains(&ip)
        };
        let https = http.iter().find(is_reached).or_else(|| http.first());
        urls.extend(https.map(|https| format!("turns:{host}:{}?transport=tcp", https.port())));
    }
    urls
}
