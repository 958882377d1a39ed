// What the debug view makes of the history and of getStats. The view itself is tested in real browsers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { History } from '../../sdk/history.js';
import { Digest, kindOf, qualityOf } from '../debug/digest.js';
import { flowsOf, pathOf } from '../debug/stats.js';

const which = { peer: 'ann', attempt: 1 };
const state = (status, more = {}) => ({ status, retryCount: 0, retryTimeout: null, isPolite: false, makingOffer: false, ignoreOffer: false, ...more });
const changed = (status, more) => ({ connectionStateChanged: { remotePeerId: 'ann', state: state(status, more) } });
const quality = (grade, roundTripMs = 20) => ({
  qualityChanged: { remotePeerId: 'ann', quality: { grade, roundTripMs, lossPermille: 0, jitterMs: 1, inKbps: 40, outKbps: 41, availableOutKbps: null } },
});
const history = () => new History({ id: 'bob', instance: 'i-bob', seed: 1, settings: {} });

test('CM-20 the digest reads each step once: states, figures, failures, and who is gone', () => {
  const told = history();
  const digest = new Digest();
  assert.equal(digest.take(undefined), false, 'the core is not loaded yet');
  told.add(1, 'signalingUp', [changed('connecting')]);
  assert.equal(digest.take(told), false, 'that was all');
  digest.take(told);
  told.add(2, undefined, [changed('connected')]);
  told.add(3, undefined, [quality('good')]);
  digest.take(told);
  const story = digest.stories.get('ann');
  assert.deepEqual(story.states.map(({ at, state: { status } }) => [at, status]), [[1, 'connecting'], [2, 'connected']]);
  assert.equal(kindOf(story), 'good');
  told.add(4, undefined, [changed('failed-permanent', { retryCount: 3 }), { connectionFailed: { remotePeerId: 'ann', reason: 'Max retries exceeded' } }]);
  digest.take(told);
  assert.deepEqual([kindOf(story), story.failure, qualityOf(story)], ['failed-permanent', 'Max retries exceeded', null]);
  told.add(5, { retry: { peer: 'ann' } }, [changed('connecting')]);
  told.add(6, undefined, [{ peerRemoved: { peer: 'ann' } }]);
  digest.take(told);
  assert.deepEqual([story.failure, story.isGone], [null, true]);
  assert.equal(kindOf(undefined), 'disconnected');
});

test('CM-20 figures from before the connection broke say nothing of it now', () => {
  const told = history();
  told.add(1, undefined, [changed('connected')]);
  told.add(2, undefined, [quality('poor')]);
  told.add(3, undefined, [changed('connecting')]);
  told.add(4, undefined, [changed('connected')]);
  const digest = new Digest();
  digest.take(told);
  const story = digest.stories.get('ann');
  assert.deepEqual([qualityOf(story), kindOf(story)], [null, 'connected']);
  told.add(5, undefined, [changed('connected', { makingOffer: true }), quality('fair')]);
  digest.take(told);
  assert.equal(kindOf(story), 'fair');
  told.add(6, undefined, [changed('connected')]);
  digest.take(told);
  assert.equal(kindOf(story), 'fair', 'a renegotiation is no break');
});

test('CM-20 the log has what came in, was ordered and said, each with whom it concerns', () => {
  const told = history();
  told.add(1, { signal: { type: 'offer', data: { from: 'ann', instance: 'i', sdp: 'v=0', attempt: 2, n: 3 } } }, [
    { open: { ...which, relayOnly: false } },
    { send: { type: 'answer', data: { to: 'ann', sdp: 'v=0', attempt: 2, n: 3 } } },
    changed('failed', { retryCount: 1, retryTimeout: 2000 }),
    { warning: { message: 'slow' } },
  ]);
  told.add(2, { stateChanged: { ...which, ice: 'checking', connection: 'connecting' } }, []);
  told.add(3, { statsSampled: which }, [quality('good')]);
  told.add(4, { statsSampled: which }, [quality('good', 21)]);
  told.add(5, undefined, [], 'dance: no such input');
  const digest = new Digest();
  digest.take(told);
  const lines = digest.log.map(({ peer, text, isFigure }) => `${isFigure ? '#' : ''}${peer}|${text}`);
  assert.deepEqual(lines, [
    'ann|← offer 2 3',
    'ann|· open 1',
    'ann|→ answer',
    'ann|= failed, retryCount 1, retryTimeout 2000 ms',
    '|slow',
    'ann|stateChanged 1 checking connecting',
    '#ann|statsSampled 1',
    'ann|= quality good',
    '#ann|statsSampled 1',
    '#ann|= quality good',
    '|dance: no such input',
  ]);
});

test('CM-20 the log keeps its newest lines and knows how many there were', () => {
  const told = history();
  const digest = new Digest();
  for (let at = 0; at < 6_000; at += 1) told.add(at, 'signalingUp', []);
  assert.equal(digest.take(told), true, 'the rest waits its turn');
  assert.equal(digest.take(told), false);
  assert.deepEqual([digest.log.length, digest.logged, digest.log.at(-1).at], [5_000, 6_000, 5_999]);
});

test('CM-20 of those who left the last 32 are remembered', () => {
  const told = history();
  const digest = new Digest();
  const came = (remotePeerId) => ({ connectionStateChanged: { remotePeerId, state: state('connected') } });
  told.add(0, undefined, [came('ann')]);
  for (let number = 0; number < 40; number += 1) told.add(1, undefined, [came(`p${number}`), { peerRemoved: { peer: `p${number}` } }]);
  digest.take(told);
  assert.deepEqual([digest.stories.size, digest.stories.has('ann'), digest.stories.has('p7'), digest.stories.has('p8')], [33, true, false, true]);
});

test('CM-20 what is gone before it was read is passed over', () => {
  const told = new History({ id: 'bob', instance: 'i-bob', seed: 1, settings: {} }, { stepsMax: 10 });
  const digest = new Digest();
  for (let at = 0; at < 25; at += 1) told.add(at, 'signalingUp', []);
  assert.equal(digest.take(told), false);
  assert.deepEqual([digest.log.length, digest.log.at(-1).at], [25 - told.dropped, 24]);
});

const candidates = [
  { id: 'l', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', address: '192.0.2.1', port: 5, relayProtocol: 'tcp' },
  { id: 'r', type: 'remote-candidate', candidateType: 'host', protocol: 'udp', address: '2001:db8::1', port: 6 },
];
const pair = (id, more) => ({ id, type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r', state: 'succeeded', ...more });

test('CM-20 the path in use: by the transport’s choice, by the mark, or by nomination', () => {
  const path = {
    local: { type: 'relay', protocol: 'udp', address: '192.0.2.1:5', relay: 'tcp' },
    remote: { type: 'host', protocol: 'udp', address: '[2001:db8::1]:6', relay: null },
    roundTripMs: 12,
  };
  const transport = { id: 't', type: 'transport', selectedCandidatePairId: 'b' };
  assert.deepEqual(pathOf([...candidates, pair('a', { nominated: true }), pair('b', { currentRoundTripTime: 0.0123 }), transport]), path);
  assert.deepEqual(pathOf([...candidates, pair('a', { nominated: true }), pair('b', { selected: true, currentRoundTripTime: 0.0123 })]), path);
  assert.deepEqual(pathOf([...candidates, pair('b', { nominated: true, currentRoundTripTime: 0.0123 })]), path);
  assert.equal(pathOf([...candidates, pair('a', { state: 'in-progress' })]), null);
  assert.equal(pathOf([]), null);
  assert.equal(pathOf([pair('b', { nominated: true })])?.local.address, '', 'addresses that the browser hides');
});

test('CM-20 what tracks carry, with what a browser leaves out', () => {
  const stats = [
    { id: 'c', type: 'codec', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
    { id: 'v', type: 'outbound-rtp', kind: 'video', packetsSent: 7, bytesSent: 9_400 },
    { id: 'i', type: 'inbound-rtp', kind: 'audio', codecId: 'c', packetsReceived: 100, packetsLost: 2, bytesReceived: 8_000,
      concealedSamples: 48, totalSamplesReceived: 96_000, jitterBufferDelay: 4_800, jitterBufferEmittedCount: 96_000 },
    { id: 'x', type: 'remote-inbound-rtp', packetsLost: 3 },
    { id: 'o', type: 'outbound-rtp', kind: 'audio', codecId: 'c', remoteId: 'x', packetsSent: 90, bytesSent: 7_600 },
  ];
  assert.deepEqual(flowsOf(stats), [
    { direction: 'in', kind: 'audio', codec: 'opus 48 kHz, 2 ch', packets: 100, lost: 2, kilobytes: 8, concealedPermille: 0.5, bufferMs: 50 },
    { direction: 'out', kind: 'audio', codec: 'opus 48 kHz, 2 ch', packets: 90, lost: 3, kilobytes: 8, concealedPermille: null, bufferMs: null },
    { direction: 'out', kind: 'video', codec: '', packets: 7, lost: null, kilobytes: 9, concealedPermille: null, bufferMs: null },
  ]);
});
