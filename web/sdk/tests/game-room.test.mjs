// A game room with a client and media at the test's command: what the room decides, in which order things may come, and that
// nothing is left. That it works with the real client is tested in real browsers.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { FakeBroker, FakeDevices, FakeRTCPeerConnection, installFakes } from './fake-peer.mjs';

installFakes();
const { GameRoom } = await import('../game-room.js');

let broker;
let rooms;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  broker = new FakeBroker();
  rooms = [];
});

afterEach(() => {
  for (const { room } of rooms) room.destroy();
  assert.equal(FakeRTCPeerConnection.open, 0, 'no connection is left');
  mock.timers.reset();
});

/** Lets promises that are settled be heard. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const tick = async (ms) => {
  mock.timers.tick(ms);
  await settle();
};

/** A player's room, connected to the server unless told otherwise. */
async function player(userId, { roster, isAccepted = true, ...options } = {}) {
  const window = Object.assign(new EventTarget(), { navigator: { onLine: true } });
  const devices = new FakeDevices();
  const room = new GameRoom({ Peer: broker.Peer, userId, mediaDevices: devices, window, ...options });
  const one = { room, devices, window, get state() { return room.getSnapshot(); }, get client() { return room.getSnapshot().peer; } };
  rooms.push(one);
  room.connect();
  if (roster) room.setRoster(roster);
  await settle();
  if (isAccepted) one.client.accept();
  await settle();
  return one;
}

/** Delivers everything, what comes of it too: a data channel is opened once its call stands. */
async function flow() {
  for (let round = 0; round < 3; round += 1) {
    broker.deliver();
    await settle();
  }
}

const stateOf = (one, id) => one.state.connectionStates.get(id);

/** Two players who are in a call. */
async function pair(first = 'ada', second = 'ben') {
  const a = await player(first, { roster: [first, second] });
  const b = await player(second, { roster: [first, second] });
  await flow();
  assert.equal(stateOf(a, second), 'connected');
  assert.equal(stateOf(b, first), 'connected');
  return [a, b];
}

const goOffline = ({ window }) => {
  window.navigator.onLine = false;
  window.dispatchEvent(new Event('offline'));
};

const goOnline = ({ window }) => {
  window.navigator.onLine = true;
  window.dispatchEvent(new Event('online'));
};

test('GP-10 the snapshot has the document’s names, is frozen, and stays the same object until something changes', async () => {
  const { room } = await player('ada', { roster: ['ada', 'ben'] });
  const snapshot = room.getSnapshot();
  for (const name of ['peer', 'peerId', 'localStream', 'isVideoActive', 'isAudioMuted', 'isVideoEnabled', 'selectedCameraId',
    'availableDevices', 'calls', 'remoteStreams', 'connectionStates', 'peerTrackStates', 'error']) {
    assert.ok(name in snapshot, name);
  }
  const call = snapshot.calls.get('ben');
  assert.deepEqual(Object.keys(call).sort(), ['audioEnabled', 'call', 'callId', 'connectedAt', 'connectionState', 'createdAt',
    'remotePeerId', 'remoteStream', 'videoEnabled']);
  assert.ok(Object.isFrozen(snapshot) && Object.isFrozen(call));
  assert.throws(() => snapshot.calls.delete('ben'), TypeError);
  assert.equal(room.getSnapshot(), snapshot);
  room.setAudioMuted(true);
  const next = room.getSnapshot();
  assert.notEqual(next, snapshot);
  assert.equal(next.isAudioMuted, true);
  assert.equal(snapshot.isAudioMuted, false, 'what was taken stays as it was');
  assert.equal(next.calls, snapshot.calls, 'a map in which nothing changed is the same');
});

test('GP-10 many changes in a row are one event; a listener that is taken off hears nothing', async () => {
  const { room } = await player('ada');
  let heard = 0;
  const off = room.subscribe(() => (heard += 1));
  room.setAudioMuted(true);
  room.setVideoEnabled(false);
  room.setRoster(['ben', 'cleo']);
  await settle();
  assert.equal(heard, 1);
  off();
  room.setAudioMuted(false);
  await settle();
  assert.equal(heard, 1);
});

test('GP-4 GP-7 who is added to the roster is called, who is removed is dropped and in no map', async () => {
  const [a, b] = await pair();
  const { call } = a.state.calls.get('ben');
  assert.ok(a.state.calls.get('ben').connectedAt !== null);
  a.room.setRoster(['ada']);
  assert.equal(call.isClosed, true);
  assert.equal(a.client.connections.size, 0, 'the data channel goes, too');
  for (const map of ['calls', 'remoteStreams', 'connectionStates', 'peerTrackStates', 'qualities', 'errors']) {
    assert.equal(a.state[map].size, 0, map);
  }
  assert.equal(stateOf(b, 'ada'), 'disconnected', 'the other notices, and tries again while its roster says so');
});

test('GP-8 a roster of more than four is refused, and nothing changes; oneself is never called', async () => {
  const a = await player('ada', { roster: ['ada', 'ben', 'cleo', 'dan'] });
  assert.deepEqual([...a.state.connectionStates.keys()], ['ben', 'cleo', 'dan']);
  assert.throws(() => a.room.setRoster(['ada', 'ben', 'cleo', 'dan', 'eve']), RangeError);
  assert.throws(() => a.room.setRoster(['ben', 'cleo', 'dan', 'eve']), RangeError);
  assert.deepEqual([...a.state.connectionStates.keys()], ['ben', 'cleo', 'dan']);
});

test('GP-4 an id that the client would refuse is refused at once', () => {
  for (const userId of ['', '-ada', 'a  b', 'ü', 'x'.repeat(65)]) {
    assert.throws(() => new GameRoom({ Peer: broker.Peer, userId }), RangeError, userId);
  }
});

for (const [name, first, second] of [['smaller', 'ada', 'ben'], ['larger', 'ben', 'ada']]) {
  test(`GP-4 of two crossing calls the larger id’s stays; the ${name} one’s offer comes first`, async () => {
    const a = await player(first);
    const b = await player(second);
    a.room.setRoster([second]);
    b.room.setRoster([first]);
    assert.equal(broker.waiting, 2, 'both called');
    broker.deliver();
    await settle();
    const [x, y] = [a.state.calls.get(second), b.state.calls.get(first)];
    assert.equal(x.connectionState, 'connected');
    assert.equal(x.callId, y.callId, 'both have the same call');
    const larger = first > second ? a : b;
    assert.ok(larger.client.connections.has(larger.state.calls.values().next().value.call));
    assert.equal(FakeRTCPeerConnection.open - 2, 2, 'one connection each, besides what holds the places');
  });
}

test('GP-4 the larger id’s call that was lost on a dead socket gives way after 2 s to the smaller’s', async () => {
  const b = await player('ben', { roster: ['ada'] });
  broker.online.set('ada', { receive: () => {} });
  broker.deliver();
  const a = await player('ada', { roster: ['ben'] });
  const lost = b.state.calls.get('ada');
  await flow();
  assert.equal(stateOf(b, 'ada'), 'connecting', 'it might still be answered');
  await tick(2_000);
  await flow();
  assert.equal(stateOf(a, 'ben'), 'connected');
  assert.equal(stateOf(b, 'ada'), 'connected');
  assert.ok(lost.call.isClosed);

  // Expired, it gives way at once.
  const d = await player('dan', { roster: ['cleo'] });
  broker.online.set('cleo', { receive: () => {} });
  broker.deliver();
  const c = await player('cleo', { roster: ['dan'] });
  await flow();
  broker.expire('dan', 'cleo');
  await flow();
  assert.equal(stateOf(c, 'dan'), 'connected');
  assert.equal(stateOf(d, 'cleo'), 'connected');
});

test('GP-4 a slow answer to the larger id’s call still counts when the smaller’s has been answered, too', async () => {
  const a = await player('ada');
  const b = await player('ben');
  a.room.setRoster(['ben']);
  b.room.setRoster(['ada']);
  const own = b.state.calls.get('ada').callId;
  broker.deliverOne(({ dst }) => dst === 'ben');
  await tick(2_000);
  assert.equal(broker.waiting, 2, 'one’s own offer, and the answer to theirs');
  broker.deliverOne(({ type }) => type === 'OFFER');
  await flow();
  assert.equal(stateOf(a, 'ben'), 'connected');
  assert.equal(stateOf(b, 'ada'), 'connected');
  assert.equal(b.state.calls.get('ada').callId, own);
  assert.equal(a.state.calls.get('ben').callId, own);
  assert.equal(FakeRTCPeerConnection.open - 2, 2);
});

test('GP-4 four players with every order of crossing offers end with six calls, each side with the same one', async () => {
  const ids = ['ada', 'ben', 'cleo', 'dan'];
  const people = [];
  for (const id of ids) people.push(await player(id));
  for (const one of people) one.room.setRoster(ids);
  // A seeded order.
  let seed = 7;
  for (let steps = 0; steps < 200 && broker.waiting > 0; steps += 1) {
    seed = (seed * 16_807) % 2_147_483_647;
    const wanted = ids[seed % 4];
    broker.deliverOne(({ dst }) => dst === wanted);
  }
  broker.deliver();
  await settle();
  for (const one of people) assert.deepEqual([...one.state.connectionStates.values()], ['connected', 'connected', 'connected']);
  const byPair = new Map();
  for (const [place, one] of people.entries()) {
    for (const [id, { callId }] of one.state.calls) {
      const key = [ids[place], id].sort().join();
      byPair.set(key, new Set([...(byPair.get(key) ?? []), callId]));
    }
  }
  assert.equal(byPair.size, 6);
  for (const calls of byPair.values()) assert.equal(calls.size, 1);
});

test('GP-4 who calls before the roster has them waits for it, and is closed after ten seconds', async () => {
  const a = await player('ada', { roster: [] });
  const b = await player('ben', { roster: ['ada'] });
  broker.deliver();
  assert.equal(a.state.calls.size, 0);
  a.room.setRoster(['ben']);
  broker.deliver();
  await settle();
  assert.equal(stateOf(a, 'ben'), 'connected');
  assert.equal(stateOf(b, 'ada'), 'connected');

  const c = await player('cleo', { roster: ['ada'] });
  broker.deliver();
  const waiting = [...a.client.connections].find(({ peer }) => peer === 'cleo');
  assert.ok(waiting);
  await tick(10_000);
  assert.ok(waiting.isClosed);
  assert.equal(stateOf(c, 'ada'), 'connecting', 'their own time-out, and the first try again');
});

test('GP-4 a call that does not stand within 10 s has failed, and is tried again after 0, 2 and 4 s, then never', async () => {
  const a = await player('ada', { roster: ['ben'] });
  let calls = 0;
  const { client } = a;
  const { call } = client;
  client.call = (...args) => {
    calls += 1;
    return call.apply(client, args);
  };
  await tick(9_999);
  assert.equal(stateOf(a, 'ben'), 'connecting');
  assert.equal(a.state.error, null);
  await tick(1);
  const { type, remotePeerId, attempt, delayMs } = a.state.errors.get('ben');
  assert.deepEqual([type, remotePeerId, attempt, delayMs], ['peer-unavailable', 'ben', 1, 0]);
  // Its own socket is suspected, and renewed meanwhile.
  await tick(0);
  a.client.accept();
  assert.equal(calls, 1);
  assert.equal(stateOf(a, 'ben'), 'connecting');
  for (const [attempt, delay, made] of [[2, 2_000, 2], [3, 4_000, 3]]) {
    await tick(10_000);
    assert.equal(a.state.errors.get('ben').attempt, attempt);
    if (!a.client.open) {
      await tick(0);
      a.client.accept();
    }
    await tick(delay);
    assert.equal(calls, made);
    assert.equal(stateOf(a, 'ben'), 'connecting');
  }
  await tick(10_000);
  assert.equal(stateOf(a, 'ben'), 'failed');
  const last = a.state.errors.get('ben');
  assert.deepEqual([last.type, last.attempt, last.recovery], ['peer-unavailable', 0, 'try-again']);
  await tick(0);
  if (!a.client.open) a.client.accept();
  await tick(60_000);
  assert.equal(calls, 3, 'nothing happens by itself any more');
  a.room.retry('ben');
  assert.equal(calls, 4);
});

test('GP-3 peer-unavailable: tried again at 0, 2 and 4 s; who comes late is connected, and the error is gone', async () => {
  const a = await player('ada', { roster: ['ben'] });
  for (const [attempt, delay] of [[1, 0], [2, 2_000], [3, 4_000]]) {
    await tick(5_000);
    broker.expire('ada', 'ben');
    const { error } = a.state;
    assert.deepEqual([error.type, error.recovery, error.attempt, error.delayMs], ['peer-unavailable', 'retry', attempt, delay]);
    assert.equal(stateOf(a, 'ben'), 'failed');
    await tick(delay);
    assert.equal(stateOf(a, 'ben'), 'connecting');
  }
  broker.expire('ada', 'ben');
  assert.deepEqual([a.state.error.recovery, a.state.error.attempt], ['try-again', 0]);
  await player('ben', { roster: ['ada'] });
  broker.deliver();
  await settle();
  assert.equal(stateOf(a, 'ben'), 'connected');
  assert.equal(a.state.error, null);
});

test('GP-3 socket-closed: reconnects at 0, 2, 4 s with its id; calls stay; then it is the network, looked for every 10 s', async () => {
  const [a] = await pair();
  const { client } = a;
  client.raise('network');
  assert.equal(a.state.connectionState, 'connecting');
  assert.deepEqual([a.state.error.type, a.state.error.recovery, a.state.error.attempt, a.state.error.delayMs], ['socket-closed', 'reconnect', 1, 0]);
  assert.equal(stateOf(a, 'ben'), 'connected', 'the call goes on');
  await tick(0);
  assert.equal(client.reconnects, 1);
  client.raise('network');
  assert.deepEqual([a.state.error.type, a.state.error.attempt], ['socket-error', 2]);
  await tick(1_999);
  assert.equal(client.reconnects, 1);
  await tick(1);
  assert.equal(client.reconnects, 2);
  client.raise('network');
  await tick(4_000);
  assert.equal(client.reconnects, 3);
  client.raise('network');
  assert.equal(a.state.connectionState, 'failed');
  assert.deepEqual([a.state.error.type, a.state.error.recovery], ['network', 'wait-for-network']);
  await tick(10_000);
  assert.equal(client.reconnects, 4, 'it is looked for');
  client.accept();
  assert.equal(a.state.connectionState, 'connected');
  assert.equal(a.state.error, null);
  assert.equal(stateOf(a, 'ben'), 'connected');
});

test('GP-3 socket-error: a socket that can’t be opened, and a server that does not answer for 10 s', async () => {
  const a = await player('ada', { isAccepted: false });
  a.client.raise('network');
  // The client destroys nothing then, and may reconnect.
  assert.deepEqual([a.state.error.type, a.state.error.attempt], ['socket-error', 1]);
  await tick(0);
  assert.equal(a.state.connectionState, 'connecting');
  await tick(10_000);
  assert.deepEqual([a.state.error.type, a.state.error.attempt], ['socket-error', 2]);
  assert.equal(a.client.disconnected, true);
  await tick(2_000);
  a.client.accept();
  assert.equal(a.state.error, null);
});

test('GP-3 a server that opens and closes at once is not stormed: only 10 s of quiet make the next loss the first', async () => {
  const a = await player('ada');
  const delays = [];
  for (let round = 0; round < 3; round += 1) {
    a.client.raise('network');
    delays.push(a.state.error.delayMs);
    await tick(a.state.error.delayMs);
    a.client.accept();
  }
  assert.deepEqual(delays, [0, 2_000, 4_000]);
  a.client.raise('network');
  assert.equal(a.state.error.type, 'network');
  await tick(10_000);
  a.client.accept();
  await tick(10_000);
  a.client.raise('network');
  assert.deepEqual([a.state.error.type, a.state.error.attempt], ['socket-closed', 1]);
});

test('GP-3 network: without one nothing is tried; when it is back the peer reconnects at once, also over a socket that looks open', async () => {
  const [a, b] = await pair();
  goOffline(a);
  assert.deepEqual([a.state.connectionState, a.state.error.type, a.state.error.recovery], ['disconnected', 'network', 'wait-for-network']);
  await tick(60_000);
  assert.equal(a.client.reconnects, 0);
  assert.equal(a.client.open, true, 'as far as the client knows');
  goOnline(a);
  await settle();
  assert.equal(a.client.reconnects, 1);
  a.client.accept();
  assert.deepEqual([a.state.connectionState, a.state.error], ['connected', null]);
  assert.equal(stateOf(b, 'ada'), 'connected');

  // Back, it is a first loss again.
  for (const delay of [0, 2_000, 4_000, 0]) {
    a.client.raise('network');
    await tick(delay);
  }
  assert.equal(a.state.error.type, 'network');
  goOnline(a);
  await settle();
  a.client.raise('network');
  assert.deepEqual([a.state.error.type, a.state.error.attempt], ['socket-error', 1]);
  await tick(0);
  a.client.accept();

  const { window } = a;
  window.navigator.onLine = false;
  a.client.raise('network');
  assert.equal(a.state.error.type, 'network', 'lost because there is none');
});

test('GP-3 unavailable-id: nothing happens by itself; trying again makes a new peer with the same token', async () => {
  const a = await player('ada', { isAccepted: false });
  const first = a.client;
  first.raise('unavailable-id');
  assert.deepEqual([a.state.connectionState, a.state.error.type, a.state.error.recovery], ['failed', 'unavailable-id', 'try-again']);
  await tick(60_000);
  assert.equal(broker.made.length, 1);
  a.room.retry();
  assert.equal(a.state.connectionState, 'connecting');
  await settle();
  assert.equal(broker.made.length, 2);
  assert.equal(a.client.options.token, first.options.token);
  a.client.accept();
  assert.equal(a.state.error, null);
});

for (const type of ['server-error', 'invalid-key', 'ssl-unavailable']) {
  test(`GP-3 server-error (${type} of the client): said, and left to the person`, async () => {
    const a = await player('ada', { isAccepted: false });
    a.client.raise(type);
    assert.deepEqual([a.state.connectionState, a.state.error.type, a.state.error.recovery], ['failed', 'server-error', 'reload']);
    await tick(60_000);
    assert.equal(broker.made.length, 1);
    // Coming and going, the network changes nothing of it.
    goOffline(a);
    goOnline(a);
    assert.equal(a.state.error.type, 'server-error');
  });
}

for (const [type, kind] of [['socket-error', 'socket-error'], ['socket-closed', 'socket-closed']]) {
  test(`GP-3 ${type}, should the client ever raise it, is that`, async () => {
    const a = await player('ada');
    a.client.raise(type);
    assert.equal(a.state.error.type, kind);
    await tick(0);
    assert.equal(a.client.reconnects, 1);
  });
}

test('GP-3 webrtc and disconnected of the client end nothing', async () => {
  const [a] = await pair();
  a.client.raise('webrtc');
  a.client.raise('disconnected');
  assert.deepEqual([a.state.connectionState, a.state.error, stateOf(a, 'ben')], ['connected', null, 'connected']);
});

test('GP-3 GP-11 browser-incompatible: no peer is made, video is off, and a camera can’t be asked for', async () => {
  const { replaceTrack } = globalThis.RTCRtpSender.prototype;
  delete globalThis.RTCRtpSender.prototype.replaceTrack;
  try {
    const room = new GameRoom({ Peer: broker.Peer, userId: 'ada', mediaDevices: new FakeDevices() });
    room.connect();
    const { error, connectionState, isVideoEnabled, peer } = room.getSnapshot();
    assert.deepEqual([error.type, error.recovery, connectionState, isVideoEnabled, peer], ['browser-incompatible', 'upgrade', 'failed', false, null]);
    await assert.rejects(room.startMedia(), { code: 'unsupported' });
    room.destroy();
  } finally {
    globalThis.RTCRtpSender.prototype.replaceTrack = replaceTrack;
  }
  const a = await player('ada', { isAccepted: false });
  a.client.raise('browser-incompatible');
  assert.deepEqual([a.state.error.type, a.state.isVideoEnabled], ['browser-incompatible', false], 'the client’s own finding');
});

test('GP-2 GP-3 the options are asked for before each connection: tokens run out', async () => {
  let asked = 0;
  const a = await player('ada', { peerOptions: async () => ({ token: `token-${(asked += 1)}`, config: { iceServers: [{ urls: `turn:${asked}` }] } }) });
  assert.equal(a.client.options.token, 'token-1');
  a.client.raise('network');
  await tick(0);
  assert.equal(a.client.reconnects, 1);
  assert.equal(a.client.options.token, 'token-2');
  assert.equal(a.client.options.config.iceServers[0].urls, 'turn:2');
});

test('GP-3 options that can’t be had count as a server that can’t be reached', async () => {
  let isDown = true;
  const a = await player('ada', { isAccepted: false, peerOptions: async () => {
    if (isDown) throw new Error('503');
    return {};
  } });
  assert.deepEqual([a.state.error.type, a.state.error.attempt], ['socket-error', 1]);
  isDown = false;
  await tick(0);
  a.client.accept();
  assert.equal(a.state.connectionState, 'connected');
});

test('GP-2 a room that is made anew in the same document has the token of the one before', async () => {
  const a = await player('ada');
  const { token } = a.client.options;
  assert.match(token, /^[0-9a-f]{32}$/);
  a.room.destroy();
  const again = await player('ada');
  assert.equal(again.client.options.token, token);
});

test('GP-9 a call without a path for 5 s is made anew; one that finds a path before goes on', async () => {
  const [a, b] = await pair();
  const { call } = a.state.calls.get('ben');
  call.setIce('disconnected');
  assert.equal(stateOf(a, 'ben'), 'disconnected');
  assert.ok(a.state.calls.get('ben').remoteStream, 'the last picture stays');
  await tick(4_000);
  call.setIce('connected');
  assert.equal(stateOf(a, 'ben'), 'connected');
  await tick(5_000);
  assert.equal(a.state.calls.get('ben').call, call);

  call.setIce('disconnected');
  await tick(5_000);
  assert.deepEqual([a.state.calls.size, a.state.errors.get('ben').attempt], [0, 1]);
  assert.equal(a.state.connectionState, 'connecting', 'nobody is heard: its own socket is renewed');
  await tick(0);
  a.client.accept();
  broker.deliver();
  await settle();
  assert.equal(stateOf(a, 'ben'), 'connected');
  assert.equal(stateOf(b, 'ada'), 'connected');
  assert.equal(a.state.calls.get('ben').callId, b.state.calls.get('ada').callId);
});

test('GP-9 a call that worked for 10 s is worth three tries again; a socket that has just been opened is not renewed', async () => {
  const [a] = await pair();
  a.state.calls.get('ben').call.setIce('disconnected');
  await tick(5_000);
  assert.equal(a.state.errors.get('ben').attempt, 1);
  assert.equal(a.state.connectionState, 'connected');
  await flow();
  assert.equal(stateOf(a, 'ben'), 'connected');
  a.state.calls.get('ben').call.setIce('failed');
  assert.equal(a.state.errors.get('ben').attempt, 2, 'too soon');
  await tick(2_000);
  await flow();
  await tick(10_000);
  a.state.calls.get('ben').call.setIce('failed');
  assert.equal(a.state.errors.get('ben').attempt, 1);
});

test('GP-9 what is sent goes into no call that has ended', async () => {
  const [a] = await pair();
  const { peerConnection } = a.state.calls.get('ben').call;
  a.room.setRoster([]);
  peerConnection.getSenders = () => assert.fail('it has ended');
  await a.room.startMedia();
  assert.ok(a.state.isVideoActive);
});

test('GP-9 who reloads calls anew, and the old call gives way', async () => {
  for (const [stays, reloads] of [['ada', 'ben'], ['dan', 'cleo']]) {
    const [a, b] = await pair(stays, reloads);
    broker.cuts.add(reloads);
    b.room.destroy();
    broker.cuts.clear();
    assert.equal(stateOf(a, reloads), 'connected', 'it has not noticed');
    const again = await player(reloads, { roster: [stays] });
    broker.deliver();
    await settle();
    assert.equal(stateOf(a, reloads), 'connected');
    assert.equal(a.state.calls.get(reloads).callId, again.state.calls.get(stays).callId);
  }
});

test('GP-9 ICE that fails is tried again; removal while a try waits or a call is being made ends it', async () => {
  const [a] = await pair();
  a.state.calls.get('ben').call.setIce('failed');
  assert.equal(stateOf(a, 'ben'), 'disconnected');
  a.room.setRoster([]);
  await tick(60_000);
  assert.equal(a.state.calls.size, 0);

  const c = await player('cleo', { roster: ['eve'] });
  const { call } = c.state.calls.get('eve');
  c.room.setRoster([]);
  assert.ok(call.isClosed);
  call.emit('stream', new MediaStream());
  call.emit('close');
  call.emit('error', Object.assign(new Error(), { type: 'negotiation-failed' }));
  await tick(60_000);
  assert.equal(c.state.connectionStates.size, 0, 'what comes late touches nothing');
  assert.equal(c.state.error, null);
});

test('GP-9 in and out of the roster, twenty times: one call, nothing left', async () => {
  const [a, b] = await pair();
  const open = FakeRTCPeerConnection.open;
  for (let round = 0; round < 20; round += 1) {
    a.room.setRoster([]);
    a.room.setRoster(['ben']);
    if (round % 3 === 0) b.room.setRoster([]);
    b.room.setRoster(['ada']);
    if (round % 2 === 0) broker.deliver();
    await tick(round * 37);
  }
  broker.deliver();
  await tick(4_000);
  broker.deliver();
  await settle();
  assert.equal(stateOf(a, 'ben'), 'connected');
  assert.equal(stateOf(b, 'ada'), 'connected');
  assert.equal(a.state.calls.get('ben').callId, b.state.calls.get('ada').callId);
  assert.equal(FakeRTCPeerConnection.open, open);
});

test('GP-6 track states: with the call for whoever is called, over the data channel for both, at once when they change', async () => {
  const [a, b] = await pair();
  await a.room.startMedia();
  assert.deepEqual(b.state.peerTrackStates.get('ada'), { videoEnabled: true, audioEnabled: true });
  a.room.toggleVideo();
  assert.deepEqual(b.state.peerTrackStates.get('ada'), { videoEnabled: false, audioEnabled: true });
  assert.equal(b.state.calls.get('ada').videoEnabled, false);
  a.room.toggleAudio();
  assert.deepEqual(b.state.peerTrackStates.get('ada'), { videoEnabled: false, audioEnabled: false });
  const [link] = [...a.client.connections].filter((one) => 'sent' in one);
  const { length } = link.sent;
  a.room.setAudioMuted(true);
  assert.equal(link.sent.length, length, 'what has not changed is not told');
  a.room.toggleVideo();
  a.room.stopMedia();
  assert.deepEqual(b.state.peerTrackStates.get('ada'), { videoEnabled: false, audioEnabled: false });
  assert.deepEqual(a.state.peerTrackStates.get('ben'), { videoEnabled: false, audioEnabled: false }, 'ben has nothing open');
});

test('GP-6 toggled before there is a call or a camera: the others know it with the call, and the track comes switched off', async () => {
  const b = await player('ben');
  b.room.toggleVideo();
  await b.room.startMedia();
  assert.equal(b.devices.given.find(({ kind }) => kind === 'video').enabled, false);
  assert.deepEqual([b.state.isVideoActive, b.state.isVideoEnabled, b.state.localStream !== null], [false, false, true]);
  b.room.setRoster(['ada']);
  await settle();
  assert.deepEqual(b.state.calls.get('ada').call.peerConnection.getSenders().map(({ track }) => track), ['audio', 'video'].map((kind) =>
    b.devices.given.find((one) => one.kind === kind)), 'what was there before the call is in it');
  const a = await player('ada', { roster: ['ben'], isAccepted: false });
  a.client.accept();
  broker.deliverOne(({ src, type }) => src === 'ben' && type === 'OFFER');
  assert.deepEqual(a.state.peerTrackStates.get('ben'), { videoEnabled: false, audioEnabled: true }, 'before any data channel');
});

test('GP-6 a client that tells nothing counts as switched on by what it sends; nonsense changes nothing; other data is handed on', async () => {
  const [a, b] = await pair();
  const link = [...b.client.connections].find((one) => one.options?.label === 'game-room') ?? [...b.client.connections].find((one) => 'sent' in one);
  const heard = [];
  a.room.on('data', (detail) => heard.push(detail));
  for (const data of [null, 7, { type: 'track-state' }, { type: 'track-state', audioEnabled: 'yes', videoEnabled: true }, { move: 'e4' }]) link.send(data);
  assert.equal(heard.length, 5, 'what has not the shape is the application’s');
  assert.deepEqual(heard.at(-1), { remotePeerId: 'ben', data: { move: 'e4' } });
  assert.equal(b.room.send({ move: 'e5' }), 1);
  assert.deepEqual(heard.at(-1).data, { move: 'e5' });
  assert.equal(b.room.send({ move: 'e5' }, 'nobody'), 0);
});

test('GP-6 a data channel that closes is opened anew by whoever opened the call', async () => {
  const [a, b] = await pair();
  const links = () => [...b.client.connections].filter((one) => 'sent' in one);
  const [link] = links();
  link.close();
  await tick(500);
  await flow();
  assert.equal(links().length, 1);
  assert.notEqual(links()[0], link);
  assert.equal(a.room.send('still here'), 1);
});

test('GP-5 GP-8 what is sent changes by replaceTrack, at a rate by the picture’s size, up to 25 Mbit/s', async () => {
  const [a] = await pair();
  const senders = a.state.calls.get('ben').call.peerConnection.getSenders();
  assert.deepEqual(senders.map(({ track }) => track), [null, null], 'places without tracks');
  await a.room.startMedia();
  await settle();
  assert.deepEqual(senders.map(({ track }) => track?.kind), ['audio', 'video']);
  assert.equal(senders[1].parameters.encodings[0].maxBitrate, 3_000_000, 'a picture of 1280×720');
  const [, first] = senders.map(({ track }) => track);
  await a.room.selectCamera('cam-2');
  await settle();
  assert.equal(senders[1].track.getSettings().deviceId, 'cam-2');
  assert.equal(first.readyState, 'ended', 'the old camera is freed');
  assert.equal(a.state.selectedCameraId, 'cam-2');
  assert.equal(a.state.calls.get('ben').connectionState, 'connected');
  a.room.stopMedia();
  await settle();
  assert.deepEqual(senders.map(({ track }) => track), [null, null]);

  const { maxBitrateOf } = await import('../game-outgoing.js');
  assert.equal(maxBitrateOf(3_840, 2_160), 25_000_000);
  assert.ok(maxBitrateOf(640, 360) < maxBitrateOf(1_920, 1_080));
});

test('GP-8 a round trip above 200 ms is never good; figures come once a second and end with the call', async () => {
  const [a] = await pair();
  const { call } = a.state.calls.get('ben');
  const sample = (roundTrip) => [
    { id: 't', type: 'transport', selectedCandidatePairId: 'p', bytesReceived: 0, bytesSent: 0 },
    { id: 'p', type: 'candidate-pair', currentRoundTripTime: roundTrip },
  ];
  for (const [roundTrip, grade] of [[0.2, 'good'], [0.201, 'fair'], [0.9, 'poor']]) {
    call.peerConnection.stats = sample(roundTrip);
    await tick(1_000);
    assert.equal(a.state.qualities.get('ben').grade, grade, `${roundTrip} s`);
  }
  const { peerConnection } = call;
  a.room.setRoster([]);
  peerConnection.getStats = () => assert.fail('nobody looks any more');
  await tick(1_000);
  assert.equal(a.state.qualities.size, 0);
});

test('GP-10 destroy frees all of it: peer, calls, camera; what comes later touches nothing', async () => {
  const [a] = await pair();
  await a.room.startMedia();
  const { client } = a;
  a.room.destroy();
  const { state } = a;
  assert.deepEqual([state.peer, state.localStream, state.connectionState, state.calls.size], [null, null, 'disconnected', 0]);
  assert.equal(client.destroyed, true);
  assert.equal(a.devices.live.length, 0);
  client.emit('open', 'ada');
  a.room.setRoster(['ben']);
  a.room.connect();
  a.room.retry();
  goOnline(a);
  await tick(60_000);
  assert.equal(a.state.connectionState, 'disconnected');
  assert.equal(broker.made.length, 2);
});

test('GP-10 unmounted while the camera is asked for, and while the options are: nothing is opened', async () => {
  let give = () => {};
  const a = await player('ada', { isAccepted: false, peerOptions: () => new Promise((resolve) => (give = resolve)) });
  a.devices.isHeld = true;
  const asking = a.room.startMedia();
  await settle();
  assert.equal(a.devices.asked.length, 1);
  a.room.destroy();
  a.devices.answer();
  give({});
  await asking;
  await settle();
  assert.equal(a.devices.given.length, 2);
  assert.equal(a.devices.live.length, 0, 'what was granted is given back');
  assert.equal(broker.made.length, 0);
});
