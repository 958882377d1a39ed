//! Two ends on a made-up network that takes no time.

use super::*;

struct Pair {
    now: Instant,
    ends: [End; 2],
}

fn address(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 5_000))
}

/// One offers to send, the other answers.
fn pair(sends: Sends) -> Pair {
    let now = Instant::now();
    let kit = Kit::generate(now).unwrap();
    let mut sender = End::new(&kit, now, address(1)).unwrap();
    let mut receiver = End::new(&kit, now, address(2)).unwrap();
    let offer = sender.offer(now, sends, Slots::default()).unwrap();
    let answer = receiver.answer(now, &offer.sdp).unwrap();
    sender.accept_answer(now, &answer).unwrap();
    Pair { now, ends: [sender, receiver] }
}

impl Pair {
    /// Goes on for so long; of the packets that the sender sends, those are lost for which `is_lost` says so.
    fn run(&mut self, ms: u64, mut is_lost: impl FnMut(usize) -> bool) {
        let mut number = 0;
        for _ in 0..ms {
            self.now += Duration::from_millis(1);
            let now = self.now;
            for from in 0..2 {
                if self.ends[from].poll_timeout().is_some_and(|at| at <= now) {
                    self.ends[from].handle_timeout(now);
                }
                while let Some((to, bytes)) = self.ends[from].poll_transmit() {
                    // RTP by its first byte and payload type (RFC 7983, RFC 5761).
                    let is_rtp = (128..192).contains(&bytes[0]) && !(192..224).contains(&bytes[1]);
                    number += usize::from(is_rtp);
                    if to == address(2 - from as u8) && !(is_rtp && from == 0 && is_lost(number)) {
                        self.ends[1 - from].handle_datagram(now, address(1 + from as u8), &bytes);
                    }
                }
            }
        }
    }

    fn connect(&mut self) {
        for _ in 0..5_000 {
            if self.ends.iter().all(|end| end.state() == State::Connected) {
                return;
            }
            self.run(1, |_| false);
        }
        panic!("not connected: {:?}", self.ends);
    }
}

const SPEAKS: Sends = Sends { audio: Some(Voice::Speaks), video: None };

#[test]
fn somebody_who_speaks_is_heard_fifty_times_a_second() {
    let mut pair = pair(SPEAKS);
    pair.connect();
    pair.run(2_000, |_| false);
    let (sent, came) = (pair.ends[0].tally().sent(Kind::Audio), pair.ends[1].tally().received(Kind::Audio));
    assert!((99..=101).contains(&sent.packets), "{sent:?}");
    assert_eq!((came.tracks, came.packets, came.lost, came.bytes), (1, sent.packets, 0, sent.bytes));
    assert_eq!(came.latency.len(), came.packets);
    assert!(came.latency.quantile_ms(1.0).unwrap() <= 1.0);
}

#[test]
fn silence_is_a_packet_now_and_then() {
    let mut pair = pair(Sends { audio: Some(Voice::Silent), video: None });
    pair.connect();
    pair.run(2_000, |_| false);
    let came = pair.ends[1].tally().received(Kind::Audio);
    assert!((4..=6).contains(&came.packets), "{came:?}");
    assert!(came.latency.is_empty());
}

#[test]
fn lost_sound_is_counted() {
    let mut pair = pair(SPEAKS);
    pair.connect();
    pair.run(500, |_| false);
    pair.run(2_000, |number| number % 10 == 5);
    pair.run(100, |_| false);
    let came = pair.ends[1].tally().received(Kind::Audio);
    assert!((9..=11).contains(&came.lost), "{came:?}");
}

#[test]
fn pictures_come_at_their_bit_rate_and_lost_packets_are_sent_again() {
    let camera = crate::Camera { bps: 1_700_000, is_simulcast: false };
    let mut pair = pair(Sends { audio: None, video: Some(camera) });
    pair.connect();
    pair.run(500, |_| false);
    pair.run(2_000, |number| number % 20 == 5);
    pair.run(500, |_| false);
    let (sent, came) = (pair.ends[0].tally().sent(Kind::Video), pair.ends[1].tally().received(Kind::Video));
    let mbps = sent.bytes as f64 * 8.0 / 3.0 / 1e6;
    assert!((1.6..1.8).contains(&mbps), "{mbps}");
    assert_eq!((came.tracks, came.lost, came.packets), (1, 0, sent.packets));
}

#[test]
fn an_end_that_was_closed_wants_nothing_any_more() {
    let mut pair = pair(SPEAKS);
    pair.connect();
    let now = pair.now;
    pair.ends[0].close(now);
    assert_eq!((pair.ends[0].state(), pair.ends[0].poll_timeout()), (State::Closed, None));
    assert_eq!(pair.ends[0].accept_answer(now, ""), Err(EndError::Unasked));
}
