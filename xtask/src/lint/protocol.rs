//! docs/protocol.md says what parlor-proto says, and the other way round: every message with every field, every word,
//! error code, close code and limit. What parlor-proto says is read from the declarations that are generated from it
//! (`web/sdk/messages.d.ts`, which has a test of its own) and from two of its source files. That the page's examples
//! parse is a test of parlor-proto.
//!
//! How the page is written so that it can be read here: a message is a heading with its types and arrows
//! (``### `offer` →, `answer` →``), another object a heading ``### Type `Participant` ``; the rows of the table below
//! begin with the field as code, with a question mark if it may be missing. Sections of level 2 whose title ends with
//! "(later)" are not compared.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::none_wrong;
use crate::place;

const PAGE: &str = "docs/protocol.md";

/// Field names, with `?` where a field may be missing.
type Fields = BTreeSet<String>;

/// One side of the comparison.
#[derive(Debug, Default, PartialEq, Eq)]
struct Contract {
    /// By heading: `hello →`, `welcome ←`, `Participant`.
    objects: BTreeMap<String, Fields>,
    /// By type: `Role` → `host`, ….
    words: BTreeMap<String, BTreeSet<String>>,
    close_codes: BTreeSet<u32>,
    limits: BTreeMap<String, u64>,
}

/// The check.
pub(crate) fn check() -> Result<()> {
    let declarations = place::read("web/sdk/messages.d.ts")?;
    let close = place::read("crates/parlor-proto/src/close.rs")?;
    let limits = place::read("crates/parlor-proto/src/limits.rs")?;
    let code = code(&declarations, &close, &limits)?;
    none_wrong(&differences(&page(&place::read(PAGE)?), &code))
}

fn differences(page: &Contract, code: &Contract) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, page: &BTreeSet<String>, code: &BTreeSet<String>| {
        let missing = code.difference(page).map(|name| format!("{PAGE}: {what} lacks {name}"));
        let foreign =
            page.difference(code).map(|name| format!("{PAGE}: {what} has {name}, parlor-proto has not"));
        wrong.extend(missing.chain(foreign));
    };
    compare("the page", &page.objects.keys().cloned().collect(), &code.objects.keys().cloned().collect());
    for (name, fields) in &code.objects {
        if let Some(written) = page.objects.get(name) {
            compare(name, written, fields);
        }
    }
    compare(
        "the table of words",
        &page.words.keys().cloned().collect(),
        &code.words.keys().cloned().collect(),
    );
    for (name, words) in &code.words {
        if let Some(written) = page.words.get(name) {
            compare(name, written, words);
        }
    }
    let numbers = |codes: &BTreeSet<u32>| codes.iter().map(u32::to_string).collect();
    compare("the table of close codes", &numbers(&page.close_codes), &numbers(&code.close_codes));
    let limits =
        |limits: &BTreeMap<String, u64>| limits.iter().map(|(name, n)| format!("{name} = {n}")).collect();
    compare("the table of limits", &limits(&page.limits), &limits(&code.limits));
    wrong
}

/// What parlor-proto says.
fn code(declarations: &str, close: &str, limits: &str) -> Result<Contract> {
    let mut contract = Contract::default();
    let mut fields: BTreeMap<&str, Fields> = BTreeMap::new();
    // Each message: its heading and the type of its data.
    let mut messages: Vec<(String, &str)> = Vec::new();
    let mut inside = "";
    let lines = declarations.lines().map(str::trim);
    for line in lines.filter(|line| !line.starts_with("/**") && !line.starts_with("//")) {
        if let Some(rest) = line.strip_prefix("export type ") {
            let (name, value) = rest.split_once(" =").context("a declaration without a value")?;
            inside = name;
            let value = value.trim();
            if value == "{" {
                fields.entry(name).or_default();
            } else if value.starts_with('"') {
                contract.words.insert(name.to_owned(), quoted(value));
            }
        } else if let Some(message) = line.strip_prefix("| { \"type\": \"") {
            let (kind, data) = message.split_once("\", \"data\": ").context("a message without data")?;
            let arrow = if inside == "ClientMessage" { "→" } else { "←" };
            messages.push((format!("{kind} {arrow}"), data.trim_end_matches([' ', ';', '}'])));
        } else if let Some((field, _)) = line.split_once(": ")
            && let Some(fields) = fields.get_mut(inside)
        {
            fields.insert(field.to_owned());
        }
    }
    contract.objects.insert("ok ←".to_owned(), Fields::new());
    messages.push(("error ←".to_owned(), "Refusal"));
    for (heading, data) in &messages {
        contract.objects.insert(heading.clone(), fields.get(data).cloned().unwrap_or_default());
    }
    for (name, found) in fields {
        if messages.iter().all(|(_, data)| *data != name) {
            contract.objects.insert(name.to_owned(), found);
        }
    }
    let numbers = close.split("=> ").skip(1).filter_map(|rest| rest.split(',').next()?.trim().parse().ok());
    contract.close_codes = numbers.collect();
    for line in limits.lines() {
        if let Some(rest) = line.strip_prefix("pub const ") {
            let (name, rest) = rest.split_once(':').context("a limit without a type")?;
            let value = rest.split_once("= ").context("a limit without a value")?.1.trim_end_matches(';');
            let factors = value.split('*').map(|factor| factor.trim().replace('_', "").parse::<u64>());
            let product =
                factors.product::<Result<u64, _>>().with_context(|| format!("limit {name}: {value}"))?;
            contract.limits.insert(name.to_owned(), product);
        }
    }
    Ok(contract)
}

/// What stands between quotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What the page says.
fn page(text: &str) -> Contract {
    let mut contract = Contract::default();
    let mut objects: Vec<String> = Vec::new();
    let mut section = "";
    let mut is_example = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_example = !is_example;
        }
        if is_example {
            continue;
        }
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        if section.ends_with("(later)") {
            objects.clear();
            continue;
        }
        if line.starts_with('#') {
            objects = objects_of(line);
            for object in &objects {
                contract.objects.entry(object.clone()).or_default();
            }
        }
        let Some(row) = line.strip_prefix("| ") else { continue };
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let first = cells.first().copied().unwrap_or_default();
        match section {
            "Words" => {
                if let [name, words, ..] = cells.as_slice()
                    && let Some(name) = codes(name).next()
                {
                    contract.words.insert(name.to_owned(), codes(words).map(str::to_owned).collect());
                }
            }
            "Errors" => {
                let code = codes(first).map(str::to_owned);
                contract.words.entry("ErrorCode".to_owned()).or_default().extend(code);
            }
            "Close codes" => {
                let is_servers = cells.get(1).is_some_and(|by| by.contains("server"));
                contract.close_codes.extend(first.parse::<u32>().ok().filter(|_| is_servers));
            }
            "Limits" => {
                if let [_, value, name, ..] = cells.as_slice()
                    && let Some(name) = codes(name).next()
                    && let Ok(number) = value.replace(',', "").split(' ').next().unwrap_or_default().parse()
                {
                    contract.limits.insert(name.to_owned(), number);
                }
            }
            _ => {
                for field in codes(first) {
                    for object in &objects {
                        contract.objects.entry(object.clone()).or_default().insert(field.to_owned());
                    }
                }
            }
        }
    }
    contract
}

/// The messages or the type that a heading is about.
fn objects_of(heading: &str) -> Vec<String> {
    let title = heading.trim_start_matches('#').trim();
    if let Some(name) = title.strip_prefix("Type ").and_then(|rest| codes(rest).next()) {
        return vec![name.to_owned()];
    }
    let parts: Vec<&str> = title.split('`').collect();
    let named = parts.chunks(2).filter_map(|pair| match pair {
        [_, name] => Some(*name),
        _ => None,
    });
    let arrows = parts.iter().skip(2).step_by(2);
    named
        .zip(arrows)
        .filter_map(|(name, after)| {
            let arrow = ["→", "←"].into_iter().find(|arrow| after.trim_start().starts_with(arrow))?;
            Some(format!("{name} {arrow}"))
        })
        .collect()
}

/// What is written as code.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests;
