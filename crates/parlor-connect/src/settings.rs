//! How patient the connection manager is. Every figure of CM-5, CM-6, CM-15 to CM-19.

use serde::{Deserialize, Serialize};

/// The manager's figures; times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// How long connections wait for local media after joining (CM-5).
    pub media_wait_ms: u64,
    /// How long after its offer was sent an attempt may take to connect (CM-6).
    pub offer_timeout_ms: u64,
    /// How long an offer is waited for (CM-6).
    pub wait_timeout_ms: u64,
    /// How long a connection may be `disconnected` before ICE is restarted.
    pub disconnected_ms: u64,
    /// How long someone missing after a reconnect is kept (`docs/protocol.md`, Rooms).
    pub missing_ms: u64,
    /// Retries before giving up (CM-6).
    pub retries_max: u32,
    /// The first retry's delay; it doubles with each (CM-6).
    pub retry_delay_ms: u64,
    /// The same after a failed DTLS handshake (CM-16).
    pub dtls_retry_delay_ms: u64,
    /// No retry's delay is longer, jitter aside (CM-6).
    pub retry_delay_max_ms: u64,
    /// The most that jitter adds or takes away, in per cent of the delay (CM-6).
    pub jitter_percent: u64,
    /// Attempts of one's own at once; the rest queue (CM-18).
    pub attempts_at_once: usize,
    /// Between the starts of two attempts (CM-19).
    pub stagger_ms: u64,
    /// Between two looks at a connection's figures (CM-17); 0: nobody looks.
    pub sample_ms: u64,
    /// How long no packet may come from who sends, before the connection is restarted (CM-15); 0: it is left
    /// alone.
    pub frozen_ms: u64,
    /// How long after that, if it did not help, the connection is made anew; it doubles with each time.
    pub still_frozen_ms: u64,
    /// From how many people on, oneself among them, a room that may become a star keeps the path to the hub ready; 0: it does
    /// not.
    pub warm_from: usize,
    /// How many voices come through a hub at once; 0: none, so that no packets are expected of it (CM-15).
    pub hub_voices: usize,
    /// How long the path that a room moves to has to work, until it is said to be ready: what is sent on it arrives by then.
    pub settle_ms: u64,
    /// How long the path from before a room moved is kept; ten times as long while it still brings somebody whom the new one does not.
    pub old_path_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            media_wait_ms: 10_000,
            offer_timeout_ms: 10_000,
            wait_timeout_ms: 15_000,
            disconnected_ms: 3_000,
            missing_ms: 10_000,
            retries_max: 3,
            retry_delay_ms: 2_000,
            dtls_retry_delay_ms: 4_000,
            retry_delay_max_ms: 8_000,
            jitter_percent: 20,
            attempts_at_once: 4,
            stagger_ms: 200,
            sample_ms: 1_000,
            frozen_ms: 5_000,
            still_frozen_ms: 60_000,
            warm_from: 4,
            hub_voices: 6,
            settle_ms: 400,
            old_path_ms: 1_000,
        }
    }
}
