// Which devices are offered, out of what the browser lists.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choices, defaultLabel } from '../device-list.js';

const listed = [
  { kind: 'audioinput', deviceId: 'default', label: 'Default - USB microphone' },
  { kind: 'audioinput', deviceId: 'communications', label: 'Communications - Headset' },
  { kind: 'audioinput', deviceId: 'a', label: 'USB microphone' },
  { kind: 'audioinput', deviceId: 'b', label: 'Headset - left' },
  { kind: 'videoinput', deviceId: '', label: '' },
  { kind: 'audiooutput', deviceId: 'c', label: 'Speakers' },
];

test('GP-5 the browser’s names for the system’s preference are no devices of their own', () => {
  assert.deepEqual(choices(listed, 'audioinput'), [{ id: 'a', label: 'USB microphone' }, { id: 'b', label: 'Headset - left' }]);
  assert.deepEqual(choices(listed, 'audiooutput'), [{ id: 'c', label: 'Speakers' }]);
});

test('GP-5 what may not be known yet is not offered', () => {
  assert.deepEqual(choices(listed, 'videoinput'), []);
});

test('the default says which device it is, where the browser tells', () => {
  assert.equal(defaultLabel(listed, 'audioinput'), 'USB microphone');
  assert.equal(defaultLabel(listed, 'audiooutput'), '');
});
