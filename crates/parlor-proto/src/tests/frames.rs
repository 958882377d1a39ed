//! Frames at the door: what gets in, and what is answered to the rest.

use crate::limits;
use crate::{ClientFrame, ClientMessage, ErrorCode, FrameError, RequestId};

fn refused(text: &str) -> FrameError {
    match ClientFrame::parse(text) {
        Ok(frame) => panic!("{text:.200} was understood: {frame:?}"),
        Err(error) => *error,
    }
}

fn read(text: &str) -> ClientFrame {
    ClientFrame::parse(text).unwrap_or_else(|error| panic!("{text:.200}: {error:?}"))
}

fn id(text: &str) -> Option<RequestId> {
    Some(serde_json::from_str(text).unwrap())
}

#[test]
fn a_request_id_comes_back_as_it_came() {
    for text in ["7", "-1", "1.50", "\"a\"", "\"\\u0041\""] {
        let frame = read(&format!(r#"{{"type":"ping","id":{text},"data":{{}}}}"#));
        assert_eq!(frame.id, id(text));
    }
    let long = format!("\"{}\"", "x".repeat(limits::REQUEST_ID_BYTES_MAX));
    for text in ["true", "{}", "[1]", &long] {
        let error = refused(&format!(r#"{{"type":"ping","id":{text},"data":{{}}}}"#));
        assert_eq!((error.refusal.code, error.id), (ErrorCode::BadMessage, None), "{text}");
        assert_eq!(error.refusal.kind.as_deref(), Some("ping"));
    }
}

#[test]
fn unknown_fields_are_ignored_and_missing_data_is_empty() {
    let frame = read(r#"{"type":"room-list-request","cseq":3,"colour":"blue"}"#);
    assert_eq!(frame.cseq, Some(3));
    let with_more = read(r#"{"type":"room-list-request","cseq":3,"data":{"deltas":false,"x":[1]}}"#);
    assert_eq!(frame.message, with_more.message);
}

#[test]
fn what_is_no_frame_is_a_bad_message() {
    let texts = [
        "",
        "hello",
        "null",
        "7",
        "[]",
        "\"ping\"",
        "{",
        "{}",
        r#"{"type":7}"#,
        r#"{"type":null,"data":{}}"#,
    ];
    for text in texts {
        let error = refused(text);
        assert_eq!(error.refusal.code, ErrorCode::BadMessage, "{text}");
        assert!(!error.refusal.message.is_empty());
    }
}

#[test]
fn an_unknown_type_is_a_bad_message_that_names_it() {
    let error = refused(r#"{"type":"dance","id":1,"data":{}}"#);
    assert_eq!((error.refusal.code, error.id), (ErrorCode::BadMessage, id("1")));
    assert_eq!(error.refusal.kind.as_deref(), Some("dance"));
}

#[test]
fn a_refusal_repeats_what_the_request_was_about() {
    let error =
        refused(r#"{"type":"offer","id":"q","data":{"to":"bo","roomId":"r","attempt":2,"sdp":7,"n":1}}"#);
    assert_eq!(error.id, id("\"q\""));
    let refusal = error.refusal;
    assert_eq!(refusal.kind.as_deref(), Some("offer"));
    assert_eq!(refusal.to.map(|to| to.to_string()).as_deref(), Some("bo"));
    assert_eq!(refusal.room_id.map(|id| id.to_string()).as_deref(), Some("r"));
    assert_eq!(refusal.attempt, Some(2));
}

#[test]
fn missing_and_wrong_fields_are_bad_messages() {
    let bad = [
        r#"{"type":"room-created","data":{}}"#,
        r#"{"type":"room-created","data":{"name":7}}"#,
        r#"{"type":"room-created","data":{"name":"A","capacity":0}}"#,
        r#"{"type":"room-created","data":{"name":"A","capacity":1001}}"#,
        r#"{"type":"room-created","data":{"name":"A","capacity":16,"topology":"mesh"}}"#,
        r#"{"type":"room-created","data":{"name":"A","capacity":-1}}"#,
        r#"{"type":"room-created","data":{"name":"A","topology":"ring"}}"#,
        r#"{"type":"user-joined-room","data":{"roomId":"no spaces"}}"#,
        r#"{"type":"user-joined-room","data":{"roomId":"r","role":"king"}}"#,
        r#"{"type":"user-joined-room","data":{"roomId":"r","create":{"name":"A","capacity":0}}}"#,
        r#"{"type":"offer","data":{"to":"bo","sdp":"v=0","attempt":0,"n":1}}"#,
        r#"{"type":"offer","data":{"to":"bo","sdp":"v=0","attempt":1,"n":0}}"#,
        r#"{"type":"offer","data":{"to":"bo","sdp":{"a":1},"attempt":1,"n":1}}"#,
        r#"{"type":"offer","data":{"to":"bo","sdp":"\ud800","attempt":1,"n":1}}"#,
        r#"{"type":"ice-candidate","data":{"to":"bo","candidate":null,"attempt":0}}"#,
        r#"{"type":"chat","data":{"roomId":"r","text":""}}"#,
        r#"{"type":"hello","data":{"userId":"ü"}}"#,
        r#"{"type":"hello","data":{"userName":"   "}}"#,
        r#"{"type":"hello","data":[]}"#,
        r#"{"type":"track-state","data":{"roomId":"r","audioEnabled":1,"videoEnabled":false}}"#,
    ];
    for text in bad {
        assert_eq!(refused(text).refusal.code, ErrorCode::BadMessage, "{text}");
    }
}

#[test]
fn what_is_too_long_is_too_large() {
    let chat =
        |chars: usize| format!(r#"{{"type":"chat","data":{{"roomId":"r","text":"{}"}}}}"#, "é".repeat(chars));
    assert!(matches!(read(&chat(limits::CHAT_CHARS_MAX)).message, ClientMessage::Chat(_)));
    assert_eq!(refused(&chat(limits::CHAT_CHARS_MAX + 1)).refusal.code, ErrorCode::TooLarge);
    let message = |bytes: usize| {
        format!(r#"{{"type":"message","data":{{"roomId":"r","payload":"{}"}}}}"#, "x".repeat(bytes - 2))
    };
    assert!(matches!(read(&message(limits::PAYLOAD_BYTES_MAX)).message, ClientMessage::Message(_)));
    assert_eq!(refused(&message(limits::PAYLOAD_BYTES_MAX + 1)).refusal.code, ErrorCode::TooLarge);
}

#[test]
fn nesting_has_a_limit_and_brackets_in_strings_do_not_nest() {
    let message =
        |payload: &str| format!(r#"{{"type":"message","data":{{"roomId":"r","payload":{payload}}}}}"#);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The frame and its data are two.
    assert!(ClientFrame::parse(&message(&nested(limits::NESTING_MAX - 2))).is_ok());
    assert_eq!(refused(&message(&nested(limits::NESTING_MAX - 1))).refusal.code, ErrorCode::BadMessage);
    assert_eq!(refused(&message(&nested(100_000))).refusal.code, ErrorCode::BadMessage);
    assert!(ClientFrame::parse(&message(&format!("\"\\\"{}\"", "[".repeat(1_000)))).is_ok());
}

#[test]
fn a_description_and_a_payload_pass_unchanged() {
    let frame = read(r#"{"type":"offer","data":{"to":"bo","sdp":"v=0\r\n\u0061","attempt":1,"n":1}}"#);
    let ClientMessage::Offer(offer) = frame.message else { panic!("no offer") };
    assert_eq!(offer.sdp.text(), "v=0\r\na");
    assert!(serde_json::to_string(&offer).unwrap().contains(r#""v=0\r\n\u0061""#));
    let frame = read(r#"{"type":"message","data":{"roomId":"r","payload":{"a" : 1.0}}}"#);
    let ClientMessage::Message(message) = frame.message else { panic!("no message") };
    assert_eq!(message.payload.as_json(), r#"{"a" : 1.0}"#);
}
