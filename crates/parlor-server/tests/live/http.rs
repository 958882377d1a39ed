//! HTTP: the page and its headers, health, Host and Origin, places.

use std::io::Read;

use futures_util::StreamExt;
use parlor_server::Config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::{Answer, Server, config, soon};

async fn ask(server: &Server, path: &str, headers: &str) -> Answer {
    server.request(&format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")).await
}

#[tokio::test]
async fn the_page_has_its_headers() {
    let server = Server::start(config()).await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("<html lang=\"en\""));
    let policy = page.header("content-security-policy").unwrap();
    let has = |directive: &str| policy.split(';').any(|part| part.trim() == directive);
    assert!(has("default-src 'none'"), "{policy}");
    assert!(has("script-src 'self' 'wasm-unsafe-eval'"), "{policy}");
    assert!(has(&format!("connect-src 'self' ws://{0} wss://{0}", server.addr)), "{policy}");
    assert!(has("frame-ancestors 'none'") && has("base-uri 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let permissions = page.header("permissions-policy").unwrap();
    assert!(permissions.contains("microphone=(self)") && permissions.contains("camera=(self)"));
}

/// What a policy says after the name of one of its directives.
fn directive<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let policy = answer.header("content-security-policy")?;
    policy.split(';').find_map(|part| part.trim().strip_prefix(name)).map(str::trim)
}

#[tokio::test]
async fn the_voice_page_may_stand_in_frames_of_allowed_origins_and_is_as_strict_as_the_other_one() {
    let allow_origins = ["https://app.example", "http://localhost:3000", "https://*.example", "https://a;b"]
        .map(str::to_owned)
        .to_vec();
    let server = Server::start(Config { allow_origins, ..config() }).await;
    let (page, studio) = (server.get("/voice.html").await, server.get("/").await);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(directive(&page, "frame-ancestors"), Some("'self' https://app.example http://localhost:3000"));
    // Which knows no list of origins, and would contradict.
    assert_eq!(page.header("x-frame-options"), None);
    assert_eq!(directive(&studio, "frame-ancestors"), Some("'none'"));
    assert_eq!(studio.header("x-frame-options"), Some("DENY"));
    let rest = |answer: &Answer| {
        let policy = answer.header("content-security-policy").unwrap();
        policy.split("frame-ancestors").next().unwrap().to_owned()
    };
    assert_eq!(rest(&page), rest(&studio));
    for header in ["x-content-type-options", "referrer-policy", "permissions-policy", "cache-control"] {
        assert!(page.header(header).is_some(), "{header}");
        assert_eq!(page.header(header), studio.header(header), "{header}");
    }
    for part in ["/voice/voice.js", "/voice/voice.css"] {
        let answer = server.get(part).await;
        assert_eq!((answer.status, directive(&answer, "frame-ancestors")), (200, Some("'none'")), "{part}");
    }
    assert_eq!(server.get("/voice/tests/talk.test.mjs").await.status, 404);
}

#[tokio::test]
async fn without_allowed_origins_the_voice_page_stands_in_frames_of_its_own_server_only() {
    let server = Server::start(config()).await;
    let page = server.get("/voice.html").await;
    assert_eq!(directive(&page, "frame-ancestors"), Some("'self'"));
}

#[tokio::test]
async fn a_policy_for_trustworthy_origins_goes_to_these_only() {
    let public_hosts = vec!["parlor.example.org".to_owned()];
    let server = Server::start(Config { public_hosts, ..config() }).await;
    let policy = "cross-origin-opener-policy";
    for host in ["localhost", "127.0.0.1:80", "[::1]"] {
        let page = ask(&server, "/", &format!("Host: {host}\r\n")).await;
        assert_eq!(page.header(policy), Some("same-origin"), "{host}");
    }
    let plain = ask(&server, "/", "Host: parlor.example.org\r\n").await;
    assert_eq!((plain.status, plain.header(policy)), (200, None));
    let proxied = ask(&server, "/", "Host: parlor.example.org\r\nX-Forwarded-Proto: https\r\n").await;
    assert_eq!(proxied.header(policy), Some("same-origin"));
}

#[tokio::test]
async fn files_are_compressed_and_asked_for_again_only_if_they_changed() {
    let server = Server::start(config()).await;
    let host = format!("Host: {}\r\n", server.addr);
    let plain = ask(&server, "/sdk/parlor_connect.wasm", &host).await;
    assert_eq!(plain.header("content-type"), Some("application/wasm"));
    assert_eq!(plain.header("content-encoding"), None);
    let gzip =
        ask(&server, "/sdk/parlor_connect.wasm", &format!("{host}Accept-Encoding: br, gzip\r\n")).await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert_eq!(gzip.header("vary"), Some("accept-encoding"));
    assert!(gzip.body.len() < plain.body.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*gzip.body).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);

    let tag = plain.header("etag").unwrap();
    assert_eq!(gzip.header("etag"), Some(tag));
    let again = ask(&server, "/sdk/parlor_connect.wasm", &format!("{host}If-None-Match: {tag}\r\n")).await;
    assert_eq!(again.status, 304);
    assert!(again.body.is_empty());
    let other =
        ask(&server, "/sdk/parlor_connect.wasm", &format!("{host}If-None-Match: \"other\"\r\n")).await;
    assert_eq!(other.status, 200);
    let refused = ask(&server, "/sdk/index.js", &format!("{host}Accept-Encoding: gzip;q=0\r\n")).await;
    assert_eq!(refused.header("content-encoding"), None);
    assert_eq!(refused.header("content-type"), Some("text/javascript; charset=utf-8"));
}

#[tokio::test]
async fn what_is_not_the_page_is_not_served() {
    let server = Server::start(config()).await;
    for path in [
        "/nothing",
        "/package.json",
        "/tsconfig.json",
        "/node_modules/typescript/package.json",
        "/sdk/tests/x.test.mjs",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "//etc/passwd",
        "/sdk",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-security-policy").is_some());
    }
    let post =
        format!("POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", server.addr);
    assert_eq!(server.request(&post).await.status, 405);
}

#[tokio::test]
async fn health_and_readiness() {
    let server = Server::start(config()).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
    assert_eq!(server.get("/readyz").await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_host_must_be_ours() {
    let public_hosts = vec!["parlor.example.org".to_owned()];
    let server = Server::start(Config { public_hosts, ..config() }).await;
    let port = server.addr.port();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        "LOCALHOST".to_owned(),
        format!("[::1]:{port}"),
        "parlor.example.org".to_owned(),
        format!("Parlor.Example.ORG:{port}"),
    ] {
        assert_eq!(ask(&server, "/healthz", &format!("Host: {host}\r\n")).await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "parlor.example.org.evil.example",
        "10.1.2.3",
        "localhost.evil.example",
        "",
        "parlor.example.org@evil.example",
        "evil.example@localhost",
        "a b",
    ] {
        for path in ["/", "/healthz", "/ws", "/metrics"] {
            let answer = ask(&server, path, &format!("Host: {host}\r\n")).await;
            assert!(matches!(answer.status, 400 | 421), "{host} {path}: {}", answer.status);
        }
    }
    assert!(ask(&server, "/", "Host: evil.example\r\n").await.text().contains("--public-host"));
    assert_eq!(ask(&server, "/", "").await.status, 421, "without a Host");
    let absolute =
        format!("GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    assert_eq!(server.request(&absolute).await.status, 421);
}

#[tokio::test]
async fn the_origin_must_be_ours_or_allowed() {
    let allow_origins = vec!["https://friend.example".to_owned()];
    let public_hosts = vec!["parlor.example.org".to_owned()];
    let server = Server::start(Config { allow_origins, public_hosts, ..config() }).await;
    let port = server.addr.port();
    let socket = async |host: String, origin: Option<String>| {
        let mut request = format!("ws://{}/ws", server.addr).into_client_request().unwrap();
        request.headers_mut().insert("host", HeaderValue::try_from(host).unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::try_from(origin).unwrap());
        }
        let tcp = tokio::net::TcpStream::connect(server.addr).await.unwrap();
        let connected = soon("a handshake", tokio_tungstenite::client_async(request, tcp)).await;
        match connected {
            Ok(_) => 101,
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => answer.status().as_u16(),
            Err(other) => panic!("{other}"),
        }
    };
    let own = format!("127.0.0.1:{port}");
    assert_eq!(socket(own.clone(), None).await, 101, "no browser");
    assert_eq!(socket(own.clone(), Some(format!("http://127.0.0.1:{port}"))).await, 101);
    assert_eq!(socket(own.clone(), Some("https://friend.example".into())).await, 101);
    assert_eq!(socket("parlor.example.org".into(), Some("https://parlor.example.org".into())).await, 101);
    for origin in [
        "http://evil.example",
        "http://127.0.0.1:1",
        "null",
        "https://friend.example.evil.example",
        "https://friend.example:444",
        "http://friend.example",
        "file://",
        "http://127.0.0.1",
    ] {
        assert_eq!(socket(own.clone(), Some(origin.into())).await, 403, "{origin}");
    }
    // An allowed page may load the SDK from here.
    let headers = format!("Host: {own}\r\nOrigin: https://friend.example\r\n");
    let sdk = ask(&server, "/sdk/index.js", &headers).await;
    assert_eq!(sdk.header("access-control-allow-origin"), Some("https://friend.example"));
    assert_eq!(server.get("/sdk/index.js").await.header("access-control-allow-origin"), None);
    let evil = format!("Host: {own}\r\nOrigin: http://evil.example\r\n");
    assert!(ask(&server, "/", &evil).await.text().contains("--allow-origin"));
}

#[tokio::test]
async fn what_is_no_handshake_is_told_so() {
    let server = Server::start(config()).await;
    let answer = server.get("/ws").await;
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    let old = format!(
        "Host: {}\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 8\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        server.addr
    );
    let answer = ask(&server, "/ws", &old).await;
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
}

#[tokio::test]
async fn more_sockets_than_there_are_places_get_503() {
    let server = Server::start(Config { sockets_max: 2, ..config() }).await;
    let one = server.client().await;
    let mut two = server.client().await;
    let request = format!("ws://{}/ws", server.addr).into_client_request().unwrap();
    let tcp = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    match tokio_tungstenite::client_async(request, tcp).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            assert_eq!(answer.status(), 503);
            assert!(answer.headers().contains_key("retry-after"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(server.get("/healthz").await.status, 200, "HTTP has places of its own");
    assert_eq!(server.metric("parlor_sockets_refused_total").await, 1);
    // A place that is given back is free again.
    drop(one);
    server.metric_becomes("parlor_sockets", 1).await;
    two.socket.close(None).await.unwrap();
    while two.socket.next().await.is_some() {}
    server.metric_becomes("parlor_sockets", 0).await;
    soon("a place", async {
        loop {
            let tcp = tokio::net::TcpStream::connect(server.addr).await.unwrap();
            let url = format!("ws://{}/ws", server.addr);
            if tokio_tungstenite::client_async(url, tcp).await.is_ok() {
                break;
            }
        }
    })
    .await;
}
