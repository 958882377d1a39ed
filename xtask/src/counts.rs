//! How many tests passed and failed, read from what the test runners print.

use std::ops::Add;

/// Tests that passed and tests that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
        }
    }
}

impl Counts {
    /// What a line of cargo's test harness adds: `test result: ok. 5 passed; 0 failed; …`.
    pub(crate) fn of_cargo_line(line: &str) -> Self {
        let Some(result) = line.trim().strip_prefix("test result: ") else { return Self::default() };
        let number_before = |word: &str| {
            let before = result.split(word).next().filter(|before| before.len() < result.len())?;
            before.trim_end().rsplit([' ', '.', ';']).next()?.parse().ok()
        };
        Self { passed: number_before(" passed").unwrap_or(0), failed: number_before(" failed").unwrap_or(0) }
    }

    /// What a line of node's test runner adds: `ℹ pass 12` or `# fail 0`; what was cancelled failed.
    pub(crate) fn of_node_line(line: &str) -> Self {
        let line = line.trim();
        let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) else {
            return Self::default();
        };
        let number = |word: &str| rest.strip_prefix(word).and_then(|number| number.trim().parse().ok());
        Self {
            passed: number("pass ").unwrap_or(0),
            failed: number("fail ").or_else(|| number("cancelled ")).unwrap_or(0),
        }
    }

    /// The line `N passed, N failed`, which ends what counts for itself.
    pub(crate) fn of_last_line(line: &str) -> Option<Self> {
        let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
        Some(Self { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
    }

    /// A runner that ended badly without counting a failure failed all the same, and so did one that ran nothing.
    pub(crate) fn judged_by(self, ended_well: bool) -> Self {
        let silent_failure = !ended_well && self.failed == 0;
        let ran_nothing = self == Self::default();
        if silent_failure || ran_nothing { Self { failed: 1, ..self } } else { self }
    }
}

#[cfg(test)]
mod tests;
