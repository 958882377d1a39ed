//! What a client tells its application.

use parlor_connect::{PeerState, Quality, Remote};
use parlor_proto::server::ChatFrom;
use parlor_proto::{Mode, Participant, RawJson, Refusal, RoomId, Source, UserId};

use crate::track::RemoteTrack;

/// Whether the server is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// It is.
    Open,
    /// It was lost, and is tried again without end. Media goes on meanwhile.
    Reconnecting {
        /// Which try, from 1.
        attempt: u32,
        /// Milliseconds until that try.
        retry_in_ms: u64,
        /// Why it was lost.
        reason: String,
    },
    /// It ended, for good.
    Closed {
        /// Why.
        reason: String,
    },
}

/// Why one is no longer in a room.
#[derive(Clone, Debug, PartialEq)]
pub enum Departure {
    /// As the server says.
    Reason(parlor_proto::LeaveReason),
    /// After a reconnect the server did not let one in again.
    Refused(Box<Refusal>),
}

/// What happened. Everybody in a room is told of once when one enters it ([`crate::Room::participants`]), and of changes from
/// then on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The server came, or was lost.
    Session(SessionState),
    /// Somebody came into a room.
    Joined {
        /// Which room.
        room: RoomId,
        /// Who.
        participant: Participant,
    },
    /// Somebody left a room.
    Left {
        /// Which room.
        room: RoomId,
        /// Who.
        user: UserId,
        /// Why.
        reason: parlor_proto::LeaveReason,
    },
    /// Somebody changed: name, role, tracks, or whether they are lost for the moment.
    Updated {
        /// In which room.
        room: RoomId,
        /// As they are now.
        participant: Participant,
    },
    /// One is no longer in a room, without having asked for it.
    Out {
        /// Which room.
        room: RoomId,
        /// Why.
        reason: Departure,
        /// By whose hand.
        by: Option<UserId>,
    },
    /// One is in a room again, after the server lost the session.
    Again {
        /// Which room.
        room: RoomId,
    },
    /// The state of a connection changed.
    Connection {
        /// With whom.
        remote: Remote,
        /// The state now.
        state: PeerState,
    },
    /// Frames go directly from now on, or no longer, while the connection goes on.
    DataChannel {
        /// With whom.
        remote: Remote,
        /// Whether they do.
        is_open: bool,
    },
    /// How well a connection works is other than before.
    Quality {
        /// With whom.
        remote: Remote,
        /// The figures.
        quality: Quality,
    },
    /// A connection was given up after the last retry; [`crate::Client::retry`] tries again.
    ConnectionFailed {
        /// With whom.
        remote: Remote,
        /// Why, as a sentence.
        reason: String,
    },
    /// A room is heard directly from now on, or through its hub. Tracks go on.
    Path {
        /// Which room.
        room: RoomId,
        /// Over which path.
        plays: Mode,
    },
    /// Packets of a track begin to come.
    Track(RemoteTrack),
    /// Somebody wrote.
    Chat(ChatFrom),
    /// Somebody sent a message.
    Message {
        /// In which room.
        room: RoomId,
        /// Who.
        from: UserId,
        /// Any JSON.
        payload: RawJson,
    },
    /// Who records is other than before.
    Recording {
        /// In which room.
        room: RoomId,
        /// Everybody who does, in order of joining.
        recording: Vec<UserId>,
    },
    /// A host asks one to mute.
    MuteRequest {
        /// In which room.
        room: RoomId,
        /// Who asks.
        from: UserId,
    },
    /// The settings or the host of a room changed.
    RoomUpdated {
        /// Which room.
        room: RoomId,
    },
    /// A receiver needs a key frame of a track that one publishes.
    KeyFrameWanted {
        /// Of which.
        source: Source,
    },
    /// The server refused something that nobody waits for, such as an offer to somebody who has just left.
    Refused(Refusal),
    /// So many events did not fit into the queue, because nobody took them.
    Missed(u64),
}
