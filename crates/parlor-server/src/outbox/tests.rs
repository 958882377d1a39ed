//! Who loses what when a socket reads slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parlor_proto::CloseCode;
use parlor_room::{FrameKind, Outgoing};

use super::{Load, Outbox, Pushed};
use crate::limits::{KEPT_BYTES_MAX, KEPT_FRAMES_MAX, LOOSE_FRAMES_MAX, PRESSED_FRAMES};

fn frame(kind: FrameKind, text: impl Into<String>) -> Outgoing {
    Outgoing { text: text.into().into(), kind }
}

fn push(outbox: &Outbox, kind: FrameKind, text: &str) -> Pushed {
    outbox.push(frame(kind, text), None)
}

/// Everything that waits, as if all were written at once.
fn take_all(outbox: &Outbox) -> Vec<String> {
    let mut texts = Vec::new();
    let mut written = Load::default();
    let mut cx = Context::from_waker(Waker::noop());
    while outbox
        .poll_take(&mut cx, std::mem::take(&mut written), |frame| {
            if frame.kind == FrameKind::Kept {
                written.add(frame.text.len());
            }
            texts.push(frame.text.to_string());
        })
        .is_ready()
    {}
    texts
}

#[test]
fn frames_come_out_in_the_order_they_went_in() {
    let outbox = Outbox::default();
    for n in 0..40 {
        assert_eq!(push(&outbox, FrameKind::Kept, &n.to_string()), Pushed::Queued);
    }
    assert_eq!(take_all(&outbox), (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(outbox.load(), Load::default());
}

#[test]
fn rr_11_a_newer_list_takes_the_place_of_an_older_one() {
    let outbox = Outbox::default();
    push(&outbox, FrameKind::List, "list 1");
    push(&outbox, FrameKind::Kept, "ok");
    push(&outbox, FrameKind::Delta, "1 to 2");
    push(&outbox, FrameKind::Kept, "joined");
    assert_eq!(push(&outbox, FrameKind::List, "list 3"), Pushed::Replaced);
    push(&outbox, FrameKind::Delta, "3 to 4");
    // Before the `ok` of who asked for it, and without the difference that it has overtaken.
    assert_eq!(take_all(&outbox), ["list 3", "ok", "joined", "3 to 4"]);
    assert_eq!(outbox.load(), Load::default());
}

#[test]
fn kept_frames_are_never_dropped_and_their_bound_is_told_once() {
    let outbox = Outbox::default();
    for n in 0..KEPT_FRAMES_MAX {
        let expected = if n + 1 < PRESSED_FRAMES { Pushed::Queued } else { Pushed::Pressed };
        assert_eq!(push(&outbox, FrameKind::Kept, "x"), expected, "{n}");
    }
    assert_eq!(push(&outbox, FrameKind::Kept, "one too many"), Pushed::Overflowed);
    assert_eq!(push(&outbox, FrameKind::Kept, "more"), Pushed::Dropped);
}

#[test]
fn frames_in_the_writers_hands_count_until_they_are_written() {
    let outbox = Outbox::default();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..KEPT_FRAMES_MAX {
        push(&outbox, FrameKind::Kept, "x");
    }
    let mut taken = Load::default();
    assert_eq!(
        outbox.poll_take(&mut cx, Load::default(), |frame| taken.add(frame.text.len())),
        Poll::Ready(false)
    );
    assert!(taken.frames > 1);
    assert_eq!(outbox.load().frames, KEPT_FRAMES_MAX);
    // Written: as many find place again.
    assert!(outbox.poll_take(&mut cx, taken, drop).is_ready());
    assert_eq!(outbox.load().frames, KEPT_FRAMES_MAX - taken.frames);
    assert_eq!(push(&outbox, FrameKind::Kept, "y"), Pushed::Pressed);
}

#[test]
fn bytes_have_a_bound_too() {
    let outbox = Outbox::default();
    let half = "x".repeat(KEPT_BYTES_MAX / 2);
    assert_eq!(push(&outbox, FrameKind::Kept, &half), Pushed::Queued);
    assert_eq!(push(&outbox, FrameKind::Kept, &half), Pushed::Queued);
    assert_eq!(push(&outbox, FrameKind::Kept, "x"), Pushed::Overflowed);
}

#[test]
fn differences_and_pongs_are_dropped_when_there_is_no_place() {
    let outbox = Outbox::default();
    for n in 0..LOOSE_FRAMES_MAX {
        let kind = if n % 2 == 0 { FrameKind::Delta } else { FrameKind::Pong };
        assert_eq!(push(&outbox, kind, "x"), Pushed::Queued);
    }
    assert_eq!(push(&outbox, FrameKind::Delta, "x"), Pushed::Dropped);
    assert_eq!(push(&outbox, FrameKind::Pong, "x"), Pushed::Dropped);
    assert_eq!(push(&outbox, FrameKind::Kept, "kept"), Pushed::Queued);
    assert_eq!(take_all(&outbox).last().unwrap(), "kept");
    assert_eq!(push(&outbox, FrameKind::Delta, "again"), Pushed::Queued);
}

#[test]
fn what_waits_goes_before_a_close_unless_its_receiver_does_not_read() {
    let outbox = Outbox::default();
    push(&outbox, FrameKind::Kept, "bye");
    outbox.close(CloseCode::ServiceRestart, "stop".to_owned(), None);
    assert!(outbox.is_closing());
    assert_eq!(push(&outbox, FrameKind::Kept, "too late"), Pushed::Dropped);
    outbox.close(CloseCode::Replaced, "the first order counts".to_owned(), None);
    let (frames, closing) = outbox.take_closing();
    assert_eq!(frames.len(), 1);
    assert_eq!(closing.unwrap().code, 1012);

    let outbox = Outbox::default();
    push(&outbox, FrameKind::Kept, "never read");
    outbox.close(CloseCode::TryAgainLater, "slow".to_owned(), None);
    let (frames, closing) = outbox.take_closing();
    assert!(frames.is_empty());
    assert_eq!(closing.unwrap().code, 1013);
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_writer_is_woken_once_and_only_by_others() {
    let outbox = Outbox::default();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    assert!(outbox.poll_take(&mut cx, Load::default(), drop).is_pending());
    // By its own task: it looks by itself.
    push(&outbox, FrameKind::Kept, "mine");
    let mut wake = Vec::new();
    outbox.push(frame(FrameKind::Kept, "1"), Some(&mut wake));
    outbox.push(frame(FrameKind::Kept, "2"), Some(&mut wake));
    outbox.ping(Some(&mut wake));
    assert_eq!(wake.len(), 1);
    wake.into_iter().for_each(Waker::wake);
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(outbox.poll_take(&mut cx, Load::default(), drop), Poll::Ready(true), "and a ping is due");
    assert!(outbox.poll_take(&mut cx, Load::default(), drop).is_pending());
}
