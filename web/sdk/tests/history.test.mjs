// What is kept of what the core was told: all that it reads, none of what people are called or write, and never more than
// so much.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { History } from '../history.js';

const made = { id: 'bob', instance: 'i-bob', seed: 7, settings: {} };
const which = { peer: 'ann', attempt: 1 };

test('CM-20 a step has the time, the input, what the core said, and its orders in short', () => {
  const history = new History(made);
  const state = { status: /** @type {const} */ ('connecting'), retryCount: 0, retryTimeout: null, isPolite: false, makingOffer: true, ignoreOffer: false };
  const said = { connectionStateChanged: { remotePeerId: 'ann', state } };
  const offer = { send: { type: /** @type {const} */ ('offer'), data: { to: 'ann', sdp: 'v=0', attempt: 1, n: 1 } } };
  history.add(1_000, undefined, []);
  history.add(1_001, { negotiationNeeded: which }, [{ open: { ...which, relayOnly: false } }, said, { createOffer: { ...which, restartIce: false } }, offer]);
  history.add(1_002, /** @type {any} */ ({ dance: {} }), [], 'no such input');
  assert.deepEqual(history.toJSON(), {
    core: made,
    truncated: false,
    dropped: 0,
    steps: [
      { at: 1_000 },
      { at: 1_001, input: { negotiationNeeded: which }, said: [said], did: ['open ann 1', 'createOffer ann 1', 'send offer ann'] },
      { at: 1_002, input: { dance: {} }, error: 'no such input' },
    ],
  });
  assert.deepEqual(history.since(2), history.toJSON().steps.slice(2));
});

test('CM-20 names of people and rooms are not kept, nor anything else that the core does not read', () => {
  const history = new History(made);
  const ann = { id: 'ann', name: 'Ann Secret', role: 'host', instance: 'i-ann', joinedAt: '2026-11-21T10:00:00.000Z', suspect: false, tracks: [] };
  const room = { id: 'den', name: 'Secret Den', capacity: 10 };
  const frames = [
    { type: 'room-joined', data: { room, you: ann, participants: [ann], epoch: 1, recording: [] } },
    { type: 'user-joined-room', data: { roomId: 'den', userId: 'ann', userName: 'Ann Secret', participant: ann, participants: [ann], epoch: 2 } },
    { type: 'user-updated', data: { roomId: 'den', participant: ann, epoch: 3, constructor: 'Secret' } },
    { type: 'user-left-room', data: { roomId: 'den', userId: 'ann', userName: 'Ann Secret', reason: 'left', participants: [], epoch: 4 } },
  ];
  for (const signal of frames) history.add(0, /** @type {any} */ ({ signal }), []);
  assert.doesNotMatch(JSON.stringify(history), /Secret/);
  const [joined, , , left] = history.since().map(({ input }) => /** @type {any} */ (input).signal.data);
  assert.deepEqual(joined.room, { id: 'den' });
  assert.deepEqual(joined.participants, [{ id: 'ann', instance: 'i-ann', role: 'host', suspect: false, tracks: [] }]);
  assert.deepEqual(left, { roomId: 'den', userId: 'ann', reason: 'left', participants: [], epoch: 4 });
});

test('CM-20 when it is full the older half goes, and the record says how much is missing', () => {
  const history = new History(made, { stepsMax: 10 });
  for (let at = 0; at < 25; at += 1) history.add(at, undefined, []);
  const { truncated, dropped, steps } = history.toJSON();
  assert.equal(truncated, true);
  assert.equal(steps.length <= 10, true);
  assert.equal(history.count, 25);
  assert.equal(dropped + steps.length, 25);
  assert.deepEqual(steps.map(({ at }) => at), Array.from({ length: steps.length }, (_, place) => dropped + place));
  assert.deepEqual(history.since(24), [{ at: 24 }]);
  assert.deepEqual(history.since(0), steps, 'whoever asks for what is gone gets what is left');
});

test('CM-20 long descriptions count by their length', () => {
  const history = new History(made, { lengthMax: 10_000 });
  for (let at = 0; at < 9; at += 1) history.add(at, { localDescriptionSet: { ...which, sdp: 'x'.repeat(3_000) } }, []);
  assert.equal(JSON.stringify(history.since()).length <= 10_100, true);
  assert.equal(history.dropped > 0, true);
  assert.equal(history.count, 9);
});
