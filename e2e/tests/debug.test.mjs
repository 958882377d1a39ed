/**
 * The debug view: it shows what the connections do, changes nothing by being looked at, and what it saves can be told to
 * the core again with the same states.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Core } from '../../web/sdk/core.js';
import { violationsOn } from '../lib/axe.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

const moduleBytes = readFileSync(fileURLToPath(new URL('../../web/sdk/parlor_connect.wasm', import.meta.url)));

/** @typedef {import('../lib/page.mjs').Studio} Studio */

scenario('CM-20 the debug view opens by its key: connection, grade, path, tracks and descriptions; it leaves nothing behind', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.person('Ada');
  await ada.page.evaluateOnNewDocument(countIntervals);
  await ada.autostart(stage.room);
  await ada.seesConnected(ben);
  const intervals = () => ada.page.evaluate(() => /** @type {any} */ (window).liveIntervals.size);
  const before = await until('the session’s timers run', intervals);

  await (await ada.find('textbox', 'Message')).focus();
  await pressDebugKey(ada);
  assert.equal(await ada.page.evaluate(() => document.activeElement?.textContent), 'Debug view', 'the focus is in the view');
  assert.equal(await intervals(), before + 1);
  const row = await until('Ben’s row has a grade', () => rowOf(ada, 'Ben'), { good: ([, state, grade]) => state === 'connected' && grade === 'good' });
  assert.match(row.slice(3, 8).join(' '), /^\d+ \d+\.\d \d+ \d+ \d+$/, 'figures of CM-17');
  assert.match(await graphLabel(ada), /^You, connected with 1 other\. Ben: good/);

  await unfold(ada, 'Ben');
  const facts = await until('path and tracks are there', () => cardOf(ada, 'Ben'), { good: ({ text }) => /In: audio/.test(text) && /host udp/.test(text) });
  assert.match(facts.text, /Here\s+host udp (10\.99\.0\.1|127\.0\.0\.1):\d+/);
  assert.match(facts.text, /connected, connected, stable|connected, completed, stable/);
  assert.match(facts.text, /In: audio\s+opus 48 kHz/);
  assert.deepEqual(facts.states.map((line) => line.split(' ')[1]?.replace(',', '')).slice(-2), ['connecting', 'connected']);
  assert.deepEqual(facts.descriptions.map((sdp) => sdp.slice(0, 4)), ['v=0\r', 'v=0\r']);
  assert.equal(await ada.connectionsMade(), 1, 'looking makes no connection');

  await ada.page.keyboard.press('Escape');
  assert.equal(await ada.page.$('.debug'), null);
  assert.equal(await intervals(), before, 'closed, nothing of it runs');
  assert.equal(await ada.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName), 'Message', 'the focus is where it was');
  await ada.page.keyboard.press('?');
  await ada.page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await ada.page.keyboard.press('?');
  await ada.press('Open debug view');
  await ada.press('Close debug view');
  const [info] = await ada.connections();
  assert.deepEqual([info?.status, info?.retryCount], ['connected', 0]);
});

scenario('CM-20 the debug view opens by the address, in Firefox too, follows who comes and goes, closes and tries again', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.person('Ada', { browser: 'firefox' });
  await ada.goto(`/?name=Ada&autostart=1&debug#${stage.room}`);
  await ada.inSession();
  await ada.seesConnected(ben);
  await unfold(ada, 'Ben');
  await until('path and tracks are there', () => cardOf(ada, 'Ben'), { good: ({ text }) => /In: audio\s+opus/.test(text) && /host udp [\d.]+:\d+/.test(text) });
  const cai = await stage.join('Cai');
  await until('Cai is drawn', () => graphLabel(ada), { good: (label) => /2 others.*Cai: (good|connected)/.test(label) });
  assert.match(await textOf(ada), /connected among each other is not known/, 'what the page can’t know is said to be unknown');
  await cai.close();
  await until('Cai is marked as gone', () => textOf(ada), { good: (text) => text.includes('Cai (left)') });

  await pressIn(ada, 'Ben', 'Close connection');
  await ada.sees('the closed connection', ({ participants }) => participants.some(({ name, status }) => name === 'Ben' && status === 'Disconnected'));
  await pressIn(ada, 'Ben', 'Try again');
  await ada.seesConnected(ben);
  await until('the states are told', () => cardOf(ada, 'Ben'), {
    good: ({ states }) => /disconnected .*connecting.* connected$/.test(states.map((line) => line.split(' ')[1]?.replace(',', '')).join(' ')),
  });
});

scenario('CM-20 the saved report has the whole story without names, and the core told the same again says the same', async (stage) => {
  const ben = await stage.join('Zebulon');
  const cai = await stage.join('Cai');
  const ada = await stage.person('Adelheid');
  const folder = mkdtempSync(join(tmpdir(), 'parlor-report-'));
  try {
    await saveInto(ada, folder);
    // Who has the largest id offers to everybody, one after the other: what a step of mere time brings is in the story too.
    await ada.page.evaluateOnNewDocument((id) => {
      if (location.protocol !== 'about:') sessionStorage.setItem('parlor.userId', id);
    }, `z-${stage.room}`);
    await ada.goto(`/?name=Adelheid&autostart=1&debug#${stage.room}`);
    await ada.inSession();
    await ada.seesConnected(ben, cai);
    await ben.fill('Message', 'heartfelt words');
    await ben.press('Send');
    await ada.sees('the message', ({ chat }) => chat.some((line) => line.includes('heartfelt words')));
    await cai.page.reload();
    await ada.sees('Cai again', ({ participants }) => participants.some(({ name, status }) => name === 'Cai' && status === 'Connected'));
    await until('a graded connection', () => rowOf(ada, 'Zebulon'), { good: ([, , grade]) => grade === 'good' });
    await pressIn(ada, 'Zebulon', 'Close connection');
    await pressIn(ada, 'Zebulon', 'Try again');
    await ada.seesConnected(ben, cai);

    await ada.press('Save report');
    const text = await savedFile(folder, /^parlor-report-.*\.json$/);
    const report = JSON.parse(text);
    const own = await ada.ownId();
    assert.deepEqual([report.format, report.version, report.history.core.id, report.history.truncated], ['parlor-report', 1, own, false]);
    assert.match(report.page.userAgent, /Chrome/);
    assert.doesNotMatch(text, /Zebulon|Adelheid|heartfelt/, 'neither names nor chat');
    assert.equal(report.peers.length, 2);
    for (const { details, stats } of report.peers) {
      assert.equal(details.connectionState, 'connected');
      assert.match(details.local.sdp, /^v=0/);
      assert.equal(stats.some((/** @type {any} */ { type }) => type === 'inbound-rtp'), true);
    }
    assert.equal(report.history.steps.some((/** @type {any} */ { input }) => input === undefined), true, 'time passing is told too');
    const states = await replay(report);
    assert.equal(states >= 10, true, `${states} states`);
    // And the comparison is one: a state that is told otherwise is noticed.
    const step = report.history.steps.findLast((/** @type {any} */ { said }) => said?.some((/** @type {any} */ event) => event.connectionStateChanged));
    step.said.find((/** @type {any} */ event) => event.connectionStateChanged).connectionStateChanged.state.status = 'waiting';
    await assert.rejects(replay(report));

    await ada.fill('Filter events', '= connected');
    await until('the log is filtered', () => logLines(ada), { good: (lines) => lines.length >= 3 && lines.every((line) => line.includes('= connected')) });
    assert.equal((await logLines(ada)).some((line) => line.includes('Zebulon')), true, 'the page shows names');
    await ada.press('Save log');
    const log = await savedFile(folder, /^parlor-log-.*\.txt$/);
    assert.match(log, /^\d{4}-\S+Z \S+ = connected$/m);
    assert.doesNotMatch(log, /Zebulon/, 'the file does not');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [scheme, width] of /** @type {[string, number][]} */ ([['light', 1_400], ['dark', 360]])) {
  scenario(`CM-20 AU-5 axe-core finds nothing in the debug view, ${scheme}, ${width} px wide, and nothing sticks out`, async (stage) => {
    const ben = await stage.join('Ben');
    const ada = await stage.person('Ada');
    await ada.page.setViewport({ width, height: 800 });
    await ada.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
    await ada.autostart(stage.room);
    await ada.seesConnected(ben);
    await pressDebugKey(ada);
    await unfold(ada, 'Ben');
    await until('the card is full', () => cardOf(ada, 'Ben'), { good: ({ text }) => /In: audio/.test(text) });
    await ada.page.evaluate(() => document.querySelectorAll('.debug details').forEach((details) => details.setAttribute('open', '')));
    assert.deepEqual(await violationsOn(ada.page, '.debug'), []);
    const sizes = await ada.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.equal(sizes[0], sizes[1], 'the page does not scroll sideways');
    const covers = width < 1_200;
    assert.equal(await ada.page.evaluate(() => document.getElementById('main')?.inert), covers, 'what is covered is out of reach');
  });
}

scenario('VC-7 the page’s console has the type of every frame, in and out, of the server and of data channels', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.join('Ada');
  await ada.seesConnected(ben);
  await ben.fill('Message', 'hello');
  await ben.press('Send');
  await ada.sees('the message', ({ chat }) => chat.some((line) => line.includes('hello')));
  const frames = await ada.frames();
  for (const way of /** @type {const} */ (['in', 'out'])) {
    const arrow = way === 'in' ? '←' : '→';
    for (const type of new Set(frames.filter((frame) => frame.way === way).map((frame) => frame.type))) {
      const sent = frames.filter((frame) => frame.way === way && frame.type === type).length;
      const lines = ada.console.filter((line) => line === `debug: parlor ${arrow} ${type}`).length;
      assert.equal(lines >= sent, true, `${arrow} ${type}: ${sent} frames, ${lines} lines`);
    }
  }
  assert.equal(ada.console.some((line) => /parlor ← \S+ \(data channel\)/.test(line)), true, ada.console.join('\n'));
});

/** In the page, before its scripts: which intervals are live. */
function countIntervals() {
  const live = new Set();
  Object.assign(window, { liveIntervals: live });
  const [set, clear] = [window.setInterval.bind(window), window.clearInterval.bind(window)];
  Object.assign(window, {
    setInterval: (/** @type {any[]} */ ...args) => {
      const id = set(.../** @type {[any]} */ (args));
      live.add(id);
      return id;
    },
    clearInterval: (/** @type {number} */ id) => {
      live.delete(id);
      clear(id);
    },
  });
}

/** @param {Studio} studio */
async function pressDebugKey({ page }) {
  await page.keyboard.down('Control');
  await page.keyboard.down('Shift');
  await page.keyboard.press('KeyD');
  await page.keyboard.up('Shift');
  await page.keyboard.up('Control');
  await page.waitForSelector('.debug');
}

/** @param {Studio} studio @returns {Promise<string>} */
function textOf({ page }) {
  return page.evaluate(() => document.querySelector('.debug')?.textContent ?? '');
}

/** @param {Studio} studio @returns {Promise<string>} */
function graphLabel({ page }) {
  return page.evaluate(() => document.querySelector('.debug [role="img"]')?.getAttribute('aria-label') ?? '');
}

/** @param {Studio} studio @param {string} name @returns {Promise<string[]>} a row of the table of connections */
function rowOf({ page }, name) {
  return page.evaluate((wanted) => {
    const rows = [...document.querySelectorAll('.debug section:first-child tbody tr')];
    const row = rows.find((one) => one.firstElementChild?.textContent === wanted);
    return [...(row?.children ?? [])].map((cell) => cell.textContent ?? '');
  }, name);
}

/** @param {Studio} studio @param {string} name @returns {Promise<{ text: string, states: string[], descriptions: string[] }>} */
function cardOf({ page }, name) {
  return page.evaluate((wanted) => {
    const card = [...document.querySelectorAll('.debug-peer')].find((one) => one.querySelector('.debug-peer-name')?.textContent === wanted);
    return {
      text: /** @type {HTMLElement | undefined} */ (card)?.innerText ?? '',
      states: [...(card?.querySelectorAll('.debug-states li') ?? [])].map((line) => line.textContent ?? ''),
      descriptions: [...(card?.querySelectorAll('pre') ?? [])].map((text) => text.textContent ?? ''),
    };
  }, name);
}

/** @param {Studio} studio @param {string} name */
async function unfold(studio, name) {
  await until(`there is a card of ${name}`, async () => (await cardOf(studio, name)).text);
  await studio.page.evaluate((wanted) => {
    const card = [...document.querySelectorAll('.debug-peer')].find((one) => one.querySelector('.debug-peer-name')?.textContent === wanted);
    if (card?.hasAttribute('open') === false) card.querySelector('summary')?.click();
  }, name);
}

/** @param {Studio} studio @param {string} name whose card @param {string} label of the button, once it can be pressed */
async function pressIn(studio, name, label) {
  await unfold(studio, name);
  await until(`${label} can be pressed`, () => studio.page.evaluate((wanted, text) => {
    const card = [...document.querySelectorAll('.debug-peer')].find((one) => one.querySelector('.debug-peer-name')?.textContent === wanted);
    const button = [...(card?.querySelectorAll('button') ?? [])].find((one) => one.textContent === text);
    if (button === undefined || button.disabled) return false;
    button.click();
    return true;
  }, name, label));
}

/** @param {Studio} studio @returns {Promise<string[]>} */
function logLines({ page }) {
  return page.evaluate(() => [...document.querySelectorAll('.debug-log li')].map((line) => line.textContent ?? ''));
}

/** Has what the page saves end up in a folder. @param {Studio} studio @param {string} folder */
async function saveInto({ page }, folder) {
  const session = await page.createCDPSession();
  await session.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
}

/** @param {string} folder @param {RegExp} name @returns {Promise<string>} its text, once it is all there */
async function savedFile(folder, name) {
  const file = await until(`a file ${name} is saved`, () => readdirSync(folder).find((one) => name.test(one)) ?? '');
  return until('the file is complete', () => readFileSync(join(folder, file), 'utf8'), { good: (text) => text.endsWith('}') || text.endsWith('\n') });
}

/**
 * Tells the committed core what the page's core was told; fails where it says something else.
 *
 * @param {any} report
 * @returns {Promise<number>} how many states were the same
 */
async function replay({ history, connections }) {
  const { instance } = await WebAssembly.instantiate(moduleBytes);
  const core = await Core.create(history.core, /** @type {any} */ (instance.exports));
  let states = 0;
  for (const [place, { at, input, said = [] }] of history.steps.entries()) {
    const { outputs } = core.handle(input, at);
    const told = outputs.filter((output) => ['connectionStateChanged', 'connectionFailed', 'peerRemoved', 'qualityChanged', 'warning'].some((name) => name in output));
    assert.deepEqual(told, said, `step ${place}`);
    states += told.filter((output) => 'connectionStateChanged' in output).length;
  }
  assert.deepEqual(core.connections(), connections);
  return states;
}
