//! How well a transport's path works, in a word (AU-6): by what is lost on the way in and out, and by the round trip. The word does
//! not flicker, and is told when it changes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parlor_proto::Grade;
use str0m::rtp::Ssrc;

/// Losses are the share in the last so many samples: at 50 packets a second some 400, enough to tell 2 % from 5 %.
const LOSS_SAMPLES: usize = 8;
/// Who is silent sends a few packets a second (Opus' discontinuous transmission, RFC 7587, section 3.1.3). Then older samples count
/// too, until there are so many packets, of which one lost is no 2 % yet.
const LOSS_PACKETS: u64 = 100;
/// Older samples say nothing about now.
const LOSS_SAMPLES_MAX: usize = 40;
/// Streams of one transport of which packets are counted; the oldest gives way.
const STREAMS_MAX: usize = 64;
/// A step in a stream's sequence numbers above this is no loss, but a new beginning (RFC 3550, appendix A.1).
const DROPOUT_MAX: u64 = 3_000;
/// So many samples in a row must be worse before the grade is.
const WORSE_SAMPLES: u32 = 2;
/// So many in a row must be better before the grade is.
const BETTER_SAMPLES: u32 = 4;

/// Above this a round trip is not good. This figure and those below are what clients grade by (`parlor-connect`, `health.rs`, where the
/// reasons are).
const ROUND_TRIP_GOOD: Duration = Duration::from_millis(200);
/// Above this it is poor.
const ROUND_TRIP_FAIR: Duration = Duration::from_millis(800);
/// From here on loss is noticed, now and then.
const LOSS_FAIR_PERMILLE: u64 = 20;
/// From here on it disturbs.
const LOSS_POOR_PERMILLE: u64 = 100;

/// No grade is told sooner after the one before.
const TOLD_INTERVAL: Duration = Duration::from_secs(1);

/// What is known of one transport's path.
#[derive(Debug, Default)]
pub(crate) struct PathGrade {
    streams: VecDeque<Stream>,
    /// What came in and what was lost, in all since the path was there, at the last samples; the newest last.
    ingress: VecDeque<Arrivals>,
    /// The share that was lost on the way out, in the last samples that knew of it.
    egress_permille: VecDeque<u64>,
    /// What of sound came at the other end and what was lost, in all, by its reports.
    reported: Arrivals,
    reports: VecDeque<Arrivals>,
    /// What samples in a row ask for, and how many did.
    wanted: Option<(Grade, u32)>,
    /// None before the first sample.
    settled: Option<Grade>,
    told: Option<(Grade, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: Ssrc,
    first: u64,
    highest: u64,
    came: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Arrivals {
    came: u64,
    lost: u64,
}

impl PathGrade {
    /// A packet came, with its sequence number as it is without wrapping.
    pub(crate) fn on_packet(&mut self, ssrc: Ssrc, seq: u64) {
        let fresh = Stream { ssrc, first: seq, highest: seq, came: 1 };
        match self.streams.iter_mut().find(|stream| stream.ssrc == ssrc) {
            Some(stream) if stream.highest.abs_diff(seq) > DROPOUT_MAX => *stream = fresh,
            Some(stream) => {
                stream.first = stream.first.min(seq);
                stream.highest = stream.highest.max(seq);
                stream.came = stream.came.saturating_add(1);
            }
            None => {
                if self.streams.len() >= STREAMS_MAX {
                    self.streams.pop_front();
                }
                self.streams.push_back(fresh);
            }
        }
    }

    /// The other end has told of so many more packets of sound.
    pub(crate) const fn on_report(&mut self, came: u64, lost: u64) {
        self.reported.came = self.reported.came.saturating_add(came);
        self.reported.lost = self.reported.lost.saturating_add(lost);
    }

    /// A second has passed. `egress_loss`: the share that was lost on the way out, 0 to 1, if the other end tells of it.
    pub(crate) fn on_sample(&mut self, round_trip: Option<Duration>, egress_loss: Option<f32>) {
        let now = self.streams.iter().fold(Arrivals::default(), |sum, stream| {
            let sent = stream.highest.saturating_sub(stream.first).saturating_add(1);
            Arrivals {
                came: sum.came.saturating_add(stream.came),
                lost: sum.lost.saturating_add(sent.saturating_sub(stream.came)),
            }
        });
        push(&mut self.ingress, now);
        push(&mut self.reports, self.reported);
        if let Some(share) = egress_loss {
            self.egress_permille.push_back(permille(share));
            if self.egress_permille.len() > LOSS_SAMPLES {
                self.egress_permille.pop_front();
            }
        }
        let lost_permille =
            [lost_permille(&self.ingress), lost_permille(&self.reports), self.egress_permille()];
        self.settle(plain_grade(round_trip, lost_permille.into_iter().max().unwrap_or_default()));
    }

    /// The path was lost: what comes after it is measured anew.
    pub(crate) fn on_lost(&mut self) {
        let told = self.told;
        *self = Self { told, ..Self::default() };
    }

    /// The grade of a path that is there.
    pub(crate) fn settled(&self) -> Grade {
        self.settled.unwrap_or(Grade::Good)
    }

    /// Whether this is to be told now: it is other than what was told, which was a while ago.
    pub(crate) fn take_news(&mut self, now: Instant, grade: Grade) -> bool {
        let is_news = self
            .told
            .is_none_or(|(told, at)| told != grade && now.saturating_duration_since(at) >= TOLD_INTERVAL);
        if is_news {
            self.told = Some((grade, now));
        }
        is_news
    }

    /// Whether this is what was told last.
    pub(crate) fn is_told(&self, grade: Grade) -> bool {
        self.told.is_some_and(|(told, _)| told == grade)
    }

    fn egress_permille(&self) -> u64 {
        let samples = u64::try_from(self.egress_permille.len()).unwrap_or(u64::MAX);
        self.egress_permille.iter().sum::<u64>().checked_div(samples).unwrap_or(0)
    }

    /// The grade stays as it is until enough samples in a row ask for another.
    fn settle(&mut self, wanted: Grade) {
        let shown = *self.settled.get_or_insert(wanted);
        if wanted == shown {
            self.wanted = None;
            return;
        }
        let is_worse = wanted > shown;
        // Of samples that ask for different grades on the same side, all count for the newest.
        let in_a_row = match self.wanted {
            Some((before, count)) if (before > shown) == is_worse => count.saturating_add(1),
            _ => 1,
        };
        if in_a_row >= if is_worse { WORSE_SAMPLES } else { BETTER_SAMPLES } {
            (self.settled, self.wanted) = (Some(wanted), None);
        } else {
            self.wanted = Some((wanted, in_a_row));
        }
    }
}

/// Keeps a sample, and lets those go that are not looked at any more.
fn push(samples: &mut VecDeque<Arrivals>, now: Arrivals) {
    samples.push_back(now);
    while samples.len() > LOSS_SAMPLES.saturating_add(1)
        && (samples.len() > LOSS_SAMPLES_MAX
            || samples.get(1).is_some_and(|oldest| packets(*oldest, now) >= LOSS_PACKETS))
    {
        samples.pop_front();
    }
}

fn lost_permille(samples: &VecDeque<Arrivals>) -> u64 {
    let (Some(oldest), Some(newest)) = (samples.front(), samples.back()) else { return 0 };
    let lost = newest.lost.saturating_sub(oldest.lost);
    lost.saturating_mul(1_000).checked_div(packets(*oldest, *newest)).unwrap_or(0)
}

/// How many came and were lost between two samples.
fn packets(older: Arrivals, newer: Arrivals) -> u64 {
    newer.came.saturating_sub(older.came).saturating_add(newer.lost.saturating_sub(older.lost))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 1,000")]
fn permille(share: f32) -> u64 {
    (share.clamp(0.0, 1.0) * 1_000.0) as u64
}

/// The grade of one sample by itself: that of its worst figure.
fn plain_grade(round_trip: Option<Duration>, loss_permille: u64) -> Grade {
    let by_time = match round_trip {
        Some(time) if time > ROUND_TRIP_FAIR => Grade::Poor,
        Some(time) if time > ROUND_TRIP_GOOD => Grade::Fair,
        _ => Grade::Good,
    };
    let by_loss = match loss_permille {
        LOSS_POOR_PERMILLE.. => Grade::Poor,
        LOSS_FAIR_PERMILLE.. => Grade::Fair,
        _ => Grade::Good,
    };
    by_time.max(by_loss)
}

#[cfg(test)]
mod tests;
