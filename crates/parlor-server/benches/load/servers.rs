//! The servers that are measured. At full size each runs in a process of its own on CPU 0; tiny, in this process.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bare::{self, Work};
use crate::janus;

/// What there is to start.
pub(crate) enum Programs {
    /// As processes of their own.
    Processes {
        /// The binary as people run it.
        parlor: PathBuf,
        /// PeerServer's program for node, to compare with.
        peer_server: Option<PathBuf>,
        /// Janus, to compare with.
        janus: Option<PathBuf>,
    },
    /// parlor and the bare loop on threads here; no PeerServer and no Janus.
    InThisProcess,
}

/// A server that runs, until this is dropped.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Whose CPU and memory to look at.
    pub(crate) process: u32,
    owner: Owner,
    /// Gone with the server.
    settings: Option<tempfile::TempDir>,
}

enum Owner {
    Process(Child),
    /// Dropping the sender asks the server to stop.
    Parlor {
        stop: Option<tokio::sync::oneshot::Sender<()>>,
        thread: Option<std::thread::JoinHandle<()>>,
    },
    /// The loop ends with this process.
    BareThread,
}

/// Sockets that a server under load must take; above the 10,000 watchers and what else there is.
const SOCKETS_MAX: usize = 19_000;
/// So that empty rooms go while a measurement waits for it.
const EMPTY_ROOM_MS: u64 = 2_000;

/// In the network for benchmarks (RFC 2544), of which `cargo xtask bench` has a part.
const BEYOND_LOOPBACK: (&str, u16) = ("198.18.0.1", 9);

impl Programs {
    pub(crate) fn parlor(&self) -> Server {
        match self {
            Self::Processes { parlor, .. } => {
                let address = free_address();
                let mut command = pinned();
                command.arg(parlor).args(["serve", "--listen", &address.to_string(), "--log-level", "warn"]);
                command.args(["--max-sockets", &SOCKETS_MAX.to_string()]);
                command.args(["--empty-room", &format!("{EMPTY_ROOM_MS}ms")]);
                Server::process("parlor", address, command)
            }
            Self::InThisProcess => parlor_here(),
        }
    }

    /// Tiny measurements do without it.
    pub(crate) fn peer_server(&self) -> Option<Server> {
        let Self::Processes { peer_server: Some(program), .. } = self else { return None };
        let address = free_address();
        let mut command = pinned();
        command.arg("node").arg(program).args(["--port", &address.port().to_string(), "--host", "127.0.0.1"]);
        command.args(["--path", "/", "--concurrent_limit", "20000", "--alive_timeout", "600000"]);
        Some(Server::process("PeerServer", address, command))
    }

    /// Likewise.
    pub(crate) fn janus(&self) -> Option<Server> {
        let Self::Processes { janus: Some(program), .. } = self else { return None };
        let address = free_address();
        let folder = tempfile::tempdir().expect("a folder for settings");
        janus::configure(folder.path(), address);
        let mut command = pinned();
        command.arg(program).arg("--configs-folder").arg(folder.path()).arg("--disable-colors");
        let mut server = Server::process("Janus", address, command);
        server.settings = Some(folder);
        Some(server)
    }

    pub(crate) fn bare(&self, work: Work) -> Server {
        match self {
            Self::Processes { .. } => {
                let address = free_address();
                let mut command = pinned();
                command.arg(std::env::current_exe().expect("our own program"));
                command.args(bare::words(address.port(), work));
                Server::process("bare loop", address, command)
            }
            Self::InThisProcess => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
                let address = listener.local_addr().expect("its address");
                std::thread::spawn(move || bare::run(listener, work));
                Server {
                    name: "bare loop",
                    address,
                    process: std::process::id(),
                    owner: Owner::BareThread,
                    settings: None,
                }
            }
        }
    }
}

impl Server {
    fn process(name: &'static str, address: SocketAddr, mut command: Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the server starts");
        let process = child.id();
        let server = Self { name, address, process, owner: Owner::Process(child), settings: None };
        // The bare loop counts sockets, so it is not knocked at to see whether it listens.
        let start = Instant::now();
        while !is_listening(address) {
            assert!(start.elapsed() < Duration::from_secs(20), "{name} does not listen on {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn ws(&self) -> &'static str {
        "/ws"
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.owner {
            Owner::Process(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Owner::Parlor { stop, thread } => {
                drop(stop.take());
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
            Owner::BareThread => {}
        }
    }
}

fn parlor_here() -> Server {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = parlor_server::Listeners::bind(&[any]).expect("a free port");
    let address = listeners.addresses()[0];
    let mut config = parlor_server::Config { listen: vec![address], ..parlor_server::Config::default() };
    config.room.empty_room_ms = EMPTY_ROOM_MS;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let shutdown = async {
            let _ = stopped.await;
        };
        let run = parlor_server::run(config, listeners, shutdown);
        runtime.expect("a runtime").block_on(run).expect("parlor serves");
    });
    let owner = Owner::Parlor { stop: Some(stop), thread: Some(thread) };
    Server { name: "parlor", address, process: std::process::id(), owner, settings: None }
}

/// A command on CPU 0; the generator runs on the other one.
fn pinned() -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]);
    command
}

/// An address of this network that is not on the loopback interface; `cargo xtask bench` makes one.
pub(crate) fn beyond_loopback() -> IpAddr {
    // Nothing is sent: the system says from where it would be.
    let socket = std::net::UdpSocket::bind(("0.0.0.0", 0)).expect("a UDP socket");
    socket.connect(BEYOND_LOOPBACK).expect("a way beyond loopback: started by cargo xtask bench?");
    socket.local_addr().expect("its address").ip()
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

/// Whether somebody listens, without knocking: the bare loop counts who comes.
fn is_listening(address: SocketAddr) -> bool {
    // /proc/net/tcp: local address in hexadecimal, state 0A is LISTEN.
    let port = format!(":{:04X} ", address.port());
    ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|file| std::fs::read_to_string(file).ok()).any(
        |table| {
            table.lines().any(|line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                matches!(fields.as_slice(), [_, local, _, "0A", ..] if format!("{local} ").ends_with(&port))
            })
        },
    )
}

/// A request without a body, and the body of its answer.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> (String, Vec<u8>) {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect(address).expect("the server takes a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n")
        .expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    (head, answer[end..].to_vec())
}
