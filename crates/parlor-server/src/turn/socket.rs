//! UDP sockets of TURN: many datagrams for one system call, in both directions, as far as the system can.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};

use crate::limits::{TURN_RELAY_BUFFER_BYTES, UDP_BUFFER_BYTES};

/// Bytes that one entry of a batch can take: as many as the system puts together.
pub(super) const ENTRY_BYTES: usize = 64 * 1024;

/// One socket.
#[derive(Debug)]
pub(crate) struct Udp {
    pub(super) socket: mio::net::UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
    is_ipv6: bool,
    /// Whether it is bound to all addresses, so that what is sent has to say from which.
    is_anywhere: bool,
}

/// What a batch is read into.
#[derive(Debug)]
pub(super) struct Batch {
    buffer: Vec<u8>,
    metas: Vec<RecvMeta>,
}

impl Default for Batch {
    fn default() -> Self {
        Self { buffer: vec![0; ENTRY_BYTES * BATCH_SIZE], metas: vec![RecvMeta::default(); BATCH_SIZE] }
    }
}

impl Batch {
    /// What was read: to which address, from where, what.
    pub(super) fn datagrams(
        &self,
        count: usize,
    ) -> impl Iterator<Item = (Option<IpAddr>, SocketAddr, &[u8])> {
        self.buffer.chunks_exact(ENTRY_BYTES).zip(&self.metas).take(count).flat_map(|(entry, meta)| {
            let bytes = entry.get(..meta.len).unwrap_or_default();
            let (to, from) = (meta.dst_ip.map(|ip| ip.to_canonical()), canonical(meta.addr));
            bytes.chunks(meta.stride.max(1)).map(move |datagram| (to, from, datagram))
        })
    }
}

impl Udp {
    /// The one that clients come to.
    pub(crate) fn listen(address: SocketAddr) -> io::Result<Self> {
        Self::bind(address, UDP_BUFFER_BYTES)
    }

    /// The one of an allocation.
    pub(crate) fn relay(address: SocketAddr) -> io::Result<Self> {
        Self::bind(address, TURN_RELAY_BUFFER_BYTES)
    }

    fn bind(address: SocketAddr, buffer_bytes: usize) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        // Linux gives less without an error.
        socket.set_recv_buffer_size(buffer_bytes)?;
        socket.set_send_buffer_size(buffer_bytes)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket: std::net::UdpSocket = socket.into();
        let state = prepare(&socket, address)?;
        let bound = socket.local_addr()?;
        Ok(Self {
            socket: mio::net::UdpSocket::from_std(socket),
            state,
            address: canonical(bound),
            is_ipv6: bound.is_ipv6(),
            is_anywhere: bound.ip().is_unspecified(),
        })
    }

    /// Its address.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads a batch: how many entries, and whether there may be more. The system says when something comes after that.
    pub(super) fn read(&self, batch: &mut Batch) -> (usize, bool) {
        let Batch { buffer, metas } = batch;
        let mut entries = buffer.chunks_exact_mut(ENTRY_BYTES).map(IoSliceMut::new);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| entries.next().unwrap_or_else(|| IoSliceMut::new(&mut [])));
        let read = self.socket.try_io(|| self.state.recv(UdpSockRef::from(&self.socket), &mut slices, metas));
        match read {
            Ok(count) => (count, count == BATCH_SIZE),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (0, false),
            Err(error) => {
                // Such as the news that an earlier datagram reached nobody.
                tracing::debug!(%error, "reading TURN");
                (0, true)
            }
        }
    }

    /// How many datagrams one call can send to one address.
    pub(super) fn together_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Sends datagrams that stand one behind the other, each of `size` bytes but the last, which may be shorter.
    pub(super) fn send(&self, from: IpAddr, to: SocketAddr, contents: &[u8], size: usize) -> io::Result<()> {
        let taken = |ip: IpAddr| match ip {
            IpAddr::V4(ip) if self.is_ipv6 => IpAddr::V6(ip.to_ipv6_mapped()),
            ip => ip,
        };
        let transmit = Transmit {
            destination: SocketAddr::new(taken(to.ip()), to.port()),
            ecn: None,
            contents,
            segment_size: (contents.len() > size).then_some(size),
            src_ip: self.is_anywhere.then(|| taken(from)),
        };
        self.socket.try_io(|| self.state.try_send(UdpSockRef::from(&self.socket), &transmit))
    }
}

/// Sets on a socket what batches need, and finds out what the system can. quinn-udp does both, and forbids the socket to send fragments,
/// as QUIC wants it. Here what is larger than the way's MTU goes in fragments (RFC 8656, section 15: DF is not set; who must not have
/// fragments asks for DONT-FRAGMENT, which is refused). So quinn-udp is shown another socket. Nor is the system to believe what anybody may
/// tell it of a path's MTU: it would then refuse whole batches. IPv6 fragments at the sender only, which has to know, so it stays as it is.
#[cfg(target_os = "linux")]
fn prepare(socket: &std::net::UdpSocket, address: SocketAddr) -> io::Result<UdpSocketState> {
    use nix::sys::socket::{setsockopt, sockopt};
    use rustix::net::sockopt::Ipv4PathMtuDiscovery;

    let shown = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    let state = UdpSocketState::new(UdpSockRef::from(&shown))?;
    if address.is_ipv6() {
        setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
    }
    // An IPv6 socket that takes IPv4 as well sends both.
    if let Err(error) = rustix::net::sockopt::set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::OMIT) {
        tracing::debug!(%error, "large datagrams to IPv4 may get lost");
    }
    // An old system has none of it.
    if let Err(error) = setsockopt(socket, sockopt::UdpGroSegment, &true) {
        tracing::debug!(%error, "datagrams come one by one");
    }
    Ok(state)
}

#[cfg(not(target_os = "linux"))]
fn prepare(socket: &std::net::UdpSocket, _address: SocketAddr) -> io::Result<UdpSocketState> {
    UdpSocketState::new(UdpSockRef::from(socket))
}

pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The addresses of this machine that reach a socket. With every address bound those of the interfaces; loopback only if there is
/// nothing else.
pub(super) fn own_ips(bound: SocketAddr) -> Vec<IpAddr> {
    let ip = bound.ip().to_canonical();
    if !ip.is_unspecified() {
        return vec![ip];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let is_usable = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => bound.is_ipv6() && !ip.is_unicast_link_local(),
    };
    let mut ips: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).filter(is_usable).collect();
    if ips.iter().any(|ip| !ip.is_loopback()) {
        ips.retain(|ip| !ip.is_loopback());
    }
    ips.sort_unstable();
    ips.dedup();
    ips
}
