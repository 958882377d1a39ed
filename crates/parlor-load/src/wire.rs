//! A WebSocket that never blocks, over TCP or TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, Utf8Bytes, WebSocket};

use crate::address::Address;

/// TCP with TLS around it, or without.
#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// What happened at a wire.
#[derive(Debug)]
pub(crate) enum News {
    Opened,
    Text(Utf8Bytes),
    /// It is over, and why.
    Closed(String),
}

/// How to reach the server.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) target: SocketAddr,
    pub(crate) address: Address,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl Way {
    /// With the certificates of those whom this machine trusts, or, trusting, with any.
    pub(crate) fn new(address: Address, target: SocketAddr, is_trusting: bool) -> Result<Self, String> {
        let tls = if address.is_tls {
            let name = ServerName::try_from(address.host.clone()).map_err(|error| error.to_string())?;
            Some((Arc::new(tls_config(is_trusting)?), name))
        } else {
            None
        };
        Ok(Self { target, address, tls })
    }

    fn dress(&self, stream: TcpStream) -> Result<Stream, String> {
        match &self.tls {
            None => Ok(Stream::Plain(stream)),
            Some((config, name)) => {
                let connection = ClientConnection::new(Arc::clone(config), name.clone())
                    .map_err(|error| error.to_string())?;
                Ok(Stream::Tls(Box::new(StreamOwned::new(connection, stream))))
            }
        }
    }
}

fn tls_config(is_trusting: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    if is_trusting {
        let verifier = Arc::new(Trusting(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Takes any certificate, for servers that made their own.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// One WebSocket.
#[derive(Debug)]
pub(crate) struct Wire(Phase);

#[derive(Debug)]
enum Phase {
    Connecting(TcpStream),
    Shaking(MidHandshake<ClientHandshake<Stream>>),
    Open(Box<WebSocket<Stream>>),
    /// This side is done, and reads until the other one is.
    Closing(Box<WebSocket<Stream>>),
    Over,
}

impl Wire {
    /// Begins to connect; the stream is to be watched by whoever calls.
    pub(crate) fn connect(
        target: SocketAddr,
        watch: impl FnOnce(&mut TcpStream) -> io::Result<()>,
    ) -> io::Result<(Self, SocketAddr)> {
        let mut stream = TcpStream::connect(target)?;
        watch(&mut stream)?;
        let local = stream.local_addr()?;
        Ok((Self(Phase::Connecting(stream)), local))
    }

    /// Something can be read or written.
    pub(crate) fn on_ready(&mut self, way: &Way, news: &mut Vec<News>) {
        loop {
            match std::mem::replace(&mut self.0, Phase::Over) {
                Phase::Connecting(stream) => match is_connected(&stream) {
                    Ok(false) => {
                        self.0 = Phase::Connecting(stream);
                        return;
                    }
                    Ok(true) => self.shake(way, stream, news),
                    Err(error) => return news.push(News::Closed(sentence(&error))),
                },
                Phase::Shaking(half) => {
                    if !self.take(half.handshake(), news) {
                        return;
                    }
                }
                Phase::Open(socket) => return self.read(socket, Phase::Open, news),
                // What comes now is for nobody any more.
                Phase::Closing(socket) => return self.read(socket, Phase::Closing, &mut Vec::new()),
                Phase::Over => return,
            }
        }
    }

    fn shake(&mut self, way: &Way, stream: TcpStream, news: &mut Vec<News>) {
        drop(stream.set_nodelay(true));
        let request = way.address.to_string().into_client_request().map_err(|error| error.to_string());
        let begun = way.dress(stream).and_then(|stream| Ok((stream, request?)));
        match begun {
            Ok((stream, request)) => drop(self.take(tungstenite::client(request, stream), news)),
            Err(error) => news.push(News::Closed(error)),
        }
    }

    /// True if there is more to do at once.
    fn take(
        &mut self,
        outcome: Result<
            (WebSocket<Stream>, tungstenite::handshake::client::Response),
            HandshakeError<ClientHandshake<Stream>>,
        >,
        news: &mut Vec<News>,
    ) -> bool {
        match outcome {
            Ok((socket, _)) => {
                self.0 = Phase::Open(Box::new(socket));
                news.push(News::Opened);
                true
            }
            Err(HandshakeError::Interrupted(half)) => {
                self.0 = Phase::Shaking(half);
                false
            }
            Err(HandshakeError::Failure(error)) => {
                news.push(News::Closed(no_socket(&error)));
                false
            }
        }
    }

    /// Reads all there is; `phase` goes on after it.
    fn read(
        &mut self,
        mut socket: Box<WebSocket<Stream>>,
        phase: fn(Box<WebSocket<Stream>>) -> Phase,
        news: &mut Vec<News>,
    ) {
        loop {
            match socket.read() {
                Ok(Message::Text(text)) => news.push(News::Text(text)),
                Ok(Message::Close(frame)) => {
                    let reason = frame.map(|frame| format!("{} {}", u16::from(frame.code), frame.reason));
                    return news
                        .push(News::Closed(format!("closed by the server: {}", reason.unwrap_or_default())));
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    // What could not be written before.
                    drop(socket.flush());
                    self.0 = phase(socket);
                    return;
                }
                Err(tungstenite::Error::Io(error)) => return news.push(News::Closed(sentence(&error))),
                Err(error) => return news.push(News::Closed(error.to_string())),
            }
        }
    }

    /// Sends a text frame; what the system does not take now goes out when it is ready.
    pub(crate) fn send(&mut self, text: String) {
        if let Phase::Open(socket) = &mut self.0 {
            // A socket that is broken says so when it is read.
            drop(socket.send(Message::text(text)));
        }
    }

    /// Leaves as somebody who is done. It is over when the server has closed, too: a socket that is dropped with bytes unread is reset,
    /// and the server may never hear the goodbye.
    pub(crate) fn close(&mut self) {
        self.0 = match std::mem::replace(&mut self.0, Phase::Over) {
            Phase::Open(mut socket) => {
                let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::from_static("done") };
                drop(socket.close(Some(frame)));
                drop(socket.flush());
                Phase::Closing(socket)
            }
            Phase::Closing(socket) => Phase::Closing(socket),
            Phase::Connecting(_) | Phase::Shaking(_) | Phase::Over => Phase::Over,
        };
    }

    /// Whether nothing comes or goes any more.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.0, Phase::Over)
    }
}

fn is_connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

fn sentence(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nobody listens there (connection refused)".to_owned(),
        ErrorKind::InvalidData if error.to_string().contains("certificate") => {
            format!("{error} (--insecure takes any certificate)")
        }
        _ => error.to_string(),
    }
}

fn no_socket(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Http(response) => {
            format!("no WebSocket there: the server answered {}", response.status())
        }
        tungstenite::Error::Io(error) => sentence(error),
        error => error.to_string(),
    }
}
