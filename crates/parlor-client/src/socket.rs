//! The WebSocket to the server: found, encrypted if the address says so, opened.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::address::Address;
use crate::error::Error;
use crate::options::Trust;

/// The server's frames may be larger than a client's: the room list is one.
const FRAME_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Bytes, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// Everything that is needed to open one.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) address: Address,
    tls: Option<Arc<ClientConfig>>,
}

impl Door {
    /// # Errors
    /// [`Error::Certificates`] when those to believe can't be used.
    pub(crate) fn new(address: Address, trust: &Trust) -> Result<Self, Error> {
        let tls = if address.is_secure { Some(Arc::new(tls_config(trust)?)) } else { None };
        Ok(Self { address, tls })
    }

    /// Opens a WebSocket; true with it if the server is on this machine's loopback.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Untrusted`], [`Error::NoServer`].
    pub(crate) async fn open(&self) -> Result<(Socket, bool), Error> {
        let Address { host, port, .. } = &self.address;
        let unreachable = |reason| Error::Unreachable { address: self.address.authority(), reason };
        let no_server = |reason: String| Error::NoServer { address: self.address.authority(), reason };
        let no_handshake = |reason: io::Error| match tls_error(&reason) {
            Some(TlsError::InvalidCertificate(_)) => {
                Error::Untrusted { address: self.address.authority(), reason }
            }
            Some(error) => no_server(error.to_string()),
            None => unreachable(reason),
        };
        let tcp = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let is_here = tcp.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(config) => {
                let name =
                    ServerName::try_from(host.clone()).map_err(|_| Error::Address(self.address.url()))?;
                let connector = TlsConnector::from(Arc::clone(config));
                Box::new(connector.connect(name, tcp).await.map_err(no_handshake)?)
            }
        };
        let request =
            self.address.url().into_client_request().map_err(|error| no_server(error.to_string()))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
            .await
            .map_err(|error| no_server(error.to_string()))?;
        Ok((socket, is_here))
    }
}

/// What TLS itself found wrong.
fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

fn tls_config(trust: &Trust) -> Result<ClientConfig, Error> {
    let fail = |error: &dyn std::fmt::Display| Error::Certificates(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(&error))?;
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Anybody => {
            let verifier = Arc::new(Believer(provider));
            return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
        }
        Trust::System => {
            // One certificate that can't be read is no reason to believe none.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Trust::Certificates(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| fail(&error))?;
                roots.add(certificate).map_err(|error| fail(&error))?;
            }
        }
    }
    if roots.is_empty() {
        return Err(fail(&"there are none to believe"));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Believes any certificate, but not that anybody else has its key.
#[derive(Debug)]
struct Believer(Arc<CryptoProvider>);

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
