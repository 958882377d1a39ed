//! One game: ann and cat talk all the time, mallory does what the body says.

use std::time::{Duration, Instant};

use fastrand::Rng;
use parlor_sfu::{EndReason, Event, Input, Ledger, Output};

use crate::common::{Plan, Send, World, seat};

pub const ALL: Plan = Plan { sends: Send::Both, audio_slots: 2, video_slots: 2, data: true, red: true };
/// What one input may put out.
const OUTPUTS_PER_INPUT_MAX: usize = 400;
const BYTES_PER_INPUT_MAX: usize = 256 * 1024;

/// Plays games: a few with fixed seeds; with `PARLOR_FUZZ_SECONDS` as many as fit, from `PARLOR_FUZZ_SEED` on.
pub fn play(name: &str, play_one: impl Fn(&mut Game)) {
    const GAMES: u64 = 3;
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    let seconds: Option<u64> = number("PARLOR_FUZZ_SECONDS");
    let first: u64 = number("PARLOR_FUZZ_SEED").unwrap_or(1);
    let begun = Instant::now();
    let end = seconds.map(|seconds| begun + Duration::from_secs(seconds));
    let (mut inputs, mut caught, mut seed) = (0, 0, first);
    while end.map_or(seed < first + GAMES, |end| Instant::now() < end || seed == first) {
        let mut game = Game::begin(name, seed);
        play_one(&mut game);
        game.end();
        inputs += game.inputs;
        caught += game.caught;
        seed += 1;
    }
    println!(
        "fuzz {name}: {inputs} inputs in {} games from seed {first}, {caught} panics below a transport caught, {:.1?}",
        seed - first,
        begun.elapsed()
    );
}

pub struct Game {
    pub world: World,
    pub rng: Rng,
    pub inputs: u64,
    /// Panics that ended mallory's transport and nothing else.
    caught: u64,
    name: String,
    seed: u64,
    /// What the hub holds without mallory.
    without: [usize; 5],
    panics_before: u64,
}

impl Drop for Game {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("fuzz {}: seed {}, input {}", self.name, self.seed, self.inputs);
        }
    }
}

pub fn held(ledger: &Ledger) -> [usize; 5] {
    [ledger.rooms, ledger.transports, ledger.producers, ledger.consumers, ledger.slots]
}

impl Game {
    fn begin(name: &str, seed: u64) -> Self {
        let mut world = World::new();
        world.net.copies = Some(Vec::new());
        world.join("ann", ALL);
        world.join("cat", ALL);
        world.connect_all();
        world.run(300);
        let without = held(&world.hub.ledger());
        Self {
            world,
            rng: Rng::with_seed(seed),
            inputs: 0,
            caught: 0,
            name: name.to_owned(),
            seed,
            without,
            panics_before: 0,
        }
    }

    /// Mallory comes, as everybody comes.
    pub fn mallory_joins(&mut self) {
        self.world.clients.retain(|client| client.name != "mallory");
        // Always the same address, another instance each time: a page that was reloaded.
        let index = self.world.clients.len();
        let mut client = crate::common::Client::new("mallory", index, self.world.now, ALL);
        client.instance = format!("m{}", self.inputs);
        self.world.clients.push(client);
        self.world.offer(index);
        self.world.run_until(5_000, "mallory connected", |world| world.client("mallory").is_connected);
        self.world.run(200);
    }

    /// One input, and what it puts out: nothing without a bound.
    pub fn input(&mut self, input: Input<'_>) {
        self.inputs += 1;
        self.world.hub.handle_input(self.world.now, input);
        let (mut count, mut bytes) = (0, 0);
        let mut kept = Vec::new();
        while let Some(output) = self.world.hub.poll_output() {
            count += 1;
            bytes += match &output {
                Output::Transmit { bytes, .. } => bytes.len(),
                Output::Answer { sdp, .. } => sdp.len(),
                _ => 0,
            };
            kept.push(output);
            assert!(count <= OUTPUTS_PER_INPUT_MAX, "one input puts out {count} outputs");
            assert!(bytes <= BYTES_PER_INPUT_MAX, "one input puts out {bytes} bytes");
        }
        for output in kept {
            self.world.carry_out_one(output);
        }
    }

    /// Whether the hub is as it should be; with mallory in it or not is the body's to know, if it does.
    pub fn check(&mut self) {
        let ledger = self.world.hub.ledger();
        let [rooms, transports, producers, _, slots] = held(&ledger);
        assert_eq!(rooms, 1);
        assert!((2..=3).contains(&transports), "{transports} transports");
        assert!(
            producers >= self.without[2] && slots >= self.without[4],
            "the others keep theirs: {ledger:?}"
        );
        assert!(ledger.timers <= 2 * transports, "{ledger:?}");
        assert_eq!(ledger.buffered_bytes, 0, "all was taken out");
        let known = transports * (1 + parlor_sfu::limits::ADDRESSES_PER_TRANSPORT_MAX);
        assert!(ledger.routes <= known + parlor_sfu::limits::HINTS_MAX, "{ledger:?}");
        for (who, event) in self.world.events.drain(..) {
            let is_mallory = who == seat("mallory");
            let is_end = matches!(event, Event::Gone { .. } | Event::Panicked { .. } | Event::PathLost);
            assert!(is_mallory || !is_end, "{who:?}: {event:?}");
            assert!(!matches!(event, Event::StepFailed { .. }), "{who:?}: {event:?}");
            if let Event::Panicked { message } = &event {
                println!("fuzz {}: seed {}: below mallory's transport: {message}", self.name, self.seed);
            }
            if let Event::Gone { reason: EndReason::Panicked, .. } = event {
                self.caught += 1;
            }
        }
        self.panics_before = ledger.totals.panics;
        for client in &mut self.world.clients {
            // Of what came only the newest matters.
            let old = client.got.len().saturating_sub(4_000);
            client.got.drain(..old);
        }
    }

    /// The others still hear and see each other.
    pub fn others_go_on(&mut self) {
        for name in ["ann", "cat"] {
            self.world.client_mut(name).got.clear();
        }
        self.world.run(600);
        for (name, other) in [("ann", "cat"), ("cat", "ann")] {
            let client = self.world.client(name);
            assert!(!client.is_closed, "{name} was sent something that ends a browser's connection");
            let sound =
                client.audio().iter().filter(|(bytes, _)| bytes.starts_with(other.as_bytes())).count();
            assert!(sound >= 20, "{name} got {sound} packets of {other}'s sound in 600 ms");
            let is_of = |slot: &&parlor_sfu::SlotState| slot.participant == Some(crate::common::id(other));
            let csrcs: Vec<_> = client.slots.iter().filter(is_of).map(|slot| slot.csrc).collect();
            let pictures =
                client.got.iter().filter(|got| got.height > 0 && csrcs.contains(&got.csrc)).count();
            assert!(pictures >= 5, "{name} got {pictures} packets of pictures in 600 ms");
        }
        self.check();
    }

    /// Mallory goes, then the others: nothing is left.
    fn end(&mut self) {
        self.others_go_on();
        self.world.leave("mallory");
        self.world.events.clear();
        self.world.run(300);
        let ledger = self.world.hub.ledger();
        assert_eq!(held(&ledger), self.without, "nothing of mallory stays");
        self.world.leave("ann");
        self.world.leave("cat");
        assert!(self.world.hub.ledger().is_empty(), "{:?}", self.world.hub.ledger());
    }
}
