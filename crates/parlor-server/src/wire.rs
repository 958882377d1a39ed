//! One WebSocket's bytes: frames in by tungstenite (RFC 6455), frames out without copying their text.
//!
//! tungstenite reads, checks and answers control frames; what it wants written is kept here and goes out between two
//! frames. Text frames are written straight from the registry's shared text, so a room list that thousands of sockets
//! wait for is in memory once, and a socket that is idle holds no write buffer at all.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::Message;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, FrameHeader};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use parlor_proto::limits::FRAME_BYTES_MAX;
use parlor_room::{FrameKind, Outgoing};

use crate::limits::READ_BYTES;
use crate::outbox::Load;
use crate::stream::Stream;

/// Buffers of one system call: a header and a text for each of some frames.
const SLICES_MAX: usize = 32;

/// See the module.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    codec: WebSocketContext,
    /// What tungstenite wants written, until it has a place among the pieces.
    control: Vec<u8>,
    pieces: VecDeque<Piece>,
    /// Bytes of the first piece that are written.
    first_written: usize,
    /// Kept frames written since this was last asked.
    kept_written: Load,
    /// Whether all that was read is understood, so that there is nothing more before more bytes come.
    is_dry: bool,
    /// Whether bytes were written that the stream may still hold back (TLS).
    unflushed: bool,
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
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_frame_size(Some(FRAME_BYTES_MAX))
            .max_message_size(Some(FRAME_BYTES_MAX));
        Self {
            stream,
            codec: WebSocketContext::from_partially_read(early, Role::Server, Some(config)),
            control: Vec::new(),
            pieces: VecDeque::new(),
            first_written: 0,
            kept_written: Load::default(),
            is_dry: false,
            unflushed: false,
        }
    }

    /// The stream under it.
    pub(crate) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// The next message.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, tungstenite::Error>> {
        // tungstenite clears its buffer before each attempt to read; a task that was woken to write need not pay for
        // that.
        if self.is_dry
            && let Stream::Plain(tcp) = &self.stream
            && tcp.poll_read_ready(cx).is_pending()
        {
            return Poll::Pending;
        }
        let Self { stream, codec, control, .. } = self;
        let read = codec.read(&mut Door { stream, cx, control });
        self.is_dry =
            matches!(&read, Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock);
        self.place_control();
        match read {
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Ok(Message::Close(frame)) => {
                // The reply is due now; what tungstenite says of its own state afterwards is of no interest.
                self.with_codec(cx, |codec, door| drop(codec.flush(door)));
                Poll::Ready(Ok(Message::Close(frame)))
            }
            other => Poll::Ready(other),
        }
    }

    /// Puts a text frame behind what is to be written.
    pub(crate) fn queue(&mut self, frame: Outgoing) {
        let header = Header::of_text(frame.text.len());
        self.pieces.push_back(Piece::Text { header, frame });
    }

    /// Puts a ping behind what is to be written.
    pub(crate) fn queue_ping(&mut self, cx: &mut Context<'_>) {
        self.with_codec(cx, |codec, door| drop(codec.write(door, Message::Ping(Vec::new().into()))));
    }

    /// Puts a close frame behind what is to be written.
    pub(crate) fn queue_close(&mut self, cx: &mut Context<'_>, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.with_codec(cx, |codec, door| drop(codec.close(door, Some(frame))));
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

    fn with_codec(&mut self, cx: &mut Context<'_>, f: impl FnOnce(&mut WebSocketContext, &mut Door<'_, '_>)) {
        let Self { stream, codec, control, .. } = self;
        f(codec, &mut Door { stream, cx, control });
        self.place_control();
    }

    /// Gives what tungstenite wants written its place: behind the rest, where it is in order after the frames that
    /// were queued before it.
    fn place_control(&mut self) {
        if !self.control.is_empty() {
            self.pieces.push_back(Piece::Control(std::mem::take(&mut self.control)));
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

/// The stream as tungstenite sees it: reads come from the socket, writes go to `control`.
struct Door<'a, 'b> {
    stream: &'a mut Stream,
    cx: &'a mut Context<'b>,
    control: &'a mut Vec<u8>,
}

impl Read for Door<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        match Pin::new(&mut *self.stream).poll_read(self.cx, &mut buf) {
            Poll::Ready(Ok(())) => Ok(buf.filled().len()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Door<'_, '_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.control.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
