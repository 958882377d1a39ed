//! Where the server relays to. A relay stands inside the network that others only see from outside: what it may reach is
//! refused unless it is an ordinary address of the internet, or the operator allows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Addresses that share their first bits, as in `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no [`Network`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError(String);

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no address range: give it as in 10.0.0.0/8 or 192.168.1.7", self.0)
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    const fn v6(a: u16, b: u16, c: u16, d: u16, last: u16, bits: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, last)), bits }
    }

    /// Loopback of both families.
    pub const LOOPBACK: [Self; 2] = [Self::v4(127, 0, 0, 0, 8), Self::v6(0, 0, 0, 0, 1, 128)];

    /// Whether the address is one of these. An IPv4 address in the form of an IPv6 one is none of IPv4.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, ip) {
            (IpAddr::V4(mine), IpAddr::V4(ip)) => {
                u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0)
                    & (mine.to_bits() ^ ip.to_bits())
                    == 0
            }
            (IpAddr::V6(mine), IpAddr::V6(ip)) => {
                u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0)
                    & (mine.to_bits() ^ ip.to_bits())
                    == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let fail = || NetworkError(text.to_owned());
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| fail())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| fail())?;
        if bits > most { Err(fail()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Why an address is not relayed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// It is in a range that is no part of the internet; which one.
    Range(&'static str),
    /// It is the server's own, and no relay of it.
    Own,
}

/// Ranges that are no addresses of the internet (the IANA registries of special-purpose addresses, RFC 6890), or are ways to
/// write another address.
const SPECIAL: &[(Network, &str)] = &[
    (Network::v4(0, 0, 0, 0, 8), "this network"),
    (Network::v4(10, 0, 0, 0, 8), "private"),
    (Network::v4(100, 64, 0, 0, 10), "behind a carrier's NAT"),
    (Network::v4(127, 0, 0, 0, 8), "loopback"),
    (Network::v4(169, 254, 0, 0, 16), "link-local"),
    (Network::v4(172, 16, 0, 0, 12), "private"),
    (Network::v4(192, 0, 0, 0, 24), "protocol assignments"),
    (Network::v4(192, 0, 2, 0, 24), "documentation"),
    (Network::v4(192, 88, 99, 0, 24), "6to4 relays"),
    (Network::v4(192, 168, 0, 0, 16), "private"),
    (Network::v4(198, 18, 0, 0, 15), "benchmarks"),
    (Network::v4(198, 51, 100, 0, 24), "documentation"),
    (Network::v4(203, 0, 113, 0, 24), "documentation"),
    (Network::v4(224, 0, 0, 0, 4), "multicast"),
    (Network::v4(255, 255, 255, 255, 32), "broadcast"),
    (Network::v4(240, 0, 0, 0, 4), "reserved"),
    (Network::v6(0, 0, 0, 0, 0, 128), "unspecified"),
    (Network::v6(0, 0, 0, 0, 1, 128), "loopback"),
    (Network::v6(0x64, 0xff9b, 0, 0, 0, 96), "NAT64"),
    (Network::v6(0x64, 0xff9b, 1, 0, 0, 48), "NAT64"),
    // IPv4-mapped (::ffff:0:0/96) and IPv4-compatible, with what else is reserved there.
    (Network::v6(0, 0, 0, 0, 0, 8), "IPv4 in IPv6, reserved"),
    (Network::v6(0x100, 0, 0, 0, 0, 64), "discard"),
    (Network::v6(0x2001, 0, 0, 0, 0, 23), "protocol assignments"),
    (Network::v6(0x2001, 0xdb8, 0, 0, 0, 32), "documentation"),
    (Network::v6(0x2002, 0, 0, 0, 0, 16), "6to4"),
    (Network::v6(0x3fff, 0, 0, 0, 0, 20), "documentation"),
    (Network::v6(0x5f00, 0, 0, 0, 0, 16), "segment routing"),
    (Network::v6(0xfc00, 0, 0, 0, 0, 7), "unique local"),
    (Network::v6(0xfe80, 0, 0, 0, 0, 10), "link-local"),
    (Network::v6(0xfec0, 0, 0, 0, 0, 10), "site-local"),
    (Network::v6(0xff00, 0, 0, 0, 0, 8), "multicast"),
];

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Ranges that the operator allows although they are none of the internet.
    pub allow: Vec<Network>,
    /// The server's own addresses, as it and as others see them: only what is in `open` is relayed to there, other relays, and what
    /// `allow` names.
    pub own: Vec<IpAddr>,
    /// Own addresses with ports that take relayed datagrams from anybody: the hub's.
    pub open: Vec<SocketAddr>,
    /// Ports of the server that take none, whatever is allowed.
    pub closed_ports: Vec<u16>,
}

impl Policy {
    /// Whether the address is the server's own.
    #[must_use]
    pub fn is_own(&self, ip: IpAddr) -> bool {
        self.own.contains(&ip)
    }

    /// Whether an address may have a permission. For the server's own that is not yet leave to send there: see [`Self::judge`].
    ///
    /// # Errors
    /// Why not.
    pub fn judge_ip(&self, ip: IpAddr) -> Result<(), Forbidden> {
        if self.is_own(ip) { Ok(()) } else { self.judge_foreign(ip) }
    }

    /// Whether it may be sent to an address that is no relay of this server.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, peer: SocketAddr) -> Result<(), Forbidden> {
        if self.is_own(peer.ip()) {
            let is_allowed = self.is_allowed(peer.ip()) && !self.closed_ports.contains(&peer.port());
            return if is_allowed || self.open.contains(&peer) { Ok(()) } else { Err(Forbidden::Own) };
        }
        self.judge_foreign(peer.ip())
    }

    fn is_allowed(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(ip))
    }

    fn judge_foreign(&self, ip: IpAddr) -> Result<(), Forbidden> {
        if self.is_allowed(ip) {
            return Ok(());
        }
        match SPECIAL.iter().find(|(network, _)| network.contains(ip)) {
            Some((_, name)) => Err(Forbidden::Range(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
