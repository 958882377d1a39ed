//! How well one connection works: figures once a second, a grade that does not flicker, and whether media stopped
//! (CM-15, CM-17). What is done about it is decided in `peer`.
//!
//! The figures come from `getStats` (W3C WebRTC Statistics, sections 8.3 to 8.7 and 8.22) as counters; differences and
//! shares are made here.

use std::collections::VecDeque;

use parlor_proto::{Grade, Time};

use crate::input::StatsSample;
use crate::output::Quality;
use crate::settings::Settings;

/// Loss is the share in the last so many samples: at 50 packets a second some 400 packets, enough to tell 2 % from 5 %.
const LOSS_SAMPLES: usize = 8;
/// Who is silent sends a few packets a second (Opus' discontinuous transmission, RFC 7587, section 3.1.3). Then older samples
/// count too, until there are so many packets, of which one lost is no 2 % yet.
const LOSS_PACKETS: u64 = 100;
/// Older samples say nothing about now.
const LOSS_SAMPLES_MAX: usize = 40;
/// A sample that comes more than so many periods after the one before says nothing about the time between.
const LATE_SAMPLES: u64 = 2;
/// The first packet is waited for so many times as long as later ones: whoever has just come may still be starting up.
const FIRST_PACKET_PATIENCE: u64 = 3;
/// So many samples in a row must be worse before the grade is.
const WORSE_SAMPLES: u32 = 2;
/// So many in a row must be better before the grade is.
const BETTER_SAMPLES: u32 = 4;

/// Above this a round trip is not good: what games ask for (GP-8), and well within the 150 ms one way up to which talk
/// feels undisturbed (ITU-T G.114, section 4).
const ROUND_TRIP_GOOD_MS: u32 = 200;
/// Above this it is poor: the 400 ms one way that should not be exceeded (ITU-T G.114, section 4).
const ROUND_TRIP_FAIR_MS: u32 = 800;
/// From here on loss is heard, now and then.
const LOSS_FAIR_PERMILLE: u32 = 20;
/// From here on words go missing.
const LOSS_POOR_PERMILLE: u32 = 100;
/// Above this jitter needs a longer playout delay than talk likes (ITU-T Y.1541, class 0).
const JITTER_GOOD_MS: u32 = 50;
/// Above this a browser's jitter buffer conceals often.
const JITTER_FAIR_MS: u32 = 150;

/// What is measured of one RTCPeerConnection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Health {
    /// When the next sample is due; none before the connection works.
    sample_at: Option<Time>,
    last: Option<(Time, StatsSample)>,
    /// When packets last came, or when they were first expected.
    packets_at: Time,
    /// Whether any packet ever came.
    has_flowed: bool,
    /// Since when packets came between any two samples; none if the last two had none between them.
    flowing_since: Option<Time>,
    /// Packets that came and packets that were lost between samples, the newest last.
    losses: VecDeque<(u64, u64)>,
    /// The grade that samples in a row ask for, and how many did.
    wanted: Option<(Grade, u32)>,
    quality: Option<Quality>,
}

impl Health {
    /// The connection works (again): sampling begins, and packets are expected from now on.
    pub(crate) fn begin(&mut self, now: Time, settings: &Settings) {
        self.sample_at = (settings.sample_ms > 0).then(|| now + settings.sample_ms);
        self.packets_at = now;
        self.flowing_since = None;
    }

    /// When the next sample is due.
    pub(crate) fn timeout(&self) -> Option<Time> {
        self.sample_at
    }

    /// Whether a sample is to be taken now; the next one is due a period later.
    pub(crate) fn is_due(&mut self, now: Time, settings: &Settings) -> bool {
        let is_due = self.sample_at.is_some_and(|at| at <= now);
        if is_due {
            self.sample_at = Some(now + settings.sample_ms);
        }
        is_due
    }

    /// The figures as they were last measured.
    pub(crate) fn quality(&self) -> Option<&Quality> {
        self.quality.as_ref()
    }

    /// Whether packets are missing, and have been for too long (CM-15).
    pub(crate) fn is_frozen(&self) -> bool {
        self.quality.as_ref().is_some_and(|quality| quality.grade == Grade::Lost)
    }

    /// Whether packets have come all the time, for as long as none would have had to come for a fault.
    pub(crate) fn is_well(&self, now: Time, settings: &Settings) -> bool {
        self.flowing_since.is_some_and(|since| now.ms_since(since) >= settings.frozen_ms)
    }

    /// A sample was taken. `expects_media`: the other side sends something and it is not muted. True if any figure is
    /// other than before.
    pub(crate) fn on_sample(
        &mut self,
        now: Time,
        sample: StatsSample,
        expects_media: bool,
        settings: &Settings,
    ) -> bool {
        let (before_at, before) = self.last.replace((now, sample.clone())).unwrap_or((now, sample.clone()));
        // Counters begin anew when a section gets another track.
        let came = sample.packets_received.saturating_sub(before.packets_received);
        let lost = sample.packets_lost.saturating_sub(before.packets_lost);
        let elapsed_ms = now.ms_since(before_at);
        // Where nobody looked, because the machine slept or has too much to do, nobody knows what came; and a restart
        // would only add to what there is to do.
        let was_watched = elapsed_ms <= settings.sample_ms.saturating_mul(LATE_SAMPLES);
        if came > 0 || !expects_media || !was_watched {
            self.packets_at = now;
        }
        // The first sample has nothing before it, and may tell of packets all the same.
        self.has_flowed |= sample.packets_received > 0;
        self.flowing_since = if came > 0 { self.flowing_since.or(Some(now)) } else { None };
        self.losses.push_back((came, lost));
        self.forget_losses();
        let kbps = |newer: u64, older: u64| {
            let bits = newer.saturating_sub(older).saturating_mul(8);
            u32::try_from(bits.checked_div(elapsed_ms).unwrap_or(0)).unwrap_or(u32::MAX)
        };
        let mut quality = Quality {
            grade: Grade::Good,
            round_trip_ms: sample.round_trip_ms,
            loss_permille: self.loss_permille(),
            jitter_ms: sample.jitter_ms,
            in_kbps: kbps(sample.bytes_received, before.bytes_received),
            out_kbps: kbps(sample.bytes_sent, before.bytes_sent),
            available_out_kbps: sample.available_out_kbps,
        };
        let patience = if self.has_flowed { 1 } else { FIRST_PACKET_PATIENCE };
        let frozen_ms = settings.frozen_ms.saturating_mul(patience);
        let is_frozen = frozen_ms > 0 && now.ms_since(self.packets_at) >= frozen_ms;
        quality.grade = if is_frozen { Grade::Lost } else { self.settled(plain_grade(&quality)) };
        let is_news = self.quality.as_ref() != Some(&quality);
        self.quality = Some(quality);
        is_news
    }

    fn forget_losses(&mut self) {
        while self.losses.len() > LOSS_SAMPLES {
            let newer = packets(self.losses.iter().skip(1));
            if self.losses.len() <= LOSS_SAMPLES_MAX && newer.0.saturating_add(newer.1) < LOSS_PACKETS {
                return;
            }
            self.losses.pop_front();
        }
    }

    fn loss_permille(&self) -> u32 {
        let (came, lost) = packets(self.losses.iter());
        let share = lost.saturating_mul(1_000).checked_div(came.saturating_add(lost)).unwrap_or(0);
        u32::try_from(share).unwrap_or(1_000)
    }

    /// The grade to show: the one shown until now, unless enough samples in a row ask for another.
    fn settled(&mut self, wanted: Grade) -> Grade {
        let shown = match &self.quality {
            Some(quality) if quality.grade != Grade::Lost => quality.grade,
            _ => wanted,
        };
        if wanted == shown {
            self.wanted = None;
            return shown;
        }
        let is_worse = wanted > shown;
        // Of samples that ask for different grades on the same side, all count for the newest.
        let in_a_row = match self.wanted {
            Some((before, count)) if (before > shown) == is_worse => count.saturating_add(1),
            _ => 1,
        };
        if in_a_row >= if is_worse { WORSE_SAMPLES } else { BETTER_SAMPLES } {
            self.wanted = None;
            return wanted;
        }
        self.wanted = Some((wanted, in_a_row));
        shown
    }
}

/// How many came and how many were lost in all of them.
fn packets<'a>(losses: impl Iterator<Item = &'a (u64, u64)>) -> (u64, u64) {
    losses.fold((0, 0), |sum, one| (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1)))
}

/// The grade of one sample by itself: that of its worst figure.
fn plain_grade(quality: &Quality) -> Grade {
    let by = |figure: u32, fair: u32, poor: u32| {
        if figure >= poor {
            Grade::Poor
        } else if figure >= fair {
            Grade::Fair
        } else {
            Grade::Good
        }
    };
    let above = |figure: Option<u32>, good: u32, fair: u32| {
        by(figure.unwrap_or(0), good.saturating_add(1), fair.saturating_add(1))
    };
    [
        above(quality.round_trip_ms, ROUND_TRIP_GOOD_MS, ROUND_TRIP_FAIR_MS),
        by(quality.loss_permille, LOSS_FAIR_PERMILLE, LOSS_POOR_PERMILLE),
        above(quality.jitter_ms, JITTER_GOOD_MS, JITTER_FAIR_MS),
    ]
    .into_iter()
    .max()
    .unwrap_or(Grade::Good)
}
