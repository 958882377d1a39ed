//! `cargo xtask replay`: what a page's core was told, told to the native core again.

use std::path::absolute;

use anyhow::{Context, Result, bail};

use crate::process;

/// Replays a report, and makes a test of it if that is given a name. True when the states were the same.
pub(crate) fn replay(words: &[&str], test: Option<&str>) -> Result<bool> {
    let file = match words {
        [file] => absolute(file)?,
        [] => bail!("which report? See cargo xtask replay --help"),
        [_, other, ..] => bail!("one report, not also {other:?}"),
    };
    let mut command = process::cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--package",
        "parlor-wasm",
        "--example",
        "replay",
        "--",
    ]);
    command.arg(file);
    if let Some(name) = test {
        command.args(["--as-test", name]);
    }
    // It says itself what is wrong.
    let status = command.status().context("can't start cargo")?;
    Ok(status.success())
}
