//! The socket of the present session, from the side of the client's task: texts go in and come out, and its end is told once.

use std::time::Duration;

use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::limits;
use crate::socket::Socket;

/// Closed by this side, which comes back.
pub(crate) const COMING_BACK: u16 = 4_000;
/// Closed by this side, which has left.
pub(crate) const DONE: u16 = 1_000;
/// Closed by the server: the session went on elsewhere.
pub(crate) const REPLACED: u16 = 4_001;

/// How a socket ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The close code; none without a close frame.
    pub(crate) code: Option<u16>,
    pub(crate) reason: String,
}

impl Lost {
    fn because(reason: impl ToString) -> Self {
        Self { code: None, reason: reason.to_string() }
    }
}

/// An open socket. What is written waits in a queue, so that a server that reads slowly holds nobody up.
pub(crate) struct Line {
    read: SplitStream<Socket>,
    write: mpsc::Sender<Message>,
    writer: JoinHandle<()>,
    heard_at: Instant,
}

impl Line {
    pub(crate) fn new(socket: Socket) -> Self {
        let (mut sink, read) = socket.split();
        // The outbox' frames, and as many of others.
        let (write, mut written) = mpsc::channel::<Message>(2 * limits::KEPT_FRAMES_MAX);
        let writer = tokio::spawn(async move {
            while let Some(message) = written.recv().await {
                let is_last = matches!(message, Message::Close(_));
                // The reading end says why.
                if sink.send(message).await.is_err() || is_last {
                    break;
                }
            }
        });
        Self { read, write, writer, heard_at: Instant::now() }
    }

    /// Writes a frame; one that finds no room is as good as a lost socket, which the outbox makes good.
    pub(crate) fn write(&self, text: String) -> bool {
        self.write.try_send(Message::text(text)).is_ok()
    }

    /// The next frame; silence for so long counts as the end. Nothing is lost when this is dropped.
    pub(crate) async fn next(&mut self, silence: Duration) -> Result<String, Lost> {
        loop {
            let heard = tokio::time::timeout_at(self.heard_at + silence, self.read.next()).await;
            self.heard_at = Instant::now();
            match heard {
                Err(_) => return Err(Lost::because("the server is silent")),
                Ok(None) => return Err(Lost::because("the connection is lost")),
                Ok(Some(Err(error))) => return Err(Lost::because(error)),
                Ok(Some(Ok(Message::Text(text)))) => return Ok(text.as_str().to_owned()),
                Ok(Some(Ok(Message::Close(frame)))) => {
                    let lost = frame.map(|CloseFrame { code, reason }| Lost {
                        code: Some(code.into()),
                        reason: reason.as_str().to_owned(),
                    });
                    return Err(lost.unwrap_or_else(|| Lost::because("closed by the server")));
                }
                // Pings are answered by the library while it reads.
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    /// Says good-bye, and gives what was written the time to go out.
    pub(crate) async fn close(self, code: u16, reason: &str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
        let Self { write, mut writer, .. } = self;
        // A queue that is full belongs to a socket that is stuck.
        let sent = write.try_send(Message::Close(Some(frame)));
        drop(write);
        if sent.is_err() || tokio::time::timeout(limits::CLOSE, &mut writer).await.is_err() {
            writer.abort();
        }
    }
}
