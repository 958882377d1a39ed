// Whether one is heard, and who speaks.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isOpen, Speech, toggledDeafen, toggledMute } from '../talk.js';

const plain = { isMuted: false, isDeafened: false, isPushToTalk: false, isTalking: false };

test('the microphone is open unless muted or deafened, and with push to talk only while something is held', () => {
  assert.equal(isOpen(plain), true);
  assert.equal(isOpen({ ...plain, isMuted: true }), false);
  assert.equal(isOpen({ ...plain, isDeafened: true }), false);
  const push = { ...plain, isPushToTalk: true };
  assert.equal(isOpen(push), false);
  assert.equal(isOpen({ ...push, isTalking: true }), true);
  assert.equal(isOpen({ ...push, isTalking: true, isMuted: true }), false, 'muted is muted');
});

test('who was muted before deafening still is afterwards, and who unmutes while deafened hears again', () => {
  const muted = toggledMute(plain);
  assert.equal(isOpen(toggledDeafen(toggledDeafen(muted))), false);
  assert.equal(isOpen(toggledDeafen(toggledDeafen(plain))), true);
  assert.deepEqual(toggledMute(toggledDeafen(muted)), plain);
});

test('speech is heard at once, and goes on over the gaps between words', () => {
  const speech = new Speech();
  assert.equal(speech.hear(0, -Infinity), false);
  assert.equal(speech.hear(10, -46), false);
  assert.equal(speech.hear(20, -30), true);
  assert.equal(speech.hear(500, -60), true);
  assert.equal(speech.hear(600, -60), false);
});
