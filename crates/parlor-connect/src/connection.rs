//! The negotiation of one RTCPeerConnection: perfect negotiation (W3C WebRTC, section 10.7) with one operation of the
//! stack at a time, so that every decision is taken in a state that is known, not in one a promise is about to change.
//!
//! It does not know why it exists, how often it was tried before, or what time it is: that is `peer`.

use std::collections::VecDeque;

use parlor_proto::{IceCandidate, IceCandidateInit, Instance, Offer, OfferFrom, Sdp, TrackLabel};

use crate::candidates::Candidates;
use crate::output::{DescriptionType, Output, Send};
use crate::remote::Remote;

/// `RTCSignalingState` (W3C WebRTC, section 4.3.1), as of the last operation that completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Signalling {
    Stable,
    HaveLocalOffer,
    HaveRemoteOffer,
}

/// What the stack is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Operation {
    CreateOffer {
        restart_ice: bool,
    },
    /// Makes an offer that a collision has made void before it was sent.
    CreateVoidOffer {
        restart_ice: bool,
    },
    CreateAnswer {
        n: u32,
    },
    Rollback,
    SetOffer {
        n: u32,
        ufrag: Option<String>,
    },
    SetAnswer {
        ufrag: Option<String>,
    },
}

/// A description with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Description {
    n: u32,
    sdp: Sdp,
    tracks: Option<Vec<TrackLabel>>,
}

/// An offer that was sent and not yet answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Outstanding {
    description: Description,
    restart_ice: bool,
}

/// What a completed operation means for the life of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    OfferSent,
    AnswerSent,
    Answered,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Connection {
    attempt: u32,
    is_polite: bool,
    signalling: Signalling,
    operation: Option<Operation>,
    /// Something changed that only a new offer can tell.
    wants_offer: bool,
    /// The path is broken; kept until it works or the other side restarted it.
    wants_restart: bool,
    /// The newest remote offer, until the stack is free for it.
    held_offer: Option<Description>,
    outstanding: Option<Outstanding>,
    offers_sent: u32,
    ignores_offer: bool,
    remote_ufrag: Option<String>,
    candidates: Candidates,
}

/// Whom and where a connection speaks to.
pub(crate) struct Wire<'a> {
    pub(crate) peer: &'a Remote,
    /// The instance of theirs that this connection is with.
    pub(crate) instance: &'a Instance,
    pub(crate) outputs: &'a mut VecDeque<Output>,
    /// Whether an offer would reach the other side now.
    pub(crate) can_offer: bool,
}

impl Wire<'_> {
    /// The hub is never mistaken for one before it: that one was in another session.
    fn to_instance(&self) -> Option<Instance> {
        self.peer.hub_of().is_none().then(|| self.instance.clone())
    }
}

impl Connection {
    /// A connection whose RTCPeerConnection was just ordered.
    pub(crate) fn new(attempt: u32, is_polite: bool) -> Self {
        Self {
            attempt,
            is_polite,
            signalling: Signalling::Stable,
            operation: None,
            wants_offer: false,
            wants_restart: false,
            held_offer: None,
            outstanding: None,
            offers_sent: 0,
            ignores_offer: false,
            remote_ufrag: None,
            candidates: Candidates::default(),
        }
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(crate) fn is_making_offer(&self) -> bool {
        matches!(self.operation, Some(Operation::CreateOffer { .. }))
    }

    pub(crate) fn ignores_offer(&self) -> bool {
        self.ignores_offer
    }

    /// Whether descriptions were exchanged and nothing is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.signalling == Signalling::Stable && self.operation.is_none() && self.remote_ufrag.is_some()
    }

    /// Whether an offer was sent that has no answer yet.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.outstanding.is_some()
    }

    /// Makes an offer as soon as the stack is free.
    pub(crate) fn offer(&mut self, wire: &mut Wire<'_>) {
        self.wants_offer = true;
        self.advance(wire);
    }

    /// Makes an offer with new ICE credentials as soon as the stack is free.
    pub(crate) fn restart_ice(&mut self, wire: &mut Wire<'_>) {
        self.wants_restart = true;
        self.advance(wire);
    }

    /// The path works: no restart is wanted.
    pub(crate) fn path_works(&mut self) {
        self.wants_restart = false;
    }

    /// Sends the offer again whose answer may have been lost: under a new number, so that of two answers only the one to
    /// this counts.
    pub(crate) fn resend(&mut self, wire: &mut Wire<'_>) {
        if self.operation.is_some() {
            return;
        }
        if let Some(mut outstanding) = self.outstanding.take() {
            outstanding.description.n = self.next_n();
            self.send_offer(&outstanding.description, wire);
            self.outstanding = Some(outstanding);
        }
    }

    /// Takes an offer back that will have no answer.
    pub(crate) fn take_back(&mut self, wire: &mut Wire<'_>) {
        if self.operation.is_none() && self.signalling == Signalling::HaveLocalOffer {
            self.operation = Some(Operation::Rollback);
            let (peer, attempt) = (wire.peer.clone(), self.attempt);
            wire.outputs.push_back(Output::Rollback { peer, attempt });
        }
    }

    fn next_n(&mut self) -> u32 {
        self.offers_sent = self.offers_sent.saturating_add(1);
        self.offers_sent
    }

    /// An offer of this attempt arrived.
    pub(crate) fn on_offer(&mut self, offer: OfferFrom, wire: &mut Wire<'_>) {
        self.candidates.description_arrived(offer.sdp.ice_ufrag());
        if self.collides() {
            if !self.is_polite {
                self.ignores_offer = true;
                self.candidates.newest_ignored();
                return;
            }
            if let Some(Operation::CreateOffer { restart_ice }) = self.operation {
                self.operation = Some(Operation::CreateVoidOffer { restart_ice });
            }
        }
        self.ignores_offer = false;
        self.held_offer = Some(Description { n: offer.n, sdp: offer.sdp, tracks: offer.tracks });
        self.advance(wire);
    }

    /// CM-3: an offer is being made or is out, unless its answer is already being applied.
    fn collides(&self) -> bool {
        match self.operation {
            Some(Operation::CreateOffer { .. }) => true,
            Some(Operation::SetAnswer { .. }) => false,
            _ => self.signalling == Signalling::HaveLocalOffer,
        }
    }

    /// An answer of this attempt arrived. One that answers no offer that is out is dropped (CM-11); an ignored offer
    /// never stands in its way (CM-4).
    pub(crate) fn on_answer(&mut self, answer: OfferFrom, wire: &mut Wire<'_>) {
        let is_expected = self.operation.is_none()
            && self.signalling == Signalling::HaveLocalOffer
            && self.outstanding.as_ref().is_some_and(|o| o.description.n == answer.n);
        if !is_expected {
            return;
        }
        let ufrag = answer.sdp.ice_ufrag();
        self.candidates.description_arrived(ufrag.clone());
        self.operation = Some(Operation::SetAnswer { ufrag });
        wire.outputs.push_back(Output::SetRemoteDescription {
            peer: wire.peer.clone(),
            attempt: self.attempt,
            r#type: DescriptionType::Answer,
            sdp: answer.sdp,
            tracks: answer.tracks,
        });
    }

    /// A candidate of this attempt arrived.
    pub(crate) fn on_candidate(&mut self, candidate: Option<IceCandidateInit>, wire: &mut Wire<'_>) {
        if let Some(candidate) = self.candidates.arrived(candidate) {
            self.add_candidate(candidate, wire);
        }
    }

    /// The stack made and set an offer or an answer.
    pub(crate) fn on_local_set(
        &mut self,
        sdp: Sdp,
        tracks: Option<Vec<TrackLabel>>,
        wire: &mut Wire<'_>,
    ) -> Progress {
        let progress = match self.operation.take() {
            Some(Operation::CreateOffer { restart_ice }) => {
                self.signalling = Signalling::HaveLocalOffer;
                let description = Description { n: self.next_n(), sdp, tracks };
                self.send_offer(&description, wire);
                self.outstanding = Some(Outstanding { description, restart_ice });
                Progress::OfferSent
            }
            Some(Operation::CreateVoidOffer { restart_ice }) => {
                self.signalling = Signalling::HaveLocalOffer;
                self.wants_restart |= restart_ice;
                Progress::Other
            }
            Some(Operation::CreateAnswer { n }) => {
                self.signalling = Signalling::Stable;
                // Whatever was wanted before is in this answer, or the stack says so again.
                self.wants_offer = false;
                let answer = self.addressed(Description { n, sdp, tracks }, wire);
                wire.outputs.push_back(Output::Send(Send::Answer(answer)));
                Progress::AnswerSent
            }
            other => {
                self.operation = other;
                Progress::Other
            }
        };
        self.advance(wire);
        progress
    }

    /// The stack could not make or set an offer or an answer. True: this connection can't go on.
    pub(crate) fn on_local_failed(&mut self, wire: &mut Wire<'_>) -> bool {
        if let Some(Operation::CreateVoidOffer { restart_ice }) = self.operation {
            self.operation = None;
            self.wants_restart |= restart_ice;
            self.advance(wire);
            return false;
        }
        true
    }

    /// The local offer was taken back.
    pub(crate) fn on_rolled_back(&mut self, wire: &mut Wire<'_>) {
        if self.operation != Some(Operation::Rollback) {
            return;
        }
        self.operation = None;
        self.signalling = Signalling::Stable;
        if let Some(outstanding) = self.outstanding.take() {
            self.wants_restart |= outstanding.restart_ice;
        }
        self.advance(wire);
    }

    /// The remote description was set.
    pub(crate) fn on_remote_set(&mut self, wire: &mut Wire<'_>) -> Progress {
        let progress = match self.operation.take() {
            Some(Operation::SetOffer { n, ufrag }) => {
                self.signalling = Signalling::HaveRemoteOffer;
                if self.remote_ufrag.is_some() && self.remote_ufrag != ufrag {
                    self.wants_restart = false;
                }
                self.remote_description_set(ufrag, wire);
                self.operation = Some(Operation::CreateAnswer { n });
                wire.outputs
                    .push_back(Output::CreateAnswer { peer: wire.peer.clone(), attempt: self.attempt });
                return Progress::Other;
            }
            Some(Operation::SetAnswer { ufrag }) => {
                self.signalling = Signalling::Stable;
                self.outstanding = None;
                self.ignores_offer = false;
                self.wants_offer = false;
                self.remote_description_set(ufrag, wire);
                Progress::Answered
            }
            other => {
                self.operation = other;
                Progress::Other
            }
        };
        self.advance(wire);
        progress
    }

    fn remote_description_set(&mut self, ufrag: Option<String>, wire: &mut Wire<'_>) {
        for candidate in self.candidates.description_set(ufrag.clone()) {
            self.add_candidate(candidate, wire);
        }
        self.remote_ufrag = ufrag.or_else(|| Some(String::new()));
    }

    /// Starts the next operation, if the stack is free and there is one.
    pub(crate) fn advance(&mut self, wire: &mut Wire<'_>) {
        if self.operation.is_some() {
            return;
        }
        let (peer, attempt) = (wire.peer.clone(), self.attempt);
        match self.signalling {
            Signalling::Stable => {
                if let Some(Description { n, sdp, tracks }) = self.held_offer.take() {
                    self.operation = Some(Operation::SetOffer { n, ufrag: sdp.ice_ufrag() });
                    let r#type = DescriptionType::Offer;
                    wire.outputs.push_back(Output::SetRemoteDescription {
                        peer,
                        attempt,
                        r#type,
                        sdp,
                        tracks,
                    });
                } else if (self.wants_offer || self.wants_restart) && wire.can_offer {
                    let restart_ice = std::mem::take(&mut self.wants_restart);
                    self.wants_offer = false;
                    self.operation = Some(Operation::CreateOffer { restart_ice });
                    wire.outputs.push_back(Output::CreateOffer { peer, attempt, restart_ice });
                }
            }
            Signalling::HaveLocalOffer if self.held_offer.is_some() => {
                self.operation = Some(Operation::Rollback);
                wire.outputs.push_back(Output::Rollback { peer, attempt });
            }
            Signalling::HaveLocalOffer | Signalling::HaveRemoteOffer => {}
        }
    }

    fn send_offer(&self, description: &Description, wire: &mut Wire<'_>) {
        let offer = self.addressed(description.clone(), wire);
        wire.outputs.push_back(Output::Send(Send::Offer(offer)));
    }

    /// An offer or an answer with the address of the other side on it.
    fn addressed(&self, description: Description, wire: &Wire<'_>) -> Offer {
        let Description { n, sdp, tracks } = description;
        let (to, room_id) = (wire.peer.address(), wire.peer.hub_of().cloned());
        Offer { to, to_instance: wire.to_instance(), room_id, sdp, attempt: self.attempt, n, tracks }
    }

    fn add_candidate(&self, candidate: Option<IceCandidateInit>, wire: &mut Wire<'_>) {
        wire.outputs.push_back(Output::AddCandidate {
            peer: wire.peer.clone(),
            attempt: self.attempt,
            candidate,
        });
    }

    /// A local candidate, on its way to the other side.
    pub(crate) fn send_candidate(&self, candidate: Option<IceCandidateInit>, wire: &mut Wire<'_>) {
        let candidate = IceCandidate {
            to: wire.peer.address(),
            to_instance: wire.to_instance(),
            room_id: wire.peer.hub_of().cloned(),
            candidate,
            attempt: self.attempt,
        };
        wire.outputs.push_back(Output::Send(Send::IceCandidate(candidate)));
    }
}
