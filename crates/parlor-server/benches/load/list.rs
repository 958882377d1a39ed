//! The room list: many watchers of differences, many rooms, and rooms that change their names all the time. Measured:
//! CPU of the server while every change reaches every watcher, beside a bare loop that writes as many bytes to as many sockets as often.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Scale;
use crate::bare::Work;
use crate::figures::Figures;
use crate::servers::Programs;
use crate::swarm::{PATIENCE, Swarm, is_type};
use crate::usage::Cpu;
use crate::websocket::Mask;

/// Goal of docs/measurements.md: CPU above socket writes, in percent of a core.
const ABOVE_WRITES_PERCENT_MAX: f64 = 30.0;
/// Rooms that one session may be in.
const ROOMS_PER_SESSION: usize = 8;

const ASK: &str = r#"{"type":"room-list-request","data":{"deltas":true}}"#;

/// What watching took.
struct Watched {
    cpu: Cpu,
    frames: u64,
    bytes: u64,
}

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let watchers: usize = scale.pick(10_000, 20);
    let rooms: usize = scale.pick(1_000, 16);
    let changes_per_second: u32 = scale.pick(100, 40);
    let window = scale.pick(Duration::from_secs(10), Duration::from_millis(500));

    let watched = watch(programs, watchers, rooms, changes_per_second, window);
    let frames_each = watched.frames as f64 / watchers as f64 / window.as_secs_f64();
    let bytes_each = watched.bytes / watched.frames.max(1);
    let percent = |cpu: Cpu| cpu.total().as_secs_f64() / window.as_secs_f64() * 100.0;
    let parlor = percent(watched.cpu);
    let floor =
        percent(push(programs, watchers, bytes_each as usize, frames_each.round().max(1.0) as u32, window));

    figures.add(&format!("parlor, {watchers} watchers, {rooms} rooms: CPU"), parlor, "%");
    figures.add("bare loop, the same writes: CPU", floor, "%");
    figures.add_with_goal("parlor above the bare loop", parlor - floor, "%", ABOVE_WRITES_PERCENT_MAX);
    figures.add("differences to each watcher", frames_each, "1/s");
    figures.add("bytes of a difference", bytes_each as f64, "B");
}

fn watch(
    programs: &Programs,
    watchers: usize,
    rooms: usize,
    changes_per_second: u32,
    window: Duration,
) -> Watched {
    let server = programs.parlor();
    let mut swarm = Swarm::new(Mask::Zero);
    let makers = rooms.div_ceil(ROOMS_PER_SESSION);
    for maker in 0..makers {
        swarm.open(server.address, server.ws());
        swarm.send(maker, &format!(r#"{{"type":"hello","data":{{"userId":"maker-{maker}"}}}}"#));
        swarm.send(maker, ASK);
    }
    for room in 0..rooms {
        let maker = room % makers;
        swarm.send(
            maker,
            &format!(
                r#"{{"type":"room-created","data":{{"id":"room-{room}","name":"Room {room}"}},"id":{room}}}"#
            ),
        );
        swarm.expect(maker, "ok");
    }
    // The versions that the watchers hold: each difference has to start where the one before it ended.
    let mut versions = vec![0_u64; makers];
    for _ in 0..watchers {
        let number = swarm.open(server.address, server.ws());
        swarm.send(number, ASK);
        let list = swarm.expect(number, "server-room-list");
        versions.push(list["version"].as_u64().expect("a version"));
    }
    assert_eq!(swarm.len(), makers + watchers);

    let start = Instant::now();
    let mut seen = Watched { cpu: Cpu::of(server.process), frames: 0, bytes: 0 };
    let mut changes = 0;
    // At least one, also where the whole window went by without a turn.
    while start.elapsed() < window || seen.frames == 0 {
        assert!(start.elapsed() < window + PATIENCE, "no difference came");
        let due = (start.elapsed().as_secs_f64() * f64::from(changes_per_second)) as usize;
        while changes < due {
            let room = changes % rooms;
            swarm.send(
                room % makers,
                &format!(r#"{{"type":"update-room","data":{{"roomId":"room-{room}","name":"Room {room}, change {changes}"}}}}"#),
            );
            changes += 1;
        }
        swarm.poll(Duration::from_millis(1), |number, text| {
            if number >= makers && is_type(text, "room-list-delta") {
                seen.frames += 1;
                seen.bytes += text.len() as u64;
                versions[number] = next_version(text, versions[number]);
            }
        });
    }
    seen.cpu = Cpu::of(server.process).since(seen.cpu);
    seen
}

/// The version that a difference leads to, after a look at where it starts from.
fn next_version(text: &[u8], held: u64) -> u64 {
    // Only the head is read: all else would be the generator's time.
    let head = &text[..text.len().min(120)];
    let number = |field: &str| -> u64 {
        let text = std::str::from_utf8(head).unwrap_or_else(|error| {
            std::str::from_utf8(&head[..error.valid_up_to()]).expect("text up to there")
        });
        let at = text.find(field).expect("the field is among the first") + field.len();
        let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    };
    let from = number("\"from\":");
    // What came between asking and the first difference may already be in the list that was sent.
    assert!(held == 0 || from == held, "a difference from {from} for a watcher that holds {held}");
    number("\"version\":")
}

/// The same writes by a loop that does nothing else.
fn push(programs: &Programs, sockets: usize, bytes: usize, per_second: u32, window: Duration) -> Cpu {
    let seconds = window.as_secs().max(1) as u32;
    let server = programs.bare(Work::Push { sockets, bytes, per_second, seconds });
    let mut swarm = Swarm::new(Mask::None);
    for _ in 0..sockets {
        swarm.open(server.address, server.ws());
    }
    let wanted = sockets as u64 * u64::from(per_second) * u64::from(seconds);
    let before = Cpu::of(server.process);
    let mut frames = 0_u64;
    swarm.poll_until("the bare loop's pushes", |_, _| {
        frames += 1;
        frames == wanted
    });
    let mut cpu = Cpu::of(server.process).since(before);
    // Pushed for whole seconds, measured for the window.
    let part = window.as_secs_f64() / f64::from(seconds);
    cpu.user = cpu.user.mul_f64(part);
    cpu.system = cpu.system.mul_f64(part);
    cpu
}

/// A number of the metrics page, summed over its labels.
pub(crate) fn metric(page: &str, name: &str) -> f64 {
    let lines = page.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{'))
    });
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// The data of a frame.
pub(crate) fn data(text: &[u8]) -> Value {
    let frame: Value = serde_json::from_slice(text).expect("frames are JSON");
    frame.get("data").cloned().unwrap_or_default()
}
