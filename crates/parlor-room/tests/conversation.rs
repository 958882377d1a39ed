//! The conversation of docs/protocol.md, played to the registry line by line: what clients say goes in, and what the
//! server says must be what the page prints, frame by frame, with nothing left over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::{BTreeMap, VecDeque};

use parlor_proto::{ClientFrame, Time};
use parlor_room::{CloseCause, Config, ConnId, Input, Output, Registry};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/protocol.md");
/// Stands on the page for any value in what the server says, and for one's own resume token in what a client says.
const ANY: &str = "…";

struct Stage {
    registry: Registry,
    now: Time,
    conns: BTreeMap<String, ConnId>,
    /// Of each participant's `welcome`.
    resume_tokens: BTreeMap<String, String>,
    next_conn: u64,
    /// What was sent to each socket and not looked at yet.
    inboxes: BTreeMap<ConnId, VecDeque<String>>,
}

#[test]
fn the_conversation_goes_as_the_page_prints_it() {
    // 2026-11-21T10:00:00Z.
    let now = Time::from_ms(1_795_255_200_000);
    let registry = Registry::new(Config::default(), [7; 32]);
    let mut stage = Stage {
        registry,
        now,
        conns: BTreeMap::new(),
        resume_tokens: BTreeMap::new(),
        next_conn: 1,
        inboxes: BTreeMap::new(),
    };
    let mut played = 0;
    for (number, line) in lines() {
        stage.play(line).unwrap_or_else(|fault| panic!("docs/protocol.md:{number}: {line}\n{fault}"));
        played += 1;
    }
    assert!(played > 20, "the conversation has only {played} lines");
    for (who, conn) in &stage.conns {
        let rest = stage.inboxes.get(conn).cloned().unwrap_or_default();
        assert!(rest.is_empty(), "{who} got more than the page prints: {rest:#?}");
    }
}

/// The lines of the section's fenced block, with their numbers.
fn lines() -> Vec<(usize, &'static str)> {
    let mut numbered = PAGE.lines().enumerate().skip_while(|(_, line)| *line != "## A conversation");
    let fence = numbered.by_ref().find(|(_, line)| line.starts_with("```"));
    assert!(fence.is_some(), "docs/protocol.md has no conversation");
    numbered
        .take_while(|(_, line)| *line != "```")
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| (number + 1, line))
        .collect()
}

impl Stage {
    /// `Ann → frame`, `Ann ← frame`, `Ann opens a socket`, `Ann’s socket is lost`, `Ann closes with 1001`, or
    /// `100 ms pass`.
    fn play(&mut self, line: &str) -> Result<(), String> {
        if let Some((who, text)) = line.split_once(" → ") {
            let token = self.resume_tokens.get(who).map_or(ANY, String::as_str);
            let frame =
                ClientFrame::parse(&text.replace(ANY, token)).map_err(|error| format!("{error:?}"))?;
            let conn = self.conn(who)?;
            self.input(Input::Frame { conn, frame });
        } else if let Some((who, expected)) = line.split_once(" ← ") {
            let conn = self.conn(who)?;
            let got = self.inboxes.entry(conn).or_default().pop_front().ok_or("nothing came")?;
            let expected: Value = serde_json::from_str(expected).map_err(|error| error.to_string())?;
            let actual: Value = serde_json::from_str(&got).unwrap();
            if !matches(&expected, &actual) {
                return Err(format!("what came is\n{got}"));
            }
            if let Some(token) = actual["data"]["resumeToken"].as_str() {
                self.resume_tokens.insert(who.to_owned(), token.to_owned());
            }
        } else if let Some(who) = line.strip_suffix(" opens a socket") {
            let conn = ConnId(self.next_conn);
            self.next_conn += 1;
            self.conns.insert(who.to_owned(), conn);
            self.input(Input::Opened { conn });
        } else if let Some(who) = line.strip_suffix("’s socket is lost") {
            let conn = self.conn(who)?;
            self.input(Input::Closed { conn, cause: CloseCause::Lost });
        } else if let Some((who, code)) = line.split_once(" closes with ") {
            let conn = self.conn(who)?;
            let code = code.parse().map_err(|error| format!("{error}"))?;
            self.input(Input::Closed { conn, cause: CloseCause::Frame(Some(code)) });
        } else if let Some(ms) = line.strip_suffix(" ms pass") {
            self.now = self.now + ms.parse::<u64>().map_err(|error| error.to_string())?;
            self.registry.handle_timeout(self.now);
            self.collect();
        } else {
            return Err("not a line of a conversation".to_owned());
        }
        Ok(())
    }

    fn conn(&self, who: &str) -> Result<ConnId, String> {
        self.conns.get(who).copied().ok_or_else(|| format!("{who} has opened no socket"))
    }

    fn input(&mut self, input: Input) {
        self.registry.handle_input(self.now, input);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.registry.poll_output() {
            match output {
                Output::Send { conn, frame } => {
                    self.inboxes.entry(conn).or_default().push_back(frame.text.to_string());
                }
                Output::Close { conn, code, reason } => panic!("{conn:?} is closed: {code:?} {reason}"),
                Output::Ping { .. } | Output::Log(_) | Output::Hub(_) => {}
            }
        }
    }
}

/// Equal, where `…` equals anything.
fn matches(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(any), _) if any == ANY => true,
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .all(|(name, value)| actual.get(name).is_some_and(|actual| matches(value, actual)))
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| matches(e, a))
        }
        _ => expected == actual,
    }
}
