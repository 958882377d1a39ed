//! What can be set, by flag, environment or file, under one name each; and how it becomes the server's
//! configuration.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use parlor_proto::RoomId;
use parlor_proto::server::IceServer;
use parlor_server::{
    AdminToken, Config, Media, Network, PeerConfig, PeerKeys, Peerjs, RoomConfig, SOCKETS_MAX,
    ShortAdminToken, ShortSecret, Tls, TokenKey, Turn,
};
use serde::Deserialize;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// What is to be logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

/// Everything that can be set. What is not given stays open, for the next source or the default.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Where to listen: address and port, or only a port on this machine. May be given several times
    /// [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "PARLOR_LISTEN", value_delimiter = ',')]
    listen: Vec<String>,

    /// A TOML file with settings, named as these flags; flags and environment go before it
    #[arg(long, value_name = "FILE", env = "PARLOR_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,

    /// Allow addresses that other machines reach. Everyone who reaches them may join any room
    #[arg(long, env = "PARLOR_OPEN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    open: Option<bool>,

    /// The certificate (PEM, with those that vouch for it) to speak TLS with; needs --tls-key
    #[arg(long, value_name = "FILE", env = "PARLOR_TLS_CERT")]
    tls_cert: Option<PathBuf>,

    /// The private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", env = "PARLOR_TLS_KEY")]
    tls_key: Option<PathBuf>,

    /// Speak TLS with a certificate made at the start, for a first try on a local network
    #[arg(long, env = "PARLOR_TLS_SELF_SIGNED", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tls_self_signed: Option<bool>,

    /// A name under which browsers reach this server, besides its addresses and localhost. May be given several times
    #[arg(long, value_name = "NAME", env = "PARLOR_PUBLIC_HOST", value_delimiter = ',')]
    public_host: Vec<String>,

    /// The origin of another page that may use this server and show its /voice.html in a frame, such as
    /// https://example.org. May be given several times
    #[arg(long, value_name = "ORIGIN", env = "PARLOR_ALLOW_ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,

    /// A STUN or TURN server for the browsers: stun:HOST:PORT, or turn:HOST:PORT,username=NAME,credential=SECRET.
    /// May be given several times (in the environment: separated by spaces)
    #[arg(long, value_name = "URL", env = "PARLOR_ICE_SERVER", value_delimiter = ' ')]
    ice_server: Vec<String>,

    /// A file with the token that whoever uses the admin API (/api/v1) has to show, at least 16 characters; or say the
    /// token itself in PARLOR_ADMIN_TOKEN. Without either there is no admin API
    #[arg(long, value_name = "FILE", env = "PARLOR_ADMIN_TOKEN_FILE")]
    admin_token_file: Option<PathBuf>,

    /// The admin token itself, for the environment: on a command line others could read it
    #[arg(long, value_name = "TOKEN", env = "PARLOR_ADMIN_TOKEN", hide = true, hide_env_values = true)]
    admin_token: Option<String>,

    /// The secret that tokens for identities are signed with (HS256), at least 32 characters: parlor token and your own
    /// programs make such tokens. Better in the environment or the file; without one a random secret is made at the start
    #[arg(long, value_name = "SECRET", env = "PARLOR_TOKEN_SECRET", hide_env_values = true)]
    token_secret: Option<String>,

    /// How long a client that was lost may take to come back before it is out of its rooms [default: 10s]
    #[arg(long, value_name = "DURATION", env = "PARLOR_GRACE")]
    grace: Option<String>,

    /// How long an empty room waits for someone before it ends [default: 60s]
    #[arg(long, value_name = "DURATION", env = "PARLOR_EMPTY_ROOM")]
    empty_room: Option<String>,

    /// WebSockets at once; more are refused with 503 [default: 10000]
    #[arg(long, value_name = "COUNT", env = "PARLOR_MAX_SOCKETS")]
    max_sockets: Option<usize>,

    /// The address where media for the hub (the forwarding server) comes and goes, by UDP, and by TCP for who has no UDP
    /// [default: that of --listen]
    #[arg(long, value_name = "ADDRESS", env = "PARLOR_MEDIA_LISTEN")]
    media_listen: Option<String>,

    /// Threads of the hub. Each takes a UDP port, the first that of --media-listen, the others those above it;
    /// 0 switches the hub off [default: 1]
    #[arg(long, value_name = "COUNT", env = "PARLOR_MEDIA_THREADS")]
    media_threads: Option<usize>,

    /// The address under which participants reach the hub, if this machine does not have it itself (1:1 NAT). May be
    /// given several times
    #[arg(long, value_name = "IP", env = "PARLOR_PUBLIC_IP", value_delimiter = ',')]
    public_ip: Vec<IpAddr>,

    /// A key with which PeerJS clients may come; it is the name of their room, too. May be given several times; * takes any
    /// [default: peerjs]
    #[arg(long, value_name = "KEY", env = "PARLOR_PEERJS_KEY", value_delimiter = ',')]
    peerjs_key: Vec<String>,

    /// Where the broker for PeerJS clients is, their option `path`; off: nowhere [default: /peerjs]
    #[arg(long, value_name = "PATH", env = "PARLOR_PEERJS_PATH")]
    peerjs_path: Option<String>,

    /// The origin of a page that may use the broker for PeerJS, such as https://example.org. May be given several times
    /// [default: any]
    #[arg(long, value_name = "ORIGIN", env = "PARLOR_PEERJS_ALLOW_ORIGIN", value_delimiter = ',')]
    peerjs_allow_origin: Vec<String>,

    /// Tell PeerJS clients who know a key the ids of all its peers (listAllPeers)
    #[arg(long, env = "PARLOR_PEERJS_DISCOVERY", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    peerjs_discovery: Option<bool>,

    /// Relay for participants who find no direct way to each other (TURN): where they come, by UDP and TCP, and with TLS at the port of
    /// HTTPS. Not the hub's port. Clients are given credentials; other programs can make some of the secret
    #[arg(long, value_name = "ADDRESS", env = "PARLOR_TURN_LISTEN")]
    turn_listen: Option<String>,

    /// The secret that TURN credentials are made from; better in the environment or the file, where other users of the machine don't see
    /// it [default: made at the start]
    #[arg(long, value_name = "SECRET", env = "PARLOR_TURN_SECRET", hide_env_values = true)]
    turn_secret: Option<String>,

    /// Let TURN relay to loopback addresses: for tests
    #[arg(long, env = "PARLOR_TURN_ALLOW_LOOPBACK", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    turn_allow_loopback: Option<bool>,

    /// Let TURN relay to addresses that are none of the internet, such as 10.0.0.0/8. May be given several times
    #[arg(long, value_name = "RANGE", env = "PARLOR_TURN_ALLOW_PEER", value_delimiter = ',')]
    turn_allow_peer: Vec<String>,

    /// UDP ports of relays, as a firewall has to let them through [default: 49152-65535]
    #[arg(long, value_name = "FIRST-LAST", env = "PARLOR_TURN_RELAY_PORTS")]
    turn_relay_ports: Option<String>,

    /// Relays at once [default: 2000]
    #[arg(long, value_name = "COUNT", env = "PARLOR_TURN_MAX_RELAYS")]
    turn_max_relays: Option<NonZeroUsize>,

    /// Relays at once of one identity [default: 100]
    #[arg(long, value_name = "COUNT", env = "PARLOR_TURN_MAX_RELAYS_EACH")]
    turn_max_relays_each: Option<NonZeroUsize>,

    /// What one relay may carry, both ways together, in kbit/s [default: no bound]
    #[arg(long, value_name = "KBPS", env = "PARLOR_TURN_MAX_KBPS")]
    turn_max_kbps: Option<NonZeroU64>,

    /// How log lines on stderr look [default: human]
    #[arg(long, value_name = "FORMAT", env = "PARLOR_LOG_FORMAT", value_enum)]
    log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug or trace, or finer, as in info,parlor_server=debug. At debug each
    /// frame has a line [default: info]
    #[arg(long, value_name = "LEVEL", env = "PARLOR_LOG_LEVEL")]
    log_level: Option<String>,
}

/// Why settings can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the settings file {path} can't be read")]
    Read {
        path: PathBuf,
        #[source]
        reason: std::io::Error,
    },
    #[error("the settings file {path} is not right:\n{reason}")]
    Parse { path: PathBuf, reason: Box<toml::de::Error> },
    #[error("--listen {0:?}: give an address and a port, as in 127.0.0.1:8080 or [::1]:8080, or a port")]
    Listen(String),
    #[error("--media-listen {0:?}: give an address and a port, as in 192.0.2.1:8080")]
    MediaListen(String),
    #[error("--turn-listen {0:?}: give an address and a port, as in 192.0.2.1:3478")]
    TurnListen(String),
    #[error("--turn-allow-peer: {0}")]
    TurnAllowPeer(#[from] parlor_server::NetworkError),
    #[error("--turn-relay-ports {0:?}: give the first and the last port, as in 49152-65535")]
    TurnRelayPorts(String),
    #[error("--{0} says how TURN works, and --turn-listen is missing")]
    NoTurn(&'static str),
    #[error("--{name} {given:?} is no duration: give it as in 10s, 500ms or 2m")]
    Duration { name: &'static str, given: String },
    #[error("the admin token's file {path} can't be read")]
    AdminTokenFile {
        path: PathBuf,
        #[source]
        reason: std::io::Error,
    },
    #[error(transparent)]
    AdminToken(#[from] ShortAdminToken),
    #[error("--token-secret: {0}")]
    TokenSecret(#[from] ShortSecret),
    #[error("--tls-cert and --tls-key belong together")]
    HalfTls,
    #[error("--tls-self-signed makes a certificate, --tls-cert brings one: choose")]
    TwoTls,
    #[error("--peerjs-key {0:?}: a key has 1 to 64 of A-Z a-z 0-9 _ . : @ -, or is * for any")]
    PeerjsKey(String),
    #[error(
        "--ice-server {0:?}: give it as stun:HOST:PORT or turn:HOST:PORT,username=NAME,credential=SECRET"
    )]
    IceServer(String),
}

impl Settings {
    /// Fills from the file, if one is named, what neither flags nor environment have set.
    ///
    /// # Errors
    /// [`SettingsError`] when the file can't be read or says what can't be set.
    pub(crate) fn with_file(self) -> Result<Self, SettingsError> {
        match self.config.clone() {
            None => Ok(self),
            Some(path) => {
                let file = read_file(&path)?;
                Ok(self.or(file))
            }
        }
    }

    /// These settings, and where they are open those of `other`.
    fn or(self, other: Self) -> Self {
        let either = |mine: Vec<String>, other: Vec<String>| if mine.is_empty() { other } else { mine };
        // One way of TLS by flag is not to be mixed with another from the file.
        let has_tls = self.tls_cert.is_some() || self.tls_key.is_some() || self.tls_self_signed.is_some();
        let (tls_cert, tls_key, tls_self_signed) = if has_tls {
            (self.tls_cert, self.tls_key, self.tls_self_signed)
        } else {
            (other.tls_cert, other.tls_key, other.tls_self_signed)
        };
        Self {
            listen: either(self.listen, other.listen),
            config: self.config,
            open: self.open.or(other.open),
            tls_cert,
            tls_key,
            tls_self_signed,
            public_host: either(self.public_host, other.public_host),
            allow_origin: either(self.allow_origin, other.allow_origin),
            ice_server: either(self.ice_server, other.ice_server),
            admin_token_file: self.admin_token_file.or(other.admin_token_file),
            admin_token: self.admin_token.or(other.admin_token),
            token_secret: self.token_secret.or(other.token_secret),
            grace: self.grace.or(other.grace),
            empty_room: self.empty_room.or(other.empty_room),
            max_sockets: self.max_sockets.or(other.max_sockets),
            media_listen: self.media_listen.or(other.media_listen),
            media_threads: self.media_threads.or(other.media_threads),
            public_ip: if self.public_ip.is_empty() { other.public_ip } else { self.public_ip },
            peerjs_key: either(self.peerjs_key, other.peerjs_key),
            peerjs_path: self.peerjs_path.or(other.peerjs_path),
            peerjs_allow_origin: either(self.peerjs_allow_origin, other.peerjs_allow_origin),
            peerjs_discovery: self.peerjs_discovery.or(other.peerjs_discovery),
            turn_listen: self.turn_listen.or(other.turn_listen),
            turn_secret: self.turn_secret.or(other.turn_secret),
            turn_allow_loopback: self.turn_allow_loopback.or(other.turn_allow_loopback),
            turn_allow_peer: either(self.turn_allow_peer, other.turn_allow_peer),
            turn_relay_ports: self.turn_relay_ports.or(other.turn_relay_ports),
            turn_max_relays: self.turn_max_relays.or(other.turn_max_relays),
            turn_max_relays_each: self.turn_max_relays_each.or(other.turn_max_relays_each),
            turn_max_kbps: self.turn_max_kbps.or(other.turn_max_kbps),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
        }
    }

    /// The server's configuration, and the log's.
    ///
    /// # Errors
    /// [`SettingsError`] with the setting that can't be understood.
    pub(crate) fn into_config(self) -> Result<(Config, Log), SettingsError> {
        let turn = self.turn()?;
        let defaults = Config::default();
        let tls = match (self.tls_cert, self.tls_key, self.tls_self_signed.unwrap_or(false)) {
            (None, None, false) => Tls::Off,
            (None, None, true) => Tls::SelfSigned,
            (Some(cert), Some(key), false) => Tls::Files { cert, key },
            (Some(_), Some(_), true) => return Err(SettingsError::TwoTls),
            _ => return Err(SettingsError::HalfTls),
        };
        let room = RoomConfig {
            grace_ms: duration_ms("grace", self.grace)?.unwrap_or(defaults.room.grace_ms),
            empty_room_ms: duration_ms("empty-room", self.empty_room)?.unwrap_or(defaults.room.empty_room_ms),
            token_key: self.token_secret.map(|secret| TokenKey::new(secret.as_bytes())).transpose()?,
            ice_servers: self.ice_server.iter().map(|text| ice_server(text)).collect::<Result<_, _>>()?,
            peers: PeerConfig {
                keys: peerjs_keys(&self.peerjs_key)?.unwrap_or(defaults.room.peers.keys),
                has_discovery: self.peerjs_discovery.unwrap_or(defaults.room.peers.has_discovery),
                ..defaults.room.peers
            },
            ..defaults.room
        };
        let listen = match self.listen.is_empty() {
            true => defaults.listen,
            false => self.listen.iter().map(|text| listen_address(text)).collect::<Result<_, _>>()?,
        };
        let config = Config {
            listen,
            open: self.open.unwrap_or(defaults.open),
            tls,
            public_hosts: self.public_host,
            allow_origins: self.allow_origin,
            sockets_max: self.max_sockets.unwrap_or(SOCKETS_MAX),
            admin_token: admin_token(self.admin_token_file.as_deref(), self.admin_token)?
                .map(|text| AdminToken::new(&text))
                .transpose()?,
            media: Media {
                listen: self.media_listen.as_deref().map(media_address).transpose()?,
                threads: self.media_threads.unwrap_or(defaults.media.threads),
                public_ips: self.public_ip,
            },
            peerjs: Peerjs {
                path: self.peerjs_path.as_deref().map_or(defaults.peerjs.path, peerjs_path),
                allow_origins: self.peerjs_allow_origin,
            },
            turn,
            room,
        };
        let level = self.log_level.unwrap_or_else(|| "info".to_owned());
        Ok((config, Log { format: self.log_format.unwrap_or_default(), level }))
    }
}

impl Settings {
    /// The TURN server, if one is wanted.
    fn turn(&self) -> Result<Option<Turn>, SettingsError> {
        let Some(listen) = &self.turn_listen else {
            let given = [
                ("turn-secret", self.turn_secret.is_some()),
                ("turn-allow-loopback", self.turn_allow_loopback.is_some()),
                ("turn-allow-peer", !self.turn_allow_peer.is_empty()),
                ("turn-relay-ports", self.turn_relay_ports.is_some()),
                ("turn-max-relays", self.turn_max_relays.is_some()),
                ("turn-max-relays-each", self.turn_max_relays_each.is_some()),
                ("turn-max-kbps", self.turn_max_kbps.is_some()),
            ];
            return match given.iter().find(|(_, is_given)| *is_given) {
                Some((name, _)) => Err(SettingsError::NoTurn(name)),
                None => Ok(None),
            };
        };
        let defaults = Turn::at(listen.parse().map_err(|_| SettingsError::TurnListen(listen.clone()))?);
        let mut allow_peers: Vec<Network> =
            self.turn_allow_peer.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        if self.turn_allow_loopback.unwrap_or(false) {
            allow_peers.extend(Network::LOOPBACK);
        }
        Ok(Some(Turn {
            secret: self.turn_secret.clone(),
            allow_peers,
            relay_ports: match &self.turn_relay_ports {
                None => defaults.relay_ports,
                Some(text) => ports(text).ok_or_else(|| SettingsError::TurnRelayPorts(text.clone()))?,
            },
            allocations_max: self.turn_max_relays.map_or(defaults.allocations_max, NonZeroUsize::get),
            allocations_per_identity_max: self
                .turn_max_relays_each
                .map_or(defaults.allocations_per_identity_max, NonZeroUsize::get),
            bytes_per_second_max: self.turn_max_kbps.map(|kbps| kbps.get().saturating_mul(125)),
            ..defaults
        }))
    }
}

/// `FIRST-LAST`.
fn ports(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
}

/// The admin token's text: that of the file, else that of the environment.
///
/// # Errors
/// [`SettingsError::AdminTokenFile`].
pub(crate) fn admin_token(
    file: Option<&Path>,
    text: Option<String>,
) -> Result<Option<String>, SettingsError> {
    let Some(path) = file else { return Ok(text) };
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|reason| SettingsError::AdminTokenFile { path: path.to_owned(), reason })
}

fn read_file(path: &Path) -> Result<Settings, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|reason| SettingsError::Read { path: path.to_owned(), reason })?;
    toml::from_str(&text)
        .map_err(|reason| SettingsError::Parse { path: path.to_owned(), reason: Box::new(reason) })
}

fn media_address(text: &str) -> Result<SocketAddr, SettingsError> {
    // A port alone would be on loopback, where a hub is of little use.
    text.parse().map_err(|_| SettingsError::MediaListen(text.to_owned()))
}

/// `ADDRESS:PORT`, `localhost:PORT` or `PORT`; without an address it is loopback.
fn listen_address(text: &str) -> Result<SocketAddr, SettingsError> {
    let loopback = |port: &str| port.parse().ok().map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let host_port = || {
        let (host, port) = text.rsplit_once(':')?;
        match host {
            "" | "localhost" => loopback(port),
            _ => Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, port.parse().ok()?)),
        }
    };
    text.parse()
        .ok()
        .or_else(|| loopback(text))
        .or_else(host_port)
        .ok_or_else(|| SettingsError::Listen(text.to_owned()))
}

/// None if none is given.
fn peerjs_keys(given: &[String]) -> Result<Option<PeerKeys>, SettingsError> {
    if given.is_empty() {
        return Ok(None);
    }
    if given.iter().any(|key| key == "*") {
        return Ok(Some(PeerKeys::Any));
    }
    let parse = |key: &String| RoomId::parse(key).map_err(|_| SettingsError::PeerjsKey(key.clone()));
    Ok(Some(PeerKeys::Only(given.iter().map(parse).collect::<Result<_, _>>()?)))
}

/// With slashes at both ends, whichever were given.
fn peerjs_path(text: &str) -> Option<String> {
    match text.trim_matches('/') {
        "off" => None,
        "" => Some("/".to_owned()),
        inner => Some(format!("/{inner}/")),
    }
}

fn duration_ms(name: &'static str, given: Option<String>) -> Result<Option<u64>, SettingsError> {
    let Some(given) = given else { return Ok(None) };
    let parsed: Option<Duration> = humantime::parse_duration(&given).ok();
    match parsed.and_then(|duration| u64::try_from(duration.as_millis()).ok()) {
        Some(ms) => Ok(Some(ms)),
        None => Err(SettingsError::Duration { name, given }),
    }
}

/// `URL[,username=NAME][,credential=SECRET]`.
fn ice_server(text: &str) -> Result<IceServer, SettingsError> {
    let fail = || SettingsError::IceServer(text.to_owned());
    let mut parts = text.split(',');
    let url = parts.next().unwrap_or_default();
    let is_url = ["stun:", "stuns:", "turn:", "turns:"]
        .iter()
        .any(|scheme| url.strip_prefix(scheme).is_some_and(|host| !host.is_empty()));
    if !is_url {
        return Err(fail());
    }
    let mut server = IceServer { urls: vec![url.to_owned()], username: None, credential: None };
    for part in parts {
        match part.split_once('=') {
            Some(("username", name)) => server.username = Some(name.to_owned()),
            Some(("credential", secret)) => server.credential = Some(secret.to_owned()),
            _ => return Err(fail()),
        }
    }
    let needs_secret = url.starts_with("turn");
    if needs_secret != (server.username.is_some() && server.credential.is_some()) {
        return Err(fail());
    }
    Ok(server)
}

#[cfg(test)]
mod tests;
