//! What an operator can set, checked: what a [`Config`] says together is possible. How it is written (flags,
//! environment, file) is the binary's.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

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
    /// An address under which nobody can be reached.
    #[error("--public-ip {0}: nobody can be reached there, give the address that others see")]
    PublicIp(IpAddr),
    /// More media threads than any machine wants.
    #[error("--media-threads {0} are too many: at most {max}", max = limits::MEDIA_THREADS_MAX)]
    MediaThreads(usize),
    /// No WebSocket could ever connect.
    #[error("at least one socket must be allowed")]
    NoSockets,
}

impl Config {
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
        let addresses = || self.listen.iter().chain(&self.media.listen);
        if let Some(address) = addresses().find(|address| !is_loopback(address.ip()))
            && !self.open
        {
            return Err(ConfigError::NotOpen(*address));
        }
        if let Some(host) = self.public_hosts.iter().find(|host| !is_host(host)) {
            return Err(ConfigError::PublicHost(host.clone()));
        }
        if let Some(origin) = self.allow_origins.iter().find(|origin| !is_origin(origin)) {
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
