//! The page's JSON against serde's, and requests that can't be carried out.

use parlor_connect::{Input, Settings};
use serde_json::{Value, json};

use crate::{Page, read, read_settings};

const PARTICIPANT: &str = r#"{"id":"bo","name":"Bo","role":"host","instance":"i2","joinedAt":"2026-11-21T10:00:00.000Z",
    "suspect":false,"tracks":[]}"#;

fn inputs() -> Vec<Value> {
    let participant: Value = serde_json::from_str(PARTICIPANT).unwrap();
    let which = |more: Value| {
        let mut fields = json!({"peer": "bo", "attempt": 2});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let candidate =
        json!({"candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "uf"});
    let tracks = json!([{"mid": "0", "source": "microphone"}, {"mid": "1", "source": "screen-audio"}]);
    let description =
        json!({"from": "bo", "instance": "i2", "sdp": "v=0\r\n\"", "attempt": 1, "n": 3, "tracks": tracks});
    let room = json!({"id": "r", "name": "R", "topology": "auto", "mix": "host"});
    let mut inputs = vec![
        json!("signalingUp"),
        json!("signalingDown"),
        json!("closeAll"),
        json!({"media": "pending"}),
        json!({"media": "ready"}),
        json!({"media": "none"}),
        json!({"turnAvailable": true}),
        json!({"leaveRoom": {"roomId": "r"}}),
        json!({"retry": {"peer": "bo"}}),
        json!({"closePeer": {"peer": "bo"}}),
        json!({"negotiationNeeded": which(json!({}))}),
        json!({"localDescriptionSet": which(json!({"sdp": "v=0", "tracks": tracks}))}),
        json!({"localDescriptionSet": which(json!({"sdp": "v=0"}))}),
        json!({"localDescriptionFailed": which(json!({"reason": "no"}))}),
        json!({"rolledBack": which(json!({}))}),
        json!({"rollbackFailed": which(json!({"reason": "no"}))}),
        json!({"remoteDescriptionSet": which(json!({}))}),
        json!({"remoteDescriptionFailed": which(json!({"reason": "no"}))}),
        json!({"localCandidate": which(json!({"candidate": candidate}))}),
        json!({"localCandidate": which(json!({"candidate": null}))}),
        json!({"signal": {"type": "room-joined", "data":
            {"room": room, "participants": [participant], "topology": "sfu", "epoch": 1, "recording": []}}}),
        json!({"signal": {"type": "room-updated", "data": {"roomId": "r", "room": room, "epoch": 1}}}),
        json!({"signal": {"type": "topology", "data":
            {"roomId": "r", "mode": "mesh", "change": 7, "phase": "prepare"}}}),
        json!({"signal": {"type": "topology", "data":
            {"roomId": "r", "mode": "sfu", "change": 7, "phase": "commit"}}}),
        json!({"signal": {"type": "offer-wanted", "data": {"roomId": "r", "reason": "path-lost"}}}),
        json!({"signal": {"type": "error", "data":
            {"code": "room-full", "message": "no", "type": "offer", "to": "hub", "roomId": "r", "attempt": 2}}}),
        json!({"signal": {"type": "error", "data": {"code": "bad-message", "message": "no"}}}),
        json!({"retry": {"peer": "hub/r"}}),
        json!({"signal": {"type": "user-joined-room", "data":
            {"roomId": "r", "userId": "bo", "participant": participant, "participants": [participant], "epoch": 1}}}),
        json!({"signal": {"type": "user-updated", "data": {"roomId": "r", "participant": participant, "epoch": 1}}}),
        json!({"signal": {"type": "offer", "data": description}}),
        json!({"signal": {"type": "answer", "data": description}}),
        json!({"signal": {"type": "ice-candidate", "data":
            {"from": "bo", "instance": "i2", "candidate": candidate, "attempt": 1}}}),
        json!({"signal": {"type": "ice-candidate", "data":
            {"from": "bo", "instance": "i2", "roomId": "r", "candidate": null, "attempt": 1}}}),
    ];
    let sample = json!({"packetsReceived": 5_000_000_000_u64, "packetsLost": 3, "bytesReceived": 4, "bytesSent": 5,
        "roundTripMs": 6, "jitterMs": null, "availableOutKbps": 7});
    inputs.push(json!({"statsSampled": which(sample)}));
    inputs.push(json!({"statsSampled": which(json!({}))}));
    for grade in ["good", "fair", "poor", "lost"] {
        let mut graded = participant.clone();
        graded["grade"] = json!(grade);
        let data = json!({"roomId": "r", "participant": graded, "epoch": 1});
        inputs.push(json!({"signal": {"type": "user-updated", "data": data}}));
    }
    for enabled in [true, false] {
        let mut sender = participant.clone();
        sender["tracks"] = json!([{"source": "camera", "kind": "video", "enabled": enabled}]);
        let data = json!({"roomId": "r", "participant": sender, "epoch": 1});
        inputs.push(json!({"signal": {"type": "user-updated", "data": data}}));
    }
    for ice in ["new", "checking", "connected", "completed", "disconnected", "failed", "closed"] {
        let connection = if matches!(ice, "checking" | "completed") { "connecting" } else { ice };
        let state = which(json!({"ice": ice, "connection": connection}));
        inputs.push(json!({"stateChanged": state}));
    }
    for reason in ["left", "disconnected", "timeout", "kicked", "replaced", "room-ended", "server-stopping"] {
        let data = json!({"roomId": "r", "userId": "bo", "userName": "Bo", "reason": reason, "participants": [],
            "epoch": 1});
        inputs.push(json!({"signal": {"type": "user-left-room", "data": data}}));
    }
    inputs
}

#[test]
fn every_input_reads_as_serde_reads_it() {
    for input in inputs() {
        let text = input.to_string();
        // `type` first, as the tagged enum wants it where a description is in `data`.
        let ordered = match input.get("signal") {
            Some(signal) => {
                format!(r#"{{"signal":{{"type":{},"data":{}}}}}"#, signal["type"], signal["data"])
            }
            None => text.clone(),
        };
        let by_serde: Input = serde_json::from_str(&ordered).unwrap_or_else(|e| panic!("{ordered}: {e}"));
        let here = read(&serde_json::from_str(&text).unwrap()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(here, by_serde, "{text}");
    }
}

#[test]
fn every_setting_reads_as_serde_reads_it() {
    let mut value = serde_json::to_value(Settings::default()).unwrap();
    for (place, (_, figure)) in value.as_object_mut().unwrap().iter_mut().enumerate() {
        *figure = json!(1_000 + place);
    }
    let by_serde: Settings = serde_json::from_value(value.clone()).unwrap();
    let here = read_settings(&serde_json::from_str(&value.to_string()).unwrap()).unwrap();
    assert_eq!(here, by_serde);
}

#[test]
fn a_request_that_makes_no_sense_gets_a_sentence_and_changes_nothing() {
    let mut page = Page::default();
    assert_eq!(page.answer(br#"{"new":{"id":"ada","instance":"i1","seed":7}}"#), r#"{"handle":1}"#);
    let bad: &[&[u8]] = &[
        b"",
        b"\xff",
        b"[]",
        b"{}",
        br#"{"handle":2,"now":0}"#,
        br#"{"handle":1}"#,
        br#"{"handle":1,"now":0,"input":"dance"}"#,
        br#"{"handle":1,"now":0,"input":{}}"#,
        br#"{"handle":1,"now":0,"input":7}"#,
        br#"{"handle":1,"now":0,"input":{"retry":{"peer":"not an id"}}}"#,
        br#"{"handle":1,"now":0,"input":{"stateChanged":{"peer":"bo","attempt":1,"ice":"warm","connection":"new"}}}"#,
        br#"{"new":{"id":"ada","instance":"i1"}}"#,
        br#"{"new":{"id":"a b","instance":"i1","seed":7}}"#,
    ];
    for request in bad {
        let answer: Value = serde_json::from_str(&page.answer(request)).unwrap();
        let sentence = answer["error"].as_str().unwrap_or_default();
        assert!(!sentence.is_empty(), "{} gave {answer}", String::from_utf8_lossy(request));
    }
    assert_eq!(page.answer(br#"{"handle":1,"connections":true}"#), r#"{"connections":[]}"#);
    assert_eq!(page.answer(br#"{"handle":1,"free":true}"#), "{}");
    assert!(page.answer(br#"{"handle":1,"connections":true}"#).contains("error"));
}

#[test]
fn cm_17_the_quality_of_a_connection_that_nobody_looked_at_is_unknown() {
    let mut page = Page::default();
    let _ = page.answer(br#"{"new":{"id":"bo","instance":"i1","seed":7}}"#);
    assert_eq!(page.answer(br#"{"handle":1,"quality":"ada"}"#), r#"{"quality":null}"#);
}

#[test]
fn cm_08_a_stranger_is_disconnected() {
    let mut page = Page::default();
    let _ = page.answer(br#"{"new":{"id":"bo","instance":"i1","seed":7}}"#);
    let answer: Value = serde_json::from_str(&page.answer(br#"{"handle":1,"connection":"ada"}"#)).unwrap();
    let state = json!({"status": "disconnected", "retryCount": 0, "retryTimeout": null, "isPolite": false,
        "makingOffer": false, "ignoreOffer": false});
    assert_eq!(answer, json!({"connection": state}));
}
