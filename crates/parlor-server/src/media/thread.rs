//! A media thread: waits for datagrams, mail and timers, and gives its hub a turn for all there is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::socket::Socket;
use super::{Desk, Turn};
use crate::journal;
use crate::limits::HUB_FAILED_PAUSE;
use crate::switchboard::Switchboard;

/// Works until it is told to end.
pub(super) fn run(desk: &Arc<Desk>, socket: Socket, switchboard: &Arc<Switchboard>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    match runtime {
        Ok(runtime) => runtime.block_on(work(desk, socket, switchboard)),
        Err(error) => tracing::error!(%error, "a media thread can't run"),
    }
}

async fn work(desk: &Desk, socket: Socket, switchboard: &Switchboard) {
    let mut socket = match socket.into_async() {
        Ok(socket) => socket,
        Err(error) => return tracing::error!(%error, "the socket for media can't be used"),
    };
    loop {
        let is_last = desk.is_ending();
        let has_more = socket.read();
        let turn = match catch_unwind(AssertUnwindSafe(|| desk.turn(socket.datagrams()))) {
            Ok(turn) => turn,
            Err(panic) => {
                let panic = journal::panic_text(&*panic);
                tracing::error!(panic, "the hub panicked");
                switchboard.counters.hub_panics.inc();
                Turn { wake_at: Instant::now().checked_add(HUB_FAILED_PAUSE), ..Turn::default() }
            }
        };
        let dropped = socket.write(&turn.datagrams);
        switchboard.counters.datagrams_dropped.inc_by(dropped);
        for report in turn.reports {
            switchboard.hub_said(report);
        }
        if is_last {
            return;
        }
        if has_more {
            // Nothing waits longer than a turn, but timers and mail of the runtime want theirs.
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = socket.readable() => {}
            () = desk.bell.notified() => {}
            () = sleep_until(turn.wake_at) => {}
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) if at <= Instant::now() + Duration::from_micros(50) => {}
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
