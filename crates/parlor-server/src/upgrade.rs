//! `/ws`: from an HTTP request to a WebSocket (RFC 6455, section 4.2).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use hyper_util::rt::TokioIo;

use crate::http::App;
use crate::socket::{self, Caller};
use crate::stream::Stream;

/// Answers the handshake of a participant.
pub(crate) async fn upgrade(State(app): State<App>, request: Request) -> axum::response::Response {
    upgrade_for(&app, request, Caller::Participant)
}

/// Answers the handshake and hands the connection over.
pub(crate) fn upgrade_for(app: &App, mut request: Request, caller: Caller) -> axum::response::Response {
    let response = match tungstenite::handshake::server::create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return not_a_handshake(&error),
    };
    if app.is_stopping() {
        return busy("503: the server is stopping.\n");
    }
    let Some(place) = app.switchboard.place() else {
        app.switchboard.counters.sockets_refused.inc();
        return busy("503: this server has as many connections as it takes.\n");
    };
    let app = app.clone();
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // Taken apart before the wait: the rest of it holds HTTP's buffer, which would stay as long as the socket.
        let parts = upgraded.await.map(|connection| connection.downcast::<TokioIo<Stream>>());
        let (stream, early) = match parts {
            Ok(Ok(parts)) => (parts.io.into_inner(), parts.read_buf.to_vec()),
            // Only `listener` makes connections, and it makes only these.
            Ok(Err(_)) => return tracing::error!("an upgraded connection is of no known kind"),
            Err(error) => return tracing::debug!(%error, "a handshake was not finished"),
        };
        socket::serve(stream, early, &app.switchboard, place, caller).await;
    });
    response
}

fn not_a_handshake(error: &tungstenite::Error) -> axum::response::Response {
    let text = format!("426: this address speaks WebSocket only: {error}.\n");
    let headers = [(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];
    (StatusCode::UPGRADE_REQUIRED, headers, text).into_response()
}

fn busy(text: &'static str) -> Response<Body> {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], text).into_response()
}
