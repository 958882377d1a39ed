//! A media thread: waits for datagrams, the bell and timers, and gives its hub a turn for all there is.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Instant;

use mio::{Events, Interest, Poll, Token};
use parlor_sfu::Via;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::Desk;
use super::socket::{Socket, Traffic};
use super::streams::Streams;
use crate::limits::DATAGRAMS_PER_SLICE;
use crate::switchboard::Switchboard;

const BELL: Token = Token(0);
const SOCKET: Token = Token(1);

/// All that the thread has.
#[derive(Debug)]
pub(super) struct Worker {
    poll: Poll,
    events: Events,
    traffic: Traffic,
    /// The socket may have more than was read of it.
    has_datagrams: bool,
    /// Where TCP connections are offered.
    offered_tcp: Vec<SocketAddr>,
}

impl Worker {
    /// With what wakes it.
    pub(super) fn new(socket: Socket, offered_tcp: Vec<SocketAddr>) -> io::Result<(Self, mio::Waker)> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), BELL)?;
        let mut traffic = socket.into_traffic();
        poll.registry().register(traffic.source(), SOCKET, Interest::READABLE)?;
        let events = Events::with_capacity(2);
        Ok((Self { poll, events, traffic, has_datagrams: false, offered_tcp }, waker))
    }

    /// Works until it is told to end, or nobody is there to be told anything. `runtime` carries TCP connections; those that still write
    /// what waits are handed back.
    pub(super) fn run(
        mut self,
        desk: &Arc<Desk>,
        runtime: Handle,
        switchboard: &Weak<Switchboard>,
    ) -> JoinSet<()> {
        // However it ends, also by a panic: nobody waits for answers that can't come.
        let _gone = Gone(desk);
        let mut streams = Streams::new(std::mem::take(&mut self.offered_tcp), Arc::clone(desk), runtime);
        let mut wake_at = Some(Instant::now());
        loop {
            if let Err(error) = self.wait(wake_at) {
                tracing::error!(%error, "a media thread can't wait for its socket");
                return streams.finish();
            }
            // What rings from here on rings for the next round.
            desk.heed_bell();
            let is_last = desk.is_ending.load(Ordering::Acquire);
            let Some(switchboard) = switchboard.upgrade() else { return streams.finish() };
            wake_at = self.work(desk, &mut streams, &switchboard);
            if is_last {
                return streams.finish();
            }
        }
    }

    /// Returns when there is something to do, or at a time.
    fn wait(&mut self, until: Option<Instant>) -> io::Result<()> {
        let wait = until.map(|at| at.saturating_duration_since(Instant::now()));
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        self.has_datagrams |= self.events.iter().any(|event| event.token() == SOCKET);
        Ok(())
    }

    /// Carries what has come to the hub, and what it orders out. Returns when to look again if nothing comes before.
    fn work(&mut self, desk: &Desk, streams: &mut Streams, switchboard: &Switchboard) -> Option<Instant> {
        let counters = &switchboard.counters;
        self.has_datagrams = self.has_datagrams && self.traffic.read();
        for tcp in desk.take_knocks() {
            streams.welcome(tcp, counters);
        }
        let mut has_more = self.has_datagrams | streams.read();
        let (way, mut datagrams) = self.traffic.datagrams();
        let frames = streams.take();
        datagrams.extend(frames.iter().map(|(local, remote, bytes)| (Via::Tcp, *local, *remote, &bytes[..])));
        // At least one turn, for mail and timers.
        let mut rest = &datagrams[..];
        loop {
            let (slice, others) = rest.split_at(rest.len().min(DATAGRAMS_PER_SLICE));
            rest = others;
            let turn = desk.turn(slice, counters);
            counters.datagrams_dropped.inc_by(way.write(&turn.datagrams));
            for (remote, bytes) in &turn.frames {
                streams.send(*remote, bytes, counters);
            }
            for remote in turn.hang_ups {
                streams.hang_up(remote);
            }
            switchboard.hub_said(turn.reports);
            has_more |= turn.has_mail;
            if rest.is_empty() {
                desk.connections.store(streams.count(), Ordering::Relaxed);
                return if has_more { Some(Instant::now()) } else { turn.wake_at };
            }
        }
    }
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
