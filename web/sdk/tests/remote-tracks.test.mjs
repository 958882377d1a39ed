// RemoteTracks: of each source of somebody one track is played, by whichever path it comes, and what is not played yet is
// kept going.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { RemoteTracks } from '../remote-tracks.js';
import { FakeStream, FakeTrack } from './fake-rtc.mjs';

/** Who is in which room, by room. @type {Map<string, string[]>} */
let rooms;
/** What was to be played, in words. @type {string[]} */
let told;
/** @type {RemoteTracks} */
let tracks;
/** Elements that were made. */
let elements;

beforeEach(() => {
  rooms = new Map([['den', ['ann', 'cid']]]);
  told = [];
  elements = [];
  globalThis.MediaStream = class extends FakeStream {
    constructor(of = []) {
      super(of);
    }
  };
  globalThis.Audio = class {
    muted = false;
    isPlaying = false;

    constructor() {
      elements.push(this);
    }

    async play() {
      this.isPlaying = true;
    }
  };
  const memberships = {
    sharedRooms: (id) => [...rooms].filter(([, ids]) => ids.includes(id)).map(([roomId]) => roomId),
    others: () => new Set([...rooms.values()].flat()),
  };
  tracks = new RemoteTracks(memberships, ({ remotePeerId, source, track }) => told.push(`${remotePeerId} ${source} ${track?.id ?? 'nothing'}`));
});

afterEach(() => {
  delete globalThis.Audio;
});

/** An arrival of one track, alone in its stream. */
function arrival(remotePeerId, source = 'microphone', kind = 'audio') {
  const track = new FakeTrack(kind);
  return { remotePeerId, source, track, stream: new MediaStream([track]) };
}

/** What elements keep going now. */
const standby = () => elements.filter(({ srcObject }) => srcObject).map(({ srcObject }) => srcObject.tracks[0].id);
const said = ({ remotePeerId, source, track }) => `${remotePeerId} ${source} ${track.id}`;
const heard = () => told.splice(0);

test('CM-12 what comes directly is played, once, and again when another track takes its place', () => {
  const [first, second, camera] = [arrival('ann'), arrival('ann'), arrival('ann', 'camera', 'video')];
  tracks.arrived(first);
  tracks.look();
  assert.deepEqual(heard(), [said(first)]);
  tracks.arrived(second);
  tracks.arrived(camera);
  assert.deepEqual(heard(), [said(second), said(camera)], 'each source on its own');
  assert.deepEqual(standby(), []);
});

test('VC-1 in a star the hub\'s slots are played, and whoever is in none is heard no longer', () => {
  tracks.setPath('den', 'sfu');
  const [ann, cid] = [arrival('ann'), arrival('cid')];
  tracks.broughtByHub('den', [ann, cid]);
  assert.deepEqual(heard(), [said(ann), said(cid)]);
  assert.equal(tracks.hubRoomOf('ann'), 'den');
  tracks.broughtByHub('den', [ann]);
  assert.deepEqual(heard(), ['cid microphone nothing']);
  tracks.broughtByHub('den', [ann]);
  assert.deepEqual(heard(), [], 'told once');
});

test('VC-1 a slot that changes hands is silent for who had it, and is never two people\'s', () => {
  tracks.setPath('den', 'sfu');
  const slot = arrival('ann');
  tracks.broughtByHub('den', [slot]);
  heard();
  tracks.broughtByHub('den', [{ ...slot, remotePeerId: 'cid' }]);
  assert.deepEqual(heard().sort(), ['ann microphone nothing', `cid microphone ${slot.track.id}`]);
  tracks.broughtByHub('den', [slot]);
  assert.deepEqual(heard().sort(), [`ann microphone ${slot.track.id}`, 'cid microphone nothing'], 'and back');
});

test('VC-1 while a room moves the other path is kept going, muted, and takes over when the core says so', () => {
  const [direct, byHub] = [arrival('ann'), arrival('ann')];
  tracks.arrived(direct);
  heard();
  tracks.broughtByHub('den', [byHub]);
  assert.deepEqual([heard(), standby()], [[], [byHub.track.id]]);
  assert.deepEqual(elements.map(({ muted, isPlaying }) => [muted, isPlaying]), [[true, true]], 'kept going without being heard');
  tracks.setPath('den', 'sfu');
  assert.deepEqual([heard(), standby()], [[said(byHub)], [direct.track.id]]);
  tracks.setPath('den', 'mesh');
  assert.deepEqual([heard(), standby()], [[said(direct)], [byHub.track.id]], 'and back');
  tracks.broughtByHub('den', []);
  assert.deepEqual([heard(), standby()], [[], []], 'what the hub no longer brings was not played');
});

test('VC-1 what came over a direct connection that is closed is kept going no longer, and not played when the room moves back', () => {
  const [direct, byHub] = [arrival('ann'), arrival('ann')];
  tracks.arrived(direct);
  tracks.broughtByHub('den', [byHub]);
  tracks.setPath('den', 'sfu');
  heard();
  tracks.directClosed('ann');
  assert.deepEqual([heard(), standby()], [[], []]);
  tracks.setPath('den', 'mesh');
  assert.deepEqual(heard(), [], 'the hub still brings it');
  tracks.broughtByHub('den', []);
  assert.deepEqual(heard(), ['ann microphone nothing']);
  const next = arrival('ann');
  tracks.arrived(next);
  tracks.directClosed('ann');
  assert.deepEqual(heard(), [said(next)], 'of a retry in a mesh nothing is told');
});

test('pictures need no element to be kept going', () => {
  tracks.broughtByHub('den', [arrival('ann', 'camera', 'video')]);
  assert.deepEqual(elements, []);
});

test('whoever shares a mesh as well is heard directly', () => {
  rooms.set('bar', ['ann']);
  tracks.setPath('den', 'sfu');
  const [direct, byHub, cid] = [arrival('ann'), arrival('ann'), arrival('cid')];
  tracks.arrived(direct);
  tracks.broughtByHub('den', [byHub, cid]);
  assert.deepEqual(heard().sort(), [said(direct), said(cid)].sort());
  assert.equal(tracks.hubRoomOf('ann'), undefined);
  rooms.delete('bar');
  tracks.look();
  assert.deepEqual(heard(), [said(byHub)], 'the mesh was left');
});

test('of two stars with somebody, one is played; when its room is left, the other one takes over', () => {
  rooms = new Map([['den', ['ann']], ['bar', ['ann']]]);
  for (const room of ['den', 'bar']) tracks.setPath(room, 'sfu');
  const [den, bar] = [arrival('ann'), arrival('ann')];
  tracks.broughtByHub('den', [den]);
  tracks.broughtByHub('bar', [bar]);
  assert.deepEqual([heard(), standby()], [[said(den)], [bar.track.id]]);
  rooms.delete('den');
  tracks.forgetRoom('den');
  assert.deepEqual([heard(), standby()], [[said(bar)], []]);
});

test('VC-1 what a hub still brings is heard until it comes directly, and no longer than it is brought', () => {
  const [byHub, camera, direct] = [arrival('ann'), arrival('ann', 'camera', 'video'), arrival('ann')];
  tracks.setPath('den', 'sfu');
  tracks.broughtByHub('den', [byHub, camera]);
  heard();
  tracks.setPath('den', 'mesh');
  assert.deepEqual(heard(), [], 'not yet directly');
  tracks.arrived(direct);
  assert.deepEqual([heard(), standby()], [[said(direct)], [byHub.track.id]], 'each source for itself');
  tracks.forgetRoom('den');
  assert.deepEqual([heard(), standby()], [['ann camera nothing'], []]);
});

for (const [from, to] of [['sfu', 'mesh'], ['mesh', 'sfu']]) {
  test(`VC-1 after a move from ${from} to ${to} the old path is heard until something comes on the new one`, () => {
    const [direct, byHub] = [arrival('ann'), arrival('ann')];
    const [old, next] = from === 'sfu' ? [byHub, direct] : [direct, byHub];
    next.track.muted = true;
    tracks.setPath('den', from);
    tracks.arrived(direct);
    tracks.broughtByHub('den', [byHub]);
    assert.deepEqual(heard().at(-1), said(old));
    tracks.setPath('den', to);
    assert.deepEqual([heard(), standby()], [[], [next.track.id]]);
    next.track.muted = false;
    next.track.dispatchEvent(new Event('unmute'));
    assert.deepEqual([heard(), standby()], [[said(next)], [old.track.id]]);
  });
}

test('VC-1 what comes by neither path yet is played by the path of the room', () => {
  const [direct, byHub] = [arrival('ann'), arrival('ann')];
  for (const { track } of [direct, byHub]) track.muted = true;
  tracks.arrived(direct);
  tracks.broughtByHub('den', [byHub]);
  assert.deepEqual(heard(), [said(direct)]);
});

test('who left is forgotten: their next track is news, and nothing of them is kept going', () => {
  const first = arrival('ann');
  tracks.arrived(first);
  heard();
  tracks.forget('ann');
  rooms.set('den', ['cid']);
  tracks.look();
  assert.deepEqual([heard(), standby()], [[], []]);
  tracks.arrived(first);
  assert.deepEqual(heard(), [said(first)], 'the same track of somebody who came back');
  tracks.broughtByHub('den', [arrival('ann')]);
  assert.equal(standby().length, 1, 'ann is heard directly');
  tracks.clear();
  assert.deepEqual(standby(), []);
});
