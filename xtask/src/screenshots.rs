//! `cargo xtask screenshots`: pictures of the page, to be looked at.

use anyhow::{Result, bail};

use crate::{e2e, place, process, provide};

/// Takes them into the named folder, default `target/screenshots`.
pub(crate) fn screenshots(words: &[&str]) -> Result<()> {
    let folder = match words {
        [] => place::target().join("screenshots"),
        [folder] => folder.into(),
        [_, other, ..] => bail!("one folder, not also {other:?}"),
    };
    provide::browsers()?;
    process::npm_ci("e2e")?;
    let binary = e2e::build()?;
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let mut command = process::command("node", &["e2e/screenshots.mjs"]);
    command.arg(&folder).env("PARLOR_BIN", binary);
    process::run(command)?;
    println!("{}", folder.display());
    Ok(())
}
