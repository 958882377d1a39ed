//! The keys of a transport's media (RFC 5764, section 4.2), overheard as its DTLS hands them to str0m.
//!
//! str0m keeps the keys to itself, but lets its DTLS be chosen. What is chosen here is what str0m would have chosen, with somebody
//! listening: each DTLS instance has a place for its keys, written once. str0m makes the instance while the transport is
//! made, so the place is handed over by way of the thread.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
    SrtpProfile,
};
use str0m::crypto::{CryptoError, CryptoProvider};

/// Where the keys of one DTLS connection appear once its handshake is done.
pub(crate) type Place = Arc<OnceLock<Keys>>;

/// What DTLS gives for SRTP.
pub(crate) struct Keys {
    pub(crate) profile: SrtpProfile,
    /// Client's key, server's key, client's salt, server's salt.
    pub(crate) material: Vec<u8>,
    /// Whether this end is DTLS' client, which sends by the client's key.
    pub(crate) is_client: bool,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

thread_local! {
    /// The place that the last instance on this thread was made with.
    static MADE: Cell<Option<Place>> = const { Cell::new(None) };
}

/// The same means of encryption, with somebody listening.
pub(crate) fn overheard(provider: CryptoProvider) -> CryptoProvider {
    CryptoProvider { dtls_provider: &Overhearing, ..provider }
}

/// The place of the instance that was made last, for whoever had it made.
pub(crate) fn take_place() -> Option<Place> {
    MADE.take()
}

#[derive(Debug)]
struct Overhearing;

impl Overhearing {
    /// The provider that listens needs no place of its own for it: all of a `CryptoProvider` is static.
    fn inner() -> &'static dyn DtlsProvider {
        str0m::crypto::from_feature_flags().dtls_provider
    }
}

impl DtlsProvider for Overhearing {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        Self::inner().generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = Self::inner().new_dtls(cert, now, dtls_version, mtu)?;
        let place = Place::default();
        MADE.set(Some(Arc::clone(&place)));
        Ok(Box::new(Overheard { inner, place }))
    }

    fn is_test(&self) -> bool {
        Self::inner().is_test()
    }
}

#[derive(Debug)]
struct Overheard {
    inner: Box<dyn DtlsInstance>,
    place: Place,
}

impl DtlsInstance for Overheard {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.inner.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let is_client = self.inner.is_active();
            // A second set would be of another handshake, of which DTLS 1.2 has none here.
            let _ = self.place.set(Keys { profile: *profile, material: material.to_vec(), is_client });
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
