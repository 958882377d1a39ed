//! Joining: sessions enter and leave rooms of five at a steady rate. Measured: the time from when `user-joined-room` was
//! due to be sent until `room-joined` came. Once in rooms that no list shows, which is joining alone, and once in listed rooms, where
//! everybody who joins watches the list too.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::figures::{Figures, Times};
use crate::servers::{Programs, Server};
use crate::swarm::{PATIENCE, Swarm, is_type};
use crate::usage::Cpu;
use crate::websocket::Mask;

/// Goal of docs/measurements.md.
const P99_MS_MAX: f64 = 5.0;
/// Participants of a room when all are in.
const ROOM_SIZE: usize = 5;

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let per_second = scale.pick(1_000, 100);
    let window = scale.pick(Duration::from_secs(10), Duration::from_millis(500));
    for (sessions, is_listed) in scale.pick([(2_000, false), (200, true)], [(10, false), (10, true)]) {
        let server = programs.parlor();
        let (mut times, cpu) = join(&server, sessions, is_listed, per_second, window);
        let kind = if is_listed { "listed rooms" } else { "unlisted rooms" };
        let at = format!("{kind}, {sessions} sessions, {per_second} joins/s");
        let cost = cpu.total().as_secs_f64() * 1e6 / times.len() as f64;
        figures.add(&format!("{at}: CPU per join and leave"), cost, "µs");
        figures.add_times(&format!("{at}: delay"), &mut times, Some(P99_MS_MAX));
    }
}

fn join(
    server: &Server,
    sessions: usize,
    is_listed: bool,
    per_second: u32,
    window: Duration,
) -> (Times, Cpu) {
    let mut swarm = Swarm::new(Mask::Zero);
    for number in 0..sessions {
        swarm.open(server.address, server.ws());
        swarm.send(number, &format!(r#"{{"type":"hello","data":{{"userId":"j{number}"}}}}"#));
        swarm.expect(number, "welcome");
    }
    let mut times = Times::default();
    let mut due_at: Vec<Duration> = vec![Duration::ZERO; sessions];
    let before = Cpu::of(server.process);
    let start = Instant::now();
    let (mut steps, mut is_waiting) = (0_usize, 0_usize);
    // At least one, also where the whole window went by without a turn.
    while start.elapsed() < window || is_waiting > 0 || steps == 0 {
        let now = start.elapsed();
        assert!(now < window + PATIENCE, "{is_waiting} joins were not answered");
        // Joins and leaves in turn, at the same rate: first everybody comes, then everybody goes, room by room.
        let due = if now < window || steps == 0 {
            (now.as_secs_f64() * f64::from(per_second) * 2.0) as usize + 1
        } else {
            steps
        };
        while steps < due {
            let (round, step) = (steps / (2 * sessions), steps % (2 * sessions));
            let number = step % sessions;
            let room = format!("r{round}-{}", number / ROOM_SIZE);
            if step < sessions {
                due_at[number] = Duration::from_secs_f64(steps as f64 / f64::from(per_second) / 2.0);
                is_waiting += 1;
                swarm.send(
                    number,
                    &format!(
                        r#"{{"type":"user-joined-room","data":{{"roomId":"{room}","create":{{"name":"Room","listed":{is_listed}}}}}}}"#
                    ),
                );
            } else {
                swarm.send(number, &format!(r#"{{"type":"user-left-room","data":{{"roomId":"{room}"}}}}"#));
            }
            steps += 1;
        }
        swarm.poll(Duration::ZERO, |number, text| {
            if is_type(text, "room-joined") {
                is_waiting -= 1;
                times.add(start.elapsed().saturating_sub(due_at[number]));
            }
            assert!(!is_type(text, "error"), "{}", String::from_utf8_lossy(text));
        });
    }
    (times, Cpu::of(server.process).since(before))
}
