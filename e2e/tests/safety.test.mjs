/**
 * Outside text is only ever text, whatever it says.
 */

import assert from 'node:assert/strict';
import { scenario } from '../lib/stage.mjs';

const evil = '<img src=x onerror=window.broken=1><b>B</b>';

scenario('RR-6 RR-10 markup as a name, a room name and a chat message is shown as text and runs nowhere', async (stage) => {
  const dialogs = /** @type {string[]} */ ([]);
  const ben = await stage.person(evil);
  await ben.goto('/');
  await ben.fill('Your name', evil);
  await ben.fill('Room name', evil);
  await ben.press('Start Session');
  await ben.inSession();
  const room = new URL(ben.page.url()).hash.slice(1);
  assert.match(room, /^[a-z0-9-]+$/);

  const ada = await stage.person('Ada');
  await ada.goto('/');
  await ada.sees('the room and the name as text', ({ rooms }) => rooms.some(({ text }) => text.split(evil).length === 3));
  await ada.autostart(room);
  await ada.seesExactly('Ada', evil);
  await ada.seesConnected(ben);
  await ben.fill('Message', evil);
  await ben.press('Send');
  await ada.sees('the message as text', ({ chat }) => chat.some((line) => line.includes(evil)));
  await ada.find('slider', 'Gain for <img src=x onerror=window.broken=1><b>B</b>');
  for (const person of [ada, ben]) {
    person.page.on('dialog', (dialog) => dialogs.push(dialog.message()));
    const found = await person.page.evaluate(() => ({
      broken: 'broken' in window,
      pictures: [...document.images].map((image) => image.getAttribute('src')).filter((source) => source === 'x'),
      bold: [...document.querySelectorAll('b')].map(({ textContent }) => textContent),
    }));
    assert.deepEqual(found, { broken: false, pictures: [], bold: [] });
  }
  assert.deepEqual(dialogs, []);
});

scenario('RR-6 the page loads nothing from elsewhere, and its policy forbids inline scripts', async (stage) => {
  const ada = await stage.person('Ada', { forgiven: [/inline/i, /script-src/] });
  const elsewhere = /** @type {string[]} */ ([]);
  ada.page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== stage.server.origin) elsewhere.push(request.url());
  });
  await ada.autostart(stage.room);
  assert.deepEqual(elsewhere, []);
  const ran = await ada.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.body.append(script);
    return 'inlineRan' in window;
  });
  assert.equal(ran, false);
});
