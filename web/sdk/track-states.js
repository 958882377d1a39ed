/**
 * Tells the others what this participant publishes and what of it is on: over data channels, and always to the server,
 * whose roster knows a mesh's tracks only from this. What comes over a data channel goes into the roster at once.
 */

/**
 * @import { RTCManager } from './rtc-manager.js'
 * @import { SignalingClient } from './signaling-client.js'
 * @import { Source, Track, TrackState } from './messages.d.ts'
 */

export class TrackStates {
  #signaling;
  #rtc;
  #hasPublished = false;
  /** @type {(() => void)[]} */
  #offs;

  /**
   * @param {SignalingClient} signaling
   * @param {RTCManager} rtc
   */
  constructor(signaling, rtc) {
    this.#signaling = signaling;
    this.#rtc = rtc;
    this.#offs = [
      rtc.on('tracks-changed', () => this.#onChanged()),
      rtc.on('data-open', ({ remotePeerId }) => this.#tellPeer(remotePeerId)),
      rtc.on('hub-open', ({ roomId }) => this.#tellHub(roomId)),
      rtc.on('data', ({ remotePeerId, frame }) => {
        if (frame.type === 'track-state') this.#onReceived(remotePeerId, frame.data);
      }),
      signaling.memberships.on('joined', ({ room }) => this.#tellServer(room.id)),
    ];
    this.#hasPublished = rtc.localTracks.length > 0;
    for (const roomId of signaling.memberships.roomIds) this.#tellServer(roomId);
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #onChanged() {
    this.#hasPublished ||= this.#rtc.localTracks.length > 0;
    for (const roomId of this.#signaling.memberships.roomIds) {
      this.#tellServer(roomId);
      this.#tellHub(roomId);
    }
    for (const peer of this.#rtc.dataPeers) this.#tellPeer(peer);
  }

  /** @param {string} roomId */
  #tellServer(roomId) {
    if (this.#hasPublished) this.#signaling.send('track-state', this.#state(roomId));
  }

  /** @param {string} roomId */
  #tellHub(roomId) {
    if (this.#hasPublished) this.#rtc.sendToHub(roomId, { type: 'track-state', data: { ...this.#state(roomId) } });
  }

  /** @param {string} peer */
  #tellPeer(peer) {
    if (!this.#hasPublished) return;
    for (const roomId of this.#signaling.memberships.sharedRooms(peer)) {
      this.#rtc.sendData(peer, { type: 'track-state', data: { ...this.#state(roomId) } });
    }
  }

  /**
   * @param {string} roomId
   * @returns {TrackState}
   */
  #state(roomId) {
    const tracks = this.#rtc.localTracks;
    const isOn = (/** @type {Source} */ source) => tracks.some((one) => one.source === source && one.enabled);
    return { roomId, audioEnabled: isOn('microphone'), videoEnabled: isOn('camera'), tracks };
  }

  /**
   * @param {string} peer
   * @param {Record<string, unknown>} data
   */
  #onReceived(peer, data) {
    const { roomId, audioEnabled, videoEnabled, tracks } = data;
    if (typeof roomId !== 'string' || typeof audioEnabled !== 'boolean' || typeof videoEnabled !== 'boolean') return;
    /** @type {TrackState} */
    const state = { roomId, audioEnabled, videoEnabled };
    if (Array.isArray(tracks)) state.tracks = tracks.filter(isTrack).slice(0, TRACKS_MAX);
    this.#signaling.memberships.applyTrackState(peer, state);
  }
}

/** As many as the server takes. */
const TRACKS_MAX = 64;

/**
 * @param {unknown} value
 * @returns {value is Track}
 */
function isTrack(value) {
  const { source, kind, enabled } = /** @type {Partial<Track>} */ (value ?? {});
  return typeof source === 'string' && (kind === 'audio' || kind === 'video') && typeof enabled === 'boolean';
}
