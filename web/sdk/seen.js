/** Remembers the newest keys, so that a second copy of something can be told. */

const KEPT_MAX = 1_000;

export class Seen {
  /** @type {Set<string>} in order of arrival */
  #keys = new Set();

  /**
   * @param {string} key
   * @returns {boolean} false: it was here before
   */
  add(key) {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= KEPT_MAX) break;
      this.#keys.delete(oldest);
    }
    return true;
  }
}
