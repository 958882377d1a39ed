//! What connection managers were told in a run, so that the same can be told to another build of them.

use parlor_connect::Input;
use parlor_proto::{Instance, Time, UserId};

/// One manager's life: one document of one participant.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Whose manager.
    pub id: UserId,
    /// Of which document.
    pub instance: Instance,
    /// With which seed.
    pub seed: u64,
    /// When it was told what; nothing: time passed.
    pub steps: Vec<(Time, Option<Input>)>,
}

/// Keeps traces, if asked to: most runs have no use for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) is_on: bool,
    pub(crate) traces: Vec<Trace>,
}

impl Recorder {
    /// A new document is open.
    pub(crate) fn begin(&mut self, id: &UserId, instance: &Instance, seed: u64) {
        if self.is_on {
            let (id, instance) = (id.clone(), instance.clone());
            self.traces.push(Trace { id, instance, seed, steps: Vec::new() });
        }
    }

    /// Its manager is told something.
    pub(crate) fn step(&mut self, now: Time, input: Option<&Input>) {
        if let Some(trace) = self.traces.last_mut() {
            trace.steps.push((now, input.cloned()));
        }
    }
}
