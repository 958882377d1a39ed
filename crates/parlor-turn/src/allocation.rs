//! One allocation (RFC 8656, section 3.2): whose it is, its relayed address, its permissions and channels, and when these
//! end.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use parlor_proto::Time;
use stun_types::message::TransactionId;

use crate::auth::Signer;
use crate::bucket::Bucket;
use crate::io::{Client, Family};
use crate::limits::{CHANNEL_MS, CHANNELS_MAX, OPENING_MS, PERMISSION_MS, PERMISSIONS_MAX};

#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) client: Client,
    pub(crate) identity: String,
    /// Who made it, and alone may change it.
    pub(crate) signer: Signer,
    pub(crate) family: Family,
    /// The request that made it: when it comes again, the answer was lost.
    pub(crate) made_by: TransactionId,
    /// Whether the request wants its answer with FINGERPRINT.
    pub(crate) wants_fingerprint: bool,
    /// How long it was asked for.
    pub(crate) lifetime_ms: u64,
    /// As others see it; none while its socket is being opened.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) expires_at: Time,
    /// When it is looked at again; its entry among the timers.
    pub(crate) looked_at: Time,
    permissions: BTreeMap<IpAddr, Time>,
    channels: BTreeMap<u16, Channel>,
    numbers: BTreeMap<SocketAddr, u16>,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    peer: SocketAddr,
    expires_at: Time,
}

/// Why a channel is not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindError {
    /// The number or the peer is bound otherwise.
    Taken,
    /// There are too many.
    TooMany,
}

impl Allocation {
    pub(crate) fn new(
        now: Time,
        client: Client,
        identity: String,
        signer: Signer,
        family: Family,
        made_by: TransactionId,
    ) -> Self {
        Self {
            client,
            identity,
            signer,
            family,
            made_by,
            wants_fingerprint: false,
            lifetime_ms: 0,
            address: None,
            expires_at: now + OPENING_MS,
            looked_at: now + OPENING_MS,
            permissions: BTreeMap::new(),
            channels: BTreeMap::new(),
            numbers: BTreeMap::new(),
            bucket: None,
            datagrams: 0,
            bytes: 0,
        }
    }

    /// Whether so many more addresses find a place.
    pub(crate) fn has_place_for(&self, ips: &[IpAddr]) -> bool {
        let new = ips.iter().filter(|ip| !self.permissions.contains_key(ip)).count();
        self.permissions.len().saturating_add(new) <= PERMISSIONS_MAX
    }

    pub(crate) fn permit(&mut self, now: Time, ip: IpAddr) {
        self.permissions.insert(ip, now + PERMISSION_MS);
    }

    pub(crate) fn is_permitted(&self, now: Time, ip: IpAddr) -> bool {
        self.permissions.get(&ip).is_some_and(|expires_at| *expires_at > now)
    }

    /// Binds a channel, or binds it for longer; its address is permitted as well (section 12.2).
    pub(crate) fn bind(&mut self, now: Time, number: u16, peer: SocketAddr) -> Result<(), BindError> {
        self.forget_expired(now);
        let is_other_peer = self.channels.get(&number).is_some_and(|channel| channel.peer != peer);
        let is_other_number = self.numbers.get(&peer).is_some_and(|of| *of != number);
        if is_other_peer || is_other_number {
            return Err(BindError::Taken);
        }
        let is_new = !self.channels.contains_key(&number);
        if is_new && self.channels.len() >= CHANNELS_MAX || !self.has_place_for(&[peer.ip()]) {
            return Err(BindError::TooMany);
        }
        self.channels.insert(number, Channel { peer, expires_at: now + CHANNEL_MS });
        self.numbers.insert(peer, number);
        self.permit(now, peer.ip());
        Ok(())
    }

    /// To whom a channel leads.
    pub(crate) fn peer_of(&self, now: Time, number: u16) -> Option<SocketAddr> {
        self.channels.get(&number).filter(|channel| channel.expires_at > now).map(|channel| channel.peer)
    }

    /// Which channel leads there.
    pub(crate) fn channel_to(&self, now: Time, peer: &SocketAddr) -> Option<u16> {
        let number = *self.numbers.get(peer)?;
        self.peer_of(now, number).map(|_| number)
    }

    /// Drops what has expired.
    pub(crate) fn forget_expired(&mut self, now: Time) {
        self.permissions.retain(|_, expires_at| *expires_at > now);
        self.channels.retain(|_, channel| channel.expires_at > now);
        let Self { channels, numbers, .. } = self;
        numbers.retain(|_, number| channels.contains_key(number));
    }

    /// When the next of it expires.
    pub(crate) fn expires_next(&self) -> Time {
        let channels = self.channels.values().map(|channel| channel.expires_at);
        self.permissions.values().copied().chain(channels).fold(self.expires_at, Time::min)
    }

    pub(crate) fn permissions(&self) -> usize {
        self.permissions.len()
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.len()
    }
}
