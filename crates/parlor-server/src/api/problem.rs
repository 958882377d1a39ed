//! What is said when something is wrong: problem details (RFC 9457).

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use parlor_proto::ErrorCode;
use parlor_room::OperatorError;
use serde::Serialize;
use utoipa::ToSchema;

use super::NO_STORE;

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status and the code say what kind of problem it is
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words
    title: &'static str,
    /// The status, as in the response's head
    #[schema(value_type = u16, example = 404)]
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    /// A sentence for people
    detail: String,
    /// For programs: a code of the signalling protocol, or one of `no-route`, `wrong-method`, `wrong-type`, `api-off`,
    /// `no-roster`, `wrong-host`
    #[schema(example = "room-not-found")]
    code: &'static str,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { kind: "about:blank", title, status, detail: detail.into(), code }
    }

    pub(super) fn no_route() -> Self {
        let detail = "there is nothing at this path: /api/v1/openapi.json describes what there is";
        Self::new(StatusCode::NOT_FOUND, "no-route", detail)
    }

    pub(super) fn wrong_method() -> Self {
        let detail = "this path does not know that method, see Allow and /api/v1/openapi.json";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail)
    }

    pub(super) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized.as_str(), detail)
    }

    pub(super) fn bad_message(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadMessage.as_str(), detail)
    }

    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::BadMessage.as_str(), detail)
    }

    pub(super) fn internal(detail: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::ServerError.as_str(), detail)
    }

    /// Of a request that the guard did not let in, with the guard's sentence: `421: …`.
    pub(crate) fn refused(status: StatusCode, text: &str) -> Self {
        let code = if status == StatusCode::FORBIDDEN { ErrorCode::Forbidden.as_str() } else { "wrong-host" };
        let sentence = text.split_once(": ").map_or(text, |(_, sentence)| sentence);
        Self::new(status, code, sentence.trim_end())
    }
}

impl From<OperatorError> for Problem {
    fn from(error: OperatorError) -> Self {
        let status = match &error {
            OperatorError::NoRoom(_) | OperatorError::NobodyThere(..) | OperatorError::NoRoster(_) => {
                StatusCode::NOT_FOUND
            }
            OperatorError::RoomExists(_) => StatusCode::CONFLICT,
            OperatorError::AboveCapacity { .. }
            | OperatorError::TooManyWaiting(_)
            | OperatorError::Reserved
            | OperatorError::Capacity(_)
            | OperatorError::Password
            | OperatorError::NoHub
            | OperatorError::Ttl(_) => StatusCode::UNPROCESSABLE_ENTITY,
            OperatorError::NoPlace(_) | OperatorError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        };
        let code = match &error {
            OperatorError::NoRoster(_) => "no-roster",
            error => error.code().as_str(),
        };
        Self::new(status, code, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        // It has nothing that JSON could not say.
        let text = serde_json::to_vec(&self).unwrap_or_default();
        let head = [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, NO_STORE)];
        let challenge = (status == StatusCode::UNAUTHORIZED).then_some([(WWW_AUTHENTICATE, "Bearer")]);
        match challenge {
            Some(challenge) => (status, head, challenge, text).into_response(),
            None => (status, head, text).into_response(),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
