//! Frames on data channels (`docs/protocol.md`, The data channel), and what tells a second copy of a line.

use std::collections::VecDeque;
use std::time::Instant;

use parlor_proto::UserId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::limits;

/// A frame on a data channel: the form in which the server would send it.
#[derive(Deserialize)]
pub(crate) struct DataFrame<'a> {
    pub(crate) r#type: String,
    #[serde(borrow)]
    pub(crate) data: &'a RawValue,
}

/// A frame's text.
pub(crate) fn frame<T: Serialize>(kind: &str, data: &T) -> String {
    #[derive(Serialize)]
    struct Written<'a, T> {
        r#type: &'a str,
        data: &'a T,
    }
    // Messages are maps with keys that are strings, which can be written.
    serde_json::to_string(&Written { r#type: kind, data }).unwrap_or_default()
}

/// See above.
#[derive(Default)]
pub(crate) struct Talk {
    seen: VecDeque<String>,
    /// Lines of somebody whom the roster does not show yet: the server's word of their joining is on its way.
    held: VecDeque<(UserId, String, Instant)>,
}

impl Talk {
    /// Whether a line was not seen before.
    pub(crate) fn is_new(&mut self, user: &UserId, id: &str) -> bool {
        let name = format!("{user} {id}");
        if self.seen.contains(&name) {
            return false;
        }
        if self.seen.len() >= limits::SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(name);
        true
    }

    /// Keeps a line until its sender is known.
    pub(crate) fn hold(&mut self, user: UserId, text: String) {
        if self.held.len() >= limits::HELD_LINES_MAX {
            self.held.pop_front();
        }
        self.held.push_back((user, text, Instant::now() + limits::HELD_LINES));
    }

    /// What was kept of somebody.
    pub(crate) fn held_of(&mut self, user: &UserId) -> Vec<(UserId, String)> {
        let now = Instant::now();
        let (theirs, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(of, _, _)| of == user);
        self.held = others.into();
        theirs.into_iter().filter(|(_, _, until)| *until > now).map(|(of, text, _)| (of, text)).collect()
    }
}
