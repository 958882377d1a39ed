//! SIGTERM and SIGINT: the first asks for an orderly end, the second ends at once.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that was not let finish.
const CUT_SHORT: i32 = 1;

/// Both of them; from then on neither ends the process by itself.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Ready when either comes.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ready at the first SIGTERM or SIGINT; the second one ends the process at once.
pub(crate) fn first() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new()?;
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            tracing::warn!("a second signal: ending at once");
            std::process::exit(CUT_SHORT);
        });
    })
}

/// For a program without a runtime: set at the first of them.
pub(crate) fn watched() -> io::Result<Arc<AtomicBool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let came = {
        let _inside = runtime.enter();
        first()?
    };
    let is_stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_stopped);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            came.await;
            seen.store(true, Ordering::Relaxed);
            // There may be a second one.
            std::future::pending::<()>().await;
        });
    })?;
    Ok(is_stopped)
}
