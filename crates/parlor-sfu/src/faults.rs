//! Faults of the hub's own, planted: for tests of what stands around it. Built with the feature `faults` only.

use std::sync::atomic::{AtomicU64, Ordering};

use parlor_proto::UserId;

/// Whose transport is to fail; 0: nobody's.
static PLANTED: AtomicU64 = AtomicU64::new(0);

/// The next call below this participant's transport panics, once, in whichever hub of the process it is.
pub fn plant(participant: &UserId) {
    PLANTED.store(mark(participant), Ordering::Release);
}

/// Whether that call is now.
pub(crate) fn springs(participant: &UserId) -> bool {
    PLANTED.compare_exchange(mark(participant), 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// FNV-1a, never 0.
fn mark(participant: &UserId) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    participant.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, step) | 1
}
