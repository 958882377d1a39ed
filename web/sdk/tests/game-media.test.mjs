// One's own camera and microphone in a game room: in every order in which they can be asked for, refused, switched and lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeDevices, installFakes } from './fake-peer.mjs';

installFakes();
const { GameMedia, cameraConstraints } = await import('../game-media.js');

const settle = () => new Promise((resolve) => setImmediate(resolve));

function media(options = {}) {
  const devices = new FakeDevices();
  const sent = { audio: null, video: null };
  const one = new GameMedia({ mediaDevices: devices, listener: { changed: () => {}, track: (kind, track) => (sent[kind] = track) }, ...options });
  return { media: one, devices, sent };
}

test('GP-10 local media goes null → active → inactive → null, and stopping frees the devices', async () => {
  const { media: own, devices, sent } = media();
  assert.equal(own.stream, null);
  await own.start({ audio: true, video: true });
  const { stream } = own;
  assert.equal(stream.getTracks().length, 2);
  own.setVideoEnabled(false);
  assert.equal(own.stream, stream, 'inactive: the stream stays');
  assert.equal(own.track('video').enabled, false);
  assert.equal(own.track('audio').enabled, true);
  own.stop();
  assert.equal(own.stream, null);
  assert.equal(devices.live.length, 0);
  assert.deepEqual(sent, { audio: null, video: null });
  await own.start({ audio: true, video: true });
  assert.equal(own.track('video').enabled, false, 'what was switched off stays so');
});

test('GP-5 at least one of picture and sound; one that can be had is enough, none is an error', async () => {
  const { media: own, devices } = media();
  await assert.rejects(own.start({ audio: false, video: false }), { code: 'nothing-asked' });
  devices.refused = { video: 'NotFoundError' };
  await own.start({ audio: true, video: true });
  assert.deepEqual(own.stream.getTracks().map(({ kind }) => kind), ['audio']);
  devices.refused = { video: 'NotReadableError' };
  await assert.rejects(own.start({ audio: false, video: true }), { code: 'busy' });
  devices.refused = {};
  await own.start({ audio: true, video: true });
  assert.equal(devices.live.length, 2, 'only what was missing was opened');

  const refused = media();
  refused.devices.refused = { audio: 'NotAllowedError', video: 'NotAllowedError' };
  await assert.rejects(refused.media.start({ audio: true, video: true }), { code: 'denied' });
  assert.equal(refused.media.stream, null);
  await assert.rejects(media({ mediaDevices: undefined }).media.start({ audio: true, video: false }), { code: 'unsupported' });
});

test('GP-5 a picture is never asked for larger than 3840×2160', () => {
  assert.deepEqual(cameraConstraints({ width: 7_680, height: 4_320 }).width, { ideal: 3_840, max: 3_840 });
  assert.deepEqual(cameraConstraints({ width: 7_680, height: 4_320 }).height, { ideal: 2_160, max: 2_160 });
  assert.deepEqual(cameraConstraints().width, { ideal: 1_280, max: 3_840 });
});

test('GP-10 an unknown device is an error, and so is one of the other kind; all is as before', async () => {
  const { media: own, devices } = media();
  await own.start({ audio: true, video: true });
  const before = own.track('video');
  for (const id of ['nope', 'mic-1', '']) await assert.rejects(own.select('video', id), { code: 'unknown-device' });
  assert.equal(own.track('video'), before);
  assert.equal(own.selected.video, 'cam-1');
  assert.equal(devices.live.length, 2);
});

test('GP-5 a camera chosen before it is needed is the one that is opened; the list has cameras and microphones only', async () => {
  const { media: own, devices } = media();
  await own.select('video', 'cam-2');
  assert.equal(devices.asked.length, 0);
  await own.start({ audio: true, video: true });
  await settle();
  assert.equal(own.track('video').getSettings().deviceId, 'cam-2');
  assert.deepEqual(own.devices.map(({ deviceId }) => deviceId), ['cam-1', 'cam-2', 'mic-1']);
  assert.ok(Object.isFrozen(own.devices));
});

test('GP-5 where only one camera opens at a time, the first is given back for the second, and asked for again if that fails', async () => {
  const { media: own, devices } = media();
  await own.start({ audio: false, video: true });
  const give = devices.getUserMedia.bind(devices);
  let isBroken = false;
  devices.getUserMedia = async (constraints) => {
    const isBusy = devices.live.some(({ kind }) => kind === 'video') || (isBroken && constraints.video.deviceId?.exact === 'cam-1');
    if (isBusy) throw Object.assign(new Error('busy'), { name: 'NotReadableError' });
    return give(constraints);
  };
  await own.select('video', 'cam-2');
  assert.equal(own.track('video').getSettings().deviceId, 'cam-2');
  isBroken = true;
  await assert.rejects(own.select('video', 'cam-1'), { code: 'busy' });
  assert.equal(own.track('video').getSettings().deviceId, 'cam-2', 'the one of before');
  assert.equal(own.selected.video, 'cam-2');
  assert.equal(devices.live.length, 1);
});

test('GP-9 toggled, switched and stopped while the question is open', async () => {
  const { media: own, devices } = media();
  devices.isHeld = true;
  const starting = own.start({ audio: true, video: true });
  const switching = own.select('video', 'cam-2');
  await settle();
  own.setAudioMuted(true);
  own.setVideoEnabled(false);
  devices.isHeld = false;
  devices.answer();
  await starting;
  await switching;
  assert.equal(own.track('audio').enabled, false);
  assert.equal(own.track('video').enabled, false);
  assert.equal(own.track('video').getSettings().deviceId, 'cam-2', 'one after the other');
  assert.equal(devices.live.length, 2);

  devices.isHeld = true;
  const again = own.select('video', 'cam-1');
  await settle();
  own.stop();
  devices.answer();
  await again;
  assert.equal(own.stream, null);
  assert.equal(devices.live.length, 0, 'what is granted after the stop is given back');
});

test('GP-5 a browser that names its devices only when the page is shown again keeps nobody waiting', async () => {
  const { media: own, devices } = media();
  devices.enumerateDevices = () => new Promise(() => {});
  await own.start({ audio: true, video: true });
  assert.equal(devices.live.length, 2);
  await own.start({ audio: true, video: true });
});

test('GP-9 twice at once opens once; stopped and started while the question is open, the second answer counts', async () => {
  const { media: own, devices } = media();
  await Promise.all([own.start({ audio: true, video: true }), own.start({ audio: true, video: true })]);
  assert.equal(devices.given.length, 2);
  own.stop();
  devices.isHeld = true;
  const first = own.start({ audio: true, video: false });
  await settle();
  own.stop();
  const second = own.start({ audio: true, video: false });
  devices.answer();
  await first;
  await settle();
  devices.answer();
  await second;
  assert.equal(devices.live.length, 1);
  assert.equal(own.stream.getTracks().length, 1);
});

test('GP-5 an unplugged camera gives way to the next; the last one that goes leaves no stream', async () => {
  const { media: own, devices, sent } = media();
  await own.start({ audio: false, video: true });
  const first = own.track('video');
  devices.list = devices.list.filter(({ deviceId }) => deviceId !== 'cam-1');
  first.unplug();
  await settle();
  assert.equal(own.track('video').getSettings().deviceId, 'cam-2');
  assert.equal(sent.video, own.track('video'));
  devices.list = [];
  own.track('video').unplug();
  await settle();
  assert.equal(own.stream, null);
  assert.equal(sent.video, null);
});
