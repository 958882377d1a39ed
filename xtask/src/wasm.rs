//! `cargo xtask wasm`: makes the page's WebAssembly modules and notes what each was made from. Whether the committed files
//! are still the ones that the sources make is a test (below): a hash over everything that goes into them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{place, process};

const TARGET: &str = "wasm32-unknown-unknown";
/// npm's package with Binaryen's wasm-opt, fixed so that the same sources make the same files.
const BINARYEN: &str = "binaryen@132.0.0";
/// What may be in the modules, and what is left out of them.
const OPTIMIZER_ARGS: &[&str] = &[
    "--strip-debug",
    "--strip-producers",
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// One module that the page loads.
struct Module {
    package: &'static str,
    /// Name of the file in web/sdk, without its ending; beside it lies a note of the same name.
    name: &'static str,
    profile: &'static str,
    /// The tables of Cargo.toml that say how it is compiled; what stands in an earlier one counts.
    profile_tables: &'static [&'static str],
    /// What the linker is told beyond that.
    link_args: &'static [&'static str],
    optimize: &'static str,
}

const MODULES: &[Module] = &[
    Module {
        package: "parlor-wasm",
        name: "parlor_connect",
        profile: "wasm",
        profile_tables: &["[profile.wasm]", "[profile.release]"],
        link_args: &[],
        optimize: "-Oz",
    },
    Module {
        package: "parlor-mix-wasm",
        name: "parlor_mix",
        profile: "wasm-fast",
        profile_tables: &["[profile.wasm-fast]", "[profile.wasm]", "[profile.release]"],
        // Each audio thread has an instance with a memory of its own: a stack of 1 MiB would be most of it.
        link_args: &["-zstack-size=32768"],
        optimize: "-O3",
    },
];

/// Builds, shrinks and writes those that are named, or all, with their notes.
pub(crate) fn wasm(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| MODULES.iter().all(|module| module.name != **name)) {
        let known: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
        bail!("there is no module {unknown:?}; there are {}", known.join(", "));
    }
    let optimizer = optimizer()?;
    let wanted = MODULES.iter().filter(|module| names.is_empty() || names.contains(&module.name));
    wanted.into_iter().try_for_each(|module| module.make(&optimizer))
}

impl Module {
    fn path(&self) -> String {
        format!("web/sdk/{}.wasm", self.name)
    }

    fn note_path(&self) -> String {
        format!("web/sdk/{}.json", self.name)
    }

    fn make(&self, optimizer: &Path) -> Result<()> {
        let compiled = self.compile()?;
        let before = std::fs::metadata(&compiled)?.len();
        let made = place::root().join(self.path());
        let mut command = process::command("node", &[]);
        command.arg(optimizer).arg(self.optimize).args(OPTIMIZER_ARGS);
        command.arg(&compiled).arg("-o").arg(&made);
        process::run(command)?;
        let bytes = std::fs::read(&made)?;
        let note = json!({
            "about": format!("What {}.wasm beside this was made from; cargo xtask wasm makes both.", self.name),
            "sources": self.sources_hash()?,
            "module": hex(&Sha256::digest(&bytes)),
            "bytes": bytes.len(),
            "rustc": process::output("rustc", &["--version"])?.trim(),
            "optimizer": BINARYEN,
        });
        process::write(&place::root().join(self.note_path()), format!("{note:#}\n").as_bytes())?;
        println!("{}: {} bytes ({before} as compiled)", self.path(), bytes.len());
        Ok(())
    }

    fn compile(&self) -> Result<PathBuf> {
        let args = ["rustc", "--locked", "--profile", self.profile, "--target", TARGET, "-p", self.package];
        let mut command = process::cargo(&args);
        command.arg("--").args(self.link_args.iter().map(|arg| format!("-Clink-arg={arg}")));
        process::run(command).with_context(|| format!("is the target there? rustup target add {TARGET}"))?;
        let file = format!("{}.wasm", self.package.replace('-', "_"));
        Ok(place::target().join(TARGET).join(self.profile).join(file))
    }

    /// The hash over everything the module is made from: the sources of the crates of this workspace in it (but not their
    /// tests), the versions, features and checksums of all others, and how it is compiled
    /// and optimized.
    fn sources_hash(&self) -> Result<String> {
        let args = ["tree", "--locked", "--package", self.package, "--target", TARGET];
        let shown =
            ["--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{lib}|{p}|{f}"];
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
        parts.push(profile(&place::read("Cargo.toml")?, self.profile_tables));
        let how = [BINARYEN, self.optimize].into_iter().chain(OPTIMIZER_ARGS.iter().copied());
        parts.extend(self.link_args.iter().copied().chain(how).map(str::to_owned));
        parts.sort();
        parts.dedup();
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Ok(hex(&hash.finalize()))
    }
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

/// The settings of Cargo.toml by which a module is compiled: of each the one that counts, without what an earlier table replaces.
fn profile(manifest: &str, tables: &[&str]) -> String {
    let mut settings: BTreeMap<&str, &str> = BTreeMap::new();
    for head in tables {
        let lines = manifest.lines().skip_while(|line| line != head).skip(1);
        let inside = lines.take_while(|line| !line.starts_with('['));
        for (name, value) in
            inside.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='))
        {
            settings.entry(name.trim()).or_insert(value.trim());
        }
    }
    settings.remove("inherits");
    settings.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join("\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
