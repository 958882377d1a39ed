// Whether sound and pictures get through to the server's media port from here, found out before one joins: with a connection of its
// own to the hub, in a room of its own that no list shows. A session of its own, too, so that one's own rooms know nothing of it.

import { SignalingClient } from '../sdk/index.js';
import { randomRoomId } from './address.js';

/** How long after the hub's answer the way counts as closed. Where it is open, it takes tens of milliseconds. */
const CLOSED_AFTER_MS = 8_000;
/** When it is given up: the server counts who did not get through in 30 s (`parlor_hub_unreachable_total`). */
const GIVE_UP_MS = 35_000;

/**
 * `unknown`: not yet, or never: a server without a hub has no media port.
 * @typedef {'unknown' | 'reached' | 'unreachable'} MediaPortStatus
 */

/** Emits `change`. */
export class MediaPort extends EventTarget {
  /** @type {MediaPortStatus} */
  status = 'unknown';
  /** Its UDP port, as the hub says. @type {number|null} */
  port = null;

  #signaling;
  #RTCPeerConnection;
  #roomId = `media-port-${randomRoomId()}`;
  /** @type {RTCPeerConnection|null} */
  #pc = null;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];
  #isOver = false;

  /**
   * @param {{signaling?: SignalingClient, RTCPeerConnection?: typeof globalThis.RTCPeerConnection}} [world] for tests
   */
  constructor(world = {}) {
    super();
    this.#signaling = world.signaling ?? new SignalingClient({ userId: this.#roomId, userName: 'Media port' });
    this.#RTCPeerConnection = world.RTCPeerConnection ?? globalThis.RTCPeerConnection;
  }

  /** Begins. Whatever is refused or breaks on the way ends it without a word: then nothing is known. */
  async start() {
    if (this.#isOver) return;
    const signaling = this.#signaling;
    const roomId = this.#roomId;
    signaling.on('state', ({ state }) => {
      if (state === 'reconnecting' || state === 'closed') this.close();
    });
    signaling.on('error', () => this.close());
    signaling.on('answer', (answer) => void this.#onAnswer(answer.sdp));
    signaling.connect();
    try {
      await signaling.request('room-created', { id: roomId, name: 'Media port', capacity: 1, topology: 'sfu', listed: false });
      if (this.#isOver) return;
      const pc = new this.#RTCPeerConnection({ iceServers: signaling.iceServers });
      this.#pc = pc;
      pc.createDataChannel('parlor', { negotiated: true, id: 0 });
      pc.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate !== null) signaling.send('ice-candidate', { to: 'hub', roomId, candidate: candidate.toJSON(), attempt: 1 });
      });
      pc.addEventListener('connectionstatechange', () => {
        if (pc.connectionState === 'connected') this.#know('reached');
        if (pc.connectionState === 'failed') this.#know('unreachable');
      });
      await pc.setLocalDescription(await pc.createOffer());
      const sdp = pc.localDescription?.sdp;
      if (!this.#isOver && sdp !== undefined) signaling.send('offer', { to: 'hub', roomId, sdp, attempt: 1, n: 1 });
    } catch (error) {
      console.debug('parlor: the media port was not tried', error);
      this.close();
    }
  }

  /** Ends it, and frees what it had. */
  close() {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#pc?.close();
    if (this.#signaling.state === 'open') this.#signaling.send('end-room', { roomId: this.#roomId });
    this.#signaling.close();
  }

  /** @param {string} sdp */
  async #onAnswer(sdp) {
    if (this.#isOver || this.#pc === null) return;
    this.port = udpPort(sdp);
    this.#timers.push(setTimeout(() => this.#know('unreachable'), CLOSED_AFTER_MS), setTimeout(() => this.close(), GIVE_UP_MS));
    try {
      await this.#pc.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      console.debug('parlor: the media port was not tried', error);
      this.close();
    }
  }

  /** It may be reached later than one thought; then that counts. @param {MediaPortStatus} status */
  #know(status) {
    if (this.#isOver || this.status === status) return;
    this.status = status;
    if (status === 'reached') this.close();
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * @param {string} sdp of the hub
 * @returns {number|null} the port of its first UDP candidate
 */
export function udpPort(sdp) {
  const found = /^a=candidate:\S+ \d+ udp \d+ \S+ (\d+) typ /im.exec(sdp);
  return found === null ? null : Number(found[1]);
}
