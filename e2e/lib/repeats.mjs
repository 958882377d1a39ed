/**
 * What was done again on connections, and why: each time a page's core restarted ICE or gave up a connection to make it
 * anew, with what it was told just then. Out of the history that the core's owner keeps (docs/debugging.md). How long a
 * page was kept from running is noted too, since a page that does not run for seconds misses deadlines.
 */

/**
 * @typedef {object} Repeat
 * @property {string} by whose page began again
 * @property {string} peer the other one's id
 * @property {number} attempt on which connection
 * @property {'restarted' | 'closed'} what
 * @property {string} cause what its core was told: the browser's word, or which time ran out
 * @property {number} at ms since the epoch
 */

/**
 * @param {import('./page.mjs').Studio} studio
 * @returns {Promise<Repeat[]>} in order, those with the hub aside; what somebody's leaving closed is none
 */
export function repeatsOf(studio) {
  return studio.page.evaluate((by) => {
    const repeats = /** @type {Repeat[]} */ ([]);
    for (const { at, input, did = [] } of window.parlor.connectionManager.history.toJSON().steps) {
      const cause = causeOf(input);
      if (cause === undefined) continue;
      for (const order of did) {
        const [name, peer, attempt] = order.split(' ');
        if (peer?.startsWith('hub/')) continue;
        const isFirst = did.includes(`open ${peer} ${attempt}`);
        if (name === 'close') repeats.push({ by, peer, attempt: Number(attempt), what: 'closed', cause, at });
        else if (name === 'createOffer' && !isFirst) repeats.push({ by, peer, attempt: Number(attempt), what: 'restarted', cause, at });
      }
    }
    return repeats;

    /** @param {any} input @returns {string | undefined} undefined: a reason to go on or to end, not to begin again */
    function causeOf(input) {
      if (input === undefined) return 'time ran out';
      if (input.stateChanged) return `the browser says: ICE ${input.stateChanged.ice}, connection ${input.stateChanged.connection}`;
      if (input.statsSampled) return 'no packet came for 5 s';
      if (input.signal?.type === 'offer') return 'the other side began anew';
      for (const failed of ['localDescriptionFailed', 'remoteDescriptionFailed', 'rollbackFailed']) {
        if (input[failed]) return `${failed}: ${input[failed].reason}`;
      }
      return undefined;
    }
  }, studio.name);
}

/** From now on the page notes for how long it was kept from running; read by {@link longestStall}. @param {import('./page.mjs').Studio} studio */
export function watchStalls(studio) {
  return studio.page.evaluate(() => {
    const stalls = { longest_ms: 0 };
    Object.assign(window.parlorProbe, { stalls });
    let last = performance.now();
    setInterval(() => {
      stalls.longest_ms = Math.max(stalls.longest_ms, performance.now() - last);
      last = performance.now();
    }, 25);
  });
}

/** @param {import('./page.mjs').Studio} studio @returns {Promise<number>} in ms */
export function longestStall(studio) {
  return studio.page.evaluate(() => /** @type {any} */ (window.parlorProbe).stalls.longest_ms);
}
