//! What forwarding costs: CPU time of the hub for each packet that it delivers, without sockets. Everything else is real: the
//! participants' ICE, DTLS, SRTP, reports and feedback.
//!
//! `cargo bench -p parlor-sfu`; without `--bench`, as under `cargo test`, each case runs once, tiny, and only has to deliver.
//! Datagrams come in ticks of 2 ms, as a thread reads them that is busy. A figure is the median over windows of 100 ms, so that a
//! window in which somebody else had the core does not count; participants run in between, on the same core and caches.

// A program for the terminal that looks at the clock.
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{Plan, Send, World, net};
use parlor_sfu::{Input, Output, Via};

const TICK: Duration = Duration::from_millis(2);
const WINDOW_TICKS: usize = 50;

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (receivers, seconds) = if is_bench { (50, 10) } else { (3, 1) };
    println!("µs of CPU for a delivered packet, to {receivers} receivers, for {seconds} s; load {}", load());
    let nothing = Plan::default();
    let video = Plan { video_slots: 1, ..nothing };
    let audio = Plan { audio_slots: 6, ..nothing };
    let both = Plan { audio_slots: 6, video_slots: 1, ..nothing };
    let shows = Plan { sends: Send::Video, ..nothing };
    let talks = Plan { sends: Send::Audio, ..nothing };
    for (name, has_congestion_control, senders, sends, receives) in [
        ("1 video (1.7 Mbit/s), without congestion control", false, 1, shows, video),
        ("1 video (1.7 Mbit/s), with congestion control", true, 1, shows, video),
        ("10 speak, 6 slots, without congestion control", false, 10, talks, audio),
        ("10 speak, 6 slots, receivers could see video too, with it", true, 10, talks, both),
    ] {
        let mut world = World::with(has_congestion_control);
        for sender in 0..senders {
            world.join(&format!("s{sender}"), sends);
        }
        for receiver in 0..receivers {
            world.join(&format!("r{receiver}"), receives);
        }
        world.connect_all();
        for client in &mut world.clients {
            client.keeps = false;
        }
        // Slots, layers and the estimate settle.
        world.run(if is_bench { 5_000 } else { 500 });
        let (us, packets) = measure(&mut world, seconds);
        assert!(packets > 0, "{name}: nothing was delivered");
        println!("{name:60} {us:7.2} µs   {:8.0} packets/s", packets as f64 / seconds as f64);
    }
}

fn measure(world: &mut World, seconds: usize) -> (f64, u64) {
    let ticks = seconds * 500;
    let begun = world.hub.ledger().totals.packets_forwarded;
    let mut windows = Vec::new();
    let mut outputs = Vec::new();
    for _ in 0..ticks / WINDOW_TICKS {
        let before = world.hub.ledger().totals.packets_forwarded;
        let mut spent = Duration::ZERO;
        for _ in 0..WINDOW_TICKS {
            world.now += TICK;
            spent += tick(world, &mut outputs);
        }
        let delivered = world.hub.ledger().totals.packets_forwarded - before;
        if delivered > 0 {
            windows.push(spent.as_secs_f64() * 1e6 / delivered as f64);
        }
    }
    windows.sort_by(f64::total_cmp);
    let median = windows.get(windows.len() / 2).copied().unwrap_or_default();
    (median, world.hub.ledger().totals.packets_forwarded - begun)
}

/// One tick of everybody; how long the hub took.
fn tick(world: &mut World, outputs: &mut Vec<Output>) -> Duration {
    let now = world.now;
    let mut to_hub = Vec::new();
    while let Some(datagram) = world.net.take_due(now) {
        if datagram.to == net::HUB {
            to_hub.push(datagram);
        } else if let Some(client) = world.clients.iter_mut().find(|client| client.address == datagram.to) {
            client.receive(now, datagram.from, &datagram.bytes);
        }
    }
    let begun = Instant::now();
    for datagram in &to_hub {
        let (local, remote, bytes) = (net::HUB, datagram.from, datagram.bytes.as_slice());
        world.hub.handle_input(now, Input::Datagram { via: Via::Udp, local, remote, bytes });
    }
    if world.hub.poll_timeout().is_some_and(|at| at <= now) {
        world.hub.handle_timeout(now);
    }
    while let Some(output) = world.hub.poll_output() {
        outputs.push(output);
    }
    let spent = begun.elapsed();
    for output in outputs.drain(..) {
        if let Output::Transmit { local, remote, bytes, .. } = output {
            world.net.send(now, local, remote, bytes);
        }
    }
    for client in &mut world.clients {
        client.run(now);
        for (to, bytes) in client.outbox.drain(..) {
            world.net.send(now, client.address, to, bytes);
        }
    }
    spent
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
