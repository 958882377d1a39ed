/**
 * One remote participant in the audio graph (AU-1): their tracks, levelling, one gain, a meter behind it. Owned by `AudioGraph`.
 */

import { LevelMeter } from './level-meter.js';
import { Levelled } from './levelled.js';
import { StreamInput } from './stream-input.js';

/**
 * @import { Level } from './level-meter.js'
 * @import { Source } from './messages.d.ts'
 */

/** Time constant of a gain's glide: no click, and 95 % of the way in 45 ms. */
const GLIDE_S = 0.015;

const GAIN_PERCENT_MAX = 200;

export class AudioStrip {
  /** @type {Map<Source, StreamInput>} */
  #inputs = new Map();
  #levelled;
  #meter;
  #gainPercent = 100;
  #isMuted = false;

  /**
   * @param {AudioContext} context
   * @param {AudioNode[]} sums where their sound is a part
   */
  constructor(context, sums) {
    /** Their gain. Read it; `gainPercent` and `muted` write it. */
    this.gain = new GainNode(context);
    for (const sum of sums) this.gain.connect(sum);
    this.#levelled = new Levelled(this.gain);
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

  /** Whether they are levelled automatically, before the gain. */
  get levelling() {
    return this.#levelled.isOn;
  }

  set levelling(isOn) {
    this.#levelled.isOn = isOn;
  }

  /** Behind the gain. @returns {Level} */
  level() {
    return this.#meter.level();
  }

  /**
   * Brings a stream in; it takes the place of the source's present one, without a gap.
   * @param {MediaStream} stream
   * @param {Source} source
   */
  setInput(stream, source) {
    const before = this.#inputs.get(source);
    if (stream.getAudioTracks().length === 0) {
      this.removeInput(source);
      return;
    }
    const context = /** @type {AudioContext} */ (this.gain.context);
    const isSuccessor = before !== undefined;
    this.#inputs.set(source, new StreamInput(context, stream, this.#levelled.input, { isSuccessor }));
    before?.giveWay();
  }

  /** @param {Source} source */
  removeInput(source) {
    this.#inputs.get(source)?.close();
    this.#inputs.delete(source);
  }

  close() {
    for (const source of [...this.#inputs.keys()]) this.removeInput(source);
    this.#levelled.close();
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
