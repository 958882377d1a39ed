//! The broker for PeerJS beside PeerServer, in the same run: what a relay costs and how long it takes, what a silent peer
//! holds, and what is left of a flood of frames to ids that nobody has.

use std::time::Duration;

use crate::Scale;
use crate::bare::Work;
use crate::figures::Figures;
use crate::memory::each;
use crate::relay::{Dialect, Run, relay, report};
use crate::servers::{Programs, Server};
use crate::swarm::{Swarm, is_type};
use crate::usage::resident_bytes;
use crate::websocket::Mask;

/// Goals of docs/measurements.md.
const USER_MICROSECONDS_MAX: f64 = 4.0;
const P99_MS_MAX: f64 = 2.0;
const BYTES_MAX: f64 = 5.0 * 1024.0;
const FLOOD_MB_MAX: f64 = 10.0;

/// Where each speaks it.
const PARLOR: &str = "/peerjs/";
const PEER_SERVER: &str = "/";

/// Bytes of a frame of the flood: below what a frame may have at parlor.
const FLOOD_FRAME_BYTES: usize = 256_000;
/// Peers that send it, so many that none is stopped by its rate.
const FLOODERS: usize = 4;

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    relays(programs, scale, figures);
    memory(programs, scale, figures);
    floods(programs, scale, figures);
}

fn relays(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let run = Run {
        sockets: scale.pick(1_000, 4),
        per_second: scale.pick(20_000, 80),
        warm_up: scale.pick(Duration::from_secs(2), Duration::from_millis(50)),
        window: scale.pick(Duration::from_secs(8), Duration::from_millis(200)),
    };
    let floor = relay(&programs.bare(Work::Relay), Dialect::Bare, &run);
    report(figures, "bare loop", &run, floor, None);
    let outcome = relay(&programs.parlor(), Dialect::PeerServer(PARLOR), &run);
    let user = outcome.cpu.user.as_secs_f64() * 1e6 / outcome.delivered as f64;
    let ours = report(figures, "parlor", &run, outcome, Some(P99_MS_MAX));
    let at = format!("parlor, {} relays/s", run.per_second);
    figures.add_with_goal(&format!("{at}: user CPU per relay"), user, "µs", USER_MICROSECONDS_MAX);
    if let Some(server) = programs.peer_server() {
        let outcome = relay(&server, Dialect::PeerServer(PEER_SERVER), &run);
        let theirs = report(figures, "PeerServer", &run, outcome, None);
        figures.add_with_goal(&format!("{at}: CPU, PeerServer's = 1"), ours / theirs, "×", 1.0);
    }
}

fn memory(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let peers = scale.pick(4_000, 10);
    let held = |server: &Server, path: &str| {
        each(server, peers, |swarm, number| {
            open(swarm, server, path, &format!("m{number}"));
        })
    };
    let bytes = held(&programs.parlor(), PARLOR);
    figures.add_with_goal(&format!("parlor, {peers} peers: each"), bytes, "B", BYTES_MAX);
    if let Some(server) = programs.peer_server() {
        figures.add(&format!("PeerServer, {peers} peers: each"), held(&server, PEER_SERVER), "B");
    }
}

fn floods(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let frames = scale.pick(308, 3);
    let bytes = frames * FLOODERS * FLOOD_FRAME_BYTES;
    let megabytes = flood(&programs.parlor(), PARLOR, frames);
    let name = |server: &str| format!("{server}, {} MiB to absent ids: growth", bytes / (1024 * 1024));
    figures.add_with_goal(&name("parlor"), megabytes, "MB", FLOOD_MB_MAX);
    if let Some(server) = programs.peer_server() {
        figures.add(&name("PeerServer"), flood(&server, PEER_SERVER, frames), "MB");
    }
}

/// The most by which the server's resident memory grew, in megabytes.
fn flood(server: &Server, path: &str, frames: usize) -> f64 {
    let mut swarm = Swarm::new(Mask::Zero);
    let peers: Vec<usize> =
        (0..FLOODERS).map(|number| open(&mut swarm, server, path, &format!("f{number}"))).collect();
    let before = resident_bytes(server.process);
    let mut most = before;
    let filler = "x".repeat(FLOOD_FRAME_BYTES - 64);
    for frame in 0..frames {
        for peer in &peers {
            let text = format!(r#"{{"type":"OFFER","dst":"absent-{peer}-{frame}","payload":"{filler}"}}"#);
            swarm.send(*peer, &text);
            while swarm.unsent(*peer) > 0 {
                swarm.poll(Duration::from_millis(1), |_, _| {});
                assert!(swarm.is_open(*peer), "{}: the flood is closed", server.name);
            }
        }
        most = most.max(resident_bytes(server.process));
    }
    // What a peer tells itself comes back: then all before it has been taken in.
    for peer in &peers {
        swarm.send(*peer, &format!(r#"{{"type":"ANSWER","dst":"f{peer}","payload":1}}"#));
        swarm.poll_until("the end of the flood", |from, text| from == *peer && is_type(text, "ANSWER"));
    }
    most = most.max(resident_bytes(server.process));
    (most - before) as f64 / 1e6
}

fn open(swarm: &mut Swarm, server: &Server, path: &str, id: &str) -> usize {
    let number =
        swarm.open(server.address, &format!("{path}peerjs?key=peerjs&id={id}&token=t-{id}&version=1.5.5"));
    swarm.expect(number, "OPEN");
    number
}
