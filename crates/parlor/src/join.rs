//! `parlor join`: a participant without a browser, who plays files and records.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use parlor_client::{
    Client, Codec, Departure, Error as ClientError, Event, Events, Join, Media, Name, Options, RemoteTrack,
    Role, Room, RoomId, SessionState, Source, Status, Topology, Trust, UserId, play, record,
};
use tokio::task::JoinSet;

use crate::settings::{Log, LogFormat};
use crate::signals::Signals;
use crate::{FAILED, USAGE, complain, logging};

/// Tells the person at the terminal.
macro_rules! tell {
    ($($words:tt)*) => {
        // With stderr gone there is nobody left to tell.
        drop(writeln!(std::io::stderr(), $($words)*))
    };
}

pub(crate) const EXAMPLES: &str = "\
Examples:
  parlor join https://parlor.example.org tea
      Listens in until Ctrl-C, and says who comes, goes and writes.
  parlor join https://parlor.example.org tea --name Jingle --play jingle.opus
      Plays a file to whoever is there, and leaves. It begins when the first connection works, so that somebody
      hears the beginning. Make such a file with: opusenc in.wav out.opus
  parlor join https://parlor.example.org tea --name Radio --play music.opus --loop --create
      Plays without end, in a room that is made if it is missing.
  parlor join https://parlor.example.org tea --name Archive --role listener --record takes --duration 1h
      Records for an hour what each participant sends, as takes/<participant>-microphone.opus and so on. Everybody
      sees that it is recorded.
  parlor join 127.0.0.1:8080 tea --say 'the coffee is ready' --duration 1s

Exit codes: 0 done, 1 failed, 2 asked wrongly.";

/// What one may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArg {
    /// Mixes and rules.
    Host,
    /// Speaks and hears.
    Caller,
    /// Hears.
    Listener,
}

/// How a room connects its participants.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TopologyArg {
    /// As it needs.
    Auto,
    /// Each with each.
    Mesh,
    /// All with the server's hub.
    Sfu,
}

/// What is asked for.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The server: https://HOST[:PORT], http://HOST[:PORT], or HOST[:PORT]
    url: String,

    /// The room's id: what stands behind # in the page's address
    room: String,

    /// The name that others see [default: Guest]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The identity; without it the server makes one
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,

    /// The role to ask for [default: host in an empty room, caller in others]
    #[arg(long, value_enum)]
    role: Option<RoleArg>,

    /// The room's password
    #[arg(long, value_name = "TEXT", env = "PARLOR_ROOM_PASSWORD", hide_env_values = true)]
    password: Option<String>,

    /// The token of the identity, where the server gives them out (parlor token) or the room has a roster
    #[arg(long, value_name = "TEXT", env = "PARLOR_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Make the room if it is missing
    #[arg(long)]
    create: bool,

    /// How a room that is made connects its participants [default: auto]
    #[arg(long, value_enum, requires = "create")]
    topology: Option<TopologyArg>,

    /// A file to play: sound as .opus or .ogg (Opus in Ogg, mono or stereo), pictures as .ivf (VP8). One of each
    #[arg(long, value_name = "FILE")]
    play: Vec<PathBuf>,

    /// Play it again and again
    #[arg(long = "loop", requires = "play")]
    is_looped: bool,

    /// Record each track that comes into this folder, which is made if it is missing: <participant>-<source>.opus
    /// (Ogg) or .ivf. Nothing is overwritten
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// Write this to everybody
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,

    /// Leave after so long, as in 90s or 2h [default: at the end of what is played, else never]
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,

    /// Believe the certificates in this file (PEM) instead of this machine's
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,

    /// Believe any certificate: for a first try with --tls-self-signed. Whoever is in between can listen
    #[arg(long)]
    insecure: bool,

    /// What is logged besides: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", env = "PARLOR_LOG_LEVEL", default_value = "warn")]
    log_level: String,
}

/// The same, understood.
struct Plan {
    url: String,
    options: Options,
    join: Join,
    /// What to play, from which source.
    files: Vec<(PathBuf, Media, Source)>,
    is_looped: bool,
    record: Option<PathBuf>,
    say: Option<String>,
    duration: Option<Duration>,
}

/// Why it can't be done as it was asked.
#[derive(Debug, thiserror::Error)]
enum AskedError {
    #[error("{0:?} is no room's id: {1}")]
    Room(String, #[source] parlor_proto::id::IdError),
    #[error("--user-id {0:?}: {1}")]
    User(String, #[source] parlor_proto::id::IdError),
    #[error("--name {0:?}: {1}")]
    Name(String, #[source] parlor_proto::name::NameError),
    #[error("--duration {0:?} is no duration: give it as in 10s, 500ms or 2m")]
    Duration(String),
    #[error("--play {path}: {why}", path = .path.display())]
    File {
        path: PathBuf,
        #[source]
        why: parlor_client::MediaError,
    },
    #[error("--play: one file of sound and one of pictures, not two of a kind")]
    TwoOfAKind,
    #[error("--play: a listener sends nothing; take --role caller")]
    Listener,
    #[error("--ca {path}: {why}", path = .path.display())]
    Certificates {
        path: PathBuf,
        #[source]
        why: std::io::Error,
    },
}

impl Asked {
    fn understand(self) -> Result<Plan, AskedError> {
        let id = RoomId::parse(&self.room).map_err(|why| AskedError::Room(self.room.clone(), why))?;
        let named = |text: &str| Name::parse(text).map_err(|why| AskedError::Name(text.to_owned(), why));
        let mut options = match self.name.as_deref().map(named).transpose()? {
            Some(name) => Options::named(name),
            None => Options::default(),
        };
        if let Some(user) = self.user_id {
            options = options.user_id(UserId::parse(&user).map_err(|why| AskedError::User(user, why))?);
        }
        if let Some(token) = self.token {
            options = options.token(token);
        }
        let trust = match self.ca {
            Some(path) => {
                let pem = std::fs::read(&path).map_err(|why| AskedError::Certificates { path, why })?;
                Trust::Certificates(pem)
            }
            None if self.insecure => Trust::Anybody,
            None => Trust::System,
        };
        let mut join = Join::room(id);
        if self.create {
            // Ids are names: shorter, and of fewer characters.
            join = join.or_create(named(&self.room)?);
        }
        if let Some(topology) = self.topology {
            join = join.topology(match topology {
                TopologyArg::Auto => Topology::Auto,
                TopologyArg::Mesh => Topology::Mesh,
                TopologyArg::Sfu => Topology::Sfu,
            });
        }
        if let Some(role) = self.role {
            join = join.role(match role {
                RoleArg::Host => Role::Host,
                RoleArg::Caller => Role::Caller,
                RoleArg::Listener => Role::Listener,
            });
        }
        if let Some(password) = self.password {
            join = join.password(password);
        }
        if matches!(self.role, Some(RoleArg::Listener)) && !self.play.is_empty() {
            return Err(AskedError::Listener);
        }
        let mut files: Vec<(PathBuf, Media, Source)> = Vec::new();
        for path in self.play {
            let media = Media::of(&path).map_err(|why| AskedError::File { path: path.clone(), why })?;
            let source = match media.codec {
                Codec::Opus => Source::Microphone,
                Codec::Vp8 => Source::Camera,
            };
            if files.iter().any(|(_, _, other)| *other == source) {
                return Err(AskedError::TwoOfAKind);
            }
            files.push((path, media, source));
        }
        let duration = match self.duration {
            Some(text) => Some(humantime::parse_duration(&text).map_err(|_| AskedError::Duration(text))?),
            None => None,
        };
        Ok(Plan {
            url: self.url,
            options: options.trust(trust),
            join,
            files,
            is_looped: self.is_looped,
            record: self.record,
            say: self.say,
            duration,
        })
    }
}

/// Joins, and does what was asked.
pub(crate) fn run(asked: Asked) -> ExitCode {
    let log = Log { format: LogFormat::Human, level: asked.log_level.clone() };
    let filter = match logging::filter(&log) {
        Ok(filter) => filter,
        Err(error) => return complain(USAGE, &error),
    };
    let plan = match asked.understand() {
        Ok(plan) => plan,
        Err(error) => return complain(USAGE, &error),
    };
    let worked = logging::start(&log, filter).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(take_part(plan))
    });
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let told = error.downcast_ref();
            let code =
                complain(if matches!(told, Some(ClientError::Address(_))) { USAGE } else { FAILED }, &*error);
            if matches!(told, Some(ClientError::Untrusted { .. })) {
                tell!(
                    "Is it the server's own? --ca FILE believes that one, --insecure any, for a first try."
                );
            }
            code
        }
    }
}

/// Makes a folder for recordings, and sees that files can be made there: not when the show begins.
fn prepare(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let trial = folder.join(format!(".parlor-{}", std::process::id()));
    std::fs::File::create_new(&trial)?;
    std::fs::remove_file(trial)
}

async fn take_part(plan: Plan) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut signals = Signals::new()?;
    if let Some(folder) = &plan.record {
        prepare(folder).map_err(|error| format!("--record {}: {error}", folder.display()))?;
    }
    let begin = async {
        let (client, events) = Client::connect(&plan.url, plan.options).await?;
        match client.join(plan.join).await {
            Ok(room) => Ok((client, events, room)),
            Err(refused) => {
                // Or the identity stays taken until the grace is over.
                client.close().await;
                Err(refused)
            }
        }
    };
    let (client, mut events, room) = tokio::select! {
        begun = begin => begun?,
        () = signals.next() => return Ok(()),
    };
    let mut stay = Stay {
        names: BTreeMap::new(),
        connected: BTreeSet::new(),
        is_server_away: false,
        client,
        room,
        files: plan.files,
        is_looped: plan.is_looped,
        players: JoinSet::new(),
        record: plan.record,
        recorders: JoinSet::new(),
    };
    let stayed = async {
        stay.begin(plan.say).await?;
        let end = async {
            match plan.duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            outcome = stay.go_on(&mut events) => outcome,
            () = end => Ok(()),
            () = signals.next() => Ok(()),
        }
    };
    let stayed: Result<(), Box<dyn Error + Send + Sync>> = stayed.await;
    stay.players.shutdown().await;
    // Its end is the end of all tracks, and that of their recordings.
    stay.client.close().await;
    let Stay { client, room, mut recorders, .. } = stay;
    drop((client, room, events));
    while let Some(recorded) = recorders.join_next().await {
        match recorded? {
            Ok(Some((path, packets))) => tell!("recorded {packets} packets as {}", path.display()),
            Ok(None) => {}
            Err(error) => return Err(error.into()),
        }
    }
    stayed
}

/// What goes on while one is in the room.
struct Stay {
    names: BTreeMap<UserId, Name>,
    /// Whom it was told that one is connected with.
    connected: BTreeSet<parlor_client::Remote>,
    is_server_away: bool,
    client: Client,
    room: Room,
    /// What is to be played when somebody can hear it.
    files: Vec<(PathBuf, Media, Source)>,
    is_looped: bool,
    players: JoinSet<Result<(), Box<dyn Error + Send + Sync>>>,
    record: Option<PathBuf>,
    recorders: JoinSet<Result<Option<(PathBuf, u64)>, parlor_client::MediaError>>,
}

impl Stay {
    fn name<'a>(&'a self, user: &'a UserId) -> &'a str {
        self.names.get(user).map_or(user.as_str(), Name::as_str)
    }

    async fn begin(&mut self, say: Option<String>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let own_id = self.client.user_id().clone();
        let mut others = Vec::new();
        for participant in self.room.participants().await? {
            self.names.insert(participant.id.clone(), participant.name.clone());
            if participant.id != own_id {
                others.push(participant.name.to_string());
            }
        }
        let company = if others.is_empty() { "nobody else is here".to_owned() } else { others.join(", ") };
        tell!("in {} as {}: {company}", self.room.id(), self.name(&own_id));
        if self.record.is_some() {
            self.room.set_recording(true).await;
        }
        if let Some(text) = say {
            self.room.chat(text).await?;
        }
        Ok(())
    }

    /// Until everything is played, or one is out.
    async fn go_on(&mut self, events: &mut Events) -> Result<(), Box<dyn Error + Send + Sync>> {
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.on_event(event).await?,
                    None => return Err("the client is closed".into()),
                },
                Some(played) = self.players.join_next() => {
                    played??;
                    if self.players.is_empty() {
                        return Ok(());
                    }
                }
                Some(recorded) = self.recorders.join_next() => {
                    if let Some((path, packets)) = recorded?? {
                        tell!("recorded {packets} packets as {}", path.display());
                    }
                }
            }
        }
    }

    /// Plays what is to be played, from now on.
    async fn play(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        for (path, media, source) in std::mem::take(&mut self.files) {
            let track = self.client.publish(media.publish(source)).await?;
            let is_looped = self.is_looped;
            tell!("playing {}", path.display());
            self.players.spawn(async move {
                play(path, track, is_looped).await?;
                Ok(())
            });
        }
        Ok(())
    }

    fn record(&mut self, track: RemoteTrack, folder: &Path) {
        tell!("recording the {} of {}", track.source, self.name(&track.user));
        let folder = folder.to_owned();
        self.recorders.spawn_blocking(move || record(track, &folder));
    }

    async fn on_event(&mut self, event: Event) -> Result<(), Box<dyn Error + Send + Sync>> {
        match event {
            Event::Joined { participant, .. } => {
                let known = self.names.insert(participant.id, participant.name.clone());
                // Who was there before has been named.
                if known.is_none() {
                    tell!("{} came", participant.name);
                }
            }
            Event::Left { user, reason, .. } => {
                tell!("{} left ({reason})", self.name(&user));
                self.names.remove(&user);
            }
            Event::Updated { participant, .. } => {
                self.names.insert(participant.id, participant.name);
            }
            Event::Connection { remote, state } => {
                let with = match &remote {
                    parlor_client::Remote::User(user) => self.name(user).to_owned(),
                    parlor_client::Remote::Hub(_) => "the hub".to_owned(),
                };
                match state.status {
                    Status::Connected => {
                        // The hub alone is no audience.
                        let is_audience = remote.hub_of().is_none();
                        if self.connected.insert(remote) {
                            tell!("connected with {with}");
                        }
                        if is_audience {
                            self.play().await?;
                        }
                    }
                    Status::Failed => {
                        self.connected.remove(&remote);
                        tell!("the connection with {with} failed, and is tried again");
                    }
                    Status::Waiting | Status::FailedPermanent => drop(self.connected.remove(&remote)),
                    Status::Disconnected | Status::Connecting => {}
                }
            }
            Event::ConnectionFailed { remote, reason } => tell!("no connection with {remote}: {reason}"),
            Event::Track(track) => {
                if let Some(folder) = self.record.clone() {
                    self.record(track, &folder);
                }
            }
            Event::Chat(line) => tell!("{}: {}", self.name(&line.user_id), printable(&line.text)),
            Event::Session(SessionState::Reconnecting { reason, .. }) if !self.is_server_away => {
                self.is_server_away = true;
                tell!("the server is away ({reason}), and is tried again");
            }
            Event::Session(SessionState::Open) if self.is_server_away => {
                self.is_server_away = false;
                tell!("the server is back");
            }
            Event::Session(SessionState::Closed { reason }) => return Err(reason.into()),
            Event::Again { room } => tell!("in {room} again"),
            Event::Out { reason, by, .. } => {
                let by = by.map(|by| format!(" by {}", self.name(&by))).unwrap_or_default();
                return Err(match reason {
                    Departure::Reason(reason) => format!("out of the room: {reason}{by}").into(),
                    Departure::Refused(refusal) => refusal.message.into(),
                });
            }
            Event::Refused(refusal) => tracing::debug!(code = ?refusal.code, "{}", refusal.message),
            Event::Missed(count) => tracing::warn!(count, "events were missed"),
            _ => {}
        }
        Ok(())
    }
}

/// A line of somebody else, without what a terminal would take for orders.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
