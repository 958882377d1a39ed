//! The page's files: embedded in a release binary (in any, with the feature `embed-page`), read from disk by a debug one,
//! so that a page can be worked on without building anything.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::App;

/// What of `web/` is served: not its tests and tools.
#[derive(RustEmbed)]
#[folder = "../../web"]
#[exclude = "*node_modules/*"]
#[exclude = "*tests/*"]
#[exclude = "*.test.mjs"]
#[exclude = "package*.json"]
#[exclude = "*tsconfig*.json"]
#[exclude = ".*"]
struct Web;

/// Compressed files by path, each with the hash of what it was made from; as many as there are files.
#[derive(Debug, Default)]
pub(crate) struct Compressed(Mutex<HashMap<String, ([u8; 32], Bytes)>>);

impl Compressed {
    /// The file as gzip, made once.
    fn gzip(&self, path: &str, file: &EmbeddedFile) -> Option<Bytes> {
        let hash = file.metadata.sha256_hash();
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, bytes)) = made.get(path)
            && *of == hash
        {
            return Some(bytes.clone());
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&file.data).ok()?;
        let bytes = Bytes::from(encoder.finish().ok()?);
        made.insert(path.to_owned(), (hash, bytes.clone()));
        Some(bytes)
    }
}

/// Answers with the file that the path names; a folder is its `index.html`.
pub(crate) async fn serve(State(app): State<App>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let path =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    match Web::get(&path) {
        Some(file) => answer(&app.compressed, &path, file, request.headers()),
        None => (StatusCode::NOT_FOUND, "404: there is nothing here.\n").into_response(),
    }
}

fn answer(compressed: &Compressed, path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = kind.type_() == mime_guess::mime::TEXT;
    let kind = if is_text { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    // Weak: the same for the file and its compressed form.
    let tag = format!("W/\"{}\"", hex(&file.metadata.sha256_hash()));
    let mut headers = HeaderMap::new();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    set(ETAG, &tag);
    // Paths carry no version, so a browser asks each time, and is told mostly that nothing changed.
    set(CACHE_CONTROL, "no-cache");
    set(VARY, "accept-encoding");
    if asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|known| known.split(',').any(|known| known.trim() == "*" || known.trim() == tag))
    {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    set(CONTENT_TYPE, &kind);
    let takes_gzip =
        asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(accepts_gzip);
    if takes_gzip
        && is_compressible(&kind)
        && let Some(bytes) = compressed.gzip(path, &file)
    {
        set(CONTENT_ENCODING, "gzip");
        return (headers, Body::from(bytes)).into_response();
    }
    (headers, Body::from(Bytes::from(file.data.into_owned()))).into_response()
}

/// Whether an `Accept-Encoding` takes gzip (RFC 9110, section 12.5.3).
fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let is_refused = parts
            .filter_map(|part| part.strip_prefix("q="))
            .any(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        is_gzip && !is_refused
    })
}

fn is_compressible(kind: &str) -> bool {
    kind.starts_with("text/")
        || [
            "application/json",
            "application/wasm",
            "application/javascript",
            "image/svg+xml",
            "manifest+json",
        ]
        .iter()
        .any(|compressible| kind.contains(compressible))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
