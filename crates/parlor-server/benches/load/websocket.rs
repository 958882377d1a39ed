//! As much of RFC 6455 as a load generator needs: the opening handshake, whole text frames, pings, closing. Written by
//! hand so that generating load costs little beside the servers that are measured.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Opcodes, section 5.2.
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// Whether a client masks its frames. A masked frame costs the server the work of unmasking whatever the key is, so
/// the key is zero and the payload stays as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mask {
    Zero,
    /// For the bare loop, which hands bytes on as they are.
    None,
}

/// Opens a WebSocket, blocking.
pub(crate) fn open(address: SocketAddr, path: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    // Byte by byte: what comes after the head is a frame already, and belongs to the reader.
    let mut head = Vec::new();
    let mut byte = [0_u8];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        return Err(std::io::Error::other(format!("no WebSocket at {path}: {line}")));
    }
    Ok(stream)
}

/// A whole frame.
pub(crate) fn frame(opcode: u8, payload: &[u8], mask: Mask) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    let mask_bit = if mask == Mask::Zero { 0x80 } else { 0 };
    frame.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => frame.push(mask_bit | length as u8),
        length @ 126..=65_535 => {
            frame.push(mask_bit | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(mask_bit | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    if mask == Mask::Zero {
        frame.extend([0_u8; 4]);
    }
    frame.extend_from_slice(payload);
    frame
}

/// The first whole frame of a server: its opcode, where its payload is, and where the next frame begins.
pub(crate) fn first_frame(bytes: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
    let opcode = bytes.first()? & 0x0F;
    let (start, length) = match bytes.get(1)? & 0x7F {
        126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    let end = start + usize::try_from(length).ok()?;
    (bytes.len() >= end).then_some((opcode, start..end))
}
