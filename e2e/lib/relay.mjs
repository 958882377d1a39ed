/**
 * A bad road for UDP: delay, jitter, loss of order, packets that come twice. The kernel's own way to do this (netem) is
 * not everywhere; so the pages are told a relay's addresses instead of each other's, by rewriting the remote candidates
 * they are given, and the relay sends on late what comes.
 *
 * Every address of a page has one alias, a socket of the relay. What arrives at the alias of B from A goes to B from the
 * alias of A: so both ends see exactly the addresses that they were told.
 */

import { createSocket } from 'node:dgram';
import { stageAddress } from './namespace.mjs';

/** What comes later than its turn comes this much later: three Opus frames. */
const outOfOrder_ms = 60;

/**
 * @typedef {object} Road
 * @property {number} delay_ms each way
 * @property {number} jitter_ms at most so much more, changing from packet to packet; the order stays
 * @property {number} reorder_percent of the packets come after later ones
 * @property {number} duplicate_percent of the packets come twice
 * @property {number} lose_percent of the packets don't come
 */

/** @type {Road} */
export const goodRoad = { delay_ms: 0, jitter_ms: 0, reorder_percent: 0, duplicate_percent: 0, lose_percent: 0 };

export class PacketRelay {
  /** How it is from now on; may be changed at any time. @type {Road} */
  road = goodRoad;
  /** Packets sent on. */
  relayed = 0;

  /** By the address that they stand for. @type {Map<string, { socket: import('node:dgram').Socket, ready: Promise<string> }>} */
  #aliases = new Map();
  /** Addresses whose alias a page was told. @type {Set<string>} */
  #told = new Set();
  #isClosed = false;
  /** When the last packet of a direction goes out, by direction, so that jitter keeps the order. @type {Map<string, number>} */
  #lastAt = new Map();
  #random = randomOf(20_261_121);

  /**
   * From now on this page reaches its peers through the relay. Both ends of a connection have to; of the hub, which is told
   * none of the page's own addresses, one is enough.
   *
   * @param {import('./page.mjs').Studio} studio that has not gone anywhere yet
   */
  async lead(studio) {
    await studio.page.exposeFunction('parlorRelay', (/** @type {string} */ address, /** @type {number} */ port) => this.#aliasOf(address, port));
    await studio.page.evaluateOnNewDocument(leadCandidates);
  }

  /**
   * What a NAT does that forgets: whoever sends does so from another port from now on, of which they learn nothing, and the port
   * before is gone. Addresses that pages were told, such as the hub's, stay.
   *
   * @returns {number} how many addresses it forgot
   */
  rebind() {
    const forgotten = [...this.#aliases].filter(([real]) => !this.#told.has(real));
    for (const [real, { socket }] of forgotten) {
      socket.close();
      this.#aliases.delete(real);
    }
    return forgotten.length;
  }

  close() {
    this.#isClosed = true;
    for (const { socket } of this.#aliases.values()) socket.close();
  }

  /**
   * @param {string} address
   * @param {number} port
   * @returns {Promise<string>} the alias' address and port, as a candidate has them
   */
  #aliasOf(address, port) {
    const real = `${address} ${port}`;
    this.#told.add(real);
    const { ready } = this.#alias(real);
    return ready;
  }

  /** @param {string} real address and port */
  #alias(real) {
    const known = this.#aliases.get(real);
    if (known !== undefined) return known;
    const socket = createSocket('udp4');
    socket.on('message', (packet, { address, port }) => this.#send(packet, `${address} ${port}`, real));
    // A page that is gone makes the kernel answer that its port is closed.
    socket.on('error', () => {});
    const ready = /** @type {Promise<string>} */ (new Promise((resolve) => {
      socket.bind(0, stageAddress, () => resolve(`${stageAddress} ${socket.address().port}`));
    }));
    const made = { socket, ready };
    this.#aliases.set(real, made);
    return made;
  }

  /** @param {Buffer} packet @param {string} from @param {string} to */
  #send(packet, from, to) {
    const { delay_ms, jitter_ms, reorder_percent, duplicate_percent, lose_percent } = this.road;
    if (100 * this.#random() < lose_percent) return;
    const direction = `${from} ${to}`;
    let at = Math.max(Date.now() + delay_ms + this.#random() * jitter_ms, this.#lastAt.get(direction) ?? 0);
    if (100 * this.#random() < reorder_percent) at += outOfOrder_ms;
    else this.#lastAt.set(direction, at);
    const copies = 100 * this.#random() < duplicate_percent ? 2 : 1;
    const [address, port] = to.split(' ');
    setTimeout(() => {
      if (this.#isClosed) return;
      const { socket } = this.#alias(from);
      for (let copy = 0; copy < copies; copy += 1) socket.send(packet, Number(port), address);
      this.relayed += copies;
    }, Math.round(at - Date.now())).unref();
  }
}

/** Runs in the page: whatever remote candidate it is given, it takes the relay's address instead. */
function leadCandidates() {
  if (window.RTCPeerConnection === undefined) return;
  const relay = /** @type {any} */ (window).parlorRelay;
  const pattern = /candidate:(\S+) (\d+) (\S+) (\d+) (\S+) (\d+)/i;
  const lead = async (/** @type {string} */ line) => {
    const [, foundation, component, protocol, priority, address, port] = pattern.exec(line) ?? [];
    // TCP would be another road.
    if (protocol?.toLowerCase() !== 'udp') return '';
    return line.replace(pattern, `candidate:${foundation} ${component} ${protocol} ${priority} ${await relay(address, Number(port))}`);
  };
  const { send } = WebSocket.prototype;
  /** @param {any} text */
  WebSocket.prototype.send = function (text) {
    const frame = typeof text === 'string' && text.includes('"hub"') ? JSON.parse(text) : undefined;
    if (frame?.data?.to !== 'hub') return send.call(this, text);
    if (frame.type === 'ice-candidate') return undefined;
    const sdp = frame.data.sdp?.replace(/^a=candidate:.*\r\n/gm, '');
    return send.call(this, JSON.stringify({ ...frame, data: { ...frame.data, ...(sdp === undefined ? {} : { sdp }) } }));
  };
  const { addIceCandidate, setRemoteDescription } = /** @type {Record<string, Function>} */ (/** @type {any} */ (RTCPeerConnection.prototype));
  const replacements = {
    /** @this {RTCPeerConnection} @param {any} candidate */
    async addIceCandidate(candidate) {
      if (!candidate?.candidate) return addIceCandidate.call(this, candidate);
      const line = await lead(candidate.candidate);
      return line === '' ? undefined : addIceCandidate.call(this, { ...candidate, candidate: line });
    },
    /** @this {RTCPeerConnection} @param {any} description */
    async setRemoteDescription(description) {
      const lines = [];
      for (const line of description.sdp.split('\r\n')) {
        const led = line.startsWith('a=candidate:') ? await lead(line) : line;
        if (led !== '') lines.push(led);
      }
      return setRemoteDescription.call(this, { type: description.type, sdp: `${lines.join('\r\n')}\r\n` });
    },
  };
  Object.assign(RTCPeerConnection.prototype, replacements);
}

/**
 * Numbers from 0 to 1 that are the same in every run (mulberry32).
 *
 * @param {number} seed
 */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
