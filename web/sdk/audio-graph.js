/**
 * What this participant hears, and how loud: a strip for each remote participant, the program bus, the meters, and
 * the meter of one's own microphone. Owns the AudioContext.
 */

import { AudioStrip } from './audio-strip.js';
import { LevelMeter, SILENT } from './level-meter.js';
import { ProgramBus } from './program-bus.js';

/**
 * @import { Level } from './level-meter.js'
 * @import { Source } from './messages.d.ts'
 */

/** What counts as a person's consent to sound. */
const GESTURES = ['pointerdown', 'pointerup', 'touchend', 'keydown', 'click'];

const RESUME_MS = 1_000;

export class AudioGraph {
  /** @type {AudioContext | undefined} */
  #context;
  /** @type {ProgramBus | undefined} */
  #program;
  /** @type {{ source: MediaStreamAudioSourceNode, meter: LevelMeter } | undefined} */
  #local;
  /** @type {AbortController | undefined} */
  #gestures;

  constructor() {
    /** The remote participants by id: read and set `gainPercent` and `muted`, read `level()`. @type {Map<string, AudioStrip>} */
    this.participants = new Map();
  }

  /**
   * Made when it is first needed; `suspended` until a person has clicked somewhere.
   * @returns {AudioContext}
   */
  get context() {
    if (!this.#context) {
      this.#context = new AudioContext({ latencyHint: 'interactive' });
      this.#program = new ProgramBus(this.#context);
      this.#resumeOnGesture(this.#context);
    }
    return this.#context;
  }

  /** Whether sound flows. False: a person must click somewhere first. */
  get isRunning() {
    return this.#context?.state === 'running';
  }

  /**
   * Starts the sound; call it from a click. Without a click, or without anything to play on, browsers leave the
   * question open for ever: after a second this answers.
   * @returns {Promise<boolean>} whether sound flows
   */
  async resume() {
    const { context } = this;
    if (context.state === 'running') return true;
    const patience = new Promise((done) => setTimeout(done, RESUME_MS));
    await Promise.race([context.resume().catch(() => {}), patience]);
    return this.isRunning;
  }

  /**
   * Lets a remote participant be heard. For somebody known, the stream takes the place of the source's present one,
   * and gain and mute stay.
   * @param {string} id
   * @param {MediaStream} stream without sound in it, the strip is silent
   * @param {Source} [source]
   * @returns {AudioStrip}
   */
  addParticipant(id, stream, source = 'microphone') {
    const { context } = this;
    let strip = this.participants.get(id);
    if (!strip) {
      strip = new AudioStrip(context, this.#programInput());
      this.participants.set(id, strip);
    }
    strip.setInput(stream, source);
    return strip;
  }

  /**
   * Frees their strip, their meter and their media elements.
   * @param {string} id
   */
  removeParticipant(id) {
    this.participants.get(id)?.close();
    this.participants.delete(id);
  }

  /**
   * @param {string} id
   * @param {number} gain_percent 0 to 200; 100 is unity
   */
  setGainPercent(id, gain_percent) {
    const strip = this.participants.get(id);
    if (strip) strip.gainPercent = gain_percent;
  }

  /**
   * Silences somebody here, or lets them be heard with the gain they had.
   * @param {string} id
   * @param {boolean} isMuted
   */
  setMuted(id, isMuted) {
    const strip = this.participants.get(id);
    if (strip) strip.muted = isMuted;
  }

  /**
   * How loud somebody is, behind their gain.
   * @param {string} id
   * @returns {Level}
   */
  level(id) {
    return this.participants.get(id)?.level() ?? SILENT;
  }

  /** How loud the program is, as it is heard. @returns {Level} */
  programLevel() {
    return this.#program?.level() ?? SILENT;
  }

  /**
   * Measures one's own microphone, which is not heard.
   * @param {MediaStream | null} stream
   */
  setLocalStream(stream) {
    this.#local?.source.disconnect();
    this.#local?.meter.close();
    this.#local = undefined;
    if (!stream || stream.getAudioTracks().length === 0) return;
    const source = this.context.createMediaStreamSource(stream);
    this.#local = { source, meter: new LevelMeter(source) };
  }

  /** @returns {Level} of one's own microphone */
  localLevel() {
    return this.#local?.meter.level() ?? SILENT;
  }

  /** Frees everything. A graph that is used again after it starts anew. */
  close() {
    for (const id of [...this.participants.keys()]) this.removeParticipant(id);
    this.setLocalStream(null);
    this.#gestures?.abort();
    this.#program?.close();
    this.#program = undefined;
    this.#context?.close().catch(() => {});
    this.#context = undefined;
  }

  /** @returns {AudioNode} */
  #programInput() {
    const { context } = this;
    this.#program ??= new ProgramBus(context);
    return this.#program.input;
  }

  /**
   * A context starts suspended until a click, and iOS interrupts it for a call: the next gesture gets it going.
   * @param {AudioContext} context
   */
  #resumeOnGesture(context) {
    this.#gestures = new AbortController();
    const { signal } = this.#gestures;
    const resume = () => {
      if (context.state !== 'running' && context.state !== 'closed') context.resume().catch(() => {});
    };
    for (const gesture of GESTURES) document.addEventListener(gesture, resume, { signal, capture: true, passive: true });
  }
}
