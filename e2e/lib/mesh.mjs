/**
 * The room at full size: three hosts and five callers, six of them tabs of one Chromium window and two of one Firefox.
 * Joins them within a second, waits until everybody hears everybody, and measures what that took.
 */

import assert from 'node:assert/strict';
import { arrivalsAt, between, flowsOf, watchArrivals } from './flows.mjs';
import { levelBehindGain, toleranceDb, toneDb } from './audio.mjs';
import { figure, printTable } from './table.mjs';
import { measureUsage } from './usage.mjs';
import { pauseMs, until } from './wait.mjs';

const hosts = ['Hana', 'Hugo', 'Hedy'];
const callers = ['Carl', 'Cleo', 'Cora', 'Cyril', 'Cyd'];
/** Who comes with Firefox. */
const firefoxUsers = ['Hedy', 'Cyril'];

export const meshNames = [...hosts, ...callers];

/** How long eight pages on two cores may take to hear each other. */
const meetingMs = 60_000;

/** How long is listened before and across a leave. */
const leaving_ms = 5_000;

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
    const person = await stage.person(name, { context });
    await person.goto(`/?${new URLSearchParams({ name, role: hosts.includes(name) ? 'host' : 'caller' })}#${room}`);
    await person.sees('the lobby', ({ text }) => text.includes('Start Session'));
    await watchArrivals(person);
    people.push(person);
  }
  for (const context of Object.values(contexts)) await (await context.newPage()).bringToFront();
  return people;
}

/**
 * All press Start Session at once; then everybody hears everybody, each pair connected once and without a retry.
 *
 * @param {import('./page.mjs').Studio[]} people in the lobby
 */
export async function meet(people) {
  await Promise.all(people.map(({ page }) => page.evaluate(() => {
    /** @type {HTMLFormElement | null} */ (document.querySelector('form.start-form'))?.requestSubmit();
  })));
  const others = people.length - 1;
  const arrivals = [];
  for (const person of people) {
    arrivals.push(...await until(`${person.name} hears ${others} others`, () => arrivalsAt(person), {
      good: (times) => times.length === others, timeoutMs: meetingMs, everyMs: 250,
    }));
  }
  for (const person of people) {
    await person.seesExactly(...people.map(({ name }) => name));
    await person.seesConnected(...people.filter((other) => other !== person));
  }
  const frames = (await Promise.all(people.map((person) => person.frames()))).flat().filter(({ way }) => way === 'out');
  const joins = frames.filter(({ type }) => type === 'room-created' || type === 'user-joined-room').map(({ at }) => at);
  const states = (await Promise.all(people.map((person) => person.connections()))).flat();
  const pairs = (people.length * others) / 2;
  const met = {
    joinedWithin_ms: Math.max(...joins) - Math.min(...joins),
    connected_ms: Math.max(...arrivals) - Math.min(...joins),
    flows: arrivals.length,
    retries: states.reduce((sum, { retryCount }) => sum + retryCount, 0),
    connectionsMade: (await Promise.all(people.map((person) => person.connectionsMade()))).reduce((sum, made) => sum + made, 0) / 2,
    negotiations: frames.filter(({ type }) => type === 'answer').length,
  };
  const seen = JSON.stringify(met);
  assert.deepEqual(states.map(({ status }) => status), Array(2 * pairs).fill('connected'));
  assert.equal(met.flows, 2 * pairs, `everybody hears everybody: ${seen}`);
  assert.equal(met.retries, 0, `nobody had to try again: ${seen}`);
  assert.equal(met.connectionsMade, pairs, `each pair is connected once: ${seen}`);
  assert.equal(met.negotiations, pairs, `each pair negotiated once: ${seen}`);
  assert.ok(met.joinedWithin_ms < 1_000, `they joined within a second: ${met.joinedWithin_ms} ms`);
  return met;
}

/**
 * Each voice has its own tone at its own level in every other page, and nothing else is in its strip.
 *
 * @param {import('./page.mjs').Studio[]} people
 */
export async function assertVoices(people) {
  for (const listener of people) {
    for (const speaker of people) {
      if (speaker === listener) continue;
      await until(`${listener.name} hears the tone of ${speaker.name} and nothing else from there`, () => levelBehindGain(listener, speaker), {
        good: (level) => Math.abs(level.toneDb - toneDb) <= toleranceDb && Math.abs(level.rmsDb - toneDb) <= toleranceDb,
      });
    }
    // Fifty-six instruments at once would be a load of their own.
    await listener.page.evaluate(() => window.parlorProbe.deafen());
  }
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
    ['connections, made once each', met.connectionsMade],
    ['negotiations', met.negotiations],
    ['retries', met.retries],
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
 */
export async function assertLeaving(people, leaverNames) {
  const stayers = people.filter(({ name }) => !leaverNames.includes(name));
  const names = stayers.map(({ name }) => name);
  const look = () => Promise.all(stayers.map(flowsOf));
  const looks = [await look()];
  await pauseMs(leaving_ms);
  looks.push(await look());
  await Promise.all(people.filter((person) => !stayers.includes(person)).map((person) => person.close()));
  await pauseMs(leaving_ms);
  looks.push(await look());

  const rows = stayers.map((person, index) => {
    const [first, second, third] = looks.map((seen) => seen[index]);
    return { name: person.name, before: between(first, second), across: between(second, third), flows: third.length };
  });
  printTable('Two of the eight close their tabs: what the six hear in the 5 s before and the 5 s across', ['at', 'flows', 'fewest packets before', 'across', 'concealed before', 'across'],
    rows.map(({ name, before, across, flows }) => [name, flows, before.packetsMin, across.packetsMin,
      `${figure(before.concealed_permille, 1)} ‰`, `${figure(across.concealed_permille, 1)} ‰`]));
  for (const [index, person] of stayers.entries()) {
    const { before, across, flows } = rows[index];
    assert.equal(flows, names.length - 1, `${person.name} still hears five`);
    assert.equal(across.flows, names.length - 1, `at ${person.name} these are the same flows as before`);
    assert.ok(across.packetsMin >= 0.8 * before.packetsMin, `packets go on coming to ${person.name}: ${JSON.stringify(rows[index])}`);
    assert.ok(across.concealed_permille <= Math.max(2 * before.concealed_permille, 20), `concealed samples do not jump at ${person.name}: ${JSON.stringify(rows[index])}`);
    await person.seesExactly(...names);
    assert.equal(await person.connectionsMade(), people.length - 1, `${person.name} made no new connection`);
    assert.deepEqual((await person.connections()).map(({ status, retryCount }) => `${status} ${retryCount}`), Array(names.length - 1).fill('connected 0'));
  }
}

/** @param {number[]} values */
function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
