//! What an application holds: a client, and the rooms it is in.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parlor_connect::Remote;
use parlor_proto::{Participant, RawJson, Receive, RoomId, UserId, WantedVideo};
use tokio::sync::{mpsc, oneshot};

use crate::address::Address;
use crate::command::Command;
use crate::driver::Driver;
use crate::error::Error;
use crate::event::Event;
use crate::limits;
use crate::options::{Join, Options};
use crate::socket::Door;
use crate::track::{LocalTrack, Publish, RemoteTrack};

/// A participant: one session with a server, the rooms it is in, its connections and its tracks. Cheap to clone; when the last
/// clone, room and track are dropped it leaves and closes.
#[derive(Clone, Debug)]
pub struct Client {
    user_id: UserId,
    commands: mpsc::Sender<Command>,
}

/// What happened to a [`Client`], in order.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Event>,
}

impl Events {
    /// The next event; none when the client is closed. Nothing is lost when this is dropped while it waits.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

impl Client {
    /// Reaches a server and begins a session, which from then on is kept: when the socket is lost it is tried again without end,
    /// and the client is in the same rooms afterwards.
    ///
    /// `address` is `https://HOST[:PORT]` or `wss://HOST[:PORT]/ws`, the same without encryption as `http` or `ws`, or `HOST[:PORT]`.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Certificates`]; [`Error::Unreachable`], [`Error::Untrusted`] and [`Error::NoServer`] when no server that is
    /// believed answers within 10 s; [`Error::Refused`] when it does not let this client in.
    pub async fn connect(address: &str, options: Options) -> Result<(Self, Events), Error> {
        let door = Door::new(Address::parse(address)?, &options.trust)?;
        let (commands, command_receiver) = mpsc::channel(limits::COMMANDS_MAX);
        let (event_sender, events) = mpsc::channel(limits::EVENTS_MAX);
        let mut driver = Driver::new(door, options, command_receiver, event_sender)?;
        let user_id = driver.begin().await?;
        tokio::spawn(driver.run());
        Ok((Self { user_id, commands }, Events { events }))
    }

    /// Who this is.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Enters a room.
    ///
    /// # Errors
    /// [`Error::Refused`] as the server says (`docs/protocol.md`, `user-joined-room`); [`Error::Closed`].
    pub async fn join(&self, join: Join) -> Result<Room, Error> {
        let id = join.request.room_id.clone();
        let request = Box::new(join.request);
        self.ask(|reply| Command::Join { request, reply }).await?;
        Ok(Room { id, client: self.clone() })
    }

    /// Publishes a track, to everybody in all of one's rooms: one from each source.
    ///
    /// # Errors
    /// [`Error::Published`] when there is one from that source; [`Error::Closed`].
    pub async fn publish(&self, publish: Publish) -> Result<LocalTrack, Error> {
        let outlets = self.ask(|reply| Command::Publish { publish, reply }).await?;
        Ok(LocalTrack {
            source: publish.source,
            codec: publish.codec,
            outlets,
            is_enabled: Arc::new(AtomicBool::new(true)),
            commands: self.commands.clone(),
        })
    }

    /// Starts again with somebody who was given up.
    pub async fn retry(&self, remote: Remote) {
        self.tell(Command::Retry { remote }).await;
    }

    /// Asks whoever sends a track for a picture that can be decoded without those before. (What is broken or begins is asked for
    /// anyway.)
    pub async fn request_key_frame(&self, track: &RemoteTrack) {
        let (user, source) = (track.user.clone(), track.source);
        self.tell(Command::KeyFrame { user, source }).await;
    }

    /// Leaves all rooms and ends the session; back when that is said to the server, or after 2 s.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        self.tell(Command::Close { reply }).await;
        // A client that was closed before answers nothing.
        drop(done.await);
    }

    /// A client that is closed has nobody to tell.
    async fn tell(&self, command: Command) {
        drop(self.commands.send(command).await);
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Command,
    ) -> Result<T, Error> {
        let closed = || Error::Closed("the client is closed".to_owned());
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// A room that one is in. Dropping it changes nothing; [`Room::leave`] leaves.
#[derive(Clone, Debug)]
pub struct Room {
    id: RoomId,
    client: Client,
}

impl Room {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.id
    }

    /// Everyone in it now, oneself included, in order of joining.
    ///
    /// # Errors
    /// [`Error::NotInRoom`], [`Error::Closed`].
    pub async fn participants(&self) -> Result<Vec<Participant>, Error> {
        let room = self.id.clone();
        self.client.ask(|reply| Command::Participants { room, reply }).await
    }

    /// Says something to everybody else: over data channels, and through the server for those without one.
    ///
    /// # Errors
    /// [`Error::Line`] when it is empty or too long, [`Error::NotInRoom`], [`Error::Closed`].
    pub async fn chat(&self, text: impl Into<String>) -> Result<(), Error> {
        let (room, text) = (self.id.clone(), text.into());
        self.client.ask(|reply| Command::Chat { room, text, reply }).await
    }

    /// Sends any JSON (up to 16 KiB, which is what the server relays) to somebody, or to everybody else: over data channels, and
    /// through the server for those without one.
    ///
    /// # Errors
    /// [`Error::NotInRoom`], [`Error::Closed`].
    pub async fn send(&self, payload: RawJson, to: Option<UserId>) -> Result<(), Error> {
        let room = self.id.clone();
        self.client.ask(|reply| Command::Message { room, to, payload, reply }).await
    }

    /// Lets everybody know that one records, or no longer does. Whoever keeps what others say has to say so.
    pub async fn set_recording(&self, is_active: bool) {
        self.client.tell(Command::Recording { room: self.id.clone(), is_active }).await;
    }

    /// Over the hub: whose sound is not wanted, and which pictures are, the most wanted first. It replaces what was said
    /// before.
    pub async fn receive(&self, muted: Vec<UserId>, video: Vec<WantedVideo>) {
        let receive = Receive { room_id: self.id.clone(), muted, video };
        self.client.tell(Command::Receive(receive)).await;
    }

    /// Leaves it; back when the server knows.
    ///
    /// # Errors
    /// [`Error::NotInRoom`], [`Error::Closed`].
    pub async fn leave(&self) -> Result<(), Error> {
        let room = self.id.clone();
        self.client.ask(|reply| Command::Leave { room, reply }).await
    }
}
