//! What goes into the server and what comes out of it.

use std::net::SocketAddr;

/// How a client reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A TCP connection; each input is one frame of it, see [`frame_bytes`](crate::frame_bytes).
    Tcp,
    /// The same within TLS.
    Tls,
}

impl Transport {
    /// Whether frames follow each other in a stream.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        !matches!(self, Self::Udp)
    }
}

/// The 5-tuple by which an allocation is found (RFC 8656, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Client {
    /// How it comes.
    pub transport: Transport,
    /// The server's address that it came to.
    pub local: SocketAddr,
    /// Where it comes from.
    pub remote: SocketAddr,
    /// Which connection: a number that the caller never uses twice; 0 with UDP.
    pub stream: u64,
}

/// One relay socket, for one allocation. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayId(pub u64);

/// The family of a relayed address (RFC 8656, section 18.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// That of an address.
    #[must_use]
    pub const fn of(address: &SocketAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// What happens to the server. IPv4 addresses never come in the form of IPv6 ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A datagram, or one whole frame of a stream.
    FromClient {
        /// Whose.
        client: Client,
        /// What.
        bytes: &'a [u8],
    },
    /// A datagram that came to a relay socket.
    FromPeer {
        /// To which one.
        relay: RelayId,
        /// From where.
        peer: SocketAddr,
        /// What.
        bytes: &'a [u8],
    },
    /// A relay socket that was ordered is open.
    Opened {
        /// Which one.
        relay: RelayId,
        /// Its address as others see it.
        address: SocketAddr,
    },
    /// One that was ordered could not be opened.
    NotOpened {
        /// Which one.
        relay: RelayId,
    },
    /// One that was ordered is not to be had: whoever asked may have no relays now.
    NotAllowed {
        /// Which one.
        relay: RelayId,
    },
    /// A client's connection has ended.
    Gone {
        /// Whose.
        client: Client,
    },
}

/// What is to be done. Bytes are the server's and are good until the next call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// Send to a client: a datagram, or one whole frame of a stream.
    ToClient {
        /// To whom, from `local` of it.
        client: Client,
        /// What.
        bytes: &'a [u8],
    },
    /// Send a datagram from a relay socket.
    ToPeer {
        /// From which one.
        relay: RelayId,
        /// To where.
        peer: SocketAddr,
        /// What.
        bytes: &'a [u8],
    },
    /// Open a relay socket and say [`Input::Opened`], [`Input::NotOpened`] or [`Input::NotAllowed`].
    Open {
        /// Under this name.
        relay: RelayId,
        /// For whom: the address it reached the server at is the first choice for the relay.
        client: Client,
        /// Of which family.
        family: Family,
        /// Whether its port has to be even (RFC 8656, section 18.5).
        is_even: bool,
        /// Who wants it: what is behind the colon of the user name.
        identity: String,
    },
    /// Close a relay socket.
    Close {
        /// Which one.
        relay: RelayId,
    },
    /// Something for the log.
    Log(Event),
}

/// What is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A relay is there for a client.
    Allocated {
        /// Whose.
        client: Client,
        /// Of whom: what is behind the colon of the user name.
        identity: String,
        /// Where others reach it.
        address: SocketAddr,
    },
    /// It is gone.
    Freed {
        /// Whose.
        client: Client,
        /// Where others reached it.
        address: SocketAddr,
        /// Datagrams relayed, both ways.
        datagrams: u64,
        /// Bytes of these.
        bytes: u64,
    },
    /// A request was answered with an error.
    Refused {
        /// Whose.
        client: Client,
        /// The error's number (RFC 8489, section 14.8; RFC 8656, section 19).
        code: u16,
        /// Why.
        reason: &'static str,
    },
}
