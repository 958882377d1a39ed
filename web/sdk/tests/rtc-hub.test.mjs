// RTCManager and a hub: what a connection with one is made of, whose tracks its slots carry, and what goes there when.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { hubPeer, hubRoom, RTCManager } from '../rtc-manager.js';
import { FakePeerConnection, FakeStream, FakeTrack, nextCall } from './fake-rtc.mjs';
import { settle } from './fake-server.mjs';

const RTCPeerConnection = FakePeerConnection;
const HUB = hubPeer('den');

let rtc;
let reports;
/** What the hub brings, as last told: whose, which source, whose track. */
let brought;

beforeEach(() => {
  mock.method(console, 'debug', () => {});
  globalThis.MediaStream = FakeStream;
  FakePeerConnection.made = [];
  use(new RTCManager({ RTCPeerConnection, receivesAudio: true }));
});

/** @param {RTCManager} manager */
function use(manager) {
  rtc = manager;
  reports = [];
  brought = undefined;
  rtc.on('report', (report) => reports.push(report));
  rtc.on('hub-streams', ({ roomId, arrivals }) => { brought = { roomId, arrivals }; });
}

function open(peer = HUB, attempt = 1) {
  rtc.execute({ open: { peer, attempt, relayOnly: false } });
  return FakePeerConnection.made.at(-1);
}

const sections = (pc) => pc.transceivers.map(({ receiver, direction }) => `${receiver.track.kind} ${direction}`);
const times = (count, what) => Array(count).fill(what);
const sent = (pc) => pc.transceivers.filter(({ direction }) => direction === 'sendonly').map(({ sender }) => sender.track);
const slots = (...of) => ({ roomId: 'den', slots: of.map(([mid, userId, source]) => ({ mid, userId, source, csrc: userId === null ? null : 7 })) });
/** The mid of the n-th receive slot. */
const slotMid = (pc, n) => pc.transceivers.filter(({ direction }) => direction === 'recvonly')[n].mid;
const trackOf = (pc, mid) => pc.transceivers.find((one) => one.mid === mid).receiver.track;
const arrivals = () => brought.arrivals.map(({ remotePeerId, source, track }) => [remotePeerId, source, track]);

test('a hub has a name that no participant can have, with its room in it', () => {
  assert.equal(hubRoom(hubPeer('a/b')), 'a/b');
  assert.equal(hubRoom('ann'), undefined);
});

test('VC-1 a connection with a hub has places for one\'s own microphone and camera, and slots, also while nothing is sent', async () => {
  const pc = open();
  assert.deepEqual(sections(pc), ['audio sendonly', 'video sendonly', ...times(6, 'audio recvonly'), ...times(6, 'video recvonly')]);
  assert.deepEqual(sent(pc), [null, null]);
  rtc.execute({ createOffer: { peer: HUB, attempt: 1, restartIce: false } });
  await settle();
  nextCall(pc).resolve();
  await settle();
  nextCall(pc).resolve();
  await settle();
  const tracks = [{ mid: '0', source: 'microphone' }, { mid: '1', source: 'camera' }];
  assert.deepEqual(reports.at(-1).localDescriptionSet.tracks, tracks, 'and says whose they are');
  assert.equal(sections(pc).length, 14, 'no place for a voice besides the slots');
});

test('a room of data alone has none of it, and whoever wants fewer sections says so', () => {
  use(new RTCManager({ RTCPeerConnection }));
  assert.deepEqual(sections(open()), []);
  use(new RTCManager({ RTCPeerConnection, receivesAudio: true, hubSections: { microphone: true, camera: false, audio: 2, video: 0 } }));
  assert.deepEqual(sections(open()), ['audio sendonly', 'audio recvonly', 'audio recvonly']);
});

test('VC-1 a camera goes to a hub in three sizes, the smallest first; other pictures and sounds in one', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('video')]));
  const pc = open();
  assert.deepEqual(pc.transceivers.map(({ sendEncodings }) => sendEncodings?.map(({ rid }) => rid)).filter(Boolean), [['q', 'h', 'f']]);
  rtc.useHub('den', true);
  await settle();
  const { encodings } = pc.transceivers[1].sender.getParameters();
  assert.deepEqual(encodings.map(({ rid, active, scaleResolutionDownBy }) => [rid, active, scaleResolutionDownBy]), [['q', true, 4], ['h', true, 2], ['f', true, 1]]);
});

test('VC-1 a hub is sent nothing until it is in use, and nothing any more when it is not; tracks change without sections', async () => {
  const [microphone, camera] = [new FakeTrack('audio'), new FakeTrack('video')];
  rtc.setLocalStream(new FakeStream([microphone, camera]));
  const pc = open();
  assert.deepEqual(sent(pc), [null, null]);
  assert.equal(rtc.usesHub('den'), false);
  rtc.useHub('den', true);
  await settle();
  assert.deepEqual([sent(pc), rtc.usesHub('den')], [[microphone, camera], true]);
  const other = new FakeTrack('audio');
  rtc.replaceTrack('microphone', other);
  await settle();
  assert.deepEqual(sent(pc), [other, camera]);
  rtc.useHub('den', false);
  await settle();
  assert.deepEqual([sent(pc), pc.transceivers.length], [[null, null], 14]);
  assert.deepEqual([other.readyState, camera.readyState], ['live', 'live'], 'they may go elsewhere');
});

test('VC-1 a hub that is in use already is sent the tracks on its next connection, too', async () => {
  const microphone = new FakeTrack('audio');
  rtc.setLocalStream(new FakeStream([microphone]));
  rtc.useHub('den', true);
  await settle();
  assert.deepEqual(sent(open()), [microphone, null]);
  assert.deepEqual(sent(open(HUB, 2)), [microphone, null]);
});

test('VC-1 a shared screen gets sections of its own and never takes a slot, and a screen shared again costs none', async () => {
  const pc = open();
  rtc.useHub('den', true);
  const [picture, sound] = [new FakeTrack('video'), new FakeTrack('audio')];
  rtc.replaceTrack('screen', picture);
  rtc.replaceTrack('screen-audio', sound);
  assert.deepEqual(sections(pc).slice(14), ['video sendonly', 'audio sendonly']);
  assert.deepEqual(sent(pc), [null, null, picture, sound]);
  assert.equal(pc.transceivers[14].sendEncodings, undefined);
  rtc.replaceTrack('screen', null);
  await settle();
  const again = new FakeTrack('video');
  rtc.replaceTrack('screen', again);
  await settle();
  assert.deepEqual([sent(pc), pc.transceivers.length], [[null, null, again, sound], 16]);
});

test('what is for one participant alone goes to no hub', () => {
  const mix = new FakeTrack('audio');
  rtc.useHub('den', true);
  rtc.setPeerTrack('ann', 'return', mix);
  const pc = open();
  assert.equal(sent(pc).includes(mix), false);
});

test('VC-1 who is in which slot becomes whose track it is; an empty slot is nobody\'s', () => {
  const pc = open();
  const [one, two, picture] = [slotMid(pc, 0), slotMid(pc, 1), slotMid(pc, 6)];
  rtc.setSlots(slots([one, 'ann', 'microphone'], [two, null, null], [picture, 'ann', 'camera']));
  assert.equal(brought.roomId, 'den');
  assert.deepEqual(arrivals(), [['ann', 'microphone', trackOf(pc, one)], ['ann', 'camera', trackOf(pc, picture)]]);
  const [{ stream }] = brought.arrivals;
  assert.deepEqual(stream.getTracks(), [trackOf(pc, one)], 'alone in its stream');
  rtc.setSlots(slots([one, 'cid', 'microphone'], [two, 'ann', 'microphone']));
  assert.deepEqual(arrivals(), [['cid', 'microphone', trackOf(pc, one)], ['ann', 'microphone', trackOf(pc, two)]]);
  assert.equal(brought.arrivals[0].stream, stream, 'a slot is always the same stream');
});

test('VC-1 what is told of one\'s own sections, or of sections that are not there, is no slot', () => {
  const pc = open();
  rtc.setSlots(slots(['0', 'ann', 'microphone'], ['1', 'ann', 'camera'], ['99', 'cid', 'microphone'], [slotMid(pc, 0), 'dan', 'microphone']));
  assert.deepEqual(arrivals().map(([id]) => id), ['dan']);
  rtc.setSlots({ roomId: 'bar', slots: [{ mid: '2', userId: 'ann', source: 'microphone', csrc: 7 }] });
  assert.deepEqual(brought, { roomId: 'bar', arrivals: [] }, 'there is no connection with that hub');
});

test('VC-1 slots of a connection that is closed bring nothing, and the next connection\'s bring its own tracks', () => {
  const first = open();
  const mid = slotMid(first, 0);
  rtc.setSlots(slots([mid, 'ann', 'microphone']));
  rtc.execute({ close: { peer: HUB, attempt: 1 } });
  assert.deepEqual(brought, { roomId: 'den', arrivals: [] });
  const second = open(HUB, 2);
  rtc.setSlots(slots([mid, 'ann', 'microphone']));
  assert.deepEqual(arrivals(), [['ann', 'microphone', trackOf(second, mid)]]);
});

test('VC-1 a hub\'s tracks are told by its slots alone: the browser\'s word of a track is nobody\'s stream', async () => {
  const streams = [];
  rtc.on('remote-stream', (arrival) => streams.push(arrival));
  const pc = open();
  rtc.execute({ setRemoteDescription: { peer: HUB, attempt: 1, type: 'answer', sdp: 'v=0\r\n' } });
  for (const transceiver of pc.transceivers) pc.ontrack({ transceiver });
  nextCall(pc).resolve();
  await settle();
  assert.deepEqual(streams, []);
  assert.deepEqual(reports, [{ remoteDescriptionSet: { peer: HUB, attempt: 1 } }]);
});

test('VC-1 frames of a hub are theirs whose id the hub wrote into them; one without is nobody\'s', () => {
  const heard = [];
  rtc.on('data', ({ remotePeerId, frame }) => heard.push([remotePeerId, frame.type]));
  const pc = open();
  pc.receive('chat', { userId: 'ann', text: 'hi' });
  pc.receive('chat', { text: 'who?' });
  pc.receive('chat', { userId: 7, text: 'who?' });
  assert.deepEqual(heard, [['ann', 'chat']]);
  const direct = open('ann');
  direct.receive('chat', { userId: 'cid', text: 'hi' });
  assert.deepEqual(heard.slice(1), [['ann', 'chat']], 'directly, the connection tells who');
});

test('VC-1 frames go to a hub while it is in use and its channel open; it is told once when they can', () => {
  const opened = [];
  const direct = [];
  rtc.on('hub-open', ({ roomId }) => opened.push(roomId));
  rtc.on('data-open', ({ remotePeerId }) => direct.push(remotePeerId));
  const pc = open();
  const frame = { type: 'chat', data: { text: 'hi' } };
  assert.equal(rtc.sendToHub('den', frame), false);
  pc.openChannel();
  assert.deepEqual([rtc.sendToHub('den', frame), opened, pc.channel.sent], [false, [], []], 'open, but not in use');
  rtc.useHub('den', true);
  assert.deepEqual([rtc.sendToHub('den', frame), opened, pc.channel.sent], [true, ['den'], [frame]]);
  assert.equal(rtc.sendToHub('bar', frame), false);
  rtc.useHub('den', false);
  assert.equal(rtc.sendToHub('den', frame), false);
  assert.deepEqual([rtc.dataPeers, direct], [[], []], 'a hub is nobody to talk with directly');
});

test('VC-1 the channel of a hub in use that opens later is told then', () => {
  const opened = [];
  rtc.on('hub-open', ({ roomId }) => opened.push(roomId));
  rtc.useHub('den', true);
  const pc = open();
  assert.deepEqual(opened, []);
  pc.openChannel();
  assert.deepEqual(opened, ['den']);
});
