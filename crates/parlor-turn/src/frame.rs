//! Where one message ends in a stream and the next begins (RFC 8656, sections 3.1 and 12.5).

use crate::limits::DATAGRAM_BYTES_MAX;

/// Bytes that [`frame_bytes`] wants to see.
pub const FRAME_HEAD_BYTES: usize = 4;
/// Bytes of a STUN message without attributes (RFC 8489, section 5).
pub(crate) const STUN_HEAD_BYTES: usize = 20;
/// Bytes in front of a channel's data.
pub(crate) const CHANNEL_HEAD_BYTES: usize = 4;
/// Channel numbers. RFC 8656, section 12, ends them at 0x4fff, RFC 5766, section 11, here: clients of that time, such as coturn's, draw
/// from all of them.
pub(crate) const CHANNEL_FIRST: u16 = 0x4000;
pub(crate) const CHANNEL_LAST: u16 = 0x7fff;

/// Whether a stream that begins so is one of TURN: a STUN request (RFC 8489, section 5), no other protocol of streams that comes to the
/// same ports. HTTP begins with a letter, TLS with 22, frames of ICE over TCP (RFC 4571) with a length.
///
/// `bytes` are the first of the stream, at least 8 of them. The magic cookie stands at 4, where in a frame of RFC 4571 the
/// length of a STUN message stands.
#[must_use]
pub fn is_frame_start(bytes: &[u8]) -> bool {
    const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    bytes.first().is_some_and(|first| *first < 4) && bytes.get(4..8) == Some(COOKIE.as_slice())
}

/// Bytes of the frame that begins so, its head and padding included; `None` if it is neither a STUN message nor a channel's data, or larger than
/// is taken.
#[must_use]
pub fn frame_bytes(head: [u8; FRAME_HEAD_BYTES]) -> Option<usize> {
    let [first, second, third, fourth] = head;
    let length = usize::from(u16::from_be_bytes([third, fourth]));
    let bytes = match u16::from_be_bytes([first, second]) {
        0..0x4000 if length.is_multiple_of(4) => length.checked_add(STUN_HEAD_BYTES)?,
        CHANNEL_FIRST..=CHANNEL_LAST => length.checked_add(CHANNEL_HEAD_BYTES)?.next_multiple_of(4),
        _ => return None,
    };
    (bytes <= DATAGRAM_BYTES_MAX).then_some(bytes)
}
