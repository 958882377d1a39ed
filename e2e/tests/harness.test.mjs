/**
 * The instruments themselves: both browsers start here, their tones cross the network and are measured right, and
 * faults are faults. Without parlor: when this fails, nothing else needs to be read.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hearsEnergy, incomingAudio, toneDb } from '../lib/audio.mjs';
import { killBrowser, launchChromium, launchFirefox } from '../lib/browsers.mjs';
import { Island } from '../lib/faults.mjs';
import { stageAddress } from '../lib/namespace.mjs';
import { Studio } from '../lib/page.mjs';
import { serveFolder } from '../lib/static.mjs';
import { until } from '../lib/wait.mjs';

const toneHz = 660;

/** @type {Awaited<ReturnType<typeof serveFolder>>} */
let files;
const folder = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));

before(async () => {
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Two ends</title><ul aria-label="Rooms"><li>One 2/10</li></ul>');
  files = await serveFolder(folder);
});
after(async () => {
  await files.close();
  rmSync(folder, { recursive: true });
});

test('a tone crosses from Firefox to Chromium, is measured at its level, and an island that is cut off hears it no more', { timeout: 90_000 }, async () => {
  const island = Island.take();
  const chromium = await launchChromium({ inNamespace: island.namespace, secureOrigins: [`http://${stageAddress}`] });
  const firefox = await launchFirefox();
  try {
    const listener = await Studio.create(await chromium.createBrowserContext(), { name: 'listener', origin: files.origin });
    const speaker = await Studio.create(await firefox.createBrowserContext(), { name: 'speaker', origin: files.origin, toneHz });
    // The island has no way to this file server, and needs none: a secure page of its own is enough.
    await listener.page.setRequestInterception(true);
    listener.page.on('request', (request) => void request.respond({ contentType: 'text/html', body: '<!doctype html><title>Island</title>' }));
    await listener.page.goto('http://127.0.0.1/');
    await speaker.goto('/');
    assert.deepEqual((await speaker.shown()).rooms, [{ text: 'One 2/10', count: '2/10' }]);

    await connect(speaker, listener);
    await until('the tone has its level', () => listen(listener, toneHz), {
      good: (level) => Math.abs(level.toneDb - toneDb) < 1 && Math.abs(level.rmsDb - toneDb) < 1,
    });
    await hearsEnergy(listener, 1);
    assert.ok((await listen(listener, 440)).toneDb < -60, 'another tone is not to be heard');

    island.cut();
    const packets = async () => (await incomingAudio(listener.page))[0]?.packets;
    let last = await packets();
    let standsSince = Date.now();
    await until('no packet comes for a second', async () => {
      const now = await packets();
      if (now !== last) standsSince = Date.now();
      last = now;
      return Date.now() - standsSince >= 1_000;
    });
    island.heal();
    await until('packets come again', packets, { good: (now) => (now ?? 0) > (last ?? 0) });
    assert.deepEqual(await listener.unforgiven(), []);
    assert.deepEqual(await speaker.unforgiven(), []);
  } finally {
    await killBrowser(chromium);
    await killBrowser(firefox);
    island.leave();
  }
});

test('the complaints of a page are heard: console errors, exceptions, and the security policy', { timeout: 60_000 }, async () => {
  const chromium = await launchChromium();
  try {
    const page = await Studio.create(await chromium.createBrowserContext(), { name: 'complainer', origin: files.origin });
    await page.goto('/');
    await page.page.evaluate(() => {
      console.error('one complaint');
      setTimeout(() => { throw new Error('thrown later'); });
      const policy = document.createElement('meta');
      policy.httpEquiv = 'Content-Security-Policy';
      policy.content = "img-src 'none'";
      document.head.append(policy);
      const picture = new Image();
      picture.src = '/nothing.png';
      document.body.append(picture);
    });
    await until('all three are noted', () => page.unforgiven(), {
      good: (complaints) => ['one complaint', 'thrown later', 'policy: img-src'].every((part) => complaints.some((complaint) => complaint.includes(part))),
    });
  } finally {
    await killBrowser(chromium);
  }
});

/** One call by hand. @param {Studio} speaker @param {Studio} listener */
async function connect(speaker, listener) {
  const offer = await speaker.page.evaluate(async () => {
    const connection = new RTCPeerConnection();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    connection.addTrack(stream.getTracks()[0], stream);
    await connection.setLocalDescription();
    await new Promise((done) => connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && done(undefined)));
    return connection.localDescription?.toJSON();
  });
  const answer = await listener.page.evaluate(async (description) => {
    const connection = new RTCPeerConnection();
    const context = new AudioContext();
    const bus = new GainNode(context);
    Object.assign(window, { bus });
    connection.addEventListener('track', ({ track }) => {
      const stream = new MediaStream([track]);
      Object.assign(new Audio(), { srcObject: stream, muted: true }).play();
      new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(bus);
    });
    await connection.setRemoteDescription(description);
    await connection.setLocalDescription();
    await new Promise((done) => connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && done(undefined)));
    return connection.localDescription?.toJSON();
  }, /** @type {any} */ (offer));
  await speaker.page.evaluate((description) => window.parlorProbe.connections[0].setRemoteDescription(description), /** @type {any} */ (answer));
}

/** @param {Studio} studio @param {number} hz */
function listen(studio, hz) {
  return studio.page.evaluate((frequency) => window.parlorProbe.listen(/** @type {any} */ (window).bus, frequency), hz);
}
