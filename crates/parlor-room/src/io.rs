//! What goes into the registry and what comes out of it. What it decides in between is not here.

use std::sync::Arc;

use parlor_proto::{ClientFrame, CloseCode, FrameError};

use crate::broker::{Hail, HailError, PeerFrame};
use crate::hub::{HubOrder, HubReport};
use crate::log::Event;

/// One socket. The shell gives each a number of its own and never uses one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// How a socket came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// A close frame came, with this code if it had one.
    Frame(Option<u16>),
    /// It broke off without a close frame.
    Lost,
}

/// What happened outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A socket is open.
    Opened {
        /// Which one.
        conn: ConnId,
    },
    /// A frame came that says something.
    Frame {
        /// From which socket.
        conn: ConnId,
        /// What it says, as [`ClientFrame::parse`] read it.
        frame: ClientFrame,
    },
    /// A frame came that could not be understood.
    BadFrame {
        /// From which socket.
        conn: ConnId,
        /// What [`ClientFrame::parse`] answered.
        error: Box<FrameError>,
    },
    /// A frame came that is larger than any may be.
    OversizedFrame {
        /// From which socket.
        conn: ConnId,
    },
    /// A binary frame came.
    BinaryFrame {
        /// From which socket.
        conn: ConnId,
    },
    /// A socket of a peer (PeerJS) is open.
    PeerOpened {
        /// Which one.
        conn: ConnId,
        /// Who it says that it is, as [`Hail::parse`] read it.
        hail: Result<Hail, HailError>,
    },
    /// A peer said something.
    PeerFrame {
        /// From which socket.
        conn: ConnId,
        /// What, as [`PeerFrame::parse`] read it.
        frame: PeerFrame,
    },
    /// A peer said something that is no frame.
    PeerBadFrame {
        /// From which socket.
        conn: ConnId,
    },
    /// A WebSocket pong came.
    Pong {
        /// From which socket.
        conn: ConnId,
    },
    /// A socket has come to its end. Not needed after [`Output::Close`], and harmless.
    Closed {
        /// Which one.
        conn: ConnId,
        /// How.
        cause: CloseCause,
    },
    /// What waits to be written to this socket has reached its bound.
    Overflowed {
        /// Which one.
        conn: ConnId,
    },
    /// The hub has said something.
    Hub(HubReport),
    /// The server is asked to stop: everyone is told, nobody joins any more.
    Drain,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Write a text frame.
    Send {
        /// To which socket.
        conn: ConnId,
        /// What to write.
        frame: Outgoing,
    },
    /// Write a WebSocket ping.
    Ping {
        /// To which socket.
        conn: ConnId,
    },
    /// Write what waits, then a close frame. The registry has forgotten the socket already.
    Close {
        /// Which socket.
        conn: ConnId,
        /// Why, as a number.
        code: CloseCode,
        /// Why, in words of at most 123 bytes (RFC 6455, section 5.5).
        reason: String,
    },
    /// Tell the hub. An order to leave is to be carried out before any later output.
    Hub(HubOrder),
    /// Something happened that the log or the metrics want to know.
    Log(Event),
}

/// A text frame on its way to one socket. The text may be shared with other sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The whole frame, JSON.
    pub text: Arc<str>,
    /// How it may be treated while it waits to be written.
    pub kind: FrameKind,
}

/// How a frame may be treated while it waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Never dropped.
    Kept,
    /// A whole room list: replaces an older one that still waits.
    List,
    /// A difference between two room lists, or the digest of one: dropped if there is no place, the watcher finds the
    /// gap and asks again.
    Delta,
    /// An answer to `ping`: dropped if there is no place.
    Pong,
}
