/**
 * What this participant says, on its way into the program: microphone, and the sound of a shared screen. It is
 * metered as it comes, before levelling.
 */

import { LevelMeter, SILENT } from './level-meter.js';
import { Levelled } from './levelled.js';

/**
 * @import { Level } from './level-meter.js'
 * @import { Source } from './messages.d.ts'
 */

export class OwnSound {
  #levelled;
  /** @type {Map<Source, { node: MediaStreamAudioSourceNode, meter: LevelMeter }>} */
  #inputs = new Map();

  /** @param {AudioNode} program */
  constructor(program) {
    this.#levelled = new Levelled(program);
  }

  /** Whether it is levelled automatically. */
  get levelling() {
    return this.#levelled.isOn;
  }

  set levelling(isOn) {
    this.#levelled.isOn = isOn;
  }

  /**
   * Brings a stream in, in the place of the source's present one. One that the browser can't take in, such as Firefox a
   * stream of another sample rate, is left out of the program; it is sent nevertheless.
   * @param {MediaStream | null} stream
   * @param {Source} source
   */
  setInput(stream, source) {
    const before = this.#inputs.get(source);
    before?.node.disconnect();
    before?.meter.close();
    this.#inputs.delete(source);
    if (!stream || stream.getAudioTracks().length === 0) return;
    try {
      const node = /** @type {AudioContext} */ (this.#levelled.input.context).createMediaStreamSource(stream);
      node.connect(this.#levelled.input);
      this.#inputs.set(source, { node, meter: new LevelMeter(node) });
    } catch (error) {
      console.warn(`parlor: one's own ${source} is not in the program`, error);
    }
  }

  /**
   * @param {Source} source
   * @returns {Level}
   */
  level(source) {
    return this.#inputs.get(source)?.meter.level() ?? SILENT;
  }

  close() {
    for (const source of [...this.#inputs.keys()]) this.setInput(null, source);
    this.#levelled.close();
  }
}
