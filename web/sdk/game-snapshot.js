/** Values that never change: what a page is given to draw, and may compare by identity. */

/**
 * A map that refuses to be changed.
 * @template K, V
 * @param {Iterable<readonly [K, V]>} entries
 * @returns {ReadonlyMap<K, V>}
 */
export function frozenMap(entries) {
  /** @type {Map<K, V>} */
  const map = new Map(entries);
  map.set = map.delete = map.clear = refuse;
  return Object.freeze(map);
}

/** @returns {never} */
function refuse() {
  throw new TypeError('a snapshot can’t be changed');
}

/**
 * The map of before where nothing changed, so that what is drawn from it alone is not drawn again.
 * @template K, V
 * @param {ReadonlyMap<K, V> | undefined} before
 * @param {[K, V][]} entries
 * @returns {ReadonlyMap<K, V>}
 */
export function sameOrFrozenMap(before, entries) {
  const isSame = before?.size === entries.length && entries.every(([key, value]) => before.has(key) && isEqual(before.get(key), value));
  return before !== undefined && isSame ? before : frozenMap(entries);
}

/**
 * Equal, or plain objects whose fields are.
 * @param {unknown} a
 * @param {unknown} b
 */
function isEqual(a, b) {
  if (Object.is(a, b)) return true;
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isPlain(value) {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
