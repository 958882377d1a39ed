//! A participant in Rust, for a parlor server.
//!
//! A [`Client`] is one session with a server. It joins rooms, publishes tracks (Opus and VP8, from files or as packets that the application
//! hands over), receives those of others, and talks: over a mesh with browsers and other clients, each of them directly, or through the server's hub, as the room has it at that time. What
//! is decided about connections is decided by `parlor-connect`, which is what the page runs as WebAssembly.
//!
//! ```no_run
//! use parlor_client::{Client, Event, Join, Name, Options, Publish, RoomId, Source};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::named(Name::parse("Radio")?);
//! let (client, mut events) = Client::connect("https://parlor.example.org", options).await?;
//! let room = client.join(Join::room(RoomId::parse("tea")?)).await?;
//! room.chat("Good evening").await?;
//!
//! let track = client.publish(Publish::audio(Source::Microphone)).await?;
//! tokio::spawn(parlor_client::play("jingle.opus".into(), track, false));
//!
//! while let Some(event) = events.next().await {
//!     match event {
//!         Event::Joined { participant, .. } => println!("{} came", participant.name),
//!         Event::Chat(line) => println!("{}: {}", line.user_id, line.text),
//!         Event::Track(mut track) => {
//!             tokio::spawn(async move {
//!                 while let Some(packet) = track.packet().await {
//!                     println!("{} bytes of {}", packet.data.len(), track.user);
//!                 }
//!             });
//!         }
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A client lives on tokio, with I/O and time enabled. It reads no clock but the system's and keeps nothing on disk.
//!
//! Where things live: `driver` is the client's one task (its session in `driver/presence`, talk in `driver/speech`), `connections` its
//! connections, each of which is a task (`link`) around a str0m `Rtc` (`peer`); `memberships` and `outbox` know rooms and
//! frames, and no socket.

#![allow(clippy::disallowed_methods, reason = "this is a shell: it reads the clock and owns sockets")]

mod address;
mod client;
mod clock;
mod command;
mod connections;
mod driver;
mod error;
mod event;
mod frames;
mod limits;
mod link;
mod media;
mod memberships;
mod network;
mod options;
mod outbox;
mod peer;
mod sections;
mod session;
mod socket;
mod talk;
mod track;

pub use client::{Client, Events, Room};
pub use error::{Error, MediaError};
pub use event::{Departure, Event, SessionState};
pub use media::ivf::{IvfReader, IvfWriter};
pub use media::opus::{OpusReader, OpusWriter, opus_duration};
pub use media::play::{Media, MediaFile, play};
pub use media::record::record;
pub use options::{Join, Options, Slots, Trust};
pub use parlor_connect::{PeerState, Quality, Remote, Settings, Status};
pub use parlor_proto::server::ChatFrom;
pub use parlor_proto::{
    ErrorCode, Grade, Kind, LeaveReason, Mix, Mode, Name, Participant, RawJson, Refusal, Role, RoomId,
    Source, Topology, Track, UserId, WantedVideo,
};
pub use track::{Codec, LocalTrack, Packet, Publish, RemoteTrack};
