//! The server: who is found by which address, what is due when, the one way out of an allocation.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use parlor_proto::Time;
use stun_types::message::{BINDING, Message, MessageClass, TransactionId};
use turn_types::message::SEND;

use crate::allocation::Allocation;
use crate::frame::STUN_HEAD_BYTES;
use crate::hash::{KeyedMap, KeyedState};
use crate::io::{Client, Event, Input, Output, RelayId};
use crate::ledger::{Ledger, Totals};
use crate::limits::DATAGRAM_BYTES_MAX;
use crate::nonce::Nonces;
use crate::outbox::Outbox;
use crate::settings::Settings;

/// See the crate.
#[derive(Debug)]
pub struct Server {
    pub(crate) settings: Settings,
    pub(crate) nonces: Nonces,
    pub(crate) allocations: KeyedMap<RelayId, Allocation>,
    pub(crate) by_client: KeyedMap<Client, RelayId>,
    pub(crate) by_address: KeyedMap<SocketAddr, RelayId>,
    /// How many allocations each has.
    pub(crate) identities: BTreeMap<String, usize>,
    /// One entry for each allocation.
    timers: BTreeSet<(Time, RelayId)>,
    next_relay: u64,
    next_indication: u64,
    indications: u128,
    pub(crate) outbox: Outbox,
    pub(crate) totals: Totals,
}

impl Server {
    /// A server without allocations.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let word = |from: usize| {
            let bytes = settings.key.get(from..).and_then(<[u8]>::first_chunk::<8>);
            u64::from_le_bytes(bytes.copied().unwrap_or_default())
        };
        let hashing = || KeyedState::new([word(0), word(8)]);
        Self {
            nonces: Nonces::new(settings.key),
            allocations: KeyedMap::with_hasher(hashing()),
            by_client: KeyedMap::with_hasher(hashing()),
            by_address: KeyedMap::with_hasher(hashing()),
            identities: BTreeMap::new(),
            timers: BTreeSet::new(),
            next_relay: 1,
            next_indication: 0,
            indications: u128::from(word(16)).rotate_left(64) ^ u128::from(word(24)),
            outbox: Outbox::default(),
            totals: Totals::default(),
            settings,
        }
    }

    /// Takes what has happened. Whatever comes from outside, it does no more harm than to be answered with an error or to be
    /// counted.
    pub fn handle_input(&mut self, now: Time, input: Input<'_>) {
        match input {
            Input::FromClient { client, bytes } => self.on_client(now, client, bytes),
            Input::FromPeer { relay, peer, bytes } if bytes.len() <= DATAGRAM_BYTES_MAX => {
                self.on_peer_data(now, relay, peer, bytes);
            }
            Input::FromPeer { .. } => {}
            Input::Opened { relay, address } => self.on_opened(now, relay, address),
            Input::NotOpened { relay } => self.on_not_opened(now, relay),
            Input::NotAllowed { relay } => self.on_not_allowed(now, relay),
            Input::Gone { client } => {
                if let Some(id) = self.by_client.get(&client).copied() {
                    self.free(id, true);
                }
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            let Some(allocation) = self.allocations.get_mut(&id) else {
                self.timers.remove(&(at, id));
                continue;
            };
            if allocation.expires_at > now {
                allocation.forget_expired(now);
                self.rearm(id);
                continue;
            }
            if allocation.address.is_some() {
                self.free(id, true);
            } else {
                self.on_not_opened(now, id);
            }
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        self.outbox.poll()
    }

    /// When [`Self::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Whether a client has an allocation, or waits for one: who has none for long has no business here.
    #[must_use]
    pub fn has_allocation(&self, client: &Client) -> bool {
        self.by_client.contains_key(client)
    }

    /// What there is, and what was done.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let sum = |of: fn(&Allocation) -> usize| self.allocations.values().map(of).sum();
        Ledger {
            allocations: self.allocations.len(),
            permissions: sum(Allocation::permissions),
            channels: sum(Allocation::channels),
            identities: self.identities.len(),
            routes: self.by_client.len().saturating_add(self.by_address.len()),
            timers: self.timers.len(),
            buffered_bytes: self.outbox.buffered_bytes(),
            totals: self.totals,
        }
    }

    fn on_client(&mut self, now: Time, client: Client, bytes: &[u8]) {
        match bytes.first() {
            Some(0x40..=0x7f) if bytes.len() <= DATAGRAM_BYTES_MAX => {
                self.on_channel_data(now, client, bytes)
            }
            Some(0..=3) if is_whole(bytes) => match Message::from_bytes(bytes) {
                Ok(message) if message.has_class(MessageClass::Request) => {
                    self.on_request(now, client, &message)
                }
                Ok(message) if message.has_class(MessageClass::Indication) && message.has_method(SEND) => {
                    self.on_send(now, client, &message);
                }
                // Binding indications keep a NAT's mapping alive.
                Ok(message) if message.has_class(MessageClass::Indication) && message.has_method(BINDING) => {
                }
                Ok(_) | Err(_) => self.malformed(),
            },
            _ => self.malformed(),
        }
    }

    fn malformed(&mut self) {
        self.totals.malformed = self.totals.malformed.saturating_add(1);
    }

    pub(crate) fn allocation_of(&self, client: &Client) -> Option<&Allocation> {
        self.by_client.get(client).and_then(|id| self.allocations.get(id))
    }

    pub(crate) fn insert(&mut self, allocation: Allocation) -> RelayId {
        let id = RelayId(self.next_relay);
        self.next_relay = self.next_relay.wrapping_add(1);
        let held = self.identities.entry(allocation.identity.clone()).or_default();
        *held = held.saturating_add(1);
        self.by_client.insert(allocation.client, id);
        self.timers.insert((allocation.looked_at, id));
        self.allocations.insert(id, allocation);
        id
    }

    /// Moves the timer of an allocation to where it belongs.
    pub(crate) fn rearm(&mut self, id: RelayId) {
        let Some(allocation) = self.allocations.get_mut(&id) else { return };
        let next = allocation.expires_next();
        if next != allocation.looked_at {
            self.timers.remove(&(allocation.looked_at, id));
            self.timers.insert((next, id));
            allocation.looked_at = next;
        }
    }

    /// The one way out of an allocation. `has_socket`: one is open, or is being opened and closed when it is.
    pub(crate) fn free(&mut self, id: RelayId, has_socket: bool) {
        let Some(allocation) = self.allocations.remove(&id) else { return };
        self.timers.remove(&(allocation.looked_at, id));
        self.by_client.remove(&allocation.client);
        if let Some(held) = self.identities.get_mut(&allocation.identity) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.identities.remove(&allocation.identity);
            }
        }
        let Allocation { client, address, datagrams, bytes, .. } = allocation;
        if let Some(address) = address {
            self.by_address.remove(&address);
            self.outbox.log(Event::Freed { client, address, datagrams, bytes });
            if has_socket {
                self.outbox.close(id);
            }
        }
    }

    /// Names an indication. Nobody answers it, so it need not be unguessable.
    pub(crate) fn next_transaction(&mut self) -> TransactionId {
        self.next_indication = self.next_indication.wrapping_add(1);
        TransactionId::from(self.indications.wrapping_add(u128::from(self.next_indication)))
    }
}

impl Allocation {
    pub(crate) fn count(&mut self, bytes: usize) {
        self.datagrams = self.datagrams.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

/// Whether the bytes are as many as a STUN message's head says: the codec would read what is behind it as well.
fn is_whole(bytes: &[u8]) -> bool {
    let length = bytes
        .get(2..4)
        .and_then(<[u8]>::first_chunk::<2>)
        .map(|length| usize::from(u16::from_be_bytes(*length)));
    bytes.len() <= DATAGRAM_BYTES_MAX
        && length.and_then(|length| length.checked_add(STUN_HEAD_BYTES)) == Some(bytes.len())
}
