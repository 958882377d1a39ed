//! What one participant tells another, or all others of a room: descriptions, candidates, track states, chat, data.
//! Only the sender is looked at and written down; what they say passes unread.

use parlor_proto::client::{Chat, Message, TrackState};
use parlor_proto::server::{ChatFrom, MessageFrom, UserUpdated};
use parlor_proto::{
    Answer, ErrorCode, IceCandidate, Instance, Kind, Offer, ServerMessage, Source, Timestamp, Track, UserId,
};

use crate::refusal::{NotInRoom, Refusable};
use crate::registry::Registry;
use crate::room::RoomKey;
use crate::session::{Session, SessionKey};

/// Why something does not reach whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RelayError {
    /// See the error inside.
    #[error(transparent)]
    NotInRoom(#[from] NotInRoom),
    /// They are not there, or share no room with the sender.
    #[error("{0} is in no room with you")]
    PeerUnavailable(UserId),
}

impl Refusable for RelayError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotInRoom(error) => error.code(),
            Self::PeerUnavailable(_) => ErrorCode::PeerUnavailable,
        }
    }
}

impl Registry {
    pub(crate) fn on_offer(&mut self, key: SessionKey, offer: &Offer) -> Result<(), RelayError> {
        let (to, from, instance) = self.signal_path(key, &offer.to)?;
        if self.is_meant_for_another(to, offer.to_instance.as_ref()) {
            return Ok(());
        }
        let relayed = offer.clone().relayed(from, instance);
        self.relay_signal(to, &ServerMessage::Offer(Box::new(relayed)));
        Ok(())
    }

    pub(crate) fn on_answer(&mut self, key: SessionKey, answer: &Answer) -> Result<(), RelayError> {
        let (to, from, instance) = self.signal_path(key, &answer.to)?;
        if self.is_meant_for_another(to, answer.to_instance.as_ref()) {
            return Ok(());
        }
        let relayed = answer.clone().relayed(from, instance);
        self.relay_signal(to, &ServerMessage::Answer(Box::new(relayed)));
        Ok(())
    }

    pub(crate) fn on_ice_candidate(
        &mut self,
        key: SessionKey,
        candidate: &IceCandidate,
    ) -> Result<(), RelayError> {
        let (to, from, instance) = match self.signal_path(key, &candidate.to) {
            // They were on their way when the other one left.
            Err(RelayError::PeerUnavailable(_)) if self.has_just_parted(key, &candidate.to) => return Ok(()),
            path => path?,
        };
        if self.is_meant_for_another(to, candidate.to_instance.as_ref()) {
            return Ok(());
        }
        let relayed = candidate.clone().relayed(from, instance);
        self.relay_signal(to, &ServerMessage::IceCandidate(Box::new(relayed)));
        Ok(())
    }

    pub(crate) fn on_track_state(&mut self, key: SessionKey, m: &TrackState) -> Result<(), RelayError> {
        let room_key = self.room_of(key, &m.room_id)?;
        let tracks = m.tracks.clone().unwrap_or_else(|| {
            vec![
                Track { source: Source::Microphone, kind: Kind::Audio, enabled: m.audio_enabled },
                Track { source: Source::Camera, kind: Kind::Video, enabled: m.video_enabled },
            ]
        });
        let Some(room) = self.rooms.at_mut(room_key) else { return Ok(()) };
        let Some(participant) = room.participant_mut(key).filter(|participant| participant.tracks != tracks)
        else {
            return Ok(());
        };
        participant.tracks = tracks;
        let update = UserUpdated {
            room_id: m.room_id.clone(),
            participant: participant.clone(),
            epoch: self.config.epoch,
        };
        self.send_to_room(room_key, Some(key), &ServerMessage::UserUpdated(Box::new(update)));
        self.review(room_key);
        Ok(())
    }

    pub(crate) fn on_chat(&mut self, key: SessionKey, m: &Chat) -> Result<(), RelayError> {
        let room = self.room_of(key, &m.room_id)?;
        let (user_id, _) = self.sender(key).ok_or_else(|| NotInRoom(m.room_id.clone()))?;
        let chat = ChatFrom {
            room_id: m.room_id.clone(),
            user_id,
            text: m.text.clone(),
            chat_id: m.chat_id.clone().unwrap_or_else(|| self.entropy.chat_id()),
            sent_at: Timestamp(self.now),
        };
        self.send_to_room(room, Some(key), &ServerMessage::Chat(chat));
        Ok(())
    }

    pub(crate) fn on_direct_message(&mut self, key: SessionKey, m: &Message) -> Result<(), RelayError> {
        let room = self.room_of(key, &m.room_id)?;
        let (from, _) = self.sender(key).ok_or_else(|| NotInRoom(m.room_id.clone()))?;
        let message = ServerMessage::Message(MessageFrom {
            room_id: m.room_id.clone(),
            from,
            to: m.to.clone(),
            payload: m.payload.clone(),
        });
        match &m.to {
            None => self.send_to_room(room, Some(key), &message),
            Some(to) => {
                let to = self
                    .other_session(key, to, |other| other.rooms.contains(&room))
                    .ok_or_else(|| RelayError::PeerUnavailable(to.clone()))?;
                self.send(to, &message);
            }
        }
        Ok(())
    }

    /// To which session a signal goes, and from whom it comes, if the two share a room.
    fn signal_path(
        &self,
        key: SessionKey,
        to: &UserId,
    ) -> Result<(SessionKey, UserId, Instance), RelayError> {
        let unavailable = || RelayError::PeerUnavailable(to.clone());
        let session = self.sessions.at(key).ok_or_else(unavailable)?;
        let (from, instance) = self.sender(key).ok_or_else(unavailable)?;
        let receiver = self
            .other_session(key, to, |other| session.rooms.iter().any(|room| other.rooms.contains(room)))
            .ok_or_else(unavailable)?;
        Ok((receiver, from, instance))
    }

    /// Whether a signal is for an instance that the receiver has no more: it crossed with the news of a reload.
    fn is_meant_for_another(&self, to: SessionKey, instance: Option<&Instance>) -> bool {
        instance.is_some_and(|meant| self.sender(to).is_some_and(|(_, instance)| instance != *meant))
    }

    fn relay_signal(&mut self, to: SessionKey, message: &ServerMessage) {
        let relayed = &mut self.outbound.counters.signals_relayed;
        *relayed = relayed.saturating_add(1);
        self.send(to, message);
    }

    fn sender(&self, key: SessionKey) -> Option<(UserId, Instance)> {
        let identity = self.sessions.identity(key)?;
        Some((identity.user_id.clone(), identity.instance.clone()))
    }

    /// The session of someone else, if it is as it should be.
    fn other_session(
        &self,
        key: SessionKey,
        user_id: &UserId,
        is_right: impl Fn(&Session) -> bool,
    ) -> Option<SessionKey> {
        let other = self.sessions.with_user(user_id).filter(|other| *other != key)?;
        self.sessions.at(other).filter(|session| is_right(session)).map(|_| other)
    }

    /// Whether someone left a room of the sender's a short time ago, also a room that ended for both.
    fn has_just_parted(&self, key: SessionKey, user_id: &UserId) -> bool {
        let Some(session) = self.sessions.at(key) else { return false };
        let has_left = |room: &RoomKey| {
            self.rooms.at(*room).is_some_and(|room| room.has_just_left(user_id, &self.config, self.now))
        };
        let parted_with = |other: &Session| {
            other
                .has_left(self.now, &self.config)
                .any(|room| session.is_or_was_in(room, self.now, &self.config))
        };
        session.rooms.iter().any(has_left) || self.other_session(key, user_id, parted_with).is_some()
    }
}
