/**
 * Joining and leaving again and again, reloading again and again, a bad network: nothing is left behind and nobody is
 * lost. Only with --full.
 */

import assert from 'node:assert/strict';
import { hearsAt, hearsEnergy, toneDb } from '../../lib/audio.mjs';
import { scenario } from '../../lib/stage.mjs';
import { until } from '../../lib/wait.mjs';

scenario('GP-9 VC-5 twenty times in and out: each time both hear each other, and nothing of it stays in the page or on the server', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.person('Ben');
  await ben.goto('/');
  await ben.fill('Your name', 'Ben');
  for (let round = 0; round < 20; round += 1) {
    await ben.press(`Join ${stage.room}`);
    await ben.inSession();
    await ada.seesConnected(ben);
    await hearsAt(ada, ben, toneDb);
    await ben.press('End Session');
    await ada.seesExactly('Ada');
  }
  await until('nothing of Ben is left at Ada', () => ada.page.evaluate(() => ({
    open: window.parlorProbe.connections.filter(({ signalingState }) => signalingState !== 'closed').length,
    strips: window.parlor.audioGraph.participants.size,
    managed: window.parlor.connectionManager.getConnectionsInfo().length,
  })), { good: ({ open, strips, managed }) => open === 0 && strips === 0 && managed === 0 });
  await ada.close();
  await ben.close();
  await until('the server is empty', () => stage.server.metrics(), {
    good: (metrics) => /^parlor_sockets(\{[^}]*\})? 0$/m.test(metrics) && /^parlor_participants(\{[^}]*\})? 0$/m.test(metrics),
  });
}, { ownServer: true, timeoutMs: 240_000 });

scenario('RR-8 CM-11 both reload at the same moment, ten times: they always find each other', async (stage) => {
  const people = [await stage.join('Ada'), await stage.join('Ben')];
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(people.map((person) => person.page.reload()));
    for (const [listener, speaker] of [people, [...people].reverse()]) {
      await listener.inSession();
      await listener.seesExactly('Ada', 'Ben');
      await listener.seesConnected(speaker);
      await hearsAt(listener, speaker, toneDb);
    }
  }
}, { timeoutMs: 240_000 });

scenario('CM-6 a fifth of all packets is lost: they connect and hear each other all the same', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  island.lose(20);
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin });
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  await hearsEnergy(ada, 1);
  await hearsEnergy(ben, 1);
  await ada.fill('Message', 'through the storm');
  await ada.press('Send');
  await ben.sees('the message', ({ chat }) => chat.some((line) => line.includes('through the storm')));
}, { timeoutMs: 120_000 });

scenario('VC-6 the network is gone for longer than the grace: out of the room for the others, and back in it by itself', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin, forgiven: [/WebSocket connection to/] });
  await ada.seesConnected(ben);
  island.cut();
  await ada.seesExactly('Ada');
  island.heal();
  await until('Ben is back', () => ada.shown(), { good: ({ participants }) => participants.length === 2, timeoutMs: 40_000 });
  for (const [listener, speaker] of [[ada, ben], [ben, ada]]) {
    await listener.seesConnected(speaker);
    await hearsAt(listener, speaker, toneDb);
  }
  assert.equal((await ada.connections()).length, 1);
}, { timeoutMs: 120_000 });
