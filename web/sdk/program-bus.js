/**
 * The program: the sum of all participants, a limiter that keeps it from clipping (AU-2), and a meter behind that.
 * Below the limiter's threshold it is exactly the sum.
 */

import { LevelMeter } from './level-meter.js';

/** Where limiting begins, and how hard. */
const THRESHOLD_DB = -6;
const RATIO = 20;
/** What passes the compressor in its first milliseconds is cut off here: -0.1 dBFS. */
const CEILING = 10 ** (-0.1 / 20);
const CURVE_POINTS = 4_097;

export class ProgramBus {
  #sum;
  #meter;
  #nodes;

  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.#sum = new GainNode(context);
    const limiter = new DynamicsCompressorNode(context, {
      threshold: THRESHOLD_DB,
      knee: 0,
      ratio: RATIO,
      attack: 0.001,
      release: 0.1,
    });
    const unity = new GainNode(context, { gain: makeupCompensation() });
    const guard = new WaveShaperNode(context, { curve: guardCurve(), oversample: 'none' });
    // Safari suspends a graph whose gains are all zero. A constant of -120 dBFS, which nobody hears, keeps it awake.
    const awake = new ConstantSourceNode(context, { offset: 1e-6 });
    this.#sum.connect(limiter).connect(unity).connect(guard).connect(context.destination);
    awake.connect(context.destination);
    awake.start();
    this.#nodes = [this.#sum, limiter, unity, guard, awake];
    this.#meter = new LevelMeter(guard);
  }

  /** Where the participants' gains go in. @returns {AudioNode} */
  get input() {
    return this.#sum;
  }

  /** What is heard. @returns {import('./level-meter.js').Level} */
  level() {
    return this.#meter.level();
  }

  close() {
    this.#meter.close();
    for (const node of this.#nodes) node.disconnect();
  }
}

/**
 * A DynamicsCompressorNode adds a make-up gain that can't be switched off: (1 / its gain at full scale) ^ 0.6 (Web
 * Audio API, section 1.19.5). This takes it off again, so that 100 % is unity.
 * @returns {number}
 */
export function makeupCompensation() {
  const fullScale_db = THRESHOLD_DB - THRESHOLD_DB / RATIO;
  return 10 ** ((fullScale_db / 20) * 0.6);
}

/** The identity, flat beyond the ceiling; a WaveShaperNode clamps what lies beyond ±1 to the curve's ends. */
function guardCurve() {
  const curve = new Float32Array(CURVE_POINTS);
  for (let i = 0; i < CURVE_POINTS; i += 1) {
    const x = (2 * i) / (CURVE_POINTS - 1) - 1;
    curve[i] = Math.min(Math.max(x, -CEILING), CEILING);
  }
  return curve;
}
