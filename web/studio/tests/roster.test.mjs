// In which order, with which words and letters participants are shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initials, inOrder, statusText, whoText } from '../roster.js';

test('strips: oneself first, then hosts, then the others, each in order of joining', () => {
  const participants = [
    { id: 'a', role: 'caller' },
    { id: 'b', role: 'host' },
    { id: 'c', role: 'listener' },
    { id: 'me', role: 'caller' },
    { id: 'd', role: 'host' },
  ];
  assert.deepEqual(inOrder(participants, 'me').map(({ id }) => id), ['me', 'b', 'd', 'a', 'c']);
  assert.equal(participants[0].id, 'a', 'the roster itself is left alone');
});

test('AU-6: the status text says connected, connecting, or else disconnected', () => {
  assert.equal(statusText('connected'), 'Connected');
  assert.equal(statusText('connecting'), 'Connecting…');
  assert.equal(statusText('waiting'), 'Connecting…');
  for (const status of ['disconnected', 'failed', 'failed-permanent']) assert.equal(statusText(status), 'Disconnected');
});

test('initials: first and last word, whatever the script; never empty', () => {
  assert.equal(initials('Ana Maria Weber'), 'AW');
  assert.equal(initials('dmitri'), 'D');
  assert.equal(initials('李 小龙'), '李小');
  assert.equal(initials('<img onerror=1>'), 'IO');
  assert.equal(initials('!?'), '·');
});

test('RR-6: who is in a room: some names, and how many more', () => {
  const people = ['Ana', 'Ben', 'Chiara'].map((name) => ({ name }));
  assert.equal(whoText(people, 4), 'Ana, Ben, Chiara');
  assert.equal(whoText(people, 2), 'Ana, Ben and 1 more');
});
