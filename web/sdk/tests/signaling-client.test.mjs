// SignalingClient against the contract's frames: hello, resume, sending again, coming back, being replaced.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { SignalingClient } from '../signaling-client.js';
import { FakeServer, participant, roomJoined, settle, storage, userLeft, welcome } from './fake-server.mjs';

let server;
let clients;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  mock.method(console, 'debug', () => {});
  mock.method(console, 'warn', () => {});
  server = new FakeServer();
  clients = [];
});

afterEach(() => {
  for (const client of clients) client.close();
  mock.restoreAll();
  mock.timers.reset();
});

function newClient(options = {}) {
  const client = new SignalingClient({
    url: 'ws://parlor.test/ws',
    userId: 'ann',
    userName: 'Ann',
    instance: 'i-ann',
    WebSocket: server.WebSocket,
    storage: storage(),
    ...options,
  });
  clients.push(client);
  return client;
}

/** A client whose session is open, in `rooms` if any. */
async function openClient({ rooms = [], ...options } = {}) {
  const client = newClient(options);
  client.connect();
  await settle();
  server.socket.say('welcome', welcome({ userId: client.userId }));
  server.socket.say('ok', {}, { re: 'hello', seq: 1 });
  for (const [index, roomId] of rooms.entries()) {
    const joining = client.request('user-joined-room', { roomId });
    server.socket.say('room-joined', roomJoined(roomId, ['ann', 'bob']), { seq: 2 * index + 2 });
    server.socket.say('ok', {}, { re: server.socket.last('user-joined-room').id, seq: 2 * index + 3 });
    await joining;
  }
  return client;
}

/** The next try to connect, however long the back-off. */
async function nextTry() {
  mock.timers.tick(12_000);
  await settle();
}

test('says who it is before anything else, and sends what waited after the welcome, numbered from 1', async () => {
  const client = newClient();
  client.send('room-list-request', {});
  client.connect();
  assert.equal(client.state, 'connecting');
  await settle();
  assert.deepEqual(server.socket.received, [
    { type: 'hello', data: { userId: 'ann', instance: 'i-ann', userName: 'Ann' }, id: 'hello' },
  ]);
  server.socket.say('welcome', welcome());
  assert.equal(client.state, 'open');
  assert.equal(client.sessionId, 's-1');
  client.send('ping', { t: 1 });
  assert.deepEqual(server.socket.received.slice(1), [
    { type: 'room-list-request', data: {}, cseq: 1 },
    { type: 'ping', data: { t: 1 }, cseq: 2 },
  ]);
});

test('a request settles by the answer that names it', async () => {
  const client = await openClient();
  const joining = client.request('user-joined-room', { roomId: 'full' });
  const listing = client.request('room-list-request', {});
  const [join, list] = server.socket.received.slice(-2);
  assert.notEqual(join.id, list.id);
  server.socket.say('error', { code: 'room-full', message: 'no place', type: 'user-joined-room', roomId: 'full' }, { re: join.id, seq: 2 });
  server.socket.say('ok', {}, { re: list.id, seq: 3 });
  await assert.rejects(joining, { name: 'SignalingError', code: 'room-full', roomId: 'full', message: 'no place' });
  assert.deepEqual(await listing, {});
});

test('an error without a request comes as an event', async () => {
  const client = await openClient();
  const errors = [];
  client.addEventListener('error', (event) => errors.push(event.detail));
  server.socket.say('error', { code: 'rate-limited', message: 'slow down' }, { seq: 2 });
  assert.deepEqual(errors, [{ code: 'rate-limited', message: 'slow down' }]);
});

test('every frame of the server is an event of its type, in order, and twice-sent ones come once', async () => {
  const client = await openClient();
  const heard = [];
  client.on('chat', ({ text }) => heard.push(text));
  const chat = (text) => ({ roomId: 'r', userId: 'bob', text, chatId: text, sentAt: '2026-11-21T10:00:00.000Z' });
  server.socket.say('chat', chat('one'), { seq: 2 });
  server.socket.say('chat', chat('two'), { seq: 3 });
  server.socket.say('chat', chat('one again'), { seq: 2 });
  server.socket.say('chat', chat('two again'), { seq: 3 });
  server.socket.say('chat', chat('three'), { seq: 4 });
  assert.deepEqual(heard, ['one', 'two', 'three']);
});

test('a frame that can\'t be read and a type that is not known harm nothing', async () => {
  const client = await openClient();
  server.socket.onmessage({ data: 'no json' });
  server.socket.onmessage({ data: '[]' });
  server.socket.onmessage({ data: new ArrayBuffer(3) });
  server.socket.say('weather', { sun: true }, { seq: 2 });
  assert.equal(client.state, 'open');
});

test('whoever closes it when told of the loss has closed it', async () => {
  const client = await openClient();
  client.on('state', ({ state, retryInMs }) => void (state === 'reconnecting' && retryInMs > 0 && client.close()));
  server.socket.closeBy(1006);
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual([client.state, server.sockets.length], ['closed', 1]);
});

test('a lost socket is resumed: lastSeq said, own frames after lastCseq sent again, replayed ones once', async () => {
  const client = await openClient({ rooms: ['den'] });
  const heard = [];
  client.on('user-left-room', ({ userId }) => heard.push(userId));
  client.on('message', ({ payload }) => heard.push(payload));
  server.socket.say('message', { roomId: 'den', from: 'bob', payload: 'before' }, { seq: 4 });
  client.send('message', { roomId: 'den', payload: 'arrived' });
  client.send('message', { roomId: 'den', payload: 'lost' });
  const [arrived, lost] = server.socket.all('message');
  server.socket.closeBy(1006);
  assert.equal(client.state, 'reconnecting');
  client.send('message', { roomId: 'den', payload: 'said while away' });
  await nextTry();
  const { data } = server.socket.last('hello');
  assert.deepEqual(data.resume, { token: 't-1', lastSeq: 4 });
  assert.equal(data.instance, 'i-ann');
  server.socket.say('welcome', welcome({ resumed: true, lastCseq: arrived.cseq, resumeToken: 't-2' }));
  server.socket.say('message', { roomId: 'den', from: 'bob', payload: 'before' }, { seq: 4 });
  server.socket.say('message', { roomId: 'den', from: 'bob', payload: 'missed' }, { seq: 5 });
  assert.deepEqual(heard, ['before', 'missed']);
  assert.deepEqual(
    server.socket.all('message').map(({ cseq, data: { payload } }) => [cseq, payload]),
    [
      [lost.cseq, 'lost'],
      [lost.cseq + 1, 'said while away'],
    ],
  );
  assert.deepEqual(server.socket.all('user-joined-room'), [], 'it is still in its rooms');
});

test('RR-1 a server that lost the session is asked for the same rooms, which are made if they are gone', async () => {
  const client = await openClient({ rooms: ['den'] });
  const left = [];
  client.memberships.on('left', (detail) => left.push(detail));
  server.socket.say('user-left-room', userLeft('den', [], 'ann', 'server-stopping'), { seq: 4 });
  server.socket.closeBy(1012, 'restart');
  await nextTry();
  server.socket.say('welcome', welcome({ resumed: false, sessionId: 's-2', resumeToken: 't-2' }));
  assert.deepEqual(server.socket.last('user-joined-room').data, {
    roomId: 'den',
    userName: 'ann',
    role: 'caller',
    create: { name: 'DEN', capacity: 10, topology: 'auto', mix: 'direct', listed: true },
  });
  assert.equal(server.socket.last('user-joined-room').cseq, 1);
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 1 });
  assert.deepEqual(left, []);
  assert.deepEqual(client.memberships.roomIds, ['den']);
});

test('RR-1 a password that opened a room opens it again', async () => {
  const client = await openClient();
  const joining = client.request('user-joined-room', { roomId: 'den', password: 'sesame' });
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 2 });
  server.socket.say('ok', {}, { re: server.socket.last('user-joined-room').id, seq: 3 });
  await joining;
  server.socket.closeBy(1006);
  await nextTry();
  server.socket.say('welcome', welcome());
  const { data } = server.socket.last('user-joined-room');
  assert.equal(data.password, 'sesame');
  assert.equal(data.create.password, 'sesame');
});

test('kicked or ended rooms are not joined again', async () => {
  const client = await openClient({ rooms: ['den', 'bar', 'inn'] });
  const left = [];
  client.memberships.on('left', (detail) => left.push(detail));
  server.socket.say('user-left-room', userLeft('den', ['bob'], 'ann', 'kicked', { by: 'bob' }), { seq: 8 });
  server.socket.say('user-left-room', userLeft('bar', [], 'ann', 'room-ended', { by: 'bob' }), { seq: 9 });
  assert.deepEqual(left, [
    { roomId: 'den', reason: 'kicked', by: 'bob' },
    { roomId: 'bar', reason: 'room-ended', by: 'bob' },
  ]);
  server.socket.closeBy(1006);
  await nextTry();
  server.socket.say('welcome', welcome());
  assert.deepEqual(server.socket.all('user-joined-room').map(({ data }) => data.roomId), ['inn']);
});

test('a room left while the server is away is not joined again', async () => {
  const client = await openClient({ rooms: ['den'] });
  server.socket.closeBy(1006);
  const leaving = client.request('user-left-room', { roomId: 'den' });
  await nextTry();
  server.socket.say('welcome', welcome());
  assert.deepEqual(server.socket.all('user-joined-room'), []);
  assert.equal(server.socket.last('hello').data.resume.token, 't-1');
  const { id } = server.socket.last('user-left-room');
  server.socket.say('ok', {}, { re: id, seq: 1 });
  await leaving;
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 2 });
  assert.deepEqual(client.memberships.roomIds, [], 'a late room-joined does not bring it back');
});

test('not let in again: the room is left, with the reason', async () => {
  const client = await openClient({ rooms: ['den'] });
  const left = [];
  client.memberships.on('left', (detail) => left.push(detail));
  server.socket.closeBy(1006);
  await nextTry();
  server.socket.say('welcome', welcome());
  const { id } = server.socket.last('user-joined-room');
  server.socket.say('error', { code: 'room-full', message: 'no place' }, { re: id, seq: 1 });
  await settle();
  assert.deepEqual(left, [{ roomId: 'den', reason: 'refused', error: { code: 'room-full', message: 'no place' } }]);
});

test('a server that can\'t let us in just now is asked again', async () => {
  await openClient({ rooms: ['den'] });
  server.socket.closeBy(1006);
  await nextTry();
  server.socket.say('welcome', welcome());
  const first = server.socket.last('user-joined-room');
  server.socket.say('error', { code: 'server-error', message: 'stopping' }, { re: first.id, seq: 1 });
  await settle();
  mock.timers.tick(1_000);
  const second = server.socket.last('user-joined-room');
  assert.notEqual(second.id, first.id);
  assert.deepEqual(second.data, first.data);
});

test('a new session is not told what meant something only in the old one, but chat and requests', async () => {
  const client = await openClient({ rooms: ['den'] });
  client.send('offer', { to: 'bob', sdp: 'v=0', attempt: 1, n: 1 });
  client.send('track-state', { roomId: 'den', audioEnabled: true, videoEnabled: false });
  client.send('message', { roomId: 'den', payload: 'may have arrived' });
  client.send('chat', { roomId: 'den', text: 'hi', chatId: 'c-1' });
  const updating = client.request('update-room', { roomId: 'den', name: 'Den' });
  server.socket.closeBy(1006);
  client.send('message', { roomId: 'den', payload: 'said while away' });
  await nextTry();
  server.socket.say('welcome', welcome());
  const sent = server.socket.received.slice(1);
  assert.deepEqual(sent.map(({ type }) => type), ['user-joined-room', 'chat', 'update-room', 'message']);
  assert.deepEqual(sent.map(({ cseq }) => cseq), [1, 2, 3, 4]);
  server.socket.say('ok', {}, { re: sent[2].id, seq: 1 });
  await updating;
});

test('tries without end, ever slower, never in lockstep, and says which try', async () => {
  const client = await openClient();
  const states = [];
  client.on('state', (change) => states.push(change));
  server.isUp = false;
  server.socket.closeBy(1006);
  for (let i = 0; i < 40; i += 1) {
    assert.equal(client.state, 'reconnecting');
    await nextTry();
  }
  const waits = states.filter(({ retryInMs }) => retryInMs > 0);
  assert.deepEqual(waits.slice(0, 3).map(({ attempt }) => attempt), [1, 2, 3]);
  const wanted = [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000];
  for (const [index, wait_ms] of wanted.entries()) {
    const { retryInMs } = waits[index];
    assert.ok(retryInMs >= wait_ms * 0.8 && retryInMs <= wait_ms * 1.2, `${retryInMs} is about ${wait_ms}`);
  }
  assert.ok(new Set(waits.slice(6).map(({ retryInMs }) => retryInMs)).size > 5, 'jitter');
  assert.ok(waits.at(-1).attempt >= 40);
});

test('close code 4001 ends it: another session has taken over, and is not fought', async () => {
  const client = await openClient({ rooms: ['den'] });
  const left = [];
  client.memberships.on('left', (detail) => left.push(detail));
  const states = [];
  client.on('state', (change) => states.push(change));
  server.socket.closeBy(4001, 'replaced');
  await nextTry();
  assert.equal(server.sockets.length, 1);
  assert.deepEqual(states, [{ state: 'closed', attempt: 0, retryInMs: 0, code: 4001, reason: 'replaced' }]);
  assert.deepEqual(left, [{ roomId: 'den', reason: 'replaced' }]);
});

test('a duplicated tab, whose id is live in the other one, takes a new id and keeps it', async () => {
  const kept = storage({ 'parlor.userId': 'u-other-tab' });
  const client = newClient({ userId: undefined, storage: kept });
  assert.equal(client.userId, 'u-other-tab');
  client.connect();
  await settle();
  server.socket.say('error', { code: 'unavailable-id', message: 'live elsewhere', type: 'hello' }, { re: 'hello' });
  const second = server.socket.last('hello').data;
  assert.notEqual(second.userId, 'u-other-tab');
  assert.match(second.userId, /^u-[a-z0-9]{16}$/);
  assert.equal(second.resume, undefined);
  server.socket.say('welcome', welcome({ userId: second.userId }));
  assert.equal(client.state, 'open');
  assert.equal(kept.getItem('parlor.userId'), second.userId);
});

test('RR-8 a reloaded page offers its last session\'s token, so that its own ghost does not shut it out', async () => {
  const kept = storage();
  const before = await openClient({ userId: undefined, storage: kept, instance: 'i-1' });
  const after = newClient({ userId: undefined, storage: kept, instance: 'i-2' });
  after.connect();
  await settle();
  const { data } = server.socket.last('hello');
  assert.equal(data.userId, before.userId);
  assert.equal(data.instance, 'i-2');
  assert.deepEqual(data.resume, { token: 't-1', lastSeq: 0 });
});

test('an id that the application chose is not changed: it is tried until it is free', async () => {
  const client = newClient();
  const errors = [];
  client.on('error', ({ code }) => errors.push(code));
  client.connect();
  await settle();
  server.socket.say('error', { code: 'unavailable-id', message: 'live elsewhere', type: 'hello' }, { re: 'hello' });
  assert.deepEqual(errors, ['unavailable-id']);
  assert.equal(client.state, 'reconnecting');
  await nextTry();
  assert.equal(server.socket.last('hello').data.userId, 'ann');
});

test('hello refused for good ends it', async () => {
  const client = newClient();
  client.connect();
  await settle();
  server.socket.say('error', { code: 'unauthorized', message: 'a token is needed', type: 'hello' }, { re: 'hello' });
  assert.equal(client.state, 'closed');
  await nextTry();
  assert.equal(server.sockets.length, 1);
});

test('close leaves with 1000, rejects what waits, and the next connect begins a new session', async () => {
  const client = await openClient({ rooms: ['den'] });
  const waiting = client.request('room-list-request', {});
  const { socket } = server;
  client.close();
  assert.deepEqual(socket.closed, { code: 1000, reason: 'bye' });
  await assert.rejects(waiting, { code: 'closed' });
  assert.deepEqual(client.memberships.roomIds, []);
  client.connect();
  await settle();
  assert.equal(server.socket.last('hello').data.resume, undefined);
});

test('a silent server is asked for a sign; without one the socket counts as lost and the session is resumed', async () => {
  const client = await openClient({ rooms: ['den'] });
  const { socket } = server;
  mock.timers.tick(8_000);
  assert.equal(socket.all('ping').length, 1);
  socket.say('pong', {});
  mock.timers.tick(8_000);
  assert.equal(socket.all('ping').length, 2);
  mock.timers.tick(4_000);
  assert.equal(client.state, 'reconnecting');
  assert.equal(socket.closed.code, 4000);
  await nextTry();
  assert.deepEqual(server.socket.last('hello').data.resume, { token: 't-1', lastSeq: 3 });
});

test('at most 256 own frames wait; the oldest goes first, and a request among them is told', async () => {
  const client = await openClient();
  server.socket.closeBy(1006);
  const first = client.request('room-list-request', {});
  for (let i = 0; i < 256; i += 1) client.send('message', { roomId: 'den', payload: i });
  await assert.rejects(first, { code: 'overflow' });
  await nextTry();
  server.socket.say('welcome', welcome({ resumed: true, lastCseq: 0 }));
  assert.equal(server.socket.all('message').length, 256);
});

test('frames of an older epoch are dropped, and frames of rooms one is not in', async () => {
  const client = await openClient();
  const joining = client.request('user-joined-room', { roomId: 'den' });
  server.socket.say('room-joined', roomJoined('den', ['ann', 'bob'], { epoch: 5 }), { seq: 2 });
  server.socket.say('ok', {}, { re: server.socket.last('user-joined-room').id, seq: 3 });
  await joining;
  const heard = [];
  client.on('user-left-room', ({ userId }) => heard.push(userId));
  server.socket.say('user-left-room', userLeft('den', ['ann'], 'bob', 'left', { epoch: 4 }), { seq: 4 });
  server.socket.say('user-left-room', userLeft('bar', ['ann'], 'bob', 'left', { epoch: 9 }), { seq: 5 });
  assert.deepEqual(heard, []);
  assert.deepEqual(client.memberships.roster('den').map(({ id }) => id), ['ann', 'bob']);
});

test('CM-9 who is missing after a reconnect stays as suspect for 10 s', async () => {
  const client = await openClient({ rooms: ['den'] });
  server.socket.closeBy(1012);
  await nextTry();
  server.socket.say('welcome', welcome());
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 1 });
  const roster = () => client.memberships.roster('den').map(({ id, suspect }) => [id, suspect]);
  assert.deepEqual(roster(), [['ann', false], ['bob', true]]);
  const rosters = [];
  client.memberships.on('participants', ({ participants }) => rosters.push(participants.length));
  mock.timers.tick(9_000);
  assert.deepEqual(roster(), [['ann', false], ['bob', true]]);
  mock.timers.tick(1_000);
  assert.deepEqual(roster(), [['ann', false]]);
  assert.deepEqual(rosters, [1]);
});

test('CM-9 who comes back within these 10 s is there as before', async () => {
  const client = await openClient({ rooms: ['den'] });
  server.socket.closeBy(1012);
  await nextTry();
  server.socket.say('welcome', welcome());
  server.socket.say('room-joined', roomJoined('den', ['ann']), { seq: 1 });
  const joined = { roomId: 'den', userId: 'bob', userName: 'bob', participant: participant('bob'), participants: [participant('ann'), participant('bob')], epoch: 1 };
  server.socket.say('user-joined-room', joined, { seq: 2 });
  mock.timers.tick(20_000);
  assert.deepEqual(client.memberships.roster('den').map(({ id, suspect }) => [id, suspect]), [['ann', false], ['bob', false]]);
});

/** A window and a document as far as SignalingClient looks at them. */
function fakePage() {
  const window = new EventTarget();
  globalThis.addEventListener = window.addEventListener.bind(window);
  globalThis.document = {};
  return {
    fire: (type, rest = {}) => window.dispatchEvent(Object.assign(new Event(type), rest)),
    close: () => {
      delete globalThis.addEventListener;
      delete globalThis.document;
    },
  };
}

test('RR-8 a page that goes leaves with 1000; shown again from the back/forward cache it joins again', async () => {
  const page = fakePage();
  try {
    const client = await openClient({ rooms: ['den'] });
    const { socket } = server;
    page.fire('pagehide');
    assert.deepEqual(socket.closed, { code: 1000, reason: 'page hidden' });
    assert.equal(client.state, 'idle');
    await nextTry();
    assert.equal(server.sockets.length, 1, 'a page in the cache stays quiet');
    page.fire('pageshow', { persisted: true });
    await settle();
    assert.equal(server.socket.last('hello').data.resume, undefined);
    server.socket.say('welcome', welcome({ sessionId: 's-2' }));
    assert.equal(server.socket.last('user-joined-room').data.roomId, 'den');
  } finally {
    page.close();
  }
});

test('a page whose network is back tries at once, or looks whether its socket still lives', async () => {
  const page = fakePage();
  try {
    const client = await openClient();
    page.fire('online');
    assert.equal(server.socket.all('ping').length, 1);
    server.isUp = false;
    server.socket.closeBy(1006);
    await nextTry();
    server.isUp = true;
    const before = server.sockets.length;
    page.fire('online');
    await settle();
    assert.equal(server.sockets.length, before + 1);
    server.socket.say('welcome', welcome({ resumed: true }));
    assert.equal(client.state, 'open');
  } finally {
    page.close();
  }
});
