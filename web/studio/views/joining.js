// The moment between Start Session and being in: which room, and a way back, should the server take its time.

import { h } from '../dom.js';
import { texts } from '../texts.js';

/** @param {{roomName: string, onCancel(): void}} options @returns {import('../types.js').View} */
export function createJoining({ roomName, onCancel }) {
  const element = h(
    'div',
    { class: 'joining', role: 'status' },
    h('p', {}, texts.joining.text(roomName)),
    h('button', { type: 'button', class: 'button quiet', onclick: onCancel }, texts.joining.cancel),
  );
  return { element, close: () => {} };
}
