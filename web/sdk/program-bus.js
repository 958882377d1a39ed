/**
 * The program: the sum of everybody in the room, one's own microphone included, and a limiter that keeps it from
 * clipping (AU-2). It is what is metered, measured and recorded; what one hears oneself is `monitor-bus.js`.
 */

import { LevelMeter } from './level-meter.js';
import { Limiter, LoudnessMeter } from './mix-nodes.js';
import { NativeLimiter } from './native-limiter.js';

/** @import { Level } from './level-meter.js' */

export class ProgramBus {
  #limiter;
  #meter;
  /** @type {LoudnessMeter | undefined} */
  #loudness;
  /** @type {MediaStreamAudioDestinationNode | undefined} */
  #recorded;

  /** @param {AudioContext} context */
  constructor(context) {
    /** The sum, before the limiter: where everybody's gain goes in. */
    this.sum = new GainNode(context);
    this.#limiter = new Limiter(context, { fallback: new NativeLimiter(context) });
    this.sum.connect(this.#limiter.input);
    this.#meter = new LevelMeter(this.#limiter.output);
  }

  /** The program itself, behind the limiter. @returns {AudioNode} */
  get output() {
    return this.#limiter.output;
  }

  /** The program as a stream, from when it is first asked for until the bus is closed. @returns {MediaStream} */
  get stream() {
    if (!this.#recorded) {
      this.#recorded = new MediaStreamAudioDestinationNode(/** @type {AudioContext} */ (this.sum.context));
      this.output.connect(this.#recorded);
    }
    return this.#recorded.stream;
  }

  /** By how much the limiter turned it down in the last tenth of a second, in dB; 0: nothing. */
  get reductionDb() {
    return this.#limiter.reductionDb;
  }

  /** @returns {Level} */
  level() {
    return this.#meter.level();
  }

  /** ITU-R BS.1770, see `LoudnessMeter`. It costs more than all strips together, so it is measured from when it is first asked for. */
  loudness() {
    this.#loudness ??= new LoudnessMeter(this.#limiter.output);
    return this.#loudness.loudness();
  }

  /** Begins the integrated loudness and the true peak anew. */
  resetLoudness() {
    this.#loudness?.reset();
  }

  close() {
    this.#meter.close();
    this.#loudness?.close();
    this.#limiter.close();
    this.sum.disconnect();
    for (const track of this.#recorded?.stream.getTracks() ?? []) track.stop();
  }
}
