//! Frames that are passed on, and frames that are not.

use super::*;

fn relayed(text: &str) -> Option<Relayed> {
    relay(text.as_bytes(), &UserId::parse("ann").unwrap())
}

#[test]
fn vc_01_the_hub_writes_who_said_it() {
    let chat = relayed(r#"{"type":"chat","data":{"text":"hi","roomId":"r","userId":"mallory"}}"#).unwrap();
    assert_eq!(chat.text, r#"{"type":"chat","data":{"roomId":"r","text":"hi","userId":"ann"}}"#);
    assert_eq!(chat.to, None);
    let message = r#"{"type":"message","data":{"roomId":"r","to":"bob","from":"x","payload":{"n":1.10}}}"#;
    let message = relayed(message).unwrap();
    assert_eq!(message.to, UserId::parse("bob").ok());
    let expected = r#"{"type":"message","data":{"from":"ann","payload":{"n":1.10},"roomId":"r","to":"bob","userId":"ann"}}"#;
    assert_eq!(message.text, expected, "what the payload says is not rewritten");
    assert!(relayed(r#"{"type":"reaction","data":{"of":"somebody's application"}}"#).is_some());
}

#[test]
fn vc_01_bad_frames_go_nowhere() {
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"type":"chat"}"#,
        r#"{"type":"chat","data":[]}"#,
        r#"{"type":"chat","data":{"roomId":"r","text":""}}"#,
        r#"{"type":"chat","data":{"roomId":"r","text":7}}"#,
        r#"{"type":"track-state","data":{"roomId":"r"}}"#,
        r#"{"type":"end-room","data":{"roomId":"r"}}"#,
        r#"{"type":"offer","data":{"to":"bob","sdp":"","attempt":1,"n":1}}"#,
    ] {
        assert_eq!(relayed(bad), None, "{bad}");
    }
    assert_eq!(relay(&[0xff, 0xfe], &UserId::parse("ann").unwrap()), None);
    let long = format!(
        r#"{{"type":"x","data":{{"text":"{}"}}}}"#,
        "a".repeat(limits::DATA_FRAME_BYTES_MAX as usize)
    );
    assert_eq!(relayed(&long), None);
}
