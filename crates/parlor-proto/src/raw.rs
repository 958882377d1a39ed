//! JSON that passes through unchanged: what one participant tells another is not ours to rewrite.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Any JSON value, kept as the text it came in. Equal when the texts are.
#[derive(Clone)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "unknown"))]
pub struct RawJson(Arc<RawValue>);

impl RawJson {
    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Eq for RawJson {}

impl Hash for RawJson {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_json().hash(state);
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Box::<RawValue>::deserialize(deserializer)?.into()))
    }
}

/// A session description (RFC 8866) as a JSON string. A relay copies it without taking the escapes off and putting
/// them on again.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(ts_rs::TS), ts(as = "String"))]
pub struct Sdp(RawJson);

impl Sdp {
    /// Makes one from plain text.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let quoted = serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(RawJson(quoted.into()))
    }

    /// The description as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::from_str(self.0.as_json()).map(|Text(text)| text).unwrap_or_default()
    }

    /// The first `a=ice-ufrag` (RFC 8839, section 5.4): which candidates belong to this description.
    #[must_use]
    pub fn ice_ufrag(&self) -> Option<String> {
        self.text()
            .lines()
            .find_map(|line| line.strip_prefix("a=ice-ufrag:"))
            .map(|ufrag| ufrag.trim().to_owned())
    }
}

impl fmt::Debug for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Sdp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sdp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        if !raw.as_json().starts_with('"') {
            return Err(serde::de::Error::custom("sdp is a string"));
        }
        // A lone surrogate escape is valid JSON grammar but no text; it must not reach the other side. Descriptions
        // have no reason to escape anything but line ends, and then need not be unpacked here.
        if raw.as_json().contains("\\u") {
            serde_json::from_str::<Cow<'_, str>>(raw.as_json()).map_err(serde::de::Error::custom)?;
        }
        Ok(Self(raw))
    }
}

/// A JSON string. Reading a `String` brings with it what describes any other JSON value in an error, floating point numbers
/// among them: an eighth of the page's core, for a sentence that nobody reads.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextReader)
    }
}

struct TextReader;

impl<'de> Visitor<'de> for TextReader {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Text, E> {
        Err(E::custom("no string"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Text, E> {
        Err(E::custom("no string"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Text, E> {
        Err(E::custom("no string"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Text, E> {
        Err(E::custom("no string"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Text, E> {
        Err(E::custom("no string"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Text, A::Error> {
        Err(A::Error::custom("no string"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Text, A::Error> {
        Err(A::Error::custom("no string"))
    }
}
