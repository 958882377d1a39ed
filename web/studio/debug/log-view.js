// The event log of the debug view: what the core was told, ordered and said, newest at the end; by participant, by words,
// with or without what comes every second; to be saved as text.

import { append, h } from '../dom.js';
import { texts } from '../texts.js';
import { saveFile } from '../save-file.js';
import { fileName } from './report.js';
import { timeText } from './time-text.js';

/** @typedef {import('./digest.js').Entry} Entry */

/** Lines shown at most; the saved file has all that are kept. */
const LINES_MAX = 300;

/**
 * @typedef {object} LogView
 * @property {HTMLElement} element
 * @property {(digest: import('./digest.js').Digest, nameOf: (id: string) => string) => void} show
 */

/** @returns {LogView} */
export function createLogView() {
  const words = texts.debug;
  /** @type {import('./digest.js').Digest|null} */
  let digest = null;
  let nameOf = (/** @type {string} */ id) => id;
  let shownUpTo = 0;
  let options = '';

  const peer = h('select', { 'aria-label': words.logPeer });
  const search = h('input', { type: 'text', 'aria-label': words.logSearch, placeholder: words.logSearch });
  const figures = h('input', { type: 'checkbox' });
  const save = h('button', { type: 'button', class: 'button small', onclick: () => onSave() }, words.saveLog);
  const list = h('ol', { class: 'debug-log', tabindex: '0', 'aria-label': words.logHeading });
  const element = h(
    'section',
    { 'aria-labelledby': 'debug-log-title' },
    h('h3', { id: 'debug-log-title' }, words.logHeading),
    h('div', { class: 'debug-filter' }, peer, search, h('label', { class: 'debug-check' }, figures, words.logFigures), save),
    list,
  );
  const isWanted = (/** @type {Entry} */ { peer: id, text, isFigure }) =>
    (figures.checked || !isFigure) &&
    (peer.value === '' || peer.value === id) &&
    `${nameOf(id)} ${text}`.toLowerCase().includes(search.value.trim().toLowerCase());
  const line = (/** @type {Entry} */ { at, peer: id, text }) =>
    h('li', {}, h('span', { class: 'debug-at' }, timeText(at)), ' ', id === '' ? null : h('b', {}, `${nameOf(id)} `), text);

  /** @param {boolean} anew */
  const render = (anew) => {
    if (digest === null) return;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    if (anew) {
      list.replaceChildren();
      shownUpTo = 0;
    }
    const first = digest.logged - digest.log.length;
    const wanted = digest.log.slice(Math.max(shownUpTo - first, 0)).filter(isWanted);
    shownUpTo = digest.logged;
    append(list, wanted.slice(-LINES_MAX).map(line));
    while (list.childElementCount > LINES_MAX) list.firstElementChild?.remove();
    if (anew || isAtEnd) list.scrollTop = list.scrollHeight;
  };
  /** Names are on the page only: the file has ids, as the report does. */
  const onSave = () => {
    const lines = digest?.log.filter(isWanted).map(({ at, peer: id, text }) => [new Date(at).toISOString(), id || '-', text].join(' '));
    saveFile(new Blob([`${(lines ?? []).join('\n')}\n`], { type: 'text/plain' }), fileName('log', 'txt'));
  };
  peer.addEventListener('change', () => render(true));
  search.addEventListener('input', () => render(true));
  figures.addEventListener('change', () => render(true));

  return {
    element,
    show(wanted, names) {
      const isOther = digest !== wanted;
      digest = wanted;
      nameOf = names;
      const all = [...digest.stories.keys()].map((id) => ({ id, name: nameOf(id) }));
      if (JSON.stringify(all) !== options) {
        options = JSON.stringify(all);
        const { value } = peer;
        peer.replaceChildren(h('option', { value: '' }, words.logEveryone));
        append(peer, all.map(({ id, name }) => h('option', { value: id }, name)));
        peer.value = all.some(({ id }) => id === value) ? value : '';
      }
      render(isOther);
    },
  };
}
