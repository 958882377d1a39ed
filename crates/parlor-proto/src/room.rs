//! The nouns that messages speak of: participants, their tracks, and rooms as they look from outside.

use serde::{Deserialize, Serialize};

use crate::id::{Instance, RoomId, UserId};
use crate::name::Name;
use crate::time::Timestamp;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

word! {
    /// What a participant may do in a room (AU-7).
    Role {
        /// Mixes and rules.
        Host = "host",
        /// Speaks and hears.
        Caller = "caller",
        /// Hears.
        Listener = "listener",
    }
}
word! {
    /// How a room is set to connect its participants.
    Topology {
        /// A mesh that moves to the hub when it outgrows itself.
        Auto = "auto",
        /// Every pair connected directly.
        Mesh = "mesh",
        /// A star around the hub.
        Sfu = "sfu",
    }
}
word! {
    /// How a room is connected right now.
    Mode {
        /// Every pair connected directly.
        Mesh = "mesh",
        /// A star around the hub.
        Sfu = "sfu",
    }
}
word! {
    /// How far a move between mesh and hub is.
    Phase {
        /// Send on both paths, play the old one.
        Prepare = "prepare",
        /// Play the new path, then close the old one.
        Commit = "commit",
    }
}
word! {
    /// How well a connection works, in a word (CM-17). Ordered from good to bad.
    Grade {
        /// Nobody notices anything.
        Good = "good",
        /// One notices it now and then.
        Fair = "fair",
        /// It disturbs.
        Poor = "poor",
        /// The other side sends and nothing arrives, or there is no path.
        Lost = "lost",
    }
}
word! {
    /// By which door somebody is in a room, where it is not `/ws`.
    Via {
        /// PeerServer's protocol, under `/peerjs`.
        Peerjs = "peerjs",
    }
}
word! {
    /// Who mixes what participants hear (AU-4).
    Mix {
        /// Everyone plays everyone's own track.
        Direct = "direct",
        /// The host mixes for the callers.
        Host = "host",
    }
}
word! {
    /// What a track shows or tells.
    Source {
        /// A microphone.
        Microphone = "microphone",
        /// A camera.
        Camera = "camera",
        /// A screen.
        Screen = "screen",
        /// The sound of a screen.
        ScreenAudio = "screen-audio",
        /// The program of a mixer.
        Program = "program",
        /// The return feed of a mixer.
        Return = "return",
    }
}
word! {
    /// Sound or picture.
    Kind {
        /// Sound.
        Audio = "audio",
        /// Picture.
        Video = "video",
    }
}
word! {
    /// Why a participant is no longer in a room.
    LeaveReason {
        /// Asked to leave.
        Left = "left",
        /// Closed the socket: tab closed, page reloaded.
        Disconnected = "disconnected",
        /// Was lost and did not come back within the grace, or read too slowly.
        Timeout = "timeout",
        /// Was removed by a host.
        Kicked = "kicked",
        /// A newer session took the place.
        Replaced = "replaced",
        /// The room ended.
        RoomEnded = "room-ended",
        /// The server stops.
        ServerStopping = "server-stopping",
    }
}

/// One track of a participant, as the roster shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Track {
    /// What it shows or tells.
    pub source: Source,
    /// Sound or picture.
    pub kind: Kind,
    /// Whether it is on: false for a muted microphone.
    pub enabled: bool,
}

/// One person in one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// The user id.
    pub id: UserId,
    /// The name to show.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// The document that owns their connections.
    pub instance: Instance,
    /// Since when they are here.
    pub joined_at: Timestamp,
    /// Whether their session was lost and may come back.
    pub suspect: bool,
    /// How well their path to the hub works, in a star, as the hub sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub grade: Option<Grade>,
    /// What they publish.
    pub tracks: Vec<Track>,
}

/// A participant as the room list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SummaryParticipant {
    /// The user id.
    pub id: UserId,
    /// The name to show.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// By which door they are here; none: by `/ws`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub via: Option<Via>,
}

/// A room as the room list shows it (RR-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RoomSummary {
    /// Its id.
    pub id: RoomId,
    /// The name to show.
    pub name: Name,
    /// The host's name.
    pub host: Name,
    /// The host's user id.
    pub host_id: UserId,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// How many it holds.
    pub capacity: u16,
    /// How it is set to connect.
    pub topology: Topology,
    /// By which door one gets in; none: by `/ws`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub via: Option<Via>,
    /// Who is in it, in order of joining.
    pub participants: Vec<SummaryParticipant>,
}

/// A room as those in it see it: the summary, and what the list does not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RoomDetails {
    /// As the room list shows it.
    #[serde(flatten)]
    pub summary: RoomSummary,
    /// Who mixes.
    pub mix: Mix,
    /// Whether the room list shows it.
    pub listed: bool,
    /// Whether it takes nobody in.
    pub locked: bool,
}
