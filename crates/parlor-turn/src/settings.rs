//! What the server is made with.

use std::fmt;

use crate::limits;
use crate::policy::Policy;

/// The settings of a [`Server`](crate::Server).
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The realm of the long-term credentials.
    pub realm: String,
    /// The secret that credentials are made from; see [`credentials`](crate::credentials()).
    pub secret: String,
    /// For nonces and hashing: drawn by the caller, anew for each server.
    pub key: [u8; 32],
    /// Where may be relayed to.
    pub policy: Policy,
    /// Allocations at once.
    pub allocations_max: usize,
    /// Of these of one identity.
    pub allocations_per_identity_max: usize,
    /// Bytes a second that one allocation may relay, both ways together. None: as many as come.
    pub bytes_per_second_max: Option<u64>,
    /// Families in which relays can be opened, IPv4 and IPv6.
    pub has_ipv4: bool,
    /// See `has_ipv4`.
    pub has_ipv6: bool,
}

impl Default for Settings {
    /// Without a secret nobody is let in.
    fn default() -> Self {
        Self {
            realm: "parlor".to_owned(),
            secret: String::new(),
            key: [0; 32],
            policy: Policy::default(),
            allocations_max: limits::ALLOCATIONS_MAX,
            allocations_per_identity_max: limits::ALLOCATIONS_PER_IDENTITY_MAX,
            bytes_per_second_max: None,
            has_ipv4: true,
            has_ipv6: false,
        }
    }
}

impl fmt::Debug for Settings {
    /// Without what is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("realm", &self.realm)
            .field("policy", &self.policy)
            .field("allocations_max", &self.allocations_max)
            .field("allocations_per_identity_max", &self.allocations_per_identity_max)
            .field("bytes_per_second_max", &self.bytes_per_second_max)
            .finish_non_exhaustive()
    }
}
