//! The one entry: dispatch only.

use std::collections::VecDeque;

use parlor_proto::Time;

use crate::config::Config;
use crate::gauges::Gauges;
use crate::io::{Input, Output};

/// Sessions, rooms, participants and the room list of one server.
#[derive(Debug)]
pub struct Registry {
    config: Config,
    outputs: VecDeque<Output>,
}

impl Registry {
    /// An empty registry. Ids and tokens are drawn from `seed`, which must be secret and random.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let _ = seed;
        Self { config, outputs: VecDeque::new() }
    }

    /// Something happened outside. `now` never goes back.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        let _ = (now, input, &self.config);
    }

    /// Time has passed. Call it at [`Self::poll_timeout`]; earlier is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// The next thing to do outside. Call it until there is none, after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// The figures for metrics.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        Gauges::default()
    }
}
