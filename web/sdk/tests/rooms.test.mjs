// Rooms against the contract's frames: the list is the server's, one's own rooms are remembered beside it.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { RoomList } from '../room-list.js';
import { Rooms } from '../rooms.js';
import { SignalingClient } from '../signaling-client.js';
import { FakeServer, roomJoined, settle, storage, summary, userJoined, welcome } from './fake-server.mjs';

let server;
let client;
let rooms;

beforeEach(async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  mock.method(console, 'debug', () => {});
  server = new FakeServer();
  const options = { url: 'ws://parlor.test/ws', userId: 'ann', userName: 'Ann', WebSocket: server.WebSocket };
  client = new SignalingClient({ ...options, storage: storage() });
  rooms = new Rooms(client);
  client.connect();
  await settle();
  server.socket.say('welcome', welcome());
});

afterEach(() => {
  delete globalThis.document;
  rooms.destroy();
  client.close();
  mock.restoreAll();
  mock.timers.reset();
});

function answer(type, seq = undefined) {
  server.socket.say('ok', {}, { re: server.socket.last(type).id, ...(seq ? { seq } : {}) });
}

test('RR-5 asks for the list when it starts, and again in a new session', async () => {
  assert.equal(server.socket.all('room-list-request').length, 1);
  server.socket.closeBy(1006);
  mock.timers.tick(12_000);
  await settle();
  server.socket.say('welcome', welcome());
  assert.ok(server.socket.all('room-list-request').length >= 1);
});

test('RR-5 asks when the tab becomes visible, and when the person presses Refresh', async () => {
  const page = new EventTarget();
  page.visibilityState = 'hidden';
  globalThis.document = page;
  const other = new Rooms(client);
  answer('room-list-request');
  for (const { id } of server.socket.all('room-list-request')) server.socket.say('ok', {}, { re: id });
  await settle();
  const asked = () => server.socket.all('room-list-request').length;
  const before = asked();
  page.dispatchEvent(new Event('visibilitychange'));
  assert.equal(asked(), before, 'hidden: nobody looks');
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  assert.equal(asked(), before + 1);
  other.refresh();
  assert.equal(asked(), before + 2);
  other.destroy();
  page.dispatchEvent(new Event('visibilitychange'));
  assert.equal(asked(), before + 2);
});

test('RR-1 the list is replaced by the server\'s, never merged', () => {
  const lists = [];
  rooms.on('changed', ({ rooms: list }) => lists.push(list.map(({ id }) => id)));
  server.socket.say('server-room-list', { version: 1, rooms: [summary('a'), summary('b')] });
  server.socket.say('server-room-list', { version: 2, rooms: [summary('c')] });
  server.socket.say('server-room-list', { version: 1, rooms: [] });
  assert.deepEqual(lists, [['a', 'b'], ['c'], []], 'a restarted server counts anew');
  assert.deepEqual(rooms.list, []);
});

test('RR-1 a room made here is pending until the list has it, and forgotten when the list no longer does', async () => {
  const creating = rooms.create({ name: 'Den', id: 'den' });
  assert.deepEqual([...rooms.own], [['den', 'pending']]);
  assert.deepEqual(server.socket.last('room-created').data, { name: 'Den', id: 'den' });
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 1 });
  answer('room-created', 2);
  const joined = await creating;
  assert.equal(joined.room.id, 'den');
  server.socket.say('server-room-list', { version: 1, rooms: [] });
  assert.deepEqual([...rooms.own], [['den', 'pending']]);
  server.socket.say('server-room-list', { version: 2, rooms: [summary('den', ['ann'])] });
  assert.deepEqual([...rooms.own], [['den', 'present']]);
  server.socket.say('server-room-list', { version: 3, rooms: [] });
  assert.deepEqual([...rooms.own], []);
});

test('RR-7 a refused room changes nothing', async () => {
  const creating = rooms.create({ name: 'Den', id: 'den' });
  const { id } = server.socket.last('room-created');
  server.socket.say('error', { code: 'room-exists', message: 'taken', roomId: 'den' }, { re: id, seq: 1 });
  await assert.rejects(creating, { code: 'room-exists' });
  const joining = rooms.join('full');
  const join = server.socket.last('user-joined-room');
  server.socket.say('error', { code: 'room-full', message: 'no place', roomId: 'full' }, { re: join.id, seq: 2 });
  await assert.rejects(joining, { code: 'room-full' });
  assert.deepEqual([...rooms.own], []);
  assert.deepEqual(rooms.joinedIds, []);
});

test('RR-6 the joiner sees who is there, and who comes', async () => {
  const heard = [];
  rooms.on('joined', ({ room, you, participants, again }) => heard.push([room.id, you.id, participants.length, again]));
  rooms.on('participants', ({ roomId, participants }) => heard.push([roomId, participants.map(({ id }) => id)]));
  const joining = rooms.join('den', { role: 'host', create: { name: 'Den' } });
  assert.deepEqual(server.socket.last('user-joined-room').data, {
    roomId: 'den',
    userName: 'Ann',
    role: 'host',
    create: { name: 'Den' },
  });
  server.socket.say('room-joined', roomJoined('den', ['ann', 'bob']), { seq: 1 });
  answer('user-joined-room', 2);
  await joining;
  server.socket.say('user-joined-room', userJoined('den', ['ann', 'bob', 'cid'], 'cid'), { seq: 3 });
  assert.deepEqual(heard, [
    ['den', 'ann', 2, false],
    ['den', ['ann', 'bob']],
    ['den', ['ann', 'bob', 'cid']],
  ]);
});

test('leaving is at once here, and done when the server says one was not there', async () => {
  const joining = rooms.join('den');
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 1 });
  answer('user-joined-room', 2);
  await joining;
  const left = [];
  rooms.on('left', (detail) => left.push(detail));
  const leaving = rooms.leave('den');
  assert.deepEqual(left, [{ roomId: 'den', reason: 'left' }]);
  const { id } = server.socket.last('user-left-room');
  server.socket.say('error', { code: 'not-in-room', message: 'not there' }, { re: id, seq: 3 });
  await leaving;
});

test('RR-11 differences advance the list, and a gap asks for the whole', async () => {
  for (const { id } of server.socket.all('room-list-request')) server.socket.say('ok', {}, { re: id });
  await settle();
  const ids = () => rooms.list.map(({ id }) => id);
  const asked = () => server.socket.all('room-list-request').length;
  server.socket.say('server-room-list', { version: 1, rooms: [summary('a'), summary('b')] });
  const changed = [summary('b', ['bob']), summary('c')];
  server.socket.say('room-list-delta', { version: 2, from: 1, changed, removed: ['a'] });
  assert.deepEqual(ids(), ['b', 'c']);
  assert.equal(rooms.list[0].participants.length, 1);
  server.socket.say('room-list-digest', { version: 2, count: 2 });
  const before = asked();
  server.socket.say('room-list-delta', { version: 5, from: 4, changed: [], removed: ['b'] });
  assert.deepEqual(ids(), ['b', 'c'], 'what can\'t be placed is not applied');
  assert.equal(asked(), before + 1);
});

test('RR-11 a digest of another list asks for the whole', () => {
  const list = new RoomList();
  list.replace({ version: 3, rooms: [summary('a')] });
  assert.equal(list.matches({ version: 3, count: 1 }), true);
  assert.equal(list.matches({ version: 3, count: 2 }), false);
  list.replace({ version: 4, rooms: [summary('a')] });
  assert.equal(list.matches({ version: 5, count: 1 }), false);
  assert.equal(list.advance({ version: 6, from: 4, changed: [], removed: [] }), false, 'in doubt until the whole list');
});

test('AU-2 who records is known from joining on, in its own epoch', async () => {
  const told = [];
  client.memberships.on('recording', ({ roomId, recording }) => told.push([roomId, recording]));
  const joining = rooms.join('den');
  server.socket.say('room-joined', { ...roomJoined('den', ['ben', 'ann']), recording: ['ben'], epoch: 2 }, { seq: 1 });
  answer('user-joined-room', 2);
  await joining;
  server.socket.say('recording', { roomId: 'den', recording: ['ben', 'ann'], epoch: 2 }, { seq: 3 });
  assert.deepEqual(client.memberships.recording('den'), ['ben', 'ann']);
  server.socket.say('recording', { roomId: 'den', recording: [], epoch: 1 }, { seq: 4 });
  server.socket.say('recording', { roomId: 'attic', recording: ['eve'], epoch: 2 }, { seq: 5 });
  assert.deepEqual(client.memberships.recording('den'), ['ben', 'ann']);
  assert.deepEqual(told, [['den', ['ben']], ['den', ['ben', 'ann']]]);
});
