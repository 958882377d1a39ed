/**
 * One remote participant in the audio graph (AU-1): their tracks, one gain, a meter behind it. Owned by `AudioGraph`.
 */

import { LevelMeter } from './level-meter.js';

/**
 * @import { Level } from './level-meter.js'
 * @import { Source } from './messages.d.ts'
 */

/** Time constant of a gain's glide: no click, and 95 % of the way in 45 ms. */
const GLIDE_S = 0.015;

const GAIN_PERCENT_MAX = 200;

/**
 * @typedef {object} Input
 * @property {MediaStreamAudioSourceNode} node
 * @property {HTMLAudioElement} element
 */

export class AudioStrip {
  /** @type {Map<Source, Input>} */
  #inputs = new Map();
  #meter;
  #gainPercent = 100;
  #isMuted = false;

  /**
   * @param {AudioContext} context
   * @param {AudioNode} program
   */
  constructor(context, program) {
    /** Their gain. Read it; `gainPercent` and `muted` write it. */
    this.gain = new GainNode(context);
    this.gain.connect(program);
    this.#meter = new LevelMeter(this.gain);
  }

  /** 0 to 200; 100 is unity. Kept while muted. */
  get gainPercent() {
    return this.#gainPercent;
  }

  set gainPercent(percent) {
    if (!Number.isFinite(percent)) throw new RangeError(`A gain is 0 to ${GAIN_PERCENT_MAX} %, not ${percent}.`);
    this.#gainPercent = Math.min(Math.max(percent, 0), GAIN_PERCENT_MAX);
    this.#glide();
  }

  get muted() {
    return this.#isMuted;
  }

  set muted(isMuted) {
    this.#isMuted = isMuted;
    this.#glide();
  }

  /** Behind the gain. @returns {Level} */
  level() {
    return this.#meter.level();
  }

  /**
   * Brings a stream in; it takes the place of the source's present one.
   * @param {MediaStream} stream
   * @param {Source} source
   */
  setInput(stream, source) {
    this.removeInput(source);
    if (stream.getAudioTracks().length === 0) return;
    // Chromium delivers silence of a remote stream that no media element plays.
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    element.play().catch(() => {});
    const context = /** @type {AudioContext} */ (this.gain.context);
    const node = context.createMediaStreamSource(stream);
    node.connect(this.gain);
    this.#inputs.set(source, { node, element });
  }

  /** @param {Source} source */
  removeInput(source) {
    const input = this.#inputs.get(source);
    if (!input) return;
    this.#inputs.delete(source);
    input.node.disconnect();
    input.element.pause();
    input.element.srcObject = null;
  }

  close() {
    for (const source of [...this.#inputs.keys()]) this.removeInput(source);
    this.#meter.close();
    this.gain.disconnect();
  }

  #glide() {
    const { currentTime } = this.gain.context;
    const target = this.#isMuted ? 0 : this.#gainPercent / 100;
    this.gain.gain.cancelScheduledValues(currentTime);
    this.gain.gain.setTargetAtTime(target, currentTime, GLIDE_S);
  }
}
