/**
 * What four players with video cost: how soon they are connected, CPU, memory and bit rate of a page (GP-8). Printed, not
 * asserted: it depends on the machine. Each page is a browser of its own, so that its processes are only its.
 */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Gamer } from '../../lib/game.mjs';
import { scenario } from '../../lib/stage.mjs';
import { serveFolder } from '../../lib/static.mjs';
import { figure, printTable } from '../../lib/table.mjs';
import { measureUsage } from '../../lib/usage.mjs';
import { pauseMs } from '../../lib/wait.mjs';

const files = await serveFolder(fileURLToPath(new URL('../../../', import.meta.url)));
after(() => files.close());

const measured_ms = 15_000;
const ids = ['ada', 'ben', 'cleo', 'dan'];
const rows = /** @type {string[][]} */ ([]);
const head = ['pages', 'picture asked for', 'connected with all three after', 'CPU of a page, of a core', 'memory of a page', 'out of a page', 'into a page', 'CPU of the server'];

for (const { width, height } of [{ width: 320, height: 180 }, { width: 640, height: 360 }, { width: 1_280, height: 720 }]) {
  scenario(`GP-8 what a page of four players costs with pictures of ${width}×${height}`, async (stage) => {
    const browsers = await Promise.all(ids.map(() => stage.ownChromium()));
    const players = await Promise.all(ids.map((id, place) => Gamer.open(stage, id, files.origin, { browser: browsers[place] })));
    await Promise.all(players.map((one) => one.enter(ids, { media: true, video: { width, height, frameRate: 20 } })));
    for (const one of players) await one.seesConnected(...ids.filter((id) => id !== one.id));
    await Promise.all(players.map((one) => one.seesPictures(...ids.filter((id) => id !== one.id))));
    const setUp = await Promise.all(players.map(setUpOf));
    await pauseMs(5_000);

    const roots = Object.fromEntries(browsers.map((browser, place) => [String(ids[place]), [browser.process()?.pid ?? 0]]));
    const before = await Promise.all(players.map(bytesOf));
    const usage = await measureUsage({ ...roots, server: [stage.server.pid] }, measured_ms);
    const flows = (await Promise.all(players.map(bytesOf))).map((now, place) => ({
      out: now.out - (before[place]?.out ?? 0), into: now.into - (before[place]?.into ?? 0),
    }));
    assert.ok(flows.every(({ out, into }) => out > 0 && into > 0), 'all send and receive to the end');
    const kbps = (/** @type {number[]} */ bytes) => `${figure((8 * mean(bytes)) / measured_ms)} kbit/s`;
    rows.push([
      'Chromium', `${width}×${height}, 20 a second`, `${setUp.map((ms) => figure(ms)).join(', ')} ms`,
      `${figure(mean(ids.map((id) => usage[id]?.cpu_percent ?? 0)))} %`, `${figure(mean(ids.map((id) => usage[id]?.memory_mib ?? 0)))} MiB`,
      kbps(flows.map(({ out }) => out)), kbps(flows.map(({ into }) => into)), `${figure(usage.server?.cpu_percent ?? 0, 1)} %`,
    ]);
    printTable('Four players with video, each in a browser of their own', head, rows.slice(-1));
  });
}

scenario('GP-1 GP-8 four players in Firefox with video: all connected, how soon', async (stage) => {
  const players = [];
  for (const id of ids) players.push(await Gamer.open(stage, id, files.origin, { browser: 'firefox' }));
  // Firefox opens a camera only for the page that is in front.
  for (const one of players) {
    await one.page.bringToFront();
    await one.enter(ids, { media: true, video: { width: 320, height: 180, frameRate: 10 } });
  }
  for (const one of players) await one.seesConnected(...ids.filter((id) => id !== one.id));
  const [last] = players.slice(-1);
  await last?.seesPictures(...ids.filter((id) => id !== last.id));
  console.log(`four players in one Firefox: who comes last is connected with all others after ${figure(last ? await setUpOf(last) : NaN)} ms`);
});

/** @param {Gamer} one @returns {Promise<number>} from asking for the server to the last of the calls, in ms */
function setUpOf(one) {
  return one.page.evaluate(() => {
    const { room, enteredAt } = /** @type {any} */ (window);
    const last = Math.max(...[...room.getSnapshot().calls.values()].map(({ connectedAt }) => connectedAt));
    return last - (performance.timeOrigin + enteredAt);
  });
}

/** @param {Gamer} one @returns {Promise<{ out: number, into: number }>} bytes of all its calls */
function bytesOf(one) {
  return one.page.evaluate(async () => {
    const sum = { out: 0, into: 0 };
    for (const { call } of /** @type {any} */ (window).room.getSnapshot().calls.values()) {
      for (const { type, bytesSent, bytesReceived } of (await call.peerConnection.getStats()).values()) {
        if (type !== 'transport') continue;
        sum.out += bytesSent;
        sum.into += bytesReceived;
      }
    }
    return sum;
  });
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
