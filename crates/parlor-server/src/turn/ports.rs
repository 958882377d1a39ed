//! Relay sockets: at which address of the machine and at which port one is opened, and what others are told.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use parlor_turn::{Client, Family};

use crate::limits::{TURN_PORT_TRIES, TURN_RELAY_BUFFER_BYTES};
use crate::udp::{Oversize, Udp};

#[derive(Debug)]
pub(crate) struct Ports {
    range: RangeInclusive<u16>,
    /// Addresses of this machine.
    own: Vec<IpAddr>,
    /// What others see instead of these.
    public: Vec<IpAddr>,
    /// A generator of ports that outsiders don't guess (RFC 8656, section 7.2), drawn from the system once.
    state: u64,
}

impl Ports {
    pub(crate) fn new(
        range: RangeInclusive<u16>,
        own: Vec<IpAddr>,
        public: Vec<IpAddr>,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self { range, own, public, state: getrandom::u64()? | 1 })
    }

    /// Opens a relay for a client: the socket, and its address as others see it.
    pub(crate) fn open(
        &mut self,
        client: &Client,
        family: Family,
        is_even: bool,
    ) -> io::Result<(Udp, SocketAddr)> {
        let is_of = |ip: &&IpAddr| ip.is_ipv4() == (family == Family::V4);
        let came_to = self.own.iter().find(|ip| **ip == client.local.ip()).filter(is_of);
        let none = || io::Error::other("no address of this family");
        let ip = *came_to.or_else(|| self.own.iter().find(is_of)).ok_or_else(none)?;
        let seen = self.public.iter().find(is_of).copied().unwrap_or(ip);
        let mut failed = io::Error::other("no port is free");
        for _ in 0..TURN_PORT_TRIES {
            let port = self.draw();
            let port = if is_even { port & !1 } else { port };
            if !self.range.contains(&port) {
                continue;
            }
            match Udp::bind(SocketAddr::new(ip, port), TURN_RELAY_BUFFER_BYTES, Oversize::Fragmented) {
                Ok(udp) => return Ok((udp, SocketAddr::new(seen, port))),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => failed = error,
                Err(error) => return Err(error),
            }
        }
        Err(failed)
    }

    /// SplitMix64.
    fn draw(&mut self) -> u16 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        let count = u64::from(self.range.end().saturating_sub(*self.range.start())).saturating_add(1);
        let above = word.checked_rem(count).and_then(|above| u16::try_from(above).ok()).unwrap_or(0);
        self.range.start().saturating_add(above)
    }
}
