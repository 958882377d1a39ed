//! The floor: an epoll loop that only receives and sends. It shakes hands as a WebSocket server and then hands bytes
//! from each socket to the other one of its pair, or pushes the same bytes to every socket at a steady rate. What a
//! real server costs above this is what it does with the bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::websocket::{self, Mask, TEXT};

/// What the loop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Hands bytes from socket 2k to socket 2k + 1 and back.
    Relay,
    /// Sends a frame of so many bytes to every socket so many times a second, for so many seconds, once all are there.
    Push { sockets: usize, bytes: usize, per_second: u32, seconds: u32 },
}

/// As the words after `--bare`: the port, and the work.
pub(crate) fn words(port: u16, work: Work) -> Vec<String> {
    let mut words = vec!["--bare".to_owned(), port.to_string()];
    if let Work::Push { sockets, bytes, per_second, seconds } = work {
        words
            .extend([sockets, bytes, per_second as usize, seconds as usize].map(|number| number.to_string()));
    }
    words
}

/// Serves in this process until it is killed.
pub(crate) fn serve(words: &[String]) {
    let numbers: Vec<usize> = words.iter().map(|word| word.parse().expect("numbers after --bare")).collect();
    let work = match numbers[1..] {
        [] => Work::Relay,
        [sockets, bytes, per_second, seconds] => {
            Work::Push { sockets, bytes, per_second: per_second as u32, seconds: seconds as u32 }
        }
        _ => panic!("--bare PORT [SOCKETS BYTES PER_SECOND SECONDS]"),
    };
    let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(numbers[0]).expect("a port")));
    run(TcpListener::bind(address).expect("a free port"), work);
}

/// Serves on this thread, for ever.
pub(crate) fn run(listener: TcpListener, work: Work) {
    listener.set_nonblocking(true).expect("a non-blocking listener");
    let mut listener = mio::net::TcpListener::from_std(listener);
    let mut poll = Poll::new().expect("epoll");
    let listening = Token(usize::MAX);
    poll.registry().register(&mut listener, listening, Interest::READABLE).expect("a listener to watch");
    let mut events = Events::with_capacity(4096);
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut scratch = vec![0_u8; 256 * 1024];
    let mut pushing: Option<Pushing> = None;
    loop {
        let wait = pushing.as_ref().map(Pushing::wait);
        match poll.poll(&mut events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other.expect("epoll"),
        }
        for event in &events {
            if event.token() == listening {
                while let Ok((stream, _)) = listener.accept() {
                    let mut stream = shake_hands(stream);
                    let token = Token(streams.len());
                    poll.registry()
                        .register(&mut stream, token, Interest::READABLE)
                        .expect("one more to watch");
                    streams.push(stream);
                }
                continue;
            }
            let from = event.token().0;
            while let Ok(count @ 1..) = streams[from].read(&mut scratch) {
                if work == Work::Relay
                    && let Some(to) = streams.get_mut(from ^ 1)
                {
                    write_all(to, &scratch[..count]);
                }
                if count < scratch.len() {
                    break;
                }
            }
        }
        if let Work::Push { sockets, bytes, per_second, seconds } = work {
            if pushing.is_none() && streams.len() == sockets {
                pushing = Some(Pushing::new(bytes, per_second, seconds));
            }
            if let Some(pushing) = &mut pushing
                && let Some(frame) = pushing.due()
            {
                for stream in &mut streams {
                    write_all(stream, frame);
                }
            }
        }
    }
}

/// The same frame, again and again.
struct Pushing {
    frame: Vec<u8>,
    pause: Duration,
    next: Instant,
    left: u32,
}

impl Pushing {
    fn new(bytes: usize, per_second: u32, seconds: u32) -> Self {
        Self {
            frame: websocket::frame(TEXT, &vec![b'x'; bytes], Mask::None),
            pause: Duration::from_secs(1) / per_second,
            next: Instant::now(),
            left: per_second * seconds,
        }
    }

    fn wait(&self) -> Duration {
        if self.left == 0 {
            Duration::from_secs(1)
        } else {
            self.next.saturating_duration_since(Instant::now())
        }
    }

    fn due(&mut self) -> Option<&[u8]> {
        if self.left == 0 || Instant::now() < self.next {
            return None;
        }
        self.next += self.pause;
        self.left -= 1;
        Some(&self.frame)
    }
}

/// Reads the head of the request and answers it. Nobody checks the accept key here.
fn shake_hands(stream: TcpStream) -> TcpStream {
    let mut stream: std::net::TcpStream = stream.into();
    stream.set_nonblocking(false).expect("a blocking socket");
    stream.set_nodelay(true).expect("no delay");
    let mut head = Vec::new();
    let mut byte = [0_u8];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    stream.write_all(answer).expect("an answer");
    stream.set_nonblocking(true).expect("a non-blocking socket");
    TcpStream::from_std(stream)
}

/// Writes all of it. A full socket is waited for: the generator on the other CPU empties it.
fn write_all(stream: &mut TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                std::thread::yield_now();
            }
            Err(_) => return,
        }
    }
}
