//! The two requests of parlor's admin API that are needed here: a room's roster, and the room itself if it is missing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::channel::Roster;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The room has the roster.
    Set,
    /// The room was missing, and is there now with the roster.
    Made,
}

/// Why parlor does not have the roster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AdminError {
    /// It did not answer, or is in trouble itself.
    #[error("parlor can't be reached: {0}")]
    Unreachable(String),
    /// It says no.
    #[error("{status}: {detail}")]
    Refused {
        /// The answer's status.
        status: u16,
        /// The problem's sentence.
        detail: String,
    },
}

/// The admin API of one server, for one room.
#[derive(Clone)]
pub(crate) struct Admin {
    agent: ureq::Agent,
    url: String,
    token: String,
    pub(crate) room: String,
    name: String,
    capacity: usize,
}

#[derive(Serialize)]
struct NewRoom<'a> {
    id: &'a str,
    name: &'a str,
    capacity: usize,
    listed: bool,
    roster: &'a Roster,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    code: String,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("url", &self.url).field("room", &self.room).finish_non_exhaustive()
    }
}

impl Admin {
    pub(crate) fn new(url: &str, token: String, room: String, name: String, capacity: usize) -> Self {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .tls_config(tls)
            .build();
        let url = format!("{}/api/v1", url.trim_end_matches('/'));
        Self { agent: config.new_agent(), url, token, room, name, capacity }
    }

    /// Says who may be in the room, and makes it if it is missing.
    ///
    /// # Errors
    /// [`AdminError`] when that did not come to be.
    pub(crate) fn set_roster(&self, roster: &Roster) -> Result<Outcome, AdminError> {
        match self.put(roster) {
            Err((404, _)) => {}
            other => return other.map(|()| Outcome::Set).map_err(|(_, error)| error),
        }
        match self.make(roster) {
            // Somebody has made it in between.
            Err((409, _)) => self.put(roster).map(|()| Outcome::Set).map_err(|(_, error)| error),
            other => other.map(|()| Outcome::Made).map_err(|(_, error)| error),
        }
    }

    fn put(&self, roster: &Roster) -> Result<(), (u16, AdminError)> {
        let url = format!("{}/rooms/{}/roster", self.url, self.room);
        self.send(self.agent.put(url), roster)
    }

    fn make(&self, roster: &Roster) -> Result<(), (u16, AdminError)> {
        let (id, name, capacity) = (self.room.as_str(), self.name.as_str(), self.capacity);
        let room = NewRoom { id, name, capacity, listed: false, roster };
        self.send(self.agent.post(format!("{}/rooms", self.url)), &room)
    }

    fn send(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        body: &impl Serialize,
    ) -> Result<(), (u16, AdminError)> {
        let unreachable = |error: ureq::Error| (0, AdminError::Unreachable(error.to_string()));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let mut response = request.send_json(body).map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let text = response.body_mut().read_to_string().map_err(unreachable)?;
        let problem = serde_json::from_str::<Problem>(&text).ok();
        let is_off = problem.as_ref().is_some_and(|problem| problem.code == "api-off");
        let detail = problem.map_or(text, |problem| problem.detail);
        // A server that starts, stops or is behind a proxy that waits for it may do it later.
        let error = if status.is_server_error() && !is_off {
            AdminError::Unreachable(format!("{status}: {detail}"))
        } else {
            AdminError::Refused { status: status.as_u16(), detail }
        };
        Err((status.as_u16(), error))
    }
}
