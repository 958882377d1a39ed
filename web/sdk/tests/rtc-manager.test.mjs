// RTCManager carries out orders and reports what became of them; local tracks stay what the caller said.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { parseDataFrame } from '../data-channel.js';
import { RTCManager } from '../rtc-manager.js';
import { FakePeerConnection, FakeStream, FakeTrack, nextCall } from './fake-rtc.mjs';
import { settle } from './fake-server.mjs';

let rtc;
let reports;

beforeEach(() => {
  mock.method(console, 'debug', () => {});
  mock.method(console, 'warn', () => {});
  globalThis.MediaStream = FakeStream;
  FakePeerConnection.made = [];
  rtc = new RTCManager({ RTCPeerConnection: FakePeerConnection });
  reports = [];
  rtc.on('report', (report) => reports.push(report));
});

function open(attempt = 1, relayOnly = false) {
  rtc.execute({ open: { peer: 'bob', attempt, relayOnly } });
  return FakePeerConnection.made.at(-1);
}

const bob = (attempt = 1) => ({ peer: 'bob', attempt });

test('a connection has the data channel parlor, negotiated, id 0, ordered, and the server\'s ICE servers', () => {
  rtc.iceServers = [{ urls: ['stun:parlor.test'] }];
  const pc = open(1, true);
  assert.equal(pc.channel.label, 'parlor');
  assert.deepEqual(pc.channel.options, { negotiated: true, id: 0, ordered: true });
  assert.deepEqual(pc.config.iceServers, [{ urls: ['stun:parlor.test'] }]);
  assert.equal(pc.config.iceTransportPolicy, 'relay');
});

test('CM-16 an ICE restart takes the newest ICE servers, with all else as it was; other offers leave them alone', async () => {
  rtc.iceServers = [{ urls: ['turn:parlor.test'], username: '1:bob', credential: 'old' }];
  const pc = open(1, true);
  rtc.iceServers = [{ urls: ['turn:parlor.test'], username: '2:bob', credential: 'new' }];
  rtc.execute({ createOffer: { ...bob(), restartIce: false } });
  await settle();
  assert.equal(pc.config.iceServers[0].credential, 'old');
  rtc.execute({ createOffer: { ...bob(), restartIce: true } });
  await settle();
  assert.equal(pc.config.iceServers[0].credential, 'new');
  assert.equal(pc.config.iceTransportPolicy, 'relay');
});

test('an offer is made, set and reported with its attempt and what its sections carry', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio'), new FakeTrack('video')]));
  const pc = open();
  rtc.execute({ createOffer: { ...bob(), restartIce: true } });
  await settle();
  assert.equal(pc.restarted, true);
  nextCall(pc).resolve();
  await settle();
  assert.deepEqual(reports, []);
  const set = nextCall(pc);
  assert.equal(set.name, 'setLocalDescription');
  set.resolve();
  await settle();
  const tracks = [
    { mid: '0', source: 'microphone' },
    { mid: '1', source: 'camera' },
  ];
  assert.deepEqual(reports, [{ localDescriptionSet: { ...bob(), sdp: 'offer-sdp', tracks } }]);
});

test('who has no sound offers a place for the other\'s where sound is wanted, once, and none in a room without media', async () => {
  const offered = async (/** @type {RTCManager} */ manager) => {
    rtc = manager;
    const pc = open();
    for (let round = 0; round < 2; round += 1) {
      rtc.execute({ createOffer: { ...bob(), restartIce: false } });
      await settle();
      nextCall(pc).resolve();
      await settle();
      nextCall(pc).resolve();
      await settle();
    }
    return pc.transceivers.map(({ direction }) => direction);
  };
  const RTCPeerConnection = FakePeerConnection;
  assert.deepEqual(await offered(new RTCManager({ RTCPeerConnection, receivesAudio: true })), ['recvonly']);
  assert.deepEqual(await offered(new RTCManager({ RTCPeerConnection })), []);
  const speaker = new RTCManager({ RTCPeerConnection, receivesAudio: true });
  speaker.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  assert.deepEqual(await offered(speaker), ['sendrecv']);
});

test('what fails is reported with the browser\'s reason', async () => {
  const pc = open();
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: 'nonsense' } });
  nextCall(pc).reject(new Error('no'));
  await settle();
  rtc.execute({ rollback: bob() });
  nextCall(pc).reject(new Error('not now'));
  await settle();
  rtc.execute({ createAnswer: bob() });
  nextCall(pc).reject(new Error('nothing to answer'));
  await settle();
  assert.deepEqual(reports, [
    { remoteDescriptionFailed: { ...bob(), reason: 'Error: no' } },
    { rollbackFailed: { ...bob(), reason: 'Error: not now' } },
    { localDescriptionFailed: { ...bob(), reason: 'Error: nothing to answer' } },
  ]);
});

test('CM-11 what a closed connection still completes is told to nobody, nor are orders for it carried out', async () => {
  const first = open(1);
  rtc.execute({ setRemoteDescription: { ...bob(1), type: 'offer', sdp: 'x' } });
  const late = nextCall(first);
  const second = open(2);
  assert.equal(first.isClosed, true);
  late.resolve();
  await settle();
  rtc.execute({ createAnswer: bob(1) });
  rtc.execute({ close: bob(1) });
  assert.deepEqual([first.calls, second.calls, second.isClosed, reports], [[], [], false, []]);
  first.onconnectionstatechange?.();
  first.onnegotiationneeded?.();
  assert.deepEqual(reports, [], 'a closed connection has nothing to say');
});

test('events carry the attempt they belong to', () => {
  const pc = open(7);
  pc.onnegotiationneeded();
  pc.onicecandidate({ candidate: null });
  pc.onicecandidate({ candidate: { toJSON: () => ({ candidate: 'c', sdpMid: '0' }) } });
  pc.iceConnectionState = 'checking';
  pc.connectionState = undefined;
  pc.oniceconnectionstatechange();
  assert.deepEqual(reports, [
    { negotiationNeeded: bob(7) },
    { localCandidate: { ...bob(7), candidate: null } },
    { localCandidate: { ...bob(7), candidate: { candidate: 'c', sdpMid: '0' } } },
    { stateChanged: { ...bob(7), ice: 'checking', connection: 'connecting' } },
  ]);
});

test('incoming tracks are named by the labels of their description, else by their kind', async () => {
  const streams = [];
  rtc.on('remote-stream', ({ remotePeerId, source, track }) => streams.push([remotePeerId, source, track.id]));
  const pc = open();
  const sound = new FakeTrack('audio');
  const screen = new FakeTrack('video');
  pc.transceivers = [
    { mid: '0', receiver: { track: sound } },
    { mid: '1', receiver: { track: screen } },
  ];
  const tracks = [{ mid: '1', source: 'screen' }];
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: 'x', tracks } });
  for (const transceiver of pc.transceivers) pc.ontrack({ transceiver });
  nextCall(pc).resolve();
  await settle();
  assert.deepEqual(streams, [
    ['bob', 'microphone', sound.id],
    ['bob', 'screen', screen.id],
  ]);
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: 'y', tracks: [{ mid: '1', source: 'camera' }] } });
  nextCall(pc).resolve();
  await settle();
  assert.deepEqual(streams.slice(2), [['bob', 'camera', screen.id]], 'a label that changed is told');
});

test('another track for a source takes the sender over; a new source gets one; a source that is gone falls silent', async () => {
  const microphone = new FakeTrack('audio');
  rtc.setLocalStream(new FakeStream([microphone]));
  const pc = open();
  const [{ sender }] = pc.transceivers;
  const other = new FakeTrack('audio');
  rtc.replaceTrack('microphone', other);
  await settle();
  assert.deepEqual([sender.track, pc.transceivers.length, microphone.readyState], [other, 1, 'ended']);
  const camera = new FakeTrack('video');
  rtc.replaceTrack('camera', camera);
  assert.equal(pc.transceivers.length, 2);
  rtc.setLocalStream(null);
  await settle();
  assert.deepEqual([sender.track, other.readyState, camera.readyState], [null, 'ended', 'ended']);
  assert.deepEqual(rtc.localTracks, []);
  assert.equal(pc.transceivers.length, 2, 'no negotiation for silence');
});

test('a track that goes on in the next stream is not stopped', () => {
  const microphone = new FakeTrack('audio');
  rtc.setLocalStream(new FakeStream([microphone]));
  rtc.setLocalStream(new FakeStream([microphone, new FakeTrack('video')]));
  assert.equal(microphone.readyState, 'live');
  assert.deepEqual(rtc.localTracks.map(({ source }) => source), ['microphone', 'camera']);
});

test('GP-6 muting a track is told once, and keeps the track', () => {
  const microphone = new FakeTrack('audio');
  rtc.setLocalStream(new FakeStream([microphone]));
  const told = [];
  rtc.on('tracks-changed', ({ tracks }) => told.push(tracks));
  rtc.setTrackEnabled('microphone', false);
  rtc.setTrackEnabled('camera', false);
  assert.deepEqual(told, [[{ source: 'microphone', kind: 'audio', enabled: false }]]);
  assert.equal(microphone.readyState, 'live');
});

test('AU-4 a track for one participant goes to them alone, on each of their connections, and is not told to the room', async () => {
  const told = [];
  rtc.on('tracks-changed', ({ tracks }) => told.push(tracks));
  const [microphone, mix] = [new FakeTrack('audio'), new FakeTrack('audio')];
  rtc.setLocalStream(new FakeStream([microphone]));
  const pc = open();
  rtc.execute({ open: { peer: 'cleo', attempt: 1, relayOnly: false } });
  const other = FakePeerConnection.made.at(-1);
  rtc.setPeerTrack('bob', 'return', mix);
  const sent = (connection) => connection.transceivers.map(({ sender }) => sender.track);
  assert.deepEqual([sent(pc), sent(other)], [[microphone, mix], [microphone]]);
  const again = open(2);
  assert.deepEqual(sent(again), [microphone, mix], 'also on the next connection');
  rtc.replaceTrack('microphone', microphone);
  assert.deepEqual(sent(again), [microphone, mix], 'also when other tracks change');
  rtc.setPeerTrack('bob', 'return', null);
  await settle();
  assert.deepEqual([sent(again), mix.readyState], [[microphone, null], 'live'], 'silent, and whoever made it keeps it');
  assert.deepEqual(sent(open(3)), [microphone]);
  assert.equal(told.some((tracks) => tracks.some(({ source }) => source === 'return')), false);
});

const SOUND = 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:MID\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n';
const sound = (...mids) => `v=0\r\n${mids.map((mid) => SOUND.replace('MID', mid)).join('')}`;
const saidOf = (sdp) => sdp.split('m=audio').slice(1).map((section) => /a=fmtp:111 (.*)/.exec(section)?.[1]?.trim());

test('a remote description makes each of one\'s own sounds be sent as it is to be', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  rtc.setPeerTrack('bob', 'return', new FakeTrack('audio'));
  rtc.setAudioProfile({ music: true, fec: false, dtx: false });
  const pc = open();
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'answer', sdp: sound('0', '1', '9') } });
  const { sdp } = nextCall(pc).argument;
  const music = 'useinbandfec=0;stereo=1;maxaveragebitrate=128000';
  assert.deepEqual(saidOf(sdp), [music, 'useinbandfec=1;maxaveragebitrate=64000', 'useinbandfec=1']);
});

test('in a remote offer, sections that are new take one\'s own waiting sounds in order', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio'), new FakeTrack('video')]));
  rtc.setPeerTrack('bob', 'return', new FakeTrack('audio'));
  const pc = open();
  // Before the first description, no transceiver has a mid (RFC 8829, section 5.10).
  for (const transceiver of pc.transceivers) transceiver.mid = null;
  const onlySends = SOUND.replace('MID', 'x').replace('sendrecv', 'sendonly');
  const offer = `v=0\r\n${onlySends}${sound('y', 'z').slice(5)}`;
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: offer } });
  const mix = 'useinbandfec=1;maxaveragebitrate=64000';
  assert.deepEqual(saidOf(nextCall(pc).argument.sdp), ['useinbandfec=1', 'useinbandfec=1;usedtx=1', mix]);
});

/** A connection on which bob's offer was answered. */
async function negotiated() {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  const pc = open();
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: sound('0') } });
  nextCall(pc).resolve();
  await settle();
  rtc.execute({ createAnswer: bob() });
  for (let i = 0; i < 2; i += 1) {
    nextCall(pc).resolve();
    await settle();
  }
  reports.splice(0);
  return pc;
}

test('CM-3 on a connection that works an offer is held until its answer comes; if it gives way, nothing is rolled back', async () => {
  const pc = await negotiated();
  rtc.replaceTrack('screen-audio', new FakeTrack('audio'));
  rtc.replaceTrack('camera', new FakeTrack('video'));
  for (const transceiver of pc.transceivers.slice(1)) transceiver.mid = null;
  const offered = `${sound('0', 'new')}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:pictures\r\n`;
  const offer = async () => {
    rtc.execute({ createOffer: { ...bob(), restartIce: false } });
    await settle();
    pc.createdSdp = offered;
    nextCall(pc).resolve();
    await settle();
  };
  await offer();
  const [{ localDescriptionSet: told }] = reports.splice(0);
  assert.deepEqual(told.tracks, [
    { mid: '0', source: 'microphone' },
    { mid: 'new', source: 'screen-audio' },
    { mid: 'pictures', source: 'camera' },
  ], 'sections are named before the browser gave them out');
  assert.deepEqual(pc.calls, [], 'it is not set');
  rtc.execute({ rollback: bob() });
  await settle();
  assert.deepEqual([reports.splice(0), pc.calls], [[{ rolledBack: bob() }], []]);
  await offer();
  reports.splice(0);
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'answer', sdp: sound('0', 'new') } });
  const set = nextCall(pc);
  assert.deepEqual([set.name, set.argument.type, set.argument.sdp], ['setLocalDescription', 'offer', told.sdp]);
  set.resolve();
  await settle();
  const answered = nextCall(pc);
  assert.deepEqual([answered.name, answered.argument.type], ['setRemoteDescription', 'answer']);
  answered.resolve();
  await settle();
  assert.deepEqual(reports, [{ remoteDescriptionSet: bob() }]);
});

test('another audio profile renegotiates what is open; the same one does not', () => {
  open(4);
  rtc.setAudioProfile({ music: false, fec: true, dtx: true });
  assert.deepEqual(reports, []);
  rtc.setAudioProfile({ music: false, fec: true, dtx: false });
  assert.deepEqual(reports, [{ negotiationNeeded: bob(4) }]);
  assert.deepEqual(rtc.audioProfile, { music: false, fec: true, dtx: false });
});

const inStereo = (sdp) => sdp.replaceAll('useinbandfec=1', 'useinbandfec=1;sprop-stereo=1');

test('an answer welcomes stereo where the offer says that it is sent, and says where it is sent from here', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  const pc = open();
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: inStereo(sound('0')) } });
  nextCall(pc).resolve();
  await settle();
  rtc.setAudioProfile({ music: true, fec: true, dtx: true });
  rtc.execute({ createAnswer: bob() });
  await settle();
  pc.createdSdp = sound('0');
  nextCall(pc).resolve();
  await settle();
  assert.deepEqual(saidOf(nextCall(pc).argument.sdp), ['useinbandfec=1;stereo=1;sprop-stereo=1']);
});

test('an answer that says that stereo is sent asks for one more offer, which welcomes it', async () => {
  rtc.setLocalStream(new FakeStream([new FakeTrack('audio')]));
  const pc = open();
  const exchange = async () => {
    rtc.execute({ createOffer: { ...bob(), restartIce: false } });
    await settle();
    pc.createdSdp = sound('0');
    nextCall(pc).resolve();
    await settle();
    if (pc.calls.length > 0) nextCall(pc).resolve();
    await settle();
    const { sdp } = reports.find((report) => 'localDescriptionSet' in report).localDescriptionSet;
    pc.localDescription = { type: 'offer', sdp };
    rtc.execute({ setRemoteDescription: { ...bob(), type: 'answer', sdp: inStereo(sound('0')) } });
    while (pc.calls.length > 0) {
      nextCall(pc).resolve();
      await settle();
    }
    await new Promise((done) => { setTimeout(done, 1); });
    return { said: saidOf(sdp), asked: reports.splice(0).some((report) => 'negotiationNeeded' in report) };
  };
  reports.splice(0);
  assert.deepEqual(await exchange(), { said: ['useinbandfec=1'], asked: true });
  assert.deepEqual(await exchange(), { said: ['useinbandfec=1;stereo=1'], asked: false });
});

test('AU-4 packets of a source are marked by what the receiver of that source got last', () => {
  const pc = open();
  const [voice, mix] = [new FakeTrack('audio'), new FakeTrack('audio')];
  const got = [];
  pc.transceivers = [
    { mid: '0', receiver: { track: voice, getSynchronizationSources: () => [{ source: 1, rtpTimestamp: 1, timestamp: 1 }] } },
    { mid: '1', receiver: { track: mix, getSynchronizationSources: () => got } },
  ];
  assert.equal(rtc.packetMark('bob', 'return'), undefined, 'no such track');
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: 'x', tracks: [{ mid: '1', source: 'return' }] } });
  for (const transceiver of pc.transceivers) pc.ontrack({ transceiver });
  assert.equal(rtc.packetMark('bob', 'return'), undefined, 'nothing came');
  got.push({ source: 5, rtpTimestamp: 960, timestamp: 100 });
  const mark = rtc.packetMark('bob', 'return');
  assert.notEqual(mark, undefined);
  assert.equal(rtc.packetMark('bob', 'return'), mark);
  got[0] = { source: 5, rtpTimestamp: 1_920, timestamp: 120 };
  assert.notEqual(rtc.packetMark('bob', 'return'), mark);
  assert.equal(rtc.packetMark('stranger', 'return'), undefined);
});

test('a full or shut data channel takes nothing', () => {
  const pc = open();
  assert.equal(rtc.sendData('bob', { type: 'chat', data: {} }), false);
  pc.openChannel();
  assert.deepEqual(rtc.dataPeers, ['bob']);
  assert.equal(rtc.sendData('bob', { type: 'chat', data: {} }), true);
  pc.channel.bufferedAmount = 2 ** 21;
  assert.equal(rtc.sendData('bob', { type: 'chat', data: {} }), false);
  assert.equal(rtc.sendData('stranger', { type: 'chat', data: {} }), false);
});

test('what is no frame is not taken for one', () => {
  assert.deepEqual(parseDataFrame('{"type":"chat","data":{"text":"hi"}}'), { type: 'chat', data: { text: 'hi' } });
  const bad = ['', 'x', 'null', '[]', '{"type":1,"data":{}}', '{"type":"chat"}', '{"type":"chat","data":[]}', new Uint8Array(2)];
  for (const text of bad) assert.equal(parseDataFrame(text), undefined, String(text));
  assert.equal(parseDataFrame(`{"type":"chat","data":{"text":"${'x'.repeat(300_000)}"}}`), undefined);
});

test('a track that is replaced twice at once ends as the last one', async () => {
  const first = new FakeTrack('audio');
  rtc.setLocalStream(new FakeStream([first]));
  const pc = open();
  const [{ sender }] = pc.transceivers;
  const asked = [];
  sender.replaceTrack = (track) => new Promise((done) => { asked.push({ track, done: () => { sender.track = track; done(); } }); });
  rtc.replaceTrack('microphone', null);
  const second = new FakeTrack('audio');
  rtc.replaceTrack('microphone', second);
  rtc.replaceTrack('microphone', null);
  assert.deepEqual(asked.map(({ track }) => track), [null, second, null]);
  for (const { done } of asked) done();
  await settle();
  assert.equal(sender.track, null);
});

test('an audio profile that changes while an answer is under way is negotiated after it', async () => {
  const pc = await negotiated();
  rtc.execute({ setRemoteDescription: { ...bob(), type: 'offer', sdp: sound('0') } });
  nextCall(pc).resolve();
  await settle();
  rtc.execute({ createAnswer: bob() });
  await settle();
  rtc.setAudioProfile({ music: true, fec: true, dtx: false });
  reports.splice(0);
  for (let i = 0; i < 2; i += 1) {
    nextCall(pc).resolve();
    await settle();
  }
  await new Promise((done) => { setTimeout(done, 1); });
  assert.deepEqual(reports.filter((report) => !('remoteDescriptionSet' in report)).map((report) => Object.keys(report)[0]), ['localDescriptionSet', 'negotiationNeeded']);
});
