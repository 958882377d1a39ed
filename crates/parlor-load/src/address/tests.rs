//! Addresses as people write them.

use super::*;

#[test]
fn what_people_write_is_understood() {
    for (text, meant) in [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws"),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/ws"),
        ("https://parlor.example.org", "wss://parlor.example.org:443/ws"),
        ("https://parlor.example.org/#show", "wss://parlor.example.org:443/ws"),
        ("ws://localhost/signal", "ws://localhost:80/signal"),
        ("WSS://[::1]:8443/ws", "wss://[::1]:8443/ws"),
        ("ws://[2001:db8::1]", "ws://[2001:db8::1]:80/ws"),
    ] {
        assert_eq!(Address::parse(text).unwrap().to_string(), meant, "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "127.0.0.1:8080",
        "ftp://a",
        "http://",
        "http://:80",
        "http://a:b",
        "http://a:70000",
        "ws://[::1",
        "ws://::1",
        "ws://a b",
    ] {
        assert!(Address::parse(text).is_err(), "{text}");
    }
}
