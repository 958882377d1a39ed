//! The hub as the registry knows it: a peer of everybody in a room that is not pinned to a mesh, for whom the shell speaks.
//! What a participant says to it becomes an order; what it says is passed on to whom it concerns, if they are still
//! there. What it forwards, nobody here knows. Section of the contract: The hub.

use parlor_proto::{
    AnswerFrom, ErrorCode, IceCandidate, IceCandidateInit, Instance, Offer, OfferWanted, Receive, Refusal,
    RoomId, Sdp, ServerMessage, Slot, Slots, TrackLabel, UserId,
};

use crate::io::Output;
use crate::refusal::{NotInRoom, Refusable};
use crate::registry::Registry;
use crate::room::{Member, RoomKey};
use crate::session::SessionKey;

/// One participant of one room, as the hub knows them. A room that is made again under the same id has another number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubSeat {
    /// The room's number.
    pub room: u64,
    /// Who.
    pub participant: UserId,
    /// Which stay of theirs: whoever leaves and comes again hears nothing that was said to the one before.
    pub stay: u64,
}

/// What the hub is to be told.
#[derive(Clone, Debug, PartialEq)]
pub enum HubOrder {
    /// A participant offers.
    Offer {
        /// Whose, for which room.
        seat: HubSeat,
        /// That room's id, for the log.
        room_id: RoomId,
        /// The document that owns the RTCPeerConnection.
        instance: Instance,
        /// Which RTCPeerConnection of that instance, from 1.
        attempt: u32,
        /// Which offer of that RTCPeerConnection, from 1.
        n: u32,
        /// The session description, JSON-decoded.
        sdp: String,
        /// What its sections carry.
        tracks: Vec<TrackLabel>,
    },
    /// A participant names an address of its own.
    Candidate {
        /// Whose.
        seat: HubSeat,
        /// Of which RTCPeerConnection.
        attempt: u32,
        /// The candidate.
        candidate: IceCandidateInit,
    },
    /// A participant says what it wants to receive.
    Receive {
        /// Who.
        seat: HubSeat,
        /// What.
        wishes: Receive,
    },
    /// A participant leaves, or has come back to a mesh for good: what the hub holds for them goes, before a roster changes
    /// (VC-2).
    Leave {
        /// Who.
        seat: HubSeat,
    },
    /// A room has ended.
    RoomEnded {
        /// Which.
        room: u64,
    },
}

impl HubOrder {
    /// Whom it is about; none if it is about a whole room.
    #[must_use]
    pub const fn seat(&self) -> Option<&HubSeat> {
        match self {
            Self::Offer { seat, .. }
            | Self::Candidate { seat, .. }
            | Self::Receive { seat, .. }
            | Self::Leave { seat } => Some(seat),
            Self::RoomEnded { .. } => None,
        }
    }

    /// Which room it is about.
    #[must_use]
    pub const fn room(&self) -> u64 {
        match self {
            Self::RoomEnded { room } => *room,
            Self::Offer { seat, .. }
            | Self::Candidate { seat, .. }
            | Self::Receive { seat, .. }
            | Self::Leave { seat } => seat.room,
        }
    }
}

/// What the hub says.
#[derive(Clone, Debug, PartialEq)]
pub enum HubReport {
    /// The answer to an offer.
    Answer {
        /// For whom.
        seat: HubSeat,
        /// Of which attempt.
        attempt: u32,
        /// To which offer.
        n: u32,
        /// The session description.
        sdp: String,
    },
    /// Something that the hub does not do.
    Refused {
        /// Whose wish it was.
        seat: HubSeat,
        /// The type of the frame that asked for it.
        kind: &'static str,
        /// Of which attempt, if it was an offer.
        attempt: Option<u32>,
        /// Whose fault it is, as a code.
        code: ErrorCode,
        /// Why, in a sentence.
        message: String,
    },
    /// Who is in which slot.
    Slots {
        /// For whom.
        seat: HubSeat,
        /// All of them.
        slots: Vec<Slot>,
    },
    /// Another offer is wanted.
    OfferWanted {
        /// From whom.
        seat: HubSeat,
        /// Why.
        reason: &'static str,
    },
}

/// Why the hub is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HubError {
    /// See the error inside.
    #[error(transparent)]
    NotInRoom(#[from] NotInRoom),
    /// There is none.
    #[error("this server has no hub")]
    NoHub,
    /// The room has none.
    #[error("room {0} is fixed to a mesh, which has no hub")]
    Mesh(RoomId),
    /// The hub never offers, so there is nothing to answer.
    #[error("the hub never offers: there is nothing to answer")]
    NothingOffered,
}

impl Refusable for HubError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotInRoom(error) => error.code(),
            Self::NoHub | Self::Mesh(_) => ErrorCode::Forbidden,
            Self::NothingOffered => ErrorCode::BadMessage,
        }
    }
}

impl Registry {
    pub(crate) fn on_hub_offer(&mut self, key: SessionKey, offer: &Offer) -> Result<(), HubError> {
        let (room_key, seat) = self.hub_seat(key, offer.room_id.as_ref())?;
        // Of a server that has been started anew since, they hear by other ways.
        if offer.to_instance.is_some() && offer.to_instance != self.hub_instance {
            return Ok(());
        }
        let Some(identity) = self.sessions.identity(key) else { return Ok(()) };
        let Some(room) = self.rooms.at_mut(room_key) else { return Ok(()) };
        let wishes = room.enter_hub(key);
        let order = HubOrder::Offer {
            seat: seat.clone(),
            room_id: room.id.clone(),
            instance: identity.instance.clone(),
            attempt: offer.attempt,
            n: offer.n,
            sdp: offer.sdp.text(),
            tracks: offer.tracks.clone().unwrap_or_default(),
        };
        self.outbound.push(Output::Hub(order));
        // What was wished for before there was a connection, or of one that is gone, still is.
        if let Some(wishes) = wishes {
            self.outbound.push(Output::Hub(HubOrder::Receive { seat, wishes }));
        }
        Ok(())
    }

    pub(crate) fn on_hub_candidate(
        &mut self,
        key: SessionKey,
        candidate: &IceCandidate,
    ) -> Result<(), HubError> {
        let (_, seat) = self.hub_seat(key, candidate.room_id.as_ref())?;
        // The hub never waits for more of them, so their end is no news.
        if let Some(init) = &candidate.candidate {
            let order = HubOrder::Candidate { seat, attempt: candidate.attempt, candidate: init.clone() };
            self.outbound.push(Output::Hub(order));
        }
        Ok(())
    }

    pub(crate) fn on_receive(&mut self, key: SessionKey, wishes: &Receive) -> Result<(), HubError> {
        let (room_key, seat) = self.hub_seat(key, Some(&wishes.room_id))?;
        if let Some(room) = self.rooms.at_mut(room_key) {
            room.set_wishes(key, wishes.clone());
        }
        self.outbound.push(Output::Hub(HubOrder::Receive { seat, wishes: wishes.clone() }));
        Ok(())
    }

    /// The hub has said something. Whoever has left since is not told.
    pub(crate) fn on_hub_report(&mut self, report: HubReport) {
        let (HubReport::Answer { seat, .. }
        | HubReport::Refused { seat, .. }
        | HubReport::Slots { seat, .. }
        | HubReport::OfferWanted { seat, .. }) = &report;
        let Some((key, room_id)) = self.at_hub(seat) else { return };
        let Some(instance) = self.hub_instance.clone() else { return };
        let message = match report {
            HubReport::Answer { attempt, n, sdp, .. } => ServerMessage::Answer(Box::new(AnswerFrom {
                from: UserId::hub(),
                instance,
                room_id: Some(room_id),
                sdp: Sdp::from_text(&sdp),
                attempt,
                n,
                tracks: None,
            })),
            HubReport::Slots { mut slots, .. } => {
                self.clear_left(&room_id, &mut slots);
                ServerMessage::Slots(Slots { room_id, slots })
            }
            HubReport::OfferWanted { reason, .. } => {
                ServerMessage::OfferWanted(OfferWanted { room_id, reason: reason.to_owned() })
            }
            HubReport::Refused { kind, attempt, code, message, .. } => {
                let (kind, to) = (Some(kind.to_owned()), Some(UserId::hub()));
                let refusal = Refusal { code, message, kind, to, room_id: Some(room_id), attempt };
                return self.tell_refusal(key, &refusal);
            }
        };
        self.send(key, &message);
    }

    /// What the hub holds for a member goes. Nothing is said of those it never met.
    pub(crate) fn leave_hub(&mut self, key: SessionKey, room_key: RoomKey) {
        let member = self.rooms.at(room_key).and_then(|room| room.member(key));
        let Some(member) = member.filter(|member| member.is_at_hub) else { return };
        let participant = member.participant.id.clone();
        let seat = HubSeat { room: room_key.0, participant, stay: member.stay };
        self.outbound.push(Output::Hub(HubOrder::Leave { seat }));
    }

    /// What the hub holds for a room goes, which goes on without it.
    pub(crate) fn free_at_hub(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        for (participant, stay) in room.take_from_hub() {
            let seat = HubSeat { room: room_key.0, participant, stay };
            self.outbound.push(Output::Hub(HubOrder::Leave { seat }));
        }
    }

    /// The room of a session and its seat there, if that room may have a hub.
    fn hub_seat(&self, key: SessionKey, room_id: Option<&RoomId>) -> Result<(RoomKey, HubSeat), HubError> {
        if self.hub_instance.is_none() {
            return Err(HubError::NoHub);
        }
        // A frame without it was refused before it came here.
        let Some(room_id) = room_id else { return Err(HubError::NoHub) };
        let room_key = self.room_of(key, room_id)?;
        let Some(room) = self.rooms.at(room_key) else { return Err(NotInRoom(room_id.clone()).into()) };
        if !room.may_reach_hub() {
            return Err(HubError::Mesh(room_id.clone()));
        }
        let member = room.member(key).ok_or_else(|| NotInRoom(room_id.clone()))?;
        let participant = member.participant.id.clone();
        Ok((room_key, HubSeat { room: room_key.0, participant, stay: member.stay }))
    }

    /// Whose seat it is, and in which room, if they still have it.
    fn at_hub(&self, seat: &HubSeat) -> Option<(SessionKey, RoomId)> {
        let room = self.rooms.at(RoomKey(seat.room))?;
        let key = self.sessions.with_user(&seat.participant)?;
        let is_theirs = |member: &&Member| member.is_at_hub && member.stay == seat.stay;
        room.member(key).filter(is_theirs).map(|_| (key, room.id.clone()))
    }

    /// Who has left while the hub spoke is in nobody's slots.
    fn clear_left(&self, room_id: &RoomId, slots: &mut [Slot]) {
        let room = self.rooms.with_id(room_id).and_then(|key| self.rooms.at(key));
        for slot in slots {
            let is_there = |id: &UserId| room.is_some_and(|room| room.has(id));
            if !slot.user_id.as_ref().is_none_or(is_there) {
                (slot.user_id, slot.source, slot.csrc) = (None, None, None);
            }
        }
    }
}
