//! Offers: what a participant sends and wants to receive, negotiated. An offer makes a transport, changes one, or replaces one of
//! an older attempt.

use parlor_proto::{Kind, Source};
use str0m::media::Mid;

use crate::codec::Codec;
use crate::hub::Hub;
use crate::io::{EndReason, Event, Offer, Output, WantedReason};
use crate::limits;
use crate::producer::Producer;
use crate::sections::{self, Purpose, Section};
use crate::slot::Slot;
use crate::stream::Extensions;
use crate::transport::{OwnProducer, Phase, Transport};
use crate::transports::TransportKey;

/// Why an offer can't be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// More text or more sections than any page has.
    #[error(
        "a description has at most {} bytes and {} sections",
        limits::SDP_BYTES_MAX,
        limits::SECTIONS_MAX
    )]
    TooLarge,
    /// A section's name can't be kept.
    #[error("a mid has 1 to 16 letters and digits, and no two sections share one; not so {0:?}")]
    BadMid(String),
    /// A label for a section that is not there, or of another kind.
    #[error("no section of the offer fits the label of mid {0:?}")]
    BadLabel(String),
    /// Not a description.
    #[error("the description can't be read: {0}")]
    Unreadable(String),
    /// A description that leads to no connection.
    #[error("the description can't be accepted: {0}")]
    Unacceptable(String),
    /// The room has as many transports as it can.
    #[error("the room has {} transports already", limits::TRANSPORTS_PER_ROOM_MAX)]
    RoomFull,
    /// A fault of the hub's own; the transport is gone.
    #[error("the hub failed, try again with a new connection")]
    Failed,
}

/// What an accepted offer comes to.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) answer: String,
    pub(crate) producers: Vec<AgreedSection>,
    pub(crate) slots: Vec<AgreedSection>,
}

/// The SSRCs of a section in which the hub sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnSources {
    pub(crate) ssrc: u32,
    /// By this one is sent again what did not come.
    pub(crate) resend: Option<u32>,
}

/// One section of it.
#[derive(Debug)]
pub(crate) struct AgreedSection {
    pub(crate) mid: Mid,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) codecs: Vec<(u8, Codec)>,
    pub(crate) resends: Vec<(u8, u8)>,
    pub(crate) rids: Vec<String>,
    /// What the hub sends by in it.
    pub(crate) sources: Option<OwnSources>,
    pub(crate) extensions: Extensions,
    pub(crate) cname: String,
}

fn check(offer: &Offer) -> Result<Vec<Section>, OfferError> {
    const MID_CHARS_MAX: usize = 16;
    if offer.sdp.len() > limits::SDP_BYTES_MAX {
        return Err(OfferError::TooLarge);
    }
    let sections = sections::read(&offer.sdp);
    if sections.len() > limits::SECTIONS_MAX {
        return Err(OfferError::TooLarge);
    }
    for (index, section) in sections.iter().enumerate() {
        let mid = &section.mid;
        let is_readable =
            (1..=MID_CHARS_MAX).contains(&mid.len()) && mid.chars().all(|c| c.is_ascii_alphanumeric());
        let is_repeated = sections.iter().take(index).any(|earlier| earlier.mid == *mid);
        if !is_readable || is_repeated {
            return Err(OfferError::BadMid(mid.clone()));
        }
    }
    for label in &offer.tracks {
        let fits = |section: &&Section| {
            section.mid == label.mid && section.purpose == Purpose::Media(kind_of(label.source))
        };
        if !sections.iter().any(|section| fits(&section)) {
            return Err(OfferError::BadLabel(label.mid.clone()));
        }
    }
    Ok(sections)
}

const fn kind_of(source: Source) -> Kind {
    match source {
        Source::Camera | Source::Screen => Kind::Video,
        Source::Microphone | Source::ScreenAudio | Source::Program | Source::Return => Kind::Audio,
    }
}

impl Hub {
    pub(crate) fn on_offer(&mut self, offer: &Offer) {
        let mut wishes = None;
        let current = self.transport_of(&offer.seat);
        if let Some((key, transport)) = current.and_then(|key| Some((key, self.transports.get(key)?))) {
            let is_same_document = transport.instance == offer.instance;
            if is_same_document && (offer.attempt, offer.n) < (transport.attempt, transport.answered.0) {
                return;
            }
            if is_same_document && (offer.attempt, offer.n) == (transport.attempt, transport.answered.0) {
                let sdp = transport.answered.1.clone();
                self.answer(offer, sdp);
                return;
            }
            if !is_same_document || offer.attempt > transport.attempt {
                // The same page still wants to see and hear the same.
                wishes = transport.wishes.clone().filter(|_| is_same_document);
                self.end_transport(key, EndReason::Replaced);
            }
        }
        let sections = match check(offer) {
            Ok(sections) => sections,
            Err(reason) => return self.refuse(offer, reason),
        };
        let key = match self.transport_of(&offer.seat) {
            Some(key) => key,
            None => match self.make_transport(offer) {
                Ok(key) => key,
                Err(reason) => return self.refuse(offer, reason),
            },
        };
        let now = self.now;
        let Some(transport) = self.transports.get_mut(key) else { return };
        transport.wishes = transport.wishes.take().or(wishes);
        match transport.accept(now, &offer.sdp) {
            Ok(Ok(agreed)) => {
                transport.answered = (offer.n, agreed.answer.clone());
                if let Phase::PathLost { .. } = transport.phase {
                    transport.phase = Phase::PathLost { since: now };
                }
                self.refresh_ufrag(key);
                self.reconcile_producers(key, offer, &agreed);
                self.reconcile_slots(key, agreed.slots, &sections);
                self.answer(offer, agreed.answer);
                self.assign_room(offer.seat.room);
                self.touch(key);
            }
            Ok(Err(reason)) => {
                self.refuse(offer, reason);
                // Nothing was ever agreed with it.
                if self.transports.get(key).is_some_and(|transport| transport.answered.0 == 0) {
                    self.end_transport(key, EndReason::NotConnected);
                } else {
                    self.touch(key);
                }
            }
            Err(fault) => {
                self.refuse(offer, OfferError::Failed);
                self.doom(key, fault);
            }
        }
    }

    fn make_transport(&mut self, offer: &Offer) -> Result<TransportKey, OfferError> {
        let room = self.rooms.entry(offer.seat.room).or_default();
        if room.seats.len() >= limits::TRANSPORTS_PER_ROOM_MAX {
            return Err(OfferError::RoomFull);
        }
        let made = Transport::new(
            &self.settings,
            self.now,
            offer.seat.clone(),
            offer.instance.clone(),
            offer.attempt,
        );
        let Ok(transport) = made else {
            self.forget_room_if_empty(offer.seat.room);
            return Err(OfferError::Failed);
        };
        let key = self.transports.insert(transport);
        if let Some(room) = self.rooms.get_mut(&offer.seat.room) {
            room.seats.push((offer.seat.participant.clone(), key));
        }
        self.log(&offer.seat, Event::Made);
        Ok(key)
    }

    /// An ICE restart gives the hub's end a new fragment too.
    fn refresh_ufrag(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        match transport.current_ufrag() {
            Ok(ufrag) => {
                let old = std::mem::replace(&mut transport.ufrag, ufrag.clone());
                self.demux.set_ufrag(key, Some(&old), &ufrag);
            }
            Err(fault) => self.doom(key, fault),
        }
    }

    /// What is sent now and was not, and what is no longer.
    fn reconcile_producers(&mut self, key: TransportKey, offer: &Offer, agreed: &Agreed) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        let Some(room) = self.rooms.get_mut(&offer.seat.room) else { return };
        let is_agreed = |own: &OwnProducer| agreed.producers.iter().any(|section| section.mid == own.mid);
        let (kept, gone): (Vec<_>, Vec<_>) = transport.producers.drain(..).partition(is_agreed);
        transport.producers = kept;
        for section in &agreed.producers {
            let label = offer.tracks.iter().find(|label| label.mid == section.name).map(|label| label.source);
            let default = if section.kind == Kind::Audio { Source::Microphone } else { Source::Camera };
            if let Some(own) = transport.producers.iter_mut().find(|own| own.mid == section.mid) {
                own.codecs.clone_from(&section.codecs);
                if let (Some(producer), Some(source)) = (room.producers.get_mut(&own.id), label)
                    && producer.source != source
                {
                    producer.source = source;
                    for consumer in &producer.consumers {
                        self.untold.push(consumer.transport);
                    }
                }
                continue;
            }
            let id = room.add_producer(Producer::new(
                key,
                offer.seat.participant.clone(),
                label.unwrap_or(default),
                section.kind,
                section.mid,
                &section.rids,
            ));
            let (mid, kind, codecs) = (section.mid, section.kind, section.codecs.clone());
            transport.producers.push(OwnProducer { id, mid, kind, codecs });
        }
        for own in gone {
            self.end_producer(offer.seat.room, own.id);
        }
    }

    fn reconcile_slots(&mut self, key: TransportKey, agreed: Vec<AgreedSection>, offered: &[Section]) {
        let (now, has_congestion_control) = (self.now, self.settings.has_congestion_control);
        let Some(transport) = self.transports.get_mut(key) else { return };
        let closed: Vec<usize> = transport
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.is_open && !agreed.iter().any(|section| section.mid == slot.mid))
            .map(|(index, _)| index)
            .collect();
        for section in agreed {
            let Some(sources) = section.sources else { continue };
            transport.are_slots_untold = true;
            let place = transport.slots.iter().position(|slot| slot.mid == section.mid);
            let place = place.unwrap_or_else(|| {
                let (mid, name, kind) = (section.mid, section.name, section.kind);
                let new = Slot::new(mid, name, kind, sources.ssrc, sources.resend);
                // A section that is offered no more has had its place in the description taken by another (RFC 8829, section 5.2.2).
                let is_dead = |slot: &Slot| {
                    !slot.is_open
                        && slot.consumer.is_none()
                        && offered.iter().all(|other| other.mid != slot.name)
                };
                match transport.slots.iter().position(is_dead) {
                    Some(place) => {
                        transport.slots.splice(place..=place, [new]);
                        place
                    }
                    None => {
                        transport.slots.push(new);
                        transport.slots.len().saturating_sub(1)
                    }
                }
            });
            let Some(slot) = transport.slots.get_mut(place) else { continue };
            slot.is_open = true;
            slot.codecs = section.codecs;
            slot.resend_pts = section.resends;
            slot.stream.agree(section.cname, section.extensions);
        }
        self.untold.push(key);
        for index in closed {
            self.empty_slot(key, index);
            if let Some(slot) =
                self.transports.get_mut(key).and_then(|transport| transport.slots.get_mut(index))
            {
                slot.is_open = false;
            }
        }
        if let Some(transport) = self.transports.get_mut(key) {
            let is_wanted = has_congestion_control && transport.slots.iter().any(Slot::is_estimated);
            transport.egress.estimate(now, is_wanted);
        }
    }

    fn answer(&mut self, offer: &Offer, sdp: String) {
        self.outputs.push_back(Output::Answer {
            seat: offer.seat.clone(),
            attempt: offer.attempt,
            n: offer.n,
            sdp,
        });
    }

    fn refuse(&mut self, offer: &Offer, reason: OfferError) {
        let (seat, attempt, n) = (offer.seat.clone(), offer.attempt, offer.n);
        self.outputs.push_back(Output::Refused { seat, attempt, n, reason });
        self.forget_room_if_empty(offer.seat.room);
    }

    /// The participant has to offer anew.
    pub(crate) fn want_offer(&mut self, key: TransportKey, reason: WantedReason) {
        if let Some(transport) = self.transports.get(key) {
            let seat = transport.seat.clone();
            self.outputs.push_back(Output::OfferWanted { seat, reason });
        }
    }
}
