/** Measures what flows through a point of the audio graph: RMS and peak of the newest 43 ms (2,048 samples). */

/**
 * @typedef {object} Level
 * @property {number} rms in dBFS: 0 is a full-scale square wave, -3 a full-scale sine; -Infinity is silence
 * @property {number} peak in dBFS
 */

/** Samples of one look: at 48 kHz 43 ms, a little more than two frames of the display. */
const WINDOW_SAMPLES = 2_048;
/** Below -160 dBFS lies only what rounding leaves of a gain that glides to zero. */
const SILENCE = 1e-8;

/** @type {Readonly<Level>} */
export const SILENT = { rms: -Infinity, peak: -Infinity };

export class LevelMeter {
  #analyser;
  #samples = new Float32Array(WINDOW_SAMPLES);

  /**
   * @param {AudioNode} measured several channels are measured as their mean
   */
  constructor(measured) {
    this.#analyser = new AnalyserNode(measured.context, { fftSize: WINDOW_SAMPLES });
    measured.connect(this.#analyser);
  }

  /** @returns {Level} */
  level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  close() {
    this.#analyser.disconnect();
  }
}

/**
 * @param {Float32Array} samples
 * @returns {Level}
 */
export function levelOf(samples) {
  let peak = 0;
  let sum = 0;
  for (const sample of samples) {
    peak = Math.max(peak, Math.abs(sample));
    sum += sample * sample;
  }
  return { rms: decibels(Math.sqrt(sum / Math.max(samples.length, 1))), peak: decibels(peak) };
}

/**
 * @param {number} amplitude
 * @returns {number}
 */
function decibels(amplitude) {
  return amplitude < SILENCE ? -Infinity : 20 * Math.log10(amplitude);
}
