//! The binary as a person, a script and a service manager meet it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test may fail by panicking, and reads the clock to measure"
)]

mod running;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::running::{DEADLINE, Running, at_best, output, parlor, stderr};

/// The port that the log names.
fn port(server: &mut Running) -> u16 {
    let line = server.line("open http");
    let url = line.trim_end().trim_end_matches('/');
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// A WebSocket by hand, just far enough to be open.
fn open_socket(port: u16) -> TcpStream {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        tcp,
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tcp.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    tcp
}

fn get(port: u16, path: &str) -> String {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(tcp, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn help_explains_every_flag() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "--listen",
        "--config",
        "--open",
        "--tls-cert",
        "--tls-key",
        "--tls-self-signed",
        "--public-host",
        "--allow-origin",
        "--log-format",
        "--log-level",
        "--grace",
        "--empty-room",
        "--ice-server",
        "--max-sockets",
        "Examples:",
        "Exit codes:",
        "http://127.0.0.1:8080/",
        "serve",
    ] {
        assert!(text.contains(flag), "{flag} is missing in\n{text}");
    }
    let serve = output(&["serve", "--help"]);
    assert_eq!(serve.status.code(), Some(0));
    assert!(String::from_utf8(serve.stdout).unwrap().contains("--listen"));
    assert!(String::from_utf8(output(&["--version"]).stdout).unwrap().starts_with("parlor "));
}

#[test]
fn being_asked_wrongly_is_exit_code_2() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("parlor.toml");
    std::fs::write(&file, "opne = true\n").unwrap();
    let file = file.to_str().unwrap();
    for (args, said) in [
        (["--no-such-flag", ""].as_slice(), "--no-such-flag"),
        (&["coffee"], "coffee"),
        (&["--listen", "nowhere"], "--listen"),
        (&["--grace", "soon"], "--grace"),
        (&["--tls-cert", "c.pem"], "--tls-key"),
        (&["--log-level", "info,,="], "--log-level"),
        (&["--log-level", "loud"], "--log-level"),
        (&["--log-format", "xml"], "xml"),
        (&["--config", "/nowhere/parlor.toml"], "/nowhere/parlor.toml"),
        (&["--config", file], "opne"),
        (&["--allow-origin", "example.org"], "example.org"),
        (&["--max-sockets", "0"], "socket"),
        (&["--turn-listen", "127.0.0.1:0", "--turn-max-relays", "0"], "--turn-max-relays"),
        (&["--turn-listen", "127.0.0.1:0", "--turn-max-kbps", "0"], "--turn-max-kbps"),
    ] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn an_address_beyond_loopback_needs_open() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let output = output(&["--listen", listen]);
        assert_eq!(output.status.code(), Some(2), "{listen}");
        let text = stderr(&output);
        assert!(text.contains("--open") && text.contains("may join any room"), "{text}");
    }
}

#[test]
fn with_open_the_log_says_what_that_means() {
    let mut running = Running::start(&mut parlor(&["--listen", "0.0.0.0:0", "--open"]));
    running.line("may join any room");
    running.line("refuse the microphone");
    running.signal("TERM");
    assert_eq!(running.ended().0.code(), Some(0));
    let mut running = Running::start(&mut parlor(&["--listen", "0.0.0.0:0", "--open", "--tls-self-signed"]));
    running.line("open https://");
    running.line("may join any room");
    running.signal("TERM");
    assert!(!running.ended().1.contains("refuse the microphone"));
}

#[test]
fn what_fails_is_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = output(&["--listen", &address]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(stderr(&refused).contains(&address));
    let refused =
        output(&["--listen", "127.0.0.1:0", "--tls-cert", "/nowhere/c.pem", "--tls-key", "/nowhere/k.pem"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("/nowhere/c.pem"));
    let refused = output(&["--listen", "127.0.0.1:0", "--turn-listen", &address]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains(&address) && stderr(&refused).contains("--turn-listen"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("parlor.toml");
    std::fs::write(&file, "listen = ['127.0.0.1:0']\nlog-format = 'json'\nlog-level = 'error'\n").unwrap();
    let file = file.to_str().unwrap();

    let mut from_file = parlor(&["--config", file]);
    let mut running = Running::start(from_file.env("PARLOR_LOG_LEVEL", "info"));
    let line = running.line("listening");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "listening");
    running.signal("INT");
    assert_eq!(running.ended().0.code(), Some(0));

    let mut with_flags = parlor(&["--config", file, "--log-format", "human"]);
    let mut running =
        Running::start(with_flags.env("PARLOR_LOG_LEVEL", "info").env("PARLOR_LOG_FORMAT", "json"));
    assert!(running.line("listening").contains(" INFO listening"));
    running.signal("TERM");
    assert_eq!(running.ended().0.code(), Some(0));
}

#[test]
fn sigterm_drains_and_is_done_in_time() {
    at_best(drain);
}

fn drain() {
    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    let port = port(&mut running);
    assert!(get(port, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(get(port, "/").contains("<html"));
    let mut socket = open_socket(port);
    let started = Instant::now();
    running.signal("TERM");
    // A close frame with 1012, then the end of the connection.
    let mut frames = Vec::new();
    socket.read_to_end(&mut frames).unwrap();
    assert_eq!(frames[0], 0x88, "{frames:?}");
    assert_eq!(u16::from_be_bytes([frames[2], frames[3]]), 1012);
    drop(socket);
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    at_best(signal_twice);
}

fn signal_twice() {
    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    // A client that neither reads nor closes would hold the end up for a second.
    let socket = open_socket(port(&mut running));
    running.signal("TERM");
    running.line("stopping");
    running.signal("TERM");
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    drop(socket);
}

#[test]
fn vc_07_the_log_tells_of_sessions_and_at_debug_of_each_frame() {
    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0", "--log-level", "debug"]));
    let mut socket = open_socket(port(&mut running));
    let join =
        br#"{"type":"user-joined-room","data":{"roomId":"show","userId":"ada","create":{"name":"Show"}}}"#;
    let mut frame = vec![0x81, 0x80 | u8::try_from(join.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(join);
    socket.write_all(&frame).unwrap();
    running.line("frame in conn=1 type=\"user-joined-room\"");
    // Whichever task is first: the registry's lines come after its lock, the frames when they are written.
    for text in ["session started", "room made", "joined", "type=\"welcome\"", "type=\"room-joined\""] {
        if !running.seen.contains(text) {
            running.line(text);
        }
    }
    socket.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]).unwrap();
    let gone = running.line("client gone");
    assert!(gone.contains("participant=ada") && gone.contains("reason=disconnected"), "{gone}");
    running.signal("TERM");
    assert_eq!(running.ended().0.code(), Some(0));
}

/// What `load-test` says to a server that runs here.
fn load_test(port: u16, args: &[&str]) -> Output {
    let url = format!("http://127.0.0.1:{port}");
    output(&[&["load-test", "--url", &url], args].concat())
}

fn groups(output: &Output) -> Vec<serde_json::Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["groups"].as_array().unwrap().clone()
}

#[test]
fn a_load_test_explains_itself_and_its_exit_codes() {
    let help = output(&["load-test", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    for word in [
        "--url",
        "--publishers",
        "--speaking",
        "--simulcast",
        "--max-loss",
        "Examples:",
        "Exit codes:",
        "latency",
    ] {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
    for (args, said) in [
        (["--url", "127.0.0.1:8080"].as_slice(), "--url"),
        (&["--room", "no room"], "--room"),
        (&["--publishers", "2", "--speaking", "3"], "--speaking"),
        (&["--publishers", "0", "--subscribers", "0"], "nobody"),
        (&["--subscribers", "2000"], "one room holds"),
        (&["--audio-slots", "65"], "slots"),
        (&["--ramp", "0"], "--ramp"),
        (&["--duration", "soon"], "--duration"),
        (&["--max-loss", "many"], "--max-loss"),
    ] {
        let output = output(&[&["load-test"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_load_test_counts_what_a_small_crowd_hears_and_sees() {
    at_best(count_a_small_crowd);
}

fn count_a_small_crowd() {
    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    let port = port(&mut running);
    let both = [
        "--publishers",
        "2",
        "--subscribers",
        "3",
        "--audio",
        "--video",
        "--duration",
        "2s",
        "--max-loss",
        "5",
    ];
    let shown = load_test(port, &both);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    let table = String::from_utf8(shown.stdout.clone()).unwrap();
    for part in ["publishers, audio", "publishers, video", "subscribers, audio", "subscribers, video", "6/6"]
    {
        assert!(table.contains(part), "{part} is missing in\n{table}");
    }
    assert!(stderr(&shown).contains("packets"), "{}", stderr(&shown));

    // One of two speaks; a subscriber hears fifty packets a second of that one, and some of the silent one.
    let talk = [
        "--publishers",
        "2",
        "--speaking",
        "1",
        "--subscribers",
        "2",
        "--audio",
        "--duration",
        "2s",
        "--json",
    ];
    let quiet = load_test(port, &talk);
    let [sent, heard] = <[serde_json::Value; 2]>::try_from(groups(&quiet)).unwrap();
    assert_eq!(stderr(&quiet), "");
    assert_eq!(
        (&heard["who"], &heard["kind"], &heard["tracks"]),
        (&"subscribers".into(), &"audio".into(), &2.into())
    );
    let (sent, heard) = (sent["packets"].as_u64().unwrap(), heard["packets"].as_u64().unwrap());
    assert!((180..=2 * sent + 4).contains(&heard), "{heard} of {sent}");
    running.signal("TERM");
    assert_eq!(running.ended().0.code(), Some(0));
}

/// All that was written into a file.
fn written(mut file: std::fs::File) -> String {
    let mut text = String::new();
    std::io::Seek::rewind(&mut file).unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_load_test_shows_what_it_counted_when_the_server_goes() {
    let mut server = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    let url = format!("http://127.0.0.1:{}", port(&mut server));
    let table = tempfile::tempfile().unwrap();
    let mut asked =
        parlor(&["load-test", "--url", &url, "--publishers", "1", "--subscribers", "1", "--duration", "2m"]);
    let mut test = Running::start(asked.stdout(table.try_clone().unwrap()));
    test.line("packets");
    server.signal("KILL");
    let (status, said) = test.ended();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("2 participants were not there to the end"), "{said}");
    let shown = written(table);
    assert!(shown.contains("subscribers, audio"), "{shown}");
}

/// How many are in rooms, by the server's own word.
fn participants(port: u16) -> String {
    let metrics = get(port, "/metrics");
    metrics.lines().find_map(|line| line.strip_prefix("parlor_participants ")).unwrap().to_owned()
}

#[test]
fn vc_05_a_load_test_leaves_nobody_behind_whether_it_ends_or_is_ended() {
    let mut server = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    let port = port(&mut server);
    server.ignore();
    // Each hears of all the others as they come and go: there is something unread when it leaves.
    let crowd = ["--publishers", "2", "--subscribers", "18", "--ramp", "100/s"];
    for _ in 0..3 {
        let done = load_test(port, &[&crowd[..], &["--duration", "100ms"]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        assert_eq!(participants(port), "0");
    }
    let url = format!("http://127.0.0.1:{port}");
    let table = tempfile::tempfile().unwrap();
    let mut asked = parlor(&[&["load-test", "--url", &url], &crowd[..], &["--duration", "2m"]].concat());
    let mut test = Running::start(asked.stdout(table.try_clone().unwrap()));
    // The first line has nothing to tell yet.
    test.line("packets");
    test.line("packets");
    test.signal("INT");
    let (status, said) = test.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    let shown = written(table);
    assert!(shown.contains("subscribers, audio"), "{shown}");
    assert_eq!(participants(port), "0");
}

#[test]
fn a_load_test_of_subscribers_alone_says_that_nothing_came() {
    let mut server = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    let alone = load_test(
        port(&mut server),
        &["--publishers", "0", "--subscribers", "1", "--audio-slots", "2", "--duration", "200ms"],
    );
    assert_eq!(alone.status.code(), Some(1), "{}", stderr(&alone));
    assert!(stderr(&alone).contains("nothing came to any subscriber"), "{}", stderr(&alone));
}

#[test]
fn a_load_test_through_tls_takes_a_self_made_certificate_only_when_told() {
    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0", "--tls-self-signed"]));
    let port = port(&mut running);
    let url = format!("https://127.0.0.1:{port}");
    let args = ["load-test", "--url", &url, "--subscribers", "1", "--duration", "500ms"];
    let refused = output(&args);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--insecure takes any certificate"), "{}", stderr(&refused));
    let taken = output(&[args.as_slice(), &["--insecure"]].concat());
    assert_eq!(taken.status.code(), Some(0), "{}", stderr(&taken));
}

#[test]
fn a_load_test_says_in_words_why_nobody_gets_in() {
    // A port that nobody listens at.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let none = load_test(free, &[]);
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).contains("nobody listens there"), "{}", stderr(&none));

    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0", "--media-threads", "0"]));
    let no_hub = load_test(port(&mut running), &[]);
    assert_eq!(no_hub.status.code(), Some(1));
    assert!(stderr(&no_hub).contains("forbidden"), "{}", stderr(&no_hub));

    let mut running = Running::start(&mut parlor(&["--listen", "127.0.0.1:0"]));
    let port = port(&mut running);
    let mut socket = open_socket(port);
    let join = br#"{"type":"room-created","data":{"id":"m","name":"Mesh","topology":"mesh"}}"#;
    let mut frame = vec![0x81, 0x80 | u8::try_from(join.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(join);
    socket.write_all(&frame).unwrap();
    // Until the room is there.
    let mut heard = Vec::new();
    while !heard.windows(11).any(|window| window == b"room-joined") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    let mesh = load_test(port, &["--room", "m"]);
    assert_eq!(mesh.status.code(), Some(1));
    assert!(stderr(&mesh).contains("m is a mesh"), "{}", stderr(&mesh));
}

#[test]
fn gp_02_token_makes_one_from_the_secret_or_by_a_server_and_the_server_takes_both() {
    let secret = "a secret that is long enough for HS256";
    let admin = "an-admin-token-for-this-test";
    let mut server = Running::start(
        parlor(&["--listen", "0", "--media-threads", "0"])
            .env("PARLOR_TOKEN_SECRET", secret)
            .env("PARLOR_ADMIN_TOKEN", admin),
    );
    let url = format!("http://127.0.0.1:{}", port(&mut server));
    let by_secret = parlor(&["token", "ada", "--room", "den", "--ttl", "10m"])
        .env("PARLOR_TOKEN_SECRET", secret)
        .output()
        .unwrap();
    let by_server =
        parlor(&["token", "ada", "--url", &url]).env("PARLOR_ADMIN_TOKEN", admin).output().unwrap();
    for made in [&by_secret, &by_server] {
        assert_eq!(made.status.code(), Some(0), "{}", stderr(made));
        let token = String::from_utf8(made.stdout.clone()).unwrap();
        assert_eq!((token.lines().count(), token.split('.').count()), (1, 3), "{token}");
        let mut tcp = open_socket(url.rsplit(':').next().unwrap().parse().unwrap());
        let hello = format!("{{\"type\":\"hello\",\"data\":{{\"token\":\"{}\"}}}}", token.trim());
        say(&mut tcp, &hello);
        let welcome = heard(&mut tcp);
        assert!(welcome.contains("\"welcome\"") && welcome.contains("\"userId\":\"ada\""), "{welcome}");
    }
    let wrong = parlor(&["token", "ada", "--url", &url])
        .env("PARLOR_ADMIN_TOKEN", "another-admin-token")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        stderr(&wrong).contains("answers 401: that is not this server's admin token"),
        "{}",
        stderr(&wrong)
    );
    for args in [
        &["token", "ada"][..],
        &["token", "a b", "--token-secret", secret],
        &["token", "ada", "--ttl", "0s", "--token-secret", secret],
        &["token", "ada", "--token-secret", "short"],
        &["token", "hub", "--token-secret", secret],
    ] {
        assert_eq!(output(args).status.code(), Some(2), "{args:?}");
    }
}

/// Sends a text frame of less than 64 KiB (RFC 6455, section 5.2), with a mask of zeros.
fn say(tcp: &mut TcpStream, text: &str) {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    let head = [0x81, 0xfe, length[0], length[1], 0, 0, 0, 0];
    tcp.write_all(&head).unwrap();
    tcp.write_all(text.as_bytes()).unwrap();
}

/// The next text frame.
fn heard(tcp: &mut TcpStream) -> String {
    loop {
        let mut head = [0; 2];
        tcp.read_exact(&mut head).unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                tcp.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            length => usize::from(length),
        };
        let mut body = vec![0; length];
        tcp.read_exact(&mut body).unwrap();
        if head[0] == 0x81 {
            return String::from_utf8(body).unwrap();
        }
    }
}

/// The program under limits of open files, soft and hard, and what it may open once it runs.
fn limited(soft: u32, hard: u32) -> (Running, String) {
    let command = parlor(&[]);
    let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" --listen 127.0.0.1:0");
    let mut under_limits = Command::new("sh");
    under_limits.arg("-c").arg(script).arg(command.get_program()).stdin(Stdio::null());
    for (name, _) in command.get_envs() {
        under_limits.env_remove(name);
    }
    let mut server = Running::start(&mut under_limits);
    server.line("open http");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    (server, files.split_whitespace().nth(3).unwrap().to_owned())
}

#[test]
fn it_takes_as_many_open_files_as_it_is_let_and_says_if_that_is_few() {
    let (server, soft) = limited(256, 16_384);
    assert_eq!(soft, "16384");
    assert!(!server.seen.contains("LimitNOFILE"), "{}", server.seen);
    let (server, soft) = limited(256, 512);
    assert_eq!(soft, "512");
    let warning = server.seen.lines().find(|line| line.contains("LimitNOFILE")).expect("a warning");
    assert!(warning.contains("WARN") && warning.contains("512"), "{warning}");
}
