//! One session: one client, resumable at another socket. What it may do and what it is told is decided elsewhere; how
//! it is found is in `sessions.rs`.

use std::collections::VecDeque;

use parlor_proto::{Instance, Name, Time, UserId};

use crate::config::Config;
use crate::io::ConnId;
use crate::log::SessionId;
use crate::outbox::Outbox;
use crate::rate::{BadMessages, TokenBucket};
use crate::room::RoomKey;
use crate::token::{Grant, TokenError};

/// A session, for as long as the server runs; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionKey(pub(crate) u64);

/// How a session hangs together with a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It is heard there.
    Live(ConnId),
    /// Nothing was heard there for too long.
    Silent {
        /// The socket, which may still come alive.
        conn: ConnId,
        /// When that was noticed: the grace counts from here.
        since: Time,
    },
    /// There is none.
    Away {
        /// Since when: the grace counts from here.
        since: Time,
    },
}

impl Link {
    pub(crate) const fn conn(self) -> Option<ConnId> {
        match self {
            Self::Live(conn) | Self::Silent { conn, .. } => Some(conn),
            Self::Away { .. } => None,
        }
    }

    pub(crate) const fn suspect_since(self) -> Option<Time> {
        match self {
            Self::Live(_) => None,
            Self::Silent { since, .. } | Self::Away { since } => Some(since),
        }
    }

    pub(crate) const fn is_suspect(self) -> bool {
        self.suspect_since().is_some()
    }
}

/// For whom a session speaks.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) user_id: UserId,
    pub(crate) user_name: Name,
    pub(crate) instance: Instance,
    /// The client named none: it resumes without naming it.
    pub(crate) is_instance_ours: bool,
    pub(crate) session_id: SessionId,
    pub(crate) resume_token: Box<str>,
    /// The token that came with the hello, if it was issued for this identity; else why it is of no use.
    pub(crate) proof: Result<Grant, TokenError>,
}

/// Whether a session watches the room list, and which version it was given last (0: none yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// It did not ask.
    No,
    /// It gets whole lists.
    Lists {
        /// The last version it was given.
        seen: u64,
    },
    /// It gets differences.
    Deltas {
        /// The last version it was given.
        seen: u64,
    },
}

/// What the registry knows of one client.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) link: Link,
    /// None: anonymous.
    pub(crate) identity: Option<Identity>,
    /// Where it is, in order of joining.
    pub(crate) rooms: Vec<RoomKey>,
    /// Where it was until a short time ago.
    left: VecDeque<(RoomKey, Time)>,
    pub(crate) watch: Watch,
    pub(crate) outbox: Outbox,
    pub(crate) rate: TokenBucket,
    pub(crate) bad_messages: BadMessages,
    /// The highest number of its own that arrived.
    pub(crate) last_cseq: u64,
    pub(crate) heard_at: Time,
    pinged_at: Time,
    awaits_pong: bool,
    /// When its TURN credentials are made anew, if it has any.
    pub(crate) renewed_at: Option<Time>,
    /// Where its timer stands.
    pub(crate) armed: Option<Time>,
}

impl Session {
    pub(crate) fn new(conn: ConnId, config: &Config, now: Time) -> Self {
        Self {
            link: Link::Live(conn),
            identity: None,
            rooms: Vec::new(),
            left: VecDeque::new(),
            watch: Watch::No,
            outbox: Outbox::new(config.replay_frames_max, config.replay_bytes_max),
            rate: TokenBucket::new(config.frames_per_second, config.frames_burst, now),
            bad_messages: BadMessages::default(),
            last_cseq: 0,
            heard_at: now,
            pinged_at: now,
            awaits_pong: false,
            renewed_at: None,
            armed: None,
        }
    }

    /// Counts a frame that the client numbered. False if it was here before.
    pub(crate) fn on_cseq(&mut self, cseq: u64) -> bool {
        let is_new = cseq > self.last_cseq;
        self.last_cseq = self.last_cseq.max(cseq);
        is_new
    }

    /// A frame or a pong came.
    pub(crate) fn on_heard(&mut self, now: Time) {
        self.heard_at = now;
        self.awaits_pong = false;
    }

    /// A ping goes out.
    pub(crate) fn on_pinged(&mut self, now: Time) {
        self.pinged_at = now;
        self.awaits_pong = true;
    }

    /// When the next ping is due, if there is a socket.
    pub(crate) fn ping_at(&self, config: &Config) -> Option<Time> {
        self.link.conn()?;
        let every_ms = if self.rooms.is_empty() { config.ping_idle_ms } else { config.ping_in_room_ms };
        Some(self.pinged_at + every_ms)
    }

    /// From when on a silence makes it suspect; never while nothing was asked of it, or when it is already.
    pub(crate) fn silent_at(&self, config: &Config) -> Option<Time> {
        match self.link {
            Link::Live(_) if !self.rooms.is_empty() => Some(self.heard_at + config.suspect_ms),
            Link::Live(_) if self.awaits_pong => Some(self.pinged_at + config.suspect_ms),
            _ => None,
        }
    }

    /// When it is given up, if it is suspect.
    pub(crate) fn given_up_at(&self, config: &Config) -> Option<Time> {
        Some(self.link.suspect_since()? + config.grace_ms)
    }

    /// When something is to be done about it.
    pub(crate) fn wake_at(&self, config: &Config) -> Option<Time> {
        let moments =
            [self.ping_at(config), self.silent_at(config), self.given_up_at(config), self.renewed_at];
        moments.into_iter().flatten().min()
    }

    /// It is no longer in a room.
    pub(crate) fn on_left(&mut self, room: RoomKey, now: Time, config: &Config) {
        self.rooms.retain(|key| *key != room);
        self.left.retain(|(key, at)| *key != room && now.ms_since(*at) < config.stale_candidate_ms);
        while self.left.len() >= config.rooms_per_session_max.max(1) {
            self.left.pop_front();
        }
        self.left.push_back((room, now));
    }

    /// Whether it is in this room, or left it a short time ago.
    pub(crate) fn is_or_was_in(&self, room: RoomKey, now: Time, config: &Config) -> bool {
        self.rooms.contains(&room) || self.has_left(now, config).any(|key| key == room)
    }

    /// Where it was until a short time ago.
    pub(crate) fn has_left<'a>(
        &'a self,
        now: Time,
        config: &'a Config,
    ) -> impl Iterator<Item = RoomKey> + 'a {
        let is_recent = move |at: Time| now.ms_since(at) < config.stale_candidate_ms;
        self.left.iter().filter(move |(_, at)| is_recent(*at)).map(|(key, _)| *key)
    }
}
