//! `cargo xtask ci`: lint, then test, and one line of counts at the end.

use anyhow::Result;

use crate::{lint, suite};

/// True when nothing failed.
pub(crate) fn ci() -> Result<bool> {
    let mut report = lint::lint(&[])?;
    report.add(suite::test()?);
    Ok(report.finish())
}
