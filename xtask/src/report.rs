//! What was done, how it went and how long it took.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::counts::Counts;

/// The steps of one command.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

struct Step {
    name: String,
    counts: Counts,
    took: Duration,
}

impl Report {
    /// Does one step that either holds or does not; it counts as one.
    pub(crate) fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        self.step(name, || {
            check()?;
            Ok(Counts { passed: 1, failed: 0 })
        });
    }

    /// Does one step that counts for itself. One that ends with an error counts as one failure more.
    pub(crate) fn step(&mut self, name: &str, step: impl FnOnce() -> Result<Counts>) {
        println!("\n── {name}");
        let start = Instant::now();
        let counts = step().unwrap_or_else(|error| {
            println!("{error:#}");
            Counts { passed: 0, failed: 1 }
        });
        let took = start.elapsed();
        let verdict = if counts.failed == 0 { "ok" } else { "FAILED" };
        println!("── {name}: {verdict}, {:.1} s", took.as_secs_f64());
        self.steps.push(Step { name: name.to_owned(), counts, took });
    }

    /// The steps of another report after one's own.
    pub(crate) fn add(&mut self, other: Self) {
        self.steps.extend(other.steps);
    }

    /// The sum over all steps.
    pub(crate) fn counts(&self) -> Counts {
        self.steps.iter().fold(Counts::default(), |sum, step| sum + step.counts)
    }

    /// Prints all steps. The last line is `N passed, N failed`. True if nothing failed.
    pub(crate) fn finish(self) -> bool {
        println!("\n{:<24} {:>7} {:>7} {:>8}", "step", "passed", "failed", "seconds");
        for Step { name, counts, took } in &self.steps {
            let seconds = took.as_secs_f64();
            println!("{name:<24} {:>7} {:>7} {seconds:>8.1}", counts.passed, counts.failed);
        }
        let total: Duration = self.steps.iter().map(|step| step.took).sum();
        println!("{:<24} {:>7} {:>7} {:>8.1}\n", "", "", "", total.as_secs_f64());
        let Counts { passed, failed } = self.counts();
        println!("{passed} passed, {failed} failed");
        failed == 0
    }
}
