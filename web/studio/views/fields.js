// Text fields with label, hint and fault in their places, so that a fault moves nothing.

import { cleanName } from '../address.js';
import { h, setAttribute, setText } from '../dom.js';
import { texts } from '../texts.js';

/** Characters of a name (docs/protocol.md). */
const NAME_CHARS_MAX = 64;

/**
 * @param {{id: string, label: string, value?: string, hint?: string, type?: string, autocomplete?: string}} options
 * @returns {{element: HTMLElement, input: HTMLInputElement, setFault(fault: string|null): void}}
 */
export function createTextField({ id, label, value = '', hint = '', type = 'text', autocomplete = 'off' }) {
  const note = h('p', { class: 'field-note', id: `${id}-note` }, hint);
  const input = h('input', {
    id,
    type,
    autocomplete,
    maxlength: NAME_CHARS_MAX,
    spellcheck: 'false',
    'aria-describedby': note.id,
    // A suggestion or a remembered value is replaced by typing, and kept by not typing.
    onfocus: () => input.select(),
  });
  input.value = value;
  input.addEventListener('input', () => setFault(null));
  /** @param {string|null} fault */
  const setFault = (fault) => {
    setText(note, fault ?? hint);
    note.classList.toggle('fault', fault !== null);
    setAttribute(input, 'aria-invalid', fault === null ? null : 'true');
  };
  const element = h('div', { class: 'field' }, h('label', { for: id }, label), input, note);
  return { element, input, setFault };
}

/**
 * The field for one's own name.
 * @param {string} name remembered, or empty
 * @returns {{element: HTMLElement, input: HTMLInputElement, require(): string|null}} `require`: the name, or null after
 *   asking for it
 */
export function createNameField(name) {
  const field = createTextField({ id: 'your-name', label: texts.front.yourName, value: name, autocomplete: 'nickname' });
  return {
    element: field.element,
    input: field.input,
    require() {
      const given = cleanName(field.input.value);
      if (given !== '') return given;
      field.setFault(texts.front.nameMissing);
      field.input.focus();
      return null;
    },
  };
}
