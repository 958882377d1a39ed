//! The committed WebAssembly against the native core: what connection managers were told in simulated runs (`parlor_sim`)
//! is told to both, and every answer has to be the same to the last byte. It runs in node, as in a browser.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use parlor_connect::{ConnectionState, IceState, Input, Media, Remote, Signal};
use parlor_proto::{Instance, OfferFrom, RoomId, Sdp, Time, UserId};
use parlor_sim::plan::Plan;
use parlor_sim::trace::Trace;
use parlor_sim::world::World;
use parlor_wasm::Page;
use serde_json::json;

/// What the page may cost (`docs/decisions/0004-webassembly-by-a-c-abi.md`).
const MODULE_BYTES_MAX: u64 = 150_000;
const STORMY_SEEDS: u64 = 30;
const CALM_SEEDS: u64 = 5;

fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/sdk/parlor_connect.wasm")
}

fn traces() -> Vec<Trace> {
    let stormy = (0..STORMY_SEEDS).map(|seed| (seed, Plan::stormy(seed)));
    let calm = (0..CALM_SEEDS).map(|seed| (seed, Plan::calm(seed)));
    let mut traces: Vec<Trace> = stormy
        .chain(calm)
        .flat_map(|(seed, plan)| World::new(seed, &plan).recorded().run(&plan).traces)
        .collect();
    traces.push(by_hand());
    traces.push(watched());
    traces.push(starred());
    assert!(traces.iter().all(|trace| !trace.steps.is_empty()), "a document that was told nothing");
    traces
}

/// What hardly ever happens in a simulated network: media that doesn't come, an ignored offer, and a path that fails by
/// turns directly and by way of the relay, until it is given up.
fn by_hand() -> Trace {
    let read = |input: serde_json::Value| Some(serde_json::from_value(input).unwrap());
    let participants = json!([{"id": "ada", "instance": "i1", "role": "caller", "suspect": false}]);
    let room = json!({"id": "r", "topology": "mesh", "mix": "direct"});
    let joined = json!({"room": room, "participants": participants, "topology": "mesh", "epoch": 1});
    let offer = Input::Signal(Signal::Offer(OfferFrom {
        from: UserId::parse("ada").unwrap(),
        instance: Instance::parse("i1").unwrap(),
        room_id: None,
        sdp: Sdp::from_text("v=0\r\na=ice-ufrag:\"\u{1f399}\r\n"),
        attempt: 1,
        n: 1,
        tracks: None,
    }));
    let fails = |attempt| {
        read(
            json!({"stateChanged": {"peer": "ada", "attempt": attempt, "ice": "failed", "connection": "failed"}}),
        )
    };
    let steps = [
        (0, read(json!("signalingUp"))),
        (0, read(json!({"turnAvailable": true}))),
        (0, read(json!({"signal": {"type": "room-joined", "data": joined}}))),
        (10_000, None),
        (10_001, Some(offer)),
        (10_002, fails(1)),
        (13_000, None),
        (13_001, fails(2)),
        (20_000, None),
        (20_001, fails(3)),
        (30_000, None),
        (30_001, fails(4)),
    ];
    let steps = steps.map(|(at_ms, input)| (Time::from_ms(at_ms), input)).to_vec();
    let (id, instance) = (UserId::parse("mo").unwrap(), Instance::parse("i2").unwrap());
    Trace { id, instance, seed: 7, steps }
}

/// A connection that is looked at: good, then lossy, then nothing comes over it from who sends.
fn watched() -> Trace {
    let read = |input: serde_json::Value| Some(serde_json::from_str(&input.to_string()).unwrap());
    let which = |mut fields: serde_json::Value| {
        fields["peer"] = json!("ada");
        fields["attempt"] = json!(1);
        fields
    };
    let track = json!({"source": "microphone", "kind": "audio", "enabled": true});
    let participants =
        json!([{"id": "ada", "instance": "i1", "role": "host", "suspect": false, "tracks": [track]}]);
    let room = json!({"id": "r", "topology": "mesh", "mix": "direct"});
    let joined = json!({"room": room, "participants": participants, "topology": "mesh", "epoch": 1});
    // In a tagged enum the tag comes first where a description follows.
    let answer =
        r#"{"signal":{"type":"answer","data":{"from":"ada","instance":"i1","sdp":"v=0","attempt":1,"n":1}}}"#;
    let mut steps = vec![
        (0, read(json!("signalingUp"))),
        (0, read(json!({"media": "ready"}))),
        (0, read(json!({"signal": {"type": "room-joined", "data": joined}}))),
        (1, read(json!({"localDescriptionSet": which(json!({"sdp": "v=0"}))}))),
        (2, Some(serde_json::from_str(answer).unwrap())),
        (3, read(json!({"remoteDescriptionSet": which(json!({}))}))),
        (4, read(json!({"stateChanged": which(json!({"ice": "connected", "connection": "connected"}))}))),
    ];
    for second in 1_u64..40 {
        let at_ms = 4 + second * 1_000;
        let (came, lost) = (second.min(15) * 50, second.saturating_sub(8).min(5) * 10);
        let sample = json!({"packetsReceived": came, "packetsLost": lost, "bytesReceived": came * 100,
            "bytesSent": second * 9_000, "roundTripMs": 20 + second, "jitterMs": 3, "availableOutKbps": null});
        steps.push((at_ms, None));
        steps.push((at_ms + 5, read(json!({"statsSampled": which(sample)}))));
    }
    let steps = steps.into_iter().map(|(at_ms, input)| (Time::from_ms(at_ms), input)).collect();
    let (id, instance) = (UserId::parse("mo").unwrap(), Instance::parse("i2").unwrap());
    Trace { id, instance, seed: 7, steps }
}

/// A room that moves to the hub and back, with all that the hub and the server say of it.
fn starred() -> Trace {
    let read = |input: serde_json::Value| Some(serde_json::from_str(&input.to_string()).unwrap());
    let signal = |kind: &str, data: serde_json::Value| read(json!({"signal": {"type": kind, "data": data}}));
    let hub = |mut fields: serde_json::Value| {
        fields["peer"] = json!("hub/r");
        fields["attempt"] = json!(1);
        fields
    };
    let tracks = json!([{"source": "camera", "kind": "video", "enabled": true}]);
    let one = |id: &str, grade: serde_json::Value| json!({"id": id, "instance": "i1", "role": "caller", "suspect": false, "grade": grade, "tracks": tracks});
    let participants = json!([one("ada", json!(null)), one("bo", json!("lost")), one("zoe", json!("good"))]);
    let room = json!({"id": "r", "topology": "auto", "mix": "direct"});
    let joined = json!({"room": room, "participants": participants, "topology": "mesh", "epoch": 1});
    let topology = |mode: &str, change: u32, phase: &str| {
        signal("topology", json!({"roomId": "r", "mode": mode, "change": change, "phase": phase}))
    };
    let refused = json!({"code": "room-full", "message": "full", "type": "offer", "to": "hub", "roomId": "r", "attempt": 1});
    let answer = r#"{"signal":{"type":"answer","data":{"from":"hub","instance":"i9","roomId":"r","sdp":"v=0","attempt":1,"n":1}}}"#;
    let updated = json!({"roomId": "r", "participant": one("bo", json!("good")), "epoch": 1});
    let pinned = json!({"id": "r", "topology": "mesh", "mix": "host"});
    let steps = vec![
        (0, read(json!("signalingUp"))),
        (0, read(json!({"media": "ready"}))),
        (0, signal("room-joined", joined)),
        (1, topology("sfu", 1, "prepare")),
        (300, None),
        (301, read(json!({"localDescriptionSet": hub(json!({"sdp": "v=0"}))}))),
        (302, Some(serde_json::from_str(answer).unwrap())),
        (303, read(json!({"remoteDescriptionSet": hub(json!({}))}))),
        (304, read(json!({"stateChanged": hub(json!({"ice": "connected", "connection": "connected"}))}))),
        (710, None),
        (720, topology("sfu", 1, "commit")),
        (730, signal("user-updated", updated)),
        (1_800, None),
        (1_900, signal("offer-wanted", json!({"roomId": "r", "reason": "path-lost"}))),
        (2_000, signal("offer-wanted", json!({"roomId": "r", "reason": "transport-gone"}))),
        (2_100, signal("error", refused)),
        (3_000, topology("mesh", 2, "prepare")),
        (8_000, topology("mesh", 2, "commit")),
        (9_500, None),
        (9_600, signal("room-updated", json!({"roomId": "r", "room": pinned, "epoch": 1}))),
    ];
    let steps = steps.into_iter().map(|(at_ms, input)| (Time::from_ms(at_ms), input)).collect();
    let (id, instance) = (UserId::parse("mo").unwrap(), Instance::parse("i2").unwrap());
    Trace { id, instance, seed: 7, steps }
}

/// What a simulated page never says, or hardly ever.
fn extras(peer: &UserId) -> Vec<Input> {
    let (attempt, reason) = (1, || "line 3: \"no\"\u{1f399}".to_owned());
    let peer = || Remote::User(peer.clone());
    vec![
        Input::Retry { peer: peer() },
        Input::TurnAvailable(true),
        Input::StateChanged {
            peer: peer(),
            attempt,
            ice: IceState::Failed,
            connection: ConnectionState::Failed,
        },
        Input::RemoteDescriptionFailed { peer: peer(), attempt, reason: reason() },
        Input::Media(Media::Pending),
        Input::LocalDescriptionFailed { peer: peer(), attempt, reason: reason() },
        Input::Media(Media::Ready),
        Input::RollbackFailed { peer: peer(), attempt, reason: reason() },
        Input::ClosePeer { peer: peer() },
        Input::SignalingDown,
        Input::LeaveRoom { room_id: RoomId::parse("elsewhere").unwrap() },
        Input::SignalingUp,
        Input::TurnAvailable(false),
        Input::CloseAll,
    ]
}

/// The same inputs in an order in which they never came, at the same times, with [`extras`] among them.
fn jumbled(trace: &Trace) -> Trace {
    let peers = peers_of(trace);
    let count = trace.steps.len();
    // A prime that does not divide the count visits every step once.
    let stride = [7_919, 7_907].into_iter().find(|prime| !count.is_multiple_of(*prime)).unwrap();
    let steps = (0..count).map(|place| {
        let at = trace.steps[place].0;
        let extras = extras(&peers[place % peers.len()]);
        let input = if place % 5 == 4 {
            Some(extras[(place / 5) % extras.len()].clone())
        } else {
            trace.steps[(place * stride) % count].1.clone()
        };
        (at, input)
    });
    Trace { steps: steps.collect(), ..trace.clone() }
}

/// With whom this participant was in a room; oneself is among them.
fn peers_of(trace: &Trace) -> Vec<UserId> {
    let mut peers = BTreeSet::from([trace.id.clone()]);
    for (_, input) in &trace.steps {
        if let Some(Input::Signal(Signal::RoomJoined(joined))) = input {
            peers.extend(joined.participants.iter().map(|present| present.id.clone()));
        }
    }
    peers.into_iter().collect()
}

/// A trace as the page's requests to a manager with this handle.
fn requests(trace: &Trace, handle: u64, settings: Option<serde_json::Value>) -> Vec<String> {
    let Trace { id, instance, seed, steps } = trace;
    let mut new = json!({"id": id, "instance": instance, "seed": seed & 0xffff_ffff});
    if let Some(settings) = settings {
        new["settings"] = settings;
    }
    let mut requests = vec![json!({"new": new}).to_string()];
    for (now, input) in steps {
        let request = match input {
            Some(input) => json!({"handle": handle, "now": now, "input": input}),
            None => json!({"handle": handle, "now": now}),
        };
        requests.push(request.to_string());
    }
    requests.push(json!({"handle": handle, "connections": true}).to_string());
    requests.push(json!({"handle": handle, "connection": "nobody"}).to_string());
    requests.push(json!({"handle": handle, "free": true}).to_string());
    requests
}

#[test]
fn cm_11_the_committed_module_answers_as_the_native_core_does_to_the_last_byte() {
    let traces = traces();
    let mut all = Vec::new();
    for trace in &traces {
        all.extend(requests(trace, last_handle(&all) + 1, None));
        let hasty = json!({"retryDelayMs": 300, "retriesMax": 1, "attemptsAtOnce": 2, "jitterPercent": 10});
        all.extend(requests(&jumbled(trace), last_handle(&all) + 1, Some(hasty)));
    }
    // And what can't be understood.
    all.extend(["", "[]", "{", "\"\u{fffd}", r#"{"handle":1,"now":-1}"#].map(str::to_owned));

    let mut page = Page::default();
    let native: Vec<String> = all.iter().map(|request| page.answer(request.as_bytes())).collect();
    let module = in_node(&all);

    assert_eq!(module.len(), native.len(), "an answer for each request");
    for (place, (ours, theirs)) in native.iter().zip(&module).enumerate() {
        assert_eq!(ours, theirs, "request {place}: {}", all[place]);
    }
    covers(&native);
    println!("{} managers, {} requests", traces.len() * 2, all.len());
}

/// How many managers these requests make, which is the last one's handle.
fn last_handle(requests: &[String]) -> u64 {
    requests.iter().filter(|request| request.starts_with(r#"{"new""#)).count() as u64
}

/// Every order and every event is among the answers: otherwise the comparison says less than it seems to.
fn covers(answers: &[String]) {
    for part in [
        r#"{"send":{"type":"offer""#,
        r#"{"send":{"type":"answer""#,
        r#"{"send":{"type":"ice-candidate""#,
        r#"{"open":"#,
        r#""relayOnly":true"#,
        r#"{"createOffer":"#,
        r#""restartIce":true"#,
        r#"{"createAnswer":"#,
        r#"{"rollback":"#,
        r#"{"setRemoteDescription":"#,
        r#"{"addCandidate":"#,
        r#"{"close":"#,
        r#"{"connectionStateChanged":"#,
        r#"{"connectionFailed":"#,
        r#"{"peerRemoved":"#,
        r#"{"warning":"#,
        r#""status":"failed-permanent""#,
        r#""status":"waiting""#,
        r#""ignoreOffer":true"#,
        r#""timeout":null"#,
        r#"{"error":"#,
    ] {
        assert!(answers.iter().any(|answer| answer.contains(part)), "no answer has {part}");
    }
}

/// What the committed module answers.
fn in_node(requests: &[String]) -> Vec<String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{}.jsonl", std::process::id()));
    std::fs::write(&file, requests.join("\n") + "\n").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay.mjs");
    let run = Command::new("node").arg(script).arg(module()).arg(&file).output();
    std::fs::remove_file(&file).unwrap();
    let run = run.expect("this test needs node (version 20 or later); `cargo xtask test` installs it");
    assert!(run.status.success(), "node: {}", String::from_utf8_lossy(&run.stderr));
    let answers = String::from_utf8(run.stdout).expect("answers are UTF-8");
    answers.lines().map(str::to_owned).collect()
}

#[test]
fn the_committed_module_is_small_enough() {
    let bytes = std::fs::metadata(module()).unwrap().len();
    assert!(bytes <= MODULE_BYTES_MAX, "{bytes} bytes, at most {MODULE_BYTES_MAX}");
}
