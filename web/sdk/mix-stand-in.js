/** The interface of `mix-nodes.js` on the browser's own nodes: nothing is measured, nothing is levelled. */

export class Limiter {
  #fallback;

  /**
   * @param {BaseAudioContext} context
   * @param {{ fallback: { input: AudioNode, output: AudioNode, close(): void } }} options
   */
  constructor(context, { fallback }) {
    this.#fallback = fallback;
    this.input = fallback.input;
    this.output = fallback.output;
    this.reductionDb = 0;
    this.isBypassed = true;
  }

  close() {
    this.#fallback.close();
  }
}

export class LoudnessMeter {
  /** @param {AudioNode} measured */
  constructor(measured) {
    this.measured = measured;
  }

  loudness() {
    return { momentary: -Infinity, shortTerm: -Infinity, integrated: -Infinity, truePeak: -Infinity };
  }

  reset() {}

  close() {}
}

export class Leveller {
  isOn = false;
  gainDb = 0;

  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.input = new GainNode(context);
    this.output = this.input;
  }

  close() {
    this.input.disconnect();
  }
}

/** @param {BaseAudioContext} _context */
export async function loadMix(_context) {}
