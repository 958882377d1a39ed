//! What can go wrong, as an application sees it.

use parlor_proto::{ErrorCode, Refusal};

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is none of a parlor server.
    #[error("{0:?} is no address of a server: give it as in https://parlor.example.org or 127.0.0.1:8080")]
    Address(String),
    /// The server could not be reached.
    #[error("{address} can't be reached")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What the system says.
        #[source]
        reason: std::io::Error,
    },
    /// The server's certificate is none that is believed here.
    #[error("the certificate of {address} is not believed")]
    Untrusted {
        /// Where it was looked for.
        address: String,
        /// What is wrong with it.
        #[source]
        reason: std::io::Error,
    },
    /// Whatever listens there is no parlor server, or does not let programs in.
    #[error(
        "{address} speaks no WebSocket at /ws (is it http:// for https://, or the other way round?): {reason}"
    )]
    NoServer {
        /// Where it was looked for.
        address: String,
        /// What came instead.
        reason: String,
    },
    /// The certificates to believe can't be read.
    #[error("the certificates can't be used: {0}")]
    Certificates(String),
    /// The server refused a request.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The session ended before the answer came, or the client was closed.
    #[error("the session ended: {0}")]
    Closed(String),
    /// More requests wait for the server than are kept.
    #[error("too much waits for the server")]
    Overflow,
    /// A line of chat is empty or too long.
    #[error("a line has 1 to {max} characters, this one has {given}")]
    Line {
        /// The most that the server takes.
        max: usize,
        /// How many there are.
        given: usize,
    },
    /// There is no such room among one's own.
    #[error("not in room {0}")]
    NotInRoom(parlor_proto::RoomId),
    /// There is a track from this source already.
    #[error("{0} is published already")]
    Published(parlor_proto::Source),
    /// A file can't be played.
    #[error(transparent)]
    Media(#[from] MediaError),
}

impl Error {
    /// The server's code, if it was the server who refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }
}

/// What is wrong with a file of sound or pictures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// It can't be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not an Ogg file, or a broken one.
    #[error("not a whole Ogg file: {0}")]
    Ogg(String),
    /// An Ogg file with something else inside.
    #[error("no Opus in the Ogg file")]
    NotOpus,
    /// Opus in a way that can't be sent as it is (RFC 7845, section 5.1.1: mapping family 0 is mono or stereo).
    #[error("Opus with {0} channels: only mono and stereo can be sent")]
    Channels(u8),
    /// Not an IVF file, or a broken one.
    #[error("not a whole IVF file: {0}")]
    Ivf(&'static str),
    /// An IVF file with another codec inside.
    #[error("pictures as {0}: only VP8 can be sent")]
    NotVp8(String),
    /// A file name that says neither.
    #[error("{0}: the name ends neither in .opus or .ogg nor in .ivf")]
    Extension(String),
}
