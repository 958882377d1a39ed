//! Reports of the debug view, saved by real pages, told to the native core again: the states have to be those that the
//! report has. `cargo xtask replay FILE --as-test NAME` puts a report into `reports/`; `UPDATE=1 cargo test -p parlor-wasm
//! --test reports` writes what the core says now, to be looked at as a difference before it is committed.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

#[path = "../examples/replay/fixture.rs"]
mod fixture;
#[path = "../examples/replay/replay.rs"]
mod replay;
#[path = "../examples/replay/report.rs"]
mod report;
#[path = "../examples/replay/story.rs"]
mod story;

use replay::Verdict;
use report::Report;
use serde_json::{Value, json};

fn reports() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(fixture::folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no report to replay");
    found
}

#[test]
fn cm_20_saved_reports_replay_to_the_same_states() {
    for (name, text) in reports() {
        let report = Report::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        if std::env::var_os("UPDATE").is_some() {
            fixture::write(&report, &name).unwrap();
            continue;
        }
        match replay::replay(&report).verdict {
            Verdict::Same { states } => {
                assert!(states > 0, "{name}: the core said nothing");
                println!("{name}: same states: {states}");
            }
            other => panic!("{name}: {other}"),
        }
        assert_eq!(
            text,
            fixture::text(&report).unwrap(),
            "{name}: not as --as-test writes it; UPDATE=1 does"
        );
    }
}

/// The report of a page that joined a room in which somebody is who never answers.
fn told() -> Value {
    let there = |id: &str| json!({"id": id, "instance": format!("i-{id}"), "role": "caller", "suspect": false, "tracks": []});
    let room = json!({"id": "den", "topology": "mesh", "mix": "direct"});
    let participants = [there("bob"), there("ann")];
    let joined = json!({"room": room, "participants": participants, "topology": "mesh", "epoch": 1});
    let steps = json!([
        {"at": 1_000, "input": "signalingUp"},
        {"at": 1_000, "input": {"media": "none"}},
        {"at": 1_001, "input": {"signal": {"type": "room-joined", "data": joined}}},
        {"at": 1_002, "input": {"localDescriptionSet": {"peer": "ann", "attempt": 1,
            "sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nc=IN IP4 198.51.100.7\r\n"}}},
        {"at": 1_003, "input": {"localCandidate": {"peer": "ann", "attempt": 1, "candidate": {"candidate":
            "candidate:1 1 udp 2122260223 10.99.0.1 53000 typ srflx raddr 10.99.0.1 rport 9 ufrag x", "sdpMid": "0",
            "sdpMLineIndex": 0, "usernameFragment": null}}}},
        {"at": 1_004, "input": {"localCandidate": {"peer": "ann", "attempt": 1, "candidate": {"candidate":
            "candidate:2 1 udp 2122260222 2a01:4f8::1 53001 typ host", "sdpMid": "0", "sdpMLineIndex": 0,
            "usernameFragment": null}}}},
        {"at": 11_500},
    ]);
    let core = json!({"id": "bob", "instance": "i-bob", "seed": 7, "settings": {}});
    let mut report = json!({"format": "parlor-report", "version": 1, "connections": [],
        "history": {"core": core, "truncated": false, "dropped": 0, "steps": steps}});
    // What the page's core said, said by this one.
    let replayed = replay::replay(&read(&report).unwrap());
    for (step, answer) in report["history"]["steps"].as_array_mut().unwrap().iter_mut().zip(&replayed.answers)
    {
        assert_eq!(answer.error, None);
        step["said"] = json!(replay::said(&answer.outputs));
    }
    report["connections"] = json!(replayed.connections);
    report
}

fn read(report: &Value) -> Result<Report, String> {
    Report::read(&report.to_string())
}

fn verdict(report: &Value) -> Verdict {
    replay::replay(&read(report).unwrap()).verdict
}

#[test]
fn cm_20_a_state_that_differs_is_found_with_its_step() {
    let report = told();
    assert!(matches!(verdict(&report), Verdict::Same { states } if states > 1), "{}", verdict(&report));

    let mut other = report.clone();
    let steps = other["history"]["steps"].as_array().unwrap();
    let place = steps.iter().rposition(|step| !step["said"].as_array().unwrap().is_empty()).unwrap();
    other["history"]["steps"][place]["said"][0]["connectionStateChanged"]["state"]["status"] =
        json!("waiting");
    assert!(
        matches!(verdict(&other), Verdict::Different { step, .. } if step == place),
        "{}",
        verdict(&other)
    );

    let mut other = report.clone();
    other["history"]["steps"][2]["said"] = json!([]);
    assert!(matches!(verdict(&other), Verdict::Different { step: 2, .. }), "{}", verdict(&other));

    let mut other = report.clone();
    other["connections"] = json!([]);
    let steps = report["history"]["steps"].as_array().unwrap().len();
    assert!(
        matches!(verdict(&other), Verdict::Different { step, .. } if step == steps),
        "{}",
        verdict(&other)
    );

    let mut other = report;
    other["history"]["steps"][0]["input"] = json!("dance");
    let found = verdict(&other);
    assert!(matches!(&found, Verdict::Different { step: 0, what } if what.contains("dance")), "{found}");
    other["history"]["steps"][0]["error"] = json!("parlor core: no input is called dance");
    let found = verdict(&other);
    assert!(
        !matches!(&found, Verdict::Different { step: 0, .. }),
        "the page's core did not take it either: {found}"
    );
}

#[test]
fn cm_20_a_truncated_record_is_not_compared() {
    let mut report = told();
    report["history"]["steps"].as_array_mut().unwrap().remove(0);
    report["history"]["dropped"] = json!(1);
    report["history"]["truncated"] = json!(true);
    let found = verdict(&report);
    assert!(matches!(&found, Verdict::Unknown { why } if why.contains("truncated")), "{found}");
    assert!(fixture::text(&read(&report).unwrap()).is_err(), "nor is it a test");
}

#[test]
fn cm_20_what_is_no_report_is_said_to_be_none() {
    let mut other_version = told();
    other_version["version"] = json!(2);
    let mut no_session = told();
    no_session["history"] = Value::Null;
    let mut damaged = told();
    damaged["history"]["steps"][1]["at"] = json!("noon");
    let cases = [
        ("{".to_owned(), "no JSON"),
        ("[]".to_owned(), "no report"),
        (r#"{"format":"other"}"#.to_owned(), "no report"),
        (other_version.to_string(), "version is 2"),
        (no_session.to_string(), "no history"),
        (damaged.to_string(), "damaged"),
    ];
    for (text, part) in cases {
        let error = Report::read(&text).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    let mut nobody = told();
    nobody["history"]["core"]["id"] = json!("not an id");
    assert!(matches!(verdict(&nobody), Verdict::Unknown { .. }));
}

#[test]
fn cm_20_the_story_has_each_input_and_what_the_core_made_of_it() {
    let report = read(&told()).unwrap();
    let replayed = replay::replay(&report);
    let lines = story::lines(&report, &replayed).join("\n");
    for part in [
        "participant bob, document i-bob, seed 7",
        "0.001 ← room-joined den (bob, ann)",
        "= ann connecting",
        "· open ann 1",
        "→ offer ann",
        "10.500 time passed",
        "in the end: ann",
    ] {
        assert!(lines.contains(part), "{part} is not in\n{lines}");
    }
}

#[test]
fn cm_20_a_report_becomes_a_test_without_anybodys_address() {
    let report = read(&told()).unwrap();
    let text = fixture::text(&report).unwrap();
    for address in ["198.51.100.7", "10.99.0.1", "2a01:4f8::1"] {
        assert!(!text.contains(address), "{address} is in\n{text}");
    }
    assert!(text.contains("192.0.2.2 53000 typ srflx raddr 192.0.2.2"), "one address, one stand-in:\n{text}");
    assert!(text.contains("IN IP4 127.0.0.1"), "whom does that name?\n{text}");
    let again = Report::read(&text).unwrap();
    assert!(matches!(replay::replay(&again).verdict, Verdict::Same { states } if states > 1));
    assert_eq!(fixture::text(&again).unwrap(), text, "writing it again changes nothing");
    for name in ["", "../x", "A", "a b"] {
        assert!(fixture::write(&report, name).is_err(), "{name:?}");
    }
}
