// Brings the pictures of a session to their places: each camera into its strip's tile, the large one into the large place.

import { LargePicture } from '../pictures.js';
import { createLargePicture } from './large-picture.js';
import { createVideos } from './videos.js';

/** @typedef {import('../pictures.js').PictureKey} PictureKey */
/** @typedef {import('./strip.js').Strip} Strip */

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
  };
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
  return { element: place.element, show, toggle, small, close: () => videos.close() };
}
