//! What peers say and are told, as PeerServer's clients know it: `{type, src, dst, payload}`.
//!
//! What one peer tells another is encoded once, where it is read: `src` is written by the server, `payload` passes as
//! the text it is, everything else is left out.

use std::sync::Arc;

use parlor_proto::json;
use parlor_proto::limits::ID_BYTES_MAX;

use super::hail::PeerId;

/// Bytes of the id of somebody whom a peer names. Nobody has one above 64; a longer one gets its `EXPIRE` as well.
const DST_BYTES_MAX: usize = 4 * ID_BYTES_MAX;

/// What a peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerFrame {
    /// It is there.
    Heartbeat,
    /// It gives its id back.
    Leave,
    /// Something for another peer.
    Signal(Signal),
    /// What only a server says, or nobody.
    Other,
}

/// Something for another peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    pub(crate) kind: SignalKind,
    pub(crate) to: Box<str>,
    /// The frame for the other one, complete.
    pub(crate) text: Arc<str>,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalKind {
    Offer,
    Answer,
    Candidate,
    Leave,
    Expire,
}

impl SignalKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Offer => "OFFER",
            Self::Answer => "ANSWER",
            Self::Candidate => "CANDIDATE",
            Self::Leave => "LEAVE",
            Self::Expire => "EXPIRE",
        }
    }

    /// Whether it is kept for somebody who is not there.
    pub(crate) const fn waits(self) -> bool {
        matches!(self, Self::Offer | Self::Answer | Self::Candidate)
    }
}

/// Of a frame as it comes, the values that count, as the JSON that they are.
#[derive(Default)]
struct Envelope<'a> {
    kind: Option<&'a str>,
    dst: Option<&'a str>,
    payload: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// None if it is no JSON object, or has one of them twice.
    fn read(text: &'a str) -> Option<Self> {
        let mut envelope = Self::default();
        json::each_member(text, |name, value| {
            let place = match &*name {
                "type" => &mut envelope.kind,
                "dst" => &mut envelope.dst,
                "payload" => &mut envelope.payload,
                _ => return Some(()),
            };
            place.replace(value).is_none().then_some(())
        })?;
        Some(envelope)
    }
}

impl PeerFrame {
    /// Reads a frame of the peer `from`; none if it is no JSON object.
    #[must_use]
    pub fn parse(text: &str, from: &PeerId) -> Option<Self> {
        let envelope = Envelope::read(text)?;
        let Some(kind) = envelope.kind.and_then(json::string) else { return Some(Self::Other) };
        let to = envelope.dst.and_then(json::string).filter(|to| !to.is_empty() && to.len() <= DST_BYTES_MAX);
        let kind = match (&*kind, &to) {
            ("HEARTBEAT", _) => return Some(Self::Heartbeat),
            ("LEAVE", None) => return Some(Self::Leave),
            ("OFFER", Some(_)) => SignalKind::Offer,
            ("ANSWER", Some(_)) => SignalKind::Answer,
            ("CANDIDATE", Some(_)) => SignalKind::Candidate,
            ("LEAVE", Some(_)) => SignalKind::Leave,
            ("EXPIRE", Some(_)) => SignalKind::Expire,
            _ => return Some(Self::Other),
        };
        let to = to.unwrap_or_default();
        let text = encode(kind.word(), Some(from.as_str()), Some(&to), envelope.payload);
        Some(Self::Signal(Signal { kind, to: to.into(), text }))
    }

    /// The type, for the log.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Heartbeat => "HEARTBEAT",
            Self::Leave => "LEAVE",
            Self::Signal(signal) => signal.kind.word(),
            Self::Other => "?",
        }
    }
}

/// The id is the peer's own from now on.
pub(crate) fn open() -> Arc<str> {
    encode("OPEN", None, None, None)
}

/// The id is somebody else's.
pub(crate) fn id_taken() -> Arc<str> {
    encode("ID-TAKEN", None, None, Some("{\"msg\":\"ID is taken\"}"))
}

/// The peer is not served, and why: a sentence without quotes in it.
pub(crate) fn error(sentence: &str) -> Arc<str> {
    encode("ERROR", None, None, Some(&format!("{{\"msg\":\"{sentence}\"}}")))
}

/// Whom `to` wanted to reach is not there.
pub(crate) fn expire(absent: &str, to: &PeerId) -> Arc<str> {
    encode("EXPIRE", Some(absent), Some(to.as_str()), None)
}

fn encode(kind: &str, src: Option<&str>, dst: Option<&str>, payload: Option<&str>) -> Arc<str> {
    let ids = [src, dst].into_iter().flatten().map(str::len).sum::<usize>();
    let bytes = kind.len().saturating_add(ids).saturating_add(payload.map_or(0, str::len));
    let mut text = String::with_capacity(bytes.saturating_add(64));
    text.push_str("{\"type\":\"");
    text.push_str(kind);
    text.push('"');
    if let Some(src) = src {
        text.push_str(",\"src\":");
        push_string(&mut text, src);
    }
    if let Some(dst) = dst {
        text.push_str(",\"dst\":");
        push_string(&mut text, dst);
    }
    if let Some(payload) = payload {
        text.push_str(",\"payload\":");
        text.push_str(payload);
    }
    text.push('}');
    text.into()
}

/// Peers' ids need no escapes; what a peer names may need some.
fn push_string(text: &mut String, content: &str) {
    if content.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        text.push('"');
        text.push_str(content);
        text.push('"');
    } else {
        // Writing a string can't fail.
        text.push_str(&serde_json::to_string(content).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
