// The switches about one's own sound: how the browser treats the microphone, music mode, push to talk, and how Opus codes.

import { h } from '../dom.js';
import { texts } from '../texts.js';

/** @typedef {'echoCancellation'|'noiseSuppression'|'autoGainControl'|'music'|'pushToTalk'|'fec'|'dtx'} Switch */

/** What music mode turns off. @type {readonly Switch[]} */
const OFF_FOR_MUSIC = ['echoCancellation', 'noiseSuppression', 'autoGainControl'];

/**
 * @param {{devices: import('../devices.js').Devices, id: string}} options `id`: what the ids of its elements begin with
 * @returns {{element: HTMLElement, show(): void}}
 */
export function createMediaSwitches({ devices, id }) {
  /** @type {Map<Switch, HTMLInputElement>} */
  const boxes = new Map();
  /** @param {Switch} name @param {string} [hint] */
  const box = (name, hint) => {
    const input = h('input', {
      type: 'checkbox',
      role: 'switch',
      id: `${id}-${name}`,
      'aria-describedby': hint === undefined ? null : `${id}-${name}-hint`,
      onchange: () => devices.set({ [name]: input.checked }),
    });
    boxes.set(name, input);
    return h(
      'div',
      { class: 'switch' },
      h('label', { for: input.id }, input, texts.devices[name]),
      hint !== undefined && h('p', { class: 'field-note', id: `${id}-${name}-hint` }, hint),
    );
  };
  const element = h(
    'div',
    { class: 'switches' },
    h(
      'fieldset',
      {},
      h('legend', {}, texts.devices.processing),
      ...OFF_FOR_MUSIC.map((name) => box(name)),
      box('music', texts.devices.musicHint),
      box('pushToTalk', texts.devices.pushToTalkHint),
    ),
    h('details', {}, h('summary', {}, texts.devices.advanced), box('fec', texts.devices.fecHint), box('dtx', texts.devices.dtxHint)),
  );
  return {
    element,
    show() {
      const { settings } = devices;
      for (const [name, input] of boxes) {
        const isOverruled = settings.music && OFF_FOR_MUSIC.includes(name);
        input.checked = settings[name] && !isOverruled;
        input.disabled = isOverruled;
      }
    },
  };
}
