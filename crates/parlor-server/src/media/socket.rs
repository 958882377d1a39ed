//! The UDP socket of a media thread: many datagrams for one system call, in both directions (`recvmmsg` with generic
//! receive offload, generic segmentation offload), as far as the system can.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};

use parlor_sfu::Via;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};
use tokio::io::Interest;

use super::{MediaError, as_taken_by, canonical};
use crate::config::Media as MediaConfig;
use crate::limits::{STRAYS_MAX, UDP_BUFFER_BYTES, UDP_SEND_PATIENCE};

/// Bytes that one entry of a batch can take: as many as the system puts together.
const ENTRY_BYTES: usize = 64 * 1024;
/// Bytes of datagrams put together for one send. An IPv4 packet's length has 16 bits, its headers included.
const TOGETHER_BYTES_MAX: usize = 65_000;

/// A socket that is open, and the addresses that participants are offered.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    address: SocketAddr,
    is_ipv6: bool,
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
        let bound = bind(wanted).or_else(|reason| {
            if config.listen.is_some() || is_public {
                return Err(reason);
            }
            tracing::warn!(address = %wanted, %reason, "this UDP port is not free, media takes another");
            bind(SocketAddr::new(wanted.ip(), 0))
        });
        let opened = bound.and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (bound, socket) = opened.map_err(|reason| MediaError::Socket { address: wanted, reason })?;
        let address = canonical(bound);
        let is_own = config.public_ips.is_empty();
        // Nobody reaches an IPv4 socket by IPv6.
        let is_reached = |ip: &IpAddr| ip.is_ipv4() || bound.is_ipv6();
        let own_ips: Vec<IpAddr> = own_ips(address.ip()).into_iter().filter(is_reached).collect();
        let public_ips = config.public_ips.iter().copied().filter(is_reached);
        let ips = if is_own { own_ips.clone() } else { public_ips.collect() };
        if ips.is_empty() {
            return Err(MediaError::NothingToOffer(address));
        }
        if address.ip().is_loopback() && (is_public || !is_own) {
            tracing::warn!(%address, "media is reached from this machine only: see --media-listen");
        }
        let offered = ips.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect();
        Ok(Self { socket, address, is_ipv6: bound.is_ipv6(), own_ips, offered, is_own })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// As the system knows it.
    pub(super) fn bound(&self) -> SocketAddr {
        let ip = if self.is_ipv6 { as_taken_by(true, self.address.ip()) } else { self.address.ip() };
        SocketAddr::new(ip, self.address.port())
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

    /// Within the runtime of its thread.
    pub(super) fn into_async(self) -> io::Result<AsyncSocket> {
        let Self { socket, offered, is_own, is_ipv6, .. } = self;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        Ok(AsyncSocket {
            way: Way {
                socket,
                state,
                offered,
                is_own,
                is_ipv6,
                strays: HashMap::new(),
                together: Vec::with_capacity(TOGETHER_BYTES_MAX),
            },
            buffer: vec![0; ENTRY_BYTES * BATCH_SIZE],
            metas: vec![RecvMeta::default(); BATCH_SIZE],
            count: 0,
        })
    }
}

/// The socket at work.
#[derive(Debug)]
pub(crate) struct AsyncSocket {
    way: Way,
    /// One entry after the other, each with the datagrams of one sender.
    buffer: Vec<u8>,
    metas: Vec<RecvMeta>,
    count: usize,
}

/// The way out, while what came in is still read.
#[derive(Debug)]
pub(crate) struct Way {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
    offered: Vec<SocketAddr>,
    is_own: bool,
    is_ipv6: bool,
    /// Who sends to an address of this machine that is not offered, and to which: the answer has to come from there.
    strays: HashMap<SocketAddr, IpAddr>,
    together: Vec<u8>,
}

/// A datagram: how it came, to which of the offered addresses, from where, what it is.
pub(crate) type Datagram<'a> = (Via, SocketAddr, SocketAddr, &'a [u8]);

impl AsyncSocket {
    /// Returns when there may be something to read.
    pub(super) async fn readable(&self) {
        if let Err(error) = self.way.socket.readable().await {
            tracing::warn!(%error, "the socket for media can't be waited for");
        }
    }

    /// Reads a batch; true if there may be more.
    pub(super) fn read(&mut self) -> bool {
        let Self { way: Way { socket, state, .. }, buffer, metas, count } = self;
        let read = socket.try_io(Interest::READABLE, || {
            let mut entries: Vec<IoSliceMut<'_>> =
                buffer.chunks_exact_mut(ENTRY_BYTES).map(IoSliceMut::new).collect();
            state.recv(UdpSockRef::from(&*socket), &mut entries, metas)
        });
        *count = match read {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => {
                // Such as the news that an earlier datagram reached nobody.
                tracing::debug!(%error, "reading media");
                0
            }
        };
        *count == metas.len()
    }

    /// What the last batch brought, and the way out for what it causes.
    pub(super) fn datagrams(&mut self) -> (&mut Way, Vec<Datagram<'_>>) {
        let Self { way, buffer, metas, count } = self;
        let mut datagrams = Vec::new();
        for (entry, meta) in buffer.chunks_exact(ENTRY_BYTES).zip(metas.iter()).take(*count) {
            let remote = canonical(meta.addr);
            let Some(local) = way.local_for(meta.dst_ip, remote) else { continue };
            let bytes = entry.get(..meta.len).unwrap_or_default();
            datagrams
                .extend(bytes.chunks(meta.stride.max(1)).map(|datagram| (Via::Udp, local, remote, datagram)));
        }
        (way, datagrams)
    }
}

impl Way {
    /// Sends all, those that follow each other to one address together; returns how many were dropped because the system
    /// took no more for a while, or did not want them.
    pub(super) async fn write(&mut self, datagrams: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> u64 {
        let deadline = tokio::time::Instant::now() + UDP_SEND_PATIENCE;
        let mut dropped = 0;
        let mut rest = datagrams;
        while !rest.is_empty() {
            let (group, others) = rest.split_at(self.going_together(rest));
            rest = others;
            let sent = loop {
                match self.send(group) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if !matches!(
                            tokio::time::timeout_at(deadline, self.socket.writable()).await,
                            Ok(Ok(()))
                        ) {
                            break Err(error);
                        }
                    }
                    outcome => break outcome,
                }
            };
            if let Err(error) = sent {
                tracing::debug!(%error, count = group.len(), "media could not be sent");
                dropped += u64::try_from(group.len()).unwrap_or(1);
            }
        }
        dropped
    }

    /// How many of the first datagrams one system call can send: to one address, of one size, only the last one shorter.
    fn going_together(&self, datagrams: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> usize {
        let most = self.state.max_gso_segments();
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

    fn send(&mut self, group: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> io::Result<()> {
        let Some((local, remote, first)) = group.first() else { return Ok(()) };
        let Self { socket, state, is_own, is_ipv6, strays, together, .. } = self;
        let from = strays.get(remote).copied().unwrap_or(local.ip());
        let contents: &[u8] = if group.len() == 1 {
            first
        } else {
            together.clear();
            for (_, _, datagram) in group {
                together.extend_from_slice(datagram);
            }
            together
        };
        let transmit = Transmit {
            destination: SocketAddr::new(as_taken_by(*is_ipv6, remote.ip()), remote.port()),
            ecn: None,
            contents,
            segment_size: (group.len() > 1).then_some(first.len()),
            src_ip: is_own.then(|| as_taken_by(*is_ipv6, from)),
        };
        socket.try_io(Interest::WRITABLE, || state.try_send(UdpSockRef::from(&*socket), &transmit))
    }

    /// Which of the offered addresses a datagram came to.
    fn local_for(&mut self, to: Option<IpAddr>, from: SocketAddr) -> Option<SocketAddr> {
        let to = to.map(|ip| ip.to_canonical());
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

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_recv_buffer_size(UDP_BUFFER_BYTES)?;
    socket.set_send_buffer_size(UDP_BUFFER_BYTES)?;
    // Linux gives less without an error, and counts its own overhead twice.
    if socket.recv_buffer_size()? < UDP_BUFFER_BYTES || socket.send_buffer_size()? < UDP_BUFFER_BYTES {
        tracing::info!(
            wanted = UDP_BUFFER_BYTES,
            "the system gives smaller socket buffers, so rushes of media may lose packets: see the sysctls \
             net.core.rmem_max and net.core.wmem_max"
        );
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The addresses of this machine that reach a socket. With every address bound those of the interfaces; loopback, from which nothing
/// can be sent to others, only if there is nothing else.
fn own_ips(bound: IpAddr) -> Vec<IpAddr> {
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let is_usable = |ip: &IpAddr| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let mut ips: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).filter(is_usable).collect();
    if ips.iter().any(|ip| !ip.is_loopback()) {
        ips.retain(|ip| !ip.is_loopback());
    }
    ips.sort_unstable();
    ips.dedup();
    ips
}
