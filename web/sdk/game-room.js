/**
 * A room of up to four players who see and hear each other, over the unmodified `peerjs` client and a server that speaks its
 * protocol. The application says who is in the room (`setRoster`); everybody on the roster is called, who is taken off is
 * dropped. What it is like at any moment is one frozen snapshot, whose names are those of the hook that this replaces.
 *
 *     const room = new GameRoom({ Peer, userId: 'ada', peerOptions: { host: 'parlor.example.org', port: 443, path: '/peerjs' } });
 *     room.addEventListener('change', () => draw(room.getSnapshot()));
 *     room.connect();
 *     room.setRoster(['ada', 'ben', 'cleo']);
 *     await room.startMedia();
 *
 * For React: `useSyncExternalStore(room.subscribe, room.getSnapshot)`.
 */

import { Emitter } from './emitter.js';
import { GameMedia } from './game-media.js';
import { Outgoing } from './game-outgoing.js';
import { GamePeer } from './game-peer.js';
import { GamePlayer } from './game-player.js';
import { sameOrFrozenMap } from './game-snapshot.js';
import { DeviceError } from './game-errors.js';
import { watchPage } from './page-lifecycle.js';

/** @import { PeerCall, PeerClass, PeerClient, PeerData } from './peerjs-client.d.ts' */
/** @import { GameRoomError } from './game-errors.js' */
/** @import { Devices, PictureSize } from './game-media.js' */
/** @import { PeerOptionsSource, PeerState } from './game-peer.js' */
/** @import { CallState, GameCall, PeerTrackState } from './game-player.js' */
/** @import { CallQuality } from './game-quality.js' */

/** Oneself included (GP-8): each sends to each, and more is for a room with a hub. */
export const PLAYERS_MAX = 4;

/** Who calls and is not on the roster yet waits here for it; so many at most, and so long. */
const CALLERS_MAX = 8;
const CALLER_PATIENCE_MS = 10_000;

/** What the client takes for an id. */
const ID = /^[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*$/;

/**
 * @typedef {object} GameRoomSnapshot
 * @property {PeerClient | null} peer the client's peer
 * @property {string} peerId one's own id
 * @property {PeerState} connectionState of the own peer
 * @property {MediaStream | null} localStream what one sends; null: nothing. Its tracks change when devices do
 * @property {boolean} isVideoActive whether one's picture is being sent; false with a `localStream`: inactive
 * @property {boolean} isAudioMuted
 * @property {boolean} isVideoEnabled whether one's picture is to be sent, once there is one
 * @property {string | null} selectedCameraId
 * @property {string | null} selectedMicrophoneId
 * @property {readonly MediaDeviceInfo[]} availableDevices cameras and microphones; their `kind` says which
 * @property {ReadonlyMap<string, Readonly<GameCall>>} calls by player
 * @property {ReadonlyMap<string, MediaStream | null>} remoteStreams by player
 * @property {ReadonlyMap<string, CallState>} connectionStates of everybody on the roster
 * @property {ReadonlyMap<string, PeerTrackState>} peerTrackStates of whoever has told
 * @property {ReadonlyMap<string, Readonly<CallQuality>>} qualities of connected calls, once a second
 * @property {ReadonlyMap<string, GameRoomError>} errors by player
 * @property {GameRoomError | null} error the own peer's, or else a player's
 */

/**
 * @typedef {object} GameRoomEvents
 * @property {undefined} change there is a new snapshot
 * @property {{ remotePeerId: string, data: unknown }} data what another player sent
 */

/** @extends {Emitter<GameRoomEvents>} */
export class GameRoom extends Emitter {
  #userId;
  #peer;
  #media;
  /** Made when it is first needed, since an incompatible browser can't. @type {Outgoing | null} */
  #outgoing = null;
  /** @type {Map<string, GamePlayer>} */
  #players = new Map();
  /** @type {Map<string, { call: PeerCall, timer: ReturnType<typeof setTimeout> }>} */
  #callers = new Map();
  #isDestroyed = false;
  /** @type {Readonly<GameRoomSnapshot> | null} the newest, if nothing has changed since */
  #snapshot = null;
  /** @type {Readonly<GameRoomSnapshot> | null} */
  #lastSnapshot = null;
  #isTelling = false;
  #toldOfTracks = '';
  #unwatch;

  /**
   * Nothing happens before `connect`.
   * @param {object} options
   * @param {PeerClass} options.Peer the class of the `peerjs` package
   * @param {string} options.userId one's own id, which is the id of the peer: letters and digits, between them single spaces, `-` or `_`
   * @param {PeerOptionsSource} [options.peerOptions] what the client is made with (`host`, `port`, `path`, `key`, `token`, `config`, …), or
   *   a function that gives it, asked before each connection: tokens and the credentials of TURN servers run out
   * @param {PictureSize} [options.video] how large a picture is asked of the camera (default: 1280×720), at most 3840×2160
   * @param {Devices} [options.mediaDevices] default: the browser's
   * @param {Window | (EventTarget & { navigator?: { onLine: boolean } })} [options.window] who says that the network is back; default: the page's
   */
  constructor({ Peer, userId, peerOptions = {}, video, mediaDevices = globalThis.navigator?.mediaDevices, window = globalThis.window ?? globalThis }) {
    super();
    if (!ID.test(userId) || userId.length > 64) throw new RangeError(`"${userId}" is no id: letters and digits, between them single spaces, - or _`);
    this.#userId = userId;
    this.#peer = new GamePeer({
      Peer, userId, peerOptions, window,
      listener: {
        changed: () => this.#changed(),
        opened: (hasRenewed) => this.#onOpened(hasRenewed),
        called: (call) => this.#onCalled(call),
        linked: (link) => this.#onLinked(link),
        unavailable: (id) => this.#players.get(id)?.onUnavailable(),
      },
    });
    this.#media = new GameMedia({
      mediaDevices, ...(video ? { video } : {}),
      listener: {
        changed: () => this.#onMediaChanged(),
        track: (kind, track) => this.#outgoing?.set(kind, track),
      },
    });
    this.#unwatch = watchPage({
      hidden: () => this.#leave(),
      shownAgain: () => this.#peer.start(),
      online: () => {},
    });
    // Of `useSyncExternalStore`, which calls them without their object.
    this.subscribe = this.subscribe.bind(this);
    this.getSnapshot = this.getSnapshot.bind(this);
  }

  /** Brings one's peer to the server. */
  connect() {
    if (this.#isDestroyed) return;
    this.#peer.start();
    void this.#media.refreshDevices();
  }

  /**
   * Says who is in the room. Who is added is called, who is missing is dropped.
   * @param {Iterable<string>} ids oneself may be among them
   * @throws {RangeError} more than four: nothing changes
   */
  setRoster(ids) {
    const others = new Set(ids);
    others.delete(this.#userId);
    if (others.size >= PLAYERS_MAX) throw new RangeError(`a game room holds ${PLAYERS_MAX} players`);
    if (this.#isDestroyed) return;
    for (const [id, player] of this.#players) {
      if (others.has(id)) continue;
      this.#players.delete(id);
      player.close();
    }
    for (const id of others) if (!this.#players.has(id)) this.#add(id);
    this.#changed();
  }

  /** Tries again what was given up: the own connection, or a player. @param {string} [remotePeerId] default: all */
  retry(remotePeerId) {
    if (this.#isDestroyed) return;
    if (remotePeerId === undefined) this.#peer.retry();
    for (const [id, player] of this.#players) if (remotePeerId === undefined || id === remotePeerId) player.retry();
  }

  /**
   * Opens camera and microphone, or one of them; in a call the others get them without a new negotiation. With both asked for
   * and one to be had, that one is enough.
   * @param {{ video?: boolean, audio?: boolean }} [wish] default: both
   * @returns {Promise<void>} rejected with a `DeviceError`
   */
  async startMedia({ video = true, audio = true } = {}) {
    if (this.#isDestroyed) return;
    if (this.#peer.error?.type === 'browser-incompatible') throw new DeviceError('unsupported');
    await this.#media.start({ video, audio });
  }

  /** Gives camera and microphone back; calls go on without one's own picture and sound. */
  stopMedia() {
    this.#media.stop();
  }

  /** @param {boolean} isEnabled */
  setVideoEnabled(isEnabled) {
    this.#media.setVideoEnabled(isEnabled);
  }

  toggleVideo() {
    this.setVideoEnabled(!this.#media.isVideoEnabled);
  }

  /** @param {boolean} isMuted */
  setAudioMuted(isMuted) {
    this.#media.setAudioMuted(isMuted);
  }

  toggleAudio() {
    this.setAudioMuted(!this.#media.isAudioMuted);
  }

  /** @param {string} deviceId one of `availableDevices` @returns {Promise<void>} rejected with a `DeviceError`: all is as before */
  async selectCamera(deviceId) {
    if (!this.#isDestroyed) await this.#media.select('video', deviceId);
  }

  /** @param {string} deviceId one of `availableDevices` @returns {Promise<void>} rejected with a `DeviceError`: all is as before */
  async selectMicrophone(deviceId) {
    if (!this.#isDestroyed) await this.#media.select('audio', deviceId);
  }

  /**
   * Sends something that JSON can say, up to some 16 KB, directly to the other players. An object whose `type` is
   * `track-state` is the room's own.
   * @param {unknown} data
   * @param {string} [remotePeerId] default: everybody
   * @returns {number} how many players it goes to: not to whom there is no channel
   */
  send(data, remotePeerId) {
    let count = 0;
    for (const [id, player] of this.#players) {
      if ((remotePeerId === undefined || id === remotePeerId) && player.send(data)) count += 1;
    }
    return count;
  }

  /**
   * Calls `listener` after each change.
   * @param {() => void} listener
   * @returns {() => void} takes it off again
   */
  subscribe(listener) {
    return this.on('change', listener);
  }

  /** What is now: the same object until something changes. @returns {Readonly<GameRoomSnapshot>} */
  getSnapshot() {
    this.#snapshot ??= this.#lastSnapshot = this.#takeSnapshot(this.#lastSnapshot);
    return this.#snapshot;
  }

  /** Leaves, and frees peer, calls, camera and microphone. Nothing works afterwards. */
  destroy() {
    if (this.#isDestroyed) return;
    this.#unwatch();
    for (const player of this.#players.values()) player.close();
    this.#players.clear();
    this.#leave();
    this.#isDestroyed = true;
    this.#peer.destroy();
    this.#media.close();
    this.#outgoing?.close();
    this.#outgoing = null;
    this.#changed();
  }

  #leave() {
    for (const id of [...this.#callers.keys()]) this.#takeCaller(id)?.close();
    for (const player of this.#players.values()) player.close();
    this.#peer.stop();
  }

  /** @param {string} id */
  #add(id) {
    const player = new GamePlayer(id, {
      userId: this.#userId,
      peer: this.#peer,
      outgoing: () => this.#out(),
      ownTrackState: () => this.#ownTrackState(),
      changed: () => this.#changed(),
      received: (remotePeerId, data) => this.emit('data', { remotePeerId, data }),
      suspicious: () => this.#onSuspicious(),
    });
    this.#players.set(id, player);
    const call = this.#takeCaller(id);
    if (call) player.take(call);
    else if (this.#peer.isOpen) player.open(true);
  }

  #out() {
    if (!this.#outgoing) {
      this.#outgoing = new Outgoing();
      this.#outgoing.set('audio', this.#media.track('audio'));
      this.#outgoing.set('video', this.#media.track('video'));
    }
    return this.#outgoing;
  }

  /** @returns {PeerTrackState} */
  #ownTrackState() {
    const { isAudioMuted, isVideoEnabled } = this.#media;
    return {
      videoEnabled: isVideoEnabled && this.#media.track('video') !== null,
      audioEnabled: !isAudioMuted && this.#media.track('audio') !== null,
    };
  }

  #onMediaChanged() {
    const told = JSON.stringify(this.#ownTrackState());
    if (told !== this.#toldOfTracks) {
      this.#toldOfTracks = told;
      for (const player of this.#players.values()) player.tellTrackState();
    }
    this.#changed();
  }

  /** @param {boolean} hasRenewed */
  #onOpened(hasRenewed) {
    for (const player of this.#players.values()) player.open(!hasRenewed);
  }

  /** @param {PeerCall} call */
  #onCalled(call) {
    const id = call.peer;
    const player = this.#players.get(id);
    if (player) return player.take(call);
    // The caller may have heard of the new roster sooner.
    this.#takeCaller(id)?.close();
    if (id === this.#userId || this.#callers.size >= CALLERS_MAX) return call.close();
    const timer = setTimeout(() => this.#takeCaller(id)?.close(), CALLER_PATIENCE_MS);
    this.#callers.set(id, { call, timer });
  }

  /** @param {string} id @returns {PeerCall | undefined} who waited for the roster, no longer */
  #takeCaller(id) {
    const caller = this.#callers.get(id);
    clearTimeout(caller?.timer);
    this.#callers.delete(id);
    return caller?.call;
  }

  /** @param {PeerData} link */
  #onLinked(link) {
    const player = this.#players.get(link.peer);
    if (player) player.takeLink(link);
    else link.close();
  }

  /** With nobody to be heard it may be one's own socket that is dead. */
  #onSuspicious() {
    if (![...this.#players.values()].some(({ state }) => state === 'connected')) this.#peer.renew();
  }

  #changed() {
    this.#snapshot = null;
    if (this.#isTelling) return;
    this.#isTelling = true;
    // Of several changes in a row the last one counts.
    queueMicrotask(() => {
      this.#isTelling = false;
      this.emit('change', undefined);
    });
  }

  /**
   * @param {Readonly<GameRoomSnapshot> | null} before
   * @returns {Readonly<GameRoomSnapshot>}
   */
  #takeSnapshot(before) {
    const media = this.#media;
    const players = [...this.#players];
    /**
     * @template T
     * @param {(player: GamePlayer) => T | null} value
     * @returns {[string, T][]}
     */
    const each = (value) => players.flatMap(([id, player]) => {
      const its = value(player);
      return its === null ? [] : [/** @type {[string, T]} */ ([id, its])];
    });
    return Object.freeze({
      peer: this.#peer.client,
      peerId: this.#userId,
      connectionState: this.#peer.state,
      localStream: media.stream,
      isVideoActive: media.isVideoEnabled && media.track('video') !== null,
      isAudioMuted: media.isAudioMuted,
      isVideoEnabled: media.isVideoEnabled && this.#peer.error?.type !== 'browser-incompatible',
      selectedCameraId: media.selected.video,
      selectedMicrophoneId: media.selected.audio,
      availableDevices: media.devices,
      calls: sameOrFrozenMap(before?.calls, each(({ call }) => call)),
      remoteStreams: sameOrFrozenMap(before?.remoteStreams, players.map(([id, { stream }]) => [id, stream])),
      connectionStates: sameOrFrozenMap(before?.connectionStates, each(({ state }) => state)),
      peerTrackStates: sameOrFrozenMap(before?.peerTrackStates, each((player) => (player.hasTold ? player.trackState : null))),
      qualities: sameOrFrozenMap(before?.qualities, each(({ quality }) => quality)),
      errors: sameOrFrozenMap(before?.errors, each(({ error }) => error)),
      error: this.#peer.error ?? players.find(([, { error }]) => error !== null)?.[1].error ?? null,
    });
  }
}
