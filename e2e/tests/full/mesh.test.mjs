/**
 * The mesh of eight, and what takes its time. Only with --full.
 */

import assert from 'node:assert/strict';
import { hearsAt, hearsEnergy, incomingAudio, toneDb } from '../../lib/audio.mjs';
import { scenario } from '../../lib/stage.mjs';
import { holdsFor } from '../../lib/wait.mjs';

const hosts = ['Hana', 'Hugo', 'Hedy'];
const callers = ['Carl', 'Cleo', 'Cora', 'Cyril', 'Cyd'];
const names = [...hosts, ...callers];

scenario('CM-12 CM-13 CM-14 eight join within the same second: a full mesh without a retry; two close their tab, six go on without a gap', async (stage) => {
  // Tabs of one window: only one of them is visible and draws its meters, as it would be with eight machines.
  const context = await stage.context();
  const people = [];
  for (const name of names) people.push(await stage.person(name, { context }));
  await Promise.all(people.map((person) => person.autostart(stage.room, { role: hosts.includes(person.name) ? 'host' : 'caller' })));
  for (const listener of people) {
    const others = people.filter((person) => person !== listener);
    await listener.seesExactly(...names);
    await listener.seesConnected(...others);
    for (const speaker of others) await hearsAt(listener, speaker, toneDb);
  }
  let total = 0;
  for (const person of people) {
    await hearsEnergy(person, 7);
    assert.equal(await person.connectionsMade(), 7, `${person.name} made each connection once`);
    const connections = await person.connections();
    assert.deepEqual(connections.map(({ status, retryCount }) => `${status} ${retryCount}`), Array(7).fill('connected 0'));
    total += connections.length;
  }
  assert.equal(total / 2, 28);

  const leavers = people.filter(({ name }) => name === 'Hugo' || name === 'Cyd');
  const stayers = people.filter((person) => !leavers.includes(person));
  await Promise.all(leavers.map((person) => person.close()));
  for (const person of stayers) {
    await person.seesExactly(...stayers.map(({ name }) => name));
    assert.equal(await person.connectionsMade(), 7, `${person.name} made no new connection`);
  }
  await holdsFor('the six stay connected', 3_000, () => Promise.all(stayers.map((person) => person.connections())), (all) =>
    all.every((connections) => connections.length === 5 && connections.every(({ status }) => status === 'connected')));
  for (const person of stayers) {
    const flows = await incomingAudio(person.page);
    assert.equal(flows.length, 5);
    await hearsEnergy(person, 5);
  }
}, { timeoutMs: 300_000 });

scenario('CM-5 the microphone’s question stays unanswered: after 10 s the page goes on without it and one hears the others', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.join('Ada', { microphoneError: 'pending' });
  await holdsFor('no connection without media', 8_000, () => ada.connections(), (connections) => connections.every(({ status }) => status !== 'connected'));
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
});
