/**
 * Faults under a live call and what is heard of them: the longest gap in sound and packets at the listener is printed for
 * each. Only with --full: a gap has to be waited for.
 */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { watchGaps } from '../../lib/flows.mjs';
import { scenario } from '../../lib/stage.mjs';
import { figure, printTable } from '../../lib/table.mjs';
import { holdsFor, until } from '../../lib/wait.mjs';

/** What browsers write on the console about a server that is not there. */
const serverAway = /WebSocket connection to|ERR_CONNECTION_REFUSED/;

/** @type {(string | number)[][]} */
const rows = [];
after(() => printTable('Recovery: the longest gap at whom the fault does not strike', ['fault', 'without sound', 'without packets', 'connections made'], rows));

/**
 * Two in a call, the second one on an island; the fault; and then they hear each other again.
 *
 * @param {string} title
 * @param {string} fault its name in the table
 * @param {(scene: Scene) => Promise<void>} strike from the fault to its end
 * @param {{ timeoutMs?: number }} [options]
 */
function recovery(title, fault, strike, { timeoutMs = 120_000 } = {}) {
  scenario(title, async (stage) => {
    const ada = await stage.join('Ada');
    const { island, browser } = await stage.island();
    const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin, forgiven: [serverAway] });
    for (const [listener, speaker] of [[ada, ben], [ben, ada]]) {
      await listener.seesConnected(speaker);
      await hearsAt(listener, speaker, toneDb);
    }
    const readGaps = await watchGaps(ada, ben);
    /** @type {import('../../lib/flows.mjs').Gap | undefined} */
    let gap;
    const scene = { ada, ben, island, readGaps: async () => (gap = await readGaps()) };
    await strike(scene);
    for (const [listener, speaker] of [[ada, ben], [ben, ada]]) {
      await listener.seesExactly('Ada', 'Ben');
      await listener.seesConnected(speaker);
      await hearsAt(listener, speaker, toneDb);
    }
    gap ??= await scene.readGaps();
    rows.push([fault, `${figure(gap.silence_ms)} ms`, `${figure(gap.packets_ms)} ms`, await ada.connectionsMade()]);
  }, { timeoutMs });
}

/**
 * @typedef {{ ada: Studio, ben: Studio, island: import('../../lib/faults.mjs').Island,
 *   readGaps: () => Promise<import('../../lib/flows.mjs').Gap> }} Scene
 * @typedef {import('../../lib/page.mjs').Studio} Studio
 */

recovery('CM-16 a network cut for 4 s costs these seconds and little more, no connection and no participant', 'network cut for 4 s', async ({ ada, ben, island, readGaps }) => {
  island.cut();
  await holdsFor('nobody leaves', 4_000, () => ada.shown(), ({ participants }) => participants.length === 2);
  island.heal();
  await hearsAt(ada, ben, toneDb);
  const gap = await readGaps();
  assert.ok(gap.silence_ms >= 2_000, `the cut was one: ${JSON.stringify(gap)}`);
  assert.ok(gap.silence_ms < 8_000, `the sound is back soon after the network: ${JSON.stringify(gap)}`);
  assert.equal(await ada.connectionsMade(), 1, 'the connection was kept');
  await assertNoLeave(ada);
});

recovery('CM-9 CM-16 a network cut for 40 s: out of the room after the grace, and back in it by itself', 'network cut for 40 s', async ({ ada, ben, island }) => {
  island.cut();
  const cutAt = Date.now();
  await ada.seesExactly('Ada');
  await until('40 s have passed', () => Date.now() - cutAt >= 40_000, { timeoutMs: 45_000 });
  island.heal();
  await until('Ben is back', () => ada.shown(), { good: ({ participants }) => participants.length === 2, timeoutMs: 40_000 });
  await ada.seesConnected(ben);
}, { timeoutMs: 180_000 });

recovery('CM-9 signalling is cut for 6 s while media flows: nothing is torn down, nobody sees a leave, not a packet is missed', 'signalling refused for 6 s', async ({ ada, ben, island, readGaps }) => {
  island.refuseTcp();
  await ben.sees('that it reconnects', ({ text }) => /reconnecting, sound goes on/i.test(text));
  await holdsFor('nobody leaves and nothing is torn down', 6_000, async () => ({ shown: await ada.shown(), states: await ada.connections() }),
    ({ shown, states }) => shown.participants.length === 2 && states.length === 1 && states[0].status === 'connected');
  island.heal();
  await ben.sees('that it is online', ({ text }) => !/reconnecting/i.test(text));
  const gap = await readGaps();
  assert.ok(gap.packets_ms < 1_000, `packets went on: ${JSON.stringify(gap)}`);
  assert.ok(gap.silence_ms < 1_000, `the sound went on: ${JSON.stringify(gap)}`);
  assert.equal(await ada.connectionsMade(), 1, 'the connection was kept');
  await assertNoLeave(ada);
});

recovery('CM-15 the packets of a sender vanish for 12 s: the connection is restarted, and the sound is back with them', 'sent media dropped for 12 s', async ({ ada, island }) => {
  island.dropSentMedia();
  const droppedAt = Date.now();
  await until('12 s have passed', () => Date.now() - droppedAt >= 12_000);
  island.heal();
  await assertNoLeave(ada);
});

recovery('CM-16 a fifth of the packets is lost for 10 s: the sound goes on', '20 % lost for 10 s', async ({ ada, island, readGaps }) => {
  island.lose(20);
  const lossyAt = Date.now();
  await until('10 s have passed', () => Date.now() - lossyAt >= 10_000);
  const gap = await readGaps();
  island.heal();
  assert.ok(gap.silence_ms < 2_000, `the sound went on: ${JSON.stringify(gap)}`);
  await assertNoLeave(ada);
});

scenario('CM-6 CM-7 a peer that never answers is given up after three retries, with a sentence and a button “Try again” that works', async (stage) => {
  const ben = await stage.person('Ben');
  await ben.page.evaluateOnNewDocument(() => { if (window.parlorProbe) window.parlorProbe.isStubborn = true; });
  await ben.autostart(stage.room);
  const ada = await stage.join('Ada');
  const benId = await ben.ownId();
  const retriesSeen = new Set();
  const stateOf = async () => {
    const [state] = await ada.connections();
    if (state) retriesSeen.add(state.retryCount);
    return state;
  };
  await until('Ben is given up', stateOf, { good: (state) => state?.status === 'failed-permanent', timeoutMs: 150_000, everyMs: 200 });
  assert.deepEqual([...retriesSeen].sort(), [0, 1, 2, 3], 'retries: 3');
  await ada.sees('the sentence, with the name', ({ text, alerts }) => [text, ...alerts].some((words) => /Ben/.test(words) && /Max retries exceeded|could not be reached|no connection/i.test(words)));
  await ada.sees('that Ben is disconnected', ({ participants }) => participants.some(({ id, status }) => id === benId && status === 'Disconnected'));

  await ben.page.evaluate(() => { window.parlorProbe.isStubborn = false; });
  await ada.press('Try again');
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);
}, { timeoutMs: 240_000 });

/** @param {Studio} studio */
async function assertNoLeave(studio) {
  const { chat } = await studio.shown();
  assert.ok(!chat.some((line) => /Ben (left|lost)/.test(line)), `nobody was told of a leave: ${chat}`);
}
