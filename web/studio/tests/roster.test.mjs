// In which order, with which words and letters participants are shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initials, inOrder, shownNames, statusText, whoText } from '../roster.js';

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

test('who has another one’s name is numbered in order of joining, and nobody else is', () => {
  const called = (/** @type {string[]} */ ...names) => [...shownNames(names.map((name, index) => ({ id: String(index), name }))).values()];
  assert.deepEqual(called('Ada', 'Ben', 'Ada', 'Ada'), ['Ada', 'Ben', 'Ada (2)', 'Ada (3)']);
  assert.deepEqual(called('Ada', 'Ada', 'Ada (2)'), ['Ada', 'Ada (3)', 'Ada (2)'], 'a name that somebody gave stays theirs');
  assert.deepEqual(called('Ada (2)', 'Ada (2)'), ['Ada (2)', 'Ada (2) (2)']);
});
