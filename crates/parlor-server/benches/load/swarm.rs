//! Many WebSockets in one thread: what they send is written at once where it can be, what comes is handed to a closure.
//! Pings are answered, as by every client.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::Value;

use crate::websocket::{self, CLOSE, Mask, PING, PONG, TEXT};

/// How long anything may take before a measurement gives up, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Sockets by number, from 0.
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    sockets: Vec<Socket>,
    mask: Mask,
    scratch: Vec<u8>,
    /// Bytes that came, over all sockets.
    pub(crate) received_bytes: u64,
}

struct Socket {
    stream: TcpStream,
    /// What came and is no whole frame yet.
    received: Vec<u8>,
    /// What could not be written yet.
    unsent: Vec<u8>,
    is_open: bool,
}

impl Swarm {
    pub(crate) fn new(mask: Mask) -> Self {
        Self {
            poll: Poll::new().expect("epoll"),
            events: Events::with_capacity(4096),
            sockets: Vec::new(),
            mask,
            scratch: vec![0; 256 * 1024],
            received_bytes: 0,
        }
    }

    /// Opens one more, and says its number.
    pub(crate) fn open(&mut self, address: SocketAddr, path: &str) -> usize {
        let stream = websocket::open(address, path).expect("the server takes one more socket");
        stream.set_nonblocking(true).expect("a non-blocking socket");
        let mut stream = TcpStream::from_std(stream);
        let number = self.sockets.len();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(number), interest)
            .expect("one more socket to watch");
        self.sockets.push(Socket { stream, received: Vec::new(), unsent: Vec::new(), is_open: true });
        number
    }

    /// Sends a text frame.
    pub(crate) fn send(&mut self, number: usize, text: &str) {
        let frame = websocket::frame(TEXT, text.as_bytes(), self.mask);
        self.sockets[number].write(&frame);
    }

    /// Sends a close frame with a code, and nothing more.
    pub(crate) fn close(&mut self, number: usize, code: u16) {
        let frame = websocket::frame(CLOSE, &code.to_be_bytes(), self.mask);
        self.sockets[number].write(&frame);
    }

    /// Waits at most so long for something to come, and hands each text frame on with the number of its socket.
    pub(crate) fn poll(&mut self, wait: Duration, mut on_text: impl FnMut(usize, &[u8])) {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            other => other.expect("epoll"),
        }
        for event in &self.events {
            let number = event.token().0;
            let socket = &mut self.sockets[number];
            if event.is_writable() {
                socket.write(&[]);
            }
            if event.is_readable() {
                self.received_bytes += socket.read(&mut self.scratch);
                socket.take_frames(self.mask, |text| on_text(number, text));
            }
        }
    }

    /// Polls until everything that is asked for has happened.
    pub(crate) fn poll_until(&mut self, what: &str, mut on_text: impl FnMut(usize, &[u8]) -> bool) {
        let start = Instant::now();
        let mut is_done = false;
        while !is_done {
            assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
            self.poll(Duration::from_millis(100), |number, text| is_done |= on_text(number, text));
        }
    }

    /// Waits for a frame of one type to come on one socket, and gives its data.
    pub(crate) fn expect(&mut self, number: usize, kind: &str) -> Value {
        let mut found = None;
        self.poll_until(kind, |from, text| {
            if from == number && is_type(text, kind) {
                let frame: Value = serde_json::from_slice(text).expect("frames are JSON");
                found = Some(frame.get("data").cloned().unwrap_or_default());
            }
            found.is_some()
        });
        found.unwrap_or_default()
    }

    /// Bytes of a socket that could not be written yet.
    pub(crate) fn unsent(&self, number: usize) -> usize {
        self.sockets[number].unsent.len()
    }

    /// Whether the other side has closed it.
    pub(crate) fn is_open(&self, number: usize) -> bool {
        self.sockets[number].is_open
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }
}

/// Whether a frame of parlor has this type: `type` is the first field that it writes.
pub(crate) fn is_type(text: &[u8], kind: &str) -> bool {
    text.strip_prefix(b"{\"type\":\"".as_slice())
        .and_then(|rest| rest.strip_prefix(kind.as_bytes()))
        .is_some_and(|rest| rest.starts_with(b"\""))
}

impl Socket {
    fn write(&mut self, bytes: &[u8]) {
        if !self.unsent.is_empty() || !self.is_open {
            self.unsent.extend_from_slice(bytes);
            let waiting = std::mem::take(&mut self.unsent);
            let written = self.write_some(&waiting);
            self.unsent = waiting[written..].to_vec();
        } else {
            let written = self.write_some(bytes);
            self.unsent.extend_from_slice(&bytes[written..]);
        }
    }

    fn write_some(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() && self.is_open {
            match self.stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.is_open = false,
            }
        }
        written
    }

    /// Reads all there is, and says how much.
    fn read(&mut self, scratch: &mut [u8]) -> u64 {
        let mut bytes = 0;
        loop {
            match self.stream.read(scratch) {
                Ok(0) => {
                    self.is_open = false;
                    return bytes;
                }
                Ok(count) => {
                    self.received.extend_from_slice(&scratch[..count]);
                    bytes += count as u64;
                    // A read that leaves room has emptied the socket: the next one would say so and cost a call.
                    if count < scratch.len() {
                        return bytes;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.is_open = false;
                    return bytes;
                }
            }
        }
    }

    fn take_frames(&mut self, mask: Mask, mut on_text: impl FnMut(&[u8])) {
        let received = std::mem::take(&mut self.received);
        let mut rest: &[u8] = &received;
        while let Some((opcode, payload)) = websocket::first_frame(rest) {
            let end = payload.end;
            match opcode {
                TEXT => on_text(&rest[payload]),
                PING => self.write(&websocket::frame(PONG, &rest[payload], mask)),
                CLOSE => self.is_open = false,
                _ => {}
            }
            rest = &rest[end..];
        }
        self.received = rest.to_vec();
    }
}
