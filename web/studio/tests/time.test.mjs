// Times as people read them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, duration, secondsUntil } from '../time.js';

test('elapsed time: minutes and seconds, hours when there are any', () => {
  assert.equal(duration(0), '0:00');
  assert.equal(duration(245_900), '4:05');
  assert.equal(duration(3_845_000), '1:04:05');
  assert.equal(duration(-5), '0:00', 'a clock that was set back counts from zero');
});

test('a countdown shows whole seconds and ends when its moment has come', () => {
  assert.equal(secondsUntil(3_500, 1_000), 3);
  assert.equal(secondsUntil(1_000, 1_000), null);
  assert.equal(secondsUntil(null, 1_000), null);
});

test('the time of day has two digits each', () => {
  assert.equal(clock(new Date(2026, 10, 21, 9, 5)), '09:05');
});
