//! Where TCP connections for media come in: at the port that has the number of the UDP port. Where HTTP listens there already, its
//! listener tells them apart by their first byte and hands them over; at the other addresses listeners of their own do.

use std::net::{IpAddr, SocketAddr, TcpListener};

use super::socket::Socket;
use crate::listener;
use crate::udp::canonical;

/// Of one media thread.
#[derive(Debug, Default)]
pub(super) struct Entrance {
    /// Addresses that participants are offered.
    pub(super) offered: Vec<SocketAddr>,
    pub(super) listeners: Vec<TcpListener>,
    /// The port at which HTTP lets them in.
    pub(super) shared_port: Option<u16>,
}

impl Entrance {
    /// Finds it for a socket whose UDP port is open. `http` are the addresses that HTTP listens on.
    pub(super) fn open(socket: &Socket, http: &[SocketAddr]) -> Self {
        let port = socket.address().port();
        let shared: Vec<IpAddr> =
            http.iter().copied().map(canonical).filter(|at| at.port() == port).map(|at| at.ip()).collect();
        let mut entrance = Self::default();
        let mut reached: Vec<IpAddr> = Vec::new();
        if shared.is_empty() {
            if entrance.listen(socket.bound()) {
                reached.extend(socket.own_ips());
            }
        } else {
            entrance.shared_port = Some(port);
            for ip in socket.own_ips() {
                // No address of the machine can be bound again where HTTP listens on all.
                if shared.iter().any(|listens| reaches(*listens, *ip))
                    || entrance.listen(SocketAddr::new(*ip, port))
                {
                    reached.push(*ip);
                }
            }
        }
        // What others see in front of a translation of addresses leads to one of these.
        let is_reached =
            |to: &&SocketAddr| if socket.is_own() { reached.contains(&to.ip()) } else { !reached.is_empty() };
        entrance.offered = socket.offered().iter().filter(is_reached).copied().collect();
        entrance
    }

    fn listen(&mut self, address: SocketAddr) -> bool {
        match listener::bind(address) {
            Ok(listener) => {
                self.listeners.push(listener);
                true
            }
            Err(reason) => {
                tracing::warn!(%address, %reason, "media is not reached by TCP here, only by UDP");
                false
            }
        }
    }
}

/// Whether a listener on one address takes what comes to another.
fn reaches(listens: IpAddr, to: IpAddr) -> bool {
    listens == to || listens.is_unspecified() && (listens.is_ipv6() || to.is_ipv4())
}
