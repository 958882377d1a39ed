/**
 * Leaving: whoever closes the tab is gone at once, whoever is killed or goes away in the history leaves no ghost.
 */

import assert from 'node:assert/strict';
import { killBrowser } from '../lib/browsers.mjs';
import { hearsAt, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';
import { holdsFor, until } from '../lib/wait.mjs';

/** A page of the same server that is not the studio. For a plain text, browsers ask for an icon. */
const elsewhere = '/healthz';
const noIcon = /favicon\.ico/;

scenario('VC-6 CM-9 a closed tab is gone for the others in under a second: participants, connection, strip and room list', async (stage) => {
  const ada = await stage.join('Ada');
  const watcher = await stage.person('Watcher');
  await watcher.goto('/');
  const delays = [];
  for (const name of ['Ben', 'Cleo', 'Dan']) {
    const leaver = await stage.join(name);
    await ada.seesConnected(leaver);
    await watcher.sees('both in the list', (shown) => roomOf(shown, stage.room)?.count === '2/10');
    const id = await leaver.ownId();
    const goneAt = ada.page.evaluate((participant) => new Promise((resolve) => {
      const look = () => document.querySelector(`[data-participant-id="${participant}"]`) === null && resolve(Date.now());
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
    }), id);
    const listedAt = watcher.page.evaluate((room) => new Promise((resolve) => {
      const look = () => window.parlor.rooms.list.some((/** @type {any} */ one) => one.id === room && one.participants.length === 1) && resolve(Date.now());
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    }), stage.room);
    const closedAt = Date.now();
    await leaver.close();
    delays.push(Math.max(/** @type {number} */ (await goneAt), /** @type {number} */ (await listedAt)) - closedAt);
    await ada.seesExactly('Ada');
    await watcher.sees('only Ada in the list', (shown) => roomOf(shown, stage.room)?.count === '1/10');
    await until('nothing of them is left', () => ada.page.evaluate((participant) => ({
      connections: window.parlor.connectionManager.getConnectionsInfo().length,
      strips: window.parlor.audioGraph.participants.has(participant),
      open: window.parlorProbe.connections.filter(({ connectionState }) => connectionState !== 'closed').length,
    }), id), { good: ({ connections, strips, open }) => connections === 0 && !strips && open === 0 });
  }
  // The middle one of three: the machine may be busy for a moment, but not each time.
  const [, median] = delays.sort((a, b) => a - b);
  assert.ok(median < 1_000, `from closing to gone, in ms: ${delays}`);
});

scenario('VC-6 a killed browser is shown as suspect in under 5 s, and is gone when the grace of 10 s has passed', async (stage) => {
  const ada = await stage.join('Ada');
  const browser = await stage.ownChromium();
  const ben = await stage.join('Ben', { browser });
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  const killedAt = Date.now();
  await killBrowser(browser);
  await ada.sees('that contact with Ben is lost', ({ participants }) =>
    participants.some(({ name, text }) => name === 'Ben' && /lost contact/i.test(text)), { timeoutMs: 5_000 });
  const suspectAt = Date.now();
  await ada.seesExactly('Ada');
  const graceMs = Date.now() - suspectAt;
  assert.ok(graceMs > 8_000 && graceMs < 13_000, `suspect ${suspectAt - killedAt} ms after the kill, gone ${graceMs} ms later`);
  await ada.sees('that Ben was lost, in the chat', ({ chat }) => chat.some((line) => line.includes('Ben lost the connection')));
  assert.match(stage.server.log, /timeout/, 'the log names the reason');
});

scenario('AU-5 End Session frees microphone, connections and meters, and the page goes back to the front', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ben.seesConnected(ada);
  await ben.press('End Session');
  await ben.find('button', 'Start Session');
  await ada.seesExactly('Ada');
  assert.equal(new URL(ben.page.url()).hash, '');
  await until('everything is freed', () => ben.page.evaluate(() => ({
    tracks: window.parlorProbe.microphones.map(({ readyState }) => readyState),
    connections: window.parlorProbe.connections.map(({ signalingState }) => signalingState),
    strips: window.parlor.audioGraph.participants.size,
    meters: window.parlor.meters,
  })), {
    good: ({ tracks, connections, strips, meters }) => tracks.length > 0 && tracks.every((state) => state === 'ended')
      && connections.every((state) => state === 'closed') && strips === 0 && meters === 0,
  });
});

scenario('VC-6 RR-8 away in the history and back again: gone for the others at once, back once, and no ghost', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben', { forgiven: [noIcon] });
  await ada.seesConnected(ben);
  for (let round = 0; round < 2; round += 1) {
    await ben.goto(elsewhere);
    await ada.seesExactly('Ada');
    await ben.page.goBack();
    await ben.inSession();
    await ada.seesExactly('Ada', 'Ben');
    await ada.seesConnected(ben);
    await ben.seesConnected(ada);
    await hearsAt(ada, ben, toneDb);
  }
  await holdsFor('there is one Ben', 500, async () => (await ada.shown()).participants.filter(({ name }) => name === 'Ben').length, (count) => count === 1);
});

scenario('VC-6 RR-5 a page that rests in the back/forward cache holds no session, and is fresh when it comes back', async (stage) => {
  const ada = await stage.person('Ada', { forgiven: [noIcon] });
  await ada.goto('/');
  await ada.find('button', 'Start Session');
  const sockets = async () => /^parlor_sockets(?:\{[^}]*\})? (\d+)/m.exec(await stage.server.metrics())?.[1];
  await until('one socket', sockets, { good: (count) => count === '1' });
  await ada.goto(elsewhere);
  await until('no socket', sockets, { good: (count) => count === '0' });
  const ben = await stage.join('Ben');
  await ada.page.goBack();
  await ada.sees('the room that was made meanwhile', (shown) => roomOf(shown, stage.room)?.count === '1/10');
  assert.equal(await ada.page.evaluate(() => window.parlorProbe.wasRestored), true, 'the page came out of the cache');
  await ben.close();
  await ada.sees('it empty', (shown) => roomOf(shown, stage.room)?.count === '0/10');
}, { ownServer: true });

/** @param {import('../lib/page.mjs').Shown} shown @param {string} room */
function roomOf(shown, room) {
  return shown.rooms.find(({ text }) => text.includes(room));
}
