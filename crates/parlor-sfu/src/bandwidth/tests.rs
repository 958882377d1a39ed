//! Paths of all kinds, in made-up time.
#![expect(clippy::disallowed_methods, reason = "made-up time begins somewhere")]

mod link;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::limits::SENT_PACKETS_MAX;
use link::{Link, MS, Video, World, encode};

/// A picture of 720 lines, and what layers would ask for.
const WISH: (u64, u64) = (2_200_000, 2_800_000);

const fn constant(bps: u64) -> Video {
    Video { bps, share: None }
}

/// Sends what the path is believed to bear, as layers of all sizes would.
const fn adaptive(bps: u64) -> Video {
    Video { bps, share: Some(95) }
}

#[test]
fn vc_01_on_a_wide_path_nothing_waits_and_the_estimate_grows_above_what_is_sent() {
    let mut world = World::new(Link::of(50_000_000), constant(1_700_000), WISH);
    let took = world.until(3_000, |world| world.kbps() > 2_200);
    assert!(took.is_some(), "{} kbps", world.kbps());
    assert!(
        world.paced_max < 8_000,
        "while the path is probed, less than a picture waits: {}",
        world.paced_max
    );
    world.run(1_000);
    world.look();
    world.run(30_000);
    assert!(world.lowest() > 2_200, "{:?}", world.estimates);
    assert_eq!(
        (world.paced_max, world.wakes, world.padded_bytes),
        (0, 0, 0),
        "no packet waits, and no timer"
    );
    assert_eq!(world.lost, 0);
}

#[test]
fn vc_01_on_a_narrow_path_the_estimate_settles_to_what_it_bears_and_its_queue_stays_short() {
    let mut world = World::new(Link::of(300_000), adaptive(1_700_000), (2_000_000, 2_800_000));
    let took = world.until(3_000, |world| world.kbps() < 330);
    assert!(took.is_some(), "{} kbps", world.kbps());
    world.run(6_000 - world.ms());
    world.look();
    world.run(60_000);
    assert!(world.lowest() >= 180 && world.highest() <= 330, "{}..{}", world.lowest(), world.highest());
    assert!(world.queue_max < 300 * MS, "{:?}", world.queue_max);
}

#[test]
fn vc_01_a_path_that_becomes_narrow_is_followed_and_found_wide_again() {
    let mut world = World::new(Link::of(3_000_000), adaptive(2_500_000), (2_650_000, 3_300_000));
    world.run(15_000);
    assert!(world.kbps() > 2_650, "{}", world.kbps());
    world.link.bps = 600_000;
    let took = world.until(2_500, |world| world.kbps() < 660);
    assert!(took.is_some(), "{} kbps", world.kbps());
    world.look();
    world.run(5_000);
    assert!(world.padded_behind < 250 * MS, "padding joins no queue: {:?}", world.padded_behind);
    world.look();
    world.run(10_000);
    assert!(world.lowest() >= 360 && world.highest() <= 720, "{}..{}", world.lowest(), world.highest());
    assert!(world.queue_max < 400 * MS, "{:?}", world.queue_max);
    world.link.bps = 3_000_000;
    let took = world.until(15_000, |world| world.kbps() > 2_000);
    assert!(took.is_some(), "{} kbps", world.kbps());
}

#[test]
fn vc_01_losses_that_are_not_the_senders_leave_room_for_a_picture() {
    let wishes = [(300_000, 700_000), (1_000_000, 1_700_000), (1_700_000, 2_200_000)];
    for ((bps, next_bps), loss_percent, least) in
        wishes.map(|wish| (wish, 10, 500)).into_iter().chain([(wishes[1], 15, 400)])
    {
        let link = Link { loss_percent, delay_ms: 100, ..Link::of(50_000_000) };
        let mut world = World::new(link, constant(bps), (next_bps, 2_800_000));
        world.run(60_000);
        assert!(world.lowest() > least, "{bps}, {loss_percent} %: {} kbps", world.lowest());
        let share = world.lost * 100 / (world.came + world.lost);
        assert!(share.abs_diff(u64::from(loss_percent)) <= 2, "{share} %");
    }
}

#[test]
fn vc_01_jitter_is_no_queue() {
    for video in [constant(1_700_000), adaptive(2_500_000)] {
        let mut world = World::new(Link { jitter_ms: 20, ..Link::of(50_000_000) }, video, WISH);
        world.run(10_000);
        assert!(world.lowest() > 900, "{} kbps", world.lowest());
        world.look();
        world.run(50_000);
        assert!(world.lowest() > 1_700, "{} kbps", world.lowest());
    }
}

#[test]
fn vc_01_who_sends_little_learns_soon_that_there_is_room_for_more() {
    // Jitter may be taken for a queue now and then: longer then, by many dice.
    let runs = (0..20).map(|seed| (30, 10_000, seed)).chain((0..8).map(|seed| (20, 8_000, seed)));
    let runs = runs.chain([(0, 2_000, 0)]);
    for (jitter_ms, within_ms, seed) in runs {
        let link = Link { jitter_ms, ..Link::of(50_000_000) };
        let mut world = World::new(link, constant(150_000), (0, 300_000));
        world.rng = fastrand::Rng::with_seed(seed);
        world.bandwidth.ask_for(world.now, 0, 300_000);
        world.run(10_000);
        assert!(world.kbps() < 2_000, "{}", world.kbps());
        world.wish = (2_000_000, 2_500_000);
        world.look();
        let took = world.until(within_ms, |world| world.kbps() >= 2_000);
        assert!(took.is_some(), "{jitter_ms} ms, {seed}: {} kbps", world.kbps());
        assert!(world.padded_bytes > 0);
        // Then there is nothing left to find out, unless jitter makes it believe less again.
        world.run(1_000);
        world.look();
        world.run(10_000);
        assert!(jitter_ms > 0 || (world.padded_bytes, world.wakes) == (0, 0));
    }
}

#[test]
fn vc_01_a_wish_that_the_path_does_not_bear_makes_no_long_queue() {
    let mut world = World::new(Link::of(1_000_000), constant(600_000), (1_700_000, 2_800_000));
    world.run(5_000);
    world.look();
    world.run(60_000);
    assert!(world.lowest() >= 510 && world.highest() <= 1_100, "{}..{}", world.lowest(), world.highest());
    assert!(world.queue_max < 150 * MS, "{:?}", world.queue_max);
    assert!(world.sent_bytes * 8 < 60 * 1_000_000);
}

#[test]
fn vc_01_without_any_feedback_the_estimate_stays_where_it_began() {
    let mut world = World::new(Link { is_mute: true, ..Link::of(50_000_000) }, constant(1_700_000), WISH);
    world.run(1_000);
    world.look();
    world.run(60_000);
    assert_eq!((world.lowest(), world.highest(), world.padded_bytes), (1_500, 1_500, 0));
    let bandwidth = &mut world.bandwidth;
    // Reports of other kinds may lower it, not beyond a bound, and raise it again, not beyond where it began.
    bandwidth.on_loss(world.now, 80, 20);
    assert_eq!(bandwidth.estimate_bps(), 1_350_000);
    bandwidth.on_loss(world.now, 0, 0);
    bandwidth.on_loss(world.now, 95, 5);
    assert_eq!(bandwidth.estimate_bps(), 1_350_000);
    (0..100).for_each(|_| bandwidth.on_loss(world.now, 0, 100));
    assert_eq!(bandwidth.estimate_bps(), MUTE_LOWEST_BPS);
    (0..100).for_each(|_| bandwidth.on_loss(world.now, 100, 0));
    assert_eq!(bandwidth.estimate_bps(), 1_500_000);
}

#[test]
fn vc_01_where_feedback_comes_other_reports_of_losses_count_for_nothing() {
    let mut world = World::new(Link::of(50_000_000), constant(1_700_000), WISH);
    world.run(5_000);
    let before = world.bandwidth.estimate_bps();
    world.bandwidth.on_loss(world.now, 0, 100);
    assert_eq!(world.bandwidth.estimate_bps(), before);
}

#[test]
fn vc_01_feedback_that_stays_away_makes_it_careful_until_it_is_back() {
    let mut world = World::new(Link::of(50_000_000), constant(1_000_000), WISH);
    world.run(10_000);
    let before = world.kbps();
    world.link.is_mute = true;
    world.run(2_500);
    assert!(world.kbps() >= before * 9 / 10, "a moment is nothing: {}", world.kbps());
    world.look();
    world.run(6_000);
    assert!(world.kbps() < before * 6 / 10, "{}", world.kbps());
    assert_eq!(world.padded_bytes, 0, "nothing is tried with nobody to tell of it");
    world.link.is_mute = false;
    let took = world.until(10_000, |world| world.kbps() > 1_800);
    assert!(took.is_some(), "{}", world.kbps());
}

#[test]
fn vc_01_after_a_long_silence_it_goes_on_where_it_was_and_costs_no_timer_meanwhile() {
    // Far away: what is sent first waits long for an answer.
    let link = Link { delay_ms: 150, ..Link::of(50_000_000) };
    let mut world = World::new(link, constant(1_700_000), WISH);
    world.run(10_000);
    let before = world.kbps();
    world.video.bps = 0;
    world.run(1_000);
    world.look();
    world.run(60_000);
    assert_eq!((world.wakes, world.bandwidth.poll_timeout()), (0, None));
    world.video.bps = 1_700_000;
    world.look();
    world.run(20_000);
    assert!(world.lowest() >= before * 9 / 10, "{before}: {}", world.lowest());
    assert_eq!(world.paced_max, 0);
}

#[test]
fn vc_05_numbers_wrap_and_what_is_remembered_is_bounded() {
    let mut world = World::new(Link::of(50_000_000), constant(8_000_000), (0, 10_000_000));
    world.run(100_000);
    assert!(world.sent_packets > 70_000, "{}", world.sent_packets);
    assert!(world.came + 200 > world.sent_packets && world.lost == 0, "{} came", world.came);
    assert!(world.kbps() > 4_000, "{}", world.kbps());
    assert!(world.bandwidth.history.packets.capacity() <= 256, "what was told of is forgotten");
    world.link.loss_percent = 5;
    world.run(10_000);
    assert!(world.bandwidth.history.packets.capacity() <= 2_048, "and what was lost soon");
    // Who never reports: what was sent is kept for some seconds, and at most so many.
    world.link.is_mute = true;
    world.run(10_000);
    let held = world.bandwidth.history.packets.len();
    assert!((SENT_PACKETS_MAX / 2..=SENT_PACKETS_MAX).contains(&held), "{held}");
    assert!(world.bandwidth.history.packets.capacity() <= 2 * SENT_PACKETS_MAX);
    world.video.bps = 800_000;
    world.run(10_000);
    assert!(world.bandwidth.history.packets.len() < 700);
}

/// Sends so many packets, a millisecond apart.
fn send(bandwidth: &mut Bandwidth, start: Instant, count: u32) -> Instant {
    for n in 0..count {
        let now = start + MS * n;
        bandwidth.turn(now, Some(1_000), 1_000);
        assert_eq!(bandwidth.on_sent(now, 1_000, Purpose::Media), n as u16);
    }
    start + MS * count
}

#[test]
fn vc_05_feedback_that_was_heard_before_or_tells_of_what_was_never_sent_counts_for_nothing() {
    let start = Instant::now();
    let mut bandwidth = Bandwidth::new(start, 1_500_000);
    assert_eq!(bandwidth.on_feedback(start, &encode(0, &[Some(0); 3])), (0, 0), "nothing was sent");
    let now = send(&mut bandwidth, start, 20);
    let told: Vec<Option<u64>> = (0..10).map(|n| (n % 5 != 4).then_some(n * 1_000 + 20_000)).collect();
    let body = encode(0, &told);
    assert_eq!(bandwidth.on_feedback(now, &body), (8, 2));
    assert_eq!(bandwidth.on_feedback(now, &body), (0, 0), "the same once more");
    assert_eq!(bandwidth.on_feedback(now, &encode(8, &[Some(28_000), Some(29_000), Some(30_000)])), (2, 0));
    assert_eq!(bandwidth.on_feedback(now, &encode(4, &[None; 8])), (0, 1), "4 is lost already, 11 is new");
    assert_eq!(bandwidth.on_feedback(now, &encode(65_530, &[Some(0); 6])), (0, 0), "long ago");
    assert_eq!(bandwidth.on_feedback(now, &encode(20, &[Some(0); 50])), (0, 0), "not yet sent");
    for length in 0..body.len() {
        bandwidth.on_feedback(now, &body[..length]);
    }
    let late = now + Duration::from_secs(6);
    assert_eq!(
        bandwidth.on_feedback(late, &encode(12, &[Some(50_000); 4])),
        (0, 0),
        "too late to mean anything"
    );
}

#[test]
fn vc_01_another_path_begins_anew() {
    let mut world = World::new(Link::of(300_000), adaptive(1_700_000), WISH);
    world.run(10_000);
    assert!(world.kbps() < 330);
    world.bandwidth.restart(world.now);
    assert_eq!(world.kbps(), 1_500);
    assert!(world.bandwidth.history.packets.is_empty());
    world.link.bps = 50_000_000;
    // Numbers go on without a gap, which the link sees to.
    world.look();
    world.run(10_000);
    assert!(world.lowest() > 1_000 && world.kbps() > 2_200, "{}..{}", world.lowest(), world.kbps());
}

/// What goes out each millisecond of a queue of packets of 1,000 bytes.
fn drain(bandwidth: &mut Bandwidth, start: Instant, mut packets: usize) -> Vec<usize> {
    let mut sent = Vec::new();
    let mut now = start;
    while packets > 0 {
        let mut at_once = 0;
        while packets > 0 && bandwidth.turn(now, Some(1_000), packets * 1_000) == Turn::Send {
            bandwidth.on_sent(now, 1_000, Purpose::Resend);
            (packets, at_once) = (packets - 1, at_once + 1);
        }
        sent.push(at_once);
        now += MS;
    }
    sent
}

#[test]
fn vc_01_a_large_picture_is_spread_and_a_usual_one_goes_at_once() {
    let start = Instant::now();
    let mut bandwidth = Bandwidth::new(start, 1_500_000);
    // No probes in between.
    bandwidth.ask_for(start, 0, 1_000_000);
    bandwidth.turn(start, Some(1_000), 1_000);
    bandwidth.on_sent(start, 1_000, Purpose::Media);
    let later = start + Duration::from_secs(1);
    assert_eq!(drain(&mut bandwidth, later, 15), [15]);
    // 3.75 Mbit/s: 19 kB at once, then 4.7 kB every 10 ms.
    let later = later + Duration::from_secs(1);
    let sent = drain(&mut bandwidth, later, 100);
    assert!((18..=20).contains(&sent[0]), "{sent:?}");
    assert!(sent[1..].iter().all(|packets| *packets <= 6), "{sent:?}");
    assert!((165..=185).contains(&sent.len()), "{}", sent.len());
    let rows = sent.iter().filter(|packets| **packets > 0).count();
    assert!(rows < 25, "in rows: {sent:?}");
    // A queue that would take longer than 250 ms goes faster.
    let later = later + Duration::from_secs(1);
    let sent = drain(&mut bandwidth, later, 300);
    assert!((200..=260).contains(&sent.len()), "{}", sent.len());
}

#[test]
fn vc_01_nothing_is_padded_before_a_picture_or_without_need() {
    let start = Instant::now();
    let mut bandwidth = Bandwidth::new(start, 1_500_000);
    bandwidth.ask_for(start, 2_000_000, 2_000_000);
    assert_eq!((bandwidth.turn(start, None, 0), bandwidth.poll_timeout()), (Turn::Idle, None));
    let mut world = World::new(Link::of(50_000_000), constant(1_000_000), (0, 1_200_000));
    world.bandwidth.ask_for(start, 0, 1_200_000);
    world.run(20_000);
    assert_eq!(world.padded_bytes, 0);
    let idle = Bandwidth::new(start, 1_500_000);
    assert_eq!(idle.poll_timeout(), None);
}

#[test]
fn vc_01_what_it_decides_follows_from_what_it_is_told() {
    let run = || {
        let link = Link { loss_percent: 3, jitter_ms: 10, ..Link::of(2_000_000) };
        let mut world = World::new(link, adaptive(2_500_000), (2_600_000, 2_800_000));
        world.run(40_000);
        (world.estimates, world.sent_bytes, world.padded_bytes, world.wakes)
    };
    assert_eq!(run(), run());
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u32),
    Back(u32),
    Turns {
        bytes: usize,
        queued: usize,
    },
    Sent(usize),
    /// From so many packets before the last one, came after so long or not at all.
    Told {
        before: u16,
        told: Vec<Option<u32>>,
        reference: u32,
    },
    Bytes(Vec<u8>),
    Loss(u64, u64),
    Ask(u64, u64),
    Timeout,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let rate = || prop_oneof![Just(0), 0_u64..5_000_000, any::<u64>()];
    let came = prop_oneof![Just(None), (0_u32..3_000_000).prop_map(Some)];
    let told = (0_u16..300, proptest::collection::vec(came, 0..120), prop_oneof![Just(0), any::<u32>()]);
    prop_oneof![
        4 => (0_u32..200).prop_map(Step::Pass),
        1 => (0_u32..100_000).prop_map(Step::Pass),
        1 => (0_u32..10_000).prop_map(Step::Back),
        6 => (0_usize..3_000, 0_usize..200_000).prop_map(|(bytes, queued)| Step::Turns { bytes, queued }),
        1 => prop_oneof![0_usize..100_000, any::<usize>()].prop_map(Step::Sent),
        6 => told.prop_map(|(before, told, reference)| Step::Told { before, told, reference }),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Step::Bytes),
        1 => (any::<u64>(), any::<u64>()).prop_map(|(came, lost)| Step::Loss(came, lost)),
        2 => (rate(), rate()).prop_map(|(next, desired)| Step::Ask(next, desired)),
        1 => Just(Step::Timeout),
        1 => (0_u8..10).prop_map(|n| if n == 0 { Step::Restart } else { Step::Timeout }),
    ]
}

#[test]
fn vc_05_whatever_happens_in_whatever_order_it_goes_on_and_stays_within_bounds() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let seed = b"parlor-sfu: bandwidth of a path!";
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, seed));
    let start = Instant::now() + Duration::from_secs(1_000);
    let strategy = (any::<u64>(), proptest::collection::vec(step(), 0..250));
    let (came, heard) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let tested = runner.run(&strategy, |(initial, steps)| {
        let mut bandwidth = Bandwidth::new(start, initial);
        let (mut now, mut latest, mut last) = (start, start, 0_u16);
        for step in steps {
            match step {
                Step::Pass(ms) => {
                    now += MS * ms;
                    continue;
                }
                Step::Back(ms) => {
                    now = (now - MS * ms).max(start - Duration::from_secs(500));
                    continue;
                }
                Step::Turns { bytes, queued } => {
                    let mut left = queued;
                    for _ in 0..100 {
                        let next = (left > 0).then_some(bytes.min(left));
                        match bandwidth.turn(now, next, left) {
                            Turn::Send => {
                                left -= bytes.clamp(1, left);
                                last = bandwidth.on_sent(now, bytes, Purpose::Media);
                            }
                            Turn::Pad { bytes } => {
                                prop_assert!(bytes > 0);
                                last = bandwidth.on_sent(now, 280, Purpose::Padding);
                            }
                            Turn::Wait(at) => {
                                prop_assert!(at > now);
                                break;
                            }
                            Turn::Idle => {
                                prop_assert!(next.is_none());
                                break;
                            }
                        }
                    }
                }
                Step::Sent(bytes) => last = bandwidth.on_sent(now, bytes, Purpose::Resend),
                Step::Told { before, told, reference } => {
                    let at = u64::try_from((now - (start - Duration::from_secs(500))).as_micros()).unwrap();
                    let told: Vec<Option<u64>> =
                        told.into_iter().map(|came| came.map(|us| at + u64::from(us))).collect();
                    let mut body = encode(last.wrapping_sub(before), &told);
                    if reference > 0 {
                        body[12..15].copy_from_slice(&reference.to_be_bytes()[1..]);
                    }
                    let known = bandwidth.on_feedback(now, &body);
                    came.set(came.get() + known.0);
                    heard.set(heard.get() + u64::from(known != (0, 0)));
                }
                Step::Bytes(bytes) => {
                    bandwidth.on_feedback(now, &bytes);
                }
                Step::Loss(came, lost) => bandwidth.on_loss(now, came, lost),
                Step::Ask(next, desired) => bandwidth.ask_for(now, next, desired),
                Step::Timeout => {
                    bandwidth.handle_timeout(now);
                    latest = latest.max(now);
                    prop_assert!(bandwidth.poll_timeout().is_none_or(|at| at > latest));
                }
                Step::Restart => bandwidth.restart(now),
            }
            latest = latest.max(now);
            prop_assert!((30_000..=50_000_000).contains(&bandwidth.estimate_bps()));
            prop_assert!(bandwidth.history.packets.len() <= SENT_PACKETS_MAX);
            prop_assert!(bandwidth.controller.learned.len() <= 2 * SENT_PACKETS_MAX);
        }
        Ok(())
    });
    tested.unwrap();
    assert!(came.get() > 10_000 && heard.get() > 1_000, "{} packets, {} feedbacks", came.get(), heard.get());
}
