//! How many files the process may have open: each connection and each relay is one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises what the process may have open to what the system lets it (`ulimit -Sn` to `ulimit -Hn`): the lower limit is there for
/// programs that use `select`, which none here does. Returns what it is then; none if the system does not say.
pub(crate) fn raise_limit() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return Some(hard);
    }
    Some(soft)
}

/// The same for a server, which says what it lacks.
pub(crate) fn raise_limit_to(wanted: usize) {
    let Some(allowed) = raise_limit() else { return };
    if allowed < u64::try_from(wanted).unwrap_or(u64::MAX) {
        tracing::warn!(
            allowed,
            wanted,
            "fewer files can be open than these settings allow connections: raise LimitNOFILE of the service, or ulimit -Hn"
        );
    }
}
