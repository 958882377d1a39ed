// What is shown instead of a room that could not be joined or that one was put out of: what happened, and what to do.

import { h } from '../dom.js';
import { icon } from '../icons.js';

/**
 * @typedef {{heading: string, text: string, actions: {label: string, onPress(): void}[]}} Trouble the first action is
 *   the likely one
 */

/** @param {Trouble} trouble @returns {import('../types.js').View} */
export function createTrouble({ heading, text, actions }) {
  const element = h(
    'div',
    { class: 'trouble' },
    h('span', { class: 'trouble-mark', 'aria-hidden': 'true' }, icon('warning')),
    h('h1', {}, heading),
    h('p', { role: 'alert' }, text),
    h(
      'div',
      { class: 'actions' },
      ...actions.map((action, index) =>
        h('button', { type: 'button', class: index === 0 ? 'button primary' : 'button', onclick: () => action.onPress() }, action.label),
      ),
    ),
  );
  return { element, close: () => {} };
}
