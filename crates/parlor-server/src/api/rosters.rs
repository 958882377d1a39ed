//! Who may be in a room (GP-7).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::body::{InRoom, Said};
use super::schema::Roster;
use super::{Problem, ask, done, operate};
use crate::http::App;

/// Who may be in a room
#[utoipa::path(
    get, path = "/rooms/{id}/roster", tag = "rosters", operation_id = "lookAtRoster",
    params(("id" = String, Path, description = "The room's id")),
    responses(
        (status = 200, description = "The roster", body = Roster),
        (status = 404, description = "There is no such room (`room-not-found`), or it is open to everybody (`no-roster`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn look(State(app): State<App>, InRoom(id): InRoom) -> Result<Response, Problem> {
    ask(&app, StatusCode::OK, |operator| operator.roster(&id).map(Roster::from))
}

/// Say who may be in a room
///
/// Replaces what was said before. Those added may join, with a token of their own; who is in the room and not on the
/// roster, or came without such a token, is dropped (`kicked`). The room stays from then on, also when it is empty.
#[utoipa::path(
    put, path = "/rooms/{id}/roster", tag = "rosters", operation_id = "setRoster", request_body = Roster,
    params(("id" = String, Path, description = "The room's id")),
    responses(
        (status = 200, description = "The roster as it is now", body = Roster),
        (status = 404, description = "There is no such room: make it with this roster", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "More members than the room holds (`room-full`), or no roster", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn set(
    State(app): State<App>,
    InRoom(id): InRoom,
    Said(roster): Said<Roster>,
) -> Result<Response, Problem> {
    ask(&app, StatusCode::OK, |operator| operator.set_roster(&id, roster.into()).map(Roster::from))
}

/// Open a room to everybody
#[utoipa::path(
    delete, path = "/rooms/{id}/roster", tag = "rosters", operation_id = "clearRoster",
    params(("id" = String, Path, description = "The room's id")),
    responses(
        (status = 204, description = "Everybody may join"),
        (status = 404, description = "There is no such room, or it is open", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn clear(State(app): State<App>, InRoom(id): InRoom) -> Result<Response, Problem> {
    operate(&app, |operator| operator.clear_roster(&id))?;
    Ok(done())
}
