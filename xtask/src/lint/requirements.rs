//! docs/requirements.md: every requirement, and the tests that prove it. The column of tests is written by
//! `cargo xtask requirements` from what the tests say about themselves; the check sees that it is up to date and that
//! no requirement counts as done without a test.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use regex_lite::Regex;

use super::none_wrong;
use crate::place;

const PAGE: &str = "docs/requirements.md";
/// How many of each kind there are: the ids run from 1 without gaps.
const IDS: &[(&str, u32)] = &[("CM", 21), ("AU", 7), ("RR", 12), ("GP", 11), ("VC", 7)];

/// A test, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    place: String,
    name: String,
}

/// The tests of each requirement.
type Map = BTreeMap<String, BTreeSet<Test>>;

/// The check.
pub(crate) fn check() -> Result<()> {
    let page = place::read(PAGE)?;
    let map = map()?;
    let mut wrong = faults(&page, &map);
    if filled(&page, &map) != page {
        wrong.push(format!("{PAGE} is out of date: run cargo xtask requirements"));
    }
    none_wrong(&wrong)
}

/// Writes the column of tests.
pub(crate) fn write() -> Result<()> {
    let page = place::read(PAGE)?;
    let new = filled(&page, &map()?);
    std::fs::write(place::root().join(PAGE), new).with_context(|| format!("can't write {PAGE}"))
}

fn faults(page: &str, map: &Map) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows: BTreeMap<&str, Vec<&str>> =
        page.lines().filter_map(row).map(|cells| (cells.0, cells.1)).collect();
    let known: BTreeSet<String> = IDS
        .iter()
        .flat_map(|(kind, last)| (1..=*last).map(move |number| format!("{kind}-{number}")))
        .collect();
    for id in known.iter().filter(|id| !rows.contains_key(id.as_str())) {
        wrong.push(format!("{PAGE}: {id} has no row"));
    }
    for (id, cells) in &rows {
        if !known.contains(*id) {
            wrong.push(format!("{PAGE}: there is no requirement {id}"));
        }
        let has_tests = map.get(*id).is_some_and(|tests| !tests.is_empty());
        match cells.get(1).copied() {
            Some("done" | "in part") if !has_tests => {
                wrong.push(format!("{PAGE}: no test names {id}, so it can't be done"));
            }
            Some("done" | "in part" | "later") => {}
            other => wrong.push(format!("{PAGE}: {id} is done, in part or later, not {other:?}")),
        }
    }
    for (id, tests) in map.iter().filter(|(id, _)| !known.contains(*id)) {
        wrong.push(format!("{tests:?} name {id}, which is no requirement"));
    }
    wrong
}

/// The id of a row, and its other cells: what, state, tests.
fn row(line: &str) -> Option<(&str, Vec<&str>)> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let id = cells.next()?.trim();
    let is_id = IDS.iter().any(|(kind, _)| {
        id.strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|n| n.parse::<u32>().is_ok())
    });
    is_id.then(|| (id, cells.map(str::trim).collect()))
}

/// The page with its last column as the tests say.
fn filled(page: &str, map: &Map) -> String {
    let lines = page.lines().map(|line| {
        let Some((id, cells)) = row(line) else { return line.to_owned() };
        let [what, state, ..] = cells.as_slice() else { return line.to_owned() };
        let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for test in map.get(id).into_iter().flatten() {
            let name = test.name.replace('|', "\\|").replace('`', "'");
            places.entry(&test.place).or_default().push(format!("`{name}`"));
        }
        let tests: Vec<String> =
            places.iter().map(|(place, names)| format!("{place}: {}", names.join(", "))).collect();
        let tests = if tests.is_empty() { "–".to_owned() } else { tests.join("; ") };
        format!("| {id} | {what} | {state} | {tests} |")
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Every test in the repository that names a requirement.
fn map() -> Result<Map> {
    let mut map = Map::new();
    let finders = Finders::new()?;
    for path in place::files()? {
        let is_script = path.ends_with(".mjs") || path.ends_with(".test.js");
        let is_rust = path.ends_with(".rs") && path.starts_with("crates/");
        if !is_rust && !is_script {
            continue;
        }
        let text = place::read(&path)?;
        let found = if is_rust { finders.rust(&text) } else { finders.script(&text) };
        for (ids, name) in found {
            let place = if is_rust { crate_of(&path)? } else { path.clone() };
            for id in ids {
                map.entry(id).or_default().insert(Test { place: place.clone(), name: name.clone() });
            }
        }
    }
    Ok(map)
}

fn crate_of(path: &str) -> Result<String> {
    match path.split('/').nth(1) {
        Some(name) => Ok(name.to_owned()),
        None => bail!("{path} is in no crate"),
    }
}

struct Finders {
    rust_test: Regex,
    rust_ids: Regex,
    script_test: Regex,
    written_id: Regex,
}

impl Finders {
    fn new() -> Result<Self> {
        Ok(Self {
            // `///` and `//` lines before the attributes, the attributes, the name, and a comment as the first line.
            rust_test: Regex::new(
                r"((?:[ \t]*//[^\n]*\n)*)(?:[ \t]*#\[[^\n]*\n)*?[ \t]*#\[(?:tokio::)?test[^\n]*\n(?:[ \t]*#\[[^\n]*\n)*[ \t]*(?:async )?fn (\w+)[^\n]*\n?([ \t]*//[^\n]*)?",
            )?,
            rust_ids: Regex::new(r"^(?:(?:cm|au|rr|gp|vc)_\d{2}_)+")?,
            script_test: Regex::new(
                r#"(?s)\b(?:test|it|scenario)(?:\.only|\.skip)?\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)"#,
            )?,
            written_id: Regex::new(r"\b(CM|AU|RR|GP|VC)-(\d{1,2})\b")?,
        })
    }

    fn written(&self, text: &str) -> BTreeSet<String> {
        self.written_id.find_iter(text).map(|id| id.as_str().to_owned()).collect()
    }

    /// Tests in Rust, and the requirements in their name or first line. proptest's functions look the same.
    fn rust(&self, text: &str) -> Vec<(BTreeSet<String>, String)> {
        let mut found = Vec::new();
        for test in self.rust_test.captures_iter(text) {
            let group = |number| test.get(number).map_or("", |found| found.as_str());
            let name = group(2);
            let mut ids = self.written(group(1));
            ids.extend(self.written(group(3)));
            if let Some(prefix) = self.rust_ids.find(name) {
                let words: Vec<&str> = prefix.as_str().split('_').collect();
                for pair in words.chunks_exact(2) {
                    if let [kind, number] = pair
                        && let Ok(number) = number.parse::<u32>()
                    {
                        ids.insert(format!("{}-{number}", kind.to_uppercase()));
                    }
                }
            }
            if !ids.is_empty() {
                found.push((ids, name.to_owned()));
            }
        }
        found
    }

    /// Tests in JavaScript, and the requirements in their title.
    fn script(&self, text: &str) -> Vec<(BTreeSet<String>, String)> {
        let titles = self.script_test.captures_iter(text).filter_map(|test| {
            let title = test.get(1).or_else(|| test.get(2)).or_else(|| test.get(3))?.as_str();
            let title = title.replace("\\'", "'").replace("\\\"", "\"");
            Some((self.written(&title), title))
        });
        titles.filter(|(ids, _)| !ids.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests;
