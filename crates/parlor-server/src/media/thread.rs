//! A media thread: waits for datagrams, mail and timers, and gives its hub a turn for all there is.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::socket::AsyncSocket;
use super::{Desk, Turn};
use crate::limits::DATAGRAMS_PER_SLICE;
use crate::switchboard::Switchboard;

/// Works until it is told to end, or nobody is there to be told anything.
pub(super) fn run(
    desk: &Desk,
    runtime: &tokio::runtime::Runtime,
    socket: AsyncSocket,
    switchboard: &Weak<Switchboard>,
) {
    // However it ends, also by a panic: nobody waits for answers that can't come.
    let _gone = Gone(desk);
    runtime.block_on(work(desk, socket, switchboard));
}

struct Gone<'a>(&'a Desk);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.is_gone.store(true, Ordering::Release);
        if !self.0.is_ending.load(Ordering::Acquire) {
            tracing::error!("a media thread is no more");
        }
    }
}

async fn work(desk: &Desk, mut socket: AsyncSocket, switchboard: &Weak<Switchboard>) {
    loop {
        let is_last = desk.is_ending.load(Ordering::Acquire);
        let mut has_more = socket.read();
        let Some(told) = switchboard.upgrade() else { return };
        let mut wake_at;
        let (socket_at_work, datagrams) = socket.datagrams();
        // At least one turn, for mail and timers.
        let mut rest = &datagrams[..];
        loop {
            let (slice, others) = rest.split_at(rest.len().min(DATAGRAMS_PER_SLICE));
            rest = others;
            let turn: Turn = desk.turn(slice, &told.counters);
            let dropped = socket_at_work.write(&turn.datagrams).await;
            told.counters.datagrams_dropped.inc_by(dropped);
            for report in turn.reports {
                told.hub_said(report);
            }
            wake_at = turn.wake_at;
            has_more |= turn.has_mail;
            if rest.is_empty() {
                break;
            }
        }
        drop(told);
        if is_last {
            return;
        }
        if has_more {
            // Timers and the bell want their turn, too.
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = socket.readable() => {}
            () = desk.bell.notified() => {}
            () = sleep_until(wake_at) => {}
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
