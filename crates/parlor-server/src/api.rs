//! `/api/v1`, the admin API: an operator's programs look at rooms, make and end them, say who may be in them, and issue
//! tokens. What is possible is decided by the registry ([`parlor_room::Operator`]); here are its paths, its JSON, its
//! description (OpenAPI 3.1, made from the same lines as the paths), and who may ask. Each error is a problem (RFC 9457).
//!
//! There are no cookies, so no page can ask in somebody's name: whoever asks has to know the token, wherever they are.

mod access;
mod body;
mod failures;
mod problem;
mod rooms;
mod rosters;
mod schema;
mod tokens;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use parlor_room::{Operator, OperatorError};
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use access::{AdminToken, ShortAdminToken};
pub(crate) use problem::Problem;

use crate::http::App;

/// Where it is.
pub(crate) const PATH: &str = "/api/v1";
/// Where its description is, below that.
const DESCRIPTION: &str = "/openapi.json";

const JSON: &str = "application/json";
/// What is told is true for the moment.
const NO_STORE: &str = "no-store";

/// What stands around the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "parlor's admin API",
        description = "Rooms, rosters and tokens of one server, for an operator's programs. Every request but the one for \
            this description needs the server's admin token. Each error is a problem (RFC 9457) with a `code`, which is \
            one of the signalling protocol's where that has one."
    ),
    servers((url = "/api/v1")),
    modifiers(&Bearer),
    security(("bearer" = [])),
    tags(
        (name = "rooms", description = "Rooms, and who is in them"),
        (name = "rosters", description = "Who may be in a room"),
        (name = "tokens", description = "Proofs of an identity"),
    )
)]
struct Description;

/// How one shows that one may ask.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("What --admin-token-file or PARLOR_ADMIN_TOKEN says"))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The paths below [`PATH`].
pub(crate) fn router(app: &App) -> Router<App> {
    let (router, mut description) = OpenApiRouter::<App>::with_openapi(Description::openapi())
        .routes(routes!(describe))
        .routes(routes!(rooms::list, rooms::make))
        .routes(routes!(rooms::look, rooms::end))
        .routes(routes!(rooms::participants))
        .routes(routes!(rooms::remove))
        .routes(routes!(rosters::look, rosters::set, rosters::clear))
        .routes(routes!(tokens::issue))
        .split_for_parts();
    failures::describe(&mut description);
    // A router is made once; a second one would be described alike.
    let _ = app.api_description.set(description.to_json().unwrap_or_default());
    router
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn_with_state(app.clone(), access::check))
}

/// This description
///
/// The only path that needs no token.
#[utoipa::path(
    get, path = DESCRIPTION, operation_id = "describe", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
async fn describe(State(app): State<App>) -> Response {
    let text = app.api_description.get().cloned().unwrap_or_default();
    ([(CONTENT_TYPE, JSON), (CACHE_CONTROL, NO_STORE)], text).into_response()
}

/// Lets the operator ask the registry, and answers with what came of it.
fn ask<T: Serialize>(
    app: &App,
    status: StatusCode,
    f: impl FnOnce(&mut Operator<'_>) -> Result<T, OperatorError>,
) -> Result<Response, Problem> {
    answer(status, &operate(app, f)?)
}

/// The same where there is nothing to be said.
fn operate<T>(
    app: &App,
    f: impl FnOnce(&mut Operator<'_>) -> Result<T, OperatorError>,
) -> Result<T, Problem> {
    match app.switchboard.operate(f) {
        Some(result) => Ok(result?),
        None => Err(Problem::internal("the server has made a mistake, its log says which")),
    }
}

fn answer(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_vec(value).map_err(|error| Problem::internal(&error.to_string()))?;
    Ok((status, [(CONTENT_TYPE, JSON), (CACHE_CONTROL, NO_STORE)], text).into_response())
}

fn done() -> Response {
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, NO_STORE)]).into_response()
}
