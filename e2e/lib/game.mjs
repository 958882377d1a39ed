/**
 * A player at a page that has nothing but the unmodified `peerjs` client and the SDK's game room: what the page is asked to do,
 * and what its room says.
 */

import { until } from './wait.mjs';

/** Where the page is, below the repository's root. */
const path = '/e2e/fixtures/game.html';

/**
 * What a room says, as JSON can carry it.
 * @typedef {object} RoomState
 * @property {string} connectionState
 * @property {{ type: string, recovery: string, attempt: number, remotePeerId: string | null } | null} error
 * @property {Record<string, string>} states by player
 * @property {Record<string, { videoEnabled: boolean, audioEnabled: boolean }>} tracks by player
 * @property {Record<string, string>} callIds by player
 * @property {Record<string, string>} grades by player
 * @property {number} streams how many remote streams there are
 * @property {boolean} isVideoActive
 * @property {boolean} isVideoEnabled
 * @property {string | null} selectedCameraId
 * @property {string[]} cameras
 * @property {unknown[]} data that came
 */

export class Gamer {
  /** @type {import('./page.mjs').Studio} */
  studio;
  id;
  #broker;

  /**
   * @param {import('./page.mjs').Studio} studio
   * @param {string} id
   * @param {string} broker the origin of the server
   */
  constructor(studio, id, broker) {
    this.studio = studio;
    this.id = id;
    this.#broker = broker;
  }

  /**
   * A player whose page is open; they are nowhere yet.
   * @param {import('./stage.mjs').Stage} stage
   * @param {string} id
   * @param {string} origin of the page
   * @param {Parameters<import('./stage.mjs').Stage['person']>[1] & { broker?: string }} [options]
   */
  static async open(stage, id, origin, { broker = stage.server.origin, ...options } = {}) {
    const studio = await stage.person(id, { origin, toneHz: null, ...options });
    await studio.goto(path);
    // Modules are run before `DOMContentLoaded`, but a browser may say so before.
    await until(`${id} has the SDK`, () => studio.page.evaluate(() => 'sdk' in window));
    return new Gamer(studio, id, broker);
  }

  get page() {
    return this.studio.page;
  }

  /** What a client of this page needs to reach the server. @param {object} [more] */
  options(more = {}) {
    const { hostname, port } = new URL(this.#broker);
    return { host: hostname, port: Number(port), path: '/peerjs', secure: false, config: { iceServers: [] }, ...more };
  }

  /**
   * Makes a game room and connects it.
   * @param {string[]} roster
   * @param {{ media?: boolean, video?: object, peerOptions?: object }} [options] `media`: camera and microphone are opened, too
   */
  async enter(roster, { media = false, video, peerOptions } = {}) {
    await this.page.evaluate(async ({ userId, roster, options, media, video }) => {
      const { sdk, Peer } = /** @type {any} */ (window);
      const room = new sdk.GameRoom({ Peer, userId, peerOptions: options, ...(video ? { video } : {}) });
      const data = /** @type {unknown[]} */ ([]);
      room.on('data', (/** @type {unknown} */ one) => data.push(one));
      Object.assign(window, { room, data, errors: [], enteredAt: performance.now() });
      room.subscribe(() => {
        const { error } = room.getSnapshot();
        const { errors } = /** @type {any} */ (window);
        if (error && errors.at(-1) !== error.type) errors.push(error.type);
      });
      if (media) await room.startMedia();
      Object.assign(window, { enteredAt: performance.now() });
      room.connect();
      room.setRoster(roster);
    }, { userId: this.id, roster, options: this.options(peerOptions), media, video });
  }

  /**
   * Calls a method of the room.
   * @param {string} method
   * @param {...unknown} args
   * @returns {Promise<any>}
   */
  call(method, ...args) {
    return this.page.evaluate((method, args) => /** @type {any} */ (window).room[method](...args), method, args);
  }

  /** @returns {Promise<RoomState>} */
  state() {
    return this.page.evaluate(() => {
      const { room, data } = /** @type {any} */ (window);
      const now = room.getSnapshot();
      const by = (/** @type {Map<string, any>} */ map, /** @type {(value: any) => any} */ value) =>
        Object.fromEntries([...map].map(([id, one]) => [id, value(one)]));
      const { error } = now;
      return {
        connectionState: now.connectionState,
        error: error && { type: error.type, recovery: error.recovery, attempt: error.attempt, remotePeerId: error.remotePeerId },
        states: by(now.connectionStates, (one) => one),
        tracks: by(now.peerTrackStates, (one) => one),
        callIds: by(now.calls, ({ callId }) => callId),
        grades: by(now.qualities, ({ grade }) => grade),
        streams: [...now.remoteStreams.values()].filter(Boolean).length,
        isVideoActive: now.isVideoActive,
        isVideoEnabled: now.isVideoEnabled,
        selectedCameraId: now.selectedCameraId,
        cameras: now.availableDevices.filter((/** @type {any} */ { kind }) => kind === 'videoinput').map((/** @type {any} */ { deviceId }) => deviceId),
        data,
      };
    });
  }

  /**
   * Waits until the room is as wanted.
   * @param {string} what
   * @param {(state: RoomState) => unknown} good
   */
  sees(what, good) {
    return until(`${this.id} sees ${what}`, () => this.state(), { good });
  }

  /** Waits until these are connected, and nobody else is there. @param {...string} ids */
  seesConnected(...ids) {
    const wanted = JSON.stringify(Object.fromEntries([...ids].sort().map((id) => [id, 'connected'])));
    return this.sees(`${ids.join(', ')} connected`, ({ states }) => JSON.stringify(Object.fromEntries(Object.entries(states).sort())) === wanted);
  }

  /** Waits for an error, also one that has gone by. @param {string} type */
  async meets(type) {
    await until(`${this.id} meets ${type}`, () => this.page.evaluate(() => /** @type {any} */ (window).errors), { good: (types) => types.includes(type) });
  }

  /** @returns {Promise<Record<string, number>>} frames of each other player's picture that were decoded */
  frames() {
    return this.page.evaluate(async () => {
      const { room } = /** @type {any} */ (window);
      /** @type {Record<string, number>} */
      const frames = {};
      for (const [id, { call }] of room.getSnapshot().calls) {
        const stats = [...(await call.peerConnection.getStats()).values()];
        frames[id] = stats.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')?.framesDecoded ?? 0;
      }
      return frames;
    });
  }

  /** Waits until pictures of these come, more than there were. @param {...string} ids */
  async seesPictures(...ids) {
    const before = await this.frames();
    await until(`${this.id} sees ${ids.join(', ')} move`, () => this.frames(), { good: (now) => ids.every((id) => (now[id] ?? 0) > (before[id] ?? 0) + 1) });
  }

  /** @returns {Promise<number>} RTCPeerConnections of this document that are open */
  openConnections() {
    return this.page.evaluate(() => window.parlorProbe.connections.filter(({ signalingState }) => signalingState !== 'closed').length);
  }
}
