//! What an application asks of its client's task.

use parlor_connect::Remote;
use parlor_proto::client::UserJoinedRoom;
use parlor_proto::{Participant, RawJson, Receive, RoomId, Source, UserId};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::track::{Outlets, Publish};

type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// One request.
pub(crate) enum Command {
    Join { request: Box<UserJoinedRoom>, reply: Reply<()> },
    Leave { room: RoomId, reply: Reply<()> },
    Publish { publish: Publish, reply: Reply<Outlets> },
    Unpublish { source: Source },
    Enable { source: Source, is_enabled: bool },
    Chat { room: RoomId, text: String, reply: Reply<()> },
    Message { room: RoomId, to: Option<UserId>, payload: RawJson, reply: Reply<()> },
    Recording { room: RoomId, is_active: bool },
    Receive(Receive),
    Participants { room: RoomId, reply: Reply<Vec<Participant>> },
    Retry { remote: Remote },
    KeyFrame { user: UserId, source: Source },
    Close { reply: oneshot::Sender<()> },
}

impl Command {
    /// Answers whoever waits, when nothing is done any more.
    pub(crate) fn reject(self) {
        fn closed<T>(reply: Reply<T>) {
            // Whoever asked may have gone.
            drop(reply.send(Err(Error::Closed("the client is closed".to_owned()))));
        }
        match self {
            Self::Join { reply, .. }
            | Self::Leave { reply, .. }
            | Self::Chat { reply, .. }
            | Self::Message { reply, .. } => closed(reply),
            Self::Publish { reply, .. } => closed(reply),
            Self::Participants { reply, .. } => closed(reply),
            Self::Close { reply } => {
                let _ = reply.send(());
            }
            Self::Unpublish { .. }
            | Self::Enable { .. }
            | Self::Recording { .. }
            | Self::Receive(_)
            | Self::Retry { .. }
            | Self::KeyFrame { .. } => {}
        }
    }
}
