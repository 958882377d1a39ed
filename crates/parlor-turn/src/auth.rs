//! Who a request is from: the long-term credential mechanism (RFC 8489, section 9.2.4), with keys by MD5 and by SHA-256.

use parlor_proto::Time;
use stun_types::attribute::{
    AttributeStaticType, MessageIntegrity, MessageIntegritySha256, Nonce, PasswordAlgorithm,
    PasswordAlgorithmValue, PasswordAlgorithms, Realm, Username,
};
use stun_types::message::{IntegrityAlgorithm, IntegrityKey, Message};

use crate::credentials;
use crate::io::Client;
use crate::requests::Refusal;
use crate::server::Server;

/// In the order in which clients shall take them.
pub(crate) const ALGORITHMS: [PasswordAlgorithmValue; 2] =
    [PasswordAlgorithmValue::SHA256, PasswordAlgorithmValue::MD5];

/// Who has signed a request, and how the answer is signed.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) username: String,
    pub(crate) key: IntegrityKey,
    pub(crate) algorithm: IntegrityAlgorithm,
}

impl Server {
    /// Finds out who has sent a request, or what to answer instead.
    pub(crate) fn authenticate(
        &self,
        now: Time,
        client: &Client,
        message: &Message<'_>,
    ) -> Result<Signer, Refusal> {
        const NO_CREDENTIALS: Refusal = Refusal::unauthorized("no credentials");
        const WRONG: Refusal = Refusal::unauthorized("wrong credentials");
        let is_signed = message.has_attribute(MessageIntegrity::TYPE)
            || message.has_attribute(MessageIntegritySha256::TYPE);
        if !is_signed {
            return Err(NO_CREDENTIALS);
        }
        let (Ok(username), Ok(realm), Ok(nonce)) =
            (message.attribute::<Username>(), message.attribute::<Realm>(), message.attribute::<Nonce>())
        else {
            return Err(Refusal::bad_request("a signed request without USERNAME, REALM or NONCE"));
        };
        let username = username.username();
        let algorithm = password_algorithm(message)?;
        if !self.nonces.is_good(nonce.nonce(), now, client.remote.ip()) {
            return Err(Refusal::STALE_NONCE);
        }
        if realm.realm() != self.settings.realm {
            return Err(WRONG);
        }
        // Whoever has an allocation may keep it: the time of the credentials is that for making one.
        let of_allocation = self.allocation_of(client).map(|allocation| &allocation.signer);
        let known =
            of_allocation.filter(|signer| signer.username == username && signer.algorithm == algorithm);
        let key = match known {
            Some(signer) => signer.key.clone(),
            None if self.settings.secret.is_empty() => return Err(WRONG),
            None => {
                credentials::identity(username, now)
                    .map_err(|error| Refusal::unauthorized(error.as_str()))?;
                credentials::key(&self.settings.secret, &self.settings.realm, username, algorithm)
            }
        };
        if message.validate_integrity_with_key(&key).is_err() {
            return Err(WRONG);
        }
        Ok(Signer { username: username.to_owned(), key, algorithm })
    }
}

/// Which algorithm makes the key. Every nonce of this server says that there are several.
fn password_algorithm(message: &Message<'_>) -> Result<IntegrityAlgorithm, Refusal> {
    let (has_one, has_all) =
        (message.has_attribute(PasswordAlgorithm::TYPE), message.has_attribute(PasswordAlgorithms::TYPE));
    if !has_one && !has_all {
        return Ok(IntegrityAlgorithm::Sha1);
    }
    match (message.attribute::<PasswordAlgorithm>(), message.attribute::<PasswordAlgorithms>()) {
        (Ok(one), Ok(all)) if all.algorithms() == ALGORITHMS.as_slice() => Ok(one.algorithm().as_integrity()),
        _ => Err(Refusal::bad_request("PASSWORD-ALGORITHM and PASSWORD-ALGORITHMS are not as offered")),
    }
}
