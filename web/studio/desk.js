// The audio desk of one session: who mixes, recording the program and telling everybody, loudness, levelling. The sound
// itself and its mixing are the SDK's; here is what a person does with them.

import { HostMix, ProgramRecorder } from '../sdk/index.js';
import { saveFile } from './save-file.js';
import { texts } from './texts.js';

/** Emits `change` (who mixes, who records, a switch), and `notice` {text}. */
export class Desk extends EventTarget {
  #roomId;
  #ownId;
  #signaling;
  #rtcManager;
  #audioGraph;
  #recorder;
  /** One's own shared sound, as the audio graph has it. @type {MediaStreamTrack|undefined} */
  #shared;
  /** Whether a recording is announced that has not begun yet. */
  #isStarting = false;
  /** Ends with the session. */
  #end = new AbortController();

  /**
   * @param {{
   *   roomId: string,
   *   signaling: import('../sdk/index.js').SignalingClient,
   *   rtcManager: import('../sdk/index.js').RTCManager,
   *   connectionManager: import('../sdk/index.js').ConnectionManager,
   *   audioGraph: import('../sdk/index.js').AudioGraph,
   * }} options
   */
  constructor({ roomId, signaling, rtcManager, connectionManager, audioGraph }) {
    super();
    this.#roomId = roomId;
    this.#ownId = connectionManager.peerId;
    this.#signaling = signaling;
    this.#rtcManager = rtcManager;
    this.#audioGraph = audioGraph;
    this.#recorder = new ProgramRecorder(audioGraph);
    /** Who mixes, and what is heard. */
    this.hostMix = new HostMix({ roomId, signaling, rtc: rtcManager, connections: connectionManager, audioGraph });
    this.#listen();
  }

  /** Who records now, by id, oneself included. @returns {string[]} */
  get recordingIds() {
    return this.#signaling.memberships.recording(this.#roomId);
  }

  /** Whether this page records. */
  get isRecording() {
    return this.#recorder.state === 'recording';
  }

  /** Whether this browser can record at all. */
  get canRecord() {
    return ProgramRecorder.isSupported;
  }

  /** Begins to record the program, once the server has told everybody; or ends it and saves the file. */
  toggleRecording() {
    if (this.isRecording) this.#stopRecording();
    else void this.#startRecording();
  }

  /** As a host: who mixes. @param {import('../sdk/messages.d.ts').Mix} mix */
  setMix(mix) {
    this.#ask(this.#signaling.request('update-room', { roomId: this.#roomId, mix }));
  }

  /** Whether everybody is levelled automatically, on this page. */
  get levelling() {
    return this.#audioGraph.levelling;
  }

  set levelling(isOn) {
    this.#audioGraph.levelling = isOn;
    this.#tell('change');
  }

  /** Loudness of the program. */
  loudness() {
    return this.#audioGraph.loudness();
  }

  /** Begins to measure the program anew. */
  resetLoudness() {
    this.#audioGraph.resetLoudness();
  }

  /** The end: what was recorded so far is saved. */
  end() {
    if (this.#end.signal.aborted) return;
    if (this.isRecording) this.#stopRecording();
    this.#end.abort();
    this.hostMix.stop();
  }

  #listen() {
    const options = { signal: this.#end.signal };
    const { memberships } = this.#signaling;
    memberships.on('joined', ({ room, you, again }) => room.id === this.#roomId && this.#onJoined(you, again), options);
    memberships.on('recording', ({ roomId }) => roomId === this.#roomId && this.#tell('change'), options);
    memberships.on('participants', ({ roomId, participants }) => roomId === this.#roomId && this.#onParticipants(participants), options);
    this.hostMix.on('change', () => this.#tell('change'), options);
    this.#rtcManager.on('tracks-changed', () => this.#onTracks(), options);
    // Until the end of the page: a recording that ends with the session is saved after it.
    this.#recorder.on('recorded', (recording) => this.#onRecorded(recording));
    window.addEventListener('beforeunload', (event) => this.isRecording && askBefore(event), options);
  }

  /** @param {import('./types.js').Participant} you @param {boolean} again */
  #onJoined(you, again) {
    if (!again) this.resetLoudness();
    // Whoever lost the session is not recording, as far as the server knows.
    else if (this.isRecording && !this.recordingIds.includes(you.id)) void this.#announceAgain();
  }

  /** A recording that nobody can be told of ends. One that this session's own end left unanswered is announced by the next. */
  async #announceAgain() {
    try {
      await this.#announce(true);
    } catch (error) {
      const { code, message } = /** @type {import('../sdk/index.js').SignalingError} */ (error);
      if (code === 'lost' || this.#end.signal.aborted || !this.isRecording) return;
      this.#notice(texts.desk.cannotRecord(message));
      this.#stopRecording();
    }
  }

  /** @param {import('./types.js').Participant[]} participants */
  #onParticipants(participants) {
    if (this.isRecording && this.#isListenerIn(participants)) this.#stopRecording();
  }

  /** @param {import('./types.js').Participant[]} participants */
  #isListenerIn(participants) {
    return participants.find(({ id }) => id === this.#ownId)?.role === 'listener';
  }

  /** What one's own shared screen plays is a part of the program: the others hear it too. */
  #onTracks() {
    const track = this.#rtcManager.localTrack('screen-audio');
    if (track === this.#shared) return;
    this.#shared = track;
    this.#audioGraph.setLocalStream(track ? new MediaStream([track]) : null, 'screen-audio');
  }

  /** Told first, recorded then: there is no moment of a recording of which nobody knows. */
  async #startRecording() {
    if (this.#isStarting) return;
    if (this.#signaling.state !== 'open') {
      this.#notice(texts.desk.recordOffline);
      return;
    }
    this.#isStarting = true;
    try {
      await this.#announce(true);
      this.#beginRecording();
    } catch (error) {
      if (!this.#end.signal.aborted) this.#notice(texts.desk.cannotRecord(/** @type {Error} */ (error).message));
    } finally {
      this.#isStarting = false;
    }
    this.#tell('change');
  }

  /** Everybody knows: unless this page may not any more, it records now. */
  #beginRecording() {
    if (this.#end.signal.aborted) return;
    try {
      if (this.#isListenerIn(this.#signaling.memberships.roster(this.#roomId))) throw new Error(texts.desk.recordListener);
      this.#recorder.start(this.#roomId);
    } catch (error) {
      this.#ask(this.#announce(false));
      throw error;
    }
  }

  #stopRecording() {
    this.#recorder.stop().catch((error) => this.#notice(texts.desk.cannotRecord(error.message)));
    this.#tell('change');
  }

  /** Also when it ended by itself. @param {import('../sdk/program-recorder.js').Recording} recording */
  #onRecorded({ blob, fileName }) {
    saveFile(blob, fileName);
    if (this.#end.signal.aborted) return;
    this.#ask(this.#announce(false));
    this.#notice(texts.desk.saved(fileName));
    this.#tell('change');
  }

  /** Tells everybody in the room. @param {boolean} active */
  #announce(active) {
    return this.#signaling.request('recording', { roomId: this.#roomId, active });
  }

  /** A refusal is news for whoever asked; what shows the wish goes back to what is. @param {Promise<object>} request */
  #ask(request) {
    request.catch((error) => {
      if (this.#end.signal.aborted) return;
      this.#notice(error.message);
      this.#tell('change');
    });
  }

  /** @param {string} text */
  #notice(text) {
    this.#tell('notice', { text });
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Has the browser ask whether to leave: older ones look at the value alone. @param {BeforeUnloadEvent} event */
function askBefore(event) {
  event.preventDefault();
  event.returnValue = true;
}
