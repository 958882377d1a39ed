//! Rooms, and who is in them.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::Response;
use parlor_proto::{Name, UserId};

use super::body::{Asked, InRoom, InRoomOne, Said};
use super::schema::{NewRoom, Participants, Room, Rooms, RoomsAsked};
use super::{PATH, Problem, answer, ask, done, operate};
use crate::http::App;

/// Who is named as host of a room that nobody has entered.
const OPERATOR: &str = "operator";

/// All rooms
///
/// Also those that the room list does not show, in order of making.
#[utoipa::path(
    get, path = "/rooms", tag = "rooms", operation_id = "listRooms", params(RoomsAsked),
    responses(
        (status = 200, description = "Rooms, and whether there are more", body = Rooms),
        (status = 400, description = "The query is not right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`after` is gone: begin again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Asked(query): Asked<RoomsAsked>,
) -> Result<Response, Problem> {
    let limit = query.limit();
    ask(&app, StatusCode::OK, |operator| {
        // One more than is told, to see whether there are more.
        let views = operator.rooms(query.after.as_ref(), limit.saturating_add(1))?;
        Ok(Rooms::of(views, limit))
    })
}

/// Make a room
///
/// Nobody is in it; whoever comes first is its host. Without a roster it ends after a while (60 s, a setting) unless
/// somebody comes; with one it stays until it is ended.
#[utoipa::path(
    post, path = "/rooms", tag = "rooms", operation_id = "makeRoom", request_body = NewRoom,
    responses(
        (status = 201, description = "The room", body = Room, headers(("Location" = String, description = "Where it is"))),
        (status = 409, description = "The id is taken", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not such a room, or a roster above its capacity", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(State(app): State<App>, Said(new): Said<NewRoom>) -> Result<Response, Problem> {
    let operator = (UserId::parse(OPERATOR), Name::parse(OPERATOR));
    let (Ok(id), Ok(name)) = operator else { return Err(Problem::internal("operator is no name")) };
    let new = new.into_core((id, name));
    let view = operate(&app, |operator| operator.make_room(new))?;
    let location = HeaderValue::try_from(format!("{PATH}/rooms/{}", view.details.summary.id));
    let mut response = answer(StatusCode::CREATED, &Room::from(view))?;
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// One room
#[utoipa::path(
    get, path = "/rooms/{id}", tag = "rooms", operation_id = "lookAtRoom",
    params(("id" = String, Path, description = "The room's id")),
    responses(
        (status = 200, description = "The room", body = Room),
        (status = 404, description = "There is no such room", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn look(State(app): State<App>, InRoom(id): InRoom) -> Result<Response, Problem> {
    ask(&app, StatusCode::OK, |operator| operator.room(&id).map(Room::from))
}

/// End a room
///
/// Everybody in it is told (`room-ended`).
#[utoipa::path(
    delete, path = "/rooms/{id}", tag = "rooms", operation_id = "endRoom",
    params(("id" = String, Path, description = "The room's id")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "There is no such room", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn end(State(app): State<App>, InRoom(id): InRoom) -> Result<Response, Problem> {
    operate(&app, |operator| operator.end_room(&id))?;
    Ok(done())
}

/// Who is in a room
#[utoipa::path(
    get, path = "/rooms/{id}/participants", tag = "rooms", operation_id = "listParticipants",
    params(("id" = String, Path, description = "The room's id")),
    responses(
        (status = 200, description = "Everybody in it, with their tracks; PeerJS peers have `via`, and no tracks", body = Participants),
        (status = 404, description = "There is no such room", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn participants(State(app): State<App>, InRoom(id): InRoom) -> Result<Response, Problem> {
    ask(&app, StatusCode::OK, |operator| operator.participants(&id).map(Participants::from))
}

/// Put somebody out
///
/// They are told (`kicked`), and may come back unless a roster or a password keeps them out.
#[utoipa::path(
    delete, path = "/rooms/{id}/participants/{userId}", tag = "rooms", operation_id = "removeParticipant",
    params(
        ("id" = String, Path, description = "The room's id"),
        ("userId" = String, Path, description = "The participant's id"),
    ),
    responses(
        (status = 204, description = "They are out"),
        (status = 404, description = "There is no such room, or they are not in it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove(
    State(app): State<App>,
    InRoomOne(id, user_id): InRoomOne,
) -> Result<Response, Problem> {
    operate(&app, |operator| operator.remove(&id, &user_id))?;
    Ok(done())
}
