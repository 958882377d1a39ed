//! What must not be in any file: a machine's paths and hosts, and work left for later. And what must be: a header that
//! says what lives in a source file.

use anyhow::Result;

use super::none_wrong;
use crate::place;

/// Says of a line what is wrong with it. Written in two halves, so that this file does not find itself.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("/wo", "rk/", "a machine's path: the repository stands on its own"),
    ("/ho", "me/", "a machine's path: the repository stands on its own"),
    ("/ro", "ot/", "a machine's path: the repository stands on its own"),
    ("../sha", "red", "a place outside of the repository"),
    ("../see", "ds", "a place outside of the repository"),
    ("registry.npm", "js.org", "a registry's host: .npmrc has omit-lockfile-registry-resolved=true"),
    ("static.cra", "tes.io", "a registry's host"),
    ("TO", "DO", "work left for later: do it, or open an issue"),
    ("FIX", "ME", "work left for later: do it, or open an issue"),
];

/// Files that are written by a tool or say what others say.
const GENERATED: &[&str] = &["Cargo.lock", "docs/benchmarks.jsonl"];

/// The check.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for path in place::files()? {
        // What is no text has nothing to say.
        let Ok(text) = place::read(&path) else { continue };
        if !GENERATED.contains(&path.as_str()) {
            wrong.extend(forbidden(&path, &text));
        }
        wrong.extend(without_header(&path, &text));
    }
    none_wrong(&wrong)
}

fn forbidden(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (first, second, why) in FORBIDDEN {
            if line.contains(&format!("{first}{second}")) {
                wrong.push(format!("{path}:{}: {first}{second}: {why}", number.saturating_add(1)));
            }
        }
    }
    wrong
}

fn without_header(path: &str, text: &str) -> Option<String> {
    let extension = path.rsplit('.').next()?;
    let (header, starts): (&str, &[&str]) = match extension {
        "rs" => ("//!", &["//!"]),
        "js" | "mjs" => ("a comment", &["/*", "//", "#!"]),
        "css" => ("a comment", &["/*"]),
        _ => return None,
    };
    let has_header =
        starts.iter().any(|start| text.trim_start_matches("#!/usr/bin/env node\n").starts_with(start))
            || (extension == "rs" && text.starts_with("#![") && text.contains("//!"));
    (!has_header)
        .then(|| format!("{path}: starts without {header} that says what lives here and what does not"))
}

#[cfg(test)]
mod tests;
