//! ICE servers for clients: those of the settings, and the TURN server with credentials that are made for each session and end
//! after a while; before they do, the session gets new ones.

use std::fmt;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use parlor_proto::server::{IceServer, IceServers};
use parlor_proto::{ServerMessage, Time, UserId};
use sha1::Sha1;

use crate::registry::Registry;
use crate::session::SessionKey;

/// What the names of sessions begin with.
const SESSION_NAME: &str = "session/";

/// A TURN server that gives credentials for a shared secret: the user name is `<expiry>:<name>`, the expiry in seconds
/// since the Unix epoch, the password the HMAC-SHA1 of it in Base64 (draft-uberti-behave-turn-rest-00, section 2.2). The name of
/// a session is `session/<user id>`, which no id can be: whoever else has the secret makes other names.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnGrant {
    urls: Vec<String>,
    secret: String,
    lifetime_ms: u64,
}

impl TurnGrant {
    /// A server at these addresses, whose credentials are good for so long; at least 4 s, so that there is time to renew them.
    #[must_use]
    pub fn new(urls: Vec<String>, secret: String, lifetime_ms: u64) -> Self {
        Self { urls, secret, lifetime_ms: lifetime_ms.max(4_000) }
    }

    fn server_for(&self, user_id: &UserId, now: Time) -> IceServer {
        // Rounded up: what is promised is kept.
        let expires_at = (now + self.lifetime_ms).as_ms().div_ceil(1_000);
        let username = format!("{expires_at}:{SESSION_NAME}{user_id}");
        let credential = self.password(&username);
        IceServer { urls: self.urls.clone(), username: Some(username), credential: Some(credential) }
    }

    fn password(&self, username: &str) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.secret.as_bytes()) else { return String::new() };
        mac.update(username.as_bytes());
        BASE64.encode(&mac.finalize().into_bytes())
    }

    /// How long after they were made credentials are renewed: a quarter of their time is left then.
    const fn renewed_after_ms(&self) -> u64 {
        self.lifetime_ms / 4 * 3
    }
}

impl fmt::Debug for TurnGrant {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnGrant")
            .field("urls", &self.urls)
            .field("lifetime_ms", &self.lifetime_ms)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Whether the TURN server is to relay for the one whom a user name stands for, the part behind the colon. Every session has
    /// credentials from its `welcome` on, and is given relays while it is in a room. Other names are the business of who made
    /// them with the secret.
    #[must_use]
    pub fn may_relay(&self, name: &str) -> bool {
        let Some(user_id) = name.strip_prefix(SESSION_NAME) else { return true };
        let session = UserId::parse(user_id).ok().and_then(|user_id| self.sessions.with_user(&user_id));
        session.and_then(|key| self.sessions.at(key)).is_some_and(|session| !session.rooms.is_empty())
    }

    /// The servers for a session, with credentials that are good from now on; says when they are to be renewed.
    pub(crate) fn fresh_ice_servers(&mut self, key: SessionKey) -> Vec<IceServer> {
        let mut servers = self.config.ice_servers.clone();
        let Some(grant) = &self.config.turn else { return servers };
        let Some(session) = self.sessions.at_mut(key) else { return servers };
        if let Some(identity) = &session.identity {
            servers.push(grant.server_for(&identity.user_id, self.now));
            session.renewed_at = Some(self.now + grant.renewed_after_ms());
            self.arm_session(key);
        }
        servers
    }

    /// Credentials grow old. Who has no socket gets new ones with the next `welcome`.
    pub(crate) fn renew_ice_servers(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.at_mut(key) else { return };
        session.renewed_at = None;
        if session.link.conn().is_some() {
            let ice_servers = self.fresh_ice_servers(key);
            self.send(key, &ServerMessage::IceServers(IceServers { ice_servers }));
        }
    }

    /// A client asks. Who is nobody yet gets no credentials.
    pub(crate) fn on_ice_servers(&mut self, key: SessionKey) {
        let ice_servers = self.fresh_ice_servers(key);
        self.send(key, &ServerMessage::IceServers(IceServers { ice_servers }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The password was made with `openssl dgst -sha1 -hmac`.
    #[test]
    fn credentials_are_those_of_the_convention() {
        let grant = TurnGrant::new(Vec::new(), "north".to_owned(), 3_600_000);
        let server = grant.server_for(&UserId::parse("ann").unwrap(), Time::from_ms(1_700_000_000_500));
        assert_eq!(server.username.as_deref(), Some("1700003601:session/ann"));
        assert_eq!(server.credential.as_deref(), Some("yVRfOLYZ/F6BMD48x/704Y/nlCE="));
        assert!(!format!("{grant:?}").contains("north"));
    }
}
