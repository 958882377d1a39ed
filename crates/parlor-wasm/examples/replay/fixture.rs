//! A report as a test: what a replay needs of it, without the addresses of those who were there, where
//! `tests/reports.rs` finds it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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

/// Stand-ins for addresses, from the blocks for documentation and tests (RFC 5737, RFC 2544, RFC 3849). One and the same address has one and
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

    /// Addresses stand between characters that are in none: white space in candidates and descriptions (RFC 8839, 5.1; RFC
    /// 8866, 5.7), anything in a browser's sentences.
    fn hidden(&mut self, text: &str) -> String {
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
        let mut hidden = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(begin) = rest.find(is_part) {
            let (before, from) = rest.split_at(begin);
            let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
            hidden.push_str(before);
            hidden.push_str(&self.hidden_word(word));
            rest = after;
        }
        hidden + rest
    }

    fn hidden_word(&mut self, word: &str) -> String {
        let bare = word.trim_end_matches(['.', ':']);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return word.replacen(bare, &self.stand_in(address).to_string(), 1);
        }
        match bare.parse::<SocketAddr>() {
            Ok(socket) => {
                let hidden = SocketAddr::new(self.stand_in(socket.ip()), socket.port());
                word.replacen(bare, &hidden.to_string(), 1)
            }
            Err(_) => word.to_owned(),
        }
    }

    fn stand_in(&mut self, address: IpAddr) -> IpAddr {
        if address.is_unspecified() || address.is_loopback() {
            return address;
        }
        let number = u16::try_from(self.0.len().saturating_add(1)).unwrap_or(u16::MAX);
        let [high, low] = number.to_be_bytes();
        *self.0.entry(address).or_insert(match address {
            IpAddr::V4(_) if high == 0 => Ipv4Addr::new(192, 0, 2, low).into(),
            IpAddr::V4(_) => Ipv4Addr::new(198, 18, high, low).into(),
            IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number).into(),
        })
    }
}
