//! What happened, for people and for machines: the numbered log of each room, and the events that come out for log
//! lines and metrics (VC-7). How a line looks is decided in the shell.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parlor_proto::{LeaveReason, Mode, Name, Role, RoomId, Time, UserId};

/// Names a session in logs and in `welcome`. Opens nothing: that is what the resume token is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    pub(crate) fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// Something that happened, complete for one log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A session got its identity.
    SessionStarted {
        /// Which session.
        session: SessionId,
        /// For whom it speaks.
        participant: UserId,
    },
    /// A session goes on at another socket.
    SessionResumed {
        /// Which session.
        session: SessionId,
        /// For whom it speaks.
        participant: UserId,
        /// How many frames it had missed.
        replayed: usize,
    },
    /// A session was lost and may come back.
    SessionSuspect {
        /// Which session.
        session: SessionId,
        /// For whom it speaks.
        participant: UserId,
        /// How it was lost.
        cause: SuspectCause,
    },
    /// A session that was silent was heard again, at the same socket.
    SessionHeard {
        /// Which session.
        session: SessionId,
        /// For whom it speaks.
        participant: UserId,
    },
    /// A session has ended: the client is gone.
    ClientGone {
        /// Which session.
        session: SessionId,
        /// For whom it spoke.
        participant: UserId,
        /// Why.
        reason: LeaveReason,
    },
    /// What a session that ended had held is free.
    Freed {
        /// Which session.
        session: SessionId,
        /// For whom it spoke.
        participant: UserId,
        /// How much of what.
        freed: Freed,
    },
    /// Something happened to a peer (PeerJS).
    Peer {
        /// In which room.
        room: RoomId,
        /// To whom.
        participant: UserId,
        /// What.
        event: PeerEvent,
    },
    /// Something happened in a room; also in the room's log, under this number.
    Room {
        /// Which room.
        room: RoomId,
        /// The entry of its log.
        entry: Entry,
    },
}

/// Something that happened to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerEvent {
    /// It has its id.
    Opened,
    /// Its id went over from an older socket of the same client.
    TakenOver,
    /// Its id is free.
    Gone(PeerGone),
}

/// How a peer came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerGone {
    /// It gave its id back.
    Left,
    /// It closed its socket.
    Closed,
    /// Its socket broke off.
    Lost,
    /// Nothing was heard of it for too long, or when somebody else wanted its id.
    Silent,
    /// The server closed its socket for what came through it, or waited for it.
    Refused,
    /// It goes on with another key, or somebody came with a token for its id.
    TakenOver,
    /// It is not on the roster of its room any more.
    Unlisted,
    /// An operator put it out.
    PutOut,
    /// Its room has ended, or the server stops.
    RoomEnded,
}

/// How a session was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuspectCause {
    /// Neither a frame nor a pong came in time.
    Silent,
    /// The socket broke off.
    Lost,
    /// The client closed with this code, which is no leave.
    Closed(u16),
    /// The server closed the socket with this code for what came through it.
    Refused(u16),
}

/// What a session had held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Freed {
    /// Rooms it was in.
    pub rooms: usize,
    /// Frames kept for its return.
    pub frames: usize,
    /// Bytes of these.
    pub bytes: usize,
}

/// One entry of a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts the room's entries from 1, without gaps.
    pub number: u64,
    /// When it happened.
    pub at: Time,
    /// What happened.
    pub event: RoomEvent,
}

/// Something that happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// The room exists.
    Made {
        /// Its name.
        name: Name,
        /// Who made it; none: an operator.
        by: Option<UserId>,
    },
    /// Someone came.
    Joined {
        /// Which session.
        session: SessionId,
        /// Who.
        participant: UserId,
        /// As what.
        role: Role,
        /// How many are there now.
        present: usize,
    },
    /// Someone is no longer there.
    Removed {
        /// Which session.
        session: SessionId,
        /// Who.
        participant: UserId,
        /// Why.
        reason: LeaveReason,
        /// By whose hand, if by another's.
        by: Option<UserId>,
        /// How many tracks of theirs went with them.
        tracks: usize,
        /// Who is still there, in order of joining.
        remain: Vec<UserId>,
    },
    /// Another one is the host.
    HostChanged {
        /// Who was.
        from: UserId,
        /// Who is.
        to: UserId,
    },
    /// Someone has another role.
    RoleChanged {
        /// Who.
        participant: UserId,
        /// Which one.
        role: Role,
    },
    /// Someone began or ended a recording.
    RecordingChanged {
        /// Who.
        participant: UserId,
        /// Whether it runs.
        is_recording: bool,
    },
    /// The room's settings changed.
    Updated {
        /// By whose hand.
        by: UserId,
    },
    /// An operator said who may be in it.
    RosterChanged {
        /// Who.
        members: Vec<UserId>,
        /// How many wait for a place.
        waiting: usize,
    },
    /// An operator opened it to everybody again.
    RosterGone,
    /// The room begins to move between mesh and hub. Where a move is under way, this one takes its place.
    MoveBegan {
        /// To where.
        to: Mode,
        /// Which move of this room, from 1.
        change: u32,
        /// Why.
        cause: MoveCause,
        /// How many are there.
        present: usize,
    },
    /// The room has moved.
    Moved {
        /// To where.
        to: Mode,
        /// Which move of this room.
        change: u32,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// How many were not ready when it was waited no longer.
        missing: usize,
    },
    /// The room no longer exists.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// Why a room moves between mesh and hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoveCause {
    /// Its settings hold it there.
    Settings,
    /// With a camera or screen on there are too many for a mesh.
    Video,
    /// With someone publishing audio there are too many for a mesh.
    Audio,
    /// For a while they have been few enough for a mesh.
    Few,
}

/// Why a room no longer exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// It was empty for too long.
    Empty,
    /// A host ended it.
    By(UserId),
    /// An operator ended it.
    Operator,
    /// The server stops.
    ServerStopping,
}

/// The last entries of a room's log.
#[derive(Clone, Debug)]
pub(crate) struct RoomLog {
    entries: VecDeque<Entry>,
    entries_max: usize,
    last_number: u64,
}

impl RoomLog {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self { entries: VecDeque::new(), entries_max, last_number: 0 }
    }

    /// Writes an entry, and gives it back with its number.
    pub(crate) fn write(&mut self, at: Time, event: RoomEvent) -> Entry {
        self.last_number = self.last_number.saturating_add(1);
        let entry = Entry { number: self.last_number, at, event };
        while self.entries.len() >= self.entries_max.max(1) {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    /// The entries that are still kept, oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}
