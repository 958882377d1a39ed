//! One WebSocket's bytes: messages in, frames out without copying their text (RFC 6455).
//!
//! What comes is read into a buffer that all sockets of a thread have in common, and looked at there: of a socket that is idle,
//! or whose frames come whole, nothing is kept. Text frames are written straight from the registry's shared text, so a room
//! list that thousands of sockets wait for is in memory once, and there is no write buffer.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};

use parlor_room::{FrameKind, Outgoing};

use crate::intake::{Faulty, Intake, What};
use crate::limits::READ_BYTES;
use crate::outbox::Load;
use crate::stream::Stream;

/// Buffers of one system call: a header and a text for each of some frames.
const SLICES_MAX: usize = 32;

/// See the module.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    intake: Intake,
    /// What was read and not looked at: a frame that is not whole, or what came behind those that had their turn.
    rest: Vec<u8>,
    /// Bytes of it that were looked at since.
    rest_used: usize,
    /// Whether a close frame was queued: nothing comes behind it.
    is_closed: bool,
    pieces: VecDeque<Piece>,
    /// Bytes of the first piece that are written.
    first_written: usize,
    /// Kept frames written since this was last asked.
    kept_written: Load,
    /// Whether bytes were written that the stream may still hold back (TLS).
    unflushed: bool,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came<'a> {
    Text(Cow<'a, str>),
    Binary,
    /// A ping, which is answered, or a pong.
    SignOfLife,
    /// A close frame, with its code if it has one. It is answered.
    Close(Option<u16>),
    /// A message is larger than any may be.
    TooLarge,
}

/// Why nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The connection ended.
    Lost,
    /// What came is no WebSocket traffic.
    Faulty,
    /// A text is not UTF-8.
    NotText,
}

impl From<Faulty> for Broken {
    fn from(Faulty: Faulty) -> Self {
        Self::Faulty
    }
}

/// The buffer that sockets of a thread read into, one after the other.
#[derive(Debug)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    /// Of which socket's turn it is these are read and not looked at.
    unread: Range<usize>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch { bytes: vec![0; READ_BYTES], unread: 0..0 });
}

/// Lends out the thread's buffer for one turn of one socket, which keeps with [`Wire::keep_rest`] what it has not looked at.
pub(crate) fn with_scratch<T>(f: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        // A turn that panicked may have left something.
        scratch.unread = 0..0;
        f(scratch)
    })
}

impl Scratch {
    fn unread(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.unread.clone()).unwrap_or_default()
    }

    fn take_unread(&mut self) -> Vec<u8> {
        let unread = self.unread().to_vec();
        self.unread = 0..0;
        unread
    }
}

/// A run of bytes that nothing may come in between.
#[derive(Debug)]
enum Piece {
    Text { header: Header, frame: Outgoing },
    Control(Vec<u8>),
}

/// The head of an unmasked frame.
#[derive(Clone, Copy, Debug)]
struct Header {
    bytes: [u8; 10],
    len: usize,
}

impl Wire {
    /// A WebSocket whose handshake is done; `early` came behind it.
    pub(crate) fn new(stream: Stream, early: Vec<u8>) -> Self {
        Self {
            stream,
            intake: Intake::default(),
            rest: early,
            rest_used: 0,
            is_closed: false,
            pieces: VecDeque::new(),
            first_written: 0,
            kept_written: Load::default(),
            unflushed: false,
        }
    }

    /// The stream under it.
    pub(crate) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// The next that came.
    pub(crate) fn poll_read<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
        scratch: &'a mut Scratch,
    ) -> Poll<Result<Came<'a>, Broken>> {
        let (what, start) = loop {
            self.drop_rest_if_used();
            // What is kept came before what is in the buffer, which is empty then.
            let is_kept = !self.rest.is_empty();
            let (bytes, start) = if is_kept {
                (self.rest.get_mut(self.rest_used..).unwrap_or_default(), self.rest_used)
            } else {
                let start = scratch.unread.start;
                (scratch.unread(), start)
            };
            match self.intake.find(bytes).map_err(Broken::from)? {
                None => ready!(self.poll_fill(cx, scratch))?,
                Some(found) => {
                    if is_kept {
                        self.rest_used = self.rest_used.saturating_add(found.used);
                    } else {
                        scratch.unread.start = scratch.unread.start.saturating_add(found.used);
                    }
                    if found.what != What::Part {
                        break (found.what, start);
                    }
                }
            }
        };
        let place = |range: Range<usize>| start.saturating_add(range.start)..start.saturating_add(range.end);
        match what {
            What::Part | What::Pong => Poll::Ready(Ok(Came::SignOfLife)),
            What::Binary => Poll::Ready(Ok(Came::Binary)),
            What::TooLarge => Poll::Ready(Ok(Came::TooLarge)),
            What::Ping(range) => {
                let pong = Frame::pong(self.bytes(scratch, place(range)).to_vec());
                self.queue_control(pong);
                Poll::Ready(Ok(Came::SignOfLife))
            }
            What::Close(range) => {
                let code = match self.bytes(scratch, place(range)) {
                    [] => None,
                    [high, low, reason @ ..] => {
                        let reason = str::from_utf8(reason).map_err(|_| Broken::NotText)?;
                        Some((u16::from_be_bytes([*high, *low]), reason.to_owned()))
                    }
                    [_] => return Poll::Ready(Err(Broken::Faulty)),
                };
                Poll::Ready(Ok(Came::Close(self.answer_close(code))))
            }
            What::Whole(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| Broken::NotText)?;
                Poll::Ready(Ok(Came::Text(text.into())))
            }
            What::Text(range) => {
                let text = str::from_utf8(self.bytes(scratch, place(range))).map_err(|_| Broken::NotText)?;
                Poll::Ready(Ok(Came::Text(text.into())))
            }
        }
    }

    /// Keeps what a turn has not looked at.
    pub(crate) fn keep_rest(&mut self, scratch: &mut Scratch) {
        self.drop_rest_if_used();
        if !scratch.unread.is_empty() {
            // What is kept came before it, and there is nothing then.
            self.rest = scratch.take_unread();
        }
    }

    /// Where a frame was found that was just looked at.
    fn bytes<'a>(&'a self, scratch: &'a Scratch, range: Range<usize>) -> &'a [u8] {
        let bytes = if self.rest.is_empty() { &scratch.bytes } else { &self.rest };
        bytes.get(range).unwrap_or_default()
    }

    /// What was kept is no burden to a socket that is idle.
    fn drop_rest_if_used(&mut self) {
        if !self.rest.is_empty() && self.rest_used >= self.rest.len() {
            self.rest = Vec::new();
            self.rest_used = 0;
        }
    }

    /// Reads more: into the buffer, or behind what is kept of a frame that is not whole.
    fn poll_fill(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<Result<(), Broken>> {
        if !scratch.unread.is_empty() {
            self.rest = scratch.take_unread();
        } else if self.rest_used > 0 {
            self.rest.drain(..self.rest_used);
            self.rest_used = 0;
        }
        let mut buf = ReadBuf::new(&mut scratch.bytes);
        match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)) {
            Ok(()) if !buf.filled().is_empty() => {}
            Ok(()) | Err(_) => return Poll::Ready(Err(Broken::Lost)),
        }
        if self.rest.is_empty() {
            scratch.unread = 0..buf.filled().len();
        } else {
            self.rest.extend_from_slice(buf.filled());
        }
        Poll::Ready(Ok(()))
    }

    /// Answers a close frame, unless it is the answer to ours. Returns the code that counts.
    fn answer_close(&mut self, came: Option<(u16, String)>) -> Option<u16> {
        let code = came.as_ref().map(|(code, _)| *code);
        if self.is_closed {
            return code;
        }
        let answer = came.map(|(code, reason)| match CloseCode::from(code) {
            code if code.is_allowed() => CloseFrame { code, reason: reason.into() },
            _ => CloseFrame { code: CloseCode::Protocol, reason: "this code is not for the wire".into() },
        });
        let code = answer.as_ref().map(|frame| frame.code.into());
        self.queue_control(Frame::close(answer));
        self.is_closed = true;
        code
    }

    /// Puts a text frame behind what is to be written.
    pub(crate) fn queue(&mut self, frame: Outgoing) {
        let header = Header::of_text(frame.text.len());
        self.pieces.push_back(Piece::Text { header, frame });
    }

    /// Puts a ping behind what is to be written.
    pub(crate) fn queue_ping(&mut self) {
        self.queue_control(Frame::ping(Vec::new()));
    }

    /// Puts a close frame behind what is to be written, if none is there.
    pub(crate) fn queue_close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.queue_control(Frame::close(Some(frame)));
        self.is_closed = true;
    }

    fn queue_control(&mut self, frame: Frame) {
        let mut bytes = Vec::with_capacity(frame.len());
        // Writing to memory can't fail.
        if !self.is_closed && frame.format(&mut bytes).is_ok() {
            self.pieces.push_back(Piece::Control(bytes));
        }
    }

    /// How many pieces wait to be written.
    pub(crate) fn backlog(&self) -> usize {
        self.pieces.len()
    }

    /// The kept frames written since this was last asked.
    pub(crate) fn take_kept_written(&mut self) -> Load {
        std::mem::take(&mut self.kept_written)
    }

    /// Writes what waits. Returns whether anything was written on the way, also while pending.
    pub(crate) fn poll_write_out(&mut self, cx: &mut Context<'_>) -> (bool, Poll<io::Result<()>>) {
        let mut progress = false;
        while !self.pieces.is_empty() {
            match self.poll_write_some(cx) {
                Poll::Ready(Ok(written)) => {
                    progress = true;
                    self.unflushed = true;
                    self.advance(written);
                }
                Poll::Ready(Err(error)) => return (progress, Poll::Ready(Err(error))),
                Poll::Pending => return (progress, Poll::Pending),
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                other => return (progress, other),
            }
        }
        (progress, Poll::Ready(Ok(())))
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { stream, pieces, first_written, .. } = self;
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut used = 0;
        let mut skip = *first_written;
        'pieces: for piece in pieces.iter() {
            for bytes in piece.slices() {
                let rest = bytes.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(bytes.len());
                if rest.is_empty() {
                    continue;
                }
                let Some(slice) = slices.get_mut(used) else { break 'pieces };
                *slice = IoSlice::new(rest);
                used = used.saturating_add(1);
            }
        }
        let written =
            ready!(Pin::new(stream).poll_write_vectored(cx, slices.get(..used).unwrap_or_default()))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        Poll::Ready(Ok(written))
    }

    fn advance(&mut self, written: usize) {
        self.first_written = self.first_written.saturating_add(written);
        while let Some(piece) = self.pieces.front() {
            let len = piece.len();
            if self.first_written < len {
                return;
            }
            self.first_written = self.first_written.saturating_sub(len);
            if let Some(Piece::Text { frame, .. }) = self.pieces.pop_front()
                && frame.kind == FrameKind::Kept
            {
                self.kept_written.frames = self.kept_written.frames.saturating_add(1);
                self.kept_written.bytes = self.kept_written.bytes.saturating_add(frame.text.len());
            }
        }
        // A burst leaves no memory behind at a socket that is idle again.
        if self.pieces.is_empty() && self.pieces.capacity() > 4 {
            self.pieces = VecDeque::new();
        }
    }
}

impl Piece {
    fn slices(&self) -> [&[u8]; 2] {
        match self {
            Self::Text { header, frame } => [header.as_slice(), frame.text.as_bytes()],
            Self::Control(bytes) => [bytes, &[]],
        }
    }

    fn len(&self) -> usize {
        self.slices().iter().map(|slice| slice.len()).fold(0, usize::saturating_add)
    }
}

impl Header {
    fn of_text(len: usize) -> Self {
        let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
        let mut bytes = [0; 10];
        let mut room = bytes.as_mut_slice();
        // The head of an unmasked frame has at most 10 bytes (RFC 6455, section 5.2), so it fits.
        let fits = header.format(u64::try_from(len).unwrap_or(u64::MAX), &mut room).is_ok();
        let left = room.len();
        Self { bytes, len: if fits { bytes.len().saturating_sub(left) } else { 0 } }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
