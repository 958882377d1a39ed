//! What is read of datagrams, and by which way things go.

#![allow(clippy::disallowed_methods, reason = "a base for made-up times")]

use std::time::SystemTime;

use super::*;

fn block(highest: u32, lost: i32) -> Block {
    Block { ssrc: 1, lost, highest, last_report: 0, since_report: 0 }
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

fn egress() -> Egress {
    let clock = WallClock::new(Instant::now(), SystemTime::UNIX_EPOCH);
    Egress::new(Arc::new(str0m::crypto::from_feature_flags()), None, clock)
}

fn hub() -> SocketAddr {
    "10.0.0.1:4000".parse().unwrap()
}

/// From the hub to that port of one participant.
fn way(port: u16) -> Way {
    (Via::Udp, hub(), SocketAddr::from(([10, 0, 1, 1], port)))
}

#[test]
fn vc_06_the_way_follows_who_sends_by_another_one_for_good() {
    let mut egress = egress();
    let mut seq = 0;
    let mut come = |egress: &mut Egress, ports: &[u16]| {
        for port in ports {
            seq += 1;
            egress.on_packet(way(*port), Some((1, seq)));
        }
    };
    come(&mut egress, &[1, 1, 1]);
    assert_eq!(egress.way(), None, "where to, str0m says first");
    egress.take_way(way(1));
    come(&mut egress, &[2, 2, 1, 2, 2, 3, 2, 2, 1]);
    assert_eq!(egress.way(), Some(way(1)), "never three in a row");
    come(&mut egress, &[2, 2, 2]);
    assert_eq!(egress.way(), Some(way(2)));
    for seq in 1..=5 {
        egress.on_packet(way(1), Some((1, seq)));
    }
    assert_eq!(egress.way(), Some(way(2)), "what is late or comes again says nothing of now");
    egress.take_way(way(1));
    assert_eq!(egress.way(), Some(way(2)), "str0m says what it said before");
    egress.take_way(way(4));
    assert_eq!(egress.way(), Some(way(4)), "str0m has another one");
    come(&mut egress, &[1, 1, 1]);
    assert_eq!(egress.way(), Some(way(1)));
    egress.forget_told();
    egress.take_way(way(4));
    assert_eq!(egress.way(), Some(way(4)), "after a restart it counts in any case");
    (0..3).for_each(|_| egress.on_packet(way(5), None));
    assert_eq!(egress.way(), Some(way(5)), "data, too");
    for ssrc in 10..100 {
        egress.on_packet(way(5), Some((ssrc, 1)));
    }
    assert!(egress.newest.len() <= STREAMS_FOLLOWED_MAX);
}

#[test]
fn vc_06_another_way_is_asked_about_once_until_the_own_one_changes() {
    let mut egress = egress();
    assert!(!egress.doubts(way(1)), "there is no way yet");
    egress.take_way(way(1));
    assert!(!egress.doubts(way(1)) && !egress.take_doubt());
    assert!(egress.doubts(way(2)) && egress.take_doubt());
    assert!(!egress.doubts(way(2)) && !egress.take_doubt());
    assert!(egress.doubts((Via::Tcp, hub(), way(1).2)), "the same address, but by TCP");
    egress.take_way(way(1));
    assert!(!egress.doubts(way(2)), "nothing has changed");
    egress.take_way(way(2));
    assert!(egress.doubts(way(1)), "and back");
    let asked = (10..1_000).filter(|port| egress.doubts(way(*port))).count();
    assert!(asked < ADDRESSES_PER_TRANSPORT_MAX, "{asked}");
}
