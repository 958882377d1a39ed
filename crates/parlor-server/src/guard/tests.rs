//! Which requests are let in.

use std::net::IpAddr;

use super::{Names, Verdict};
use crate::config::Config;

fn names() -> Names {
    Names::new(&Config {
        listen: vec!["0.0.0.0:8080".parse().unwrap(), "192.0.2.7:80".parse().unwrap()],
        public_hosts: vec!["Parlor.example.org".to_owned()],
        allow_origins: vec!["https://Friend.example".to_owned()],
        ..Config::default()
    })
}

fn judge(host: &str, origin: Option<&str>) -> Verdict {
    let local: IpAddr = "198.51.100.3".parse().unwrap();
    names().judge(Some(host), origin, local)
}

#[test]
fn a_host_is_the_listen_address_localhost_or_a_public_host() {
    for host in [
        "localhost",
        "localhost:8080",
        "127.0.0.1:8080",
        "127.1.2.3",
        "[::1]:8080",
        "192.0.2.7",
        "parlor.example.org",
        "PARLOR.example.org:443",
        "198.51.100.3:8080",
        "[::ffff:198.51.100.3]:8080",
    ] {
        assert_eq!(judge(host, None), Verdict::Own, "{host}");
    }
    for host in [
        "example.org",
        "198.51.100.4",
        "0.0.0.1",
        "localhost.",
        "parlor.example.org.",
        "x@localhost",
        "",
        "[",
        "::1:80",
    ] {
        assert_eq!(judge(host, None), Verdict::WrongHost, "{host}");
    }
    assert_eq!(names().judge(None, None, "127.0.0.1".parse().unwrap()), Verdict::WrongHost);
}

#[test]
fn an_origin_is_that_of_the_own_page_or_allowed() {
    for (host, origin) in [
        ("localhost:8080", "http://localhost:8080"),
        ("localhost:8080", "http://127.0.0.1:8080"),
        ("localhost", "http://localhost"),
        // Behind a proxy that speaks TLS.
        ("parlor.example.org", "https://parlor.example.org"),
        ("parlor.example.org:443", "https://parlor.example.org"),
        ("parlor.example.org:8443", "https://parlor.example.org:8443"),
    ] {
        assert_eq!(judge(host, Some(origin)), Verdict::Own, "{host} {origin}");
    }
    for origin in ["https://friend.example", "https://FRIEND.example"] {
        assert_eq!(judge("localhost:8080", Some(origin)), Verdict::Allowed, "{origin}");
    }
    for (host, origin) in [
        ("localhost:8080", "http://localhost"),
        ("localhost:8080", "http://localhost:8081"),
        ("localhost", "http://localhost:8080"),
        ("localhost:8080", "http://evil.example:8080"),
        ("localhost:8080", "https://friend.example:8080"),
        ("localhost:8080", "null"),
        ("localhost:8080", ""),
        ("localhost:8080", "file://"),
        ("localhost:8080", "chrome-extension://localhost:8080"),
    ] {
        assert_eq!(judge(host, Some(origin)), Verdict::WrongOrigin, "{host} {origin}");
    }
    assert_eq!(judge("evil.example", Some("https://friend.example")), Verdict::WrongHost);
}
