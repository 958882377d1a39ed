//! Credentials that are made from a shared secret and end by themselves: the user name is `<expiry>:<name>`, the expiry
//! in seconds since the Unix epoch; the password is HMAC-SHA1 of it, in Base64 (draft-uberti-behave-turn-rest-00, section 2.2). Whoever has the
//! secret can make them, and no list of users is kept anywhere.

use data_encoding::BASE64;
use parlor_proto::Time;
use stun_types::attribute::MessageIntegrity;
use stun_types::message::{IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, ShortTermCredentials};

/// What a client shows (RFC 8489, section 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `<expiry>:<name>`.
    pub username: String,
    /// What proves it.
    pub password: String,
}

/// Makes credentials for somebody, good until `expires_at`, by the second.
#[must_use]
pub fn credentials(secret: &str, name: &str, expires_at: Time) -> Credentials {
    let username = format!("{}:{name}", expires_at.as_ms() / 1_000);
    let password = password(secret, &username);
    Credentials { username, password }
}

pub(crate) fn password(secret: &str, username: &str) -> String {
    let key = ShortTermCredentials::new(secret.to_owned()).make_key();
    MessageIntegrity::compute(&[username.as_bytes()], &key)
        .map_or_else(|_| String::new(), |mac| BASE64.encode(&mac))
}

/// Why a user name opens nothing, whatever the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    /// It says no time.
    NoTime,
    /// Its time is over.
    Expired,
}

impl NameError {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoTime => "the user name does not begin with the time of its expiry",
            Self::Expired => "the credentials have expired",
        }
    }
}

/// For whom a user name stands: what is behind the time, or if there is nothing all of it.
pub(crate) fn identity(username: &str, now: Time) -> Result<&str, NameError> {
    let (time, name) = username.split_once(':').unwrap_or((username, username));
    let expires_at: u64 = time.parse().map_err(|_| NameError::NoTime)?;
    if expires_at <= now.as_ms() / 1_000 { Err(NameError::Expired) } else { Ok(name) }
}

/// The key that messages are signed with (RFC 8489, sections 18.5.1.1 and 18.5.1.2).
pub(crate) fn key(secret: &str, realm: &str, username: &str, algorithm: IntegrityAlgorithm) -> IntegrityKey {
    LongTermKeyCredentials::new(username.to_owned(), password(secret, username), realm.to_owned())
        .make_key(algorithm)
}

#[cfg(test)]
mod tests;
