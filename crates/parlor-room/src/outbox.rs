//! The numbered frames of one session: their count, and the last of them for a session that comes back.

use std::collections::VecDeque;
use std::sync::Arc;

use parlor_proto::Encoded;

/// Numbers frames from 1 without gaps, and keeps the last ones: without their numbers, so that what went to a whole room is there once,
/// in however many outboxes.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: VecDeque<Encoded>,
    bytes: usize,
    frames_max: usize,
    bytes_max: usize,
    last_seq: u64,
    /// The last number that was handed to a socket, while there is none.
    away_since_seq: Option<u64>,
}

/// Why a session can't go on from the frame it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayError {
    /// The frames after it are no longer all here.
    TooOld,
    /// It was never sent.
    NeverSent,
}

impl Outbox {
    pub(crate) fn new(frames_max: usize, bytes_max: usize) -> Self {
        let frames = VecDeque::new();
        Self { frames, bytes: 0, frames_max, bytes_max, last_seq: 0, away_since_seq: None }
    }

    /// Numbers a frame and keeps it. Older ones go when there are too many.
    pub(crate) fn push(&mut self, message: &Encoded) -> Arc<str> {
        self.last_seq = self.last_seq.saturating_add(1);
        self.bytes = self.bytes.saturating_add(message.text().len());
        self.frames.push_back(message.clone());
        while self.frames.len() > self.frames_max || self.bytes > self.bytes_max {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.text().len());
        }
        message.numbered(self.last_seq)
    }

    /// The socket is gone: what follows is missed.
    pub(crate) fn on_away(&mut self) {
        self.away_since_seq.get_or_insert(self.last_seq);
    }

    /// A socket is there again.
    pub(crate) fn on_back(&mut self) {
        self.away_since_seq = None;
    }

    /// Whether more was missed than is kept: the session can no longer go on without a loss.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.away_since_seq.is_some_and(|seq| seq < self.dropped_seq())
    }

    /// The frames after number `last_seq`.
    pub(crate) fn after(&self, last_seq: u64) -> Result<impl Iterator<Item = Arc<str>> + '_, ReplayError> {
        if last_seq > self.last_seq {
            return Err(ReplayError::NeverSent);
        }
        let arrived = last_seq.checked_sub(self.dropped_seq()).ok_or(ReplayError::TooOld)?;
        let missed = self.frames.iter().skip(usize::try_from(arrived).unwrap_or(usize::MAX));
        Ok(missed.zip(last_seq.saturating_add(1)..).map(|(message, seq)| message.numbered(seq)))
    }

    /// How many frames are kept.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Bytes of these, as if nobody else kept them.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The highest number that is no longer kept, 0 if all are.
    fn dropped_seq(&self) -> u64 {
        self.last_seq.saturating_sub(u64::try_from(self.frames.len()).unwrap_or(u64::MAX))
    }
}
