/**
 * Flows over time: what the incoming audio of a page counts between two looks, when each voice was first heard, and for
 * how long one was missing. One look now is `audio.mjs`' work.
 */

/**
 * @typedef {object} Flow one incoming audio track
 * @property {string} key the same for the same flow at every look
 * @property {number} packets received
 * @property {number} samples played, made up ones included
 * @property {number} concealed samples that were made up because their packets were missing
 */

/**
 * @param {import('./page.mjs').Studio} studio
 * @returns {Promise<Flow[]>} of the connections that are not closed
 */
export function flowsOf(studio) {
  return studio.page.evaluate(async () => {
    const flows = [];
    for (const [index, connection] of window.parlorProbe.connections.entries()) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
        flows.push({
          key: `${index} ${report.ssrc}`,
          packets: report.packetsReceived,
          samples: report.totalSamplesReceived ?? 0,
          concealed: report.concealedSamples ?? 0,
        });
      }
    }
    return flows;
  });
}

/**
 * What the flows that were there both times have done in between.
 *
 * @param {Flow[]} before
 * @param {Flow[]} after
 * @returns {{ flows: number, packetsMin: number, concealed_permille: number }} of these flows the fewest packets, and
 *   of all their samples the part that was made up
 */
export function between(before, after) {
  const pairs = after.flatMap((flow) => before.filter(({ key }) => key === flow.key).map((old) => ({ old, flow })));
  const sum = (/** @type {'samples' | 'concealed'} */ what) => pairs.reduce((total, { old, flow }) => total + flow[what] - old[what], 0);
  return {
    flows: pairs.length,
    packetsMin: Math.min(...pairs.map(({ old, flow }) => flow.packets - old.packets)),
    concealed_permille: (1_000 * sum('concealed')) / Math.max(sum('samples'), 1),
  };
}

/**
 * From now on the page notes when each participant's strip first has sound; read by {@link arrivalsAt}.
 *
 * @param {import('./page.mjs').Studio} studio whose page has loaded
 */
export function watchArrivals(studio) {
  return studio.page.evaluate(() => {
    const arrivals = /** @type {Record<string, number>} */ ({});
    Object.assign(window.parlorProbe, { arrivals });
    setInterval(() => {
      for (const [id, strip] of window.parlor.audioGraph.participants) {
        if (!(id in arrivals) && strip.level().rms > -60) arrivals[id] = performance.timeOrigin + performance.now();
      }
    }, 25);
  });
}

/** @param {import('./page.mjs').Studio} studio @returns {Promise<number[]>} when, in ms since the epoch, one for each voice */
export function arrivalsAt(studio) {
  return studio.page.evaluate(() => Object.values(/** @type {any} */ (window.parlorProbe).arrivals));
}

/**
 * @typedef {object} Gap
 * @property {number} silence_ms the longest time without sound behind the participant's gain
 * @property {number} packets_ms the longest time in which no packet came
 */

/**
 * From now on the page watches for gaps in what comes from one participant, until they are read.
 *
 * @param {import('./page.mjs').Studio} listener
 * @param {import('./page.mjs').Studio} speaker
 * @returns {Promise<() => Promise<Gap>>} reads them; a gap that has not ended counts as long as it is
 */
export async function watchGaps(listener, speaker) {
  await listener.page.evaluate((id) => {
    const gaps = { silence_ms: 0, packets_ms: 0 };
    const now = () => performance.now();
    let heardAt = now();
    let packetsAt = now();
    let packets = -1;
    const hear = () => {
      const strip = window.parlor.audioGraph.participants.get(id);
      if (strip !== undefined && strip.level().rms > -60) heardAt = now();
      gaps.silence_ms = Math.max(gaps.silence_ms, now() - heardAt);
    };
    const count = async () => {
      let seen = 0;
      for (const connection of window.parlorProbe.connections) {
        if (connection.connectionState === 'closed') continue;
        for (const report of (await connection.getStats()).values()) {
          if (report.type === 'inbound-rtp' && report.kind === 'audio') seen += report.packetsReceived;
        }
      }
      // A new connection counts from zero; none at all counts nothing.
      if (seen !== packets && seen > 0) packetsAt = now();
      packets = seen;
      gaps.packets_ms = Math.max(gaps.packets_ms, now() - packetsAt);
    };
    const timers = [setInterval(hear, 20), setInterval(() => void count(), 50)];
    const read = () => {
      timers.forEach(clearInterval);
      return gaps;
    };
    Object.assign(window.parlorProbe, { readGaps: read });
  }, await speaker.ownId());
  return () => listener.page.evaluate(() => /** @type {any} */ (window.parlorProbe).readGaps());
}
