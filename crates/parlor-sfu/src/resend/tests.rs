//! What is kept, and what goes out again.

#![allow(clippy::disallowed_methods, reason = "a base for made-up times")]

use super::*;

const PAUSE: Duration = Duration::from_millis(50);
/// What one that goes again counts as.
const BYTES: usize = 1_000 + RESEND_OVERHEAD_BYTES;

fn packet(seq: u64, resend_pt: Option<u8>, at: Instant) -> VideoPacket {
    let head = Head {
        pt: 96,
        seq,
        timestamp: 7,
        marker: true,
        csrc: 5,
        level: None,
        has_voice: false,
        orientation: None,
        received_at: at,
    };
    VideoPacket { head, payload: Arc::from([1; 1_000]), patch: None, resend_pt }
}

#[test]
fn vc_01_what_is_sent_again_has_numbers_of_its_own_and_says_which_packet_it_is() {
    let now = Instant::now();
    let mut resend = Resend::new(9);
    for seq in 65_530..65_545 {
        resend.keep(now, packet(seq, Some(97), now));
    }
    assert_eq!(resend.on_missing(now, 3, PAUSE), Some((65_539, BYTES)), "numbers roll over");
    assert_eq!(resend.on_missing(now, 100, PAUSE), None, "never sent");
    let mut body = vec![1, 2, 3];
    for again in 1..4 {
        let head = resend.write_again(65_539, &mut body).unwrap();
        assert_eq!((head.pt, head.seq, head.timestamp, head.marker), (97, again, 7, true));
        assert_eq!((body.len(), &body[..3]), (1_002, &[0, 3, 1][..]));
    }
    let mut small = packet(65_545, Some(97), now);
    small.payload = Arc::from([1; 10]);
    resend.keep(now, small);
    assert_eq!(resend.filler(), Some((now, 65_538)), "a large one of the last few");
    assert!(resend.has_begun() && !Resend::new(9).has_begun());
}

#[test]
fn vc_01_a_packet_on_its_way_is_not_sent_again_and_one_long_ago_neither() {
    let now = Instant::now();
    let mut resend = Resend::new(9);
    resend.keep(now, packet(1, Some(97), now));
    resend.keep(now, packet(2, None, now));
    assert_eq!(resend.on_missing(now, 2, PAUSE), None, "the receiver has no payload type for it");
    assert!(resend.on_missing(now, 1, PAUSE).is_some());
    assert_eq!(resend.on_missing(now + PAUSE / 2, 1, PAUSE), None);
    assert!(resend.on_missing(now + PAUSE, 1, PAUSE).is_some());
    let later = now + RESEND_AGE + Duration::from_millis(1);
    assert_eq!(resend.on_missing(later, 1, PAUSE), None);
    resend.keep(later, packet(3, Some(97), now));
    assert!(resend.write_again(1, &mut Vec::new()).is_none(), "what is old is let go");
    for seq in 4..2_000 {
        resend.keep(later, packet(seq, Some(97), now));
    }
    assert_eq!(resend.kept.len(), RESEND_PACKETS_MAX);
}

#[test]
fn vc_05_who_misses_everything_gets_a_part_of_it_again() {
    let now = Instant::now();
    let mut resend = Resend::new(9);
    let mut again = 0;
    for seq in 1..=1_000 {
        resend.keep(now, packet(seq, Some(97), now));
        again += usize::from(resend.on_missing(now, seq as u16, PAUSE).is_some());
    }
    let most = (RESEND_CREDIT_BYTES_MAX + 1_000 * 1_000 / RESEND_SHARE) / BYTES;
    assert!((most - 1..=most).contains(&again), "{again} of {most}");
}
