/**
 * How well a call works, from what is measured of it. The bounds are those of the studio (`parlor-connect`: `health.rs`):
 * above a round trip of 200 ms nothing is good.
 */

/** @import { StatsSample } from './core-types.d.ts' */
/** @import { Grade } from './messages.d.ts' */

/**
 * @typedef {object} CallQuality
 * @property {Grade} grade `good`: nobody notices anything; `fair`: now and then; `poor`: it disturbs; `lost`: there is no path
 * @property {number | null} roundTripMs
 * @property {number} lossPercent of the packets since the sample before, to one digit
 * @property {number | null} jitterMs
 * @property {number} inKbps
 * @property {number} outKbps
 * @property {number | null} availableOutKbps
 */

const ROUND_TRIP_GOOD_MS = 200;
const ROUND_TRIP_FAIR_MS = 800;
const LOSS_FAIR_PERCENT = 2;
const LOSS_POOR_PERCENT = 10;
const JITTER_GOOD_MS = 50;
const JITTER_FAIR_MS = 150;

/**
 * @param {StatsSample} sample
 * @param {StatsSample | null} before
 * @param {number} elapsedMs between the two
 * @returns {Readonly<CallQuality>}
 */
export function callQuality(sample, before, elapsedMs) {
  const since = (/** @type {'packetsReceived' | 'packetsLost' | 'bytesReceived' | 'bytesSent'} */ name) =>
    before ? Math.max(sample[name] - before[name], 0) : 0;
  const lost = since('packetsLost');
  const all = lost + since('packetsReceived');
  const lossPercent = all > 0 ? Math.round((1_000 * lost) / all) / 10 : 0;
  const kbps = (/** @type {number} */ bytes) => (elapsedMs > 0 ? Math.round((8 * bytes) / elapsedMs) : 0);
  return Object.freeze({
    grade: gradeOf(sample.roundTripMs, lossPercent, sample.jitterMs),
    roundTripMs: sample.roundTripMs,
    lossPercent,
    jitterMs: sample.jitterMs,
    inKbps: kbps(since('bytesReceived')),
    outKbps: kbps(since('bytesSent')),
    availableOutKbps: sample.availableOutKbps,
  });
}

/**
 * @param {number | null} roundTripMs
 * @param {number} lossPercent
 * @param {number | null} jitterMs
 * @returns {Grade}
 */
export function gradeOf(roundTripMs, lossPercent, jitterMs) {
  if ((roundTripMs ?? 0) > ROUND_TRIP_FAIR_MS || lossPercent >= LOSS_POOR_PERCENT || (jitterMs ?? 0) > JITTER_FAIR_MS) return 'poor';
  if ((roundTripMs ?? 0) > ROUND_TRIP_GOOD_MS || lossPercent >= LOSS_FAIR_PERCENT || (jitterMs ?? 0) > JITTER_GOOD_MS) return 'fair';
  return 'good';
}
