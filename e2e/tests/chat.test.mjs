/**
 * Chat: over the data channels, both ways, once each, and without a history.
 */

import assert from 'node:assert/strict';
import { scenario } from '../lib/stage.mjs';
import { holdsFor } from '../lib/wait.mjs';

scenario('RR-10 chat goes both ways over the data channel, each message once', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  for (const [from, to] of [[ada, ben], [ben, ada]]) {
    for (const text of [`first of ${from.name}`, `second of ${from.name}`]) {
      await from.fill('Message', text);
      await from.press('Send');
      for (const person of [from, to]) await person.sees(`"${text}"`, ({ chat }) => chat.some((line) => line.includes(text)));
    }
  }
  for (const person of [ada, ben]) {
    const { chat } = await person.shown();
    for (const text of ['first of Ada', 'second of Ada', 'first of Ben', 'second of Ben']) {
      assert.equal(chat.filter((line) => line.includes(text)).length, 1, `"${text}" once at ${person.name}`);
    }
  }
  const viaServer = (await ada.frames()).filter(({ type, data }) => type === 'chat' && data.text.includes('second'));
  assert.deepEqual(viaServer, [], 'with a data channel open the server sees no chat');
});

scenario('RR-10 a late joiner gets a note, not an empty screen and not what was said before', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await ada.fill('Message', 'said before');
  await ada.page.keyboard.press('Enter');
  await ben.sees('the message', ({ chat }) => chat.some((line) => line.includes('said before')));

  const cleo = await stage.join('Cleo');
  await cleo.seesConnected(ada, ben);
  await cleo.sees('that they joined late', ({ chat }) => chat.some((line) => /before/.test(line)));
  await ada.fill('Message', 'said after');
  await ada.press('Send');
  await cleo.sees('what is said from now on', ({ chat }) => chat.some((line) => line.includes('said after')));
  assert.ok(!(await cleo.shown()).text.includes('said before'));
});

scenario('RR-10 GP-11 unread messages are counted while the chat is folded', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben', { browser: 'firefox' });
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  await ada.page.keyboard.press('c');
  await ada.sees('no chat', ({ chat }) => chat.length === 0);
  for (const text of ['one', 'two']) {
    await ben.fill('Message', text);
    await ben.press('Send');
  }
  await ada.find('button', 'Chat, 2 unread messages');
  await ada.page.keyboard.press('c');
  await ada.sees('both', ({ chat }) => ['one', 'two'].every((text) => chat.some((line) => line.endsWith(text))));
  await holdsFor('nothing is unread any more', 300, () => ada.has('button', 'Chat, 2 unread messages'), (isThere) => !isThere);
});
