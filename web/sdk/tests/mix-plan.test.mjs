// Who mixes, who gets a return, and what is heard: the pure decisions of host mix (AU-4), told at times of the test's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mixerOf, MixPlan } from '../mix-plan.js';

const host = (id) => ({ id, role: 'host' });
const caller = (id) => ({ id, role: 'caller' });
const listener = (id) => ({ id, role: 'listener' });

/** A page that looks every 100 ms; `flows` says whether packets of the mixer's return came since the last look. */
class Page {
  now_ms = 1_000;
  packets = 0;

  constructor(ownId) {
    this.plan = new MixPlan(ownId);
  }

  look(participants, { mode = 'host', flows = false, after_ms = 100 } = {}) {
    this.now_ms += after_ms;
    if (flows) this.packets += 1;
    const mark = this.packets > 0 ? String(this.packets) : undefined;
    return this.plan.step({ now_ms: this.now_ms, mode, participants, mark });
  }

  looks(count, participants, options) {
    return Array.from({ length: count }, () => this.look(participants, options).hears);
  }
}

test('AU-4 the mixer is the host who has been there longest; without host mix, or without a host, nobody', () => {
  assert.equal(mixerOf('host', [caller('ann'), host('bob'), host('cleo')]), 'bob');
  assert.equal(mixerOf('host', [caller('ann')]), undefined);
  assert.equal(mixerOf('direct', [host('bob')]), undefined);
});

test('AU-4 the mixer sends to callers and listeners, not to hosts, and plays everybody directly', () => {
  const room = [host('ann'), host('bob'), caller('cleo'), listener('dan')];
  const { sendTo, hears, isClient } = new Page('ann').look(room);
  assert.deepEqual([sendTo, hears, isClient], [['cleo', 'dan'], 'direct', false]);
  const other = new Page('bob');
  assert.deepEqual(other.look(room, { flows: true }).sendTo, [], 'only one host mixes');
  assert.deepEqual(new Set(other.looks(10, room, { flows: true })), new Set(['direct']), 'the other host hears no return');
});

test('AU-4 a client plays the return once it flows, and directly again when it brings nothing for 500 ms', () => {
  const room = [host('ann'), caller('bob')];
  const bob = new Page('bob');
  assert.deepEqual(bob.looks(5, room), Array(5).fill('direct'), 'directly until something comes');
  assert.deepEqual(bob.looks(4, room, { flows: true }), ['direct', 'direct', 'return', 'return']);
  assert.deepEqual(bob.looks(6, room), ['return', 'return', 'return', 'return', 'direct', 'direct']);
  assert.deepEqual(bob.looks(3, room, { flows: true }), ['direct', 'direct', 'return'], 'and again when it is back');
});

test('AU-4 packets late by less than 500 ms do not make it flap, a lone packet is no return', () => {
  const room = [host('ann'), caller('bob')];
  const bob = new Page('bob');
  bob.looks(3, room, { flows: true });
  bob.looks(4, room);
  for (let i = 0; i < 5; i += 1) {
    assert.equal(bob.look(room, { flows: true }).hears, 'return');
    assert.deepEqual(bob.looks(4, room), Array(4).fill('return'));
  }
  bob.looks(5, room);
  assert.equal(bob.look(room, { flows: true }).hears, 'direct');
  assert.deepEqual(bob.looks(6, room), Array(6).fill('direct'));
  assert.deepEqual(bob.looks(2, room, { flows: true }), ['direct', 'direct'], 'the lone packet does not count');
});

test('AU-4 a handover: directly at once, then the new mixer\'s return; the old one\'s packets do not count', () => {
  const bob = new Page('bob');
  bob.looks(5, [host('ann'), host('cleo'), caller('bob')], { flows: true });
  const room = [host('cleo'), caller('bob')];
  assert.equal(bob.look(room, { flows: true }).hears, 'direct');
  assert.equal(bob.look(room).hears, 'direct');
  assert.deepEqual(bob.looks(3, room, { flows: true }), ['direct', 'direct', 'return']);
});

test('AU-4 who becomes mixer sends to all clients; who was it and goes on as a caller lets its returns run out', () => {
  const before = [host('ann'), host('bob'), caller('cleo')];
  const after = [caller('ann'), host('bob'), caller('cleo')];
  const [ann, bob] = [new Page('ann'), new Page('bob')];
  ann.look(before);
  bob.look(before);
  assert.deepEqual(bob.look(after).sendTo, ['ann', 'cleo']);
  assert.deepEqual(ann.look(after).sendTo, ['cleo'], 'until the others know');
  ann.looks(5, after);
  assert.deepEqual(ann.look(after).sendTo, []);
  assert.deepEqual(ann.looks(3, after, { flows: true }), ['direct', 'direct', 'return'], 'a client like any other');
});

test('AU-4 switched off: everybody directly at once, the returns end 500 ms later', () => {
  const room = [host('ann'), caller('bob')];
  const [ann, bob] = [new Page('ann'), new Page('bob')];
  ann.look(room);
  bob.looks(5, room, { flows: true });
  assert.equal(bob.look(room, { mode: 'direct', flows: true }).hears, 'direct');
  assert.deepEqual(ann.look(room, { mode: 'direct' }).sendTo, ['bob']);
  assert.deepEqual(ann.look(room, { mode: 'direct', after_ms: 499 }).sendTo, ['bob']);
  assert.deepEqual(ann.look(room, { mode: 'direct', after_ms: 1 }).sendTo, []);
});

test('AU-4 switched on again while a return runs out, it goes on', () => {
  const room = [host('ann'), caller('bob')];
  const ann = new Page('ann');
  ann.look(room);
  ann.look(room, { mode: 'direct' });
  ann.look(room);
  assert.deepEqual(ann.look(room, { after_ms: 5_000 }).sendTo, ['bob']);
});

test('AU-4 who leaves gets no return from then on; who comes gets one; a caller made host gets none any more', () => {
  const ann = new Page('ann');
  ann.look([host('ann'), caller('bob'), caller('cleo')]);
  assert.deepEqual(ann.look([host('ann'), caller('cleo'), caller('dan')]).sendTo, ['cleo', 'dan']);
  ann.look([host('ann'), host('cleo'), caller('dan')]);
  assert.deepEqual(ann.look([host('ann'), host('cleo'), caller('dan')], { after_ms: 500 }).sendTo, ['dan']);
  const cleo = new Page('cleo');
  cleo.looks(5, [host('ann'), caller('cleo')], { flows: true });
  assert.equal(cleo.look([host('ann'), host('cleo')], { flows: true }).hears, 'direct');
});

test('AU-4 out of the room nothing is sent and nothing but direct sound is heard', () => {
  const ann = new Page('ann');
  ann.look([host('ann'), caller('bob')]);
  assert.deepEqual(ann.look([], { mode: 'direct' }), { mixerId: undefined, isClient: false, hears: 'direct', sendTo: [] });
});
