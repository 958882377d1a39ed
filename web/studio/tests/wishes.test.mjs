// Which pictures a page wants of a hub, by what is on it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { wishes } from '../wishes.js';

const camera = (id, height, isInView = true) => ({ id, source: 'camera', height, isInView });

test('VC-1 the large picture comes first and as large as it comes, tiles as small as they are', () => {
  const places = [camera('ann', 150), { id: 'bob', source: 'screen', height: 900, isInView: true }, camera('cat', 300)];
  assert.deepEqual(wishes(places, false), [
    { userId: 'bob', source: 'screen' },
    { userId: 'cat', source: 'camera', maxHeight: 360 },
    { userId: 'ann', source: 'camera', maxHeight: 180 },
  ]);
});

test('VC-1 what is out of sight is wanted last and small, what does not come is wanted where its place is in sight', () => {
  const places = [camera('ann', 700, false), camera('bob', null), camera('cat', 100), camera('dan', null, false)];
  assert.deepEqual(wishes(places, false), [
    { userId: 'cat', source: 'camera', maxHeight: 180 },
    { userId: 'bob', source: 'camera', maxHeight: 180 },
    { userId: 'ann', source: 'camera', maxHeight: 180 },
    { userId: 'dan', source: 'camera', maxHeight: 180 },
  ]);
});

test('VC-1 a hidden page wants no pictures', () => {
  assert.deepEqual(wishes([camera('ann', 700)], true), []);
});
