//! Nonces without a memory of them: the time and a keyed hash over it and the client's address (RFC 8489, sections 9.2 and 9.2.4).

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use parlor_proto::Time;
use stun_types::attribute::MessageIntegritySha256;
use stun_types::message::{IntegrityKey, ShortTermCredentials};

use crate::limits::NONCE_MS;

/// Says that the server knows more than one password algorithm: `obMatJos2`, then the security features in Base64, of which bit 0
/// is set (sections 9.2 and 18.1).
const COOKIE: &str = "obMatJos2AAAB";
/// Hexadecimal digits of the time, in seconds.
const TIME_DIGITS: usize = 10;
/// Bytes of the hash that are shown.
const MAC_BYTES: usize = 12;

#[derive(Debug)]
pub(crate) struct Nonces {
    key: IntegrityKey,
}

impl Nonces {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key: ShortTermCredentials::new(format!("nonce {}", HEXLOWER.encode(&key))).make_key() }
    }

    pub(crate) fn make(&self, now: Time, ip: IpAddr) -> String {
        let time = format!("{:0TIME_DIGITS$x}", now.as_ms() / 1_000);
        let mac = self.mac(&time, ip);
        format!("{COOKIE}{time}{mac}")
    }

    /// Whether this server made it for that address, not too long ago.
    pub(crate) fn is_good(&self, nonce: &str, now: Time, ip: IpAddr) -> bool {
        let Some((time, mac)) =
            nonce.strip_prefix(COOKIE).and_then(|rest| rest.split_at_checked(TIME_DIGITS))
        else {
            return false;
        };
        let made_at =
            u64::from_str_radix(time, 16).ok().map(|seconds| Time::from_ms(seconds.saturating_mul(1_000)));
        // It is no secret: who guesses one is spared a round trip, no more.
        made_at.is_some_and(|made_at| now.ms_since(made_at) < NONCE_MS) && mac == self.mac(time, ip)
    }

    fn mac(&self, time: &str, ip: IpAddr) -> String {
        let address = ip.to_string();
        let mac = MessageIntegritySha256::compute(&[time.as_bytes(), b" ", address.as_bytes()], &self.key);
        mac.map_or_else(|_| String::new(), |mac| HEXLOWER.encode(mac.get(..MAC_BYTES).unwrap_or_default()))
    }
}
