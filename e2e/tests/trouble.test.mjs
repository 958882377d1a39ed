/**
 * When something stands in the way, the page says what it is and what can be done about it.
 */

import assert from 'node:assert/strict';
import { hearsAt, hearsEnergy, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';

scenario('CM-5 AU-5 the microphone is denied: one hears the others all the same; granted later, it joins the live connection', async (stage) => {
  const ben = await stage.join('Ben');
  const browser = await stage.ownChromium({ hasDevices: false, flags: ['--use-fake-device-for-media-stream'] });
  const context = await stage.context(browser);
  await context.overridePermissions(stage.server.origin, []);
  const ada = await stage.join('Ada', { context, toneHz: null });
  await ada.sees('that the microphone is blocked', ({ text }) => /blocks the microphone/i.test(text));
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  await hearsAt(ada, ben, toneDb);
  const made = await ada.connectionsMade();

  await context.overridePermissions(stage.server.origin, ['microphone']);
  await ada.press('Unmute microphone');
  await ada.find('button', 'Mute microphone');
  await hearsEnergy(ben, 1);
  assert.equal(await ada.connectionsMade(), made, 'by renegotiation, not by a new connection');
});

scenario('CM-5 there is no microphone: the page says so, and one hears the others at once', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.join('Ada', { microphoneError: 'NotFoundError' });
  await ada.sees('that there is no microphone', ({ text }) => /no microphone found/i.test(text));
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await ben.sees('that Ada has none', ({ participants }) => participants.some(({ name, text }) => name === 'Ada' && /no microphone/i.test(text)));
});

scenario('AU-5 an insecure origin: the page says so before one runs into it; one can join and hear', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.person('Ada', { origin: stage.server.remoteOrigin });
  await ada.goto('/');
  await ada.sees('that the address is not secure', ({ text }) => /not secure/i.test(text));
  await ada.autostart(stage.room);
  await ada.sees('that microphones need a secure address', ({ text }) => /secure address/i.test(text));
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
});

scenario('GP-3 a browser without WebRTC: the page says so and offers nothing that can’t work', async (stage) => {
  const ada = await stage.person('Ada', { missing: ['RTCPeerConnection'] });
  await ada.goto('/');
  await ada.sees('that WebRTC is missing', ({ text }) => /no WebRTC/i.test(text));
  const start = await ada.find('button', 'Start Session');
  assert.equal(await start.evaluate((button) => /** @type {HTMLButtonElement} */ (button).disabled), true);
});

scenario('RR-7 a full room refuses and says so; when there is a place, trying again gets in', async (stage) => {
  const ada = await stage.person('Ada');
  await ada.goto('/');
  await ada.find('button', 'Start Session');
  await ada.page.evaluate((id) => window.parlor.rooms.create({ id, name: id, capacity: 1 }), stage.room);
  const ben = await stage.person('Ben');
  await ben.goto(`/?name=Ben&autostart=1#${stage.room}`);
  await ben.sees('that the room is full', ({ text, alerts }) => /is full/i.test(text) && alerts.some((alert) => alert.includes(stage.room)));
  assert.deepEqual(await ben.page.evaluate(() => window.parlorProbe.microphones.map(({ readyState }) => readyState).filter((state) => state === 'live')), [], 'no microphone stays open');
  await ada.page.evaluate((id) => window.parlor.rooms.leave(id), stage.room);
  await ben.press('Try again');
  await ben.inSession();
});

scenario('AU-5 a room with a password asks for it; a wrong one is told to be wrong, and the right one gets in', async (stage) => {
  const ada = await stage.person('Ada');
  await ada.goto('/');
  await ada.find('button', 'Start Session');
  await ada.page.evaluate((id) => window.parlor.rooms.create({ id, name: id, password: 'tea' }), stage.room);
  const ben = await stage.person('Ben');
  await ben.goto(`/?name=Ben&autostart=1#${stage.room}`);
  const asked = await ben.sees('that it asks for a password', ({ text }) => text.includes('This room asks for a password.'));
  assert.ok(!asked.text.includes('That was not'), 'nothing was wrong yet');
  await ben.fill('Room password', 'coffee');
  await ben.press('Start Session');
  await ben.sees('that it is another one', ({ text }) => text.includes('That was not the room’s password.'));
  await ben.fill('Room password', 'tea');
  await ben.press('Start Session');
  await ben.inSession();
});

scenario('AU-7 who is removed knows by whom, and is gone for the others', async (stage) => {
  const ada = await stage.join('Ada', { role: 'host' });
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await ada.press('Host controls for Ben');
  await (await ada.find('menuitem', 'Remove from room')).click();
  await (await ada.find('menuitem', 'Yes, remove Ben')).click();
  await ben.sees('who removed them', ({ alerts }) => alerts.some((alert) => alert.includes('Ada removed you')));
  await ada.seesExactly('Ada');
  await ben.press('All rooms');
  await ben.find('button', 'Start Session');
});

scenario('AU-7 a host mutes somebody at the source; they know by whom and can unmute', async (stage) => {
  const ada = await stage.join('Ada', { role: 'host' });
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await ada.press('Host controls for Ben');
  await (await ada.find('menuitem', 'Mute microphone')).click();
  await ben.sees('who muted them', ({ text }) => text.includes('Ada muted your microphone'));
  await ben.press('Unmute microphone');
  await hearsAt(ada, ben, toneDb);
});

scenario('RR-9 the room is ended by its host: everybody is told, and it can be started again', async (stage) => {
  const ada = await stage.join('Ada', { role: 'host' });
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await ada.page.evaluate((roomId) => window.parlor.signaling.request('end-room', { roomId }), stage.room);
  await ben.sees('that the room is gone', ({ text }) => /is gone/i.test(text));
  await ben.press('Start it again');
  await ben.inSession();
  await ben.seesExactly('Ben');
});

scenario('AU-5 the server can’t be reached when the page is open: it says so with a count, and goes on by itself', async (stage) => {
  const ada = await stage.person('Ada', { forgiven: [/WebSocket connection to/] });
  await ada.goto('/');
  await ada.find('button', 'Start Session');
  await stage.server.kill();
  await ada.sees('that the server is away', ({ text }) => /server can’t be reached.*attempt 2/i.test(text));
  await stage.server.start();
  await ada.sees('nothing of that any more', ({ text }) => !/can’t be reached/i.test(text));
  await ada.fill('Your name', 'Ada');
  await ada.fill('Room name', stage.room);
  await ada.press('Start Session');
  await ada.inSession();
}, { ownServer: true });
