//! Frames of the server, as far as their envelope goes (`docs/protocol.md`, Frames).

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// One frame. What is in `data` is read when somebody wants it.
#[derive(Deserialize)]
pub(crate) struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    /// The request that it answers: this client's are numbers.
    #[serde(default)]
    pub(crate) re: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) seq: Option<u64>,
}

impl<'a> Frame<'a> {
    /// Reads a text; none if it is no frame.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Its data as text.
    pub(crate) fn data(&self) -> &'a str {
        self.data.map_or("{}", RawValue::get)
    }

    /// Its data; none if it is not what the contract says of this type, which a client passes over.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        match serde_json::from_str(self.data()) {
            Ok(data) => Some(data),
            Err(error) => {
                tracing::debug!(kind = %self.kind, %error, "a frame could not be read");
                None
            }
        }
    }

    /// The frame as the connection manager reads it; none for those that it has no use for.
    pub(crate) fn signal(&self) -> Option<parlor_connect::Signal> {
        const SIGNALS: [&str; 11] = [
            "room-joined",
            "user-joined-room",
            "user-left-room",
            "user-updated",
            "room-updated",
            "topology",
            "offer-wanted",
            "error",
            "offer",
            "answer",
            "ice-candidate",
        ];
        if !SIGNALS.contains(&&*self.kind) {
            return None;
        }
        // In this order: behind its type the data is read as it stands.
        let text = format!("{{\"type\":\"{}\",\"data\":{}}}", self.kind, self.data());
        serde_json::from_str(&text)
            .inspect_err(|error| tracing::debug!(kind = %self.kind, %error, "a signal could not be read"))
            .ok()
    }
}
