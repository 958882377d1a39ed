//! `cargo xtask test`: all tests, from the ones that need only cargo to real browsers.

use anyhow::Result;

use crate::counts::Counts;
use crate::process::Line;
use crate::report::Report;
use crate::{e2e, place, process, provide};

/// Runs them all, one kind after the other: only one cargo works at a time, and browsers measure.
pub(crate) fn test() -> Result<Report> {
    let mut report = Report::default();
    report.check("what is needed", provide::everything);
    report.step("cargo test", rust);
    report.step("node, the page", page);
    report.step("browsers", e2e::test);
    Ok(report)
}

/// Tests of one program at once, unless RUST_TEST_THREADS is set: most of those that take long wait for something.
const TEST_THREADS: &str = "8";

/// Its binary is the one that the browsers' tests use, so the page is inside.
fn rust() -> Result<Counts> {
    let args = ["test", "--workspace", "--locked", "--no-fail-fast", "--features", "parlor/embed-page"];
    let mut command = process::cargo(&args);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", TEST_THREADS);
    }
    let mut counts = Counts::default();
    let ended_well = process::tee(command, |line| {
        counts = counts + Counts::of_cargo_line(line);
        Line::Pass
    })?;
    Ok(counts.judged_by(ended_well))
}

fn page() -> Result<Counts> {
    process::npm_ci("web")?;
    let files: Vec<String> = place::files()?
        .into_iter()
        .filter(|path| path.ends_with(".test.mjs") && !path.starts_with("e2e/"))
        .collect();
    let mut command = process::command("node", &["--test", "--test-reporter=spec"]);
    command.args(files);
    let mut counts = Counts::default();
    let ended_well = process::tee(command, |line| {
        counts = counts + Counts::of_node_line(line);
        Line::Pass
    })?;
    Ok(counts.judged_by(ended_well))
}
