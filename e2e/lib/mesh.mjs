/**
 * The room at full size: three hosts and five callers, six of them tabs of one Chromium window and two of one Firefox.
 * Joins them within a second, waits until everybody hears everybody, and measures what that took.
 */

import assert from 'node:assert/strict';
import { arrivalsAt, between, flowsOf, watchArrivals } from './flows.mjs';
import { levelBehindGain, toleranceDb, toneDb } from './audio.mjs';
import { longestStall, repeatsOf, watchStalls } from './repeats.mjs';
import { figure, printTable } from './table.mjs';
import { measureUsage } from './usage.mjs';
import { pauseMs, until } from './wait.mjs';

const hosts = ['Hana', 'Hugo', 'Hedy'];
const callers = ['Carl', 'Cleo', 'Cora', 'Cyril', 'Cyd'];
/** Who comes with Firefox. */
const firefoxUsers = ['Hedy', 'Cyril'];

export const meshNames = [...hosts, ...callers];

/** How long each condition may take while eight pages share two cores with whatever else runs there. */
const meetingMs = 90_000;

/** What Firefox writes about a path that it gave up; whatever came of it is told with the causes of what was done again. */
const pathGivenUp = /WebRTC: ICE failed/;

/** How long each says something before the next does. */
const turn_ms = 200;
/** How long is listened before and across a leave: four rounds of turns. */
const leaving_ms = 4 * turn_ms * meshNames.length;
/** For longer than any of these tests takes. */
const talk_ms = 600_000;

/**
 * Eight people in front of the room's door, with their microphones on.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {string} [room]
 */
export async function gather(stage, room = stage.room) {
  // Tabs of one window, behind an empty one: eight pages that draw would take from the two cores what belongs to eight
  // machines' graphics. What one page costs that draws is measured on its own (tests/full/load.test.mjs).
  const contexts = { chromium: await stage.context('chromium'), firefox: await stage.context('firefox') };
  const people = [];
  for (const name of meshNames) {
    const context = firefoxUsers.includes(name) ? contexts.firefox : contexts.chromium;
    const person = await stage.person(name, { context, forgiven: [pathGivenUp] });
    await person.goto(`/?${new URLSearchParams({ name, role: hosts.includes(name) ? 'host' : 'caller' })}#${room}`);
    await person.sees('the lobby', ({ text }) => text.includes('Start Session'));
    await watchArrivals(person);
    await watchStalls(person);
    people.push(person);
  }
  await takeTurns(people);
  for (const context of Object.values(contexts)) await (await context.newPage()).bringToFront();
  return people;
}

/**
 * Everybody says something, one after the other, again and again, as people who talk with each other do: eight who never
 * pause are no talk, and pauses are what a mesh of eight lives on (DTX).
 *
 * @param {import('./page.mjs').Studio[]} people
 * @param {number} [of] how many talk, if others do besides
 */
export async function takeTurns(people, of = people.length) {
  for (const [index, { name, page }] of people.entries()) {
    await until(`${name} has a microphone`, () => page.evaluate(() => window.parlorProbe.tone !== undefined), { good: Boolean });
    const turns = { period_ms: of * turn_ms, length_ms: turn_ms, duration_ms: talk_ms, delay_ms: 100 + index * turn_ms };
    await page.evaluate((options) => window.parlorProbe.pulse(options), turns);
  }
}

/**
 * All press Start Session at once; then everybody hears everybody, and each pair is connected once. On a machine that keeps
 * pages from running for seconds, deadlines pass and browsers give up paths; then a pair may be connected again, but
 * only for a cause that is known, and in the end all are connected.
 *
 * @param {import('./page.mjs').Studio[]} people in the lobby
 * @param {{ isStrict?: boolean }} [options] `isStrict`: nothing may be done again, whatever the cause; the
 *   machine must have nothing else to do
 */
export async function meet(people, { isStrict = false } = {}) {
  await Promise.all(people.map(({ page }) => page.evaluate(() => {
    /** @type {HTMLFormElement | null} */ (document.querySelector('form.start-form'))?.requestSubmit();
  })));
  const others = people.length - 1;
  const pairs = (people.length * others) / 2;
  const arrivals = [];
  for (const person of people) {
    arrivals.push(...await until(`${person.name} hears ${others} others`, () => arrivalsAt(person), {
      good: (times) => times.length === others, timeoutMs: meetingMs, everyMs: 250,
    }));
  }
  /** @type {<T>(ask: (person: import('./page.mjs').Studio) => Promise<T>) => Promise<T[]>} */
  const all = (ask) => Promise.all(people.map(ask));
  await until('all are connected with all, at one time', async () => (await all((person) => person.connections())).flat().map(({ status }) => status), {
    good: (statuses) => statuses.length === 2 * pairs && statuses.every((status) => status === 'connected'), timeoutMs: meetingMs, everyMs: 500,
  });
  for (const person of people) {
    await person.sees('everybody, connected', ({ participants }) => participants.map(({ name }) => name).sort().join() === people.map(({ name }) => name).sort().join()
      && participants.every(({ status }) => status === 'Connected'), { timeoutMs: meetingMs });
  }
  const tallies = await until('each pair was connected once, and again only where that was given up for a cause', () => all(tallyOf), {
    good: (seen) => sumOf(seen, 'made') === 2 * pairs + sumOf(seen, 'closed'), timeoutMs: meetingMs, everyMs: 500,
  });
  // Before what was done again is read: nothing is answered that was not begun, but what was begun last may not be answered yet.
  const frames = (await all((person) => person.frames())).map((seen) => seen.filter(({ way }) => way === 'out'));
  // Each one's last: before it a lobby has tried out the hub's port in a room of its own.
  const joins = frames.map((sent) => sent.filter(({ type }) => type === 'room-created' || type === 'user-joined-room').at(-1)?.at ?? NaN);
  /** @type {import('./repeats.mjs').Repeat[]} */
  const repeats = (await all(repeatsOf)).flat();
  const met = {
    joinedWithin_ms: Math.max(...joins) - Math.min(...joins),
    connected_ms: Math.max(...arrivals) - Math.min(...joins),
    flows: arrivals.length,
    connectionsMade: sumOf(tallies, 'made'),
    negotiations: frames.flat().filter(({ type }) => type === 'answer').length,
    repeats,
    longestStall_ms: Math.max(...await all(longestStall)),
  };
  const seen = JSON.stringify(met);
  assert.equal(met.flows, 2 * pairs, `everybody hears everybody: ${seen}`);
  // A page that starves for 5 s is silent for 5 s, which is repaired (CM-15); nothing of the meeting is done again by that.
  const starved = repeats.filter(({ cause }) => cause.startsWith('no packet came')).length;
  if (isStrict) assert.equal(repeats.length, starved, `nothing had to be done again: ${seen}`);
  if (repeats.length === starved) {
    // One answer is enough for two who both begin again, and the last to begin may not have theirs yet.
    const { negotiations } = met;
    assert.ok(negotiations >= pairs && negotiations <= pairs + starved, `each pair negotiated once, and again only where no packet came: ${seen}`);
  }
  return met;
}

/**
 * Each voice has its own tone at its own level in every other page, and nothing else is in its strip.
 *
 * @param {import('./page.mjs').Studio[]} people
 */
export async function assertVoices(people) {
  const hold = (/** @type {import('./page.mjs').Studio} */ { page }, /** @type {boolean} */ isHeard) => page.evaluate((heard) => window.parlorProbe.hold(heard), isHeard);
  for (const person of people) await hold(person, false);
  for (const speaker of people) {
    await hold(speaker, true);
    for (const listener of people) {
      if (speaker === listener) continue;
      await until(`${listener.name} hears the tone of ${speaker.name} and nothing else from there`, () => levelBehindGain(listener, speaker), {
        good: (level) => Math.abs(level.toneDb - toneDb) <= toleranceDb && Math.abs(level.rmsDb - toneDb) <= toleranceDb,
        timeoutMs: meetingMs,
      });
    }
    await hold(speaker, false);
    // Fifty-six instruments at once would be a load of their own.
    for (const listener of people) await listener.page.evaluate(() => window.parlorProbe.deafen());
  }
  await takeTurns(people);
}

/**
 * What the mesh costs while nothing happens.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {import('./page.mjs').Studio[]} people
 * @param {number} duration_ms
 */
export async function measureMesh(stage, people, duration_ms) {
  const before = await Promise.all(people.map(flowsOf));
  const usage = await measureUsage({
    chromium: [await stage.browserPid('chromium')], firefox: [await stage.browserPid('firefox')], server: [stage.server.pid],
  }, duration_ms);
  const after = await Promise.all(people.map(flowsOf));
  const heard = people.map((person, index) => ({ person, ...between(before[index], after[index]) }));
  return { usage, heard };
}

/**
 * Prints what was measured, and whether CM-21 is met.
 *
 * @param {Awaited<ReturnType<typeof meet>>} met
 * @param {Awaited<ReturnType<typeof measureMesh>>} measured
 */
export function printMesh(met, { usage, heard }) {
  const { chromium, firefox, server } = usage;
  const page_percent = (chromium.cpu_percent + firefox.cpu_percent) / heard.length;
  const concealed_permille = heard.map((one) => one.concealed_permille);
  printTable('Mesh of eight: six tabs of Chromium and two of Firefox, on one machine', ['figure', 'value'], [
    ['all joined within', `${figure(met.joinedWithin_ms)} ms`],
    ['first join → last voice heard', `${figure(met.connected_ms)} ms`],
    ['audio flows with energy', met.flows],
    ['ends of connections made', met.connectionsMade],
    ['negotiations', met.negotiations],
    ['done again, by cause', countedCauses(met.repeats)],
    ['longest time a page did not run', `${figure(met.longestStall_ms)} ms`],
    ['CPU of Chromium, of a core', `${figure(chromium.cpu_percent)} % (${inKinds(chromium)})`],
    ['CPU of Firefox, of a core', `${figure(firefox.cpu_percent)} % (${inKinds(firefox)})`],
    ['CPU of a page, all its browser’s processes, of a core', `${figure(page_percent)} %`],
    ['CPU of the server, of a core', `${figure(server.cpu_percent, 1)} %`],
    ['memory of Chromium, Firefox, server', `${[chromium, firefox, server].map(({ memory_mib }) => figure(memory_mib)).join(', ')} MiB`],
    ['concealed samples, worst page, all pages', `${figure(Math.max(...concealed_permille), 2)} ‰, ${figure(meanOf(concealed_permille), 2)} ‰`],
    ['CM-21 (CPU below 30 %, concealed below 1 ‰)', isCheap(page_percent, Math.max(...concealed_permille))],
  ]);
}

/** @param {number} page_percent @param {number} concealed_permille */
export function isCheap(page_percent, concealed_permille) {
  const missed = [];
  if (page_percent >= 30) missed.push('CPU');
  if (concealed_permille >= 1) missed.push('concealed samples');
  return missed.length === 0 ? 'met' : `not met: ${missed.join(' and ')}`;
}

/** @param {import('./usage.mjs').Usage} usage the three processes that take most */
export function inKinds({ cpuByKind }) {
  return Object.entries(cpuByKind).sort(([, a], [, b]) => b - a).slice(0, 4).map(([kind, percent]) => `${kind} ${figure(percent)}`).join(', ');
}

/**
 * Some leave by closing their tabs: the others keep their connections, and nothing they hear gets worse by it.
 *
 * @param {import('./page.mjs').Studio[]} people
 * @param {string[]} leaverNames
 * @param {{ isStrict?: boolean }} [options] `isStrict`: as many packets as before, and no more concealed; the machine must
 *   have nothing else to do
 */
export async function assertLeaving(people, leaverNames, { isStrict = false } = {}) {
  const stayers = people.filter(({ name }) => !leaverNames.includes(name));
  const names = stayers.map(({ name }) => name);
  const look = () => Promise.all(stayers.map(flowsOf));
  const tally = () => Promise.all(stayers.map(tallyOf));
  const before = await tally();
  const looks = [await look()];
  await pauseMs(leaving_ms);
  looks.push(await look());
  await Promise.all(people.filter((person) => !stayers.includes(person)).map((person) => person.close()));
  await pauseMs(leaving_ms);
  looks.push(await look());

  const rows = stayers.map((person, index) => {
    const [first, second, third] = looks.map((seen) => seen[index]);
    return { name: person.name, calm: between(first, second), across: between(second, third), flows: third.length };
  });
  printTable(`Two of the eight close their tabs: what the six hear in ${leaving_ms} ms before and ${leaving_ms} ms across`, ['at', 'flows', 'fewest packets before', 'across', 'concealed before', 'across'],
    rows.map(({ name, calm, across, flows }) => [name, flows, calm.packetsMin, across.packetsMin,
      `${figure(calm.concealed_permille, 1)} ‰`, `${figure(across.concealed_permille, 1)} ‰`]));
  // Pages that starve for longer than a path may be gone give it up and make it anew; that one has left is no cause.
  const anew = (await until('all who stay are connected, over what they had and what was given up for a cause', tally, {
    good: (now) => now.every(({ made, closed }, index) => made - before[index].made === closed - before[index].closed), timeoutMs: meetingMs, everyMs: 500,
  })).map(({ made }, index) => made - before[index].made);
  for (const [index, person] of stayers.entries()) {
    const { calm, across } = rows[index];
    const seen = `${JSON.stringify(rows[index])}, connections made anew: ${anew[index]}`;
    if (isStrict) assert.equal(anew[index], 0, `${person.name} made no new connection: ${seen}`);
    if (anew[index] === 0) {
      assert.equal(across.flows, names.length - 1, `at ${person.name} these are the same flows as before: ${seen}`);
      assert.ok(across.packetsMin > (isStrict ? 0.8 * calm.packetsMin : 0), `packets go on coming to ${person.name}: ${seen}`);
    }
    if (isStrict) assert.ok(across.concealed_permille <= Math.max(2 * calm.concealed_permille, 20), `concealed samples do not jump at ${person.name}: ${seen}`);
    await person.seesExactly(...names);
    await until(`${person.name} is connected with all who stay`, () => person.connections(), {
      good: (all) => all.length === names.length - 1 && all.every(({ status, retryCount }) => status === 'connected' && retryCount === 0), timeoutMs: meetingMs, everyMs: 250,
    });
  }
}

/**
 * How many connections one page made so far, and how many of them were given up for a cause.
 *
 * @param {import('./page.mjs').Studio} person
 */
async function tallyOf(person) {
  const closed = (await repeatsOf(person)).filter(({ what }) => what === 'closed').length;
  return { made: await person.connectionsMade(), closed };
}

/** @param {{ made: number, closed: number }[]} tallies @param {'made' | 'closed'} what */
function sumOf(tallies, what) {
  return tallies.reduce((sum, tally) => sum + tally[what], 0);
}

/** @param {import('./repeats.mjs').Repeat[]} repeats */
export function countedCauses(repeats) {
  const counts = new Map();
  for (const { what, cause } of repeats) counts.set(`${what}: ${cause}`, (counts.get(`${what}: ${cause}`) ?? 0) + 1);
  return repeats.length === 0 ? 'nothing' : [...counts].map(([words, count]) => `${count} ${words}`).join('; ');
}

/** @param {number[]} values */
function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
