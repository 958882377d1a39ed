//! What goes into the hub and what comes out of it. What happens in between is not here.

use std::net::SocketAddr;

use parlor_proto::{Grade, IceCandidateInit, Instance, Source, TrackLabel, UserId};

/// A room. Who drives the hub gives each a number of its own and never uses one twice; the hub knows no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey(pub u64);

/// How datagrams travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// As they are.
    Udp,
    /// Over a connection that the other end opened, each in a frame (RFC 4571, RFC 6544). The hub knows no frames.
    Tcp,
}

/// One participant of one room, who has at most one transport there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    /// In which room.
    pub room: RoomKey,
    /// Who.
    pub participant: UserId,
}

/// An offer, as `parlor_proto::Offer` with the peer `hub` brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Of whom, for which room.
    pub seat: Seat,
    /// The document that owns the RTCPeerConnection. Another one than before means that the old connection is gone.
    pub instance: Instance,
    /// Which RTCPeerConnection of that instance, from 1.
    pub attempt: u32,
    /// Which offer of that RTCPeerConnection, from 1.
    pub n: u32,
    /// The session description.
    pub sdp: String,
    /// What the media sections carry; without a label audio is the microphone and video the camera.
    pub tracks: Vec<TrackLabel>,
}

/// One video that a receiver wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoWish {
    /// Whose.
    pub participant: UserId,
    /// Camera or screen.
    pub source: Source,
    /// How high the picture is shown, in pixels; more is not needed. None: as high as it comes.
    pub max_height: Option<u16>,
}

/// What a receiver wants (`receive`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Whose sound is not to be forwarded.
    pub muted: Vec<UserId>,
    /// Which videos, the most wanted first.
    pub video: Vec<VideoWish>,
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A participant offers.
    Offer(Offer),
    /// A participant names an address of its own. Of another attempt than the current one it counts for nothing.
    Candidate {
        /// Whose.
        seat: Seat,
        /// Of which RTCPeerConnection.
        attempt: u32,
        /// The candidate.
        candidate: IceCandidateInit,
    },
    /// A receiver says what it wants.
    Receive {
        /// Who.
        seat: Seat,
        /// What; replaces what was said before.
        wishes: Wishes,
    },
    /// A UDP datagram came.
    Datagram {
        /// By which way.
        via: Via,
        /// To which of [`Settings::local`](crate::Settings::local), or of
        /// [`Settings::local_tcp`](crate::Settings::local_tcp).
        local: SocketAddr,
        /// From where.
        remote: SocketAddr,
        /// What was in it.
        bytes: &'a [u8],
    },
    /// A participant has left the room, or needs the hub no more. Harmless where there is no transport.
    Leave {
        /// Who.
        seat: Seat,
    },
    /// A room has ended.
    RoomEnded {
        /// Which.
        room: RoomKey,
    },
}

/// Who is in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// The media section.
    pub mid: String,
    /// Whose track, if anybody's.
    pub participant: Option<UserId>,
    /// Which track.
    pub source: Option<Source>,
    /// The contributing source that its packets carry (RFC 3550, section 5.1).
    pub csrc: Option<u32>,
}

/// Why a new negotiation is wanted (`offer-wanted`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WantedReason {
    /// The path was lost: an offer with new ICE credentials.
    PathLost,
    /// The hub's end is gone: an offer of a new RTCPeerConnection.
    TransportGone,
}

impl WantedReason {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PathLost => "path-lost",
            Self::TransportGone => "transport-gone",
        }
    }
}

/// Why a transport ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndReason {
    /// Its participant left.
    Left,
    /// The room ended.
    RoomEnded,
    /// An offer of a newer RTCPeerConnection came.
    Replaced,
    /// The other end closed it.
    Closed,
    /// It did not connect in time.
    NotConnected,
    /// Its path was lost and not found again.
    PathLost,
    /// A fault of the hub's own.
    Panicked,
}

/// One step of freeing a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// What it received.
    Consumers,
    /// What it sent, and so what the others received of it.
    Producers,
    /// ICE, DTLS, addresses and timers.
    Transport,
}

/// What was freed with a transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// What it received.
    pub consumers: usize,
    /// What it sent.
    pub producers: usize,
    /// Its receive slots.
    pub slots: usize,
}

/// What the log wants to know of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was made.
    Made,
    /// It is connected: ICE and DTLS.
    Connected,
    /// Its path was lost; it may come back.
    PathLost,
    /// Its path is back.
    PathBack,
    /// A step of its departure failed; the next one ran.
    StepFailed {
        /// Which.
        step: Step,
        /// What was said of it.
        message: String,
    },
    /// Code below it gave up; the transport ends, the hub goes on.
    Panicked {
        /// What was said of it.
        message: String,
    },
    /// It ended.
    Gone {
        /// Why.
        reason: EndReason,
        /// What it held.
        freed: Freed,
    },
}

/// What is to be done or told outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a datagram.
    Transmit {
        /// By which way.
        via: Via,
        /// From which of [`Settings::local`](crate::Settings::local), or of
        /// [`Settings::local_tcp`](crate::Settings::local_tcp).
        local: SocketAddr,
        /// To where.
        remote: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// A TCP connection was a transport's that is no more: close it, once what waits is written.
    HangUp {
        /// Its other end.
        remote: SocketAddr,
    },
    /// Answer an offer.
    Answer {
        /// Whose.
        seat: Seat,
        /// Its attempt.
        attempt: u32,
        /// Its number.
        n: u32,
        /// The session description.
        sdp: String,
    },
    /// An offer can't be answered.
    Refused {
        /// Whose.
        seat: Seat,
        /// Its attempt.
        attempt: u32,
        /// Its number.
        n: u32,
        /// Why.
        reason: crate::OfferError,
    },
    /// Tell a receiver who is in its slots, all of them.
    Slots {
        /// Whom.
        seat: Seat,
        /// In the order of the media sections.
        slots: Vec<SlotState>,
    },
    /// Ask a participant for an offer.
    OfferWanted {
        /// Whom.
        seat: Seat,
        /// Why.
        reason: WantedReason,
    },
    /// A participant's path works better or worse than was last told. Before it is connected for the first time nothing is.
    Grade {
        /// Whose.
        seat: Seat,
        /// How well it works; [`Grade::Lost`] also when the transport has ended while its participant is still there.
        grade: Grade,
    },
    /// Someone else is the dominant speaker of a room.
    Speaker {
        /// Of which room.
        room: RoomKey,
        /// Who; none if nobody speaks any more because they left.
        participant: Option<UserId>,
    },
    /// Something happened to a transport.
    Log {
        /// Whose.
        seat: Seat,
        /// What.
        event: Event,
    },
}
