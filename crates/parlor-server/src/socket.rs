//! One WebSocket from its handshake to its end: what comes in goes to the registry, what its outbox holds goes out.
//!
//! One task does both, so that neither waits for the other: [`Line::poll`] reads a little, writes all it can, and
//! returns only when the socket is to end. [`Line::finish`] then says good-bye in bounded time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use parlor_proto::{ClientFrame, CloseCode};
use parlor_room::{CloseCause, Hail, HailError, Input, Outgoing, PeerFrame, PeerId};

use crate::journal;
use crate::limits::{
    BLOCKED_FRAMES, CLOSE_REPLY, CLOSING, INPUTS_PER_TURN, SEND_BUFFER_BYTES, SEND_BUFFER_CLOSING_BYTES,
    WRITE_STALLED,
};
use crate::outbox::Closing;
use crate::stream::Stream;
use crate::switchboard::{Called, Seat, Switchboard};
use crate::wire::{Broken, Came, Scratch, Wire, with_scratch};

/// Close codes of the shell's own (RFC 6455, section 7.4.1), for what the registry never sees.
const PROTOCOL_ERROR: u16 = 1002;
const INVALID_TEXT: u16 = 1007;
const INTERNAL_ERROR: u16 = 1011;

/// Read at once of what a client still sends while it is shown out.
const REST_BYTES: usize = 4 * 1024;

/// Who is at a socket, by the path that it came to.
#[derive(Debug)]
pub(crate) enum Caller {
    /// `/ws`.
    Participant,
    /// The broker's, with who the peer says that it is.
    Peer(Result<Hail, HailError>),
}

/// What is spoken at a socket.
#[derive(Debug)]
enum Speech {
    /// The contract's frames.
    Parlor,
    /// PeerServer's. Without an id it says nothing that counts.
    Peer(Option<PeerId>),
}

/// See the module.
#[derive(Debug)]
struct Line {
    wire: Wire,
    speech: Speech,
    seat: Seat,
    /// Whether the last attempt to write had to stop because the client does not read.
    is_blocked: bool,
    /// Whether somebody has so much to read that this socket gives way.
    is_pressed: bool,
    /// Runs while something waits and nothing of it is taken.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// Why a socket is to end.
#[derive(Debug)]
enum Ending {
    /// A close frame came; the reply to it waits to be written.
    ByClient(Option<u16>),
    /// The registry, or the shell, wants it closed.
    ByServer,
    /// What came is no WebSocket traffic, or no text.
    Faulty(u16, &'static str),
    /// It broke off.
    Lost,
}

/// Serves one WebSocket until it is gone.
pub(crate) async fn serve(
    stream: Stream,
    early: Vec<u8>,
    switchboard: &std::sync::Arc<Switchboard>,
    place: OwnedSemaphorePermit,
    caller: Caller,
) {
    set_send_buffer(&stream, SEND_BUFFER_BYTES);
    let speech = match &caller {
        Caller::Participant => Speech::Parlor,
        Caller::Peer(hail) => Speech::Peer(hail.as_ref().ok().map(|hail| hail.id().clone())),
    };
    let seat = switchboard.open(place, caller);
    let wire = Wire::new(stream, early);
    let mut line = Line { wire, speech, seat, is_blocked: false, is_pressed: false, stalled: None };
    let ending = poll_fn(|cx| line.poll(cx)).await;
    line.finish(ending).await;
}

impl Line {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        if self.seat.outbox.is_closing() {
            return Poll::Ready(Ending::ByServer);
        }
        let was_blocked = self.is_blocked;
        let again = match self.read(cx) {
            Ok(again) => again,
            Err(ending) => return Poll::Ready(ending),
        };
        if let Err(ending) = self.write(cx) {
            return Poll::Ready(ending);
        }
        if self.seat.outbox.is_closing() {
            return Poll::Ready(Ending::ByServer);
        }
        // Who was not read because of what it had not read is read again, also if nothing else wakes this socket.
        if again || was_blocked && !self.is_blocked {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Reads until there is nothing more or it is the others' turn. Returns whether to come back at once.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, Ending> {
        // A client that does not take its answers gets to ask no more: the bound is the kernel's, in both directions.
        if self.is_blocked && self.wire.backlog().max(self.seat.outbox.load().frames) >= BLOCKED_FRAMES {
            return Ok(false);
        }
        with_scratch(|scratch| {
            let read = self.read_with(cx, scratch);
            self.wire.keep_rest(scratch);
            read
        })
    }

    fn read_with(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Result<bool, Ending> {
        let turns = if self.is_pressed { 1 } else { INPUTS_PER_TURN };
        self.is_pressed = false;
        for _ in 0..turns {
            let input = match self.wire.poll_read(cx, scratch) {
                Poll::Pending => return Ok(false),
                Poll::Ready(read) => understand(&self.seat, &self.speech, read)?,
            };
            match self.seat.input(input) {
                Called::Done => {}
                Called::Pressed => {
                    self.is_pressed = true;
                    return Ok(true);
                }
                Called::Panicked => return Err(Ending::Faulty(INTERNAL_ERROR, "internal error")),
            }
            if self.seat.outbox.is_closing() {
                return Err(Ending::ByServer);
            }
        }
        Ok(true)
    }

    /// Writes until there is nothing more, or the client takes no more.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Ending> {
        loop {
            let (progress, written) = self.wire.poll_write_out(cx);
            if progress {
                self.stalled = None;
            }
            match written {
                Poll::Ready(Ok(())) => self.is_blocked = false,
                Poll::Ready(Err(_)) => return Err(Ending::Lost),
                Poll::Pending => {
                    self.is_blocked = true;
                    return self.watch_stall(cx);
                }
            }
            let done = self.wire.take_kept_written();
            let Self { wire, seat, .. } = self;
            let counters = &seat.switchboard.counters;
            let conn = seat.conn;
            let taken = seat.outbox.poll_take(cx, done, |frame| {
                counters.frames_out.inc();
                counters.bytes_out.inc_by(frame.text.len() as u64);
                journal::frame_out(conn, &frame.text);
                wire.queue(frame);
            });
            match taken {
                Poll::Ready(true) => self.wire.queue_ping(),
                Poll::Ready(false) => {}
                Poll::Pending => return Ok(()),
            }
        }
    }

    /// Something waits and the client takes nothing of it: see for how long.
    fn watch_stall(&mut self, cx: &mut Context<'_>) -> Result<(), Ending> {
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_STALLED)));
        if stalled.as_mut().poll(cx).is_ready() {
            self.stalled = None;
            self.seat.switchboard.counters.stalls.inc();
            let conn = self.seat.conn;
            if self.seat.input(Input::Overflowed { conn }) == Called::Panicked {
                return Err(Ending::Faulty(INTERNAL_ERROR, "internal error"));
            }
            // The registry has closed it; if it knew nothing of it, it is closed all the same.
            self.seat.outbox.close(CloseCode::TryAgainLater, "this client reads too slowly".to_owned(), None);
            return Err(Ending::ByServer);
        }
        Ok(())
    }

    /// Says good-bye: what waits, a close frame, and when the client has said its own, or a moment later, the end of the stream.
    async fn finish(mut self, ending: Ending) {
        let (last, closing) = match ending {
            Ending::Lost => {
                self.seat.leave(CloseCause::Lost);
                return;
            }
            Ending::ByClient(code) => {
                self.seat.leave(CloseCause::Frame(code));
                (Vec::new(), None)
            }
            Ending::Faulty(code, reason) => {
                self.seat.leave(CloseCause::Frame(Some(code)));
                (self.seat.outbox.take_closing().0, Some(Closing { code, reason: reason.to_owned() }))
            }
            Ending::ByServer => self.seat.outbox.take_closing(),
        };
        tracing::debug!(
            conn = self.seat.conn.0,
            code = closing.as_ref().map(|closing| closing.code),
            "closing"
        );
        set_send_buffer(self.wire.stream(), SEND_BUFFER_CLOSING_BYTES);
        // Past the deadline the connection is dropped as it is: what the kernel has taken may still arrive.
        let _ = tokio::time::timeout(CLOSING, self.say_goodbye(last, closing)).await;
    }

    async fn say_goodbye(&mut self, last: Vec<Outgoing>, closing: Option<Closing>) -> std::io::Result<()> {
        for frame in last {
            self.seat.switchboard.counters.frames_out.inc();
            journal::frame_out(self.seat.conn, &frame.text);
            self.wire.queue(frame);
        }
        if let Some(closing) = &closing {
            self.wire.queue_close(closing.code, &closing.reason);
        }
        poll_fn(|cx| self.wire.poll_write_out(cx).1).await?;
        self.wire.stream().flush().await?;
        if closing.is_some() {
            let _ = tokio::time::timeout(CLOSE_REPLY, poll_fn(|cx| self.poll_reply(cx))).await;
        }
        let stream = self.wire.stream();
        stream.shutdown().await?;
        let mut rest = vec![0; REST_BYTES];
        // Bytes that nobody has read would make the kernel reset the connection, and the reset overtakes the close
        // frame: read them until the client has ended its side.
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    }

    /// Waits for the close frame of the client, or for what makes it come no more.
    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        with_scratch(|scratch| {
            let reply = self.poll_reply_with(cx, scratch);
            self.wire.keep_rest(scratch);
            reply
        })
    }

    fn poll_reply_with(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<()> {
        loop {
            match self.wire.poll_read(cx, scratch) {
                Poll::Ready(Ok(Came::Close(_)) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// What the registry is told of what was read.
fn understand(seat: &Seat, speech: &Speech, read: Result<Came<'_>, Broken>) -> Result<Input, Ending> {
    let conn = seat.conn;
    match read {
        Ok(Came::Text(text)) => {
            let counters = &seat.switchboard.counters;
            counters.frames_in.inc();
            counters.bytes_in.inc_by(text.len() as u64);
            Ok(match speech {
                Speech::Parlor => {
                    let parsed = ClientFrame::parse(&text);
                    journal::frame_in(conn, &parsed);
                    match parsed {
                        Ok(frame) => Input::Frame { conn, frame },
                        Err(error) => Input::BadFrame { conn, error },
                    }
                }
                Speech::Peer(from) => {
                    let parsed = from.as_ref().and_then(|from| PeerFrame::parse(&text, from));
                    journal::peer_frame_in(conn, parsed.as_ref());
                    match parsed {
                        Some(frame) => Input::PeerFrame { conn, frame },
                        None => Input::PeerBadFrame { conn },
                    }
                }
            })
        }
        Ok(Came::Binary) => Ok(Input::BinaryFrame { conn }),
        // A client that pings is there as much as one that answers pings.
        Ok(Came::SignOfLife) => Ok(Input::Pong { conn }),
        Ok(Came::Close(code)) => Err(Ending::ByClient(code)),
        Ok(Came::TooLarge) => Ok(Input::OversizedFrame { conn }),
        Err(Broken::NotText) => Err(Ending::Faulty(INVALID_TEXT, "a text frame is not UTF-8")),
        Err(Broken::Lost) => Err(Ending::Lost),
        Err(Broken::Faulty) => Err(Ending::Faulty(PROTOCOL_ERROR, "this is no WebSocket traffic (RFC 6455)")),
    }
}

/// Sets how much the kernel takes for a client that does not read. That it can't is no reason to refuse service.
fn set_send_buffer(stream: &Stream, bytes: usize) {
    if let Err(error) = socket2::SockRef::from(stream.tcp()).set_send_buffer_size(bytes) {
        tracing::debug!(%error, "the size of a send buffer can't be set");
    }
}
