// Who mixes: a choice for hosts, and for the others the answer; and whether voices are levelled on this page.

import { h, setText } from '../dom.js';
import { texts } from '../texts.js';

/** @typedef {import('../../sdk/messages.d.ts').Mix} Mix */

/**
 * @param {{session: import('../live-session.js').LiveSession}} options
 * @returns {{element: HTMLElement, show(): void}}
 */
export function createMixChoice({ session }) {
  const { desk } = session;
  /** @type {Map<Mix, HTMLInputElement>} */
  const choices = new Map();
  /** @param {Mix} mix */
  const choice = (mix) => {
    const { name, hint } = texts.desk.mixes[mix];
    const input = h('input', {
      type: 'radio',
      name: 'mix',
      id: `mix-${mix}`,
      'aria-describedby': `mix-${mix}-hint`,
      onchange: () => desk.setMix(mix),
    });
    choices.set(mix, input);
    return h('div', { class: 'choice' }, h('label', { for: input.id }, input, name), h('p', { class: 'field-note', id: `mix-${mix}-hint` }, hint));
  };
  const mix = h('fieldset', { class: 'desk-group' }, h('legend', {}, texts.desk.mix), choice('direct'), choice('host'));
  const mixer = h('p', { class: 'desk-mixer' });
  const levelling = h('input', {
    type: 'checkbox',
    role: 'switch',
    id: 'desk-levelling',
    'aria-describedby': 'desk-levelling-hint',
    onchange: () => {
      desk.levelling = levelling.checked;
    },
  });
  const level = h(
    'div',
    { class: 'switch' },
    h('label', { for: 'desk-levelling' }, levelling, texts.desk.levelling),
    h('p', { class: 'field-note', id: 'desk-levelling-hint' }, texts.desk.levellingHint),
  );
  return {
    element: h('div', { class: 'desk-groups' }, mix, mixer, level),
    show() {
      const isHost = session.you?.role === 'host';
      mix.hidden = !isHost;
      for (const [value, input] of choices) input.checked = value === desk.hostMix.mode;
      setText(mixer, mixerText(session));
      levelling.checked = desk.levelling;
    },
  };
}

/**
 * Who mixes, as a sentence.
 * @param {import('../live-session.js').LiveSession} session
 * @returns {string}
 */
function mixerText(session) {
  const { mode, mixerId, isMixer } = session.desk.hostMix;
  if (mode === 'direct') return session.you?.role === 'host' ? '' : texts.desk.nobodyMixes;
  if (isMixer) return texts.desk.youMix;
  return mixerId === undefined ? texts.desk.noMixer : texts.desk.otherMixes(session.nameOf(mixerId) ?? mixerId);
}
