/**
 * One's own frames until the server is known to have them: numbered with `cseq`, kept for sending again after a
 * resume, and the requests among them with what waits for their answer. Knows no socket.
 */

import { SignalingError } from './signaling-error.js';

/**
 * @import { ClientData } from './messages.d.ts'
 */

/**
 * @typedef {object} Waiting what waits for the answer to a request
 * @property {(data: object) => void} resolve
 * @property {(error: SignalingError) => void} reject
 */

/**
 * @typedef {object} Kept
 * @property {number} cseq
 * @property {keyof ClientData} type
 * @property {object} data
 * @property {string} [id] asks for an answer
 * @property {boolean} written whether it went into a socket of the present session
 */

/** @typedef {{ type: keyof ClientData, data: ClientData[keyof ClientData], waiting: Waiting }} Request */

/** As many as the server keeps of its own. */
const KEPT_MAX = 256;

export class Outbox {
  #nextCseq = 1;
  #nextRequest = 1;
  /** @type {Kept[]} in order of `cseq` */
  #kept = [];
  /** @type {Map<string, Waiting & { cseq: number, type: keyof ClientData }>} by request id */
  #waiting = new Map();

  /**
   * Numbers a frame and keeps it. Beyond 256 the oldest one goes; a request that was never written is rejected with it.
   * @template {keyof ClientData} Type
   * @param {Type} type
   * @param {ClientData[Type]} data
   * @param {Waiting} [waiting] makes it a request
   * @returns {Kept}
   */
  add(type, data, waiting) {
    /** @type {Kept} */
    const frame = { cseq: this.#nextCseq, type, data, written: false };
    this.#nextCseq += 1;
    if (waiting) {
      frame.id = `q${this.#nextRequest}`;
      this.#nextRequest += 1;
      this.#waiting.set(frame.id, { ...waiting, cseq: frame.cseq, type });
    }
    this.#kept.push(frame);
    if (this.#kept.length > KEPT_MAX) this.#drop(this.#kept.shift());
    return frame;
  }

  /**
   * The answer to a request came: whatever was sent before it has arrived too.
   * @param {string | number} re
   * @returns {Waiting | undefined}
   */
  settle(re) {
    const waiting = this.#waiting.get(String(re));
    if (!waiting) return undefined;
    this.#waiting.delete(String(re));
    this.#forgetUpTo(waiting.cseq);
    return waiting;
  }

  /**
   * The session goes on, and the server has everything up to `lastCseq`.
   * @param {number} lastCseq
   * @returns {Kept[]} what to send again, in order
   */
  resume(lastCseq) {
    this.#forgetUpTo(lastCseq);
    return [...this.#kept];
  }

  /**
   * A new session begins, which knows nothing of the old one. What would mean nothing or another thing there is let
   * go: negotiation and track states (said anew), and what went out already and may have arrived. Chat is sent
   * again, since its id tells a second copy; so are requests that wait for their answer.
   * @param {Request[]} first what goes before all of it
   * @returns {Kept[]} what to send, in order, numbered from 1
   */
  restart(first) {
    this.#nextCseq = 1;
    const old = this.#kept;
    this.#kept = [];
    for (const { type, data, waiting } of first) this.add(type, data, waiting);
    for (const frame of old) {
      if (!outlivesSession(frame)) continue;
      frame.cseq = this.#nextCseq;
      frame.written = false;
      this.#nextCseq += 1;
      this.#kept.push(frame);
    }
    this.#rejectOrphans();
    return [...this.#kept];
  }

  /**
   * Nothing will be sent any more.
   * @param {string} message
   */
  close(message) {
    this.#kept = [];
    this.#nextCseq = 1;
    for (const [id, waiting] of this.#waiting) {
      this.#waiting.delete(id);
      waiting.reject(new SignalingError({ code: 'closed', message, type: waiting.type }));
    }
  }

  /** @param {number} cseq */
  #forgetUpTo(cseq) {
    const first = this.#kept.findIndex((frame) => frame.cseq > cseq);
    this.#kept = first === -1 ? [] : this.#kept.slice(first);
  }

  /** @param {Kept | undefined} frame */
  #drop(frame) {
    if (!frame || frame.written || frame.id === undefined) return;
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    const message = `More than ${KEPT_MAX} frames wait for the server.`;
    waiting?.reject(new SignalingError({ code: 'overflow', message, type: frame.type }));
  }

  /**
   * Requests whose frame is not kept get no answer in the new session. Leaving is done with the old session itself.
   */
  #rejectOrphans() {
    const kept = new Map(this.#kept.map((frame) => [frame.id, frame]));
    for (const [id, waiting] of this.#waiting) {
      const frame = kept.get(id);
      if (frame) {
        waiting.cseq = frame.cseq;
        continue;
      }
      this.#waiting.delete(id);
      if (waiting.type === 'user-left-room') waiting.resolve({});
      else {
        const message = 'The session ended before the answer came.';
        waiting.reject(new SignalingError({ code: 'lost', message, type: waiting.type }));
      }
    }
  }
}

/**
 * @param {Kept} frame
 * @returns {boolean}
 */
function outlivesSession({ type, id, written }) {
  switch (type) {
    case 'offer':
    case 'answer':
    case 'ice-candidate':
    case 'track-state':
    case 'ping':
      return false;
    case 'chat':
      return true;
    default:
      return id !== undefined || !written;
  }
}
