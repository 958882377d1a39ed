// The chat panel: the log, told to screen readers as it grows, and the field to write in.

import { h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';
import { clock } from '../time.js';

/** Characters of a message (docs/protocol.md). */
const CHAT_CHARS_MAX = 4000;
/** Lines on the page; the same bound as the log's. */
const SHOWN_MAX = 500;
/** As near to the end as this, in CSS pixels, the log follows what is new. */
const NEAR_END_PX = 80;

/**
 * @param {{log: import('../chat-log.js').ChatLog, onSend(text: string): void, onClose(): void}} options
 * @returns {import('../types.js').View & {focus(): void}}
 */
export function createChat({ log, onSend, onClose }) {
  const lines = h('div', { class: 'chat-log', role: 'log', 'aria-label': texts.chat.log, tabindex: 0 });
  const input = h('textarea', {
    class: 'chat-input',
    rows: 1,
    'aria-label': texts.chat.message,
    placeholder: texts.chat.placeholder,
  });
  const tooLong = h('p', { class: 'chat-too-long', role: 'status' });
  // Not cut by the field: somebody who pastes a long text should see that it does not fit, and lose none of it.
  const excess = () => [...input.value.trim()].length - CHAT_CHARS_MAX;
  const showExcess = () => setText(tooLong, excess() > 0 ? texts.chat.tooLong(excess(), CHAT_CHARS_MAX) : '');
  input.addEventListener('input', showExcess);
  const send = () => {
    const text = input.value.trim();
    if (text === '' || excess() > 0) return;
    input.value = '';
    onSend(text);
    lines.scrollTop = lines.scrollHeight;
  };
  input.addEventListener('keydown', (event) => {
    // Enter of an input method picks a word, it does not send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  const form = h(
    'form',
    {
      class: 'chat-form',
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        send();
        input.focus();
      },
    },
    input,
    h('button', { type: 'submit', class: 'icon-button primary', 'aria-label': texts.chat.send }, icon('send')),
  );
  const element = h(
    'section',
    { class: 'chat' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, texts.session.chat),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': texts.keys.close, onclick: onClose }, icon('close')),
    ),
    lines,
    tooLong,
    form,
  );

  /** @type {import('../chat-log.js').ChatLine|null} */
  let last = null;
  /** @param {import('../chat-log.js').ChatLine} line */
  const show = (line) => {
    const follows = lines.scrollHeight - lines.scrollTop - lines.clientHeight < NEAR_END_PX;
    lines.append(createLine(line, last));
    last = line;
    if (lines.childElementCount > SHOWN_MAX) lines.firstElementChild?.remove();
    if (follows) lines.scrollTop = lines.scrollHeight;
  };
  /** @param {Event} event */
  const onLine = (event) => show(/** @type {CustomEvent} */ (event).detail.line);
  log.lines.forEach(show);
  log.addEventListener('line', onLine);
  return { element, focus: () => input.focus(), close: () => log.removeEventListener('line', onLine) };
}

/**
 * One line; consecutive messages of one person share the name above them.
 * @param {import('../chat-log.js').ChatLine} line
 * @param {import('../chat-log.js').ChatLine|null} before
 */
function createLine(line, before) {
  if (line.kind === 'note') return h('p', { class: 'chat-note' }, line.text);
  const goesOn = before?.kind === 'message' && before.userId === line.userId;
  return h(
    'div',
    { class: `chat-line${line.isOwn ? ' own' : ''}${goesOn ? ' goes-on' : ''}` },
    h(
      'p',
      { class: goesOn ? 'chat-who visually-hidden' : 'chat-who' },
      h('span', { class: 'chat-name' }, line.isOwn ? texts.chat.you : line.name),
      ' ',
      h('time', { datetime: line.at.toISOString() }, clock(line.at)),
    ),
    h('p', { class: 'chat-text' }, line.text),
  );
}
