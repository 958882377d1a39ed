/**
 * The sound of a room, seen from one participant: a strip for each of the others, one's own sound, the program (all of
 * them), what is heard oneself (all but oneself, or the mixer's return), and the returns that oneself makes for others.
 * Owns the AudioContext; each part is in a file of its own.
 */

import { AudioStrip } from './audio-strip.js';
import { SILENT } from './level-meter.js';
import { loadMix } from './mix-nodes.js';
import { MixReturn } from './mix-return.js';
import { MonitorBus } from './monitor-bus.js';
import { OwnSound } from './own-sound.js';
import { ProgramBus } from './program-bus.js';

/**
 * @import { Level } from './level-meter.js'
 * @import { Source } from './messages.d.ts'
 * @import { Readings } from './mix-nodes.js'
 * @import { Hears } from './monitor-bus.js'
 */

/**
 * What there is as long as there is a context.
 * @typedef {object} Desk
 * @property {AudioContext} context
 * @property {ProgramBus} program
 * @property {MonitorBus} monitor
 * @property {OwnSound} own
 */

/** What counts as a person's consent to sound. */
const GESTURES = ['pointerdown', 'pointerup', 'touchend', 'keydown', 'click'];

const RESUME_MS = 1_000;

/** @type {Readonly<Readings>} */
const UNMEASURED = { momentary: -Infinity, shortTerm: -Infinity, integrated: -Infinity, truePeak: -Infinity };

export class AudioGraph {
  /** @type {Desk | undefined} */
  #desk;
  /** @type {AbortController | undefined} */
  #gestures;
  /** By whom it is for. @type {Map<string, MixReturn>} */
  #returns = new Map();
  #isLevelling = false;
  #isDeafened = false;

  constructor() {
    /** The remote participants by id: read and set `gainPercent` and `muted`, read `level()`. @type {Map<string, AudioStrip>} */
    this.participants = new Map();
  }

  /**
   * Made when it is first needed; `suspended` until a person has clicked somewhere.
   * @returns {AudioContext}
   */
  get context() {
    return this.#open().context;
  }

  /** Whether sound flows. False: a person must click somewhere first. */
  get isRunning() {
    return this.#desk?.context.state === 'running';
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
   * @param {Source} [source] of what they say themselves: never a `program` or a `return`, in which others are heard
   * @returns {AudioStrip}
   */
  addParticipant(id, stream, source = 'microphone') {
    if (source === 'program' || source === 'return') throw new TypeError(`A ${source} is no part of the program.`);
    const { context, program, monitor } = this.#open();
    let strip = this.participants.get(id);
    if (!strip) {
      strip = new AudioStrip(context, [program.sum, monitor.direct]);
      strip.levelling = this.#isLevelling;
      this.participants.set(id, strip);
      this.#returns.get(id)?.leaveOut(strip.gain);
    }
    strip.setInput(stream, source);
    return strip;
  }

  /**
   * Frees their strip, their meter and their media elements.
   * @param {string} id
   */
  removeParticipant(id) {
    this.#returns.get(id)?.leaveOut(undefined);
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

  /** Whether everybody, oneself included, is levelled automatically, before their gain. Off at first. */
  get levelling() {
    return this.#isLevelling;
  }

  set levelling(isOn) {
    this.#isLevelling = isOn;
    for (const strip of this.participants.values()) strip.levelling = isOn;
    if (this.#desk) this.#desk.own.levelling = isOn;
  }

  /**
   * How loud somebody is, behind their gain.
   * @param {string} id
   * @returns {Level}
   */
  level(id) {
    return this.participants.get(id)?.level() ?? SILENT;
  }

  /** How loud the program is, behind its limiter: everybody, oneself included. @returns {Level} */
  programLevel() {
    return this.#desk?.program.level() ?? SILENT;
  }

  /** The program's loudness (AU-3), measured from when it is first asked for. @returns {Readonly<Readings>} */
  loudness() {
    return this.#desk?.program.loudness() ?? UNMEASURED;
  }

  /** Begins the integrated loudness and the true peak anew. */
  resetLoudness() {
    this.#desk?.program.resetLoudness();
  }

  /** By how much the program's limiter turned it down in the last tenth of a second, in dB; 0: nothing. */
  get limiterReductionDb() {
    return this.#desk?.program.reductionDb ?? 0;
  }

  /** The program, to be recorded or sent; it ends with `close`. @returns {MediaStream} */
  get programStream() {
    return this.#open().program.stream;
  }

  /**
   * Brings one's own sound into the program. It is not heard oneself.
   * @param {MediaStream | null} stream
   * @param {Source} [source]
   */
  setLocalStream(stream, source = 'microphone') {
    if (stream || this.#desk) this.#open().own.setInput(stream, source);
  }

  /** @returns {Level} of one's own microphone, as it comes */
  localLevel() {
    return this.#desk?.own.level('microphone') ?? SILENT;
  }

  /** What goes to the ears. @returns {AudioNode} */
  get monitor() {
    return this.#open().monitor.output;
  }

  /**
   * What is heard: `direct`, the sum of the others as it is mixed here, or the `return` that `playReturn` took in.
   * Never both: one fades out, then the other one in.
   * @returns {Hears}
   */
  get hears() {
    return this.#desk?.monitor.hears ?? 'direct';
  }

  set hears(hears) {
    if (hears !== this.hears) this.#open().monitor.hears = hears;
  }

  /** Whether nothing is heard here. Levels, the program and the returns made for others go on. Off at first. */
  get deafened() {
    return this.#isDeafened;
  }

  set deafened(isDeafened) {
    this.#isDeafened = isDeafened;
    this.#desk?.monitor.setDeafened(isDeafened);
  }

  /**
   * Takes in the return that the room's mixer makes for this participant; whether it is heard, `hears` says.
   * @param {MediaStream | null} stream
   */
  playReturn(stream) {
    if (stream || this.#desk) this.#open().monitor.setReturn(stream);
  }

  /**
   * Makes a return for somebody: the program without what is theirs, behind a limiter of its own (AU-4).
   * @param {string} id
   * @returns {MediaStreamTrack} to be sent to them and to nobody else; the same one until `endReturn`
   */
  createReturn(id) {
    const { context, program } = this.#open();
    let made = this.#returns.get(id);
    if (!made) {
      made = new MixReturn(context, program.sum);
      made.leaveOut(this.participants.get(id)?.gain);
      this.#returns.set(id, made);
    }
    return made.track;
  }

  /**
   * Frees somebody's return.
   * @param {string} id
   */
  endReturn(id) {
    this.#returns.get(id)?.close();
    this.#returns.delete(id);
  }

  /** For whom there are returns. @returns {string[]} */
  get returnIds() {
    return [...this.#returns.keys()];
  }

  /**
   * Chooses where what is heard comes out.
   * @param {string} deviceId '' for the system's default
   * @returns {Promise<void>} rejected with a DOMException: `NotSupportedError` where the browser can't choose,
   *   `NotFoundError` where there is no such device; then everything stays as it was
   */
  async setOutputDevice(deviceId) {
    await this.#open().monitor.setDevice(deviceId);
  }

  /** Frees everything. A graph that is used again after it starts anew. */
  close() {
    for (const id of this.returnIds) this.endReturn(id);
    for (const id of [...this.participants.keys()]) this.removeParticipant(id);
    this.#gestures?.abort();
    const desk = this.#desk;
    this.#desk = undefined;
    desk?.own.close();
    desk?.program.close();
    desk?.monitor.close();
    desk?.context.close().catch(() => {});
  }

  /** @returns {Desk} */
  #open() {
    if (!this.#desk) {
      const context = new AudioContext({ latencyHint: 'interactive', ...ownRate() });
      // Until the worklets are there, and where they can't be, the browser's own limiter does the work.
      loadMix(context).catch((error) => console.warn('parlor: no loudness and no levelling here', error));
      const program = new ProgramBus(context);
      const own = new OwnSound(program.sum);
      own.levelling = this.#isLevelling;
      this.#desk = { context, program, monitor: new MonitorBus(context), own };
      this.#desk.monitor.setDeafened(this.#isDeafened);
      this.#resumeOnGesture(context);
    }
    return this.#desk;
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

/**
 * Voices come with Opus' 48 kHz. A graph of another rate, such as a device's 44.1 kHz, would convert each of them; so only the
 * sum is. Firefox takes no stream of another rate than the device's into a graph, and stays with that.
 * @returns {AudioContextOptions}
 */
function ownRate() {
  return 'mozGetUserMedia' in navigator ? {} : { sampleRate: 48_000 };
}
