//! The figures at `/metrics`, as Prometheus text: the registry's gauges and the shell's own counters.

use std::fmt;
use std::sync::atomic::AtomicU64;

use parlor_proto::{CloseCode, ErrorCode};
use parlor_room::Gauges;
use parlor_sfu::{Ledger, Totals};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::outbox::Load;

/// What the shells count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) frames_in: Counter<u64, AtomicU64>,
    pub(crate) bytes_in: Counter<u64, AtomicU64>,
    pub(crate) frames_out: Counter<u64, AtomicU64>,
    pub(crate) bytes_out: Counter<u64, AtomicU64>,
    /// Differences and pongs dropped, and frames to sockets that are closing.
    pub(crate) frames_dropped: Counter<u64, AtomicU64>,
    /// Room lists that gave their place to a newer one.
    pub(crate) lists_replaced: Counter<u64, AtomicU64>,
    /// Outboxes that were full.
    pub(crate) overflows: Counter<u64, AtomicU64>,
    /// Sockets that took nothing for too long.
    pub(crate) stalls: Counter<u64, AtomicU64>,
    /// Datagrams of media that the system did not take.
    pub(crate) datagrams_dropped: Counter<u64, AtomicU64>,
    /// TCP connections for media that found no place.
    pub(crate) tcp_refused: Counter<u64, AtomicU64>,
    /// TCP connections for media that were closed because they read too slowly.
    pub(crate) tcp_slow: Counter<u64, AtomicU64>,
    /// Panics of a hub beyond a single transport.
    pub(crate) hub_panics: Counter<u64, AtomicU64>,
    /// Panics of the registry.
    pub(crate) panics: Counter<u64, AtomicU64>,
    /// Sockets refused because there is no place.
    pub(crate) sockets_refused: Counter<u64, AtomicU64>,
    /// Requests refused for their `Host` or `Origin`.
    pub(crate) requests_refused: Counter<u64, AtomicU64>,
    closes: Family<CloseLabel, Counter<u64, AtomicU64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabel {
    code: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabel {
    code: &'static str,
}

/// What is read at the moment of asking.
pub(crate) trait Source: Send + Sync + fmt::Debug + 'static {
    /// The registry's figures.
    fn gauges(&self) -> Gauges;
    /// What waits to be written: over all sockets, and at the one that has most.
    fn queued(&self) -> (Load, Load);
    /// What the hubs hold and have done.
    fn ledgers(&self) -> Vec<Ledger>;
    /// TCP connections for media.
    fn tcp_connections(&self) -> usize;
    /// What the TURN server holds and has done.
    fn turn(&self) -> TurnFigures;
}

/// Of the TURN server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TurnFigures {
    pub(crate) ledger: parlor_turn::Ledger,
    /// Connections of clients.
    pub(crate) streams: usize,
    /// Datagrams and frames that found no place.
    pub(crate) dropped: u64,
}

impl Counters {
    /// Counts a socket that the server closes.
    pub(crate) fn closed(&self, code: CloseCode) {
        self.closes.get_or_create(&CloseLabel { code: code.code().into() }).inc();
    }
}

/// The figures as text.
#[derive(Debug)]
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub(crate) fn new(counters: &Counters, source: impl Source) -> Self {
        let mut registry = Registry::with_prefix("parlor");
        let c = counters;
        let mut counter = |name: &str, help: &str, counter: &Counter<u64, AtomicU64>| {
            registry.register(name, help, counter.clone());
        };
        counter("frames_received", "Text frames received", &c.frames_in);
        counter("bytes_received", "Bytes of text frames received", &c.bytes_in);
        counter("frames_sent", "Text frames sent", &c.frames_out);
        counter("bytes_sent", "Bytes of text frames sent", &c.bytes_out);
        counter("frames_dropped", "Droppable frames that found no place in an outbox", &c.frames_dropped);
        counter("lists_replaced", "Unwritten room lists replaced by newer ones", &c.lists_replaced);
        counter("outbox_overflows", "Sockets closed because too much waited for them", &c.overflows);
        counter("outbox_stalls", "Sockets closed because they took nothing for too long", &c.stalls);
        counter("registry_panics", "Broken invariants that ended one socket", &c.panics);
        counter("hub_datagrams_dropped", "Datagrams that the system did not take", &c.datagrams_dropped);
        counter("hub_tcp_refused", "TCP connections for media without a place", &c.tcp_refused);
        counter("hub_tcp_slow", "TCP connections for media closed because they read too slowly", &c.tcp_slow);
        counter("hub_panics", "Panics of a hub beyond a single transport", &c.hub_panics);
        counter("sockets_refused", "WebSockets refused for want of a place", &c.sockets_refused);
        counter("requests_refused", "Requests refused for their Host or Origin", &c.requests_refused);
        registry.register("socket_closes", "Sockets closed by the server, by close code", c.closes.clone());
        registry.register_collector(Box::new(AtScrape(source)));
        Self(registry)
    }

    /// The OpenMetrics text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

#[derive(Debug)]
struct AtScrape<S>(S);

impl<S: Source> Collector for AtScrape<S> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let g = self.0.gauges();
        let (queued, deepest) = self.0.queued();
        let ledgers = self.0.ledgers();
        let held = |of: fn(&Ledger) -> usize| ledgers.iter().map(of).sum();
        let done = |of: fn(&Totals) -> u64| ledgers.iter().map(|ledger| of(&ledger.totals)).sum();
        let mut gauge = |name: &str, help: &str, value: usize| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let descriptor = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(descriptor)
        };
        gauge("sockets", "Open WebSockets", g.sockets)?;
        gauge("sessions", "Sessions, with and without an identity", g.sessions)?;
        gauge("sessions_anonymous", "Sessions without an identity", g.sessions_anonymous)?;
        gauge("sessions_suspect", "Sessions that were lost and may come back", g.sessions_suspect)?;
        gauge("watchers", "Sessions that watch the room list", g.watchers)?;
        gauge("rooms", "Rooms", g.rooms)?;
        gauge("rooms_empty", "Rooms without participants", g.rooms_empty)?;
        gauge("rooms_mesh", "Rooms that are a mesh", g.rooms.saturating_sub(g.rooms_sfu))?;
        gauge("rooms_sfu", "Rooms around the hub", g.rooms_sfu)?;
        gauge("rooms_moving", "Rooms that move between mesh and hub", g.rooms_moving)?;
        gauge("participants", "Participants, summed over the rooms", g.participants)?;
        gauge("peer_sockets", "Open WebSockets of PeerJS clients", g.peer_sockets)?;
        gauge("peers", "PeerJS clients that have their id", g.peers)?;
        gauge("peer_queues", "Absent ids that somebody waits for", g.peer_queues)?;
        gauge("peer_frames_parked", "Frames that wait for absent ids", g.peer_frames_parked)?;
        gauge("peer_bytes_parked", "Bytes of these", g.peer_bytes_parked)?;
        gauge("replay_frames", "Frames kept for sessions that may come back", g.frames_kept)?;
        gauge("replay_bytes", "Bytes of these", g.bytes_kept)?;
        gauge("timers", "Armed timers", g.timers)?;
        gauge("queued_frames", "Frames that wait to be written", queued.frames)?;
        gauge("queued_bytes", "Bytes of these", queued.bytes)?;
        gauge("queued_frames_max", "Frames that wait at the slowest socket", deepest.frames)?;
        gauge("queued_bytes_max", "Bytes that wait at the slowest socket", deepest.bytes)?;
        gauge("hub_rooms", "Rooms with a transport", held(|l| l.rooms))?;
        gauge("hub_transports", "Transports", held(|l| l.transports))?;
        gauge("hub_producers", "Tracks that are sent to the hub", held(|l| l.producers))?;
        gauge("hub_consumers", "Producers that someone receives, once for each", held(|l| l.consumers))?;
        gauge("hub_slots", "Receive slots, taken or not", held(|l| l.slots))?;
        gauge("hub_routes", "User fragments and addresses of transports", held(|l| l.routes))?;
        gauge("hub_timers", "Timers of transports", held(|l| l.timers))?;
        gauge("hub_tcp_connections", "TCP connections for media", self.0.tcp_connections())?;
        gauge("hub_buffered_bytes", "Bytes of datagrams that wait to go out", held(|l| l.buffered_bytes))?;
        let turn = self.0.turn();
        let t = turn.ledger;
        gauge("turn_allocations", "Relays", t.allocations)?;
        gauge("turn_permissions", "Addresses that relays may exchange datagrams with", t.permissions)?;
        gauge("turn_channels", "Channels of relays", t.channels)?;
        gauge("turn_identities", "Identities that have relays", t.identities)?;
        gauge("turn_connections", "TURN clients by TCP and TLS", turn.streams)?;
        let mut counter = |name: &str, help: &str, value: u64| {
            let counter = ConstCounter::new(value);
            let descriptor = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(descriptor)
        };
        counter("joins", "Joins", g.joins_total)?;
        counter("leaves", "Leaves", g.leaves_total)?;
        counter("rooms_made", "Rooms made", g.rooms_made_total)?;
        counter("moves_up", "Moves of rooms from mesh to hub", g.moves_up_total)?;
        counter("moves_down", "Moves of rooms from hub to mesh", g.moves_down_total)?;
        counter("moves_overdue", "Moves for which not all were ready in time", g.moves_overdue_total)?;
        counter("signals_relayed", "Offers, answers and candidates relayed", g.signals_relayed_total)?;
        let p = &g.peer_totals;
        counter("peers_opened", "Ids given to PeerJS clients", p.opened)?;
        counter("peers_taken_over", "Ids that went on at another socket of the same client", p.taken_over)?;
        counter("peers_lost", "PeerJS clients of whom nothing was heard", p.lost)?;
        counter("peer_ids_taken", "PeerJS clients refused because their id is taken", p.ids_taken)?;
        counter("peers_refused", "PeerJS clients refused for another reason", p.refused)?;
        counter("peer_frames_relayed", "Frames from one PeerJS client to another", p.relayed)?;
        counter("peer_frames_kept", "Frames that waited for an absent id", p.parked)?;
        counter("peer_frames_unkept", "Frames for absent ids without a place", p.unparked)?;
        counter("peers_expired", "Times that a PeerJS client was told of an absent id", p.expired)?;
        counter("peer_frames_limited", "Frames of PeerJS clients above the rate", p.limited)?;
        counter("peer_frames_malformed", "Frames of PeerJS clients that could not be read", p.malformed)?;
        counter("lists_encoded", "Whole room lists encoded", g.lists_encoded_total)?;
        counter("deltas_encoded", "Room list differences and digests encoded", g.deltas_encoded_total)?;
        counter("hub_datagrams_received", "Datagrams that came to the hub", done(|t| t.datagrams_in))?;
        counter("hub_datagrams_sent", "Datagrams that the hub sent", done(|t| t.datagrams_out))?;
        counter("hub_datagrams_unknown", "Datagrams that were nobody's", done(|t| t.datagrams_unknown))?;
        counter(
            "hub_datagrams_malformed",
            "Datagrams that could not be read",
            done(|t| t.datagrams_malformed),
        )?;
        counter("hub_packets_received", "Packets of producers", done(|t| t.packets_in))?;
        counter("hub_packets_forwarded", "Packets written for consumers", done(|t| t.packets_forwarded))?;
        counter("hub_key_frames_asked", "Key frames asked for", done(|t| t.key_frames_asked))?;
        counter("hub_unreachable", "Participants whose transport never connected", done(|t| t.unreachable))?;
        counter("hub_transport_panics", "Transports ended by a fault of the hub", done(|t| t.panics))?;
        let t = t.totals;
        counter("turn_allocated", "Relays opened", t.allocated)?;
        counter("turn_bindings", "STUN binding requests answered", t.bindings)?;
        counter("turn_refused", "Requests answered with an error", t.refused)?;
        counter("turn_unauthorized", "Requests without good credentials", t.unauthorized)?;
        counter("turn_malformed", "Datagrams and frames of clients that could not be read", t.malformed)?;
        counter("turn_datagrams", "Datagrams relayed, both ways", t.datagrams)?;
        counter("turn_bytes", "Bytes relayed, both ways", t.bytes)?;
        counter("turn_not_permitted", "Datagrams without a permission or channel", t.not_permitted)?;
        counter("turn_over_rate", "Datagrams of relays that had had their share", t.over_rate)?;
        counter("turn_dropped", "Datagrams and frames that found no place to go", turn.dropped)?;
        let errors = ConstCounter::new(0_u64);
        let mut family =
            encoder.encode_descriptor("errors", "Errors sent, by code", None, errors.metric_type())?;
        for (code, total) in ErrorCode::ALL.into_iter().zip(g.errors_total) {
            let label = ErrorLabel { code: code.as_str() };
            ConstCounter::new(total).encode(family.encode_family(&label)?)?;
        }
        Ok(())
    }
}
