//! `parlor join` as a person and a script meet it.

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

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::{Duration, Instant};

use parlor_client::{OpusReader, OpusWriter};

use crate::running::{Running, at_best, output, parlor, stderr};

/// A server, and where it is.
fn server() -> (Running, String) {
    server_with(&[])
}

fn server_with(flags: &[&str]) -> (Running, String) {
    let mut server = Running::start(&mut parlor(&[&["--listen", "127.0.0.1:0"], flags].concat()));
    let line = server.line("open http");
    let url = line[line.find("http").unwrap()..].trim_end().to_owned();
    (server, url)
}

/// An Opus packet of 20 ms with made-up content.
fn packet(number: u8) -> Vec<u8> {
    let mut packet = vec![31 << 3];
    packet.extend(std::iter::repeat_n(number, 40 + usize::from(number % 60)));
    packet
}

fn sound(path: &Path, packets: u8) {
    let mut writer = OpusWriter::new(File::create(path).unwrap(), 1).unwrap();
    for number in 0..packets {
        writer.write(&packet(number), 0).unwrap();
    }
    writer.finish().unwrap();
}

fn packets_of(path: &Path) -> Vec<Vec<u8>> {
    let mut reader = OpusReader::new(BufReader::new(File::open(path).unwrap())).unwrap();
    std::iter::from_fn(|| reader.packet().unwrap()).collect()
}

#[test]
fn help_teaches_with_examples() {
    let help = output(&["join", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "--name",
        "--role",
        "--play",
        "--loop",
        "--record",
        "--duration",
        "--say",
        "--create",
        "--password",
        "--insecure",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(text.contains(flag), "{flag} is missing in\n{text}");
    }
    assert!(String::from_utf8(output(&["--help"]).stdout).unwrap().contains("join"));
}

#[test]
fn being_asked_wrongly_is_exit_code_2() {
    let files = tempfile::tempdir().unwrap();
    let text = files.path().join("notes.txt");
    let fake = files.path().join("fake.opus");
    let real = files.path().join("real.opus");
    std::fs::write(&text, "no sound").unwrap();
    std::fs::write(&fake, "no sound either").unwrap();
    sound(&real, 3);
    let (text, fake, real) = (text.to_str().unwrap(), fake.to_str().unwrap(), real.to_str().unwrap());
    let here = "127.0.0.1:1";
    for (args, said) in [
        (["join"].as_slice(), "<URL>"),
        (&["join", here], "<ROOM>"),
        (&["join", here, "a room"], "a room"),
        (&["join", "ftp://example.org", "tea"], "ftp://example.org"),
        (&["join", here, "tea", "--name", " "], "--name"),
        (&["join", here, "tea", "--user-id", "a b"], "--user-id"),
        (&["join", here, "tea", "--role", "king"], "king"),
        (&["join", here, "tea", "--duration", "soon"], "--duration"),
        (&["join", here, "tea", "--loop"], "--play"),
        (&["join", here, "tea", "--topology", "sfu"], "--create"),
        (&["join", here, "tea", "--play", "/nowhere/a.opus"], "/nowhere/a.opus"),
        (&["join", here, "tea", "--play", text], ".ivf"),
        (&["join", here, "tea", "--play", fake], "fake.opus"),
        (&["join", here, "tea", "--play", real, "--play", real], "two of a kind"),
        (&["join", here, "tea", "--role", "listener", "--play", real], "a listener sends nothing"),
        (&["join", here, "tea", "--ca", "/nowhere/ca.pem"], "/nowhere/ca.pem"),
    ] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn what_fails_is_exit_code_1() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let away = output(&["join", &free, "tea"]);
    assert_eq!(away.status.code(), Some(1), "{}", stderr(&away));
    assert!(stderr(&away).contains("can't be reached"), "{}", stderr(&away));
    let (_server, url) = server();
    let missing = output(&["join", &url, "tea"]);
    assert_eq!(missing.status.code(), Some(1), "{}", stderr(&missing));
    assert!(stderr(&missing).contains("tea"), "{}", stderr(&missing));
}

#[test]
fn a_certificate_that_is_not_believed_and_a_server_without_tls_are_told_apart() {
    let (_plain, plain) = server();
    let encrypted = output(&["join", &plain.replace("http://", "https://"), "tea"]);
    assert_eq!(encrypted.status.code(), Some(1), "{}", stderr(&encrypted));
    assert!(stderr(&encrypted).contains("http:// for https://"), "{}", stderr(&encrypted));
    let (_own, own) = server_with(&["--tls-self-signed"]);
    let own = own.replace("http://", "https://");
    let doubted = output(&["join", &own, "tea"]);
    assert_eq!(doubted.status.code(), Some(1), "{}", stderr(&doubted));
    for said in ["certificate", "--ca", "--insecure"] {
        assert!(stderr(&doubted).contains(said), "{said}: {}", stderr(&doubted));
    }
    let believed = output(&["join", &own, "tea", "--insecure", "--create", "--duration", "10ms"]);
    assert_eq!(believed.status.code(), Some(0), "{}", stderr(&believed));
}

#[test]
fn a_file_is_played_to_one_who_records_it_and_both_leave_properly() {
    at_best(play_and_record);
}

fn play_and_record() {
    let (_server, url) = server();
    let files = tempfile::tempdir().unwrap();
    let played = files.path().join("played.opus");
    sound(&played, 100);
    let kept = files.path().join("kept");
    let (played_path, kept_path) = (played.to_str().unwrap(), kept.to_str().unwrap());

    let mut archive = Running::start(&mut parlor(&[
        "join", &url, "tea", "--create", "--name", "Archive", "--record", kept_path,
    ]));
    archive.line("in tea as Archive: nobody else is here");
    let mut radio = Running::start(&mut parlor(&[
        "join",
        &url,
        "tea",
        "--name",
        "Radio",
        "--user-id",
        "radio",
        "--play",
        played_path,
        "--say",
        "good evening",
    ]));
    radio.line("in tea as Radio: Archive");
    archive.line("Radio came");
    archive.line("recording the microphone of Radio");
    // It plays for two seconds, and leaves.
    let (status, said) = radio.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("playing"), "{said}");
    archive.line("Radio left (disconnected)");
    archive.signal("INT");
    let (status, said) = archive.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("Radio: good evening"), "{said}");

    let recorded = packets_of(&kept.join("radio-microphone.opus"));
    // The first packets may go out before the other end listens; from there on not one is missing.
    let begun = (0..100).position(|number| recorded.first() == Some(&packet(number))).unwrap();
    assert!(begun < 25, "it was heard late: from packet {begun} on");
    let expected: Vec<_> = (0..100).skip(begun).map(packet).collect();
    assert_eq!(recorded, expected);
}

#[test]
fn who_came_for_a_while_leaves_when_it_is_over() {
    let (_server, url) = server();
    let started = Instant::now();
    let guest = Running::start(&mut parlor(&["join", &url, "tea", "--create", "--duration", "300ms"]));
    let (status, said) = guest.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn each_outage_is_told_once_and_so_is_its_end() {
    let (first, url) = server();
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut guest = Running::start(&mut parlor(&["join", &url, "tea", "--create"]));
    guest.line("in tea");
    first.signal("KILL");
    guest.line("the server is away");
    let mut second = Running::start(&mut parlor(&["--listen", &address]));
    second.line("open http");
    guest.line("the server is back");
    guest.line("in tea again");
    // Too soon for the client to believe that all is well.
    second.signal("KILL");
    guest.line("the server is away");
    let mut third = Running::start(&mut parlor(&["--listen", &address]));
    third.line("open http");
    guest.line("the server is back");
    guest.signal("TERM");
    let (status, said) = guest.ended();
    assert_eq!((status.code(), said.matches("is away").count()), (Some(0), 2), "{said}");
}

#[test]
fn who_is_refused_does_not_keep_their_identity_taken() {
    let (_server, url) = server();
    let ask = |args: &[&str]| {
        output(&[&["join", &url, "tea", "--user-id", "ada", "--duration", "100ms"], args].concat())
    };
    let refused = ask(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("room-not-found") || stderr(&refused).contains("no room"),
        "{}",
        stderr(&refused)
    );
    let again = ask(&["--create"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
}

#[test]
fn a_server_that_goes_away_is_waited_for_and_a_signal_ends_the_wait() {
    let (server, url) = server();
    let mut guest = Running::start(&mut parlor(&["join", &url, "tea", "--create"]));
    guest.line("in tea");
    server.signal("TERM");
    assert_eq!(server.ended().0.code(), Some(0));
    guest.line("the server is away");
    guest.signal("TERM");
    let (status, said) = guest.ended();
    assert_eq!(status.code(), Some(0), "{said}");
}
