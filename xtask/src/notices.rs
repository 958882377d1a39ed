//! `cargo xtask notices`: the licences of all that is linked into the binary. Most of them ask to go with it, to whomever it is handed on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{place, process};

/// In cargo's output directory: whoever builds makes it anew, so it is never of other versions than the binary.
const FILE: &str = "notices.txt";
/// How files begin that have to be handed on, in lower case.
const NAMES: &[&str] = &["licence", "license", "notice", "copying", "copyright", "unlicense"];
const LINE: &str = "--------------------------------------------------------------------------------";

/// What cargo says of one package.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    license: String,
    repository: String,
    manifest: String,
}

pub(crate) fn notices() -> Result<()> {
    let version = process::output("rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let metadata: Value = serde_json::from_str(&process::collect(process::cargo(&args))?)?;
    let packages = linked(&metadata, "parlor").context("cargo metadata has another shape")?;
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for package in &packages {
        let named = format!("{} {}", package.name, package.version);
        let folder = Path::new(&package.manifest).parent().context("a manifest is in a folder")?;
        let own = texts_in(folder, has_to_go_with_it)?;
        if own.is_empty() {
            without.push(format!("{named} ({})", package.license));
        }
        for text in own {
            texts.entry(text).or_default().insert(named.clone());
        }
    }
    let file = place::target().join(FILE);
    std::fs::create_dir_all(place::target())?;
    std::fs::write(&file, told(&packages, &texts))?;
    println!("{} packages, {} texts: {}", packages.len(), texts.len(), file.display());
    if !without.is_empty() {
        println!("named there, with no text of their own: {}", without.join(", "));
    }
    Ok(())
}

/// What is linked into a member of the workspace: all it depends on, but for what is used by build scripts or tests only.
fn linked(metadata: &Value, member: &str) -> Option<BTreeSet<Package>> {
    let packages = metadata["packages"].as_array()?;
    let by_id: BTreeMap<&str, &Value> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package))).collect();
    let nodes = metadata.get("resolve")?.get("nodes")?.as_array()?;
    let uses: BTreeMap<&str, &Vec<Value>> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node["deps"].as_array()?))).collect();
    let is_member = |package: &&&Value| package["name"] == member && package["source"].is_null();
    let mut waiting = vec![by_id.values().find(is_member)?["id"].as_str()?];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        for used in uses.get(id).into_iter().flat_map(|used| used.iter()) {
            let is_linked = used["dep_kinds"].as_array()?.iter().any(|kind| kind["kind"].is_null());
            waiting.extend(used["pkg"].as_str().filter(|_| is_linked));
        }
    }
    let foreign =
        seen.into_iter().filter_map(|id| by_id.get(id)).filter(|package| !package["source"].is_null());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |package: &&Value| Package {
        name: text(&package["name"]),
        version: text(&package["version"]),
        license: text(&package["license"]),
        repository: text(&package["repository"]),
        manifest: text(&package["manifest_path"]),
    };
    Some(foreign.map(read).collect())
}

fn has_to_go_with_it(name: &str) -> bool {
    NAMES.iter().any(|begin| name.starts_with(begin))
}

/// The texts in a package's folder that have to be handed on, and all in a folder for them.
fn texts_in(folder: &Path, is_wanted: fn(&str) -> bool) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("can't list {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if !is_wanted(&entry.file_name().to_string_lossy().to_lowercase()) {
            continue;
        }
        if path.is_dir() {
            texts.extend(texts_in(&path, |_| true)?);
        } else {
            let bytes = std::fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
            texts.push(String::from_utf8_lossy(&bytes).replace('\r', "").trim().to_owned());
        }
    }
    Ok(texts)
}

fn told(packages: &BTreeSet<Package>, texts: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut out = String::from("parlor is built with these packages:\n\n");
    for Package { name, version, license, repository, .. } in packages {
        let license = if license.is_empty() { "see below" } else { license };
        // Writing to a string does not fail.
        let _ = writeln!(out, "{name} {version}  {license}  {repository}");
    }
    for (text, of) in texts {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let _ = write!(out, "\n{LINE}\n{}:\n\n{text}\n", of.join(", "));
    }
    out
}

#[cfg(test)]
mod tests;
