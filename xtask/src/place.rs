//! Where things are in the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's output directory.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(root().join(path)).with_context(|| format!("can't read {path}"))
}

/// Every file that belongs to the repository or would if it were added: relative paths, sorted. Outside a git
/// checkout (a source archive) that is every file but build output.
pub(crate) fn files() -> Result<Vec<String>> {
    let listed = process::output("git", &["ls-files", "--cached", "--others", "--exclude-standard"]);
    let mut files: Vec<String> = match listed {
        Ok(text) => text.lines().map(str::to_owned).filter(|path| root().join(path).is_file()).collect(),
        Err(_) => {
            let mut found = Vec::new();
            walk(&root(), "", &mut found)?;
            found
        }
    };
    files.sort();
    files.dedup();
    Ok(files)
}

/// Every file below a folder of the repository: relative paths, sorted.
pub(crate) fn files_below(folder: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    walk(&root().join(folder), folder, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, relative: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("can't list {relative:?}"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
        if entry.file_type()?.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | ".git" | "artifacts") {
                walk(&entry.path(), &path, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}
