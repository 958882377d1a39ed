//! `cargo xtask lint`: everything that can be checked without running parlor. One file below for each check of our own;
//! what cargo and TypeScript check is called from here.

pub(crate) mod arrows;
pub(crate) mod protocol;
pub(crate) mod requirements;
pub(crate) mod texts;

use anyhow::{Result, bail};

use crate::process;
use crate::report::Report;

type Check = (&'static str, fn() -> Result<()>);

const CHECKS: &[Check] = &[
    ("fmt", fmt),
    ("texts", texts::check),
    ("arrows", arrows::check),
    ("clippy", clippy),
    ("docs", docs),
    ("types", types),
    ("protocol", protocol::check),
    ("requirements", requirements::check),
];

/// Runs the named checks, or all of them. One that fails does not keep the others from running.
pub(crate) fn lint(names: &[&str]) -> Result<Report> {
    if let Some(unknown) = names.iter().find(|name| CHECKS.iter().all(|(known, _)| known != *name)) {
        let known: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
        bail!("there is no check {unknown:?}; there are {}", known.join(", "));
    }
    let mut report = Report::default();
    for (name, check) in CHECKS {
        if names.is_empty() || names.contains(name) {
            report.check(&format!("lint {name}"), check);
        }
    }
    Ok(report)
}

fn fmt() -> Result<()> {
    process::run(process::cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let args = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ];
    process::run(process::cargo(&args))
}

fn docs() -> Result<()> {
    let mut command = process::cargo(&["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    process::run(command)
}

fn types() -> Result<()> {
    // Each folder with a package.json of its own says there how its types are checked.
    for folder in ["web", "e2e"] {
        process::npm_ci(folder)?;
        process::run(process::command_in(folder, "npm", &["run", "--silent", "types"]))?;
    }
    Ok(())
}

/// An error that lists what is wrong, or none if nothing is.
pub(crate) fn none_wrong(wrong: &[String]) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}", wrong.join("\n"));
}
