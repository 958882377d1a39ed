/**
 * Offers that cross on a connection that works: both sides want something at the same moment, again and again, and
 * neither loses the other's sound over it. (Chromium loses it for good where an offer is rolled back.) And restarts of ICE,
 * begun by either side.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

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

for (const browser of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`CM-6 ${browser} offered first: whichever side restarts ICE, it is the same connection, and both still hear each other`, async (stage) => {
    const both = await joinOffering(stage, browser);
    const areTalking = async () => {
      for (const [listener, speaker] of [both, both.toReversed()]) {
        await listener.seesConnected(speaker);
        await hearsAt(listener, speaker, toneDb);
      }
    };
    await areTalking();
    const made = () => Promise.all(both.map((person) => person.connectionsMade()));
    const madeBefore = await made();
    for (const beginner of both) {
      const before = await credentials(both[0]);
      await beginner.page.evaluate(() => window.parlorProbe.connections.at(-1)?.restartIce());
      await until('both sides have new credentials', () => credentials(both[0]), { good: (now) => now.every((name, index) => name !== before[index]) });
      await areTalking();
    }
    assert.deepEqual(await made(), madeBefore, 'both keep the one connection');
  });
}

/**
 * Ada with Chromium and Ben with Firefox, where one of them makes the first offer: whose id is larger does, and the server draws
 * ids, so both come again until it is so.
 *
 * @param {import('../lib/stage.mjs').Stage} stage
 * @param {'chromium' | 'firefox'} browser who offers
 */
async function joinOffering(stage, browser) {
  for (let times = 0; times < 20; times += 1) {
    const ada = await stage.join('Ada');
    const ben = await stage.join('Ben', { browser: 'firefox' });
    const offerer = await ada.ownId() > await ben.ownId() ? 'chromium' : 'firefox';
    if (offerer === browser) return [ada, ben];
    for (const person of [ben, ada]) await person.close();
  }
  throw new Error(`of twenty pairs of ids none made ${browser} offer`);
}

/** @param {import('../lib/page.mjs').Studio} person @returns {Promise<string[]>} the user names of ICE: one's own, the other's */
function credentials({ page }) {
  return page.evaluate(() => {
    const pc = window.parlorProbe.connections.at(-1);
    return [pc?.localDescription, pc?.remoteDescription].map((description) => /^a=ice-ufrag:(.*)$/m.exec(description?.sdp ?? '')?.[1] ?? '');
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
