//! TURN over TCP and TLS: each connection is carried by a task, which cuts the stream into frames and writes those of the
//! thread.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use parlor_turn::{Client, FRAME_HEAD_BYTES, Transport, frame_bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::Desk;
use crate::limits::{
    TCP_SEND_BUFFER_BYTES, TCP_WRITE_STALLED, TURN_BYTES_OUT_MAX, TURN_FRAMES_OUT_MAX,
    TURN_STREAMS_PER_ADDRESS_MAX,
};
use crate::listener::accepted;
use crate::stream::Stream;
use crate::udp::canonical;

/// Bytes read at once: a dozen frames of media.
const READ_BYTES: usize = 16 * 1024;
/// Bytes of frames that are written together.
const TOGETHER_BYTES_MAX: usize = 64 * 1024;

/// Frames that wait to be written to one connection: so many at most, and so many bytes.
#[derive(Clone, Debug)]
pub(super) struct FramesOut {
    frames: mpsc::Sender<Vec<u8>>,
    bytes: Arc<AtomicUsize>,
}

impl FramesOut {
    /// Lets a frame wait; false if there is no place, or nobody who writes.
    pub(super) fn push(&self, frame: &[u8]) -> bool {
        let waiting = self.bytes.fetch_add(frame.len(), Ordering::Relaxed).saturating_add(frame.len());
        let is_taken = waiting <= TURN_BYTES_OUT_MAX && self.frames.try_send(frame.to_vec()).is_ok();
        if !is_taken {
            self.bytes.fetch_sub(frame.len(), Ordering::Relaxed);
        }
        is_taken
    }
}

/// What a connection has for the thread.
#[derive(Debug)]
pub(super) enum Mail {
    /// It is there.
    Come {
        client: Client,
        /// Takes frames for it.
        out: FramesOut,
    },
    /// A whole frame.
    Frame { client: Client, bytes: Vec<u8> },
    /// It is gone.
    Gone { client: Client },
}

/// How many there are.
#[derive(Debug)]
pub(super) struct Streams {
    places: Arc<Semaphore>,
    of_address: Mutex<HashMap<IpAddr, usize>>,
    last: AtomicU64,
}

/// One connection's place.
#[derive(Debug)]
struct Place<'a> {
    streams: &'a Streams,
    ip: IpAddr,
}

impl Streams {
    pub(super) fn new(places: Arc<Semaphore>) -> Self {
        Self { places, of_address: Mutex::default(), last: AtomicU64::new(0) }
    }

    pub(super) fn count(&self) -> usize {
        self.of_address.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    fn take(&self, ip: IpAddr) -> Option<Place<'_>> {
        let mut of_address = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        let held = of_address.entry(ip).or_default();
        if *held >= TURN_STREAMS_PER_ADDRESS_MAX {
            return None;
        }
        *held = held.saturating_add(1);
        Some(Place { streams: self, ip })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut of_address = self.streams.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = of_address.get_mut(&self.ip) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                of_address.remove(&self.ip);
            }
        }
    }
}

/// Accepts connections for as long as the server runs.
pub(super) async fn accept(desk: Arc<Desk>, listener: TcpListener) {
    while !desk.is_ending.load(Ordering::Acquire) {
        let tcp = accepted(&listener, "a TCP connection for TURN").await;
        let desk = Arc::clone(&desk);
        tokio::spawn(async move { serve(&desk, Stream::Plain(tcp), Transport::Tcp).await });
    }
}

/// Carries a connection until it ends.
pub(super) async fn serve(desk: &Desk, stream: Stream, transport: Transport) {
    let (Ok(local), Ok(remote)) = (stream.tcp().local_addr(), stream.tcp().peer_addr()) else { return };
    let (local, remote) = (canonical(local), canonical(remote));
    let place = desk.streams.take(remote.ip());
    let (Some(_place), Ok(_permit)) = (place, desk.streams.places.try_acquire()) else {
        return tracing::debug!(client = %remote, "a connection for TURN found no place");
    };
    let tuned = stream
        .tcp()
        .set_nodelay(true)
        .and_then(|()| socket2::SockRef::from(stream.tcp()).set_send_buffer_size(TCP_SEND_BUFFER_BYTES));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection for TURN can't be tuned");
    }
    let number = desk.streams.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    let client = Client { transport, local, remote, stream: number };
    let (frames, outgoing) = mpsc::channel(TURN_FRAMES_OUT_MAX);
    let bytes = Arc::new(AtomicUsize::new(0));
    let out = FramesOut { frames, bytes: Arc::clone(&bytes) };
    if desk.mail.send(Mail::Come { client, out }).await.is_err() {
        return;
    }
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        () = read(desk, client, reader) => {}
        () = write(writer, outgoing, &bytes, transport) => {}
    }
    drop(desk.mail.send(Mail::Gone { client }).await);
    desk.wake();
}

/// Reads frames until one is malformed or the connection ends.
async fn read(desk: &Desk, client: Client, reader: ReadHalf<Stream>) {
    let mut reader = BufReader::with_capacity(READ_BYTES, reader);
    loop {
        let mut head = [0; FRAME_HEAD_BYTES];
        if reader.read_exact(&mut head).await.is_err() {
            return;
        }
        let Some(length) = frame_bytes(head) else { return };
        let mut bytes = vec![0; length];
        let (start, rest) = bytes.split_at_mut(FRAME_HEAD_BYTES.min(length));
        start.copy_from_slice(&head);
        if reader.read_exact(rest).await.is_err() {
            return;
        }
        // Nobody waits for a place while the one who makes it sleeps.
        if desk.mail.capacity() == 0 {
            desk.wake();
        }
        if desk.mail.send(Mail::Frame { client, bytes }).await.is_err() {
            return;
        }
        // Frames that have come together are told of together; half of one may be long in coming.
        let next = reader.buffer().first_chunk().copied().and_then(frame_bytes);
        if next.is_none_or(|length| reader.buffer().len() < length) {
            desk.wake();
        }
    }
}

/// Writes frames until there can be no more or the other end takes none: of a plain connection as many as there are in one
/// call. Within TLS each makes a record of its own: there are clients, coturn's among them, that take a record for a frame.
async fn write(
    mut writer: WriteHalf<Stream>,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    waiting: &AtomicUsize,
    transport: Transport,
) {
    let together_max = if transport == Transport::Tls { 0 } else { TOGETHER_BYTES_MAX };
    while let Some(mut frames) = outgoing.recv().await {
        while frames.len() < together_max
            && let Ok(frame) = outgoing.try_recv()
        {
            frames.extend(frame);
        }
        let written = timeout(TCP_WRITE_STALLED, async {
            writer.write_all(&frames).await?;
            writer.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return;
        }
        waiting.fetch_sub(frames.len(), Ordering::Relaxed);
    }
    drop(timeout(TCP_WRITE_STALLED, writer.shutdown()).await);
}
