//! What becomes of what was written on the command line and in the file.

use clap::Parser;
use parlor_server::{ConfigError, Tls, Turn};

use super::{LogFormat, Settings, SettingsError};
use crate::cli::Cli;

fn flags(text: &str) -> Settings {
    Cli::try_parse_from(std::iter::once("parlor").chain(text.split_whitespace())).unwrap().settings
}

fn file(text: &str) -> Settings {
    toml::from_str(text).unwrap()
}

#[test]
fn without_settings_it_listens_on_loopback() {
    let (config, log) = flags("").into_config().unwrap();
    assert_eq!(config, parlor_server::Config::default());
    assert_eq!(config.check(), Ok(()));
    assert_eq!((log.format, log.level.as_str()), (LogFormat::Human, "info"));
}

#[test]
fn addresses_can_be_written_short() {
    let listen = |text: &str| flags(text).into_config().map(|(config, _)| config.listen);
    for (text, address) in [
        ("--listen 9000", "127.0.0.1:9000"),
        ("--listen localhost:9000", "127.0.0.1:9000"),
        ("--listen :9000", "127.0.0.1:9000"),
        ("--listen [::1]:9000", "[::1]:9000"),
        ("--listen 0.0.0.0:0", "0.0.0.0:0"),
    ] {
        assert_eq!(listen(text).unwrap(), [address.parse().unwrap()], "{text}");
    }
    assert_eq!(listen("--listen 1 --listen [::1]:2").unwrap().len(), 2);
    assert_eq!(listen("--listen 1,2").unwrap().len(), 2);
    for text in ["--listen example.org:80", "--listen 127.0.0.1", "--listen 70000", "--listen x"] {
        assert!(matches!(listen(text), Err(SettingsError::Listen(_))), "{text}");
    }
}

#[test]
fn turn_is_off_until_it_is_given_an_address_and_the_secret_may_stand_in_the_file() {
    let turn = |settings: Settings| settings.into_config().map(|(config, _)| config.turn);
    assert_eq!(turn(flags("")).unwrap(), None);
    let given = turn(flags("--turn-listen 192.0.2.1:3478")).unwrap().unwrap();
    assert_eq!(given, Turn::at("192.0.2.1:3478".parse().unwrap()));
    assert_eq!(given.secret, None, "one is made at the start");
    let written = file(
        "turn-listen = '0.0.0.0:1'\nturn-secret = 'north-of-nowhere'\nturn-allow-peer = ['10.0.0.0/8']\nturn-relay-ports = '50000-50009'\n\
         turn-max-relays = 7\nturn-max-relays-each = 3\nturn-max-kbps = 800",
    );
    let given = turn(flags("--turn-listen 127.0.0.1:2 --turn-allow-loopback").or(written)).unwrap().unwrap();
    assert_eq!(given.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(given.secret.as_deref(), Some("north-of-nowhere"));
    let allowed: Vec<String> = given.allow_peers.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["10.0.0.0/8", "127.0.0.0/8", "::1/128"]);
    assert_eq!(given.relay_ports, 50_000..=50_009);
    assert_eq!((given.allocations_max, given.allocations_per_identity_max), (7, 3));
    assert_eq!(given.bytes_per_second_max, Some(100_000));
    assert!(!format!("{given:?}").contains("north"));
}

#[test]
fn settings_of_turn_that_make_no_sense_are_refused() {
    let refused = |text: &str| flags(text).into_config().unwrap_err().to_string();
    assert!(refused("--turn-listen 3478").contains("--turn-listen"));
    assert!(refused("--turn-secret north").contains("--turn-listen is missing"));
    assert!(refused("--turn-allow-loopback").contains("--turn-listen is missing"));
    assert!(refused("--turn-listen 127.0.0.1:1 --turn-allow-peer 10.0.0.0/99").contains("10.0.0.0/99"));
    assert!(refused("--turn-listen 127.0.0.1:1 --turn-relay-ports 5").contains("--turn-relay-ports"));
    let checked = |text: &str| flags(text).into_config().unwrap().0.check();
    assert_eq!(checked("--turn-listen 127.0.0.1:1 --turn-relay-ports 9-5"), Err(ConfigError::TurnPorts));
    assert_eq!(checked("--turn-listen 127.0.0.1:1 --turn-relay-ports 0-5"), Err(ConfigError::TurnPorts));
    assert_eq!(checked("--turn-listen 127.0.0.1:1 --turn-secret="), Err(ConfigError::TurnSecret));
    let open = "192.0.2.1:3478".parse().unwrap();
    assert_eq!(checked("--turn-listen 192.0.2.1:3478"), Err(ConfigError::NotOpen(open)));
    assert_eq!(checked("--turn-listen 192.0.2.1:3478 --open"), Ok(()));
}

#[test]
fn flags_go_before_the_file() {
    let written = file(
        "listen = ['[::1]:1', '127.0.0.1:2']\nopen = true\ngrace = '3s'\nmax-sockets = 7\n\
         log-format = 'json'\npublic-host = ['a.example']\nice-server = ['stun:a.example']",
    );
    let (config, log) =
        flags("--grace 5s --open=false --listen 3").or(written.clone()).into_config().unwrap();
    assert_eq!(config.listen, ["127.0.0.1:3".parse().unwrap()]);
    assert!(!config.open);
    assert_eq!(config.room.grace_ms, 5_000);
    assert_eq!(config.sockets_max, 7);
    assert_eq!(config.public_hosts, ["a.example"]);
    assert_eq!(config.room.ice_servers[0].urls, ["stun:a.example"]);
    assert_eq!(log.format, LogFormat::Json);
    let (config, _) = flags("").or(written).into_config().unwrap();
    assert!(config.open);
    assert_eq!(config.room.grace_ms, 3_000);
    assert_eq!(config.listen.len(), 2);
}

#[test]
fn a_way_of_tls_by_flag_is_not_mixed_with_the_files() {
    let written = file("tls-cert = 'c.pem'\ntls-key = 'k.pem'");
    let tls = |flag: &str| flags(flag).or(written.clone()).into_config().map(|(config, _)| config.tls);
    assert_eq!(tls("").unwrap(), Tls::Files { cert: "c.pem".into(), key: "k.pem".into() });
    assert_eq!(tls("--tls-self-signed").unwrap(), Tls::SelfSigned);
    assert_eq!(tls("--tls-self-signed=false").unwrap(), Tls::Off);
    assert!(matches!(tls("--tls-cert d.pem"), Err(SettingsError::HalfTls)));
    assert!(matches!(tls("--tls-cert d.pem --tls-key e.pem --tls-self-signed"), Err(SettingsError::TwoTls)));
}

#[test]
fn a_file_may_only_say_what_can_be_set() {
    let wrong = |text: &str| toml::from_str::<Settings>(text).unwrap_err().to_string();
    assert!(wrong("listne = ['1']").contains("listne"));
    assert!(wrong("config = 'other.toml'").contains("config"));
    assert!(wrong("max-sockets = 'many'").contains("max-sockets"));
}

#[test]
fn durations_and_ice_servers_are_checked() {
    assert!(matches!(
        flags("--grace soon").into_config(),
        Err(SettingsError::Duration { name: "grace", .. })
    ));
    let (config, _) = flags("--empty-room 2m --grace 500ms").into_config().unwrap();
    assert_eq!((config.room.empty_room_ms, config.room.grace_ms), (120_000, 500));
    let (config, _) =
        flags("--ice-server stun:a.example:3478 --ice-server turn:b.example,username=u,credential=p=w")
            .into_config()
            .unwrap();
    let servers = config.room.ice_servers;
    assert_eq!(servers.len(), 2);
    assert_eq!(servers[1].username.as_deref(), Some("u"));
    assert_eq!(servers[1].credential.as_deref(), Some("p=w"));
    for text in [
        "a.example",
        "stun:",
        "turn:b.example",
        "turn:b.example,username=u",
        "stun:a,username=u,credential=p",
        "turn:b.example,user=u",
    ] {
        let refused = flags(&format!("--ice-server {text}")).into_config();
        assert!(matches!(refused, Err(SettingsError::IceServer(_))), "{text}");
    }
}

#[test]
fn beyond_loopback_is_refused_without_open() {
    let (config, _) = flags("--listen 0.0.0.0:1").into_config().unwrap();
    assert!(matches!(config.check(), Err(ConfigError::NotOpen(_))));
    let (config, _) = flags("--listen 0.0.0.0:1 --open").into_config().unwrap();
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn secrets_come_from_files_and_the_environment_and_are_long_enough() {
    let (config, _) = flags("").into_config().unwrap();
    assert!(config.admin_token.is_none() && config.room.token_key.is_none());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.token");
    std::fs::write(&path, "an-admin-token-of-a-file\n").unwrap();
    let with_file = format!("--admin-token-file {}", path.display());
    let both = format!("{with_file} --admin-token another-admin-token");
    let token = |text: &str| flags(text).into_config().unwrap().0.admin_token;
    let expected = parlor_server::AdminToken::new("an-admin-token-of-a-file").ok();
    assert_eq!(token(&with_file), expected);
    assert_eq!(token(&both), expected);
    assert_eq!(token("--admin-token an-admin-token-of-a-file"), expected);
    assert!(matches!(flags("--admin-token short").into_config(), Err(SettingsError::AdminToken(_))));
    let missing = flags("--admin-token-file /nowhere/to/be/found").into_config();
    assert!(matches!(missing, Err(SettingsError::AdminTokenFile { .. })));

    let secret = "0123456789abcdef0123456789abcdef";
    let key = parlor_server::TokenKey::new(secret.as_bytes()).ok();
    let (config, _) = flags("").or(file(&format!("token-secret = '{secret}'"))).into_config().unwrap();
    assert_eq!(config.room.token_key, key);
    let short = flags(&format!("--token-secret {}", &secret[1..])).into_config();
    assert!(matches!(short, Err(SettingsError::TokenSecret(_))));
}
