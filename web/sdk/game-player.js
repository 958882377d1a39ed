/**
 * Another player of the room, for as long as they are on the roster: the one call with them, the data channel beside it, what
 * they said of their tracks, and the tries when a call does not work.
 *
 * Both sides may call at once. Of two calls that cross the larger id's stays: its owner drops the other's once theirs is
 * answered, the other drops their own and answers. Who opened the call that stays opens the data channel once it is answered, so that these never cross.
 */

import { GameRoomError, RETRY_DELAYS_MS } from './game-errors.js';
import { callQuality } from './game-quality.js';
import { STABLE_MS, TIMEOUT_MS } from './game-peer.js';
import { statsSample } from './stats-sample.js';

/** @import { PeerCall, PeerData } from './peerjs-client.d.ts' */
/** @import { GamePeer } from './game-peer.js' */
/** @import { Outgoing } from './game-outgoing.js' */
/** @import { CallQuality } from './game-quality.js' */
/** @import { StatsSample } from './core-types.d.ts' */

/** @typedef {'connecting' | 'connected' | 'disconnected' | 'failed'} CallState */
/** @typedef {{ readonly videoEnabled: boolean, readonly audioEnabled: boolean }} PeerTrackState */

/**
 * @typedef {object} GameCall
 * @property {string} callId
 * @property {string} remotePeerId
 * @property {PeerCall} call of the client
 * @property {MediaStream | null} remoteStream
 * @property {CallState} connectionState `connected` only with a stream
 * @property {boolean} videoEnabled whether the other's picture is on
 * @property {boolean} audioEnabled
 * @property {number} createdAt in ms since the epoch
 * @property {number | null} connectedAt
 */

/**
 * Their call that crossed one's own. `connection`: it is answered.
 * @typedef {{ call: PeerCall, connection: RTCPeerConnection | null, stream: MediaStream | null, timer: ReturnType<typeof setTimeout> }} Spare
 */

/** So long may a call be without a path before it is given up: ICE often finds another one. */
const PATIENCE_MS = 5_000;
/** So long one's own call may stay unanswered after the other's came before that is answered, too. */
const CROSSING_MS = 2_000;
const SAMPLE_MS = 1_000;
/** Data channels that the other side opened; beyond these the oldest are closed. */
const LINKS_MAX = 4;

/**
 * What a player needs of their room.
 * @typedef {object} PlayerHome
 * @property {string} userId one's own
 * @property {GamePeer} peer
 * @property {() => Outgoing} outgoing
 * @property {() => PeerTrackState} ownTrackState
 * @property {() => void} changed
 * @property {(remotePeerId: string, data: unknown) => void} received
 * @property {() => void} suspicious nothing comes from this player any more: perhaps it is one's own socket
 */

export class GamePlayer {
  /** @type {CallState} */
  state = 'connecting';
  /** @type {GameRoomError | null} */
  error = null;
  /** @type {Readonly<CallQuality> | null} */
  quality = null;
  #home;
  #id;
  /** @type {PeerCall | null} */
  #call = null;
  #isOutgoing = false;
  /** The call's connection, which the client forgets when it closes. @type {RTCPeerConnection | null} */
  #connection = null;
  /** @type {MediaStream | null} */
  #stream = null;
  #createdAt = 0;
  /** @type {number | null} */
  #connectedAt = null;
  /** @type {PeerTrackState | null} */
  #told = null;
  /** The newest last. @type {PeerData[]} */
  #links = [];
  /** @type {Spare | null} */
  #spare = null;
  #attempts = 0;
  #linkAttempts = 0;
  /** Until the next try, until the call must stand, until it is given up, or until it counts as stable. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #linkTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #sampling;

  /**
   * @param {string} id
   * @param {PlayerHome} home
   */
  constructor(id, home) {
    this.#id = id;
    this.#home = home;
  }

  /** What the other said of their tracks; until then, that what they send is on. */
  get trackState() {
    const has = (/** @type {string} */ kind) => this.#stream?.getTracks().some((track) => track.kind === kind) ?? false;
    return this.#told ?? Object.freeze({ videoEnabled: has('video'), audioEnabled: has('audio') });
  }

  get hasTold() {
    return this.#told !== null;
  }

  get stream() {
    return this.#stream;
  }

  /** @returns {Readonly<GameCall> | null} null while there is none */
  get call() {
    if (!this.#call) return null;
    return Object.freeze({
      callId: this.#call.connectionId,
      remotePeerId: this.#id,
      call: this.#call,
      remoteStream: this.#stream,
      connectionState: this.state,
      ...this.trackState,
      createdAt: this.#createdAt,
      connectedAt: this.#connectedAt,
    });
  }

  /**
   * The own peer can make calls (again): what does not stand is tried at once.
   * @param {boolean} isFresh whether earlier tries are forgotten
   */
  open(isFresh) {
    if (this.state === 'connected' || (this.#call && this.state === 'connecting')) return;
    if (!isFresh && this.#hasGivenUp) return;
    if (isFresh) this.#attempts = 0;
    this.#dial();
  }

  get #hasGivenUp() {
    return this.error !== null && this.error.attempt === 0;
  }

  /** A person asks for another try. */
  retry() {
    if (this.state === 'connected' || this.state === 'connecting') return;
    this.#attempts = 0;
    this.#dial();
  }

  /** They call. @param {PeerCall} call */
  take(call) {
    const isMine = this.#call !== null && this.#isOutgoing && this.state === 'connecting';
    if (isMine && this.#home.userId > this.#id && !this.#stream) return this.#keep(call);
    this.#drop();
    this.#adopt(call, false);
  }

  /**
   * Their call crossed one's own, and gives way to it, unless one's own was lost on a dead socket. Which it is shows when one of
   * the two stands; so theirs is answered, too, when one's own has had time enough.
   * @param {PeerCall} call
   */
  #keep(call) {
    this.#closeSpare();
    /** @type {Spare} */
    const spare = { call, connection: null, stream: null, timer: setTimeout(() => this.#answerSpare(spare), CROSSING_MS) };
    this.#spare = spare;
  }

  /** @param {Spare} spare */
  #answerSpare(spare) {
    const { call } = spare;
    const look = () => {
      if (this.#spare === spare && spare.stream && isUp(spare.connection)) this.#take(spare);
    };
    call.on('stream', (stream) => {
      spare.stream = stream;
      look();
    });
    call.on('iceStateChanged', look);
    call.answer(this.#home.outgoing().places);
    spare.connection = call.peerConnection ?? null;
    if (spare.connection) this.#home.outgoing().attach(spare.connection);
  }

  /** Theirs it is. @param {Spare} spare */
  #take(spare) {
    clearTimeout(spare.timer);
    this.#spare = null;
    this.#drop();
    this.#adopt(spare.call, false, spare);
  }

  #closeSpare() {
    const spare = this.#spare;
    if (!spare) return;
    this.#spare = null;
    clearTimeout(spare.timer);
    if (spare.connection) this.#home.outgoing().detach(spare.connection);
    spare.call.close();
  }

  /** They opened a data channel. @param {PeerData} link */
  takeLink(link) {
    this.#addLink(link);
  }

  /** The server says that they are not there. */
  onUnavailable() {
    if (this.#call && this.state === 'connecting') this.#again('failed');
  }

  /** One's own tracks have changed. */
  tellTrackState() {
    for (const link of this.#links) this.#tell(link);
  }

  /** @param {unknown} data @returns {boolean} whether it could be sent */
  send(data) {
    const [link] = this.#links.filter(({ open }) => open).slice(-1);
    if (!link) return false;
    link.send(data);
    return true;
  }

  /** The room has no more use for them, or its peer is taken off the server. */
  close() {
    this.#drop();
    this.#attempts = 0;
    this.error = null;
    this.state = 'connecting';
  }

  #dial() {
    this.#drop();
    this.state = 'connecting';
    const call = this.#home.peer.call(this.#id, this.#home.outgoing().places, { type: 'track-state', ...this.#home.ownTrackState() });
    // Not open: `open` comes when it is.
    if (call) this.#adopt(call, true);
    else this.#home.changed();
  }

  /**
   * @param {PeerCall} call
   * @param {boolean} isOutgoing
   * @param {Spare} [spare] what it is already
   */
  #adopt(call, isOutgoing, spare) {
    this.#call = call;
    this.#isOutgoing = isOutgoing;
    this.#createdAt = Date.now();
    this.#connectedAt = null;
    this.state = 'connecting';
    const isCurrent = () => this.#call === call;
    call.on('stream', (stream) => isCurrent() && this.#onStream(stream));
    call.on('iceStateChanged', () => isCurrent() && this.#judge());
    call.on('close', () => isCurrent() && this.#again(this.#connectedAt === null ? 'failed' : 'disconnected'));
    call.on('error', () => isCurrent() && this.#again(this.#connectedAt === null ? 'failed' : 'disconnected'));
    if (!isOutgoing) this.#told = trackStateIn(call.metadata);
    if (!isOutgoing && !spare?.connection) call.answer(this.#home.outgoing().places);
    this.#connection = call.peerConnection ?? null;
    if (this.#connection) this.#home.outgoing().attach(this.#connection);
    this.#timer = setTimeout(() => this.#onTimeout(), TIMEOUT_MS);
    if (spare?.stream) this.#onStream(spare.stream);
    this.#home.changed();
  }

  /** @param {MediaStream} stream */
  #onStream(stream) {
    this.#closeSpare();
    this.#stream = stream;
    this.#judge();
    this.#home.changed();
  }

  #judge() {
    if (isUp(this.#connection) && this.#stream && this.state !== 'connected') this.#onConnected();
    else if (this.#connection?.iceConnectionState === 'disconnected' && this.state === 'connected') this.#onDisturbed();
  }

  #onConnected() {
    this.state = 'connected';
    this.#connectedAt ??= Date.now();
    this.error = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#attempts = 0), STABLE_MS);
    if (this.#isOutgoing && this.#links.length === 0) this.#openLink();
    if (this.#sampling === undefined && this.#connection) this.#startSampling(this.#connection);
    this.#home.changed();
  }

  /** No path at the moment; ICE may find one. */
  #onDisturbed() {
    this.state = 'disconnected';
    this.quality = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#home.suspicious();
      this.#again('disconnected');
    }, PATIENCE_MS);
    this.#home.changed();
  }

  #onTimeout() {
    this.#home.suspicious();
    this.#again('failed');
  }

  /**
   * The call does not work: it is dropped, and tried anew while there are tries left.
   * @param {'failed' | 'disconnected'} state
   */
  #again(state) {
    if (this.#spare) return this.#take(this.#spare);
    this.#drop();
    this.state = state;
    const delay = RETRY_DELAYS_MS[this.#attempts];
    if (delay === undefined) {
      this.state = 'failed';
      this.error = new GameRoomError('peer-unavailable', { remotePeerId: this.#id });
    } else {
      this.#attempts += 1;
      this.error = new GameRoomError('peer-unavailable', { remotePeerId: this.#id, attempt: this.#attempts });
      this.#timer = setTimeout(() => this.#dial(), delay);
    }
    this.#home.changed();
  }

  #drop() {
    this.#closeSpare();
    clearTimeout(this.#timer);
    clearTimeout(this.#linkTimer);
    clearInterval(this.#sampling);
    this.#sampling = undefined;
    const [call, links] = [this.#call, this.#links];
    this.#call = null;
    this.#links = [];
    this.#linkAttempts = 0;
    this.#stream = null;
    this.#told = null;
    this.quality = null;
    if (this.#connection) this.#home.outgoing().detach(this.#connection);
    this.#connection = null;
    // What they say from now on counts for nothing: they are nobody's.
    for (const link of links) link.close();
    call?.close();
  }

  #openLink() {
    const link = this.#home.peer.link(this.#id);
    if (link) this.#addLink(link);
  }

  /** @param {PeerData} link */
  #addLink(link) {
    this.#links.push(link);
    if (this.#links.length > LINKS_MAX) this.#links.shift()?.close();
    const isCurrent = () => this.#links.includes(link);
    link.on('open', () => isCurrent() && this.#tell(link));
    link.on('data', (data) => isCurrent() && this.#onData(data));
    link.on('close', () => isCurrent() && this.#onLinkClosed(link));
    link.on('error', ({ type }) => {
      // What is too large is the sender's mistake; the channel stays.
      if (isCurrent() && (type === 'negotiation-failed' || type === 'connection-closed')) this.#onLinkClosed(link);
    });
    if (link.open) this.#tell(link);
  }

  /** @param {PeerData} link */
  #onLinkClosed(link) {
    this.#links = this.#links.filter((one) => one !== link);
    const delay = RETRY_DELAYS_MS[this.#linkAttempts];
    if (!this.#isOutgoing || this.#links.length > 0 || delay === undefined) return;
    this.#linkAttempts += 1;
    // Not at once: when the call goes as well, it says so in a moment.
    this.#linkTimer = setTimeout(() => {
      if (this.state === 'connected' && this.#links.length === 0) this.#openLink();
    }, Math.max(delay, 500));
  }

  /** @param {PeerData} link */
  #tell(link) {
    if (link.open) link.send({ type: 'track-state', ...this.#home.ownTrackState() });
  }

  /** What others send is theirs to choose: it counts only in the right shape. @param {unknown} data */
  #onData(data) {
    const told = trackStateIn(data);
    if (told) {
      this.#told = told;
      this.#home.changed();
    } else this.#home.received(this.#id, data);
  }

  /** @param {RTCPeerConnection} connection */
  #startSampling(connection) {
    /** @type {StatsSample | null} */
    let before = null;
    let at = 0;
    this.#sampling = setInterval(async () => {
      const report = await connection.getStats().catch(() => null);
      if (!report || this.#connection !== connection || this.state !== 'connected') return;
      const sample = statsSample(/** @type {any} */ (report));
      const now = performance.now();
      this.quality = callQuality(sample, before, before ? now - at : 0);
      [before, at] = [sample, now];
      this.#home.changed();
    }, SAMPLE_MS);
  }
}

/** @param {RTCPeerConnection | null} connection */
function isUp(connection) {
  return connection?.iceConnectionState === 'connected' || connection?.iceConnectionState === 'completed';
}

/**
 * @param {unknown} data
 * @returns {PeerTrackState | null}
 */
function trackStateIn(data) {
  const { type, audioEnabled, videoEnabled } = /** @type {Record<string, unknown>} */ (data ?? {});
  if (type !== 'track-state' || typeof audioEnabled !== 'boolean' || typeof videoEnabled !== 'boolean') return null;
  return Object.freeze({ videoEnabled, audioEnabled });
}
