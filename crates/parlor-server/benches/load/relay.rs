//! Relaying: pairs of sockets send each other descriptions of 1,500 bytes at a steady rate, and the server hands them
//! over. Measured: CPU of the server for each one delivered, and the time from when it was due to be sent until it came.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::bare::Work;
use crate::figures::{Figures, Times};
use crate::servers::{Programs, Server};
use crate::swarm::{PATIENCE, Swarm, is_type};
use crate::usage::Cpu;
use crate::websocket::Mask;

/// Goals of docs/measurements.md.
const USER_MICROSECONDS_MAX: f64 = 4.0;
const ABOVE_BARE_MICROSECONDS_MAX: f64 = 4.0;
const P99_MS_MAX: f64 = 2.0;

/// Bytes of a description.
const DESCRIPTION_BYTES: usize = 1_500;
/// Stands before the time in a description; 20 digits of nanoseconds follow.
const STAMP: &str = "@=";
const STAMP_DIGITS: usize = 20;

/// What the frames look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Parlor,
    /// PeerServer's, with the path under which it is spoken.
    PeerServer(&'static str),
    Bare,
}

pub(crate) struct Run {
    pub(crate) sockets: usize,
    pub(crate) per_second: u32,
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
}

pub(crate) struct Outcome {
    pub(crate) cpu: Cpu,
    pub(crate) delivered: usize,
    times: Times,
}

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let sockets = scale.pick(1_000, 4);
    // PeerServer can't do much more than twice the first rate, so it is compared at that one.
    for (per_second, with_peer_server) in
        scale.pick([(20_000, true), (40_000, false)], [(80, true), (160, false)])
    {
        let run = Run {
            sockets,
            per_second,
            warm_up: scale.pick(Duration::from_secs(2), Duration::from_millis(50)),
            window: scale.pick(Duration::from_secs(8), Duration::from_millis(200)),
        };
        let floor = relay(&programs.bare(Work::Relay), Dialect::Bare, &run);
        let floor_cost = report(figures, "bare loop", &run, floor, None);
        let outcome = relay(&programs.parlor(), Dialect::Parlor, &run);
        let user = outcome.cpu.user.as_secs_f64() * 1e6 / outcome.delivered as f64;
        // The slower rate is the one with a goal for the time.
        let cost = report(figures, "parlor", &run, outcome, with_peer_server.then_some(P99_MS_MAX));
        let at = format!("parlor, {per_second} relays/s");
        figures.add_with_goal(&format!("{at}: user CPU per relay"), user, "µs", USER_MICROSECONDS_MAX);
        let above = cost - floor_cost;
        figures.add_with_goal(
            &format!("{at}: CPU above the bare loop"),
            above,
            "µs",
            ABOVE_BARE_MICROSECONDS_MAX,
        );
        if with_peer_server && let Some(server) = programs.peer_server() {
            let outcome = relay(&server, Dialect::PeerServer("/"), &run);
            let theirs = report(figures, "PeerServer", &run, outcome, None);
            figures.add_with_goal(&format!("{at}: CPU, PeerServer's = 1"), cost / theirs, "×", 1.0);
        }
    }
}

/// Notes what one server did, and returns its CPU in microseconds for each relay.
pub(crate) fn report(
    figures: &mut Figures,
    name: &str,
    run: &Run,
    mut outcome: Outcome,
    goal: Option<f64>,
) -> f64 {
    let at = format!("{name}, {} relays/s", run.per_second);
    let cost = outcome.cpu.total().as_secs_f64() * 1e6 / outcome.delivered as f64;
    figures.add(&format!("{at}: CPU per relay"), cost, "µs");
    let per_second = outcome.delivered as f64 / run.window.as_secs_f64();
    figures.add(&format!("{at}: delivered"), per_second, "1/s");
    figures.add_times(&format!("{at}: delay"), &mut outcome.times, goal);
    cost
}

pub(crate) fn relay(server: &Server, dialect: Dialect, run: &Run) -> Outcome {
    let mut swarm = connect(server, dialect, run.sockets);
    let mut texts: Vec<String> = (0..run.sockets).map(|from| description(dialect, from ^ 1)).collect();
    let stamp_at: Vec<usize> =
        texts.iter().map(|text| text.find(STAMP).expect("a stamp") + STAMP.len()).collect();

    let start = Instant::now();
    let (warm, end) = (run.warm_up, run.warm_up + run.window);
    let mut outcome = Outcome { cpu: Cpu::of(server.process), delivered: 0, times: Times::default() };
    let (mut is_warm, mut is_over) = (false, false);
    let (mut sent, mut received) = (0_usize, 0_usize);
    let patience = end + PATIENCE;
    // The first error that came, if one did: it explains what is missing.
    let mut complaint = String::new();
    while !is_over || received < sent {
        let now = start.elapsed();
        if !is_warm && now >= warm {
            is_warm = true;
            outcome.cpu = Cpu::of(server.process);
        }
        // At least one, also where the whole window went by without a turn.
        if now < end || (!is_over && outcome.delivered == 0) {
            // Due times, not the times when we got round to it: a server that stalls us is charged for it.
            let due = (now.as_secs_f64() * f64::from(run.per_second)) as usize + 1;
            while sent < due {
                let from = sent % run.sockets;
                let stamp = (sent as f64 * 1e9 / f64::from(run.per_second)) as u64;
                let at = stamp_at[from];
                texts[from].replace_range(at..at + STAMP_DIGITS, &format!("{stamp:0STAMP_DIGITS$}"));
                swarm.send(from, &texts[from]);
                sent += 1;
            }
        } else if !is_over {
            is_over = true;
            outcome.cpu = Cpu::of(server.process).since(outcome.cpu);
        }
        let why = || {
            let closed = (0..swarm.len()).filter(|number| !swarm.is_open(*number)).count();
            format!("{}: {received} of {sent} came, {closed} sockets were closed, {complaint}", server.name)
        };
        assert!(now < patience, "{}", why());
        let is_measuring = is_warm && !is_over;
        swarm.poll(Duration::ZERO, |_, text| {
            if let Some(stamp) = stamp_of(text) {
                received += 1;
                if is_measuring {
                    outcome.delivered += 1;
                    outcome.times.add(start.elapsed().saturating_sub(Duration::from_nanos(stamp)));
                }
            } else if is_type(text, "error") && complaint.is_empty() {
                complaint = String::from_utf8_lossy(text).into_owned();
            }
        });
    }
    outcome
}

/// Opens the sockets and brings those of each pair into reach of each other.
fn connect(server: &Server, dialect: Dialect, sockets: usize) -> Swarm {
    let mut swarm = Swarm::new(if dialect == Dialect::Bare { Mask::None } else { Mask::Zero });
    for number in 0..sockets {
        match dialect {
            Dialect::Bare => {
                swarm.open(server.address, server.ws());
            }
            Dialect::PeerServer(path) => {
                let path = format!("{path}peerjs?key=peerjs&id=p{number}&token=t{number}&version=1.5.5");
                swarm.open(server.address, &path);
                swarm.expect(number, "OPEN");
            }
            Dialect::Parlor => {
                swarm.open(server.address, server.ws());
                let pair = number / 2;
                swarm.send(number, &format!(r#"{{"type":"hello","data":{{"userId":"p{number}"}}}}"#));
                swarm.send(
                    number,
                    &format!(
                        r#"{{"type":"user-joined-room","data":{{"roomId":"pair-{pair}","create":{{"name":"Pair","listed":false}}}}}}"#
                    ),
                );
                swarm.expect(number, "room-joined");
            }
        }
    }
    swarm
}

fn description(dialect: Dialect, to: usize) -> String {
    let stamp = "0".repeat(STAMP_DIGITS);
    let filler = "v=0\\r\\n".repeat(DESCRIPTION_BYTES / 7);
    let sdp = format!("{filler}{STAMP}{stamp}");
    match dialect {
        Dialect::PeerServer(_) => format!(r#"{{"type":"OFFER","dst":"p{to}","payload":{{"sdp":"{sdp}"}}}}"#),
        _ => format!(r#"{{"type":"offer","data":{{"to":"p{to}","sdp":"{sdp}","attempt":1,"n":1}}}}"#),
    }
}

/// When a description was due to be sent, in nanoseconds from the start; `None`: another frame.
fn stamp_of(text: &[u8]) -> Option<u64> {
    if !is_type(text, "offer") && !is_type(text, "OFFER") {
        return None;
    }
    let at = text.windows(STAMP.len()).rposition(|window| window == STAMP.as_bytes())? + STAMP.len();
    std::str::from_utf8(text.get(at..at + STAMP_DIGITS)?).ok()?.parse().ok()
}
