// What getStats says (W3C WebRTC Statistics), taken out for the debug view: the path that is used and what goes over it.
// Pure functions over a report; browsers differ in what they leave out, so every figure may be null.

/** @typedef {{type: string, protocol: string, address: string, relay: string|null}} End */

/** The path in use. `roundTripMs`: of the newest check. @typedef {{local: End, remote: End, roundTripMs: number|null}} Path */

/**
 * What one track carries. Counts since the connection was opened.
 * @typedef {object} Flow
 * @property {'in'|'out'} direction
 * @property {string} kind `audio` or `video`
 * @property {string} codec such as `opus 48 kHz, 2 ch`
 * @property {number|null} packets
 * @property {number|null} lost as this side counts, or the other side reports
 * @property {number|null} kilobytes
 * @property {number|null} concealedPermille of the samples played, those that had to be made up
 * @property {number|null} bufferMs what waits in the jitter buffer, on average
 */

/**
 * @param {Iterable<any>} stats the report's values
 * @returns {Path|null} null: no path has been chosen yet
 */
export function pathOf(stats) {
  const byId = new Map([...stats].map((entry) => [entry.id, entry]));
  const all = [...byId.values()];
  const transport = all.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId);
  // Firefox has no such id, but marks the pair.
  const pair =
    byId.get(transport?.selectedCandidatePairId) ??
    all.find(({ type, selected }) => type === 'candidate-pair' && selected) ??
    all.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
  if (pair === undefined) return null;
  const roundTrip = pair.currentRoundTripTime;
  return {
    local: endOf(byId.get(pair.localCandidateId)),
    remote: endOf(byId.get(pair.remoteCandidateId)),
    roundTripMs: typeof roundTrip === 'number' ? Math.round(roundTrip * 1000) : null,
  };
}

/**
 * @param {Iterable<any>} stats the report's values
 * @returns {Flow[]} what comes first, then what goes
 */
export function flowsOf(stats) {
  const byId = new Map([...stats].map((entry) => [entry.id, entry]));
  const flows = [...byId.values()].flatMap((entry) => {
    if (entry.type === 'inbound-rtp') return [inbound(entry, byId)];
    return entry.type === 'outbound-rtp' ? [outbound(entry, byId)] : [];
  });
  return flows.sort((a, b) => a.direction.localeCompare(b.direction) || a.kind.localeCompare(b.kind));
}

/** @param {any} entry @param {Map<string, any>} byId @returns {Flow} */
function inbound(entry, byId) {
  const { kind, packetsReceived, packetsLost, bytesReceived, concealedSamples, totalSamplesReceived } = entry;
  const { jitterBufferDelay, jitterBufferEmittedCount } = entry;
  return {
    direction: 'in',
    kind,
    codec: codecOf(byId.get(entry.codecId)),
    packets: packetsReceived ?? null,
    lost: packetsLost ?? null,
    kilobytes: kilobytes(bytesReceived),
    concealedPermille: totalSamplesReceived > 0 ? (concealedSamples / totalSamplesReceived) * 1000 : null,
    bufferMs: jitterBufferEmittedCount > 0 ? Math.round((jitterBufferDelay / jitterBufferEmittedCount) * 1000) : null,
  };
}

/** @param {any} entry @param {Map<string, any>} byId @returns {Flow} */
function outbound(entry, byId) {
  const { kind, packetsSent, bytesSent } = entry;
  return {
    direction: 'out',
    kind,
    codec: codecOf(byId.get(entry.codecId)),
    packets: packetsSent ?? null,
    lost: byId.get(entry.remoteId)?.packetsLost ?? null,
    kilobytes: kilobytes(bytesSent),
    concealedPermille: null,
    bufferMs: null,
  };
}

/** @param {any} candidate @returns {End} */
function endOf(candidate) {
  const { candidateType = '', protocol = '', address, port, relayProtocol } = candidate ?? {};
  const isSix = typeof address === 'string' && address.includes(':');
  return {
    type: candidateType,
    protocol,
    // Browsers hide addresses that the page was not told; the port alone says nothing.
    address: address ? `${isSix ? `[${address}]` : address}:${port}` : '',
    relay: relayProtocol ?? null,
  };
}

/** @param {any} codec */
function codecOf(codec) {
  if (codec === undefined) return '';
  const { mimeType = '', clockRate, channels } = codec;
  const name = mimeType.split('/').at(-1);
  return `${name} ${clockRate / 1000} kHz${channels > 1 ? `, ${channels} ch` : ''}`;
}

/** @param {number|undefined} bytes */
function kilobytes(bytes) {
  return bytes === undefined ? null : Math.round(bytes / 1000);
}
