// A microphone or camera that is changed, lost or refused, over devices that the test plugs in and out.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Device } from '../device.js';

/** The devices that are plugged in, by id; a reason: it is there and can't be had. @type {Map<string, string|null>} */
let plugged;
/** Tracks that were given out and not stopped. @type {Set<FakeTrack>} */
let live;
/** Whether a prompt is open: nothing is given until it is answered. @type {Promise<void>|null} */
let prompt;
/** How often a device was asked for. */
let asked;

class FakeTrack extends EventTarget {
  enabled = true;
  readyState = 'live';

  /** @param {string} id @param {object} asked */
  constructor(id, asked) {
    super();
    this.label = `The ${id}`;
    this.id = id;
    this.asked = asked;
    live.add(this);
  }

  getSettings() {
    return { deviceId: this.id, ...this.asked };
  }

  stop() {
    this.readyState = 'ended';
    live.delete(this);
  }

  unplug() {
    plugged.delete(this.id);
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}

/** @param {{audio: {deviceId?: {exact: string}}}} constraints */
async function getUserMedia({ audio: { deviceId, ...treatment } }) {
  asked += 1;
  await prompt;
  if (deviceId !== undefined && !plugged.has(deviceId.exact)) throw new DOMException('none such', 'OverconstrainedError');
  const id = deviceId?.exact ?? [...plugged.keys()][0];
  if (id === undefined) throw new DOMException('none', 'NotFoundError');
  const reason = plugged.get(id);
  if (reason) throw new DOMException('no', reason);
  const track = new FakeTrack(id, treatment);
  return { getTracks: () => [track] };
}

beforeEach(() => {
  plugged = new Map([['first', null], ['second', null]]);
  live = new Set();
  prompt = null;
  asked = 0;
  Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices: { getUserMedia } }, configurable: true });
});

/** @param {Device} device @param {string} type @returns {object[]} the details of its events */
function heard(device, type) {
  const details = /** @type {object[]} */ ([]);
  device.addEventListener(type, (event) => details.push(/** @type {CustomEvent} */ (event).detail));
  return details;
}

/** Opens a prompt. @returns {() => void} answers it */
function openPrompt() {
  let answer = () => {};
  prompt = new Promise((resolve) => {
    answer = resolve;
  });
  return () => {
    prompt = null;
    answer();
  };
}

/** Lets what is under way come to its end. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('GP-5 another device takes the place of the first, muted if that was, and the first is freed', async () => {
  const device = new Device('audio', {});
  await device.open({ isMuted: true });
  assert.equal(device.label, 'The first');
  assert.equal(await device.choose('second'), true);
  assert.equal(device.label, 'The second');
  assert.equal(device.isLive, false);
  assert.deepEqual([...live].map(({ id }) => id), ['second']);
});

test('GP-5 a device that can’t be had changes nothing, and says why', async () => {
  const device = new Device('audio', {});
  const refused = heard(device, 'refused');
  await device.open();
  plugged.set('second', 'NotAllowedError');
  assert.equal(await device.choose('second'), false);
  assert.deepEqual(refused, [{ problem: 'denied', now: 'The first' }]);
  assert.equal(device.isLive, true);
  assert.equal(await device.choose('third'), false);
  assert.deepEqual(refused.at(-1), { problem: 'missing', now: 'The first' });
});

test('GP-5 where only one opens at a time, the first is given back for the second, and asked for again if that fails', async () => {
  const device = new Device('audio', {});
  const refused = heard(device, 'refused');
  await device.open();
  plugged.set('second', 'NotReadableError');
  assert.equal(await device.choose('second'), false);
  assert.deepEqual(refused, [{ problem: 'busy', now: 'The first' }]);
  assert.equal(device.status, 'on');
  assert.equal(device.isLive, true);
  assert.equal(live.size, 1);
});

test('GP-5 the same device is asked for something else, and for the former if it can’t', async () => {
  const device = new Device('audio', { noiseSuppression: true }, 'second');
  await device.open();
  assert.equal(await device.retune({ noiseSuppression: false }), true);
  assert.deepEqual(device.track?.getSettings(), { deviceId: 'second', noiseSuppression: false });
  assert.equal(live.size, 1);
  const former = /** @type {MediaStreamTrack} */ (device.track);
  plugged.set('second', 'NotReadableError');
  assert.equal(await device.retune({ noiseSuppression: true }), false);
  assert.equal(former.readyState, 'ended');
  assert.equal(device.status, 'failed');
  plugged.set('second', null);
  await device.open();
  assert.deepEqual(device.track?.getSettings(), { deviceId: 'second', noiseSuppression: false });
});

test('GP-5 what is unplugged gives way to the default and says so; without any, it is lost', async () => {
  const device = new Device('audio', {}, 'second');
  const fellBack = heard(device, 'fell-back');
  await device.open();
  const [second] = live;
  second?.unplug();
  await settled();
  assert.deepEqual(fellBack, [{ lost: 'The second', now: 'The first' }]);
  assert.equal(device.isLive, true);
  const [first] = live;
  first?.unplug();
  await settled();
  assert.equal(device.status, 'failed');
  assert.equal(device.problem, 'lost');
  assert.equal(device.track, null);
  assert.equal(fellBack.length, 1);
});

test('GP-5 a remembered device that is not there today is no reason to have none', async () => {
  const device = new Device('audio', {}, 'of yesterday');
  assert.equal(await device.open(), true);
  assert.equal(device.label, 'The first');
});

test('GP-5 what comes after the device was given back is freed at once', async () => {
  const device = new Device('audio', {});
  const opening = device.open();
  device.close();
  assert.equal(await opening, false);
  assert.equal(live.size, 0);
  await device.open();
  const choosing = device.choose('second');
  // It has asked for the second by now, and has no answer yet.
  await Promise.resolve();
  device.close();
  assert.equal(await choosing, false);
  assert.equal(live.size, 0);
  assert.equal(device.status, 'idle');
});

test('GP-5 who mutes while the prompt is open is muted when it is allowed', async () => {
  const device = new Device('audio', {});
  const answer = openPrompt();
  const opening = device.open({ isMuted: false });
  device.setEnabled(false);
  answer();
  assert.equal(await opening, true);
  assert.equal(device.isLive, false);
  assert.equal(device.track?.enabled, false);
});

test('GP-5 muted and unplugged, the next one is muted too', async () => {
  plugged.delete('second');
  const device = new Device('audio', {});
  await device.open();
  device.setEnabled(false);
  const [first] = live;
  first?.unplug();
  await settled();
  assert.equal(device.status, 'failed');
  plugged.set('second', null);
  await device.choose('second');
  assert.equal(await device.open(), true);
  assert.equal(device.label, 'The second');
  assert.equal(device.isLive, false);
});

test('GP-5 what is chosen while the prompt is open is in use after it', async () => {
  const device = new Device('audio', { noiseSuppression: true });
  const answer = openPrompt();
  const opening = device.open({ isMuted: true });
  await device.choose('second');
  await device.retune({ noiseSuppression: false });
  answer();
  assert.equal(await opening, true);
  await settled();
  assert.deepEqual(device.track?.getSettings(), { deviceId: 'second', noiseSuppression: false });
  assert.equal(device.isLive, false);
  assert.equal(live.size, 1);
  assert.equal(asked, 2, 'one prompt, one change');
});

test('GP-5 what is set while the prompt is open is set on the same device; back as it was, nothing happens', async () => {
  const device = new Device('audio', { noiseSuppression: true }, 'second');
  let answer = openPrompt();
  const opening = device.open();
  await device.retune({ noiseSuppression: false });
  answer();
  await opening;
  await settled();
  assert.deepEqual(device.track?.getSettings(), { deviceId: 'second', noiseSuppression: false });
  assert.deepEqual([live.size, asked], [1, 2]);
  device.close();
  answer = openPrompt();
  const again = device.open();
  await device.retune({ noiseSuppression: true });
  await device.retune({ noiseSuppression: false });
  answer();
  await again;
  await settled();
  assert.deepEqual([live.size, asked], [1, 3]);
});

test('GP-5 who asks while a lost device is asked for anew opens no second one', async () => {
  const device = new Device('audio', {}, 'second');
  await device.open();
  const answer = openPrompt();
  const [second] = live;
  second?.unplug();
  const opening = device.open();
  answer();
  assert.equal(await opening, true);
  await settled();
  assert.equal(live.size, 1);
});
