//! A replay in words: a line for each input with its time, and below it what the core said and ordered.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::replay::{Replayed, Verdict};
use crate::report::{Report, Step};

/// The whole story. What comes every second and changes nothing is left out, and counted.
pub(crate) fn lines(report: &Report, replayed: &Replayed) -> Vec<String> {
    let history = &report.history;
    let begin = history.steps.first().map_or(0, |step| step.at);
    let mut lines = vec![format!(
        "participant {}, document {}, seed {}; times in seconds",
        word(&history.core, "id"),
        word(&history.core, "instance"),
        history.core.get("seed").cloned().unwrap_or_default()
    )];
    let mut quiet: usize = 0;
    let mut grades = BTreeMap::new();
    for (place, (step, answer)) in history.steps.iter().zip(&replayed.answers).enumerate() {
        let news = answer.outputs.iter().filter(|output| !is_same_grade(output, &mut grades));
        let below: Vec<String> = news.filter_map(output).collect();
        let differs = matches!(replayed.verdict, Verdict::Different { step, .. } if step == place);
        if below.is_empty() && is_routine(step) && !differs {
            quiet = quiet.saturating_add(1);
            continue;
        }
        let mark = if differs { "!" } else { " " };
        lines.push(format!("{mark}{} {}", seconds(step.at.saturating_sub(begin)), input(step)));
        lines.extend(below.into_iter().map(|line| format!("{:>16}{line}", "")));
        lines.extend(answer.error.iter().map(|error| format!("{:>16}not taken: {error}", "")));
    }
    lines.push(format!("not shown: {quiet} steps in which time passed or figures were read, without news"));
    let states = replayed
        .connections
        .iter()
        .map(|one| format!("{} {}", word(one, "remotePeerId"), word(one, "status")));
    let states: Vec<String> = states.collect();
    lines.push(format!(
        "in the end: {}",
        if states.is_empty() { "nobody".to_owned() } else { states.join(", ") }
    ));
    lines
}

/// Whether this tells other figures of the same grade.
fn is_same_grade(output: &Value, grades: &mut BTreeMap<String, String>) -> bool {
    let Some(change) = output.get("qualityChanged") else { return false };
    let grade = change.get("quality").map(|quality| word(quality, "grade")).unwrap_or_default();
    grades.insert(word(change, "remotePeerId"), grade.clone()).is_some_and(|before| before == grade)
}

fn is_routine(step: &Step) -> bool {
    step.input.as_ref().is_none_or(|input| input.get("statsSampled").is_some())
}

fn input(step: &Step) -> String {
    match &step.input {
        None => "time passed".to_owned(),
        Some(Value::String(name)) => name.clone(),
        Some(input) => match entry(input) {
            Some(("signal", signal)) => frame(signal),
            Some(("leaveRoom", room)) => format!("leaveRoom {}", word(room, "roomId")),
            Some((name, fields @ Value::Object(_))) => {
                let named = ["peer", "attempt", "ice", "connection", "reason"].into_iter();
                let parts = named.filter_map(|field| fields.get(field)).map(plain);
                let candidate = fields.get("candidate").map(|one| word(one, "candidate"));
                let parts: Vec<String> = parts.chain(candidate).filter(|part| !part.is_empty()).collect();
                format!("{name} {}", parts.join(" "))
            }
            Some((name, value)) => format!("{name} {}", plain(value)),
            None => input.to_string(),
        },
    }
}

/// A frame of the server.
fn frame(signal: &Value) -> String {
    let nothing = Value::Null;
    let data = signal.get("data").unwrap_or(&nothing);
    let room = data.get("room").map(|room| word(room, "id"));
    let named = ["roomId", "userId", "from", "attempt", "n", "reason"].into_iter();
    let parts = named.filter_map(|field| data.get(field)).map(plain);
    let all = data.get("participants").and_then(Value::as_array);
    let ids = all.map(|all| all.iter().map(|one| word(one, "id")).collect::<Vec<_>>().join(", "));
    let parts: Vec<String> = room.into_iter().chain(parts).chain(ids.map(|ids| format!("({ids})"))).collect();
    format!("← {} {}", word(signal, "type"), parts.join(" "))
}

/// An event or an order; none for the order to measure.
fn output(output: &Value) -> Option<String> {
    let (name, fields) = entry(output)?;
    Some(match name {
        "sampleStats" => return None,
        "send" => {
            let to = fields.get("data").map(|data| word(data, "to")).unwrap_or_default();
            format!("→ {} {to}", word(fields, "type"))
        }
        "connectionStateChanged" => format!("= {} {}", word(fields, "remotePeerId"), state(fields)),
        "connectionFailed" => {
            format!("= {} given up: {}", word(fields, "remotePeerId"), word(fields, "reason"))
        }
        "peerRemoved" => format!("= {} is gone", word(fields, "peer")),
        "qualityChanged" => {
            let grade = fields.get("quality").map(|quality| word(quality, "grade")).unwrap_or_default();
            format!("= {} quality {grade}", word(fields, "remotePeerId"))
        }
        "warning" => format!("warning: {}", word(fields, "message")),
        order => {
            let named = ["peer", "attempt", "type"].into_iter();
            let parts: Vec<String> = named.filter_map(|field| fields.get(field)).map(plain).collect();
            let flags = ["relayOnly", "restartIce"].into_iter();
            let set: Vec<&str> = flags.filter(|flag| fields.get(flag) == Some(&Value::Bool(true))).collect();
            format!("· {order} {} {}", parts.join(" "), set.join(" ")).trim_end().to_owned()
        }
    })
}

fn state(change: &Value) -> String {
    let Some(state) = change.get("state") else { return String::new() };
    let retries = state.get("retryCount").and_then(Value::as_u64).unwrap_or_default();
    let retry = state.get("retryTimeout").and_then(Value::as_u64);
    let mut text = word(state, "status");
    if retries > 0 {
        text.push_str(&format!(", retries {retries}"));
    }
    if let Some(delay_ms) = retry {
        text.push_str(&format!(", the next in {delay_ms} ms"));
    }
    for flag in ["makingOffer", "ignoreOffer"] {
        if state.get(flag) == Some(&Value::Bool(true)) {
            text.push_str(&format!(", {flag}"));
        }
    }
    text
}

fn entry(value: &Value) -> Option<(&str, &Value)> {
    value.as_object()?.iter().next().map(|(name, value)| (name.as_str(), value))
}

fn word(value: &Value, name: &str) -> String {
    value.get(name).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// With three digits behind the point, in a column.
fn seconds(ms: u64) -> String {
    let (whole, part) =
        (ms.checked_div(1_000).unwrap_or_default(), ms.checked_rem(1_000).unwrap_or_default());
    format!("{whole:>9}.{part:03}")
}
