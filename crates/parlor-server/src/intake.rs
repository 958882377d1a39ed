//! What comes in at a WebSocket: from bytes to messages (RFC 6455, section 5), where they lie.
//!
//! The bytes stay whose they are: a frame that is whole is unmasked in place and looked at there. Kept is only what can't be
//! looked at yet, the parts of a message in fragments. How the head of a frame is read is tungstenite's.

use std::io::Cursor;
use std::ops::Range;

use parlor_proto::limits::FRAME_BYTES_MAX;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The payload of a control frame has at most so many bytes (RFC 6455, section 5.5).
const CONTROL_BYTES_MAX: usize = 125;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    /// A message of which not all fragments are here.
    message: Option<Box<Fragments>>,
    /// Bytes of a frame that is too large which are still to come.
    skip: u64,
}

/// A message in fragments.
#[derive(Debug)]
struct Fragments {
    is_text: bool,
    bytes: Vec<u8>,
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many of the bytes it was.
    pub(crate) used: usize,
    pub(crate) what: What,
}

/// A frame, or the end of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A part of something; there is nothing to say of it.
    Part,
    /// A text, not yet known to be UTF-8, and where among the bytes it is.
    Text(Range<usize>),
    /// A text that came in fragments, not yet known to be UTF-8.
    Whole(Vec<u8>),
    Binary,
    Ping(Range<usize>),
    Pong,
    Close(Range<usize>),
    /// A message is larger than any may be. What is left of its frame is passed over.
    TooLarge,
}

/// What comes is no WebSocket traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Faulty;

impl Intake {
    /// Looks at the first frame of the bytes; none while it is not whole.
    pub(crate) fn find(&mut self, bytes: &mut [u8]) -> Result<Option<Found>, Faulty> {
        if self.skip > 0 {
            return Ok(self.pass_over(bytes.len()));
        }
        let mut cursor = Cursor::new(&*bytes);
        let Some((header, len)) = FrameHeader::parse(&mut cursor).map_err(|_| Faulty)? else {
            return Ok(None);
        };
        let start = usize::try_from(cursor.position()).map_err(|_| Faulty)?;
        // No extension is spoken that would give the reserved bits a meaning, and clients mask.
        let Some(mask) = header.mask.filter(|_| !(header.rsv1 || header.rsv2 || header.rsv3)) else {
            return Err(Faulty);
        };
        let (is_control, before) = self.judge(&header)?;
        let most = if is_control { CONTROL_BYTES_MAX } else { FRAME_BYTES_MAX.saturating_sub(before) };
        let fits = usize::try_from(len).ok().filter(|len| *len <= most);
        let Some(len) = fits else {
            if is_control {
                return Err(Faulty);
            }
            self.message = None;
            self.skip = len;
            return Ok(Some(Found { used: start, what: What::TooLarge }));
        };
        let used = start.saturating_add(len);
        let Some(payload) = bytes.get_mut(start..used) else { return Ok(None) };
        unmask(payload, mask);
        let what = match header.opcode {
            OpCode::Control(Control::Ping) => What::Ping(start..used),
            OpCode::Control(Control::Pong) => What::Pong,
            OpCode::Control(Control::Close) => What::Close(start..used),
            OpCode::Data(Data::Text) if header.is_final => What::Text(start..used),
            OpCode::Data(Data::Binary) if header.is_final => What::Binary,
            OpCode::Data(kind) => self.gather(kind == Data::Text, header.is_final, payload),
            OpCode::Control(Control::Reserved(_)) => return Err(Faulty),
        };
        Ok(Some(Found { used, what }))
    }

    /// Whether a frame may come now (RFC 6455, section 5.4); whether it is a control frame, and how many bytes of its message
    /// came before it.
    fn judge(&self, header: &FrameHeader) -> Result<(bool, usize), Faulty> {
        match (header.opcode, &self.message) {
            (OpCode::Control(_), _) => header.is_final.then_some((true, 0)).ok_or(Faulty),
            (OpCode::Data(Data::Continue), Some(message)) => Ok((false, message.bytes.len())),
            (OpCode::Data(Data::Text | Data::Binary), None) => Ok((false, 0)),
            _ => Err(Faulty),
        }
    }

    /// Takes in a fragment.
    fn gather(&mut self, is_text: bool, is_final: bool, payload: &[u8]) -> What {
        let message = self.message.get_or_insert_with(|| Box::new(Fragments { is_text, bytes: Vec::new() }));
        message.bytes.extend_from_slice(payload);
        if !is_final {
            return What::Part;
        }
        match self.message.take() {
            Some(message) if message.is_text => What::Whole(message.bytes),
            _ => What::Binary,
        }
    }

    fn pass_over(&mut self, bytes: usize) -> Option<Found> {
        let used = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes);
        self.skip = self.skip.saturating_sub(u64::try_from(used).unwrap_or(u64::MAX));
        (used > 0).then_some(Found { used, what: What::Part })
    }
}

/// Takes the mask off (RFC 6455, section 5.3), eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let twice = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ twice).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
