// The chat of one session as data (RR-10).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatLog } from '../chat-log.js';

const message = (chatId, more = {}) => ({ chatId, text: 'hi', at: new Date(0), userId: 'u1', name: 'Ana', isOwn: false, ...more });

test('RR-10: a message that comes on two paths stands there once; another person may use the same id', () => {
  const log = new ChatLog();
  assert.equal(log.message(message('c1')), true);
  assert.equal(log.message(message('c1')), false);
  assert.equal(log.message(message('c1', { userId: 'u2' })), true);
  assert.equal(log.lines.length, 2);
});

test('RR-10: messages of others count as unread while the chat is folded; notes and own ones do not', () => {
  const log = new ChatLog();
  const counts = [];
  log.addEventListener('unread', () => counts.push(log.unread));
  log.note('Ana came in');
  log.message(message('c1', { isOwn: true }));
  assert.equal(log.unread, 0);
  log.message(message('c2'));
  log.message(message('c3'));
  log.isOpen = true;
  log.message(message('c4'));
  assert.deepEqual(counts, [1, 2, 0]);
});

test('the log is bounded: the oldest lines go', () => {
  const log = new ChatLog();
  for (let n = 0; n < 600; n += 1) log.message(message(`c${n}`));
  assert.equal(log.lines.length, 500);
  assert.equal(log.lines[0].chatId, 'c100');
});
