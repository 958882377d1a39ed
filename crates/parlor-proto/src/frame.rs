//! The door for what clients send: [`ClientFrame::parse`]. Behind it every field is what the contract says; what the
//! messages are is in [`client`](crate::client).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::client::ClientMessage;
use crate::error::{ErrorCode, Refusal};
use crate::id::{RoomId, UserId};
use crate::json;
use crate::limits;
use crate::raw::RawJson;

/// A request's `id`, a string or a number, given back as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string | number"))]
pub struct RequestId(RawJson);

/// One frame of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientFrame {
    /// Wanted in the answer as `re`.
    pub id: Option<RequestId>,
    /// The client's own number of this frame.
    pub cseq: Option<u64>,
    /// What it says.
    pub message: ClientMessage,
}

/// A frame that can't be understood: what to answer, and to which request.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameError {
    /// The request's `id`, where it could be read.
    pub id: Option<RequestId>,
    /// The client's own number of this frame, where it could be read.
    pub cseq: Option<u64>,
    /// The answer.
    pub refusal: Refusal,
}

/// What is round a message. Its data is still the text that came.
#[derive(Debug, PartialEq)]
struct Envelope<'a> {
    kind: Cow<'a, str>,
    data: Option<&'a str>,
    id: Option<&'a str>,
    cseq: Option<u64>,
}

impl<'a> Envelope<'a> {
    fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        match Self::step_over(text) {
            Some(envelope) => Ok(envelope),
            // It knows better what is wrong.
            None => Self::by_serde(text),
        }
    }

    /// The same for frames that are right, but for the time that it takes.
    fn step_over(text: &'a str) -> Option<Self> {
        let (mut kind, mut data, mut id, mut cseq) = (None, None, None, None);
        json::each_member(text, |name, value| {
            let place = match &*name {
                "type" => &mut kind,
                "data" => &mut data,
                "id" => &mut id,
                "cseq" => &mut cseq,
                _ => return Some(()),
            };
            place.replace(value).is_none().then_some(())
        })?;
        let given = |value: Option<&'a str>| value.filter(|value| *value != "null");
        let cseq = match given(cseq) {
            None => None,
            Some(number) => Some(serde_json::from_str(number).ok()?),
        };
        Some(Self { kind: json::string(kind?)?, data: given(data), id: given(id), cseq })
    }

    fn by_serde(text: &'a str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow, rename = "type")]
            kind: Cow<'a, str>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
            #[serde(default)]
            cseq: Option<u64>,
        }
        let Members { kind, data, id, cseq } = serde_json::from_str(text)?;
        Ok(Self { kind, data: data.map(RawValue::get), id: id.map(RawValue::get), cseq })
    }
}

/// What can be said of a frame whose envelope is not right.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Remains {
    id: Option<serde_json::Value>,
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
}

/// What a refusal repeats of a message that could not be read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LooseContext {
    to: Option<serde_json::Value>,
    room_id: Option<serde_json::Value>,
    attempt: Option<serde_json::Value>,
}

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`FrameError`] with the answer to send: `bad-message` when it is not JSON, nests deeper than
    /// [`limits::NESTING_MAX`], has an unknown type, or a field that is missing, of the wrong type or out of range;
    /// `too-large` for a chat text or a payload above its limit.
    pub fn parse(text: &str) -> Result<Self, Box<FrameError>> {
        if !nests_within(text, limits::NESTING_MAX) {
            return Err(refuse(None, format!("the frame nests deeper than {}", limits::NESTING_MAX)));
        }
        // The derived readers would take an array as the fields in order.
        if !text.trim_start().starts_with('{') {
            return Err(refuse(None, "not a frame {\"type\": string, \"data\": object}".to_owned()));
        }
        let envelope = Envelope::read(text).map_err(|error| unreadable(text, &error))?;
        let id = match envelope.id.map(read_request_id) {
            None => None,
            Some(Some(id)) => Some(id),
            Some(None) => {
                let mut error = refuse(None, "id: a string or a number of at most 128 bytes".to_owned());
                error.refusal.kind = Some(printable(&envelope.kind));
                return Err(error);
            }
        };
        let cseq = envelope.cseq;
        let data = envelope.data.unwrap_or("{}");
        let fail = |code: ErrorCode, reason: String| {
            let loose: LooseContext = serde_json::from_str(data).unwrap_or_default();
            Box::new(FrameError {
                id: id.clone(),
                cseq,
                refusal: Refusal {
                    code,
                    message: reason,
                    kind: Some(printable(&envelope.kind)),
                    to: loose.to.and_then(|v| UserId::parse(v.as_str()?).ok()),
                    room_id: loose.room_id.and_then(|v| RoomId::parse(v.as_str()?).ok()),
                    attempt: loose.attempt.and_then(|v| v.as_u64()?.try_into().ok()),
                },
            })
        };
        if !data.starts_with('{') {
            return Err(fail(ErrorCode::BadMessage, "data: an object".to_owned()));
        }
        let message = match ClientMessage::parse(&envelope.kind, data) {
            None => {
                let reason = format!("unknown type {:?}", printable(&envelope.kind));
                return Err(fail(ErrorCode::BadMessage, reason));
            }
            Some(Err(error)) => {
                return Err(fail(ErrorCode::BadMessage, format!("{}: {error}", envelope.kind)));
            }
            Some(Ok(message)) => message,
        };
        match message.fault() {
            Some((code, reason)) => Err(fail(code, format!("{}: {reason}", envelope.kind))),
            None => Ok(Self { id, cseq, message }),
        }
    }
}

fn refuse(id: Option<RequestId>, message: String) -> Box<FrameError> {
    let refusal =
        Refusal { code: ErrorCode::BadMessage, message, kind: None, to: None, room_id: None, attempt: None };
    Box::new(FrameError { id, cseq: None, refusal })
}

/// The envelope is wrong: say so, and repeat of it what can be read.
fn unreadable(text: &str, error: &serde_json::Error) -> Box<FrameError> {
    let remains: Remains = serde_json::from_str(text).unwrap_or_default();
    let id = remains.id.and_then(|id| {
        let raw = serde_json::value::to_raw_value(&id).ok()?;
        read_request_id(raw.get())
    });
    let mut refused = refuse(id, format!("not a frame {{\"type\": string, \"data\": object}}: {error}"));
    refused.refusal.kind = remains.kind.and_then(|kind| Some(printable(kind.as_str()?)));
    refused
}

fn read_request_id(text: &str) -> Option<RequestId> {
    let fits = text.len() <= limits::REQUEST_ID_BYTES_MAX;
    let is_string_or_number = text.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit());
    (fits && is_string_or_number).then(|| serde_json::from_str(text).ok())?
}

/// A type as a refusal may repeat it: no longer than any id.
fn printable(kind: &str) -> String {
    kind.chars().take(limits::ID_BYTES_MAX).collect()
}

/// Whether arrays and objects nest at most `max` deep. Counts brackets outside strings, so it also holds for text
/// that is not JSON.
fn nests_within(text: &str, max: usize) -> bool {
    // Nearly every frame has fewer brackets than would be needed; counting them takes a fraction of what following
    // them does.
    if text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() <= max {
        return true;
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth = depth.saturating_add(1);
                if depth > max {
                    return false;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Envelope;

    /// Members of which frames are made, and what stands between them.
    fn piece() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["type", "data", "id", "cseq", "other", "ty\\u0070e"]);
        let value = prop::sample::select(vec![
            "null",
            "\"ping\"",
            "\"pi\\u006eg\"",
            "\"\\ud800\"",
            "{}",
            " {\"sdp\":\"v=0\\r\\n\"} ",
            "[1]",
            "7",
            "-7",
            "7.0",
            "1e2",
            "18446744073709551615",
            "18446744073709551616",
            "true",
            "\"a",
            "01",
            "",
        ]);
        (name, value).prop_map(|(name, value)| format!("\"{name}\":{value}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn what_is_stepped_over_is_what_serde_reads(pieces in prop::collection::vec(piece(), 0..5)) {
            let text = format!("{{{}}}", pieces.join(","));
            if let Some(envelope) = Envelope::step_over(&text) {
                prop_assert_eq!(Some(envelope), Envelope::by_serde(&text).ok(), "{}", text);
            } else if let Ok(envelope) = Envelope::by_serde(&text) {
                prop_assert!(false, "{text} is right, and was not stepped over: {envelope:?}");
            }
        }
    }
}
