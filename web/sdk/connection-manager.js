/**
 * Connections with everybody in the rooms one is in (CM-1 to CM-11). Every decision is taken in the core
 * (`crates/parlor-connect` as WebAssembly); this brings the server's frames and the browser's reports to it, and its
 * orders to `RTCManager` and the server.
 */

import { Core } from './core.js';
import { Emitter } from './emitter.js';
import { History } from './history.js';
import { RemoteTracks } from './remote-tracks.js';
import { hubRoom } from './rtc-manager.js';
import { TrackStates } from './track-states.js';

/**
 * @import { CoreClass, CoreInput, CoreInstance, CoreOutput, Media, Order, PeerState, Quality, Signal } from './core-types.d.ts'
 * @import { DataFrame } from './data-channel.js'
 * @import { Mode, Receive } from './messages.d.ts'
 * @import { Arrival } from './remote-tracks.js'
 * @import { RTCManager } from './rtc-manager.js'
 * @import { SignalingClient } from './signaling-client.js'
 */

/**
 * @typedef {object} ReceivedMessage
 * @property {string} remotePeerId who sent it
 * @property {unknown} data the payload
 * @property {string} [roomId] in which room it was said
 * @property {'direct' | 'server'} via
 */

/**
 * @typedef {object} ConnectionEvents
 * @property {{ remotePeerId: string, state: PeerState, roomId?: string }} connection-state-changed also of the `hub` of a room
 * @property {{ remotePeerId: string, quality: Quality }} quality-changed about once a second while connected, when a figure is new
 * @property {{ remotePeerId: string, reason: string, roomId?: string }} connection-failed given up after the last retry; a
 *   person may `retry`. Also of the `hub` of a room, which may still be a mesh
 * @property {Arrival} remote-stream a track came, alone in its stream; one for the same source replaces the one before. By
 *   whatever path: directly, or through the hub
 * @property {{ roomId: string, plays: Mode }} path-changed whether a room is heard directly or through its hub
 * @property {{ remotePeerId: string }} peer-removed they left for good: free all that was theirs
 * @property {ReceivedMessage} message
 * @property {{ remotePeerId: string, frame: DataFrame }} data any frame of a data channel
 * @property {{ error: unknown }} fatal the core failed; no connection is managed any more
 */

/** The frames of the server that the core wants to see. @type {readonly Signal['type'][]} */
const SIGNALS = [
  'room-joined',
  'user-joined-room',
  'user-left-room',
  'user-updated',
  'room-updated',
  'topology',
  'offer-wanted',
  'error',
  'offer',
  'answer',
  'ice-candidate',
];

/** The longest delay a timer takes; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** From here on a timer is late, and what waits is heard first. */
const LATE_MS = 500;

/** @type {PeerState} */
const DISCONNECTED = {
  status: 'disconnected',
  retryCount: 0,
  retryTimeout: null,
  isPolite: false,
  makingOffer: false,
  ignoreOffer: false,
};

/** Ids of the managers at work: two with one id would answer the same offers. */
const live = new Set();

/** @extends {Emitter<ConnectionEvents>} */
export class ConnectionManager extends Emitter {
  #signaling;
  #rtc;
  #trackStates;
  #remoteTracks;
  /** What is wanted of hubs, by room. @type {Map<string, Receive>} */
  #wishes = new Map();
  /** @type {CoreInstance | undefined} `undefined` until it is loaded, and after the end */
  #core;
  /** @type {History | undefined} */
  #history;
  #isDestroyed = false;
  /** What the core has not been told yet. @type {(CoreInput | undefined)[]} */
  #inputs = [];
  #isWorking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(() => void)[]} */
  #offs = [];

  /**
   * @param {string} peerId one's own user id; one manager at a time for each
   * @param {SignalingClient} signaling
   * @param {RTCManager} rtc
   * @param {{ Core?: CoreClass, settings?: object, seed?: number }} [options] the figures of CM-6, CM-18, CM-19; `seed`
   *   fixes the jitter
   */
  constructor(peerId, signaling, rtc, options = {}) {
    super();
    if (live.has(peerId)) throw new Error(`There is a live ConnectionManager for ${peerId} already: destroy() it first.`);
    live.add(peerId);
    this.peerId = peerId;
    this.#signaling = signaling;
    this.#rtc = rtc;
    this.#remoteTracks = new RemoteTracks(signaling.memberships, (arrival) => this.emit('remote-stream', arrival));
    /** Settles when the core is loaded; until then inputs wait. Rejected if it can't be loaded. */
    this.ready = this.#start(options);
    this.ready.catch((error) => this.#fail(error));
    this.#listen();
    this.#trackStates = new TrackStates(signaling, rtc);
  }

  /**
   * @param {string} remotePeerId
   * @returns {PeerState} of somebody unknown: `disconnected`
   */
  getConnectionState(remotePeerId) {
    return this.#core?.connection(remotePeerId) ?? { ...DISCONNECTED, isPolite: this.peerId < remotePeerId };
  }

  /**
   * How well the connection with somebody works (CM-17).
   * @param {string} remotePeerId
   * @returns {Quality | null} null: it does not, or nothing was measured yet
   */
  getQuality(remotePeerId) {
    return this.#core?.quality(remotePeerId) ?? null;
  }

  /** @returns {({ remotePeerId: string, roomId?: string } & PeerState)[]} of everybody, and of the `hub` of each room in use */
  getConnectionsInfo() {
    return (this.#core?.connections() ?? []).map(named);
  }

  /**
   * Through which room's hub somebody is heard.
   * @param {string} remotePeerId
   * @returns {string | undefined} `undefined`: directly, or not at all
   */
  hubRoomOf(remotePeerId) {
    return this.#remoteTracks.hubRoomOf(remotePeerId);
  }

  /**
   * Says what a room's hub is to send, from now on and whenever there is one: which pictures and how large, the most wanted
   * first, and whose sound is not wanted (never all of it: then nothing comes, which counts as a fault; `AudioGraph.deafened`
   * is for that). Without it the first pictures come in full size.
   * @param {string} roomId
   * @param {Partial<Omit<Receive, 'roomId'>>} wishes
   */
  setReceive(roomId, { muted = [], video = [] }) {
    const wishes = { roomId, muted, video };
    if (JSON.stringify(this.#wishes.get(roomId)) === JSON.stringify(wishes)) return;
    this.#wishes.set(roomId, wishes);
    this.#tellWishes(roomId);
  }

  /** What the core was told, for the debug view and reports; `undefined` until the core is loaded. */
  get history() {
    return this.#history;
  }

  /**
   * Whether there is local media to wait for: connections start when it is `ready` or `none`, else 10 s after joining.
   * Say `none` for who publishes nothing; what comes later joins by renegotiation.
   * @param {Media} media
   */
  setMedia(media) {
    this.#tell({ media });
  }

  /**
   * Starts again with somebody who was given up (CM-7).
   * @param {string} remotePeerId
   */
  retry(remotePeerId) {
    this.#tell({ retry: { peer: remotePeerId } });
  }

  /** @param {string} remotePeerId */
  closeConnection(remotePeerId) {
    this.#tell({ closePeer: { peer: remotePeerId } });
  }

  closeAll() {
    this.#tell('closeAll');
  }

  /**
   * Sends any JSON (up to 16 KiB, which is what the server relays) to somebody or to everybody in one's rooms: over
   * the data channel, or through the server where there is none. On one path messages keep their order.
   * @param {unknown} payload
   * @param {string} [to] default: everybody else
   * @param {{ roomId?: string }} [options] in which room it is said; default: the first one shared with the receiver
   * @returns {{ direct: string[], relayed: string[] }} to whom it went which way; neither: they are in no common room
   */
  send(payload, to, { roomId } = {}) {
    const { memberships } = this.#signaling;
    /** @type {{ direct: string[], relayed: string[] }} */
    const way = { direct: [], relayed: [] };
    for (const peer of to === undefined ? memberships.others() : [to]) {
      const shared = memberships.sharedRooms(peer);
      const room = roomId ?? shared[0];
      if (room === undefined || !shared.includes(room)) continue;
      const data = { roomId: room, from: this.peerId, payload, ...(to === undefined ? {} : { to }) };
      // A direct channel that a move has left over may be closed at the other end.
      if (this.hubRoomOf(peer) === undefined && this.#rtc.sendData(peer, { type: 'message', data })) way.direct.push(peer);
      else {
        this.#signaling.send('message', { roomId: room, to: peer, payload });
        way.relayed.push(peer);
      }
    }
    return way;
  }

  /**
   * Sends a frame of another kind over the data channel.
   * @param {string} remotePeerId
   * @param {DataFrame} frame in the form in which the server would send it
   * @returns {boolean} false: there is no open data channel with them
   */
  sendFrame(remotePeerId, frame) {
    return this.#rtc.sendData(remotePeerId, frame);
  }

  /**
   * Sends a frame through a room's hub to everybody there whose data channel is open. Who else is there, nobody knows: what
   * all are to hear goes through the server, too.
   * @param {string} roomId
   * @param {DataFrame} frame
   * @returns {boolean} whether it went out
   */
  sendToHub(roomId, frame) {
    return this.#rtc.sendToHub(roomId, frame);
  }

  /** With whom there is an open data channel, directly. @returns {string[]} */
  get dataPeers() {
    return this.#rtc.dataPeers;
  }

  /** Closes all connections and lets the id go. */
  destroy() {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    const core = this.#core;
    this.#core = undefined;
    this.#stop();
    if (!core) return;
    for (const output of this.#ask(core, 'closeAll')) this.#carryOut(output);
    clearTimeout(this.#timer);
    core.free();
  }

  /** @param {{ Core?: CoreClass, settings?: object, seed?: number }} options */
  async #start({ Core: Chosen = /** @type {CoreClass} */ (/** @type {unknown} */ (Core)), settings = {}, seed = randomSeed() }) {
    // Nothing is missed of a hub that could send no sound.
    const made = { id: this.peerId, instance: this.#signaling.instance, seed, settings: { hubVoices: this.#rtc.hubVoices, ...settings } };
    const core = await Chosen.create(made);
    if (this.#isDestroyed) core.free();
    else {
      this.#core = core;
      this.#history = new History(made);
      this.#work();
    }
  }

  #listen() {
    const { memberships } = this.#signaling;
    for (const type of SIGNALS) {
      this.#offs.push(
        this.#signaling.on(type, (data) => this.#tell({ signal: /** @type {Signal} */ ({ type, data }) })),
      );
    }
    this.#offs.push(
      this.#signaling.on('state', ({ state }) => this.#onSignalingState(state)),
      this.#signaling.on('ice-servers', () => this.#takeIceServers()),
      memberships.on('left', ({ roomId }) => this.#onLeft(roomId)),
      memberships.on('joined', ({ room }) => this.#tellWishes(room.id)),
      memberships.on('participants', () => this.#remoteTracks.look()),
      this.#signaling.on('message', ({ from, payload, roomId }) => {
        this.emit('message', { remotePeerId: from, data: payload, roomId, via: 'server' });
      }),
      this.#rtc.on('report', (report) => this.#tell(report)),
      this.#signaling.on('slots', (slots) => memberships.room(slots.roomId) && this.#rtc.setSlots(slots)),
      this.#rtc.on('remote-stream', (arrival) => this.#remoteTracks.arrived(arrival)),
      this.#rtc.on('hub-streams', ({ roomId, arrivals }) => this.#remoteTracks.broughtByHub(roomId, arrivals)),
      this.#rtc.on('data', ({ remotePeerId, frame }) => this.#onData(remotePeerId, frame)),
    );
    if (this.#signaling.state === 'open') this.#onSignalingState('open');
    for (const roomId of memberships.roomIds) {
      const data = memberships.room(roomId);
      if (data) this.#tell({ signal: { type: 'room-joined', data } });
    }
  }

  /** @param {string} roomId */
  #onLeft(roomId) {
    this.#tell({ leaveRoom: { roomId } });
    this.#rtc.useHub(roomId, false);
    this.#wishes.delete(roomId);
    this.#remoteTracks.forgetRoom(roomId);
  }

  /** The server keeps them for as long as one is in the room. @param {string} roomId */
  #tellWishes(roomId) {
    const wishes = this.#wishes.get(roomId);
    if (wishes && this.#rtc.usesHub(roomId)) this.#signaling.send('receive', wishes);
  }

  /** @param {SignalingClient['state']} state */
  #onSignalingState(state) {
    if (state !== 'open') {
      this.#tell('signalingDown');
      // A page put aside has left: the others have closed their ends.
      if (state === 'idle') {
        for (const roomId of this.#signaling.memberships.roomIds) this.#onLeft(roomId);
      }
      return;
    }
    this.#takeIceServers();
    this.#tell('signalingUp');
  }

  /** New connections and ICE restarts take these. */
  #takeIceServers() {
    const { iceServers } = this.#signaling;
    this.#rtc.iceServers = iceServers;
    this.#tell({ turnAvailable: iceServers.some(({ urls }) => urls.some((url) => /^turns?:/.test(url))) });
  }

  /**
   * @param {string} remotePeerId
   * @param {DataFrame} frame
   */
  #onData(remotePeerId, frame) {
    this.emit('data', { remotePeerId, frame });
    if (frame.type !== 'message') return;
    const { payload, roomId } = frame.data;
    const room = typeof roomId === 'string' ? { roomId } : {};
    this.emit('message', { remotePeerId, data: payload, ...room, via: 'direct' });
  }

  /** @param {CoreInput | undefined} input */
  #tell(input) {
    if (this.#isDestroyed) return;
    this.#inputs.push(input);
    this.#work();
  }

  /** One input at a time: what listeners cause while the outputs are carried out waits for its turn. */
  #work() {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#core && this.#inputs.length > 0) {
      for (const output of this.#ask(this.#core, this.#inputs.shift())) {
        // A listener may have destroyed this manager, which closed everything.
        if (this.#core) this.#carryOut(output);
      }
    }
    this.#isWorking = false;
  }

  /**
   * @param {CoreInstance} core
   * @param {CoreInput | undefined} input
   * @returns {CoreOutput[]}
   */
  #ask(core, input) {
    const now_ms = nowMs();
    try {
      const { outputs, timeout } = core.handle(input, now_ms);
      this.#keep(now_ms, input, outputs);
      this.#wakeAt(timeout);
      return outputs;
    } catch (error) {
      this.#keep(now_ms, input, [], error instanceof Error ? error.message : String(error));
      // A frame that the core can't read costs that frame. A trap leaves it in no state to go on with.
      if (error instanceof WebAssembly.RuntimeError) this.#fail(error);
      else console.error('parlor: the core could not read an input', error);
      return [];
    }
  }

  /**
   * For reports. Whatever goes wrong here must stop no connection.
   * @param {number} now_ms
   * @param {CoreInput | undefined} input
   * @param {CoreOutput[]} outputs
   * @param {string} [error]
   */
  #keep(now_ms, input, outputs, error) {
    try {
      this.#history?.add(now_ms, input, outputs, error);
    } catch (fault) {
      this.#history = undefined;
      console.error('parlor: there will be no report of this', fault);
    }
  }

  /** @param {CoreOutput} output */
  #carryOut(output) {
    if ('send' in output) this.#signaling.send(output.send.type, output.send.data);
    else if ('connectionStateChanged' in output) this.emit('connection-state-changed', named(output.connectionStateChanged));
    else if ('qualityChanged' in output) this.#onQuality(output.qualityChanged);
    else if ('connectionFailed' in output) this.emit('connection-failed', named(output.connectionFailed));
    else if ('peerRemoved' in output) this.#onRemoved(output.peerRemoved.peer);
    else if ('pathChanged' in output) this.#onPath(output.pathChanged);
    else if ('warning' in output) console.warn(`parlor: ${output.warning.message}`);
    else this.#execute(output);
  }

  /** @param {{ remotePeerId: string, quality: Quality }} news */
  #onQuality({ remotePeerId, quality }) {
    const room = hubRoom(remotePeerId);
    if (room === undefined) return void this.emit('quality-changed', { remotePeerId, quality });
    // What is known of a hub's connection holds for all who are heard through it.
    for (const { id } of this.#signaling.memberships.roster(room)) {
      const ofThem = this.hubRoomOf(id) === room ? this.getQuality(id) : null;
      if (ofThem && id !== this.peerId) this.emit('quality-changed', { remotePeerId: id, quality: ofThem });
    }
  }

  /** @param {string} id */
  #onRemoved(id) {
    this.#remoteTracks.forget(id);
    this.emit('peer-removed', { remotePeerId: id });
  }

  /** @param {{ roomId: string, plays: Mode, sendsToHub: boolean }} path */
  #onPath({ roomId, plays, sendsToHub }) {
    const isNew = sendsToHub && !this.#rtc.usesHub(roomId);
    this.#rtc.useHub(roomId, sendsToHub);
    if (isNew) this.#tellWishes(roomId);
    this.#remoteTracks.setPath(roomId, plays);
    this.emit('path-changed', { roomId, plays });
  }

  /** @param {Order} order */
  #execute(order) {
    try {
      this.#rtc.execute(order);
      if ('close' in order && hubRoom(order.close.peer) === undefined) this.#remoteTracks.directClosed(order.close.peer);
    } catch (error) {
      // Such as ICE servers that the browser rejects: the attempt runs out of time in the core, which then says so.
      console.error('parlor: an order could not be carried out', error);
    }
  }

  /** @param {number | null} timeout milliseconds since the Unix epoch */
  #wakeAt(timeout) {
    clearTimeout(this.#timer);
    if (timeout === null) return;
    const delay_ms = Math.min(Math.max(timeout - nowMs(), 0), TIMER_MS_MAX);
    this.#timer = setTimeout(() => this.#onTimer(timeout), delay_ms);
  }

  /**
   * A page that could not run for a while is woken late, with what arrived meanwhile still waiting: an answer that is
   * there comes before the time in which it had to come.
   * @param {number} timeout
   */
  #onTimer(timeout) {
    if (nowMs() - timeout < LATE_MS) this.#tell(undefined);
    else this.#timer = setTimeout(() => this.#tell(undefined));
  }

  /** No connection is managed any more; what is connected goes on. @param {unknown} error */
  #fail(error) {
    if (this.#isDestroyed) return;
    console.error('parlor: the connection manager failed', error);
    this.#isDestroyed = true;
    this.#core = undefined;
    this.#stop();
    this.emit('fatal', { error });
  }

  #stop() {
    clearTimeout(this.#timer);
    for (const off of this.#offs) off();
    this.#trackStates.stop();
    this.#remoteTracks.clear();
    this.#inputs = [];
    live.delete(this.peerId);
  }
}

/**
 * The core's word for a hub, in two.
 * @template {{ remotePeerId: string }} News
 * @param {News} news
 * @returns {News & { roomId?: string }}
 */
function named(news) {
  const roomId = hubRoom(news.remotePeerId);
  return roomId === undefined ? news : { ...news, remotePeerId: 'hub', roomId };
}

/** A clock that never goes back, whatever happens to the system's. @returns {number} ms since the Unix epoch */
function nowMs() {
  return Math.floor(performance.timeOrigin + performance.now());
}

/** @returns {number} 32 random bits */
function randomSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
