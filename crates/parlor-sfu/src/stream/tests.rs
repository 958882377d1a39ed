//! Headers byte by byte, and what is made of receivers' reports.

#![allow(clippy::disallowed_methods, reason = "a base for made-up times")]

use std::time::{Duration, SystemTime};

use super::*;

fn head(seq: u64) -> Head {
    Head {
        pt: 111,
        seq,
        timestamp: 0x0a0b_0c0d,
        marker: false,
        csrc: 5,
        level: Some(-30),
        has_voice: true,
        orientation: None,
        received_at: Instant::now(),
    }
}

fn stream(extensions: Extensions) -> Stream {
    let mut stream = Stream::new(0x0102_0304, "abc".to_owned(), 48_000);
    stream.agree("cname".to_owned(), extensions);
    stream
}

fn header(stream: &Stream, packet: &Head) -> Vec<u8> {
    let mut header = vec![9; 3];
    stream.write_header(stream.ssrc, packet, None, &mut header);
    header
}

#[test]
fn vc_01_a_header_has_what_the_receiver_agreed_to() {
    const FIXED: [u8; 14] = [0xab, 0xcd, 0x0a, 0x0b, 0x0c, 0x0d, 1, 2, 3, 4, 0, 0, 0, 5];
    let rest = |header: &[u8]| (header[0], header[1], header[16..].to_vec());
    let both = stream(Extensions { mid: Some(4), level: Some(1), ..Extensions::default() });
    let written = header(&both, &head(0x9_abcd));
    assert_eq!(written[2..16], FIXED);
    assert_eq!(rest(&written), (0x91, 111, vec![0xbe, 0xde, 0, 2, 0x10, 0x9e, 0x42, b'a', b'b', b'c', 0, 0]));
    let marked = Head { marker: true, has_voice: false, ..head(1) };
    assert_eq!(rest(&header(&both, &marked)).1, 0x80 | 111);
    assert_eq!(rest(&header(&both, &marked)).2[5], 30);
    let silent = Head { level: None, ..head(1) };
    assert_eq!(rest(&header(&both, &silent)).2, [0xbe, 0xde, 0, 1, 0x42, b'a', b'b', b'c']);
    let none = stream(Extensions::default());
    assert_eq!(rest(&header(&none, &head(1))), (0x81, 111, vec![]), "without the bit, without the rest");
    let mut known = stream(Extensions { mid: Some(4), level: Some(14), ..Extensions::default() });
    known.is_known = true;
    assert_eq!(rest(&header(&known, &head(1))).2, [0xbe, 0xde, 0, 1, 0xe0, 0x9e, 0, 0]);
}

#[test]
fn vc_01_no_number_goes_out_twice() {
    let mut sent = Sent::default();
    for seq in [1, 2, 5, 4, 300, 299, 1_300] {
        assert!(sent.is_new(seq), "{seq}");
        sent.add(seq);
    }
    for seq in [1_300, 300, 299, 276, 5, 1] {
        assert!(!sent.is_new(seq), "{seq}: sent, or too long ago to tell");
    }
    assert!([277, 301, 1_299, 1_301, u64::MAX].into_iter().all(|seq| sent.is_new(seq)));
}

fn block(highest: u32, lost: i32) -> Block {
    Block { ssrc: 1, lost, highest, last_report: 0, since_report: 0 }
}

#[test]
fn au_6_only_what_was_sent_can_be_lost() {
    let mut stream = stream(Extensions::default());
    let send = |stream: &mut Stream, seqs: std::ops::Range<u64>, except: u64| {
        for seq in seqs.filter(|seq| seq % except != 0) {
            stream.note_sent(&head(seq), 80);
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
    stream.note_sent(&Head { received_at: start, timestamp: 1_000, ..head(1) }, 80);
    let at = start + Duration::from_millis(500);
    let report = stream.report(at, &clock).unwrap();
    let ntp = u64::from_be_bytes(report[8..16].try_into().unwrap());
    assert_eq!(ntp, (2_208_988_800 << 32) | (1 << 31));
    assert_eq!(u32::from_be_bytes(report[16..20].try_into().unwrap()), 1_000 + 24_000, "half a second later");
    stream.note_sent(&head(2), 80);
    assert_eq!(stream.report(at + Duration::from_millis(4_999), &clock), None);
    assert!(stream.report(at + Duration::from_secs(5), &clock).is_some());
    assert_eq!(stream.report(at + Duration::from_secs(15), &clock), None, "nothing was sent since");
}

#[test]
fn vc_01_a_picture_says_which_side_is_up_and_its_place_in_all_that_is_sent() {
    let extensions = Extensions {
        mid: Some(4),
        orientation: Some(13),
        transport_sequence: Some(3),
        ..Extensions::default()
    };
    let mut stream = stream(extensions);
    stream.is_known = true;
    let turned = Head { level: None, orientation: Some(VideoOrientation::Deg90), ..head(1) };
    let mut header = Vec::new();
    stream.write_header(9, &turned, Some(0xabcd), &mut header);
    assert_eq!(header[8..12], [0, 0, 0, 9], "the SSRC by which it goes out");
    assert_eq!(header[16..], [0xbe, 0xde, 0, 2, 0xd0, 3, 0x31, 0xab, 0xcd, 0, 0, 0]);
    stream.write_header(9, &head(1), None, &mut header);
    assert_eq!(header.len(), 16, "what was not agreed on is not said");
}
