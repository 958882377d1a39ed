/**
 * What one page costs in a room of eight who talk in turns (CM-21). The seven others are not pages of the studio, so that the figure is the
 * page's own and not that of a machine that is short of CPU. Printed, not asserted: it depends on the machine.
 */

import assert from 'node:assert/strict';
import { arrivalsAt, between, flowsOf, watchArrivals } from '../../lib/flows.mjs';
import { letInCrowd } from '../../lib/crowd.mjs';
import { inKinds, isCheap, takeTurns } from '../../lib/mesh.mjs';
import { scenario } from '../../lib/stage.mjs';
import { figure, printTable } from '../../lib/table.mjs';
import { measureUsage } from '../../lib/usage.mjs';
import { pauseMs, until } from '../../lib/wait.mjs';

/** What has been measured once all are connected and the jitter buffers have settled. */
const measured_ms = 20_000;

scenario('CM-21 what a page costs among seven others: CPU, memory, concealed samples', async (stage) => {
  const rows = [];
  for (const look of /** @type {const} */ (['seen', 'hidden'])) {
    const room = `${stage.room}-${look}`;
    const browser = await stage.ownChromium();
    const page = await stage.person('Ada', { browser });
    const guests = await (await stage.context()).newPage();
    await page.autostart(room, { role: 'caller' });
    await watchArrivals(page);
    await takeTurns([page], 8);
    const crowd = Array.from({ length: 7 }, (_, number) => ({ name: `Guest ${number + 1}`, role: number < 3 ? 'host' : 'caller', amplitude: 0.1 }));
    await letInCrowd(guests, stage.server.origin, room, crowd);
    await until('Ada hears seven others', () => arrivalsAt(page), { good: (times) => times.length === 7, timeoutMs: 40_000 });
    await page.seesExactly('Ada', ...crowd.map(({ name }) => name));
    await page.sees('all connected', ({ participants }) => participants.every(({ status }) => status === 'Connected'));
    if (look === 'hidden') await (await page.page.browserContext().newPage()).bringToFront();
    await pauseMs(5_000);

    const before = await flowsOf(page);
    const pid = browser.process()?.pid;
    assert.ok(pid !== undefined);
    const { page: usage, server } = await measureUsage({ page: [pid], server: [stage.server.pid] }, measured_ms);
    const heard = between(before, await flowsOf(page));
    assert.equal(heard.flows, 7);
    assert.ok(heard.packetsMin > 0, 'all seven are heard to the end');
    rows.push([look, `${figure(usage.cpu_percent)} % (${inKinds(usage)})`, `${figure(usage.memory_mib)} MiB`,
      `${figure(heard.concealed_permille, 2)} ‰`, `${figure(server.cpu_percent, 1)} %`, isCheap(usage.cpu_percent, heard.concealed_permille)]);
    await guests.close();
    await page.close();
    await browser.close();
  }
  printTable('One page of the studio among seven others (all processes of its browser)', ['page', 'CPU, of a core', 'memory', 'concealed samples', 'CPU of the server', 'CM-21'], rows);
}, { timeoutMs: 180_000 });
