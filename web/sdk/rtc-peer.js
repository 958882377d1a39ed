/**
 * One RTCPeerConnection with its data channel, from its opening to its end. It does what it is told and says what
 * happened; what to do next is decided in the core. After `close` it says nothing any more.
 */

import { DataChannel } from './data-channel.js';
import { withSettledRole } from './dtls-role.js';
import { plainSource } from './local-tracks.js';
import { stereoMids, withSending, withStereo } from './opus.js';
import { CAMERA_LAYERS, setLayers } from './simulcast.js';

/**
 * @import { Attempt } from './core-types.d.ts'
 * @import { DataFrame } from './data-channel.js'
 * @import { IceCandidateInit, IceServer, Source, TrackLabel } from './messages.d.ts'
 * @import { OpusSettings } from './opus.js'
 */

/**
 * @typedef {object} PeerListener
 * @property {() => void} negotiationNeeded
 * @property {(candidate: IceCandidateInit | null) => void} localCandidate
 * @property {(ice: RTCIceConnectionState, connection: RTCPeerConnectionState) => void} stateChanged
 * @property {(track: MediaStreamTrack, source: Source) => void} trackArrived also when a known track gets another source
 * @property {() => void} dataOpened
 * @property {(frame: DataFrame) => void} dataReceived
 * @property {(source: Source) => OpusSettings} opusSettings how sound from there is to be sent now
 */

/**
 * What a connection with a hub has: places for one's own microphone and camera, and receive slots.
 * @typedef {{ microphone: boolean, camera: boolean, audio: number, video: number }} HubSections
 */

/** @typedef {{ sdp: string, tracks?: TrackLabel[] }} LocalDescription */

/**
 * @typedef {object} Details
 * @property {number} attempt
 * @property {RTCPeerConnectionState} connectionState
 * @property {RTCIceConnectionState} iceConnectionState
 * @property {RTCIceGatheringState} iceGatheringState
 * @property {RTCSignalingState} signalingState
 * @property {{ type: RTCSdpType, sdp: string } | null} local the description set here, with the candidates so far
 * @property {{ type: RTCSdpType, sdp: string } | null} remote
 */

export class RTCPeer {
  #pc;
  #channel;
  #listener;
  #receivesAudio;
  /** Tracks come by `slot`, for whom the server says; own ones each have a section of their own. */
  #isHub;
  /** The receive slots by mid, each alone in a stream. @type {Map<string, MediaStream>} */
  #slots = new Map();
  #isClosed = false;
  /** @type {Map<Source, RTCRtpSender>} */
  #senders = new Map();
  /** The other side's words for its tracks, by mid. @type {Map<string, Source>} */
  #labels = new Map();
  /** As what each arrived track was announced. @type {Map<MediaStreamTrack, Source>} */
  #arrived = new Map();
  /** What each sender is to send, which `replaceTrack` takes a while to do. @type {Map<RTCRtpSender, MediaStreamTrack | null>} */
  #wanted = new Map();
  /** How sound is sent from each source, since the last description. @type {Map<Source, string>} */
  #sentAs = new Map();
  /** Where the other side says that it sends stereo. @type {Set<string>} */
  #stereo = new Set();
  /** Whether an offer was answered, here or there: media may flow. */
  #isNegotiated = false;
  /**
   * The offer on a connection that works, until its answer comes and both are set. If it has to give way it is dropped,
   * and nothing is rolled back: Chromium (156) loses the sound of whoever rolls back a connection that works, for good.
   * @type {string | undefined}
   */
  #unsetOffer;

  /**
   * @param {RTCPeerConnection} pc
   * @param {Attempt} attempt which one it is
   * @param {PeerListener} listener
   * @param {{ receivesAudio?: boolean, sections?: HubSections }} [options] `receivesAudio`: each offer has a place for the
   *   other's sound; `sections`: the other side is a hub, with these
   */
  constructor(pc, { peer, attempt }, listener, { receivesAudio = false, sections } = {}) {
    this.peer = peer;
    this.attempt = attempt;
    this.#pc = pc;
    this.#listener = listener;
    this.#receivesAudio = receivesAudio;
    this.#isHub = sections !== undefined;
    this.#channel = new DataChannel(pc, {
      opened: () => !this.#isClosed && listener.dataOpened(),
      received: (frame) => !this.#isClosed && listener.dataReceived(frame),
    });
    if (sections) this.#addSections(sections);
    pc.onnegotiationneeded = () => listener.negotiationNeeded();
    pc.onicecandidate = ({ candidate }) => listener.localCandidate(candidate ? candidate.toJSON() : null);
    pc.oniceconnectionstatechange = () => this.#tellState();
    pc.onconnectionstatechange = () => this.#tellState();
    pc.ontrack = ({ transceiver }) => this.#isHub || this.#announce(transceiver);
  }

  get isClosed() {
    return this.#isClosed;
  }

  get isDataOpen() {
    return this.#channel.isOpen;
  }

  /**
   * Brings the local tracks in: another track for a known source needs no negotiation, a new source does, of which
   * the browser tells by itself. A source that is gone keeps its place, silent.
   * @param {Map<Source, MediaStreamTrack>} tracks
   */
  setTracks(tracks) {
    for (const [source, sender] of this.#senders) {
      const track = tracks.get(source) ?? null;
      const wanted = this.#wanted.has(sender) ? this.#wanted.get(sender) : sender.track;
      if (wanted !== track) void this.#replace(sender, track);
    }
    for (const [source, track] of tracks) {
      if (!this.#senders.has(source)) this.#senders.set(source, this.#addSender(track));
    }
  }

  /**
   * @param {boolean} restartIce
   * @param {IceServer[]} iceServers those for a restart: the credentials of the first may be over
   * @returns {Promise<LocalDescription>}
   */
  async createOffer(restartIce, iceServers) {
    if (restartIce) {
      // Firefox has it since 119: before, credentials are those of the beginning.
      this.#pc.setConfiguration?.({ ...this.#pc.getConfiguration(), iceServers });
      this.#pc.restartIce();
    }
    const hasAudio = this.#pc.getTransceivers().some(({ receiver }) => receiver.track.kind === 'audio');
    if (this.#receivesAudio && !hasAudio) this.#pc.addTransceiver('audio', { direction: 'recvonly' });
    const { sdp = '' } = await this.#pc.createOffer();
    const offer = this.#withStereo(sdp);
    if (this.#isNegotiated) {
      this.#unsetOffer = offer;
      return this.#described(offer);
    }
    await this.#pc.setLocalDescription({ type: 'offer', sdp: offer });
    return this.#described(this.#pc.localDescription?.sdp ?? offer);
  }

  /** @returns {Promise<LocalDescription>} */
  async createAnswer() {
    const { sdp = '' } = await this.#pc.createAnswer();
    await this.#pc.setLocalDescription({ type: 'answer', sdp: this.#withStereo(sdp) });
    this.#isNegotiated = true;
    this.#checkSending();
    return this.#described(this.#pc.localDescription?.sdp ?? sdp);
  }

  /** @returns {Promise<void>} */
  async rollback() {
    if (this.#unsetOffer === undefined) await this.#pc.setLocalDescription({ type: 'rollback' });
    this.#unsetOffer = undefined;
  }

  /**
   * @param {'offer' | 'answer'} type
   * @param {string} sdp
   * @param {TrackLabel[] | undefined} tracks
   */
  async setRemoteDescription(type, sdp, tracks) {
    if (type === 'answer' && this.#unsetOffer !== undefined) {
      await this.#pc.setLocalDescription({ type: 'offer', sdp: this.#unsetOffer });
      this.#unsetOffer = undefined;
    }
    // Before the call: the browser announces tracks while it runs.
    this.#labels = new Map((tracks ?? []).map(({ mid, source }) => [mid, source]));
    this.#stereo = stereoMids(sdp, 'sprop-stereo');
    const { currentLocalDescription: local, currentRemoteDescription: remote } = this.#pc;
    const settled = type === 'offer' ? withSettledRole(sdp, { local, remote }) : sdp;
    await this.#pc.setRemoteDescription({ type, sdp: this.#withOwnSending(settled) });
    if (type === 'answer') {
      this.#isNegotiated = true;
      this.#checkSending();
    }
    for (const transceiver of this.#pc.getTransceivers()) {
      if (this.#arrived.has(transceiver.receiver.track)) this.#announce(transceiver);
    }
  }

  /**
   * @param {string} mid
   * @returns {MediaStream | undefined} what comes in a receive slot of a hub, always the same stream
   */
  slot(mid) {
    const known = this.#slots.get(mid);
    if (known) return known;
    const transceiver = this.#pc.getTransceivers().find((one) => one.mid === mid);
    if (!transceiver || [...this.#senders.values()].includes(transceiver.sender)) return undefined;
    const stream = new MediaStream([transceiver.receiver.track]);
    this.#slots.set(mid, stream);
    return stream;
  }

  /** @param {IceCandidateInit | null} candidate */
  async addCandidate(candidate) {
    // Without an argument it ends the candidates of all sections; null is not taken by every browser.
    await (candidate ? this.#pc.addIceCandidate(candidate) : this.#pc.addIceCandidate());
  }

  /**
   * @param {DataFrame} frame
   * @returns {boolean} whether it went out
   */
  sendData(frame) {
    return this.#channel.send(frame);
  }

  /** How the RTCPeerConnection is now, for the debug view and reports. @returns {Details} */
  get details() {
    const { connectionState, iceConnectionState, iceGatheringState, signalingState, localDescription, remoteDescription } = this.#pc;
    return {
      attempt: this.attempt,
      connectionState: connectionState ?? plainConnectionState(iceConnectionState),
      iceConnectionState,
      iceGatheringState,
      signalingState,
      local: localDescription && { type: localDescription.type, sdp: localDescription.sdp },
      remote: remoteDescription && { type: remoteDescription.type, sdp: remoteDescription.sdp },
    };
  }

  /**
   * @param {Source} source
   * @returns {string | undefined} see `RTCManager.packetMark`
   */
  packetMark(source) {
    const receiver = this.#pc.getReceivers().find(({ track }) => this.#arrived.get(track) === source);
    const newest = receiver?.getSynchronizationSources()[0];
    return newest && `${newest.source} ${newest.rtpTimestamp} ${newest.timestamp}`;
  }

  /** @returns {Promise<RTCStatsReport>} */
  getStats() {
    return this.#pc.getStats();
  }

  close() {
    this.#isClosed = true;
    this.#channel.close();
    const pc = this.#pc;
    pc.onnegotiationneeded = null;
    pc.onicecandidate = null;
    pc.oniceconnectionstatechange = null;
    pc.onconnectionstatechange = null;
    pc.ontrack = null;
    pc.close();
    this.#arrived.clear();
    this.#senders.clear();
    this.#slots.clear();
  }

  /**
   * A place for each of one's own plain sources, also while nothing is sent: what comes later takes it without a negotiation.
   * Then the receive slots.
   * @param {HubSections} sections
   */
  #addSections({ microphone, camera, audio, video }) {
    if (microphone) this.#senders.set('microphone', this.#pc.addTransceiver('audio', { direction: 'sendonly' }).sender);
    if (camera) {
      const { sender } = this.#pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: CAMERA_LAYERS.map((layer) => ({ ...layer })) });
      this.#senders.set('camera', sender);
    }
    for (let slot = 0; slot < audio; slot += 1) this.#pc.addTransceiver('audio', { direction: 'recvonly' });
    for (let slot = 0; slot < video; slot += 1) this.#pc.addTransceiver('video', { direction: 'recvonly' });
  }

  /** @param {MediaStreamTrack} track */
  #addSender(track) {
    const stream = new MediaStream([track]);
    // `addTrack` would take a hub's receive slot.
    if (this.#isHub) return this.#pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] }).sender;
    return this.#pc.addTrack(track, stream);
  }

  /**
   * @param {string} sdp the other side's
   * @returns {string} one that makes this side send each of its sounds as it is to be
   */
  #withOwnSending(sdp) {
    const sources = this.#sources();
    const transceivers = this.#pc.getTransceivers().filter(({ receiver }) => receiver.track.kind === 'audio');
    // A section that is new here takes the first of one's own tracks that have none yet (RFC 8829, section 5.10).
    const waiting = transceivers.filter(({ mid, sender }) => mid === null && sources.has(sender));
    return withSending(sdp, ({ mid, receives }) => {
      const known = transceivers.find((transceiver) => transceiver.mid === mid);
      const source = sources.get((known ?? (receives ? waiting.shift() : undefined))?.sender);
      if (!source) return undefined;
      const settings = this.#listener.opusSettings(source);
      this.#sentAs.set(source, JSON.stringify(settings));
      return settings;
    });
  }

  /** @param {string} sdp one's own @returns {string} */
  #withStereo(sdp) {
    const sent = (this.#described(sdp).tracks ?? []).filter(({ source }) => this.#listener.opusSettings(source).isStereo);
    return withStereo(sdp, { sent: new Set(sent.map(({ mid }) => mid)), welcome: this.#stereo });
  }

  /** What was to be changed while descriptions were under way needs others, of which the browser knows nothing. */
  #checkSending() {
    const welcome = stereoMids(this.#pc.localDescription?.sdp ?? '', 'stereo');
    const isBehind = [...this.#sentAs].some(([source, as]) => JSON.stringify(this.#listener.opusSettings(source)) !== as)
      // It is the answer that says that its side sends stereo.
      || [...this.#stereo].some((mid) => !welcome.has(mid));
    // In a task of its own: the core hears first that the description is set.
    if (isBehind) setTimeout(() => this.#isClosed || this.#listener.negotiationNeeded());
  }

  /** @returns {Map<RTCRtpSender | undefined, Source>} */
  #sources() {
    return new Map([...this.#senders].map(([source, sender]) => [sender, source]));
  }

  /**
   * @param {string} sdp one's own
   * @returns {LocalDescription} with what its sections carry
   */
  #described(sdp) {
    const sources = this.#sources();
    const transceivers = this.#pc.getTransceivers();
    const known = transceivers.map(({ mid }) => mid);
    const fresh = mediaSections(sdp).filter(({ mid }) => !known.includes(mid));
    /** @type {TrackLabel[]} */
    const tracks = [];
    for (const { mid, sender, receiver, direction } of transceivers) {
      // A transceiver gets its mid when the offer is set; sections follow the transceivers' order (RFC 8829, section 5.2.2).
      const place = mid === null ? fresh.findIndex(({ kind }) => kind === receiver.track.kind) : -1;
      const section = mid ?? fresh.splice(place, place < 0 ? 0 : 1)[0]?.mid;
      const source = sources.get(sender);
      if (section !== undefined && source !== undefined && direction.startsWith('send')) tracks.push({ mid: section, source });
    }
    return tracks.length > 0 ? { sdp, tracks } : { sdp };
  }

  #tellState() {
    const { iceConnectionState: ice, connectionState } = this.#pc;
    // Firefox before 113 has no connectionState.
    this.#listener.stateChanged(ice, connectionState ?? plainConnectionState(ice));
  }

  /** @param {RTCRtpTransceiver} transceiver */
  #announce({ mid, receiver }) {
    const { track } = receiver;
    const source = this.#labels.get(mid ?? '') ?? plainSource(track.kind);
    if (this.#arrived.get(track) === source) return;
    this.#arrived.set(track, source);
    this.#listener.trackArrived(track, source);
  }

  /**
   * @param {RTCRtpSender} sender
   * @param {MediaStreamTrack | null} track
   */
  async #replace(sender, track) {
    this.#wanted.set(sender, track);
    try {
      // Before the track: no frame goes out in sizes that are none of its.
      if (track && this.#isHub && track.kind === 'video') await setLayers(sender, track);
      // Another one may be wanted by now.
      if (this.#wanted.get(sender) === track) await sender.replaceTrack(track);
    } catch (error) {
      if (this.#wanted.get(sender) === track) this.#wanted.delete(sender);
      if (!this.#isClosed) console.warn('parlor: a track could not be replaced', error);
    }
  }
}

/**
 * @param {string} sdp
 * @returns {{ mid: string, kind: string }[]} its sections, in order
 */
function mediaSections(sdp) {
  const sections = sdp.split(/^(?=m=)/m).slice(1);
  return sections.map((section) => ({ kind: /^m=(\S+)/.exec(section)?.[1] ?? '', mid: /^a=mid:(\S+)/m.exec(section)?.[1] ?? '' }));
}

/**
 * @param {RTCIceConnectionState} ice
 * @returns {RTCPeerConnectionState}
 */
function plainConnectionState(ice) {
  if (ice === 'checking') return 'connecting';
  return ice === 'completed' ? 'connected' : ice;
}
