//! What goes in and out as JSON, and how OpenAPI says it. What the signalling protocol has a word for is called the same.

use parlor_proto::{
    Grade, Kind, Mix, Mode, Name, Role, RoomId, Source, Timestamp, Topology, UserId, Via, limits,
};
use parlor_room::{ROSTER_WAITING_MAX, RoomView, Roster as CoreRoster, TOKEN_TTL_S_DEFAULT, TOKEN_TTL_S_MAX};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};

use super::super::limits::API_ROOMS_MAX;

/// An id of the signalling protocol.
fn id() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some("^[A-Za-z0-9_.:@-]{1,64}$"))
}

fn ids(max: usize) -> ArrayBuilder {
    ArrayBuilder::new().items(id()).max_items(Some(max))
}

fn members() -> ArrayBuilder {
    ids(usize::from(limits::CAPACITY_MAX)).description(Some(
        "Those who may be in the room, at most as many as it holds. In a request, who is named twice counts once",
    ))
}

fn waiting() -> ArrayBuilder {
    ids(ROSTER_WAITING_MAX).description(Some(
        "Those who would be members if there were places, the next one first; they are told `room-full`",
    ))
}

fn name() -> ObjectBuilder {
    text().min_length(Some(1)).max_length(Some(limits::NAME_CHARS_MAX))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

fn time() -> ObjectBuilder {
    use utoipa::openapi::{KnownFormat, SchemaFormat};
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

fn words(words: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(words.iter().copied()))
}

fn role() -> ObjectBuilder {
    words(&[Role::Host, Role::Caller, Role::Listener].map(Role::as_str))
}

fn topology() -> ObjectBuilder {
    words(&[Topology::Auto, Topology::Mesh, Topology::Sfu].map(Topology::as_str))
}

fn mode() -> ObjectBuilder {
    words(&[Mode::Mesh, Mode::Sfu].map(Mode::as_str))
}

fn mix() -> ObjectBuilder {
    words(&[Mix::Direct, Mix::Host].map(Mix::as_str))
}

fn grade() -> ObjectBuilder {
    words(&[Grade::Good, Grade::Fair, Grade::Poor, Grade::Lost].map(Grade::as_str))
}

fn via() -> ObjectBuilder {
    words(&[Via::Peerjs].map(Via::as_str))
}

fn source() -> ObjectBuilder {
    use Source::{Camera, Microphone, Program, Return, Screen, ScreenAudio};
    words(&[Microphone, Camera, Screen, ScreenAudio, Program, Return].map(Source::as_str))
}

fn kind() -> ObjectBuilder {
    words(&[Kind::Audio, Kind::Video].map(Kind::as_str))
}

fn capacity() -> ObjectBuilder {
    number(1, usize::from(limits::CAPACITY_MAX))
        .description(Some("How many it holds, with `topology: mesh` at most 15; 10 unless said otherwise"))
}

fn ttl() -> ObjectBuilder {
    let max = usize::try_from(TOKEN_TTL_S_MAX).unwrap_or(usize::MAX);
    number(1, max).description(Some("How many seconds it is good for; an hour unless said otherwise"))
}

fn number(min: usize, max: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(min)).maximum(Some(max))
}

/// A room
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Room {
    #[schema(schema_with = id)]
    id: RoomId,
    #[schema(schema_with = name)]
    name: Name,
    /// The host's name
    #[schema(schema_with = name)]
    host: Name,
    #[schema(schema_with = id)]
    host_id: UserId,
    #[schema(schema_with = time)]
    created_at: Timestamp,
    /// How many it holds
    capacity: u16,
    #[schema(schema_with = topology)]
    topology: Topology,
    /// How it is connected right now
    #[schema(schema_with = mode)]
    mode: Mode,
    #[schema(schema_with = mix)]
    mix: Mix,
    /// Whether the room list shows it
    listed: bool,
    /// Whether it takes nobody in
    locked: bool,
    /// Whether it asks for a password
    password: bool,
    /// Whether it has a roster; without one everybody may join
    roster: bool,
    /// By which door one gets in, if not by `/ws`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = via, required = false)]
    via: Option<Via>,
    /// Who is in it, in order of joining
    participants: Vec<Present>,
}

/// Who is in a room, in short
#[derive(Serialize, ToSchema)]
pub(super) struct Present {
    #[schema(schema_with = id)]
    id: UserId,
    #[schema(schema_with = name)]
    name: Name,
    #[schema(schema_with = role)]
    role: Role,
    /// By which door they came, if not by `/ws`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = via, required = false)]
    via: Option<Via>,
}

/// A page of rooms
#[derive(Serialize, ToSchema)]
pub(super) struct Rooms {
    /// In order of making
    rooms: Vec<Room>,
    /// There are more: what to ask for as `after`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = id, required = false)]
    next: Option<RoomId>,
}

/// Which rooms
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RoomsAsked {
    /// Those that were made after this one
    #[serde(default)]
    #[param(schema_with = id, required = false)]
    pub(super) after: Option<RoomId>,
    /// At most so many, 1 to 1,000; 1,000 unless said otherwise
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A room to make
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewRoom {
    /// Its id; without it the server makes one
    #[schema(schema_with = id, required = false)]
    id: Option<RoomId>,
    #[schema(schema_with = name)]
    name: Name,
    /// Who is named as host until somebody comes; `operator` unless said otherwise
    #[schema(schema_with = id, required = false)]
    host_id: Option<UserId>,
    /// The name of that
    #[schema(schema_with = name, required = false)]
    host: Option<Name>,
    #[schema(schema_with = capacity, required = false)]
    capacity: Option<u16>,
    #[schema(schema_with = topology, required = false)]
    topology: Option<Topology>,
    #[schema(schema_with = mix, required = false)]
    mix: Option<Mix>,
    /// Whether the room list shows it; true unless said otherwise
    listed: Option<bool>,
    /// Asked of everyone who joins
    #[schema(max_length = 256)]
    password: Option<String>,
    /// Who may be in it; without one, everybody
    roster: Option<Roster>,
}

/// Who may be in a room
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Roster {
    #[schema(schema_with = members)]
    members: Vec<UserId>,
    #[serde(default)]
    #[schema(schema_with = waiting, required = false)]
    waiting: Vec<UserId>,
}

/// Somebody in a room
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Participant {
    #[schema(schema_with = id)]
    id: UserId,
    #[schema(schema_with = name)]
    name: Name,
    #[schema(schema_with = role)]
    role: Role,
    /// By which door they came, if not by `/ws`: of a PeerJS peer the server knows neither tracks nor instance
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = via, required = false)]
    via: Option<Via>,
    /// The document that owns their connections
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[schema(schema_with = time)]
    joined_at: Timestamp,
    /// Whether their session was lost and may come back
    suspect: bool,
    /// How well their path to the hub works, in a star
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = grade, required = false)]
    grade: Option<Grade>,
    tracks: Vec<Track>,
}

/// What somebody publishes
#[derive(Serialize, ToSchema)]
pub(super) struct Track {
    #[schema(schema_with = source)]
    source: Source,
    #[schema(schema_with = kind)]
    kind: Kind,
    /// Whether it is on
    enabled: bool,
}

/// Who is in a room
#[derive(Serialize, ToSchema)]
pub(super) struct Participants {
    /// In order of joining
    participants: Vec<Participant>,
}

/// A token to issue
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewToken {
    /// For whom
    #[schema(schema_with = id)]
    pub(super) user_id: UserId,
    /// In which room it counts where there is a roster; without it, in every one
    #[schema(schema_with = id, required = false)]
    pub(super) room: Option<RoomId>,
    #[schema(schema_with = ttl, required = false)]
    ttl: Option<u64>,
}

/// A token
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    /// To be said as `hello.token`, or as the `token` of a PeerJS client
    pub(super) token: String,
    #[schema(schema_with = id)]
    pub(super) user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = id, required = false)]
    pub(super) room: Option<RoomId>,
    /// From when on it counts no more
    #[schema(schema_with = time)]
    pub(super) expires_at: Timestamp,
}

impl RoomsAsked {
    /// At most so many.
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(API_ROOMS_MAX).clamp(1, API_ROOMS_MAX)
    }
}

impl NewToken {
    /// For how many seconds.
    pub(super) fn ttl_s(&self) -> u64 {
        self.ttl.unwrap_or(TOKEN_TTL_S_DEFAULT)
    }
}

impl NewRoom {
    /// As the registry takes it.
    pub(super) fn into_core(self, operator: (UserId, Name)) -> parlor_room::NewRoom {
        let Self { id, name, host_id, host, capacity, topology, mix, listed, password, roster } = self;
        let settings = parlor_proto::client::RoomSettings { capacity, topology, mix, listed, password };
        let host = (host_id.unwrap_or(operator.0), host.unwrap_or(operator.1));
        parlor_room::NewRoom { id, name, host, settings, roster: roster.map(Into::into) }
    }
}

impl Rooms {
    pub(super) fn of(views: Vec<RoomView>, limit: usize) -> Self {
        let mut rooms: Vec<Room> = views.into_iter().map(Into::into).collect();
        let has_more = rooms.len() > limit;
        rooms.truncate(limit);
        let next = rooms.last().filter(|_| has_more).map(|room| room.id.clone());
        Self { rooms, next }
    }
}

impl From<RoomView> for Room {
    fn from(view: RoomView) -> Self {
        let RoomView { details, mode, has_password, has_roster } = view;
        let summary = details.summary;
        Self {
            id: summary.id,
            name: summary.name,
            host: summary.host,
            host_id: summary.host_id,
            created_at: summary.created_at,
            capacity: summary.capacity,
            topology: summary.topology,
            mode,
            mix: details.mix,
            listed: details.listed,
            locked: details.locked,
            password: has_password,
            roster: has_roster,
            via: summary.via,
            participants: summary
                .participants
                .into_iter()
                .map(|one| Present { id: one.id, name: one.name, role: one.role, via: one.via })
                .collect(),
        }
    }
}

impl From<Roster> for CoreRoster {
    fn from(Roster { members, waiting }: Roster) -> Self {
        Self { members, waiting }
    }
}

impl From<&CoreRoster> for Roster {
    fn from(CoreRoster { members, waiting }: &CoreRoster) -> Self {
        Self { members: members.clone(), waiting: waiting.clone() }
    }
}

impl From<Vec<parlor_room::Present>> for Participants {
    fn from(present: Vec<parlor_room::Present>) -> Self {
        Self { participants: present.into_iter().map(Into::into).collect() }
    }
}

impl From<parlor_room::Present> for Participant {
    fn from(present: parlor_room::Present) -> Self {
        match present {
            parlor_room::Present::Participant(one) => Self {
                id: one.id,
                name: one.name,
                role: one.role,
                via: None,
                instance: Some(one.instance.as_str().to_owned()),
                joined_at: one.joined_at,
                suspect: one.suspect,
                grade: one.grade,
                tracks: one
                    .tracks
                    .into_iter()
                    .map(|track| Track { source: track.source, kind: track.kind, enabled: track.enabled })
                    .collect(),
            },
            parlor_room::Present::Guest(guest) => Self {
                id: guest.id,
                name: guest.name,
                role: Role::Caller,
                via: Some(Via::Peerjs),
                instance: None,
                joined_at: guest.joined_at,
                suspect: false,
                grade: None,
                tracks: Vec::new(),
            },
        }
    }
}
