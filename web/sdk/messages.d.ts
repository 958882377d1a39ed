// The messages of docs/protocol.md as TypeScript declarations.
// Made from crates/parlor-proto by `UPDATE=1 cargo test -p parlor-proto declarations`: change it there, not here.

/** `chat`. */
export type Chat = {
  /** In which room. */
  roomId: RoomId,
  /** 1 to 4,000 characters. */
  text: string,
  /** The sender's id of the message; without it the server makes one. */
  chatId?: ChatId,
};

/** `chat`, to the others in the room. */
export type ChatFrom = {
  /** In which room. */
  roomId: RoomId,
  /** Who wrote it. */
  userId: UserId,
  /** What they wrote. */
  text: string,
  /** Tells copies of it. */
  chatId: ChatId,
  /** When it reached the server. */
  sentAt: Timestamp,
};

/** One chat message, the same on every path, so that a second copy can be told. */
export type ChatId = string;

/** What a client says. */
export type ClientMessage =
  | { "type": "hello", "data": Hello }
  | { "type": "ping", "data": Ping }
  | { "type": "ice-servers", "data": IceServersRequest }
  | { "type": "room-created", "data": RoomCreated }
  | { "type": "user-joined-room", "data": UserJoinedRoom }
  | { "type": "user-left-room", "data": UserLeftRoom }
  | { "type": "room-list-request", "data": RoomListRequest }
  | { "type": "set-role", "data": SetRole }
  | { "type": "remove-user", "data": TargetUser }
  | { "type": "mute-request", "data": TargetUser }
  | { "type": "update-room", "data": UpdateRoom }
  | { "type": "end-room", "data": EndRoom }
  | { "type": "offer", "data": Offer }
  | { "type": "answer", "data": Offer }
  | { "type": "ice-candidate", "data": IceCandidate }
  | { "type": "receive", "data": Receive }
  | { "type": "topology-ready", "data": TopologyReady }
  | { "type": "track-state", "data": TrackState }
  | { "type": "recording", "data": Recording }
  | { "type": "chat", "data": Chat }
  | { "type": "message", "data": Message };

/** The room that `user-joined-room` makes if it is missing. */
export type CreateRoom = {
  /** The room's name. */
  name: Name,
  /** 1 to 1,000, to 15 with `topology: mesh`; 10 unless said otherwise. */
  capacity?: number,
  /** `auto` unless said otherwise. */
  topology?: Topology,
  /** `direct` unless said otherwise. */
  mix?: Mix,
  /** Whether the room list shows it; true unless said otherwise. */
  listed?: boolean,
  /** Asked of everyone who joins. */
  password?: string,
};

/** `end-room`. */
export type EndRoom = {
  /** Which room. */
  roomId: RoomId,
};

/** The codes of the contract's section "Errors". */
export type ErrorCode = "bad-message" | "too-large" | "rate-limited" | "unauthorized" | "forbidden" | "room-exists" | "room-not-found" | "room-full" | "unavailable-id" | "peer-unavailable" | "not-in-room" | "wrong-password" | "server-error";

/** How well a connection works, in a word (CM-17). Ordered from good to bad. */
export type Grade = "good" | "fair" | "poor" | "lost";

/** `hello`: who is at this socket. */
export type Hello = {
  /** The identity; without it the server makes one. */
  userId?: UserId,
  /** The name to show. */
  userName?: Name,
  /** The document that owns the connections. */
  instance?: Instance,
  /** Issued for the identity by the server's operator. */
  token?: string,
  /** The session to go on with. */
  resume?: Resume,
};

/** A candidate (RFC 8838, trickle ICE) on its way to the server. */
export type IceCandidate = {
  /** The participant at the other end, or `hub`. */
  to: UserId,
  /** For which instance of theirs this is meant; the server drops it in silence when they have another by now, as
   * after a reload whose news crossed with this. */
  toInstance?: Instance,
  /** Only to the peer `hub`: for which room. */
  roomId?: RoomId,
  /** The candidate; `null` ends the candidates of this generation. */
  candidate: IceCandidateInit | null,
  /** Which RTCPeerConnection of this pair of instances. */
  attempt: number,
};

/** A candidate as the server relays it. */
export type IceCandidateFrom = {
  /** The participant at the other end, or `hub`; the server writes it. */
  from: UserId,
  /** That participant's instance. */
  instance: Instance,
  /** Only from the peer `hub`: for which room. */
  roomId?: RoomId,
  /** The candidate; `null` ends the candidates of this generation. */
  candidate: IceCandidateInit | null,
  /** Which RTCPeerConnection of this pair of instances. */
  attempt: number,
};

/** `RTCIceCandidateInit` (W3C WebRTC, section 4.8.1.1). */
export type IceCandidateInit = {
  /** The candidate attribute; empty at the end of candidates. */
  candidate?: string,
  /** The media section, by its identification tag. */
  sdpMid?: string | null,
  /** The media section, by its index. */
  sdpMLineIndex?: number | null,
  /** The ICE generation; without it, that of the newest description. */
  usernameFragment?: string | null,
};

/** `RTCIceServer` (W3C WebRTC, section 4.2.4). */
export type IceServer = {
  /** `stun:` and `turn:` addresses. */
  urls: Array<string>,
  /** For TURN. */
  username?: string,
  /** For TURN. */
  credential?: string,
};

/** `ice-servers`: as in `welcome`, with credentials that are good for longer. */
export type IceServers = {
  /** `RTCIceServer`s for the RTCPeerConnections. */
  iceServers: Array<IceServer>,
};

/** `ice-servers`: nothing more is said. */
export type IceServersRequest = Record<symbol, never>;

/** The document (or process) that owns the RTCPeerConnections, made anew on each load. */
export type Instance = string;

/** Sound or picture. */
export type Kind = "audio" | "video";

/** Why a participant is no longer in a room. */
export type LeaveReason = "left" | "disconnected" | "timeout" | "kicked" | "replaced" | "room-ended" | "server-stopping";

/** What a server allows, as it tells its clients. */
export type Limits = {
  /** Bytes of a frame. */
  frameBytes: number,
  /** Frames a second. */
  framesPerSecond: number,
  /** Frames at once. */
  framesBurst: number,
  /** Bytes of a `message`'s payload. */
  payloadBytes: number,
  /** Characters of a `chat`'s text. */
  chatCharacters: number,
  /** Characters of a name. */
  nameCharacters: number,
  /** Rooms at once. */
  roomsPerSession: number,
  /** Participants of a room. */
  capacity: number,
  /** Milliseconds that a lost session may take to come back. */
  graceMs: number,
};

/** `message`. */
export type Message = {
  /** In which room. */
  roomId: RoomId,
  /** For whom; without it for all others of the room. */
  to?: UserId,
  /** Any JSON up to 16 KiB. */
  payload: RawJson,
};

/** `message`, to one participant or to all others. */
export type MessageFrom = {
  /** In which room. */
  roomId: RoomId,
  /** Who sent it. */
  from: UserId,
  /** For whom, if not for all. */
  to?: UserId,
  /** Unchanged. */
  payload: RawJson,
};

/** Who mixes what participants hear (AU-4). */
export type Mix = "direct" | "host";

/** How a room is connected right now. */
export type Mode = "mesh" | "sfu";

/** `mute-request`, to the one who is asked. */
export type MuteRequestFrom = {
  /** In which room. */
  roomId: RoomId,
  /** Who asks. */
  from: UserId,
};

/** A person's or a room's name. Shown as text, never as markup: `<img onerror>` is a name like any other. */
export type Name = string;

/** An offer or an answer (RFC 3264) on its way to the server. */
export type Offer = {
  /** The participant at the other end, or `hub`. */
  to: UserId,
  /** For which instance of theirs this is meant; the server drops it in silence when they have another by now, as
   * after a reload whose news crossed with this. */
  toInstance?: Instance,
  /** Only to the peer `hub`: for which room. */
  roomId?: RoomId,
  /** The session description. */
  sdp: Sdp,
  /** Which RTCPeerConnection of this pair of instances, from 1. */
  attempt: number,
  /** Which offer of that RTCPeerConnection, from 1; an answer echoes it. */
  n: number,
  /** What the media sections carry; without it audio is the microphone and video the camera. */
  tracks?: Array<TrackLabel>,
};

/** An offer or an answer as the server relays it. */
export type OfferFrom = {
  /** The participant at the other end, or `hub`; the server writes it. */
  from: UserId,
  /** That participant's instance. */
  instance: Instance,
  /** Only from the peer `hub`: for which room. */
  roomId?: RoomId,
  /** The session description. */
  sdp: Sdp,
  /** Which RTCPeerConnection of this pair of instances, from 1. */
  attempt: number,
  /** Which offer of that RTCPeerConnection, from 1; an answer echoes it. */
  n: number,
  /** What the media sections carry; without it audio is the microphone and video the camera. */
  tracks?: Array<TrackLabel>,
};

/** `offer-wanted`: the hub only answers, so it asks. */
export type OfferWanted = {
  /** In which room. */
  roomId: RoomId,
  /** `path-lost`: an offer with new ICE credentials; `transport-gone`: an offer of a new RTCPeerConnection. */
  reason: string,
};

/** One person in one room. */
export type Participant = {
  /** The user id. */
  id: UserId,
  /** The name to show. */
  name: Name,
  /** What they may do. */
  role: Role,
  /** The document that owns their connections. */
  instance: Instance,
  /** Since when they are here. */
  joinedAt: Timestamp,
  /** Whether their session was lost and may come back. */
  suspect: boolean,
  /** How well their path to the hub works, in a star, as the hub sees it. */
  grade?: Grade,
  /** What they publish. */
  tracks: Array<Track>,
};

/** How far a move between mesh and hub is. */
export type Phase = "prepare" | "commit";

/** `ping`: anything, which comes back in `pong`. */
export type Ping = {
  /** Comes back unchanged. */
  t?: RawJson,
};

/** `pong`. */
export type Pong = {
  /** What the `ping` brought. */
  t?: RawJson,
};

/** Any JSON value, kept as the text it came in. Equal when the texts are. */
export type RawJson = unknown;

/** `receive`: what the hub is to forward. It replaces what was said before. */
export type Receive = {
  /** In which room. */
  roomId: RoomId,
  /** Whose sound is not wanted. */
  muted: Array<UserId>,
  /** Which videos, the most wanted first. */
  video: Array<WantedVideo>,
};

/** `recording`. */
export type Recording = {
  /** In which room. */
  roomId: RoomId,
  /** Whether a recording runs. */
  active: boolean,
};

/** `recording`, to everybody in the room. */
export type RecordingNow = {
  /** In which room. */
  roomId: RoomId,
  /** Everybody who records now, in order of joining. */
  recording: Array<UserId>,
  /** See [`RoomJoined::epoch`]. */
  epoch: number,
};

/** The data of an `error` frame: what was refused, and why. */
export type Refusal = {
  /** For programs. */
  code: ErrorCode,
  /** For people: one sentence. */
  message: string,
  /** The request's type. */
  type?: string,
  /** To whom it was addressed. */
  to?: UserId,
  /** The room it named. */
  roomId?: RoomId,
  /** The attempt it belonged to. */
  attempt?: number,
};

/** Which session to go on with, and from where. */
export type Resume = {
  /** The `resumeToken` of its `welcome`. */
  token: string,
  /** The last `seq` that arrived, 0 if none did. */
  lastSeq: number,
};

/** What a participant may do in a room (AU-7). */
export type Role = "host" | "caller" | "listener";

/** `room-created`. */
export type RoomCreated = {
  /** The room's id; without it the server makes one. */
  id?: RoomId,
  /** The room's name. */
  name: Name,
  /** The creator's name, for a session that said no `hello`. */
  host?: Name,
  /** The creator's identity, for a session that said no `hello`. */
  hostId?: UserId,
  /** 1 to 1,000, to 15 with `topology: mesh`; 10 unless said otherwise. */
  capacity?: number,
  /** `auto` unless said otherwise. */
  topology?: Topology,
  /** `direct` unless said otherwise. */
  mix?: Mix,
  /** Whether the room list shows it; true unless said otherwise. */
  listed?: boolean,
  /** Asked of everyone who joins. */
  password?: string,
};

/** A room as those in it see it: the summary, and what the list does not tell. */
export type RoomDetails = {
  /** Who mixes. */
  mix: Mix,
  /** Whether the room list shows it. */
  listed: boolean,
  /** Whether it takes nobody in. */
  locked: boolean,
  /** Its id. */
  id: RoomId,
  /** The name to show. */
  name: Name,
  /** The host's name. */
  host: Name,
  /** The host's user id. */
  hostId: UserId,
  /** Since when it exists. */
  createdAt: Timestamp,
  /** How many it holds. */
  capacity: number,
  /** How it is set to connect. */
  topology: Topology,
  /** By which door one gets in; none: by `/ws`. */
  via?: Via,
  /** Who is in it, in order of joining. */
  participants: Array<SummaryParticipant>,
};

/** A room. For a person it is the fragment of the page's address. */
export type RoomId = string;

/** `room-joined`. */
export type RoomJoined = {
  /** The room. */
  room: RoomDetails,
  /** One's own participant. */
  you: Participant,
  /** Everyone, oneself included, in order of joining. */
  participants: Array<Participant>,
  /** The mode in force. */
  topology: Mode,
  /** Who mixes. */
  mix: Mix,
  /** Who records. */
  recording: Array<UserId>,
  /** Grows when another server process takes the room over. */
  epoch: number,
};

/** `room-list-delta`: what differs between two versions. */
export type RoomListDelta = {
  /** The version it leads to. */
  version: number,
  /** The version it starts from. */
  from: number,
  /** Rooms that are new or other than before. */
  changed: Array<RoomSummary>,
  /** Rooms that are gone. */
  removed: Array<RoomId>,
};

/** `room-list-digest`: by which a watcher of differences sees that it missed one. */
export type RoomListDigest = {
  /** The list's version. */
  version: number,
  /** How many rooms it has. */
  count: number,
};

/** `room-list-request`. */
export type RoomListRequest = {
  /** Send differences from now on. */
  deltas?: boolean,
};

/** A room as the room list shows it (RR-1). */
export type RoomSummary = {
  /** Its id. */
  id: RoomId,
  /** The name to show. */
  name: Name,
  /** The host's name. */
  host: Name,
  /** The host's user id. */
  hostId: UserId,
  /** Since when it exists. */
  createdAt: Timestamp,
  /** How many it holds. */
  capacity: number,
  /** How it is set to connect. */
  topology: Topology,
  /** By which door one gets in; none: by `/ws`. */
  via?: Via,
  /** Who is in it, in order of joining. */
  participants: Array<SummaryParticipant>,
};

/** `room-updated`. */
export type RoomUpdated = {
  /** Which room. */
  roomId: RoomId,
  /** The room as it is now. */
  room: RoomDetails,
  /** See [`RoomJoined::epoch`]. */
  epoch: number,
};

/** A session description (RFC 8866) as a JSON string. A relay copies it without taking the escapes off and putting
 * them on again. */
export type Sdp = string;

/** What the server says. */
export type ServerMessage =
  | { "type": "welcome", "data": Welcome }
  | { "type": "pong", "data": Pong }
  | { "type": "ice-servers", "data": IceServers }
  | { "type": "server-room-list", "data": ServerRoomList }
  | { "type": "room-list-delta", "data": RoomListDelta }
  | { "type": "room-list-digest", "data": RoomListDigest }
  | { "type": "room-joined", "data": RoomJoined }
  | { "type": "user-joined-room", "data": UserJoined }
  | { "type": "user-left-room", "data": UserLeft }
  | { "type": "user-updated", "data": UserUpdated }
  | { "type": "room-updated", "data": RoomUpdated }
  | { "type": "recording", "data": RecordingNow }
  | { "type": "mute-request", "data": MuteRequestFrom }
  | { "type": "offer", "data": OfferFrom }
  | { "type": "answer", "data": OfferFrom }
  | { "type": "ice-candidate", "data": IceCandidateFrom }
  | { "type": "slots", "data": Slots }
  | { "type": "offer-wanted", "data": OfferWanted }
  | { "type": "topology", "data": TopologyChange }
  | { "type": "chat", "data": ChatFrom }
  | { "type": "message", "data": MessageFrom };

/** `server-room-list`: the whole truth; replace what was there. */
export type ServerRoomList = {
  /** Grows with each change of the list. */
  version: number,
  /** All listed rooms, in order of making. */
  rooms: Array<RoomSummary>,
};

/** `set-role`. */
export type SetRole = {
  /** In which room. */
  roomId: RoomId,
  /** Whose role. */
  userId: UserId,
  /** The new role. */
  role: Role,
};

/** One receive section. */
export type Slot = {
  /** Which section. */
  mid: string,
  /** Whose track is in it, if anybody's. */
  userId: UserId | null,
  /** Which of their tracks. */
  source: Source | null,
  /** The contributing source that its packets carry (RFC 3550, section 5.1). */
  csrc: number | null,
};

/** `slots`: who is in which receive section of one's connection with the hub, all of them. */
export type Slots = {
  /** In which room. */
  roomId: RoomId,
  /** In the order of the sections. */
  slots: Array<Slot>,
};

/** What a track shows or tells. */
export type Source = "microphone" | "camera" | "screen" | "screen-audio" | "program" | "return";

/** A participant as the room list shows it. */
export type SummaryParticipant = {
  /** The user id. */
  id: UserId,
  /** The name to show. */
  name: Name,
  /** What they may do. */
  role: Role,
  /** By which door they are here; none: by `/ws`. */
  via?: Via,
};

/** `remove-user` and `mute-request`: someone in a room. */
export type TargetUser = {
  /** In which room. */
  roomId: RoomId,
  /** Who. */
  userId: UserId,
};

/** A moment on the wire: RFC 3339 in UTC with milliseconds, such as `2026-11-21T10:00:00.000Z`. */
export type Timestamp = string;

/** How a room is set to connect its participants. */
export type Topology = "auto" | "mesh" | "sfu";

/** `topology` ←: the room moves between mesh and hub. */
export type TopologyChange = {
  /** Which room. */
  roomId: RoomId,
  /** To where. */
  mode: Mode,
  /** Which move of this room, from 1. */
  change: number,
  /** How far it is. */
  phase: Phase,
};

/** `topology-ready` →: the path that a move prepares flows. */
export type TopologyReady = {
  /** Which room. */
  roomId: RoomId,
  /** Which move. */
  change: number,
};

/** One track of a participant, as the roster shows it. */
export type Track = {
  /** What it shows or tells. */
  source: Source,
  /** Sound or picture. */
  kind: Kind,
  /** Whether it is on: false for a muted microphone. */
  enabled: boolean,
};

/** Which track a media section of a description carries. */
export type TrackLabel = {
  /** The section's `mid` (RFC 5888). */
  mid: string,
  /** What is in it. */
  source: Source,
};

/** `track-state`. */
export type TrackState = {
  /** In which room. */
  roomId: RoomId,
  /** Whether the microphone is on. */
  audioEnabled: boolean,
  /** Whether the camera is on. */
  videoEnabled: boolean,
  /** All tracks; without it a microphone and a camera. */
  tracks?: Array<Track>,
};

/** `update-room`: what is given changes. */
export type UpdateRoom = {
  /** Which room. */
  roomId: RoomId,
  /** Its new name. */
  name?: Name,
  /** Its new capacity; who is in stays in. */
  capacity?: number,
  /** Its new topology. */
  topology?: Topology,
  /** Its new mixer. */
  mix?: Mix,
  /** Whether it takes nobody in. */
  locked?: boolean,
};

/** Who a session speaks for, and who a participant is. A PeerJS peer's id is its user id too. */
export type UserId = string;

/** `user-joined-room`, to the others in the room. */
export type UserJoined = {
  /** Which room. */
  roomId: RoomId,
  /** Who came. */
  userId: UserId,
  /** Their name. */
  userName: Name,
  /** All of them. */
  participant: Participant,
  /** Everyone now in the room, in order of joining. */
  participants: Array<Participant>,
  /** See [`RoomJoined::epoch`]. */
  epoch: number,
};

/** `user-joined-room`. */
export type UserJoinedRoom = {
  /** Which room. */
  roomId: RoomId,
  /** The identity, for a session that said no `hello`. */
  userId?: UserId,
  /** The name to show in this room. */
  userName?: Name,
  /** The role asked for. */
  role?: Role,
  /** The room's password. */
  password?: string,
  /** Make the room if it is missing. */
  create?: CreateRoom,
};

/** `user-left-room`, to those who remain and to whoever left without asking. */
export type UserLeft = {
  /** Which room. */
  roomId: RoomId,
  /** Who went. */
  userId: UserId,
  /** Their name. */
  userName: Name,
  /** Why. */
  reason: LeaveReason,
  /** By whose hand. */
  by?: UserId,
  /** Everyone now in the room, in order of joining. */
  participants: Array<Participant>,
  /** See [`RoomJoined::epoch`]. */
  epoch: number,
};

/** `user-left-room`. */
export type UserLeftRoom = {
  /** Which room. */
  roomId: RoomId,
  /** One's own identity, if given at all. */
  userId?: UserId,
};

/** `user-updated`: role, name, tracks, suspect. */
export type UserUpdated = {
  /** Which room. */
  roomId: RoomId,
  /** The participant as they are now. */
  participant: Participant,
  /** See [`RoomJoined::epoch`]. */
  epoch: number,
};

/** By which door somebody is in a room, where it is not `/ws`. */
export type Via = "peerjs";

/** One video that a receiver asks for. */
export type WantedVideo = {
  /** Whose. */
  userId: UserId,
  /** Camera or screen. */
  source: Source,
  /** How high it is shown, in pixels; more is not needed. Without it as high as it comes. */
  maxHeight?: number,
};

/** `welcome`. */
export type Welcome = {
  /** The identity. */
  userId: UserId,
  /** The name. */
  userName: Name,
  /** Names this session in logs. */
  sessionId: string,
  /** Lets this session be resumed. */
  resumeToken: string,
  /** Whether an earlier session goes on. */
  resumed: boolean,
  /** The last `cseq` that arrived. */
  lastCseq: number,
  /** Version of the contract: 1. */
  protocol: number,
  /** `RTCIceServer`s for the RTCPeerConnections. */
  iceServers: Array<IceServer>,
  /** What this server allows. */
  limits: Limits,
};

/** A client's types, each with its data. */
export type ClientData = { [M in ClientMessage as M["type"]]: M["data"] };

/** The server's types, each with its data. */
export type ServerData = { [M in ServerMessage as M["type"]]: M["data"] };

/** One frame of a client: `id` asks for an answer, `cseq` numbers it. */
export type ClientFrame = ClientMessage & { id?: string | number, cseq?: number };

/** The answer to a request that was done. */
export type OkFrame = { type: "ok", re: string | number, data: Record<string, never> };

/** A refusal; `re` names the request if that had an `id`. */
export type ErrorFrame = { type: "error", re?: string | number, data: Refusal };

/** One frame of the server: `seq` numbers those that must not be lost. */
export type ServerFrame = (ServerMessage | OkFrame | ErrorFrame) & { seq?: number };
