//! Names that people read: 1 to 64 Unicode scalar values, trimmed, without controls and direction overrides.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::NAME_CHARS_MAX;

/// A person's or a room's name. Shown as text, never as markup: `<img onerror>` is a name like any other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(ts_rs::TS), ts(as = "String"))]
pub struct Name(Arc<str>);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left after trimming.
    #[error("a name has at least one character")]
    Empty,
    /// More than 64 Unicode scalar values.
    #[error("a name has at most {NAME_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A control character or a direction override.
    #[error("U+{0:04X} is not allowed in a name")]
    Character(u32),
}

/// Controls (Cc), and what changes the direction of the text around it: Unicode UAX #9, explicit formatting and
/// implicit marks, with the line and paragraph separators.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl Name {
    /// Reads a name; white space around it is taken off first.
    ///
    /// # Errors
    /// [`NameError`] when nothing is left, when more than 64 characters are left, or at a control character or
    /// direction override.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(c) = text.chars().find(|c| is_forbidden(*c)) {
            return Err(NameError::Character(c.into()));
        }
        let chars = text.chars().count();
        if chars > NAME_CHARS_MAX {
            return Err(NameError::TooLong(chars));
        }
        Ok(Self(text.into()))
    }

    /// The name of someone who gave none.
    #[must_use]
    pub fn guest() -> Self {
        Self("Guest".into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
