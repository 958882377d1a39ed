//! `cargo xtask e2e`: parlor with its page inside, and real browsers in front of it. What is tested lives in `e2e/`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::counts::Counts;
use crate::process::Line;
use crate::{place, process, provide};

/// The command: true when all tests passed.
pub(crate) fn e2e(full: bool, filters: &[&str], rest: &[String]) -> Result<bool> {
    provide::browsers()?;
    let mut args: Vec<&str> = if full { vec!["--full"] } else { Vec::new() };
    args.extend(filters);
    args.extend(rest.iter().map(String::as_str));
    let is_long = full || filters.iter().any(|filter| filter.contains("tests/full/"));
    let binary = if is_long { build()? } else { build_quickly()? };
    let counts = run(&args, &binary)?;
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts.failed == 0)
}

/// The browsers' part of `cargo xtask test`, whose Rust part has just built the binary.
pub(crate) fn test() -> Result<Counts> {
    run(&[], &debug_binary())
}

/// Runs `e2e/run.mjs` with the server that is `binary`.
fn run(args: &[&str], binary: &Path) -> Result<Counts> {
    process::npm_ci("e2e")?;
    let mut command = process::command("node", &["e2e/run.mjs"]);
    command.args(args).env("PARLOR_BIN", binary);
    let mut counts = Counts::default();
    // Its own last line is counted here, and said once, by who counts everything.
    let ended_well = process::tee(command, |line| match Counts::of_last_line(line) {
        Some(found) => {
            counts = found;
            Line::Keep
        }
        None => Line::Pass,
    })?;
    Ok(counts.judged_by(ended_well))
}

/// Builds the release binary, which carries the page inside, and says where it is.
pub(crate) fn build() -> Result<PathBuf> {
    process::run(process::cargo(&["build", "--release", "--locked", "-p", "parlor"]))?;
    Ok(place::target().join("release/parlor"))
}

/// Builds a debug binary that carries the page inside all the same.
fn build_quickly() -> Result<PathBuf> {
    process::run(process::cargo(&["build", "--locked", "-p", "parlor", "--features", "embed-page"]))?;
    Ok(debug_binary())
}

fn debug_binary() -> PathBuf {
    place::target().join("debug/parlor")
}
