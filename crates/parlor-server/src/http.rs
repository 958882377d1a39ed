//! What is answered at which path.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use parlor_room::Gauges;

use crate::api;
use crate::assets::{self, Compressed};
use crate::config::Config;
use crate::guard::{Names, guard};
use crate::headers::secure;
use crate::metrics::{Metrics, Source, TurnFigures};
use crate::outbox::Load;
use crate::peerjs::Broker;
use crate::switchboard::Switchboard;
use crate::turn::Turn;
use crate::upgrade::upgrade;

/// What every request may need.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

/// See [`App`].
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) switchboard: Arc<Switchboard>,
    pub(crate) names: Names,
    pub(crate) compressed: Compressed,
    pub(crate) broker: Broker,
    pub(crate) admin_token: Option<api::AdminToken>,
    /// The admin API's description, once its paths are known.
    pub(crate) api_description: OnceLock<String>,
    metrics: Metrics,
    is_stopping: AtomicBool,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(config: &Config, switchboard: Arc<Switchboard>, turn: Arc<Turn>) -> Self {
        let metrics = Metrics::new(&switchboard.counters, Figures(Arc::clone(&switchboard), turn));
        Self(Arc::new(Shared {
            names: Names::new(config),
            compressed: Compressed::default(),
            broker: Broker::new(config),
            admin_token: config.admin_token.clone(),
            api_description: OnceLock::new(),
            metrics,
            is_stopping: AtomicBool::new(false),
            switchboard,
        }))
    }

    /// From now on the server is not ready, and takes no new WebSockets.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// All paths.
    pub(crate) fn router(&self) -> Router {
        let router = Router::new()
            .route("/ws", any(upgrade))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .nest(api::PATH, api::router(self))
            .fallback(assets::serve)
            .layer(from_fn_with_state(self.clone(), guard));
        // Behind its own guard: games are hosted elsewhere.
        let router = self.broker.routes(router);
        router.layer(from_fn_with_state(self.clone(), secure)).with_state(self.clone())
    }
}

/// Whether the process answers at all.
async fn healthz() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// Whether new sessions are welcome.
async fn readyz(State(app): State<App>) -> Response {
    let no_store = [(CACHE_CONTROL, "no-store")];
    if app.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, no_store, "the server is stopping\n").into_response();
    }
    (no_store, "ready\n").into_response()
}

async fn metrics(State(app): State<App>) -> Response {
    match app.metrics.text() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the metrics can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The switchboard and the TURN server as the metrics see them.
#[derive(Debug)]
struct Figures(Arc<Switchboard>, Arc<Turn>);

impl Source for Figures {
    fn gauges(&self) -> Gauges {
        self.0.gauges()
    }

    fn queued(&self) -> (Load, Load) {
        self.0.queued()
    }

    fn ledgers(&self) -> Vec<parlor_sfu::Ledger> {
        self.0.media.ledgers()
    }

    fn tcp_connections(&self) -> usize {
        self.0.media.tcp_connections()
    }

    fn turn(&self) -> TurnFigures {
        TurnFigures { ledger: self.1.ledger(), streams: self.1.streams(), dropped: self.1.dropped() }
    }
}
