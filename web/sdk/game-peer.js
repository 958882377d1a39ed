/**
 * One's own peer: the `peerjs` client, held on to. The client never reconnects, calls every loss of its socket `network`, and
 * waits for ever for a server that does not answer; here these become errors that a page can act on, and are repaired.
 */

import { GameRoomError, RETRY_DELAYS_MS, kindOf } from './game-errors.js';

/** @import { PeerCall, PeerClass, PeerClient, PeerClientError, PeerClientOptions, PeerData } from './peerjs-client.d.ts' */
/** @import { GameRoomErrorType } from './game-errors.js' */

/** @typedef {'disconnected' | 'connecting' | 'connected' | 'failed'} PeerState */

/**
 * @typedef {object} PeerListener
 * @property {() => void} changed state, error or client
 * @property {(hasRenewed: boolean) => void} opened calls can be made; `hasRenewed`: after `renew`, not after a loss
 * @property {(call: PeerCall) => void} called
 * @property {(link: PeerData) => void} linked
 * @property {(remotePeerId: string) => void} unavailable
 */

/** @typedef {PeerClientOptions | (() => PeerClientOptions | Promise<PeerClientOptions>)} PeerOptionsSource */

/** From the first sign of life to the last (GP-4). */
export const TIMEOUT_MS = 10_000;
/** What works for so long counts as repaired: the next loss is a first one again. */
export const STABLE_MS = 10_000;
/** How often the server is looked for while the network seems away, besides when the browser says that it is back. */
const PROBE_MS = 10_000;

/** The same for all rooms of this document: a room that is made anew gets its id back from the one before. */
const documentToken = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export class GamePeer {
  /** @type {PeerState} */
  state = 'disconnected';
  /** @type {GameRoomError | null} */
  error = null;
  /** @type {PeerClient | null} */
  client = null;
  #Peer;
  #userId;
  #source;
  #window;
  #listener;
  #attempts = 0;
  #isWanted = false;
  #isRenewing = false;
  /** Grows with each beginning, so that one that was given up does nothing. */
  #beginning = 0;
  #openedAt = 0;
  /** One at a time: until the next try, until the server must have answered, or until all counts as stable. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #end = new AbortController();

  /**
   * @param {object} options
   * @param {PeerClass} options.Peer
   * @param {string} options.userId
   * @param {PeerOptionsSource} options.peerOptions
   * @param {PeerListener} options.listener
   * @param {Window | (EventTarget & { navigator?: { onLine: boolean } })} options.window
   */
  constructor({ Peer, userId, peerOptions, listener, window }) {
    this.#Peer = Peer;
    this.#userId = userId;
    this.#source = peerOptions;
    this.#listener = listener;
    this.#window = window;
    // Without a page (in Node) nobody says when the network comes and goes.
    window.addEventListener?.('offline', () => this.#onOffline(), { signal: this.#end.signal });
    window.addEventListener?.('online', () => this.#onOnline(), { signal: this.#end.signal });
  }

  start() {
    if (this.#isWanted || this.#end.signal.aborted) return;
    this.#isWanted = true;
    this.#attempts = 0;
    const missing = missingFeature();
    if (missing !== null) return this.#fail('browser-incompatible', new Error(`${missing} is missing`));
    this.#set('connecting', null);
    void this.#begin();
  }

  /** Starts over, as a person asks for it. */
  retry() {
    if (!this.#isWanted || this.state === 'connected') return;
    this.#isWanted = false;
    this.start();
  }

  /** Takes the peer off the server, with all its calls. It may start again. */
  stop() {
    this.#isWanted = false;
    this.#beginning += 1;
    clearTimeout(this.#timer);
    const { client } = this;
    this.client = null;
    client?.destroy();
    this.#set('disconnected', null);
  }

  destroy() {
    this.#end.abort();
    this.stop();
  }

  /** Whether calls can be made: without its socket the client drops them silently. */
  get isOpen() {
    return this.state === 'connected' && this.client?.open === true;
  }

  /** @param {string} id @param {MediaStream} stream @param {unknown} metadata */
  call(id, stream, metadata) {
    return this.isOpen ? this.client?.call(id, stream, { metadata }) : undefined;
  }

  /** @param {string} id */
  link(id) {
    return this.isOpen ? this.client?.connect(id, { label: 'game-room', serialization: 'json', reliable: true }) : undefined;
  }

  /**
   * Opens the socket anew, because nothing seems to come through it: a dead one looks open for minutes. The server gives the
   * id back at once, and calls are not touched.
   */
  renew() {
    if (!this.isOpen || Date.now() - this.#openedAt < STABLE_MS) return;
    this.#lost('socket-closed');
    this.#isRenewing = true;
    this.client?.disconnect();
  }

  async #begin() {
    clearTimeout(this.#timer);
    const beginning = (this.#beginning += 1);
    const isCurrent = () => beginning === this.#beginning && this.#isWanted;
    // Options that are a promise which is never settled are a server that does not answer.
    this.#timer = setTimeout(() => this.#onTimeout(), TIMEOUT_MS);
    /** @type {PeerClientOptions} */
    let options;
    try {
      options = { token: documentToken, ...(typeof this.#source === 'function' ? await this.#source() : this.#source) };
    } catch (error) {
      if (isCurrent()) this.#lost('socket-error', error);
      return;
    }
    if (!isCurrent()) return;
    try {
      if (!this.client || this.client.destroyed) this.#make(options);
      else {
        // A token and the credentials of TURN servers run out: the client takes the new ones from here.
        Object.assign(this.client.options, options);
        if (!this.client.disconnected) this.client.disconnect();
        this.client.reconnect();
      }
    } catch (error) {
      this.#lost('socket-error', error);
    }
  }

  /** @param {PeerClientOptions} options */
  #make(options) {
    const client = new this.#Peer(this.#userId, options);
    this.client = client;
    const isCurrent = () => this.client === client;
    client.on('open', () => isCurrent() && this.#onOpen());
    client.on('error', (error) => isCurrent() && this.#onError(error));
    client.on('disconnected', () => isCurrent() && this.#onDisconnected());
    client.on('close', () => isCurrent() && this.#onDisconnected());
    client.on('call', (call) => (isCurrent() ? this.#listener.called(call) : call.close()));
    client.on('connection', (link) => (isCurrent() ? this.#listener.linked(link) : link.close()));
    this.#listener.changed();
  }

  #onOpen() {
    if (!this.#isWanted) return;
    this.#openedAt = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#attempts = 0), STABLE_MS);
    this.#set('connected', null);
    const hasRenewed = this.#isRenewing;
    this.#isRenewing = false;
    this.#listener.opened(hasRenewed);
  }

  /** @param {PeerClientError} error */
  #onError(error) {
    if (error.type === 'peer-unavailable') {
      const id = /^Could not connect to peer (.*)$/s.exec(error.message)?.[1];
      if (id !== undefined) this.#listener.unavailable(id);
      return;
    }
    if (error.type === 'network') return this.#lost(this.state === 'connected' ? 'socket-closed' : 'socket-error', error);
    const kind = kindOf(error.type);
    if (kind === null) return;
    if (kind === 'socket-error' || kind === 'socket-closed') this.#lost(kind, error);
    // A server that took this one before and does not now may have been started anew, and be told who plays in a moment.
    else if (kind === 'server-error' && this.#openedAt > 0) this.#lost('socket-error', error);
    else this.#fail(kind, error);
  }

  /** After an error that is dealt with already, or because somebody else disconnected or destroyed the client. */
  #onDisconnected() {
    if (this.state === 'connected') this.#lost('socket-closed');
  }

  #onTimeout() {
    this.#lost('socket-error', new Error(`no answer within ${TIMEOUT_MS} ms`));
    if (this.client && !this.client.disconnected) this.client.disconnect();
  }

  /**
   * The socket is gone. What the client does about it, it does after this.
   * @param {'socket-error' | 'socket-closed'} type
   * @param {unknown} [cause]
   */
  #lost(type, cause) {
    if (!this.#isWanted || this.state === 'failed' && this.error?.type !== 'network') return;
    this.#beginning += 1;
    this.#isRenewing = false;
    clearTimeout(this.#timer);
    if (this.#window.navigator?.onLine === false) return this.#set('disconnected', new GameRoomError('network', { cause }));
    const delay = RETRY_DELAYS_MS[this.#attempts];
    if (delay === undefined) {
      this.#timer = setTimeout(() => void this.#begin(), PROBE_MS);
      return this.#set('failed', new GameRoomError('network', { cause }));
    }
    this.#attempts += 1;
    this.#timer = setTimeout(() => void this.#begin(), delay);
    this.#set('connecting', new GameRoomError(type, { attempt: this.#attempts, cause }));
  }

  /**
   * Nothing more happens by itself.
   * @param {GameRoomErrorType} type
   * @param {unknown} cause
   */
  #fail(type, cause) {
    this.#beginning += 1;
    clearTimeout(this.#timer);
    this.#isRenewing = false;
    this.#set('failed', new GameRoomError(type, { cause }));
  }

  #onOffline() {
    if (!this.#isWanted || (this.state === 'failed' && this.error?.type !== 'network')) return;
    this.#beginning += 1;
    clearTimeout(this.#timer);
    this.#set('disconnected', new GameRoomError('network'));
  }

  #onOnline() {
    if (!this.#isWanted || (this.state === 'failed' && this.error?.type !== 'network') || this.state === 'connected') return;
    this.#attempts = 0;
    this.#set('connecting', this.error);
    // The socket of before may look open; it is of another network.
    void this.#begin();
  }

  /**
   * @param {PeerState} state
   * @param {GameRoomError | null} error
   */
  #set(state, error) {
    this.state = state;
    this.error = error;
    this.#listener.changed();
  }
}

/** @returns {string | null} the first of what a game room needs and this browser lacks */
function missingFeature() {
  const world = /** @type {any} */ (globalThis);
  if (!world.WebSocket) return 'WebSocket';
  if (!world.MediaStream) return 'MediaStream';
  if (!world.RTCPeerConnection?.prototype.addTransceiver) return 'RTCPeerConnection.addTransceiver';
  if (!world.RTCRtpSender?.prototype.replaceTrack) return 'RTCRtpSender.replaceTrack';
  return null;
}
