//! Running other programs, in the repository's root unless told otherwise.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::place;

/// A command that will run in the repository's root.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(place::root());
    command
}

/// The cargo that runs us. What it told us about ourselves is not handed on: build scripts that look at it (ring's) would
/// take every start through `cargo xtask` for a change, and compile again.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args).current_dir(place::root());
    let about_us = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(about_us) {
            command.env_remove(name);
        }
    }
    command
}

/// A command that will run in a folder of the repository.
pub(crate) fn command_in(folder: &str, program: &str, args: &[&str]) -> Command {
    let mut command = command(program, args);
    command.current_dir(place::root().join(folder));
    command
}

/// Runs it with our own input and output; an error unless it ends well.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let shown = show(&command);
    let status = command.status().with_context(|| format!("can't start {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// Runs it and returns what it printed.
pub(crate) fn output(program: &str, args: &[&str]) -> Result<String> {
    collect(command(program, args))
}

/// Runs it and returns what it printed on stdout; its stderr is part of the error if it ends badly.
pub(crate) fn collect(mut command: Command) -> Result<String> {
    let shown = show(&command);
    let output = command.output().with_context(|| format!("can't start {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What becomes of a line that a program printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It goes on to our own output.
    Pass,
    /// It was for us alone.
    Keep,
}

/// Runs it and shows each line of its stdout to `on_line`, which says whether it goes on to ours. True if it ended well.
pub(crate) fn tee(mut command: Command, mut on_line: impl FnMut(&str) -> Line) -> Result<bool> {
    let shown = show(&command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("can't start {shown}"))?;
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            if on_line(String::from_utf8_lossy(&bytes).trim_end()) == Line::Pass {
                let mut terminal = std::io::stdout().lock();
                terminal.write_all(&bytes)?;
                terminal.flush()?;
            }
            bytes.clear();
        }
    }
    Ok(child.wait()?.success())
}

/// Where a program is that the shell would find.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Administrators' tools (nft, ip) are often not on a user's path.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// `npm ci` in a folder of the repository, unless what it would install is there already.
pub(crate) fn npm_ci(folder: &str) -> Result<()> {
    let root = place::root().join(folder);
    let lock = std::fs::read_to_string(root.join("package-lock.json"))
        .with_context(|| format!("{folder}/package-lock.json is missing"))?;
    // npm notes here what it has installed, in the form of the lock.
    let installed = std::fs::read_to_string(root.join("node_modules/.package-lock.json")).unwrap_or_default();
    if is_installed(&lock, &installed) {
        return Ok(());
    }
    run(command_in(folder, "npm", &["ci", "--no-fund", "--no-audit", "--loglevel=error"]))
}

/// Whether each package of a lock is installed in the version that the lock has. Those that are for some platforms only
/// may be missing.
fn is_installed(lock: &str, installed: &str) -> bool {
    let packages = |text: &str| -> Option<serde_json::Map<String, serde_json::Value>> {
        let lock: serde_json::Value = serde_json::from_str(text).ok()?;
        Some(lock.get("packages")?.as_object()?.clone())
    };
    let (Some(wanted), Some(there)) = (packages(lock), packages(installed)) else { return false };
    let is_there = |(path, package): (&String, &serde_json::Value)| match there.get(path) {
        Some(found) => found.get("integrity") == package.get("integrity"),
        None => path.is_empty() || package.get("optional").is_some(),
    };
    wanted.iter().all(is_there) && there.keys().all(|path| wanted.contains_key(path))
}

/// Writes a file, naming it when that fails.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
