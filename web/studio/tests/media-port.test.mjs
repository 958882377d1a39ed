// Whether the media port can be reached is known before one joins, and nothing of the trial is left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalingClient } from '../../sdk/index.js';
import { FakeServer, roomJoined, settle, storage, welcome } from '../../sdk/tests/fake-server.mjs';
import { MediaPort, udpPort } from '../media-port.js';

const SDP = [
  'v=0',
  'a=candidate:1 1 tcp 1015021823 192.0.2.1 8443 typ host tcptype passive',
  'a=candidate:2 1 udp 2113937151 192.0.2.1 4443 typ host',
  '',
].join('\r\n');

/** What the trial uses of an RTCPeerConnection. */
class FakePeer extends EventTarget {
  static all = [];
  connectionState = 'new';
  constructor(configuration) {
    super();
    this.configuration = configuration;
    FakePeer.all.push(this);
  }
  createDataChannel() {}
  async createOffer() {
    return { type: 'offer', sdp: 'v=0 offer' };
  }
  async setLocalDescription(description) {
    this.localDescription = description;
  }
  async setRemoteDescription(description) {
    this.remoteDescription = description;
  }
  close() {
    this.isClosed = true;
  }
  becomes(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
}

/** A trial whose offer is at the hub. */
async function tried(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  FakePeer.all = [];
  const server = new FakeServer();
  const signaling = new SignalingClient({ url: 'ws://test/ws', userId: 'trial', storage: storage(), WebSocket: server.WebSocket });
  const mediaPort = new MediaPort({ signaling, RTCPeerConnection: FakePeer });
  t.after(() => mediaPort.close());
  const heard = [];
  mediaPort.addEventListener('change', () => heard.push(mediaPort.status));
  void mediaPort.start();
  await settle();
  const iceServers = [{ urls: ['stun:stun.test'] }];
  server.socket.say('welcome', welcome({ userId: 'trial', iceServers }));
  server.socket.say('ok', {}, { re: 'hello', seq: 1 });
  await settle();
  return { server, mediaPort, heard };
}

async function offered(t) {
  const all = await tried(t);
  const { socket } = all.server;
  const made = socket.last('room-created');
  socket.say('room-joined', roomJoined(made.data.id, ['trial']), { seq: 2 });
  socket.say('ok', {}, { re: made.id, seq: 3 });
  await settle();
  const [peer] = FakePeer.all;
  socket.say('answer', { from: 'hub', instance: 'i-hub', roomId: made.data.id, sdp: SDP, attempt: 1, n: 1 }, { seq: 4 });
  await settle();
  return { ...all, peer, roomId: made.data.id };
}

test('it makes a room that nobody sees, and offers to its hub', async (t) => {
  const { server, peer, roomId } = await offered(t);
  const { data } = server.socket.last('room-created');
  assert.deepEqual([data.listed, data.topology, data.capacity], [false, 'sfu', 1]);
  const offer = server.socket.last('offer').data;
  assert.deepEqual([offer.to, offer.roomId, offer.attempt, offer.n, offer.sdp], ['hub', roomId, 1, 1, 'v=0 offer']);
  assert.deepEqual(peer.configuration.iceServers, [{ urls: ['stun:stun.test'] }], 'what a real connection uses');
  assert.equal(peer.remoteDescription.sdp, SDP);
});

test('a way that is open is known at once, and the trial is over', async (t) => {
  const { server, mediaPort, peer, heard } = await offered(t);
  peer.becomes('connected');
  assert.deepEqual([heard, mediaPort.port], [['reached'], 4443]);
  assert.ok(peer.isClosed);
  assert.equal(server.socket.all('end-room').length, 1, 'the room goes as well');
  assert.equal(server.socket.closed.code, 1000);
  t.mock.timers.tick(60_000);
  assert.deepEqual(heard, ['reached']);
});

test('a way that is closed is said after 8 s, and not before', async (t) => {
  const { mediaPort, heard, peer, server } = await offered(t);
  t.mock.timers.tick(7_999);
  assert.deepEqual(heard, []);
  t.mock.timers.tick(1);
  assert.deepEqual([heard, mediaPort.status], [['unreachable'], 'unreachable']);
  assert.ok(!peer.isClosed, 'the server counts it after 30 s, and it may still come to be');
  t.mock.timers.tick(27_000);
  assert.ok(peer.isClosed && server.socket.closed);
  assert.equal(mediaPort.status, 'unreachable');
});

test('a browser that gives up earlier is believed, and one that gets through later, too', async (t) => {
  const { heard, peer } = await offered(t);
  peer.becomes('failed');
  assert.deepEqual(heard, ['unreachable']);
  peer.becomes('connected');
  assert.deepEqual(heard, ['unreachable', 'reached']);
});

test('without a hub nothing is known, and nothing said', async (t) => {
  const { server, mediaPort, heard } = await tried(t);
  const made = server.socket.last('room-created');
  server.socket.say('error', { code: 'forbidden', message: 'no hub', type: 'room-created' }, { re: made.id, seq: 2 });
  await settle();
  t.mock.timers.tick(60_000);
  assert.deepEqual([heard, mediaPort.status, FakePeer.all.length], [[], 'unknown', 0]);
  assert.ok(server.socket.closed);
});

test('a server that goes away meanwhile says nothing about its port', async (t) => {
  const { server, heard, peer } = await offered(t);
  server.socket.closeBy(1006);
  await settle();
  assert.ok(peer.isClosed);
  t.mock.timers.tick(60_000);
  assert.deepEqual([heard, server.sockets.length], [[], 1], 'and it does not come back by itself');
});

test('who goes before it is known leaves nothing', async (t) => {
  const { server, mediaPort, heard, peer } = await offered(t);
  mediaPort.close();
  assert.ok(peer.isClosed && server.socket.closed);
  t.mock.timers.tick(60_000);
  assert.deepEqual(heard, []);
});

test('the port is that of UDP', () => {
  assert.equal(udpPort(SDP), 4443);
  assert.equal(udpPort('v=0\r\n'), null);
});
