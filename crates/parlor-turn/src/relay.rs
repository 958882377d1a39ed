//! The way of data (RFC 8656, sections 11 and 12): from clients to peers and back. A datagram that goes through a channel
//! allocates nothing.

use std::net::SocketAddr;

use parlor_proto::Time;
use stun_types::message::{Message, MessageClass, MessageType, MessageWriteExt, MessageWriteVec};
use stun_types::prelude::MessageWrite;
use turn_types::attribute::{Data, XorPeerAddress};
use turn_types::message::DATA;

use crate::frame::CHANNEL_HEAD_BYTES;
use crate::io::{Client, RelayId};
use crate::requests::not_understood;
use crate::server::Server;

impl Server {
    /// Data in a channel; `bytes` begin with its head.
    pub(crate) fn on_channel_data(&mut self, now: Time, client: Client, bytes: &[u8]) {
        let parts = bytes.split_first_chunk::<CHANNEL_HEAD_BYTES>().and_then(|([a, b, c, d], rest)| {
            let data = rest.get(..usize::from(u16::from_be_bytes([*c, *d])))?;
            Some((u16::from_be_bytes([*a, *b]), data))
        });
        let Some((number, data)) = parts else {
            self.totals.malformed = self.totals.malformed.saturating_add(1);
            return;
        };
        let id = self.by_client.get(&client).copied();
        let allocation = id.and_then(|id| self.allocations.get(&id));
        match (id, allocation.and_then(|allocation| allocation.peer_of(now, number))) {
            (Some(id), Some(peer)) => self.send_to_peer(now, id, peer, data),
            _ => self.not_permitted(),
        }
    }

    /// A Send indication (section 11.2). What is wrong with it is told to nobody.
    pub(crate) fn on_send(&mut self, now: Time, client: Client, message: &Message<'_>) {
        let Some(id) = self.by_client.get(&client).copied() else { return self.not_permitted() };
        let (Ok(peer), Ok(data)) = (message.attribute::<XorPeerAddress>(), message.attribute::<Data<'_>>())
        else {
            self.totals.malformed = self.totals.malformed.saturating_add(1);
            return;
        };
        let peer = peer.addr(message.transaction_id());
        let is_permitted =
            self.allocations.get(&id).is_some_and(|allocation| allocation.is_permitted(now, peer.ip()));
        if !is_permitted || not_understood(message).is_some() {
            return self.not_permitted();
        }
        self.send_to_peer(now, id, peer, data.data());
    }

    fn send_to_peer(&mut self, now: Time, id: RelayId, peer: SocketAddr, data: &[u8]) {
        // Foreign addresses were judged when they were permitted.
        let is_own = self.settings.policy.is_own(peer.ip());
        let other = if is_own { self.by_address.get(&peer).copied() } else { None };
        if is_own && other.is_none() && self.settings.policy.judge(peer).is_err() {
            return self.not_permitted();
        }
        let Some(allocation) = self.allocations.get_mut(&id) else { return };
        let Some(own_address) = allocation.address else { return };
        if allocation.bucket.as_mut().is_some_and(|bucket| !bucket.take(now, data.len())) {
            self.totals.over_rate = self.totals.over_rate.saturating_add(1);
            return;
        }
        allocation.count(data.len());
        self.count(data.len());
        match other {
            // Another client of this server: no need to leave it, and behind a NAT no way to.
            Some(other) => self.on_peer_data(now, other, own_address, data),
            None => self.outbox.send_to_peer(id, peer, data),
        }
    }

    /// What came to a relayed address (sections 11.3 and 12.7).
    pub(crate) fn on_peer_data(&mut self, now: Time, id: RelayId, peer: SocketAddr, data: &[u8]) {
        let Some(allocation) = self.allocations.get_mut(&id) else { return };
        if !allocation.is_permitted(now, peer.ip()) {
            return self.not_permitted();
        }
        if allocation.bucket.as_mut().is_some_and(|bucket| !bucket.take(now, data.len())) {
            self.totals.over_rate = self.totals.over_rate.saturating_add(1);
            return;
        }
        let Ok(length) = u16::try_from(data.len()) else { return };
        allocation.count(data.len());
        let client = allocation.client;
        let channel = allocation.channel_to(now, &peer);
        self.count(data.len());
        if let Some(number) = channel {
            return self.outbox.send_to_client(client, &[&number.to_be_bytes(), &length.to_be_bytes(), data]);
        }
        let transaction = self.next_transaction();
        let kind = MessageType::from_class_method(MessageClass::Indication, DATA);
        let capacity = data.len().saturating_add(64);
        let mut indication = Message::builder(kind, transaction, MessageWriteVec::with_capacity(capacity));
        let is_written = indication.add_attribute(&XorPeerAddress::new(peer, transaction)).is_ok()
            && indication.add_attribute(&Data::new(data)).is_ok();
        if is_written {
            self.outbox.send_to_client(client, &[&indication.finish()]);
        }
    }

    fn not_permitted(&mut self) {
        self.totals.not_permitted = self.totals.not_permitted.saturating_add(1);
    }

    fn count(&mut self, bytes: usize) {
        self.totals.datagrams = self.totals.datagrams.saturating_add(1);
        self.totals.bytes = self.totals.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
