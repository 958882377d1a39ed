//! Discord's gateway: what its events mean for the channel, and which ends are final. The protocol itself (hello, identify,
//! heartbeats, resume, reconnect, invalid sessions) is twilight's.

use tokio::sync::watch;
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};
use twilight_model::gateway::payload::incoming::GuildCreate;
use twilight_model::id::Id;
use twilight_model::id::marker::GuildMarker;

use crate::admin::AdminError;
use crate::channel::{Channel, ChannelError, Roster};
use crate::settings::Discord;

/// Why it is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The channel can't be followed.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The bot is not in the guild.
    #[error("the bot is in no guild {0}: invite it (scope bot, no permissions but View Channel)")]
    NotInGuild(Id<GuildMarker>),
    /// The bot was in the guild.
    #[error("the bot was taken out of guild {0}")]
    TakenOut(Id<GuildMarker>),
    /// The channel was deleted.
    #[error("the voice channel was deleted; the room's roster is empty now")]
    Deleted,
    /// Discord wants nothing of it.
    #[error("Discord closed for good: {0}")]
    Closed(String),
    /// Parlor refused what is asked of it.
    #[error("parlor refuses the roster")]
    Refused(#[source] AdminError),
    /// There are no signals.
    #[error("signals can't be listened to")]
    Signals(#[source] std::io::Error),
}

/// Follows the channel, and says who is there whenever that changes. Ends only with a trouble.
pub(crate) async fn follow(
    discord: &Discord,
    mut channel: Channel,
    roster: &watch::Sender<Option<Roster>>,
) -> Trouble {
    let mut config = ConfigBuilder::new(discord.token.clone(), Intents::GUILDS | Intents::GUILD_VOICE_STATES);
    if let Some(url) = &discord.gateway {
        config = config.proxy_url(url.clone());
    }
    let mut shard = Shard::with_config(ShardId::ONE, config.build());
    let wanted = EventTypeFlags::READY
        | EventTypeFlags::RESUMED
        | EventTypeFlags::GUILD_CREATE
        | EventTypeFlags::GUILD_DELETE
        | EventTypeFlags::CHANNEL_DELETE
        | EventTypeFlags::VOICE_STATE_UPDATE
        | EventTypeFlags::GATEWAY_RECONNECT
        | EventTypeFlags::GATEWAY_INVALIDATE_SESSION;
    let mut last_close = "without a reason".to_owned();
    while let Some(item) = shard.next_event(wanted).await {
        match item {
            Ok(Event::GatewayClose(frame)) => {
                last_close = frame.map_or_else(
                    || "without a reason".to_owned(),
                    |frame| format!("{} {}", frame.code, frame.reason),
                );
                tracing::info!(close = last_close, "Discord closed the connection");
            }
            Ok(event) => match heard(&mut channel, &event) {
                Ok(true) => publish(&channel, roster),
                Ok(false) => {}
                Err(trouble) => {
                    if matches!(trouble, Trouble::Deleted) {
                        publish(&channel, roster);
                    }
                    return trouble;
                }
            },
            // twilight tries again by itself, with growing pauses.
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "trouble with Discord's gateway");
            }
        }
    }
    Trouble::Closed(last_close)
}

/// What an event means. True if who is there may be other than before.
fn heard(channel: &mut Channel, event: &Event) -> Result<bool, Trouble> {
    match event {
        Event::Ready(ready) => {
            tracing::info!(bot = ready.user.name, "connected to Discord");
            if !ready.guilds.iter().any(|guild| guild.id == channel.guild) {
                return Err(Trouble::NotInGuild(channel.guild));
            }
            Ok(false)
        }
        Event::Resumed => {
            tracing::info!("went on after a lost connection, nothing was missed");
            Ok(false)
        }
        Event::GatewayReconnect => {
            tracing::info!("Discord asks for another connection");
            Ok(false)
        }
        Event::GatewayInvalidateSession(can_resume) => {
            tracing::info!(can_resume, "Discord has forgotten the session, the guild is read anew");
            Ok(false)
        }
        Event::GuildCreate(create) if create.id() == channel.guild => match &**create {
            GuildCreate::Available(guild) => {
                channel.on_guild(guild)?;
                Ok(true)
            }
            GuildCreate::Unavailable(_) => {
                tracing::warn!("the guild is not available for now; the roster stays as it is");
                Ok(false)
            }
        },
        Event::GuildDelete(delete) if delete.id == channel.guild => {
            if delete.unavailable != Some(true) {
                return Err(Trouble::TakenOut(channel.guild));
            }
            tracing::warn!("the guild is not available for now; the roster stays as it is");
            Ok(false)
        }
        Event::ChannelDelete(deleted) if deleted.id == channel.id => {
            channel.on_gone();
            Err(Trouble::Deleted)
        }
        Event::VoiceStateUpdate(update) => {
            channel.on_voice_state(&update.0);
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn publish(channel: &Channel, roster: &watch::Sender<Option<Roster>>) {
    let now = channel.roster();
    roster.send_if_modified(|wanted| {
        let is_new = wanted.as_ref() != Some(&now);
        if is_new {
            let (members, waiting) = (now.members.join(" "), now.waiting.join(" "));
            tracing::info!(members, waiting, "who is in the voice channel");
            *wanted = Some(now);
        }
        is_new
    });
}
