//! TLS (rustls): the operator's certificate, or one made on the spot for a first try.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::{Config, Tls};

/// Days that a certificate made on the spot is good for. It lives as long as the process.
const SELF_SIGNED_DAYS: i64 = 365;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file can't be read.
    #[error("the certificate {path} can't be read: {reason}")]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The key's file can't be read.
    #[error("the private key {path} can't be read: {reason}")]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Certificate and key are no pair, or of a kind that can't be used.
    #[error("the certificate and its key can't be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    SelfSigned(#[from] rcgen::Error),
}

/// What connections are encrypted with, if they are.
///
/// # Errors
/// [`TlsError`] when the certificate or its key can't be read or used.
pub(crate) fn acceptor(config: &Config) -> Result<Option<TlsAcceptor>, TlsError> {
    let (chain, key) = match &config.tls {
        Tls::Off => return Ok(None),
        Tls::Files { cert, key } => (read_chain(cert)?, read_key(key)?),
        Tls::SelfSigned => self_signed(config)?,
    };
    let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // WebSockets over HTTP/2 would be a second way to do the same.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    if config.turn.is_some() {
        // RFC 7443, section 4.
        tls.alpn_protocols.push(b"stun.turn".to_vec());
    }
    Ok(Some(TlsAcceptor::from(Arc::new(tls))))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fail = |reason: String| TlsError::Certificate { path: path.to_owned(), reason };
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| fail(error.to_string()))?;
    if chain.is_empty() {
        return Err(fail("there is no certificate in it".to_owned()));
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| TlsError::Key { path: path.to_owned(), reason: error.to_string() })
}

fn self_signed(config: &Config) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(reachable_addresses(config).iter().map(ToString::to_string));
    names.extend(config.public_hosts.iter().cloned());
    names.sort_unstable();
    names.dedup();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "parlor, signed by itself");
    let now = time::OffsetDateTime::now_utc();
    // A clock that is a little late shall not take it for one of tomorrow.
    params.not_before = now.saturating_sub(time::Duration::days(1));
    params.not_after = now.saturating_add(time::Duration::days(SELF_SIGNED_DAYS));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into())))
}

/// The addresses under which the server is reached, with those of the machine's interfaces where it listens on all.
pub(crate) fn reachable_addresses(config: &Config) -> Vec<IpAddr> {
    let mut reachable = Vec::new();
    for listen in config.listen.iter().map(|address| address.ip().to_canonical()) {
        if !listen.is_unspecified() {
            reachable.push(listen);
            continue;
        }
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let same_family = interfaces.iter().map(if_addrs::Interface::ip).filter(|ip| match ip {
            // Link-local IPv6 addresses need a zone, which has no place in a certificate or an address bar.
            IpAddr::V6(ip) => listen.is_ipv6() && !ip.is_unicast_link_local(),
            IpAddr::V4(_) => true,
        });
        reachable.extend(same_family);
    }
    reachable.dedup();
    reachable
}
