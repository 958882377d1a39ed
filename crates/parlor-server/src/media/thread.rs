//! A media thread: waits for datagrams, mail and timers, and gives its hub a turn for all there is.

use std::future::poll_fn;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use parlor_sfu::Via;
use tokio::net::TcpListener;

use super::entrance::Entrance;
use super::socket::AsyncSocket;
use super::streams::Streams;
use super::{Desk, Turn};
use crate::limits::{ACCEPT_PAUSE, DATAGRAMS_PER_SLICE};
use crate::switchboard::Switchboard;

/// Works until it is told to end, or nobody is there to be told anything.
pub(super) fn run(
    desk: &Desk,
    runtime: &tokio::runtime::Runtime,
    socket: AsyncSocket,
    entrance: Entrance,
    switchboard: &Weak<Switchboard>,
) {
    // However it ends, also by a panic: nobody waits for answers that can't come.
    let _gone = Gone(desk);
    runtime.block_on(work(desk, socket, entrance, switchboard));
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

async fn work(desk: &Desk, mut socket: AsyncSocket, entrance: Entrance, switchboard: &Weak<Switchboard>) {
    let mut streams = Streams::new(entrance.offered);
    let listeners: Vec<TcpListener> =
        entrance.listeners.into_iter().filter_map(|listener| TcpListener::from_std(listener).ok()).collect();
    loop {
        let is_last = desk.is_ending.load(Ordering::Acquire);
        let mut has_more = socket.read();
        let Some(told) = switchboard.upgrade() else { return };
        for tcp in desk.take_knocks() {
            streams.welcome(tcp, &told.counters);
        }
        has_more |= streams.read();
        desk.connections.store(streams.count(), Ordering::Relaxed);
        let mut wake_at;
        let (socket_at_work, mut datagrams) = socket.datagrams();
        let frames = streams.take();
        datagrams.extend(frames.iter().map(|(local, remote, bytes)| (Via::Tcp, *local, *remote, &bytes[..])));
        // At least one turn, for mail and timers.
        let mut rest = &datagrams[..];
        loop {
            let (slice, others) = rest.split_at(rest.len().min(DATAGRAMS_PER_SLICE));
            rest = others;
            let turn: Turn = desk.turn(slice, &told.counters);
            let dropped = socket_at_work.write(&turn.datagrams).await;
            told.counters.datagrams_dropped.inc_by(dropped);
            for (remote, bytes) in &turn.frames {
                streams.send(*remote, bytes, &told.counters);
            }
            for remote in turn.hang_ups {
                streams.hang_up(remote);
            }
            told.hub_said(turn.reports);
            wake_at = turn.wake_at;
            has_more |= turn.has_mail;
            if rest.is_empty() {
                break;
            }
        }
        desk.connections.store(streams.count(), Ordering::Relaxed);
        if is_last {
            drop(told);
            return streams.finish().await;
        }
        if has_more {
            drop(told);
            // Timers, connections and the bell want their turn, too.
            tokio::task::yield_now().await;
            continue;
        }
        drop(told);
        tokio::select! {
            () = socket.readable() => {}
            () = desk.bell.notified() => {}
            () = streams.arrived() => {}
            tcp = accept(&listeners) => desk.welcome(tcp),
            () = sleep_until(wake_at) => {}
        }
    }
}

/// The next connection at any of them.
async fn accept(listeners: &[TcpListener]) -> std::net::TcpStream {
    loop {
        let accepted = poll_fn(|cx| {
            let ready = listeners.iter().find_map(|listener| match listener.poll_accept(cx) {
                Poll::Ready(accepted) => Some(accepted),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        });
        match accepted.await.and_then(|(tcp, _)| tcp.into_std()) {
            Ok(tcp) => return tcp,
            Err(error) => {
                // Too many open files, for one.
                tracing::warn!(%error, "a TCP connection for media could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
