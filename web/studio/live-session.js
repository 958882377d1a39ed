// One live session: being in a room with microphone, connections and sound, from joining to leaving. It owns these and
// frees them in one place (AU-5). What is decided about connections is decided in the SDK's core; what is shown, in views/.

import { Chat, ConnectionManager, RTCManager } from '../sdk/index.js';
import { ChatLog } from './chat-log.js';
import { Desk } from './desk.js';
import { Mixer } from './mixer.js';
import { OwnMedia } from './own-media.js';
import { ArrivedPictures } from './pictures.js';
import { shownNames } from './roster.js';
import { texts } from './texts.js';
import { clock } from './time.js';

/** @typedef {import('./types.js').Participant} Participant */
/** @typedef {import('./types.js').Role} Role */

/**
 * A connection as strips show it. `attempt` counts from 1, `retryAt` is in ms since 1970.
 * @typedef {{status: string, attempt: number, retryAt: number|null}} Connection
 */

/** First attempt and retries together (CM-6). */
const ATTEMPTS_MAX = 4;
/** What the connection manager calls the server's end. */
const HUB = 'hub';
/** Whoever came in this soon after the room was made opened it, in ms. */
const OPENED_MS = 1500;

/**
 * Emits `change` (room, participants, own role), `connection` (a connection or a picture), `quality` {id}, `notice` {text}
 * (news that needs no answer), `ended` {reason, by, error} (put out of the room, not by `end`).
 */
export class LiveSession extends EventTarget {
  /** What was written, by whom, and what is unread. */
  chat = new ChatLog();
  /** First attempt and retries together. */
  attemptsMax = ATTEMPTS_MAX;
  /** When one came in, in ms since 1970. */
  startedAt = Date.now();

  #signaling;
  #rooms;
  #startsMuted;
  #wire;
  #own;
  /** @type {import('./types.js').RoomDetails|null} */
  #room = null;
  /** @type {Participant[]} */
  #participants = [];
  /** What each is called here, by id. @type {Map<string, string>} */
  #names = new Map();
  /** @type {Map<string, number>} when the next attempt begins, in ms since 1970 */
  #retryAt = new Map();
  /** Whether the room is heard through the server. @type {boolean|undefined} */
  #isStar;
  /** @type {Map<string, string>} why somebody was given up */
  #failures = new Map();
  #pictures = new ArrivedPictures();
  /** Whether one is not in the room, by the server's word. */
  #isRefused = false;
  #offs = new AbortController();

  /**
   * The signalling client must be open: from its identity the connections get their id.
   * @param {{
   *   signaling: import('../sdk/index.js').SignalingClient,
   *   rooms: import('../sdk/index.js').Rooms,
   *   audioGraph: import('../sdk/index.js').AudioGraph,
   *   devices: import('./devices.js').Devices,
   *   roomId: string,
   *   startsMuted: boolean,
   * }} options `audioGraph` and `devices` belong to this session from now on
   */
  constructor({ signaling, rooms, audioGraph, devices, roomId, startsMuted }) {
    super();
    this.#signaling = signaling;
    this.#rooms = rooms;
    this.#startsMuted = startsMuted;
    /** The room's id. */
    this.roomId = roomId;
    /** One's own user id. */
    this.ownId = signaling.userId;
    /** Gains, mutes and levels of the others. */
    this.mixer = new Mixer(audioGraph);
    this.rtcManager = new RTCManager({ receivesAudio: true });
    this.connectionManager = new ConnectionManager(this.ownId, signaling, this.rtcManager);
    const { rtcManager, connectionManager, mixer } = this;
    /** Own devices and the settings about them. */
    this.devices = devices;
    this.#own = new OwnMedia({ devices, rtcManager, connectionManager, mixer });
    this.#wire = new Chat(signaling, this.connectionManager);
    /** Who mixes, recording, loudness, levelling. */
    this.desk = new Desk({ roomId, signaling, rtcManager, connectionManager, audioGraph });
    this.#listen();
  }

  /**
   * Joins the room, and asks for the microphone meanwhile: the others needn't wait for one's answer to the prompt.
   * @param {{userName: string, role?: Role, password?: string, create?: import('../sdk/messages.d.ts').CreateRoom}} wish
   * @returns {Promise<void>} rejected with a `SignalingError`; then call `end`
   */
  async join(wish) {
    this.#own.start({ isListener: wish.role === 'listener', isMuted: this.#startsMuted });
    this.mixer.resume();
    try {
      await this.#rooms.join(this.roomId, wish);
    } catch (error) {
      this.#isRefused = true;
      throw error;
    }
  }

  /** Leaves the room and frees microphone, camera, connections and sound. Calling it again does nothing. */
  end() {
    if (this.#offs.signal.aborted) return;
    this.#offs.abort();
    this.desk.end();
    this.#wire.destroy();
    // At once here; the server hears of it as soon as it is reached.
    if (!this.#isRefused) this.#rooms.leave(this.roomId).catch((error) => console.warn(`parlor: ${error.message}`));
    this.connectionManager.destroy();
    this.rtcManager.close();
    this.#own.close();
    this.mixer.close();
    this.#pictures.clear();
  }

  /** Own microphone. */
  get microphone() {
    return this.#own.microphone;
  }

  /** Own camera. */
  get camera() {
    return this.#own.camera;
  }

  /** Own screen. */
  get screen() {
    return this.#own.screen;
  }

  /** The room's name. */
  get roomName() {
    return this.#room?.name ?? this.roomId;
  }

  /** How many it holds; 0 before one is in. */
  get capacity() {
    return this.#room?.capacity ?? 0;
  }

  /** Everyone in the room, oneself included, in order of joining. */
  get participants() {
    return this.#participants;
  }

  /** One's own participant, once one is in. */
  get you() {
    return this.#participants.find(({ id }) => id === this.ownId);
  }

  /** What somebody in the room is called; namesakes are numbered. @param {string} id */
  nameOf(id) {
    return this.#names.get(id);
  }

  /**
   * How the connection with somebody is. Oneself is connected as long as the server or anybody else is reached: a server
   * that is away takes nobody's sound.
   * @param {string} id
   * @returns {Connection}
   */
  connection(id) {
    if (id === this.ownId) {
      const isReached = this.#signaling.state === 'open' || this.connectionManager.getConnectionsInfo().some((one) => one.status === 'connected');
      return { status: isReached ? 'connected' : 'connecting', attempt: 1, retryAt: null };
    }
    const end = this.#endOf(id);
    const { status, retryCount } = this.connectionManager.getConnectionState(id);
    // A failed one speaks of the attempt to come, the others of the one under way.
    const attempt = retryCount + (status === 'failed' ? 2 : 1);
    return { status, attempt, retryAt: status === 'failed' ? (this.#retryAt.get(end) ?? null) : null };
  }

  /** Why somebody was given up, as a sentence. @param {string} id */
  failure(id) {
    return this.#failures.get(this.#endOf(id));
  }

  /** At whose end a connection with somebody is: theirs, or the hub's. @param {string} id */
  #endOf(id) {
    return this.connectionManager.hubRoomOf(id) === undefined ? id : HUB;
  }

  /** Starts again with somebody who was given up. @param {string} id */
  retry(id) {
    this.connectionManager.retry(id);
  }

  /** The level of somebody, behind the gain; of oneself, of the microphone. @param {string} id */
  level(id) {
    return id === this.ownId ? this.mixer.ownLevel() : this.mixer.level(id);
  }

  /**
   * What somebody's camera or screen shows, while it is on. One's own screen is not shown to oneself.
   * @param {string} id
   * @param {import('./pictures.js').PictureSource} source
   * @returns {MediaStream|null}
   */
  picture(id, source) {
    if (id !== this.ownId) return this.#pictures.shown(this.#participants.find((one) => one.id === id), source);
    return source === 'camera' && this.camera.isLive ? this.camera.stream : null;
  }

  /** Says which pictures a hub is to send; in a mesh all come. @param {import('../sdk/messages.d.ts').WantedVideo[]} video */
  wantPictures(video) {
    this.connectionManager.setReceive(this.roomId, { video });
  }

  /** How well somebody is connected; null while that is not known. @param {string} id */
  quality(id) {
    return id === this.ownId ? null : (this.connectionManager.getQuality?.(id) ?? null);
  }

  /** Mutes or unmutes the microphone; where there is none, asks for it. */
  toggleMicrophone() {
    if (this.you?.role !== 'listener') this.#own.toggleMicrophone();
  }

  /** Push to talk: unmutes the microphone while a person holds the key. @param {boolean} isTalking */
  talk(isTalking) {
    if (this.you?.role !== 'listener') this.#own.talk(isTalking);
  }

  /** Turns the camera on or off. */
  toggleCamera() {
    if (this.you?.role !== 'listener') this.#own.toggleCamera();
  }

  /** Shares a screen, or shares none any more. */
  toggleScreen() {
    if (this.you?.role !== 'listener') this.#own.toggleScreen();
  }

  /** Writes to everyone in the room. @param {string} text */
  sendChat(text) {
    this.#wire.send(this.roomId, text);
  }

  /** As a host: gives somebody a role. @param {string} id @param {Role} role */
  setRole(id, role) {
    this.#rule(this.#signaling.request('set-role', { roomId: this.roomId, userId: id, role }));
  }

  /** As a host: mutes somebody at the source. They may unmute again. @param {string} id */
  requestMute(id) {
    this.#rule(this.#signaling.request('mute-request', { roomId: this.roomId, userId: id }));
  }

  /** As a host: removes somebody from the room. @param {string} id */
  remove(id) {
    this.#rule(this.#signaling.request('remove-user', { roomId: this.roomId, userId: id }));
  }

  #listen() {
    const { signal } = this.#offs;
    const memberships = this.#signaling.memberships;
    const connections = this.connectionManager;
    const options = { signal };
    memberships.on('joined', (joined) => this.#onJoined(joined), options);
    memberships.on('participants', ({ roomId, participants }) => this.#onParticipants(roomId, participants), options);
    memberships.on('room', ({ roomId, room }) => roomId === this.roomId && this.#setRoom(room), options);
    memberships.on('left', (left) => this.#onLeft(left), options);
    this.#wire.on('chat', ({ roomId, ...message }) => this.#onChat(roomId, message), options);
    this.#signaling.on('user-joined-room', (came) => this.#note(came.roomId, texts.chat.came(came.userName)), options);
    this.#signaling.on('user-left-room', (went) => this.#onWent(went), options);
    this.#signaling.on('mute-request', ({ roomId, from }) => this.#onMuteRequest(roomId, from), options);
    connections.on('connection-state-changed', ({ remotePeerId, state }) => this.#onConnection(remotePeerId, state), options);
    connections.on('connection-failed', ({ remotePeerId, reason }) => this.#onFailed(remotePeerId, reason), options);
    connections.on('path-changed', (path) => this.#onPath(path), options);
    connections.on('remote-stream', (arrived) => this.#onStream(arrived), options);
    connections.on('peer-removed', ({ remotePeerId }) => this.#forget(remotePeerId), options);
    connections.on('quality-changed', ({ remotePeerId }) => this.#tell('quality', { id: remotePeerId }), options);
    connections.on('fatal', ({ error }) => this.#tell('fatal', { error }), options);
    this.#own.addEventListener('change', () => this.#tell('connection', { id: this.ownId }), options);
    for (const source of [this.#own, this.devices, this.desk]) {
      source.addEventListener('notice', (event) => this.#tell('notice', /** @type {CustomEvent} */ (event).detail), options);
    }
  }

  /** @param {{room: import('./types.js').RoomDetails, you: Participant, participants: Participant[], again: boolean}} joined */
  #onJoined({ room, you, participants, again }) {
    if (room.id !== this.roomId) return;
    if (!again) {
      this.startedAt = Date.now();
      const isFirst = participants.length === 1 && Date.parse(you.joinedAt) - Date.parse(room.createdAt) < OPENED_MS;
      const time = clock(new Date());
      this.chat.note(isFirst ? texts.chat.joinedFirst(time) : texts.chat.joinedLate(time));
    }
    this.#setParticipants(participants);
    // The server may know the role better than the wish: it keeps it for whoever comes back.
    if (you.role === 'listener') this.#own.stop();
    this.#setRoom(room);
  }

  /** @param {{roomId: string, reason: string, by?: string}} left */
  #onLeft(left) {
    if (left.roomId !== this.roomId) return;
    this.#isRefused = true;
    this.#tell('ended', left);
  }

  /** @param {string} roomId @param {{userId: string, text: string, chatId: string, sentAt: string, isOwn: boolean}} message */
  #onChat(roomId, { userId, text, chatId, sentAt, isOwn }) {
    if (roomId !== this.roomId) return;
    this.chat.message({ userId, text, chatId, isOwn, name: this.nameOf(userId) ?? userId, at: new Date(sentAt) });
  }

  /** @param {import('./types.js').RoomDetails} room */
  #setRoom(room) {
    this.#room = room;
    this.#tell('change');
  }

  /** @param {string} roomId @param {Participant[]} participants */
  #onParticipants(roomId, participants) {
    if (roomId !== this.roomId) return;
    const before = this.you?.role;
    this.#setParticipants(participants);
    const role = this.you?.role;
    if (before !== undefined && role !== undefined && before !== role) this.#onOwnRole(role, before);
    this.#tell('change');
  }

  /** @param {Participant[]} participants */
  #setParticipants(participants) {
    this.#participants = participants;
    this.#names = shownNames(participants);
  }

  /** @param {Role} role @param {Role} before */
  #onOwnRole(role, before) {
    if (role === 'host') this.#notice(texts.toasts.youAreHost);
    else if (before === 'listener') this.#notice(texts.toasts.youMaySpeak);
    else this.#notice(texts.toasts.youAre(texts.roles[role] ?? role));
    if (role === 'listener') this.#own.stop();
  }

  /** @param {{roomId: string, userId: string, userName: string, reason: string, by?: string}} went */
  #onWent({ roomId, userId, userName, reason, by }) {
    if (userId === this.ownId) return;
    const kicked = by === undefined ? texts.chat.theOperator : (this.nameOf(by) ?? texts.trouble.aHost);
    if (reason === 'kicked') this.#note(roomId, texts.chat.removed(userName, kicked));
    else this.#note(roomId, reason === 'timeout' ? texts.chat.lost(userName) : texts.chat.went(userName));
  }

  /** @param {string} roomId @param {string} text */
  #note(roomId, text) {
    if (roomId === this.roomId) this.chat.note(text);
  }

  /** @param {string} roomId @param {string} from */
  #onMuteRequest(roomId, from) {
    if (roomId !== this.roomId || !this.microphone.isLive) return;
    this.#own.setMicrophone(false);
    this.#notice(texts.toasts.mutedBy(this.nameOf(from) ?? texts.trouble.aHost));
  }

  /** @param {string} id @param {{status: string, retryTimeout: number|null}} state */
  #onConnection(id, { status, retryTimeout }) {
    if (status === 'failed' && retryTimeout !== null) this.#retryAt.set(id, Date.now() + retryTimeout);
    else this.#retryAt.delete(id);
    if (status !== 'failed-permanent') this.#failures.delete(id);
    this.#tell('connection', { id });
  }

  /** @param {string} id @param {string} reason */
  #onFailed(id, reason) {
    this.#failures.set(id, reason);
    if (id !== HUB) this.#notice(texts.strip.failed(this.nameOf(id) ?? id, reason));
    else this.#notice(this.#isStar ? texts.strip.hubFailed(reason) : texts.strip.hubOutOfReach);
    this.#tell('connection', { id });
  }

  /** @param {{roomId: string, plays: 'mesh'|'sfu'}} path */
  #onPath({ roomId, plays }) {
    if (roomId !== this.roomId) return;
    // A star that one comes into has not moved.
    const wasStar = this.isStar;
    this.#isStar = plays === 'sfu';
    if (this.#isStar === wasStar) return;
    this.chat.note(this.#isStar ? texts.chat.toHub : texts.chat.toMesh);
    this.#tell('change');
  }

  /** @param {import('../sdk/remote-tracks.js').Arrival} arrived */
  #onStream({ remotePeerId, stream, source, track }) {
    if (source === 'microphone' || source === 'screen-audio') this.mixer.add(remotePeerId, stream, source);
    else if (source === 'camera' || source === 'screen') this.#pictures.put(remotePeerId, source, track && stream);
    this.#tell('connection', { id: remotePeerId });
  }

  /** Whether sound and pictures come through the server. */
  get isStar() {
    return this.#isStar ?? this.#signaling.memberships.room(this.roomId)?.topology === 'sfu';
  }

  /** They left for good: nothing of theirs stays. @param {string} id */
  #forget(id) {
    this.mixer.remove(id);
    this.#pictures.drop(id);
    this.#retryAt.delete(id);
    this.#failures.delete(id);
    this.#tell('connection', { id });
  }

  /** A refusal to a host is news for that host. @param {Promise<object>} request */
  #rule(request) {
    request.catch((error) => this.#notice(error.message));
  }

  /** @param {string} text */
  #notice(text) {
    this.#tell('notice', { text });
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
