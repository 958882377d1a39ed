// The line that says what the browser, the address or the device lacks.

import { h, Listeners } from '../dom.js';
import { icon } from '../icons.js';
import { findLacks, findMicrophoneLacks } from '../lacks.js';
import { texts } from '../texts.js';

/** @returns {import('../types.js').View & {onBlocked(listener: (blocked: boolean) => void): void}} */
export function createLackNotes() {
  const element = h('div', { class: 'lacks', role: 'status' });
  const listeners = new Listeners();
  /** @type {(blocked: boolean) => void} */
  let tellBlocked = () => {};
  let isClosed = false;

  const show = async () => {
    const atOnce = findLacks(window);
    render(atOnce);
    const asked = atOnce.length > 0 ? [] : await findMicrophoneLacks(navigator);
    if (!isClosed && asked.length > 0) render(asked);
  };
  /** @param {import('../lacks.js').Lack[]} lacks */
  const render = (lacks) => {
    element.replaceChildren(
      ...lacks.map((lack) => h('p', { class: lack.blocks ? 'lack blocks' : 'lack' }, icon('warning'), h('span', {}, texts.lacks[lack.id]))),
    );
    tellBlocked(lacks.some((lack) => lack.blocks));
  };
  listeners.on(window, 'online', show);
  listeners.on(window, 'offline', show);
  if (navigator.mediaDevices) listeners.on(navigator.mediaDevices, 'devicechange', show);
  void show();
  return {
    element,
    onBlocked(listener) {
      tellBlocked = listener;
      listener(findLacks(window).some((lack) => lack.blocks));
    },
    close() {
      isClosed = true;
      listeners.close();
    },
  };
}
