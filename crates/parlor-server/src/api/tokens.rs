//! Tokens for identities (GP-2).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use parlor_proto::Timestamp;

use super::body::Said;
use super::schema::{NewToken, Token};
use super::{Problem, ask};
use crate::http::App;

/// Issue a token
///
/// Whoever shows it takes the identity, also from somebody who has it now, and may enter rooms on whose roster it is. It
/// can't be taken back: give it a short life.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens", operation_id = "issueToken", request_body = NewToken,
    responses(
        (status = 201, description = "The token", body = Token),
        (status = 422, description = "Not such a token", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn issue(State(app): State<App>, Said(new): Said<NewToken>) -> Result<Response, Problem> {
    let ttl_s = new.ttl_s();
    ask(&app, StatusCode::CREATED, |operator| {
        let (token, grant) = operator.issue_token(new.user_id, new.room, ttl_s)?;
        let expires_at = Timestamp(grant.expires_at);
        Ok(Token { token, user_id: grant.user_id, room: grant.room, expires_at })
    })
}
