//! `cargo xtask screenshots`: pictures of the page, for the documents and to be looked at.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{e2e, place, process, provide};

/// Without a word those that the documents show, into `docs/images/`; else every state of the page, into that folder.
pub(crate) fn screenshots(words: &[&str]) -> Result<()> {
    match words {
        [] => take("e2e/docs-images.mjs", &place::root().join("docs/images")),
        [folder] => take("e2e/screenshots.mjs", Path::new(folder)),
        [_, other, ..] => bail!("one folder, not also {other:?}"),
    }
}

fn take(script: &str, folder: &Path) -> Result<()> {
    provide::browsers()?;
    process::npm_ci("e2e")?;
    let binary = e2e::build()?;
    std::fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    let mut command = process::command("node", &[script]);
    command.arg(&folder).env("PARLOR_BIN", binary);
    process::run(command)?;
    println!("{}", folder.display());
    Ok(())
}
