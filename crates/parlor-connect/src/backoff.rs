//! How long to wait before a retry: doubling, capped, with jitter that is a function of its seed, the peer and the
//! retry, so that a run can be repeated and two peers never retry in lockstep.

use std::hash::{Hash, Hasher};

use crate::cause::Cause;
use crate::remote::Remote;
use crate::settings::Settings;

/// Milliseconds until retry number `retry` (from 0) of the connection with `peer`.
pub(crate) fn delay_ms(settings: &Settings, cause: &Cause, seed: u64, peer: &Remote, retry: u32) -> u64 {
    let first = match cause {
        Cause::Dtls => settings.dtls_retry_delay_ms,
        _ => settings.retry_delay_ms,
    };
    let doubled = first.saturating_mul(1_u64.checked_shl(retry).unwrap_or(u64::MAX));
    let delay = doubled.min(settings.retry_delay_max_ms);
    let span = delay.saturating_mul(settings.jitter_percent.min(100)) / 100;
    if span == 0 {
        return delay;
    }
    let mut hasher = Fnv(seed ^ 0xcbf2_9ce4_8422_2325);
    (peer.to_string(), retry).hash(&mut hasher);
    let offset = mix(hasher.finish()) % span.saturating_mul(2).saturating_add(1);
    delay.saturating_sub(span).saturating_add(offset)
}

/// FNV-1a: the same on every machine, which `DefaultHasher` does not promise.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The finishing step of SplitMix64 (Steele, Lea and Flood, 2014): spreads the bits that FNV leaves alike.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
