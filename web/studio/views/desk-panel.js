// The desk: a button that lies over the program meter and shows its loudness, and the panel that it opens, with loudness,
// who mixes, and levelling.

import { h, Listeners, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';
import { createLoudness, loudnessText } from './desk-loudness.js';
import { createMixChoice } from './desk-mix.js';

/** How often figures follow, in ms. */
const FIGURES_MS = 250;

/**
 * @param {{session: import('../live-session.js').LiveSession, meter: HTMLElement}} options `meter`: of the program
 * @returns {import('../types.js').View}
 */
export function createDeskPanel({ session, meter }) {
  const listeners = new Listeners();
  const outside = new Listeners();
  const { desk } = session;
  const figure = h('span', { class: 'program-loudness' });
  const button = h(
    'button',
    { type: 'button', class: 'program-open', 'aria-expanded': 'false', 'aria-haspopup': 'dialog', title: texts.desk.open },
    // As text rather than as a label: the figure changes all the time, and is no part of the name (WCAG 2.5.3).
    h('span', { class: 'visually-hidden' }, texts.desk.open),
    h('span', { class: 'program-label', 'aria-hidden': 'true' }, texts.session.programShort, figure, icon('open')),
  );
  const loudness = createLoudness({ desk });
  const mix = createMixChoice({ session });
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': texts.keys.close }, icon('close'));
  const panel = h(
    'div',
    { class: 'desk-panel', role: 'dialog', 'aria-labelledby': 'desk-heading', hidden: true },
    h('div', { class: 'panel-head' }, h('h2', { id: 'desk-heading', tabindex: -1 }, texts.desk.heading), close),
    loudness.element,
    mix.element,
  );
  const element = h('div', { class: 'program' }, button, meter, panel);

  const showFigures = () => {
    setText(figure, loudnessText(desk.loudness().shortTerm, 'shortTerm'));
    if (!panel.hidden) loudness.show();
  };
  const show = () => {
    panel.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    mix.show();
    showFigures();
    panel.querySelector('h2')?.focus();
    outside.on(document, 'pointerdown', (event) => {
      if (!element.contains(event.target)) hide(false);
    });
  };
  /** @param {boolean} takesFocus */
  const hide = (takesFocus) => {
    outside.close();
    panel.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    if (takesFocus) button.focus();
  };
  listeners.on(button, 'click', () => (panel.hidden ? show() : hide(true)));
  listeners.on(close, 'click', () => hide(true));
  listeners.on(panel, 'keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    hide(true);
  });
  listeners.on(session, 'change', mix.show);
  listeners.on(desk, 'change', mix.show);
  listeners.every(showFigures, FIGURES_MS);
  showFigures();
  return {
    element,
    close() {
      outside.close();
      listeners.close();
    },
  };
}
