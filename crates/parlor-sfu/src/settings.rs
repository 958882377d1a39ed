//! What a hub is told once, when it is made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use str0m::RtcConfig;
use str0m::config::DtlsCert;
use str0m::crypto::CryptoProvider;

use crate::clock::WallClock;
use crate::keys;

/// The key pair that all transports of a server show, the means of encryption, and the time of day. Cheap to clone.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) certificate: DtlsCert,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) clock: WallClock,
}

impl Certificate {
    /// Makes a key pair. This draws entropy from the system; the shell does it once, for all hubs. `now` and `time_of_day` are this
    /// moment: what is sent says by the time of day which sound belongs to which picture.
    ///
    /// None if the system's cryptography can't make one.
    #[must_use]
    pub fn generate(now: Instant, time_of_day: SystemTime) -> Option<Self> {
        let provider = Arc::new(keys::overheard(str0m::crypto::from_feature_flags()));
        let certificate = provider.dtls_provider.generate_certificate()?;
        // str0m reads the time of day when it is first used, and never again. It reports on pictures, so that has to be now, too.
        let config = RtcConfig::new().set_crypto_provider(Arc::clone(&provider));
        drop(config.set_dtls_cert(certificate.clone()).build(now));
        drop(keys::take_place());
        Some(Self { certificate, provider, clock: WallClock::new(now, time_of_day) })
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
