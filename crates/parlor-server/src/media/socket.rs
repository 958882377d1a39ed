//! The UDP socket of a media thread: many datagrams for one system call, in both directions (`recvmmsg` with generic
//! receive offload, generic segmentation offload), as far as the system can.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};

use super::{MediaError, as_taken_by, canonical};
use crate::config::Media as MediaConfig;
use crate::limits::{UDP_RECEIVE_BUFFER_BYTES, UDP_SEND_BUFFER_BYTES};

/// Bytes that one entry of a batch can take: as many as the system puts together.
const ENTRY_BYTES: usize = 64 * 1024;
/// Bytes of datagrams put together for one send. An IPv4 packet's length has 16 bits, its headers included.
const TOGETHER_BYTES_MAX: usize = 65_000;

/// A socket that is open, and the addresses that participants are offered.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    address: SocketAddr,
    offered: Vec<SocketAddr>,
    /// Whether `offered` are addresses of this machine, which can stand as the source of what is sent.
    is_own: bool,
}

impl Socket {
    /// Opens it where the settings say, or where HTTP listens, so many ports above. If that port is taken and nobody chose
    /// it, any other.
    pub(super) fn open(config: &MediaConfig, http: SocketAddr, offset: u16) -> Result<Self, MediaError> {
        let mut wanted = config.listen.unwrap_or(http);
        if wanted.port() != 0 {
            wanted.set_port(wanted.port().saturating_add(offset));
        }
        let bound = bind(wanted).or_else(|reason| {
            if config.listen.is_some() {
                return Err(reason);
            }
            tracing::warn!(address = %wanted, %reason, "this UDP port is not free, media takes another");
            bind(SocketAddr::new(wanted.ip(), 0))
        });
        let opened = bound.and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = opened.map_err(|reason| MediaError::Socket { address: wanted, reason })?;
        let is_own = config.public_ips.is_empty();
        let ips = if is_own { own_ips(address.ip()) } else { config.public_ips.clone() };
        let offered = ips.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect();
        Ok(Self { socket, address: canonical(address), offered, is_own })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn offered(&self) -> &[SocketAddr] {
        &self.offered
    }

    /// Within the runtime of its thread.
    pub(super) fn into_async(self) -> io::Result<AsyncSocket> {
        let Self { socket, offered, is_own, .. } = self;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let is_ipv6 = socket.local_addr()?.is_ipv6();
        Ok(AsyncSocket {
            socket: tokio::net::UdpSocket::from_std(socket)?,
            state,
            offered,
            is_own,
            is_ipv6,
            buffer: vec![0; ENTRY_BYTES * BATCH_SIZE],
            metas: vec![RecvMeta::default(); BATCH_SIZE],
            count: 0,
            together: Vec::with_capacity(TOGETHER_BYTES_MAX),
        })
    }
}

/// The socket at work.
#[derive(Debug)]
pub(crate) struct AsyncSocket {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
    offered: Vec<SocketAddr>,
    is_own: bool,
    is_ipv6: bool,
    /// One entry after the other, each with the datagrams of one sender.
    buffer: Vec<u8>,
    metas: Vec<RecvMeta>,
    count: usize,
    together: Vec<u8>,
}

impl AsyncSocket {
    /// Returns when there may be something to read.
    pub(super) async fn readable(&self) {
        if let Err(error) = self.socket.readable().await {
            tracing::warn!(%error, "the socket for media can't be waited for");
        }
    }

    /// Reads a batch; true if there may be more.
    pub(super) fn read(&mut self) -> bool {
        let Self { socket, state, buffer, metas, count, .. } = self;
        let read = socket.try_io(tokio::io::Interest::READABLE, || {
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

    /// What the last batch brought: to which of the offered addresses, from where, what.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr, &[u8])> {
        let entries = self.buffer.chunks_exact(ENTRY_BYTES).zip(&self.metas).take(self.count);
        entries.flat_map(|(entry, meta)| {
            let remote = canonical(meta.addr);
            let local = self.local_for(meta.dst_ip, remote);
            let bytes = entry.get(..meta.len).unwrap_or_default();
            bytes.chunks(meta.stride.max(1)).filter_map(move |datagram| Some((local?, remote, datagram)))
        })
    }

    /// Sends all, those that follow each other to one address together; returns how many were dropped because the system
    /// took no more, or did not want them.
    pub(super) fn write(&mut self, datagrams: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> u64 {
        let mut dropped = 0;
        let mut rest = datagrams;
        let most = self.state.max_gso_segments();
        while let [(local, remote, first), ..] = rest {
            let size = first.len();
            let mut count = 1;
            let mut bytes = size;
            for (next_local, next_remote, next) in rest.iter().skip(1) {
                let fits = count < most && bytes.saturating_add(next.len()) <= TOGETHER_BYTES_MAX;
                if !fits || next_remote != remote || next_local != local || next.len() > size {
                    break;
                }
                count = count.saturating_add(1);
                bytes = bytes.saturating_add(next.len());
                // Only the last one may be shorter.
                if next.len() < size {
                    break;
                }
            }
            let (group, others) = rest.split_at(count);
            rest = others;
            let contents = if let [(_, _, only)] = group {
                only
            } else {
                self.together.clear();
                for (_, _, datagram) in group {
                    self.together.extend_from_slice(datagram);
                }
                &self.together
            };
            let transmit = Transmit {
                destination: SocketAddr::new(as_taken_by(self.is_ipv6, remote.ip()), remote.port()),
                ecn: None,
                contents,
                segment_size: (count > 1).then_some(size),
                src_ip: self.is_own.then(|| as_taken_by(self.is_ipv6, local.ip())),
            };
            let (socket, state) = (&self.socket, &self.state);
            let sent = socket.try_io(tokio::io::Interest::WRITABLE, || {
                state.try_send(UdpSockRef::from(socket), &transmit)
            });
            if let Err(error) = sent {
                tracing::debug!(%error, %remote, "media could not be sent");
                dropped += u64::try_from(count).unwrap_or(1);
            }
        }
        dropped
    }

    /// Which of the offered addresses a datagram came to.
    fn local_for(&self, to: Option<IpAddr>, from: SocketAddr) -> Option<SocketAddr> {
        let to = to.map(|ip| ip.to_canonical());
        let exact = self.offered.iter().find(|offered| Some(offered.ip()) == to);
        exact.or_else(|| self.offered.iter().find(|offered| offered.is_ipv4() == from.is_ipv4())).copied()
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // The system gives what it allows; less only loses packets in a rush.
    for sized in [
        socket.set_recv_buffer_size(UDP_RECEIVE_BUFFER_BYTES),
        socket.set_send_buffer_size(UDP_SEND_BUFFER_BYTES),
    ] {
        if let Err(error) = sized {
            tracing::debug!(%error, "a socket buffer keeps its size");
        }
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The addresses of this machine that reach a socket; with every address bound, those of the interfaces, loopback last.
fn own_ips(bound: IpAddr) -> Vec<IpAddr> {
    let bound = bound.to_canonical();
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut ips: Vec<IpAddr> = interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(|ip| ip.is_ipv4() || bound.is_ipv6())
        .filter(|ip| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local()))
        .collect();
    ips.sort_by_key(|ip| (ip.is_loopback(), *ip));
    ips.dedup();
    ips
}
