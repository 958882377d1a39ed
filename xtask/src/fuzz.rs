//! `cargo xtask fuzz`: the bodies that `cargo test` runs for a few fixed seeds, for longer.

use anyhow::{Context, Result, bail};

use crate::process;

/// What is fuzzed. Each is a test of that name in `crates/parlor-sfu/tests/fuzz/`.
const TARGETS: &[&str] = &["datagrams", "media", "offers"];
const SECONDS: u64 = 60;

/// Runs the targets that are named, or all, one after the other. True if nothing was found.
pub(crate) fn fuzz(words: &[&str], seconds: Option<u64>, seed: Option<u64>) -> Result<bool> {
    if let Some(unknown) = words.iter().find(|word| !TARGETS.contains(word)) {
        bail!("there is no target {unknown:?}; there are {}", TARGETS.join(", "));
    }
    let targets = if words.is_empty() { TARGETS } else { words };
    let mut is_well = true;
    for target in targets {
        let body = format!("vc_05_fuzz_{target}");
        let mut command = process::cargo(&[
            "test",
            "--locked",
            "--package",
            "parlor-sfu",
            "--test",
            "fuzz",
            "--",
            "--nocapture",
        ]);
        command.arg(body);
        command.env("PARLOR_FUZZ_SECONDS", seconds.unwrap_or(SECONDS).to_string());
        command.env("PARLOR_FUZZ_SEED", seed.unwrap_or(1).to_string());
        // It says itself what it found, and with which seed.
        is_well &= command.status().context("can't start cargo")?.success();
    }
    Ok(is_well)
}
