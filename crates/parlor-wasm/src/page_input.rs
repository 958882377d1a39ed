//! The page's JSON read into [`Input`].
//!
//! The JSON is what serde would read into `Input` itself. But each struct that serde reads costs two to three kilobytes
//! of WebAssembly, and each tagged enum twice that, so the fields are taken out of a parsed [`Json`] here. A test holds
//! the two ways against each other.

use parlor_connect::{
    ConnectionState, IceState, Input, JoinedRoom, Media, OfferAsked, Present, Refused, Remote, RoomJoined,
    RoomSettings, RoomUpdated, Sends, Settings, Signal, StatsSample, TopologyMoved, UserJoined, UserLeft,
    UserUpdated,
};
use parlor_proto::{
    ErrorCode, Grade, IceCandidateFrom, IceCandidateInit, Instance, Kind, LeaveReason, Mix, Mode, OfferFrom,
    Phase, Role, RoomId, Sdp, Source, Topology, TrackLabel, UserId,
};

use crate::json::Json;

/// Reads one input: a string, or an object with one key.
///
/// # Errors
/// A sentence that names the input and the field that is missing or wrong.
pub fn read(json: &Json) -> Result<Input, String> {
    match json {
        Json::Text(name) => match name.as_str() {
            "signalingUp" => Ok(Input::SignalingUp),
            "signalingDown" => Ok(Input::SignalingDown),
            "closeAll" => Ok(Input::CloseAll),
            _ => Err(format!("no input is called {name}")),
        },
        Json::Object(entries) => {
            let (name, value) = entries.first().ok_or("no input is in it")?;
            read_named(name, value).map_err(|reason| format!("{name}: {reason}"))
        }
        _ => Err("an input is a string or an object with one key".to_owned()),
    }
}

fn read_named(name: &str, value: &Json) -> Result<Input, String> {
    match name {
        "media" => {
            let media = [("pending", Media::Pending), ("ready", Media::Ready), ("none", Media::None)];
            return word(value.as_text(), media).map(Input::Media).ok_or_else(|| wrong("media"));
        }
        "turnAvailable" => {
            return value.as_bool().map(Input::TurnAvailable).ok_or_else(|| wrong("turnAvailable"));
        }
        _ => {}
    }
    let fields = Fields::of(value, "the input")?;
    let peer = || fields.remote("peer");
    let attempt = || fields.number("attempt");
    let reason = || fields.text("reason").map(str::to_owned);
    Ok(match name {
        "signal" => Input::Signal(read_signal(fields.text("type")?, &fields.fields("data")?)?),
        "leaveRoom" => Input::LeaveRoom { room_id: fields.room("roomId")? },
        "retry" => Input::Retry { peer: peer()? },
        "closePeer" => Input::ClosePeer { peer: peer()? },
        "negotiationNeeded" => Input::NegotiationNeeded { peer: peer()?, attempt: attempt()? },
        "localDescriptionSet" => {
            let (sdp, tracks) = (fields.sdp()?, fields.tracks()?);
            Input::LocalDescriptionSet { peer: peer()?, attempt: attempt()?, sdp, tracks }
        }
        "localDescriptionFailed" => {
            Input::LocalDescriptionFailed { peer: peer()?, attempt: attempt()?, reason: reason()? }
        }
        "rolledBack" => Input::RolledBack { peer: peer()?, attempt: attempt()? },
        "rollbackFailed" => Input::RollbackFailed { peer: peer()?, attempt: attempt()?, reason: reason()? },
        "remoteDescriptionSet" => Input::RemoteDescriptionSet { peer: peer()?, attempt: attempt()? },
        "remoteDescriptionFailed" => {
            Input::RemoteDescriptionFailed { peer: peer()?, attempt: attempt()?, reason: reason()? }
        }
        "localCandidate" => {
            Input::LocalCandidate { peer: peer()?, attempt: attempt()?, candidate: fields.candidate()? }
        }
        "stateChanged" => Input::StateChanged {
            peer: peer()?,
            attempt: attempt()?,
            ice: fields.word("ice", ICE_STATES)?,
            connection: fields.word("connection", CONNECTION_STATES)?,
        },
        "statsSampled" => {
            Input::StatsSampled { peer: peer()?, attempt: attempt()?, sample: stats_sample(&fields) }
        }
        _ => return Err("no such input".to_owned()),
    })
}

fn read_signal(kind: &str, data: &Fields<'_>) -> Result<Signal, String> {
    let room_id = || data.room("roomId");
    let epoch = || data.wide_number("epoch");
    Ok(match kind {
        "room-joined" => {
            let room = data.fields("room")?;
            let room = JoinedRoom { id: room.room("id")?, settings: room_settings(&room)? };
            let (participants, topology) = (data.participants()?, data.word("topology", MODES)?);
            Signal::RoomJoined(RoomJoined { room, participants, topology, epoch: epoch()? })
        }
        "user-joined-room" => {
            let participants = data.participants()?;
            Signal::UserJoinedRoom(UserJoined { room_id: room_id()?, participants, epoch: epoch()? })
        }
        "user-left-room" => Signal::UserLeftRoom(UserLeft {
            room_id: room_id()?,
            user_id: data.user("userId")?,
            reason: data.word("reason", LEAVE_REASONS)?,
            participants: data.participants()?,
            epoch: epoch()?,
        }),
        "user-updated" => {
            let participant = present(&data.fields("participant")?)?;
            Signal::UserUpdated(UserUpdated { room_id: room_id()?, participant, epoch: epoch()? })
        }
        "room-updated" => {
            let room = room_settings(&data.fields("room")?)?;
            Signal::RoomUpdated(RoomUpdated { room_id: room_id()?, room, epoch: epoch()? })
        }
        "topology" => Signal::Topology(TopologyMoved {
            room_id: room_id()?,
            mode: data.word("mode", MODES)?,
            change: data.number("change")?,
            phase: data.word("phase", PHASES)?,
        }),
        "offer-wanted" => {
            Signal::OfferWanted(OfferAsked { room_id: room_id()?, reason: data.text("reason")?.to_owned() })
        }
        "error" => Signal::Error(Refused {
            code: error_code(data.text("code")?)?,
            message: data.text("message")?.to_owned(),
            to: data.get("to").map(|_| data.user("to")).transpose()?,
            room_id: data.optional_room("roomId")?,
            attempt: data.get("attempt").map(|_| data.number("attempt")).transpose()?,
        }),
        "offer" => Signal::Offer(description(data)?),
        "answer" => Signal::Answer(description(data)?),
        "ice-candidate" => Signal::IceCandidate(IceCandidateFrom {
            from: data.user("from")?,
            instance: data.instance()?,
            room_id: data.optional_room("roomId")?,
            candidate: data.candidate()?,
            attempt: data.number("attempt")?,
        }),
        _ => return Err(format!("no connection needs {kind:?}")),
    })
}

/// An offer or an answer, which have the same fields.
fn description(data: &Fields<'_>) -> Result<OfferFrom, String> {
    Ok(OfferFrom {
        from: data.user("from")?,
        instance: data.instance()?,
        room_id: data.optional_room("roomId")?,
        sdp: data.sdp()?,
        attempt: data.number("attempt")?,
        n: data.number("n")?,
        tracks: data.tracks()?,
    })
}

fn present(data: &Fields<'_>) -> Result<Present, String> {
    let suspect = data.get("suspect").and_then(Json::as_bool).ok_or_else(|| wrong("suspect"))?;
    let tracks = data.get("tracks").and_then(Json::as_list).unwrap_or_default();
    let track = |track| {
        let fields = Fields::of(track, "a track").ok()?;
        Some((fields.word("kind", KINDS).ok()?, fields.get("enabled")?.as_bool()?))
    };
    let sends = Sends::of(tracks.iter().filter_map(track));
    let grade = data.get("grade").map(|_| data.word("grade", GRADES)).transpose()?;
    let (id, instance, role) = (data.user("id")?, data.instance()?, data.word("role", ROLES)?);
    Ok(Present { id, instance, role, suspect, grade, sends })
}

fn error_code(text: &str) -> Result<ErrorCode, String> {
    ErrorCode::ALL.into_iter().find(|code| code.as_str() == text).ok_or_else(|| wrong("code"))
}

fn room_settings(room: &Fields<'_>) -> Result<RoomSettings, String> {
    Ok(RoomSettings { topology: room.word("topology", TOPOLOGIES)?, mix: room.word("mix", MIXES)? })
}

/// A figure that a browser does not give is 0 or unknown, and costs nobody the others.
fn stats_sample(fields: &Fields<'_>) -> StatsSample {
    let count = |name| fields.wide_number(name).unwrap_or(0);
    let figure = |name| fields.number(name).ok();
    StatsSample {
        packets_received: count("packetsReceived"),
        packets_lost: count("packetsLost"),
        bytes_received: count("bytesReceived"),
        bytes_sent: count("bytesSent"),
        round_trip_ms: figure("roundTripMs"),
        jitter_ms: figure("jitterMs"),
        available_out_kbps: figure("availableOutKbps"),
    }
}

/// Reads the figures that are given; the others stay at their defaults.
///
/// # Errors
/// A sentence that names the figure that is no whole number.
pub fn read_settings(json: &Json) -> Result<Settings, String> {
    let fields = Fields::of(json, "settings")?;
    let mut settings = Settings::default();
    let times = [
        ("mediaWaitMs", &mut settings.media_wait_ms),
        ("offerTimeoutMs", &mut settings.offer_timeout_ms),
        ("waitTimeoutMs", &mut settings.wait_timeout_ms),
        ("disconnectedMs", &mut settings.disconnected_ms),
        ("missingMs", &mut settings.missing_ms),
        ("retryDelayMs", &mut settings.retry_delay_ms),
        ("dtlsRetryDelayMs", &mut settings.dtls_retry_delay_ms),
        ("retryDelayMaxMs", &mut settings.retry_delay_max_ms),
        ("jitterPercent", &mut settings.jitter_percent),
        ("staggerMs", &mut settings.stagger_ms),
        ("sampleMs", &mut settings.sample_ms),
        ("frozenMs", &mut settings.frozen_ms),
        ("stillFrozenMs", &mut settings.still_frozen_ms),
        ("settleMs", &mut settings.settle_ms),
        ("oldPathMs", &mut settings.old_path_ms),
    ];
    for (name, figure) in times {
        if fields.get(name).is_some() {
            *figure = fields.wide_number(name)?;
        }
    }
    if fields.get("retriesMax").is_some() {
        settings.retries_max = fields.number("retriesMax")?;
    }
    let counts = [
        ("attemptsAtOnce", &mut settings.attempts_at_once),
        ("warmFrom", &mut settings.warm_from),
        ("hubVoices", &mut settings.hub_voices),
    ];
    for (name, figure) in counts {
        if fields.get(name).is_some() {
            *figure = usize::try_from(fields.number(name)?).unwrap_or(usize::MAX);
        }
    }
    Ok(settings)
}

/// The fields of one object.
pub(crate) struct Fields<'a>(&'a [(String, Json)]);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Json, name: &str) -> Result<Self, String> {
        match value {
            Json::Object(entries) => Ok(Self(entries)),
            _ => Err(format!("{name} is an object")),
        }
    }

    /// A field that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
            .filter(|value| **value != Json::Null)
    }

    pub(crate) fn wide_number(&self, name: &str) -> Result<u64, String> {
        self.get(name).and_then(Json::as_number).ok_or_else(|| wrong(name))
    }

    fn number(&self, name: &str) -> Result<u32, String> {
        u32::try_from(self.wide_number(name)?).map_err(|_| wrong(name))
    }

    fn text(&self, name: &str) -> Result<&'a str, String> {
        self.get(name).and_then(Json::as_text).ok_or_else(|| wrong(name))
    }

    fn fields(&self, name: &str) -> Result<Self, String> {
        Self::of(self.get(name).ok_or_else(|| wrong(name))?, name)
    }

    pub(crate) fn user(&self, name: &str) -> Result<UserId, String> {
        UserId::parse(self.text(name)?).map_err(|_| wrong(name))
    }

    pub(crate) fn remote(&self, name: &str) -> Result<Remote, String> {
        Remote::parse(self.text(name)?).map_err(|_| wrong(name))
    }

    pub(crate) fn instance(&self) -> Result<Instance, String> {
        Instance::parse(self.text("instance")?).map_err(|_| wrong("instance"))
    }

    fn room(&self, name: &str) -> Result<RoomId, String> {
        RoomId::parse(self.text(name)?).map_err(|_| wrong(name))
    }

    fn optional_room(&self, name: &str) -> Result<Option<RoomId>, String> {
        self.get(name).map(|_| self.room(name)).transpose()
    }

    fn word<T: Copy, const N: usize>(&self, name: &str, words: [(&str, T); N]) -> Result<T, String> {
        word(self.get(name).and_then(Json::as_text), words).ok_or_else(|| wrong(name))
    }

    fn sdp(&self) -> Result<Sdp, String> {
        self.text("sdp").map(Sdp::from_text)
    }

    fn list(&self, name: &str) -> Result<&'a [Json], String> {
        self.get(name).and_then(Json::as_list).ok_or_else(|| wrong(name))
    }

    fn participants(&self) -> Result<Vec<Present>, String> {
        self.list("participants")?.iter().map(|value| present(&Fields::of(value, "a participant")?)).collect()
    }

    fn tracks(&self) -> Result<Option<Vec<TrackLabel>>, String> {
        if self.get("tracks").is_none() {
            return Ok(None);
        }
        let label = |value| {
            let fields = Fields::of(value, "a track")?;
            Ok(TrackLabel { mid: fields.text("mid")?.to_owned(), source: fields.word("source", SOURCES)? })
        };
        self.list("tracks")?.iter().map(label).collect::<Result<_, String>>().map(Some)
    }

    fn candidate(&self) -> Result<Option<IceCandidateInit>, String> {
        let Some(value) = self.get("candidate") else { return Ok(None) };
        let fields = Fields::of(value, "candidate")?;
        let text = |name| fields.get(name).map(|_| fields.text(name).map(str::to_owned)).transpose();
        let line = fields.get("sdpMLineIndex").map(|_| fields.number("sdpMLineIndex")).transpose()?;
        Ok(Some(IceCandidateInit {
            candidate: text("candidate")?.unwrap_or_default(),
            sdp_mid: text("sdpMid")?,
            sdp_m_line_index: line.map(u16::try_from).transpose().map_err(|_| wrong("sdpMLineIndex"))?,
            username_fragment: text("usernameFragment")?,
        }))
    }
}

fn word<T: Copy, const N: usize>(text: Option<&str>, words: [(&str, T); N]) -> Option<T> {
    words.into_iter().find(|(name, _)| Some(*name) == text).map(|(_, value)| value)
}

fn wrong(name: &str) -> String {
    format!("{name} is missing or wrong")
}

const ROLES: [(&str, Role); 3] =
    [("host", Role::Host), ("caller", Role::Caller), ("listener", Role::Listener)];

const SOURCES: [(&str, Source); 6] = [
    ("microphone", Source::Microphone),
    ("camera", Source::Camera),
    ("screen", Source::Screen),
    ("screen-audio", Source::ScreenAudio),
    ("program", Source::Program),
    ("return", Source::Return),
];

const KINDS: [(&str, Kind); 2] = [("audio", Kind::Audio), ("video", Kind::Video)];

const TOPOLOGIES: [(&str, Topology); 3] =
    [("auto", Topology::Auto), ("mesh", Topology::Mesh), ("sfu", Topology::Sfu)];

const MODES: [(&str, Mode); 2] = [("mesh", Mode::Mesh), ("sfu", Mode::Sfu)];

const MIXES: [(&str, Mix); 2] = [("direct", Mix::Direct), ("host", Mix::Host)];

const PHASES: [(&str, Phase); 2] = [("prepare", Phase::Prepare), ("commit", Phase::Commit)];

const GRADES: [(&str, Grade); 4] =
    [("good", Grade::Good), ("fair", Grade::Fair), ("poor", Grade::Poor), ("lost", Grade::Lost)];

const LEAVE_REASONS: [(&str, LeaveReason); 7] = [
    ("left", LeaveReason::Left),
    ("disconnected", LeaveReason::Disconnected),
    ("timeout", LeaveReason::Timeout),
    ("kicked", LeaveReason::Kicked),
    ("replaced", LeaveReason::Replaced),
    ("room-ended", LeaveReason::RoomEnded),
    ("server-stopping", LeaveReason::ServerStopping),
];

const ICE_STATES: [(&str, IceState); 7] = [
    ("new", IceState::New),
    ("checking", IceState::Checking),
    ("connected", IceState::Connected),
    ("completed", IceState::Completed),
    ("disconnected", IceState::Disconnected),
    ("failed", IceState::Failed),
    ("closed", IceState::Closed),
];

const CONNECTION_STATES: [(&str, ConnectionState); 6] = [
    ("new", ConnectionState::New),
    ("connecting", ConnectionState::Connecting),
    ("connected", ConnectionState::Connected),
    ("disconnected", ConnectionState::Disconnected),
    ("failed", ConnectionState::Failed),
    ("closed", ConnectionState::Closed),
];
