//! What the hub forwards, told apart by payload: Opus, RED around Opus, VP8, H264 in its constrained baseline.

use str0m::rtp::Vp8Descriptor;

/// A format that is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 2198, with Opus inside.
    Red,
    /// RFC 7741.
    Vp8,
    /// RFC 6184, with its packetization mode.
    H264 { mode: u8 },
}

impl Codec {
    /// Reads the encoding of an `a=rtpmap` line and the parameters of its `a=fmtp` line.
    pub(crate) fn from_sdp(encoding: &str, parameters: &str) -> Option<Self> {
        let name = encoding.split('/').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "opus" => Some(Self::Opus),
            "red" if encoding.contains("/48000") => Some(Self::Red),
            "vp8" => Some(Self::Vp8),
            "h264" => {
                let mode = parameters
                    .split(';')
                    .find_map(|word| word.trim().strip_prefix("packetization-mode="))
                    .and_then(|mode| mode.trim().parse().ok())
                    .unwrap_or(0);
                Some(Self::H264 { mode })
            }
            _ => None,
        }
    }

    /// Ticks of its RTP clock in a second.
    pub(crate) const fn clock_rate_hz(self) -> u32 {
        match self {
            Self::Opus | Self::Red => 48_000,
            Self::Vp8 | Self::H264 { .. } => 90_000,
        }
    }
}

/// What a packet of video says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Picture {
    /// A picture begins here that needs none before it.
    pub(crate) starts_key_frame: bool,
    /// Its height in pixels, where the packet says it.
    pub(crate) height: Option<u16>,
    /// VP8's payload descriptor.
    pub(crate) vp8: Option<Vp8Descriptor>,
}

/// Looks into a packet of video.
pub(crate) fn picture(codec: Codec, payload: &[u8]) -> Picture {
    match codec {
        Codec::Opus | Codec::Red => Picture::default(),
        Codec::Vp8 => {
            let vp8 = Vp8Descriptor::parse(payload).ok();
            let starts_key_frame = vp8.is_some_and(|descriptor| descriptor.starts_keyframe(payload));
            let height = if starts_key_frame { vp8_height(payload) } else { None };
            Picture { starts_key_frame, height, vp8 }
        }
        Codec::H264 { .. } => {
            Picture { starts_key_frame: starts_h264_key_frame(payload), ..Picture::default() }
        }
    }
}

/// The height in a VP8 key frame's header (RFC 6386, section 9.1): behind the start code 9d 01 2a come 14 bits of width
/// and 14 bits of height. The descriptor before it has at most 6 bytes, the frame tag 3.
fn vp8_height(payload: &[u8]) -> Option<u16> {
    const SEARCHED_BYTES: usize = 12;
    let head = payload.get(..SEARCHED_BYTES.min(payload.len()))?;
    let code = head.windows(3).position(|bytes| bytes == [0x9d, 0x01, 0x2a])?;
    let low = *payload.get(code + 5)?;
    let high = *payload.get(code + 6)?;
    Some(u16::from_le_bytes([low, high]) & 0x3fff)
}

/// Whether a sequence parameter set or the start of an IDR picture is in the packet (RFC 6184, section 5).
fn starts_h264_key_frame(payload: &[u8]) -> bool {
    const IDR: u8 = 5;
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let begins = |nal_type: u8| nal_type == IDR || nal_type == SPS;
    let Some((&head, rest)) = payload.split_first() else { return false };
    match head & 0x1f {
        STAP_A => {
            let mut rest = rest;
            while let Some((size, tail)) = rest.split_first_chunk::<2>() {
                if tail.first().is_some_and(|byte| begins(byte & 0x1f)) {
                    return true;
                }
                match tail.get(usize::from(u16::from_be_bytes(*size))..) {
                    Some(next) if next.len() < rest.len() => rest = next,
                    _ => return false,
                }
            }
            false
        }
        FU_A => rest.first().is_some_and(|fu| fu & 0x80 != 0 && begins(fu & 0x1f)),
        nal_type => begins(nal_type),
    }
}

/// RED (RFC 2198, section 3) for a receiver: with the receiver's payload types inside, or what it is around where the receiver
/// knows no RED. None if it is malformed.
pub(crate) fn red_for(payload: &[u8], inner_pt: u8, keeps_red: bool) -> Option<Vec<u8>> {
    const BLOCK_HEADER_BYTES: usize = 4;
    let mut out = payload.to_vec();
    let mut at = 0_usize;
    let mut redundant_bytes = 0_usize;
    loop {
        let first = out.get_mut(at)?;
        let is_last = *first & 0x80 == 0;
        *first = (*first & 0x80) | (inner_pt & 0x7f);
        if is_last {
            at = at.checked_add(1)?;
            break;
        }
        let length = [*out.get(at.checked_add(2)?)?, *out.get(at.checked_add(3)?)?];
        redundant_bytes = redundant_bytes.checked_add(usize::from(u16::from_be_bytes(length) & 0x3ff))?;
        at = at.checked_add(BLOCK_HEADER_BYTES)?;
    }
    let primary_at = at.checked_add(redundant_bytes)?;
    let primary = out.get(primary_at..)?;
    if keeps_red { Some(out) } else { Some(primary.to_vec()) }
}

#[cfg(test)]
mod tests;
