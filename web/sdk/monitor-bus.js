/**
 * What this participant hears: everybody else, mixed here (`direct`), or the return that the room's mixer made
 * (AU-4), never both at once; a limiter; and the way to the ears.
 */

import { Limiter } from './mix-nodes.js';
import { NativeLimiter } from './native-limiter.js';
import { Speaker } from './speaker.js';
import { StreamInput } from './stream-input.js';

/** @typedef {'direct' | 'return'} Hears */

/** Time constant of a fade: out and in again in 60 ms, without a click. */
const FADE_S = 0.005;
/** From here on what fades out is silent for good (at -52 dB), and the other one begins. */
const SILENT_AFTER_S = 6 * FADE_S;

export class MonitorBus {
  #returned;
  #limiter;
  #ears;
  #speaker;
  /** @type {StreamInput | undefined} */
  #return;
  /** @type {Hears} */
  #hears = 'direct';

  /** @param {AudioContext} context */
  constructor(context) {
    /** Where the gains of the others go in. */
    this.direct = new GainNode(context, { gain: 1 });
    this.#returned = new GainNode(context, { gain: 0 });
    this.#limiter = new Limiter(context, { fallback: new NativeLimiter(context) });
    this.direct.connect(this.#limiter.input);
    this.#returned.connect(this.#limiter.input);
    this.#ears = new GainNode(context, { gain: 1 });
    this.#limiter.output.connect(this.#ears);
    this.#speaker = new Speaker(context, this.#ears);
  }

  /** What goes to the ears. @returns {AudioNode} */
  get output() {
    return this.#ears;
  }

  /** Whether nothing goes to the ears, whatever comes. @param {boolean} isDeafened */
  setDeafened(isDeafened) {
    const { currentTime } = this.#ears.context;
    this.#ears.gain.cancelScheduledValues(currentTime);
    this.#ears.gain.setTargetAtTime(isDeafened ? 0 : 1, currentTime, FADE_S);
  }

  /** Which of the two is heard. */
  get hears() {
    return this.#hears;
  }

  set hears(hears) {
    if (hears === this.#hears) return;
    this.#hears = hears;
    const [before, after] = hears === 'return' ? [this.direct, this.#returned] : [this.#returned, this.direct];
    const now = before.context.currentTime;
    before.gain.cancelScheduledValues(now);
    before.gain.setTargetAtTime(0, now, FADE_S);
    before.gain.setValueAtTime(0, now + SILENT_AFTER_S);
    after.gain.cancelScheduledValues(now);
    // It may still fade out, from a change a moment ago.
    after.gain.setTargetAtTime(0, now, FADE_S);
    after.gain.setTargetAtTime(1, now + SILENT_AFTER_S, FADE_S);
  }

  /**
   * Takes a return in, in the place of the present one. It is heard while `hears` says so.
   * @param {MediaStream | null} stream
   */
  setReturn(stream) {
    this.#return?.close();
    this.#return = undefined;
    if (!stream || stream.getAudioTracks().length === 0) return;
    this.#return = new StreamInput(/** @type {AudioContext} */ (this.direct.context), stream, this.#returned);
  }

  /**
   * @param {string} deviceId '' for the system's default
   * @returns {Promise<void>} rejected where the browser can't choose, or has no such device
   */
  async setDevice(deviceId) {
    await this.#speaker.setDevice(deviceId);
  }

  close() {
    this.setReturn(null);
    this.#speaker.close();
    this.#limiter.close();
    this.#ears.disconnect();
    this.direct.disconnect();
    this.#returned.disconnect();
  }
}
