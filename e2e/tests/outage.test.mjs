/**
 * When the server or the network goes away under a live call: the sound goes on, the page says what happens, and
 * everything is whole again afterwards.
 */

import assert from 'node:assert/strict';
import { hearsAt, levelBehindGain, silenceDb, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';
import { holdsFor, until } from '../lib/wait.mjs';

/** What browsers write on the console about a server that is not there. */
const serverAway = /WebSocket connection to|can’t establish a connection to the server|connection to ws.* was interrupted|ERR_CONNECTION_REFUSED/;

for (const [way, end] of /** @type {const} */ ([['stopped', 'stop'], ['killed', 'kill']])) {
  scenario(`VC-6 RR-8 the server is ${way} under a live call: the sound goes on, the pages reconnect, the room is whole again`, async (stage) => {
    const ada = await stage.join('Ada', { forgiven: [serverAway] });
    const ben = await stage.join('Ben', { forgiven: [serverAway] });
    const people = [[ada, ben], [ben, ada]];
    for (const [listener, speaker] of people) {
      await listener.seesConnected(speaker);
      await hearsAt(listener, speaker, toneDb);
    }
    await stage.server[end]();
    for (const [listener, speaker] of people) {
      await listener.sees('that it reconnects, and which attempt this is', ({ text }) => /reconnecting, sound goes on.*attempt \d/i.test(text));
      await listener.seesExactly('Ada', 'Ben');
      await holdsFor(`${listener.name} hears ${speaker.name} without a server`, 1_500, () => levelBehindGain(listener, speaker), isSound);
    }
    await ada.fill('Message', 'can you read me?');
    await ada.press('Send');
    await ben.sees('a message that needs no server', ({ chat }) => chat.some((line) => line.includes('can you read me?')));

    await stage.server.start();
    for (const [listener] of people) {
      await listener.sees('that it is online', ({ text }) => !/reconnecting/i.test(text));
      await until(`${listener.name} is on the server's list`, () => rosterOnServer(listener, stage.room), { good: (names) => names === 'Ada,Ben' });
    }
    for (const [listener, speaker] of people) {
      await listener.seesExactly('Ada', 'Ben');
      await listener.seesConnected(speaker);
      await hearsAt(listener, speaker, toneDb);
      assert.equal(await listener.connectionsMade(), 1, `${listener.name} kept the connection`);
    }
    // Whoever was treated as lost after the reconnect would be closed 10 s later.
    await holdsFor('both stay', 11_000, () => ada.shown(), ({ participants }) => participants.length === 2 && participants.some(({ name, status }) => name === 'Ben' && status === 'Connected'));
    const cleo = await stage.join('Cleo');
    await cleo.seesConnected(ada, ben);
    await hearsAt(cleo, ben, toneDb);
  }, { ownServer: true });
}

scenario('VC-6 CM-9 a network cut for 4 s: nobody leaves, the connection stays, and the sound comes back by itself', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin, forgiven: [serverAway] });
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);

  island.cut();
  await holdsFor('nobody leaves', 4_000, () => Promise.all([ada.shown(), ben.shown()]), (pages) => pages.every(({ participants }) => participants.length === 2));
  island.heal();
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);
  await ada.sees('Ben without any doubt', ({ participants }) => participants.some(({ name, text, status }) => name === 'Ben' && status === 'Connected' && !/lost contact/i.test(text)));
  await ben.sees('that it is online', ({ text }) => !/reconnecting/i.test(text));
  for (const person of [ada, ben]) {
    await person.seesExactly('Ada', 'Ben');
    assert.equal(await person.connectionsMade(), 1, `${person.name} kept the connection`);
    const { chat } = await person.shown();
    assert.ok(!chat.some((line) => /left|lost the connection/.test(line)), `nobody was told of a leave: ${chat}`);
  }
});

scenario('VC-6 a cut network is shown as suspect in under 5 s; back within the grace, the same session goes on', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin, forgiven: [serverAway] });
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  const session = await ben.page.evaluate(() => window.parlor.signaling.sessionId);

  island.cut();
  const cutAt = Date.now();
  await ada.sees('that contact with Ben is lost', ({ participants }) => participants.some(({ name, text }) => name === 'Ben' && /lost contact/i.test(text)));
  const suspectMs = Date.now() - cutAt;
  assert.ok(suspectMs < 5_500, `suspect after ${suspectMs} ms`);
  island.heal();
  await ada.sees('Ben without any doubt', ({ participants }) => participants.some(({ name, text, status }) => name === 'Ben' && status === 'Connected' && !/lost contact/i.test(text)));
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);
  assert.equal(await ben.page.evaluate(() => window.parlor.signaling.sessionId), session, 'the session was resumed');
  assert.equal(await ada.connectionsMade(), 1, 'the connection was kept');
});

scenario('VC-6 RR-1 a lost socket is resumed: the others see no leave, the sound goes on, and what happened meanwhile is told once', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin, forgiven: [serverAway] });
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  const session = await ben.page.evaluate(() => window.parlor.signaling.sessionId);

  island.refuseTcp();
  await ben.sees('that it reconnects', ({ text }) => /reconnecting, sound goes on/i.test(text));
  await hearsAt(ben, ada, toneDb);
  const cleo = await stage.join('Cleo');
  await ada.seesExactly('Ada', 'Ben', 'Cleo');
  await cleo.close();
  await ada.seesExactly('Ada', 'Ben');
  island.heal();
  await ben.sees('that it is online', ({ text }) => !/reconnecting/i.test(text));
  await ben.sees('who came and went meanwhile, once', ({ chat }) =>
    ['Cleo came in', 'Cleo left'].every((news) => chat.filter((line) => line.includes(news)).length === 1));

  const frames = await ben.frames();
  assert.deepEqual(frames.filter(({ type }) => type === 'welcome').map(({ data }) => data.resumed), [false, true]);
  assert.equal(await ben.page.evaluate(() => window.parlor.signaling.sessionId), session);
  const { chat } = await ada.shown();
  assert.ok(!chat.some((line) => /Ben (left|lost)/.test(line)), `nobody was told of a leave: ${chat}`);
  for (const [listener, speaker] of [[ada, ben], [ben, ada]]) {
    await listener.seesConnected(speaker);
    await hearsAt(listener, speaker, toneDb);
    const [first] = await listener.page.evaluate(() => window.parlorProbe.connections.map(({ connectionState }) => connectionState));
    assert.equal(first, 'connected', `${listener.name} kept the connection`);
  }
});

/**
 * A busy machine lets a tone waver; silence is what must not come.
 *
 * @param {{ rmsDb: number }} level
 */
function isSound(level) {
  return level.rmsDb > silenceDb;
}

/** @param {import('../lib/page.mjs').Studio} studio @param {string} room */
function rosterOnServer(studio, room) {
  return studio.page.evaluate((id) => {
    const listed = window.parlor.rooms.list.find((/** @type {any} */ one) => one.id === id);
    return (listed?.participants ?? []).map((/** @type {any} */ participant) => participant.name).sort().join();
  }, room);
}
