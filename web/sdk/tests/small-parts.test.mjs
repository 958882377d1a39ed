// The parts that need no other: ids, levels, the limiter's arithmetic, what was seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { randomId } from '../ids.js';
import { levelOf } from '../level-meter.js';
import { makeupCompensation } from '../native-limiter.js';
import { Seen } from '../seen.js';

test('random ids are of the contract\'s alphabet and never the same', () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => randomId('u')));
  assert.equal(ids.size, 1_000);
  for (const id of ids) assert.match(id, /^u-[a-z0-9]{16}$/);
});

test('AU-3 levels are in dBFS: a full-scale sine is -3 RMS and 0 peak, half of it 6 less, silence -Infinity', () => {
  const sine = (amplitude) => Float32Array.from({ length: 4_800 }, (_, i) => amplitude * Math.sin((2 * Math.PI * i) / 48));
  const near = (value, wanted) => assert.ok(Math.abs(value - wanted) < 0.01, `${value} is about ${wanted}`);
  near(levelOf(sine(1)).rms, -3.01);
  near(levelOf(sine(1)).peak, 0);
  near(levelOf(sine(0.5)).rms, -9.03);
  assert.deepEqual(levelOf(new Float32Array(128)), { rms: -Infinity, peak: -Infinity });
});

test('AU-2 the limiter\'s make-up gain is taken off again', () => {
  // Threshold -6 dB, ratio 20: full scale comes out at -5.7 dB, of which the compressor gives back 60 %.
  assert.ok(Math.abs(20 * Math.log10(makeupCompensation()) - -3.42) < 1e-9);
});

test('only the newest 1,000 are remembered', () => {
  const seen = new Seen();
  for (let i = 0; i < 1_001; i += 1) assert.equal(seen.add(String(i)), true);
  assert.equal(seen.add('1000'), false);
  assert.equal(seen.add('0'), true, 'forgotten');
});
