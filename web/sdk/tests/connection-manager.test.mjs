// ConnectionManager with the real core (the committed WebAssembly), against the contract's frames and a browser whose
// promises the test settles.

import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, mock, test } from 'node:test';

import { Chat } from '../chat.js';
import { ConnectionManager } from '../connection-manager.js';
import { RTCManager } from '../rtc-manager.js';
import { SignalingClient } from '../signaling-client.js';
import { FakePeerConnection, FakeStream, FakeTrack, nextCall } from './fake-rtc.mjs';
import { FakeServer, participant, roomJoined, settle, storage, userJoined, userLeft, welcome } from './fake-server.mjs';
import { realCore } from './real-core.mjs';

let core;
let server;
let signaling;
let rtc;
let manager;

before(async () => {
  core = await realCore();
});

beforeEach(async () => {
  mock.method(console, 'debug', () => {});
  globalThis.MediaStream = FakeStream;
  FakePeerConnection.made = [];
  server = new FakeServer();
  // `bob` is impolite towards `ann` and so the one who offers.
  signaling = new SignalingClient({ url: 'ws://parlor.test/ws', userId: 'bob', instance: 'i-bob', WebSocket: server.WebSocket, storage: storage() });
  rtc = new RTCManager({ RTCPeerConnection: FakePeerConnection });
  manager = new ConnectionManager('bob', signaling, rtc, { Core: core, seed: 1 });
  signaling.connect();
  await manager.ready;
  await settle();
  server.socket.say('welcome', welcome({ userId: 'bob', iceServers: [{ urls: ['stun:parlor.test'] }] }));
});

afterEach(() => {
  manager.destroy();
  signaling.close();
  mock.restoreAll();
});

/** In room `den` with ann, who publishes nothing. */
async function inDen() {
  manager.setMedia('none');
  server.socket.say('room-joined', roomJoined('den', ['bob', 'ann']), { seq: 1 });
  await settle();
  return FakePeerConnection.made.at(-1);
}

/** The same, connected. */
async function connected() {
  const pc = await inDen();
  nextCall(pc).resolve();
  await settle();
  nextCall(pc).resolve();
  await settle();
  const { attempt, n } = server.socket.last('offer').data;
  server.socket.say('answer', { from: 'ann', instance: 'i-ann', sdp: 'v=0', attempt, n }, { seq: 2 });
  await settle();
  nextCall(pc).resolve();
  await settle();
  Object.assign(pc, { iceConnectionState: 'connected', connectionState: 'connected' });
  pc.onconnectionstatechange();
  pc.openChannel();
  return pc;
}

test('CM-10 a second live manager with the same id throws; after destroy there may be another', () => {
  assert.throws(() => new ConnectionManager('bob', signaling, rtc, { Core: core }), /live ConnectionManager for bob/);
  manager.destroy();
  manager = new ConnectionManager('bob', signaling, rtc, { Core: core });
});

test('CM-16 ICE servers that come while it runs are those of the next connection', async () => {
  server.socket.say('ice-servers', { iceServers: [{ urls: ['turn:parlor.test'], username: '2:bob', credential: 'new' }] }, { seq: 1 });
  assert.equal(signaling.iceServers[0].credential, 'new');
  manager.setMedia('none');
  server.socket.say('room-joined', roomJoined('den', ['bob', 'ann']), { seq: 2 });
  await settle();
  assert.deepEqual(FakePeerConnection.made.at(-1).config.iceServers, [{ urls: ['turn:parlor.test'], username: '2:bob', credential: 'new' }]);
});

test('CM-2 the impolite side opens, offers through the server, and tells each change (CM-8)', async () => {
  const states = [];
  manager.addEventListener('connection-state-changed', ({ detail }) => states.push([detail.remotePeerId, detail.state.status]));
  assert.equal(manager.getConnectionState('ann').status, 'disconnected');
  const pc = await connected();
  assert.deepEqual(pc.config.iceServers, [{ urls: ['stun:parlor.test'] }]);
  const { to, sdp, attempt, n } = server.socket.last('offer').data;
  assert.deepEqual({ to, sdp, attempt, n }, { to: 'ann', sdp: 'offer-sdp', attempt: 1, n: 1 });
  assert.equal(manager.getConnectionState('ann').status, 'connected');
  assert.deepEqual(manager.getConnectionsInfo().map(({ remotePeerId, status }) => [remotePeerId, status]), [['ann', 'connected']]);
  assert.deepEqual(states[0], ['ann', 'connecting']);
  assert.deepEqual(states.at(-1), ['ann', 'connected']);
});

test('CM-2 the polite side waits', async () => {
  manager.setMedia('none');
  server.socket.say('room-joined', roomJoined('den', ['bob', 'cid']), { seq: 1 });
  await settle();
  assert.equal(manager.getConnectionState('cid').status, 'waiting');
  assert.deepEqual(server.socket.all('offer'), []);
});

test('CM-5 nothing is opened while local media is pending', async () => {
  manager.setMedia('pending');
  server.socket.say('room-joined', roomJoined('den', ['bob', 'ann']), { seq: 1 });
  await settle();
  assert.equal(FakePeerConnection.made.length, 0);
  manager.setMedia('ready');
  assert.equal(FakePeerConnection.made.length, 1);
});

test('CM-9 whoever leaves is closed, and freed', async () => {
  const removed = [];
  manager.on('peer-removed', ({ remotePeerId }) => removed.push(remotePeerId));
  const pc = await connected();
  server.socket.say('user-left-room', userLeft('den', ['bob'], 'ann', 'left'), { seq: 3 });
  assert.equal(pc.isClosed, true);
  assert.deepEqual(removed, ['ann']);
  assert.deepEqual(manager.getConnectionsInfo(), []);
});

test('leaving a room closes its connections, also while the server is away', async () => {
  const pc = await connected();
  server.socket.closeBy(1006);
  assert.equal(pc.isClosed, false, 'media goes on');
  signaling.send('user-left-room', { roomId: 'den' });
  assert.equal(pc.isClosed, true);
});

test('CM-10 closeAll and destroy close every connection, from within a listener too', async () => {
  const pc = await connected();
  manager.on('message', () => manager.destroy());
  pc.receive('message', { roomId: 'den', payload: 'go' });
  assert.equal(pc.isClosed, true);
  assert.equal(manager.getConnectionState('ann').status, 'disconnected');
});

test('a frame that the core can\'t read costs that frame only', async () => {
  const errors = mock.method(console, 'error', () => {});
  const pc = await connected();
  server.socket.say('offer', { from: 'ann', instance: 7 }, { seq: 3 });
  assert.equal(errors.mock.callCount(), 1);
  assert.equal(manager.getConnectionState('ann').status, 'connected');
  assert.equal(pc.isClosed, false);
});

test('RR-12 messages go directly where a data channel is open, also while the server is down', async () => {
  const pc = await connected();
  server.socket.closeBy(1006);
  assert.deepEqual(manager.send({ x: 1 }), { direct: ['ann'], relayed: [] });
  assert.deepEqual(pc.channel.sent.at(-1), { type: 'message', data: { roomId: 'den', from: 'bob', payload: { x: 1 } } });
  const heard = [];
  manager.on('message', (message) => heard.push(message));
  pc.receive('message', { roomId: 'den', from: 'somebody else', payload: [2] });
  assert.deepEqual(heard, [{ remotePeerId: 'ann', data: [2], roomId: 'den', via: 'direct' }], 'the connection tells who');
});

test('messages go through the server to those without a data channel, and to strangers not at all', async () => {
  await inDen();
  assert.deepEqual(manager.send('hi', 'ann'), { direct: [], relayed: ['ann'] });
  assert.deepEqual(server.socket.last('message').data, { roomId: 'den', to: 'ann', payload: 'hi' });
  assert.deepEqual(manager.send('hi', 'stranger'), { direct: [], relayed: [] });
  const heard = [];
  manager.on('message', (message) => heard.push(message));
  server.socket.say('message', { roomId: 'den', from: 'ann', payload: 'ho' }, { seq: 2 });
  assert.deepEqual(heard, [{ remotePeerId: 'ann', data: 'ho', roomId: 'den', via: 'server' }]);
});

test('RR-10 a line goes over data channels, and through the server only if somebody has none', async () => {
  const pc = await connected();
  const chat = new Chat(signaling, manager);
  const { chatId } = chat.send('den', 'direct');
  assert.equal(pc.channel.sent.at(-1).data.chatId, chatId);
  assert.deepEqual(server.socket.all('chat'), []);
  server.socket.say('user-joined-room', userJoined('den', ['bob', 'ann', 'cid'], 'cid'), { seq: 3 });
  const both = chat.send('den', 'both ways');
  assert.equal(pc.channel.sent.at(-1).data.text, 'both ways');
  assert.deepEqual(server.socket.last('chat').data, { roomId: 'den', text: 'both ways', chatId: both.chatId });
});

test('RR-10 a line that comes on both ways is told once; one\'s own is told too', async () => {
  const pc = await connected();
  const chat = new Chat(signaling, manager);
  const heard = [];
  chat.on('chat', ({ userId, text, isOwn }) => heard.push([userId, text, isOwn]));
  const line = { roomId: 'den', userId: 'ann', text: 'hi', chatId: 'c-1', sentAt: '2026-11-21T10:00:00.000Z' };
  pc.receive('chat', line);
  server.socket.say('chat', line, { seq: 3 });
  pc.receive('chat', { ...line, text: 'another', chatId: 'c-2', userId: 'bob' });
  chat.send('den', 'mine');
  assert.deepEqual(heard, [
    ['ann', 'hi', false],
    ['ann', 'another', false],
    ['bob', 'mine', true],
  ]);
});

test('RR-10 lines of somebody who is not in the room wait for the roster, or are never told', async () => {
  const pc = await connected();
  const chat = new Chat(signaling, manager);
  const heard = [];
  chat.on('chat', ({ roomId, text }) => heard.push([roomId, text]));
  server.socket.say('room-joined', roomJoined('bar', ['bob']), { seq: 3 });
  pc.receive('chat', { roomId: 'bar', text: 'early', chatId: 'c-1' });
  pc.receive('chat', { roomId: 'elsewhere', text: 'never', chatId: 'c-2' });
  assert.deepEqual(heard, []);
  server.socket.say('user-joined-room', userJoined('bar', ['bob', 'ann'], 'ann'), { seq: 4 });
  assert.deepEqual(heard, [['bar', 'early']]);
});

test('a line is 1 to 4,000 characters, counted as people count them', async () => {
  await connected();
  const chat = new Chat(signaling, manager);
  assert.throws(() => chat.send('den', ''), RangeError);
  assert.throws(() => chat.send('den', 'x'.repeat(4_001)), RangeError);
  chat.send('den', '😀'.repeat(4_000));
});

test('GP-6 track states go to the server and over data channels, when something is published and when it changes', async () => {
  const pc = await connected();
  assert.deepEqual(server.socket.all('track-state'), [], 'nothing published, nothing said');
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  rtc.setTrackEnabled('microphone', false);
  const tracks = [{ source: 'microphone', kind: 'audio', enabled: false }];
  const state = { roomId: 'den', audioEnabled: false, videoEnabled: false, tracks };
  assert.deepEqual(server.socket.all('track-state').map(({ data }) => data.audioEnabled), [true, false]);
  assert.deepEqual(server.socket.last('track-state').data, state);
  assert.deepEqual(pc.channel.sent.at(-1), { type: 'track-state', data: state });
  assert.deepEqual(signaling.memberships.roster('den')[0].tracks, tracks, 'one\'s own entry shows it too');
  server.socket.say('room-joined', roomJoined('bar', ['bob']), { seq: 3 });
  assert.equal(server.socket.last('track-state').data.roomId, 'bar', 'a new room is told');
});

test('GP-6 track states that come over a data channel are in the roster at once', async () => {
  const pc = await connected();
  const rosters = [];
  signaling.memberships.on('participants', ({ participants }) => rosters.push(participants));
  const tracks = [{ source: 'microphone', kind: 'audio', enabled: false }];
  pc.receive('track-state', { roomId: 'den', audioEnabled: false, videoEnabled: false, tracks });
  assert.deepEqual(rosters.at(-1).find(({ id }) => id === 'ann'), participant('ann', { tracks }));
  pc.receive('track-state', { roomId: 'den', audioEnabled: 'yes' });
  assert.equal(rosters.length, 1, 'nonsense changes nothing');
});

test('CM-17 the core asks for the figures of a connection once a second, and tells what they mean', async () => {
  const pc = await connected();
  assert.equal(manager.getQuality('ann'), null, 'nothing was measured yet');
  pc.stats = new Map([
    ['P', { id: 'P', type: 'candidate-pair', selected: true, bytesReceived: 1_000, bytesSent: 2_000, currentRoundTripTime: 0.25 }],
    ['A', { id: 'A', type: 'inbound-rtp', packetsReceived: 50, packetsLost: 0, jitter: 0.002 }],
  ]);
  const told = await new Promise((resolve) => { manager.on('quality-changed', resolve); });
  const quality = { grade: 'fair', roundTripMs: 250, lossPermille: 0, jitterMs: 2, inKbps: 0, outKbps: 0, availableOutKbps: null };
  assert.deepEqual(told, { remotePeerId: 'ann', quality });
  assert.deepEqual(manager.getQuality('ann'), quality);
  assert.equal(manager.getQuality('eve'), null);
});

test('CM-20 what the core was told, told to another one, gives the same states; what it could not read is in it as well', async () => {
  mock.method(console, 'error', () => {});
  await connected();
  server.socket.say('user-updated', { roomId: 'den', participant: { id: 'ann' }, epoch: 9 }, { seq: 3 });
  manager.closeConnection('ann');
  manager.retry('ann');
  const { core: made, steps, truncated } = manager.history.toJSON();
  assert.deepEqual([made.id, made.instance, made.seed, truncated], ['bob', 'i-bob', 1, false]);
  const again = await core.create(made);
  let states = 0;
  for (const { at, input, said = [], error } of steps) {
    if (error !== undefined) {
      assert.throws(() => again.handle(input, at), { message: error });
      continue;
    }
    const told = again.handle(input, at).outputs.filter((output) => 'connectionStateChanged' in output);
    assert.deepEqual(told, said);
    states += told.length;
  }
  assert.equal(states >= 4, true);
  assert.equal(steps.some(({ error }) => error !== undefined), true);
  assert.deepEqual(again.connections(), manager.getConnectionsInfo());
  const { count } = manager.history;
  manager.destroy();
  assert.equal(manager.history.count > count, true, 'the end is told too, and the story stays');
});
