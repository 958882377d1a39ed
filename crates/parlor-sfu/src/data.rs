//! Frames on the data channel: each goes to all others of the room, with the sender's id written by the hub (`docs/protocol.md`,
//! The data channel). What is no frame is dropped and counted.

use std::collections::BTreeMap;

use parlor_proto::{ClientFrame, ClientMessage, RawJson, UserId};
use serde::{Deserialize, Serialize};

use crate::hub::Hub;
use crate::limits;
use crate::transports::TransportKey;

/// A frame of any type.
#[derive(Deserialize, Serialize)]
struct Frame {
    r#type: String,
    data: BTreeMap<String, RawJson>,
}

/// A frame to pass on, and to whom, if not to all others.
#[derive(Debug, PartialEq, Eq)]
struct Relayed {
    text: String,
    to: Option<UserId>,
}

impl Hub {
    pub(crate) fn on_data(&mut self, key: TransportKey, bytes: &[u8]) {
        let now = self.now;
        let Some(transport) = self.transports.get_mut(key) else { return };
        let seat = transport.seat.clone();
        let relayed = transport.frames.take(now).then(|| relay(bytes, &seat.participant)).flatten();
        let Some(Relayed { text, to }) = relayed else {
            self.totals.frames_dropped = self.totals.frames_dropped.saturating_add(1);
            return;
        };
        let Some(room) = self.rooms.get(&seat.room) else { return };
        let is_meant =
            |(id, other): &&(UserId, TransportKey)| *other != key && to.as_ref().is_none_or(|to| to == id);
        let receivers: Vec<TransportKey> =
            room.seats.iter().filter(is_meant).map(|(_, other)| *other).collect();
        for receiver in receivers {
            let Some(transport) = self.transports.get_mut(receiver) else { continue };
            // Who has no channel (yet) hears of it over the server, as with anybody without a data channel.
            let has_channel = transport.channel.is_some();
            match transport.send_data(&text) {
                Ok(true) => {
                    self.totals.frames_relayed = self.totals.frames_relayed.saturating_add(1);
                    self.touch(receiver);
                }
                Ok(false) if has_channel => {
                    self.totals.frames_dropped = self.totals.frames_dropped.saturating_add(1);
                }
                Ok(false) => {}
                Err(fault) => self.doom(receiver, fault),
            }
        }
    }
}

/// What becomes of a frame; none if it is bad.
fn relay(bytes: &[u8], from: &UserId) -> Option<Relayed> {
    if bytes.len() > limits::DATA_FRAME_BYTES_MAX as usize {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut frame: Frame = serde_json::from_str(text).ok()?;
    let is_known = ClientMessage::TYPES.contains(&frame.r#type.as_str());
    let to = match is_known.then(|| ClientFrame::parse(text)) {
        // A word of the contract has to say what the contract says.
        Some(Ok(frame)) => match frame.message {
            ClientMessage::Message(message) => message.to,
            ClientMessage::Chat(_) | ClientMessage::TrackState(_) => None,
            _ => return None,
        },
        Some(Err(_)) => return None,
        None => None,
    };
    let id: RawJson = serde_json::from_str(&serde_json::to_string(from).ok()?).ok()?;
    if frame.r#type == "message" {
        frame.data.insert("from".to_owned(), id.clone());
    }
    frame.data.insert("userId".to_owned(), id);
    Some(Relayed { text: serde_json::to_string(&frame).ok()?, to })
}

#[cfg(test)]
mod tests;
