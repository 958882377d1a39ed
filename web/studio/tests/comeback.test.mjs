// What one comes back to a room with, after a reload and after an end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveRoom, wishAgain } from '../comeback.js';

const session = (microphone, role = 'caller') => ({ roomId: 'tea', roomName: 'Tea', you: role && { role }, microphone });
const kept = (muted) => ({ roomId: 'tea', roomName: 'Tea', muted, isListener: false });

test('RR-8 a reload while the prompt is open comes back muted to whoever was; else the microphone counts', () => {
  for (const status of ['idle', 'asking', 'failed']) {
    assert.equal(liveRoom(session({ status, isLive: false }), kept(true)).muted, true, status);
    assert.equal(liveRoom(session({ status, isLive: false }), kept(false)).muted, false, status);
    assert.equal(liveRoom(session({ status, isLive: false }), null).muted, false, status);
  }
  assert.equal(liveRoom(session({ status: 'on', isLive: true }), kept(true)).muted, false);
  assert.equal(liveRoom(session({ status: 'on', isLive: false }), kept(false)).muted, true);
  assert.deepEqual(liveRoom(session({ status: 'idle', isLive: false }, 'listener'), null), { ...kept(false), isListener: true });
});

test('who joins again has the role and the mute of before', () => {
  const before = { roomId: 'tea', roomName: 'Tea' };
  assert.deepEqual(wishAgain(session({ status: 'on', isLive: false }, 'host'), kept(false)), { ...before, role: 'host', muted: true });
  assert.deepEqual(wishAgain(session({ status: 'failed', isLive: false }, 'listener'), kept(true)), { ...before, role: 'listener', muted: true });
  assert.deepEqual(wishAgain(session({ status: 'on', isLive: true }, ''), null), { ...before, role: undefined, muted: false });
});
