// What an address asks for and how a room's id comes about (docs/protocol.md, "The page").

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName, parameters, randomRoomId, roomIdFromFragment, roomLink, slug } from '../address.js';

test('AU-5: the id of a room is the slug of its name', () => {
  assert.equal(slug('Morning Show'), 'morning-show');
  assert.equal(slug('  Café  del—Mar! '), 'cafe-del-mar');
  assert.equal(slug('Élan_2'), 'elan-2');
  assert.equal(slug('a'.repeat(80)).length, 64);
  assert.equal(slug(`${'a'.repeat(63)} b`), 'a'.repeat(63), 'no hyphen is left at a cut');
});

test('AU-5: a name of which no slug is left gives a random id', () => {
  assert.equal(slug('日本'), '');
  assert.equal(slug('!!!'), '');
  const ids = new Set(Array.from({ length: 50 }, randomRoomId));
  assert.equal(ids.size, 50);
  for (const id of ids) assert.match(id, /^[a-z0-9]{10}$/);
});

test('AU-5: the fragment names the room', () => {
  assert.equal(roomIdFromFragment('#morning-show'), 'morning-show');
  assert.equal(roomIdFromFragment('#A.b:c@d_e'), 'A.b:c@d_e', 'ids that other clients made stay as they are');
  assert.equal(roomIdFromFragment('#Morning%20Show'), 'morning-show', 'a name typed by hand finds its room');
  assert.equal(roomIdFromFragment('#%'), null);
  assert.equal(roomIdFromFragment('#'), null);
  assert.equal(roomIdFromFragment(''), null);
});

test('AU-5: the link to copy is the page and the room, without parameters', () => {
  const location = { origin: 'https://parlor.test', pathname: '/' };
  assert.equal(roomLink(location, 'morning-show'), 'https://parlor.test/#morning-show');
});

test('parameters: name, role, autostart and debug; a role that is none counts as not given', () => {
  assert.deepEqual(parameters('?name=Ana&role=host&autostart=1'), { name: 'Ana', role: 'host', autostart: true, debug: false });
  assert.deepEqual(parameters('?role=king&autostart=true'), { name: '', role: undefined, autostart: false, debug: false });
  for (const search of ['?debug', '?debug=1&name=Ana']) assert.equal(parameters(search).debug, true);
  assert.equal(parameters('?debug=0').debug, false);
});

test('names: trimmed, without controls and direction overrides, at most 64 characters', () => {
  assert.equal(cleanName('  Ana \u202eWeber\u0007 '), 'Ana Weber');
  assert.equal([...cleanName('👋'.repeat(70))].length, 64);
  assert.equal(cleanName('\u200f \u0000'), '');
});
