//! Ids: short ASCII strings of one alphabet, `[A-Za-z0-9_.:@-]{1,64}`, each kind a type of its own.
//!
//! They are compared by bytes (CM-1), so every language orders them alike, and are cheap to clone.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::ID_BYTES_MAX;

/// Why a string is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Ids have at least one character.
    #[error("an id has at least one character")]
    Empty,
    /// Ids have at most 64 characters.
    #[error("an id has at most {ID_BYTES_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside the alphabet.
    #[error("only A-Z a-z 0-9 _ . : @ - are allowed in an id, not U+{:04X}", u32::from(*.0))]
    Character(char),
}

fn check(text: &str) -> Result<(), IdError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '@' | '-');
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return Err(IdError::Character(c));
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong(text.len()));
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(test, derive(ts_rs::TS), ts(as = "String"))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads an id.
            ///
            /// # Errors
            /// [`IdError`] when the text is empty, longer than 64 characters, or has a character outside
            /// `[A-Za-z0-9_.:@-]`.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// Who a session speaks for, and who a participant is. A PeerJS peer's id is its user id too.
    UserId
}
id! {
    /// A room. For a person it is the fragment of the page's address.
    RoomId
}
id! {
    /// The document (or process) that owns the RTCPeerConnections, made anew on each load.
    Instance
}
id! {
    /// One chat message, the same on every path, so that a second copy can be told.
    ChatId
}

impl UserId {
    /// `hub`, the reserved id of the forwarding server.
    #[must_use]
    pub fn hub() -> Self {
        Self("hub".into())
    }

    /// Whether this is `hub`, the reserved id of the forwarding server.
    #[must_use]
    pub fn is_hub(&self) -> bool {
        &*self.0 == "hub"
    }
}
