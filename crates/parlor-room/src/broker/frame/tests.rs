//! Frames of PeerJS, read and written.

use super::*;

fn ann() -> PeerId {
    PeerId::parse("ann").unwrap()
}

fn relayed(text: &str) -> String {
    match PeerFrame::parse(text, &ann()) {
        Some(PeerFrame::Signal(signal)) => signal.text.to_string(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn gp_01_a_payload_passes_as_the_text_that_it_is() {
    let payload = r#"{"b":1,"a":1e400,"s":"\u00e9\ud800","n":[ [ ] ]}"#;
    assert_eq!(
        relayed(&format!(r#" {{"payload":{payload},"type":"OFFER","dst":"bob"}}"#)),
        format!(r#"{{"type":"OFFER","src":"ann","dst":"bob","payload":{payload}}}"#)
    );
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(relayed(&format!(r#"{{"type":"OFFER","dst":"bob","payload":{deep}}}"#)).contains(&deep));
}

#[test]
fn gp_01_words_written_with_escapes_are_the_same_words() {
    assert_eq!(
        relayed(r#"{"type":"OF\u0046ER","dst":"b\u006fb"}"#),
        r#"{"type":"OFFER","src":"ann","dst":"bob"}"#
    );
    assert_eq!(relayed(r#"{"type":"OFFER","dst":"a\"b"}"#), r#"{"type":"OFFER","src":"ann","dst":"a\"b"}"#);
}

#[test]
fn gp_01_what_the_server_says_is_as_peerserver_says_it() {
    assert_eq!(&*open(), r#"{"type":"OPEN"}"#);
    assert_eq!(&*id_taken(), r#"{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}"#);
    assert_eq!(&*error("No"), r#"{"type":"ERROR","payload":{"msg":"No"}}"#);
    assert_eq!(&*expire("gone", &ann()), r#"{"type":"EXPIRE","src":"gone","dst":"ann"}"#);
}

#[test]
fn gp_01_a_leave_without_anybody_named_is_ones_own() {
    for text in [r#"{"type":"LEAVE"}"#, r#"{"type":"LEAVE","dst":null}"#, r#"{"type":"LEAVE","dst":""}"#] {
        assert_eq!(PeerFrame::parse(text, &ann()), Some(PeerFrame::Leave));
    }
}
