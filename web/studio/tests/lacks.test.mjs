// What the browser, the address or the device lacks is found before the person runs into it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLacks, findMicrophoneLacks, mayFeedBack } from '../lacks.js';
import { texts } from '../texts.js';

const complete = {
  RTCPeerConnection: class {},
  WebAssembly,
  AudioContext: class {},
  isSecureContext: true,
  navigator: { mediaDevices: {}, onLine: true },
};
const ids = (world) => findLacks({ ...complete, ...world }).map(({ id }) => id);
const devices = (...kinds) => ({ mediaDevices: { enumerateDevices: async () => kinds.map((kind) => ({ kind })) } });

test('a complete browser lacks nothing', () => {
  assert.deepEqual(findLacks(complete), []);
});

test('without WebRTC, WebAssembly or Web Audio nothing can be joined', () => {
  for (const [part, id] of [['RTCPeerConnection', 'webrtc'], ['WebAssembly', 'webassembly'], ['AudioContext', 'webaudio']]) {
    assert.deepEqual(findLacks({ ...complete, [part]: undefined }), [{ id, blocks: true }]);
  }
});

test('an insecure address and a device that is offline are said, and block nothing', () => {
  assert.deepEqual(ids({ isSecureContext: false, navigator: { onLine: true } }), ['insecure']);
  assert.deepEqual(ids({ navigator: { onLine: false } }), ['offline', 'nodevices']);
  assert.ok(findLacks({ ...complete, isSecureContext: false }).every(({ blocks }) => !blocks));
});

test('no microphone, or a blocked one, is found without opening a prompt', async () => {
  assert.deepEqual(await findMicrophoneLacks(devices('audiooutput', 'videoinput')), [{ id: 'nomicrophone', blocks: false }]);
  assert.deepEqual(await findMicrophoneLacks(devices('audioinput')), []);
  const blocked = { ...devices('audioinput'), permissions: { query: async () => ({ state: 'denied' }) } };
  assert.deepEqual(await findMicrophoneLacks(blocked), [{ id: 'blocked', blocks: false }]);
  const unaskable = { ...devices('audioinput'), permissions: { query: () => Promise.reject(new TypeError('microphone')) } };
  assert.deepEqual(await findMicrophoneLacks(unaskable), []);
});

test('every lack has its text', () => {
  for (const id of ['webrtc', 'webassembly', 'webaudio', 'insecure', 'nodevices', 'nomicrophone', 'blocked', 'offline']) {
    assert.equal(typeof texts.lacks[id], 'string');
  }
});

test('headphones by name need no hint; loudspeakers and unnamed outputs do', () => {
  const outputs = (...labels) => labels.map((label) => ({ kind: 'audiooutput', label }));
  assert.equal(mayFeedBack(outputs('Speakers (Built-in)', 'AirPods von Ana')), false);
  assert.equal(mayFeedBack(outputs('Built-in Audio')), true);
  assert.equal(mayFeedBack(outputs('')), true);
});
