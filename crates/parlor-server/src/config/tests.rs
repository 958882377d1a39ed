//! Which settings are refused, and what the operator is told.

use std::net::SocketAddr;

use super::{Config, ConfigError};

fn listening(addresses: &[&str]) -> Config {
    Config { listen: addresses.iter().map(|address| address.parse().unwrap()).collect(), ..Config::default() }
}

#[test]
fn the_defaults_are_loopback_and_fine() {
    let config = Config::default();
    assert_eq!(config.listen, [SocketAddr::from(([127, 0, 0, 1], 8080))]);
    assert_eq!(config.check(), Ok(()));
    assert!(!config.is_public());
}

#[test]
fn beyond_loopback_needs_consent() {
    for address in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:8080", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80"]
    {
        let config = listening(&["127.0.0.1:8080", address]);
        assert_eq!(config.check(), Err(ConfigError::NotOpen(address.parse().unwrap())));
        assert!(config.check().unwrap_err().to_string().contains("--open"));
        assert!(config.is_public());
        assert_eq!(Config { open: true, ..config }.check(), Ok(()));
    }
    for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(listening(&[address]).check(), Ok(()), "{address}");
    }
}

#[test]
fn hosts_and_origins_are_names_not_addresses_of_pages() {
    for host in ["", "https://a.example", "a.example/x", "a.example:80", "me@a.example", "a b"] {
        let config = Config { public_hosts: vec![host.to_owned()], ..Config::default() };
        assert_eq!(config.check(), Err(ConfigError::PublicHost(host.to_owned())));
    }
    for origin in
        ["", "a.example", "https://", "https://a.example/", "https://a.example/x", "https://me@a.example"]
    {
        let config = Config { allow_origins: vec![origin.to_owned()], ..Config::default() };
        assert_eq!(config.check(), Err(ConfigError::Origin(origin.to_owned())), "{origin}");
    }
    let config = Config {
        public_hosts: vec!["a.example".to_owned(), "192.0.2.7".to_owned(), "[2001:db8::7]".to_owned()],
        allow_origins: vec!["https://a.example".to_owned(), "http://localhost:3000".to_owned()],
        ..Config::default()
    };
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn nothing_to_listen_on_and_no_sockets_are_refused() {
    assert_eq!(listening(&[]).check(), Err(ConfigError::NoAddress));
    assert_eq!(Config { sockets_max: 0, ..Config::default() }.check(), Err(ConfigError::NoSockets));
}
