/**
 * Keyboard and screen reader reach everything, and nothing breaks the rules that axe-core knows.
 */

import assert from 'node:assert/strict';
import { violationsOn } from '../lib/axe.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

scenario('AU-5 keyboard only: into a session, mute, chat, gain of a strip, the list of keys, and out again', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.person('Ada');
  const { keyboard } = ada.page;
  await ada.goto('/');
  await ada.find('button', 'Start Session');
  await tabTo(ada, 'Your name');
  await keyboard.type('Ada');
  await tabTo(ada, 'Room name');
  await keyboard.down('Control');
  await keyboard.press('a');
  await keyboard.up('Control');
  await keyboard.type(stage.room);
  await tabTo(ada, 'Start Session');
  await keyboard.press('Enter');
  await ada.inSession();
  await ada.seesConnected(ben);

  await keyboard.press('m');
  await ada.find('button', 'Unmute microphone');
  await keyboard.press('m');
  await ada.find('button', 'Mute microphone');

  await keyboard.press('1');
  await keyboard.press('ArrowUp');
  const gain = async () => (await ada.find('slider', 'Gain for Ben')).evaluate((slider) => Number(/** @type {HTMLInputElement} */ (slider).value));
  await until('the gain is up', gain, { good: (value) => value > 100 });
  await keyboard.press('m');
  await ada.find('button', 'Unmute Ben');

  await tabTo(ada, 'Message');
  await keyboard.type('typed with m and 1');
  await keyboard.press('Enter');
  await ben.sees('the message', ({ chat }) => chat.some((line) => line.includes('typed with m and 1')));
  assert.equal(await ada.has('button', 'Unmute Ben'), true, 'letters typed into the chat are no shortcuts');

  await tabTo(ada, 'End Session');
  await keyboard.press('?');
  await until('the list of keys is open', () => ada.page.evaluate(() => document.querySelector('dialog[open]') !== null));
  await keyboard.press('Escape');
  await until('the list is closed', () => ada.page.evaluate(() => document.querySelector('dialog[open]') === null));
  await tabTo(ada, 'End Session');
  await keyboard.press('Enter');
  await ada.find('button', 'Start Session');
  await ben.seesExactly('Ben');
});

scenario('AU-5 AU-6 everything has the role and the name that the contract gives it, in Chromium and Firefox', async (stage) => {
  await stage.join('Ben');
  for (const browser of /** @type {const} */ (['chromium', 'firefox'])) {
    const ada = await stage.person('Ada', { browser });
    await ada.goto('/');
    for (const [role, name] of [['textbox', 'Your name'], ['textbox', 'Room name'], ['button', 'Start Session'], ['button', 'Refresh'],
      ['list', 'Rooms'], ['button', `Join ${stage.room}`]]) await ada.find(role, name);
    await ada.autostart(stage.room);
    await ada.sees('Ben connected', ({ participants }) => participants.some(({ name, status, hasGain }) => name === 'Ben' && status === 'Connected' && hasGain));
    for (const [role, name] of [['list', 'Participants'], ['slider', 'Gain for Ben'], ['button', 'Mute Ben'], ['meter', 'Level of Ben'],
      ['meter', 'Level of Ada'], ['meter', 'Program level'], ['textbox', 'Message'], ['log', 'Chat'], ['button', 'Send'],
      ['button', 'Mute microphone'], ['button', 'Turn camera on'], ['button', 'Copy link'], ['button', 'End Session']]) await ada.find(role, name);
    const slider = await (await ada.find('slider', 'Gain for Ben')).evaluate((element) => {
      const { min, max, value } = /** @type {HTMLInputElement} */ (element);
      return { min, max, value };
    });
    assert.deepEqual(slider, { min: '0', max: '200', value: '100' });
    const own = (await ada.shown()).participants.find(({ name }) => name === 'Ada');
    assert.equal(own?.hasGain, false, 'one’s own strip has no gain');
    await ada.press('End Session');
    await ada.find('button', 'Start Session');
  }
  // Firefox takes a second or two for each thing that is looked for by role and name.
}, { timeoutMs: 180_000 });

for (const scheme of ['light', 'dark']) {
  scenario(`AU-5 axe-core finds nothing on front, lobby, session and trouble, ${scheme}`, async (stage) => {
    const ben = await stage.join('Ben');
    const ada = await stage.person('Ada');
    await ada.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
    await ada.goto('/');
    await ada.find('button', `Join ${stage.room}`);
    await assertAccessible(ada, 'front');
    await ada.goto(`/#${stage.room}`);
    await ada.sees('the lobby', ({ text }) => text.includes('1 person is in here'));
    await assertAccessible(ada, 'lobby');
    await ada.autostart(stage.room);
    await ada.seesConnected(ben);
    await ben.fill('Message', 'hello');
    await ben.press('Send');
    await ada.sees('the message', ({ chat }) => chat.some((line) => line.includes('hello')));
    await assertAccessible(ada, 'session');
    await ben.page.evaluate((room) => window.parlor.signaling.request('end-room', { roomId: room }), stage.room);
    await ada.sees('that the room is gone', ({ text }) => /is gone/i.test(text));
    await assertAccessible(ada, 'trouble');
  });
}

/**
 * Presses Tab until what has this accessible name has the focus.
 *
 * @param {import('../lib/page.mjs').Studio} studio
 * @param {string} name
 */
async function tabTo(studio, name) {
  const passed = [];
  for (let presses = 0; presses < 60; presses += 1) {
    const focused = await studio.page.evaluate(() => {
      const element = document.activeElement;
      const label = /** @type {HTMLInputElement} */ (element)?.labels?.[0]?.textContent;
      return (element?.getAttribute('aria-label') ?? label ?? element?.textContent ?? '').trim();
    });
    if (focused === name) return;
    passed.push(focused.slice(0, 30));
    await studio.page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to "${name}"; it passed ${passed.join(' | ')}`);
}

/** @param {import('../lib/page.mjs').Studio} studio @param {string} view */
async function assertAccessible(studio, view) {
  const found = await violationsOn(studio.page);
  assert.deepEqual(found, [], `on the ${view}`);
}
