//! Who comes, who goes, who waits.

use serde_json::{Value, json};

use crate::double::{Discord, GUILD, OTHER_VOICE, TEXT, VOICE};
use crate::support::{Bridge, Parlor};

#[tokio::test]
async fn gp_07_the_first_four_are_admitted_and_the_rest_wait_in_order() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    for user in [11, 12] {
        discord.moves(user, VOICE);
    }
    discord.moves(13, OTHER_VOICE);
    let mut bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11, 12], &[]).await;
    bridge.line("the room is made").await;
    let (_, room) = parlor.ask("GET", "/rooms/game", &Value::Null).await;
    assert_eq!(
        (&room["capacity"], &room["listed"], &room["roster"]),
        (&json!(4), &json!(false), &json!(true))
    );

    for user in [16, 15, 14, 17] {
        discord.moves(user, VOICE);
    }
    parlor.has(&[11, 12, 16, 15], &[14, 17]).await;
    // Changing the channel is going; muting oneself, in the same channel, is nothing; who goes makes place.
    discord.moves(12, OTHER_VOICE);
    discord.moves(15, VOICE);
    parlor.has(&[11, 16, 15, 14], &[17]).await;
    discord.moves(17, None);
    discord.moves(11, None);
    parlor.has(&[16, 15, 14], &[]).await;
    // Who comes back is the last one.
    discord.moves(11, VOICE);
    discord.moves(13, VOICE);
    parlor.has(&[16, 15, 14, 11], &[13]).await;
    for user in [11, 13, 14, 15, 16] {
        discord.moves(user, None);
    }
    parlor.has(&[], &[]).await;
    assert_eq!(discord.counts().identifies, 1);
}

#[tokio::test]
async fn gp_07_bots_count_for_nothing_and_places_are_a_setting() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    for bot in [21, 22] {
        discord.add_bot(bot);
    }
    discord.moves(21, VOICE);
    discord.moves(11, VOICE);
    let _bridge = Bridge::start_with(&discord, parlor.addr, VOICE, &["--places", "2"]);
    parlor.has(&[11], &[]).await;
    for user in [22, 12, 13] {
        discord.moves(user, VOICE);
    }
    parlor.has(&[11, 12], &[13]).await;
}

#[tokio::test]
async fn gp_07_who_leaves_the_voice_channel_is_dropped_from_the_room() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let _bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    let (_, token) = parlor.ask("POST", "/tokens", &json!({"userId": "11", "room": "game"})).await;
    let tcp = tokio::net::TcpStream::connect(parlor.addr).await.unwrap();
    let url = format!("ws://{}/ws", parlor.addr);
    let (mut socket, _) = tokio_tungstenite::client_async(url, tcp).await.unwrap();
    for frame in [
        json!({"type": "hello", "data": {"token": token["token"]}}),
        json!({"type": "user-joined-room", "data": {"roomId": "game"}}),
    ] {
        socket.send(Message::text(frame.to_string())).await.unwrap();
    }
    let mut expect = async |kind: &str| loop {
        let Some(Ok(Message::Text(text))) = crate::support::soon(kind, socket.next()).await else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(frame["type"], "error", "{frame}");
        if frame["type"] == kind {
            return frame;
        }
    };
    assert_eq!(expect("room-joined").await["data"]["you"]["id"], "11");
    discord.moves(11, OTHER_VOICE);
    let left = expect("user-left-room").await;
    assert_eq!((&left["data"]["userId"], &left["data"]["reason"]), (&json!("11"), &json!("kicked")));
}

#[tokio::test]
async fn gp_07_an_id_that_is_no_voice_channel_of_the_guild_is_an_error_at_start() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    for (channel, why) in [(TEXT, "is no voice channel"), (9_999, "has no channel 9999")] {
        let bridge = Bridge::start_with(&discord, parlor.addr, channel, &[]);
        let (code, said) = bridge.ended().await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(why) && said.contains(&GUILD.to_string()), "{said}");
    }
    assert_eq!(parlor.ask("GET", "/rooms/game", &Value::Null).await.0, 404, "nothing was made");
    // A stage is a voice channel too.
    discord.moves(11, OTHER_VOICE);
    let bridge = Bridge::start_with(&discord, parlor.addr, OTHER_VOICE, &[]);
    parlor.has(&[11], &[]).await;
    drop(bridge);
    discord.uninvite();
    let (code, said) = Bridge::start(&discord, parlor.addr).ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("the bot is in no guild 4000"), "{said}");
}

#[tokio::test]
async fn a_channel_that_is_deleted_empties_the_room_and_is_the_end() {
    let (discord, parlor) = (Discord::start().await, Parlor::start().await);
    discord.moves(11, VOICE);
    let bridge = Bridge::start(&discord, parlor.addr);
    parlor.has(&[11], &[]).await;
    discord.delete(VOICE);
    let (code, said) = bridge.ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("was deleted"), "{said}");
    parlor.has(&[], &[]).await;
}
