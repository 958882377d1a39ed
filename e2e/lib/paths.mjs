/** By which path a page's connections go. */

/**
 * The selected pairs of candidates of a page's connections that are connected, as seen from there.
 *
 * @param {import('./page.mjs').Studio} person
 * @returns {Promise<{ local: string, remote: string, relayProtocol: string | undefined }[]>}
 */
export function pathsOf({ page }) {
  return page.evaluate(async () => {
    const paths = [];
    for (const connection of window.parlorProbe.connections) {
      if (connection.connectionState !== 'connected') continue;
      const stats = /** @type {Map<string, any>} */ (/** @type {unknown} */ (await connection.getStats()));
      for (const transport of stats.values()) {
        const pair = transport.type === 'transport' ? stats.get(transport.selectedCandidatePairId) : undefined;
        if (pair === undefined) continue;
        const local = stats.get(pair.localCandidateId);
        paths.push({ local: local.candidateType, remote: stats.get(pair.remoteCandidateId).candidateType, relayProtocol: local.relayProtocol });
      }
    }
    return paths;
  });
}
