/**
 * The unmodified `peerjs` client in real browsers, with parlor as its server: what the client's own browser suite asks
 * (30 cases: 26 serializations, a call that is closed, three errors), and the errors beyond it. The page comes from another
 * server than parlor, as games do.
 */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../lib/server.mjs';
import { scenario } from '../lib/stage.mjs';
import { serveFolder } from '../lib/static.mjs';
import { until } from '../lib/wait.mjs';

const files = await serveFolder(fileURLToPath(new URL('../', import.meta.url)));
after(() => files.close());

const serverFlags = ['--peerjs-discovery', '--media-threads', '0'];
const browsers = /** @type {const} */ (['chromium', 'firefox']);

for (const browser of browsers) {
  scenario(`GP-1 ${browser}: data in every serialization, a call that is closed at both ends, ids`, async (stage) => {
    const [ann, bob] = [await page(stage, browser), await page(stage, browser)];
    const annId = await opened(ann, null);
    const bobId = await opened(bob, 'bob the 2nd');
    assert.match(annId, /^[0-9a-f-]{36}$/, 'an id of the server');
    assert.equal(bobId, 'bob the 2nd', 'an id of one’s own');
    assert.deepEqual((await ann.evaluate((id) => peers().all(id), annId)).sort(), [annId, bobId].sort());

    const names = await ann.evaluate(() => peers().names);
    const [sent, got] = await Promise.all([
      ann.evaluate((id, to, all) => peers().sendAll(id, to, all), annId, bobId, names),
      bob.evaluate((all) => peers().checkAll(all), names),
    ]);
    assert.deepEqual({ sent, got }, { sent: {}, got: {} });
    assert.equal(names.length, 28);

    await ann.evaluate((id, to) => peers().call(id, to), annId, bobId);
    const state = (/** @type {Page} */ of, /** @type {string} */ other) => of.evaluate((id) => peers().callState(id), other);
    await until('both have the other’s stream', async () => [await state(ann, bobId), await state(bob, annId)], {
      good: (both) => both.every(({ hasStream }) => hasStream),
    });
    await bob.evaluate((id) => peers().hangUp(id), annId);
    await until('the call is closed at both ends', async () => [await state(ann, bobId), await state(bob, annId)], {
      good: (both) => both.every(({ isClosed }) => isClosed),
    });
  }, { serverFlags });

  scenario(`GP-2 GP-3 ${browser}: ids that are taken, errors that the client can raise, the same id after a reconnect`, async (stage) => {
    const ann = await page(stage, browser);
    const annId = await opened(ann, null);
    await ann.evaluate((id) => peers().connect(id, 'nobody'), annId);
    // Ten at once want the id of somebody who is there.
    const thieves = await Promise.all(Array.from({ length: 10 }, () => ann.evaluate((id) => peers().open(id), annId)));
    assert.deepEqual(thieves, Array.from({ length: 10 }, () => ({ error: 'unavailable-id' })));
    assert.equal(await ann.evaluate((id) => peers().isOpen(id), annId), true);

    assert.deepEqual(await ann.evaluate(() => peers().open('not-an-id-')), { error: 'invalid-id' });
    assert.deepEqual(await ann.evaluate(() => peers().open('x', { key: 'wrong' })), { error: 'server-error' });
    // Where nobody listens.
    const port = await freePort();
    assert.deepEqual(await ann.evaluate((options) => peers().open(null, options), { port }), { error: 'server-error' });
    assert.deepEqual(await ann.evaluate((options) => peers().open('y', options), { port }), { error: 'network' });

    const errors = (/** @type {string} */ id) => ann.evaluate((of) => peers().errors(of), id);
    // One's own disconnect, and back with the same id.
    const bobId = await opened(ann, 'bob');
    await ann.evaluate((id) => peers().disconnect(id), bobId);
    await ann.evaluate((id) => peers().connect(id, 'other'), bobId);
    assert.ok((await errors(bobId)).includes('disconnected'));
    await ann.evaluate((id) => peers().reconnect(id), bobId);
    const isOpen = (/** @type {string} */ id) => () => ann.evaluate((of) => peers().isOpen(of), id);
    await until('bob is open again', isOpen(bobId));

    await until('the absent peer is told of', () => errors(annId), { good: (seen) => seen.includes('peer-unavailable') });
    // The server is gone, and comes back: the client does not reconnect by itself, but may.
    await stage.server.kill();
    await until('both noticed', async () => [await errors(annId), await errors(bobId)], {
      good: (all) => all.every((seen) => seen.includes('network')),
    });
    await stage.server.start();
    for (const id of [annId, bobId]) {
      await ann.evaluate((of) => peers().reconnect(of), id);
      await until(`${id} is open again`, isOpen(id));
    }
  }, { serverFlags });
}

/** @typedef {import('puppeteer-core').Page} Page */

/** What the page offers, found there by this name. @returns {any} */
function peers() {
  throw new Error('only in the page');
}

/**
 * @param {import('../lib/stage.mjs').Stage} stage
 * @param {'chromium' | 'firefox'} browser
 * @returns {Promise<Page>}
 */
async function page(stage, browser) {
  const made = await (await stage.context(browser)).newPage();
  const { hostname, port } = new URL(stage.server.origin);
  const broker = JSON.stringify({ host: hostname, port: Number(port), path: '/peerjs', secure: false });
  await made.goto(`${files.origin}/fixtures/peerjs/index.html?${new URLSearchParams({ broker })}`);
  // In the page functions find it by this name.
  await made.waitForFunction(() => 'peerPage' in window);
  await made.evaluate(() => { Object.assign(window, { peers: () => /** @type {any} */ (window).peerPage }); });
  return made;
}

/** @param {Page} of @param {string | null} id @returns {Promise<string>} */
async function opened(of, id) {
  const outcome = await of.evaluate((wanted) => peers().open(wanted), id);
  assert.equal(outcome.error, undefined);
  return outcome.id;
}
