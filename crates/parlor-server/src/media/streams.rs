//! Media over TCP, for networks without UDP: connections that participants opened to an address they were offered (RFC 6544,
//! passive candidates), with each datagram in a frame behind its length (RFC 4571). The connections of one media thread, each carried by a
//! task of the server's runtime.
//!
//! Whoever is not answered by the hub is nobody it knows, and is closed after a few seconds. Who reads too slowly is closed: media that
//! waits is of no use.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Desk;
use crate::limits::{
    TCP_ANSWER_WAIT, TCP_CONNECTIONS_MAX, TCP_CONNECTIONS_PER_ADDRESS_MAX, TCP_FRAME_BYTES_MAX,
    TCP_FRAMES_IN_MAX, TCP_FRAMES_OUT_MAX, TCP_IDLE, TCP_SEND_BUFFER_BYTES, TCP_WRITE_STALLED,
};
use crate::metrics::Counters;
use crate::udp::canonical;

/// Bytes before a frame that say how long it is.
const LENGTH_BYTES: usize = 2;

/// Whether a connection that begins with this byte is one for media: the upper half of a length that no check of ICE exceeds. HTTP begins with
/// a letter, TLS with 22.
pub(crate) const fn is_frame_start(byte: u8) -> bool {
    (byte as usize) <= TCP_FRAME_BYTES_MAX >> 8
}

/// See the module.
#[derive(Debug)]
pub(super) struct Streams {
    /// By the other end's address.
    open: HashMap<SocketAddr, Stream>,
    tasks: JoinSet<()>,
    offered: Vec<SocketAddr>,
    arrivals: mpsc::Receiver<Arrival>,
    doormat: Doormat,
    runtime: Handle,
    /// What has arrived and was not taken yet.
    frames: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    serial: u64,
}

/// One connection, from the thread's side. Dropping it lets it end once what waits is written.
#[derive(Debug)]
struct Stream {
    serial: u64,
    /// The offered address that it came to.
    local: SocketAddr,
    out: mpsc::Sender<Vec<u8>>,
    pulse: Arc<Pulse>,
}

/// When the hub last had something to say.
#[derive(Debug)]
struct Pulse {
    begun: Instant,
    /// Milliseconds since it began; 0: never.
    answered_ms: AtomicU64,
}

/// Where tasks lay down what has come.
#[derive(Clone, Debug)]
struct Doormat {
    arrivals: mpsc::Sender<Arrival>,
    desk: Arc<Desk>,
}

impl Doormat {
    /// Waits for a place; false if the thread is no more.
    async fn put(&self, arrival: Arrival) -> bool {
        let is_taken = self.arrivals.send(arrival).await.is_ok();
        self.desk.ring();
        is_taken
    }
}

#[derive(Debug)]
enum Arrival {
    Frame { serial: u64, remote: SocketAddr, bytes: Vec<u8> },
    Gone { serial: u64, remote: SocketAddr },
}

impl Streams {
    pub(super) fn new(offered: Vec<SocketAddr>, desk: Arc<Desk>, runtime: Handle) -> Self {
        let (sender, arrivals) = mpsc::channel(TCP_FRAMES_IN_MAX);
        Self {
            open: HashMap::new(),
            tasks: JoinSet::new(),
            offered,
            arrivals,
            doormat: Doormat { arrivals: sender, desk },
            runtime,
            frames: Vec::new(),
            serial: 0,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Takes a connection, if there is a place for it.
    pub(super) fn welcome(&mut self, tcp: std::net::TcpStream, counters: &Counters) {
        if let Err(error) = self.take_in(tcp, counters) {
            counters.tcp_refused.inc();
            tracing::debug!(%error, "a TCP connection for media was refused");
        }
    }

    fn take_in(&mut self, tcp: std::net::TcpStream, counters: &Counters) -> std::io::Result<()> {
        let no_place = || std::io::Error::other("there are too many");
        let (local, remote) = (canonical(tcp.local_addr()?), canonical(tcp.peer_addr()?));
        let of_address = self.open.keys().filter(|other| other.ip() == remote.ip()).count();
        if self.open.len() >= TCP_CONNECTIONS_MAX
            || of_address >= TCP_CONNECTIONS_PER_ADDRESS_MAX
            || self.open.contains_key(&remote)
        {
            return Err(no_place());
        }
        let exact = self.offered.iter().find(|offered| offered.ip() == local.ip());
        let same_family = || self.offered.iter().find(|offered| offered.is_ipv4() == remote.is_ipv4());
        let local = *exact.or_else(same_family).ok_or_else(no_place)?;
        tcp.set_nodelay(true)?;
        socket2::SockRef::from(&tcp).set_send_buffer_size(TCP_SEND_BUFFER_BYTES)?;
        let (reader, writer) = {
            let _within = self.runtime.enter();
            TcpStream::from_std(tcp)?.into_split()
        };
        let (out, outgoing) = mpsc::channel(TCP_FRAMES_OUT_MAX);
        let pulse = Arc::new(Pulse { begun: Instant::now(), answered_ms: AtomicU64::new(0) });
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        self.open.insert(remote, Stream { serial, local, out, pulse: Arc::clone(&pulse) });
        let (doormat, slow) = (self.doormat.clone(), counters.tcp_slow.clone());
        let carrying = async move {
            tokio::select! {
                () = read(reader, serial, remote, &doormat) => {}
                () = write(writer, outgoing, &slow) => {}
                () = pulse.stops() => {}
            }
            doormat.put(Arrival::Gone { serial, remote }).await;
        };
        self.tasks.spawn_on(carrying, &self.runtime);
        Ok(())
    }

    /// Takes in what has arrived; true if there may be more.
    pub(super) fn read(&mut self) -> bool {
        while self.tasks.try_join_next().is_some() {}
        for _ in 0..TCP_FRAMES_IN_MAX {
            match self.arrivals.try_recv() {
                Ok(arrival) => self.on_arrival(arrival),
                Err(_) => return false,
            }
        }
        true
    }

    fn on_arrival(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Frame { serial, remote, bytes } => {
                if let Some(stream) = self.open.get(&remote).filter(|stream| stream.serial == serial) {
                    self.frames.push((stream.local, remote, bytes));
                }
            }
            Arrival::Gone { serial, remote } => {
                if self.open.get(&remote).is_some_and(|stream| stream.serial == serial) {
                    self.open.remove(&remote);
                }
            }
        }
    }

    /// What has arrived: to which offered address, from where, what.
    pub(super) fn take(&mut self) -> Vec<(SocketAddr, SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.frames)
    }

    /// Sends a datagram, if its connection is still there.
    pub(super) fn send(&mut self, remote: SocketAddr, datagram: &[u8], counters: &Counters) {
        let Some(stream) = self.open.get(&remote) else { return };
        let Ok(length) = u16::try_from(datagram.len()) else { return };
        stream.pulse.beat();
        let mut frame = Vec::with_capacity(LENGTH_BYTES.saturating_add(datagram.len()));
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(datagram);
        match stream.out.try_send(frame) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                counters.tcp_slow.inc();
                self.cut(remote);
            }
            Err(TrySendError::Closed(_)) => self.cut(remote),
        }
    }

    /// Whose it was is gone: it ends once what waits is written.
    pub(super) fn hang_up(&mut self, remote: SocketAddr) {
        self.open.remove(&remote);
    }

    /// Ends a connection whose other end does not read.
    fn cut(&mut self, remote: SocketAddr) {
        if let Some(stream) = self.open.remove(&remote) {
            stream.pulse.answered_ms.store(u64::MAX, Ordering::Release);
        }
    }

    /// The thread ends: those that still write what waits.
    pub(super) fn finish(self) -> JoinSet<()> {
        self.tasks
    }
}

impl Pulse {
    fn beat(&self) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.answered_ms.store(ms.max(1), Ordering::Release);
    }

    /// Returns when the hub does not know this end, knows it no more, or will not wait for it.
    async fn stops(&self) {
        const STEP: Duration = Duration::from_millis(250);
        loop {
            sleep(STEP).await;
            let answered = self.answered_ms.load(Ordering::Acquire);
            let silence = self.begun.elapsed().saturating_sub(Duration::from_millis(answered));
            if answered == u64::MAX || silence > if answered == 0 { TCP_ANSWER_WAIT } else { TCP_IDLE } {
                return;
            }
        }
    }
}

/// Reads frames until one is malformed or the connection ends.
async fn read(reader: OwnedReadHalf, serial: u64, remote: SocketAddr, doormat: &Doormat) {
    let mut reader = BufReader::with_capacity(TCP_FRAME_BYTES_MAX.saturating_mul(2), reader);
    let mut is_first = true;
    loop {
        let mut length = [0; LENGTH_BYTES];
        if reader.read_exact(&mut length).await.is_err() {
            return;
        }
        let length = usize::from(u16::from_be_bytes(length));
        if length > TCP_FRAME_BYTES_MAX {
            return;
        }
        let mut bytes = vec![0; length];
        if reader.read_exact(&mut bytes).await.is_err() {
            return;
        }
        // It begins with a check of ICE (RFC 6544, section 7), or is no connection for media.
        if std::mem::take(&mut is_first) && !is_stun(&bytes) {
            return;
        }
        if !doormat.put(Arrival::Frame { serial, remote, bytes }).await {
            // The thread is no more. What waits to be written is still written.
            return std::future::pending().await;
        }
    }
}

/// Writes frames, as many as there are for one call, until there can be no more or the other end takes none.
async fn write(
    mut writer: OwnedWriteHalf,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    slow: &Counter<u64, AtomicU64>,
) {
    const TOGETHER_BYTES_MAX: usize = 64 * 1024;
    while let Some(mut frames) = outgoing.recv().await {
        while frames.len() < TOGETHER_BYTES_MAX
            && let Ok(frame) = outgoing.try_recv()
        {
            frames.extend(frame);
        }
        match timeout(TCP_WRITE_STALLED, writer.write_all(&frames)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                slow.inc();
                return;
            }
        }
    }
    drop(timeout(TCP_WRITE_STALLED, writer.shutdown()).await);
}

/// A STUN message by its first bits and the magic cookie (RFC 8489, section 5).
fn is_stun(bytes: &[u8]) -> bool {
    const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    bytes.first().is_some_and(|byte| *byte < 4) && bytes.get(4..8) == Some(COOKIE.as_slice())
}
