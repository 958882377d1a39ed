/**
 * Offers that cross on a connection that works: both sides want something at the same moment, again and again, and
 * neither loses the other's sound over it. (Chromium loses it for good where an offer is rolled back.)
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';

/** What is published in each round, one more each time; of pictures nobody needs to see anything. */
const sources = ['camera', 'screen', 'program'];

for (const browser of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`CM-3 offers cross on a live connection of Chromium with ${browser}: everything is negotiated, and both still hear each other`, async (stage) => {
    const ada = await stage.join('Ada');
    const ben = await stage.join('Ben', { browser });
    const both = [ada, ben];
    await ada.seesConnected(ben);
    await ben.seesConnected(ada);
    await hearsAt(ada, ben, toneDb);
    await hearsAt(ben, ada, toneDb);
    let crossed = 0;
    for (const source of sources) {
      const before = await Promise.all(both.map((person) => offers(person)));
      const at = Date.now() + 500;
      await Promise.all(both.map((person) => person.page.evaluate(publishAt, source, at)));
      for (const person of both) await person.page.waitForFunction(areAllAnswered, { timeout: 10_000 });
      const made = await Promise.all(both.map((person) => offers(person)));
      if (haveCrossed(made.map((all, index) => all.slice(before[index].length)))) crossed += 1;
      await hearsAt(ada, ben, toneDb);
      await hearsAt(ben, ada, toneDb);
    }
    assert.ok(crossed > 0, 'no offers crossed: this proved nothing');
    for (const person of both) {
      assert.equal(await person.connectionsMade(), 1, `${person.name} keeps the one connection`);
      const [{ status, retryCount }] = await person.connections();
      assert.deepEqual([status, retryCount], ['connected', 0]);
    }
  });
}

/** @param {import('../lib/page.mjs').Studio} person */
async function offers(person) {
  const frames = await person.frames();
  return frames.filter(({ type, way }) => type === 'offer' && way !== undefined);
}

/**
 * Whether both sent an offer before the other's arrived.
 * @param {{ at: number, way: string }[][]} sides
 */
function haveCrossed(sides) {
  const [first, second] = sides.map((all) => ({ out: all.find(({ way }) => way === 'out'), in: all.find(({ way }) => way === 'in') }));
  if (!first.out || !first.in || !second.out || !second.in) return false;
  return first.out.at <= first.in.at && second.out.at <= second.in.at;
}

/** Runs in the page. @param {string} source @param {number} at in ms since the epoch */
function publishAt(source, at) {
  const canvas = document.createElement('canvas');
  canvas.getContext('2d')?.fillRect(0, 0, 8, 8);
  const [track] = canvas.captureStream(5).getVideoTracks();
  return new Promise((done) => {
    setTimeout(() => {
      window.parlor.rtcManager.replaceTrack(source, track);
      done(undefined);
    }, at - Date.now());
  });
}

/** Runs in the page: each local track is in the last description that both sides agreed on. */
function areAllAnswered() {
  const pc = window.parlorProbe.connections.at(-1);
  const sending = (pc?.getTransceivers() ?? []).filter(({ sender }) => sender.track !== null);
  return pc?.signalingState === 'stable' && sending.length > 1 && sending.every(({ currentDirection }) => currentDirection?.startsWith('send'));
}
