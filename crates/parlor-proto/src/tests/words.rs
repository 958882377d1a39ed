//! Ids, names, times, descriptions and encoded frames.

use crate::client::{Ping, RoomListRequest};
use crate::id::IdError;
use crate::name::NameError;
use crate::server::{Pong, encode_error, encode_ok};
use crate::{
    ClientMessage, CloseCode, ErrorCode, LeaveReason, Name, Refusal, RequestId, Sdp, ServerMessage, Time,
    Timestamp, UserId, close,
};

#[test]
fn cm_01_ids_are_compared_by_bytes() {
    let mut ids = ["b", "a.b", "Z", "a-b", "_", "a", "10", "9"].map(|text| UserId::parse(text).unwrap());
    ids.sort();
    assert_eq!(ids.map(|id| id.to_string()), ["10", "9", "Z", "_", "a", "a-b", "a.b", "b"]);
}

#[test]
fn an_id_has_an_alphabet_and_a_length() {
    assert!(UserId::parse(&"x".repeat(64)).is_ok());
    assert!(UserId::parse("A-Za-z0-9_.:@-").is_ok());
    assert_eq!(UserId::parse(""), Err(IdError::Empty));
    assert_eq!(UserId::parse(&"x".repeat(65)), Err(IdError::TooLong(65)));
    for bad in [' ', '/', '<', '\n', '\u{0}', 'é', '\u{1F600}'] {
        assert_eq!(UserId::parse(&format!("a{bad}")), Err(IdError::Character(bad)));
    }
    assert!(UserId::parse("hub").unwrap().is_hub());
    assert!(!UserId::parse("Hub").unwrap().is_hub());
}

#[test]
fn a_name_is_trimmed_counted_in_scalar_values_and_has_no_controls() {
    assert_eq!(Name::parse("  Ada \u{2003}").unwrap().as_str(), "Ada");
    assert!(Name::parse(&"é".repeat(64)).is_ok());
    assert!(
        Name::parse("<img src=x onerror=alert(1)>").is_ok(),
        "a name like any other: it is shown as text"
    );
    assert_eq!(Name::parse(" \t "), Err(NameError::Empty));
    assert_eq!(Name::parse(&"é".repeat(65)), Err(NameError::TooLong(65)));
    for bad in ['\u{0}', '\u{7}', '\n', '\u{7f}', '\u{85}', '\u{200F}', '\u{202E}', '\u{2066}', '\u{2028}'] {
        assert_eq!(Name::parse(&format!("a{bad}b")), Err(NameError::Character(bad.into())));
    }
}

#[test]
fn times_are_rfc_3339_in_utc() {
    let moment = Timestamp(Time::from_ms(1_795_255_200_123));
    assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2026-11-21T10:00:00.123Z\"");
    assert_eq!(serde_json::from_str::<Timestamp>("\"2026-11-21T10:00:00.123Z\"").unwrap(), moment);
    assert_eq!(Timestamp(Time::from_ms(u64::MAX)).to_string(), "9999-12-31T23:59:59.999Z");
    assert_eq!(Time::from_ms(5).ms_since(Time::from_ms(9)), 0);
}

#[test]
fn the_ice_fragment_of_a_description_is_found_whatever_its_line_ends() {
    for text in ["v=0\r\na=ice-ufrag:Ab+/9\r\nm=audio", "v=0\na=ice-ufrag:Ab+/9\n"] {
        assert_eq!(Sdp::from_text(text).ice_ufrag().as_deref(), Some("Ab+/9"));
    }
    assert_eq!(
        serde_json::from_str::<Sdp>(r#""a=ice-ufrag:Ab+\/9""#).unwrap().ice_ufrag().as_deref(),
        Some("Ab+/9")
    );
    assert_eq!(Sdp::from_text("v=0").ice_ufrag(), None);
}

#[test]
fn a_frame_is_encoded_once_and_numbered_for_each_receiver() {
    let pong = ServerMessage::Pong(Pong { t: None }).encode();
    assert_eq!(&*pong.text(), r#"{"type":"pong","data":{}}"#);
    assert_eq!(&*pong.numbered(7), r#"{"type":"pong","data":{},"seq":7}"#);
}

#[test]
fn answers_carry_the_request_and_errors_what_they_are_about() {
    let re: RequestId = serde_json::from_str("\"q\"").unwrap();
    assert_eq!(&*encode_ok(&re).text(), r#"{"type":"ok","re":"q","data":{}}"#);
    let message = ClientMessage::RoomListRequest(RoomListRequest::default());
    let refusal: Refusal = message.refusal(ErrorCode::RateLimited, "wait".to_owned());
    let data = r#"{"code":"rate-limited","message":"wait","type":"room-list-request"}"#;
    assert_eq!(
        &*encode_error(Some(&re), &refusal).text(),
        format!(r#"{{"type":"error","re":"q","data":{data}}}"#)
    );
    assert_eq!(&*encode_error(None, &refusal).text(), format!(r#"{{"type":"error","data":{data}}}"#));
}

#[test]
fn every_word_has_one_spelling() {
    for code in ErrorCode::ALL {
        assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
    }
    assert_eq!(serde_json::to_string(&LeaveReason::ServerStopping).unwrap(), "\"server-stopping\"");
    assert_eq!(ClientMessage::Ping(Ping::default()).type_name(), "ping");
    assert!(ClientMessage::TYPES.contains(&"track-state"));
}

#[test]
fn closing_a_tab_is_leaving_and_4000_is_coming_back() {
    for code in [None, Some(1000), Some(1001), Some(1005)] {
        assert!(close::is_leave(code), "{code:?}");
    }
    for code in [close::COMING_BACK, 1002, 1006, 1011, CloseCode::TooLarge.code(), CloseCode::Replaced.code()]
    {
        assert!(!close::is_leave(Some(code)), "{code}");
    }
}
