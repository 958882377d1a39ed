/**
 * A limiter of the browser's own nodes: what keeps a sum from clipping where the limiter of `mix-nodes.js` is not
 * there, because it is being loaded, or has failed, or the browser has no AudioWorklet. Below its threshold it is
 * exactly the sum.
 */

/** Where limiting begins, and how hard. */
const THRESHOLD_DB = -6;
const RATIO = 20;
/** What passes the compressor in its first milliseconds is cut off here: -0.1 dBFS. */
const CEILING = 10 ** (-0.1 / 20);
const CURVE_POINTS = 4_097;

export class NativeLimiter {
  #nodes;

  /** @param {BaseAudioContext} context */
  constructor(context) {
    const limiter = new DynamicsCompressorNode(context, {
      threshold: THRESHOLD_DB,
      knee: 0,
      ratio: RATIO,
      attack: 0.001,
      release: 0.1,
    });
    const unity = new GainNode(context, { gain: makeupCompensation() });
    const guard = new WaveShaperNode(context, { curve: guardCurve(), oversample: 'none' });
    limiter.connect(unity).connect(guard);
    this.#nodes = [limiter, unity, guard];
    /** What is to be limited. @type {AudioNode} */
    this.input = limiter;
    /** What came of it. @type {AudioNode} */
    this.output = guard;
  }

  close() {
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
