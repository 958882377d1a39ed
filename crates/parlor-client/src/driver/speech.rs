//! Chat, messages and what else participants tell each other: over data channels, and through the server for those without
//! one. A line that comes on both ways is told once.

use std::time::{SystemTime, UNIX_EPOCH};

use parlor_connect::Remote;
use parlor_proto::client::{Chat, Message, TrackState};
use parlor_proto::server::{ChatFrom, MessageFrom, MuteRequestFrom};
use parlor_proto::{ChatId, ClientMessage, RawJson, RoomId, Time, Timestamp, UserId};
use serde::Deserialize;

use super::{Driver, random_id};
use crate::error::Error;
use crate::event::Event;
use crate::frames::Frame;
use crate::talk::{self, DataFrame};

/// A line as it comes over a data channel: whom it is of the connection tells, but for the hub's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    room_id: RoomId,
    #[serde(default)]
    user_id: Option<UserId>,
    text: String,
    #[serde(default)]
    chat_id: Option<ChatId>,
    #[serde(default)]
    sent_at: Option<Timestamp>,
}

/// A message as it comes over a data channel.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Direct {
    #[serde(default)]
    room_id: Option<RoomId>,
    #[serde(default)]
    user_id: Option<UserId>,
    payload: RawJson,
}

impl Driver {
    /// Says something to everybody else in a room.
    pub(super) fn chat(&mut self, room: &RoomId, text: String) -> Result<(), Error> {
        let given = text.chars().count();
        let max = usize::try_from(self.limits.chat_characters).unwrap_or(usize::MAX);
        if given == 0 || given > max {
            return Err(Error::Line { max, given });
        }
        let (others, own_id) = self.others(room)?;
        let chat_id = ChatId::parse(&random_id("c")).ok();
        let line = chat_id.clone().map(|chat_id| ChatFrom {
            room_id: room.clone(),
            user_id: own_id,
            text: text.clone(),
            chat_id,
            sent_at: now(),
        });
        let mut is_everyone_direct = line.is_some();
        if let Some(line) = line {
            let frame = talk::frame("chat", &line);
            // Who has a data channel with the hub nobody knows: the server tells those who have none.
            self.connections.send_data(&Remote::Hub(room.clone()), &frame);
            for user in others {
                is_everyone_direct &= self.connections.send_data(&Remote::User(user), &frame);
            }
        }
        if !is_everyone_direct {
            self.ask(ClientMessage::Chat(Chat { room_id: room.clone(), text, chat_id }), None);
        }
        Ok(())
    }

    /// Sends any JSON to somebody, or to everybody else in a room.
    pub(super) fn message(
        &mut self,
        room: &RoomId,
        to: Option<&UserId>,
        payload: &RawJson,
    ) -> Result<(), Error> {
        let (others, own_id) = self.others(room)?;
        let message =
            MessageFrom { room_id: room.clone(), from: own_id, to: to.cloned(), payload: payload.clone() };
        let frame = talk::frame("message", &message);
        let meant = others.into_iter().filter(|user| to.is_none_or(|to| to == user));
        for user in meant {
            if !self.connections.send_data(&Remote::User(user.clone()), &frame) {
                let message = Message { room_id: room.clone(), to: Some(user), payload: payload.clone() };
                self.ask(ClientMessage::Message(message), None);
            }
        }
        Ok(())
    }

    /// Everybody else in a room, and who oneself is there.
    fn others(&self, room: &RoomId) -> Result<(Vec<UserId>, UserId), Error> {
        let membership = self.rooms.room(room).ok_or_else(|| Error::NotInRoom(room.clone()))?;
        let own_id = membership.joined.you.id.clone();
        let others = membership.roster().into_iter().map(|one| one.id).filter(|id| *id != own_id);
        Ok((others.collect(), own_id))
    }

    /// What somebody says through the server.
    pub(super) fn on_talk(&mut self, frame: &Frame<'_>) {
        match &*frame.kind {
            "chat" => {
                if let Some(chat) = frame.read::<ChatFrom>() {
                    self.on_chat(chat);
                }
            }
            "message" => {
                if let Some(MessageFrom { room_id: room, from, payload, .. }) = frame.read() {
                    self.events.tell(Event::Message { room, from, payload });
                }
            }
            "mute-request" => {
                if let Some(MuteRequestFrom { room_id: room, from }) = frame.read() {
                    self.events.tell(Event::MuteRequest { room, from });
                }
            }
            _ => {}
        }
    }

    fn on_chat(&mut self, chat: ChatFrom) {
        let is_own = self.user_id.as_ref() == Some(&chat.user_id);
        if !is_own && self.talk.is_new(&chat.user_id, chat.chat_id.as_str()) {
            self.events.tell(Event::Chat(chat));
        }
    }

    /// What came over the data channel of a connection.
    pub(super) fn on_data(&mut self, key: &Remote, text: &str) {
        match key {
            Remote::User(user) => self.on_direct(user, text),
            // The hub writes itself whose a frame is.
            Remote::Hub(_) => {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Sender {
                    user_id: UserId,
                }
                let of = |frame: DataFrame<'_>| serde_json::from_str::<Sender>(frame.data.get()).ok();
                let sender = serde_json::from_str(text).ok().and_then(of);
                if let Some(Sender { user_id }) = sender {
                    self.on_direct(&user_id, text);
                }
            }
        }
    }

    /// A frame of somebody that did not come through the server.
    pub(super) fn on_direct(&mut self, user: &UserId, text: &str) {
        let Ok(frame) = serde_json::from_str::<DataFrame<'_>>(text) else {
            tracing::debug!(%user, "a frame of a data channel could not be read");
            return;
        };
        let data = frame.data.get();
        match frame.r#type.as_str() {
            "chat" => {
                let Ok(line) = serde_json::from_str::<Line>(data) else { return };
                let max = usize::try_from(self.limits.chat_characters).unwrap_or(usize::MAX);
                let is_sound = line.user_id.as_ref().is_none_or(|named| named == user)
                    && (1..=max).contains(&line.text.chars().count())
                    && self.rooms.room(&line.room_id).is_some();
                if !is_sound {
                    return;
                }
                if !self.rooms.has(&line.room_id, user) {
                    self.talk.hold(user.clone(), text.to_owned());
                    return;
                }
                let chat_id = line.chat_id.or_else(|| ChatId::parse(&random_id("c")).ok());
                if let Some(chat_id) = chat_id {
                    self.on_chat(ChatFrom {
                        room_id: line.room_id,
                        user_id: user.clone(),
                        text: line.text,
                        chat_id,
                        sent_at: line.sent_at.unwrap_or_else(now),
                    });
                }
            }
            "message" => {
                let Ok(Direct { room_id, user_id, payload }) = serde_json::from_str(data) else { return };
                let room = room_id.or_else(|| self.rooms.shared(user).into_iter().next());
                let is_sound = user_id.as_ref().is_none_or(|named| named == user);
                if let Some(room) = room.filter(|room| is_sound && self.rooms.has(room, user)) {
                    self.events.tell(Event::Message { room, from: user.clone(), payload });
                }
            }
            "track-state" => {
                let Ok(state) = serde_json::from_str::<TrackState>(data) else { return };
                let news = self.rooms.track_state(user, state);
                self.on_news(news.unwrap_or_default());
            }
            _ => {}
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(Time::from_ms(u64::try_from(since.as_millis()).unwrap_or_default()))
}
