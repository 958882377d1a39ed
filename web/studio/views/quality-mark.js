// How well somebody is connected (CM-17): bars and a word, the figures behind them in a tip that shows on hover and while the
// strip has the focus, and all of it for screen readers. It never speaks by itself, and keeps its place when nothing is known.

import { h, setAttribute, setText } from '../dom.js';
import { texts } from '../texts.js';

/** @typedef {import('../../sdk/core-types.d.ts').Quality} Quality */

/** Bars that are filled, of three. */
const BARS = { good: 3, fair: 2, poor: 1, lost: 0 };

/** @returns {{element: HTMLElement, update(name: string, quality: Quality|null): void}} */
export function createQualityMark() {
  const bars = h('span', { class: 'quality-bars', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
  const word = h('span', { class: 'quality-word', 'aria-hidden': 'true' });
  const tip = h('dl', { class: 'quality-tip', 'aria-hidden': 'true' });
  const mark = h('span', { class: 'quality-mark', role: 'img' }, bars, word);
  const element = h('div', { class: 'quality' }, mark, tip);
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();

  return {
    element,
    update(name, quality) {
      element.classList.toggle('is-unknown', quality === null);
      if (quality === null) {
        setAttribute(mark, 'aria-hidden', 'true');
        return;
      }
      setAttribute(mark, 'aria-hidden', null);
      setAttribute(element, 'data-grade', quality.grade);
      const grade = texts.quality.grades[quality.grade];
      const figures = figuresOf(quality);
      setText(word, grade);
      [...bars.children].forEach((bar, index) => bar.classList.toggle('is-on', index < BARS[quality.grade]));
      setAttribute(mark, 'aria-label', [texts.quality.of(name, grade), ...figures.map(([term, figure]) => `${term} ${figure}`)].join(', '));
      for (const [term, figure] of figures) {
        const row = rows.get(term) ?? h('dd');
        if (!rows.has(term)) tip.append(h('div', {}, h('dt', {}, term), row));
        rows.set(term, row);
        setText(row, figure);
      }
    },
  };
}

/**
 * The figures in words.
 * @param {Quality} quality
 * @returns {[string, string][]}
 */
export function figuresOf(quality) {
  const words = texts.quality;
  return [
    [words.roundTrip, quality.roundTripMs === null ? words.unknown : words.ms(quality.roundTripMs)],
    [words.loss, words.percent(quality.lossPermille)],
    [words.jitter, quality.jitterMs === null ? words.unknown : words.ms(quality.jitterMs)],
    [words.in, words.kbps(quality.inKbps)],
    [words.out, words.kbps(quality.outKbps)],
    [words.available, quality.availableOutKbps === null ? words.unknown : words.kbps(quality.availableOutKbps)],
  ];
}
