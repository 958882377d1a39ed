/**
 * The example that sends no media: rooms and messages over data channels, also while the server is down.
 */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scenario } from '../lib/stage.mjs';
import { serveFolder } from '../lib/static.mjs';
import { holdsFor } from '../lib/wait.mjs';

// Somebody else's server: the page and the SDK come from there, and only the WebSocket goes to parlor.
const files = await serveFolder(fileURLToPath(new URL('../../', import.meta.url)));
after(() => files.close());

scenario('RR-12 dashboards without media: messages go directly, go on while the server is down, and all is whole when it is back', async (stage) => {
  const forgiven = [/WebSocket connection to/];
  const people = /** @type {import('../lib/page.mjs').Studio[]} */ ([]);
  for (const name of ['Ada', 'Ben', 'Cleo']) {
    const person = await stage.person(name, { origin: files.origin, toneHz: null, forgiven });
    const query = new URLSearchParams({ server: `${stage.server.origin.replace('http', 'ws')}/ws`, name, room: stage.room });
    await person.goto(`/examples/dashboard/?${query}`);
    people.push(person);
  }
  const [ada, ben, cleo] = people;
  for (const person of people) {
    await person.sees('two others, directly', ({ text }) => (text.match(/Direct\b/g) ?? []).length === 2);
  }
  await write(ada, 'with a server');
  for (const person of [ben, cleo]) await person.sees('the message', ({ text }) => text.includes('Ada: with a server direct'));

  await stage.server.kill();
  for (const person of people) await person.sees('that the server is away', ({ text }) => /server away/i.test(text));
  await write(ben, 'without a server');
  for (const person of [ada, cleo]) await person.sees('the message', ({ text }) => text.includes('Ben: without a server direct'));

  await stage.server.start();
  for (const person of people) await person.sees('that the server is back', ({ text }) => /connected to the server/i.test(text));
  await ada.sees('the room with all three', ({ rooms }) => rooms.some(({ text, count }) => text.includes(stage.room) && count === '3/10'));
  await holdsFor('all stay connected', 11_000, () => Promise.all(people.map((person) => person.shown())), (pages) =>
    pages.every(({ text }) => (text.match(/Direct\b/g) ?? []).length === 2));
  for (const person of people) assert.equal(await person.connectionsMade(), 2, `${person.name} kept both connections`);
  await write(cleo, 'all is well');
  for (const person of [ada, ben]) await person.sees('the message once', ({ text }) => text.split('Cleo: all is well').length === 2);
}, { serverFlags: ['--allow-origin', files.origin] });

/** @param {import('../lib/page.mjs').Studio} person @param {string} text */
async function write(person, text) {
  await person.fill('Message', text);
  await person.press('Send');
}
