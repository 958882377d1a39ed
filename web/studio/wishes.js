// Which pictures of the others a page wants of a hub, and how large: as they are shown on it now.

/**
 * A picture that somebody sends, and its place on the page.
 * @typedef {object} Place
 * @property {string} id whose
 * @property {import('./pictures.js').PictureSource} source
 * @property {number|null} height of its place in device pixels, 0 where it has none; null: it does not come
 * @property {boolean} isInView
 */

/** Layers have these heights or less; nothing between them makes a difference. */
const HEIGHTS = [180, 360, 720];

/**
 * @param {Place[]} places in the order of the page
 * @param {boolean} isPageHidden
 * @returns {{userId: string, source: import('./pictures.js').PictureSource, maxHeight?: number}[]} the most wanted first
 */
export function wishes(places, isPageHidden) {
  if (isPageHidden) return [];
  const rank = (/** @type {Place} */ { isInView }) => (isInView ? 1 : 0);
  const sorted = [...places].sort((a, b) => rank(b) - rank(a) || (b.height ?? 0) - (a.height ?? 0));
  return sorted.map(({ id, source, height, isInView }) => {
    // What can't be seen is kept small, so that it is there at once when it can.
    const shown = isInView ? (height ?? 0) : 0;
    const maxHeight = HEIGHTS.find((one) => one >= shown);
    return { userId: id, source, ...(maxHeight === undefined ? {} : { maxHeight }) };
  });
}
