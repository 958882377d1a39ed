//! Who is in the voice channel, in order of coming, and who of them has a place. A value: Discord's events go in, the roster
//! comes out; what is missed between two connections is in the next `GUILD_CREATE`, which is the truth.

use std::collections::BTreeSet;

use serde::Serialize;
use twilight_model::channel::ChannelType;
use twilight_model::guild::{Guild, Member};
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, GuildMarker, UserMarker};
use twilight_model::voice::VoiceState;

/// A roster as parlor's admin API takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Roster {
    /// Those who may be in the room.
    pub(crate) members: Vec<String>,
    /// Those who wait for a place, the next one first.
    pub(crate) waiting: Vec<String>,
}

/// Why a channel can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChannelError {
    /// The guild does not have it, or hides it from the bot.
    #[error(
        "guild {1} has no channel {0} that the bot can see; in Discord: developer mode, then copy the channel's id"
    )]
    NotThere(Id<ChannelMarker>, Id<GuildMarker>),
    /// It is not for voices.
    #[error("channel {0} of guild {1} is no voice channel")]
    NotVoice(Id<ChannelMarker>, Id<GuildMarker>),
}

/// A voice channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) guild: Id<GuildMarker>,
    pub(crate) id: Id<ChannelMarker>,
    places: usize,
    /// In order of coming, as far as that is known; without bots.
    present: Vec<Id<UserMarker>>,
    bots: BTreeSet<Id<UserMarker>>,
}

impl Channel {
    pub(crate) fn new(guild: Id<GuildMarker>, id: Id<ChannelMarker>, places: usize) -> Self {
        Self { guild, id, places, present: Vec::new(), bots: BTreeSet::new() }
    }

    /// The guild as it is. Who was here and still is keeps their turn; Discord does not say in which order the others came.
    ///
    /// # Errors
    /// [`ChannelError`] when the channel is not one.
    pub(crate) fn on_guild(&mut self, guild: &Guild) -> Result<(), ChannelError> {
        let channel = guild.channels.iter().find(|channel| channel.id == self.id);
        match channel.map(|channel| channel.kind) {
            Some(ChannelType::GuildVoice | ChannelType::GuildStageVoice) => {}
            Some(_) => return Err(ChannelError::NotVoice(self.id, self.guild)),
            None => return Err(ChannelError::NotThere(self.id, self.guild)),
        }
        let of_states = guild.voice_states.iter().filter_map(|state| state.member.as_ref());
        for member in guild.members.iter().chain(of_states) {
            self.note_bot(member);
        }
        let here: Vec<_> = guild
            .voice_states
            .iter()
            .filter(|state| state.channel_id == Some(self.id) && !self.bots.contains(&state.user_id))
            .map(|state| state.user_id)
            .collect();
        self.present.retain(|user| here.contains(user));
        for user in here {
            self.come(user);
        }
        Ok(())
    }

    /// Somebody has come, gone, or changed something that does not matter here.
    pub(crate) fn on_voice_state(&mut self, state: &VoiceState) {
        if state.guild_id.is_some_and(|guild| guild != self.guild) {
            return;
        }
        if let Some(member) = &state.member {
            self.note_bot(member);
        }
        if state.channel_id == Some(self.id) && !self.bots.contains(&state.user_id) {
            self.come(state.user_id);
        } else {
            self.present.retain(|user| *user != state.user_id);
        }
    }

    /// The channel is no more.
    pub(crate) fn on_gone(&mut self) {
        self.present.clear();
    }

    /// The first have a place, the others wait.
    pub(crate) fn roster(&self) -> Roster {
        let ids = |users: &[Id<UserMarker>]| users.iter().map(ToString::to_string).collect();
        let (members, waiting) = self.present.split_at(self.places.min(self.present.len()));
        Roster { members: ids(members), waiting: ids(waiting) }
    }

    fn come(&mut self, user: Id<UserMarker>) {
        if !self.present.contains(&user) {
            self.present.push(user);
        }
    }

    fn note_bot(&mut self, member: &Member) {
        if member.user.bot {
            self.bots.insert(member.user.id);
        }
    }
}
