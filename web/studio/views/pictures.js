// Brings the pictures of a session to their places: each camera into its strip's tile, the large one into the large place.

import { LargePicture } from '../pictures.js';
import { wishes } from '../wishes.js';
import { createLargePicture } from './large-picture.js';
import { createVideos } from './videos.js';

/** @typedef {import('../pictures.js').PictureKey} PictureKey */
/** @typedef {import('./strip.js').Strip} Strip */

/** How long the page may still be moving before its places are measured. */
const LOOK_MS = 250;

/** What may be shown of each participant. */
const SOURCES = /** @type {const} */ (['camera', 'screen']);

/**
 * @param {{
 *   session: import('../live-session.js').LiveSession,
 *   strips: Map<string, Strip>,
 *   onLayout(layout: {hasPictures: boolean, hasLarge: boolean}): void,
 * }} options `onLayout`: told with each `show`
 * @returns {import('../types.js').View & {show(): void, toggle(key: PictureKey): void, small(): boolean}} `element`: the place
 *   of the large picture; `toggle`: makes one large, or small again; `small`: makes the large one small, if there is one
 */
export function createPictures({ session, strips, onLayout }) {
  const large = new LargePicture();
  const videos = createVideos();
  const place = createLargePicture({ onSmall: () => void small() });

  const available = () => session.participants.flatMap(({ id }) => SOURCES.flatMap((source) => {
    const stream = session.picture(id, source);
    return stream === null ? [] : [{ id, source, stream, name: session.nameOf(id) ?? id, isOwn: id === session.ownId }];
  }));
  const show = () => {
    const all = available();
    large.update(all);
    const { current } = large;
    /** @param {PictureKey} key */
    const isLarge = ({ id, source }) => current?.id === id && current.source === source;
    videos.update(all.filter((one) => one.source === 'camera' || isLarge(one)));
    place.show(current === null ? null : videos.of(current));
    for (const [id, strip] of strips) {
      const hasLargeCamera = isLarge({ id, source: 'camera' });
      const hasScreen = all.some((one) => one.id === id && one.source === 'screen');
      strip.showPictures({
        video: hasLargeCamera ? null : videos.of({ id, source: 'camera' }),
        isLarge: hasLargeCamera,
        hasSmallScreen: hasScreen && !isLarge({ id, source: 'screen' }),
      });
    }
    onLayout({ hasPictures: all.some(({ source }) => source === 'camera'), hasLarge: current !== null });
    lookSoon();
  };

  /** What the others send, with its place. */
  const places = () => session.participants.filter(({ id }) => id !== session.ownId).flatMap(({ id, tracks }) => {
    return SOURCES.filter((source) => tracks.some((track) => track.source === source && track.enabled)).map((source) => {
      const video = videos.of({ id, source });
      // What does not come has its place all the same: its strip.
      const place = video ?? (source === 'camera' ? strips.get(id)?.element : undefined);
      const { top = 0, bottom = 0, height = 0 } = place?.getBoundingClientRect() ?? {};
      const isInView = height > 0 && bottom > 0 && top < innerHeight;
      const hasCome = session.picture(id, source) !== null;
      return { id, source, height: hasCome ? Math.round(height * devicePixelRatio) : null, isInView: isInView || (source === 'screen' && !hasCome) };
    });
  });
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const lookSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      session.wantPictures(wishes(places(), document.hidden));
    }, LOOK_MS);
  };
  const offs = new AbortController();
  for (const [target, type] of /** @type {[EventTarget, string][]} */ ([[window, 'resize'], [document, 'scroll'], [document, 'visibilitychange']])) {
    target.addEventListener(type, lookSoon, { signal: offs.signal, capture: true, passive: true });
  }
  /** @param {PictureKey} key */
  const toggle = (key) => {
    const wasLarge = large.current;
    if (session.picture(key.id, key.source) === null) return;
    large.toggle(key);
    show();
    // What was pressed is gone from where it was; the focus goes to what undoes it.
    if (large.current !== null) place.focus();
    else if (wasLarge !== null) strips.get(wasLarge.id)?.focusPicture();
  };
  const small = () => {
    if (large.current === null) return false;
    toggle(large.current);
    return true;
  };
  const close = () => {
    offs.abort();
    clearTimeout(timer);
    videos.close();
  };
  return { element: place.element, show, toggle, small, close };
}
