/**
 * Stars: pages of the studio that are connected with the hub and not with each other.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';
import { openRoom } from '../lib/star.mjs';

scenario('VC-1 CM-2 AU-6 three pages in a star: one connection each, with the hub; everyone hears the others on their own strips', async (stage) => {
  await openRoom(stage, { topology: 'sfu' });
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben', { browser: 'firefox' });
  const cleo = await stage.join('Cleo');
  const people = [ada, ben, cleo];
  for (const listener of people) {
    for (const speaker of people) {
      if (speaker !== listener) await hearsAt(listener, speaker, toneDb);
    }
  }
  for (const person of people) {
    await person.sees('everyone connected', ({ participants }) => participants.every(({ status }) => status === 'Connected'));
    const made = await person.page.evaluate(() => window.parlorProbe.connections.filter((one) => one.connectionState !== 'closed').length);
    assert.equal(made, 1, `${person.name} has one connection`);
    const info = await person.page.evaluate(() => window.parlor.connectionManager.getConnectionsInfo());
    assert.deepEqual(info.filter(({ remotePeerId }) => remotePeerId === 'hub').map(({ status, roomId }) => [status, roomId]), [['connected', stage.room]]);
  }

  await cleo.slide('Gain for Ada', 50);
  await hearsAt(cleo, ada, toneDb - 6);
  await ben.press('End Session');
  await ada.seesExactly('Ada', 'Cleo');
  await hearsAt(ada, cleo, toneDb);
  assert.equal(await ada.page.evaluate(() => window.parlor.audioGraph.participants.size), 1, 'nothing of Ben is left');
});
