// The video elements of a session: one for each picture that has a place on the page, made when it comes and freed when it
// goes. Tiles and the large picture borrow them.

import { h, setAttribute } from '../dom.js';
import { keyText } from '../pictures.js';
import { texts } from '../texts.js';

/** @typedef {import('../pictures.js').PictureKey & {stream: MediaStream, name: string, isOwn: boolean}} Shown */

/** @returns {{update(shown: Shown[]): void, of(key: import('../pictures.js').PictureKey): HTMLVideoElement|null, close(): void}} */
export function createVideos() {
  /** @type {Map<string, HTMLVideoElement>} */
  const videos = new Map();

  /** @param {HTMLVideoElement} video */
  const free = (video) => {
    video.srcObject = null;
    video.remove();
  };
  return {
    update(shown) {
      const wanted = new Set(shown.map(keyText));
      for (const [text, video] of videos) {
        if (wanted.has(text)) continue;
        free(video);
        videos.delete(text);
      }
      for (const { stream, name, isOwn, ...key } of shown) {
        const video = videos.get(keyText(key)) ?? createVideo(key.source, isOwn);
        videos.set(keyText(key), video);
        if (video.srcObject !== stream) video.srcObject = stream;
        setAttribute(video, 'aria-label', key.source === 'camera' ? texts.strip.picture(name) : texts.strip.screen(name));
      }
    },
    of: (key) => videos.get(keyText(key)) ?? null,
    close() {
      for (const video of videos.values()) free(video);
      videos.clear();
    },
  };
}

/** @param {string} source @param {boolean} isOwn */
function createVideo(source, isOwn) {
  const video = h('video', { class: 'picture', autoplay: true, playsinline: true, 'data-source': source });
  // Sound goes through the audio graph.
  video.muted = true;
  // As in a mirror, which is how one knows oneself.
  video.classList.toggle('mirrored', isOwn && source === 'camera');
  return video;
}
