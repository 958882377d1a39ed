/**
 * The room list: right everywhere, asked for by itself and by hand.
 */

import assert from 'node:assert/strict';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

scenario('RR-2 RR-4 RR-6 the list is right on every page, in both browsers, through making, joining and leaving', async (stage) => {
  const watchers = [await stage.person('Watcher'), await stage.person('Fox', { browser: 'firefox' })];
  for (const watcher of watchers) {
    await watcher.goto('/');
    await watcher.find('button', 'Start Session');
    // Every count that is ever shown is noted down.
    await watcher.page.evaluate((room) => {
      /** @type {string[]} */
      const counts = [];
      Object.assign(window, { counts });
      const look = () => {
        const item = [...document.querySelectorAll('li')].find((one) => one.textContent?.includes(room));
        const count = /\d+\/\d+/.exec(item?.textContent ?? '')?.[0];
        if (count !== undefined && counts.at(-1) !== count) counts.push(count);
      };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    }, stage.room);
  }
  const shows = (/** @type {string} */ count) => Promise.all(watchers.map((watcher) => watcher.sees(`${count} in the list`, ({ rooms }) =>
    rooms.some((room) => room.text.includes(stage.room) && room.count === count))));
  await stage.join('Ada');
  await shows('1/10');
  const ben = await stage.join('Ben');
  await shows('2/10');
  await ben.press('End Session');
  await shows('1/10');
  for (const watcher of watchers) {
    const counts = await watcher.page.evaluate(() => /** @type {any} */ (window).counts);
    assert.deepEqual(counts, ['1/10', '2/10', '1/10'], `${watcher.name}: no moment shows an empty room`);
  }
});

scenario('RR-5 a page asks for the list at the start, when its tab becomes visible, and at Refresh', async (stage) => {
  const context = await stage.context();
  const ada = await stage.person('Ada', { context });
  await ada.goto('/');
  const asked = async () => (await ada.frames()).filter(({ way, type }) => way === 'out' && type === 'room-list-request').length;
  await until('the page asks at the start', asked, { good: (count) => count === 1 });
  await ada.press('Refresh');
  await until('it asks at Refresh', asked, { good: (count) => count === 2 });

  const other = await stage.person('Other', { context });
  await other.goto('/');
  await other.page.bringToFront();
  await until('the tab is hidden', () => ada.page.evaluate(() => document.visibilityState), { good: (state) => state === 'hidden' });
  assert.equal(await asked(), 2);
  await ada.page.bringToFront();
  await until('it asks when it is visible again', asked, { good: (count) => count === 3 });
});

scenario('RR-1 whoever is on the front sees rooms and who is in them by name, and none is left when an empty room ends', async (stage) => {
  const watcher = await stage.person('Watcher');
  await watcher.goto('/');
  await watcher.sees('that nobody is live', ({ text, rooms }) => rooms.length === 0 && /nobody is live/i.test(text));
  const ada = await stage.join('Ada');
  await watcher.sees('Ada in the room', ({ rooms }) => rooms.some(({ text }) => text.includes(stage.room) && text.includes('Ada')));
  await ada.close();
  await watcher.sees('that nobody is live any more', ({ text, rooms }) => rooms.length === 0 && /nobody is live/i.test(text));
}, { serverFlags: ['--empty-room', '1s'] });

scenario('RR-3 AU-5 the lobby of a link says who is in there; the copied link leads in', async (stage) => {
  const ada = await stage.join('Ada');
  const context = ada.page.browserContext();
  await context.overridePermissions(stage.server.origin, ['clipboard-read', 'clipboard-write', 'clipboard-sanitized-write', 'microphone']);
  await ada.press('Copy link');
  const link = await until('the link is in the clipboard', () => ada.page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(link, `${stage.server.origin}/#${stage.room}`);

  const ben = await stage.person('Ben');
  await ben.page.goto(link);
  await ben.sees('who is in there', ({ text }) => text.includes('Ada') && text.includes(stage.room));
  await until('the way to the media port is found open', () => ben.page.evaluate(() => document.querySelector('[data-media-port=reached]') !== null));
  await ben.fill('Your name', 'Ben');
  await ben.press('Start Session');
  await ben.inSession();
  await ada.seesConnected(ben);
});
