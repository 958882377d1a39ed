//! What a batch causes to be sent, sorted by where it goes: datagrams of one size to one address go out in one system
//! call (UDP_SEGMENT).

use std::net::SocketAddr;

use parlor_turn::{Client, RelayId};

use crate::udp::TOGETHER_BYTES_MAX;

/// Bytes of a datagram that is put to others. The system does not split what is sent in one call into fragments, and this much goes by every
/// path of IPv6 (RFC 8200, section 5: 1,280 bytes, heads included).
const TOGETHER_EACH_BYTES_MAX: usize = 1_232;
/// Places for different addresses; above, what is there goes out first.
const GROUPS_MAX: usize = 64;

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the port of TURN.
    ToClient(Client),
    /// From a relay.
    ToPeer(RelayId, SocketAddr),
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) way: Way,
    /// Of each datagram but the last.
    pub(super) size: usize,
    pub(super) count: usize,
    pub(super) bytes: Vec<u8>,
}

/// See the module. Buffers are used again.
#[derive(Debug, Default)]
pub(super) struct Sending {
    groups: Vec<Group>,
    used: usize,
}

impl Sending {
    /// Puts a datagram to the others that go there; false if there is no place, then nothing was put anywhere.
    pub(super) fn push(&mut self, way: Way, bytes: &[u8], together_max: usize) -> bool {
        let used = self.groups.get_mut(..self.used).unwrap_or_default();
        // The newest of a way: datagrams keep their order.
        let newest = used.iter_mut().rev().find(|group| group.way == way);
        if let Some(group) = newest {
            let is_open = group.bytes.len() == group.size.saturating_mul(group.count);
            let fits = group.count < together_max
                && group.bytes.len().saturating_add(bytes.len()) <= TOGETHER_BYTES_MAX;
            let is_small = group.size <= TOGETHER_EACH_BYTES_MAX;
            if is_open && fits && is_small && bytes.len() <= group.size && !bytes.is_empty() {
                group.count = group.count.saturating_add(1);
                group.bytes.extend_from_slice(bytes);
                return true;
            }
        }
        if self.used >= GROUPS_MAX {
            return false;
        }
        match self.groups.get_mut(self.used) {
            Some(group) => {
                group.bytes.clear();
                group.bytes.extend_from_slice(bytes);
                (group.way, group.size, group.count) = (way, bytes.len(), 1);
            }
            None => self.groups.push(Group { way, size: bytes.len(), count: 1, bytes: bytes.to_vec() }),
        }
        self.used = self.used.saturating_add(1);
        true
    }

    /// What there is, in order; it counts as sent.
    pub(super) fn take(&mut self) -> &[Group] {
        let used = std::mem::take(&mut self.used);
        self.groups.get(..used).unwrap_or_default()
    }
}
