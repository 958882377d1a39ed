/**
 * The hub with real browsers at its ends: a star of bare pages, by the protocol alone.
 */

import assert from 'node:assert/strict';
import { StarGuest } from '../lib/star.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

scenario('VC-1 VC-2 a star of Chromium and Firefox: each sends once and hears all others by their slots; who leaves is gone from them', async (stage) => {
  const ann = await StarGuest.join(stage, 'ann', 'chromium');
  const bob = await StarGuest.join(stage, 'bob', 'firefox');
  const cat = await StarGuest.join(stage, 'cat', 'chromium');
  await ann.hears('bob', 'cat');
  await bob.hears('ann', 'cat');
  await cat.hears('ann', 'bob');

  await bob.page.close();
  await ann.hears('cat');
  await cat.hears('ann');
  const left = await until('cat is told', () => cat.frames('user-left-room'), { good: (frames) => frames.length > 0 });
  assert.deepEqual(left[0].data.participants.map((/** @type {{ id: string }} */ { id }) => id), ['ann', 'cat']);
});
