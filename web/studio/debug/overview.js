// All connections of this page at a glance: the graph, and the same as a table.

import { append, h, setText } from '../dom.js';
import { initials } from '../roster.js';
import { texts } from '../texts.js';
import { kindOf, qualityOf } from './digest.js';
import { drawGraph } from './svg.js';

/** @typedef {import('./digest.js').Story} Story */

/**
 * @typedef {object} Overview
 * @property {HTMLElement} element
 * @property {(ownName: string, others: {id: string, name: string, story: Story|undefined}[]) => void} show
 */

/** @returns {Overview} */
export function createOverview() {
  const words = texts.debug;
  const figure = h('div', { class: 'debug-picture' });
  const rows = h('tbody');
  const head = h('tr', {}, ...words.columns.map((name) => h('th', { scope: 'col' }, name)));
  const table = h('table', {}, h('caption', { class: 'visually-hidden' }, words.tableCaption), h('thead', {}, head), rows);
  const scroller = h('div', { class: 'debug-scroll', tabindex: '0', role: 'group', 'aria-label': words.tableCaption }, table);
  const note = h('p', { class: 'debug-note' });
  const element = h('section', { 'aria-label': words.graph }, figure, note, scroller);
  let shown = '';

  return {
    element,
    show(ownName, others) {
      const nodes = others.map(({ id, name, story }) => {
        const kind = kindOf(story);
        const roundTrip = qualityOf(story)?.roundTripMs ?? null;
        const said = roundTrip === null ? word(kind) : `${word(kind)}, ${words.ms(roundTrip)}`;
        return { id, name, initials: initials(name), kind, label: word(kind), said };
      });
      const cells = others.map(({ name, story }) => rowOf(name, story));
      // Every second nothing or one figure is another: what is the same is left alone.
      const wanted = JSON.stringify([ownName, nodes, cells]);
      if (wanted === shown) return;
      shown = wanted;
      const label = words.graphLabel(nodes.map(({ name, said }) => `${name}: ${said}`));
      figure.replaceChildren(drawGraph({ name: ownName, initials: initials(ownName) }, nodes, label));
      setText(note, others.length > 1 ? words.othersUnknown : others.length === 0 ? words.alone : '');
      rows.replaceChildren();
      for (const [name = '', ...rest] of cells) {
        const row = h('tr', {}, h('th', { scope: 'row' }, name));
        append(row, rest.map((text) => h('td', {}, text)));
        rows.append(row);
      }
    },
  };
}

/** The words for a kind of `kindOf`. @param {string} kind */
export function word(kind) {
  return texts.debug.kinds[kind] ?? kind;
}

/** @param {string} name @param {Story|undefined} story @returns {string[]} in the order of `texts.debug.columns` */
function rowOf(name, story) {
  const state = story?.states.at(-1)?.state;
  const quality = qualityOf(story);
  const figure = (/** @type {number|null|undefined} */ value) => (value === null || value === undefined ? '–' : String(value));
  return [
    name,
    word(state?.status ?? 'disconnected'),
    quality === null ? '–' : word(quality.grade),
    figure(quality?.roundTripMs),
    quality === null ? '–' : (quality.lossPermille / 10).toFixed(1),
    figure(quality?.jitterMs),
    figure(quality?.inKbps),
    figure(quality?.outKbps),
    figure(state?.retryCount),
  ];
}
