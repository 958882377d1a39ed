//! Requests of the page, and the managers they speak to.

use parlor_connect::{Manager, Output, PeerState, Quality, RemotePeer, Settings};
use parlor_proto::Time;
use serde::Serialize;

use crate::json::Json;
use crate::page_input::{self, Fields};

/// The connection managers of one page.
#[derive(Debug, Default)]
pub struct Page {
    managers: Vec<(u64, Manager)>,
    last_handle: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    New { handle: u64 },
    Step { outputs: Vec<Output>, timeout: Option<Time> },
    Connections { connections: Vec<RemotePeer> },
    Connection { connection: PeerState },
    Quality { quality: Option<Quality> },
    Freed {},
    Error { error: String },
}

impl Page {
    /// Carries out one request, a JSON text in UTF-8, and answers with another.
    #[must_use]
    pub fn answer(&mut self, request: &[u8]) -> String {
        let answer = self.carry_out(request).unwrap_or_else(|error| Answer::Error { error });
        serde_json::to_string(&answer).unwrap_or_else(|_| r#"{"error":"the answer is no JSON"}"#.to_owned())
    }

    fn carry_out(&mut self, request: &[u8]) -> Result<Answer, String> {
        // By way of text, as descriptions are read: each way of reading has its own code in the module.
        let text = std::str::from_utf8(request).map_err(|_| "the request is no UTF-8")?;
        let json: Json = serde_json::from_str(text).map_err(|_| "the request is no JSON")?;
        let request = Fields::of(&json, "a request")?;
        if let Some(new) = request.get("new") {
            return self.add(new);
        }
        let handle = request.wide_number("handle")?;
        if request.get("free").is_some() {
            self.managers.retain(|(given, _)| *given != handle);
            return Ok(Answer::Freed {});
        }
        let manager = self.managers.iter_mut().find(|(given, _)| *given == handle);
        let (_, manager) = manager.ok_or_else(|| format!("no manager has the handle {handle}"))?;
        if request.get("connections").is_some() {
            return Ok(Answer::Connections { connections: manager.connections() });
        }
        if request.get("connection").is_some() {
            return Ok(Answer::Connection {
                connection: manager.connection_state(&request.remote("connection")?),
            });
        }
        if request.get("quality").is_some() {
            let quality = manager.quality(&request.remote("quality")?);
            return Ok(Answer::Quality { quality });
        }
        let now = Time::from_ms(request.wide_number("now")?);
        match request.get("input") {
            Some(input) => manager.handle_input(now, page_input::read(input)?),
            None => manager.handle_timeout(now),
        }
        let outputs = std::iter::from_fn(|| manager.poll_output()).collect();
        Ok(Answer::Step { outputs, timeout: manager.poll_timeout() })
    }

    fn add(&mut self, new: &Json) -> Result<Answer, String> {
        let new = Fields::of(new, "new")?;
        let settings = new.get("settings").map(page_input::read_settings).transpose()?;
        let settings: Settings = settings.unwrap_or_default();
        let manager = Manager::new(new.user("id")?, new.instance()?, settings, new.wide_number("seed")?);
        self.last_handle = self.last_handle.wrapping_add(1);
        self.managers.push((self.last_handle, manager));
        Ok(Answer::New { handle: self.last_handle })
    }
}
