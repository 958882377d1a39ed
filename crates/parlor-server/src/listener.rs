//! Listening, accepting, TLS handshakes and HTTP connections, each of them with a bound.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncBufReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::guard::Connection;
use crate::limits::{
    ACCEPT_PAUSE, BACKLOG, HTTP_CONNECTIONS_MAX, LAST_REQUESTS, REQUEST_HEAD, REQUEST_HEAD_BYTES,
    TLS_HANDSHAKE,
};
use crate::media::{self, Media};
use crate::stream::Stream;
use crate::turn::Turn;

/// Sockets that listen already, before anything runs: so a port that is taken is known at once, and a test that
/// asked for port 0 knows which it got.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<std::net::TcpListener>,
    addresses: Vec<SocketAddr>,
}

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {reason}")]
pub struct ListenError {
    /// Which one.
    pub address: SocketAddr,
    /// Why not.
    #[source]
    pub reason: io::Error,
}

impl Listeners {
    /// Listens on each address.
    ///
    /// # Errors
    /// [`ListenError`] with the first address that is taken or not this machine's.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Self, ListenError> {
        let mut listeners = Self { sockets: Vec::new(), addresses: Vec::new() };
        for &address in addresses {
            let bound = bind(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
            let (local, socket) = bound.map_err(|reason| ListenError { address, reason })?;
            listeners.addresses.push(local);
            listeners.sockets.push(socket);
        }
        Ok(listeners)
    }

    /// The addresses, with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(crate) fn into_tokio(self) -> io::Result<Vec<TcpListener>> {
        self.sockets.into_iter().map(TcpListener::from_std).collect()
    }
}

pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that was just restarted gets its port back although old connections are still in TIME_WAIT.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The next connection; `what` names it where one can't be accepted.
pub(crate) async fn accepted(listener: &TcpListener, what: &str) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => return tcp,
            Err(error) => {
                // Too many open files, for one: wait until some are closed instead of turning in circles.
                tracing::warn!(%error, "{what} could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// What serving a connection needs.
#[derive(Clone)]
pub(crate) struct Door {
    router: Router,
    tls: Option<TlsAcceptor>,
    /// Takes the connections that are for media.
    media: Arc<Media>,
    /// Takes those that are for TURN, within TLS.
    turn: Arc<Turn>,
    /// One permit for each connection that is no WebSocket.
    places: Arc<Semaphore>,
    /// True when the server stops.
    stop: watch::Receiver<bool>,
}

impl Door {
    pub(crate) fn new(
        router: Router,
        tls: Option<TlsAcceptor>,
        media: Arc<Media>,
        turn: Arc<Turn>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { router, tls, media, turn, places: Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX)), stop }
    }

    /// Accepts connections until the server stops.
    pub(crate) async fn accept(self, listener: TcpListener) {
        let mut stop = self.stop.clone();
        loop {
            let next = tokio::select! {
                () = stopped(&mut stop) => return,
                next = self.next(&listener) => next,
            };
            let Some((tcp, place)) = next else { return };
            tokio::spawn(self.clone().serve(tcp, place));
        }
    }

    /// None if there are no places any more, which does not happen.
    async fn next(&self, listener: &TcpListener) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some((accepted(listener, "a connection").await, place))
    }

    async fn serve(self, tcp: TcpStream, place: OwnedSemaphorePermit) {
        let Ok(local) = tcp.local_addr() else { return };
        // Media over TCP comes to the same port, if UDP for media has its number.
        if self.media.shares(local.port()) {
            let patience = if self.tls.is_some() { TLS_HANDSHAKE } else { REQUEST_HEAD };
            let mut first = [0];
            match tokio::time::timeout(patience, tcp.peek(&mut first)).await {
                Ok(Ok(1)) if media::is_frame_start(first[0]) => {
                    return self.media.welcome(tcp, local.port());
                }
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
        // Signalling frames are small and wanted at once.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY can't be set");
        }
        let connection = Connection { local, is_tls: self.tls.is_some() };
        let stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some(tls) => match tokio::time::timeout(TLS_HANDSHAKE, tls.accept(tcp)).await {
                Ok(Ok(mut stream)) => {
                    if self.turn.is_on() {
                        // TURN begins with a STUN message, whose first two bits are 0; HTTP with a letter.
                        let is_turn = match tokio::time::timeout(REQUEST_HEAD, stream.fill_buf()).await {
                            Ok(Ok(bytes)) => bytes.first().is_some_and(|first| *first < 4),
                            Ok(Err(_)) | Err(_) => return,
                        };
                        if is_turn {
                            drop(place);
                            return self.turn.serve_tls(Stream::Tls(Box::new(stream))).await;
                        }
                    }
                    Stream::Tls(Box::new(stream))
                }
                Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => return tracing::debug!("a TLS handshake took too long"),
            },
        };
        let Self { router, mut stop, .. } = self;
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(connection);
            router.clone().oneshot(request)
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REQUEST_HEAD)
            .max_buf_size(REQUEST_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(serving);
        let served = tokio::select! {
            served = serving.as_mut() => served,
            () = stopped(&mut stop) => {
                serving.as_mut().graceful_shutdown();
                match tokio::time::timeout(LAST_REQUESTS, serving).await {
                    Ok(served) => served,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "an HTTP connection broke off");
        }
        drop(place);
    }
}

/// Returns when the server stops, or is no longer there to say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it the server.
    drop(stop.wait_for(|stop| *stop).await);
}
