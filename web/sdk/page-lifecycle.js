/** When the page goes, comes back from the back/forward cache, or its network does. Without a window: never. */

/**
 * @param {{ hidden: () => void, shownAgain: () => void, online: () => void }} listener `hidden`: the document goes, for
 *   good or into the back/forward cache, where an open socket would answer pings for ever
 * @returns {() => void} stops watching
 */
export function watchPage(listener) {
  if (typeof globalThis.addEventListener !== 'function' || typeof document === 'undefined') return () => {};
  const watch = new AbortController();
  const options = { signal: watch.signal };
  globalThis.addEventListener('pagehide', () => listener.hidden(), options);
  globalThis.addEventListener(
    'pageshow',
    (event) => {
      if (/** @type {PageTransitionEvent} */ (event).persisted) listener.shownAgain();
    },
    options,
  );
  globalThis.addEventListener('online', () => listener.online(), options);
  return () => watch.abort();
}

/** @returns {boolean} whether this document is a reload of itself: its old session may not have gone yet */
export function isReload() {
  const [entry] = globalThis.performance?.getEntriesByType?.('navigation') ?? [];
  return /** @type {PerformanceNavigationTiming | undefined} */ (entry)?.type === 'reload';
}
