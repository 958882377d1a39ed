#!/usr/bin/env node
/**
 * The pictures of docs/images/: what README and the documents show of the studio. A room of eight, of whom five are a crowd
 * (lib/crowd.mjs) and three are pages. Pictures of every state of the page, to be looked at, are screenshots.mjs' work.
 *
 *     node e2e/docs-images.mjs FOLDER
 *
 * PARLOR_BIN names the server's binary (default: target/debug/parlor).
 */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killBrowser, launchChromium } from './lib/browsers.mjs';
import { letInCrowd } from './lib/crowd.mjs';
import { isInside, raiseNetwork, runInside } from './lib/namespace.mjs';
import { missingNeeds } from './lib/needs.mjs';
import { Studio } from './lib/page.mjs';
import { ParlorServer, serverPath } from './lib/server.mjs';
import { pauseMs, until } from './lib/wait.mjs';

const room = 'evening-show';

/** Who is there besides the three pages. */
const crowd = [
  { name: 'Hedy', role: 'host', amplitude: 0.15 },
  { name: 'Cleo', role: 'caller', amplitude: 0.3 },
  { name: 'Cora', role: 'caller', amplitude: 0.02 },
  { name: 'Cyril', role: 'caller', amplitude: 0.08 },
  { name: 'Cyd', role: 'caller', amplitude: 0.001 },
];

/** A round trip has been measured a few times, and meters and loudness have something to show. */
const settling_ms = 6_000;

if (process.argv.length !== 3) {
  console.error('usage: node e2e/docs-images.mjs FOLDER');
  process.exit(2);
}
const folder = resolve(process.argv[2]);
const missing = missingNeeds({ serverPath, e2ePath: fileURLToPath(new URL('.', import.meta.url)) });
if (missing.length > 0) {
  console.error(`docs-images: missing here:\n${missing.map((need) => `  - ${need}`).join('\n')}`);
  process.exit(2);
}
if (!isInside()) process.exit(await runInside());

raiseNetwork();
mkdirSync(folder, { recursive: true });
const server = await ParlorServer.start();
const browser = await launchChromium({ flags: ['--auto-select-desktop-capture-source=Entire screen', '--hide-scrollbars'] });
try {
  await takeAll();
} finally {
  await killBrowser(browser);
  await server.stop();
}
process.exit(0);

async function takeAll() {
  const hana = await arrive('Hana', 440);
  await hana.autostart(room, { role: 'host' });
  const hugo = await arrive('Hugo', 660);
  await hugo.autostart(room, { role: 'host' });
  const carl = await arrive('Carl', 880);
  await carl.autostart(room, { role: 'caller' });
  await letInCrowd(await (await browser.createBrowserContext()).newPage(), server.origin, room, crowd);
  await until('all eight are connected', () => hana.shown(), {
    good: ({ participants }) => participants.length === 8 && participants.every(({ status }) => status === 'Connected'), timeoutMs: 60_000,
  });

  const visitor = await arrive('Ines', 550);
  await visitor.goto('/');
  await visitor.sees('the room', ({ rooms }) => rooms.length === 1);
  await visitor.page.bringToFront();
  await picture(visitor, 'front');
  await visitor.goto(`/#${room}`);
  await visitor.sees('who is in there', ({ text }) => /8 people are in here/i.test(text));
  await pauseMs(1_000);
  await picture(visitor, 'lobby', { height: 1_000 });
  await visitor.page.close();

  await say(hugo, 'Cleo is next, then Cora.');
  await say(carl, 'I can hear everybody.');
  await hana.slide('Gain for Cora', 160);
  await hana.press('Mute Cyd');
  await hana.page.bringToFront();
  await pauseMs(settling_ms);
  await picture(hana, 'session', { width: 1_440, height: 900 });
  await picture(hana, 'session-dark', { width: 1_440, height: 900, scheme: 'dark' });
  await fold(hana);
  await picture(hana, 'narrow', { width: 360, height: 740 });

  await hana.page.setViewport({ width: 1_440, height: 900 });
  await debugView(hana);
  await picture(hana, 'debug', { width: 1_440, height: 900 });
  await debugView(hana);

  for (const person of [hana, hugo, carl]) await person.press('Turn camera on');
  await until('three pictures', () => hana.page.evaluate(() => [...document.querySelectorAll('video')].filter((video) => video.videoWidth > 0 && video.checkVisibility()).length), { good: (count) => count >= 3 });
  await pauseMs(2_000);
  await picture(hana, 'tiles', { width: 1_440, height: 900 });
}

/** @param {string} name @param {number} toneHz */
async function arrive(name, toneHz) {
  return Studio.create(await browser.createBrowserContext(), { name, origin: server.origin, toneHz });
}

/** @param {Studio} studio @param {string} text */
async function say(studio, text) {
  await studio.page.bringToFront();
  await studio.fill('Message', text);
  await studio.press('Send');
}

/** Takes the chat away. @param {Studio} studio */
async function fold(studio) {
  await blur(studio);
  await studio.page.keyboard.press('c');
  await blur(studio);
}

/** Opens it, or closes it. @param {Studio} studio */
async function debugView(studio) {
  for (const key of /** @type {const} */ (['Control', 'Shift'])) await studio.page.keyboard.down(key);
  await studio.page.keyboard.press('D');
  for (const key of /** @type {const} */ (['Shift', 'Control'])) await studio.page.keyboard.up(key);
  await pauseMs(2_000);
}

/** @param {Studio} studio @param {string} name @param {{ width?: number, height?: number, scheme?: 'light' | 'dark' }} [look] */
async function picture(studio, name, { width = 1_280, height = 800, scheme = 'light' } = {}) {
  await studio.page.setViewport({ width, height });
  await studio.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await blur(studio);
  // Colours glide from one scheme into the other.
  await pauseMs(1_000);
  await studio.page.screenshot({ path: join(folder, `${name}.png`) });
}

/** @param {Studio} studio */
async function blur(studio) {
  await studio.page.evaluate(() => /** @type {HTMLElement | null} */ (document.activeElement)?.blur());
}
