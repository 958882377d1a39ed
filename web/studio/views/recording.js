// Recording, as everybody sees it: the red mark that says who records, and for those who may the button that does it.

import { h, Listeners, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/**
 * @param {{session: import('../live-session.js').LiveSession}} options
 * @returns {{mark: HTMLElement, button: HTMLElement, close(): void}}
 */
export function createRecording({ session }) {
  const listeners = new Listeners();
  const { desk } = session;
  const who = h('span', {});
  const mark = h('p', { class: 'recording', role: 'status' }, who);
  const word = h('span', { class: 'record-word', 'aria-hidden': 'true' });
  const button = h('button', { type: 'button', class: 'button record', onclick: () => desk.toggleRecording() }, icon('record'), word);

  const show = () => {
    const names = desk.recordingIds.map((id) => (id === session.ownId ? texts.strip.you : (session.nameOf(id) ?? id)));
    setText(who, names.length === 0 ? '' : texts.desk.recording(names));
    mark.classList.toggle('is-on', names.length > 0);
    mark.title = who.textContent ?? '';
    button.hidden = session.you?.role === 'listener';
    button.disabled = !desk.canRecord;
    button.title = desk.canRecord ? texts.desk.recordHint : texts.desk.recordUnsupported;
    button.classList.toggle('is-on', desk.isRecording);
    setAttribute(button, 'aria-label', desk.isRecording ? texts.desk.recordStop : texts.desk.recordStart);
    setText(word, desk.isRecording ? texts.desk.stopShort : texts.desk.recordShort);
  };
  listeners.on(session, 'change', show);
  listeners.on(desk, 'change', show);
  show();
  return { mark, button, close: () => listeners.close() };
}
