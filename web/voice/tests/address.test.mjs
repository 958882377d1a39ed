// What the address asks for, and what a microphone's refusal means.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askedFor, channelId, cleanName } from '../address.js';
import { problemOf } from '../../sdk/capture-problem.js';

test('the address says name, muted, push to talk and autostart', () => {
  assert.deepEqual(askedFor(''), { name: '', isMuted: false, isPushToTalk: false, isAutostart: false });
  assert.deepEqual(askedFor('?name=Ada%20L&muted=1&ptt=1&autostart=1'), { name: 'Ada L', isMuted: true, isPushToTalk: true, isAutostart: true });
  assert.equal(askedFor('?muted=0&ptt=yes').isMuted, false);
});

test('the fragment is the channel, or becomes one', () => {
  assert.equal(channelId('#lounge'), 'lounge');
  assert.equal(channelId('#raid@guild:4.2'), 'raid@guild:4.2');
  assert.equal(channelId('#Caf%C3%A9%20%26%20Bar'), 'cafe-bar');
  assert.equal(channelId('Our Lounge!'), 'our-lounge');
  assert.equal(channelId(`#${'x'.repeat(65)}`), 'x'.repeat(64));
  assert.equal(channelId('#%'), null);
  assert.equal(channelId(''), null);
});

test('a name has no controls, no turned direction, and an end', () => {
  assert.equal(cleanName('  Ada\u0000\u202e '), 'Ada');
  assert.equal([...cleanName('😀'.repeat(70))].length, 64);
});

test('why there is no microphone', () => {
  const of = (name) => problemOf(new DOMException('', name));
  assert.deepEqual(['NotAllowedError', 'NotFoundError', 'NotReadableError', 'InsecureError', 'TypeError'].map(of), ['denied', 'missing', 'busy', 'insecure', 'unsupported']);
});
