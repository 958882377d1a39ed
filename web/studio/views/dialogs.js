// Dialogs: how one is opened and closed, the list of keys, and the link to copy by hand where the clipboard is closed to pages.

import { h } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/** Shows what the keys do. @param {{onDebug(): void}} options */
export function showKeys({ onDebug }) {
  const list = h('dl', { class: 'keys' });
  for (const [key, meaning] of texts.keys.list) list.append(h('dt', {}, h('kbd', {}, key)), h('dd', {}, meaning));
  const onPress = () => {
    closeDialog();
    onDebug();
  };
  const debug = h('button', { type: 'button', class: 'button small keys-debug', onclick: onPress }, texts.debug.open);
  openDialog(texts.keys.heading, [list, debug]);
}

/** Shows a link, selected, to be copied by hand. @param {string} link */
export function showLink(link) {
  const input = h('input', { type: 'text', readonly: true, 'aria-label': texts.session.linkByHand });
  input.value = link;
  openDialog(texts.session.copyLink, [h('p', {}, texts.session.linkByHand), input]);
  input.focus();
  input.select();
}

/**
 * Opens a dialog in the place of one that is open. Escape, its button and a press beside it close it.
 * @param {string} heading
 * @param {HTMLElement[]} content
 * @param {{isWide?: boolean, onClose?: () => void}} [options]
 */
export function openDialog(heading, content, { isWide = false, onClose } = {}) {
  document.querySelector('dialog')?.close();
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': texts.keys.close }, icon('close'));
  const title = h('h2', { id: 'dialog-title' }, heading);
  const head = h('div', { class: 'panel-head' }, title, close);
  const dialog = h('dialog', { class: isWide ? 'dialog wide' : 'dialog', 'aria-labelledby': 'dialog-title' }, head, ...content);
  // The close event comes a moment later, when another dialog may be open already.
  const end = () => {
    if (!dialog.isConnected) return;
    dialog.remove();
    onClose?.();
  };
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', end);
  document.body.append(dialog);
  dialog.showModal();
}

/** Closes whatever dialog is open: what it belongs to has ended. */
export function closeDialog() {
  document.querySelector('dialog')?.close();
}
