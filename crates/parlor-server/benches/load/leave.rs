//! Leaving: one of two closes the socket as a closed tab does; measured is the time until the other one is told. And
//! many joins and leaves, after which memory and every gauge are back where they were.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::figures::{Figures, Times};
use crate::list::{data, metric};
use crate::servers::{Programs, Server, get};
use crate::swarm::{PATIENCE, Swarm, is_type};
use crate::usage::resident_bytes;
use crate::websocket::Mask;

/// Goal of docs/measurements.md.
const P99_MS_MAX: f64 = 100.0;
/// What a closed tab says (RFC 6455, section 7.4.1: going away).
const GOING_AWAY: u16 = 1001;
/// What must be as before when everybody is gone.
const GAUGES: [&str; 4] = ["parlor_sockets", "parlor_sessions", "parlor_rooms", "parlor_participants"];

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let server = programs.parlor();
    let mut times = close_tabs(&server, scale.pick(500, 5));
    figures.add_times("tab closed, until the other one is told", &mut times, Some(P99_MS_MAX));
    drop(server);

    let server = programs.parlor();
    let visits = scale.pick(10_000, 20);
    // A first round of visits pays for what is made once and kept: thread stacks, the allocator's arenas.
    visit(&server, visits);
    let gauges_before = settled_gauges(&server);
    let before = resident_bytes(server.process);
    visit(&server, visits);
    let gauges_after = settled_gauges(&server);
    let kept = resident_bytes(server.process) as f64 - before as f64;
    let left: f64 = gauges_after.iter().zip(&gauges_before).map(|(after, before)| after - before).sum();
    figures.add_with_goal(&format!("{visits} joins and leaves: what the gauges still count"), left, "", 0.0);
    figures.add(&format!("{visits} joins and leaves: memory kept"), kept / 1024.0, "KiB");
}

fn close_tabs(server: &Server, samples: usize) -> Times {
    let mut swarm = Swarm::new(Mask::Zero);
    let mut times = Times::default();
    let stays = swarm.open(server.address, server.ws());
    enter(&mut swarm, stays, "stays", "tabs");
    for sample in 0..samples {
        let goes = swarm.open(server.address, server.ws());
        ask_in(&mut swarm, goes, &format!("goes-{sample}"), "tabs");
        let (mut is_in, mut is_known) = (false, false);
        swarm.poll_until("one to come and the other to know", |number, text| {
            is_in |= number == goes && is_type(text, "room-joined");
            is_known |= number == stays && is_type(text, "user-joined-room");
            is_in && is_known
        });
        let start = Instant::now();
        swarm.close(goes, GOING_AWAY);
        let told = swarm.expect(stays, "user-left-room");
        times.add(start.elapsed());
        assert_eq!(told["reason"], "disconnected");
    }
    times
}

/// So many come, one after the other in flocks, enter a room and are gone again.
fn visit(server: &Server, visits: usize) {
    const FLOCK: usize = 500;
    for flock in 0..visits.div_ceil(FLOCK) {
        let mut swarm = Swarm::new(Mask::Zero);
        for visitor in 0..FLOCK.min(visits - flock * FLOCK) {
            let number = swarm.open(server.address, server.ws());
            let room = format!("room-{flock}-{}", visitor / 5);
            enter(&mut swarm, number, &format!("v{flock}-{visitor}"), &room);
        }
        for number in 0..swarm.len() {
            swarm.close(number, GOING_AWAY);
        }
        let start = Instant::now();
        while (0..swarm.len()).any(|number| swarm.is_open(number)) {
            assert!(start.elapsed() < PATIENCE, "the server does not close what is closed");
            swarm.poll(Duration::from_millis(10), |_, _| {});
        }
    }
}

fn ask_in(swarm: &mut Swarm, number: usize, user: &str, room: &str) {
    swarm.send(number, &format!(r#"{{"type":"hello","data":{{"userId":"{user}"}}}}"#));
    swarm.send(
        number,
        &format!(
            r#"{{"type":"user-joined-room","data":{{"roomId":"{room}","create":{{"name":"Room","listed":false}}}}}}"#
        ),
    );
}

fn enter(swarm: &mut Swarm, number: usize, user: &str, room: &str) {
    ask_in(swarm, number, user, room);
    let mut is_in = false;
    swarm.poll_until("room-joined", |from, text| {
        assert!(!is_type(text, "error"), "{}", data(text));
        is_in |= from == number && is_type(text, "room-joined");
        is_in
    });
}

/// The gauges, once empty rooms are gone too.
fn settled_gauges(server: &Server) -> Vec<f64> {
    let start = Instant::now();
    loop {
        let (_, body) = get(server.address, "/metrics", "");
        let page = String::from_utf8_lossy(&body).into_owned();
        for name in GAUGES {
            assert!(page.contains(name), "/metrics has no {name}");
        }
        let gauges: Vec<f64> = GAUGES.iter().map(|name| metric(&page, name)).collect();
        // What does not go within 20 s is what is to be found.
        if gauges.iter().all(|gauge| *gauge == 0.0) || start.elapsed() > Duration::from_secs(20) {
            return gauges;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
