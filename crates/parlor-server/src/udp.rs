//! UDP sockets of media and TURN: many datagrams for one system call, in both directions (`recvmmsg` with generic receive offload, generic
//! segmentation offload), as far as the system can.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};

/// Bytes of datagrams put together for one send. An IPv4 packet's length has 16 bits, its headers included.
pub(crate) const TOGETHER_BYTES_MAX: usize = 65_000;
/// Bytes that one entry of a batch can take: as many as the system puts together.
const ENTRY_BYTES: usize = 64 * 1024;
/// How long a full socket is left alone before it is tried again.
const SEND_PAUSE: Duration = Duration::from_micros(100);

/// What becomes of a datagram that is larger than a link of its way takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oversize {
    /// It is dropped.
    Dropped,
    /// It goes in fragments.
    Fragmented,
}

/// One socket.
#[derive(Debug)]
pub(crate) struct Udp {
    pub(crate) socket: mio::net::UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
    is_ipv6: bool,
    /// Whether it is bound to all addresses, so that what is sent has to say from which.
    is_anywhere: bool,
}

/// What a batch is read into.
#[derive(Debug)]
pub(crate) struct Batch {
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
    pub(crate) fn datagrams(
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
    /// Opens one. Linux gives smaller buffers than it is asked for without an error: see [`Self::has_buffers`].
    pub(crate) fn bind(address: SocketAddr, buffer_bytes: usize, oversize: Oversize) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            // One for all addresses takes IPv4, too, as does of course one for an IPv4 address in IPv6's clothes.
            let takes_ipv4 = address.ip().is_unspecified() || address.ip().to_canonical().is_ipv4();
            socket.set_only_v6(!takes_ipv4)?;
        }
        socket.set_recv_buffer_size(buffer_bytes)?;
        socket.set_send_buffer_size(buffer_bytes)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket: std::net::UdpSocket = socket.into();
        let state = match oversize {
            Oversize::Dropped => UdpSocketState::new(UdpSockRef::from(&socket))?,
            Oversize::Fragmented => prepare_fragmenting(&socket, address)?,
        };
        let bound = socket.local_addr()?;
        Ok(Self {
            socket: mio::net::UdpSocket::from_std(socket),
            state,
            address: canonical(bound),
            is_ipv6: bound.is_ipv6(),
            is_anywhere: bound.ip().is_unspecified(),
        })
    }

    /// Its address, as a person writes it.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as the system knows it.
    pub(crate) fn bound(&self) -> SocketAddr {
        SocketAddr::new(self.taken(self.address.ip()), self.address.port())
    }

    /// Whether the system gave buffers of so many bytes; it counts its own overhead twice.
    pub(crate) fn has_buffers(&self, bytes: usize) -> bool {
        let socket = socket2::SockRef::from(&self.socket);
        let given = [socket.recv_buffer_size(), socket.send_buffer_size()];
        given.into_iter().all(|given| given.is_ok_and(|given| given >= bytes))
    }

    /// Reads a batch: how many entries, and whether there may be more. The system says when something comes after that.
    pub(crate) fn read(&self, batch: &mut Batch) -> (usize, bool) {
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
                tracing::debug!(%error, address = %self.address, "reading datagrams");
                (0, true)
            }
        }
    }

    /// How many datagrams one call can send to one address.
    pub(crate) fn together_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Sends datagrams that stand one behind the other, each of `size` bytes but the last, which may be shorter. `from` is an address of
    /// this machine; without it the system chooses one.
    ///
    /// While the socket is full it waits, as long as there is patience.
    pub(crate) fn send(
        &self,
        from: Option<IpAddr>,
        to: SocketAddr,
        contents: &[u8],
        size: usize,
        patience: &mut Duration,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination: SocketAddr::new(self.taken(to.ip()), to.port()),
            ecn: None,
            contents,
            segment_size: (contents.len() > size).then_some(size),
            src_ip: from.filter(|_| self.is_anywhere).map(|from| self.taken(from)),
        };
        loop {
            match self.socket.try_io(|| self.state.try_send(UdpSockRef::from(&self.socket), &transmit)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && !patience.is_zero() => {
                    let asleep = Instant::now();
                    std::thread::sleep(SEND_PAUSE);
                    *patience = patience.saturating_sub(asleep.elapsed());
                }
                outcome => return outcome,
            }
        }
    }

    /// An address as the socket's family takes it.
    fn taken(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) if self.is_ipv6 => IpAddr::V6(ip.to_ipv6_mapped()),
            ip => ip,
        }
    }
}

/// Sets on a socket what batches need, and finds out what the system can. quinn-udp does both, and forbids the socket to send fragments,
/// as QUIC wants it. Of TURN what is larger than the way's MTU goes in fragments (RFC 8656, section 15: DF is not set; who must not have
/// fragments asks for DONT-FRAGMENT, which is refused). So quinn-udp is shown another socket. Nor is the system to believe what anybody may
/// tell it of a path's MTU: it would then refuse whole batches. IPv6 fragments at the sender only, which has to know, so it stays as it is.
#[cfg(target_os = "linux")]
fn prepare_fragmenting(socket: &std::net::UdpSocket, address: SocketAddr) -> io::Result<UdpSocketState> {
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
fn prepare_fragmenting(socket: &std::net::UdpSocket, _address: SocketAddr) -> io::Result<UdpSocketState> {
    UdpSocketState::new(UdpSockRef::from(socket))
}

/// An address as a person writes it, whichever family the socket has.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The addresses of this machine that reach a socket. With every address bound those of the interfaces; loopback, from which nothing
/// can be sent to others, only if there is nothing else.
pub(crate) fn own_ips(bound: SocketAddr) -> Vec<IpAddr> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What one socket sends to another, and what that reads: from whom, of what size.
    fn exchange(from: &Udp, to: &Udp, contents: &[u8], size: usize) -> Vec<(SocketAddr, usize)> {
        let mut patience = Duration::from_secs(1);
        from.send(None, to.address(), contents, size, &mut patience).unwrap();
        let (mut batch, mut read) = (Batch::default(), Vec::new());
        // On loopback what was sent has come.
        loop {
            let (count, has_more) = to.read(&mut batch);
            read.extend(batch.datagrams(count).map(|(_, from, bytes)| (from, bytes.len())));
            if !has_more {
                return read;
            }
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6s_clothes_is_one_as_any_other() {
        let bind = |address: &str| Udp::bind(address.parse().unwrap(), 4_096, Oversize::Dropped).unwrap();
        let (mapped, plain) = (bind("[::ffff:127.0.0.1]:0"), bind("127.0.0.1:0"));
        assert!(mapped.address().is_ipv4() && mapped.bound().is_ipv6(), "{mapped:?}");
        assert_eq!(exchange(&mapped, &plain, b"hello", 5), [(mapped.address(), 5)]);
        assert_eq!(exchange(&plain, &mapped, b"hi", 2), [(plain.address(), 2)]);
    }

    #[test]
    fn what_goes_in_one_call_comes_as_the_datagrams_that_it_is_made_of() {
        for oversize in [Oversize::Dropped, Oversize::Fragmented] {
            let bind = || Udp::bind("127.0.0.1:0".parse().unwrap(), 1 << 20, oversize).unwrap();
            let (from, to) = (bind(), bind());
            let sizes: Vec<usize> =
                exchange(&from, &to, &[7; 2_500], 1_000).into_iter().map(|(_, size)| size).collect();
            assert_eq!(sizes, [1_000, 1_000, 500]);
        }
    }
}
