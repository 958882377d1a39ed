// What a caller or listener must know while the host mixes: whose mix is heard, and that the own gains do nothing.

import { h, Listeners, setText } from '../dom.js';
import { texts } from '../texts.js';

/**
 * @param {{session: import('../live-session.js').LiveSession}} options
 * @returns {import('../types.js').View}
 */
export function createDeskNote({ session }) {
  const listeners = new Listeners();
  const { hostMix } = session.desk;
  const text = h('span', {});
  const element = h('p', { class: 'desk-note', role: 'status' }, text);
  const show = () => {
    const name = hostMix.mixerId === undefined ? undefined : (session.nameOf(hostMix.mixerId) ?? hostMix.mixerId);
    if (!hostMix.isClient || name === undefined) setText(text, '');
    else setText(text, hostMix.hears === 'return' ? texts.desk.hostMixes(name) : texts.desk.mixMissing(name));
    element.classList.toggle('is-on', text.textContent !== '');
  };
  listeners.on(session, 'change', show);
  listeners.on(session.desk, 'change', show);
  show();
  return { element, close: () => listeners.close() };
}
