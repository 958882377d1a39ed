//! Requests (RFC 8656, sections 6 to 12): what is asked, whether it is granted, what is answered.

use std::net::SocketAddr;

use parlor_proto::Time;
use stun_types::attribute::{
    Attribute, AttributeStaticType, AttributeType, ErrorCode, Fingerprint, MessageIntegrity,
    MessageIntegritySha256, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm, Software, UnknownAttributes,
    Userhash, Username, XorMappedAddress,
};
use stun_types::message::{
    BINDING, Message, MessageClass, MessageType, MessageWriteExt, MessageWriteVec, TransactionId,
};
use stun_types::prelude::MessageWrite;
use turn_types::AddressFamily;
use turn_types::attribute::{
    ChannelNumber, Data, EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use crate::allocation::{Allocation, BindError};
use crate::auth::{ALGORITHMS, Signer};
use crate::bucket::Bucket;
use crate::credentials;
use crate::frame::{CHANNEL_FIRST, CHANNEL_LAST};
use crate::io::{Client, Event, Family, RelayId};
use crate::limits::ALLOCATIONS_PER_ADDRESS_MAX;
use crate::limits::{LIFETIME_MS_DEFAULT, LIFETIME_MS_MAX};
use crate::server::Server;

/// Attributes that must be understood and are.
pub(crate) const UNDERSTOOD: [AttributeType; 14] = [
    Username::TYPE,
    Userhash::TYPE,
    MessageIntegrity::TYPE,
    MessageIntegritySha256::TYPE,
    PasswordAlgorithm::TYPE,
    Realm::TYPE,
    Nonce::TYPE,
    ChannelNumber::TYPE,
    Lifetime::TYPE,
    XorPeerAddress::TYPE,
    Data::TYPE,
    RequestedAddressFamily::TYPE,
    RequestedTransport::TYPE,
    EvenPort::TYPE,
];
/// The number of UDP among protocols.
const PROTOCOL_UDP: u8 = 17;

/// Why a request is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    /// What must be understood and is not.
    pub(crate) unknown: Vec<AttributeType>,
}

impl Refusal {
    pub(crate) const STALE_NONCE: Self = Self::new(ErrorCode::STALE_NONCE, "the nonce is stale");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason, unknown: Vec::new() }
    }

    pub(crate) const fn unauthorized(reason: &'static str) -> Self {
        Self::new(ErrorCode::UNAUTHORIZED, reason)
    }

    pub(crate) const fn bad_request(reason: &'static str) -> Self {
        Self::new(ErrorCode::BAD_REQUEST, reason)
    }

    const fn no_allocation() -> Self {
        Self::new(ErrorCode::ALLOCATION_MISMATCH, "there is no allocation")
    }

    /// Whether it says how to sign.
    const fn is_challenge(&self) -> bool {
        matches!(self.code, ErrorCode::UNAUTHORIZED | ErrorCode::STALE_NONCE)
    }
}

/// A request, as far as an answer needs it.
#[derive(Clone, Copy, Debug)]
struct Asked {
    kind: MessageType,
    transaction: TransactionId,
    wants_fingerprint: bool,
}

impl Asked {
    fn of(message: &Message<'_>) -> Self {
        Self {
            kind: message.get_type(),
            transaction: message.transaction_id(),
            wants_fingerprint: message.has_attribute(Fingerprint::TYPE),
        }
    }

    fn answer(&self, class: MessageClass) -> MessageWriteVec {
        let kind = MessageType::from_class_method(class, self.kind.method());
        Message::builder(kind, self.transaction, MessageWriteVec::with_capacity(256))
    }
}

impl Server {
    pub(crate) fn on_request(&mut self, now: Time, client: Client, message: &Message<'_>) {
        let method = message.method();
        let asked = Asked::of(message);
        if method == BINDING {
            return self.on_binding(now, client, &asked, message);
        }
        if ![ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND].contains(&method) {
            self.totals.malformed = self.totals.malformed.saturating_add(1);
            return;
        }
        let signer = match self.authenticate(now, &client, message) {
            Ok(signer) => signer,
            Err(refusal) => return self.refuse(now, client, &asked, None, &refusal),
        };
        let granted = match not_understood(message) {
            Some(refusal) => Err(refusal),
            None if method == ALLOCATE => self.on_allocate(now, client, &asked, &signer, message),
            None if method == REFRESH => self.on_refresh(now, client, &signer, message),
            None if method == CREATE_PERMISSION => self.on_create_permission(now, client, &signer, message),
            None => self.on_channel_bind(now, client, &signer, message),
        };
        match granted {
            Ok(Granted::Done) => self.answer(client, &asked, &signer, |_| Some(())),
            Ok(Granted::Lifetime(ms)) => {
                self.answer(client, &asked, &signer, |answer| answer.add_attribute(&lifetime(ms)).ok());
            }
            Ok(Granted::Allocation(id)) => self.answer_allocate(now, id, &asked),
            Ok(Granted::Waits) => {}
            Err(refusal) => self.refuse(now, client, &asked, Some(&signer), &refusal),
        }
    }

    /// STUN (RFC 8489, section 12): where does the server see the client?
    fn on_binding(&mut self, now: Time, client: Client, asked: &Asked, message: &Message<'_>) {
        if let Some(refusal) = not_understood(message) {
            return self.refuse(now, client, asked, None, &refusal);
        }
        self.totals.bindings = self.totals.bindings.saturating_add(1);
        let mut answer = asked.answer(MessageClass::Success);
        let mapped = XorMappedAddress::new(client.remote, asked.transaction);
        if answer.add_attribute(&mapped).is_ok()
            && (!asked.wants_fingerprint || answer.add_fingerprint().is_ok())
        {
            self.outbox.send_to_client(client, &[&answer.finish()]);
        }
    }

    fn on_allocate(
        &mut self,
        now: Time,
        client: Client,
        asked: &Asked,
        signer: &Signer,
        message: &Message<'_>,
    ) -> Result<Granted, Refusal> {
        if let Some((id, allocation)) =
            self.by_client.get(&client).and_then(|id| Some((*id, self.allocations.get(id)?)))
        {
            if allocation.made_by != asked.transaction || allocation.signer.username != signer.username {
                return Err(Refusal::new(ErrorCode::ALLOCATION_MISMATCH, "there is an allocation already"));
            }
            return Ok(if allocation.address.is_some() { Granted::Allocation(id) } else { Granted::Waits });
        }
        let Ok(transport) = message.attribute::<RequestedTransport>() else {
            return Err(Refusal::bad_request("REQUESTED-TRANSPORT is missing"));
        };
        if transport.protocol() != PROTOCOL_UDP {
            return Err(Refusal::new(ErrorCode::UNSUPPORTED_TRANSPORT_PROTOCOL, "only UDP is relayed"));
        }
        let unsupported = || Refusal::new(ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED, "no relay of this family");
        let family = requested_family(message).map_err(|()| unsupported())?.unwrap_or(Family::V4);
        let has_family = match family {
            Family::V4 => self.settings.has_ipv4,
            Family::V6 => self.settings.has_ipv6,
        };
        if !has_family {
            return Err(unsupported());
        }
        let even_port = message.attribute::<EvenPort>().ok();
        if even_port.as_ref().is_some_and(EvenPort::requested) {
            return Err(Refusal::new(ErrorCode::INSUFFICIENT_CAPACITY, "ports are not reserved"));
        }
        let identity = credentials::identity(&signer.username, now)
            .map_err(|error| Refusal::unauthorized(error.as_str()))?
            .to_owned();
        if self
            .identities
            .get(&identity)
            .is_some_and(|held| *held >= self.settings.allocations_per_identity_max)
        {
            return Err(Refusal::new(
                ErrorCode::ALLOCATION_QUOTA_REACHED,
                "too many allocations of one identity",
            ));
        }
        let is_neighbour = |allocation: &&Allocation| allocation.client.remote.ip() == client.remote.ip();
        if self.allocations.values().filter(is_neighbour).count() >= ALLOCATIONS_PER_ADDRESS_MAX {
            return Err(Refusal::new(
                ErrorCode::ALLOCATION_QUOTA_REACHED,
                "too many allocations of one address",
            ));
        }
        if self.allocations.len() >= self.settings.allocations_max {
            return Err(Refusal::new(ErrorCode::INSUFFICIENT_CAPACITY, "too many allocations"));
        }
        let mut allocation =
            Allocation::new(now, client, identity.clone(), signer.clone(), family, asked.transaction);
        allocation.wants_fingerprint = asked.wants_fingerprint;
        allocation.lifetime_ms = wanted_lifetime_ms(message);
        allocation.bucket = self.settings.bytes_per_second_max.map(|rate| Bucket::new(rate, now));
        let id = self.insert(allocation);
        self.outbox.open(id, client, family, even_port.is_some(), identity);
        Ok(Granted::Waits)
    }

    /// The socket of an allocation is there.
    pub(crate) fn on_opened(&mut self, now: Time, id: RelayId, address: SocketAddr) {
        let Some(allocation) =
            self.allocations.get_mut(&id).filter(|allocation| allocation.address.is_none())
        else {
            // It has ended meanwhile.
            return self.outbox.close(id);
        };
        allocation.address = Some(address);
        allocation.expires_at = now + allocation.lifetime_ms;
        let (client, identity) = (allocation.client, allocation.identity.clone());
        let asked = allocation.asked();
        self.by_address.insert(address, id);
        self.totals.allocated = self.totals.allocated.saturating_add(1);
        self.rearm(id);
        self.outbox.log(Event::Allocated { client, identity, address });
        self.answer_allocate(now, id, &asked);
    }

    pub(crate) fn on_not_opened(&mut self, now: Time, id: RelayId) {
        let refusal = Refusal::new(ErrorCode::INSUFFICIENT_CAPACITY, "no socket could be opened");
        self.give_up(now, id, &refusal);
    }

    pub(crate) fn on_not_allowed(&mut self, now: Time, id: RelayId) {
        self.give_up(now, id, &Refusal::new(ErrorCode::FORBIDDEN, "no relays for this identity now"));
    }

    /// An allocation whose socket is not there and will not be.
    fn give_up(&mut self, now: Time, id: RelayId, refusal: &Refusal) {
        let Some(allocation) = self.allocations.get(&id).filter(|allocation| allocation.address.is_none())
        else {
            return;
        };
        let (client, asked, signer) = (allocation.client, allocation.asked(), allocation.signer.clone());
        self.free(id, false);
        self.refuse(now, client, &asked, Some(&signer), refusal);
    }

    fn answer_allocate(&mut self, now: Time, id: RelayId, asked: &Asked) {
        let Some(allocation) = self.allocations.get(&id) else { return };
        let (client, signer) = (allocation.client, allocation.signer.clone());
        let Some(address) = allocation.address else { return };
        let left_ms = allocation.expires_at.ms_since(now);
        let transaction = asked.transaction;
        self.answer(client, asked, &signer, |answer| {
            answer.add_attribute(&XorRelayedAddress::new(address, transaction)).ok()?;
            answer.add_attribute(&lifetime(left_ms)).ok()?;
            answer.add_attribute(&XorMappedAddress::new(client.remote, transaction)).ok()?;
            answer.add_attribute(&Software::new("parlor").ok()?).ok()
        });
    }

    fn on_refresh(
        &mut self,
        now: Time,
        client: Client,
        signer: &Signer,
        message: &Message<'_>,
    ) -> Result<Granted, Refusal> {
        let id = self.own_allocation(&client, signer)?;
        let Some(allocation) = self.allocations.get_mut(&id) else { return Err(Refusal::no_allocation()) };
        let family = requested_family(message);
        if family.is_err()
            || family.is_ok_and(|family| family.is_some_and(|family| family != allocation.family))
        {
            return Err(family_mismatch());
        }
        if message.attribute::<Lifetime>().is_ok_and(|lifetime| lifetime.seconds() == 0) {
            self.free(id, true);
            return Ok(Granted::Lifetime(0));
        }
        let lifetime_ms = wanted_lifetime_ms(message);
        allocation.expires_at = now + lifetime_ms;
        self.rearm(id);
        Ok(Granted::Lifetime(lifetime_ms))
    }

    fn on_create_permission(
        &mut self,
        now: Time,
        client: Client,
        signer: &Signer,
        message: &Message<'_>,
    ) -> Result<Granted, Refusal> {
        let id = self.own_allocation(&client, signer)?;
        let peers = peers_of(message)?;
        let ips: Vec<_> = peers.iter().map(SocketAddr::ip).collect();
        let Some(allocation) = self.allocations.get_mut(&id) else { return Err(Refusal::no_allocation()) };
        if peers.iter().any(|peer| Family::of(peer) != allocation.family) {
            return Err(family_mismatch());
        }
        if ips.iter().any(|ip| self.settings.policy.judge_ip(*ip).is_err()) {
            return Err(forbidden());
        }
        allocation.forget_expired(now);
        if !allocation.has_place_for(&ips) {
            return Err(Refusal::new(ErrorCode::INSUFFICIENT_CAPACITY, "too many permissions"));
        }
        for ip in ips {
            allocation.permit(now, ip);
        }
        self.rearm(id);
        Ok(Granted::Done)
    }

    fn on_channel_bind(
        &mut self,
        now: Time,
        client: Client,
        signer: &Signer,
        message: &Message<'_>,
    ) -> Result<Granted, Refusal> {
        let id = self.own_allocation(&client, signer)?;
        let Ok(number) = message.attribute::<ChannelNumber>().map(|number| number.channel()) else {
            return Err(Refusal::bad_request("CHANNEL-NUMBER is missing"));
        };
        if !(CHANNEL_FIRST..=CHANNEL_LAST).contains(&number) {
            return Err(Refusal::bad_request("no such channel number"));
        }
        let peers = peers_of(message)?;
        let [peer] = peers.as_slice() else {
            return Err(Refusal::bad_request("a channel leads to one peer"));
        };
        let is_relay = self.by_address.contains_key(peer);
        let Some(allocation) = self.allocations.get_mut(&id) else { return Err(Refusal::no_allocation()) };
        if Family::of(peer) != allocation.family {
            return Err(family_mismatch());
        }
        if !is_relay && self.settings.policy.judge(*peer).is_err() {
            return Err(forbidden());
        }
        match allocation.bind(now, number, *peer) {
            Ok(()) => {}
            Err(BindError::Taken) => {
                return Err(Refusal::bad_request("the channel or the peer is bound otherwise"));
            }
            Err(BindError::TooMany) => {
                return Err(Refusal::new(ErrorCode::INSUFFICIENT_CAPACITY, "too many channels"));
            }
        }
        self.rearm(id);
        Ok(Granted::Done)
    }

    fn own_allocation(&self, client: &Client, signer: &Signer) -> Result<RelayId, Refusal> {
        let id = self.by_client.get(client).ok_or_else(Refusal::no_allocation)?;
        let allocation = self.allocations.get(id).filter(|allocation| allocation.address.is_some());
        let allocation = allocation.ok_or_else(Refusal::no_allocation)?;
        if allocation.signer.username != signer.username {
            return Err(Refusal::new(ErrorCode::WRONG_CREDENTIALS, "the allocation is another's"));
        }
        Ok(*id)
    }

    /// Sends the answer to a request that was granted.
    fn answer(
        &mut self,
        client: Client,
        asked: &Asked,
        signer: &Signer,
        fill: impl FnOnce(&mut MessageWriteVec) -> Option<()>,
    ) {
        let mut answer = asked.answer(MessageClass::Success);
        if fill(&mut answer).is_some() && sign(&mut answer, asked, Some(signer)).is_some() {
            self.outbox.send_to_client(client, &[&answer.finish()]);
        }
    }

    fn refuse(
        &mut self,
        now: Time,
        client: Client,
        asked: &Asked,
        signer: Option<&Signer>,
        refusal: &Refusal,
    ) {
        let Refusal { code, reason, unknown } = refusal;
        let totals = &mut self.totals;
        let total = if refusal.is_challenge() { &mut totals.unauthorized } else { &mut totals.refused };
        *total = total.saturating_add(1);
        self.outbox.log(Event::Refused { client, code: *code, reason });
        let mut answer = asked.answer(MessageClass::Error);
        let mut fill = || {
            answer
                .add_attribute(&ErrorCode::new(*code, ErrorCode::default_reason_for_code(*code)).ok()?)
                .ok()?;
            if !unknown.is_empty() {
                answer.add_attribute(&UnknownAttributes::new(unknown)).ok()?;
            }
            if refusal.is_challenge() {
                answer.add_attribute(&Realm::new(&self.settings.realm).ok()?).ok()?;
                let nonce = self.nonces.make(now, client.remote.ip());
                answer.add_attribute(&Nonce::new(&nonce).ok()?).ok()?;
                answer.add_attribute(&PasswordAlgorithms::new(&ALGORITHMS)).ok()?;
            }
            sign(&mut answer, asked, signer)
        };
        if fill().is_some() {
            self.outbox.send_to_client(client, &[&answer.finish()]);
        }
    }
}

/// What becomes of a request that is granted.
enum Granted {
    Done,
    /// For so many milliseconds.
    Lifetime(u64),
    /// What was asked for is there.
    Allocation(RelayId),
    /// It is answered later.
    Waits,
}

impl Allocation {
    fn asked(&self) -> Asked {
        Asked {
            kind: MessageType::from_class_method(MessageClass::Request, ALLOCATE),
            transaction: self.made_by,
            wants_fingerprint: self.wants_fingerprint,
        }
    }
}

fn sign(answer: &mut MessageWriteVec, asked: &Asked, signer: Option<&Signer>) -> Option<()> {
    if let Some(Signer { key, algorithm, .. }) = signer {
        answer.add_message_integrity_with_key(key, *algorithm).ok()?;
    }
    if asked.wants_fingerprint { answer.add_fingerprint().ok() } else { Some(()) }
}

/// Attributes that would have to be understood (RFC 8489, section 6.3.1).
pub(crate) fn not_understood(message: &Message<'_>) -> Option<Refusal> {
    let kinds = message.iter_attributes().map(|(_, attribute)| attribute.get_type());
    let mut unknown: Vec<AttributeType> =
        kinds.filter(|kind| kind.comprehension_required() && !UNDERSTOOD.contains(kind)).collect();
    // An answer that names each of a thousand would be larger than what it answers.
    unknown.truncate(8);
    let refusal =
        Refusal { unknown, ..Refusal::new(ErrorCode::UNKNOWN_ATTRIBUTE, "an attribute is not understood") };
    (!refusal.unknown.is_empty()).then_some(refusal)
}

/// At least one; none may be malformed.
fn peers_of(message: &Message<'_>) -> Result<Vec<SocketAddr>, Refusal> {
    let transaction = message.transaction_id();
    let count = message
        .iter_attributes()
        .filter(|(_, attribute)| attribute.get_type() == XorPeerAddress::TYPE)
        .count();
    let peers: Vec<SocketAddr> = (0..count)
        .filter_map(|n| message.nth_attribute::<XorPeerAddress>(n).ok())
        .map(|peer| peer.addr(transaction))
        .collect();
    if peers.is_empty() || peers.len() < count {
        return Err(Refusal::bad_request("XOR-PEER-ADDRESS is missing or malformed"));
    }
    Ok(peers)
}

/// The family that is asked for, if one is; an error if there is no such family.
fn requested_family(message: &Message<'_>) -> Result<Option<Family>, ()> {
    if !message.has_attribute(RequestedAddressFamily::TYPE) {
        return Ok(None);
    }
    match message.attribute::<RequestedAddressFamily>().map(|requested| requested.family()) {
        Ok(AddressFamily::IPV4) => Ok(Some(Family::V4)),
        Ok(AddressFamily::IPV6) => Ok(Some(Family::V6)),
        Err(_) => Err(()),
    }
}

fn wanted_lifetime_ms(message: &Message<'_>) -> u64 {
    let wanted = message
        .attribute::<Lifetime>()
        .map_or(0, |lifetime| u64::from(lifetime.seconds()).saturating_mul(1_000));
    wanted.clamp(LIFETIME_MS_DEFAULT, LIFETIME_MS_MAX)
}

fn lifetime(ms: u64) -> Lifetime {
    Lifetime::new(u32::try_from(ms / 1_000).unwrap_or(u32::MAX))
}

const fn family_mismatch() -> Refusal {
    Refusal::new(ErrorCode::PEER_ADDRESS_FAMILY_MISMATCH, "the peer's address is of another family")
}

const fn forbidden() -> Refusal {
    Refusal::new(ErrorCode::FORBIDDEN, "this address is not relayed to")
}
