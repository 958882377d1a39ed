//! TLS, with a certificate made on the spot and with one from files.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use parlor_server::{Config, Listeners, RunError, Tls, run};
use rcgen::generate_simple_self_signed;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, config, soon};

/// A person who clicks the browser's warning away: any certificate will do, but its signatures must be right.
#[derive(Debug)]
struct Trusting(CryptoProvider);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

async fn connect(server: &Server, client: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(server.addr).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    soon("a TLS handshake", TlsConnector::from(Arc::new(client)).connect(name, tcp)).await
}

fn builder() -> tokio_rustls::rustls::ConfigBuilder<ClientConfig, tokio_rustls::rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
}

async fn ping(server: &Server, stream: TlsStream<TcpStream>) {
    let url = format!("wss://localhost:{}/ws", server.addr.port());
    let (mut socket, _) = soon("a handshake", tokio_tungstenite::client_async(url, stream)).await.unwrap();
    socket.send(Message::text(r#"{"type":"ping","data":{"t":5}}"#)).await.unwrap();
    let pong = soon("a pong", socket.next()).await.unwrap().unwrap();
    assert_eq!(pong.into_text().unwrap().as_str(), r#"{"type":"pong","data":{"t":5}}"#);
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = soon("the end", socket.next()).await {}
}

#[tokio::test]
async fn a_self_signed_certificate_is_good_for_a_websocket() {
    let server = Server::start(Config { tls: Tls::SelfSigned, ..config() }).await;
    let trusting = builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(ring::default_provider())))
        .with_no_client_auth();
    let stream = connect(&server, trusting).await.unwrap();
    ping(&server, stream).await;
    // Whoever does not click the warning away does not get in.
    let strict = builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    assert!(connect(&server, strict).await.is_err());
}

#[tokio::test]
async fn a_certificate_from_files_is_checked_by_its_name() {
    let files = tempfile::tempdir().unwrap();
    let (cert, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::start(Config { tls: Tls::Files { cert, key }, ..config() }).await;
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let strict = builder().with_root_certificates(roots).with_no_client_auth();
    let stream = connect(&server, strict).await.unwrap();
    ping(&server, stream).await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_named() {
    let tls = Tls::Files { cert: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
    let config = Config { tls, ..config() };
    let listeners = Listeners::bind(&config.listen).unwrap();
    let error = run(config, listeners, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, RunError::Tls(_)));
    assert!(error.to_string().contains("/nowhere/cert.pem"), "{error}");
}

#[tokio::test]
async fn plain_http_to_a_tls_port_harms_nobody() {
    let server = Server::start(Config { tls: Tls::SelfSigned, ..config() }).await;
    let mut tcp = TcpStream::connect(server.addr).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut tcp, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    drop(soon("the end", tokio::io::AsyncReadExt::read_to_end(&mut tcp, &mut answer)).await);
    assert!(!answer.starts_with(b"HTTP/"));
}
