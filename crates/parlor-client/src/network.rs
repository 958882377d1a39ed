//! The UDP sockets of one connection: one for each address of this machine, so that what arrives tells where it came to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::limits;

struct Own {
    socket: UdpSocket,
    address: SocketAddr,
    is_broken: bool,
}

/// See above.
pub(crate) struct Network {
    sockets: Vec<Own>,
    /// Whose turn it is, so that none starves.
    next: usize,
}

impl Network {
    /// Binds to this machine's addresses; to loopback only if the server is there, since nobody else can be.
    ///
    /// # Errors
    /// When no socket can be bound at all.
    pub(crate) async fn bind(is_server_here: bool) -> io::Result<Self> {
        let mut sockets = Vec::new();
        let mut failure = None;
        for ip in addresses(is_server_here) {
            match UdpSocket::bind((ip, 0)).await.and_then(|socket| Ok((socket.local_addr()?, socket))) {
                Ok((address, socket)) => sockets.push(Own { socket, address, is_broken: false }),
                Err(error) => failure = Some(error),
            }
            if sockets.len() >= limits::ADDRESSES_MAX {
                break;
            }
        }
        if sockets.is_empty() {
            let none = || io::Error::new(io::ErrorKind::AddrNotAvailable, "this machine has no address");
            return Err(failure.unwrap_or_else(none));
        }
        Ok(Self { sockets, next: 0 })
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|own| own.address).collect()
    }

    /// Sends a datagram from an address of its own, or drops it: UDP promises no more.
    pub(crate) fn send(&self, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        if let Some(own) = self.sockets.iter().find(|own| own.address == local)
            && let Err(error) = own.socket.try_send_to(bytes, remote)
        {
            tracing::trace!(%error, %local, %remote, "a datagram could not be sent");
        }
    }

    /// The next datagram: how long, where it came to, where from. Nothing is lost when this is dropped.
    pub(crate) async fn receive(&mut self, buffer: &mut [u8]) -> (usize, SocketAddr, SocketAddr) {
        std::future::poll_fn(|context| self.poll_receive(context, buffer)).await
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<(usize, SocketAddr, SocketAddr)> {
        let count = self.sockets.len();
        for turn in 0..count {
            let index = (self.next + turn) % count.max(1);
            let Some(own) = self.sockets.get_mut(index).filter(|own| !own.is_broken) else { continue };
            let mut into = ReadBuf::new(buffer);
            match own.socket.poll_recv_from(context, &mut into) {
                Poll::Ready(Ok(remote)) => {
                    self.next = index + 1;
                    return Poll::Ready((into.filled().len(), own.address, remote));
                }
                Poll::Ready(Err(error)) => {
                    // Such as an interface that went away. Asking again at once would be asking for ever.
                    tracing::debug!(%error, address = %own.address, "a socket can't be read any more");
                    own.is_broken = true;
                }
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }
}

fn addresses(is_server_here: bool) -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    // Link-local IPv6 addresses need a zone, for which a candidate has no place.
    let is_usable = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_link_local() && (is_server_here || !ip.is_loopback()),
        IpAddr::V6(ip) => !ip.is_unicast_link_local() && (is_server_here || !ip.is_loopback()),
    };
    let mut ips: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).filter(is_usable).collect();
    // IPv4 first: with more addresses than sockets it is what most can reach.
    ips.sort_unstable_by_key(|ip| (ip.is_ipv6(), ip.is_loopback(), *ip));
    ips.dedup();
    ips
}
