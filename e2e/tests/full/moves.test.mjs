/**
 * What is missed while a room moves between mesh and hub: everybody sends a tone all the time, and everybody listens for
 * everybody else's. Printed is how long a tone was away, for each pair.
 */

import assert from 'node:assert/strict';
import { gapsOf, hearsAt, toneDb } from '../../lib/audio.mjs';
import { scenario } from '../../lib/stage.mjs';
import { openRoom, pathOf } from '../../lib/star.mjs';
import { printTable } from '../../lib/table.mjs';
import { until } from '../../lib/wait.mjs';

const ROUNDS = 3;
const LISTEN_MS = 8_000;
/** Who missed somebody for longer is named. */
const WORTH_A_LINE_MS = 100;

scenario('RR-12 a room of four moves to the hub and back, three times: nobody misses anybody for 400 ms', async (stage) => {
  await openRoom(stage, { topology: 'mesh' });
  const people = [await stage.join('Ada', { role: 'host' })];
  for (const name of ['Ben', 'Cleo']) people.push(await stage.join(name));
  people.push(await stage.join('Dan', { browser: 'firefox' }));
  const pairs = people.flatMap((listener) => people.filter((one) => one !== listener).map((speaker) => ({ listener, speaker })));
  for (const { listener, speaker } of pairs) await hearsAt(listener, speaker, toneDb);

  /** @type {Record<string, { longest: number[], all: number[], worst: string[] }>} */
  const missed = { sfu: { longest: [], all: [], worst: [] }, mesh: { longest: [], all: [], worst: [] } };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const topology of ['sfu', 'mesh']) {
      const listening = Promise.all(pairs.map(({ listener, speaker }) => gapsOf(listener, speaker, LISTEN_MS)));
      await people[0].page.evaluate((roomId, wanted) => window.parlor.signaling.request('update-room', { roomId, topology: wanted }), stage.room, topology);
      for (const person of people) await until(`${person.name} is in a ${topology}`, () => pathOf(person), { good: (path) => path === topology });
      for (const [place, gaps] of (await listening).entries()) {
        const lengths = gaps.map(({ length_ms }) => length_ms);
        const longest = Math.max(0, ...lengths);
        missed[topology].longest.push(longest);
        missed[topology].all.push(lengths.reduce((sum, one) => sum + one, 0));
        const { listener, speaker } = pairs[place];
        if (longest > WORTH_A_LINE_MS) missed[topology].worst.push(`${listener.name} of ${speaker.name} in round ${round + 1}: ${gaps.map(inWords).join(', ')}`);
      }
    }
  }
  printTable('Sound missed while a room of four moves, 36 times one listener and one speaker',
    ['to', 'longest away: median of pairs, ms', 'worst, ms', 'away in all: median, ms', 'worst, ms'],
    Object.entries(missed).map(([to, { longest, all }]) => [to, middle(longest), Math.max(...longest), middle(all), Math.max(...all)].map(String)),
  );
  for (const [to, { worst }] of Object.entries(missed)) {
    for (const line of worst) console.log(`# to ${to}: missed by ${line}`);
  }
  for (const { longest } of Object.values(missed)) assert.ok(middle(longest) < 400, 'half of them miss next to nothing');
}, { timeoutMs: 300_000 });

/** @param {number[]} values */
function middle(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** @param {{ at_ms: number, length_ms: number }} gap */
function inWords({ at_ms, length_ms }) {
  return `${length_ms} ms at ${Math.round(at_ms)}`;
}
