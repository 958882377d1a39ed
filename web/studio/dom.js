// Building DOM from JavaScript: elements, their attributes, their children. Text only ever becomes text nodes, so names
// and messages can't turn into markup. Nothing here knows what the page shows.

/**
 * What may stand inside an element. Nothing is shown for null, undefined and false.
 * @typedef {Node|string|number|null|undefined|false} Child
 */

/**
 * Makes an element. In `attributes`, `on…` adds a listener, `true` an empty attribute; null, undefined and false add nothing.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  append(element, children);
  return element;
}

/** Puts children at an element's end. @param {Element} element @param {Child[]} children */
export function append(element, children) {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === 'number' ? String(child) : child);
    }
  }
}

/** Writes text only if it differs, so that live regions stay quiet. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Writes an attribute only if it differs; null takes it away. @param {Element} element @param {string} name @param {string|null} value */
export function setAttribute(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/**
 * Brings an element's children into an order and moves only those that stand elsewhere: focus and playing media survive.
 * @param {Element} parent
 * @param {Element[]} children
 */
export function arrange(parent, children) {
  for (const old of [...parent.children]) {
    if (!children.includes(old)) old.remove();
  }
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

/**
 * Collects listeners, so that whoever made them can take all of them off at once.
 */
export class Listeners {
  /** @type {(() => void)[]} */
  #undo = [];

  /** Listens until `close`. @param {EventTarget} target @param {string} type @param {(event: any) => void} listener @param {AddEventListenerOptions} [options] */
  on(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    this.#undo.push(() => target.removeEventListener(type, listener, options));
  }

  /** Calls something at every interval until `close`. @param {() => void} tick @param {number} periodMs */
  every(tick, periodMs) {
    const timer = setInterval(tick, periodMs);
    this.#undo.push(() => clearInterval(timer));
  }

  /** Takes all listeners off and stops all timers. */
  close() {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
