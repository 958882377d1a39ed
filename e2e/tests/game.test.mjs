/**
 * The example game: its page, its server, and players who join by them.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGame } from '../../examples/game/server.mjs';
import { violationsOn } from '../lib/axe.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

const file = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const adminToken = 'of-the-operator-alone';
const adminTokenFile = join(mkdtempSync(join(tmpdir(), 'parlor-')), 'admin.token');
writeFileSync(adminTokenFile, adminToken);

/** @typedef {import('../lib/page.mjs').Studio} Studio */

scenario('GP-4 GP-7 GP-8 the example game: four see each other, a fifth is refused, dice are seen, who leaves is gone from roster and table', async (stage) => {
  const game = await startGame({ parlor: stage.server.origin, adminToken, room: stage.room, peerjs: file('../node_modules/peerjs/dist/peerjs.min.js') });
  try {
    const names = ['Ada', 'Ben', 'Cleo', 'Dan'];
    const people = /** @type {Studio[]} */ ([]);
    for (const name of names) {
      const person = await stage.person(name, { origin: game.origin, toneHz: null });
      people.push(person);
      // The others refuse camera and microphone, which spares the machine: they play, too.
      if (name !== 'Ada') await person.page.evaluateOnNewDocument(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('as the test wants it', 'NotAllowedError'));
      });
      if (name === 'Ada') {
        await person.goto('/');
        await assertAccessible(person);
        await person.fill('Your name', name);
        await person.press('Join the game');
      } else await person.goto(`/?name=${name}`);
    }
    const [ada, ben, , dan] = people;
    for (const person of people) {
      await until(`${person.name} sees all four, and the pictures there are`, () => tiles(person), {
        good: (seen) => seen.length === 4 && seen.every(({ name, width, state, hasPicture }) =>
          state === '' && (name.startsWith('Ada') ? width > 0 && hasPicture : !hasPicture)),
      });
    }
    await dan.sees('that camera and microphone are refused', ({ alerts }) => alerts.some((text) => text.includes('not allowed')));
    assert.equal((await roster(stage)).length, 4);
    await assertAccessible(ada);
    await ada.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await ada.page.setViewport({ width: 360, height: 740 });
    await assertAccessible(ada);
    assert.ok(await ada.page.evaluate(() => document.documentElement.scrollWidth <= 360), 'nothing sticks out at 360 px');

    const eve = await stage.person('Eve', { origin: game.origin, toneHz: null, forgiven: [/409/] });
    await eve.goto('/?name=Eve');
    await eve.sees('that the table is full', ({ alerts }) => alerts.some((text) => text.includes('full')));

    await ada.press('Roll the die');
    await until('Dan sees what Ada rolled', () => tiles(dan), { good: (seen) => /^Ada rolled [1-6]$/.test(seen.find(({ name }) => name === 'Ada')?.die ?? '') });
    await ada.press('Camera off');
    await ada.press('Mute');
    await until('Ben sees that Ada’s camera and microphone are off', () => tiles(ben), {
      good: (seen) => seen.some(({ name, hasPicture, marks }) => name === 'Ada' && !hasPicture && marks.includes('Muted')),
    });

    await dan.press('Leave');
    await dan.find('button', 'Join the game');
    await until('Dan is off the roster', async () => (await roster(stage)).length === 3);
    // Closing the tab is leaving, too.
    await ben.close();
    await until('Ada sees two players', () => tiles(ada), { good: (seen) => seen.map(({ name }) => name).join() === 'Ada (you),Cleo' });
    assert.equal((await roster(stage)).length, 2);
    for (const person of people) if (!person.page.isClosed()) await person.close();
  } finally {
    await game.close();
  }
}, { serverFlags: ['--admin-token-file', adminTokenFile] });

/** @param {import('../lib/stage.mjs').Stage} stage @returns {Promise<string[]>} who may be in the stage's room, as parlor says */
async function roster(stage) {
  const headers = { authorization: `Bearer ${adminToken}` };
  const { members } = await (await fetch(`${stage.server.origin}/api/v1/rooms/${stage.room}/roster`, { headers })).json();
  return members;
}

/** @param {Studio} person */
function tiles(person) {
  return person.page.evaluate(() => [...document.querySelectorAll('#players > li')].map((tile) => {
    const text = (/** @type {string} */ selector) => tile.querySelector(selector)?.textContent ?? '';
    return {
      name: text('.name'), state: text('.state'), marks: text('.marks'), die: tile.querySelector('.die')?.getAttribute('aria-label') ?? '',
      hasPicture: tile.classList.contains('has-picture'), width: tile.querySelector('video')?.videoWidth ?? 0,
    };
  }));
}

/** @param {Studio} person */
async function assertAccessible(person) {
  const violations = await violationsOn(person.page);
  assert.deepEqual(violations, []);
}
