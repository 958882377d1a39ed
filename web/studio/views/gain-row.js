// Gain and mute of one remote participant (AU-1): slider 0 to 200 %, its figure, double click for 100 %, mute that keeps
// the gain.

import { h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/** What one arrow key on a strip changes, in percent. */
const STEP_PERCENT = 5;

/**
 * @param {{
 *   gainPercent: number,
 *   isMuted: boolean,
 *   onGain(percent: number): void,
 *   onMute(isMuted: boolean): void,
 * }} options
 * @returns {{element: HTMLElement, rename(name: string): void, nudge(steps: number): void, toggleMute(): void}}
 */
export function createGainRow({ gainPercent, isMuted, onGain, onMute }) {
  let name = '';
  let muted = isMuted;
  const figure = h('output', { class: 'figure', 'aria-hidden': 'true', title: texts.strip.gainHint });
  const slider = h('input', { type: 'range', class: 'gain', min: 0, max: 200, step: 1, title: texts.strip.gainHint });
  slider.value = String(gainPercent);
  const mute = h('button', { type: 'button', class: 'icon-button mute' });
  const element = h('div', { class: 'gain-row' }, mute, slider, figure);

  const showGain = () => {
    const percent = slider.valueAsNumber;
    setText(figure, texts.strip.percent(percent));
    setAttribute(slider, 'aria-valuetext', texts.strip.percent(percent));
    // The filled part of the track; a custom property, because a style attribute would break the content policy.
    slider.style.setProperty('--filled', `${percent / 2}%`);
  };
  const showMute = () => {
    mute.replaceChildren(icon(muted ? 'speakerOff' : 'speaker'));
    mute.classList.toggle('is-off', muted);
    setAttribute(mute, 'aria-label', muted ? texts.strip.unmute(name) : texts.strip.mute(name));
    element.classList.toggle('is-muted', muted);
  };
  /** @param {number} percent */
  const setGain = (percent) => {
    slider.value = String(percent);
    onGain(slider.valueAsNumber);
    showGain();
  };
  const toggleMute = () => {
    muted = !muted;
    onMute(muted);
    showMute();
  };
  slider.addEventListener('input', () => setGain(slider.valueAsNumber));
  for (const target of [slider, figure]) target.addEventListener('dblclick', () => setGain(100));
  mute.addEventListener('click', toggleMute);
  showGain();
  return {
    element,
    rename(newName) {
      name = newName;
      setAttribute(slider, 'aria-label', texts.strip.gain(name));
      showMute();
    },
    nudge: (steps) => setGain(slider.valueAsNumber + steps * STEP_PERCENT),
    toggleMute,
  };
}
