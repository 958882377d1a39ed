// What the page remembers, and that it works where it may not remember.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SETTINGS } from '../media-settings.js';
import { Memory } from '../memory.js';

/** A Storage of its own. */
function store() {
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => values.set(key, value),
    removeItem: (key) => values.delete(key),
  };
}

test('RR-8: the tab remembers the room it is in until it leaves', () => {
  const tab = store();
  new Memory(store(), tab).live = { roomId: 'morning-show', roomName: 'Morning Show', muted: true, isListener: false };
  const reloaded = new Memory(store(), tab);
  assert.deepEqual(reloaded.live, { roomId: 'morning-show', roomName: 'Morning Show', muted: true, isListener: false });
  reloaded.live = null;
  assert.equal(new Memory(store(), tab).live, null);
});

test('the browser remembers the name and whether chat was open', () => {
  const browser = store();
  const memory = new Memory(browser, store());
  assert.equal(memory.chatOpen, null);
  memory.name = 'Ana';
  memory.chatOpen = false;
  assert.equal(new Memory(browser, store()).name, 'Ana');
  assert.equal(new Memory(browser, store()).chatOpen, false);
});

test('a browser that forbids storage, and a value that somebody broke, are no memory', () => {
  const forbidden = { getItem: () => { throw new Error('SecurityError'); }, setItem: () => { throw new Error('SecurityError'); } };
  const memory = new Memory(forbidden, null);
  memory.name = 'Ana';
  assert.equal(memory.name, '');
  const broken = store();
  broken.setItem('parlor.live', '{"roomId":7}');
  assert.equal(new Memory(null, broken).live, null);
});

test('GP-5 the browser remembers devices and settings, and what is not readable is the default', () => {
  const browser = store();
  new Memory(browser, store()).media = { ...DEFAULT_SETTINGS, cameraId: 'c2', dtx: false };
  assert.deepEqual(new Memory(browser, store()).media, { ...DEFAULT_SETTINGS, cameraId: 'c2', dtx: false });
  browser.setItem('parlor.media', '{nonsense');
  assert.deepEqual(new Memory(browser, store()).media, DEFAULT_SETTINGS);
});
