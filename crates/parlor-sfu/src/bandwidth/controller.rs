//! The one place that calls `goog_cc`, libwebrtc's congestion controller in Rust. It is told of packets and feedback, and says what
//! the path bears and what it would like to have tried out.
//!
//! It asserts what its callers see to, so what is told to it is kept sane here: times never run backwards and are finite, sizes are
//! at least 1, and a report in which nothing came waits for one in which something did (it would panic). Its periodic probing is
//! not used, since that reads the system's clock; for all the rest it decides by the times that it is given.

use std::time::{Duration, Instant};

use goog_cc::experiments::FieldTrials;
use goog_cc::network_control::{NetworkControllerConfig, NetworkControllerInterface};
use goog_cc::transport::{
    NetworkAvailability, NetworkControlUpdate, PacedPacketInfo, PacketResult, ProcessInterval, SentPacket,
    TargetRateConstraints, TransportPacketsFeedback,
};
use goog_cc::units::{DataRate, DataSize, TimeDelta, Timestamp};
use goog_cc::{GoogCcConfig, GoogCcNetworkController};

use super::at_work::AtWork;
use super::history::Sent;
use super::probes::{Measured, Probe};
use crate::limits::SENT_PACKETS_MAX;

/// It takes packets of which nobody told for so long as a sign that the path is full, and lowers the estimate each second.
pub(crate) const UNHEARD_MAX: Duration = Duration::from_secs(3);
/// How often it wants to be asked.
const PROCESS_INTERVAL: Duration = Duration::from_millis(25);
/// The estimate stays between these, bits per second.
const LOWEST_BPS: u64 = 30_000;
const HIGHEST_BPS: u64 = 50_000_000;
/// Its times begin here, in microseconds: it takes 0 for long ago.
const BEGAN_US: i64 = 60_000_000;

/// What it says.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) estimate_bps: u64,
    pub(crate) probes: Vec<Probe>,
}

pub(crate) struct Controller {
    inner: AtWork,
    initial_bps: u64,
    began: Instant,
    /// The last time that was asked for: packets go out in heaps.
    last: (Instant, Timestamp),
    estimate_bps: u64,
    processed_at: Option<Instant>,
    /// What the next report says.
    pub(super) learned: Vec<PacketResult>,
    /// Something in it came.
    has_come: bool,
    /// The last probe that was ordered here.
    measured: Option<Measured>,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("estimate_bps", &self.estimate_bps).finish_non_exhaustive()
    }
}

/// What is other than in browsers. Losses are judged as there (`LossBasedBweV2`): a path that loses packets at any rate is told from
/// one that loses them because it is full. The rule before it (half the losses off every 300 ms above a tenth) does as well at 10 %; at
/// 12 % it fell to 124 kbit/s where this stays above 670, at 15 % to 33 where this stays above 500, and a forwarding server has to get a
/// picture through there.
fn trials() -> FieldTrials {
    let mut trials = FieldTrials::default();
    // A window of bytes under way is for encoders: it drops their frames. Nothing is encoded here.
    trials.congestion_window.queue_size_ms = 0;
    // What comes each second is measured as libwebrtc did before 2022. What it does now sorts each packet into the last 500, and was four fifths
    // of all that feedback cost; on all paths of the tests the estimates were the same within a few percent.
    trials.robust_throughput_estimator_settings.enabled = false;
    trials
}

fn rate(bps: u64) -> DataRate {
    DataRate::from_bits_per_sec(i64::try_from(bps).unwrap_or(0).max(1))
}

/// One that begins with an estimate.
pub(super) fn make(initial_bps: u64) -> GoogCcNetworkController {
    let config = NetworkControllerConfig {
        field_trials: trials(),
        constraints: TargetRateConstraints {
            at_time: Timestamp::from_micros(BEGAN_US),
            min_data_rate: Some(rate(LOWEST_BPS)),
            max_data_rate: Some(rate(HIGHEST_BPS)),
            starting_rate: Some(rate(initial_bps)),
        },
        ..NetworkControllerConfig::default()
    };
    // Round trips and losses are known from feedback.
    GoogCcNetworkController::new(config, GoogCcConfig { feedback_only: true })
}

impl Controller {
    fn inner<T>(&mut self, run: impl FnOnce(&mut GoogCcNetworkController) -> T) -> T {
        let initial_bps = self.initial_bps;
        self.inner.with(|| make(initial_bps), run)
    }

    pub(crate) fn new(now: Instant, initial_bps: u64) -> Self {
        let initial_bps = initial_bps.clamp(LOWEST_BPS, HIGHEST_BPS);
        Self {
            inner: AtWork::default(),
            initial_bps,
            began: now,
            last: (now, Timestamp::from_micros(BEGAN_US)),
            estimate_bps: initial_bps,
            processed_at: None,
            learned: Vec::new(),
            has_come: false,
            measured: None,
        }
    }

    pub(crate) const fn estimate_bps(&self) -> u64 {
        self.estimate_bps
    }

    fn time(&self, at: Instant) -> Timestamp {
        let us = i64::try_from(at.saturating_duration_since(self.began).as_micros()).unwrap_or(i64::MAX / 4);
        Timestamp::from_micros(us.saturating_add(BEGAN_US))
    }

    /// The first packet goes out.
    pub(crate) fn begin(&mut self, now: Instant) -> Told {
        let available = NetworkAvailability { at_time: self.time(now), network_available: true };
        let process = ProcessInterval { at_time: self.time(now), pacer_queue: None };
        let mut told = self.inner(|inner| inner.on_network_availability(available)).probe_cluster_configs;
        let update = self.inner(|inner| inner.on_process_interval(process));
        self.processed_at = Some(now);
        told.extend(update.probe_cluster_configs);
        self.told(NetworkControlUpdate { probe_cluster_configs: told, ..update })
    }

    /// What it does from time to time, if it is time.
    pub(crate) fn process(&mut self, now: Instant) -> Option<Told> {
        let last = self.processed_at?;
        if now.saturating_duration_since(last) < PROCESS_INTERVAL {
            return None;
        }
        self.processed_at = Some(now);
        let process = ProcessInterval { at_time: self.time(now), pacer_queue: None };
        let update = self.inner(|inner| inner.on_process_interval(process));
        Some(self.told(update))
    }

    pub(crate) fn on_sent(&mut self, now: Instant, bytes: usize) {
        let size = DataSize::from_bytes(i64::try_from(bytes).unwrap_or(i64::from(u16::MAX)));
        if self.last.0 != now {
            self.last = (now, self.time(now));
        }
        let packet = SentPacket { send_time: self.last.1, size, ..SentPacket::default() };
        self.inner(|inner| inner.on_sent_packet(packet));
    }

    /// Takes what feedback says of one packet, in microseconds since the first; all together counts with [`Self::on_feedback`].
    pub(crate) fn learn(&mut self, number: u64, sent: &Sent, arrived_us: Option<i64>) {
        let pacing_info = sent.probe.map_or_else(PacedPacketInfo::default, |probe| PacedPacketInfo {
            send_bitrate: rate(probe.bps),
            probe_cluster_id: probe.id,
            probe_cluster_min_probes: i64::from(probe.packets),
            probe_cluster_min_bytes: i64::from(probe.bytes),
            probe_cluster_bytes_sent: 0,
        });
        let sent_packet = SentPacket {
            send_time: self.time(sent.at),
            size: DataSize::from_bytes(i64::from(sent.bytes)),
            pacing_info,
            sequence_number: i64::try_from(number).unwrap_or(i64::MAX),
            ..SentPacket::default()
        };
        let receive_time = arrived_us.map_or_else(Timestamp::plus_infinity, |us| {
            self.has_come = true;
            if let Some(probe) = sent.probe {
                Measured::add(&mut self.measured, probe, sent.at, sent.bytes, us);
            }
            // No receiver's clock is so far off.
            const FAR_US: i64 = 1 << 50;
            Timestamp::from_micros(us.clamp(-FAR_US, FAR_US).saturating_add(BEGAN_US))
        });
        self.learned.push(PacketResult { sent_packet, receive_time, ..PacketResult::default() });
    }

    /// Counts what was learned.
    pub(crate) fn on_feedback(&mut self, now: Instant) -> Told {
        if !self.has_come {
            // At most all that are remembered are lost.
            self.learned.truncate(SENT_PACKETS_MAX);
            return self.told(NetworkControlUpdate::default());
        }
        self.has_come = false;
        if let Some(id) = self.measured.as_ref().and_then(|measured| measured.says_less(self.estimate_bps)) {
            let of_it = |packet: &&mut PacketResult| packet.sent_packet.pacing_info.probe_cluster_id == id;
            for packet in self.learned.iter_mut().filter(of_it) {
                packet.sent_packet.pacing_info = PacedPacketInfo::default();
            }
        }
        let feedback = TransportPacketsFeedback {
            feedback_time: self.time(now),
            packet_feedbacks: std::mem::take(&mut self.learned),
            ..TransportPacketsFeedback::default()
        };
        let update = self.inner(|inner| inner.on_transport_packets_feedback(feedback));
        self.told(update)
    }

    fn told(&mut self, update: NetworkControlUpdate) -> Told {
        if let Some(target) = update.target_rate {
            let bps = u64::try_from(target.target_rate.bps_or(0)).unwrap_or(0);
            self.estimate_bps = bps.clamp(LOWEST_BPS, HIGHEST_BPS);
        }
        let probe = |cluster: goog_cc::transport::ProbeClusterConfig| {
            let positive = |number: i64| u64::try_from(number).unwrap_or(0);
            let us =
                if cluster.target_duration.is_finite() { cluster.target_duration } else { TimeDelta::zero() };
            let packets = u32::try_from(cluster.target_probe_count).unwrap_or(1);
            Probe::new(cluster.id, positive(cluster.target_data_rate.bps_or(0)), positive(us.us()), packets)
        };
        let probes = update.probe_cluster_configs.into_iter().map(probe).collect();
        Told { estimate_bps: self.estimate_bps, probes }
    }
}
