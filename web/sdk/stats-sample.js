/**
 * The figures of one RTCPeerConnection, out of what `getStats` reports (W3C WebRTC Statistics, sections 8.3, 8.5, 8.20
 * and 8.22). What they mean is decided in the core.
 */

/** @import { StatsSample } from './core-types.d.ts' */

/**
 * @typedef {Partial<RTCInboundRtpStreamStats & RTCIceCandidatePairStats & RTCTransportStats> & { roundTripTime?: number,
 *   id: string, type: string,
 *   selected?: boolean }} AnyStats
 */

/**
 * @param {Iterable<[string, unknown]>} report as an RTCStatsReport is iterated
 * @returns {StatsSample}
 */
export function statsSample(report) {
  const sample = { packetsReceived: 0, packetsLost: 0, bytesReceived: 0, bytesSent: 0 };
  /** @type {number[]} */
  const jitters = [];
  const stats = [...report].map(([, one]) => /** @type {AnyStats} */ (one));
  for (const one of stats) {
    if (one.type !== 'inbound-rtp') continue;
    sample.packetsReceived += one.packetsReceived ?? 0;
    // Duplicates can make it negative.
    sample.packetsLost += Math.max(one.packetsLost ?? 0, 0);
    if (one.jitter !== undefined) jitters.push(one.jitter);
  }
  const pair = selectedPair(stats);
  const path = stats.find(({ type, bytesReceived }) => type === 'transport' && bytesReceived !== undefined) ?? pair;
  // What the other side's RTCP reports say, where the browser does not tell that of the pair.
  const reported = stats.find(({ type, roundTripTime }) => type === 'remote-inbound-rtp' && roundTripTime !== undefined);
  sample.bytesReceived = path?.bytesReceived ?? 0;
  sample.bytesSent = path?.bytesSent ?? 0;
  return {
    ...sample,
    roundTripMs: wholeOrNull(pair?.currentRoundTripTime ?? reported?.roundTripTime, 1_000),
    jitterMs: wholeOrNull(jitters.length > 0 ? Math.max(...jitters) : undefined, 1_000),
    availableOutKbps: wholeOrNull(pair?.availableOutgoingBitrate, 1 / 1_000),
  };
}

/**
 * The candidate pair in use: the transport names it; Firefox marks it instead.
 * @param {AnyStats[]} stats
 * @returns {AnyStats | undefined}
 */
export function selectedPair(stats) {
  const named = stats.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId);
  const pairs = stats.filter(({ type }) => type === 'candidate-pair');
  return pairs.find(({ id }) => id === named?.selectedCandidatePairId) ?? pairs.find(({ selected }) => selected);
}

/**
 * @param {number | undefined} value
 * @param {number} scale
 * @returns {number | null}
 */
function wholeOrNull(value, scale) {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * scale);
}
