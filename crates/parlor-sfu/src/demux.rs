//! Whose datagram is it? STUN requests name the ICE user fragment that they are for (RFC 8445, section 7.3); all else is known
//! by the address it comes from, once that address has proved whose it is. Contents are not looked at beyond that.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use crate::io::Via;
use crate::limits::{ADDRESSES_PER_TRANSPORT_MAX, HINTS_MAX};
use crate::transports::TransportKey;

/// The other end of a way.
pub(crate) type Remote = (Via, SocketAddr);

/// What leads from a datagram to a transport.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    ufrags: BTreeMap<String, TransportKey>,
    addresses: BTreeMap<Remote, TransportKey>,
    /// Addresses that STUN went to or came from: whom to ask first, never a proof.
    hints: BTreeMap<Remote, TransportKey>,
    hint_order: VecDeque<Remote>,
}

/// What is known of a datagram's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It names the transport, or its address is proved.
    Known(TransportKey),
    /// Perhaps this one; it has to be asked whether it accepts it.
    Perhaps(TransportKey),
    /// Nobody's.
    Nobody,
}

impl Demux {
    pub(crate) fn owner(&mut self, remote: Remote, bytes: &[u8]) -> Owner {
        if is_stun(bytes)
            && let Some(ufrag) = addressed_ufrag(bytes)
        {
            let Some(key) = self.ufrags.get(ufrag).copied() else { return Owner::Nobody };
            self.hint(remote, key);
            return Owner::Known(key);
        }
        if let Some(key) = self.addresses.get(&remote) {
            return Owner::Known(*key);
        }
        self.hints.get(&remote).map_or(Owner::Nobody, |key| Owner::Perhaps(*key))
    }

    /// Something goes to, or comes from, an address on behalf of a transport.
    pub(crate) fn hint(&mut self, remote: Remote, key: TransportKey) {
        if self.addresses.get(&remote) == Some(&key) {
            return;
        }
        if self.hints.insert(remote, key).is_none() {
            self.hint_order.push_back(remote);
            while self.hint_order.len() > HINTS_MAX {
                if let Some(oldest) = self.hint_order.pop_front() {
                    self.hints.remove(&oldest);
                }
            }
        }
    }

    /// An address has proved whose it is. `known` are the transport's addresses, oldest first.
    pub(crate) fn prove(&mut self, remote: Remote, key: TransportKey, known: &mut Vec<Remote>) {
        if self.addresses.get(&remote) == Some(&key) {
            return;
        }
        self.addresses.insert(remote, key);
        known.retain(|address| *address != remote);
        known.push(remote);
        if known.len() > ADDRESSES_PER_TRANSPORT_MAX {
            let oldest = known.remove(0);
            self.forget_address(oldest, key);
        }
    }

    /// A transport's user fragment, instead of an older one.
    pub(crate) fn set_ufrag(&mut self, key: TransportKey, old: Option<&str>, new: &str) {
        if let Some(old) = old.filter(|old| self.ufrags.get(*old) == Some(&key)) {
            self.ufrags.remove(old);
        }
        self.ufrags.insert(new.to_owned(), key);
    }

    /// All that leads to a transport.
    pub(crate) fn forget(&mut self, key: TransportKey, ufrag: &str, known: &[Remote]) {
        if self.ufrags.get(ufrag) == Some(&key) {
            self.ufrags.remove(ufrag);
        }
        for address in known {
            self.forget_address(*address, key);
        }
        self.hints.retain(|_, hinted| *hinted != key);
        let hints = &self.hints;
        self.hint_order.retain(|address| hints.contains_key(address));
    }

    fn forget_address(&mut self, address: Remote, key: TransportKey) {
        if self.addresses.get(&address) == Some(&key) {
            self.addresses.remove(&address);
        }
    }

    /// Of user fragments, proved addresses and hints.
    pub(crate) fn len(&self) -> usize {
        self.ufrags.len() + self.addresses.len() + self.hints.len()
    }
}

/// RFC 7983, section 7.
pub(crate) fn is_stun(bytes: &[u8]) -> bool {
    const HEADER_BYTES: usize = 20;
    bytes.len() >= HEADER_BYTES && bytes.first().is_some_and(|byte| *byte < 4)
}

/// The user fragment that a STUN message is addressed to: what stands before the colon in USERNAME (RFC 8445, section
/// 7.2.2).
fn addressed_ufrag(bytes: &[u8]) -> Option<&str> {
    const HEADER_BYTES: usize = 20;
    const USERNAME: u16 = 0x0006;
    let mut rest = bytes.get(HEADER_BYTES..)?;
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let [kind_high, kind_low, length_high, length_low] = *head;
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let value = tail.get(..length)?;
        if u16::from_be_bytes([kind_high, kind_low]) == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = tail.get(length.checked_next_multiple_of(4)?..)?;
    }
    None
}

#[cfg(test)]
mod tests;
