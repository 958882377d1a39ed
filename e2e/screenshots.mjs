#!/usr/bin/env node
/**
 * Pictures of the page, to be looked at: each view in light, dark and narrow.
 *
 *     node e2e/screenshots.mjs FOLDER
 *
 * PARLOR_BIN names the server's binary (default: target/debug/parlor).
 */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killBrowser, launchChromium } from './lib/browsers.mjs';
import { isInside, raiseNetwork, runInside } from './lib/namespace.mjs';
import { missingNeeds } from './lib/needs.mjs';
import { Studio } from './lib/page.mjs';
import { ParlorServer, serverPath } from './lib/server.mjs';

/** @typedef {{ name: string, width: number, height: number, scheme: 'light' | 'dark' }} Look */

/** From this width on the chat has its place beside the strips, in CSS pixels. */
const chatBesidePx = 704;

/** @type {Look[]} */
const looks = [
  { name: 'light', width: 1_280, height: 800, scheme: 'light' },
  { name: 'dark', width: 1_280, height: 800, scheme: 'dark' },
  { name: 'narrow', width: 360, height: 740, scheme: 'light' },
  { name: 'narrow-dark', width: 360, height: 740, scheme: 'dark' },
  { name: 'wide', width: 2_560, height: 1_440, scheme: 'light' },
];

/** Of a page in somebody else's frame. @type {Look[]} */
const frameLooks = [
  { name: 'frame', width: 320, height: 480, scheme: 'light' },
  { name: 'frame-dark', width: 320, height: 480, scheme: 'dark' },
  { name: 'light', width: 900, height: 600, scheme: 'light' },
  { name: 'dark', width: 900, height: 600, scheme: 'dark' },
];

if (process.argv.length !== 3) {
  console.error('usage: node e2e/screenshots.mjs FOLDER');
  process.exit(2);
}
const folder = resolve(process.argv[2]);
const missing = missingNeeds({ serverPath, e2ePath: fileURLToPath(new URL('.', import.meta.url)) });
if (missing.length > 0) {
  console.error(`screenshots: missing here:\n${missing.map((need) => `  - ${need}`).join('\n')}`);
  process.exit(2);
}
if (!isInside()) process.exit(await runInside());

raiseNetwork();
mkdirSync(folder, { recursive: true });
const server = await ParlorServer.start(['--empty-room', '1s']);
const browser = await launchChromium();
try {
  await pictureFront();
  await pictureRooms();
  await pictureMediaPort();
  await pictureCall();
  await pictureVoice();
  await pictureTroubles();
} finally {
  await killBrowser(browser);
  await server.stop();
}
process.exit(0);

async function pictureFront() {
  const visitor = await arrive('Visitor');
  await visitor.goto('/');
  await visitor.sees('that nobody is live', ({ text }) => /nobody is live/i.test(text));
  await picture(visitor, '01-front-empty');
}

async function pictureRooms() {
  const people = [];
  for (const [name, room] of [['Ada', 'Morning show'], ['Ben', 'Morning show'], ['Cleo', 'Board of the garden club'], ['Dan', 'Late night tape']]) {
    const person = await arrive(name);
    await person.goto('/');
    await person.fill('Your name', name);
    await person.fill('Room name', room);
    await person.press('Start Session');
    await person.inSession();
    people.push(person);
  }
  const visitor = await arrive('Visitor');
  await visitor.goto('/');
  await visitor.sees('three rooms', ({ rooms }) => rooms.length === 3);
  await picture(visitor, '02-front-rooms');
  await visitor.goto('/#morning-show');
  await visitor.sees('who is in there', ({ text }) => /2 people are in here/i.test(text));
  await picture(visitor, '03-lobby');
  await visitor.page.close();
  for (const person of people) await person.page.close();
}

async function pictureMediaPort() {
  // An address that nothing answers at.
  const walled = await ParlorServer.start(['--public-ip', '192.0.2.1']);
  try {
    const visitor = await arrive('Visitor', { origin: walled.origin });
    await visitor.goto('/#morning-show');
    await visitor.sees('that the media port is out of reach', ({ text }) => /media port \(UDP \d+\) can’t be reached/.test(text));
    await picture(visitor, '03-lobby-media-port');
    await visitor.page.evaluate(() => document.querySelector('.media-port details')?.setAttribute('open', ''));
    await picture(visitor, '03-lobby-media-port-help', { inLooks: looks.filter(({ name }) => name.startsWith('narrow')) });
    await visitor.page.close();
  } finally {
    await walled.stop();
  }
}

async function pictureCall() {
  const ada = await arrive('Ada');
  await ada.autostart('evening-show', { role: 'host' });
  await picture(ada, '04-session-alone', { isChatFolded: true });
  const ben = await arrive('Ben');
  await ben.autostart('evening-show');
  await ada.seesConnected(ben);
  await ada.fill('Message', 'Can you hear me?');
  await ada.press('Send');
  await ben.sees('the message', ({ chat }) => chat.some((line) => line.includes('Can you hear me?')));
  await ben.fill('Message', 'Loud and clear. Shall we start?');
  await ben.press('Send');
  await ada.sees('the answer', ({ chat }) => chat.some((line) => line.includes('Loud and clear')));
  await ada.sees('both meters', ({ participants }) => participants.length === 2);
  await picture(ada, '05-call-of-two', { isChatFolded: true });
  await picture(ada, '05-call-of-two-chat');
  const more = [];
  for (const name of ['Cleo Marguerite de la Fontaine-Whitfield', 'Dan', 'Eve', 'Fay']) {
    const person = await arrive(name);
    await person.autostart('evening-show');
    more.push(person);
  }
  await ada.seesConnected(...more);
  await ada.press('Mute Dan');
  await ada.slide('Gain for Eve', 160);
  await picture(ada, '06-call-of-six', { isChatFolded: true });
  await fold(ada, true);
  await ada.page.keyboard.press('?');
  await picture(ada, '07-keys');
  await ada.page.keyboard.press('Escape');
  await ada.press('Host controls for Ben');
  await picture(ada, '08-host-menu');
  await (await ada.find('menuitem', 'Remove from room')).click();
  await (await ada.find('menuitem', 'Yes, remove Ben')).click();
  await ben.sees('who removed them', ({ alerts }) => alerts.some((alert) => alert.includes('Ada removed you')));
  await picture(ben, '09-removed');
  for (const person of [ada, ben, ...more]) await person.page.close();
}

async function pictureVoice() {
  const ada = await arrive('Ada');
  await ada.goto('/voice.html?name=Ada#lounge');
  await ada.sees('that nobody is there', ({ text }) => text.includes('Nobody is here yet.'));
  await picture(ada, '16-voice-way-in', { inLooks: frameLooks });
  const others = [];
  for (const name of ['Ben', 'Cleo Marguerite de la Fontaine-Whitfield', 'Dan']) {
    const person = await arrive(name);
    await person.goto(`/voice.html?${new URLSearchParams({ name, autostart: '1' })}#lounge`);
    await person.inSession();
    others.push(person);
  }
  const [, , dan] = others;
  await dan.press('Mute microphone');
  await ada.press('Join voice');
  await ada.inSession();
  await ada.seesConnected(...others);
  await picture(ada, '17-voice-channel', { inLooks: frameLooks });
  await ada.press('Push to talk');
  await ada.page.keyboard.down('Space');
  await picture(ada, '18-voice-push-to-talk', { inLooks: frameLooks });
  await ada.page.keyboard.up('Space');
  await ada.press('Deafen');
  await picture(ada, '19-voice-deafened', { inLooks: frameLooks });
  for (const person of [ada, ...others]) await person.page.close();
}

async function pictureTroubles() {
  const holder = await arrive('Holder');
  await holder.goto('/');
  await holder.find('button', 'Start Session');
  await holder.page.evaluate(() => window.parlor.rooms.create({ id: 'small-room', name: 'Small room', capacity: 1 }));
  const late = await arrive('Late');
  await late.goto('/?name=Late&autostart=1#small-room');
  await late.sees('that it is full', ({ text }) => /is full/i.test(text));
  await picture(late, '10-room-full');
  await late.page.close();

  const denied = await arrive('Ada', { microphoneError: 'NotAllowedError' });
  await denied.autostart('no-microphone');
  await denied.sees('that it is blocked', ({ text }) => /blocks the microphone/i.test(text));
  await picture(denied, '11-microphone-denied');
  await denied.page.close();

  const bare = await arrive('Ada', { missing: ['RTCPeerConnection'] });
  await bare.goto('/');
  await bare.sees('what is missing', ({ text }) => /no WebRTC/i.test(text));
  await picture(bare, '12-no-webrtc');
  await bare.page.close();

  const distant = await arrive('Ada', { origin: server.remoteOrigin });
  await distant.goto('/');
  await distant.sees('that it is not secure', ({ text }) => /not secure/i.test(text));
  await picture(distant, '13-insecure-origin');
  await distant.page.close();

  const ada = await arrive('Ada');
  await ada.autostart('outage');
  const ben = await arrive('Ben');
  await ben.autostart('outage');
  await ada.seesConnected(ben);
  await server.kill();
  await ada.sees('that it reconnects', ({ text }) => /reconnecting/i.test(text));
  await holder.sees('that the server is away', ({ text }) => /can’t be reached/i.test(text));
  await picture(ada, '14-reconnecting', { isChatFolded: true });
  await picture(holder, '15-server-away');
}

/** @param {string} name @param {Partial<import('./lib/page.mjs').StudioOptions>} [options] */
async function arrive(name, options = {}) {
  return Studio.create(await browser.createBrowserContext(), { name, origin: server.origin, ...options });
}

/**
 * @param {Studio} studio
 * @param {string} name
 * @param {{ isChatFolded?: boolean, inLooks?: Look[] }} [options] `isChatFolded`: where there is no room for it beside the strips
 */
async function picture(studio, name, { isChatFolded = false, inLooks = looks } = {}) {
  for (const look of inLooks) {
    await studio.page.setViewport({ width: look.width, height: look.height });
    if (isChatFolded) await fold(studio, look.width < chatBesidePx);
    await studio.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look.scheme }]);
    // Colours glide from one scheme into the other.
    await studio.page.evaluate(() => Promise.allSettled(document.getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity).map(({ finished }) => finished)));
    await studio.page.screenshot({ path: join(folder, `${name}-${look.name}.png`) });
  }
  await studio.page.setViewport({ width: 1_280, height: 800 });
}

/** @param {Studio} studio @param {boolean} isFolded whether the chat is to be */
async function fold(studio, isFolded) {
  const isOpen = await studio.has('log', 'Chat');
  if (isOpen === isFolded) {
    await blur(studio);
    await studio.page.keyboard.press('c');
  }
  await blur(studio);
}

/** Letters are shortcuts only where nothing is typed. @param {Studio} studio */
async function blur(studio) {
  await studio.page.evaluate(() => /** @type {HTMLElement | null} */ (document.activeElement)?.blur());
}
