//! `cargo xtask messages`: the page's message types, from parlor-proto.

use anyhow::Result;

use crate::process;

/// Has the test that compares `web/sdk/messages.d.ts` write it instead.
pub(crate) fn messages() -> Result<()> {
    let mut command = process::cargo(&["test", "--quiet", "-p", "parlor-proto", "--lib", "declarations"]);
    command.env("UPDATE", "1");
    process::run(command)
}
