// Which picture is large, and which pictures of the others are shown at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrivedPictures, LargePicture } from '../pictures.js';

/** @typedef {import('../pictures.js').PictureKey} PictureKey */

/** @param {string} id @returns {PictureKey} */
const camera = (id) => ({ id, source: 'camera' });
/** @param {string} id @returns {PictureKey} */
const screen = (id) => ({ id, source: 'screen' });

test('cameras are not large by themselves; the newest screen is, and its end goes back to the one before', () => {
  const large = new LargePicture();
  large.update([camera('ada'), camera('ben')]);
  assert.equal(large.current, null);
  large.update([camera('ada'), screen('ben')]);
  assert.deepEqual(large.current, screen('ben'));
  large.update([screen('cleo'), camera('ada'), screen('ben')]);
  assert.deepEqual(large.current, screen('cleo'));
  large.update([camera('ada'), screen('ben')]);
  assert.deepEqual(large.current, screen('ben'));
  large.update([camera('ada')]);
  assert.equal(large.current, null);
});

test('what a person chose stays large until it ends, is made small, or a new screen begins', () => {
  const large = new LargePicture();
  large.update([camera('ada'), screen('ben')]);
  large.toggle(camera('ada'));
  assert.deepEqual(large.current, camera('ada'));
  large.update([camera('ada'), screen('ben')]);
  assert.deepEqual(large.current, camera('ada'));
  large.toggle(camera('ada'));
  assert.deepEqual(large.current, screen('ben'), 'made small: the screen takes the place again');
  large.toggle(camera('ada'));
  large.update([screen('ben')]);
  assert.deepEqual(large.current, screen('ben'), 'the camera went off');
  large.update([camera('ada'), screen('ben')]);
  large.toggle(camera('ada'));
  large.update([camera('ada'), screen('ben'), screen('cleo')]);
  assert.deepEqual(large.current, screen('cleo'));
});

test('a screen that was made small stays so, until it is chosen or shared anew', () => {
  const large = new LargePicture();
  large.update([screen('ben')]);
  large.toggle(screen('ben'));
  assert.equal(large.current, null);
  large.update([screen('ben'), camera('ada')]);
  assert.equal(large.current, null);
  large.toggle(screen('ben'));
  assert.deepEqual(large.current, screen('ben'));
  large.toggle(screen('ben'));
  large.update([]);
  large.update([screen('ben')]);
  assert.deepEqual(large.current, screen('ben'));
});

test('GP-6 a picture is shown while its track is on, and nothing of who left', () => {
  const arrived = new ArrivedPictures();
  const stream = /** @type {MediaStream} */ (/** @type {unknown} */ ({ id: 'stream' }));
  /** @param {boolean} enabled */
  const ben = (enabled) => /** @type {import('../types.js').Participant} */ (/** @type {unknown} */ ({ id: 'ben', tracks: [{ source: 'camera', kind: 'video', enabled }] }));
  assert.equal(arrived.shown(ben(true), 'camera'), null, 'nothing came yet');
  arrived.put('ben', 'camera', stream);
  assert.equal(arrived.shown(ben(true), 'camera'), stream);
  assert.equal(arrived.shown(ben(true), 'screen'), null);
  assert.equal(arrived.shown(ben(false), 'camera'), null);
  assert.equal(arrived.shown(undefined, 'camera'), null);
  arrived.drop('ben');
  assert.equal(arrived.shown(ben(true), 'camera'), null);
});
