//! The headers that make a browser strict with the page.

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::is_loopback;
use crate::guard::{Connection, Names};
use crate::http::App;

/// The page that applications show in a frame of theirs.
const EMBEDDED: &str = "/voice.html";

/// Only features that browsers know: for each other one they write a warning to the page's console.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
     screen-wake-lock=(self), fullscreen=(self), geolocation=(), payment=(), usb=(), serial=(), midi=(), hid=()";

/// Adds them to every response.
pub(crate) async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let is_trustworthy = is_trustworthy(&request, host.as_deref());
    let is_embedded = request.uri().path() == EMBEDDED;
    let ancestors = if is_embedded { ancestors(&app.names) } else { "'none'".to_owned() };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(content_security_policy(host.as_deref(), &ancestors)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // It knows no list of origins, so a page that may be embedded goes without.
    if !is_embedded {
        set(headers, X_FRAME_OPTIONS, "DENY");
    }
    set(headers, REFERRER_POLICY, "no-referrer");
    set(headers, HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if is_trustworthy {
        set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    }
    response
}

/// Whether a browser takes the page's origin for trustworthy (W3C Secure Contexts, section 3.1): elsewhere it ignores
/// some policies, and complains of them in the page's console. A proxy that speaks TLS for us says so.
fn is_trustworthy(request: &Request, host: Option<&str>) -> bool {
    let is_tls = request.extensions().get::<Connection>().is_some_and(|connection| connection.is_tls);
    let is_proxied_tls = request.headers().get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let is_loopback = host.and_then(|host| host.parse::<Authority>().ok()).is_some_and(|authority| {
        let host = authority.host();
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.eq_ignore_ascii_case("localhost") || literal.parse().is_ok_and(is_loopback)
    });
    is_tls || is_proxied_tls || is_loopback
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// In whose frames a page that may be embedded may stand: this server's own, and those of `--allow-origin`. What would
/// mean more in a policy than that one origin is left out.
fn ancestors(names: &Names) -> String {
    let is_plain =
        |origin: &&str| origin.bytes().all(|c| c.is_ascii_alphanumeric() || b"+.-:/[]".contains(&c));
    names.origins().filter(is_plain).fold("'self'".to_owned(), |list, origin| format!("{list} {origin}"))
}

/// Nothing from elsewhere, no inline code, frames only where `ancestors` says so (CSP Level 3, section 6.4.2). The
/// socket's address is spelled out, because `'self'` covers `ws:` only in newer browsers (section 6.7.2.8).
fn content_security_policy(host: Option<&str>, ancestors: &str) -> String {
    let host = host.filter(|host| host.bytes().all(|c| c.is_ascii_alphanumeric() || b".-:[]".contains(&c)));
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
         img-src 'self' data: blob:; media-src 'self' blob: mediastream:; font-src 'self'; \
         connect-src 'self'{sockets}; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors {ancestors}"
    )
}
