//! `cargo xtask wasm`: makes the page's WebAssembly core and notes what it was made from. Whether the committed file is
//! still the one that the sources make is a test (below): a hash over everything that goes into it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{place, process};

const PACKAGE: &str = "parlor-wasm";
const TARGET: &str = "wasm32-unknown-unknown";
const MODULE: &str = "web/sdk/parlor_connect.wasm";
const NOTE: &str = "web/sdk/parlor_connect.json";
/// npm's package with Binaryen's wasm-opt, fixed so that the same sources make the same file.
const BINARYEN: &str = "binaryen@132.0.0";

/// Builds, shrinks and writes it, with its note.
pub(crate) fn wasm() -> Result<()> {
    let compiled = compile()?;
    let before = std::fs::metadata(&compiled)?.len();
    let module = place::root().join(MODULE);
    let optimizer = optimizer()?;
    let mut command = process::command("node", &[]);
    command.arg(optimizer).args(["-Oz", "--strip-debug", "--strip-producers", "--enable-bulk-memory"]);
    command.args(["--enable-sign-ext", "--enable-mutable-globals", "--enable-nontrapping-float-to-int"]);
    command.args(["--enable-reference-types", "--enable-multivalue"]);
    command.arg(&compiled).arg("-o").arg(&module);
    process::run(command)?;
    let bytes = std::fs::read(&module)?;
    let note = json!({
        "about": "What parlor_connect.wasm beside this was made from; cargo xtask wasm makes both.",
        "sources": sources_hash()?,
        "module": hex(&Sha256::digest(&bytes)),
        "bytes": bytes.len(),
        "rustc": process::output("rustc", &["--version"])?.trim(),
        "optimizer": BINARYEN,
    });
    process::write(&place::root().join(NOTE), format!("{note:#}\n").as_bytes())?;
    println!("{MODULE}: {} bytes ({before} as compiled)", bytes.len());
    Ok(())
}

fn compile() -> Result<PathBuf> {
    let args = ["build", "--locked", "--profile", "wasm", "--target", TARGET, "-p", PACKAGE];
    process::run(process::cargo(&args))
        .with_context(|| format!("is the target there? rustup target add {TARGET}"))?;
    Ok(place::target().join(TARGET).join("wasm/parlor_wasm.wasm"))
}

/// Where wasm-opt is, installed below the build output if need be.
fn optimizer() -> Result<PathBuf> {
    let folder = place::target().join("binaryen");
    let program = folder.join("node_modules/binaryen/bin/wasm-opt");
    let version = BINARYEN.rsplit('@').next().unwrap_or_default();
    let manifest = folder.join("node_modules/binaryen/package.json");
    let installed = std::fs::read_to_string(manifest).ok();
    let installed: Option<Value> = installed.and_then(|text| serde_json::from_str(&text).ok());
    if installed.and_then(|package| Some(package.get("version")?.as_str()? == version)) != Some(true) {
        std::fs::create_dir_all(&folder)?;
        let mut command =
            process::command("npm", &["install", "--no-save", "--no-fund", "--no-audit", BINARYEN]);
        command.arg("--prefix").arg(&folder);
        process::run(command)?;
    }
    Ok(program)
}

/// The hash over everything the module is made from: the sources of the crates of this workspace in it (but not their
/// tests), the versions, features and checksums of all others, and the build profile.
fn sources_hash() -> Result<String> {
    let args = ["tree", "--locked", "--package", PACKAGE, "--target", TARGET];
    let shown = ["--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{lib}|{p}|{f}"];
    let tree = process::collect(process::cargo(&[args.as_slice(), shown.as_slice()].concat()))?;
    let lock = place::read("Cargo.lock")?;
    let mut parts: Vec<String> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let [_, package, features] = line.split('|').collect::<Vec<_>>()[..] else {
            bail!("cargo tree printed {line:?}");
        };
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match checksum(&lock, name, version.trim_start_matches('v')) {
            Some(checksum) => parts.push(format!("{name} {version} {features} {checksum}")),
            None => parts.extend(source_files(name)?),
        }
    }
    parts.push(profile(&place::read("Cargo.toml")?));
    parts.sort();
    parts.dedup();
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    Ok(hex(&hash.finalize()))
}

/// The checksum that Cargo.lock has for a package; none for a crate of this workspace.
fn checksum<'a>(lock: &'a str, name: &str, version: &str) -> Option<&'a str> {
    lock.split("[[package]]")
        .find(|block| {
            block.contains(&format!("\nname = \"{name}\"\n"))
                && block.contains(&format!("\nversion = \"{version}\"\n"))
        })?
        .lines()
        .find_map(|line| line.strip_prefix("checksum = "))
}

/// The source files of a crate of this workspace, path and text. Tests do not end up in the module.
fn source_files(name: &str) -> Result<Vec<String>> {
    let files = place::files_below(&format!("crates/{name}/src"))?;
    let is_test = |path: &String| path.ends_with("/tests.rs") || path.contains("/tests/");
    files
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| Ok(format!("{path}\n{}", place::read(&path)?)))
        .collect()
}

/// The lines of Cargo.toml that say how the module is compiled.
fn profile(manifest: &str) -> String {
    let inside = ["[profile.wasm]", "[profile.release]"].map(|head| {
        let lines = manifest.lines().skip_while(|line| *line != head);
        lines.take_while(|line| *line == head || !line.starts_with('[')).collect::<Vec<_>>().join("\n")
    });
    inside.join("\n").trim_end().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
