// What a person publishes, over fakes of the connections: above all that nobody is live who does not want to be.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Device } from '../device.js';
import { OwnMedia } from '../own-media.js';

/** Answers the browser's prompt. @type {() => void} */
let allow;

class FakeTrack extends EventTarget {
  enabled = true;
  readyState = 'live';
  label = 'microphone';
  getSettings() {
    return {};
  }

  stop() {
    this.readyState = 'ended';
  }
}

beforeEach(() => {
  const prompt = new Promise((resolve) => {
    allow = () => resolve(undefined);
  });
  const getUserMedia = async () => {
    await prompt;
    const track = new FakeTrack();
    return { getTracks: () => [track] };
  };
  Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices: { getUserMedia } }, configurable: true });
});

/** @param {{pushToTalk?: boolean, setOwn?: (stream: object|null) => void}} [options] */
function setUp({ pushToTalk = false, setOwn = () => {} } = {}) {
  const published = new Map();
  const devices = Object.assign(new EventTarget(), {
    microphone: new Device('audio', {}),
    camera: new Device('video', {}),
    settings: { pushToTalk, music: false, fec: true, dtx: false },
  });
  const rtcManager = {
    localTrack: (source) => published.get(source),
    replaceTrack: (source, track) => (track === null ? published.delete(source) : published.set(source, track)),
    setTrackEnabled() {},
    setAudioProfile() {},
  };
  const media = [];
  const connectionManager = { setMedia: (state) => media.push(state) };
  const own = new OwnMedia({ devices, rtcManager, connectionManager, mixer: { setOwn } });
  return { own, devices, published, media };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('GP-5 push to talk: who lets Space go while the prompt is open is silent when it is allowed', async () => {
  const { own, published } = setUp({ pushToTalk: true });
  own.talk(true);
  assert.equal(own.microphone.status, 'asking');
  own.talk(false);
  allow();
  await settled();
  assert.equal(own.microphone.status, 'on');
  assert.equal(own.microphone.isLive, false);
  assert.equal(published.get('microphone').enabled, false);
  own.talk(true);
  assert.equal(own.microphone.isLive, true);
});

test('GP-5 push to talk: who still holds Space when the prompt is allowed is heard', async () => {
  const { own } = setUp({ pushToTalk: true });
  own.start({ isListener: false, isMuted: false });
  own.talk(true);
  allow();
  await settled();
  assert.equal(own.microphone.isLive, true);
  own.talk(false);
  assert.equal(own.microphone.isLive, false);
});

test('GP-5 push to talk switched on while the prompt is open: the microphone opens muted', async () => {
  const { own, devices } = setUp();
  own.start({ isListener: false, isMuted: false });
  devices.settings = { ...devices.settings, pushToTalk: true };
  devices.dispatchEvent(new Event('change'));
  allow();
  await settled();
  assert.equal(own.microphone.status, 'on');
  assert.equal(own.microphone.isLive, false);
});

test('the microphone is published before it is measured, so that no meter can keep anybody from being heard', async () => {
  const measured = [];
  const { own, published, media } = setUp({ setOwn: (stream) => measured.push([stream !== null, published.has('microphone')]) });
  own.start({ isListener: false, isMuted: false });
  allow();
  await settled();
  assert.deepEqual(measured, [[true, true]]);
  assert.equal(published.get('microphone'), own.microphone.track);
  assert.deepEqual(media, ['pending', 'ready']);
});
