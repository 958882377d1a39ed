// The picture above a strip, while cameras are on: the participant's own, or letters in its place, so that a camera that goes on
// or off moves nothing.

import { h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { initials } from '../roster.js';
import { texts } from '../texts.js';

/**
 * @param {{onEnlarge(): void}} options
 * @returns {{element: HTMLElement, rename(name: string): void, show(video: HTMLVideoElement|null, isLarge: boolean): void, focus(): void}}
 */
export function createTile({ onEnlarge }) {
  const letters = h('span', { class: 'avatar big', 'aria-hidden': 'true' });
  const note = h('span', { class: 'tile-note' }, texts.strip.shownLarge);
  const enlarge = h('button', { type: 'button', class: 'icon-button over-picture', onclick: onEnlarge }, icon('enlarge'));
  const place = h('div', { class: 'tile-place', onclick: onEnlarge });
  const element = h('div', { class: 'tile' }, letters, note, place, enlarge);

  return {
    element,
    rename(name) {
      setText(letters, initials(name));
      setAttribute(enlarge, 'aria-label', texts.strip.enlarge(name));
      enlarge.title = texts.strip.enlarge(name);
    },
    show(video, isLarge) {
      if (video === null) place.replaceChildren();
      else put(place, video);
      place.hidden = video === null;
      enlarge.hidden = video === null;
      note.hidden = !isLarge;
    },
    focus: () => enlarge.focus(),
  };
}

/**
 * Puts a video in its place. One that stands there stays untouched: moving it would make it flicker.
 * @param {Element} place
 * @param {HTMLVideoElement} video
 */
export function put(place, video) {
  if (place.firstElementChild === video) return;
  place.replaceChildren(video);
  video.play().catch(() => {
    // Put elsewhere before it began: the next place plays it.
  });
}
