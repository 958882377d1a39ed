/**
 * Calls: people who join a room hear each other, whoever comes first and whatever the browser.
 */

import assert from 'node:assert/strict';
import { hearsAt, hearsEnergy, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';

scenario('AU-5 RR-6 the way a person goes: name, room name, Start Session; the other one joins from the list; both hear each other', async (stage) => {
  const ada = await stage.person('Ada');
  await ada.goto('/');
  await ada.fill('Your name', 'Ada');
  await ada.fill('Room name', stage.room);
  await ada.press('Start Session');
  await ada.inSession();
  assert.equal(new URL(ada.page.url()).hash, `#${stage.room}`);

  const ben = await stage.person('Ben');
  await ben.goto('/');
  await ben.fill('Your name', 'Ben');
  await ben.sees('the room with 1/10', ({ rooms }) => rooms.some(({ text, count }) => text.includes(stage.room) && count === '1/10'));
  await ben.press(`Join ${stage.room}`);
  await ben.inSession();

  await callOf(ada, ben);
  await ben.press('End Session');
  await ada.seesExactly('Ada');
  await ben.sees('the room with 1/10 again', ({ rooms }) => rooms.some(({ text, count }) => text.includes(stage.room) && count === '1/10'));
});

scenario('CM-2 both orders of joining: whoever has the smaller id, first or second, one connection each and no retry', async (stage) => {
  const context = await stage.context();
  for (const order of [['a', 'b'], ['b', 'a']]) {
    const people = [];
    for (const letter of order) {
      const person = await stage.person(`${letter}-${order.join('')}`, { context });
      await withId(person, `${letter}-${Math.random().toString(36).slice(2, 10)}`);
      await person.autostart(`${stage.room}-${order.join('')}`);
      people.push(person);
    }
    await callOf(people[0], people[1]);
    const polite = await Promise.all(people.map(async (person) => {
      const [info] = await person.page.evaluate(() => window.parlor.connectionManager.getConnectionsInfo());
      return info.isPolite;
    }));
    assert.deepEqual(polite, order.map((letter) => letter === 'a'), 'CM-1: the smaller id is polite');
    for (const person of people) await person.close();
  }
});

scenario('CM-2 CM-14 joining at the same moment: one connection each, no retry, and both hear each other', async (stage) => {
  const people = [await stage.person('Ada'), await stage.person('Ben')];
  await Promise.all(people.map((person) => person.autostart(stage.room)));
  await callOf(people[0], people[1]);
});

scenario('CM-12 three pages are a mesh in which everyone hears the two others, each with their own voice', async (stage) => {
  const people = [];
  for (const name of ['Ada', 'Ben', 'Cleo']) people.push(await stage.join(name));
  for (const listener of people) {
    const others = people.filter((person) => person !== listener);
    await listener.seesExactly(...people.map(({ name }) => name));
    await listener.seesConnected(...others);
    for (const speaker of others) await hearsAt(listener, speaker, toneDb);
  }
  for (const listener of people) {
    await hearsEnergy(listener, 2);
    await connectedAtOnce(listener, 2);
  }
});

for (const [first, second] of /** @type {const} */ ([['chromium', 'firefox'], ['firefox', 'chromium']])) {
  scenario(`GP-11 CM-2 ${first} first, then ${second}: they hear and read each other`, async (stage) => {
    const ada = await stage.join('Ada', { browser: first });
    const ben = await stage.join('Ben', { browser: second });
    await callOf(ada, ben);
    for (const [from, to] of [[ada, ben], [ben, ada]]) {
      await from.fill('Message', `hello from ${from.name}`);
      await from.press('Send');
      await to.sees('the message', ({ chat }) => chat.some((line) => line.includes(`hello from ${from.name}`)));
    }
  });
}

/**
 * Two people see each other connected, hear each other's own tone at its level, and got there without a detour.
 *
 * @param {import('../lib/page.mjs').Studio} one
 * @param {import('../lib/page.mjs').Studio} other
 */
async function callOf(one, other) {
  for (const [listener, speaker] of [[one, other], [other, one]]) {
    await listener.seesExactly(one.name, other.name);
    await listener.seesConnected(speaker);
    await hearsAt(listener, speaker, toneDb);
  }
  for (const person of [one, other]) {
    await hearsEnergy(person, 1);
    await connectedAtOnce(person, 1);
  }
}

/** No retry, and no connection set up twice. @param {import('../lib/page.mjs').Studio} person @param {number} count */
async function connectedAtOnce(person, count) {
  const connections = await person.connections();
  assert.deepEqual(connections.map(({ status, retryCount }) => ({ status, retryCount })), Array(count).fill({ status: 'connected', retryCount: 0 }));
  assert.equal(await person.connectionsMade(), count, `${person.name} made one RTCPeerConnection for each`);
}

/**
 * The page's id is random per tab and lives in its session storage; here it is chosen.
 *
 * @param {import('../lib/page.mjs').Studio} person
 * @param {string} id
 */
async function withId(person, id) {
  await person.page.evaluateOnNewDocument((wanted) => {
    if (window.top === window && location.protocol !== 'about:') sessionStorage.setItem('parlor.userId', wanted);
  }, id);
}
