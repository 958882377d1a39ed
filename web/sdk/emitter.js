/**
 * An EventTarget whose events are known by name: `addEventListener` works as everywhere (the news is in
 * `event.detail`), and `on` hands the detail over directly and knows its type.
 */

/**
 * @template {object} Events What each event's `detail` is.
 */
export class Emitter extends EventTarget {
  /**
   * Calls `listener` with the detail of each event of this type.
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {(detail: Events[Type]) => void} listener
   * @param {{ once?: boolean, signal?: AbortSignal }} [options]
   * @returns {() => void} takes the listener off again
   */
  on(type, listener, options) {
    const heard = (/** @type {Event} */ event) => {
      listener(/** @type {CustomEvent<Events[Type]>} */ (event).detail);
    };
    this.addEventListener(type, heard, options);
    return () => this.removeEventListener(type, heard);
  }

  /**
   * @protected
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {Events[Type]} detail
   */
  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
