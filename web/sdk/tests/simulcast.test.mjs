// In which sizes a camera is sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cameraLayers, setLayers } from '../simulcast.js';

const sizes = (height) => cameraLayers(height).filter(({ active }) => active).map(({ scaleResolutionDownBy, maxBitrate }) => [height / scaleResolutionDownBy, maxBitrate / 1_000]);

test('VC-1 the largest layer is the whole picture, however small that is', () => {
  assert.deepEqual(sizes(720), [[180, 150], [360, 500], [720, 1_700]]);
  assert.deepEqual(sizes(1_080), [[270, 500], [540, 1_700], [1_080, 1_700]]);
  assert.deepEqual(sizes(480), [[240, 500], [480, 1_700]]);
  assert.deepEqual(sizes(360), [[180, 150], [360, 500]]);
  assert.deepEqual(sizes(180), [[180, 150]]);
});

test('VC-1 a sender without simulcast, or a track of unknown size, stays as it is', async () => {
  const sender = (encodings) => ({ getParameters: () => ({ encodings }), setParameters: () => assert.fail('nothing to set') });
  await setLayers(sender([{}]), { getSettings: () => ({ height: 720 }) });
  await setLayers(sender([{}, {}, {}]), { getSettings: () => ({}) });
  const set = [];
  const three = { ...sender(['q', 'h', 'f'].map((rid) => ({ rid }))), setParameters: async (parameters) => set.push(parameters) };
  await setLayers(three, { getSettings: () => ({ height: 360 }) });
  assert.deepEqual(set[0].encodings.map(({ rid, active, scaleResolutionDownBy }) => [rid, active, scaleResolutionDownBy]), [['q', true, 2], ['h', true, 1], ['f', false, 1]]);
});
