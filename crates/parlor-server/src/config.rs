//! What an operator can set, checked: what a [`Config`] says together is possible. How it is written (flags,
//! environment, file) is the binary's.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use parlor_turn::Network;

use crate::api::AdminToken;
use crate::limits;

/// How connections are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: on loopback, or behind a proxy that does it.
    #[default]
    Off,
    /// With a certificate of the operator's.
    Files {
        /// PEM: the certificate and those that vouch for it.
        cert: PathBuf,
        /// PEM: its private key.
        key: PathBuf,
    },
    /// With a certificate made at the start, for a first try on a local network.
    SelfSigned,
}

/// The hub: where media comes and goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The UDP address of the first media thread; each further one takes the next port. None: where HTTP listens first.
    pub listen: Option<SocketAddr>,
    /// Threads, each with a hub and a socket of its own; 0: no hub.
    pub threads: usize,
    /// The addresses that participants are told, where they are others than this machine's own (1:1 NAT).
    pub public_ips: Vec<IpAddr>,
}

impl Default for Media {
    fn default() -> Self {
        Self { listen: None, threads: 1, public_ips: Vec::new() }
    }
}

/// The broker for PeerJS, as far as it is about HTTP. Its keys and times are the registry's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peerjs {
    /// Under which path, with slashes at both ends, as the client has it in its option `path`; none: there is no broker.
    pub path: Option<String>,
    /// Origins of pages that may use it; none: those of any.
    pub allow_origins: Vec<String>,
}

impl Default for Peerjs {
    fn default() -> Self {
        Self { path: Some("/peerjs/".to_owned()), allow_origins: Vec::new() }
    }
}

/// The TURN server: it relays for those who find no other way to each other.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    /// Where clients come, by UDP and by TCP. Not the port of the hub: browsers would take the hub's datagrams for TURN's.
    pub listen: SocketAddr,
    /// The secret that credentials are made from. None: one is made at the start.
    pub secret: Option<String>,
    /// How long credentials are good for, in milliseconds.
    pub credentials_ms: u64,
    /// Addresses that are relayed to although they are none of the internet.
    pub allow_peers: Vec<Network>,
    /// UDP ports of relays.
    pub relay_ports: RangeInclusive<u16>,
    /// Relays at once.
    pub allocations_max: usize,
    /// Of these of one identity.
    pub allocations_per_identity_max: usize,
    /// Bytes a second that one relay may carry, both ways together. None: as many as come.
    pub bytes_per_second_max: Option<u64>,
}

impl Turn {
    /// One that listens there, with all else as it is by default.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            secret: None,
            credentials_ms: limits::TURN_CREDENTIALS_MS,
            allow_peers: Vec::new(),
            relay_ports: limits::TURN_RELAY_PORTS,
            allocations_max: parlor_turn::ALLOCATIONS_MAX,
            allocations_per_identity_max: parlor_turn::ALLOCATIONS_PER_IDENTITY_MAX,
            bytes_per_second_max: None,
        }
    }
}

impl fmt::Debug for Turn {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("listen", &self.listen)
            .field("allow_peers", &self.allow_peers)
            .finish_non_exhaustive()
    }
}

/// A server's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Whether addresses beyond loopback are allowed, with everyone who reaches them.
    pub open: bool,
    /// How connections are encrypted.
    pub tls: Tls,
    /// Names under which the server is reached besides its addresses and localhost, without ports.
    pub public_hosts: Vec<String>,
    /// Origins of other pages that may use the server and show its voice page in a frame, such as
    /// `https://example.org`.
    pub allow_origins: Vec<String>,
    /// WebSockets at once.
    pub sockets_max: usize,
    /// What whoever uses the admin API has to show; none: there is no admin API.
    pub admin_token: Option<AdminToken>,
    /// The hub.
    pub media: Media,
    /// The broker for PeerJS.
    pub peerjs: Peerjs,
    /// The TURN server, if there is to be one.
    pub turn: Option<Turn>,
    /// The registry's settings.
    pub room: parlor_room::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
            open: false,
            tls: Tls::Off,
            public_hosts: Vec::new(),
            allow_origins: Vec::new(),
            sockets_max: limits::SOCKETS_MAX,
            admin_token: None,
            media: Media::default(),
            peerjs: Peerjs::default(),
            turn: None,
            room: parlor_room::Config::default(),
        }
    }
}

/// Why settings can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// There is nothing to listen on.
    #[error("there is no address to listen on: give at least one with --listen")]
    NoAddress,
    /// An address beyond loopback without consent.
    #[error(
        "{0} can be reached from other machines, and for now everyone who reaches it may join any room: \
         add --open if you want that, or listen on 127.0.0.1"
    )]
    NotOpen(SocketAddr),
    /// A public host that is none.
    #[error("{0:?} is not a host name: give it as in parlor.example.org")]
    PublicHost(String),
    /// An origin that is none.
    #[error("{0:?} is not an origin: give it as in https://example.org, without a path")]
    Origin(String),
    /// A path of the broker that is none, or another's.
    #[error("--peerjs-path {0:?}: give a path as in /peerjs, which nothing else is served at, or off")]
    PeerjsPath(String),
    /// An address under which nobody can be reached.
    #[error("--public-ip {0}: nobody can be reached there, give the address that others see")]
    PublicIp(IpAddr),
    /// More media threads than any machine wants.
    #[error("--media-threads {0} are too many: at most {max}", max = limits::MEDIA_THREADS_MAX)]
    MediaThreads(usize),
    /// A secret that everybody guesses.
    #[error("--turn-secret has fewer than {min} characters, and could be found from the credentials made of it: leave it out and one is made at the start", min = limits::TURN_SECRET_CHARS_MIN)]
    TurnSecret,
    /// No relay could be opened.
    #[error("--turn-relay-ports: the first is not above the last, and not 0")]
    TurnPorts,
    /// No WebSocket could ever connect.
    #[error("at least one socket must be allowed")]
    NoSockets,
}

impl Config {
    /// Files that a server with these settings has open at most: sockets of all kinds, and what any process has.
    #[must_use]
    pub fn open_files(&self) -> usize {
        let of_hub = self.media.threads.saturating_mul(limits::TCP_CONNECTIONS_MAX);
        let of_turn = self
            .turn
            .as_ref()
            .map_or(0, |turn| turn.allocations_max.saturating_add(limits::TURN_STREAMS_MAX));
        [limits::HTTP_CONNECTIONS_MAX, of_hub, of_turn, limits::OTHER_FILES]
            .into_iter()
            .fold(self.sockets_max, usize::saturating_add)
    }

    /// Whether these settings can be used together.
    ///
    /// # Errors
    /// [`ConfigError`] with a sentence for the operator.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.listen.is_empty() {
            return Err(ConfigError::NoAddress);
        }
        if self.sockets_max == 0 {
            return Err(ConfigError::NoSockets);
        }
        if self.media.threads > limits::MEDIA_THREADS_MAX {
            return Err(ConfigError::MediaThreads(self.media.threads));
        }
        if let Some(ip) = self.media.public_ips.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
            return Err(ConfigError::PublicIp(*ip));
        }
        if let Some(turn) = &self.turn {
            if turn
                .secret
                .as_ref()
                .is_some_and(|secret| secret.chars().count() < limits::TURN_SECRET_CHARS_MIN)
            {
                return Err(ConfigError::TurnSecret);
            }
            if turn.relay_ports.is_empty() || *turn.relay_ports.start() == 0 {
                return Err(ConfigError::TurnPorts);
            }
        }
        let turn = self.turn.as_ref().map(|turn| &turn.listen);
        let addresses = || self.listen.iter().chain(&self.media.listen).chain(turn);
        if let Some(address) = addresses().find(|address| !is_loopback(address.ip()))
            && !self.open
        {
            return Err(ConfigError::NotOpen(*address));
        }
        if let Some(host) = self.public_hosts.iter().find(|host| !is_host(host)) {
            return Err(ConfigError::PublicHost(host.clone()));
        }
        if let Some(path) = self.peerjs.path.as_ref().filter(|path| !is_free_path(path)) {
            return Err(ConfigError::PeerjsPath(path.clone()));
        }
        let origins = || self.allow_origins.iter().chain(&self.peerjs.allow_origins);
        if let Some(origin) = origins().find(|origin| !is_origin(origin)) {
            return Err(ConfigError::Origin(origin.clone()));
        }
        Ok(())
    }

    /// Whether an address beyond loopback is listened on.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.listen.iter().any(|address| !is_loopback(address.ip()))
    }
}

/// Whether the broker can be at this path: segments between slashes, the first of them no other's.
fn is_free_path(path: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    let Some(inner) = path.strip_prefix('/') else { return false };
    let Some(inner) = inner.strip_suffix('/') else { return path == "/" };
    let first = inner.split('/').next().unwrap_or_default();
    inner
        .split('/')
        .all(|segment| !segment.is_empty() && segment.bytes().all(is_plain) && !segment.contains(".."))
        && !["ws", "api", "sdk", "studio", "voice", "healthz", "readyz", "metrics", "whip", "whep"]
            .contains(&first)
}

/// Whether only this machine reaches the address; an IPv4 address may be written as an IPv6 one.
pub(crate) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether this can stand in a `Host` header, without a port.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.parse::<axum::http::uri::Authority>().is_ok_and(|authority| {
            authority.port().is_none() && authority.host() == text && !text.contains('@')
        })
}

/// Whether a browser could send this as its `Origin` (RFC 6454, section 6.2), `null` aside.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let is_scheme = !scheme.is_empty()
        && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'));
    is_scheme && authority.parse::<axum::http::uri::Authority>().is_ok() && !authority.contains('@')
}

#[cfg(test)]
mod tests;
