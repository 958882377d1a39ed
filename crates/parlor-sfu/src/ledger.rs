//! What there is and what there was, in numbers.

/// What a hub holds now, and what it has done. All of what it holds is 0 when everybody has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Rooms with a transport.
    pub rooms: usize,
    /// Transports.
    pub transports: usize,
    /// Tracks that are sent.
    pub producers: usize,
    /// Producers that someone receives, once for each receiver.
    pub consumers: usize,
    /// Receive slots, taken or not.
    pub slots: usize,
    /// User fragments, addresses and guesses in the demultiplexer.
    pub routes: usize,
    /// Timers.
    pub timers: usize,
    /// Bytes of datagrams that wait to be polled.
    pub buffered_bytes: usize,
    /// What was done since the hub was made.
    pub totals: Totals,
}

impl Ledger {
    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            rooms,
            transports,
            producers,
            consumers,
            slots,
            routes,
            timers,
            buffered_bytes,
            totals: _,
        } = self;
        [rooms, transports, producers, consumers, slots, routes, timers, buffered_bytes]
            .iter()
            .all(|count| **count == 0)
    }
}

/// What was done since the hub was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Datagrams that came.
    pub datagrams_in: u64,
    /// Datagrams that went.
    pub datagrams_out: u64,
    /// Datagrams that were nobody's.
    pub datagrams_unknown: u64,
    /// Datagrams that could not be read.
    pub datagrams_malformed: u64,
    /// Packets of producers.
    pub packets_in: u64,
    /// Packets written for consumers.
    pub packets_forwarded: u64,
    /// Key frames asked for.
    pub key_frames_asked: u64,
    /// Times that a slot got another producer.
    pub slot_changes: u64,
    /// Times that a consumer was meant for another layer.
    pub layer_changes: u64,
    /// Data frames passed on, once for each receiver.
    pub frames_relayed: u64,
    /// Data frames that were bad, too many, or for someone too slow.
    pub frames_dropped: u64,
    /// Transports that ended without ever having been connected: their participants can't reach the hub.
    pub unreachable: u64,
    /// Transports that ended by a fault of the hub's own.
    pub panics: u64,
}
