//! Many ends on one thread: a UDP socket each, one epoll for all.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Registry, Token};

use crate::end::End;
use crate::limits;

/// Ends by number, from 0, with their sockets.
#[derive(Debug)]
pub struct Ends {
    poll: Poll,
    events: Events,
    seats: Vec<Seat>,
    buffer: Vec<u8>,
    /// Sockets that may have more to read.
    unread: Vec<usize>,
    /// When timers are looked at next.
    look_at: Instant,
    /// Time not spent waiting.
    busy: Duration,
    dropped: u64,
}

#[derive(Debug)]
struct Seat {
    end: End,
    socket: UdpSocket,
}

/// Tokens of UDP sockets are even, odd ones are free for others.
fn token(number: usize) -> Token {
    Token(number.saturating_mul(2))
}

impl Ends {
    /// Without any end.
    ///
    /// # Errors
    /// When the system gives no epoll.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1_024),
            seats: Vec::new(),
            buffer: vec![0; limits::DATAGRAM_BYTES_MAX],
            unread: Vec::new(),
            look_at: Instant::now(),
            busy: Duration::ZERO,
            dropped: 0,
        })
    }

    /// A socket on a port of its own.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn bind(ip: IpAddr) -> io::Result<(UdpSocket, SocketAddr)> {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    }

    /// Takes in one more, and says its number.
    ///
    /// # Errors
    /// When the system can't watch its socket.
    pub fn add(&mut self, end: End, mut socket: UdpSocket) -> io::Result<usize> {
        let number = self.seats.len();
        self.poll.registry().register(&mut socket, token(number), Interest::READABLE)?;
        self.seats.push(Seat { end, socket });
        Ok(number)
    }

    /// Where others have their own sockets watched, under odd tokens.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// One end.
    #[must_use]
    pub fn end(&self, number: usize) -> Option<&End> {
        self.seats.get(number).map(|seat| &seat.end)
    }

    /// One end, to be told something. [`Self::flush`] sends what it says then.
    pub fn end_mut(&mut self, number: usize) -> Option<&mut End> {
        self.seats.get_mut(number).map(|seat| &mut seat.end)
    }

    /// All ends.
    pub fn iter(&self) -> impl Iterator<Item = &End> {
        self.seats.iter().map(|seat| &seat.end)
    }

    /// All ends, to count anew.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut End> {
        self.seats.iter_mut().map(|seat| &mut seat.end)
    }

    /// Time that was spent working, not waiting.
    #[must_use]
    pub fn busy(&self) -> Duration {
        self.busy
    }

    /// Datagrams that the system did not take.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Sends what one end has to say.
    pub fn flush(&mut self, number: usize) {
        if let Some(seat) = self.seats.get_mut(number) {
            seat.flush(&mut self.dropped);
        }
    }

    /// Waits until something can be read or time has passed, a step at most, and does what is to be done. Tokens of others that are ready are put into
    /// `others`.
    ///
    /// # Errors
    /// When the system can't wait.
    pub fn turn(&mut self, others: &mut Vec<Token>) -> io::Result<()> {
        let before = Instant::now();
        let wait = match self.unread.is_empty() {
            true => self.look_at.saturating_duration_since(before),
            false => Duration::ZERO,
        };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            outcome => outcome?,
        }
        let begun = Instant::now();
        for event in &self.events {
            let Token(number) = event.token();
            match number % 2 {
                0 => self.unread.push(number / 2),
                _ => others.push(Token(number)),
            }
        }
        for number in std::mem::take(&mut self.unread) {
            let Some(seat) = self.seats.get_mut(number) else { continue };
            if seat.read(&mut self.buffer, &mut self.dropped) {
                self.unread.push(number);
            }
        }
        let now = Instant::now();
        if now >= self.look_at {
            self.look_at = now + limits::STEP;
            for seat in &mut self.seats {
                if seat.end.poll_timeout().is_some_and(|at| at <= now) {
                    seat.end.handle_timeout(Instant::now());
                    seat.flush(&mut self.dropped);
                }
            }
        }
        self.busy += begun.elapsed();
        Ok(())
    }
}

impl Seat {
    /// Reads what there is, but no more than others can wait for; true if there may be more.
    fn read(&mut self, buffer: &mut [u8], dropped: &mut u64) -> bool {
        let mut has_more = true;
        for _ in 0..limits::READS_PER_TURN {
            match self.socket.recv_from(buffer) {
                Ok((length, from)) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.end.handle_datagram(Instant::now(), from, bytes);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    has_more = false;
                    break;
                }
                // The news that an earlier datagram reached nobody, or an interruption: what waits is still there.
                Err(_) => {}
            }
        }
        self.flush(dropped);
        has_more
    }

    fn flush(&mut self, dropped: &mut u64) {
        while let Some((to, bytes)) = self.end.poll_transmit() {
            if self.socket.send_to(&bytes, to).is_err() {
                *dropped = dropped.saturating_add(1);
            }
        }
    }
}
