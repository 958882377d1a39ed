//! What a hub is told once, when it is made.

use std::net::SocketAddr;
use std::sync::Arc;

use str0m::config::DtlsCert;
use str0m::crypto::CryptoProvider;

/// The key pair that all transports of a server show, and the means of encryption. Cheap to clone.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) certificate: DtlsCert,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl Certificate {
    /// Makes a key pair. This draws entropy from the system; the shell does it once, for all hubs.
    ///
    /// None if the system's cryptography can't make one.
    #[must_use]
    pub fn generate() -> Option<Self> {
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = provider.dtls_provider.generate_certificate()?;
        Some(Self { certificate, provider })
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

/// How a hub is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The UDP addresses that are offered to participants, as they see them. `Input::Datagram` names one of them as
    /// `local`, `Output::Transmit` too.
    pub local: Vec<SocketAddr>,
    /// The TCP addresses where participants can connect to, as they see them (RFC 6544, passive candidates). They count for less than
    /// `local`.
    pub local_tcp: Vec<SocketAddr>,
    /// Whether those who receive video have their bandwidth estimated and their packets paced.
    pub has_congestion_control: bool,
    /// What all transports show.
    pub certificate: Certificate,
}
