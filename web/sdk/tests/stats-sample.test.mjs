// The figures taken out of a browser's report, in the two shapes that browsers have.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { statsSample } from '../stats-sample.js';

/** @param {object[]} stats */
const report = (...stats) => new Map(stats.map((one) => [one.id, one]));

test('CM-17 Chromium: the transport names the pair in use; counters are summed over the tracks', () => {
  const sample = statsSample(report(
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P2', bytesSent: 5_500, bytesReceived: 7_700 },
    { id: 'P1', type: 'candidate-pair', bytesSent: 9, bytesReceived: 9, currentRoundTripTime: 9 },
    { id: 'P2', type: 'candidate-pair', bytesSent: 5_000, bytesReceived: 7_000, currentRoundTripTime: 0.0314, availableOutgoingBitrate: 299_600 },
    { id: 'A', type: 'inbound-rtp', kind: 'audio', packetsReceived: 500, packetsLost: 3, jitter: 0.004 },
    { id: 'V', type: 'inbound-rtp', kind: 'video', packetsReceived: 900, packetsLost: -2, jitter: 0.0126 },
    { id: 'R', type: 'remote-inbound-rtp', roundTripTime: 5 },
  ));
  assert.deepEqual(sample, {
    packetsReceived: 1_400, packetsLost: 3, bytesReceived: 7_700, bytesSent: 5_500,
    roundTripMs: 31, jitterMs: 13, availableOutKbps: 300,
  });
});

test('CM-17 Firefox: the pair in use is marked; without its round trip, the one of the RTCP reports counts', () => {
  const sample = statsSample(report(
    { id: 'P1', type: 'candidate-pair', selected: false, bytesSent: 1 },
    { id: 'P2', type: 'candidate-pair', selected: true, bytesSent: 50, bytesReceived: 70 },
    { id: 'A', type: 'inbound-rtp', kind: 'audio', packetsReceived: 10 },
    { id: 'R', type: 'remote-inbound-rtp', roundTripTime: 0.25 },
  ));
  assert.deepEqual(sample, {
    packetsReceived: 10, packetsLost: 0, bytesReceived: 70, bytesSent: 50,
    roundTripMs: 250, jitterMs: null, availableOutKbps: null,
  });
});

test('CM-17 before anything flows, nothing is known', () => {
  assert.deepEqual(statsSample(report()), {
    packetsReceived: 0, packetsLost: 0, bytesReceived: 0, bytesSent: 0, roundTripMs: null, jitterMs: null, availableOutKbps: null,
  });
});
