//! Each bad input gets a clear error, and costs nobody else anything.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{Client, Server, config, ids, talk};

/// Two in a room who must notice nothing, and one in the same room who misbehaves.
struct Scene {
    server: Server,
    ada: Client,
    bob: Client,
    eve: Client,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start(config()).await;
        let ada = server.in_room("ada", "show").await;
        let bob = server.in_room("bob", "show").await;
        let eve = server.in_room("eve", "show").await;
        Self { server, ada, bob, eve }
    }

    /// Sends a frame that is refused, and gives back the refusal.
    async fn refused(&mut self, text: impl Into<String>) -> Value {
        self.eve.text(text).await;
        let error = self.eve.expect("error").await;
        assert!(error["data"]["message"].as_str().unwrap().len() > 5, "a sentence: {error}");
        error["data"].clone()
    }

    /// All goes on, for the others and for the one who misbehaved.
    async fn all_is_well(&mut self) {
        talk("show", &mut self.ada, &mut self.bob, "undisturbed").await;
        talk("show", &mut self.ada, &mut self.eve, "still here").await;
        assert_eq!(self.server.metric("parlor_registry_panics_total").await, 0);
    }
}

#[tokio::test]
async fn bad_input_not_json() {
    let mut scene = Scene::new().await;
    for text in
        ["", "hello", "{", "[1,2", "nul", "{\"type\":\"ping\"", "\u{0}", "[]", "null", "17", "\"ping\""]
    {
        assert_eq!(scene.refused(text).await["code"], "bad-message", "{text:?}");
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_wrong_types() {
    let mut scene = Scene::new().await;
    for text in [
        r#"{"type":17,"data":{}}"#,
        r#"{"type":"ping","data":[]}"#,
        r#"{"type":"user-left-room","data":["show"]}"#,
        r#"["ping",{"t":1}]"#,
        r#"{"type":"user-joined-room","data":{"roomId":17}}"#,
        r#"{"type":"offer","data":{"to":"ada","sdp":{},"attempt":1,"n":1}}"#,
        r#"{"type":"offer","data":{"to":"ada","sdp":"v=0","attempt":-1,"n":1}}"#,
        r#"{"type":"track-state","data":{"roomId":"show","audioEnabled":"yes","videoEnabled":false}}"#,
    ] {
        assert_eq!(scene.refused(text).await["code"], "bad-message", "{text}");
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_missing_fields() {
    let mut scene = Scene::new().await;
    for kind in ["user-joined-room", "room-created", "offer", "answer", "ice-candidate", "chat", "message"] {
        let error = scene.refused(json!({"type": kind, "data": {}}).to_string()).await;
        assert_eq!(error["code"], "bad-message", "{kind}");
        assert_eq!(error["type"], kind);
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_a_frame_of_257_kib_is_answered_and_closes_with_1009() {
    let mut scene = Scene::new().await;
    let text = "x".repeat(257 * 1024);
    let error = scene.refused(text).await;
    assert_eq!(error["code"], "too-large");
    assert_eq!(scene.eve.closed().await.unwrap().0, 1009);
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn bad_input_a_frame_of_many_megabytes_closes_with_1009_too() {
    let mut scene = Scene::new().await;
    // Not all of it may get through: the server stops reading. What counts is that it says why.
    drop(scene.eve.socket.send(Message::text("x".repeat(8 * 1024 * 1024))).await);
    assert_eq!(scene.eve.closed().await.map(|close| close.0), Some(1009));
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn bad_input_many_fragments_that_are_too_large_together_close_with_1009() {
    let mut scene = Scene::new().await;
    let part = vec![b'x'; 100 * 1024];
    let first = Frame::message(part.clone(), OpCode::Data(Data::Text), false);
    scene.eve.socket.send(Message::Frame(first)).await.unwrap();
    for _ in 0..2 {
        let more = Frame::message(part.clone(), OpCode::Data(Data::Continue), false);
        drop(scene.eve.socket.send(Message::Frame(more)).await);
    }
    assert_eq!(scene.eve.closed().await.map(|close| close.0), Some(1009));
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn a_frame_of_exactly_256_kib_is_read() {
    let mut scene = Scene::new().await;
    let mut text = json!({"type": "ping", "data": {"t": 1}}).to_string();
    text.push_str(&" ".repeat(256 * 1024 - text.len()));
    scene.eve.text(text).await;
    assert_eq!(scene.eve.expect("pong").await["data"]["t"], 1);
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_a_binary_frame_closes_with_1003() {
    let mut scene = Scene::new().await;
    scene.eve.socket.send(Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(scene.eve.closed().await.unwrap().0, 1003);
    // It is the server's own close for a bad frame: suspect, not gone.
    let updated = scene.ada.expect("user-updated").await;
    assert_eq!(updated["data"]["participant"]["suspect"], true);
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn bad_input_text_that_is_not_utf8_closes_with_1007() {
    let mut scene = Scene::new().await;
    let frame = Frame::message(vec![0xff, 0xfe, 0x80], OpCode::Data(Data::Text), true);
    scene.eve.socket.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(scene.eve.closed().await.unwrap().0, 1007);
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn bad_input_frames_against_rfc_6455_close_with_1002() {
    let mut scene = Scene::new().await;
    let mut frame = Frame::message(b"{}".to_vec(), OpCode::Data(Data::Text), true);
    frame.header_mut().rsv1 = true;
    scene.eve.socket.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(scene.eve.closed().await.unwrap().0, 1002);
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn bad_input_deep_nesting() {
    let mut scene = Scene::new().await;
    let depth = 100_000;
    for text in [
        format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        format!(r#"{{"type":"ping","data":{{"t":{}1{}}}}}"#, "[".repeat(depth), "]".repeat(depth)),
        format!(r#"{{"type":"ping","data":{{"t":{}"#, r#"{"a":"#.repeat(40_000)),
    ] {
        assert_eq!(scene.refused(text).await["code"], "bad-message");
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_unknown_type() {
    let mut scene = Scene::new().await;
    let error = scene.refused(r#"{"type":"make-coffee","data":{"roomId":"show"},"id":9}"#).await;
    assert_eq!(error["code"], "bad-message");
    assert_eq!(error["type"], "make-coffee");
    assert_eq!(error["roomId"], "show");
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_ids_with_forbidden_characters() {
    let mut scene = Scene::new().await;
    for id in ["a b", "a/b", "<b>", "ä", "", "a\u{0}b", "x\u{202e}y", &"x".repeat(65)] {
        let join = json!({"type": "user-joined-room", "data": {"roomId": id}});
        assert_eq!(scene.refused(join.to_string()).await["code"], "bad-message", "{id:?}");
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_names_of_65_characters_and_with_control_characters() {
    let mut scene = Scene::new().await;
    for name in [&"n".repeat(65), &"ü".repeat(65), "a\u{7}b", "a\nb", "a\u{202e}b", "   "] {
        let create = json!({"type": "room-created", "data": {"id": "new", "name": name}});
        assert_eq!(scene.refused(create.to_string()).await["code"], "bad-message", "{name:?}");
    }
    scene.all_is_well().await;
    assert_eq!(scene.server.metric("parlor_rooms").await, 1);
}

#[tokio::test]
async fn bad_input_markup_as_a_name_is_a_name_like_any_other() {
    let server = Server::start(config()).await;
    let name = "<img src=x onerror=alert(1)>";
    let mut eve = server.client().await;
    eve.hello(json!({"userId": "eve", "userName": name})).await;
    let create = json!({"id": "show", "name": name});
    assert_eq!(eve.request("room-created", create).await["type"], "ok");
    let mut ada = server.user("ada").await;
    let joined = ada.join("show").await;
    assert_eq!(joined["data"]["room"]["name"], name);
    assert_eq!(joined["data"]["participants"][0]["name"], name);
}

#[tokio::test]
async fn bad_input_leaving_where_one_is_not() {
    let mut scene = Scene::new().await;
    let error = scene.refused(r#"{"type":"user-left-room","data":{"roomId":"elsewhere"}}"#).await;
    assert!(["not-in-room", "room-not-found"].contains(&error["code"].as_str().unwrap()), "{error}");
    assert_eq!(error["roomId"], "elsewhere");
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_signalling_to_a_stranger() {
    let mut scene = Scene::new().await;
    let _stranger = scene.server.in_room("stranger", "other").await;
    for to in ["stranger", "nobody", "eve"] {
        let offer = json!({"type": "offer", "data": {"to": to, "sdp": "v=0", "attempt": 3, "n": 1}});
        let error = scene.refused(offer.to_string()).await;
        assert_eq!(error["code"], "peer-unavailable", "{to}");
        assert_eq!(error["to"], to);
        assert_eq!(error["attempt"], 3);
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn bad_input_a_thousand_frames_at_once() {
    let mut scene = Scene::new().await;
    for n in 0..1_500 {
        let frame = json!({"type": "message", "data": {"roomId": "show", "payload": n}, "id": n});
        scene.eve.socket.feed(Message::text(frame.to_string())).await.unwrap();
    }
    scene.eve.socket.flush().await.unwrap();
    // The burst is allowed, what is above it is refused, and nothing of either is lost for anybody.
    let mut answers = Vec::new();
    while answers.len() < 1_500 {
        let frame = scene.eve.next().await;
        if !frame["re"].is_null() {
            answers.push(frame);
        }
    }
    let refused = answers.iter().filter(|answer| answer["type"] == "error").count();
    assert!((200..=502).contains(&refused), "{refused} refused");
    assert!(answers.iter().filter(|a| a["type"] == "error").all(|a| a["data"]["code"] == "rate-limited"));
    assert!(answers.iter().enumerate().all(|(n, answer)| answer["re"] == n), "answers come in order");
    for receiver in [&mut scene.ada, &mut scene.bob] {
        for expected in answers.iter().filter(|answer| answer["type"] == "ok") {
            assert_eq!(receiver.expect("message").await["data"]["payload"], expected["re"]);
        }
    }
    talk("show", &mut scene.ada, &mut scene.bob, "undisturbed").await;
}

#[tokio::test]
async fn twenty_bad_messages_close_with_1008_and_the_session_can_be_resumed() {
    let mut scene = Scene::new().await;
    for _ in 0..19 {
        assert_eq!(scene.refused("{").await["code"], "bad-message");
    }
    scene.eve.text("{").await;
    assert_eq!(scene.eve.closed().await.unwrap().0, 1008);
    let mut again = scene.server.client().await;
    again.last_seq = scene.eve.last_seq;
    let resume = json!({"token": scene.eve.resume_token, "lastSeq": scene.eve.last_seq});
    let welcome = again.hello(json!({"userId": "eve", "instance": "i-eve", "resume": resume})).await;
    assert_eq!(welcome["data"]["resumed"], true);
    scene.eve = again;
    scene.all_is_well().await;
}

#[tokio::test]
async fn refusals_never_close() {
    let mut scene = Scene::new().await;
    for _ in 0..60 {
        let error = scene.refused(r#"{"type":"user-joined-room","data":{"roomId":"nowhere"}}"#).await;
        assert_eq!(error["code"], "room-not-found");
    }
    scene.all_is_well().await;
    assert_eq!(ids(&scene.eve.join("show").await["data"]["participants"]), ["ada", "bob", "eve"]);
}
