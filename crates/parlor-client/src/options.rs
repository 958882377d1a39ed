//! What an application may choose: who it is, whom it believes, and what it asks of a room.

use parlor_proto::client::{CreateRoom, RoomSettings, UserJoinedRoom};
use parlor_proto::{Mix, Name, Role, RoomId, Topology, UserId};

/// Which certificates of a server are believed.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// Those that this machine believes (its store, or the file that `SSL_CERT_FILE` names).
    #[default]
    System,
    /// These and what they vouch for: PEM.
    Certificates(Vec<u8>),
    /// Any, so that nobody knows who is at the other end: for a first try with `parlor --tls-self-signed`.
    Anybody,
}

/// How a client is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) name: Option<Name>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) token: Option<String>,
    pub(crate) trust: Trust,
    pub(crate) slots: Slots,
    pub(crate) settings: parlor_connect::Settings,
}

/// How much is received at once over the hub (`docs/protocol.md`, The hub).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Voices.
    pub audio: usize,
    /// Pictures.
    pub video: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { audio: 8, video: 4 }
    }
}

impl Options {
    /// Somebody with this name.
    #[must_use]
    pub fn named(name: Name) -> Self {
        Self { name: Some(name), ..Self::default() }
    }

    /// With this identity; without it the server makes one.
    #[must_use]
    pub fn user_id(mut self, id: UserId) -> Self {
        self.user_id = Some(id);
        self
    }

    /// With the token that the server's operator issued for the identity.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whose certificates are believed.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// How much is received at once over the hub: 8 voices and 4 pictures unless said otherwise. At most 64 of each are taken.
    #[must_use]
    pub fn slots(mut self, slots: Slots) -> Self {
        const MOST: usize = 64;
        self.slots = Slots { audio: slots.audio.min(MOST), video: slots.video.min(MOST) };
        self
    }

    /// How patient the connection manager is.
    #[must_use]
    pub fn settings(mut self, settings: parlor_connect::Settings) -> Self {
        self.settings = settings;
        self
    }
}

/// Which room to enter, and how.
#[derive(Clone, Debug)]
pub struct Join {
    pub(crate) request: UserJoinedRoom,
}

impl Join {
    /// A room that exists.
    #[must_use]
    pub fn room(id: RoomId) -> Self {
        let request = UserJoinedRoom {
            room_id: id,
            user_id: None,
            user_name: None,
            role: None,
            password: None,
            create: None,
        };
        Self { request }
    }

    /// Makes the room if it is missing, with this name.
    #[must_use]
    pub fn or_create(mut self, name: Name) -> Self {
        self.request.create = Some(CreateRoom { name, settings: RoomSettings::default() });
        self
    }

    /// How a room that is made connects its participants. Without [`Self::or_create`] it says nothing.
    #[must_use]
    pub fn topology(self, topology: Topology) -> Self {
        self.setting(|settings| settings.topology = Some(topology))
    }

    /// How many a room that is made holds. Without [`Self::or_create`] it says nothing.
    #[must_use]
    pub fn capacity(self, capacity: u16) -> Self {
        self.setting(|settings| settings.capacity = Some(capacity))
    }

    /// Who mixes in a room that is made. Without [`Self::or_create`] it says nothing.
    #[must_use]
    pub fn mix(self, mix: Mix) -> Self {
        self.setting(|settings| settings.mix = Some(mix))
    }

    /// Whether the room list shows a room that is made. Without [`Self::or_create`] it says nothing.
    #[must_use]
    pub fn listed(self, listed: bool) -> Self {
        self.setting(|settings| settings.listed = Some(listed))
    }

    fn setting(mut self, set: impl FnOnce(&mut RoomSettings)) -> Self {
        if let Some(create) = &mut self.request.create {
            set(&mut create.settings);
        }
        self
    }

    /// Asks for a role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.request.role = Some(role);
        self
    }

    /// With another name than elsewhere.
    #[must_use]
    pub fn named(mut self, name: Name) -> Self {
        self.request.user_name = Some(name);
        self
    }

    /// With the room's password; a room that is made gets it.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        let password = password.into();
        if let Some(create) = &mut self.request.create {
            create.settings.password = Some(password.clone());
        }
        self.request.password = Some(password);
        self
    }
}
