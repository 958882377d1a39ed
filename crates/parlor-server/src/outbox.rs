//! What waits to be written to one socket: bounded, filled under the registry's lock, emptied by the socket's task.
//!
//! A socket that reads slowly loses old room lists first, then differences and pongs, never a kept frame: when these
//! reach their bound, that is said once ([`Pushed::Overflowed`]) and nothing more is taken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use parlor_proto::CloseCode;
use parlor_room::{FrameKind, Outgoing};

use crate::limits::{
    FRAMES_PER_WRITE, KEPT_BYTES_MAX, KEPT_FRAMES_MAX, LOOSE_BYTES_MAX, LOOSE_FRAMES_MAX, PRESSED_FRAMES,
};

/// The order to close a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits.
    Queued,
    /// It waits, and so do so many that whoever causes more should give way.
    Pressed,
    /// It waits in the place of an older list.
    Replaced,
    /// There was no place for it, and it is of a kind that may be lost.
    Dropped,
    /// There was no place for it, and it must not be lost: the socket is to be closed.
    Overflowed,
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn take(&mut self, bytes: usize) {
        self.frames = self.frames.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn has_place(self, bytes: usize, frames_max: usize, bytes_max: usize) -> bool {
        self.frames < frames_max && self.bytes.saturating_add(bytes) <= bytes_max
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    /// Whether an order to close has come: read on each turn, without the lock.
    is_closing: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    frames: VecDeque<Outgoing>,
    /// Kept frames not yet written, those in the writer's hands included.
    kept: Load,
    /// Differences and pongs that wait here.
    loose: Load,
    ping: bool,
    is_full: bool,
    closing: Option<Closing>,
    waker: Option<Waker>,
}

impl Outbox {
    /// Takes a frame in. Whoever should be woken for it is put into `wake`, unless that is who calls.
    pub(crate) fn push(&self, frame: Outgoing, wake: Option<&mut Vec<Waker>>) -> Pushed {
        let mut inner = self.lock();
        if inner.is_full || inner.closing.is_some() {
            return Pushed::Dropped;
        }
        let pushed = inner.push(frame);
        if pushed != Pushed::Dropped {
            inner.wake_into(wake);
        }
        pushed
    }

    /// Takes an order in to ping.
    pub(crate) fn ping(&self, wake: Option<&mut Vec<Waker>>) {
        let mut inner = self.lock();
        inner.ping = true;
        inner.wake_into(wake);
    }

    /// Takes the order in to close. What waits is written before, unless its receiver does not read anyway.
    pub(crate) fn close(&self, code: CloseCode, reason: String, wake: Option<&mut Vec<Waker>>) {
        let mut inner = self.lock();
        if inner.closing.is_some() {
            return;
        }
        if code == CloseCode::TryAgainLater {
            inner.frames.clear();
        }
        inner.closing = Some(Closing { code: code.code(), reason });
        self.is_closing.store(true, Ordering::Release);
        inner.wake_into(wake);
    }

    /// Whether an order to close has come.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Takes the order to close and all frames that go before it.
    pub(crate) fn take_closing(&self) -> (Vec<Outgoing>, Option<Closing>) {
        let mut inner = self.lock();
        (inner.frames.drain(..).collect(), inner.closing.clone())
    }

    /// Hands frames to the writer, and whether to ping; `written` of the kept frames handed out before are written.
    /// Pending while there is nothing to write.
    pub(crate) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        written: Load,
        mut take: impl FnMut(Outgoing),
    ) -> Poll<bool> {
        let mut inner = self.lock();
        inner.kept.frames = inner.kept.frames.saturating_sub(written.frames);
        inner.kept.bytes = inner.kept.bytes.saturating_sub(written.bytes);
        let ping = std::mem::take(&mut inner.ping);
        if inner.frames.is_empty() && !ping {
            if !inner.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                inner.waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        for _ in 0..FRAMES_PER_WRITE {
            let Some(frame) = inner.frames.pop_front() else { break };
            if matches!(frame.kind, FrameKind::Delta | FrameKind::Pong) {
                inner.loose.take(frame.text.len());
            }
            take(frame);
        }
        if inner.frames.is_empty() {
            // A burst leaves no memory behind at a socket that is idle again.
            inner.frames = VecDeque::new();
        }
        Poll::Ready(ping)
    }

    /// How many frames wait here and in the writer's hands, and their bytes.
    pub(crate) fn load(&self) -> Load {
        let inner = self.lock();
        Load {
            frames: inner.kept.frames.saturating_add(inner.loose.frames),
            bytes: inner.kept.bytes.saturating_add(inner.loose.bytes),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn push(&mut self, frame: Outgoing) -> Pushed {
        let bytes = frame.text.len();
        match frame.kind {
            FrameKind::Kept => {
                if !self.kept.has_place(bytes, KEPT_FRAMES_MAX, KEPT_BYTES_MAX) {
                    self.is_full = true;
                    return Pushed::Overflowed;
                }
                self.kept.add(bytes);
            }
            FrameKind::List => {
                if let Some(older) = self.frames.iter_mut().find(|waiting| waiting.kind == FrameKind::List) {
                    // In its place, so that the list still comes before the `ok` of who asked for it. The
                    // differences that wait behind lead to a version that the new one has passed.
                    *older = frame;
                    self.frames.retain(|waiting| waiting.kind != FrameKind::Delta);
                    self.recount_loose();
                    return Pushed::Replaced;
                }
            }
            FrameKind::Delta | FrameKind::Pong => {
                if !self.loose.has_place(bytes, LOOSE_FRAMES_MAX, LOOSE_BYTES_MAX) {
                    return Pushed::Dropped;
                }
                self.loose.add(bytes);
            }
        }
        self.frames.push_back(frame);
        if self.kept.frames >= PRESSED_FRAMES { Pushed::Pressed } else { Pushed::Queued }
    }

    fn recount_loose(&mut self) {
        self.loose = Load::default();
        for frame in &self.frames {
            if matches!(frame.kind, FrameKind::Delta | FrameKind::Pong) {
                self.loose.add(frame.text.len());
            }
        }
    }

    fn wake_into(&mut self, wake: Option<&mut Vec<Waker>>) {
        if let Some(wake) = wake {
            wake.extend(self.waker.take());
        }
    }
}

#[cfg(test)]
mod tests;
