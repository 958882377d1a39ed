//! Forwarding: publishers and subscribers that are real WebRTC ends, over real sockets. Measured: CPU of the server, user and system, for each
//! packet that a subscriber has counted, and its memory; beside it Janus, which does the same work for ends of the same kind.
//!
//! On loopback the kernel delivers a datagram within the system call that sends it, so what receiving costs up to the receiver's socket
//! is the server's time; for Janus it is the same.

use std::time::{Duration, Instant};

use parlor_load::{Address, Camera, Crowd, Plan, Report, Slots, Stage};
use parlor_proto::{Kind, RoomId};

use crate::Scale;
use crate::figures::Figures;
use crate::janus;
use crate::servers::Programs;
use crate::usage::{Cpu, resident_bytes};

/// Goals of docs/measurements.md.
const VIDEO_US_MAX: f64 = 6.0;
const AUDIO_US_MAX: f64 = 7.0;
const MEMORY_MB_MAX: f64 = 60.0;
const PART_OF_JANUS_MAX: f64 = 1.0 / 3.0;

/// Who does what.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) publishers: usize,
    pub(crate) subscribers: usize,
    pub(crate) speaking: usize,
    pub(crate) kind: Kind,
    /// How many a subscriber hears at once.
    pub(crate) audio_slots: usize,
    goal_us: f64,
    /// Whether Janus does it, too: it forwards everybody who sends.
    has_counterpart: bool,
}

impl Scene {
    /// The camera of each publisher.
    pub(crate) fn camera(&self) -> Option<Camera> {
        (self.kind == Kind::Video).then_some(Camera { bps: 1_700_000, is_simulcast: false })
    }

    /// The same with few.
    fn tiny(self) -> Self {
        let publishers = self.publishers.min(3);
        Self { publishers, subscribers: 2, speaking: self.speaking.min(publishers), ..self }
    }
}

const SCENES: [Scene; 4] = [
    Scene {
        name: "1 video → 50",
        publishers: 1,
        subscribers: 50,
        speaking: 0,
        kind: Kind::Video,
        audio_slots: 0,
        goal_us: VIDEO_US_MAX,
        has_counterpart: true,
    },
    Scene {
        name: "1 video → 200",
        publishers: 1,
        subscribers: 200,
        speaking: 0,
        kind: Kind::Video,
        audio_slots: 0,
        goal_us: VIDEO_US_MAX,
        has_counterpart: false,
    },
    Scene {
        name: "10 speak → 50",
        publishers: 10,
        subscribers: 50,
        speaking: 10,
        kind: Kind::Audio,
        audio_slots: 10,
        goal_us: AUDIO_US_MAX,
        has_counterpart: true,
    },
    Scene {
        name: "3 of 100 speak → 50",
        publishers: 100,
        subscribers: 50,
        speaking: 3,
        kind: Kind::Audio,
        audio_slots: 6,
        goal_us: AUDIO_US_MAX,
        has_counterpart: false,
    },
];

/// How long everything settles before it counts: slots, layers, the estimate of what a path bears.
const SETTLING: Duration = Duration::from_secs(12);
const WINDOW: Duration = Duration::from_secs(20);

/// What forwarding took.
pub(crate) struct Forwarded {
    pub(crate) cpu: Cpu,
    pub(crate) window: Duration,
    pub(crate) packets: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) loss_percent: f64,
    pub(crate) latency_p99_ms: f64,
    /// Participants that were not there to the end.
    pub(crate) missing: usize,
}

impl Forwarded {
    fn us_per_packet(&self) -> f64 {
        self.cpu.total().as_secs_f64() * 1e6 / self.packets as f64
    }
}

pub(crate) fn measure(programs: &Programs, scale: Scale, figures: &mut Figures) {
    let settling = scale.pick(SETTLING, Duration::from_millis(200));
    let window = scale.pick(WINDOW, Duration::from_millis(500));
    for scene in SCENES {
        let scene = scale.pick(scene, scene.tiny());
        let parlor = forward(programs, scene, settling, window);
        note(figures, "parlor", scene, &parlor, true);
        if !scene.has_counterpart {
            continue;
        }
        if let Some(server) = programs.janus() {
            let janus = janus::forward(&server, scene, settling, window);
            note(figures, "Janus", scene, &janus, false);
            let part = parlor.us_per_packet() / janus.us_per_packet();
            figures.add_with_goal(&format!("parlor/Janus, {}", scene.name), part, "", PART_OF_JANUS_MAX);
        }
    }
}

fn note(figures: &mut Figures, who: &str, scene: Scene, forwarded: &Forwarded, has_goals: bool) {
    let at = format!("{who}, {}", scene.name);
    let memory_mb = forwarded.memory_bytes as f64 / 1e6;
    let us = forwarded.us_per_packet();
    if has_goals {
        figures.add_with_goal(&format!("{at}: CPU per packet"), us, "µs", scene.goal_us);
        figures.add_with_goal(&format!("{at}: memory"), memory_mb, "MB", MEMORY_MB_MAX);
    } else {
        figures.add(&format!("{at}: CPU per packet"), us, "µs");
        figures.add(&format!("{at}: memory"), memory_mb, "MB");
    }
    let user = forwarded.cpu.user.as_secs_f64() * 1e6 / forwarded.packets as f64;
    figures.add(&format!("{at}: … of it user"), user, "µs");
    let rate = forwarded.packets as f64 / forwarded.window.as_secs_f64();
    figures.add(&format!("{at}: delivered"), rate, "1/s");
    figures.add(&format!("{at}: lost"), forwarded.loss_percent, "%");
    figures.add(&format!("{at}: latency, p99"), forwarded.latency_p99_ms, "ms");
    figures.add_with_goal(&format!("{at}: participants missing"), forwarded.missing as f64, "", 0.0);
    let core = forwarded.cpu.total().as_secs_f64() / forwarded.window.as_secs_f64() * 100.0;
    eprintln!(
        "{at}: {us:.2} µs a packet ({user:.2} user), {rate:.0} packets/s, {core:.0} % of a core, {memory_mb:.0} MB, lost {:.2} %, \
         latency p99 {:.1} ms",
        forwarded.loss_percent, forwarded.latency_p99_ms
    );
}

fn forward(programs: &Programs, scene: Scene, settling: Duration, window: Duration) -> Forwarded {
    let server = programs.parlor();
    let plan = Plan {
        address: Address::parse(&format!("ws://{}{}", server.address, server.ws())).expect("an address"),
        is_trusting: false,
        room: RoomId::parse("forward").expect("an id"),
        rooms: 1,
        password: None,
        publishers: scene.publishers,
        subscribers: scene.subscribers,
        audio: scene.kind == Kind::Audio,
        video: scene.camera(),
        speaking: scene.speaking,
        slots: Slots { audio: scene.audio_slots, video: 1 },
        ramp_per_second: 20,
        duration: Duration::MAX,
    };
    let mut crowd = Crowd::new(plan).expect("a crowd");
    turn_until(&mut crowd, |crowd| crowd.stage() == Stage::Counting);
    let settled = Instant::now() + settling;
    turn_until(&mut crowd, |_| Instant::now() >= settled);
    crowd.restart();
    let before = Cpu::of(server.process);
    let begun = Instant::now();
    // At least one, also where the whole window went by without a turn.
    turn_until(&mut crowd, |crowd| begun.elapsed() >= window && crowd.packets_received() > 0);
    let window = begun.elapsed();
    let cpu = Cpu::of(server.process).since(before);
    let report = crowd.report();
    check(scene, &report);
    let of = |group: &parlor_load::Group| group.latency.map(|latency| latency.p99_ms);
    let forwarded = Forwarded {
        cpu,
        window,
        packets: crowd.packets_received(),
        memory_bytes: resident_bytes(server.process),
        loss_percent: report.worst_loss_percent(),
        latency_p99_ms: report.groups.iter().find_map(of).unwrap_or_default(),
        missing: report.failures.iter().map(|(_, count)| count).sum(),
    };
    crowd.leave();
    forwarded
}

fn turn_until(crowd: &mut Crowd, mut is_so: impl FnMut(&Crowd) -> bool) {
    while !is_so(crowd) {
        crowd.turn().expect("the crowd gets in");
    }
}

/// A figure for packets that did not come would be none.
fn check(scene: Scene, report: &Report) {
    eprint!("{}:\n{}", scene.name, report.table());
    eprintln!("the crowd took {:.0} % of its core", report.crowd_percent);
    for group in report.groups.iter().filter(|group| group.who == "subscribers") {
        assert!(group.packets > 0, "{}: nothing was delivered", scene.name);
    }
}
