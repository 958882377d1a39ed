//! Where a server is: what a person writes, as host, port and path of its WebSocket.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};

/// The place of a server's signalling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether it speaks TLS.
    pub is_tls: bool,
    /// Name or IP address, an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path of the WebSocket.
    pub path: String,
}

/// Why an address can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is not written as an address.
    #[error("{0:?} is no address of a server: write it as http://127.0.0.1:8080 or wss://parlor.example.org")]
    Malformed(String),
    /// The name is not known.
    #[error("{host} can't be found: {reason}")]
    Unknown {
        /// The name.
        host: String,
        /// Why not.
        #[source]
        reason: std::io::Error,
    },
}

impl Address {
    /// Reads `ws://`, `wss://`, `http://` or `https://`, a host, perhaps a port and a path. Without a path it is `/ws`.
    ///
    /// # Errors
    /// [`AddressError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.to_owned());
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(malformed)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(malformed()),
        };
        let rest = rest.split(['#', '?']).next().unwrap_or_default();
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, format!("/{path}")),
            None => (rest, String::new()),
        };
        let default = if is_tls { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(malformed)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| malformed())?;
                (host, port.strip_prefix(':').or(port.is_empty().then_some("")).ok_or_else(malformed)?)
            }
            None => authority.rsplit_once(':').unwrap_or((authority, "")),
        };
        let port = if port.is_empty() { default } else { port.parse().map_err(|_| malformed())? };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty()
            || !host.chars().all(is_host)
            || (host.contains(':') && !authority.starts_with('['))
        {
            return Err(malformed());
        }
        let path = if path.trim_matches('/').is_empty() { "/ws".to_owned() } else { path };
        Ok(Self { is_tls, host: host.to_owned(), port, path })
    }

    /// Host and port as in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Asks the system where that is, IPv4 first: hubs are reached by it more often.
    ///
    /// # Errors
    /// [`AddressError::Unknown`].
    pub fn resolve(&self) -> Result<SocketAddr, AddressError> {
        let unknown = |reason| AddressError::Unknown { host: self.host.clone(), reason };
        let found: Vec<SocketAddr> =
            (self.host.as_str(), self.port).to_socket_addrs().map_err(unknown)?.collect();
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
        first.copied().ok_or_else(|| unknown(std::io::ErrorKind::NotFound.into()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.is_tls { "wss" } else { "ws" }, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests;
