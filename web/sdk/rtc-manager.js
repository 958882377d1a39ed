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
 * @import { IceServer, Source, Track } from './messages.d.ts'
 * @import { AudioProfile } from './opus.js'
 * @import { Details, LocalDescription } from './rtc-peer.js'
 */

/**
 * @typedef {object} RTCEvents
 * @property {Report} report something happened that the core must know
 * @property {{ remotePeerId: string, stream: MediaStream, source: Source, track: MediaStreamTrack }} remote-stream
 * @property {{ remotePeerId: string }} data-open
 * @property {{ remotePeerId: string, frame: DataFrame }} data
 * @property {{ tracks: Track[] }} tracks-changed what this participant publishes, or whether it is on
 */

/** @extends {Emitter<RTCEvents>} */
export class RTCManager extends Emitter {
  #RTCPeerConnection;
  #receivesAudio;
  #local = new LocalTracks();
  /** @type {Map<string, RTCPeer>} */
  #peers = new Map();
  /** @type {AudioProfile} */
  #audioProfile = { ...VOICE };

  /**
   * @param {{ iceServers?: IceServer[], receivesAudio?: boolean, RTCPeerConnection?: typeof RTCPeerConnection }} [options]
   *   `receivesAudio`: whoever has no sound offers a place for the other's, which else costs a second negotiation;
   *   `RTCPeerConnection`: for surroundings without a global one
   */
  constructor(options = {}) {
    super();
    this.#RTCPeerConnection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    this.#receivesAudio = options.receivesAudio ?? false;
    /**
     * For the connections that are opened from now on; `ConnectionManager` puts the server's here.
     * @type {IceServer[]}
     */
    this.iceServers = options.iceServers ?? [];
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
    this.#peers.get(peer)?.setTracks(this.#local.forPeer(peer));
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

  /** With whom there is an open data channel. @returns {string[]} */
  get dataPeers() {
    return [...this.#peers.values()].filter(({ isDataOpen }) => isDataOpen).map(({ peer }) => peer);
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
      dataOpened: () => this.emit('data-open', { remotePeerId: peer }),
      dataReceived: (frame) => this.emit('data', { remotePeerId: peer, frame }),
      opusSettings: (source) => opusSettings(source, this.#audioProfile),
    }, { receivesAudio: this.#receivesAudio });
    this.#peers.set(peer, opened);
    opened.setTracks(this.#local.forPeer(peer));
  }

  /** @param {Attempt} order */
  #close(order) {
    const peer = this.#find(order);
    peer?.close();
    if (peer) this.#peers.delete(peer.peer);
  }

  /** @param {Exclude<Order, { open: unknown } | { close: unknown }>} order */
  async #run(order) {
    const [which] = /** @type {Attempt[]} */ (Object.values(order));
    const peer = which && this.#find(which);
    if (!peer) return;
    const { attempt } = peer;
    const report = await perform(peer, order, { peer: peer.peer, attempt });
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
    for (const peer of this.#peers.values()) peer.setTracks(this.#local.forPeer(peer.peer));
    this.emit('tracks-changed', { tracks: this.localTracks });
  }
}

/**
 * @param {RTCPeer} peer
 * @param {Exclude<Order, { open: unknown } | { close: unknown }>} order
 * @param {Attempt} which
 * @returns {Promise<Report | undefined>}
 */
async function perform(peer, order, which) {
  if ('createOffer' in order) return localReport(peer.createOffer(order.createOffer.restartIce), which);
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
