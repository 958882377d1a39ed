//! What comes with a request: JSON of a bounded size, in a bounded time; ids in its path.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use parlor_proto::{ErrorCode, RoomId, UserId};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Problem;
use crate::http::App;
use crate::limits::{API_BODY, API_BODY_BYTES_MAX};

/// A body of JSON.
pub(super) struct Said<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        // Anything but JSON can be sent by a form of any page, without the browser asking first.
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail = "a body is JSON: say Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-type", detail));
        }
        let body = tokio::time::timeout(API_BODY, to_bytes(request.into_body(), API_BODY_BYTES_MAX)).await;
        let bytes = match body {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => {
                let detail =
                    format!("a body has at most {API_BODY_BYTES_MAX} bytes, and all that it announced");
                let code = ErrorCode::TooLarge.as_str();
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail));
            }
            Err(_) => {
                let detail = format!("the body did not come within {} s", API_BODY.as_secs());
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    ErrorCode::BadMessage.as_str(),
                    detail,
                ));
            }
        };
        // serde would also take a struct as the array of its fields, which nobody has described.
        if let Some(b'[') = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            return Err(match serde_json::from_slice::<IgnoredAny>(&bytes) {
                Ok(_) => Problem::unprocessable("the body is an array, and has to be an object"),
                Err(error) => Problem::bad_message(format!("the body is no JSON: {error}")),
            });
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                Problem::unprocessable(format!("the body is not right: {error}"))
            }
            _ => Problem::bad_message(format!("the body is no JSON: {error}")),
        })
    }
}

/// The room in the path. What can't be an id is one that is not there.
pub(super) struct InRoom(pub(super) RoomId);

/// The room and the participant in the path.
pub(super) struct InRoomOne(pub(super) RoomId, pub(super) UserId);

/// A query.
pub(super) struct Asked<T>(pub(super) T);

impl FromRequestParts<App> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Ids {
            id: RoomId,
        }
        let ids: Result<Path<Ids>, _> = Path::from_request_parts(parts, app).await;
        ids.map(|Path(Ids { id })| Self(id)).map_err(|error| not_there(&error.body_text()))
    }
}

impl FromRequestParts<App> for InRoomOne {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Ids {
            id: RoomId,
            user_id: UserId,
        }
        let ids: Result<Path<Ids>, _> = Path::from_request_parts(parts, app).await;
        ids.map(|Path(Ids { id, user_id })| Self(id, user_id)).map_err(|error| not_there(&error.body_text()))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query: Result<Query<T>, _> = Query::from_request_parts(parts, app).await;
        query.map(|Query(query)| Self(query)).map_err(|error| Problem::bad_message(error.body_text()))
    }
}

fn not_there(why: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        ErrorCode::RoomNotFound.as_str(),
        format!("there is no such room: {why}"),
    )
}
