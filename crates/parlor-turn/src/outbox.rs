//! What waits to be polled: orders, and bytes in one buffer that is used again and again, so that relaying a datagram allocates
//! nothing.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;

use crate::io::{Client, Event, Family, Output, RelayId};

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    items: VecDeque<Item>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Item {
    ToClient { client: Client, range: Range<usize> },
    ToPeer { relay: RelayId, peer: SocketAddr, range: Range<usize> },
    Open { relay: RelayId, client: Client, family: Family, is_even: bool, identity: String },
    Close { relay: RelayId },
    Log(Event),
}

impl Outbox {
    /// Bytes for a client, in pieces; padded for streams.
    pub(crate) fn send_to_client(&mut self, client: Client, pieces: &[&[u8]]) {
        let start = self.bytes.len();
        for piece in pieces {
            self.bytes.extend_from_slice(piece);
        }
        if client.transport.is_stream() {
            let padded = self.bytes.len().saturating_sub(start).next_multiple_of(4);
            self.bytes.resize(start.saturating_add(padded), 0);
        }
        self.items.push_back(Item::ToClient { client, range: start..self.bytes.len() });
    }

    pub(crate) fn send_to_peer(&mut self, relay: RelayId, peer: SocketAddr, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.items.push_back(Item::ToPeer { relay, peer, range: start..self.bytes.len() });
    }

    pub(crate) fn open(
        &mut self,
        relay: RelayId,
        client: Client,
        family: Family,
        is_even: bool,
        identity: String,
    ) {
        self.items.push_back(Item::Open { relay, client, family, is_even, identity });
    }

    pub(crate) fn close(&mut self, relay: RelayId) {
        self.items.push_back(Item::Close { relay });
    }

    pub(crate) fn log(&mut self, event: Event) {
        self.items.push_back(Item::Log(event));
    }

    pub(crate) fn buffered_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn poll(&mut self) -> Option<Output<'_>> {
        let Some(item) = self.items.pop_front() else {
            self.bytes.clear();
            return None;
        };
        let of = |range: Range<usize>| self.bytes.get(range).unwrap_or_default();
        Some(match item {
            Item::ToClient { client, range } => Output::ToClient { client, bytes: of(range) },
            Item::ToPeer { relay, peer, range } => Output::ToPeer { relay, peer, bytes: of(range) },
            Item::Open { relay, client, family, is_even, identity } => {
                Output::Open { relay, client, family, is_even, identity }
            }
            Item::Close { relay } => Output::Close { relay },
            Item::Log(event) => Output::Log(event),
        })
    }
}
