//! What can be set, by flag, environment or file, under one name each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Deserialize;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, GuildMarker};

use crate::admin::Admin;

/// Places of a game room (GP-8).
const PLACES: usize = 4;
/// How often parlor is told again what it should know.
const REFRESH: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
How to begin:
  1. https://discord.com/developers/applications: make an application, add a bot, copy its token into a file. It needs
     no privileged intents. Invite it to your guild with the scope bot and the permission View Channel.
  2. In Discord switch on the developer mode (settings, advanced), then copy the ids of guild and voice channel.
  3. Start parlor with an admin token:
       openssl rand -hex 32 > admin.token
       parlor --admin-token-file admin.token
  4. Start the bridge:
       parlor-discord --bot-token-file bot.token --guild 4321 --channel 8765 --room game \\
           --url http://127.0.0.1:8080 --admin-token-file admin.token

Who comes into the voice channel may join the room, who leaves it is dropped from the room. The first four have a place,
the others wait in order of coming; bots count for nothing. The ids in the room are Discord's user ids, and each is taken
only with a token of its own: your application knows its people by Discord's login and gives them one
(POST /api/v1/tokens, or parlor token).

A lost connection to Discord is resumed; if that fails, the guild is read anew. If parlor can't be reached, it is told
later. With the bridge stopped the room keeps its roster as it is.

Settings come from flags, else from the environment (PARLOR_DISCORD_GUILD, ...), else from the file that --config names:
TOML with the names of the flags, such as
  guild = \"4321\"
  channel = \"8765\"

Exit codes: 0 ended by a signal, 1 failed, 2 asked wrongly.";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Keeps the roster of a parlor room equal to a Discord voice channel.
#[derive(Clone, Debug, Default, Parser, Deserialize)]
#[command(name = "parlor-discord", version, after_help = EXAMPLES, max_term_width = 110)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// A TOML file with settings, named as these flags; flags and environment go before it
    #[arg(long, value_name = "FILE", env = "PARLOR_DISCORD_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,

    /// The guild's id (a number; Discord calls guilds servers, too)
    #[arg(long, value_name = "ID", env = "PARLOR_DISCORD_GUILD")]
    guild: Option<String>,

    /// The voice channel's id
    #[arg(long, value_name = "ID", env = "PARLOR_DISCORD_CHANNEL")]
    channel: Option<String>,

    /// A file with the bot's token; or say the token itself in DISCORD_TOKEN
    #[arg(long, value_name = "FILE", env = "PARLOR_DISCORD_BOT_TOKEN_FILE")]
    bot_token_file: Option<PathBuf>,

    /// The bot's token, for the environment: on a command line others could read it
    #[arg(long, value_name = "TOKEN", env = "DISCORD_TOKEN", hide = true, hide_env_values = true)]
    bot_token: Option<String>,

    /// The room's id in parlor; it is made, not listed, if it is missing
    #[arg(long, value_name = "ID", env = "PARLOR_DISCORD_ROOM")]
    room: Option<String>,

    /// The name of a room that is made [default: its id]
    #[arg(long, value_name = "NAME", env = "PARLOR_DISCORD_ROOM_NAME")]
    room_name: Option<String>,

    /// How many have a place; the room has to hold as many [default: 4]
    #[arg(long, value_name = "COUNT", env = "PARLOR_DISCORD_PLACES")]
    places: Option<usize>,

    /// Where parlor is [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "PARLOR_DISCORD_URL")]
    url: Option<String>,

    /// A file with parlor's admin token; or say the token itself in PARLOR_ADMIN_TOKEN
    #[arg(long, value_name = "FILE", env = "PARLOR_ADMIN_TOKEN_FILE")]
    admin_token_file: Option<PathBuf>,

    /// Parlor's admin token, for the environment
    #[arg(long, value_name = "TOKEN", env = "PARLOR_ADMIN_TOKEN", hide = true, hide_env_values = true)]
    admin_token: Option<String>,

    /// How often parlor is told again what it should know, for the case that it was started anew [default: 10s]
    #[arg(long, value_name = "DURATION", env = "PARLOR_DISCORD_REFRESH")]
    refresh: Option<String>,

    /// Another gateway than Discord's own: a proxy of yours, or a test's [default: wss://gateway.discord.gg]
    #[arg(long, value_name = "URL", env = "PARLOR_DISCORD_GATEWAY")]
    gateway: Option<String>,

    /// How log lines on stderr look [default: human]
    #[arg(long, value_name = "FORMAT", env = "PARLOR_DISCORD_LOG_FORMAT", value_enum)]
    log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL", env = "PARLOR_DISCORD_LOG_LEVEL")]
    log_level: Option<String>,
}

/// Why settings can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{path} can't be read")]
    Read {
        path: PathBuf,
        #[source]
        reason: std::io::Error,
    },
    #[error("the settings file {path} is not right:\n{reason}")]
    Parse { path: PathBuf, reason: Box<toml::de::Error> },
    #[error("--{0} is needed; --help says how to begin")]
    Missing(&'static str),
    #[error("--{0} {1:?} is no id of Discord: it is a number, such as 80351110224678912")]
    Id(&'static str, String),
    #[error("--room {0:?} is no id: A-Z a-z 0-9 _ . : @ - and at most 64 characters")]
    Room(String),
    #[error("--places: a room holds 1 to 1000")]
    Places,
    #[error("--refresh {0:?} is no duration: give it as in 10s")]
    Refresh(String),
    #[error("--url {0:?}: give it as http://HOST:PORT or https://HOST")]
    Url(String),
    #[error("--gateway {0:?}: give it as wss://HOST or ws://HOST:PORT")]
    Gateway(String),
}

/// What is to be followed at Discord.
#[derive(Clone)]
pub(crate) struct Discord {
    pub(crate) guild: Id<GuildMarker>,
    pub(crate) channel: Id<ChannelMarker>,
    pub(crate) places: usize,
    pub(crate) token: String,
    pub(crate) gateway: Option<String>,
}

/// Settings that can be used.
pub(crate) struct Understood {
    pub(crate) discord: Discord,
    pub(crate) room: Admin,
    pub(crate) refresh: Duration,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
}

impl Settings {
    /// These settings, with what they leave open filled from the file, checked.
    ///
    /// # Errors
    /// [`SettingsError`] with the setting that can't be used.
    pub(crate) fn understood(self) -> Result<Understood, SettingsError> {
        let settings = match self.config.clone() {
            None => self,
            Some(path) => {
                let text = read(&path)?;
                let file = toml::from_str(&text)
                    .map_err(|reason| SettingsError::Parse { path, reason: Box::new(reason) })?;
                self.or(file)
            }
        };
        let guild = id("guild", settings.guild.as_deref())?;
        let channel = id("channel", settings.channel.as_deref())?;
        let token = secret("bot-token-file", settings.bot_token_file.as_deref(), settings.bot_token)?;
        let admin = secret("admin-token-file", settings.admin_token_file.as_deref(), settings.admin_token)?;
        let room = settings.room.ok_or(SettingsError::Missing("room"))?;
        let is_id = |c: char| c.is_ascii_alphanumeric() || "_.:@-".contains(c);
        if room.is_empty() || room.len() > 64 || !room.chars().all(is_id) {
            return Err(SettingsError::Room(room));
        }
        let places = settings.places.unwrap_or(PLACES);
        if !(1..=1_000).contains(&places) {
            return Err(SettingsError::Places);
        }
        let refresh = match settings.refresh {
            None => REFRESH,
            Some(text) => humantime::parse_duration(&text)
                .ok()
                .filter(|duration| !duration.is_zero())
                .ok_or(SettingsError::Refresh(text))?,
        };
        let url = settings.url.unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(SettingsError::Url(url));
        }
        // twilight takes what can't be an address for a mistake of the program.
        let is_gateway = |url: &String| {
            let rest = url.strip_prefix("wss://").or_else(|| url.strip_prefix("ws://"));
            rest.is_some_and(|rest| {
                !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c))
            })
        };
        if let Some(gateway) = settings.gateway.as_ref().filter(|url| !is_gateway(url)) {
            return Err(SettingsError::Gateway(gateway.clone()));
        }
        let name = settings.room_name.unwrap_or_else(|| room.clone());
        Ok(Understood {
            discord: Discord { guild, channel, places, token, gateway: settings.gateway },
            room: Admin::new(&url, admin, room, name, places),
            refresh,
            log_format: settings.log_format.unwrap_or_default(),
            log_level: settings.log_level.unwrap_or_else(|| "info".to_owned()),
        })
    }

    fn or(self, other: Self) -> Self {
        Self {
            config: self.config,
            guild: self.guild.or(other.guild),
            channel: self.channel.or(other.channel),
            bot_token_file: self.bot_token_file.or(other.bot_token_file),
            bot_token: self.bot_token.or(other.bot_token),
            room: self.room.or(other.room),
            room_name: self.room_name.or(other.room_name),
            places: self.places.or(other.places),
            url: self.url.or(other.url),
            admin_token_file: self.admin_token_file.or(other.admin_token_file),
            admin_token: self.admin_token.or(other.admin_token),
            refresh: self.refresh.or(other.refresh),
            gateway: self.gateway.or(other.gateway),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
        }
    }
}

fn id<T>(name: &'static str, text: Option<&str>) -> Result<Id<T>, SettingsError> {
    let text = text.ok_or(SettingsError::Missing(name))?;
    let number = text.parse().ok().and_then(Id::new_checked);
    number.ok_or_else(|| SettingsError::Id(name, text.to_owned()))
}

/// What the file says, else the environment.
fn secret(name: &'static str, file: Option<&Path>, text: Option<String>) -> Result<String, SettingsError> {
    let text = match file {
        Some(path) => read(path)?,
        None => text.ok_or(SettingsError::Missing(name))?,
    };
    let text = text.trim();
    if text.is_empty() { Err(SettingsError::Missing(name)) } else { Ok(text.to_owned()) }
}

fn read(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|reason| SettingsError::Read { path: path.to_owned(), reason })
}
