/**
 * Host mix in one room (AU-4): makes the returns while this page is the mixer, and plays the mixer's while it is a
 * client. What is to be done is decided in `mix-plan.js`; the sound is `AudioGraph`'s, its transport `RTCManager`'s.
 */

import { Emitter } from './emitter.js';
import { mixerOf, MixPlan } from './mix-plan.js';

/**
 * @import { AudioGraph } from './audio-graph.js'
 * @import { ConnectionManager } from './connection-manager.js'
 * @import { Mix } from './messages.d.ts'
 * @import { Plan } from './mix-plan.js'
 * @import { RTCManager } from './rtc-manager.js'
 * @import { SignalingClient } from './signaling-client.js'
 */

/**
 * @typedef {object} HostMixEvents
 * @property {HostMix} change mode, mixer, or what is heard, is another one
 */

/** How often packets are looked for. */
const LOOK_MS = 100;

/** @type {Plan} */
const NOTHING = { mixerId: undefined, isClient: false, hears: 'direct', sendTo: [] };

/** @extends {Emitter<HostMixEvents>} */
export class HostMix extends Emitter {
  #roomId;
  #signaling;
  #rtc;
  #audioGraph;
  #ownId;
  #plan;
  /** @type {Mix} */
  #mode = 'direct';
  #now = NOTHING;
  /** The returns that came, by whom they are from. @type {Map<string, MediaStream>} */
  #returns = new Map();
  /** What the audio graph was given to play. @type {MediaStream | null} */
  #playing = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {(() => void)[]} */
  #offs;

  /**
   * @param {{
   *   roomId: string,
   *   signaling: SignalingClient,
   *   rtc: RTCManager,
   *   connections: ConnectionManager,
   *   audioGraph: AudioGraph,
   * }} options
   */
  constructor({ roomId, signaling, rtc, connections, audioGraph }) {
    super();
    this.#roomId = roomId;
    this.#signaling = signaling;
    this.#rtc = rtc;
    this.#audioGraph = audioGraph;
    this.#ownId = connections.peerId;
    this.#plan = new MixPlan(this.#ownId);
    const { memberships } = signaling;
    const look = () => this.#look();
    this.#offs = [
      memberships.on('joined', look),
      memberships.on('participants', look),
      memberships.on('room', look),
      memberships.on('left', look),
      connections.on('remote-stream', ({ remotePeerId, source, stream }) => {
        if (source === 'return') this.#returns.set(remotePeerId, stream);
      }),
      connections.on('peer-removed', ({ remotePeerId }) => void this.#returns.delete(remotePeerId)),
    ];
    this.#look();
  }

  /** The room's setting. */
  get mode() {
    return this.#mode;
  }

  /** Whoever mixes for the callers and listeners; `undefined`: nobody does. */
  get mixerId() {
    return this.#now.mixerId;
  }

  /** Whether that is this page. */
  get isMixer() {
    return this.#now.mixerId !== undefined && this.#now.mixerId === this.#ownId;
  }

  /** Whether this participant is to hear the mixer's return, once it comes. */
  get isClient() {
    return this.#now.isClient;
  }

  /** What this participant hears. */
  get hears() {
    return this.#now.hears;
  }

  /** For whom this page makes returns now. @returns {string[]} */
  get sendsTo() {
    return [...this.#now.sendTo];
  }

  /** Ends all returns, at once, and plays everybody directly. */
  stop() {
    for (const off of this.#offs.splice(0)) off();
    clearInterval(this.#timer);
    this.#carryOut(NOTHING);
    this.#audioGraph.playReturn(null);
    this.#playing = null;
    this.#now = NOTHING;
  }

  #look() {
    const { memberships } = this.#signaling;
    const mode = memberships.room(this.#roomId)?.room.mix ?? 'direct';
    const participants = memberships.roster(this.#roomId);
    const mark = this.#markOf(mixerOf(mode, participants));
    const wanted = this.#plan.step({ now_ms: performance.now(), mode, participants, mark });
    // A suspended context sends silence in packets, which would keep its clients from hearing everybody directly.
    const plan = this.#audioGraph.isRunning ? wanted : { ...wanted, sendTo: [] };
    const before = this.#now;
    const isNews = mode !== this.#mode || plan.mixerId !== before.mixerId || plan.hears !== before.hears;
    this.#mode = mode;
    this.#carryOut(plan);
    this.#now = plan;
    const isIdle = plan.mixerId === undefined && wanted.sendTo.length === 0 && this.#playing === null;
    this.#runTimer(!isIdle);
    if (isNews) this.emit('change', this);
  }

  /**
   * @param {string | undefined} mixerId
   * @returns {string | undefined} of a return that is not taken in yet: nothing
   */
  #markOf(mixerId) {
    if (mixerId === undefined || this.#playing === null || this.#returns.get(mixerId) !== this.#playing) return undefined;
    return this.#rtc.packetMark(mixerId, 'return');
  }

  /** @param {Plan} plan */
  #carryOut({ mixerId, isClient, hears, sendTo }) {
    const wasDirect = this.#audioGraph.hears === 'direct';
    this.#audioGraph.hears = hears;
    const stream = (isClient && mixerId !== undefined && this.#returns.get(mixerId)) || null;
    // Another one is taken in when the one before has faded out, which it has at the next look.
    if (wasDirect && stream !== this.#playing) {
      this.#audioGraph.playReturn(stream);
      this.#playing = stream;
    }
    for (const id of this.#now.sendTo) {
      if (sendTo.includes(id)) continue;
      this.#rtc.setPeerTrack(id, 'return', null);
      this.#audioGraph.endReturn(id);
    }
    for (const id of sendTo) {
      if (!this.#now.sendTo.includes(id)) this.#rtc.setPeerTrack(id, 'return', this.#audioGraph.createReturn(id));
    }
  }

  /** @param {boolean} isWanted */
  #runTimer(isWanted) {
    if (isWanted) this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
