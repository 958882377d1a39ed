/**
 * How long to wait before the next try to reach the server: doubling, with a bound, and never the same for all pages,
 * or a restarted server would meet them all at once.
 */

const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const JITTER = 0.2;

/**
 * @param {number} attempt 1 for the first try after the loss
 * @param {() => number} [random] 0 ≤ … < 1
 * @returns {number} milliseconds: 500, 1,000, 2,000, … up to 10,000, each ± 20 %
 */
export function reconnectDelayMs(attempt, random = Math.random) {
  const doublings = Math.min(Math.max(attempt, 1) - 1, 10);
  const delay_ms = Math.min(FIRST_MS * 2 ** doublings, LONGEST_MS);
  return Math.round(delay_ms * (1 - JITTER + 2 * JITTER * random()));
}
