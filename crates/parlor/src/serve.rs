//! `parlor serve`: binds, runs the server, and turns signals into its end.

use std::error::Error;

use parlor_server::{Config, Listeners};

use crate::{files, signals};

/// Serves until a signal comes.
///
/// # Errors
/// When the server can't start.
pub(crate) fn run(config: Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    files::raise_limit_to(config.open_files());
    let listeners = Listeners::bind(&config.listen)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = signals::first()?;
        parlor_server::run(config, listeners, shutdown).await?;
        Ok(())
    })
}
