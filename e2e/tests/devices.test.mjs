/**
 * One's own devices: chosen in the lobby and changed in a call, lost, refused, remembered. The browser has several fake
 * cameras and microphones of its own here; a device is unplugged by letting it end and disappear from the list.
 */

import assert from 'node:assert/strict';
import { scenario } from '../lib/stage.mjs';
import { holdsFor, until } from '../lib/wait.mjs';

/**
 * Three cameras and the browser's own fake microphones, which are three. The second camera gives MJPEG, of which no frame
 * reaches a connection here: Chromium's, not the page's.
 */
const manyDevices = {
  hasDevices: false,
  flags: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=3'],
};

/** @typedef {import('../lib/page.mjs').Studio} Studio */

scenario('GP-5 AU-5 lobby: devices chosen with picture and level go into the call, and are remembered', async (stage) => {
  const browser = await stage.ownChromium(manyDevices);
  const context = await stage.context(browser);
  const ada = await stage.person('Ada', { context, toneHz: null });
  await ada.goto(`/#${stage.room}`);
  await ada.fill('Your name', 'Ada');
  const microphone = await choose(ada, 'Microphone', /Fake Audio Input 2/);
  const camera = await choose(ada, 'Camera', /fake_device_2/);
  await until('the level moves', async () => (await ada.find('meter', 'Level of your microphone')).evaluate((meter) => Number(meter.getAttribute('aria-valuenow'))), { good: (level) => level > -40 });
  await ada.press('Turn camera on');
  await until('the picture moves', () => ada.page.evaluate(() => document.querySelector('video')?.videoWidth ?? 0), { good: (width) => width > 0 });
  await ada.press('Start Session');
  await ada.inSession();
  await until('what was chosen is in use', () => inUse(ada), { good: (used) => used.microphone === microphone && used.camera === camera });
  await ada.press('End Session');
  await ada.find('button', 'Start Session');

  const again = await stage.person('Ada', { context, toneHz: null });
  await again.goto(`/#${stage.room}-2`);
  const shown = async () => [await chosen(again, 'Microphone'), await chosen(again, 'Camera')];
  await until('the choice of the last visit', shown, { good: ([one, other]) => /Fake Audio Input 2/.test(one) && /fake_device_2/.test(other) });
  await again.fill('Your name', 'Ada');
  await again.press('Start Session');
  await again.inSession();
  await until('the remembered microphone is in use', () => inUse(again), { good: (used) => used.microphone === microphone });
});

scenario('GP-5 in a call microphone, camera and its size change without a negotiation, and the others see and hear the new ones', async (stage) => {
  const ben = await stage.join('Ben');
  const browser = await stage.ownChromium(manyDevices);
  const ada = await stage.join('Ada', { browser, toneHz: null });
  await ada.seesConnected(ben);
  await ada.press('Turn camera on');
  await until('Ben gets the picture', () => pictureSize(ben, 'Camera of Ada'), { good: (size) => size === '640x360' });
  await until('negotiation is at rest', () => isStable(ada));
  const offers = [await countOffers(ada), await countOffers(ben)];
  const before = await sentBytes(ada);

  await ada.press('Devices');
  const camera = await choose(ada, 'Camera', /fake_device_2/);
  const microphone = await choose(ada, 'Microphone', /Fake Audio Input 1/);
  await until('the new ones are in use and sent', () => inUse(ada), {
    good: (used) => used.camera === camera && used.microphone === microphone && used.sent.includes(camera) && used.sent.includes(microphone),
  });
  await choose(ada, 'Camera size', /720p/);
  await until('Ben gets the new size', () => pictureSize(ben, 'Camera of Ada'), { good: (size) => size === '1280x720' });
  await ada.sees('what the camera gives', ({ text }) => text.includes('1280 × 720'));
  await until('sound and picture go on', () => sentBytes(ada), { good: (now) => now.audio > before.audio + 2_000 && now.video > before.video + 10_000 });
  assert.deepEqual([await countOffers(ada), await countOffers(ben)], offers, 'no offer was needed');
});

scenario('GP-5 an unplugged microphone falls back to the default and says so; without another one it is lost, and comes back', async (stage) => {
  const ben = await stage.join('Ben');
  const browser = await stage.ownChromium(manyDevices);
  const ada = await stage.person('Ada', { browser, toneHz: null });
  await ada.page.evaluateOnNewDocument(installPlugs);
  await ada.autostart(stage.room);
  await ada.seesConnected(ben);
  await ada.press('Devices');
  await choose(ada, 'Microphone', /Fake Audio Input 2/);
  await until('it is in use', () => inUse(ada), { good: ({ microphone }) => /Fake Audio Input 2/.test(microphone) });
  await unplug(ada, 'Fake Audio Input 2');
  await ada.sees('that it is gone, and what is in use now', ({ alerts }) =>
    alerts.some((alert) => /Fake Audio Input 2 is gone\. .*Fake.* is in use now/.test(alert)));
  await until('the default is in use', () => inUse(ada), { good: ({ microphone, sent }) => microphone !== '' && !/Input 2/.test(microphone) && sent.includes(microphone) });
  const offered = await (await ada.find('combobox', 'Microphone')).evaluate((select) => select.textContent ?? '');
  assert.ok(!/Fake Audio Input 2/.test(offered), `no longer offered: ${offered}`);

  await unplug(ada, 'Fake');
  await ada.sees('that there is none any more', ({ text }) => text.includes('The microphone was unplugged'));
  await ben.sees('Ada without a microphone', ({ participants }) => participants.some(({ name, text }) => name === 'Ada' && /no microphone/i.test(text)));
  await ada.page.evaluate(() => /** @type {any} */ (window).plugs.plugIn());
  await ada.page.keyboard.press('Escape');
  await ada.press('Unmute microphone');
  await until('it is back', () => inUse(ada), { good: ({ microphone, sent }) => microphone !== '' && sent.includes(microphone) });
});

scenario('GP-5 a device that can’t be opened leaves the one that worked, and says why', async (stage) => {
  const browser = await stage.ownChromium(manyDevices);
  const ada = await stage.person('Ada', { browser, toneHz: null });
  await ada.page.evaluateOnNewDocument(installPlugs);
  await ada.autostart(stage.room);
  const before = await until('a microphone is in use', () => inUse(ada), { good: ({ microphone }) => microphone !== '' });
  await ada.page.evaluate(() => /** @type {any} */ (window).plugs.occupy('Fake Audio Input 1'));
  await ada.press('Devices');
  await choose(ada, 'Microphone', /Fake Audio Input 1/);
  await ada.sees('why, and what stays', ({ alerts }) => alerts.some((alert) => /Another program holds the microphone.* stays in use/.test(alert)));
  await until('the former one goes on', () => inUse(ada), { good: ({ microphone }) => microphone === before.microphone });
  await until('the choice shows it', () => chosen(ada, 'Microphone'), { good: (label) => !/Input 1/.test(label) });
});

scenario('GP-5 what was picked stays picked while the browser is slow to open it, whatever else changes', async (stage) => {
  const browser = await stage.ownChromium(manyDevices);
  const ada = await stage.person('Ada', { browser, toneHz: null });
  await ada.page.evaluateOnNewDocument(installPlugs);
  await ada.autostart(stage.room);
  await until('a microphone is in use', () => inUse(ada), { good: ({ microphone }) => microphone !== '' });
  const plug = (/** @type {'hold'|'release'} */ what) => ada.page.evaluate((name) => /** @type {any} */ (window).plugs[name](), what);
  await plug('hold');
  await ada.press('Devices');
  const picked = await choose(ada, 'Microphone', /Fake Audio Input 2/);
  await ada.page.evaluate(() => window.parlor.session.camera.dispatchEvent(new Event('change')));
  assert.equal(await chosen(ada, 'Microphone'), picked);
  assert.notEqual((await inUse(ada)).microphone, picked);
  await plug('release');
  await until('it is in use', () => inUse(ada), { good: ({ microphone }) => microphone === picked });
  assert.equal(await chosen(ada, 'Microphone'), picked);
});

scenario('GP-5 music mode and the switches change what the browser is asked for; push to talk opens while Space is held', async (stage) => {
  const ben = await stage.join('Ben');
  const browser = await stage.ownChromium(manyDevices);
  const ada = await stage.join('Ada', { browser, toneHz: null });
  await ada.seesConnected(ben);
  const treatment = () => ada.page.evaluate(() => {
    const { echoCancellation, noiseSuppression, autoGainControl } = window.parlor.session.microphone.track?.getSettings() ?? {};
    return [echoCancellation, noiseSuppression, autoGainControl].map(Boolean);
  });
  await until('speech is treated', treatment, { good: (on) => on.every(Boolean) });
  await ada.press('Devices');
  await flip(ada, 'Noise suppression');
  await until('one is off', treatment, { good: (on) => on.join() === 'true,false,true' });
  await flip(ada, 'Music mode');
  await until('all are off', treatment, { good: (on) => !on.some(Boolean) });
  await until('Opus is asked for stereo', () => ben.page.evaluate(() =>
    window.parlorProbe.connections.some(({ localDescription, remoteDescription }) => [localDescription, remoteDescription].some((one) => /stereo=1/.test(one?.sdp ?? '')))));
  await flip(ada, 'Music mode');
  await until('the switches count again', treatment, { good: (on) => on.join() === 'true,false,true' });

  await flip(ada, 'Push to talk');
  await ada.page.keyboard.press('Escape');
  const isOpen = () => ada.page.evaluate(() => window.parlor.session.microphone.isLive);
  await until('silent until Space is held', isOpen, { good: (open) => !open });
  await ada.sees('how to speak', ({ participants }) => participants.some(({ name, text }) => name === 'Ada' && /hold space/i.test(text)));
  await ada.page.keyboard.down('Space');
  await until('open while it is held', isOpen);
  await ben.sees('that Ada’s microphone is on', ({ participants }) => participants.some(({ name, text }) => name === 'Ada' && !/microphone off/i.test(text)));
  await holdsFor('open as long as it is held', 700, isOpen, Boolean);
  await ada.page.keyboard.up('Space');
  await until('silent again', isOpen, { good: (open) => !open });
  await ben.sees('that it is off', ({ participants }) => participants.some(({ name, text }) => name === 'Ada' && /microphone off/i.test(text)));
  await ada.fill('Message', 'spaces are spaces here');
  assert.equal(await isOpen(), false);
});

scenario('GP-5 the speaker is chosen, and the sound comes out there', async (stage) => {
  const browser = await stage.ownChromium(manyDevices);
  const ada = await stage.join('Ada', { browser, toneHz: null });
  await ada.press('Devices');
  await choose(ada, 'Speaker', /Fake Audio Output 2/);
  const id = await (await ada.find('combobox', 'Speaker')).evaluate((select) => /** @type {HTMLSelectElement} */ (select).value);
  assert.notEqual(id, '');
  await until('the sound is there', () => ada.page.evaluate(() => window.parlor.audioGraph.context.sinkId), { good: (sink) => sink === id });
  await ada.press('Play a test tone');
  await ada.sees('the tone playing', ({ text }) => text.includes('Playing…'));
  await ada.find('button', 'Play a test tone');
});

/**
 * @param {Studio} studio
 * @param {string} label of the select
 * @param {RegExp} wanted
 * @returns {Promise<string>} the label that was chosen
 */
async function choose(studio, label, wanted) {
  const select = await studio.find('combobox', label);
  const value = await until(`${label} offers ${wanted}`, () => select.evaluate((element, pattern) =>
    [.../** @type {HTMLSelectElement} */ (element).options].find((option) => option.value !== '' && new RegExp(pattern).test(option.text))?.value, wanted.source));
  await select.select(value ?? '');
  return select.evaluate((element) => /** @type {HTMLSelectElement} */ (element).selectedOptions[0]?.text ?? '');
}

/** @param {Studio} studio @param {string} label @returns {Promise<string>} what a select shows as chosen */
async function chosen(studio, label) {
  return (await studio.find('combobox', label)).evaluate((element) => /** @type {HTMLSelectElement} */ (element).selectedOptions[0]?.text ?? '');
}

/** @param {Studio} studio @param {string} name of the switch */
async function flip(studio, name) {
  const input = await studio.find('switch', name);
  await input.click();
}

/** @param {Studio} studio what it captures, by the system's names, and what it sends */
function inUse(studio) {
  return studio.page.evaluate(() => {
    const { microphone, camera } = window.parlor.session;
    const sent = window.parlorProbe.connections
      .filter((connection) => connection.connectionState !== 'closed')
      .flatMap((connection) => connection.getSenders().map(({ track }) => (track?.readyState === 'live' ? track.label : '')));
    return { microphone: /** @type {string} */ (microphone.label), camera: /** @type {string} */ (camera.label), sent };
  });
}

/** @param {Studio} studio @param {string} name @returns {Promise<string>} the size of what is received, `''` without a picture */
function pictureSize(studio, name) {
  return studio.page.evaluate((label) => {
    const video = [...document.querySelectorAll('video')].find((element) => element.getAttribute('aria-label') === label);
    return video === undefined ? '' : `${video.videoWidth}x${video.videoHeight}`;
  }, name);
}

/** @param {Studio} studio */
function countOffers(studio) {
  return studio.page.evaluate(() => window.parlorProbe.frames.filter(({ way, type }) => way === 'out' && type === 'offer').length);
}

/** @param {Studio} studio */
function isStable(studio) {
  return studio.page.evaluate(() => window.parlorProbe.connections.every(({ signalingState }) => ['stable', 'closed'].includes(signalingState)));
}

/** @param {Studio} studio */
function sentBytes(studio) {
  return studio.page.evaluate(async () => {
    const bytes = { audio: 0, video: 0 };
    for (const connection of window.parlorProbe.connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'outbound-rtp') bytes[/** @type {'audio'|'video'} */ (report.kind)] += report.bytesSent;
      }
    }
    return bytes;
  });
}

/** @param {Studio} studio @param {string} label what the names of the devices begin with */
async function unplug(studio, label) {
  await studio.page.evaluate((name) => /** @type {any} */ (window).plugs.unplug(name), label);
}

/** Runs in the page before its scripts: microphones that can be unplugged, or held by another program. */
function installPlugs() {
  const devices = navigator.mediaDevices;
  if (devices === undefined) return;
  const list = devices.enumerateDevices.bind(devices);
  const open = devices.getUserMedia.bind(devices);
  const gone = /** @type {string[]} */ ([]);
  const busy = /** @type {string[]} */ ([]);
  const given = /** @type {MediaStreamTrack[]} */ ([]);
  let held = Promise.resolve();
  let release = () => {};
  const isGone = (/** @type {string} */ label) => gone.some((start) => label.startsWith(start) || label === `Default - ${start}`);
  devices.enumerateDevices = async () => (await list()).filter(({ kind, label }) => kind !== 'audioinput' || !isGone(label));
  devices.getUserMedia = async (constraints) => {
    await held;
    const stream = await open(constraints);
    const [track] = stream.getAudioTracks();
    if (track === undefined) return stream;
    const reason = isGone(track.label) ? 'NotFoundError' : busy.includes(track.label) ? 'NotReadableError' : null;
    if (reason !== null) {
      track.stop();
      throw new DOMException('as the test wants it', reason);
    }
    given.push(track);
    return stream;
  };
  const announce = () => devices.dispatchEvent(new Event('devicechange'));
  Object.defineProperty(window, 'plugs', {
    value: {
      unplug(/** @type {string} */ start) {
        gone.push(start);
        announce();
        for (const track of given.filter(({ label, readyState }) => readyState === 'live' && isGone(label))) {
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }
      },
      plugIn() {
        gone.length = 0;
        announce();
      },
      occupy: (/** @type {string} */ label) => busy.push(label),
      hold() {
        held = new Promise((done) => (release = done));
      },
      release: () => release(),
    },
  });
}
