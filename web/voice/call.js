// One stay in a channel, from joining to leaving: microphone, connections, sound. Built on the SDK and nothing else; what it
// is shown as is controls.js and people.js.

import { ConnectionManager, HostMix, RTCManager } from '../sdk/index.js';
import { Microphone } from './microphone.js';
import { isOpen, toggledDeafen, toggledMute } from './talk.js';

/**
 * @import { AudioGraph, Rooms, SignalingClient } from '../sdk/index.js'
 * @import { Participant, RoomDetails } from '../sdk/messages.d.ts'
 * @import { Talk } from './talk.js'
 */

/**
 * How the connection with somebody is. `failed`: given up, a person may `retry`.
 * @typedef {{ status: 'connected' | 'connecting' | 'away' | 'disconnected', hasFailed: boolean }} Connection
 */

/** So many voices come through a hub at once, the loudest; and no pictures. */
const HUB_SECTIONS = { microphone: true, camera: false, audio: 6, video: 0 };

/**
 * Emits `change` (whatever is shown), `came` and `went` {name}, `muted-by` {name}, `failed` {name, reason}, and `ended`
 * {reason, by?, message?} when one was put out of the channel.
 */
export class Call extends EventTarget {
  microphone = new Microphone();
  #signaling;
  #rooms;
  #talk;
  /** @type {RoomDetails | null} */
  #room = null;
  /** @type {Participant[]} */
  #participants = [];
  /** Whether the others were last told that the microphone is open. */
  #wasOpen = false;
  /** Whether one is not in the room, by the server's word. */
  #isOut = false;
  #end = new AbortController();

  /**
   * The signalling client must be open.
   * @param {{ signaling: SignalingClient, rooms: Rooms, audioGraph: AudioGraph, roomId: string, talk: Talk }} options
   *   `audioGraph` belongs to the call from now on
   */
  constructor({ signaling, rooms, audioGraph, roomId, talk }) {
    super();
    this.#signaling = signaling;
    this.#rooms = rooms;
    this.#talk = talk;
    this.roomId = roomId;
    this.ownId = signaling.userId;
    this.audioGraph = audioGraph;
    this.rtcManager = new RTCManager({ receivesAudio: true, hubSections: HUB_SECTIONS });
    const { rtcManager: rtc } = this;
    this.connectionManager = new ConnectionManager(this.ownId, signaling, rtc);
    const { connectionManager: connections } = this;
    /** In a room in which a host mixes for all. */
    this.hostMix = new HostMix({ roomId, signaling, rtc, connections, audioGraph });
    this.#listen();
  }

  /**
   * Joins, making the channel if it is missing, and asks for the microphone meanwhile.
   * @param {{ name: string, password?: string }} wish
   * @returns {Promise<void>} rejected with a `SignalingError`; then call `end`
   */
  async join({ name, password }) {
    this.connectionManager.setMedia('pending');
    void this.#openMicrophone();
    try {
      const create = { name: this.roomId, topology: /** @type {const} */ ('auto') };
      await this.#rooms.join(this.roomId, { userName: name, ...(password ? { password } : {}), create });
    } catch (error) {
      this.#isOut = true;
      throw error;
    }
  }

  /** Leaves, and frees microphone, connections and sound. Calling it again does nothing. */
  end() {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    // At once here; the server hears of it as soon as it is reached.
    if (!this.#isOut) this.#rooms.leave(this.roomId).catch((error) => console.warn(`parlor: ${error.message}`));
    this.hostMix.stop();
    this.connectionManager.destroy();
    this.rtcManager.close();
    this.microphone.close();
    this.audioGraph.close();
  }

  /** Everyone, oneself first, then in order of joining. */
  get participants() {
    const own = this.#participants.filter(({ id }) => id === this.ownId);
    return [...own, ...this.#participants.filter(({ id }) => id !== this.ownId)];
  }

  get capacity() {
    return this.#room?.capacity ?? 0;
  }

  get talk() {
    return this.#talk;
  }

  get isListener() {
    return this.#you?.role === 'listener';
  }

  /** Whether what one says is sent. */
  get isHeard() {
    return this.microphone.track !== null && isOpen(this.#talk) && !this.isListener;
  }

  /** @param {Participant} participant @returns {boolean} whether nothing they say can be heard */
  isMuted({ id, tracks }) {
    if (id === this.ownId) return !this.isHeard;
    return !tracks.some(({ source, enabled }) => source === 'microphone' && enabled);
  }

  /** @param {Participant} participant @returns {Connection} */
  connection({ id, suspect }) {
    if (id === this.ownId) {
      const isReached = this.#signaling.state === 'open' || this.connectionManager.getConnectionsInfo().some(({ status }) => status === 'connected');
      return { status: isReached ? 'connected' : 'connecting', hasFailed: false };
    }
    if (suspect) return { status: 'away', hasFailed: false };
    const { status } = this.connectionManager.getConnectionState(id);
    if (status === 'connected') return { status, hasFailed: false };
    if (status === 'connecting' || status === 'waiting') return { status: 'connecting', hasFailed: false };
    return { status: 'disconnected', hasFailed: status === 'failed-permanent' };
  }

  /** How well somebody is connected; null while that is not known. @param {string} id */
  grade(id) {
    return id === this.ownId ? null : (this.connectionManager.getQuality(id)?.grade ?? null);
  }

  /** How loud somebody is now, in dBFS. @param {string} id */
  level(id) {
    return (id === this.ownId ? this.audioGraph.localLevel() : this.audioGraph.level(id)).rms;
  }

  /** Starts again with somebody who was given up. @param {string} id */
  retry(id) {
    this.connectionManager.retry(id);
  }

  /** Mutes or unmutes; where there is no microphone, asks for it. */
  toggleMute() {
    if (this.isListener) return;
    if (this.microphone.track) return this.#set(toggledMute(this.#talk));
    this.#set({ ...this.#talk, isMuted: false, isDeafened: false });
    void this.#openMicrophone();
  }

  toggleDeafen() {
    this.#set(toggledDeafen(this.#talk));
  }

  /** @param {boolean} isPushToTalk */
  setPushToTalk(isPushToTalk) {
    this.#set({ ...this.#talk, isPushToTalk, isTalking: false });
  }

  /** Push to talk: held down, or let go. @param {boolean} isTalking */
  hold(isTalking) {
    if (isTalking !== this.#talk.isTalking) this.#set({ ...this.#talk, isTalking });
  }

  get #you() {
    return this.#participants.find(({ id }) => id === this.ownId);
  }

  #listen() {
    const options = { signal: this.#end.signal };
    const { memberships } = this.#signaling;
    const { connectionManager: connections } = this;
    const change = () => this.#changed();
    memberships.on('joined', ({ room, participants }) => this.#onRoom(room, participants), options);
    memberships.on('participants', ({ roomId, participants }) => roomId === this.roomId && this.#onParticipants(participants), options);
    memberships.on('room', ({ room }) => this.#onRoom(room, this.#participants), options);
    memberships.on('left', (left) => left.roomId === this.roomId && this.#onLeft(left), options);
    this.#signaling.on('state', change, options);
    this.#signaling.on('user-joined-room', ({ roomId, userName }) => roomId === this.roomId && this.#tell('came', { name: userName }), options);
    this.#signaling.on('user-left-room', ({ roomId, userId, userName }) => {
      if (roomId === this.roomId && userId !== this.ownId) this.#tell('went', { name: userName });
    }, options);
    this.#signaling.on('mute-request', ({ roomId, from }) => roomId === this.roomId && this.#onMuteRequest(from), options);
    connections.on('remote-stream', ({ remotePeerId, stream, source }) => {
      if (source === 'microphone' || source === 'screen-audio') this.audioGraph.addParticipant(remotePeerId, stream, source);
    }, options);
    connections.on('peer-removed', ({ remotePeerId }) => this.audioGraph.removeParticipant(remotePeerId), options);
    connections.on('connection-state-changed', change, options);
    connections.on('quality-changed', change, options);
    connections.on('connection-failed', ({ remotePeerId, reason }) => this.#onFailed(remotePeerId, reason), options);
    connections.on('fatal', () => this.#tell('ended', { reason: 'fatal' }), options);
    this.microphone.addEventListener('change', () => this.#onMicrophone(), options);
  }

  /** @param {RoomDetails} room @param {Participant[]} participants */
  #onRoom(room, participants) {
    if (room.id !== this.roomId) return;
    this.#room = room;
    this.#onParticipants(participants);
  }

  /** @param {Participant[]} participants */
  #onParticipants(participants) {
    this.#participants = participants;
    if (this.isListener && this.microphone.track) {
      this.connectionManager.setMedia('none');
      this.microphone.close();
    }
    this.#changed();
  }

  /** @param {{ reason: string, by?: string, error?: { message: string } }} left */
  #onLeft({ reason, by, error }) {
    this.#isOut = true;
    this.#tell('ended', { reason, by: by === undefined ? undefined : (this.#nameOf(by) ?? by), message: error?.message });
  }

  /** @param {string} from */
  #onMuteRequest(from) {
    if (!this.isHeard) return;
    this.#set({ ...this.#talk, isMuted: true, isTalking: false });
    this.#tell('muted-by', { name: this.#nameOf(from) });
  }

  /** @param {string} id @param {string} reason */
  #onFailed(id, reason) {
    const name = this.#nameOf(id);
    // A hub that fails while the room is a mesh is nobody's trouble.
    if (name !== undefined) this.#tell('failed', { name, reason });
  }

  async #openMicrophone() {
    const isThere = await this.microphone.open();
    if (!this.#end.signal.aborted) this.connectionManager.setMedia(isThere ? 'ready' : 'none');
  }

  #onMicrophone() {
    const { track, stream, isAsking } = this.microphone;
    if (track) track.enabled = this.isHeard;
    // While it is asked for again, what was published stays: another track in its place costs no negotiation.
    if (!isAsking && this.rtcManager.localTrack('microphone') !== (track ?? undefined)) {
      this.#wasOpen = this.isHeard;
      this.rtcManager.replaceTrack('microphone', track);
      this.audioGraph.setLocalStream(stream);
    }
    this.#changed();
  }

  /** @param {Talk} talk */
  #set(talk) {
    this.#talk = talk;
    // Here, not at the hub: a connection over which nothing comes counts as broken.
    this.audioGraph.deafened = talk.isDeafened;
    if (this.isHeard !== this.#wasOpen && this.microphone.track) {
      this.#wasOpen = this.isHeard;
      this.rtcManager.setTrackEnabled('microphone', this.isHeard);
    }
    this.#changed();
  }

  /** @param {string} id */
  #nameOf(id) {
    return this.#participants.find((one) => one.id === id)?.name;
  }

  #changed() {
    this.#tell('change');
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
