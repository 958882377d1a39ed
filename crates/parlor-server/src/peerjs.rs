//! PeerServer's HTTP and WebSocket protocol, as the unmodified `peerjs` client knows it. What it means for a peer to be here
//! is decided in `parlor-room`.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, UPGRADE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use parlor_proto::RoomId;
use parlor_room::{Hail, PeerKeys};

use crate::config::Config;
use crate::guard::{Verdict, judge_as, wrong_host};
use crate::http::App;
use crate::socket::Caller;
use crate::upgrade::upgrade_for;

/// The last segment of the socket's path, whatever the key is.
const SOCKET: &str = "peerjs";
/// What PeerServer allows.
const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";
/// Who answers, in the shape that PeerServer's own answer has.
const ABOUT: &str = concat!(
    r#"{"name":"parlor, a server for PeerJS","description":"Brokers connections between PeerJS clients.","#,
    r#""website":"https://peerjs.com/"}"#
);

/// Where the broker is, and whom it serves.
#[derive(Debug)]
pub(crate) struct Broker {
    path: Option<String>,
    origins: Vec<String>,
    keys: PeerKeys,
    has_discovery: bool,
}

impl Broker {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            path: config.peerjs.path.clone(),
            origins: config.peerjs.allow_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect(),
            keys: config.room.peers.keys.clone(),
            has_discovery: config.room.peers.has_discovery,
        }
    }

    /// Adds the broker's paths.
    pub(crate) fn routes(&self, router: Router<App>) -> Router<App> {
        match self.path.as_deref() {
            None => router,
            // What is at the root stays: the page.
            Some("/") => router
                .route("/peerjs", any(answer))
                .route("/{key}/id", any(answer))
                .route("/{key}/peers", any(answer)),
            Some(path) => router
                .route(path.trim_end_matches('/'), any(answer))
                .route(path, any(answer))
                .route(&format!("{path}{{*rest}}"), any(answer)),
        }
    }

    /// What is behind the broker's own path, without slashes before it.
    fn rest<'a>(&self, path: &'a str) -> &'a str {
        let own = self.path.as_deref().unwrap_or_default();
        path.strip_prefix(own).or_else(|| path.strip_prefix(own.trim_end_matches('/'))).unwrap_or_default()
    }

    /// Whether pages of an origin may use it.
    fn allows(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// The key that a path names, if it is accepted.
    fn key(&self, segment: &str) -> Option<RoomId> {
        let key = RoomId::parse(&decode_segment(segment)).ok()?;
        self.keys.accept(&key).then_some(key)
    }
}

/// Answers whatever comes to one of the broker's paths.
async fn answer(State(app): State<App>, request: Request) -> Response {
    if judge_as(&app, &request, true) == Verdict::WrongHost {
        return wrong_host(&app, request.uri().path());
    }
    let headers = request.headers();
    let origin = headers.get(ORIGIN).cloned();
    let is_allowed = origin.as_ref().is_none_or(|origin| {
        origin.to_str().is_ok_and(|origin| app.broker.allows(origin))
            || judge_as(&app, &request, false) == Verdict::Own
    });
    let is_upgrade = headers.get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if is_upgrade {
        return open_socket(&app, request, is_allowed);
    }
    let mut response = if request.method() == Method::OPTIONS {
        preflight(headers)
    } else {
        serve(&app, request.method(), app.broker.rest(request.uri().path()))
    };
    let headers = response.headers_mut();
    if let (Some(origin), true) = (origin, is_allowed) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    response
}

fn open_socket(app: &App, request: Request, is_allowed: bool) -> Response {
    if app.broker.rest(request.uri().path()) != SOCKET {
        return (StatusCode::BAD_REQUEST, "400: PeerJS clients open their socket elsewhere.\n")
            .into_response();
    }
    if !is_allowed {
        app.switchboard.counters.requests_refused.inc();
        let text = "403: pages of that origin may not use this broker. Its operator can add it with \
                    --peerjs-allow-origin.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let hail = hail(request.uri().query().unwrap_or_default());
    upgrade_for(app, request, Caller::Peer(hail))
}

/// Reads the query of a socket. Of a parameter that stands there twice the last one counts.
fn hail(query: &str) -> Result<Hail, parlor_room::HailError> {
    let (mut id, mut token, mut key) = (None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "id" => id = Some(value),
            "token" => token = Some(value),
            "key" => key = Some(value),
            _ => {}
        }
    }
    Hail::parse(id.as_deref(), token.as_deref(), key.as_deref())
}

/// What is at a path, but for sockets.
fn serve(app: &App, method: &Method, rest: &str) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return not_found();
    }
    if rest.is_empty() {
        return json(ABOUT.to_owned());
    }
    let Some((key, what)) = rest.trim_end_matches('/').split_once('/') else { return not_found() };
    match (what, app.broker.key(key)) {
        ("id" | "peers", None) => (StatusCode::UNAUTHORIZED, "Invalid key provided").into_response(),
        ("id", Some(_)) => {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            let no_store = HeaderValue::from_static("no-store");
            ([(CONTENT_TYPE, html), (CACHE_CONTROL, no_store)], app.switchboard.fresh_peer_id())
                .into_response()
        }
        ("peers", Some(key)) if app.broker.has_discovery => json(ids(&app.switchboard.peer_ids(&key))),
        ("peers", Some(_)) => (StatusCode::UNAUTHORIZED, "Unauthorized").into_response(),
        _ => not_found(),
    }
}

/// CORS preflight (Fetch, section 3.2.2): the headers that are asked for are allowed.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    response
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404: there is nothing here.\n").into_response()
}

fn json(text: String) -> Response {
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], text).into_response()
}

/// A JSON array. Peers' ids need no escapes.
fn ids(ids: &[std::sync::Arc<str>]) -> String {
    let mut text = String::from("[");
    for (at, id) in ids.iter().enumerate() {
        // Writing into a string can't fail.
        let _ = write!(text, "{}\"{id}\"", if at > 0 { "," } else { "" });
    }
    text.push(']');
    text
}

/// A segment of a path without its percents (RFC 3986, section 2.1).
fn decode_segment(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    // The only difference to a query's value: a plus is a plus.
    let query = format!("s={}", segment.replace('+', "%2B").replace('&', "%26"));
    let value = form_urlencoded::parse(query.as_bytes()).next().map(|(_, value)| value.into_owned());
    Cow::Owned(value.unwrap_or_default())
}
