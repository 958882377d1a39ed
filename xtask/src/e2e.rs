//! `cargo xtask e2e`: parlor as people run it, and real browsers in front of it. What is tested lives in `e2e/`.

use std::path::PathBuf;

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
    let counts = run(&args)?;
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts.failed == 0)
}

/// Builds what is needed and runs `e2e/run.mjs`.
pub(crate) fn run(args: &[&str]) -> Result<Counts> {
    process::npm_ci("e2e")?;
    let binary = build()?;
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
