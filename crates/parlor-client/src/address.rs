//! Addresses of servers as people give them.

use tokio_tungstenite::tungstenite::http::Uri;

use crate::error::Error;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an IP address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_secure: bool,
    /// Of the WebSocket.
    pub(crate) path: String,
}

impl Address {
    /// Reads `https://HOST[:PORT]`, `http://…`, `wss://…/ws`, `ws://…/ws` or `HOST[:PORT]`, which speaks TLS unless it is this
    /// machine. A page's address with a room behind `#` does as well.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let fail = || Error::Address(text.to_owned());
        let given = text.trim();
        let given = given.split('#').next().unwrap_or(given);
        let has_scheme = given.contains("://");
        let uri: Uri = match has_scheme {
            true => given.parse().map_err(|_| fail())?,
            false => format!("https://{given}").parse().map_err(|_| fail())?,
        };
        let host = uri.host().ok_or_else(fail)?.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(fail());
        }
        let is_here = is_loopback(&host);
        let is_secure = match uri.scheme_str() {
            _ if !has_scheme => !is_here,
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return Err(fail()),
        };
        let port = match uri.port_u16() {
            Some(port) => port,
            None if names_port(&uri) => return Err(fail()),
            None if !has_scheme && is_here => 8_080,
            None => {
                if is_secure {
                    443
                } else {
                    80
                }
            }
        };
        let path = match uri.path() {
            path if path.ends_with("/ws") => path.to_owned(),
            path => format!("{}/ws", path.trim_end_matches('/')),
        };
        Ok(Self { host, port, is_secure, path })
    }

    /// `HOST:PORT`, as in a `Host` header.
    pub(crate) fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// As one gives it to a browser.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", if self.is_secure { "wss" } else { "ws" }, self.authority(), self.path)
    }
}

/// Whether there is something in the place of a port, a number or not.
fn names_port(uri: &Uri) -> bool {
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    authority.rsplit(']').next().is_some_and(|rest| rest.contains(':'))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, u16, bool, String) {
        let Address { host, port, is_secure, path } = Address::parse(text).unwrap();
        (host, port, is_secure, path)
    }

    #[test]
    fn an_address_is_read_as_people_give_it() {
        let ws = || "/ws".to_owned();
        assert_eq!(read("https://a.example"), ("a.example".to_owned(), 443, true, ws()));
        assert_eq!(read("https://a.example/#tea"), ("a.example".to_owned(), 443, true, ws()));
        assert_eq!(read("http://127.0.0.1:8081/"), ("127.0.0.1".to_owned(), 8081, false, ws()));
        assert_eq!(
            read("wss://a.example/rooms/ws"),
            ("a.example".to_owned(), 443, true, "/rooms/ws".to_owned())
        );
        assert_eq!(
            read("https://a.example/rooms/"),
            ("a.example".to_owned(), 443, true, "/rooms/ws".to_owned())
        );
        assert_eq!(read("127.0.0.1:9000"), ("127.0.0.1".to_owned(), 9000, false, ws()));
        assert_eq!(read("localhost"), ("localhost".to_owned(), 8080, false, ws()));
        assert_eq!(read("a.example"), ("a.example".to_owned(), 443, true, ws()));
        assert_eq!(read("https://[::1]:8443"), ("::1".to_owned(), 8443, true, ws()));
        assert_eq!(Address::parse("[::1]:8443").unwrap().authority(), "[::1]:8443");
        for bad in ["", "ftp://a", "https://", "http://a:99999", "https://me@a", "a b"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
