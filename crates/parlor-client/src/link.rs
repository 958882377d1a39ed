//! The task of one connection: gives its `Peer` datagrams, the time and orders, and passes on what it says. A fault in it, a panic
//! of str0m included, ends this connection and nothing else.

use std::net::SocketAddr;
use std::time::Instant;

use parlor_connect::{ConnectionState, DescriptionType, IceState, StatsSample};
use parlor_proto::{IceCandidateInit, Source, TrackLabel};
use str0m::media::MediaData;
use str0m::net::Transmit;
use tokio::sync::mpsc;

use crate::limits;
use crate::network::Network;
use crate::peer::{Described, Happening, Peer, Sending, Shape};
use crate::track::{Codec, Outgoing};

/// What a connection is told.
#[derive(Debug)]
pub(crate) enum Order {
    CreateOffer { restart_ice: bool },
    CreateAnswer,
    Rollback,
    SetRemote { r#type: DescriptionType, sdp: String, labels: Option<Vec<TrackLabel>> },
    AddCandidate(Option<IceCandidateInit>),
    Sample,
    Tracks(Vec<Sending>),
    Data(String),
    KeyFrame { mid: String },
}

/// What it says.
#[derive(Debug)]
pub(crate) enum Report {
    LocalSet(Described),
    LocalFailed(String),
    RolledBack,
    RemoteSet,
    RemoteFailed(String),
    Sampled(StatsSample),
    State(IceState, ConnectionState),
    NegotiationNeeded,
    /// All candidates are in the description.
    CandidatesDone,
    DataOpen,
    DataClosed,
    Data(String),
    Media {
        mid: String,
        source: Option<Source>,
        codec: Codec,
        media: Box<MediaData>,
    },
    KeyFrameWanted(Source),
}

/// The client's end of a connection's task. Dropping it closes the connection.
pub(crate) struct Link {
    pub(crate) attempt: u32,
    pub(crate) is_data_open: bool,
    orders: mpsc::Sender<Order>,
    pub(crate) outgoing: mpsc::Sender<Outgoing>,
}

impl Link {
    /// Starts a connection. What it reports comes with `name` on it.
    pub(crate) fn start<N: Clone + Send + Sync + 'static>(
        name: N,
        attempt: u32,
        shape: Shape,
        is_server_here: bool,
        tracks: Vec<Sending>,
        reports: mpsc::Sender<(N, u32, Report)>,
    ) -> Self {
        let (order_sender, orders) = mpsc::channel(limits::ORDERS_MAX);
        let (outgoing_sender, outgoing) = mpsc::channel(limits::OUTGOING_MAX);
        let of_task = (name.clone(), reports.clone());
        let task = async move {
            let (name, reports) = of_task;
            let network = Network::bind(is_server_here).await.map_err(|error| error.to_string())?;
            let peer = Peer::new(Instant::now(), shape, network.addresses(), tracks);
            let tell = |report| {
                let (reports, name) = (reports.clone(), name.clone());
                // A client that is gone has nobody to tell.
                async move { drop(reports.send((name, attempt, report)).await) }
            };
            run(peer, network, orders, outgoing, tell).await;
            Ok::<(), String>(())
        };
        tokio::spawn(async move {
            let fault = match tokio::spawn(task).await {
                Ok(Ok(())) => return,
                Ok(Err(fault)) => fault,
                Err(panic) => panic.to_string(),
            };
            tracing::warn!(%fault, "a connection ended by a fault");
            let over = Report::State(IceState::Failed, ConnectionState::Failed);
            drop(reports.send((name, attempt, over)).await);
        });
        Self { attempt, is_data_open: false, orders: order_sender, outgoing: outgoing_sender }
    }

    /// Tells the connection something; false if it is over, or does not keep up.
    pub(crate) fn order(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }
}

async fn run<F: Future<Output = ()>>(
    mut peer: Peer,
    mut network: Network,
    mut orders: mpsc::Receiver<Order>,
    mut outgoing: mpsc::Receiver<Outgoing>,
    tell: impl Fn(Report) -> F,
) {
    let mut buffer = vec![0; limits::DATAGRAM_BYTES_MAX];
    let mut transmits: Vec<Transmit> = Vec::new();
    let mut happenings = Vec::new();
    let mut was_asked = false;
    loop {
        let timeout = peer.drain(Instant::now(), &mut transmits, &mut happenings);
        send_all(&network, &mut transmits);
        for happening in happenings.drain(..) {
            tell(match happening {
                Happening::State(ice, connection) => Report::State(ice, connection),
                Happening::DataOpen => Report::DataOpen,
                Happening::DataClosed => Report::DataClosed,
                Happening::Data(text) => Report::Data(text),
                Happening::Media { mid, source, codec, media } => Report::Media { mid, source, codec, media },
                Happening::KeyFrameWanted(source) => Report::KeyFrameWanted(source),
            })
            .await;
        }
        if peer.needs_offer() != was_asked {
            was_asked = !was_asked;
            if was_asked {
                tell(Report::NegotiationNeeded).await;
            }
        }
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { break };
                for report in carry_out(&mut peer, order) {
                    tell(report).await;
                }
            }
            packet = outgoing.recv() => {
                if let Some(packet) = packet {
                    peer.write(Instant::now(), packet);
                }
            }
            (length, local, remote) = network.receive(&mut buffer) => {
                receive(&mut peer, &buffer, length, local, remote);
            }
            () = tokio::time::sleep_until(timeout.into()) => peer.handle_timeout(Instant::now()),
        }
    }
    peer.close();
    peer.drain(Instant::now(), &mut transmits, &mut happenings);
    send_all(&network, &mut transmits);
}

fn receive(peer: &mut Peer, buffer: &[u8], length: usize, local: SocketAddr, remote: SocketAddr) {
    if let Some(bytes) = buffer.get(..length) {
        peer.receive(Instant::now(), local, remote, bytes);
    }
}

fn send_all(network: &Network, transmits: &mut Vec<Transmit>) {
    for transmit in transmits.drain(..) {
        network.send(transmit.source, transmit.destination, &transmit.contents);
    }
}

fn carry_out(peer: &mut Peer, order: Order) -> Vec<Report> {
    let described = |result| match result {
        Ok(described) => vec![Report::LocalSet(described), Report::CandidatesDone],
        Err(reason) => vec![Report::LocalFailed(reason)],
    };
    match order {
        Order::CreateOffer { restart_ice } => described(peer.create_offer(restart_ice)),
        Order::CreateAnswer => described(peer.create_answer()),
        Order::Rollback => {
            peer.rollback(Instant::now());
            vec![Report::RolledBack]
        }
        Order::SetRemote { r#type, sdp, labels } => {
            vec![match peer.set_remote(r#type, &sdp, labels) {
                Ok(()) => Report::RemoteSet,
                Err(reason) => Report::RemoteFailed(reason),
            }]
        }
        Order::AddCandidate(candidate) => {
            peer.add_candidate(candidate.as_ref());
            Vec::new()
        }
        Order::Sample => vec![Report::Sampled(peer.sample())],
        Order::Tracks(tracks) => {
            peer.set_tracks(tracks);
            Vec::new()
        }
        Order::Data(text) => {
            if !peer.send_data(&text) {
                tracing::debug!("a frame did not fit into a data channel");
            }
            Vec::new()
        }
        Order::KeyFrame { mid } => {
            peer.ask_for_key_frame(Instant::now(), &mid);
            Vec::new()
        }
    }
}
