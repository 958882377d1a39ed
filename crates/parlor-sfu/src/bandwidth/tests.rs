//! Paths of all kinds, in made-up time.
#![expect(clippy::disallowed_methods, reason = "made-up time begins somewhere")]

mod link;

use super::*;
use link::{Link, MS, Video, World, encode};

const fn constant(bps: u64) -> Video {
    Video { bps, share: None }
}

/// Sends what the path is believed to bear, as layers of many sizes would.
const fn adaptive(bps: u64) -> Video {
    Video { bps, share: Some(95) }
}

#[test]
fn explore() {
    for (name, mut world, changes) in [
        ("wide", World::new(Link::of(50_000_000), constant(1_700_000), (2_200_000, 2_800_000)), vec![]),
        ("narrow", World::new(Link::of(300_000), adaptive(1_700_000), (2_000_000, 2_800_000)), vec![]),
        ("drop", World::new(Link::of(3_000_000), adaptive(2_500_000), (3_000_000, 3_400_000)), vec![(15_000, 600_000), (30_000, 3_000_000)]),
        ("loss", World::new(Link { loss_percent: 10, delay_ms: 100, ..Link::of(50_000_000) }, constant(1_000_000), (1_700_000, 2_800_000)), vec![]),
        ("loss-adaptive", World::new(Link { loss_percent: 10, delay_ms: 100, ..Link::of(50_000_000) }, adaptive(2_500_000), (2_700_000, 2_800_000)), vec![]),
        ("jitter", World::new(Link { jitter_ms: 20, ..Link::of(50_000_000) }, constant(1_700_000), (2_200_000, 2_800_000)), vec![]),
        ("jitter-adaptive", World::new(Link { jitter_ms: 20, ..Link::of(50_000_000) }, adaptive(2_500_000), (2_700_000, 2_800_000)), vec![]),
        ("limited", World::new(Link::of(50_000_000), constant(150_000), (2_000_000, 2_800_000)), vec![]),
    ] {
        println!("== {name}");
        let mut changes = changes.into_iter();
        let mut next = changes.next();
        for second in 0..45 {
            world.look();
            world.run(1_000);
            if let Some((at, bps)) = next && world.ms() >= at {
                world.link.bps = bps;
                next = changes.next();
            }
            println!(
                "{second:3} {:5}..{:5} kbps, sent {:5}, padded {:5}, queue {:4} ms, paced {:6}, wakes {}",
                world.lowest(), world.highest(), world.sent_bytes * 8 / 1_000, world.padded_bytes * 8 / 1_000,
                world.queue_max.as_millis(), world.paced_max, world.wakes
            );
        }
    }
}
