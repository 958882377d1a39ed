//! Who may ask: whoever shows the admin token (RFC 6750, section 2.1).

use std::fmt;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{DESCRIPTION, Problem};
use crate::http::App;

/// Characters of a token that nobody guesses.
const CHARACTERS_MIN: usize = 16;

/// What whoever uses the admin API has to show. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken([u8; 32]);

/// A token that could be guessed, or that no header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an admin token has at least {CHARACTERS_MIN} characters, all of them printable ASCII without spaces"
)]
pub struct ShortAdminToken;

impl AdminToken {
    /// A token from its text; white space around it is not part of it.
    ///
    /// # Errors
    /// [`ShortAdminToken`] when it is too short or has other characters than a header takes.
    pub fn new(text: &str) -> Result<Self, ShortAdminToken> {
        let text = text.trim();
        if text.len() < CHARACTERS_MIN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ShortAdminToken);
        }
        Ok(Self::hash(text))
    }

    fn hash(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether that is the token, in a time that depends on neither.
    fn is(&self, text: &str) -> bool {
        self.0.ct_eq(&Self::hash(text).0).into()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(secret)")
    }
}

/// Lets a request to the API in, or says why not.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(token) = &app.admin_token else {
        let detail =
            "the admin API is off: start the server with --admin-token-file, or with PARLOR_ADMIN_TOKEN";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "api-off", detail).into_response();
    };
    if request.uri().path() == DESCRIPTION {
        return next.run(request).await;
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = header.and_then(|header| {
        let (scheme, shown) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| shown.trim())
    });
    match shown {
        None => Problem::unauthorized("show the admin token: Authorization: Bearer <token>").into_response(),
        Some(shown) if !token.is(shown) => {
            app.switchboard.counters.requests_refused.inc();
            tracing::warn!(path = request.uri().path(), "a wrong admin token");
            Problem::unauthorized("that is not this server's admin token").into_response()
        }
        Some(_) => next.run(request).await,
    }
}
