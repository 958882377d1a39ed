/**
 * Reloading keeps the room, and a duplicated tab is somebody else.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';

scenario('RR-8 CM-11 a reload keeps the room, the id and the name, and both hear each other again at once', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  const id = await ben.ownId();
  const instanceBefore = await instanceOf(ada, id);
  await ben.page.reload();
  await ben.inSession();
  assert.equal(await ben.ownId(), id);
  await ada.seesExactly('Ada', 'Ben');
  assert.notEqual(await instanceOf(ada, id), instanceBefore, 'a new document is a new instance');
  for (const [listener, speaker] of [[ada, ben], [ben, ada]]) {
    await listener.seesConnected(speaker);
    await hearsAt(listener, speaker, toneDb);
  }
  assert.deepEqual((await ada.connections()).map(({ status, retryCount }) => ({ status, retryCount })), [{ status: 'connected', retryCount: 0 }]);
  assert.equal(await ada.connectionsMade(), 2, 'one RTCPeerConnection for each document of Ben');
});

scenario('RR-8 a session that was started by hand comes back by reload too, muted as it was', async (stage) => {
  const ada = await stage.person('Ada');
  await ada.goto('/');
  await ada.fill('Your name', 'Ada');
  await ada.fill('Room name', stage.room);
  await ada.press('Start Session');
  await ada.inSession();
  await ada.press('Mute microphone');
  await ada.find('button', 'Unmute microphone');
  await ada.page.reload();
  await ada.inSession();
  await ada.find('button', 'Unmute microphone');
});

scenario('RR-8 RR-9 the only participant reloads: the same room, not a new one, and they are host as before', async (stage) => {
  const ada = await stage.join('Ada');
  const roomBefore = await roomOf(ada, stage.room);
  await ada.page.reload();
  await ada.inSession();
  const roomAfter = await roomOf(ada, stage.room);
  assert.equal(roomAfter.createdAt, roomBefore.createdAt);
  assert.equal(roomAfter.hostId, roomBefore.hostId);
  assert.deepEqual(roomAfter.participants.map((/** @type {any} */ participant) => participant.role), ['host']);
});

scenario('GP-2 a duplicated tab has a copy of the storage, gets an id of its own, and both stay', async (stage) => {
  const context = await stage.context();
  const ada = await stage.join('Ada', { context });
  const stored = await ada.page.evaluate(() => ({ ...sessionStorage }));
  const twin = await stage.person('Twin', { context });
  await twin.page.evaluateOnNewDocument((entries) => {
    if (window.top !== window || location.protocol === 'about:') return;
    for (const [key, value] of Object.entries(entries)) sessionStorage.setItem(key, value);
  }, stored);
  await twin.autostart(stage.room);
  await ada.seesExactly('Ada', 'Twin');
  assert.notEqual(await twin.ownId(), await ada.ownId());
  await ada.seesConnected(twin);
  await hearsAt(ada, twin, toneDb);
});

/** @param {import('../lib/page.mjs').Studio} studio @param {string} id */
function instanceOf(studio, id) {
  return studio.page.evaluate((participant) => window.parlor.session.participants
    .find((/** @type {any} */ one) => one.id === participant)?.instance, id);
}

/** @param {import('../lib/page.mjs').Studio} studio @param {string} room */
async function roomOf(studio, room) {
  await studio.page.waitForFunction((id) => window.parlor.rooms.list.some((/** @type {any} */ one) => one.id === id && one.participants.length === 1), {}, room);
  return studio.page.evaluate((id) => window.parlor.rooms.list.find((/** @type {any} */ one) => one.id === id), room);
}
