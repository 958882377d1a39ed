//! Tokens that an operator issues for an identity (GP-2). They are signed, so nothing of them is kept: a JSON Web Token
//! (RFC 7519) in compact form (RFC 7515, section 3.1), signed with HMAC-SHA256 (`HS256`, RFC 7518, section 3.2), which
//! everybody who has the secret can make, and every language has a library for. What a token lets one do is decided in
//! `hello` and `roster`.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use parlor_proto::{RoomId, Time, UserId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Bytes of a secret: as many as the hash has (RFC 7518, section 3.2).
pub const TOKEN_SECRET_BYTES_MIN: usize = 32;
/// Seconds that a token may be good for: 30 days. Nothing takes one back but another secret.
pub const TOKEN_TTL_S_MAX: u64 = 30 * 24 * 60 * 60;
/// Seconds that a token is good for unless said otherwise.
pub const TOKEN_TTL_S_DEFAULT: u64 = 60 * 60;
/// Bytes of a token that is looked at; one of parlor's has less than 400.
const TOKEN_BYTES_MAX: usize = 2_048;

/// The secret with which tokens are signed.
#[derive(Clone)]
pub struct TokenKey {
    secret: Box<[u8]>,
    mac: Hmac<Sha256>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For whom it was issued.
    pub user_id: UserId,
    /// In which room it counts where there is a roster; none: in every one.
    pub room: Option<RoomId>,
    /// From when on it counts no more; whole seconds.
    pub expires_at: Time,
}

/// A secret that could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret for tokens has at least {TOKEN_SECRET_BYTES_MIN} characters, this one has {0}")]
pub struct ShortSecret(pub usize);

/// Why a token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("no token came with hello")]
    Missing,
    /// It is not signed with this server's secret, or no token at all.
    #[error("the token is not one of this server's")]
    Forged,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come (`nbf`).
    #[error("the token is not good yet")]
    Early,
    /// It was issued for somebody else.
    #[error("the token was issued for somebody else")]
    OtherUser,
    /// It was issued for another room.
    #[error("the token was issued for another room")]
    OtherRoom,
}

/// The head of each token (RFC 7515, section 4).
const HEAD: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// What is read of a head.
#[derive(Deserialize)]
struct Head {
    alg: String,
    /// Extensions that have to be understood; none are.
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

/// The claims of a token (RFC 7519, section 4.1), and the room.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    /// Seconds since the Unix epoch.
    exp: u64,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
}

impl TokenKey {
    /// A key from a secret.
    ///
    /// # Errors
    /// [`ShortSecret`] when it could be guessed.
    pub fn new(secret: &[u8]) -> Result<Self, ShortSecret> {
        let short = ShortSecret(secret.len());
        if secret.len() < TOKEN_SECRET_BYTES_MIN {
            return Err(short);
        }
        // HMAC takes keys of every length.
        let mac = Hmac::new_from_slice(secret).map_err(|_| short)?;
        Ok(Self { secret: secret.into(), mac })
    }

    /// A token.
    #[must_use]
    pub fn issue(&self, grant: &Grant) -> String {
        let claims = Claims {
            sub: grant.user_id.clone(),
            room: grant.room.clone(),
            exp: grant.expires_at.as_ms() / 1_000,
            nbf: None,
        };
        // Claims have no map with keys that are no strings: it can't fail.
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let signed = format!("{}.{}", encode(HEAD.as_bytes()), encode(&claims));
        let signature = self.mac.clone().chain_update(signed.as_bytes()).finalize().into_bytes();
        format!("{signed}.{}", encode(&signature))
    }

    /// Reads a token that counts at `now`.
    ///
    /// # Errors
    /// [`TokenError`] when it does not count. The signature is looked at first, in a time that does not depend on it.
    pub fn read(&self, token: &str, now: Time) -> Result<Grant, TokenError> {
        let claims = self.claims(token).ok_or(TokenError::Forged)?;
        let seconds = |seconds: u64| Time::from_ms(seconds.saturating_mul(1_000));
        let expires_at = seconds(claims.exp);
        if expires_at <= now {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|nbf| seconds(nbf) > now) {
            return Err(TokenError::Early);
        }
        Ok(Grant { user_id: claims.sub, room: claims.room, expires_at })
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = decode(signature)?;
        self.mac.clone().chain_update(signed.as_bytes()).verify_slice(&signature).ok()?;
        let (head, claims) = signed.split_once('.')?;
        let head: Head = serde_json::from_slice(&decode(head)?).ok()?;
        if head.alg != "HS256" || head.crit.is_some() {
            return None;
        }
        serde_json::from_slice(&decode(claims)?).ok()
    }
}

impl Grant {
    /// One that is good for `ttl_s` seconds from `now`; none if that is not from 1 to [`TOKEN_TTL_S_MAX`].
    #[must_use]
    pub fn new(user_id: UserId, room: Option<RoomId>, ttl_s: u64, now: Time) -> Option<Self> {
        // A token says whole seconds; rounded up, it lasts at least as long as was asked for.
        let now_s = now.as_ms().div_ceil(1_000);
        (1..=TOKEN_TTL_S_MAX).contains(&ttl_s).then(|| {
            let expires_at = Time::from_ms(now_s.saturating_add(ttl_s).saturating_mul(1_000));
            Self { user_id, room, expires_at }
        })
    }
}

impl PartialEq for TokenKey {
    fn eq(&self, other: &Self) -> bool {
        self.secret == other.secret
    }
}

impl Eq for TokenKey {}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(secret)")
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests;
