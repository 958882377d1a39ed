/**
 * Waiting for conditions. Nothing in these tests sleeps and hopes.
 */

/** How long a condition may take: that of a second on a machine at rest can be a minute's on one with two busy cores. */
export const patienceMs = 60_000;

/**
 * Asks again and again until the answer is good, and returns that answer.
 *
 * @template T
 * @param {string} what the condition in words, for the failure's message
 * @param {() => T | Promise<T>} ask
 * @param {{ good?: (answer: T) => unknown, timeoutMs?: number, everyMs?: number }} [options] `good`: is this the
 *   answer waited for (default: is it truthy)
 * @returns {Promise<T>}
 */
export async function until(what, ask, { good = Boolean, timeoutMs = patienceMs, everyMs = 50 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let answer;
    let failure;
    try {
      answer = await ask();
      if (good(answer)) return answer;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) {
      const last = failure === undefined ? `last seen: ${inWords(answer)}` : `last failure: ${inWords(failure)}`;
      throw new Error(`not within ${timeoutMs} ms: ${what}; ${last}`, { cause: failure });
    }
    await pauseMs(everyMs);
  }
}

/**
 * Watches that something stays true for a while: the one case in which time itself is the condition.
 *
 * @template T
 * @param {string} what
 * @param {number} durationMs
 * @param {() => T | Promise<T>} ask
 * @param {(answer: T) => unknown} good
 */
export async function holdsFor(what, durationMs, ask, good) {
  const end = Date.now() + durationMs;
  while (Date.now() < end) {
    const answer = await ask();
    if (!good(answer)) throw new Error(`did not stay so for ${durationMs} ms: ${what}; seen: ${inWords(answer)}`);
    await pauseMs(50);
  }
}

/** @param {number} durationMs */
export function pauseMs(durationMs) {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** @param {unknown} value */
function inWords(value) {
  if (value instanceof Error) return value.message;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}
