// The menu that hosts have on each strip: give a role, mute at the source, remove. Removing asks once more, in its place.

import { h, Listeners } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/** @typedef {import('../types.js').Role} Role */

/** In the order of the menu. @type {readonly Role[]} */
const ROLES = ['host', 'caller', 'listener'];

/**
 * @param {{
 *   onRole(role: Role): void,
 *   onMuteAtSource(): void,
 *   onRemove(): void,
 * }} options
 * @returns {{element: HTMLElement, update(state: {name: string, role: Role}): void, close(): void}}
 */
export function createHostMenu({ onRole, onMuteAtSource, onRemove }) {
  const outside = new Listeners();
  /** @type {Role} */
  let role = 'caller';
  let shownName = '';
  const button = h('button', { type: 'button', class: 'icon-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false' }, icon('more'));
  const menu = h('div', { class: 'menu', role: 'menu', hidden: true });
  const element = h('div', { class: 'menu-place' }, button, menu);

  /** @param {string} label @param {() => void} onPress @param {string} [kind] */
  const item = (label, onPress, kind = '') =>
    h('button', { type: 'button', class: `menu-item ${kind}`, role: 'menuitem', tabindex: -1, onclick: onPress }, label);
  /** @param {() => void} act */
  const andClose = (act) => () => {
    act();
    hide(true);
  };
  const items = () => [
    ...ROLES.filter((other) => other !== role).map((other) => item(texts.menu.make[other], andClose(() => onRole(other)))),
    ...(role === 'listener' ? [] : [item(texts.menu.muteAtSource, andClose(onMuteAtSource))]),
    item(texts.menu.remove, askTwice, 'danger'),
  ];
  const askTwice = () => {
    const sure = item(texts.menu.removeSure(shownName), andClose(onRemove), 'danger sure');
    menu.lastElementChild?.replaceWith(sure);
    sure.focus();
  };
  const show = () => {
    menu.replaceChildren(...items());
    menu.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    focusItem(0);
    outside.on(document, 'pointerdown', (event) => {
      if (!element.contains(event.target)) hide(false);
    });
    outside.on(element, 'focusout', (event) => {
      if (event.relatedTarget !== null && !element.contains(event.relatedTarget)) hide(false);
    });
  };
  /** @param {boolean} keepsFocus */
  const hide = (keepsFocus) => {
    outside.close();
    menu.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    if (keepsFocus) button.focus();
  };
  /** @param {number} index any; counts around */
  const focusItem = (index) => {
    const all = /** @type {HTMLElement[]} */ ([...menu.children]);
    all.at(index % all.length)?.focus();
  };
  button.addEventListener('click', () => (menu.hidden ? show() : hide(true)));
  menu.addEventListener('keydown', (event) => {
    const at = [...menu.children].indexOf(/** @type {Element} */ (document.activeElement));
    const moves = /** @type {Record<string, () => void>} */ ({
      ArrowDown: () => focusItem(at + 1),
      ArrowUp: () => focusItem(at - 1),
      Home: () => focusItem(0),
      End: () => focusItem(-1),
      Escape: () => hide(true),
    });
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  });
  return {
    element,
    update(state) {
      shownName = state.name;
      role = state.role;
      button.setAttribute('aria-label', texts.menu.open(shownName));
    },
    close: () => outside.close(),
  };
}
