//! A server, one clock, and clients that sign as RFC 8489 wants it.

use std::net::SocketAddr;

use parlor_proto::Time;
use parlor_turn::{
    Client, Credentials, Event, Family, Input, Output, RelayId, Server, Settings, Transport, credentials,
};
use stun_types::attribute::{
    AttributeStaticType, ErrorCode, Nonce, PasswordAlgorithm, PasswordAlgorithmValue, PasswordAlgorithms,
    Realm, Username,
};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials,
    MessageType, MessageWriteExt, MessageWriteVec, Method, TransactionId,
};
use stun_types::prelude::{AttributeWrite, MessageWrite};
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedTransport, XorPeerAddress, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

pub(crate) const SECRET: &str = "north";
pub(crate) const START_MS: u64 = 1_700_000_000_000;

/// What came out, without its lifetimes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Out {
    ToClient(Client, Vec<u8>),
    ToPeer(RelayId, SocketAddr, Vec<u8>),
    Open(RelayId, Family, bool),
    Close(RelayId),
    Log(Event),
}

/// The server at 198.41.0.4, an address of the internet; relays are opened at 198.41.0.4, from port 50000 on.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) now: Time,
    next_port: u16,
    /// Whether sockets can be opened.
    pub(crate) has_sockets: bool,
    /// Who is not to have relays.
    pub(crate) not_allowed: Option<String>,
    last_transaction: u128,
}

/// Who signs.
#[derive(Clone)]
pub(crate) struct Signs {
    pub(crate) client: Client,
    pub(crate) credentials: Credentials,
    pub(crate) nonce: String,
    pub(crate) algorithm: IntegrityAlgorithm,
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn client(transport: Transport, port: u16) -> Client {
    let stream = if transport == Transport::Udp { 0 } else { u64::from(port) };
    Client {
        transport,
        local: address("198.41.0.4:3478"),
        remote: SocketAddr::new([9, 9, 9, 9].into(), port),
        stream,
    }
}

pub(crate) fn settings() -> Settings {
    let mut settings =
        Settings { secret: SECRET.to_owned(), key: [7; 32], has_ipv6: true, ..Settings::default() };
    settings.policy.own = vec!["198.41.0.4".parse().unwrap()];
    settings.policy.closed_ports = vec![3478];
    settings
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let now = Time::from_ms(START_MS);
        Self {
            server: Server::new(settings),
            now,
            next_port: 50_000,
            has_sockets: true,
            not_allowed: None,
            last_transaction: 1 << 80,
        }
    }

    /// Lets the time go on, stopping where the server wants to be woken.
    pub(crate) fn pass(&mut self, ms: u64) -> Vec<Out> {
        let end = self.now + ms;
        let mut outs = Vec::new();
        while let Some(at) = self.server.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.server.handle_timeout(self.now);
            outs.extend(self.drain());
            assert!(self.server.poll_timeout().is_none_or(|next| next > at), "what is due is done");
        }
        self.now = end;
        outs
    }

    pub(crate) fn input(&mut self, input: Input<'_>) -> Vec<Out> {
        self.server.handle_input(self.now, input);
        self.drain()
    }

    /// Carries out what is ordered of sockets; the rest is given back.
    fn drain(&mut self) -> Vec<Out> {
        let mut outs = Vec::new();
        loop {
            let mut is_allowed = true;
            let out = match self.server.poll_output() {
                None => break,
                Some(Output::ToClient { client, bytes }) => Out::ToClient(client, bytes.to_vec()),
                Some(Output::ToPeer { relay, peer, bytes }) => Out::ToPeer(relay, peer, bytes.to_vec()),
                Some(Output::Open { relay, family, is_even, identity, .. }) => {
                    is_allowed = self.not_allowed.as_ref() != Some(&identity);
                    Out::Open(relay, family, is_even)
                }
                Some(Output::Close { relay }) => Out::Close(relay),
                Some(Output::Log(event)) => Out::Log(event),
            };
            if let Out::Open(relay, family, _) = &out {
                let ip = if *family == Family::V4 { "198.41.0.4" } else { "2001:500:2::c" };
                let input = if !is_allowed {
                    Input::NotAllowed { relay: *relay }
                } else if self.has_sockets {
                    let address = SocketAddr::new(ip.parse().unwrap(), self.next_port);
                    Input::Opened { relay: *relay, address }
                } else {
                    Input::NotOpened { relay: *relay }
                };
                self.next_port += 1;
                self.server.handle_input(self.now, input);
            }
            outs.push(out);
        }
        assert_eq!(self.server.ledger().buffered_bytes, 0, "everything was polled");
        outs
    }

    pub(crate) fn transaction(&mut self) -> TransactionId {
        self.last_transaction += 1;
        self.last_transaction.into()
    }

    /// A request as it is, without credentials.
    pub(crate) fn plain(&mut self, method: Method, attributes: &[&dyn AttributeWrite]) -> Vec<u8> {
        let transaction = self.transaction();
        write(method, transaction, attributes).finish()
    }

    /// A client that has been asked to sign.
    pub(crate) fn challenged(&mut self, client: Client, name: &str) -> Signs {
        let request = self.plain(ALLOCATE, &[&RequestedTransport::new(17)]);
        let outs = self.input(Input::FromClient { client, bytes: &request });
        let answer = answer(&outs);
        assert_eq!(code(&answer), 401);
        let message = Message::from_bytes(&answer).unwrap();
        assert_eq!(message.attribute::<Realm>().unwrap().realm(), "parlor");
        let nonce = message.attribute::<Nonce>().unwrap().nonce().to_owned();
        let credentials = credentials(SECRET, name, self.now + 3_600_000);
        Signs { client, credentials, nonce, algorithm: IntegrityAlgorithm::Sha1 }
    }

    /// A signed request, and what comes of it.
    pub(crate) fn ask(
        &mut self,
        signs: &Signs,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Vec<Out> {
        let transaction = self.transaction();
        let request = signs.sign(write(method, transaction, attributes));
        self.input(Input::FromClient { client: signs.client, bytes: &request })
    }

    /// The number of the error that a signed request is answered with; 0 if it succeeds.
    pub(crate) fn code_of(
        &mut self,
        signs: &Signs,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> u16 {
        code(&answer(&self.ask(signs, method, attributes)))
    }

    /// A client with an allocation; also its relay, and where others reach it.
    pub(crate) fn allocated(&mut self, client: Client, name: &str) -> (Signs, RelayId, SocketAddr) {
        let signs = self.challenged(client, name);
        let outs = self.ask(&signs, ALLOCATE, &[&RequestedTransport::new(17)]);
        let relay =
            outs.iter().find_map(|out| if let Out::Open(relay, ..) = out { Some(*relay) } else { None });
        let answer = answer(&outs);
        let message = Message::from_bytes(&answer).unwrap();
        assert!(message.has_class(MessageClass::Success), "{}", code(&answer));
        let key = signs.key();
        message.validate_integrity(&key).expect("the answer is signed");
        let relayed = message.attribute::<XorRelayedAddress>().unwrap().addr(message.transaction_id());
        (signs, relay.unwrap(), relayed)
    }

    pub(crate) fn permit(&mut self, signs: &Signs, peer: SocketAddr) -> u16 {
        let transaction = self.transaction();
        let peer = XorPeerAddress::new(peer, transaction);
        let request = signs.sign(write(CREATE_PERMISSION, transaction, &[&peer]));
        code(&answer(&self.input(Input::FromClient { client: signs.client, bytes: &request })))
    }

    pub(crate) fn bind(&mut self, signs: &Signs, number: u16, peer: SocketAddr) -> u16 {
        let transaction = self.transaction();
        let (number, peer) = (ChannelNumber::new(number), XorPeerAddress::new(peer, transaction));
        let request = signs.sign(write(CHANNEL_BIND, transaction, &[&number, &peer]));
        code(&answer(&self.input(Input::FromClient { client: signs.client, bytes: &request })))
    }

    pub(crate) fn refresh(&mut self, signs: &Signs, seconds: u32) -> (u16, Option<u32>) {
        let outs = self.ask(signs, REFRESH, &[&Lifetime::new(seconds)]);
        let answer = answer(&outs);
        let message = Message::from_bytes(&answer).unwrap();
        (code(&answer), message.attribute::<Lifetime>().ok().map(|lifetime| lifetime.seconds()))
    }

    pub(crate) fn send(&mut self, client: Client, peer: SocketAddr, data: &[u8]) -> Vec<Out> {
        let transaction = self.transaction();
        let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
        let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
        message.add_attribute(&XorPeerAddress::new(peer, transaction)).unwrap();
        message.add_attribute(&Data::new(data)).unwrap();
        self.input(Input::FromClient { client, bytes: &message.finish() })
    }

    pub(crate) fn channel_data(&mut self, client: Client, number: u16, data: &[u8]) -> Vec<Out> {
        self.input(Input::FromClient { client, bytes: &in_channel(number, data) })
    }

    pub(crate) fn datagram_from(&mut self, relay: RelayId, peer: SocketAddr, bytes: &[u8]) -> Vec<Out> {
        self.input(Input::FromPeer { relay, peer, bytes })
    }
}

impl Signs {
    pub(crate) fn key(&self) -> MessageIntegrityCredentials {
        let Credentials { username, password } = self.credentials.clone();
        LongTermKeyCredentials::new(username, password, "parlor".to_owned()).into()
    }

    pub(crate) fn sign(&self, mut message: MessageWriteVec) -> Vec<u8> {
        message.add_attribute(&Username::new(&self.credentials.username).unwrap()).unwrap();
        message.add_attribute(&Realm::new("parlor").unwrap()).unwrap();
        message.add_attribute(&Nonce::new(&self.nonce).unwrap()).unwrap();
        if self.algorithm == IntegrityAlgorithm::Sha256 {
            let all = [PasswordAlgorithmValue::SHA256, PasswordAlgorithmValue::MD5];
            message.add_attribute(&PasswordAlgorithms::new(&all)).unwrap();
            message.add_attribute(&PasswordAlgorithm::new(PasswordAlgorithmValue::SHA256)).unwrap();
        }
        message.add_message_integrity(&self.key(), self.algorithm).unwrap();
        message.add_fingerprint().unwrap();
        message.finish()
    }
}

pub(crate) fn write(
    method: Method,
    transaction: TransactionId,
    attributes: &[&dyn AttributeWrite],
) -> MessageWriteVec {
    let kind = MessageType::from_class_method(MessageClass::Request, method);
    let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
    for attribute in attributes {
        assert_ne!(attribute.get_type(), ErrorCode::TYPE, "no request has one");
        message.add_attribute(*attribute).unwrap();
    }
    message
}

pub(crate) fn in_channel(number: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// The one thing that a client is told.
pub(crate) fn answer(outs: &[Out]) -> Vec<u8> {
    let mut answers =
        outs.iter().filter_map(|out| if let Out::ToClient(_, bytes) = out { Some(bytes) } else { None });
    let answer = answers.next().expect("an answer");
    assert!(answers.next().is_none(), "one answer");
    answer.clone()
}

/// The number of its error; 0 if it is none.
pub(crate) fn code(answer: &[u8]) -> u16 {
    let message = Message::from_bytes(answer).unwrap();
    match message.class() {
        MessageClass::Error => message.attribute::<ErrorCode>().unwrap().code(),
        MessageClass::Success => 0,
        class => panic!("no answer: {class:?}"),
    }
}

/// Without what is for the log.
pub(crate) fn without_log(outs: Vec<Out>) -> Vec<Out> {
    outs.into_iter().filter(|out| !matches!(out, Out::Log(_))).collect()
}
