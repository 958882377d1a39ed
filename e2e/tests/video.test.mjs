/**
 * Pictures: tiles where cameras are on, a shared screen that stands large, and how soon the others see a change. A camera is
 * Chromium's fake one; a screen is a canvas, or the browser's own fake screen.
 */

import assert from 'node:assert/strict';
import { hearsEnergy } from '../lib/audio.mjs';
import { violationsOn } from '../lib/axe.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

/** @typedef {import('../lib/page.mjs').Studio} Studio */

scenario('GP-6 a camera that goes on or off shows at the others within a second, as a tile that moves', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await ben.press('Turn camera on');
  await until('the picture moves at Ada', () => playing(ada, 'Camera of Ben'));
  await until('and at Ben, mirrored', () => playing(ben, 'Camera of Ben'));
  assert.equal(await ben.page.$eval('video[aria-label="Camera of Ben"]', (video) => getComputedStyle(video).transform), 'matrix(-1, 0, 0, 1, 0, 0)');
  assert.equal(await ada.page.$eval('video[aria-label="Camera of Ben"]', (video) => getComputedStyle(video).transform), 'none');

  const gone = await timeUntilShown(ben, ada, 'Turn camera off', false);
  assert.ok(gone < 1_000, `off after ${gone} ms`);
  assert.equal(await ada.page.evaluate(() => document.querySelectorAll('video').length), 0, 'the element is freed');
  const back = await timeUntilShown(ben, ada, 'Turn camera on', true);
  assert.ok(back < 1_000, `on after ${back} ms`);
  await until('the picture moves again', () => playing(ada, 'Camera of Ben'));
});

scenario('GP-6 only one video element shows a track; a tile that changes moves no strip, and who leaves takes theirs along', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  const cleo = await stage.join('Cleo');
  await ada.seesConnected(ben, cleo);
  await ben.press('Turn camera on');
  await until('Ben’s picture', () => playing(ada, 'Camera of Ben'));
  const before = await boxes(ada);
  await cleo.press('Turn camera on');
  await until('Cleo’s picture', () => playing(ada, 'Camera of Cleo'));
  assert.deepEqual(await boxes(ada), before, 'the strips stand where they stood');
  const tracks = () => ada.page.evaluate(() => [...document.querySelectorAll('video')].map((video) => /** @type {MediaStream} */ (video.srcObject).getVideoTracks()[0]?.id));
  assert.equal(new Set(await tracks()).size, 2);
  assert.equal((await tracks()).length, 2);

  await ada.press('Enlarge the camera of Cleo');
  await until('it is large', () => isLarge(ada, 'Camera of Cleo'));
  await until('it moves there', () => playing(ada, 'Camera of Cleo'));
  assert.equal((await tracks()).length, 2, 'moved, not doubled');
  await ada.page.keyboard.press('Escape');
  await until('it is small again', async () => !(await isLarge(ada, 'Camera of Cleo')));
  await until('and moves', () => playing(ada, 'Camera of Cleo'));
  assert.equal(await ada.page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Enlarge the camera of Cleo', 'the focus goes back');
  await ada.page.keyboard.press('1');
  await ada.page.keyboard.press('e');
  await until('by keys, Ben’s is large', () => isLarge(ada, 'Camera of Ben'));

  await ben.press('End Session');
  await ada.seesExactly('Ada', 'Cleo');
  await until('Ben’s picture is gone', () => tracks(), { good: (shown) => shown.length === 1 });
  assert.equal(await ada.page.evaluate(() => document.querySelector('section[aria-label="Large picture"]')?.checkVisibility()), false);
});

scenario('a shared screen stands large with its sound, beside the tiles; "Stop sharing" of the browser ends it', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.person('Ben');
  await ben.page.evaluateOnNewDocument(installScreen);
  await ben.autostart(stage.room);
  await ada.seesConnected(ben);
  await hearsEnergy(ada, 1);
  await ben.press('Turn camera on');
  await until('the camera', () => playing(ada, 'Camera of Ben'));
  await ben.press('Share screen');
  await until('the screen is large', () => isLarge(ada, 'Screen of Ben'));
  await until('it moves', () => playing(ada, 'Screen of Ben'));
  await until('the camera stays in its tile', () => playing(ada, 'Camera of Ben'));
  await ben.sees('that it is shared', ({ participants }) => participants.some(({ name, text }) => name === 'Ben' && text.includes('You share your screen')));
  const sources = () => ada.page.evaluate(() => window.parlor.session.participants.find((/** @type {any} */ one) => one.name === 'Ben')?.tracks
    .filter((/** @type {any} */ { enabled }) => enabled).map((/** @type {any} */ { source }) => source).sort());
  await until('four tracks', sources, { good: (all) => all?.join() === 'camera,microphone,screen,screen-audio' });
  await until('the screen’s sound is in Ben’s strip', async () => ada.page.evaluate((id) => {
    const strip = window.parlor.audioGraph.participants.get(id);
    return window.parlorProbe.listen(strip.gain, 3_000).toneDb;
  }, await ben.ownId()), { good: (level) => level > -40 });

  await ada.press('Make small');
  await until('it is small', async () => !(await isLarge(ada, 'Screen of Ben')));
  await ada.press('Show the screen of Ben');
  await until('it is large again', () => isLarge(ada, 'Screen of Ben'));
  const startedAt = Date.now();
  await ben.page.evaluate(() => /** @type {any} */ (window).stopSharing());
  await until('it is gone', async () => !(await isLarge(ada, 'Screen of Ben')));
  assert.ok(Date.now() - startedAt < 1_000, `gone after ${Date.now() - startedAt} ms`);
  await ben.find('button', 'Share screen');
  await until('no track of it is left', sources, { good: (all) => all?.join() === 'camera,microphone' });
  await ben.press('Share screen');
  await until('shared anew, it is large anew', () => isLarge(ada, 'Screen of Ben'));
  await until('and moves', () => playing(ada, 'Screen of Ben'));
});

scenario('AU-7 listeners have no microphone, camera or share, and the reason; made a caller by a host they have them all', async (stage) => {
  const ada = await stage.join('Ada', { role: 'host' });
  const ben = await stage.join('Ben', { role: 'listener' });
  await ada.seesConnected(ben);
  const reasons = { 'Unmute microphone': 'Listeners have no microphone.', 'Turn camera on': 'Listeners have no camera.', 'Share screen': 'Listeners share no screen.' };
  for (const [name, reason] of Object.entries(reasons)) {
    const { disabled, title } = await (await ben.find('button', name)).evaluate((button) => ({ disabled: /** @type {HTMLButtonElement} */ (button).disabled, title: button.title }));
    assert.equal(disabled, true, name);
    assert.ok(title.endsWith(reason), `${name}: ${title}`);
  }
  await ben.page.keyboard.press('m');
  await ben.page.keyboard.press('v');
  await ben.page.keyboard.press('s');
  assert.deepEqual(await ben.page.evaluate(() => window.parlorProbe.microphones.length), 0, 'no key opens anything');

  await ada.press('Host controls for Ben');
  await (await ada.find('menuitem', 'Make caller')).click();
  await ben.sees('that they may speak', ({ alerts }) => alerts.some((alert) => /Caller\. Unmute to speak/.test(alert)));
  await ben.press('Unmute microphone');
  await ben.press('Turn camera on');
  await until('Ada sees Ben', () => playing(ada, 'Camera of Ben'));
  await hearsEnergy(ada, 1);
  await ada.press('Host controls for Ben');
  await (await ada.find('menuitem', 'Make listener')).click();
  await until('the picture is gone', () => ada.page.evaluate(() => document.querySelectorAll('video').length), { good: (count) => count === 0 });
  await until('Ben’s devices are given back', () => ben.page.evaluate(() => window.parlorProbe.microphones.every(({ readyState }) => readyState === 'ended')));
});

scenario('CM-17 each strip says how well it is connected, in a word, with the figures for those who ask', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await until('the mark', () => ada.page.evaluate(() => document.querySelector('.strip:not(.own) [role="img"]')?.getAttribute('aria-label') ?? ''), {
    good: (label) => /^Connection with Ben: (Good|Fair|Poor), Round trip \d+ ms, Loss \d+\.\d %, Jitter \d+ ms, In \d+ kbit\/s, Out \d+ kbit\/s/.test(label),
  });
  const statuses = await ada.shown();
  assert.equal(statuses.participants.find(({ name }) => name === 'Ben')?.status, 'Connected', 'the status text stays alone');
  await ada.page.keyboard.press('1');
  await until('the figures show while the strip has the focus', () => ada.page.evaluate(() => document.querySelector('.quality-tip')?.checkVisibility()));
  assert.equal(await ada.page.evaluate(() => document.querySelector('.quality')?.closest('[aria-live], [role="status"], [role="alert"]')), null, 'it speaks to nobody who didn’t ask');
});

for (const scheme of ['light', 'dark']) {
  scenario(`AU-5 axe-core finds nothing serious on tiles, a large screen and the devices, ${scheme}`, async (stage) => {
    const ada = await stage.join('Ada');
    const ben = await stage.person('Ben');
    await ada.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
    await ben.page.evaluateOnNewDocument(installScreen);
    await ben.autostart(stage.room);
    await ada.seesConnected(ben);
    await ben.press('Turn camera on');
    await until('the tile', () => playing(ada, 'Camera of Ben'));
    await assertAccessible(ada, 'tiles');
    await ben.press('Share screen');
    await until('the screen', () => isLarge(ada, 'Screen of Ben'));
    await assertAccessible(ada, 'large screen');
    await ada.press('Devices');
    await ada.find('combobox', 'Microphone');
    await assertAccessible(ada, 'devices');
  });
}

/** @param {Studio} studio @param {string} name @returns {Promise<boolean>} whether that video shows ever newer frames */
async function playing(studio, name) {
  return studio.page.evaluate(async (label) => {
    const video = [...document.querySelectorAll('video')].find((element) => element.getAttribute('aria-label') === label);
    if (video === undefined || video.videoWidth === 0 || !video.checkVisibility()) return false;
    const before = video.currentTime;
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    return video.isConnected && video.currentTime > before;
  }, name);
}

/** @param {Studio} studio @param {string} name */
function isLarge(studio, name) {
  return studio.page.evaluate((label) =>
    [...document.querySelectorAll('section[aria-label="Large picture"] video')].some((video) => video.getAttribute('aria-label') === label && video.checkVisibility()), name);
}

/** @param {Studio} studio where the strips stand */
function boxes(studio) {
  return studio.page.evaluate(() => [...document.querySelectorAll('[data-participant-id]')].map((item) => {
    const { x, y, width, height } = item.getBoundingClientRect();
    return [x, y, width, height].map(Math.round);
  }));
}

/**
 * Both pages are in one browser on one machine, so their clocks are one.
 *
 * @param {Studio} presser
 * @param {Studio} viewer
 * @param {string} button
 * @param {boolean} wanted whether there is a video at the viewer's afterwards
 * @returns {Promise<number>} from the press to what the viewer sees, in ms
 */
async function timeUntilShown(presser, viewer, button, wanted) {
  const seen = viewer.page.evaluate((isWanted) => new Promise((resolve) => {
    const look = () => {
      if ((document.querySelectorAll('video').length > 0) === isWanted) resolve(performance.timeOrigin + performance.now());
      else setTimeout(look, 5);
    };
    look();
  }), wanted);
  const pressedAt = await (await presser.find('button', button)).evaluate((element) => {
    const now = performance.timeOrigin + performance.now();
    /** @type {HTMLElement} */ (element).click();
    return now;
  });
  return Math.round(/** @type {number} */ (await seen) - pressedAt);
}

/** Runs in the page before its scripts: a screen that moves, with a tone of 3 kHz, and the browser's "Stop sharing". */
function installScreen() {
  if (navigator.mediaDevices === undefined) return;
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 1_280;
    canvas.height = 720;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    let frame = 0;
    setInterval(() => {
      context.fillStyle = frame % 2 === 0 ? '#246' : '#264';
      context.fillRect(0, 0, canvas.width, canvas.height);
      frame += 1;
    }, 100);
    const sound = new AudioContext();
    const oscillator = new OscillatorNode(sound, { frequency: 3_000 });
    const destination = new MediaStreamAudioDestinationNode(sound);
    oscillator.connect(new GainNode(sound, { gain: 0.1 })).connect(destination);
    oscillator.start();
    const stream = new MediaStream([...canvas.captureStream(10).getTracks(), ...destination.stream.getTracks()]);
    Object.assign(window, {
      stopSharing() {
        for (const track of stream.getTracks()) {
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }
      },
    });
    return stream;
  };
}

/** @param {Studio} studio @param {string} view */
async function assertAccessible(studio, view) {
  const found = await violationsOn(studio.page);
  assert.deepEqual(found.filter((/** @type {string} */ violation) => /^(serious|critical)/.test(violation)), [], `on the ${view}`);
}
