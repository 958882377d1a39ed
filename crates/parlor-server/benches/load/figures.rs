//! What was measured: named figures with units and goals, and distributions of times.

use std::time::Duration;

use serde_json::{Value, json};

/// The figures of one bench.
pub(crate) struct Figures {
    bench: &'static str,
    lines: Vec<Value>,
}

impl Figures {
    pub(crate) fn new(bench: &'static str) -> Self {
        Self { bench, lines: Vec::new() }
    }

    /// Notes a figure.
    pub(crate) fn add(&mut self, figure: &str, value: f64, unit: &str) {
        assert!(value.is_finite(), "{figure} is {value}");
        self.lines
            .push(json!({ "bench": self.bench, "figure": figure, "value": round(value), "unit": unit }));
    }

    /// Notes a figure that should not be above its goal (docs/measurements.md).
    pub(crate) fn add_with_goal(&mut self, figure: &str, value: f64, unit: &str, goal: f64) {
        self.add(figure, value, unit);
        if let Some(fields) = self.lines.last_mut().and_then(Value::as_object_mut) {
            fields.insert("goal".to_owned(), goal.into());
        }
    }

    /// Notes the middle, the tail and the end of a distribution, in milliseconds.
    pub(crate) fn add_times(&mut self, figure: &str, times: &mut Times, p99_goal_ms: Option<f64>) {
        self.add(&format!("{figure}, p50"), times.quantile_ms(0.5), "ms");
        match p99_goal_ms {
            Some(goal) => {
                self.add_with_goal(&format!("{figure}, p99"), times.quantile_ms(0.99), "ms", goal);
            }
            None => self.add(&format!("{figure}, p99"), times.quantile_ms(0.99), "ms"),
        }
        self.add(&format!("{figure}, max"), times.quantile_ms(1.0), "ms");
    }

    /// One JSON object for each figure.
    pub(crate) fn lines(&self) -> &[Value] {
        &self.lines
    }
}

/// Four significant digits say all that such a measurement knows.
fn round(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// How long things took.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that this part of all stayed below, by nearest rank.
    pub(crate) fn quantile_ms(&mut self, part: f64) -> f64 {
        assert!(!self.0.is_empty(), "nothing was timed");
        self.0.sort_unstable();
        let rank = (part * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1].as_secs_f64() * 1e3
    }
}
