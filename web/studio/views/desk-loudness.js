// Loudness of the program (AU-3): one figure beside the meter, all of them in the desk's panel. Figures change several
// times a second, so they are no live region: who wants one reads it.

import { h, setText } from '../dom.js';
import { texts } from '../texts.js';

/** Where a measure's unit is not LUFS. @type {Partial<Record<Measure, string>>} */
const UNITS = { truePeak: texts.desk.dbtp };

/** @typedef {'momentary'|'shortTerm'|'integrated'|'truePeak'} Measure */

/**
 * A loudness in words.
 * @param {number} value in LUFS or dBTP; -Infinity is silence
 * @param {Measure} measure
 * @returns {string}
 */
export function loudnessText(value, measure) {
  const figure = Number.isFinite(value) ? value.toFixed(1).replace('-', '−') : '–';
  return `${figure} ${UNITS[measure] ?? texts.desk.lufs}`;
}

/**
 * @param {{desk: import('../desk.js').Desk}} options
 * @returns {{element: HTMLElement, show(): void}}
 */
export function createLoudness({ desk }) {
  const figures = /** @type {Record<Measure, HTMLElement>} */ ({});
  const list = h('dl', { class: 'loudness' });
  for (const measure of /** @type {Measure[]} */ (['momentary', 'shortTerm', 'integrated', 'truePeak'])) {
    const { name, hint } = texts.desk.measures[measure];
    figures[measure] = h('dd', {});
    list.append(h('div', {}, h('dt', {}, name, h('span', { class: 'field-note' }, hint)), figures[measure]));
  }
  const show = () => {
    const loudness = desk.loudness();
    for (const [measure, figure] of /** @type {[Measure, HTMLElement][]} */ (Object.entries(figures))) {
      setText(figure, loudnessText(loudness[measure], measure));
    }
  };
  const onReset = () => {
    desk.resetLoudness();
    show();
  };
  const reset = h('button', { type: 'button', class: 'button small', onclick: onReset }, texts.desk.resetLoudness);
  const element = h('section', { class: 'desk-group' }, h('h3', {}, texts.desk.loudness), list, reset);
  return { element, show };
}
