//! A report as a test: what a replay needs of it, without the addresses of those who were there, where
//! `tests/reports.rs` finds it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::replay::{self, Verdict};
use crate::report::{FORMAT, Report, VERSION};

/// Where they are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports")
}

/// Writes one; what it expects is what the core says now. Returns where.
///
/// # Errors
/// A sentence: a bad name, a report that no core can be told, a file that can't be written.
pub(crate) fn write(report: &Report, name: &str) -> Result<PathBuf, String> {
    let is_plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!("{name:?} is no name for a test: use a to z, 0 to 9 and -"));
    }
    let path = folder().join(format!("{name}.json"));
    let text = text(report)?;
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// The file's text, one step a line.
///
/// # Errors
/// A sentence: no core can be told this.
pub(crate) fn text(report: &Report) -> Result<String, String> {
    let mut bare = report.clone();
    let mut addresses = Addresses::default();
    for step in &mut bare.history.steps {
        if let Some(input) = &mut step.input {
            addresses.hide(input);
        }
    }
    let replayed = replay::replay(&bare);
    if let Verdict::Unknown { why } = replayed.verdict {
        return Err(why);
    }
    let steps = bare.history.steps.iter().zip(&replayed.answers).map(|(step, answer)| {
        let mut line = json!({"at": step.at});
        let said = replay::said(&answer.outputs);
        if let Some(fields) = line.as_object_mut() {
            fields.extend(step.input.clone().map(|input| ("input".to_owned(), input)));
            fields.extend((!said.is_empty()).then(|| ("said".to_owned(), json!(said))));
            fields.extend(answer.error.clone().map(|error| ("error".to_owned(), json!(error))));
        }
        line.to_string()
    });
    let steps: Vec<String> = steps.collect();
    Ok(format!(
        "{{\"format\": {}, \"version\": {VERSION},\n\"history\": {{\"core\": {}, \"truncated\": false, \"dropped\": 0, \"steps\": [\n{}\n]}},\n\"connections\": {}}}\n",
        json!(FORMAT),
        bare.history.core,
        steps.join(",\n"),
        json!(replayed.connections)
    ))
}

/// Stand-ins for addresses, from the blocks for documentation (RFC 5737, RFC 3849). One and the same address has one and
/// the same stand-in.
#[derive(Default)]
struct Addresses(BTreeMap<IpAddr, IpAddr>);

impl Addresses {
    /// In all strings below this value.
    fn hide(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hidden(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.hide(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.hide(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Candidates and descriptions have white space around each address (RFC 8839, 5.1; RFC 8866, 5.7).
    fn hidden(&mut self, text: &str) -> String {
        text.split_inclusive(char::is_whitespace)
            .map(|part| {
                let word = part.trim_end();
                match word.parse::<IpAddr>() {
                    Ok(address) => part.replacen(word, &self.stand_in(address).to_string(), 1),
                    Err(_) => part.to_owned(),
                }
            })
            .collect()
    }

    fn stand_in(&mut self, address: IpAddr) -> IpAddr {
        if address.is_unspecified() || address.is_loopback() {
            return address;
        }
        let number = u8::try_from(self.0.len().saturating_add(1)).unwrap_or(u8::MAX);
        *self.0.entry(address).or_insert(match address {
            IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, number).into(),
            IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()).into(),
        })
    }
}
