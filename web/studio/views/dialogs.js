// The two dialogs: the list of keys, and the link to copy by hand where the clipboard is closed to pages.

import { h } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/** Shows what the keys do. */
export function showKeys() {
  const list = h('dl', { class: 'keys' });
  for (const [key, meaning] of texts.keys.list) list.append(h('dt', {}, h('kbd', {}, key)), h('dd', {}, meaning));
  open(texts.keys.heading, list);
}

/** Shows a link, selected, to be copied by hand. @param {string} link */
export function showLink(link) {
  const input = h('input', { type: 'text', readonly: true, 'aria-label': texts.session.linkByHand });
  input.value = link;
  open(texts.session.copyLink, h('p', {}, texts.session.linkByHand), input);
  input.focus();
  input.select();
}

/** @param {string} heading @param {...HTMLElement} content */
function open(heading, ...content) {
  document.querySelector('dialog')?.remove();
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': texts.keys.close }, icon('close'));
  const title = h('h2', { id: 'dialog-title' }, heading);
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title' }, h('div', { class: 'panel-head' }, title, close), ...content);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
