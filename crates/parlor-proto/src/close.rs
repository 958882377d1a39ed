//! Close codes of the WebSocket (RFC 6455, section 7.4), and what they mean for a session.

/// Why the server closes a socket. Every close carries a reason in words as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// A binary frame came.
    Unsupported,
    /// 20 bad messages in a minute.
    PolicyViolation,
    /// A frame above 256 KiB came.
    TooLarge,
    /// The server stops.
    ServiceRestart,
    /// The receiver reads too slowly.
    TryAgainLater,
    /// The session went on at another socket, or a newer session took its place.
    Replaced,
    /// The session was away for longer than the grace.
    TimedOut,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Unsupported => 1003,
            Self::PolicyViolation => 1008,
            Self::TooLarge => 1009,
            Self::ServiceRestart => 1012,
            Self::TryAgainLater => 1013,
            Self::Replaced => 4001,
            Self::TimedOut => 4002,
        }
    }
}

/// What a client sends to say "I come back": the session is suspect and keeps its place.
pub const COMING_BACK: u16 = 4000;

/// Whether a client that closes with this code has left on purpose: 1000, 1001, or a close frame without a code.
#[must_use]
pub const fn is_leave(code: Option<u16>) -> bool {
    matches!(code, None | Some(1000 | 1001 | 1005))
}
