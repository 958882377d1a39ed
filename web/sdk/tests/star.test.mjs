// ConnectionManager, Chat and track states in a star, with the real core (the committed WebAssembly): whom one is connected
// with, whose tracks come by which path, and what is said to the hub.

import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, mock, test } from 'node:test';

import { Chat } from '../chat.js';
import { ConnectionManager } from '../connection-manager.js';
import { RTCManager } from '../rtc-manager.js';
import { SignalingClient } from '../signaling-client.js';
import { FakePeerConnection, FakeStream, FakeTrack, nextCall } from './fake-rtc.mjs';
import { FakeServer, participant, roomJoined, settle, storage, userLeft, welcome } from './fake-server.mjs';
import { realCore } from './real-core.mjs';

/** A room moves, and connections are opened one after the other, in a moment. */
const SETTINGS = { settleMs: 20, oldPathMs: 50, staggerMs: 5, retryDelayMs: 50 };

let core;
let server;
let signaling;
let rtc;
let manager;
let seq;
/** Whose which track was to be played, in order. */
let played;
let paths;

before(async () => {
  core = await realCore();
});

beforeEach(async () => {
  mock.method(console, 'debug', () => {});
  globalThis.MediaStream = class extends FakeStream {
    constructor(of = []) {
      super(of);
    }
  };
  FakePeerConnection.made = [];
  seq = 0;
  server = new FakeServer();
  signaling = new SignalingClient({ url: 'ws://parlor.test/ws', userId: 'bob', instance: 'i-bob', WebSocket: server.WebSocket, storage: storage() });
  rtc = new RTCManager({ RTCPeerConnection: FakePeerConnection, receivesAudio: true });
  manager = new ConnectionManager('bob', signaling, rtc, { Core: core, seed: 1, settings: SETTINGS });
  played = [];
  paths = [];
  manager.on('remote-stream', ({ remotePeerId, source, track }) => played.push([remotePeerId, source, track]));
  manager.on('path-changed', ({ roomId, plays }) => paths.push([roomId, plays]));
  signaling.connect();
  await manager.ready;
  await settle();
  server.socket.say('welcome', welcome({ userId: 'bob' }));
  manager.setMedia('none');
});

afterEach(() => {
  manager.destroy();
  signaling.close();
  mock.restoreAll();
});

const say = (type, data) => server.socket.say(type, data, { seq: (seq += 1) });
const isOpen = (pc) => !pc.isClosed;
const open = () => FakePeerConnection.made.filter(isOpen);
const hubs = () => manager.getConnectionsInfo().filter(({ remotePeerId }) => remotePeerId === 'hub');
const statuses = () => manager.getConnectionsInfo().map(({ remotePeerId, roomId, status }) => [remotePeerId, ...(roomId ? [roomId] : []), status]);

/** A browser that does at once what it is told. */
async function obey(pc) {
  await settle();
  while (pc.calls.length > 0) {
    nextCall(pc).resolve();
    await settle();
  }
}

/** The core takes its time for some things. */
async function when(what, isSo) {
  for (let waited_ms = 0; waited_ms < 5_000; waited_ms += 5) {
    if (isSo()) return;
    await new Promise((done) => { setTimeout(done, 5); });
  }
  throw new Error(`never: ${what}`);
}

/** A connection that was opened and is not connected yet. */
async function opened() {
  const newest = () => FakePeerConnection.made.at(-1);
  await when('a connection is opened', () => newest() && !newest().isClosed && newest().connectionState === 'new');
  return newest();
}

/** The newest connection's offer is answered by whom it is for, and media flows. */
async function connect(to, instance, rest = {}) {
  const pc = await opened();
  await obey(pc);
  const { attempt, n } = server.socket.all('offer').findLast(({ data }) => data.to === to).data;
  say('answer', { from: to, instance, sdp: 'v=0', attempt, n, ...rest });
  await obey(pc);
  Object.assign(pc, { iceConnectionState: 'connected', connectionState: 'connected' });
  pc.onconnectionstatechange();
  await settle();
  return pc;
}

const connectHub = (roomId = 'den') => connect('hub', 'hub', { roomId });

/** In the star `den` with these, connected with its hub. */
async function inStar(...others) {
  say('room-joined', roomJoined('den', ['bob', ...others], { topology: 'sfu' }));
  return connectHub();
}

/** In the mesh `den` with ann, connected with her. */
async function inMesh() {
  say('room-joined', roomJoined('den', ['bob', 'ann']));
  return connect('ann', 'i-ann');
}

const topology = (mode, change, phase) => say('topology', { roomId: 'den', mode, change, phase });
const slotMids = (pc) => pc.transceivers.filter(({ direction }) => direction === 'recvonly').map(({ mid }) => mid);
const slotTrack = (pc, n) => pc.transceivers.filter(({ direction }) => direction === 'recvonly')[n].receiver.track;
/** Who is in the first slots. */
function fill(pc, ...ids) {
  const mids = slotMids(pc);
  say('slots', { roomId: 'den', slots: ids.map((userId, index) => ({ mid: mids[index], userId, source: userId && 'microphone', csrc: userId && index + 1 })) });
}

test('VC-1 in a star there is one connection, with the hub; the others are as it is', async () => {
  say('room-joined', roomJoined('den', ['bob', 'ann', 'cid'], { topology: 'sfu' }));
  await settle();
  assert.equal(manager.getConnectionState('ann').status, 'connecting');
  await connectHub();
  assert.equal(open().length, 1);
  const { to, roomId, tracks } = server.socket.last('offer').data;
  assert.deepEqual([to, roomId, tracks.map(({ source }) => source)], ['hub', 'den', ['microphone', 'camera']]);
  assert.deepEqual(statuses().sort(), [['ann', 'connected'], ['cid', 'connected'], ['hub', 'den', 'connected']]);
  assert.deepEqual(paths, [['den', 'sfu']]);
  assert.deepEqual([manager.hubRoomOf('ann'), manager.hubRoomOf('stranger')], ['den', undefined]);
});

test('VC-1 states of a hub name it and its room', async () => {
  const states = [];
  manager.on('connection-state-changed', ({ remotePeerId, roomId, state }) => remotePeerId === 'hub' && states.push([roomId, state.status]));
  await inStar('ann');
  assert.deepEqual(states[0], ['den', 'connecting']);
  assert.deepEqual(states.at(-1), ['den', 'connected']);
  say('user-left-room', userLeft('den', [], 'bob', 'kicked', { by: 'ann' }));
  await settle();
  assert.deepEqual([states.at(-1), hubs(), open()], [['den', 'disconnected'], [], []]);
});

test('VC-1 voices come by slots, and a slot that changes hands is silent for who had it', async () => {
  const pc = await inStar('ann', 'cid');
  fill(pc, 'ann');
  assert.deepEqual(played.splice(0), [['ann', 'microphone', slotTrack(pc, 0)]]);
  fill(pc, 'cid');
  const [first, second] = played.splice(0).sort();
  assert.deepEqual([first, second], [['ann', 'microphone', null], ['cid', 'microphone', slotTrack(pc, 0)]]);
  fill(pc, null);
  assert.deepEqual(played, [['cid', 'microphone', null]]);
});

test('VC-1 slots that come before who is in them are played once the roster has them', async () => {
  const pc = await inStar('ann');
  fill(pc, 'cid');
  assert.deepEqual(played, []);
  const participants = ['bob', 'ann', 'cid'].map((id) => participant(id));
  say('user-joined-room', { roomId: 'den', userId: 'cid', userName: 'cid', participant: participants[2], participants, epoch: 1 });
  await settle();
  assert.deepEqual(played, [['cid', 'microphone', slotTrack(pc, 0)]]);
});

test('VC-1 a hub that is reached anew brings its own tracks; in between there is silence', async () => {
  const first = await inStar('ann');
  fill(first, 'ann');
  played.splice(0);
  say('offer-wanted', { roomId: 'den', reason: 'transport-gone' });
  await settle();
  assert.equal(first.isClosed, true);
  assert.deepEqual(played.splice(0), [['ann', 'microphone', null]]);
  const second = await connectHub();
  assert.notEqual(second, first);
  fill(second, 'ann');
  assert.deepEqual(played, [['ann', 'microphone', slotTrack(second, 0)]]);
});

test('VC-1 from a mesh to a star: both paths are sent on, the old one is played until the move is made, then it is closed', async () => {
  const microphone = new FakeTrack('audio');
  rtc.setLocalStream(new FakeStream([microphone]));
  const direct = await inMesh();
  const voice = new FakeTrack('audio');
  direct.ontrack({ transceiver: { mid: '0', receiver: { track: voice } } });
  assert.deepEqual(played.splice(0), [['ann', 'microphone', voice]]);
  topology('sfu', 1, 'prepare');
  await settle();
  const hub = await connectHub();
  assert.notEqual(hub, direct);
  assert.deepEqual([direct.transceivers[0].sender.track, hub.transceivers[0].sender.track], [microphone, microphone]);
  fill(hub, 'ann');
  assert.deepEqual([played, direct.isClosed, manager.hubRoomOf('ann')], [[], false, undefined]);
  await when('the new path is said to work', () => server.socket.last('topology-ready'));
  assert.deepEqual(server.socket.all('topology-ready').map(({ data }) => data), [{ roomId: 'den', change: 1 }]);
  topology('sfu', 1, 'commit');
  await settle();
  assert.deepEqual(played.splice(0), [['ann', 'microphone', slotTrack(hub, 0)]]);
  assert.deepEqual([direct.isClosed, manager.hubRoomOf('ann')], [false, 'den'], 'who moves a little later still plays it');
  await when('the old path is closed', () => direct.isClosed);
  assert.deepEqual([played, hub.isClosed], [[], false]);
  assert.deepEqual(paths.at(-1), ['den', 'sfu']);
});

test('VC-1 from a star to a mesh: the voice comes directly, the hub is closed, and a track of before is never played again', async () => {
  const first = await inMesh();
  const old = new FakeTrack('audio');
  first.ontrack({ transceiver: { mid: '0', receiver: { track: old } } });
  topology('sfu', 1, 'prepare');
  await settle();
  const hub = await connectHub();
  topology('sfu', 1, 'commit');
  await settle();
  fill(hub, 'ann');
  await when('the old path is closed', () => first.isClosed);
  played.splice(0);
  topology('mesh', 2, 'prepare');
  await settle();
  const direct = await connect('ann', 'i-ann');
  topology('mesh', 2, 'commit');
  await when('the hub is closed', () => hub.isClosed);
  assert.deepEqual(played.splice(0).filter(([, , track]) => track !== null), [], 'nothing came on the new connection yet');
  const voice = new FakeTrack('audio');
  direct.ontrack({ transceiver: { mid: '0', receiver: { track: voice } } });
  assert.deepEqual(played, [['ann', 'microphone', voice]]);
  assert.deepEqual([paths.at(-1), hubs()], [['den', 'mesh'], []]);
});

test('VC-1 wishes are told to the server only while the hub is in use, whenever they change, and again after joining anew', async () => {
  const wishes = () => server.socket.all('receive').map(({ data }) => data);
  const wish = { muted: [], video: [{ userId: 'ann', source: 'camera', height: 360 }] };
  manager.setReceive('den', wish);
  await inMesh();
  assert.deepEqual(wishes(), [], 'in a mesh nobody is to hear of it');
  topology('sfu', 1, 'prepare');
  await settle();
  assert.deepEqual(wishes(), [{ roomId: 'den', ...wish }]);
  manager.setReceive('den', structuredClone(wish));
  assert.equal(wishes().length, 1, 'the same again is no news');
  manager.setReceive('den', { muted: ['ann'] });
  assert.deepEqual(wishes().at(-1), { roomId: 'den', muted: ['ann'], video: [] });
  say('room-joined', roomJoined('den', ['bob', 'ann'], { topology: 'sfu' }));
  await settle();
  assert.deepEqual(wishes().slice(2), [{ roomId: 'den', muted: ['ann'], video: [] }], 'once again: the session may be another one');
  signaling.send('user-left-room', { roomId: 'den' });
  signaling.send('user-joined-room', { roomId: 'den' });
  say('room-joined', roomJoined('den', ['bob', 'ann'], { topology: 'sfu' }));
  await connectHub();
  assert.deepEqual([paths.at(-1), wishes().length], [['den', 'sfu'], 3], 'wishes end with the stay');
});

test('CM-17 the figures of the connection with the hub are those of everybody who is heard through it', async () => {
  const pc = await inStar('ann', 'cid');
  pc.stats = new Map([
    ['P', { id: 'P', type: 'candidate-pair', selected: true, bytesReceived: 1_000, bytesSent: 2_000, currentRoundTripTime: 0.25 }],
    ['A', { id: 'A', type: 'inbound-rtp', packetsReceived: 50, packetsLost: 0, jitter: 0.002 }],
  ]);
  const told = new Map();
  await new Promise((resolve) => {
    manager.on('quality-changed', ({ remotePeerId, quality }) => told.set(remotePeerId, quality.grade).size === 2 && resolve());
  });
  assert.deepEqual(Object.fromEntries(told), { ann: 'fair', cid: 'fair' }, 'of the others, and neither of oneself nor of the hub');
  assert.equal(manager.getQuality('ann').roundTripMs, 250);
});

test('VC-1 RR-10 a line goes to the hub and through the server, and comes once, whichever way', async () => {
  const pc = await inStar('ann', 'cid');
  pc.openChannel();
  const chat = new Chat(signaling, manager);
  const heard = [];
  chat.on('chat', ({ userId, text }) => heard.push([userId, text]));
  const { chatId } = chat.send('den', 'hi');
  assert.deepEqual(pc.channel.sent.filter(({ type }) => type === 'chat').map(({ data }) => [data.chatId, data.text]), [[chatId, 'hi']], 'once, not for each');
  assert.deepEqual(server.socket.last('chat').data, { roomId: 'den', text: 'hi', chatId }, 'for who has no channel');
  const line = { roomId: 'den', userId: 'ann', text: 'ho', chatId: 'c-1', sentAt: '2026-11-21T10:00:00.000Z' };
  pc.receive('chat', line);
  say('chat', line);
  assert.deepEqual(heard, [['bob', 'hi'], ['ann', 'ho']]);
});

test('VC-1 GP-6 track states go to the hub when its channel opens and when they change, and those it brings are in the roster', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  const pc = await inStar('ann');
  const states = () => pc.channel.sent.filter(({ type }) => type === 'track-state').map(({ data }) => [data.roomId, data.audioEnabled]);
  assert.deepEqual(states(), []);
  pc.openChannel();
  assert.deepEqual(states(), [['den', true]]);
  rtc.setTrackEnabled('microphone', false);
  assert.deepEqual(states(), [['den', true], ['den', false]]);
  assert.equal(server.socket.last('track-state').data.audioEnabled, false, 'the server always hears of it');
  const tracks = [{ source: 'microphone', kind: 'audio', enabled: false }];
  pc.receive('track-state', { userId: 'ann', roomId: 'den', audioEnabled: false, videoEnabled: false, tracks });
  assert.deepEqual(signaling.memberships.roster('den').find(({ id }) => id === 'ann').tracks, tracks);
});

test('VC-1 RR-12 messages in a star go through the server, each to whom it is for', async () => {
  await inStar('ann', 'cid');
  assert.deepEqual(manager.send('hi', 'ann'), { direct: [], relayed: ['ann'] });
  assert.deepEqual(manager.send('all').relayed.sort(), ['ann', 'cid']);
  assert.deepEqual(manager.dataPeers, []);
});

test('VC-1 whoever leaves a star is removed, and their slot says nothing of them any more', async () => {
  const removed = [];
  manager.on('peer-removed', ({ remotePeerId }) => removed.push(remotePeerId));
  const pc = await inStar('ann', 'cid');
  fill(pc, 'ann', 'cid');
  played.splice(0);
  say('user-left-room', userLeft('den', ['bob', 'cid'], 'ann', 'left'));
  await settle();
  assert.deepEqual([removed, pc.isClosed], [['ann'], false]);
  fill(pc, null, 'cid');
  assert.deepEqual(played.filter(([id, , track]) => id === 'cid' || track !== null), []);
  signaling.send('user-left-room', { roomId: 'den' });
  assert.equal(pc.isClosed, true);
});
