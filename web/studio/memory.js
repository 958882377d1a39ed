// What the page remembers: for this browser the name, whether chat is open, and for this tab the room one is in, so that a
// reload comes back to it (RR-8). A browser that forbids storage forgets, and nothing else changes.

const NAME = 'parlor.name';
const CHAT = 'parlor.chat';
const LIVE = 'parlor.live';

/**
 * The session to come back to after a reload. `isListener`: then no microphone is asked for.
 * @typedef {{roomId: string, roomName: string, muted: boolean, isListener: boolean}} LiveRoom
 */

export class Memory {
  /** @type {Storage|null} */
  #browser;
  /** @type {Storage|null} */
  #tab;

  /** @param {Storage|null} [browser] outlives the tab @param {Storage|null} [tab] ends with it */
  constructor(browser = storage('localStorage'), tab = storage('sessionStorage')) {
    this.#browser = browser;
    this.#tab = tab;
  }

  /** The person's name, empty if never given. */
  get name() {
    return read(this.#browser, NAME) ?? '';
  }

  set name(name) {
    write(this.#browser, NAME, name);
  }

  /** Whether the person left chat open or closed; null: never touched. @returns {boolean|null} */
  get chatOpen() {
    const value = read(this.#browser, CHAT);
    return value === null ? null : value === 'open';
  }

  set chatOpen(open) {
    write(this.#browser, CHAT, open ? 'open' : 'closed');
  }

  /** The room this tab is in. @returns {LiveRoom|null} */
  get live() {
    try {
      const value = JSON.parse(read(this.#tab, LIVE) ?? 'null');
      return typeof value?.roomId === 'string' && typeof value.roomName === 'string' ? value : null;
    } catch {
      return null;
    }
  }

  set live(live) {
    write(this.#tab, LIVE, live === null ? null : JSON.stringify(live));
  }
}

/** @param {'localStorage'|'sessionStorage'} kind */
function storage(kind) {
  try {
    return window[kind];
  } catch {
    return null;
  }
}

/** @param {Storage|null} store @param {string} key */
function read(store, key) {
  try {
    return store?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

/** @param {Storage|null} store @param {string} key @param {string|null} value */
function write(store, key, value) {
  try {
    if (value === null) store?.removeItem(key);
    else store?.setItem(key, value);
  } catch {
    // Full or forbidden: the page works without memory.
  }
}
