/**
 * The voice channel page: what an application embeds. People in a channel hear each other in a star and in a mesh, and do
 * what its controls, keys and parameters say.
 */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hearsAt, hearsNothing, silenceDb, toneDb } from '../lib/audio.mjs';
import { violationsOn } from '../lib/axe.mjs';
import { scenario } from '../lib/stage.mjs';
import { openRoom } from '../lib/star.mjs';
import { serveFolder } from '../lib/static.mjs';
import { until } from '../lib/wait.mjs';

/** @typedef {import('../lib/page.mjs').Studio} Studio */
/** @typedef {import('../lib/stage.mjs').Stage} Stage */

for (const topology of /** @type {const} */ (['sfu', 'mesh'])) {
  scenario(`VC-1 a voice channel, ${topology}: two Chromium and a Firefox hear each other; mute, deafen, push to talk, speaking, disconnect`, async (stage) => {
    await openRoom(stage, { topology });
    const ada = await inChannel(stage, 'Ada');
    const ben = await inChannel(stage, 'Ben', { browser: 'firefox' });
    const cleo = await inChannel(stage, 'Cleo');
    const people = [ada, ben, cleo];
    for (const listener of people) {
      const others = people.filter((person) => person !== listener);
      await listener.seesExactly('Ada', 'Ben', 'Cleo');
      await listener.seesConnected(...others);
      for (const speaker of others) await hearsAt(listener, speaker, toneDb);
      await speak(listener, 'Ada', 'Ben', 'Cleo');
    }
    for (const person of people) {
      const connections = await person.connections();
      assert.equal(connections.some(({ remotePeerId }) => remotePeerId === 'hub'), topology === 'sfu');
    }

    // Muted: heard by nobody, and everybody sees it.
    await ada.press('Mute microphone');
    await hearsNothing(cleo, ada);
    await speak(cleo, 'Ben', 'Cleo');
    await cleo.sees('that Ada is muted', ({ participants }) => participants.some(({ name }) => name === 'Ada'));
    assert.deepEqual(await muted(cleo, 'Ada'), ['Ada']);
    await ada.press('Unmute microphone');
    await hearsAt(cleo, ada, toneDb);
    assert.deepEqual(await muted(cleo), []);

    // Deafened: hears nothing, is heard by nobody, and still sees who speaks.
    await until('Cleo’s ears get sound', () => atEars(cleo), { good: (levelDb) => levelDb > toneDb - 3 });
    await cleo.press('Deafen');
    await until('Cleo’s ears get nothing', () => atEars(cleo), { good: (levelDb) => levelDb < silenceDb });
    await hearsNothing(ada, cleo);
    await speak(cleo, 'Ada', 'Ben');
    await cleo.press('Undeafen');
    await until('Cleo’s ears get sound again', () => atEars(cleo), { good: (levelDb) => levelDb > toneDb - 3 });
    await hearsAt(ada, cleo, toneDb);

    // Push to talk: Space held, in Firefox too; the button held.
    await ben.press('Push to talk');
    await hearsNothing(ada, ben);
    await ben.page.keyboard.down(' ');
    await hearsAt(ada, ben, toneDb);
    await speak(ada, 'Ada', 'Ben', 'Cleo');
    await ben.page.keyboard.up(' ');
    await hearsNothing(ada, ben);
    const talk = await ben.page.$('#talk');
    const box = await talk?.boundingBox();
    assert.ok(box);
    await ben.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await ben.page.mouse.down();
    await hearsAt(ada, ben, toneDb);
    await ben.page.mouse.up();
    await hearsNothing(ada, ben);

    await ben.press('Disconnect');
    await ben.find('button', 'Join voice');
    await ada.seesExactly('Ada', 'Cleo');
    await hearsAt(ada, cleo, toneDb);
    const left = await ben.page.evaluate(() => ({
      open: window.parlorProbe.connections.filter((one) => one.connectionState !== 'closed').length,
      live: window.parlorProbe.microphones.filter((track) => track.readyState === 'live').length,
      call: window.parlor.connectionManager,
    }));
    assert.deepEqual(left, { open: 0, live: 0, call: null }, 'nothing of it stays');
  });
}

scenario('the way a person goes: who is in there, name, join muted; the keys M and D; out, and in again under the name of before', async (stage) => {
  const ben = await inChannel(stage, 'Ben');
  const ada = await stage.person('Ada');
  const { keyboard } = ada.page;
  await ada.goto(`/voice.html#${stage.room}`);
  await ada.sees('who is in there', ({ text }) => text.includes('Here now: Ben.'));
  await tabTo(ada, 'Your name');
  await keyboard.type('Ada mad');
  await tabTo(ada, 'Join muted');
  await keyboard.press('Space');
  await tabTo(ada, 'Join voice');
  await keyboard.press('Enter');
  ada.name = 'Ada mad';
  await ada.inSession();
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await hearsNothing(ben, ada);
  await keyboard.press('m');
  await hearsAt(ben, ada, toneDb);
  await keyboard.press('d');
  await ada.find('button', 'Undeafen');
  await hearsNothing(ben, ada);
  await keyboard.press('m');
  await ada.find('button', 'Deafen');
  await hearsAt(ben, ada, toneDb);
  await tabTo(ada, 'Disconnect');
  await keyboard.press('Enter');
  await ada.find('button', 'Join voice');
  await ada.sees('who is in there', ({ text }) => text.includes('Here now: Ben.'));
  await ada.page.reload();
  const name = await ada.find('textbox', 'Your name');
  assert.equal(await name.evaluate((box) => /** @type {HTMLInputElement} */ (box).value), 'Ada mad');
});

scenario('a channel that is not named asks for one; muted and push to talk by the address', async (stage) => {
  const ada = await stage.person('Ada');
  await ada.goto('/voice.html');
  await ada.fill('Channel', `${stage.room} Side`);
  await ada.press('Go to channel');
  await ada.sees('that nobody is there', ({ text }) => text.includes('Nobody is here yet.'));
  assert.equal(decodeURIComponent(new URL(ada.page.url()).hash), `#${stage.room}-side`);
  const ben = await inChannel(stage, 'Ben', { parameters: { muted: '1', ptt: '1' } });
  await ben.find('button', 'Unmute microphone');
  await ben.sees('that nobody else is there', ({ text }) => text.includes('Nobody else is here yet.'));
  const pressed = await (await ben.find('button', 'Push to talk')).evaluate((button) => button.getAttribute('aria-pressed'));
  assert.equal(pressed, 'true');
});

scenario('what goes wrong is said: no microphone, a password, a full channel, removed by a host', async (stage) => {
  await openRoom(stage, { topology: 'mesh', capacity: 2 });
  const ada = await inChannel(stage, 'Ada', { microphoneError: 'NotFoundError' });
  await ada.sees('that there is no microphone', ({ text }) => text.includes('No microphone found.'));
  const ben = await inChannel(stage, 'Ben');
  await hearsAt(ada, ben, toneDb);
  const cleo = await stage.person('Cleo');
  await cleo.goto(`/voice.html?name=Cleo#${stage.room}`);
  await cleo.press('Join voice');
  await cleo.sees('that it is full', ({ alerts }) => alerts.some((text) => text.includes('The channel is full.')));
  const host = (await ada.page.evaluate((room) => window.parlor.rooms.joined(room)?.you.role, stage.room)) === 'host' ? ada : ben;
  const other = host === ada ? ben : ada;
  await host.page.evaluate((room, id) => window.parlor.signaling.request('remove-user', { roomId: room, userId: id }), stage.room, await other.ownId());
  await other.sees('who removed them', ({ alerts }) => alerts.some((text) => text.includes(`${host.name} removed you from this channel.`)));
  await other.find('button', 'Join voice');

  const secret = `${stage.room}-secret`;
  const dan = await stage.person('Dan');
  await dan.goto('/voice.html');
  await dan.page.evaluate((room) => window.parlor.rooms.join(room, { create: { name: room, password: 'tea' } }), secret);
  await cleo.goto(`/voice.html?name=Cleo#${secret}`);
  await cleo.press('Join voice');
  await cleo.sees('that there is a password', ({ alerts }) => alerts.some((text) => text.includes('This channel has a password.')));
  await cleo.fill('Password', 'coffee');
  await cleo.press('Join voice');
  await cleo.sees('that it is another one', ({ alerts }) => alerts.some((text) => text.includes('That is not its password.')));
  await cleo.fill('Password', 'tea');
  await cleo.press('Join voice');
  await cleo.inSession();
});

scenario('VC-6 the server goes and comes back: reconnecting is shown, the sound goes on, and the channel is whole again', async (stage) => {
  const people = [await inChannel(stage, 'Ada'), await inChannel(stage, 'Ben')];
  for (const person of people) person.forgive(/WebSocket connection to/, /ERR_CONNECTION_REFUSED/);
  const [ada, ben] = people;
  await hearsAt(ada, ben, toneDb);
  await stage.server.kill();
  for (const person of people) await person.sees('that it reconnects', ({ alerts }) => alerts.some((text) => text.includes('Reconnecting…')));
  await hearsAt(ada, ben, toneDb);
  await stage.server.start();
  for (const person of people) {
    await person.sees('that the server is back', ({ alerts }) => !alerts.some((text) => text.includes('Reconnecting…')));
    await person.seesExactly('Ada', 'Ben');
  }
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
}, { ownServer: true });

const app = await serveFolder(fileURLToPath(new URL('../fixtures/', import.meta.url)));
/** What the README says a copy takes. */
const copyFolder = mkdtempSync(join(tmpdir(), 'parlor-voice-'));
for (const part of ['voice.html', 'voice', 'sdk']) {
  cpSync(fileURLToPath(new URL(`../../web/${part}`, import.meta.url)), join(copyFolder, part), { recursive: true });
}
const copy = await serveFolder(copyFolder);
after(async () => {
  await Promise.all([app.close(), copy.close()]);
  rmSync(copyFolder, { recursive: true });
});

scenario('another site shows the page in a frame where the operator allows it, and takes a copy of it', async (stage) => {
  const ben = await inChannel(stage, 'Ben');
  const ada = await stage.person('Ada', { origin: app.origin, toneHz: null });
  const source = `${stage.server.origin}/voice.html?${new URLSearchParams({ name: 'Ada', autostart: '1' })}#${stage.room}`;
  await ada.goto('/frame.html');
  await ada.page.evaluate((src) => {
    const frame = document.createElement('iframe');
    Object.assign(frame, { src, allow: 'microphone; autoplay', width: 320, height: 420, title: 'Voice' });
    document.body.append(frame);
  }, source);
  await ben.seesExactly('Ada', 'Ben');
  await ben.sees('Ada connected', ({ participants }) => participants.some(({ name, status }) => name === 'Ada' && status === 'Connected'));
  await speak(ben, 'Ada', 'Ben');

  const cleo = await stage.person('Cleo', { origin: copy.origin });
  const page = join(copyFolder, 'voice.html');
  const server = `${stage.server.origin.replace('http', 'ws')}/ws`;
  writeFileSync(page, readFileSync(page, 'utf8').replace('data-server=""', `data-server="${server}"`));
  await cleo.goto(`/voice.html?${new URLSearchParams({ name: 'Cleo', autostart: '1' })}#${stage.room}`);
  await cleo.inSession();
  await hearsAt(cleo, ben, toneDb);
  await hearsAt(ben, cleo, toneDb);
}, { serverFlags: ['--allow-origin', app.origin, '--allow-origin', copy.origin] });

scenario('a site that the operator does not allow gets no frame', async (stage) => {
  const ada = await stage.person('Ada', { origin: app.origin, toneHz: null, forgiven: [/frame-ancestors|Refused to frame|Framing/i] });
  await ada.goto('/frame.html');
  await ada.page.evaluate((src) => {
    const frame = document.createElement('iframe');
    Object.assign(frame, { src, title: 'Voice' });
    document.body.append(frame);
  }, `${stage.server.origin}/voice.html?name=Ada&autostart=1#${stage.room}`);
  await until('the browser says so', async () => ada.complaints.some((complaint) => /frame-ancestors|Framing/i.test(complaint)));
  const frames = ada.page.frames().filter((frame) => frame !== ada.page.mainFrame());
  for (const frame of frames) assert.equal(await frame.$('#main'), null);
});

for (const scheme of ['light', 'dark']) {
  scenario(`axe-core finds nothing on the voice page, ${scheme}, and everything has its role and name`, async (stage) => {
    await inChannel(stage, 'Ben');
    const ada = await stage.person('Ada');
    await ada.page.setViewport({ width: 320, height: 480 });
    await ada.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
    await ada.goto('/voice.html');
    await ada.find('button', 'Go to channel');
    await assertAccessible(ada, 'choice of a channel');
    await ada.goto(`/voice.html?name=Ada#${stage.room}`);
    for (const [role, name] of [['textbox', 'Your name'], ['checkbox', 'Join muted'], ['checkbox', 'Push to talk'], ['button', 'Join voice']]) await ada.find(role, name);
    await assertAccessible(ada, 'way in');
    await ada.press('Join voice');
    await ada.inSession();
    for (const [role, name] of [['list', 'Participants'], ['meter', 'Level of Ben'], ['meter', 'Level of Ada'], ['group', 'Voice'],
      ['button', 'Mute microphone'], ['button', 'Deafen'], ['button', 'Push to talk'], ['button', 'Disconnect']]) await ada.find(role, name);
    await ada.press('Push to talk');
    await ada.press('Deafen');
    await assertAccessible(ada, 'channel');
    const isWide = await ada.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(isWide, false, 'nothing is cut off at 320 px');
  });
}

/**
 * A person who is in the stage's channel.
 *
 * @param {Stage} stage
 * @param {string} name
 * @param {Parameters<Stage['person']>[1] & { parameters?: Record<string, string> }} [options]
 */
async function inChannel(stage, name, { parameters = {}, ...options } = {}) {
  const person = await stage.person(name, options);
  await person.goto(`/voice.html?${new URLSearchParams({ name, autostart: '1', ...parameters })}#${stage.room}`);
  await person.inSession();
  return person;
}

/** Waits until exactly these have the ring of who speaks. @param {Studio} studio @param {string[]} names */
async function speak(studio, ...names) {
  await until(`${studio.name} sees ${names.join(' and ')} speaking`, () => studio.page.evaluate(() =>
    [...document.querySelectorAll('.person.is-speaking')].map((item) => (item.querySelector('.name')?.textContent ?? '').replace(' (you)', ''))),
  { good: (speaking) => speaking.sort().join() === [...names].sort().join() });
}

/**
 * Waits until exactly these are marked as muted.
 *
 * @param {Studio} studio
 * @param {string[]} names
 */
function muted(studio, ...names) {
  return until(`${studio.name} sees ${names.join(' and ') || 'nobody'} muted`, () => studio.page.evaluate(() =>
    [...document.querySelectorAll('.person')].filter((item) => item.querySelector('.muted')?.checkVisibility())
      .map((item) => (item.querySelector('.name')?.textContent ?? '').replace(' (you)', ''))),
  { good: (shown) => shown.sort().join() === [...names].sort().join() });
}

/** @param {Studio} studio @returns {Promise<number>} what goes to the ears now, in dBFS */
function atEars(studio) {
  return studio.page.evaluate(() => window.parlorProbe.listen(window.parlor.audioGraph.monitor, 440).rmsDb);
}

/** Presses Tab until what has this accessible name has the focus. @param {Studio} studio @param {string} name */
async function tabTo(studio, name) {
  const passed = [];
  for (let presses = 0; presses < 30; presses += 1) {
    const focused = await studio.page.evaluate(() => {
      const element = /** @type {HTMLInputElement | null} */ (document.activeElement);
      return (element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent ?? element?.textContent ?? '').trim();
    });
    if (focused === name) return;
    passed.push(focused.slice(0, 30));
    await studio.page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to "${name}"; it passed ${passed.join(' | ')}`);
}

/** @param {Studio} studio @param {string} view */
async function assertAccessible(studio, view) {
  const found = await violationsOn(studio.page);
  assert.deepEqual(found, [], `on the ${view}`);
}
