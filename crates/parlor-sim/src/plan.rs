//! What is going to happen in a world, drawn from its seed before it begins.

/// Something a participant does or suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens the page and joins.
    Join,
    /// Leaves and closes the page.
    Leave,
    /// Reloads the page.
    Reload,
    /// Is gone without a word.
    Crash,
    /// Loses the socket; the server notices, or believes it open.
    LoseSocket {
        /// Whether the server notices.
        is_noticed: bool,
    },
    /// Loses the media path with one of the others.
    LosePath,
    /// Receives nothing more from one of the others, though the path works.
    Freeze {
        /// Whether new ICE credentials don't help, only another connection.
        is_deep: bool,
    },
    /// Publishes a track more.
    AddTrack,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many there are, 2 to 10.
    pub participants: usize,
    /// How many of them are hosts.
    pub hosts: usize,
    /// When, who, what; milliseconds from the beginning.
    pub acts: Vec<(u64, usize, Act)>,
    /// When the server restarts; milliseconds from the beginning.
    pub restarts_ms: Vec<u64>,
    /// Whether connections are looked at once a second (CM-17).
    pub is_sampled: bool,
}

impl Plan {
    /// All join within a second, and nothing goes wrong (CM-14).
    #[must_use]
    pub fn calm(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let participants = rng.usize(2..=10);
        let acts = (0..participants).map(|index| (rng.u64(0..1_000), index, Act::Join)).collect();
        Self {
            participants,
            hosts: rng.usize(1..=participants.min(3)),
            acts,
            restarts_ms: Vec::new(),
            is_sampled: false,
        }
    }

    /// Up to eight disturbances within 20 s of joining.
    #[must_use]
    pub fn stormy(seed: u64) -> Self {
        let mut plan = Self::calm(seed);
        let mut rng = fastrand::Rng::with_seed(!seed);
        for (at_ms, _, _) in &mut plan.acts {
            *at_ms = rng.u64(0..3_000);
        }
        for _ in 0..rng.usize(1..=8) {
            let at_ms = rng.u64(0..20_000);
            let index = rng.usize(0..plan.participants);
            let act = match rng.u32(0..100) {
                0..30 => Act::LoseSocket { is_noticed: rng.bool() },
                30..45 => Act::AddTrack,
                45..60 => Act::LosePath,
                60..72 => Act::Reload,
                72..82 => Act::Leave,
                82..90 => Act::Crash,
                _ => {
                    plan.restarts_ms.push(at_ms);
                    continue;
                }
            };
            plan.acts.push((at_ms, index, act));
            if matches!(act, Act::Leave | Act::Crash) && rng.bool() {
                plan.acts.push((at_ms + rng.u64(500..15_000), index, Act::Join));
            }
        }
        plan
    }

    /// Up to five of them, who all publish, in a storm in which now and then packets stop on a path that works (CM-15).
    #[must_use]
    pub fn freezing(seed: u64) -> Self {
        let mut plan = Self::stormy(seed);
        let mut rng = fastrand::Rng::with_seed(seed.rotate_left(17));
        plan.participants = plan.participants.min(5);
        plan.hosts = plan.hosts.min(plan.participants);
        plan.acts.retain(|(_, index, _)| *index < 5);
        plan.is_sampled = true;
        for _ in 0..rng.usize(1..=3) {
            let index = rng.usize(0..plan.participants);
            plan.acts.push((rng.u64(4_000..25_000), index, Act::Freeze { is_deep: rng.bool() }));
        }
        plan
    }

    /// When the last of it happens; milliseconds from the beginning.
    #[must_use]
    pub fn end_ms(&self) -> u64 {
        let acts = self.acts.iter().map(|(at_ms, _, _)| *at_ms);
        acts.chain(self.restarts_ms.iter().copied()).max().unwrap_or_default()
    }
}
