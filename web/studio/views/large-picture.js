// The large picture: a shared screen, or the camera that somebody chose. Whose, and which, is decided in pictures.js.

import { h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';
import { put } from './tile.js';

/**
 * @param {{onSmall(): void}} options
 * @returns {{element: HTMLElement, show(video: HTMLVideoElement|null): void, focus(): void}}
 */
export function createLargePicture({ onSmall }) {
  const place = h('div', { class: 'large-place' });
  const title = h('p', { class: 'large-title' });
  const small = h('button', { type: 'button', class: 'button small', onclick: onSmall }, icon('shrink'), texts.strip.makeSmall);
  const full = h('button', { type: 'button', class: 'button small', onclick: () => void goFull() }, icon('enlarge'), texts.strip.fullScreen);
  full.hidden = !document.fullscreenEnabled;
  const element = h('section', { class: 'large-picture', 'aria-label': texts.session.large, hidden: true }, place, h('div', { class: 'large-foot' }, title, full, small));

  const goFull = () => place.requestFullscreen().catch((error) => console.warn('parlor: no full screen', error));
  return {
    element,
    show(video) {
      element.hidden = video === null;
      if (video === null) {
        place.replaceChildren();
        return;
      }
      put(place, video);
      setText(title, video.getAttribute('aria-label') ?? '');
    },
    focus: () => small.focus(),
  };
}
