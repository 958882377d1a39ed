// What the page remembers: for this browser the name, devices and their settings, whether chat is open, and for this tab the
// room one is in, so that a reload comes back to it (RR-8). A browser that forbids storage forgets, and nothing else changes.

import { settingsFrom } from './media-settings.js';

const NAME = 'parlor.name';
const CHAT = 'parlor.chat';
const MEDIA = 'parlor.media';
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

  /** Devices and settings as they were left. @returns {import('./media-settings.js').MediaSettings} */
  get media() {
    return settingsFrom(parsed(read(this.#browser, MEDIA)));
  }

  set media(settings) {
    write(this.#browser, MEDIA, JSON.stringify(settings));
  }

  /** The room this tab is in. @returns {LiveRoom|null} */
  get live() {
    const value = /** @type {Partial<LiveRoom>|null} */ (parsed(read(this.#tab, LIVE)));
    const isWhole = typeof value?.roomId === 'string' && typeof value.roomName === 'string';
    return isWhole ? /** @type {LiveRoom} */ (value) : null;
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

/** @param {string|null} text @returns {unknown} null where it is no JSON */
function parsed(text) {
  try {
    return JSON.parse(text ?? 'null');
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
