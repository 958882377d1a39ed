//! What there is and what there was, in numbers.

/// What a server holds now, and what it has done. All of what it holds is 0 when all allocations are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Allocations, those whose socket is not open yet included.
    pub allocations: usize,
    /// Permissions of these.
    pub permissions: usize,
    /// Channels of these.
    pub channels: usize,
    /// Identities that have allocations.
    pub identities: usize,
    /// Clients and relayed addresses by which allocations are found.
    pub routes: usize,
    /// Timers.
    pub timers: usize,
    /// Bytes that wait to be polled.
    pub buffered_bytes: usize,
    /// What was done since the server was made.
    pub totals: Totals,
}

impl Ledger {
    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            allocations,
            permissions,
            channels,
            identities,
            routes,
            timers,
            buffered_bytes,
            totals: _,
        } = self;
        [*allocations, *permissions, *channels, *identities, *routes, *timers, *buffered_bytes]
            .iter()
            .all(|held| *held == 0)
    }
}

/// Counted since the server was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Allocations made.
    pub allocated: u64,
    /// Answers to STUN binding requests.
    pub bindings: u64,
    /// Requests answered with an error, those asked to identify themselves (401, 438) not counted.
    pub refused: u64,
    /// Requests without credentials, or with such that are wrong or expired.
    pub unauthorized: u64,
    /// Datagrams and frames of clients that could not be read.
    pub malformed: u64,
    /// Datagrams relayed, both ways.
    pub datagrams: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Datagrams not relayed: no permission, no channel, a forbidden address.
    pub not_permitted: u64,
    /// Datagrams not relayed because their allocation has had its share.
    pub over_rate: u64,
}
