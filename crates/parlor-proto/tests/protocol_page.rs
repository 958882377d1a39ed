#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
//! The examples of docs/protocol.md are frames: what a client says (fenced as `json →`) is understood, what the server
//! says (`json ←`) is what it would write, and no message lacks an example.

use std::collections::BTreeSet;

use parlor_proto::server::{
    ChatFrom, IceServers, MessageFrom, MuteRequestFrom, Pong, RecordingNow, RoomJoined, RoomListDelta,
    RoomListDigest, RoomUpdated, ServerRoomList, UserJoined, UserLeft, UserUpdated, Welcome, encode_error,
    encode_ok,
};
use parlor_proto::{
    AnswerFrom, ClientFrame, ClientMessage, IceCandidateFrom, OfferFrom, OfferWanted, Refusal, RequestId,
    ServerMessage, Slots, TopologyChange,
};
use serde_json::{Map, Value};

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The frames in the fences with this info string, each with its line for error messages.
fn examples(fence: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut inside = None;
    for (number, line) in PAGE.lines().enumerate() {
        if let Some(info) = line.strip_prefix("```") {
            inside = if inside.is_some() { None } else { Some(info) };
        } else if inside == Some(fence) {
            found.push((number + 1, line));
        }
    }
    assert!(!found.is_empty(), "no example is fenced as {fence}");
    found
}

/// Without fields that are null: to leave a field out and to write null there say the same.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, field)| !field.is_null())
                .map(|(name, field)| (name, without_nulls(field)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[test]
fn every_json_fence_says_who_sends_it() {
    for (number, line) in PAGE.lines().enumerate() {
        let wrong = line.starts_with("```json") && !matches!(line, "```json →" | "```json ←");
        assert!(!wrong, "docs/protocol.md:{}: {line}", number + 1);
    }
}

#[test]
fn a_clients_examples_are_understood_and_say_all_that_they_show() {
    let mut shown = BTreeSet::new();
    for (line, text) in examples("json →") {
        let place = format!("docs/protocol.md:{line}");
        let frame = ClientFrame::parse(text).unwrap_or_else(|error| panic!("{place}: {error:?}"));
        let written: Value = serde_json::from_str(text).unwrap();
        assert_eq!(frame.cseq, written.get("cseq").map(|cseq| cseq.as_u64().unwrap()), "{place}");
        assert_eq!(serde_json::to_value(&frame.id).unwrap(), written["id"], "{place}");
        let mut message = serde_json::to_value(&frame.message).unwrap();
        // A default that is written out says nothing new.
        if frame.message.type_name() == "room-list-request" && written["data"]["deltas"].is_null() {
            message["data"].as_object_mut().unwrap().remove("deltas");
        }
        let mut expected = written.clone();
        for envelope in ["id", "cseq"] {
            expected.as_object_mut().unwrap().remove(envelope);
        }
        assert_eq!(without_nulls(message), without_nulls(expected), "{place}");
        shown.insert(frame.message.type_name());
    }
    let all: BTreeSet<&str> = ClientMessage::TYPES.iter().copied().collect();
    assert_eq!(shown, all, "a message without an example, or the other way round");
}

#[test]
fn the_servers_examples_are_what_it_writes() {
    let mut shown = BTreeSet::new();
    for (line, text) in examples("json ←") {
        let place = format!("docs/protocol.md:{line}");
        let written: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"));
        let kind = written["type"].as_str().unwrap();
        let encoded = encoded(kind, &written).unwrap_or_else(|error| panic!("{place}: {error}"));
        let text = match written.get("seq") {
            Some(seq) => encoded.numbered(seq.as_u64().unwrap()),
            None => encoded.text(),
        };
        let again: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(without_nulls(again), without_nulls(written.clone()), "{place}");
        let numbered = written.get("seq").is_some();
        match kind {
            "welcome" | "pong" | "server-room-list" | "room-list-delta" | "room-list-digest" => {
                assert!(!numbered, "{place}: {kind} carries no seq");
            }
            // Before `welcome` they carry none.
            "ok" | "error" => {}
            _ => assert!(numbered, "{place}: {kind} carries a seq"),
        }
        shown.insert(kind.to_owned());
    }
    let all: BTreeSet<String> =
        ServerMessage::TYPES.iter().chain(&["ok", "error"]).map(|kind| (*kind).to_owned()).collect();
    assert_eq!(shown, all, "a message without an example, or the other way round");
}

/// The example as the server would write it, or why it would not.
fn encoded(kind: &str, written: &Value) -> Result<parlor_proto::Encoded, serde_json::Error> {
    fn data<T: serde::de::DeserializeOwned>(written: &Value) -> Result<T, serde_json::Error> {
        // By way of text: raw JSON can only be read from text.
        serde_json::from_str(&written["data"].to_string())
    }
    let re: Option<RequestId> = match written.get("re") {
        Some(re) => Some(serde_json::from_str(&re.to_string())?),
        None => None,
    };
    let message = match kind {
        "ok" => return Ok(encode_ok(&re.expect("ok answers a request"))),
        "error" => return Ok(encode_error(re.as_ref(), &data::<Refusal>(written)?)),
        "welcome" => ServerMessage::Welcome(Box::new(data::<Welcome>(written)?)),
        "pong" => ServerMessage::Pong(data::<Pong>(written)?),
        "ice-servers" => ServerMessage::IceServers(data::<IceServers>(written)?),
        "server-room-list" => ServerMessage::ServerRoomList(data::<ServerRoomList>(written)?),
        "room-list-delta" => ServerMessage::RoomListDelta(data::<RoomListDelta>(written)?),
        "room-list-digest" => ServerMessage::RoomListDigest(data::<RoomListDigest>(written)?),
        "room-joined" => ServerMessage::RoomJoined(Box::new(data::<RoomJoined>(written)?)),
        "user-joined-room" => ServerMessage::UserJoinedRoom(Box::new(data::<UserJoined>(written)?)),
        "user-left-room" => ServerMessage::UserLeftRoom(Box::new(data::<UserLeft>(written)?)),
        "user-updated" => ServerMessage::UserUpdated(Box::new(data::<UserUpdated>(written)?)),
        "recording" => ServerMessage::Recording(data::<RecordingNow>(written)?),
        "room-updated" => ServerMessage::RoomUpdated(Box::new(data::<RoomUpdated>(written)?)),
        "mute-request" => ServerMessage::MuteRequest(data::<MuteRequestFrom>(written)?),
        "offer" => ServerMessage::Offer(Box::new(data::<OfferFrom>(written)?)),
        "answer" => ServerMessage::Answer(Box::new(data::<AnswerFrom>(written)?)),
        "ice-candidate" => ServerMessage::IceCandidate(Box::new(data::<IceCandidateFrom>(written)?)),
        "slots" => ServerMessage::Slots(data::<Slots>(written)?),
        "offer-wanted" => ServerMessage::OfferWanted(data::<OfferWanted>(written)?),
        "topology" => ServerMessage::Topology(data::<TopologyChange>(written)?),
        "chat" => ServerMessage::Chat(data::<ChatFrom>(written)?),
        "message" => ServerMessage::Message(data::<MessageFrom>(written)?),
        other => panic!("the server says no {other}"),
    };
    Ok(message.encode())
}
