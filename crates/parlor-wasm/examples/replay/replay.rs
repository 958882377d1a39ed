//! Telling a core what another was told, by the requests that the page makes, and holding what it says against what the
//! other said.

use std::fmt;

use parlor_wasm::Page;
use serde_json::{Value, json};

use crate::report::{Report, Step};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// For each step of the report, what the core answered.
    pub(crate) answers: Vec<Answer>,
    /// The states at the end.
    pub(crate) connections: Vec<Value>,
    pub(crate) verdict: Verdict,
}

/// What the core answered to one step.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Orders and events, in order.
    pub(crate) outputs: Vec<Value>,
    pub(crate) error: Option<String>,
}

/// Whether it was the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// So many states were told, all the same.
    Same { states: usize },
    /// The first thing that was not.
    Different { step: usize, what: String },
    /// The core can't be made, or its beginning is not known.
    Unknown { why: String },
}

/// Tells it all again.
pub(crate) fn replay(report: &Report) -> Replayed {
    let mut page = Page::default();
    let made = ask(&mut page, &json!({"new": report.history.core}));
    let Some(handle) = made.get("handle").and_then(Value::as_u64) else {
        let why = format!("the core can't be made as it was: {}", text(&made, "error"));
        return Replayed { answers: Vec::new(), connections: Vec::new(), verdict: Verdict::Unknown { why } };
    };
    let answers: Vec<Answer> =
        report.history.steps.iter().map(|step| tell(&mut page, handle, step)).collect();
    let connections = list(&ask(&mut page, &json!({"handle": handle, "connections": true})), "connections");
    let verdict = compare(report, &answers, &connections);
    Replayed { answers, connections, verdict }
}

/// What of an answer is compared: everything that the core tells but warnings, which are only words.
pub(crate) fn said(outputs: &[Value]) -> Vec<&Value> {
    const TOLD: [&str; 4] = ["connectionStateChanged", "connectionFailed", "peerRemoved", "qualityChanged"];
    outputs.iter().filter(|output| TOLD.iter().any(|name| output.get(name).is_some())).collect()
}

fn tell(page: &mut Page, handle: u64, step: &Step) -> Answer {
    let request = match &step.input {
        Some(input) => json!({"handle": handle, "now": step.at, "input": input}),
        None => json!({"handle": handle, "now": step.at}),
    };
    let answer = ask(page, &request);
    let error = answer.get("error").and_then(Value::as_str).map(str::to_owned);
    Answer { outputs: list(&answer, "outputs"), error }
}

fn compare(report: &Report, answers: &[Answer], connections: &[Value]) -> Verdict {
    let history = &report.history;
    if history.dropped > 0 {
        let why = format!(
            "the record is truncated: its first {} inputs are missing, so the states can't be shown again",
            history.dropped
        );
        return Verdict::Unknown { why };
    }
    let mut states: usize = 0;
    for (place, (step, answer)) in history.steps.iter().zip(answers).enumerate() {
        if let Some(what) = difference(step, answer) {
            return Verdict::Different { step: place, what };
        }
        let changes =
            said(&answer.outputs).into_iter().filter(|event| event.get("connectionStateChanged").is_some());
        states = states.saturating_add(changes.count());
    }
    if connections == report.connections {
        return Verdict::Same { states };
    }
    let (was, is) = (json!(report.connections), json!(connections));
    Verdict::Different {
        step: history.steps.len(),
        what: format!("at the end the page had {was}, here it is {is}"),
    }
}

fn difference(step: &Step, answer: &Answer) -> Option<String> {
    match (&step.error, &answer.error) {
        (None, Some(error)) => return Some(format!("the page's core took this, here: {error}")),
        (Some(error), None) => return Some(format!("here the core takes this, in the page: {error}")),
        _ => {}
    }
    let (was, is) = (said(&step.said), said(&answer.outputs));
    let longest = was.len().max(is.len());
    let place = (0..longest).find(|place| was.get(*place) != is.get(*place))?;
    let shown =
        |event: Option<&&Value>| event.map_or_else(|| "nothing".to_owned(), |event| event.to_string());
    Some(format!("in the page the core said {}, here {}", shown(was.get(place)), shown(is.get(place))))
}

fn ask(page: &mut Page, request: &Value) -> Value {
    serde_json::from_str(&page.answer(request.to_string().as_bytes())).unwrap_or_default()
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same { states } => write!(f, "same states: {states}"),
            Self::Different { step, what } => write!(f, "different at step {step}: {what}"),
            Self::Unknown { why } => write!(f, "no comparison: {why}"),
        }
    }
}
