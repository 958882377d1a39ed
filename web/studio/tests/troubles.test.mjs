// What a person reads and may do when a room refuses them or a session ends without their doing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endTrouble, refusalTrouble } from '../troubles.js';

/** Ways that write down which one was gone. */
function ways() {
  const gone = [];
  return { gone, again: () => gone.push('again'), create: () => gone.push('create'), back: () => gone.push('back') };
}

test('RR-7: a full room says so and can be tried again', () => {
  const taken = ways();
  const trouble = refusalTrouble({ code: 'room-full', message: 'x' }, 'Morning Show', taken);
  assert.equal(trouble.heading, 'This room is full');
  assert.match(trouble.text, /Morning Show/);
  trouble.actions[0].onPress();
  assert.deepEqual(taken.gone, ['again']);
});

test('RR-7: a room that is gone can be opened anew', () => {
  const taken = ways();
  const trouble = refusalTrouble({ code: 'room-not-found', message: 'x' }, 'Morning Show', taken);
  assert.equal(trouble.heading, 'This room is gone');
  trouble.actions[0].onPress();
  assert.deepEqual(taken.gone, ['create']);
});

test('whoever was removed knows by whom; without a name it was the operator', () => {
  assert.equal(endTrouble({ reason: 'kicked', by: 'Ana' }, 'Morning Show', ways()).text, 'Ana removed you from Morning Show.');
  assert.equal(endTrouble({ reason: 'kicked' }, 'Morning Show', ways()).text, 'Whoever runs this server removed you from Morning Show.');
});

test('every end has a heading, a sentence and a way to the list of rooms', () => {
  const ends = ['kicked', 'room-ended', 'replaced', 'timeout', 'disconnected', 'refused'];
  for (const reason of ends) {
    const taken = ways();
    const error = { code: 'room-full', message: 'full' };
    const trouble = endTrouble({ reason, error }, 'Morning Show', taken);
    assert.ok(trouble.heading.length > 0 && trouble.text.length > 0, reason);
    for (const action of trouble.actions) action.onPress();
    assert.ok(taken.gone.includes('back'), reason);
  }
});

test('RR-7: after a reconnect a room that is full by now is told like any full room', () => {
  const trouble = endTrouble({ reason: 'refused', error: { code: 'room-full', message: 'full' } }, 'Morning Show', ways());
  assert.equal(trouble.heading, 'This room is full');
});
