//! The door of every request: `Host` against DNS rebinding, `Origin` against other pages in the same browser.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HOST, ORIGIN, VARY};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::{self, Problem};
use crate::config::{Config, is_loopback};
use crate::http::App;

/// What a connection is, for the requests that come over it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    /// The address that the client reached.
    pub(crate) local: SocketAddr,
    /// Whether it is encrypted.
    pub(crate) is_tls: bool,
}

/// The names under which this server is known.
#[derive(Debug)]
pub(crate) struct Names {
    addresses: Vec<IpAddr>,
    hosts: Vec<String>,
    origins: Vec<String>,
}

/// How a request's `Host` and `Origin` are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// From this server's own page, or from no page at all.
    Own,
    /// From a page that `--allow-origin` names.
    Allowed,
    /// Not for this server.
    WrongHost,
    /// From a page that has no business here.
    WrongOrigin,
}

impl Names {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            addresses: config.listen.iter().map(|address| address.ip().to_canonical()).collect(),
            hosts: config.public_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            origins: config.allow_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect(),
        }
    }

    /// The origins of other pages that may use this server, in lower case.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        self.origins.iter().map(String::as_str)
    }

    /// Judges a request that came to `local`.
    pub(crate) fn judge(&self, host: Option<&str>, origin: Option<&str>, local: IpAddr) -> Verdict {
        let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else {
            return Verdict::WrongHost;
        };
        if !self.is_own(&host, local) {
            return Verdict::WrongHost;
        }
        let Some(origin) = origin else { return Verdict::Own };
        if self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
            return Verdict::Allowed;
        }
        // A proxy may speak TLS for us, so the scheme says nothing; the port tells our page from another server's on
        // the same machine.
        match parse_origin(origin) {
            Some((authority, port)) if self.is_own(&authority, local) => {
                let own_port = host.port_u16();
                let is_default = |port: Option<u16>| matches!(port, None | Some(80 | 443));
                if authority.port_u16() == own_port || (is_default(own_port) && is_default(Some(port))) {
                    Verdict::Own
                } else {
                    Verdict::WrongOrigin
                }
            }
            _ => Verdict::WrongOrigin,
        }
    }

    fn is_own(&self, authority: &Authority, local: IpAddr) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host();
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = literal.parse::<IpAddr>() {
            let ip = ip.to_canonical();
            if is_loopback(ip) || ip == local.to_canonical() || self.addresses.contains(&ip) {
                return true;
            }
        }
        host.eq_ignore_ascii_case("localhost") || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }
}

/// An `Origin`'s authority and its port, the scheme's own if it names none.
fn parse_origin(origin: &str) -> Option<(Authority, u16)> {
    let (scheme, authority) = origin.split_once("://")?;
    let authority: Authority = authority.parse().ok()?;
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let port = authority.port_u16().unwrap_or(default);
    Some((authority, port))
}

/// Lets a request in, or says why not.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match judge_as(&app, &request, false) {
        Verdict::Own => next.run(request).await,
        Verdict::Allowed => {
            let origin = request.headers().get(ORIGIN).cloned();
            let mut response = next.run(request).await;
            if let Some(origin) = origin {
                response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
            }
            response
        }
        Verdict::WrongHost => wrong_host(&app, &path),
        Verdict::WrongOrigin => {
            app.switchboard.counters.requests_refused.inc();
            let text = "403: pages of that origin may not use this server. Its operator can add it with --allow-origin.\n";
            refused(&path, StatusCode::FORBIDDEN, text)
        }
    }
}

/// The answer to a request that is not for this server.
pub(crate) fn wrong_host(app: &App, path: &str) -> Response {
    app.switchboard.counters.requests_refused.inc();
    let text = "421: this server does not answer to that name. Its operator can add it with --public-host.\n";
    refused(path, StatusCode::MISDIRECTED_REQUEST, text)
}

/// The admin API says everything in its own form.
fn refused(path: &str, status: StatusCode, text: &'static str) -> Response {
    if path.starts_with(api::PATH) {
        return Problem::refused(status, text).into_response();
    }
    (status, text).into_response()
}

/// Judges a request by its `Host`, and by its `Origin` unless that is judged by another list (the broker's).
pub(crate) fn judge_as(app: &App, request: &Request, has_own_origins: bool) -> Verdict {
    // A header that is no text is no name of ours either.
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("null"));
    let (host, origin) = (header(HOST), header(ORIGIN).filter(|_| !has_own_origins));
    let Some(connection) = request.extensions().get::<Connection>() else { return Verdict::WrongHost };
    let local = connection.local.ip();
    // An absolute request target goes before the header (RFC 9112, section 3.2.2): both have to be ours.
    let target = request.uri().authority().map(Authority::as_str);
    let verdict = match target {
        Some(target) if app.names.judge(Some(target), None, local) != Verdict::Own => Verdict::WrongHost,
        _ => app.names.judge(host, origin, local),
    };
    if matches!(verdict, Verdict::WrongHost | Verdict::WrongOrigin) {
        tracing::debug!(?verdict, host, origin, target, path = request.uri().path(), "refused");
    }
    verdict
}

#[cfg(test)]
mod tests;
