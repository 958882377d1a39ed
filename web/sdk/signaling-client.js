/**
 * The session with the server: hello, resume, sending again, coming back with back-off, and being in the same rooms
 * again when the server has lost the session. What the frames mean is for those who listen.
 */

import { reconnectDelayMs } from './backoff.js';
import { Emitter } from './emitter.js';
import { newInstance, TabIdentity } from './ids.js';
import { Memberships } from './memberships.js';
import { Outbox } from './outbox.js';
import { isReload, watchPage } from './page-lifecycle.js';
import { ServerSocket } from './server-socket.js';
import { SignalingError } from './signaling-error.js';

/**
 * @import { ClientData, Hello, IceServer, Limits, Refusal, ServerData, ServerFrame, UserJoinedRoom, Welcome } from './messages.d.ts'
 * @import { IdentityStorage } from './ids.js'
 * @import { Kept } from './outbox.js'
 */

/**
 * `idle`: not started, or the page is hidden. `connecting`: for the first time. `open`: the server said welcome.
 * `reconnecting`: lost, and trying without end. `closed`: for good, until `connect()`.
 * @typedef {'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed'} SignalingState
 */

/**
 * @typedef {object} StateChange
 * @property {SignalingState} state
 * @property {number} attempt while reconnecting: which try, from 1; else 0
 * @property {number} retryInMs while reconnecting: how long until that try; 0: it is under way
 * @property {number} [code] why it is `closed`, or was lost: the WebSocket's close code, 0 without one
 * @property {string} [reason] the same in words
 */

/** @typedef {ServerData & { state: StateChange, error: Refusal }} SignalingEvents */

/**
 * @typedef {object} SignalingOptions
 * @property {string} [url] of the server's WebSocket; default: `/ws` of the page's own server
 * @property {string} [userId] default: random, kept for this tab
 * @property {string} [userName]
 * @property {string} [token] issued for the user id by the server's operator
 * @property {string} [instance] default: random, for this client
 * @property {IdentityStorage} [storage] where the tab's user id is kept; default: sessionStorage
 * @property {typeof WebSocket} [WebSocket] for surroundings without a global one
 */

/** The request id of `hello`. */
const HELLO = 'hello';
/** Closed by the server: the session went on elsewhere. */
const REPLACED = 4001;
/** A connection that lived this long was a good one: the next back-off starts anew. */
const STABLE_MS = 5_000;
/** After a reload the old session may take a moment to go. */
const RELOAD_HELLO_TRIES = 4;
const RELOAD_HELLO_MS = 300;
/** Between two tries to get into a room again that the server could not do just then. */
const REJOIN_MS = 1_000;

/** @extends {Emitter<SignalingEvents>} */
export class SignalingClient extends Emitter {
  #url;
  #WebSocket;
  #identity;
  #isOwnId;
  #token;
  #outbox = new Outbox();
  #stopWatching = () => {};

  /** @type {SignalingState} */
  #state = 'idle';
  #isPaused = false;
  /** @type {ServerSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #attempt = 0;
  #opened_ms = 0;
  #helloTries = 0;
  #lastSeq = 0;
  /** @type {string | undefined} */
  #resumeToken;
  /** @type {Welcome | undefined} the newest one */
  #welcome;

  /** @param {SignalingOptions} [options] */
  constructor(options = {}) {
    super();
    this.#url = options.url ?? defaultUrl();
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.#identity = new TabIdentity(options.storage);
    this.#isOwnId = options.userId === undefined;
    this.#token = options.token;
    /** Who this client is. A tab's own id may change until the first `welcome`. @type {string} */
    this.userId = options.userId ?? this.#identity.userId;
    /** The name to show; a change counts from the next join on. @type {string | undefined} */
    this.userName = options.userName;
    /** The document that owns the RTCPeerConnections. */
    this.instance = options.instance ?? newInstance();
    /** The rooms this session is in. */
    this.memberships = new Memberships();
    if (this.#isOwnId) this.#resumeToken = this.#identity.resumeToken;
  }

  get state() {
    return this.#state;
  }

  /** Names the session in the server's log; `undefined` before the first `welcome`. */
  get sessionId() {
    return this.#welcome?.sessionId;
  }

  /** For RTCPeerConnections; `ice-servers` tells of newer ones. @returns {IceServer[]} */
  get iceServers() {
    return this.#welcome?.iceServers ?? [];
  }

  /** What the server allows; `undefined` before the first `welcome`. @returns {Limits | undefined} */
  get limits() {
    return this.#welcome?.limits;
  }

  /** Starts, and keeps trying without end. Does nothing if it has started. */
  connect() {
    if (this.#state !== 'idle' && this.#state !== 'closed') return;
    this.#isPaused = false;
    this.#stopWatching();
    this.#stopWatching = watchPage({
      hidden: () => this.#pause(),
      shownAgain: () => this.#isPaused && this.connect(),
      online: () => this.#onOnline(),
    });
    this.#attempt = 0;
    this.#enter({ state: 'connecting' });
    this.#open();
  }

  /** Leaves all rooms and ends the session. What waits for an answer is rejected. */
  close() {
    if (this.#state === 'closed') return;
    this.#end(1000, 'closed by this side');
    this.#socket?.close(1000, 'bye');
    this.#socket = undefined;
  }

  /**
   * Sends a frame, or keeps it until the server is there (at most 256). It arrives once, also over a resume.
   * A refusal comes as event `error`.
   * @template {keyof ClientData} Type
   * @param {Type} type
   * @param {ClientData[Type]} data
   */
  send(type, data) {
    this.memberships.asked(type, data);
    this.#write(this.#outbox.add(type, data));
  }

  /**
   * Sends a request and waits for its answer, for as long as it takes: it survives reconnects.
   * @template {keyof ClientData} Type
   * @param {Type} type
   * @param {ClientData[Type]} data
   * @returns {Promise<object>} the data of `ok`; rejected with a `SignalingError`
   */
  request(type, data) {
    return new Promise((resolve, reject) => {
      this.memberships.asked(type, data);
      this.#write(this.#outbox.add(type, data, { resolve, reject }));
    });
  }

  #open() {
    clearTimeout(this.#timer);
    this.#socket?.close(4000, 'reconnecting');
    this.#helloTries = 0;
    const listener = {
      opened: () => this.#hello(),
      received: (/** @type {ServerFrame} */ frame) => this.#onFrame(frame),
      closed: (/** @type {number} */ code, /** @type {string} */ reason) => this.#onLost(code, reason),
    };
    this.#socket = new ServerSocket(this.#url, listener, this.#WebSocket);
  }

  #hello() {
    /** @type {Hello} */
    const data = { userId: this.userId, instance: this.instance };
    if (this.userName !== undefined) data.userName = this.userName;
    if (this.#token !== undefined) data.token = this.#token;
    if (this.#resumeToken !== undefined) data.resume = { token: this.#resumeToken, lastSeq: this.#lastSeq };
    this.#helloTries += 1;
    this.#socket?.write({ type: 'hello', data, id: HELLO });
  }

  /** @param {ServerFrame} frame */
  #onFrame(frame) {
    if (frame.seq !== undefined) {
      if (frame.seq <= this.#lastSeq) return;
      this.#lastSeq = frame.seq;
    }
    if (frame.type === 'welcome') this.#onWelcome(frame.data);
    else if (frame.type === 'ok') this.#outbox.settle(frame.re)?.resolve(frame.data);
    else if (frame.type === 'error') this.#onError(frame.re, frame.data);
    else if (this.memberships.apply(frame.type, frame.data)) {
      if (frame.type === 'ice-servers' && this.#welcome) this.#welcome = { ...this.#welcome, iceServers: frame.data.iceServers };
      this.emit(frame.type, frame.data);
      this.memberships.announce();
    }
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    this.#welcome = welcome;
    this.userId = welcome.userId;
    this.userName ??= welcome.userName;
    this.#resumeToken = welcome.resumeToken;
    if (this.#isOwnId) this.#identity.resumeToken = welcome.resumeToken;
    this.#opened_ms = Date.now();
    let frames;
    if (welcome.resumed) frames = this.#outbox.resume(welcome.lastCseq);
    else {
      this.#lastSeq = 0;
      const joins = this.memberships.sessionLost();
      frames = this.#outbox.restart(joins.map((data) => this.#rejoin(data)));
    }
    this.#enter({ state: 'open' });
    for (const frame of frames) this.#write(frame);
    this.emit('welcome', welcome);
  }

  /**
   * A request to be in a room again.
   * @param {UserJoinedRoom} data
   */
  #rejoin(data) {
    const reject = (/** @type {SignalingError} */ error) => {
      const isPassing = error.code === 'server-error' || error.code === 'rate-limited';
      if (error.code === 'closed' || error.code === 'lost') return;
      if (!isPassing) this.memberships.refused(data.roomId, error);
      else {
        setTimeout(() => {
          const isWanted = this.#state === 'open' && this.memberships.roomIds.includes(data.roomId);
          if (isWanted) this.#write(this.#outbox.add('user-joined-room', data, this.#rejoin(data).waiting));
        }, REJOIN_MS);
      }
    };
    return { type: /** @type {const} */ ('user-joined-room'), data, waiting: { resolve: () => {}, reject } };
  }

  /**
   * @param {string | number | undefined} re
   * @param {Refusal} refusal
   */
  #onError(re, refusal) {
    if (re === HELLO) this.#onHelloRefused(refusal);
    else if (re === undefined) this.emit('error', refusal);
    else this.#outbox.settle(re)?.reject(new SignalingError(refusal));
  }

  /** @param {Refusal} refusal */
  #onHelloRefused(refusal) {
    const isNew = this.#welcome === undefined && this.#isOwnId;
    if (refusal.code === 'unavailable-id' && isNew) {
      // Another tab has this id (a duplicated tab copies sessionStorage), or the document before this one had it.
      if (isReload() && this.#helloTries < RELOAD_HELLO_TRIES) {
        this.#timer = setTimeout(() => this.#hello(), RELOAD_HELLO_MS);
        return;
      }
      this.userId = this.#identity.renew();
      this.#resumeToken = undefined;
      this.#hello();
      return;
    }
    this.emit('error', refusal);
    const isPassing = ['unavailable-id', 'rate-limited', 'server-error'].includes(refusal.code);
    this.#socket?.close(isPassing ? 4000 : 1000, refusal.code);
    this.#socket = undefined;
    if (isPassing) this.#onLost(0, refusal.message);
    else this.#end(0, refusal.message);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onLost(code, reason) {
    this.#socket = undefined;
    clearTimeout(this.#timer);
    if (code === REPLACED) {
      this.#end(code, reason || 'replaced by a newer session');
      return;
    }
    if (this.#opened_ms > 0 && Date.now() - this.#opened_ms >= STABLE_MS) this.#attempt = 0;
    this.#opened_ms = 0;
    this.#attempt += 1;
    const retryInMs = reconnectDelayMs(this.#attempt);
    // Before it is told: whoever hears of it may close.
    this.#timer = setTimeout(() => this.#retry(), retryInMs);
    this.#enter({ state: 'reconnecting', retryInMs, code, reason });
  }

  #retry() {
    this.#enter({ state: 'reconnecting' });
    if (this.#state === 'reconnecting') this.#open();
  }

  #onOnline() {
    if (this.#state === 'reconnecting') this.#retry();
    else if (this.#state === 'open') this.#socket?.probe();
  }

  /** The page is hidden for good, or put aside: both are a leave. Coming back, it joins again. */
  #pause() {
    if (this.#state === 'idle' || this.#state === 'closed') return;
    clearTimeout(this.#timer);
    this.#isPaused = true;
    this.#socket?.close(1000, 'page hidden');
    this.#socket = undefined;
    this.#resumeToken = undefined;
    this.#opened_ms = 0;
    this.#enter({ state: 'idle' });
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    clearTimeout(this.#timer);
    this.#stopWatching();
    this.#resumeToken = undefined;
    this.#opened_ms = 0;
    this.#identity.resumeToken = undefined;
    this.#outbox.close(reason);
    this.#enter({ state: 'closed', code, reason });
    this.memberships.clear(code === REPLACED ? 'replaced' : 'left');
  }

  /** @param {Partial<StateChange> & { state: SignalingState }} change */
  #enter(change) {
    this.#state = change.state;
    const attempt = change.state === 'reconnecting' ? this.#attempt : 0;
    this.emit('state', { retryInMs: 0, ...change, attempt });
  }

  /** @param {Kept} frame */
  #write(frame) {
    if (this.#state !== 'open') return;
    const { type, data, id, cseq } = frame;
    const isWritten = this.#socket?.write({ type, data, ...(id === undefined ? {} : { id }), cseq });
    if (isWritten) frame.written = true;
  }
}

/** @returns {string} */
function defaultUrl() {
  const url = new URL('/ws', globalThis.location?.href ?? 'http://localhost:8080');
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
