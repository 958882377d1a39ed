//! `parlor serve`: binds, runs the server, and turns signals into its end.

use std::error::Error;
use std::future::Future;

use parlor_server::{Config, Listeners};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::files;

/// The exit code of a server that was not let finish.
const CUT_SHORT: i32 = 1;

/// Serves until a signal comes.
///
/// # Errors
/// When the server can't start.
pub(crate) fn run(config: Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    files::raise_limit_to(config.open_files());
    let listeners = Listeners::bind(&config.listen)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = signals()?;
        parlor_server::run(config, listeners, shutdown).await?;
        Ok(())
    })
}

/// Ready at the first SIGTERM or SIGINT; the second one ends the process at once.
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        next(&mut terminate, &mut interrupt).await;
        tokio::spawn(async move {
            next(&mut terminate, &mut interrupt).await;
            tracing::warn!("a second signal: ending at once");
            std::process::exit(CUT_SHORT);
        });
    })
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
