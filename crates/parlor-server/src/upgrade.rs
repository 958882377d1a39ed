//! `/ws`: from an HTTP request to a WebSocket (RFC 6455, section 4.2).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use hyper_util::rt::TokioIo;

use crate::http::App;
use crate::socket;
use crate::stream::Stream;

/// Answers the handshake and hands the connection over.
pub(crate) async fn upgrade(State(app): State<App>, mut request: Request) -> axum::response::Response {
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
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let connection = match upgraded.await {
            Ok(connection) => connection,
            Err(error) => return tracing::debug!(%error, "a handshake was not finished"),
        };
        match connection.downcast::<TokioIo<Stream>>() {
            Ok(parts) => {
                socket::serve(parts.io.into_inner(), parts.read_buf.to_vec(), &app.switchboard, place).await;
            }
            // Only `listener` makes connections, and it makes only these.
            Err(_) => tracing::error!("an upgraded connection is of no known kind"),
        }
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
