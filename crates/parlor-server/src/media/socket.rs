//! The UDP socket of a media thread: which addresses participants are offered, from which of them what is sent goes, and what of it
//! goes together.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use parlor_sfu::Via;

use super::MediaError;
use crate::config::Media as MediaConfig;
use crate::limits::{STRAYS_MAX, UDP_BUFFER_BYTES, UDP_SEND_PATIENCE};
use crate::udp::{Batch, Oversize, TOGETHER_BYTES_MAX, Udp, own_ips};

/// A socket that is open, and the addresses that participants are offered.
#[derive(Debug)]
pub(crate) struct Socket {
    udp: Udp,
    /// The addresses of this machine that reach it.
    own_ips: Vec<IpAddr>,
    offered: Vec<SocketAddr>,
    /// Whether `offered` are addresses of this machine, which can stand as the source of what is sent.
    is_own: bool,
}

impl Socket {
    /// Opens the one of a thread: where the settings say, or where HTTP listens, so many ports above. If that port is
    /// taken, nobody chose it and nobody outside has to know it, any other.
    pub(super) fn open(
        config: &MediaConfig,
        http: SocketAddr,
        number: usize,
        is_public: bool,
    ) -> Result<Self, MediaError> {
        let mut wanted = config.listen.unwrap_or(http);
        if wanted.port() != 0 {
            let port = u16::try_from(number).ok().and_then(|above| wanted.port().checked_add(above));
            let missing = MediaError::Ports { first: wanted.port(), threads: config.threads };
            wanted.set_port(port.ok_or(missing)?);
        }
        let bind = |address| Udp::bind(address, UDP_BUFFER_BYTES, Oversize::Dropped);
        let udp = bind(wanted).or_else(|reason| {
            if config.listen.is_some() || is_public {
                return Err(reason);
            }
            tracing::warn!(address = %wanted, %reason, "this UDP port is not free, media takes another");
            bind(SocketAddr::new(wanted.ip(), 0))
        });
        let udp = udp.map_err(|reason| MediaError::Socket { address: wanted, reason })?;
        if !udp.has_buffers(UDP_BUFFER_BYTES) {
            tracing::info!(
                wanted = UDP_BUFFER_BYTES,
                "the system gives smaller socket buffers, so rushes of media may lose packets: see the sysctls \
                 net.core.rmem_max and net.core.wmem_max"
            );
        }
        let address = udp.address();
        let is_own = config.public_ips.is_empty();
        // Nobody reaches an IPv4 socket by IPv6.
        let is_reached = |ip: &IpAddr| ip.is_ipv4() || udp.bound().is_ipv6();
        let own_ips = own_ips(udp.bound());
        let public_ips = config.public_ips.iter().copied().filter(is_reached);
        let ips = if is_own { own_ips.clone() } else { public_ips.collect() };
        if ips.is_empty() {
            return Err(MediaError::NothingToOffer(address));
        }
        if address.ip().is_loopback() && (is_public || !is_own) {
            tracing::warn!(%address, "media is reached from this machine only: see --media-listen");
        }
        let offered = ips.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect();
        Ok(Self { udp, own_ips, offered, is_own })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.udp.address()
    }

    /// As the system knows it.
    pub(super) fn bound(&self) -> SocketAddr {
        self.udp.bound()
    }

    pub(super) fn offered(&self) -> &[SocketAddr] {
        &self.offered
    }

    pub(super) fn own_ips(&self) -> &[IpAddr] {
        &self.own_ips
    }

    /// Whether what is offered are addresses of this machine.
    pub(super) const fn is_own(&self) -> bool {
        self.is_own
    }

    /// The socket at work.
    pub(super) fn into_traffic(self) -> Traffic {
        let Self { udp, offered, is_own, .. } = self;
        let way = Way { udp, offered, is_own, strays: HashMap::new(), together: Vec::new() };
        Traffic { way, batch: Batch::default(), count: 0 }
    }
}

/// What comes and goes by the socket.
#[derive(Debug)]
pub(super) struct Traffic {
    way: Way,
    batch: Batch,
    /// Of the batch that was read last.
    count: usize,
}

/// The way out, while what came in is still read.
#[derive(Debug)]
pub(super) struct Way {
    udp: Udp,
    offered: Vec<SocketAddr>,
    is_own: bool,
    /// Who sends to an address of this machine that is not offered, and to which: the answer has to come from there.
    strays: HashMap<SocketAddr, IpAddr>,
    together: Vec<u8>,
}

/// A datagram: how it came, to which of the offered addresses, from where, what it is.
pub(crate) type Datagram<'a> = (Via, SocketAddr, SocketAddr, &'a [u8]);

impl Traffic {
    /// For whoever waits until something comes.
    pub(super) const fn source(&mut self) -> &mut mio::net::UdpSocket {
        &mut self.way.udp.socket
    }

    /// Reads a batch; true if there may be more.
    pub(super) fn read(&mut self) -> bool {
        let (count, has_more) = self.way.udp.read(&mut self.batch);
        self.count = count;
        has_more
    }

    /// What the last batch brought, and the way out for what it causes. Afterwards it is gone.
    pub(super) fn datagrams(&mut self) -> (&mut Way, Vec<Datagram<'_>>) {
        let Self { way, batch, count } = self;
        let read = batch.datagrams(std::mem::take(count));
        let datagrams = read.filter_map(|(to, from, bytes)| {
            let local = way.local_for(to, from)?;
            Some((Via::Udp, local, from, bytes))
        });
        let datagrams = datagrams.collect();
        (way, datagrams)
    }
}

impl Way {
    /// Sends all, those that follow each other to one address together; returns how many were dropped because the system
    /// took no more for a while, or did not want them.
    pub(super) fn write(&mut self, datagrams: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> u64 {
        let mut patience = UDP_SEND_PATIENCE;
        let mut dropped = 0;
        let mut rest = datagrams;
        while let Some((local, remote, first)) = rest.first() {
            let (group, others) = rest.split_at(self.going_together(rest));
            rest = others;
            let Self { udp, is_own, strays, together, .. } = self;
            let contents: &[u8] = if group.len() == 1 {
                first
            } else {
                together.clear();
                for (_, _, datagram) in group {
                    together.extend_from_slice(datagram);
                }
                together
            };
            let from = is_own.then(|| strays.get(remote).copied().unwrap_or(local.ip()));
            if let Err(error) = udp.send(from, *remote, contents, first.len(), &mut patience) {
                tracing::debug!(%error, count = group.len(), "media could not be sent");
                dropped += u64::try_from(group.len()).unwrap_or(1);
            }
        }
        dropped
    }

    /// How many of the first datagrams one system call can send: to one address, of one size, only the last one shorter.
    fn going_together(&self, datagrams: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> usize {
        let most = self.udp.together_max();
        let Some((local, remote, first)) = datagrams.first() else { return 0 };
        let (size, mut bytes, mut count) = (first.len(), first.len(), 1_usize);
        for (next_local, next_remote, next) in datagrams.iter().skip(1) {
            let fits = count < most && bytes.saturating_add(next.len()) <= TOGETHER_BYTES_MAX;
            if !fits || next_remote != remote || next_local != local || next.len() > size {
                break;
            }
            count = count.saturating_add(1);
            bytes = bytes.saturating_add(next.len());
            if next.len() < size {
                break;
            }
        }
        count
    }

    /// Which of the offered addresses a datagram came to.
    fn local_for(&mut self, to: Option<IpAddr>, from: SocketAddr) -> Option<SocketAddr> {
        let exact = self.offered.iter().find(|offered| Some(offered.ip()) == to);
        match to.filter(|_| self.is_own && exact.is_none()) {
            Some(to) if self.strays.len() < STRAYS_MAX || self.strays.contains_key(&from) => {
                self.strays.insert(from, to);
            }
            Some(_) => {
                self.strays.clear();
            }
            None if self.strays.is_empty() => {}
            None => {
                self.strays.remove(&from);
            }
        }
        exact.or_else(|| self.offered.iter().find(|offered| offered.is_ipv4() == from.is_ipv4())).copied()
    }
}
