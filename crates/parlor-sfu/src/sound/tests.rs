//! Headers byte by byte, and what is made of receivers' reports.

#![allow(clippy::disallowed_methods, reason = "a base for made-up times")]

use std::borrow::Cow;
use std::time::SystemTime;

use super::*;

fn packet(seq: u64) -> Outgoing<'static> {
    Outgoing {
        pt: 111,
        seq,
        timestamp: 0x0a0b_0c0d,
        marker: false,
        csrc: 5,
        level: Some(-30),
        has_voice: true,
        received_at: Instant::now(),
        payload: Cow::Borrowed(&[0; 80]),
    }
}

fn stream(extensions: Extensions) -> Stream {
    let mut stream = Stream::new(0x0102_0304, "abc".to_owned());
    stream.agree("cname".to_owned(), extensions);
    stream
}

fn header(stream: &Stream, packet: &Outgoing<'_>) -> Vec<u8> {
    let mut header = vec![9; 3];
    stream.write_header(packet, &mut header);
    header
}

#[test]
fn vc_01_a_header_has_what_the_receiver_agreed_to() {
    const FIXED: [u8; 14] = [0xab, 0xcd, 0x0a, 0x0b, 0x0c, 0x0d, 1, 2, 3, 4, 0, 0, 0, 5];
    let rest = |header: &[u8]| (header[0], header[1], header[16..].to_vec());
    let both = stream(Extensions { mid: Some(4), level: Some(1) });
    let written = header(&both, &packet(0x9_abcd));
    assert_eq!(written[2..16], FIXED);
    assert_eq!(rest(&written), (0x91, 111, vec![0xbe, 0xde, 0, 2, 0x10, 0x9e, 0x42, b'a', b'b', b'c', 0, 0]));
    let marked = Outgoing { marker: true, has_voice: false, ..packet(1) };
    assert_eq!(rest(&header(&both, &marked)).1, 0x80 | 111);
    assert_eq!(rest(&header(&both, &marked)).2[5], 30);
    let silent = Outgoing { level: None, ..packet(1) };
    assert_eq!(rest(&header(&both, &silent)).2, [0xbe, 0xde, 0, 1, 0x42, b'a', b'b', b'c']);
    let none = stream(Extensions::default());
    assert_eq!(rest(&header(&none, &packet(1))), (0x81, 111, vec![]), "without the bit, without the rest");
    let mut known = stream(Extensions { mid: Some(4), level: Some(14) });
    known.is_known = true;
    assert_eq!(rest(&header(&known, &packet(1))).2, [0xbe, 0xde, 0, 1, 0xe0, 0x9e, 0, 0]);
}

#[test]
fn vc_01_no_number_goes_out_twice() {
    let mut sent = Sent::default();
    for seq in [1, 2, 5, 4, 300] {
        assert!(sent.is_new(seq), "{seq}");
        sent.add(seq);
    }
    for seq in [300, 5, 4, 2, 1, 172] {
        assert!(!sent.is_new(seq), "{seq}: sent, or too long ago to tell");
    }
    assert!(sent.is_new(301) && sent.is_new(299) && sent.is_new(173));
}

fn block(highest: u32, lost: i32) -> Block {
    Block { ssrc: 1, lost, highest, last_report: 0, since_report: 0 }
}

#[test]
fn au_6_only_what_was_sent_can_be_lost() {
    let mut stream = stream(Extensions::default());
    let send = |stream: &mut Stream, seqs: std::ops::Range<u64>, except: u64| {
        for seq in seqs.filter(|seq| seq % except != 0) {
            stream.note_sent(&packet(seq));
        }
    };
    send(&mut stream, 1..100, 1_000);
    assert_eq!(stream.count(&block(50, 0)), (0, 0), "a beginning");
    assert_eq!(stream.count(&block(90, 4)), (36, 4));
    // One in ten never came to the hub: the receiver misses ten, and those are not its path's.
    send(&mut stream, 100..200, 10);
    assert_eq!(stream.count(&block(199, 14)), (99, 0));
    // Some came twice.
    send(&mut stream, 200..210, 1_000);
    assert_eq!(stream.count(&block(209, 12)), (10, 0));
    assert_eq!(stream.count(&block(209, 12)), (0, 0));
    // What was never sent, and what is long ago.
    assert_eq!(stream.count(&block(210, 12)), (0, 0));
    assert_eq!(stream.count(&block(20, 12)), (0, 0));
    assert_eq!(stream.count(&block(u32::MAX, i32::MIN)), (0, 0));
}

#[test]
fn vc_01_a_stream_is_reported_on_at_once_and_then_every_five_seconds_while_it_flows() {
    let start = Instant::now();
    let clock = WallClock::new(start, SystemTime::UNIX_EPOCH);
    let mut stream = stream(Extensions::default());
    assert_eq!(stream.report(start, &clock), None, "there is nothing to say");
    stream.note_sent(&Outgoing { received_at: start, timestamp: 1_000, ..packet(1) });
    let at = start + Duration::from_millis(500);
    let report = stream.report(at, &clock).unwrap();
    let ntp = u64::from_be_bytes(report[8..16].try_into().unwrap());
    assert_eq!(ntp, (2_208_988_800 << 32) | (1 << 31));
    assert_eq!(u32::from_be_bytes(report[16..20].try_into().unwrap()), 1_000 + 24_000, "half a second later");
    stream.note_sent(&packet(2));
    assert_eq!(stream.report(at + Duration::from_millis(4_999), &clock), None);
    assert!(stream.report(at + Duration::from_secs(5), &clock).is_some());
    assert_eq!(stream.report(at + Duration::from_secs(15), &clock), None, "nothing was sent since");
}

#[test]
fn au_6_round_trips_are_read_and_those_that_cannot_be_are_not() {
    let of = |last_report, since_report| Block { last_report, since_report, ..block(1, 0) };
    assert_eq!(round_trip(&of(1 << 16, 1 << 15), 2 << 16), Some(Duration::from_millis(500)));
    assert_eq!(round_trip(&of(u32::MAX, 0), 0xffff), Some(Duration::from_secs(1)), "the clock wraps");
    assert_eq!(round_trip(&of(0, 0), 2 << 16), None, "no report had come");
    assert_eq!(round_trip(&of(1 << 16, 2 << 16), 2 << 16), None, "before it was sent");
}

#[test]
fn vc_01_the_sender_of_a_datagram_is_the_one_that_encryption_counts_by() {
    assert_eq!(sender_of(&[0x80, 111, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]), Some(0x0102_0304));
    assert_eq!(sender_of(&[0x81, 201, 0, 7, 1, 2, 3, 4]), Some(0x0102_0304));
    for other in [&[][..], &[0x80], &[0x80, 111, 0, 0], &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(sender_of(other), None);
    }
}

#[test]
fn vc_06_another_way_is_asked_about_once_until_the_own_one_changes() {
    let clock = WallClock::new(Instant::now(), SystemTime::UNIX_EPOCH);
    let mut sound = Sound::new(Arc::new(str0m::crypto::from_feature_flags()), None, clock);
    let hub = "10.0.0.1:4000".parse().unwrap();
    let way = |port: u16| (Via::Udp, hub, SocketAddr::from(([10, 0, 1, 1], port)));
    assert!(!sound.doubts(way(1)), "there is no way yet");
    sound.take_way(way(1));
    assert!(!sound.doubts(way(1)) && !sound.take_doubt());
    assert!(sound.doubts(way(2)) && sound.take_doubt());
    assert!(!sound.doubts(way(2)) && !sound.take_doubt());
    assert!(sound.doubts((Via::Tcp, hub, way(1).2)), "the same address, but by TCP");
    sound.take_way(way(1));
    assert!(!sound.doubts(way(2)), "nothing has changed");
    sound.take_way(way(2));
    assert!(sound.doubts(way(1)), "and back");
    let asked = (10..1_000).filter(|port| sound.doubts(way(*port))).count();
    assert!(asked < ADDRESSES_PER_TRANSPORT_MAX, "{asked}");
}
