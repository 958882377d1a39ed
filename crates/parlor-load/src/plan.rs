//! What the crowd is to do.

use std::time::Duration;

use parlor_proto::id::IdError;
use parlor_proto::{Name, RoomId};

use crate::address::Address;
use crate::limits;

/// How somebody with a microphone sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Speaks all the time: a packet each 20 ms.
    Speaks,
    /// Is silent: what Opus sends then (DTX), with the level of silence.
    Silent,
}

/// A camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Bits a second of payload, all layers together.
    pub bps: u64,
    /// Three layers, q, h and f, instead of one.
    pub is_simulcast: bool,
}

/// What one end sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// A microphone.
    pub audio: Option<Voice>,
    /// A camera.
    pub video: Option<Camera>,
}

/// What one end receives at once: sections that it offers for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Of sound.
    pub audio: usize,
    /// Of pictures.
    pub video: usize,
}

/// A crowd and what it does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the server is.
    pub address: Address,
    /// Takes the server's certificate whoever vouches for it.
    pub is_trusting: bool,
    /// The room, made if it is missing; of several the beginning of their ids.
    pub room: RoomId,
    /// How many rooms.
    pub rooms: usize,
    /// The room's password, if it has one.
    pub password: Option<String>,
    /// Publishers of each room.
    pub publishers: usize,
    /// Subscribers of each room.
    pub subscribers: usize,
    /// Whether publishers send sound.
    pub audio: bool,
    /// The camera of each publisher, if they have any.
    pub video: Option<Camera>,
    /// Publishers of each room who speak; the others are silent.
    pub speaking: usize,
    /// Slots of each subscriber.
    pub slots: Slots,
    /// How many participants begin in a second.
    pub ramp_per_second: u32,
    /// How long is counted, once all are there.
    pub duration: Duration,
}

/// Why a plan can't be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nobody would come.
    #[error("nobody would come: ask for publishers or subscribers")]
    Nobody,
    /// Publishers without anything to publish.
    #[error("publishers publish sound, pictures or both: say which")]
    NothingToSend,
    /// More than a process can hold.
    #[error("{0} participants are more than {max} at once", max = limits::GUESTS_MAX)]
    TooMany(usize),
    /// More than a room can hold.
    #[error("{0} participants are more than one room holds ({max})", max = parlor_proto::limits::CAPACITY_MAX)]
    RoomTooSmall(usize),
    /// More sections than the hub answers.
    #[error("{0} slots are more than {max} in one description", max = limits::SECTIONS_MAX)]
    TooManySlots(usize),
    /// Nobody would ever come.
    #[error("a ramp of 0 a second never ends")]
    NoRamp,
    /// Subscribers without anything to receive.
    #[error("subscribers need a slot for what they receive")]
    NothingToReceive,
    /// No room id.
    #[error("{0} rooms of that name: their ids would be too long")]
    RoomName(usize),
}

impl Plan {
    /// A room that nobody else is in: what one crowd leaves behind for a moment would be too small for the next.
    ///
    /// # Errors
    /// None, as long as ids may have letters and digits.
    pub fn room_of_its_own() -> Result<RoomId, IdError> {
        RoomId::parse(&format!("load-test-{:08x}", fastrand::u32(..)))
    }

    /// How many of the publishers who speak, and whom a subscriber can hear at once, there are.
    #[must_use]
    pub fn audible(&self) -> usize {
        if self.audio { self.speaking.min(self.publishers).min(self.slots.audio) } else { 0 }
    }

    /// How many pictures a subscriber can see at once.
    #[must_use]
    pub fn visible(&self) -> usize {
        if self.video.is_some() { self.publishers.min(self.slots.video) } else { 0 }
    }

    /// How many of one room.
    #[must_use]
    pub fn per_room(&self) -> usize {
        self.publishers.saturating_add(self.subscribers)
    }

    /// How many in all.
    #[must_use]
    pub fn guests(&self) -> usize {
        self.per_room().saturating_mul(self.rooms)
    }

    /// What a publisher sends, by their number within the room.
    #[must_use]
    pub fn sends(&self, publisher: usize) -> Sends {
        let voice = if publisher < self.speaking { Voice::Speaks } else { Voice::Silent };
        Sends { audio: self.audio.then_some(voice), video: self.video }
    }

    /// The slots that are of use: none where nobody sends. Without publishers of its own a crowd listens to whoever else is there.
    #[must_use]
    pub fn useful_slots(&self) -> Slots {
        let useful = |is_sent: bool, slots: usize| match self.publishers {
            _ if !is_sent => 0,
            0 => slots,
            publishers => slots.min(publishers),
        };
        Slots {
            audio: useful(self.audio, self.slots.audio),
            video: useful(self.video.is_some(), self.slots.video),
        }
    }

    /// The rooms' ids: the name itself, or with a number behind it where there are several.
    ///
    /// # Errors
    /// [`PlanError::RoomName`] when they would be too long.
    pub fn room_ids(&self) -> Result<Vec<RoomId>, PlanError> {
        if self.rooms == 1 {
            return Ok(vec![self.room.clone()]);
        }
        let id = |number: usize| RoomId::parse(&format!("{}-{number}", self.room.as_str()));
        (1..=self.rooms).map(id).collect::<Result<_, _>>().map_err(|_| PlanError::RoomName(self.rooms))
    }

    /// Looks whether this can be carried out.
    ///
    /// # Errors
    /// [`PlanError`] with what is wrong.
    pub fn check(&self) -> Result<(), PlanError> {
        let wants_slots = self.slots.audio.saturating_add(self.slots.video);
        if self.guests() == 0 {
            return Err(PlanError::Nobody);
        }
        if self.publishers > 0 && !self.audio && self.video.is_none() {
            return Err(PlanError::NothingToSend);
        }
        if self.subscribers > 0 && self.useful_slots() == Slots::default() {
            return Err(PlanError::NothingToReceive);
        }
        if self.guests() > limits::GUESTS_MAX {
            return Err(PlanError::TooMany(self.guests()));
        }
        if self.per_room() > usize::from(parlor_proto::limits::CAPACITY_MAX) {
            return Err(PlanError::RoomTooSmall(self.per_room()));
        }
        if wants_slots > limits::SECTIONS_MAX {
            return Err(PlanError::TooManySlots(wants_slots));
        }
        if self.ramp_per_second == 0 {
            return Err(PlanError::NoRamp);
        }
        self.room_ids().map(drop)
    }

    /// How many a room that is made for this holds.
    pub(crate) fn capacity(&self) -> u16 {
        let wanted = u16::try_from(self.per_room()).unwrap_or(u16::MAX);
        // A person may want to look in.
        wanted.saturating_add(10).clamp(1, parlor_proto::limits::CAPACITY_MAX)
    }

    /// What the rooms are called.
    pub(crate) fn room_name() -> Option<Name> {
        Name::parse("Load test").ok()
    }
}

#[cfg(test)]
mod tests;
