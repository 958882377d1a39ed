// Toasts: short notices that need no answer, told to screen readers, gone by themselves.

import { h } from '../dom.js';
import { texts } from '../texts.js';

/** How long a toast stays, in ms; longer while pointed at. */
const STAY_MS = 6000;
/** At most so many at once; the oldest goes. */
const SHOWN_MAX = 3;

/** @returns {{element: HTMLElement, show(text: string): void}} */
export function createToasts() {
  const element = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite', 'aria-label': texts.toasts.region });
  return {
    element,
    show(text) {
      const toast = h('p', { class: 'toast' }, text);
      let timer = setTimeout(() => toast.remove(), STAY_MS);
      toast.addEventListener('pointerenter', () => clearTimeout(timer));
      toast.addEventListener('pointerleave', () => {
        timer = setTimeout(() => toast.remove(), STAY_MS / 2);
      });
      element.append(toast);
      while (element.childElementCount > SHOWN_MAX) element.firstElementChild?.remove();
    },
  };
}
