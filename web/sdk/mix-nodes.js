/**
 * The desk's nodes as the page has them: limiter, loudness meter, leveller. What they do is `parlor_mix.wasm`'s, in the
 * audio thread (`mix-processor.js`); here is what they are connected with. How that thread is reached is in
 * `mix-worklet.js`, which way sound goes while it is not there, in `mix-way.js`.
 */

import { Way } from './mix-way.js';
import { Worklet } from './mix-worklet.js';

export { loadMix } from './mix-worklet.js';

/**
 * @typedef {object} Readings
 * @property {number} momentary of the newest 400 ms, in LUFS; -Infinity is silence
 * @property {number} shortTerm of the newest 3 s, in LUFS
 * @property {number} integrated gated, since the beginning or the last reset, in LUFS
 * @property {number} truePeak the highest since then, in dBTP
 */

/**
 * Keeps what goes through it below a ceiling (AU-2); what stays below passes unchanged, 1.5 ms later. `AudioNode`s are
 * connected with its `input` and `output`, which stay the same whatever happens behind them.
 */
export class Limiter {
  #worklet;
  #way;
  #fallback;

  /** By how much it turned down at most in the last tenth of a second, in dB; 0: nothing. */
  reductionDb = 0;

  /**
   * @param {BaseAudioContext} context
   * @param {object} [options]
   * @param {number} [options.ceiling_db] in dBFS
   * @param {{ input: AudioNode, output: AudioNode, close?: () => void }} [options.fallback] what the sound goes through
   *   instead while there is no worklet; it is closed with the limiter. Without it, it goes straight
   */
  constructor(context, { ceiling_db = -1, fallback } = {}) {
    this.#fallback = fallback;
    this.#way = new Way(context, fallback);
    this.#worklet = /** @type {Worklet<{ reductionDb: number }>} */ (
      new Worklet(context, 'parlor-limiter', { ceiling_db }, {
        onReady: (node, isLate) => this.#way.through(node, isLate),
        onReport: ({ reductionDb }) => (this.reductionDb = reductionDb),
        onFault: (node) => {
          this.reductionDb = 0;
          this.#way.round(node);
        },
      })
    );
  }

  /** @returns {AudioNode} */
  get input() {
    return this.#way.input;
  }

  /** @returns {AudioNode} */
  get output() {
    return this.#way.output;
  }

  /** Whether sound goes round the worklet. */
  get isBypassed() {
    return this.#worklet.node === undefined;
  }

  close() {
    this.#worklet.close();
    this.#way.close();
    this.#fallback?.close?.();
  }
}

/** Silence, and what a meter reads that isn't there. @type {Readonly<Readings>} */
const NOTHING = { momentary: -Infinity, shortTerm: -Infinity, integrated: -Infinity, truePeak: -Infinity };

/** Loudness by ITU-R BS.1770-5 and EBU R 128 (AU-3), of both channels. */
export class LoudnessMeter {
  #worklet;
  #measured;
  /** @type {Readonly<Readings>} */
  #readings = NOTHING;

  /** @param {AudioNode} measured */
  constructor(measured) {
    this.#measured = measured;
    this.#worklet = /** @type {Worklet<Readings>} */ (
      new Worklet(
        measured.context,
        'parlor-loudness',
        {},
        {
          onReady: (node) => measured.connect(node),
          onReport: (readings) => (this.#readings = readings),
          onFault: (node) => {
            part(measured, node);
            this.#readings = NOTHING;
          },
        },
        { numberOfOutputs: 0, outputChannelCount: [] },
      )
    );
  }

  /** What it read last; new about ten times a second. @returns {Readonly<Readings>} */
  loudness() {
    return this.#readings;
  }

  /** Forgets what it heard: integrated loudness and true peak begin anew. */
  reset() {
    this.#readings = NOTHING;
    this.#worklet.send({ reset: true });
  }

  close() {
    const { node } = this.#worklet;
    // The node would be kept, and called, for as long as something leads into it.
    if (node) part(this.#measured, node);
    this.#worklet.close();
    this.#readings = NOTHING;
  }
}

/**
 * Takes one node out of another, if the other's owner has not done so.
 * @param {AudioNode} from
 * @param {AudioNode} to
 */
function part(from, to) {
  try {
    from.disconnect(to);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'InvalidAccessError')) throw error;
  }
}

/** Brings one voice slowly to a loudness. Off, which it is at first, it is exactly unity. */
export class Leveller {
  #worklet;
  #way;
  #isOn = false;
  #targetLufs;

  /** What it adds at present, in dB. */
  gainDb = 0;

  /**
   * @param {BaseAudioContext} context
   * @param {object} [options]
   * @param {number} [options.target_lufs] where to bring the voice
   */
  constructor(context, { target_lufs = -23 } = {}) {
    this.#targetLufs = target_lufs;
    this.#way = new Way(context);
    this.#worklet = /** @type {Worklet<{ gainDb: number }>} */ (
      new Worklet(context, 'parlor-leveller', { target_lufs }, {
        onReady: (node, isLate) => {
          this.#way.through(node, isLate);
          if (this.#isOn) node.port.postMessage(this.#settings);
        },
        onReport: ({ gainDb }) => (this.gainDb = gainDb),
        onFault: (node) => {
          this.gainDb = 0;
          this.#way.round(node);
        },
      })
    );
  }

  /** @returns {AudioNode} */
  get input() {
    return this.#way.input;
  }

  /** @returns {AudioNode} */
  get output() {
    return this.#way.output;
  }

  get isOn() {
    return this.#isOn;
  }

  set isOn(isOn) {
    this.#isOn = isOn;
    this.#worklet.send(this.#settings);
  }

  get targetLufs() {
    return this.#targetLufs;
  }

  set targetLufs(target_lufs) {
    if (!Number.isFinite(target_lufs)) throw new RangeError(`A target is a number of LUFS, not ${target_lufs}.`);
    this.#targetLufs = target_lufs;
    this.#worklet.send(this.#settings);
  }

  close() {
    this.#worklet.close();
    this.#way.close();
  }

  get #settings() {
    return { isOn: this.#isOn, target_lufs: this.#targetLufs };
  }
}
