/**
 * The RTCPeerConnections with everybody, and the local tracks they carry. Carries out the core's orders and reports
 * what became of them; decides nothing about negotiation.
 */

import { Emitter } from './emitter.js';
import { LocalTracks } from './local-tracks.js';
import { opusSettings, VOICE } from './opus.js';
import { RTCPeer } from './rtc-peer.js';
import { statsSample } from './stats-sample.js';

/**
 * @import { Attempt, Order, Report } from './core-types.d.ts'
 * @import { DataFrame } from './data-channel.js'
 * @import { IceServer, Slots, Source, Track } from './messages.d.ts'
 * @import { Arrival } from './remote-tracks.js'
 * @import { AudioProfile } from './opus.js'
 * @import { Details, HubSections, LocalDescription } from './rtc-peer.js'
 */

/**
 * @typedef {object} RTCEvents
 * @property {Report} report something happened that the core must know
 * @property {Arrival} remote-stream a track came over a direct connection
 * @property {{ roomId: string, arrivals: Arrival[] }} hub-streams all that comes of a room's hub now
 * @property {{ remotePeerId: string }} data-open
 * @property {{ roomId: string }} hub-open frames can be sent to a room's hub
 * @property {{ remotePeerId: string, frame: DataFrame }} data
 * @property {{ tracks: Track[] }} tracks-changed what this participant publishes, or whether it is on
 */

/** As many of the others as are heard and seen at once through a hub. @type {HubSections} */
const MEDIA_SECTIONS = { microphone: true, camera: true, audio: 6, video: 6 };
/** @type {HubSections} */
const DATA_SECTIONS = { microphone: false, camera: false, audio: 0, video: 0 };

const HUB = 'hub/';

/** @param {string} roomId @returns {string} what the core calls that room's hub */
export function hubPeer(roomId) {
  return HUB + roomId;
}

/** @param {string} peer @returns {string | undefined} whose hub it is; `undefined`: it is a participant */
export function hubRoom(peer) {
  return peer.startsWith(HUB) ? peer.slice(HUB.length) : undefined;
}

/** @extends {Emitter<RTCEvents>} */
export class RTCManager extends Emitter {
  #RTCPeerConnection;
  #receivesAudio;
  #local = new LocalTracks();
  /** @type {Map<string, RTCPeer>} */
  #peers = new Map();
  /** @type {AudioProfile} */
  #audioProfile = { ...VOICE };
  /** @type {HubSections} */
  #hubSections;
  /** Rooms whose hubs are sent what this participant publishes. @type {Set<string>} */
  #hubsInUse = new Set();
  /** Who is in the receive slots, by room. @type {Map<string, Slots['slots']>} */
  #slots = new Map();

  /**
   * @param {{
   *   iceServers?: IceServer[],
   *   receivesAudio?: boolean,
   *   hubSections?: HubSections,
   *   RTCPeerConnection?: typeof RTCPeerConnection,
   * }} [options] `receivesAudio`: whoever has no sound offers a place for the other's, which else costs a second negotiation;
   *   `hubSections`: what connections with a hub have, without it all there may be if `receivesAudio`, else nothing but
   *   data; `RTCPeerConnection`: for surroundings without a global one
   */
  constructor(options = {}) {
    super();
    this.#RTCPeerConnection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    this.#receivesAudio = options.receivesAudio ?? false;
    this.#hubSections = options.hubSections ?? (this.#receivesAudio ? MEDIA_SECTIONS : DATA_SECTIONS);
    /**
     * For the connections that are opened from now on; `ConnectionManager` puts the server's here.
     * @type {IceServer[]}
     */
    this.iceServers = options.iceServers ?? [];
  }

  /** How many voices a hub can send at once. */
  get hubVoices() {
    return this.#hubSections.audio;
  }

  /** What this participant publishes, as the roster shows it. @returns {Track[]} */
  get localTracks() {
    return this.#local.states;
  }

  /**
   * @param {Source} source
   * @returns {MediaStreamTrack | undefined} what is published from there
   */
  localTrack(source) {
    return this.#local.bySource.get(source);
  }

  /**
   * Publishes the tracks of a stream, and nothing else, on all connections. Tracks published before and not among
   * them are stopped, which frees their devices.
   * @param {MediaStream | null} stream null: publish nothing
   * @param {{ sources?: Record<string, Source> }} [options] the source of a track by its id, where it is neither the
   *   microphone nor the camera
   */
  setLocalStream(stream, { sources = {} } = {}) {
    this.#local.setStream(stream, sources);
    this.#onTracksChanged();
  }

  /**
   * Publishes another track from a source, or none. Only the first track of a source costs a negotiation.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  replaceTrack(source, track) {
    this.#local.set(source, track);
    this.#onTracksChanged();
  }

  /**
   * Publishes a track for one participant only, from now on and on every connection with them. The caller keeps it:
   * it is neither told to the room nor stopped here. Only the first one of a source costs a negotiation.
   * @param {string} peer
   * @param {Source} source
   * @param {MediaStreamTrack | null} track null: none any more
   */
  setPeerTrack(peer, source, track) {
    this.#local.setForPeer(peer, source, track);
    this.#peers.get(peer)?.setTracks(this.#tracksFor(peer));
  }

  /**
   * A mark that changes whenever packets of somebody's source have arrived and been decoded: two equal marks mean that
   * nothing came in between.
   * @param {string} peer
   * @param {Source} source
   * @returns {string | undefined} `undefined`: nothing ever came, or nothing for 10 s
   */
  packetMark(peer, source) {
    return this.#peers.get(peer)?.packetMark(source);
  }

  /** How the microphone is sent; a mono voice at first. @returns {AudioProfile} */
  get audioProfile() {
    return { ...this.#audioProfile };
  }

  /**
   * Chooses how the microphone is sent. A change renegotiates the connections there are.
   * @param {AudioProfile} profile
   */
  setAudioProfile({ music, fec, dtx }) {
    const before = this.#audioProfile;
    if (before.music === music && before.fec === fec && before.dtx === dtx) return;
    this.#audioProfile = { music, fec, dtx };
    for (const { peer, attempt } of this.#peers.values()) this.emit('report', { negotiationNeeded: { peer, attempt } });
  }

  /**
   * Mutes a track (false) or opens it again, without a negotiation.
   * @param {Source} source
   * @param {boolean} isOn
   */
  setTrackEnabled(source, isOn) {
    if (this.#local.setEnabled(source, isOn)) this.emit('tracks-changed', { tracks: this.localTracks });
  }

  /**
   * @param {string} peer
   * @returns {Promise<RTCStatsReport | undefined>} `undefined`: there is no connection
   */
  async getStats(peer) {
    return this.#peers.get(peer)?.getStats();
  }

  /**
   * @param {string} peer
   * @returns {Details | undefined} states and descriptions now; `undefined`: there is no connection
   */
  getDetails(peer) {
    return this.#peers.get(peer)?.details;
  }

  /** With whom there is an open data channel, directly. @returns {string[]} */
  get dataPeers() {
    const open = [...this.#peers.values()].filter(({ isDataOpen }) => isDataOpen);
    return open.map(({ peer }) => peer).filter((peer) => hubRoom(peer) === undefined);
  }

  /**
   * Sends a frame to everybody in a room whose data channel with its hub is open.
   * @param {string} roomId
   * @param {DataFrame} frame
   * @returns {boolean} false: one's own is not, or nobody is to hear of this participant by the hub
   */
  sendToHub(roomId, frame) {
    return this.usesHub(roomId) && this.sendData(hubPeer(roomId), frame);
  }

  /** Whether a room's hub is sent what this participant publishes. @param {string} roomId */
  usesHub(roomId) {
    return this.#hubsInUse.has(roomId);
  }

  /**
   * From now on, or no longer, a room's hub is sent what this participant publishes.
   * @param {string} roomId
   * @param {boolean} isInUse
   */
  useHub(roomId, isInUse) {
    if (isInUse === this.#hubsInUse.has(roomId)) return;
    if (isInUse) this.#hubsInUse.add(roomId);
    else this.#hubsInUse.delete(roomId);
    const peer = this.#peers.get(hubPeer(roomId));
    peer?.setTracks(this.#tracksFor(peer.peer));
    if (isInUse && peer?.isDataOpen) this.emit('hub-open', { roomId });
  }

  /** Who is in the receive slots of a room's hub. @param {Slots} slots */
  setSlots({ roomId, slots }) {
    this.#slots.set(roomId, slots);
    this.#tellSlots(roomId);
  }

  /**
   * @param {string} peer
   * @param {DataFrame} frame
   * @returns {boolean} false: there is no open data channel with them
   */
  sendData(peer, frame) {
    return this.#peers.get(peer)?.sendData(frame) ?? false;
  }

  /**
   * Carries out an order of the core. What becomes of it comes as event `report`, unless the connection was closed
   * meanwhile.
   * @param {Order} order
   */
  execute(order) {
    if ('open' in order) this.#open(order.open);
    else if ('close' in order) this.#close(order.close);
    else void this.#run(order);
  }

  /** Closes everything and frees the devices. */
  close() {
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
    this.setLocalStream(null);
  }

  /** @param {Attempt & { relayOnly: boolean }} order */
  #open({ peer, attempt, relayOnly }) {
    this.#peers.get(peer)?.close();
    const which = { peer, attempt };
    const room = hubRoom(peer);
    const pc = new this.#RTCPeerConnection({
      iceServers: this.iceServers,
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
    });
    const opened = new RTCPeer(pc, which, {
      negotiationNeeded: () => this.emit('report', { negotiationNeeded: which }),
      localCandidate: (candidate) => this.emit('report', { localCandidate: { ...which, candidate } }),
      stateChanged: (ice, connection) => this.emit('report', { stateChanged: { ...which, ice, connection } }),
      trackArrived: (track, source) => {
        this.emit('remote-stream', { remotePeerId: peer, stream: new MediaStream([track]), source, track });
      },
      dataOpened: () => this.#onDataOpen(peer),
      dataReceived: (frame) => this.#onData(peer, frame),
      opusSettings: (source) => opusSettings(source, this.#audioProfile),
    }, room === undefined ? { receivesAudio: this.#receivesAudio } : { sections: this.#hubSections });
    this.#peers.set(peer, opened);
    opened.setTracks(this.#tracksFor(peer));
  }

  /**
   * @param {string} peer
   * @returns {Map<Source, MediaStreamTrack>} what goes there
   */
  #tracksFor(peer) {
    const room = hubRoom(peer);
    if (room === undefined) return this.#local.forPeer(peer);
    return this.#hubsInUse.has(room) ? this.#local.bySource : new Map();
  }

  /** @param {string} peer */
  #onDataOpen(peer) {
    const roomId = hubRoom(peer);
    if (roomId === undefined) this.emit('data-open', { remotePeerId: peer });
    else if (this.#hubsInUse.has(roomId)) this.emit('hub-open', { roomId });
  }

  /** @param {string} peer @param {DataFrame} frame */
  #onData(peer, frame) {
    // A hub says whose the frame is.
    const from = hubRoom(peer) === undefined ? peer : frame.data.userId;
    if (typeof from === 'string') this.emit('data', { remotePeerId: from, frame });
  }

  /** @param {string} roomId */
  #tellSlots(roomId) {
    const peer = this.#peers.get(hubPeer(roomId));
    /** @type {Arrival[]} */
    const arrivals = [];
    for (const { mid, userId, source } of this.#slots.get(roomId) ?? []) {
      const stream = userId === null || source === null ? undefined : peer?.slot(mid);
      const track = stream?.getTracks()[0];
      if (stream && track && userId !== null && source !== null) arrivals.push({ remotePeerId: userId, stream, source, track });
    }
    this.emit('hub-streams', { roomId, arrivals });
  }

  /** @param {Attempt} order */
  #close(order) {
    const peer = this.#find(order);
    peer?.close();
    if (!peer) return;
    this.#peers.delete(peer.peer);
    const room = hubRoom(peer.peer);
    if (room === undefined) return;
    this.#slots.delete(room);
    this.#tellSlots(room);
  }

  /** @param {Exclude<Order, { open: unknown } | { close: unknown }>} order */
  async #run(order) {
    const [which] = /** @type {Attempt[]} */ (Object.values(order));
    const peer = which && this.#find(which);
    if (!peer) return;
    const { attempt } = peer;
    const report = await perform(peer, order, { peer: peer.peer, attempt }, this.iceServers);
    if (report && !peer.isClosed) this.emit('report', report);
  }

  /**
   * @param {Attempt} which
   * @returns {RTCPeer | undefined} `undefined`: it was closed or replaced since
   */
  #find({ peer, attempt }) {
    const found = this.#peers.get(peer);
    return found?.attempt === attempt ? found : undefined;
  }

  #onTracksChanged() {
    for (const peer of this.#peers.values()) peer.setTracks(this.#tracksFor(peer.peer));
    this.emit('tracks-changed', { tracks: this.localTracks });
  }
}

/**
 * @param {RTCPeer} peer
 * @param {Exclude<Order, { open: unknown } | { close: unknown }>} order
 * @param {Attempt} which
 * @param {IceServer[]} iceServers
 * @returns {Promise<Report | undefined>}
 */
async function perform(peer, order, which, iceServers) {
  if ('createOffer' in order) return localReport(peer.createOffer(order.createOffer.restartIce, iceServers), which);
  if ('createAnswer' in order) return localReport(peer.createAnswer(), which);
  if ('rollback' in order) {
    return peer.rollback().then(
      () => ({ rolledBack: which }),
      (error) => ({ rollbackFailed: { ...which, reason: String(error) } }),
    );
  }
  if ('setRemoteDescription' in order) {
    const { type, sdp, tracks } = order.setRemoteDescription;
    return peer.setRemoteDescription(type, sdp, tracks).then(
      () => ({ remoteDescriptionSet: which }),
      (error) => ({ remoteDescriptionFailed: { ...which, reason: String(error) } }),
    );
  }
  if ('sampleStats' in order) {
    return peer.getStats().then(
      (stats) => ({ statsSampled: { ...which, ...statsSample(stats) } }),
      (error) => void console.debug(`parlor: no figures of ${which.peer}`, error),
    );
  }
  // A candidate that can't be added is one path less, which ICE copes with; the core has no use for it.
  return peer.addCandidate(order.addCandidate.candidate).then(
    () => undefined,
    (error) => void console.debug(`parlor: a candidate of ${which.peer} was not taken`, error),
  );
}

/**
 * @param {Promise<LocalDescription>} description
 * @param {Attempt} which
 * @returns {Promise<Report>}
 */
function localReport(description, which) {
  return description.then(
    ({ sdp, tracks }) => ({ localDescriptionSet: { ...which, sdp, ...(tracks ? { tracks } : {}) } }),
    (error) => ({ localDescriptionFailed: { ...which, reason: String(error) } }),
  );
}
